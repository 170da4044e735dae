package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/boot"
	"github.com/fluxcascade/fluxcascade/shared/credential"
	"github.com/fluxcascade/fluxcascade/shared/localrun"
	"github.com/fluxcascade/fluxcascade/shared/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/resolve"
	"github.com/fluxcascade/fluxcascade/shared/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/store"
)

// secretsFile is where serve finds the apps and the first refresh tokens, in the data directory, readable by its
// owner alone.
const secretsFile = "secrets.json"

// appSecret is one connection's part of the secrets file.
type appSecret struct {
	boot.App
	// RefreshToken is used once, when the connection has no token yet; newer ones are kept in the store.
	RefreshToken string `json:"refresh_token"`
}

func serveCommand() *cobra.Command {
	var config, data, listen, public string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run for real accounts on this one machine, durably, without a cloud",
		Long: `Runs the same handlers as the deployed system, with an embedded durable store and queues in --data, for the accounts
that the configuration names. Put each connection's app into DIR/secrets.json (mode 0600):

  {"hubspot": {"client_id": "…", "client_secret": "…", "webhook_secret": "…", "refresh_token": "…"}, "jobber": {…}}

Webhooks come to --listen; give the address that the platforms call as --public-url. Without webhooks polling does
all the work, only slower.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if data == "" || config == "" {
				return errors.New("serve needs --config FILE and --data DIR")
			}
			rules, err := loadRules(config)
			if err != nil {
				fmt.Fprintln(cmd.ErrOrStderr(), err)
				return exitError(2)
			}
			return serve(cmd.Context(), rules, data, listen, public)
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "configuration file")
	cmd.Flags().StringVar(&data, "data", "", "directory for state and secrets")
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8480", "address for webhooks")
	cmd.Flags().StringVar(&public, "public-url", "", "the front's URL as platforms call it: https://sync.example.com")
	return cmd
}

func serve(ctx context.Context, rules *ruleset.Rules, data, listen, public string) error {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	secrets, err := readSecrets(filepath.Join(data, secretsFile), rules)
	if err != nil {
		return err
	}
	if rules.MatchSecret, err = matchSecret(data); err != nil {
		return err
	}
	clock := &localrun.Clock{}
	st, q, closers, err := openEmbedded(data, clock)
	if err != nil {
		return err
	}
	defer func() {
		for _, c := range closers {
			_ = c.Close()
		}
	}()
	system := &boot.System{Rules: rules, Store: st, Queue: q, Now: clock.Now, PublicURL: public, App: func(_ context.Context, c record.Connection) (boot.App, error) {
		return secrets[c].App, nil
	}}
	if err := firstTokens(ctx, st, secrets); err != nil {
		return err
	}
	logger := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	if err := system.Prepare(ctx); err != nil {
		logger.Warn("prepare", "error", err.Error()) // creates on that platform are refused until the field is there
	}
	runner := &localrun.Runner{Rules: rules, Queue: q, Clock: clock, Handlers: localrun.Assemble(system, logEvents(logger)), Tell: logNotes(logger)}
	logger.Info("serving", "listen", listen, "connections", len(rules.Connections))
	var group sync.WaitGroup
	group.Go(func() { runner.Serve(ctx) })
	err = runner.Listen(ctx, listen)
	group.Wait()
	return err
}

// readSecrets reads the apps of every connection, and refuses a file that others can read.
func readSecrets(path string, rules *ruleset.Rules) (map[record.Connection]appSecret, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("the secrets file is missing: %w (see fluxcascade serve --help)", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others; run: chmod 600 %s", path, path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	secrets := map[record.Connection]appSecret{}
	if err := json.Unmarshal(raw, &secrets); err != nil {
		return nil, fmt.Errorf("%s is not the JSON that serve --help shows", path)
	}
	for _, c := range rules.Connections {
		if secrets[c.Name].ClientID == "" || secrets[c.Name].ClientSecret == "" {
			return nil, fmt.Errorf("%s: connection %s needs client_id and client_secret", path, c.Name)
		}
	}
	return secrets, nil
}

func firstTokens(ctx context.Context, st store.Store, secrets map[record.Connection]appSecret) error {
	for c, secret := range secrets {
		has, err := credential.Has(ctx, st, c)
		if err != nil {
			return err
		}
		if has || secret.RefreshToken == "" {
			continue
		}
		if err := credential.Put(ctx, st, c, platform.Grant{RefreshToken: secret.RefreshToken}); err != nil {
			return err
		}
	}
	return nil
}

// logEvents logs what happened, without a field's value.
func logEvents(logger *slog.Logger) func(pipeline.Event) {
	return func(e pipeline.Event) {
		if e.Kind == pipeline.EventDecision && (e.Outcome == resolve.Noop || e.Outcome == resolve.Superseded) {
			return
		}
		attributes := []any{"outcome", e.Outcome, "reason", e.Reason, "record", e.Ref.String(), "change", e.Change}
		if e.Err != nil {
			logger.Warn(string(e.Kind), append(attributes, "error", e.Err.Error())...)
			return
		}
		logger.Info(string(e.Kind), attributes...)
	}
}

func logNotes(logger *slog.Logger) func(localrun.Note) {
	return func(n localrun.Note) {
		if n.Err != nil {
			logger.Warn("schedule", "place", n.Place.String(), "error", n.Err.Error())
		}
	}
}

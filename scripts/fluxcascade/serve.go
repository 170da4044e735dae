package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/spf13/cobra"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/activation"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/engine/meter"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate/embedded"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate/socket"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

func serveCommand() *cobra.Command {
	var config, data, listen, public string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run for real accounts on this one machine, durably, without a cloud",
		Long: `Runs the same handlers as the deployed system, with an embedded durable store and queues in --data, for the accounts
that the configuration names, once each is connected:

  fluxcascade connect hubspot --config FILE --data DIR

Nothing is read or written before you have activated the configuration, from another terminal:

  fluxcascade activate --data DIR

A changed --config is not active either until you do. Webhooks come to --listen; give the address that the platforms
call as --public-url. Without webhooks polling does all the work, only slower.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if data == "" {
				return errors.New("serve needs --data DIR, and --config FILE the first time")
			}
			return serve(cmd.Context(), serveOptions{config: config, data: data, listen: listen, public: public, errs: cmd.ErrOrStderr()})
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "configuration file; without it, what serve was last started with")
	cmd.Flags().StringVar(&data, "data", "", "directory for state and secrets")
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8480", "address for webhooks")
	cmd.Flags().StringVar(&public, "public-url", "", "the front's URL as platforms call it: https://sync.example.com")
	return cmd
}

type serveOptions struct {
	config, data, listen, public string
	errs                         io.Writer
}

func serve(ctx context.Context, o serveOptions) error {
	if err := os.MkdirAll(o.data, 0o700); err != nil {
		return err
	}
	secret, err := embedded.MatchSecret(o.data)
	if err != nil {
		return err
	}
	if o.public == "" {
		o.public = embedded.PublicURL(o.data) // as connect, or an earlier run, was told
	} else if err := embedded.KeepPublicURL(o.data, o.public); err != nil {
		return err
	}
	clock := &runner.Clock{}
	state, err := embedded.OpenState(o.data, clock.Now)
	if err != nil {
		return err
	}
	defer state.Close()
	candidate, err := candidateOf(ctx, o, state.Store)
	if err != nil {
		fmt.Fprintln(o.errs, err)
		return exitError(2)
	}
	secrets := &embedded.Secrets{Path: filepath.Join(o.data, embedded.SecretsFile)}
	if _, err := secrets.All(); err != nil {
		return err
	}
	logger := slog.New(slog.NewJSONHandler(o.errs, nil))
	count := &meter.Meter{Stack: runner.LocalStack, Function: "serve", Store: state.Store, Now: clock.Now}
	host := &runner.Host{Store: state.Store, Queue: state.Queue, Clock: clock, Candidate: candidate, Observe: logEvents(logger),
		Tell: logNotes(logger),
		Load: func(ctx context.Context) (*ruleset.Rules, error) {
			_, rules, err := operate.LoadActive(ctx, state.Store)
			if rules != nil {
				rules.MatchSecret = secret
				err = firstTokens(ctx, state.Store, secrets)
			}
			return rules, err
		},
		System: func(rules *ruleset.Rules) *boot.System {
			return &boot.System{Rules: rules, Store: state.Store, Queue: state.Queue, Now: clock.Now, PublicURL: o.public,
				App: func(_ context.Context, c record.Connection) (boot.App, error) {
					one, err := secrets.Of(c)
					return one.App, err
				}, Meter: count, Wait: platform.Wait}
		},
		Name: "folder " + o.data, Flags: embedded.Flags(o.data),
		Digest:  func(m syncs.Message) { fmt.Fprintf(o.errs, "\n%s\n\n%s\n", m.Subject, m.Body) },
		Started: func(rules *ruleset.Rules) { sayStarted(o, logger, rules, candidate) }}
	if _, port, err := net.SplitHostPort(o.listen); err == nil {
		fmt.Fprintf(o.errs, "How it stands: http://127.0.0.1:%s/\n", port)
	}
	err = runHost(ctx, host, o)
	if page, pageErr := host.Syncs(context.WithoutCancel(ctx)); pageErr == nil {
		fmt.Fprintln(o.errs, syncs.Line(page))
	}
	return err
}

// runHost runs the loops, the front and the operators' socket until ctx ends or one of them fails.
func runHost(ctx context.Context, host *runner.Host, o serveOptions) error {
	listener, err := socket.Listen(embedded.SocketPath(o.data))
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	failed := make([]error, 3)
	var group sync.WaitGroup
	for i, run := range []func() error{
		func() error { return host.Run(ctx) },
		func() error { return runner.Listen(ctx, o.listen, host) },
		func() error {
			return socket.Serve(ctx, listener, socket.Served{Store: host.Store, Queue: host.Queue, Invoke: host.Invoke, Now: host.Clock.Now})
		},
	} {
		group.Go(func() {
			failed[i] = run()
			stop()
		})
	}
	group.Wait()
	return errors.Join(failed...)
}

// candidateOf reads the configuration file and keeps it as the candidate, or gives the one that was kept.
func candidateOf(ctx context.Context, o serveOptions, st store.Store) (*ruleset.Rules, error) {
	if o.config != "" {
		text, rules, err := readConfig(o.config)
		if err != nil {
			return nil, err
		}
		return rules, activation.SetCandidate(ctx, st, text)
	}
	text, ok, err := activation.Candidate(ctx, st)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errors.New("serve needs --config FILE the first time")
	}
	return ruleset.Load(text.Name, text.Body, catalog.All())
}

// sayStarted tells a person what runs, and what to do where it is not what they asked for.
func sayStarted(o serveOptions, logger *slog.Logger, rules, candidate *ruleset.Rules) {
	activate := "fluxcascade activate --data " + o.data
	if rules == nil {
		logger.Info("serving", "listen", o.listen, "active", 0)
		fmt.Fprintf(o.errs, "\nNo configuration is active yet: nothing is read and nothing written. Look at it and activate it from another "+
			"terminal:\n\n  %s\n\n", activate)
		return
	}
	logger.Info("serving", "listen", o.listen, "active", rules.Version, "connections", len(rules.Connections))
	if candidate.Digest != rules.Digest {
		fmt.Fprintf(o.errs, "\nVersion %d goes on; the configuration given differs from it and is not active. Look at the difference and "+
			"activate it:\n\n  %s\n\n", rules.Version, activate)
	}
}

func firstTokens(ctx context.Context, st store.Store, secrets *embedded.Secrets) error {
	all, err := secrets.All()
	if err != nil {
		return err
	}
	for c, secret := range all {
		has, err := credential.Has(ctx, st, c)
		if err != nil {
			return err
		}
		_, connected, err := credential.AccountOf(ctx, st, c)
		if err != nil {
			return err
		}
		if has || connected || secret.RefreshToken == "" { // one that connect connected, and disconnected, stays so
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

func logNotes(logger *slog.Logger) func(runner.Note) {
	return func(n runner.Note) {
		if n.Err != nil {
			logger.Warn("schedule", "place", n.Place.String(), "error", n.Err.Error())
		}
	}
}

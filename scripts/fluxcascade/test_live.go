package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/local/rehearsal"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate/embedded"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// liveFlags ask for a run in real accounts.
type liveFlags struct {
	on, production bool
	data           string
}

func (f *liveFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.on, "live", false, "run in connected accounts instead of simulated ones")
	flags.StringVar(&f.data, "data", "", "with --live: the folder in which 'fluxcascade connect' connected the accounts")
	flags.BoolVar(&f.production, "production", false, "with --live: allow accounts that do not say they are for tests")
}

// run tests in real accounts. Tokens are the folder's, since a refresh token may be used once; everything else that the
// run remembers is thrown away with it.
func (f *liveFlags) run(cmd *cobra.Command, rules *ruleset.Rules, asJSON bool) error {
	if f.data == "" {
		return errors.New("--live needs --data DIR, where the accounts are connected")
	}
	clock := &runner.Clock{}
	state, err := embedded.OpenState(f.data, clock.Now)
	if err != nil {
		return fmt.Errorf("%w (does serve run there? End it first)", err)
	}
	defer state.Close()
	secrets := &embedded.Secrets{Path: filepath.Join(f.data, embedded.SecretsFile)}
	if err := firstTokens(cmd.Context(), state.Store, secrets); err != nil {
		return err
	}
	rules.MatchSecret = make([]byte, 32)
	if _, err := rand.Read(rules.MatchSecret); err != nil {
		return err
	}
	q := memqueue.New(clock.Now)
	results, left, err := rehearsal.RunLive(cmd.Context(), rehearsal.LiveOptions{Queue: q, Clock: clock, Production: f.production,
		Mark: time.Now().UTC().Format("fctest-0102-150405"),
		System: &boot.System{Rules: rules, Store: memstore.New(), Tokens: state.Store, Queue: q, Now: clock.Now,
			App: func(_ context.Context, c record.Connection) (boot.App, error) {
				one, err := secrets.Of(c)
				return one.App, err
			}},
		Tell: func(line string) { fmt.Fprintln(cmd.ErrOrStderr(), line) }})
	for _, ref := range left {
		fmt.Fprintf(cmd.ErrOrStderr(), "remove by hand: %s, its API cannot\n", ref)
	}
	if err != nil {
		return err
	}
	return printChain(cmd, results, asJSON)
}

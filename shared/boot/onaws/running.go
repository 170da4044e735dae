package onaws

import (
	"context"
	"fmt"

	"github.com/fluxcascade/fluxcascade/shared/activation"
	"github.com/fluxcascade/fluxcascade/shared/catalog"
	"github.com/fluxcascade/fluxcascade/shared/config"
	"github.com/fluxcascade/fluxcascade/shared/queue"
	"github.com/fluxcascade/fluxcascade/shared/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/store"
)

// Running gives the active configuration for those who only look; while none is active, the one beside the bootstrap, and
// false. Errors: fault.Transient; a text that does not load.
func (fn *Function) Running(ctx context.Context) (*ruleset.Rules, bool, error) {
	version, err := activation.Active(ctx, fn.store)
	if err != nil {
		return nil, false, err
	}
	if version.Number == 0 {
		rules, err := config.LoadRules(fn.config.RulesPath)
		return rules, false, err
	}
	text, err := activation.TextOf(ctx, fn.store, version.Number)
	if err != nil {
		return nil, false, err
	}
	rules, err := ruleset.Load(text.Name, text.Body, catalog.All())
	if err != nil {
		return nil, false, fmt.Errorf("configuration %d, which is active, does not load in this function: %w", version.Number, err)
	}
	rules.Version = version.Number
	return rules, true, nil
}

// Store gives the function's tables.
func (fn *Function) Store() store.Store { return fn.store }

// Queue gives the function's queues.
func (fn *Function) Queue() queue.Queue { return fn.queue }

// Config gives the function's environment.
func (fn *Function) Config() config.Config { return fn.config }

package operate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// operator gives the pipeline's operator, who decides under the active configuration alone.
func operator(ctx context.Context, t Target, rules *Rules, now func() time.Time) (*pipeline.Operator, error) {
	if rules.Active == nil {
		return nil, fmt.Errorf("no configuration is active, so nothing is parked; activate one: fluxcascade activate %s", t.Flags())
	}
	secret, err := t.MatchSecret(ctx)
	if err != nil {
		return nil, err
	}
	own := *rules.Active
	own.MatchSecret = secret
	return &pipeline.Operator{Shell: pipeline.Shell{Store: t.Store(), Queue: t.Queue(), Rules: &own, Now: now}}, nil
}

// Answer decides a parked field: what it shall hold from now on, everywhere it is mapped. Errors: fault.Rejected if the
// answer cannot be taken, fault.Stale if others kept moving the entity, fault.Transient.
func Answer(ctx context.Context, t Target, rules *Rules, group record.Group, answer resolve.Answer, now func() time.Time) (Done, error) {
	o, err := operator(ctx, t, rules, now)
	if err != nil {
		return Done{}, err
	}
	if group == "" {
		if group, err = onlyGroup(rules.Active); err != nil {
			return Done{}, err
		}
	}
	answer.At = now().UTC()
	decision, err := o.Answer(ctx, group, answer)
	if err != nil {
		return Done{}, err
	}
	return Done{Did: fmt.Sprintf("%s of %s is decided.", answer.Field, answer.Entity), Next: nextOf(rules.Active, group, decision,
		answer.Field)}, nil
}

// nextOf says what becomes of an answer: where it is written, where it waits and for what, or that it is due nowhere.
func nextOf(rules *ruleset.Rules, group record.Group, d resolve.Decision, field record.HubField) string {
	g, ok := rules.Group(group)
	if !ok {
		return ""
	}
	var written, waiting []string
	for _, due := range d.Due {
		if !carries(g, due, field) {
			continue
		}
		if due.Blocked == "" {
			written = append(written, due.Place.String())
		} else {
			waiting = append(waiting, fmt.Sprintf("%s (%s)", due.Place, due.Blocked.Plain()))
		}
	}
	slices.Sort(written)
	slices.Sort(waiting)
	var out []string
	if len(written) > 0 {
		out = append(out, "It is written to "+strings.Join(written, ", ")+
			" at once, or at the next sweep of those that do not write in real time.")
	}
	if len(waiting) > 0 {
		out = append(out, "It waits at "+strings.Join(waiting, ", ")+".")
	}
	if len(out) == 0 {
		return "It is due nowhere: each record either holds it already or takes no such value from us. explain shows each record."
	}
	return strings.Join(out, " ")
}

// carries reports whether what is due at a place brings it a hub field; a create that waits may not list its fields yet.
func carries(g *ruleset.Group, due resolve.Due, field record.HubField) bool {
	for _, p := range g.PairsAt(due.Place) {
		if !slices.Contains(p.Hub, field) || p.Direction == ruleset.ToHub {
			continue
		}
		if due.Operation == record.OperationCreate || slices.ContainsFunc(p.Spoke, func(name record.PlatformField) bool {
			_,
				ok := due.Fields[name]
			return ok
		}) {
			return true
		}
	}
	return false
}

func onlyGroup(rules *ruleset.Rules) (record.Group, error) {
	var names []string
	for i := range rules.Groups {
		names = append(names, string(rules.Groups[i].Name))
	}
	if len(names) != 1 {
		return "", fmt.Errorf("which group? Give --group, one of: %s", strings.Join(names, ", "))
	}
	return record.Group(names[0]), nil
}

// Releasing says what Release lets pass. Group and Kind are "" for all of them.
type Releasing struct {
	Group record.Group
	Kind  string
	// All lets everything pass that is held now, also what is more than an hour's limit.
	All bool
}

// Release lets writes to a connection go on that reached a limit of spread.
func Release(ctx context.Context, t Target, rules *Rules, c record.Connection, what Releasing, now func() time.Time) (Done, error) {
	o, err := operator(ctx, t, rules, now)
	if err != nil {
		return Done{}, err
	}
	census, err := (&pipeline.Counter{Shell: o.Shell}).Run(ctx, statusPagesMax)
	if err != nil {
		return Done{}, err
	}
	var released []string
	held, passing := 0, 0
	for i := range rules.Active.Groups {
		g := &rules.Active.Groups[i]
		stopped, err := stoppedIn(ctx, t.Store(), g.Name, c)
		if err != nil {
			return Done{}, err
		}
		if what.Group != "" && what.Group != g.Name ||
			!slices.ContainsFunc(stopped, func(s Stopped) bool { return what.Kind == "" || s.Kind == what.Kind }) {
			continue
		}
		holding := census.Spread[resolve.SpreadKey{Group: g.Name, Connection: c}]
		leave := map[string]int{}
		for _, s := range stopped {
			if what.Kind != "" && s.Kind != what.Kind {
				continue
			}
			n := holding[s.Kind]
			held += n
			if what.All {
				leave[s.Kind], passing = n, passing+n
			} else {
				passing += min(n, s.Limit)
			}
			released = append(released, fmt.Sprintf("%s in %s (%d held)", s.Kind, g.Name, n))
		}
		if err := o.Release(ctx, g.Name, c, what.Kind, leave); err != nil {
			return Done{}, err
		}
	}
	if len(released) == 0 {
		return Done{Did: fmt.Sprintf("No limit holds anything on %s.", c), Next: "Nothing changes."}, nil
	}
	done := Done{Did: fmt.Sprintf("Released on %s: %s.", c, strings.Join(released, ", "))}
	started, err := startAll(ctx, t, rules.Active, c)
	if err == nil && started {
		done.Next = "A sweep has been started that sends what was held"
	} else {
		done.Next = "The next sweep sends what was held"
	}
	if passing < held {
		done.Next += fmt.Sprintf(", %d of %d: the limit counts a new hour from now and holds the rest. release %s --all lets all of it pass.",
			passing, held, c)
	} else {
		done.Next += fmt.Sprintf(": all %d. The limit counts a new hour from now.", held)
	}
	return done, err
}

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

// Answer decides a parked field. value is what it shall hold from now on, everywhere it is mapped. Errors: fault.Rejected
// if there is no such entity or field, fault.Stale if others kept moving it, fault.Transient.
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
	var places []string
	for _, due := range decision.Due {
		if due.Blocked == "" {
			places = append(places, due.Place.String())
		}
	}
	slices.Sort(places)
	done := Done{Did: fmt.Sprintf("%s of %s is decided.", answer.Field, answer.Entity), Next: "It is what every platform holds already."}
	if len(places) > 0 {
		done.Next = "It is written to " + strings.Join(places, ", ") + " at once, or at the next sweep of those that do not write in real time."
	}
	return done, nil
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

// Release lets writes to a connection go on that reached a limit of spread; group and kind are "" for all of them.
func Release(ctx context.Context, t Target, rules *Rules, c record.Connection, group record.Group, kind string, now func() time.Time) (Done, error) {
	o, err := operator(ctx, t, rules, now)
	if err != nil {
		return Done{}, err
	}
	var released []string
	for i := range rules.Active.Groups {
		name := rules.Active.Groups[i].Name
		stopped, err := stoppedIn(ctx, t.Store(), name, c)
		if err != nil {
			return Done{}, err
		}
		if group != "" && group != name || !slices.ContainsFunc(stopped, func(s Stopped) bool { return kind == "" || s.Kind == kind }) {
			continue
		}
		if err := o.Release(ctx, name, c, kind); err != nil {
			return Done{}, err
		}
		for _, s := range stopped {
			if kind == "" || s.Kind == kind {
				released = append(released, fmt.Sprintf("%s in %s", s.Kind, name))
			}
		}
	}
	if len(released) == 0 {
		return Done{Did: fmt.Sprintf("No limit holds anything on %s.", c), Next: "Nothing changes."}, nil
	}
	done := Done{Did: fmt.Sprintf("Released on %s: %s.", c, strings.Join(released, ", ")), Next: "The next sweep sends what was held; the hour is counted anew from now, so the limit may stop it again."}
	started, err := startAll(ctx, t, rules.Active, c)
	if err == nil && started {
		done.Next = "A sweep has been started that sends what was held; the hour is counted anew from now, so the limit may stop it again."
	}
	return done, err
}

package simtest

import (
	"context"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// probeLasts is how long one more change has to arrive everywhere: longer than a crashed handler's messages stay hidden.
const probeLasts = 12 * time.Minute

// probeCrashes is within how many I/O points of the probe one handler crashes.
const probeCrashes = 30

// probeBurst is up to how many edits of the field the probe makes, and probeBurstLasts within which time.
const (
	probeBurst      = 5
	probeBurstLasts = 6 * time.Second
)

// In half of the histories the probe's webhook is lost, and polls must find the edit.
const (
	probePolls     = 2
	probePollEvery = 5 * time.Minute
)

// probe makes one more edit, or a burst, once all is at rest, lets one handler crash on the way, and asks for it to arrive
// everywhere without a sweep or a reconcile: what is committed is published, and what a crash left unsaid, a redelivery
// or the next poll says.
func (w *world) probe() {
	if w.history.Setup.Limits != (ruleset.Limits{}) {
		return // it might be held
	}
	target, ok := w.probeTarget()
	if !ok {
		return
	}
	w.resting, w.atRest = false, nil
	w.plan = plan{at: w.points + 1 + w.rng.IntN(probeCrashes), fate: fateDead}
	w.say("the probe")
	setup := w.accounts[target.from.Connection].setup
	polled := setup.Polls && !setup.Unstamped && w.history.Seed%2 == 0
	value := ""
	change := func() {
		w.muted = polled
		w.edit(target.from, target.name, false)
		w.muted = false
		value = w.truth.edits[len(w.truth.edits)-1].value
	}
	change()
	for range w.rng.IntN(probeBurst) { // hints of one record that come together, in any order, some of them known already
		w.after(w.between(0, probeBurstLasts), change)
	}
	lasts := probeLasts
	if polled {
		for range probePolls {
			lasts += probePollEvery
			w.after(lasts-probeLasts, func() {
				w.run("poll "+target.from.Place.String(), func(ctx context.Context) { w.engine.poll(ctx, target.from.Place) })
			})
		}
	}
	if !w.until(w.now.Add(lasts), stepsMax) {
		w.violate(InvariantRest, "the probe does not come to rest")
		return
	}
	for _, s := range target.to {
		fields, live := w.accounts[s.ref.Connection].mem.Record(s.ref.Object, s.ref.ID)
		if live && !sameShown(fields[s.name], value) {
			w.violate(InvariantPrompt, "%s of %s was set to %q, and %s shows %q after %s", target.name, target.from, value, s.ref, fields[s.name], lasts)
			return
		}
	}
}

type probeTarget struct {
	from record.Ref
	name record.PlatformField
	to   []shows
}

// probeTarget finds a field of an entity that is on several platforms and waits for nothing, and where it may be set.
func (w *world) probeTarget() (probeTarget, bool) {
	g := &w.rules.Groups[0]
	for _, x := range w.atRest.all {
		if x.Entity.Group != g.Name || x.Entity.Type != people || x.Entity.State != resolve.EntityLive || len(x.Entity.Parked)+len(x.Entity.Holds) > 0 || w.poisoned(x) {
			continue
		}
		live := map[record.Place]*resolve.Link{}
		for place, link := range x.Links {
			if link.State == resolve.LinkLive {
				live[place] = link
			}
			if link.State == resolve.LinkLive && len(link.Rejected)+len(link.Waived)+len(link.Attempts) > 0 || link.Writes.Count > 10 {
				live = nil
				break
			}
		}
		declared, _ := g.Entity(people)
		for i := range declared.Fields {
			f := &declared.Fields[i]
			if f.Name == emailField || live == nil {
				continue
			}
			if t, ok := probeOf(w.showing(g, x, f, live), f); ok {
				return t, true
			}
		}
	}
	return probeTarget{}, false
}

// probeOf chooses where to set a field: at its owner, or at the first place if it has none.
func probeOf(all []shows, f *ruleset.Field) (probeTarget, bool) {
	for i, s := range all {
		if len(all) > 1 && (f.Owner.LastWriteWins || f.Owner.Connection == s.ref.Connection) {
			return probeTarget{from: s.ref, name: s.name, to: append(append([]shows{}, all[:i]...), all[i+1:]...)}, true
		}
	}
	return probeTarget{}, false
}

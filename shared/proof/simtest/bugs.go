package simtest

import (
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Bug is one way to break the system. No production code knows of it: it changes what the decider is asked and answers,
// what the store is given and what a platform is asked, through the seams that handlers have anyway.
type Bug struct {
	Name string
	// Words says what the broken system does.
	Words string

	// calm: it is looked for in calm histories.
	calm bool

	decide    func(decide) decide
	connector func(*world, platform.Connector) platform.Connector
	commit    func(*world, []store.Write) []store.Write
	refresh   func(platform.Refresher) platform.Refresher
	tokens    func([]store.Write) []store.Write // how the token source's rows are written
	limits    func(*ruleset.Limits)
	// payload: webhooks' payloads are queued as snapshots. acknowledges: failed messages are acknowledged. sweepless:
	// nothing sweeps. cursorFirst: a poll moves its cursor before its changes are queued.
	payload, acknowledges, sweepless, cursorFirst bool
}

// decide is the decider's shape.
type decide = func(*resolve.View, resolve.Observation, *ruleset.Rules) resolve.Decision

// install breaks a handler's parts.
func (b *Bug) install(w *world, s *pipeline.Shell) {
	if b.decide != nil {
		s.Decide = b.decide(resolve.Decide)
	}
	if b.commit != nil {
		s.Store = disk{w: w, hook: func(writes []store.Write) []store.Write { return b.commit(w, writes) }}
	}
	if b.limits != nil {
		rules := *s.Rules
		rules.Groups = slices.Clone(rules.Groups)
		for i := range rules.Groups {
			b.limits(&rules.Groups[i].Limits)
		}
		s.Rules = &rules
	}
}

// Bugs lists every seeded bug.
func Bugs() []Bug { return slices.Concat(bugsOfProtocol(), bugsOfCaution(), bugsOfMeaning()) }

func bugsOfProtocol() []Bug {
	return []Bug{
		{Name: "full-record-write", Words: "writes every mapped field, not those due", decide: after(fullRecord)},
		{Name: "no-sent", Words: "does not remember what it asked for", calm: true, decide: onLinks(func(l *resolve.Link) { l.Sent = l.Base })},
		{Name: "no-ownership", Words: "lets everybody set every field", decide: onRules(ownerless)},
		{Name: "recreate-after-404", Words: "makes a record again that is gone", decide: onLinks(forgetTombstone)},
		{Name: "no-sweep", Words: "never sweeps", sweepless: true},
		{Name: "no-pre-read", Words: "writes without looking first", connector: wrap(func(c *broken) { c.blindWrites = true })},
		{Name: "blind-create", Words: "creates without key, marker or look-up", connector: wrap(func(c *broken) { c.intent, c.findless = blindCreate, true })},
		{Name: "conflict-ignored", Words: "takes a refused conditional update for done", connector: wrap(func(c *broken) { c.receipt = ignore(fault.Stale) })},
		{Name: "unconditional-update", Words: "does not use the conditional updates that a platform offers", connector: wrap(func(c *broken) { c.intent = unconditional })},
		{Name: "key-put-unconditionally", Words: "writes match keys whoever holds them", commit: anyRevision(store.CrossReference)},
		{Name: "publish-forgotten", Words: "publishes nothing after a commit", decide: after(func(_ *resolve.View, _ resolve.Observation, _ *ruleset.Rules, d *resolve.Decision) {
			if !d.Patch.Empty() {
				d.Due, d.Hints = nil, nil
			}
		})},
		{Name: "no-op-publishes-nothing", Words: "publishes nothing when nothing changed", decide: after(func(_ *resolve.View, o resolve.Observation, _ *ruleset.Rules, d *resolve.Decision) {
			if d.Patch.Empty() && o.Wake == "" {
				d.Due, d.Hints = nil, nil
			}
		})},
		{Name: "payload-as-data", Words: "believes a webhook's payload", payload: true, decide: before(believeWebhooks)},
		{Name: "acknowledge-on-failure", Words: "acknowledges messages that failed", acknowledges: true},
		{Name: "lease-too-short", Words: "leases a link for less than a call takes", commit: onLinkRows(func(w *world, l *resolve.Link) {
			if !l.Lease.Until.IsZero() {
				l.Lease.Until = w.now.Add(-time.Hour)
			}
		})},
		{Name: "record-stamps", Words: "takes the record's stamp for each field's", decide: before(func(o *resolve.Observation) {
			onSnapshot(o, func(s *record.Snapshot) { s.FieldTimes = nil })
		})},
		{Name: "own-write-as-edit", Words: "takes its own write of unknown outcome for an edit", decide: onLinks(forgetAttempts)},
		{Name: "no-base", Words: "takes every value read for an edit", decide: onLinks(forgetBase)},
		{Name: "no-revision-check", Words: "commits whatever happened since it loaded", commit: anyRevision(store.Versions)},
		{Name: "receipt-swallows-edit", Words: "takes a whole answer for what it wrote", decide: before(swallow)},
		{Name: "queue-dedup-relied-on", Words: "takes no lease, for each message comes once", commit: leaseless},
		{Name: "queue-order-relied-on", Words: "takes snapshots as they come, however old", decide: before(func(o *resolve.Observation) {
			if o.Carried {
				o.Carried = false
				onSnapshot(o, func(s *record.Snapshot) { s.ModifiedAt = time.Time{} })
			}
		})},
		{Name: "batch-all-or-nothing", Words: "takes a batch for failed when one item did", connector: wrap(func(c *broken) { c.batch = allOrNothing })},
		{Name: "item-errors-as-success", Words: "takes a 200 for the success of every item", connector: wrap(func(c *broken) { c.receipt = ignore(fault.Rejected) })},
		{Name: "rejected-sent-again", Words: "sends a refused value for ever", decide: onLinks(func(l *resolve.Link) { l.Rejected = nil })},
		{Name: "child-before-parent", Words: "makes a child before its parent is there", decide: after(childFirst)},
		{Name: "email-key-not-moved", Words: "leaves match keys where they were", decide: after(func(_ *resolve.View, _ resolve.Observation, _ *ruleset.Rules, d *resolve.Decision) {
			if d.Patch.Entity != nil && d.Patch.Entity.Rev > 0 && d.Patch.Alias == nil {
				d.Patch.Keys = nil
			}
		})},
		{Name: "merge-makes-second", Words: "takes a merged record for a deleted one", decide: before(func(o *resolve.Observation) {
			if o.Absence != nil && o.Absence.Evidence == record.EvidenceMerged {
				a := *o.Absence
				a.Evidence, a.Into = record.EvidenceDeleted, ""
				o.Absence = &a
			}
		})},
		{Name: "token-refreshed-twice", Words: "refreshes without regard to another's lease", tokens: tokensLeaseless},
		{Name: "cached-refresh-token", Words: "refreshes with a token it remembers", refresh: rememberFirst},
		{Name: "future-clock-wins", Words: "believes stamps of the future", decide: before(func(o *resolve.Observation) {
			onSnapshot(o, func(s *record.Snapshot) {
				if s.ModifiedAt.After(s.ReadBegan) {
					s.ReadBegan = s.ModifiedAt
				}
			})
		})},
		{Name: "missing-field-cleared", Words: "takes a field that an answer lacks for emptied", decide: beforeRules(clearMissing)},
		{Name: "cursor-first", Words: "moves a cursor before its changes are queued", cursorFirst: true},
		{Name: "mass-delete", Words: "has no limit of spread", limits: func(l *ruleset.Limits) { *l = ruleset.Limits{} }},
		{Name: "lagging-absence", Words: "takes one read that finds nothing for a deletion", decide: before(func(o *resolve.Observation) {
			if o.Absence != nil && o.Change.MissingSince.IsZero() {
				o.Change.MissingSince = epoch
			}
		})},
		{Name: "first-sight-as-edit", Words: "takes a newly mapped field's value for an edit", decide: beforeLoaded(blankBase)},
		{Name: "existing-as-made", Words: "takes a record that was there already for the one it asked for", connector: wrap(func(c *broken) {
			c.receipt = func(r *record.Receipt, _ record.Intent) { r.Existing = false }
		})},
		{Name: "unknown-as-failed", Words: "takes a create of unknown outcome for not done", connector: wrap(func(c *broken) { c.unknownFails = true })},
		{Name: "put-off-not-of-its-load", Words: "takes a first load for over while a record of it is put off", commit: markless},
		{Name: "old-rules-commit", Words: "commits under a configuration that was replaced", decide: onEntities(func(e *resolve.Entity) { e.ConfigVersion = 0 })},
	}
}

// Options gives how histories are run that look for the bug.
func (b *Bug) Options() Options { return Options{Bug: b, Calm: b.calm} }

// FindBug finds a bug by name.
func FindBug(name string) (*Bug, bool) {
	for _, b := range Bugs() {
		if b.Name == name {
			return &b, true
		}
	}
	return nil, false
}

// after changes what the decider answers.
func after(f func(*resolve.View, resolve.Observation, *ruleset.Rules, *resolve.Decision)) func(decide) decide {
	return func(next decide) decide {
		return func(v *resolve.View, o resolve.Observation, r *ruleset.Rules) resolve.Decision {
			d := next(v, o, r)
			if d.Need.Empty() {
				f(v, o, r, &d)
			}
			return d
		}
	}
}

// before changes what the decider is told.
func before(f func(*resolve.Observation)) func(decide) decide {
	return func(next decide) decide {
		return func(v *resolve.View, o resolve.Observation, r *ruleset.Rules) resolve.Decision {
			f(&o)
			return next(v, o, r)
		}
	}
}

func beforeRules(f func(*resolve.Observation, *ruleset.Rules)) func(decide) decide {
	return func(next decide) decide {
		return func(v *resolve.View, o resolve.Observation, r *ruleset.Rules) resolve.Decision {
			f(&o, r)
			return next(v, o, r)
		}
	}
}

// beforeLoaded changes the state in the light of what the decider is told.
func beforeLoaded(f func(*resolve.Link, resolve.Observation)) func(decide) decide {
	return func(next decide) decide {
		return func(v *resolve.View, o resolve.Observation, r *ruleset.Rules) resolve.Decision {
			return next(withLinks(v, func(l *resolve.Link) { f(l, o) }), o, r)
		}
	}
}

// onLinks changes what the decider sees of each link.
func onLinks(f func(*resolve.Link)) func(decide) decide {
	return func(next decide) decide {
		return func(v *resolve.View, o resolve.Observation, r *ruleset.Rules) resolve.Decision {
			return next(withLinks(v, f), o, r)
		}
	}
}

func withLinks(v *resolve.View, f func(*resolve.Link)) *resolve.View {
	copied := *v
	copied.Entities = map[resolve.EntityKey]*resolve.Rows{}
	for key, rows := range v.Entities {
		next := &resolve.Rows{Entity: rows.Entity, Links: map[record.Place]*resolve.Link{}}
		for place, link := range rows.Links {
			l := *link
			f(&l)
			next.Links[place] = &l
		}
		copied.Entities[key] = next
	}
	return &copied
}

func onEntities(f func(*resolve.Entity)) func(decide) decide {
	return func(next decide) decide {
		return func(v *resolve.View, o resolve.Observation, r *ruleset.Rules) resolve.Decision {
			copied := *v
			copied.Entities = map[resolve.EntityKey]*resolve.Rows{}
			for key, rows := range v.Entities {
				changed := &resolve.Rows{Links: rows.Links}
				if rows.Entity != nil {
					e := *rows.Entity
					f(&e)
					changed.Entity = &e
				}
				copied.Entities[key] = changed
			}
			return next(&copied, o, r)
		}
	}
}

// onRules changes the rules that the decider goes by.
func onRules(f func(*ruleset.Rules) *ruleset.Rules) func(decide) decide {
	return func(next decide) decide {
		var of, changed *ruleset.Rules
		return func(v *resolve.View, o resolve.Observation, r *ruleset.Rules) resolve.Decision {
			if of != r {
				of, changed = r, f(r)
			}
			return next(v, o, changed)
		}
	}
}

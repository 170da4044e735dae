package simtest

import (
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Bugs of meaning: the protocol holds, and the result is wrong, or waits for a person who has nothing to say.

func bugsOfCaution() []Bug {
	return []Bug{
		{Name: "hold-every-match", Words: "holds every record that another has the key of", calm: true, decide: onView(secondHolders)},
		{Name: "hold-every-create", Words: "holds every create for a person", decide: after(holdCreates)},
		{Name: "park-every-conflict", Words: "lets a person decide every conflict", decide: onFields(func(f *ruleset.Field) { f.Conflict = ruleset.ConflictManual })},
		{Name: "waive-every-edit", Words: "lets everybody's value differ from the owner's", decide: onFields(func(f *ruleset.Field) { f.NonOwner = ruleset.NonOwnerFlag })},
		{Name: "any-failure-refuses", Words: "takes a busy platform's answer for a refusal", connector: wrap(func(c *broken) {
			c.receipt = func(r *record.Receipt, _ record.Intent) {
				if r.Err != nil && !fault.Is(r.Err, fault.InDoubt) {
					r.Err = fault.New(fault.Rejected, "apply", r.Err)
				}
			}
		})},
		{Name: "limit-nobody-set", Words: "limits what the configuration does not limit", limits: func(l *ruleset.Limits) { l.Creates, l.FieldUpdates = 2, 3 }},
		{Name: "nothing-enters", Words: "lets nothing enter a filter", decide: onEntities(func(e *resolve.Entity) { e.Filters = nil })},
		{Name: "attempts-for-ever", Words: "never forgets a write of unknown outcome", decide: after(keepAttempts)},
		{Name: "blanks-never-travel", Words: "fills again what its owner emptied", calm: true, decide: onFields(func(f *ruleset.Field) { f.Blank = ruleset.BlankKeep })},
	}
}

func bugsOfMeaning() []Bug {
	return []Bug{
		{Name: "archived-by-a-person", Words: "brings back what a person archived", decide: onLinks(func(l *resolve.Link) {
			if l.State == resolve.LinkTombstone && l.Evidence == record.EvidenceArchived {
				l.ArchivedByUs = true
			}
		})},
		{Name: "first-due-only", Words: "publishes what is due at one place only", decide: after(func(_ *resolve.View, _ resolve.Observation, _ *ruleset.Rules, d *resolve.Decision) {
			d.Due = d.Due[:min(1, len(d.Due))]
		})},
		{Name: "journal-silent", Words: "does not say in its journal what it changed", decide: after(func(_ *resolve.View, _ resolve.Observation, _ *ruleset.Rules, d *resolve.Decision) {
			if e := d.Patch.Entity; e != nil && e.Journal != nil {
				entry := *e.Journal
				entry.Changes = nil
				e.Journal = &entry
			}
		})},
		{Name: "leftovers-lost", Words: "forgets which records a merge left over", decide: after(func(_ *resolve.View, _ resolve.Observation, _ *ruleset.Rules, d *resolve.Decision) {
			if d.Patch.Entity != nil {
				d.Patch.Entity.Leftovers = nil
			}
		})},
		{Name: "limit-opens-by-itself", Words: "goes on after the hour in which a limit tripped", decide: onView(func(v *resolve.View, _ resolve.Observation) {
			for key, s := range v.Spread {
				open := *s
				open.Tripped = nil
				v.Spread[key] = &open
			}
		})},
		{Name: "first-link-ownerless", Words: "lets the better rank win where a field has an owner, at the first look", decide: atFirstLook(ownerless)},
		{Name: "rank-reversed", Words: "prefers the last spoke to the first", calm: true, decide: onRules(reverseSpokes)},
		{Name: "blanks-travel", Words: "empties what is to be kept full", calm: true, decide: onFields(func(f *ruleset.Field) { f.Blank = ruleset.BlankClear })},
		{Name: "policy-reversed", Words: "lets the hub win where spokes should, and spokes where the hub should", decide: onFields(func(f *ruleset.Field) {
			switch f.Conflict {
			case ruleset.ConflictHub:
				f.Conflict = ruleset.ConflictSpoke
			case ruleset.ConflictSpoke:
				f.Conflict = ruleset.ConflictHub
			}
		})},
		{Name: "revert-for-propose", Words: "undoes what it should propose", calm: true, decide: onFields(func(f *ruleset.Field) { f.NonOwner = ruleset.NonOwnerRevert })},
	}
}

// onView changes a copy of what the decider has loaded; its entities' links may be changed by onViewLinks alone.
func onView(f func(*resolve.View, resolve.Observation)) func(decide) decide {
	return func(next decide) decide {
		return func(v *resolve.View, o resolve.Observation, r *ruleset.Rules) resolve.Decision {
			copied := *v
			copied.Entities, copied.Keys = maps.Clone(v.Entities), maps.Clone(v.Keys)
			copied.Spread, copied.Loaded = maps.Clone(v.Spread), maps.Clone(v.Loaded)
			if o.Receipt != nil {
				receipt := *o.Receipt
				o.Receipt = &receipt
			}
			f(&copied, o)
			return next(&copied, o, r)
		}
	}
}

// secondHolders gives each key that one entity has a second holder, when a record is looked at that is nobody's.
func secondHolders(v *resolve.View, o resolve.Observation) {
	if o.Snapshot == nil || v.Refs[resolve.RefKey{Group: o.Group, Ref: o.Snapshot.Ref}].Entity != "" {
		return
	}
	for key, row := range v.Keys {
		if len(row.Holders) == 1 {
			second := *row
			second.Holders = append(slices.Clone(row.Holders), row.Holders[0]+"x")
			v.Keys[key] = &second
		}
	}
}

func holdCreates(_ *resolve.View, _ resolve.Observation, _ *ruleset.Rules, d *resolve.Decision) {
	for i := range d.Due {
		due := &d.Due[i]
		if due.Operation != record.OperationCreate || due.Blocked != "" {
			continue
		}
		due.Blocked = record.ReasonContested
		if e := d.Patch.Entity; e != nil {
			e.Holds = maps.Clone(e.Holds)
			if e.Holds == nil {
				e.Holds = map[string]resolve.Hold{}
			}
			e.Holds[due.Place.String()] = resolve.Hold{Reason: record.ReasonContested}
		}
	}
}

// keepAttempts gives a link that was read the attempts that it had before.
func keepAttempts(v *resolve.View, o resolve.Observation, _ *ruleset.Rules, d *resolve.Decision) {
	rows := v.Entities[resolve.EntityKey{Group: o.Group, ID: d.Entity}]
	if o.Snapshot == nil || rows == nil {
		return
	}
	for _, l := range d.Patch.Links {
		if was := rows.Links[l.Place]; was != nil {
			l.Attempts = was.Attempts
		}
	}
}

// onFields changes what the rules say of every field.
func onFields(f func(*ruleset.Field)) func(decide) decide {
	return onRules(func(r *ruleset.Rules) *ruleset.Rules {
		return withGroups(r, func(g *ruleset.Group) {
			g.Entities = slices.Clone(g.Entities)
			for i := range g.Entities {
				g.Entities[i].Fields = slices.Clone(g.Entities[i].Fields)
				for j := range g.Entities[i].Fields {
					f(&g.Entities[i].Fields[j])
				}
			}
		})
	})
}

func withGroups(r *ruleset.Rules, f func(*ruleset.Group)) *ruleset.Rules {
	out := *r
	out.Groups = slices.Clone(r.Groups)
	for i := range out.Groups {
		f(&out.Groups[i])
	}
	out.Index()
	return &out
}

func reverseSpokes(r *ruleset.Rules) *ruleset.Rules {
	return withGroups(r, func(g *ruleset.Group) {
		g.Mappings = slices.Clone(g.Mappings)
		slices.Reverse(g.Mappings)
	})
}

// atFirstLook changes the rules where a record is looked at that is nobody's.
func atFirstLook(f func(*ruleset.Rules) *ruleset.Rules) func(decide) decide {
	changed := onRules(f)
	return func(next decide) decide {
		broken := changed(next)
		return func(v *resolve.View, o resolve.Observation, r *ruleset.Rules) resolve.Decision {
			if o.Snapshot != nil && v.Refs[resolve.RefKey{Group: o.Group, Ref: o.Snapshot.Ref}].Entity == "" {
				return broken(v, o, r)
			}
			return next(v, o, r)
		}
	}
}

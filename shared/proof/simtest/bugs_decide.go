package simtest

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Ways to break the decider: what it is told, what it sees, what it answers.

func ownerless(r *ruleset.Rules) *ruleset.Rules {
	out := *r
	out.Groups = slices.Clone(r.Groups)
	for i := range out.Groups {
		g := &out.Groups[i]
		g.Entities = slices.Clone(g.Entities)
		for j := range g.Entities {
			e := &g.Entities[j]
			e.Fields = slices.Clone(e.Fields)
			for k := range e.Fields {
				e.Fields[k].Owner = ruleset.Owner{LastWriteWins: true}
			}
		}
	}
	out.Index()
	return &out
}

func fullRecord(v *resolve.View, o resolve.Observation, r *ruleset.Rules, d *resolve.Decision) {
	g, ok := r.Group(o.Group)
	rows := v.Entities[resolve.EntityKey{Group: o.Group, ID: d.Entity}]
	if !ok || rows == nil || rows.Entity == nil {
		return
	}
	values := record.HubValues{}
	for name, value := range rows.Entity.Fields {
		values[name] = value.Text
	}
	for i := range d.Due {
		due := &d.Due[i]
		if due.Operation != record.OperationUpdate {
			continue
		}
		all := record.Fields{}
		for _, p := range g.PairsAt(due.Place) {
			if p.Reference != nil || p.Direction == ruleset.ToHub || len(p.Hub) == 0 {
				continue
			}
			if texts, _, says := mapping.Texts(mapping.ToSpoke(&p, values)); says {
				for j, name := range p.Spoke {
					all[name] = texts[j]
				}
			}
		}
		due.Fields, due.Intent.Fields = all, all
	}
}

func childFirst(_ *resolve.View, _ resolve.Observation, _ *ruleset.Rules, d *resolve.Decision) {
	for i := range d.Due {
		if d.Due[i].Blocked == record.ReasonWaitsForParent {
			d.Due[i].Blocked, d.Due[i].Waits = "", nil
		}
	}
}

func forgetTombstone(l *resolve.Link) {
	if l.State == resolve.LinkTombstone && !l.ArchivedByUs {
		l.State, l.ID = resolve.LinkNone, ""
	}
}

func forgetAttempts(l *resolve.Link) {
	l.Attempts = slices.Clone(l.Attempts)
	for i := range l.Attempts {
		if l.Attempts[i].Operation == record.OperationUpdate {
			l.Attempts[i].Fields = record.Fields{}
		}
	}
}

func forgetBase(l *resolve.Link) {
	base := record.Fields{}
	for name := range l.Base {
		base[name] = "\x00"
	}
	l.Base = base
}

// blankBase lets a field that was never read look as if it had been blank.
func blankBase(l *resolve.Link, o resolve.Observation) {
	if o.Snapshot == nil || l.ID != o.Snapshot.ID || l.Place != o.Snapshot.Place {
		return
	}
	base, sent := record.Fields{}, record.Fields{}
	for name := range o.Snapshot.Fields {
		base[name], sent[name] = l.Base[name], l.Sent[name]
	}
	for name, value := range l.Base {
		base[name], sent[name] = value, l.Sent[name]
	}
	l.Base, l.Sent = base, sent
}

func onSnapshot(o *resolve.Observation, f func(*record.Snapshot)) {
	if o.Snapshot != nil {
		s := *o.Snapshot
		f(&s)
		o.Snapshot = &s
	}
}

func believeWebhooks(o *resolve.Observation) {
	if o.Change.Source == record.SourceWebhook && o.Carried {
		o.Carried = false
	}
}

// swallow lets a receipt count as having written all that its answer shows.
func swallow(o *resolve.Observation) {
	if o.Receipt == nil || o.Receipt.Snapshot == nil || o.Receipt.Intent.Operation != record.OperationUpdate {
		return
	}
	r := *o.Receipt
	fields := record.Fields{}
	for name, value := range r.Snapshot.Fields {
		fields[name] = value
	}
	for name, value := range r.Intent.Fields {
		fields[name] = value
	}
	r.Intent.Fields = fields
	o.Receipt = &r
}

func clearMissing(o *resolve.Observation, r *ruleset.Rules) {
	onSnapshot(o, func(s *record.Snapshot) {
		fields := record.Fields{}
		for _, name := range r.FieldsAt(s.Place) {
			fields[name] = s.Fields[name]
		}
		s.Fields = fields
	})
}

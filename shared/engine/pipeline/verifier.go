package pipeline

import (
	"context"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// Verifier compares what the state says with what the platforms hold. It writes nothing.
type Verifier struct{ Shell }

// Verification is what a comparison found.
type Verification struct {
	Entities    int `json:"entities"`
	Links       int `json:"links"`
	Quarantined int `json:"quarantined"`
	// Parked counts parked fields; Held operations that wait for a person; Rejected values that a platform refused.
	Parked   int `json:"parked"`
	Held     int `json:"held"`
	Rejected int `json:"rejected"`
	// Due counts records that something is due for and that wait by themselves: for their turn, the hub's record, their mapping's
	// run. Waiting counts those that wait for a record that they name.
	Due     int `json:"due"`
	Waiting int `json:"waiting"`
	// Silent counts values that say nothing on the other side, and that a person should know of.
	Silent int `json:"silent"`
	// Unlinked counts entities that no hub record stands behind.
	Unlinked int `json:"unlinked"`
	// ByPlaces counts live entities by the connections they are linked on: "hubspot+jobber".
	ByPlaces map[string]int `json:"by_places"`
	// Differences are links that do not agree with their entity and are not parked, waived or refused.
	Differences []Difference `json:"differences"`
}

// Difference is one link that does not agree.
type Difference struct {
	Group   record.Group           `json:"group"`
	Entity  record.EntityID        `json:"entity"`
	Ref     record.Ref             `json:"record"`
	Reason  record.Reason          `json:"reason"`
	Fields  []record.PlatformField `json:"fields,omitempty"`
	Missing bool                   `json:"missing,omitempty"` // the record is not there
}

// differencesMax bounds the list; more are as wrong as that.
const differencesMax = 1000

// Read gives a record's present fields, all of them; ok is false if it is gone or archived.
type Read func(record.Ref) (fields record.Fields, ok bool)

// Run compares every live link with its record.
func (v *Verifier) Run(ctx context.Context, read Read) (Verification, error) {
	total := Verification{ByPlaces: map[string]int{}, Differences: []Difference{}}
	cursor := ""
	for range sweepPagesMax {
		rows, next, err := v.Store.Scan(ctx, store.Scan{Table: store.Versions, Cursor: cursor, Limit: sweepPageRows, Segments: 1})
		if err != nil {
			return total, err
		}
		if err := v.page(ctx, rows, read, &total); err != nil || next == "" {
			return total, err
		}
		cursor = next
	}
	return total, nil
}

func (v *Verifier) page(ctx context.Context, rows []store.Row, read Read, total *Verification) error {
	view, wakes, err := v.wakesOf(ctx, rows)
	if err != nil {
		return err
	}
	for _, o := range wakes {
		if err := v.entity(ctx, view, o, read, total); err != nil {
			return err
		}
	}
	return nil
}

func (v *Verifier) entity(ctx context.Context, view *resolve.View, o resolve.Observation, read Read, total *Verification) error {
	rows := view.Entities[resolve.EntityKey{Group: o.Group, ID: o.Wake}]
	if rows == nil || rows.Entity == nil || rows.Entity.State == resolve.EntityMerged {
		return nil
	}
	total.Entities++
	if rows.Entity.State == resolve.EntityQuarantined {
		total.Quarantined++
		return nil
	}
	total.Parked += len(rows.Entity.Parked)
	total.Held += len(rows.Entity.Holds)
	decision, err := v.decide(ctx, view, o)
	if err != nil {
		return err
	}
	for _, due := range decision.Due {
		switch {
		case due.Blocked == record.ReasonWaitsForParent:
			total.Waiting++
		case !due.Blocked.Holds():
			total.Due++
		}
	}
	g, _ := v.Rules.Group(o.Group)
	var places []string
	for _, place := range g.Places(rows.Entity.Type) {
		link := rows.Links[place]
		if link == nil || link.State != resolve.LinkLive {
			continue
		}
		places = append(places, string(place.Connection))
		total.Links++
		total.Rejected += len(link.Rejected)
		for _, seen := range link.Seen {
			if seen.Troubles() {
				total.Silent++
			}
		}
		if d, differs := v.link(ctx, view, o.Group, rows.Entity, link, decision.Due, read); differs && len(total.Differences) < differencesMax {
			total.Differences = append(total.Differences, d)
		}
	}
	if len(places) == 0 || places[0] != string(g.Hub) {
		total.Unlinked++
	}
	total.ByPlaces[strings.Join(places, "+")]++
	return nil
}

// link asks the decider what the record as it is would mean: nothing, if all is well.
func (v *Verifier) link(ctx context.Context, view *resolve.View, group record.Group, e *resolve.Entity, link *resolve.Link, due []resolve.Due, read Read) (Difference, bool) {
	d := Difference{Group: group, Entity: e.ID, Ref: record.Ref{Place: link.Place, ID: link.ID}}
	fields, ok := read(d.Ref)
	if !ok {
		d.Missing, d.Reason = true, record.ReasonDeleted
		return d, true
	}
	for _, x := range due {
		if x.Place == link.Place && (x.Blocked == "" || x.Blocked == record.ReasonNotBefore) {
			d.Reason = "due"
			for name := range x.Fields {
				d.Fields = append(d.Fields, name)
			}
			return d, true
		}
	}
	wanted := record.Fields{}
	for _, name := range v.Rules.FieldsAt(link.Place) {
		if value, has := fields[name]; has {
			wanted[name] = value
		}
	}
	decision, err := v.decide(ctx, view, resolve.Observation{Group: group, Snapshot: &record.Snapshot{Ref: d.Ref, Fields: wanted, ReadBegan: v.Now()}})
	if err != nil || decision.Outcome != resolve.Noop {
		d.Reason = decision.Reason
		for _, c := range decision.Changes {
			d.Fields = append(d.Fields, record.PlatformField(c.Field))
		}
		return d, true
	}
	return d, false
}

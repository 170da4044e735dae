package resolve_test

import (
	"maps"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// table is a state that decisions are committed to, as the shell would, all in one map.
type table struct {
	t     *testing.T
	rules *ruleset.Rules
	view  *resolve.View
	// shows is what a platform answers otherwise than it was asked.
	shows record.Fields
}

var (
	start   = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	contact = record.Place{Connection: "crm", Object: "contacts"}
	client  = record.Place{Connection: "field", Object: "clients"}
	payer   = record.Place{Connection: "book", Object: "customers"}
	deal    = record.Place{Connection: "crm", Object: "deals"}
	job     = record.Place{Connection: "field", Object: "jobs"}
	bill    = record.Place{Connection: "book", Object: "invoices"}
)

func both(hub record.HubField, spoke record.PlatformField) ruleset.Pair {
	return ruleset.Pair{Hub: []record.HubField{hub}, Spoke: []record.PlatformField{spoke}, Direction: ruleset.Both}
}

func owned(name record.HubField, by record.Connection) ruleset.Field {
	return ruleset.Field{Name: name, Owner: ruleset.Owner{Connection: by}, NonOwner: ruleset.NonOwnerRevert, Conflict: ruleset.ConflictOwner, Blank: ruleset.BlankClear, Reason: "test"}
}

func newTable(t *testing.T) *table {
	lower := []ruleset.Transform{{Name: "trim"}, {Name: "lowercase"}}
	email := owned("email", "crm")
	email.Form = lower
	phone := owned("phone", "crm")
	phone.Kind = catalog.Phone
	note := ruleset.Field{Name: "note", Owner: ruleset.Owner{LastWriteWins: true}, Conflict: ruleset.ConflictNewest, Blank: ruleset.BlankKeep, Reason: "test"}
	stage := ruleset.Field{Name: "stage", Owner: ruleset.Owner{LastWriteWins: true}, Conflict: ruleset.ConflictNewest, Reason: "test"}
	who := owned("who", "crm")
	who.Refers = "contacts"
	now := ruleset.Schedule{RealTime: true}
	r := &ruleset.Rules{Digest: "d", MatchSecret: []byte("k"), Groups: []ruleset.Group{{Name: "g", Hub: "crm",
		Entities: []ruleset.Entity{
			{Type: "contacts", Marker: "fcid", Fields: []ruleset.Field{email, phone, owned("street", "field"), note},
				Match: []ruleset.MatchRule{{Name: "email", Parts: []ruleset.MatchPart{{Field: "email"}}}}},
			{Type: "deals", Fields: []ruleset.Field{owned("name", "crm"), stage, owned("amount", "crm"), who}},
		},
		Mappings: []ruleset.Mapping{
			{Name: "clients", Hub: "contacts", Spoke: client, Direction: ruleset.Both, Create: ruleset.CreateBoth, Delete: ruleset.DeleteArchive, Marker: "hubid", ToSpoke: now, ToHub: now,
				Pairs: []ruleset.Pair{both("email", "mail"), both("phone", "tel"), both("street", "road"), both("note", "memo")}},
			{Name: "customers", Hub: "contacts", Spoke: payer, Direction: ruleset.Both, Create: ruleset.CreateToSpoke, Delete: ruleset.DeleteIgnore, ToSpoke: now, ToHub: now,
				Pairs: []ruleset.Pair{both("email", "mail"), both("phone", "tel")}},
			{Name: "jobs", Hub: "deals", Spoke: job, Create: ruleset.CreateToSpoke, Existing: ruleset.ExistingEnter, ToSpoke: now,
				Filter: &ruleset.Filter{Digest: "f1", Conditions: []ruleset.Condition{{Field: "stage", Op: ruleset.OpIn, Values: []string{"agreed", "won"}}}},
				Pairs: []ruleset.Pair{both("name", "title"),
					{Hub: []record.HubField{"stage"}, Spoke: []record.PlatformField{"status"}, Direction: ruleset.ToHub, ToHubTransforms: []ruleset.Transform{{Name: "value_map", Map: map[string]string{"done": "won"}}}},
					{Hub: []record.HubField{"who"}, Spoke: []record.PlatformField{"site"}, Direction: ruleset.ToSpoke, OnCreateOnly: true, Required: true, Reference: &ruleset.Reference{To: "contacts", Object: "clients", Via: "siteid"}},
					{Spoke: []record.PlatformField{"visits"}, Constant: "false", OnCreateOnly: true, Direction: ruleset.ToSpoke}}},
			{Name: "invoices", Hub: "deals", Spoke: bill, Create: ruleset.CreateToSpoke, Existing: ruleset.ExistingSkip, ToSpoke: now,
				Filter: &ruleset.Filter{Digest: "f2", Conditions: []ruleset.Condition{{Field: "stage", Op: ruleset.OpIn, Values: []string{"won"}}}},
				Pairs: []ruleset.Pair{{Hub: []record.HubField{"amount"}, Spoke: []record.PlatformField{"total"}, Direction: ruleset.ToSpoke, Required: true},
					{Hub: []record.HubField{"who"}, Spoke: []record.PlatformField{"customer"}, Direction: ruleset.ToSpoke, Required: true, Reference: &ruleset.Reference{To: "contacts", Object: "customers"}}}},
		}}}}
	r.Index()
	tb := &table{t: t, rules: r, view: resolve.NewView(start)}
	tb.loaded(contact, client, payer, deal, job, bill)
	return tb
}

func (tb *table) loaded(places ...record.Place) {
	for _, p := range places {
		tb.view.Loaded[p] = true
	}
}

func (tb *table) pass(d time.Duration) { tb.view.Now = tb.view.Now.Add(d) }

// decide asks until nothing is needed, answering every need with what the table holds, and does not commit. A look-up finds the
// survivors of the observation, none as a rule.
func (tb *table) decide(o resolve.Observation) resolve.Decision {
	tb.t.Helper()
	o.Group = "g"
	for range 20 {
		d := resolve.Decide(tb.view, o, tb.rules)
		if d.Outcome == resolve.LookUp && !o.LookedUp {
			o.LookedUp, o.Survivors = true, append(o.Survivors, d.Siblings...)
			continue
		}
		if d.Need.Empty() {
			return d
		}
		for _, k := range d.Need.Entities {
			tb.view.Entities[k] = &resolve.Rows{Links: map[record.Place]*resolve.Link{}}
		}
		for _, k := range d.Need.Refs {
			tb.view.Refs[k] = resolve.XrefRow{}
		}
		for _, k := range d.Need.Keys {
			tb.view.Keys[k] = &resolve.KeyRow{}
		}
	}
	tb.t.Fatal("the decider never has enough")
	return resolve.Decision{}
}

func (tb *table) commit(d resolve.Decision) resolve.Decision {
	p := d.Patch
	if p.Empty() {
		return d
	}
	rows := &resolve.Rows{Links: map[record.Place]*resolve.Link{}}
	if old := tb.view.Entities[p.Owner]; old != nil {
		rows.Entity = old.Entity
		for place, link := range old.Links {
			rows.Links[place] = link
		}
	}
	if p.Entity != nil {
		e := *p.Entity
		e.Rev++
		rows.Entity = &e
	}
	for _, link := range p.Links {
		l := *link
		l.Rev++
		rows.Links[link.Place] = &l
	}
	tb.view.Entities[p.Owner] = rows
	for _, r := range p.Refs {
		tb.view.Refs[r.Key] = resolve.XrefRow{Entity: r.Entity, Rev: r.Expect + 1}
	}
	for _, k := range p.Keys {
		row := *k.Row
		row.Rev++
		tb.view.Keys[k.Key] = &row
	}
	if p.Alias != nil {
		key := resolve.EntityKey{Group: "g", ID: p.Alias.ID}
		tb.view.Entities[key] = &resolve.Rows{Entity: p.Alias, Links: tb.view.Entities[key].Links}
	}
	return d
}

// see commits a snapshot read now, stamped at.
func (tb *table) see(place record.Place, id record.ExternalID, at time.Time, fields record.Fields) resolve.Decision {
	tb.t.Helper()
	return tb.commit(tb.decide(resolve.Observation{Snapshot: &record.Snapshot{Ref: record.Ref{Place: place, ID: id}, Fields: fields, ModifiedAt: at, ReadBegan: tb.view.Now}}))
}

// due finds what is due at a place.
func due(d resolve.Decision, place record.Place) *resolve.Due {
	for i := range d.Due {
		if d.Due[i].Place == place {
			return &d.Due[i]
		}
	}
	return nil
}

// write performs what is due at a place: attempt, then the platform's answer, which holds what was sent.
func (tb *table) write(d resolve.Decision, place record.Place, id record.ExternalID, err error) resolve.Decision {
	tb.t.Helper()
	return tb.answered(d, place, id, time.Time{}, err)
}

// writeAt is write on a platform that stamps its answer.
func (tb *table) writeAt(d resolve.Decision, place record.Place, id record.ExternalID, stamp time.Time) resolve.Decision {
	tb.t.Helper()
	return tb.answered(d, place, id, stamp, nil)
}

func (tb *table) answered(d resolve.Decision, place record.Place, id record.ExternalID, stamp time.Time, err error) resolve.Decision {
	tb.t.Helper()
	x := due(d, place)
	if x == nil || x.Blocked != "" {
		tb.t.Fatalf("nothing to write at %s: %+v", place, x)
	}
	key := resolve.EntityKey{Group: "g", ID: d.Entity}
	link := tb.view.Entities[key].Links[place]
	intent := x.Intent
	if link == nil {
		link = &resolve.Link{Place: place, State: resolve.LinkNone}
	}
	fence := link.Lease.Fence + 1
	leased := link.Leased(resolve.Lease{Until: tb.view.Now.Add(time.Minute), Fence: fence}, resolve.Attempt{Key: intent.Key, Operation: intent.Operation, Fields: intent.Fields, At: tb.view.Now})
	tb.commit(resolve.Decision{Patch: resolve.Patch{Owner: key, Links: []*resolve.Link{leased}}})
	receipt := record.Receipt{Key: intent.Key, ID: id, Err: err}
	if err == nil {
		fields := record.Fields{}
		for name, value := range intent.Fields {
			fields[name] = value
		}
		maps.Copy(fields, tb.shows)
		receipt.Snapshot = &record.Snapshot{Ref: record.Ref{Place: place, ID: id}, Fields: fields, ModifiedAt: stamp, ReadBegan: tb.view.Now}
	}
	return tb.commit(tb.decide(resolve.Observation{Receipt: &resolve.Receipt{Entity: d.Entity, Place: place, Intent: intent, Fence: fence, Receipt: receipt}}))
}

func (tb *table) value(id record.EntityID, name record.HubField) string {
	return tb.view.Entities[resolve.EntityKey{Group: "g", ID: id}].Entity.Fields[name].Text
}

func (tb *table) wantValue(id record.EntityID, name record.HubField, want string) {
	tb.t.Helper()
	if got := tb.value(id, name); got != want {
		tb.t.Errorf("%s: got %q, want %q", name, got, want)
	}
}

func (tb *table) wantOutcome(d resolve.Decision, outcome resolve.Outcome, reason record.Reason) {
	tb.t.Helper()
	if d.Outcome != outcome || d.Reason != reason {
		tb.t.Errorf("got %s because %s, want %s because %s", d.Outcome, d.Reason, outcome, reason)
	}
}

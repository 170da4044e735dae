package resolve_test

import (
	"encoding/json"
	"flag"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// checks is how many states, observations and rules are drawn in a run of the suite; -rapid.checks asks for another number.
const checks = "5000"

// TestDecideIsTotal draws any state, any observation and any rules, also those that do not fit each other, and holds
// Decide to its word: it answers, with an outcome and a reason; it answers the same when asked again; it asks for no row
// that it has; and it changes nothing that it was given.
func TestDecideIsTotal(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue { // a hundred meet too rarely
		if err := f.Value.Set(checks); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Value.Set(f.DefValue) }()
	}
	rapid.Check(t, func(r *rapid.T) {
		any := drawn{r}
		tb := newTable(t)
		any.rules(tb.rules)
		any.state(tb.view)
		o := any.observation()
		for round := 0; ; round++ {
			given := text(r, rowsOf(tb.view))
			d := resolve.Decide(tb.view, o, tb.rules)
			if diff := cmp.Diff(text(r, d), text(r, resolve.Decide(tb.view, o, tb.rules))); diff != "" {
				r.Fatalf("asked twice it answers otherwise:\n%s", diff)
			}
			if diff := cmp.Diff(given, text(r, rowsOf(tb.view))); diff != "" {
				r.Fatalf("it changed what it was given:\n%s", diff)
			}
			if d.Need.Empty() {
				if d.Outcome == "" || d.Reason == "" {
					r.Fatalf("outcome %q, reason %q", d.Outcome, d.Reason)
				}
				return
			}
			if round > 40 {
				r.Fatalf("it still needs %+v", d.Need)
			}
			any.load(tb.view, d.Need)
		}
	})
}

// rowsOf lists a view's rows by their names.
func rowsOf(v *resolve.View) map[string]any {
	rows := map[string]any{}
	for k, row := range v.Entities {
		links := map[string]*resolve.Link{}
		for place, link := range row.Links {
			links[place.String()] = link
		}
		rows["entity "+string(k.ID)] = []any{row.Entity, links}
	}
	for k, row := range v.Refs {
		rows["ref "+k.Ref.String()] = row
	}
	for k, row := range v.Keys {
		rows["key "+k.Rule+k.Hash] = row
	}
	return rows
}

func text(r *rapid.T, v any) string {
	body, err := json.Marshal(v)
	if err != nil {
		r.Fatal(err)
	}
	return string(body)
}

// drawn draws from small sets, so that what is drawn meets.
type drawn struct{ r *rapid.T }

func pick[T any](d drawn, name string, from ...T) T { return rapid.SampledFrom(from).Draw(d.r, name) }

func (d drawn) yes(name string) bool { return rapid.Bool().Draw(d.r, name) }

func (d drawn) count(name string, most int) int { return rapid.IntRange(0, most).Draw(d.r, name) }

func (d drawn) id() record.EntityID {
	return pick(d, "entity", record.EntityID("contacts:a"), "contacts:b", "deals:c", "gone:d", "odd", "")
}

func (d drawn) place() record.Place {
	return pick(d, "place", contact, client, payer, deal, job, bill, record.Place{Connection: "field", Object: "gone"}, record.Place{})
}

func (d drawn) ref() record.Ref {
	return record.Ref{Place: d.place(), ID: pick(d, "record", record.ExternalID("1"), "2", "")}
}

func (d drawn) text() string {
	return pick(d, "text", "", "a@x.example", "A@x.example ", "1", "won", "contacts:a", "contacts:b", "fc\x00")
}

func (d drawn) at(name string) time.Time {
	return pick(d, name, time.Time{}, start, start.Add(-time.Hour), start.Add(-time.Second), start.Add(time.Hour))
}

var (
	hubNames   = []record.HubField{"email", "phone", "street", "note", "name", "stage", "amount", "who", "unknown"}
	spokeNames = []record.PlatformField{"mail", "tel", "road", "memo", "title", "status", "site", "siteid", "visits", "total", "customer", "hubid", "fcid", "email", "phone", "stage", "who", "*"}
	operations = []record.Operation{record.OperationCreate, record.OperationUpdate, record.OperationArchive, record.OperationDelete, record.OperationRestore, ""}
)

func (d drawn) rules(r *ruleset.Rules) {
	g := &r.Groups[0]
	for i := range g.Entities {
		for j := range g.Entities[i].Fields {
			f := &g.Entities[i].Fields[j]
			f.Owner = pick(d, "owner", f.Owner, ruleset.Owner{LastWriteWins: true}, ruleset.Owner{Connection: "field"}, ruleset.Owner{Connection: "left"})
			f.Conflict = pick(d, "conflict", ruleset.ConflictOwner, ruleset.ConflictHub, ruleset.ConflictSpoke, ruleset.ConflictNewest, ruleset.ConflictManual)
			f.NonOwner = pick(d, "non-owner", ruleset.NonOwnerRevert, ruleset.NonOwnerFlag, "")
			f.Blank = pick(d, "blank", ruleset.BlankClear, ruleset.BlankKeep)
		}
	}
	for i := range g.Mappings {
		m := &g.Mappings[i]
		m.Delete = pick(d, "delete", ruleset.DeleteArchive, ruleset.DeleteDelete, ruleset.DeleteIgnore, ruleset.DeleteUnlink)
		m.Create = pick(d, "create", ruleset.CreateBoth, ruleset.CreateNone, ruleset.CreateToHub, ruleset.CreateToSpoke)
		for j := range m.Pairs {
			if p := &m.Pairs[j]; len(p.Hub) > 0 && p.Reference == nil {
				p.Direction = pick(d, "direction", ruleset.Both, ruleset.ToHub, ruleset.ToSpoke)
			}
		}
	}
	g.Entities = g.Entities[d.count("entity types gone", len(g.Entities)):]
	g.Mappings = g.Mappings[d.count("mappings gone", len(g.Mappings)):]
	g.Limits = ruleset.Limits{Creates: d.count("creates", 1), FieldUpdates: d.count("updates", 1)}
	r.Version = int64(d.count("version", 2))
	r.Index()
}

func (d drawn) state(v *resolve.View) {
	for range d.count("entities", 3) {
		key := resolve.EntityKey{Group: "g", ID: d.id()}
		v.Entities[key] = d.rows(key.ID)
	}
	for range d.count("refs", 3) {
		v.Refs[resolve.RefKey{Group: "g", Ref: d.ref()}] = resolve.XrefRow{Entity: d.id()}
	}
	v.Loaded = map[record.Place]bool{contact: d.yes("hub loaded"), client: d.yes("spoke loaded"), payer: true}
	if d.yes("limited") {
		v.Spread[resolve.SpreadKey{Group: "g", Connection: "field"}] = &resolve.Spread{Tripped: map[string]resolve.Trip{"creates": {Limit: 1}, "field:tel": {Limit: 1}}}
	}
}

func (d drawn) rows(id record.EntityID) *resolve.Rows {
	rows := &resolve.Rows{Links: map[record.Place]*resolve.Link{}}
	if d.yes("no rows") {
		return rows
	}
	e := &resolve.Entity{Group: "g", ID: id, Type: pick(d, "type", record.Object("contacts"), "deals", "gone", ""),
		State: pick(d, "entity state", resolve.EntityLive, resolve.EntityLive, resolve.EntityQuarantined, resolve.EntityMerged), Into: d.id(),
		Matching: pick(d, "matching", "", "old"), ConfigVersion: int64(d.count("its version", 2))}
	for range d.count("fields", 4) {
		if e.Fields == nil {
			e.Fields = map[record.HubField]resolve.Value{}
		}
		e.Fields[pick(d, "field", hubNames...)] = resolve.Value{Text: d.text(), From: pick(d, "from", record.Connection("crm"), "field", "left"), At: d.at("set"), First: d.yes("first")}
	}
	if d.yes("parked") {
		e.Parked = map[record.HubField]resolve.Parked{pick(d, "parked field", hubNames...): {Reason: record.ReasonManual}}
	}
	if d.yes("keyed") {
		e.Keys = map[string]string{"email": pick(d, "hash", "h1", "h2"), "gone": "h3"}
	}
	if d.yes("left over") {
		e.Leftovers = []record.Ref{d.ref()}
	}
	rows.Entity = e
	for range d.count("links", 4) {
		l := d.link()
		rows.Links[l.Place] = l
	}
	return rows
}

func (d drawn) link() *resolve.Link {
	ref := d.ref()
	l := &resolve.Link{Place: ref.Place, ID: ref.ID, State: pick(d, "link state", resolve.LinkLive, resolve.LinkLive, resolve.LinkNone, resolve.LinkCreating, resolve.LinkTombstone, resolve.LinkUnlinked, resolve.LinkQuarantined),
		Base: d.fields(), Sent: d.fields(), ModifiedAt: d.at("modified"), TouchedAt: d.at("touched"), NotBefore: d.at("not before"), ArchivedByUs: d.yes("by us"), Restored: d.yes("restored"),
		Evidence: pick(d, "evidence", record.EvidenceArchived, record.EvidenceDeleted, record.EvidenceMerged, ""), Lease: resolve.Lease{Until: d.at("lease"), Fence: int64(d.count("fence", 2))}}
	for range d.count("attempts", 2) {
		l.Attempts = append(l.Attempts, resolve.Attempt{Key: pick(d, "key", "k", "m"), Operation: pick(d, "attempted", operations...), Fields: d.fields(), At: start.Add(-time.Minute), Tries: d.count("tries", 2)})
	}
	if d.yes("marked") {
		l.Overtaken = map[record.PlatformField]bool{pick(d, "overtaken", spokeNames...): true}
		l.Waived = d.fields()
		l.Rejected = map[record.PlatformField]resolve.Rejection{pick(d, "rejected", spokeNames...): {Value: d.text()}}
	}
	return l
}

func (d drawn) fields() record.Fields {
	var out record.Fields
	for range d.count("spoke fields", 5) {
		if out == nil {
			out = record.Fields{}
		}
		out[pick(d, "spoke field", spokeNames...)] = d.text()
	}
	return out
}

func (d drawn) observation() resolve.Observation {
	o := resolve.Observation{Group: pick(d, "group", record.Group("g"), "g", "g", "other"), Carried: d.yes("carried"), Change: record.Change{Deferrals: pick(d, "deferrals", 0, 30)}}
	switch d.count("kind", 6) {
	case 0:
		o.Snapshot = d.snapshot()
	case 1:
		o.Absence = &record.Absence{Ref: d.ref(), Evidence: pick(d, "proved by", record.EvidenceNotFound, record.EvidenceArchived, record.EvidenceDeleted, record.EvidenceMerged), Into: d.ref().ID, ReadBegan: d.at("read")}
	case 2:
		o.Receipt = &resolve.Receipt{Entity: d.id(), Place: d.place(), Fence: int64(d.count("its fence", 2)),
			Intent:  record.Intent{Key: pick(d, "intent", "k", "m"), Operation: pick(d, "asked", operations...), Ref: d.ref(), Fields: d.fields(), Marker: pick(d, "marker", record.PlatformField("hubid"), "")},
			Receipt: record.Receipt{ID: d.ref().ID, Existing: d.yes("existing"), Err: d.err()}}
		if d.yes("answered with a record") {
			o.Receipt.Snapshot = d.snapshot()
		}
	case 3:
		o.Wake = d.id()
	case 4:
		o.Answer = &resolve.Answer{Entity: d.id(), Field: pick(d, "answered field", hubNames...), Value: d.text(), Force: pick(d, "force", "", "reason"), At: start}
	case 5:
		o.Found = &resolve.Found{Entity: d.id(), Snapshot: *d.snapshot(), At: start, Find: []record.PlatformField{pick(d, "searched", spokeNames...)},
			Due: resolve.Due{Place: d.place(), Operation: record.OperationCreate, Fields: d.fields(), Intent: record.Intent{Fields: d.fields()}}}
	}
	return o
}

func (d drawn) snapshot() *record.Snapshot {
	return &record.Snapshot{Ref: d.ref(), Fields: d.fields(), ModifiedAt: d.at("stamp"), ReadBegan: d.at("read began"), Archived: d.yes("archived"), Lagging: d.yes("lagging")}
}

func (d drawn) err() error {
	kind := pick(d, "fault", fault.Unclassified, fault.Transient, fault.RateLimited, fault.Unauthorized, fault.Rejected, fault.Gone, fault.Stale, fault.InDoubt, fault.Waiting)
	if d.yes("done") {
		return nil
	}
	return fault.Newf(kind, "write", "drawn")
}

// load answers a need with anything.
func (d drawn) load(v *resolve.View, n resolve.Need) {
	for _, k := range n.Entities {
		v.Entities[k] = d.rows(k.ID)
	}
	for _, k := range n.Refs {
		v.Refs[k] = resolve.XrefRow{}
		if d.yes("known record") {
			v.Refs[k] = resolve.XrefRow{Entity: d.id()}
		}
	}
	for _, k := range n.Keys {
		row := &resolve.KeyRow{}
		for range d.count("holders", 2) {
			row.Holders = append(row.Holders, d.id())
		}
		if d.yes("held lately") {
			row.Former = []resolve.Former{{Entity: d.id(), Until: d.at("held until")}}
		}
		v.Keys[k] = row
	}
}

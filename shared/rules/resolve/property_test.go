package resolve_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// shape is how a place spells the contact's fields.
var shapes = map[record.Place]map[record.HubField]record.PlatformField{
	contact: {"email": "email", "phone": "phone", "street": "street", "note": "note"},
	client:  {"email": "mail", "phone": "tel", "street": "road", "note": "memo"},
	payer:   {"email": "mail", "phone": "tel"},
}

var owners = map[record.HubField]record.Place{"email": contact, "phone": contact, "street": client}

var ids = map[record.Place]record.ExternalID{contact: "h1", client: "f1", payer: "b1"}

// TestAnyHistoryKeepsTheRules draws histories of edits at all places and holds each decision against the rules, told
// here a second time and naively: owners alone change their fields; deciding twice decides nothing more; nobody is asked
// to take what they own; and once edits stop, a few writes bring every place to the entity's values.
func TestAnyHistoryKeepsTheRules(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		tb := newTable(t)
		id := linked(tb)
		held := map[record.Place]record.Fields{} // what each platform's record holds
		for place, names := range shapes {
			held[place] = record.Fields{}
			for h, p := range names {
				held[place][p] = tb.value(id, h)
			}
		}
		for range rapid.IntRange(1, 12).Draw(r, "edits") {
			place := rapid.SampledFrom([]record.Place{contact, client, payer}).Draw(r, "place")
			h := rapid.SampledFrom([]record.HubField{"email", "phone", "street", "note"}).Draw(r, "field")
			p, mapped := shapes[place][h]
			if !mapped {
				continue
			}
			value := rapid.SampledFrom([]string{"a@x.example", "b@x.example", "A@X.example", "1", "2", ""}).Draw(r, "value")
			held[place][p] = value
			before := tb.value(id, h)
			tb.pass(time.Duration(rapid.IntRange(0, 90).Draw(r, "seconds")) * time.Second)
			d := tb.look(place, held[place])
			if owner, owned := owners[h]; owned && owner != place && tb.value(id, h) != before {
				r.Fatalf("%s changed %s, which %s owns, from %q to %q", place, h, owner, before, tb.value(id, h))
			}
			if again := tb.decide(resolve.Observation{Snapshot: snapshot(tb, place, held[place])}); !again.Patch.Empty() {
				r.Fatalf("deciding twice at %s changes %+v", place, again.Changes)
			}
			for _, x := range d.Due {
				for f := range x.Fields {
					if owner, owned := owners[hubName(x.Place, f)]; owned && owner == x.Place {
						r.Fatalf("%s is asked to take %s, which it owns", x.Place, f)
					}
				}
			}
		}
		tb.drain(r, id, held)
		for place, names := range shapes {
			for h, p := range names {
				want := tb.value(id, h)
				if got := held[place][p]; got != want && !sameEmail(h, got, want) {
					r.Fatalf("%s %s is %q in the end, the entity's is %q", place, p, got, want)
				}
			}
		}
	})
}

func sameEmail(h record.HubField, a, b string) bool {
	return h == "email" && len(a) == len(b) && (a == "A@X.example" || b == "A@X.example")
}

func hubName(place record.Place, f record.PlatformField) record.HubField {
	for h, p := range shapes[place] {
		if p == f {
			return h
		}
	}
	return ""
}

func snapshot(tb *table, place record.Place, fields record.Fields) *record.Snapshot {
	copied := record.Fields{}
	for name, value := range fields {
		copied[name] = value
	}
	return &record.Snapshot{Ref: record.Ref{Place: place, ID: ids[place]}, Fields: copied, ModifiedAt: tb.view.Now, ReadBegan: tb.view.Now}
}

func (tb *table) look(place record.Place, fields record.Fields) resolve.Decision {
	return tb.commit(tb.decide(resolve.Observation{Snapshot: snapshot(tb, place, fields)}))
}

// drainRounds bounds the writes after the last edit: one for each place, and a round in which there are none.
const drainRounds = 4

// drain writes what is due until nothing is.
func (tb *table) drain(r *rapid.T, id record.EntityID, held map[record.Place]record.Fields) {
	for range drainRounds {
		tb.pass(time.Second)
		d := tb.decide(resolve.Observation{Wake: id})
		wrote := false
		for _, x := range d.Due {
			if x.Blocked != "" || held[x.Place] == nil {
				continue
			}
			wrote = true
			for f, value := range x.Fields {
				held[x.Place][f] = value
			}
			tb.write(d, x.Place, ids[x.Place], nil)
			tb.look(x.Place, held[x.Place]) // the echo
			d = tb.decide(resolve.Observation{Wake: id})
		}
		if !wrote {
			return
		}
	}
	r.Fatalf("still due after %d rounds", drainRounds)
}

// TestEditsOfDisjointFieldsCommute: whichever of two edits of different fields arrives first, the entity ends with the
// same values, and the same is due everywhere.
func TestEditsOfDisjointFieldsCommute(t *testing.T) {
	fields := []record.HubField{"email", "phone", "street", "note"}
	values := []string{"a@x.example", "b@x.example", "1", "2", ""}
	rapid.Check(t, func(r *rapid.T) {
		first := rapid.IntRange(0, len(fields)-1).Draw(r, "first")
		second := (first + rapid.IntRange(1, len(fields)-1).Draw(r, "second")) % len(fields)
		edits := []struct {
			place record.Place
			field record.HubField
			value string
		}{
			{rapid.SampledFrom([]record.Place{contact, client, payer}).Draw(r, "first place"), fields[first], rapid.SampledFrom(values).Draw(r, "first value")},
			{rapid.SampledFrom([]record.Place{contact, client, payer}).Draw(r, "second place"), fields[second], rapid.SampledFrom(values).Draw(r, "second value")},
		}
		ends := [2]map[record.Place]record.Fields{}
		var entities [2]map[record.HubField]string
		for order := range ends {
			tb := newTable(t)
			id := linked(tb)
			held := map[record.Place]record.Fields{}
			for place, names := range shapes {
				held[place] = record.Fields{}
				for h, p := range names {
					held[place][p] = tb.value(id, h)
				}
			}
			tb.pass(time.Minute)
			for i := range edits {
				x := edits[(i+order)%2]
				if p, mapped := shapes[x.place][x.field]; mapped {
					held[x.place][p] = x.value
					tb.look(x.place, held[x.place])
				}
			}
			ends[order], entities[order] = map[record.Place]record.Fields{}, map[record.HubField]string{}
			for _, x := range tb.decide(resolve.Observation{Wake: id}).Due {
				ends[order][x.Place] = x.Fields
			}
			for _, h := range fields {
				entities[order][h] = tb.value(id, h)
			}
		}
		if diff := cmp.Diff(entities[0], entities[1]); diff != "" {
			r.Fatalf("%+v: the entity depends on the order:\n%s", edits, diff)
		}
		if diff := cmp.Diff(ends[0], ends[1]); diff != "" {
			r.Fatalf("%+v: what is due depends on the order:\n%s", edits, diff)
		}
	})
}

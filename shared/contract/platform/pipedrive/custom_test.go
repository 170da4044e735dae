package pipedrive

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/google/go-cmp/cmp"
)

func TestCustomFieldsAreNamedByLabelOrKey(t *testing.T) {
	a := newAccount(t)
	key := a.sim.AddField("persons", "Shoe [EU] size", "double")
	team := a.sim.AddField("persons", "Team", "enum", "Red", "Blue")
	tags := a.sim.AddField("persons", "Tags", "set", "A", "B", "C")
	a.sim.AddField("persons", "Budget", "monetary")
	a.sim.AddField("persons", "Twice", "varchar")
	twice := a.sim.AddField("persons", "Twice", "varchar")
	renamed := a.sim.AddField("persons", "Old name", "varchar")
	a.clock.Advance(2 * definitionsRest)
	id := a.create("persons", record.Fields{"name": "Ada", "custom_fields[Budget].currency": "EUR", "custom_fields[Budget]": "1234567.89",
		record.PlatformField("custom_fields[" + key + "]"): "42.5", "custom_fields[Old name]": "x", record.PlatformField("custom_fields[" + twice + "]"): "second"})
	fields := []record.PlatformField{record.PlatformField("custom_fields[" + key + "]"), "custom_fields[Team]", "custom_fields[Tags]", "custom_fields[Budget]", "custom_fields[Budget].currency", "custom_fields[Old name]",
		record.PlatformField("custom_fields[" + twice + "]")}
	read := func() (record.Fields, error) {
		reads, err := a.connector.Fetch(t.Context(), "persons", fields, []record.ExternalID{id})
		if err != nil || reads[0].Snapshot == nil {
			return nil, err
		}
		return reads[0].Snapshot.Fields, nil
	}
	got, err := read()
	want := record.Fields{fields[0]: "42.5", fields[1]: "", fields[2]: "", fields[3]: "1234567.89", fields[4]: "EUR", fields[5]: "x", fields[6]: "second"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Fatalf("%v (-want +got):\n%s", err, diff)
	}
	_, err = a.connector.Fetch(t.Context(), "persons", []record.PlatformField{"custom_fields[Twice]"}, []record.ExternalID{id})
	if wantKind(t, err, fault.Rejected); !slices.Contains(fieldsAtFault(err), "custom_fields[Twice]") {
		t.Errorf("twice: %v does not name it", err)
	}
	for field, why := range map[record.PlatformField]string{"custom_fields[Missing]": "missing", "custom_fields[" + record.PlatformField(strings.Repeat("0", 40)) + "]": "no such key"} {
		a.wantGone(id, field, why)
		_, err := a.connector.Apply(t.Context(), []record.Intent{a.updateIntent("persons", id, record.Fields{field: "1"})})
		if wantKind(t, err, fault.Rejected); !slices.Contains(fieldsAtFault(err), string(field)) {
			t.Errorf("%s, written: %v does not name it", why, err)
		}
	}
	// A field that is renamed is found by its new label once the list is read again, and is missing by its old one.
	a.sim.RenameField("persons", renamed, "New name")
	if _, err := read(); err != nil {
		t.Errorf("at once: %v", err)
	}
	a.clock.Advance(2 * platform.FoundLife)
	a.wantGone(id, fields[5], "renamed")
	fields[5] = "custom_fields[New name]"
	if got, err := read(); err != nil || got[fields[5]] != "x" {
		t.Errorf("by its new label: %v, %v", got, err)
	}
	if n := a.requests("/personFields"); n > 5 {
		t.Errorf("%d readings of the field list", n)
	}
	_ = team + tags
}

// wantGone reads a person: a field is gone, and says nothing; its name is there.
func (a *account) wantGone(id record.ExternalID, field record.PlatformField, why string) {
	a.Helper()
	reads, err := a.connector.Fetch(a.Context(), "persons", []record.PlatformField{"name", field}, []record.ExternalID{id})
	if err != nil || reads[0].Snapshot == nil {
		a.Fatalf("%s: %v, %+v", why, err, reads)
	}
	s := reads[0].Snapshot
	if value, told := s.Fields[field]; told || !slices.Equal(s.Gone, []record.PlatformField{field}) || s.Fields["name"] == "" {
		a.Errorf("%s: got %q and %v gone, want %s gone and nothing said of it", why, value, s.Gone, field)
	}
}

// A custom field that is deleted is never a blank: not while the field list from before is believed, nor in a list, a poll or a
// look-up. The fields beside it are read as before.
func TestADeletedCustomFieldIsGoneAndNoBlank(t *testing.T) {
	a := newAccount(t)
	a.sim.AddField("persons", "Grade", "varchar")
	a.sim.AddField("persons", "Team", "varchar")
	a.clock.Advance(2 * definitionsRest)
	since := a.clock.Now()
	id := a.create("persons", record.Fields{"name": "Ada", "emails[primary].value": "ada@example.com", "custom_fields[Grade]": "Gold"})
	fields := []record.PlatformField{"name", "custom_fields[Grade]", "custom_fields[Team]"}
	if reads, err := a.connector.Fetch(t.Context(), "persons", fields, []record.ExternalID{id}); err != nil || reads[0].Snapshot.Fields["custom_fields[Grade]"] != "Gold" {
		t.Fatalf("%v, %+v", err, reads)
	}
	a.sim.DropField("persons", "Grade")
	a.clock.Advance(time.Second) // the field list is read once an hour
	a.wantGone(id, "custom_fields[Grade]", "read at once")
	judge := func(how string, err error, found []record.Snapshot) {
		t.Helper()
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %v, %+v", how, err, found)
		}
		want := record.Fields{"name": "Ada", "custom_fields[Team]": ""}
		if diff := cmp.Diff(want, found[0].Fields); diff != "" || !slices.Equal(found[0].Gone, fields[1:2]) {
			t.Errorf("%s: %v gone (-want +got):\n%s", how, found[0].Gone, diff)
		}
	}
	page, err := a.connector.List(t.Context(), platform.Query{Object: "persons", Fields: fields, Limit: 100})
	judge("list", err, page.Snapshots)
	page, err = a.connector.Changes(t.Context(), platform.Query{Object: "persons", Fields: fields, Since: since, Limit: 100})
	judge("poll", err, page.Snapshots)
}

func TestOnlyWantedCustomFieldsAreAskedFor(t *testing.T) {
	a := newAccount(t)
	var fields []record.PlatformField
	for i := range keysMax + 1 {
		label := fmt.Sprint("F", i)
		a.sim.AddField("persons", label, "varchar")
		fields = append(fields, record.PlatformField("custom_fields["+label+"]"))
	}
	a.clock.Advance(2 * definitionsRest)
	ids := a.persons(2)
	for n, asked := range map[int]bool{0: false, 1: true, keysMax: true, keysMax + 1: false} {
		a.seen = nil
		if _, err := a.connector.Fetch(t.Context(), "persons", fields[:n], ids); err != nil {
			t.Fatal(err)
		}
		keys := a.seen[len(a.seen)-1].URL.Query().Get("custom_fields")
		if (keys != "") != asked || asked && len(strings.Split(keys, ",")) != n {
			t.Errorf("%d fields: asked for %q", n, keys)
		}
	}
}

func TestCustomFieldsAreWrittenByTheirTypes(t *testing.T) {
	a := newAccount(t)
	for name, kind := range map[string]string{"Text": "text", "Number": "double", "Day": "date", "Money": "monetary", "Span": "daterange", "Place": "address", "Phone": "phone", "Owner": "user"} {
		a.sim.AddField("persons", name, kind)
	}
	a.sim.AddField("persons", "Team", "enum", "Red", "Blue")
	tags := a.sim.AddField("persons", "Tags", "set", "A", "B", "C")
	a.clock.Advance(2 * definitionsRest)
	in := func(fields map[string]string) record.Fields {
		out := record.Fields{}
		for name, value := range fields {
			label, part, _ := strings.Cut(name, ".")
			if path := record.PlatformField("custom_fields[" + label + "]"); part == "" {
				out[path] = value
			} else {
				out[path+record.PlatformField("."+part)] = value
			}
		}
		return out
	}
	options := map[string]string{}
	infos, err := a.connector.Describe(t.Context(), "persons")
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range infos {
		for _, o := range info.Options {
			options[o.Label] = o.Value
		}
	}
	all := in(map[string]string{"Text": "a\nb", "Number": "2.50", "Day": "2026-05-01", "Money": "10.5", "Money.currency": "EUR", "Span": "2026-01-01", "Span.until": "2026-02-01", "Place": "1 Main, Springfield, USA",
		"Phone": "123", "Owner": "778", "Team": options["Blue"], "Tags": options["B"] + "," + options["A"]})
	all["name"] = "Ada"
	got := a.applied(a.createIntent("e-1", "persons", all))[0]
	want := in(map[string]string{"Text": "a\nb", "Number": "2.5", "Day": "2026-05-01", "Money": "10.5", "Money.currency": "EUR", "Span": "2026-01-01", "Span.until": "2026-02-01", "Place": "1 Main, Springfield, USA",
		"Phone": "123", "Owner": "778", "Team": options["Blue"], "Tags": options["A"] + "," + options["B"]})
	a.wantTruth("persons", got.ID, want)
	for name, value := range want {
		if got.Snapshot.Fields[name] != value {
			t.Errorf("receipt: %s is %q, want %q", name, got.Snapshot.Fields[name], value)
		}
	}
	// A part alone keeps its siblings; a blank clears, the value with all its parts; by key as by label.
	byKey := record.PlatformField("custom_fields[" + tags + "]")
	a.applied(record.Intent{Key: "k", Operation: record.OperationUpdate, Ref: target("persons", got.ID), Fields: record.Fields{"custom_fields[Money]": "11", byKey: options["C"], "custom_fields[Span]": ""}})
	a.wantTruth("persons", got.ID, in(map[string]string{"Money": "11", "Money.currency": "EUR", "Tags": options["C"], "Span": "", "Span.until": ""}))
	a.applied(record.Intent{Key: "k", Operation: record.OperationUpdate, Ref: target("persons", got.ID), Fields: in(map[string]string{"Money.currency": "USD", "Tags": "", "Text": "", "Team": ""})})
	a.wantTruth("persons", got.ID, in(map[string]string{"Money": "11", "Money.currency": "USD", "Tags": "", "Text": "", "Team": ""}))
	noCurrency := a.apply(record.Intent{Key: "k", Operation: record.OperationUpdate, Ref: target("persons", got.ID), Fields: in(map[string]string{"Money.currency": ""})})[0]
	if wantKind(t, noCurrency.Err, fault.Rejected); noCurrency.Err != nil && !strings.Contains(noCurrency.Err.Error(), "currency") {
		t.Errorf("an amount without a currency: %v", noCurrency.Err)
	}
	for name, value := range map[string]string{"Number": "much", "Day": "lately", "Team": "Blue", "Tags": "A,B", "Owner": "Sam", "Money": "1e999999999", "Span.until": "soon", "Text.part": "x", "Place.locality": "x", "Money.cents": "1"} {
		r := a.apply(record.Intent{Key: "k", Operation: record.OperationUpdate, Ref: target("persons", got.ID), Fields: in(map[string]string{name: value})})[0]
		if wantKind(t, r.Err, fault.Rejected); r.Err != nil && strings.Contains(r.Err.Error(), "lately") {
			t.Errorf("tells a value: %v", r.Err)
		}
	}
}

// TestAFieldThatIsGoneIsMissedAtOnce has an administrator delete a custom field while its key is remembered.
func TestAFieldThatIsGoneIsMissedAtOnce(t *testing.T) {
	a := newAccount(t)
	a.sim.AddField("persons", "Team", "varchar")
	a.clock.Advance(2 * definitionsRest)
	id := a.create("persons", record.Fields{"name": "Ada", "custom_fields[Team]": "Red"})
	intent := a.updateIntent("persons", id, record.Fields{"custom_fields[Team]": "Blue"})
	if _, err := a.connector.Fetch(t.Context(), "persons", []record.PlatformField{"custom_fields[Team]"}, []record.ExternalID{id}); err != nil {
		t.Fatal(err)
	}
	a.sim.DropField("persons", "Team")
	wantKind(t, a.apply(intent)[0].Err, fault.Rejected)
	_, err := a.connector.Apply(t.Context(), []record.Intent{intent})
	if wantKind(t, err, fault.Rejected); !strings.Contains(err.Error(), "no custom field custom_fields[Team]") {
		t.Errorf("the second time: %v", err)
	}
}

package pipedrive

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/google/go-cmp/cmp"
)

func TestIdentifyTellsTheCompanyAndWhoAuthorised(t *testing.T) {
	a := newAccount(t)
	a.clock.Advance(2 * time.Second)
	got, err := a.connector.Identify(t.Context())
	want := []platform.Identity{{Account: a.sim.Access().Account, Name: "Acme", User: "sam@acme.example", Budgets: []platform.Budget{{Name: "calls in two seconds", Left: 479, Max: 480}}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, body := range []string{`{"success":true,"data":{}}`, `{"success":true,"data":null}`, `{"success":true,"data":{"company_id":"x"}}`, `<html>`} {
		_, err := answering(t, 200, nil, body).Identify(t.Context())
		wantKind(t, err, fault.Transient)
	}
}

func TestDescribeTellsLabelsOptionsAndCustomFields(t *testing.T) {
	a := newAccount(t)
	budget := a.sim.AddField("deals", "Budget", "monetary")
	a.sim.AddField("deals", "Team", "enum", "Red", "Blue")
	twice := []string{a.sim.AddField("deals", "Twice", "varchar"), a.sim.AddField("deals", "Twice", "double")}
	bracketed := a.sim.AddField("deals", "Size [EU]", "double")
	infos, err := a.connector.Describe(t.Context(), "deals")
	if err != nil {
		t.Fatal(err)
	}
	byName := map[record.PlatformField]platform.FieldInfo{}
	for _, info := range infos {
		byName[info.Name] = info
	}
	for name, want := range map[record.PlatformField]struct {
		label   string
		kind    catalog.Kind
		custom  bool
		options int
	}{
		"title": {"Title", catalog.Text, false, 0}, "value": {"Value", catalog.Money, false, 0}, "status": {"Status", catalog.Enum, false, 3}, "stage_id": {"Stage", catalog.Enum, false, 5},
		"pipeline_id": {"Pipeline", catalog.Enum, false, 2}, "person_id": {"Contact person", catalog.Reference, false, 0}, marker: {"FluxCascade ID", catalog.Text, true, 0},
		"custom_fields[Budget]": {"Budget", catalog.Money, true, 0}, "custom_fields[Budget].currency": {"Budget (currency)", catalog.Text, true, 0}, "custom_fields[Team]": {"Team", catalog.Enum, true, 2},
		record.PlatformField("custom_fields[" + twice[0] + "]"): {"Twice", catalog.Text, true, 0}, record.PlatformField("custom_fields[" + twice[1] + "]"): {"Twice", catalog.Number, true, 0},
		record.PlatformField("custom_fields[" + bracketed + "]"): {"Size [EU]", catalog.Number, true, 0},
	} {
		got, there := byName[name]
		if !there || got.Label != want.label || got.Kind != want.kind || got.Custom != want.custom || len(got.Options) != want.options || len(got.Values) != want.options && want.options != 0 {
			t.Errorf("%s is described as %+v, there %v", name, got, there)
		}
	}
	if stages := byName["stage_id"].Options; stages[3].Value != "4" || stages[3].Label != "Pipeline 2: Signed" {
		t.Errorf("stages %v", stages)
	}
	for _, wrong := range []string{"custom_fields[Twice]", "custom_fields[Size [EU]]", "custom_fields[" + budget + "]"} {
		if info, there := byName[record.PlatformField(wrong)]; there {
			t.Errorf("%s is described as %+v", wrong, info)
		}
	}
	people, err := a.connector.Describe(t.Context(), "persons")
	if err != nil {
		t.Fatal(err)
	}
	names := map[record.PlatformField]string{}
	for _, info := range people {
		names[info.Name] = info.Label
	}
	if names["emails[work].value"] != "Email (work)" || names["phones[primary].value"] != "Phone (primary)" || names["job_title"] != "" {
		t.Errorf("labels %v", names)
	}
}

func TestPrepareMakesTheFieldOnce(t *testing.T) {
	a := newAccount(t)
	for range 2 {
		for _, object := range a.sim.Objects() {
			if err := a.connector.Prepare(t.Context(), object, "custom_fields[Our ID]"); err != nil {
				t.Errorf("%s: %v", object, err)
			}
		}
	}
	for _, object := range a.sim.Objects() {
		infos, err := a.connector.Describe(t.Context(), object)
		if n := len(slices.DeleteFunc(infos, func(i platform.FieldInfo) bool { return i.Label != "Our ID" })); n != 1 || err != nil {
			t.Errorf("%s has %d, %v", object, n, err)
		}
	}
	if err := a.connector.Prepare(t.Context(), "persons", "name"); err != nil {
		t.Errorf("a field of the platform's own: %v", err)
	}
	number := a.sim.AddField("persons", "Number", "double")
	a.sim.AddField("persons", "Twice", "varchar")
	a.sim.AddField("persons", "Twice", "varchar")
	for _, marker := range []record.PlatformField{"custom_fields[Number]", record.PlatformField("custom_fields[" + number + "]"), "custom_fields[Twice]", "first_name", "nonsense", "custom_fields[x].value",
		record.PlatformField("custom_fields[" + strings.Repeat("a", 40) + "]")} {
		wantKind(t, a.connector.Prepare(t.Context(), "persons", marker), fault.Rejected)
	}
	wantKind(t, a.connector.Prepare(t.Context(), "leads", marker), fault.Rejected)
	a.sim.SetFaults(platformsim.Faults{ServerError: 1})
	wantKind(t, a.connector.Prepare(t.Context(), "persons", "custom_fields[New]"), fault.Transient)
	a.sim.SetFaults(platformsim.Faults{})
	lost := true
	a.before = func(_ int, r *http.Request) {
		if r.Method == http.MethodPost && lost {
			lost = false
			a.sim.SetFaults(platformsim.Faults{LostAnswer: 1})
		}
	}
	wantKind(t, a.connector.Prepare(t.Context(), "persons", "custom_fields[New]"), fault.InDoubt)
	a.sim.SetFaults(platformsim.Faults{})
	if err := a.connector.Prepare(t.Context(), "persons", "custom_fields[New]"); err != nil { // it looks first
		t.Error(err)
	}
	if _, err := a.connector.Fetch(t.Context(), "persons", []record.PlatformField{"custom_fields[New]"}, a.persons(1)); err != nil {
		t.Errorf("made twice, or not at all: %v", err)
	}
}

func TestWebhooksAreOneForEachObjectAndOurs(t *testing.T) {
	a := newAccount(t)
	want := platform.Subscription{Callback: "https://sync.example/webhooks/pipedrive", Secret: "s1", Fields: map[record.Object][]record.PlatformField{"persons": nil, "deals": nil, "leads": nil}}
	first, err := a.connector.Subscribe(t.Context(), want)
	if err != nil || len(first) != 2 {
		t.Fatalf("%v, %v", first, err)
	}
	want.Known = first
	again, err := a.connector.Subscribe(t.Context(), want)
	if diff := cmp.Diff(first, again); diff != "" || err != nil {
		t.Errorf("again: %v (-first +again):\n%s", err, diff)
	}
	if active, _ := a.sim.Hooks(); active != 5 { // three were there by hand, for another callback
		t.Errorf("%d webhooks", active)
	}
	// Without what was known, the password of those there is not known either: they are made again.
	want.Known, want.Secret = nil, "s2"
	anew, err := a.connector.Subscribe(t.Context(), want)
	if active, _ := a.sim.Hooks(); err != nil || len(anew) != 2 || slices.Contains(anew, first[0]) || active != 5 {
		t.Errorf("anew: %v, %v, %d webhooks", anew, err, active)
	}
	id := a.persons(1)[0]
	received := 0
	for _, d := range a.sim.Deliveries() {
		if d.URL != want.Callback {
			continue
		}
		hints, err := Receive("s2", platform.Request{Header: d.Header, Body: d.Body, Now: a.clock.Now()})
		if err != nil || len(hints) != 1 || hints[0].ID != id {
			t.Errorf("%v, %v", hints, err)
		}
		received++
	}
	if received != 1 {
		t.Errorf("%d events at the callback", received)
	}
	for range 2 {
		if err := a.connector.Unsubscribe(t.Context(), anew); err != nil {
			t.Error(err)
		}
	}
	for _, odd := range []platform.Subscription{{Callback: "http://sync.example", Secret: "s"}, {Callback: "https://sync.example"}} {
		_, err := a.connector.Subscribe(t.Context(), odd)
		wantKind(t, err, fault.Rejected)
	}
	wantKind(t, a.connector.Unsubscribe(t.Context(), []string{"../persons/1"}), fault.Rejected)
}

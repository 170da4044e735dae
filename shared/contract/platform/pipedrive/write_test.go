package pipedrive

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/google/go-cmp/cmp"
)

func target(object record.Object, id record.ExternalID) record.Ref {
	return record.Ref{Place: record.Place{Connection: "crm", Object: object}, ID: id}
}

// createIntent carries our identity in the marker.
func (a *account) createIntent(key string, object record.Object, fields record.Fields) record.Intent {
	fields[marker] = key
	return record.Intent{Key: key, Operation: record.OperationCreate, Ref: target(object, ""), Fields: fields, Marker: marker}
}

// updateIntent pre-reads the record.
func (a *account) updateIntent(object record.Object, id record.ExternalID, fields record.Fields) record.Intent {
	a.Helper()
	return record.Intent{Key: "u-" + string(id), Operation: record.OperationUpdate, Ref: target(object, id), Fields: fields, Current: a.snapshot(object, id)}
}

func deleteIntent(object record.Object, id record.ExternalID) record.Intent {
	return record.Intent{Key: "d-" + string(id), Operation: record.OperationDelete, Ref: target(object, id)}
}

// apply sends intents and wants a receipt for each.
func (a *account) apply(intents ...record.Intent) []record.Receipt {
	a.Helper()
	receipts, err := a.connector.Apply(a.Context(), intents)
	if err != nil || len(receipts) != len(intents) {
		a.Fatalf("apply: %d receipts, %v", len(receipts), err)
	}
	for i, r := range receipts {
		if r.Key != intents[i].Key {
			a.Errorf("receipt %d has key %q, want %q", i, r.Key, intents[i].Key)
		}
	}
	return receipts
}

// applied is apply, and wants no error.
func (a *account) applied(intents ...record.Intent) []record.Receipt {
	a.Helper()
	receipts := a.apply(intents...)
	for i, r := range receipts {
		if r.Err != nil {
			a.Fatalf("receipt %d: %v", i, r.Err)
		}
	}
	return receipts
}

// wantList compares a person's emails or phones with how their screen shows them.
func (a *account) wantList(id record.ExternalID, name string, want ...string) {
	a.Helper()
	if diff := cmp.Diff(append([]string{}, want...), a.sim.List(id, name)); diff != "" {
		a.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestCreateAnswersTheRecordAsThePlatformSpellsIt(t *testing.T) {
	a := newAccount(t)
	firm := a.create("organizations", record.Fields{"name": "Acme"})
	a.seen = nil
	got := a.applied(a.createIntent("e-1", "persons", record.Fields{"name": "  Ada Lovelace", "emails[primary].value": "Ada@Example.com", "emails[home].value": "ada@home.example",
		"phones[mobile].value": "4155551234", "org_id": string(firm), "phones[work].value": "", "label_ids": "6,5"}))[0]
	want := record.Fields{"name": "Ada Lovelace", "emails[primary].value": "Ada@Example.com", "emails[home].value": "ada@home.example", "phones[mobile].value": "4155551234",
		"org_id": string(firm), "phones[work].value": "", "label_ids": "5,6", marker: "e-1"}
	if diff := cmp.Diff(want, got.Snapshot.Fields); diff != "" || got.Existing || got.Snapshot.ID != got.ID || !got.Snapshot.ModifiedAt.Equal(a.clock.Now()) {
		t.Errorf("receipt %+v (-want +got):\n%s", got, diff)
	}
	a.wantTruth("persons", got.ID, want)
	a.wantList(got.ID, "emails", "Ada@Example.com work primary", "ada@home.example home")
	if len(a.seen) != 1 {
		t.Errorf("%d requests, want one", len(a.seen))
	}
	deal := a.applied(a.createIntent("e-2", "deals", record.Fields{"title": "Engine", "value": "150.50", "person_id": string(got.ID), "status": "won", "stage_id": "4"}))[0]
	a.wantTruth("deals", deal.ID, record.Fields{"value": "150.5", "status": "won", "pipeline_id": "2", "person_id": string(got.ID), "won_time": "2026-03-02T17:00:00Z"})
	org := a.applied(a.createIntent("e-3", "organizations", record.Fields{"name": "Acme", "address.value": "1 Main, Springfield, USA"}))[0]
	a.wantTruth("organizations", org.ID, record.Fields{"address.value": "1 Main, Springfield, USA", "address.locality": "Springfield"})
}

func TestMoneyIsNeverAFloatOfOurs(t *testing.T) {
	a := newAccount(t)
	a.sim.AddField("deals", "Budget", "monetary")
	a.clock.Advance(2 * definitionsRest)
	sent := ""
	a.before = func(_ int, r *http.Request) {
		if r.Method == http.MethodPost {
			sent = bodyOf(t, r)
		}
	}
	got := a.applied(a.createIntent("e-1", "deals", record.Fields{"title": "Big", "value": "1234567890123456.78", "custom_fields[Budget]": "0.10", "custom_fields[Budget].currency": "EUR"}))[0]
	if !strings.Contains(sent, `"value":1234567890123456.78`) || !strings.Contains(sent, `{"currency":"EUR","value":0.1}`) {
		t.Errorf("sent %s", sent)
	}
	// The platform keeps a double; what it made of the amount is in the receipt.
	if got.Snapshot.Fields["value"] != "1234567890123456.8" || got.Snapshot.Fields["custom_fields[Budget]"] != "0.1" {
		t.Errorf("receipt %v", got.Snapshot.Fields)
	}
}

func TestListsGoBackWholeWithTheirSiblings(t *testing.T) {
	a := newAccount(t)
	id := a.create("persons", record.Fields{"name": "Ada", "phones[primary].value": "1", "phones[home].value": "2", "phones[mobile].value": "3", "emails[primary].value": "a@example.com"})
	a.applied(a.updateIntent("persons", id, record.Fields{"phones[home].value": "22"}))
	a.wantList(id, "phones", "22 home", "3 mobile", "1 work primary")
	a.applied(a.updateIntent("persons", id, record.Fields{"phones[primary].value": "11", "phones[mobile].value": "", "phones[other].value": "4"}))
	if got := strings.Join(a.sim.List(id, "phones"), ", "); !strings.Contains(got, "11 work primary") || strings.Contains(got, "mobile") || !strings.Contains(got, "22 home") || !strings.Contains(got, "4 other") {
		t.Errorf("phones %s", got)
	}
	a.wantList(id, "emails", "a@example.com work primary")
	receipt := a.apply(a.updateIntent("persons", id, record.Fields{"phones[primary].value": ""}))[0]
	wantKind(t, receipt.Err, fault.Rejected) // the platform would make another the primary one, which would be blanked next
	alone := record.Intent{Key: "k", Operation: record.OperationUpdate, Ref: target("persons", id), Fields: record.Fields{"emails[primary].value": ""}}
	wantKind(t, a.apply(a.updateIntent("persons", id, alone.Fields))[0].Err, fault.Rejected) // the work one, which is the same, is mapped too
	a.applied(alone)
	a.wantList(id, "emails")
	a.seen = nil
	a.applied(alone)
	if n := len(a.seen); n != 1 { // nothing to clear: a read, and no write
		t.Errorf("%d requests to clear what is blank", n)
	}
}

func TestOneElementOfTwoSelectorsIsParted(t *testing.T) {
	for name, tt := range map[string]struct {
		list   platform.Elements
		mapped []string
		due    map[string]string
		want   platform.Elements
	}{
		"another description of the primary one": {platform.Elements{{Value: "1", Primary: true, Label: "mobile"}}, []string{"primary", "mobile"}, map[string]string{"mobile": "2"}, platform.Elements{{Value: "1", Primary: true, Label: "mobile"}, {Value: "2", Label: "mobile"}}},
		"the primary one of another's":           {platform.Elements{{Value: "1", Primary: true, Label: "mobile"}}, []string{"primary", "mobile"}, map[string]string{"primary": "2"}, platform.Elements{{Value: "1", Label: "mobile"}, {Value: "2", Primary: true, Label: "work"}}},
		"both to the same":                       {platform.Elements{{Value: "1", Primary: true, Label: "mobile"}}, []string{"primary", "mobile"}, map[string]string{"primary": "2", "mobile": "2"}, platform.Elements{{Value: "2", Primary: true, Label: "mobile"}}},
		"the shared one away from its label":     {platform.Elements{{Value: "1", Primary: true, Label: "mobile"}}, []string{"primary", "mobile"}, map[string]string{"mobile": ""}, platform.Elements{{Value: "1", Primary: true, Label: "other"}}},
		"not mapped twice":                       {platform.Elements{{Value: "1", Primary: true, Label: "mobile"}}, []string{"mobile"}, map[string]string{"mobile": "2"}, platform.Elements{{Value: "2", Primary: true, Label: "mobile"}}},
		"a new one":                              {nil, []string{"home"}, map[string]string{"home": "2"}, platform.Elements{{Value: "2", Label: "home"}}},
		"the same":                               {platform.Elements{{Value: "1", Primary: true, Label: "work"}}, []string{"primary"}, map[string]string{"primary": "1"}, platform.Elements{{Value: "1", Primary: true, Label: "work"}}},
	} {
		l := listEdit{platform.ListEdit{List: tt.list, Mapped: tt.mapped, Due: tt.due}}
		if problem := l.plan(); problem != "" {
			t.Errorf("%s: %s", name, problem)
		}
		if diff := cmp.Diff(tt.want, l.List); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAnEditOfAListSinceThePreReadIsNotOverwritten(t *testing.T) {
	a := newAccount(t)
	id := a.create("persons", record.Fields{"name": "Ada", "phones[primary].value": "1"})
	stale := a.updateIntent("persons", id, record.Fields{"phones[primary].value": "ours"})
	a.edit("persons", id, record.Fields{"phones[primary].value": "theirs"})
	wantKind(t, a.apply(stale)[0].Err, fault.Stale)
	a.wantTruth("persons", id, record.Fields{"phones[primary].value": "theirs"})
	other := a.updateIntent("persons", id, record.Fields{"phones[home].value": "2"})
	a.edit("persons", id, record.Fields{"phones[primary].value": "newer"})
	a.applied(other) // another element moved: it goes back as it is now
	a.wantTruth("persons", id, record.Fields{"phones[primary].value": "newer", "phones[home].value": "2"})
}

func TestAWriteThatFailsTellsNothingOfBeforeIt(t *testing.T) {
	a := newAccount(t)
	id := a.create("persons", record.Fields{"name": "Ada", "phones[primary].value": "1"})
	intent := a.updateIntent("persons", id, record.Fields{"phones[primary].value": "2", "org_id": "99"})
	receipt := a.apply(intent)[0]
	if wantKind(t, receipt.Err, fault.Rejected); receipt.Snapshot != nil {
		t.Errorf("receipt %+v", receipt)
	}
}

func TestTenAreWrittenEachAlone(t *testing.T) {
	a := newAccount(t)
	ids := a.persons(4)
	intents := []record.Intent{a.updateIntent("persons", ids[0], record.Fields{"name": "A", "org_id": ""}), a.updateIntent("persons", ids[1], record.Fields{"org_id": "99"}),
		a.updateIntent("persons", ids[2], record.Fields{"name": "C"}), a.updateIntent("persons", ids[3], record.Fields{"name": "D"})}
	a.do(a.sim.Delete("persons", ids[2]))
	receipts := a.apply(intents...)
	wantKind(t, receipts[1].Err, fault.Rejected)
	wantKind(t, receipts[2].Err, fault.Gone)
	if receipts[0].Err != nil || receipts[3].Err != nil || receipts[0].Snapshot.Fields["name"] != "A" {
		t.Errorf("receipts %+v", receipts)
	}
	a.wantTruth("persons", ids[3], record.Fields{"name": "D"})
	var many []record.Intent
	for i := range 11 {
		many = append(many, a.createIntent(fmt.Sprint("e-", i), "persons", record.Fields{"name": fmt.Sprint("N", i)}))
	}
	_, err := a.connector.Apply(t.Context(), many)
	wantKind(t, err, fault.Rejected)
	for i, r := range a.applied(many[:10]...) {
		a.wantTruth("persons", r.ID, record.Fields{"name": fmt.Sprint("N", i), marker: fmt.Sprint("e-", i)})
	}
	_, err = a.connector.Apply(t.Context(), []record.Intent{many[0], deleteIntent("deals", "1")})
	wantKind(t, err, fault.Rejected)
	if receipts, err := a.connector.Apply(t.Context(), nil); receipts != nil || err != nil {
		t.Errorf("nothing: %v, %v", receipts, err)
	}
}

func TestDeletingArchivingAndBringingBack(t *testing.T) {
	a := newAccount(t)
	ids := a.persons(3)
	a.do(a.sim.Delete("persons", ids[1]))
	archive := deleteIntent("persons", ids[2])
	archive.Operation = record.OperationArchive // the same, in another word
	receipts := a.apply(deleteIntent("persons", ids[0]), deleteIntent("persons", ids[1]), archive)
	if receipts[0].Err != nil || receipts[2].Err != nil || len(a.sim.IDs("persons")) != 0 {
		t.Errorf("receipts %+v", receipts)
	}
	wantKind(t, receipts[1].Err, fault.Gone)
	deal := a.create("deals", record.Fields{"title": "Engine", "value": "7"})
	for _, operation := range []record.Operation{record.OperationArchive, record.OperationRestore, record.OperationDelete} {
		intent := deleteIntent("deals", deal)
		intent.Operation = operation
		receipt := a.applied(intent)[0]
		if operation != record.OperationDelete {
			receipt = a.applied(intent)[0] // once more is harmless, though an archived deal takes no edit
		}
		_, archived, there := a.sim.Record("deals", deal)
		if archived != (operation == record.OperationArchive) || there == (operation == record.OperationDelete) {
			t.Errorf("after %s: archived %v, there %v, receipt %+v", operation, archived, there, receipt)
		}
	}
}

func TestWhatIsNotOfThePlatformIsRefusedUnsent(t *testing.T) {
	a := newAccount(t)
	id := a.persons(1)[0]
	for name, intent := range map[string]record.Intent{
		"restore":          {Operation: record.OperationRestore, Ref: target("persons", id)},
		"unknown":          {Operation: "x", Ref: target("persons", id)},
		"no id":            {Operation: record.OperationUpdate, Ref: target("persons", ""), Fields: record.Fields{"name": "x"}},
		"odd id":           {Operation: record.OperationDelete, Ref: target("persons", "1/../2")},
		"read-only":        {Operation: record.OperationUpdate, Ref: target("persons", id), Fields: record.Fields{"first_name": "x"}},
		"unknown field":    {Operation: record.OperationUpdate, Ref: target("persons", id), Fields: record.Fields{"Nonsense": "x"}},
		"needed and blank": {Operation: record.OperationUpdate, Ref: target("persons", id), Fields: record.Fields{"name": ""}},
		"no reference":     {Operation: record.OperationUpdate, Ref: target("persons", id), Fields: record.Fields{"org_id": "x"}},
		"no list of ids":   {Operation: record.OperationUpdate, Ref: target("persons", id), Fields: record.Fields{"label_ids": "1,x"}},
		"no date":          {Operation: record.OperationUpdate, Ref: target("deals", "1"), Fields: record.Fields{"expected_close_date": "lately"}},
		"no number":        {Operation: record.OperationUpdate, Ref: target("deals", "1"), Fields: record.Fields{"value": "1e999999999"}},
		"no status":        {Operation: record.OperationUpdate, Ref: target("deals", "1"), Fields: record.Fields{"status": "deleted"}},
	} {
		t.Run(name, func(t *testing.T) {
			receipts, err := a.connector.Apply(t.Context(), []record.Intent{intent})
			if err != nil {
				t.Fatal(err)
			}
			if wantKind(t, receipts[0].Err, fault.Rejected); strings.Contains(receipts[0].Err.Error(), "lately") {
				t.Errorf("tells a value: %v", receipts[0].Err)
			}
		})
	}
	if len(a.seen) > 0 {
		t.Errorf("%d requests", len(a.seen))
	}
}

func TestACreateWhoseParentIsNotFoundWaits(t *testing.T) {
	c := answering(t, 404, nil, `{"success":false,"error":"Entity was not found","code":"ERR_NOT_FOUND"}`)
	for want, fields := range map[fault.Kind]record.Fields{fault.Waiting: {"name": "x", "org_id": "7"}, fault.Rejected: {"name": "x"}} {
		receipts, err := c.Apply(t.Context(), []record.Intent{{Key: "k", Operation: record.OperationCreate, Ref: target("persons", ""), Fields: fields}})
		if err != nil {
			t.Fatal(err)
		}
		wantKind(t, receipts[0].Err, want)
	}
}

package salesforce

import (
	"fmt"
	"net/http"
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

func target(object record.Object, id record.ExternalID) record.Ref {
	return record.Ref{Place: record.Place{Connection: "crm", Object: object}, ID: id}
}

// createIntent carries our identity in the marker.
func (o *org) createIntent(key string, object record.Object, fields record.Fields) record.Intent {
	fields[marker] = key
	return record.Intent{Key: key, Operation: record.OperationCreate, Ref: target(object, ""), Fields: fields, Marker: marker}
}

// updateIntent pre-reads the record.
func (o *org) updateIntent(object record.Object, id record.ExternalID, fields record.Fields) record.Intent {
	o.Helper()
	return record.Intent{Key: "u-" + string(id), Operation: record.OperationUpdate, Ref: target(object, id), Fields: fields, Current: o.snapshot(object, id)}
}

func deleteIntent(object record.Object, id record.ExternalID) record.Intent {
	return record.Intent{Key: "d-" + string(id), Operation: record.OperationDelete, Ref: target(object, id)}
}

// apply sends intents and wants a receipt for each.
func (o *org) apply(intents ...record.Intent) []record.Receipt {
	o.Helper()
	receipts, err := o.connector.Apply(o.Context(), intents)
	if err != nil || len(receipts) != len(intents) {
		o.Fatalf("apply: %d receipts, %v", len(receipts), err)
	}
	for i, r := range receipts {
		if r.Key != intents[i].Key {
			o.Errorf("receipt %d has key %q, want %q", i, r.Key, intents[i].Key)
		}
	}
	return receipts
}

// applied is apply, and wants no error.
func (o *org) applied(intents ...record.Intent) []record.Receipt {
	o.Helper()
	receipts := o.apply(intents...)
	for i, r := range receipts {
		if r.Err != nil {
			o.Fatalf("receipt %d: %v", i, r.Err)
		}
	}
	return receipts
}

// wantTruth compares the fields named in want with the truth.
func (o *org) wantTruth(object record.Object, id record.ExternalID, want record.Fields) {
	o.Helper()
	got := record.Fields{}
	for name, value := range o.truth(object, id) {
		if _, asked := want[name]; asked {
			got[name] = value
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		o.Errorf("%s/%s (-want +truth):\n%s", object, id, diff)
	}
}

func TestCreateAnswersTheRecordAsThePlatformSpellsIt(t *testing.T) {
	o := newOrg(t)
	firm := o.create("Account", record.Fields{"Name": "Acme"})
	fields := record.Fields{"LastName": "  Lovelace", "FirstName": "Ada", "Email": "Ada@Example.com", "Phone": "4155551234", "MailingStreet": "1 Main\nSuite 2",
		"AccountId": string(firm[:15]), "Birthdate": "1815-12-10", "Title": "", "Score__c": "2.555"}
	got := o.applied(o.createIntent("e-1", "Contact", fields))[0]
	want := record.Fields{"LastName": "Lovelace", "FirstName": "Ada", "Email": "ada@example.com", "Phone": "4155551234", "MailingStreet": "1 Main\nSuite 2",
		"AccountId": string(firm), "Birthdate": "1815-12-10", "Title": "", "Score__c": "2.56", marker: "e-1"}
	if diff := cmp.Diff(want, got.Snapshot.Fields); diff != "" || got.Existing || got.Snapshot.ID != got.ID || !got.Snapshot.ModifiedAt.Equal(o.clock.Now()) {
		t.Errorf("receipt %+v (-want +got):\n%s", got, diff)
	}
	o.wantTruth("Contact", got.ID, want)
	if n := o.requests("/Contact/" + marker); n != 1 || len(o.seen) != 2 {
		t.Errorf("%d upserts in %d requests, want one and a read", n, len(o.seen))
	}
}

func TestMoneyKeepsEveryDigit(t *testing.T) {
	o := newOrg(t)
	got := o.applied(o.createIntent("e-1", "Opportunity", record.Fields{"Name": "Big", "StageName": "Prospecting", "CloseDate": "2026-05-01", "Amount": "1234567890123456.78"}))[0]
	o.wantTruth("Opportunity", got.ID, record.Fields{"Amount": "1234567890123456.78"})
	if got.Snapshot.Fields["Amount"] != "1234567890123456.78" {
		t.Errorf("receipt's amount %s", got.Snapshot.Fields["Amount"])
	}
	again := o.applied(o.updateIntent("Opportunity", got.ID, record.Fields{"Amount": "0.105"}))[0]
	if again.Snapshot.Fields["Amount"] != "0.11" {
		t.Errorf("rounded amount is told as %q", again.Snapshot.Fields["Amount"])
	}
}

func TestACreateTriedBeforeThatNeverLandedIsMade(t *testing.T) {
	o := newOrg(t)
	intent := o.createIntent("e-1", "Contact", record.Fields{"LastName": "Once"})
	intent.AttemptsBegan = o.clock.Now()
	receipt := o.applied(intent)[0]
	if receipt.Existing || len(o.sim.IDs("Contact")) != 1 {
		t.Errorf("receipt %+v", receipt)
	}
	o.sim.SetFaults(platformsim.Faults{ServerError: 1})
	intent.Key = "e-2"
	_, err := o.connector.Apply(t.Context(), []record.Intent{intent})
	wantKind(t, err, fault.Transient) // the look-up failed, so nothing was sent
}

func TestAMarkerInAStandardFieldIsLookedFor(t *testing.T) {
	o := newOrg(t)
	intent := record.Intent{Key: "k", Operation: record.OperationCreate, Ref: target("Account", ""), Fields: record.Fields{"Name": "Acme", "AccountNumber": "e-1"}, Marker: "AccountNumber"}
	first := o.applied(intent)[0]
	intent.AttemptsBegan = o.clock.Now()
	again := o.applied(intent)[0]
	if first.Existing || !again.Existing || again.ID != first.ID || len(o.sim.IDs("Account")) != 1 {
		t.Errorf("first %+v, again %+v", first, again)
	}
	o.create("Account", record.Fields{"Name": "Copy", "AccountNumber": "e-1"})
	wantKind(t, o.apply(intent)[0].Err, fault.Rejected) // which of two is ours is not for us to say
	if n := len(o.sim.IDs("Account")); n != 2 {
		t.Errorf("%d accounts", n)
	}
}

func TestCreateNamesWhoHoldsAUniqueValue(t *testing.T) {
	o := newOrg(t)
	holder := o.create("Contact", record.Fields{"LastName": "Curie", marker: "e-1"})
	intent := record.Intent{Key: "k", Operation: record.OperationCreate, Ref: target("Contact", ""), Fields: record.Fields{"LastName": "X", marker: "e-1"}}
	got := o.applied(intent)[0] // without a marker told it is no upsert
	if !got.Existing || got.ID != holder || got.Snapshot.Fields["LastName"] != "Curie" {
		t.Errorf("receipt %+v", got)
	}
	o.wantTruth("Contact", holder, record.Fields{"LastName": "Curie"})
}

func TestADuplicateRuleNamesItsMatchIfItHasOne(t *testing.T) {
	o := newOrg(t)
	holder := o.create("Contact", record.Fields{"LastName": "Curie", "Email": "m@example.com"})
	o.sim.ForbidDuplicates()
	got := o.applied(o.createIntent("e-1", "Contact", record.Fields{"LastName": "Curie", "Email": "m@example.com"}))[0]
	if !got.Existing || got.ID != holder || got.Snapshot.Fields[marker] != "" {
		t.Errorf("receipt %+v", got)
	}
	if n := len(o.sim.IDs("Contact")); n != 1 {
		t.Errorf("%d contacts", n)
	}
}

func TestUpdateAloneIsConditional(t *testing.T) {
	o := newOrg(t)
	id := o.contacts(1)[0]
	stale := o.updateIntent("Contact", id, record.Fields{"Title": "ours"})
	o.clock.Advance(2 * time.Second)
	o.edit("Contact", id, record.Fields{"Title": "theirs"})
	receipt := o.apply(stale)[0]
	wantKind(t, receipt.Err, fault.Stale)
	o.wantTruth("Contact", id, record.Fields{"Title": "theirs"})
	fresh := o.applied(o.updateIntent("Contact", id, record.Fields{"Title": "ours", "FirstName": ""}))[0]
	if fresh.Snapshot.Fields["Title"] != "ours" {
		t.Errorf("receipt %+v", fresh.Snapshot)
	}
	// The platform's own work moves SystemModstamp alone: no reason to refuse.
	intent := o.updateIntent("Contact", id, record.Fields{"Title": "again"})
	o.clock.Advance(time.Minute)
	o.sim.Touch("Contact", id)
	o.applied(intent)
}

func TestUpdatesInBulkAreOneCallEachRecordAlone(t *testing.T) {
	o := newOrg(t)
	ids := o.contacts(4)
	o.edit("Contact", ids[0], record.Fields{"Email": "a@example.com", "FirstName": "A"})
	intents := []record.Intent{
		o.updateIntent("Contact", ids[0], record.Fields{"Title": "A", "Email": ""}),
		o.updateIntent("Contact", ids[1], record.Fields{"Email": "nonsense"}),
		o.updateIntent("Contact", ids[2], record.Fields{"Title": "C"}),
		o.updateIntent("Contact", ids[3], record.Fields{"Title": "D"}),
	}
	if err := o.sim.Delete("Contact", ids[2]); err != nil {
		t.Fatal(err)
	}
	o.seen = nil
	receipts := o.apply(intents...)
	wantKind(t, receipts[1].Err, fault.Rejected)
	wantKind(t, receipts[2].Err, fault.Gone)
	if receipts[0].Err != nil || receipts[3].Err != nil || receipts[0].Snapshot.Fields["Title"] != "A" {
		t.Errorf("receipts %+v", receipts)
	}
	if n := o.requests("/composite/sobjects"); n != 1 || len(o.seen) != 2 {
		t.Errorf("%d collections in %d requests", n, len(o.seen))
	}
	o.wantTruth("Contact", ids[0], record.Fields{"Title": "A", "Email": "", "FirstName": "A"})
	o.wantTruth("Contact", ids[3], record.Fields{"Title": "D"})
}

func TestTwoHundredAreOneCall(t *testing.T) {
	o := newOrg(t)
	var intents []record.Intent
	for i := range 200 {
		intents = append(intents, o.createIntent(fmt.Sprint("e-", i), "Contact", record.Fields{"LastName": fmt.Sprint("N", i)}))
	}
	receipts := o.applied(intents...)
	if len(o.seen) != 2 {
		t.Errorf("%d requests, want a write and a read", len(o.seen))
	}
	for i, r := range receipts {
		o.wantTruth("Contact", r.ID, record.Fields{"LastName": fmt.Sprint("N", i), marker: fmt.Sprint("e-", i)})
	}
	_, err := o.connector.Apply(t.Context(), append(intents, intents[0]))
	wantKind(t, err, fault.Rejected)
	_, err = o.connector.Apply(t.Context(), []record.Intent{intents[0], deleteIntent("Account", "0015f0000000001AAA")})
	wantKind(t, err, fault.Rejected)
	if receipts, err := o.connector.Apply(t.Context(), nil); receipts != nil || err != nil {
		t.Errorf("nothing: %v, %v", receipts, err)
	}
}

func TestDeletesGoToTheBinTogether(t *testing.T) {
	o := newOrg(t)
	ids := o.contacts(3)
	if err := o.sim.Delete("Contact", ids[1]); err != nil {
		t.Fatal(err)
	}
	archive := deleteIntent("Contact", ids[2])
	archive.Operation = record.OperationArchive // the same, in another word
	receipts := o.apply(deleteIntent("Contact", ids[0]), deleteIntent("Contact", ids[1]), archive)
	if receipts[0].Err != nil || receipts[2].Err != nil {
		t.Errorf("receipts %+v", receipts)
	}
	wantKind(t, receipts[1].Err, fault.Gone)
	if len(o.sim.IDs("Contact")) != 0 || len(o.seen) != 1 {
		t.Errorf("%d left after %d requests", len(o.sim.IDs("Contact")), len(o.seen))
	}
}

func TestWhatIsNotOfThePlatformIsRefusedUnsent(t *testing.T) {
	o := newOrg(t)
	id := o.contacts(1)[0]
	for name, intent := range map[string]record.Intent{
		"restore":          {Operation: record.OperationRestore, Ref: target("Contact", id)},
		"unknown":          {Operation: "x", Ref: target("Contact", id)},
		"no id":            {Operation: record.OperationUpdate, Ref: target("Contact", ""), Fields: record.Fields{"Title": "x"}},
		"odd id":           {Operation: record.OperationDelete, Ref: target("Contact", "a,b")},
		"read-only":        {Operation: record.OperationUpdate, Ref: target("Contact", id), Fields: record.Fields{"Name": "x"}},
		"unknown field":    {Operation: record.OperationUpdate, Ref: target("Contact", id), Fields: record.Fields{"Nonsense": "x"}},
		"needed and blank": {Operation: record.OperationUpdate, Ref: target("Contact", id), Fields: record.Fields{"LastName": ""}},
		"no date":          {Operation: record.OperationUpdate, Ref: target("Contact", id), Fields: record.Fields{"Birthdate": "lately"}},
		"no reference":     {Operation: record.OperationUpdate, Ref: target("Contact", id), Fields: record.Fields{"AccountId": "x"}},
		"no number":        {Operation: record.OperationUpdate, Ref: target("Account", "0015f0000000001AAA"), Fields: record.Fields{"AnnualRevenue": "1e999999999"}},
		"creation only":    {Operation: record.OperationUpdate, Ref: target("Opportunity", "0065f0000000001AAA"), Fields: record.Fields{"ContactId": string(id)}},
	} {
		t.Run(name, func(t *testing.T) {
			receipts, err := o.connector.Apply(t.Context(), []record.Intent{intent})
			if err != nil {
				t.Fatal(err)
			}
			if wantKind(t, receipts[0].Err, fault.Rejected); strings.Contains(receipts[0].Err.Error(), "lately") {
				t.Errorf("tells a value: %v", receipts[0].Err)
			}
		})
	}
	if len(o.seen) > 0 {
		t.Errorf("%d requests", len(o.seen))
	}
}

func TestAChildWaitsForItsParent(t *testing.T) {
	o := newOrg(t)
	firm := o.create("Account", record.Fields{"Name": "Acme"})
	person := o.create("Contact", record.Fields{"LastName": "Curie"})
	binned := o.create("Account", record.Fields{"Name": "Gone"})
	if err := o.sim.Delete("Account", binned); err != nil {
		t.Fatal(err)
	}
	good := string(long("0015f0000000099"))
	receipts := o.apply(o.createIntent("e-1", "Contact", record.Fields{"LastName": "A", "AccountId": good}),
		o.createIntent("e-2", "Contact", record.Fields{"LastName": "B", "AccountId": string(binned)}),
		o.createIntent("e-3", "Contact", record.Fields{"LastName": "C", "AccountId": string(firm)}))
	for i, r := range receipts[:2] {
		if wantKind(t, r.Err, fault.Waiting); r.ID != "" {
			t.Errorf("receipt %d names %s", i, r.ID)
		}
	}
	if receipts[2].Err != nil {
		t.Error(receipts[2].Err)
	}
	r := o.apply(o.updateIntent("Contact", person, record.Fields{"AccountId": good}))[0]
	wantKind(t, r.Err, fault.Waiting)
	r = o.apply(record.Intent{Key: "k", Operation: record.OperationUpdate, Ref: target("Contact", long("0035f0000000099")), Fields: record.Fields{"Title": "x"}})[0]
	wantKind(t, r.Err, fault.Gone)
}

func TestARefusedWholeIsSentInHalves(t *testing.T) {
	o := newOrg(t)
	var intents []record.Intent
	for i := range 16 {
		fields := record.Fields{"LastName": fmt.Sprint("N", i), "Score__c": "1"}
		if i == 5 {
			fields["Score__c"] = "much" // its type is the org's: only the platform can tell
		}
		intents = append(intents, o.createIntent(fmt.Sprint("e-", i), "Contact", fields))
	}
	for i, r := range o.apply(intents...) {
		if i == 5 {
			wantKind(t, r.Err, fault.Rejected)
		} else if r.Err != nil {
			t.Errorf("receipt %d: %v", i, r.Err)
		}
	}
	if n := len(o.sim.IDs("Contact")); n != 15 {
		t.Errorf("%d contacts, want 15", n)
	}
}

func TestHalvingEnds(t *testing.T) {
	o := newOrg(t)
	var intents []record.Intent
	for i := range 200 {
		intents = append(intents, o.createIntent(fmt.Sprint("e-", i), "Contact", record.Fields{"LastName": "N", "Score__c": "much"}))
	}
	rejected, left := 0, 0
	for _, r := range o.apply(intents...) {
		switch fault.KindOf(r.Err) {
		case fault.Rejected:
			rejected++
		case fault.Transient:
			left++
		}
	}
	if rejected == 0 || rejected+left != 200 || len(o.seen) > callsMax+1 {
		t.Errorf("%d refused and %d left after %d requests", rejected, left, len(o.seen))
	}
}

func TestAMarkerThatCannotBeUpsertedByIsRefusedOnce(t *testing.T) {
	o := newOrg(t)
	var intents []record.Intent
	for i := range 8 {
		intents = append(intents, record.Intent{Key: fmt.Sprint(i), Operation: record.OperationCreate, Ref: target("Contact", ""), Marker: "Score__c",
			Fields: record.Fields{"LastName": "X", "Score__c": fmt.Sprint(i)}})
	}
	for _, r := range o.apply(intents...) {
		wantKind(t, r.Err, fault.Rejected)
	}
	if len(o.seen) != 1 {
		t.Errorf("%d requests, want 1", len(o.seen))
	}
}

func TestSomebodysEditAfterOurWriteIsNotTakenForSpelling(t *testing.T) {
	o := newOrg(t)
	ids := o.contacts(2)
	intents := []record.Intent{o.updateIntent("Contact", ids[0], record.Fields{"Title": "ours", "Phone": "+1 555 0100"}), o.updateIntent("Contact", ids[1], record.Fields{"Title": "ours"})}
	o.before = func(_ int, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/queryAll") {
			o.before = nil
			o.edit("Contact", ids[0], record.Fields{"Title": "theirs", "Phone": "4155551234"})
		}
	}
	receipts := o.applied(intents...)
	if _, told := receipts[0].Snapshot.Fields["Title"]; told || !receipts[0].Snapshot.ModifiedAt.IsZero() {
		t.Errorf("their edit is told as our spelling: %+v", receipts[0].Snapshot)
	}
	if _, told := receipts[0].Snapshot.Fields["Phone"]; told {
		t.Error("their phone is told as our spelling")
	}
	if receipts[1].Snapshot.Fields["Title"] != "ours" || receipts[1].Snapshot.ModifiedAt.IsZero() {
		t.Errorf("the other: %+v", receipts[1].Snapshot)
	}
}

func TestAWriteWhoseReadingFailsIsDone(t *testing.T) {
	o := newOrg(t)
	o.before = func(_ int, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/queryAll") {
			o.sim.SetFaults(platformsim.Faults{ServerError: 1})
		}
	}
	receipt := o.applied(o.createIntent("e-1", "Contact", record.Fields{"LastName": "Curie"}))[0]
	want := record.Fields{marker: "e-1"}
	if diff := cmp.Diff(want, receipt.Snapshot.Fields); diff != "" || receipt.ID == "" || receipt.Existing {
		t.Errorf("receipt %+v: %s", receipt, diff)
	}
}

func TestValuesAreSpeltByTheirFields(t *testing.T) {
	o := must(catalog.Salesforce().Object("Opportunity"))
	for _, tt := range []struct {
		field           record.PlatformField
		asked, answered string
		want            bool
	}{
		{"Amount", "10.005", "10.01", true}, {"Amount", "10.005", "10", true}, {"Amount", "10.6", "11", true}, {"Amount", "10", "10.0", true},
		{"Amount", "10.004", "10.01", false}, {"Amount", "10", "11", false}, {"Amount", "10", "", false}, {"Name", "A ", "A", true}, {"Name", "A", "a", false},
		{"Description", "a\r\nb", "a\nb", true}, {"CloseDate", "2026-05-01", "2026-05-02", false}, {"StageName", "A", "a", false}, {"Name", "", "", true},
		{"AccountId", "0015f0000000001", string(long("0015f0000000001")), true}, {"Name", "1.4", "1", false}, {"Score__c", "1.4", "1", true},
	} {
		f, _ := o.Field(tt.field)
		if got := respelt(f, tt.asked, tt.answered); got != tt.want {
			t.Errorf("%s: %q answered as %q: %v", tt.field, tt.asked, tt.answered, got)
		}
	}
}

func TestEveryCallNamesUs(t *testing.T) {
	o := newOrg(t)
	ids := o.contacts(2)
	o.changes(platform.Query{Object: "Contact", Since: o.clock.Now(), Limit: 10})
	o.list(platform.Query{Object: "Contact", Limit: 10})
	o.applied(o.createIntent("a", "Contact", record.Fields{"LastName": "Curie"}), o.updateIntent("Contact", ids[0], record.Fields{"Title": "Prof"}))
	if err := o.connector.Prepare(t.Context(), "Contact", marker); err != nil {
		t.Error(err)
	}
	for _, r := range o.seen {
		if r.Header.Get("Sforce-Call-Options") != callOptions {
			t.Errorf("%s %s does not name us", r.Method, r.URL.Path)
		}
	}
	if len(o.seen) < 6 {
		t.Errorf("only %d calls were made", len(o.seen))
	}
}

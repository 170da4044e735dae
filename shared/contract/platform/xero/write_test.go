package xero

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

func TestCreateAnswersTheRecord(t *testing.T) {
	b := newBooks(t)
	r := b.applied(createIntent("k1", "contacts", record.Fields{"Name": " Ada Ltd ", "EmailAddress": "ada@example.com", "ContactNumber": "H-1", "Phones[DEFAULT]": "+14155551234", "Addresses[POBOX].City": "London",
		"ContactPersons[0].FirstName": "Charles", "LastName": ""}))[0]
	if r.ID == "" || r.Existing || r.Snapshot == nil || r.Snapshot.ID != r.ID || r.Snapshot.ModifiedAt.IsZero() {
		t.Fatalf("receipt %+v", r)
	}
	for field, want := range (record.Fields{"Name": "Ada Ltd", "Phones[DEFAULT]": "+14155551234", "Phones[DEFAULT].PhoneNumber": "+14155551234", "Phones[DEFAULT].PhoneCountryCode": "", "Addresses[POBOX].City": "London",
		"ContactPersons[0].FirstName": "Charles", "ContactNumber": "H-1"}) {
		if got := b.truth("contacts", r.ID)[field]; got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
		if got := r.Snapshot.Fields[field]; got != want {
			t.Errorf("the receipt shows %s as %q, want %q", field, got, want)
		}
	}
}

func TestInvoicesKeepEveryDigit(t *testing.T) {
	b := newBooks(t)
	owner := b.create("contacts", record.Fields{"Name": "Ada"})
	r := b.applied(createIntent("k1", "invoices", record.Fields{"Contact.ContactID": string(owner), "LineItems[0].Description": "Work", "LineItems[0].UnitAmount": "12345678901.0001", "LineItems[0].AccountCode": "200",
		"Reference": "D-1", "Status": "AUTHORISED", "DueDate": "2026-04-01", "Date": "2026-03-02"}))[0]
	truth := b.truth("invoices", r.ID)
	for field, want := range (record.Fields{"LineItems[0].UnitAmount": "12345678901.0001", "Total": "12345678901", "Status": "AUTHORISED", "DueDate": "2026-04-01", "Contact.ContactID": string(owner)}) {
		if truth[field] != want || r.Snapshot.Fields[field] != want {
			t.Errorf("%s is %q, the receipt says %q, want %q", field, truth[field], r.Snapshot.Fields[field], want)
		}
	}
}

func TestCreatesNeverMeanSomebodysRecord(t *testing.T) {
	b := newBooks(t)
	theirs := b.create("contacts", record.Fields{"Name": "Ada", "FirstName": "Theirs"})
	r := b.apply(createIntent("k1", "contacts", record.Fields{"Name": "ADA", "FirstName": "Ours", "ContactNumber": "H-1"}))[0]
	if r.Err != nil || !r.Existing || r.ID != theirs || r.Snapshot == nil {
		t.Errorf("receipt %+v, want theirs as existing", r)
	}
	if got := b.truth("contacts", theirs); got["FirstName"] != "Theirs" || got["ContactNumber"] != "" {
		t.Errorf("somebody's record was written: %v", got)
	}
	if len(b.requests(http.MethodPost, "/Contacts")) > 0 {
		t.Error("a create was a POST")
	}
}

func TestAContactNumberOfAnotherAppIsNeverOverwritten(t *testing.T) {
	b := newBooks(t)
	id := b.create("contacts", record.Fields{"Name": "Ada"})
	if err := b.sim.Number(id, "OTHER-7"); err != nil {
		t.Fatal(err)
	}
	refused := func(r record.Receipt) {
		t.Helper()
		wantKind(t, r.Err, fault.Rejected)
		if f, ok := r.Err.(*fault.Error); !ok || fmt.Sprint(f.Fields) != "[ContactNumber]" || strings.Contains(r.Err.Error(), "OTHER") {
			t.Errorf("%v does not name the field alone", r.Err)
		}
		if got := b.truth("contacts", id)["ContactNumber"]; got != "OTHER-7" {
			t.Errorf("the number is %q", got)
		}
	}
	refused(b.apply(b.updateIntent("contacts", id, record.Fields{"ContactNumber": "H-1"}))[0])
	blind := b.updateIntent("contacts", id, record.Fields{"ContactNumber": "H-1"})
	blind.Current = nil
	refused(b.apply(blind)[0])
	refused(b.apply(b.updateIntent("contacts", id, record.Fields{"ContactNumber": ""}))[0])
	refused(b.apply(createIntent("k1", "contacts", record.Fields{"Name": "Eve", "ContactNumber": "OTHER-7"}))[0])
	b.applied(b.updateIntent("contacts", id, record.Fields{"ContactNumber": "OTHER-7", "FirstName": "Ada"}))
}

func TestContactsWithAnIdentityGoTogetherAndOthersAlone(t *testing.T) {
	b := newBooks(t)
	var intents []record.Intent
	for i := range 50 {
		fields := record.Fields{"Name": fmt.Sprint("N", i), "ContactNumber": fmt.Sprint("H-", i)}
		if i < 3 {
			delete(fields, "ContactNumber")
		}
		intents = append(intents, createIntent(fmt.Sprint("k", i), "contacts", fields))
	}
	b.applied(intents...)
	calls := b.requests(http.MethodPut, "/Contacts")
	if len(calls) != 4 {
		t.Fatalf("%d calls, want 4", len(calls))
	}
	keys := map[string]bool{}
	for _, r := range calls {
		key := r.Header.Get("Idempotency-Key")
		if keys[key] || key == "" || len(key) > keyBytesMax {
			t.Errorf("key %q is missing, too long, or used twice", key)
		}
		keys[key] = true
		if r.URL.Query().Get("summarizeErrors") != "false" {
			t.Error("one bad record would fail the others")
		}
	}
	if !keys["k0"] {
		t.Error("a create that goes alone does not carry its own key")
	}
}

func TestOneBadRecordFailsAlone(t *testing.T) {
	b := newBooks(t)
	taken := b.create("contacts", record.Fields{"Name": "Taken"})
	other := b.create("contacts", record.Fields{"Name": "Other"})
	receipts := b.apply(createIntent("a", "contacts", record.Fields{"Name": "Good", "ContactNumber": "1"}), createIntent("b", "contacts", record.Fields{"Name": "Bad", "ContactNumber": "2", "EmailAddress": "nonsense"}),
		createIntent("c", "contacts", record.Fields{"Name": "Bad", "ContactNumber": "3", "Addresses[STREET].Country": "Sector 7"}), b.updateIntent("contacts", other, record.Fields{"Name": "taken"}),
		b.updateIntent("contacts", taken, record.Fields{"FirstName": "x"}))
	for i, want := range []string{"", "[EmailAddress]", "[Addresses[STREET].Country]", "[Name]", ""} {
		err := receipts[i].Err
		if want == "" {
			if err != nil {
				t.Errorf("item %d: %v", i, err)
			}
			continue
		}
		wantKind(t, err, fault.Rejected)
		if f, ok := err.(*fault.Error); !ok || fmt.Sprint(f.Fields) != want || strings.Contains(err.Error(), "nonsense") || strings.Contains(err.Error(), "taken") && f.Code != codeNameTaken {
			t.Errorf("item %d: %v names %v, want %s", i, err, f.Fields, want)
		}
	}
}

func TestUpdatesLeaveEverythingElseUntouched(t *testing.T) {
	b := newBooks(t)
	id := b.create("contacts", record.Fields{"Name": "Ada", "EmailAddress": "ada@example.com", "Phones[DEFAULT].PhoneNumber": "111", "Phones[DEFAULT].PhoneAreaCode": "04", "Phones[MOBILE]": "222", "Addresses[POBOX].AddressLine1": "1 Main",
		"Addresses[POBOX].City": "London", "Addresses[STREET].City": "Leeds", "ContactPersons[0].FirstName": "Charles", "ContactPersons[0].EmailAddress": "c@example.com"})
	before := b.truth("contacts", id)
	due := record.Fields{"Phones[DEFAULT].PhoneAreaCode": "05", "Addresses[POBOX].City": "Paris", "ContactPersons[0].LastName": "Babbage", "FirstName": "Augusta", "AccountNumber": "A-1"}
	r := b.applied(b.updateIntent("contacts", id, due))[0]
	after := b.truth("contacts", id)
	for field, value := range before {
		want := value
		if asked, ok := due[field]; ok {
			want = asked
		}
		if field == "Phones[DEFAULT]" {
			want = "05 111"
		}
		if field != "UpdatedDateUTC" && after[field] != want {
			t.Errorf("%s is %q, want %q", field, after[field], want)
		}
	}
	if r.Snapshot == nil || r.Snapshot.Fields["Addresses[POBOX].AddressLine1"] != "1 Main" {
		t.Errorf("receipt %+v", r)
	}
}

func TestAPhoneIsWrittenWholeOrInParts(t *testing.T) {
	b := newBooks(t)
	id := b.create("contacts", record.Fields{"Name": "Ada", "Phones[DEFAULT].PhoneNumber": "1111111", "Phones[DEFAULT].PhoneAreaCode": "04", "Phones[DEFAULT].PhoneCountryCode": "64", "Phones[FAX]": "9"})
	b.applied(b.updateIntent("contacts", id, record.Fields{"Phones[DEFAULT]": "+6442222222"}))
	for field, want := range (record.Fields{"Phones[DEFAULT]": "+6442222222", "Phones[DEFAULT].PhoneAreaCode": "", "Phones[DEFAULT].PhoneCountryCode": "", "Phones[FAX]": "9"}) {
		if got := b.truth("contacts", id)[field]; got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	b.applied(b.updateIntent("contacts", id, record.Fields{"Phones[DEFAULT]": ""}))
	if got := b.truth("contacts", id)["Phones[DEFAULT]"]; got != "" {
		t.Errorf("a blank left %q", got)
	}
	r := b.apply(b.updateIntent("contacts", id, record.Fields{"Phones[DEFAULT]": "1", "Phones[DEFAULT].PhoneAreaCode": "2"}))[0]
	wantKind(t, r.Err, fault.Rejected)
}

func TestBlanksClear(t *testing.T) {
	b := newBooks(t)
	id := b.create("contacts", record.Fields{"Name": "Ada", "FirstName": "Ada", "EmailAddress": "a@example.com", "Addresses[POBOX].City": "London", "Addresses[POBOX].Region": "L", "ContactPersons[0].LastName": "B"})
	r := b.applied(b.updateIntent("contacts", id, record.Fields{"FirstName": "", "EmailAddress": "", "Addresses[POBOX].City": "", "ContactPersons[0].LastName": ""}))[0]
	truth := b.truth("contacts", id)
	for _, field := range []record.PlatformField{"FirstName", "EmailAddress", "Addresses[POBOX].City", "ContactPersons[0].LastName"} {
		if truth[field] != "" {
			t.Errorf("%s is still %q", field, truth[field])
		}
		if got, told := r.Snapshot.Fields[field]; told && got != "" {
			t.Errorf("the receipt shows %s as %q", field, got)
		}
	}
	if truth["Addresses[POBOX].Region"] != "L" {
		t.Error("the rest of the address is gone")
	}
}

// TestALineBesideOthersIsLeftAlone: nothing tells ours from those that people add.
func TestALineBesideOthersIsLeftAlone(t *testing.T) {
	b := newBooks(t)
	owner := b.create("contacts", record.Fields{"Name": "Ada"})
	id := b.create("invoices", record.Fields{"Contact.ContactID": string(owner), "LineItems[0].Description": "One", "LineItems[0].UnitAmount": "10", "LineItems[0].Quantity": "3", "LineItems[0].TaxType": "OUTPUT"})
	raw := b.sim.Raw("invoices", id)["LineItems"].([]any)
	travel := map[string]any{"Description": "Travel", "UnitAmount": json.Number("55"), "TaxType": "OUTPUT"}
	if err := b.sim.SetLines(id, append([]any{travel}, raw...)); err != nil {
		t.Fatal(err)
	}
	reads, err := b.connector.Fetch(t.Context(), "invoices", []record.PlatformField{"LineItems[0].UnitAmount"}, []record.ExternalID{id})
	if err != nil || reads[0].Snapshot == nil {
		t.Fatalf("%+v, %v", reads, err)
	}
	if s := reads[0].Snapshot; len(s.Fields) > 0 || !slices.Contains(s.Gone, "LineItems[0].UnitAmount") {
		t.Errorf("it shows %v, gone %v", s.Fields, s.Gone)
	}
	before := b.sim.Raw("invoices", id)["LineItems"].([]any)
	wantKind(t, b.apply(b.updateIntent("invoices", id, record.Fields{"LineItems[0].UnitAmount": "20"}))[0].Err, fault.Rejected)
	if after := b.sim.Raw("invoices", id)["LineItems"].([]any); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("the lines are %v, were %v", after, before)
	}
}

// TestTheRestOfALineGoesBackUntouched: what an answer judges does not, and a tax that a person set stays.
func TestTheRestOfALineGoesBackUntouched(t *testing.T) {
	b := newBooks(t)
	owner := b.create("contacts", record.Fields{"Name": "Ada"})
	id := b.create("invoices", record.Fields{"Contact.ContactID": string(owner), "LineItems[0].Description": "One", "LineItems[0].UnitAmount": "10", "LineItems[0].Quantity": "3", "LineItems[0].TaxType": "OUTPUT"})
	before := b.sim.Raw("invoices", id)["LineItems"].([]any)[0].(map[string]any)
	b.answers(func(_ http.ResponseWriter, r *http.Request) bool {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		if strings.Contains(string(body), "ValidationErrors") {
			t.Errorf("what an answer judges was sent back: %s", body)
		}
		return false
	})
	b.applied(b.updateIntent("invoices", id, record.Fields{"LineItems[0].UnitAmount": "20"}))
	line := b.sim.Raw("invoices", id)["LineItems"].([]any)[0].(map[string]any)
	if line["LineItemID"] != before["LineItemID"] || fmt.Sprint(line["LineAmount"]) != "60" || fmt.Sprint(line["TaxAmount"]) != "6" {
		t.Errorf("the line is %v", line)
	}
	if err := b.sim.SetLines(id, []any{map[string]any{"Description": "One", "UnitAmount": json.Number("10"), "TaxAmount": json.Number("0.77"), "TaxType": "OUTPUT"}}); err != nil {
		t.Fatal(err)
	}
	b.applied(b.updateIntent("invoices", id, record.Fields{"LineItems[0].Description": "Renamed"}))
	if line := b.sim.Raw("invoices", id)["LineItems"].([]any)[0].(map[string]any); fmt.Sprint(line["TaxAmount"]) != "0.77" {
		t.Errorf("a tax that a person set became %v", line["TaxAmount"])
	}
}

func TestARecordThatMovedSinceItsPreReadIsStale(t *testing.T) {
	b := newBooks(t)
	id := b.create("contacts", record.Fields{"Name": "Ada", "Addresses[POBOX].City": "London"})
	intent := b.updateIntent("contacts", id, record.Fields{"Addresses[POBOX].Region": "L"})
	b.clock.Advance(time.Second)
	b.edit("contacts", id, record.Fields{"Addresses[POBOX].City": "Leeds"})
	r := b.apply(intent)[0]
	wantKind(t, r.Err, fault.Stale)
	if got := b.truth("contacts", id)["Addresses[POBOX].City"]; got != "Leeds" {
		t.Errorf("the city is %q", got)
	}
}

func TestArchivingIsWhatAPersonWouldDo(t *testing.T) {
	b := newBooks(t)
	owner := b.create("contacts", record.Fields{"Name": "Ada"})
	line := record.Fields{"Contact.ContactID": string(owner), "LineItems[0].Description": "x", "LineItems[0].UnitAmount": "5", "LineItems[0].AccountCode": "200", "DueDate": "2026-04-01"}
	draft := b.create("invoices", line)
	line["Status"] = "AUTHORISED"
	approved, paid := b.create("invoices", line), b.create("invoices", line)
	if err := b.sim.Pay(paid, "5"); err != nil {
		t.Fatal(err)
	}
	gone := record.ExternalID("00000000-0000-4000-8000-00000000000a")
	archive := func(object record.Object, id record.ExternalID) record.Intent {
		return record.Intent{Key: "k" + string(id), Operation: record.OperationArchive, Ref: target(object, id)}
	}
	receipts := b.apply(archive("invoices", draft), archive("invoices", approved), archive("invoices", paid), archive("invoices", gone))
	for id, want := range map[record.ExternalID]string{draft: "DELETED", approved: "VOIDED", paid: "PAID"} {
		if got := b.truth("invoices", id)["Status"]; got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
	wantKind(t, receipts[2].Err, fault.Rejected)
	wantKind(t, receipts[3].Err, fault.Gone)
	b.applied(archive("contacts", owner))
	if _, archived, _ := b.sim.Record("contacts", owner); !archived {
		t.Error("the contact is not archived")
	}
	for _, operation := range []record.Operation{record.OperationRestore, record.OperationDelete} {
		r := b.apply(record.Intent{Key: "k", Operation: operation, Ref: target("contacts", owner)})[0]
		wantKind(t, r.Err, fault.Rejected)
	}
}

func TestAnInvoiceWaitsForItsContact(t *testing.T) {
	b := newBooks(t)
	fields := record.Fields{"Contact.ContactID": "00000000-0000-4000-8000-00000000000a", "LineItems[0].Description": "x"}
	r := b.apply(createIntent("k", "invoices", fields))[0]
	wantKind(t, r.Err, fault.Waiting)
	archived := b.create("contacts", record.Fields{"Name": "Old"})
	if err := b.sim.Delete("contacts", archived); err != nil {
		t.Fatal(err)
	}
	fields["Contact.ContactID"] = string(archived)
	r = b.apply(createIntent("k2", "invoices", fields))[0]
	wantKind(t, r.Err, fault.Rejected)
	if f := r.Err.(*fault.Error); f.Code != codeArchived || fmt.Sprint(f.Fields) != "[Contact.ContactID]" {
		t.Errorf("%v names %v", f, f.Fields)
	}
}

func TestLockedInvoicesAreRefusedByName(t *testing.T) {
	b := newBooks(t)
	owner := b.create("contacts", record.Fields{"Name": "Ada"})
	id := b.create("invoices", record.Fields{"Contact.ContactID": string(owner), "LineItems[0].Description": "x", "LineItems[0].UnitAmount": "5", "LineItems[0].AccountCode": "200", "DueDate": "2026-04-01", "Status": "AUTHORISED"})
	if err := b.sim.Pay(id, "2"); err != nil {
		t.Fatal(err)
	}
	r := b.apply(b.updateIntent("invoices", id, record.Fields{"Reference": "x"}))[0]
	wantKind(t, r.Err, fault.Rejected)
	if f := r.Err.(*fault.Error); f.Code != codeLocked {
		t.Errorf("%v", f)
	}
	before := b.truth("invoices", id)["UpdatedDateUTC"]
	b.clock.Advance(time.Second)
	b.applied(b.updateIntent("invoices", id, record.Fields{"DueDate": "2026-05-01"}))
	if after := b.truth("invoices", id); after["DueDate"] != "2026-05-01" || after["UpdatedDateUTC"] != before {
		t.Errorf("due %s, stamp %s, was %s: such a change moves no stamp", after["DueDate"], after["UpdatedDateUTC"], before)
	}
}

func TestWhatIsNotOfThePlatformIsRefusedUnsent(t *testing.T) {
	b := newBooks(t)
	id := b.create("contacts", record.Fields{"Name": "Ada"})
	update := func(object record.Object, id record.ExternalID, fields record.Fields) record.Intent {
		return record.Intent{Key: "k", Operation: record.OperationUpdate, Ref: target(object, id), Fields: fields}
	}
	for name, intent := range map[string]record.Intent{
		"an unknown field":         update("contacts", id, record.Fields{"Unicorn": "1"}),
		"a read-only field":        update("contacts", id, record.Fields{"IsCustomer": "true"}),
		"a blank name":             update("contacts", id, record.Fields{"Name": ""}),
		"no boolean":               update("contacts", id, record.Fields{"ContactPersons[0].IncludeInEmails": "maybe"}),
		"no id":                    update("contacts", "", record.Fields{"FirstName": "x"}),
		"an id of another kind":    update("contacts", "7", record.Fields{"FirstName": "x"}),
		"no number":                createIntent("k", "invoices", record.Fields{"LineItems[0].UnitAmount": "ten"}),
		"a huge number":            createIntent("k", "invoices", record.Fields{"LineItems[0].UnitAmount": "1e999999999"}),
		"no date":                  createIntent("k", "invoices", record.Fields{"Date": "soon"}),
		"no contact's id":          createIntent("k", "invoices", record.Fields{"Contact.ContactID": "7"}),
		"a state that comes about": update("invoices", id, record.Fields{"Status": "PAID"}),
		"a currency later":         update("invoices", id, record.Fields{"CurrencyCode": "EUR"}),
		"an unknown operation":     {Key: "k", Operation: "dance", Ref: target("contacts", id)},
	} {
		r := b.apply(intent)[0]
		if r.Err == nil || !fault.Is(r.Err, fault.Rejected) {
			t.Errorf("%s: %v, want rejected", name, r.Err)
		}
	}
	if n := len(b.requests(http.MethodPut, "")) + len(b.requests(http.MethodPost, "")); n > 0 {
		t.Errorf("%d writes were sent", n)
	}
	_, err := b.connector.Apply(t.Context(), []record.Intent{{Key: "k", Ref: target("contacts", id)}, {Key: "l", Ref: target("invoices", id)}})
	wantKind(t, err, fault.Rejected)
	_, err = b.connector.Apply(t.Context(), make([]record.Intent, 51))
	wantKind(t, err, fault.Rejected)
	if receipts, err := b.connector.Apply(t.Context(), nil); receipts != nil || err != nil {
		t.Error(receipts, err)
	}
}

// TestARefusedWholeIsSentInHalves: a call that the platform refuses as a whole, for one record in it.
func TestARefusedWholeIsSentInHalves(t *testing.T) {
	b := newBooks(t)
	b.answers(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut {
			return false
		}
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		if !strings.Contains(string(body), "Poison") {
			return false
		}
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"ErrorNumber":14,"Type":"PostDataInvalidException","Message":"Poison"}`)
		return true
	})
	var intents []record.Intent
	for i := range 50 {
		fields := record.Fields{"Name": fmt.Sprint("N", i), "ContactNumber": fmt.Sprint("H-", i)}
		if i == 17 {
			fields["FirstName"] = "Poison"
		}
		intents = append(intents, createIntent(fmt.Sprint("k", i), "contacts", fields))
	}
	for i, r := range b.apply(intents...) {
		if (r.Err != nil) != (i == 17) || r.Err != nil && (!fault.Is(r.Err, fault.Rejected) || strings.Contains(r.Err.Error(), "Poison")) {
			t.Errorf("item %d: %v", i, r.Err)
		}
	}
	if n := len(b.requests(http.MethodPut, "/Contacts")); n > 14 {
		t.Errorf("%d calls", n)
	}
}

func TestHalvingEnds(t *testing.T) {
	b := newBooks(t)
	b.answers(func(w http.ResponseWriter, r *http.Request) bool {
		w.WriteHeader(http.StatusBadRequest)
		return true
	})
	var intents []record.Intent
	for i := range 50 {
		intents = append(intents, createIntent(fmt.Sprint("k", i), "contacts", record.Fields{"Name": fmt.Sprint("N", i), "ContactNumber": fmt.Sprint("H-", i)}))
	}
	refused, later := 0, 0
	for _, r := range b.apply(intents...) {
		switch fault.KindOf(r.Err) {
		case fault.Rejected:
			refused++
		case fault.Transient:
			later++
		default:
			t.Errorf("%v", r.Err)
		}
	}
	if n := len(b.requests(http.MethodPut, "/Contacts")); n > callsMax || refused == 0 || refused+later != 50 {
		t.Errorf("%d calls, %d refused, %d left for later", n, refused, later)
	}
}

func TestALimitStopsTheRest(t *testing.T) {
	b := newBooks(t)
	owner := b.create("contacts", record.Fields{"Name": "Ada"})
	calls := 0
	b.answers(func(w http.ResponseWriter, r *http.Request) bool {
		if calls++; calls < 3 {
			return false
		}
		w.Header().Set("Retry-After", "17")
		w.Header().Set("X-Rate-Limit-Problem", "minute")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	})
	var intents []record.Intent
	for i := range 6 {
		intents = append(intents, createIntent(fmt.Sprint("k", i), "invoices", record.Fields{"Contact.ContactID": string(owner), "LineItems[0].Description": fmt.Sprint(i)}))
	}
	receipts := b.apply(intents...)
	for i, r := range receipts {
		if i < 2 {
			if r.Err != nil {
				t.Errorf("item %d: %v", i, r.Err)
			}
			continue
		}
		if wantKind(t, r.Err, fault.RateLimited); fault.After(r.Err, 0) != 17*time.Second {
			t.Errorf("item %d waits %v", i, fault.After(r.Err, 0))
		}
	}
	if calls != 3 {
		t.Errorf("%d calls, want 3", calls)
	}
}

func TestALostAnswerLeavesTheRestUnsent(t *testing.T) {
	b := newBooks(t)
	owner := b.create("contacts", record.Fields{"Name": "Ada"})
	b.lose()
	var intents []record.Intent
	for i := range 4 {
		intents = append(intents, createIntent(fmt.Sprint("k", i), "invoices", record.Fields{"Contact.ContactID": string(owner), "LineItems[0].Description": fmt.Sprint(i)}))
	}
	receipts := b.apply(intents...)
	for i, want := range []fault.Kind{fault.InDoubt, fault.Transient, fault.Transient, fault.Transient} {
		wantKind(t, receipts[i].Err, want)
	}
	if b.count("invoices") != 1 {
		t.Errorf("%d invoices", b.count("invoices"))
	}
}

func TestARecordThatFailsWithoutAReasonIsInDoubt(t *testing.T) {
	b := newBooks(t)
	b.sim.SetFaults(platformsim.Faults{ItemError: 1})
	r := b.apply(createIntent("k", "contacts", record.Fields{"Name": "Ada", "ContactNumber": "1"}))[0]
	wantKind(t, r.Err, fault.InDoubt)
}

package salesforce

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// answering is a connector to a server that answers one thing.
func answering(t *testing.T, status int, header map[string]string, body string) *Connector {
	t.Helper()
	s := platformtest.Answering(t, status, header, body)
	s.Connection = "crm"
	return New(s)
}

func errorBody(code string) string {
	return fmt.Sprintf(`[{"message":"secret value","errorCode":%q,"fields":["LastName","secret value"]}]`, code)
}

const oneID = "003ak00000luKU1AAM"

// oneOfEach calls everything that reads, and everything that writes, and answers the errors.
func oneOfEach(ctx context.Context, c *Connector) (reads, collections []error, row error) {
	_, err := c.Changes(ctx, platform.Query{Object: "Contact", Limit: 1})
	reads = append(reads, err)
	_, err = c.List(ctx, platform.Query{Object: "Contact", Limit: 1})
	reads = append(reads, err)
	_, err = c.Fetch(ctx, "Contact", nil, []record.ExternalID{oneID})
	reads = append(reads, err)
	_, err = c.Find(ctx, "Contact", nil, []platform.Lookup{{Field: "Email", Value: "x"}})
	reads = append(reads, err)
	first := func(intents ...record.Intent) error {
		receipts, err := c.Apply(ctx, intents)
		if err == nil {
			err = receipts[0].Err
		}
		return err
	}
	collections = append(collections,
		first(record.Intent{Key: "k", Operation: record.OperationCreate, Ref: target("Contact", ""), Marker: marker, Fields: record.Fields{"LastName": "x", marker: "e"}}),
		first(record.Intent{Key: "k", Operation: record.OperationCreate, Ref: target("Contact", ""), Fields: record.Fields{"LastName": "x"}}),
		first(record.Intent{Key: "k", Operation: record.OperationDelete, Ref: target("Contact", oneID)}))
	row = first(record.Intent{Key: "k", Operation: record.OperationUpdate, Ref: target("Contact", oneID), Fields: record.Fields{"Title": "x"}})
	return reads, collections, row
}

func TestStatusesAndCodes(t *testing.T) {
	for _, tt := range []struct {
		name             string
		status           int
		body             string
		read, write, row fault.Kind
	}{
		{"malformed query", 400, errorBody("MALFORMED_QUERY"), fault.Rejected, fault.Rejected, fault.Rejected},
		{"unknown code", 400, errorBody("NEWLY_INVENTED"), fault.Rejected, fault.Rejected, fault.Rejected},
		{"no code", 400, "<html>bad</html>", fault.Rejected, fault.Rejected, fault.Rejected},
		{"limit", 403, errorBody(codeLimit), fault.RateLimited, fault.RateLimited, fault.RateLimited},
		{"limit with another status", 503, errorBody(codeLimit), fault.RateLimited, fault.RateLimited, fault.RateLimited},
		{"too many", 429, "", fault.RateLimited, fault.RateLimited, fault.RateLimited},
		{"session with 401", 401, errorBody(codeSession), fault.Unauthorized, fault.Unauthorized, fault.Unauthorized},
		{"session with 403", 403, errorBody(codeSession), fault.Transient, fault.Transient, fault.Transient},
		{"session with 500", 500, errorBody(codeSession), fault.Transient, fault.Transient, fault.Transient},
		{"API switched off", 403, errorBody("API_DISABLED_FOR_ORG"), fault.Unauthorized, fault.Unauthorized, fault.Unauthorized},
		{"no right on a record", 403, errorBody("INSUFFICIENT_ACCESS_OR_READONLY"), fault.Rejected, fault.Rejected, fault.Rejected},
		{"forbidden without a code", 403, "<html>no</html>", fault.Unauthorized, fault.Unauthorized, fault.Unauthorized},
		{"row locked", 400, errorBody("UNABLE_TO_LOCK_ROW"), fault.Transient, fault.Transient, fault.Transient},
		{"row locked with 500", 500, errorBody("UNABLE_TO_LOCK_ROW"), fault.Transient, fault.Transient, fault.Transient},
		{"query too slow", 400, errorBody("QUERY_TIMEOUT"), fault.Transient, fault.Transient, fault.Transient},
		{"not found", 404, errorBody(codeNotFound), fault.Rejected, fault.Rejected, fault.Gone},
		{"deleted", 404, errorBody(codeDeleted), fault.Rejected, fault.Rejected, fault.Gone},
		{"address unknown", 404, "<html>not found</html>", fault.Transient, fault.Transient, fault.Transient},
		{"precondition failed", 412, "", fault.Stale, fault.Stale, fault.Stale},
		{"overload", 503, errorBody("SERVER_UNAVAILABLE"), fault.Transient, fault.InDoubt, fault.InDoubt},
		{"broken", 500, errorBody("UNKNOWN_EXCEPTION"), fault.Transient, fault.InDoubt, fault.InDoubt},
		{"gateway", 502, "<html>bad gateway</html>", fault.Transient, fault.InDoubt, fault.InDoubt},
		{"moved", 302, "", fault.Unauthorized, fault.Unauthorized, fault.Unauthorized},
		{"several choices", 300, `["/services/data/v23.0/sobjects/Contact/foo"]`, fault.Unauthorized, fault.Unauthorized, fault.Unauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reads, collections, row := oneOfEach(t.Context(), answering(t, tt.status, nil, tt.body))
			for i, err := range reads {
				if wantKind(t, err, tt.read); strings.Contains(fmt.Sprint(err), "secret") {
					t.Errorf("read %d tells a value: %v", i, err)
				}
			}
			for _, err := range append(collections, row) {
				if strings.Contains(fmt.Sprint(err), "secret") {
					t.Errorf("tells a value: %v", err)
				}
			}
			for _, err := range collections {
				wantKind(t, err, tt.write)
			}
			wantKind(t, row, tt.row)
		})
	}
}

func TestErrorsTellCodeAndFieldsOnly(t *testing.T) {
	c := answering(t, 400, nil, errorBody("STRING_TOO_LONG"))
	_, err := c.List(t.Context(), platform.Query{Object: "Contact", Limit: 1})
	var f *fault.Error
	if want := "salesforce crm: query Contact: rejected (STRING_TOO_LONG): status 400"; err == nil || err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	if f, _ = err.(*fault.Error); f == nil || len(f.Fields) != 1 || f.Fields[0] != "LastName" {
		t.Errorf("fields %+v", f)
	}
}

func TestLimitsNameATime(t *testing.T) {
	for _, tt := range []struct {
		header map[string]string
		want   time.Duration
	}{
		{map[string]string{"Sforce-Limit-Info": "api-usage=100000/100000"}, poolWait},
		{map[string]string{"Sforce-Limit-Info": "api-usage=100001/100000; per-app-api-usage=17/250(appName=x)"}, poolWait},
		{map[string]string{"Sforce-Limit-Info": "api-usage=18/100000"}, busyWait},
		{map[string]string{"Sforce-Limit-Info": "nonsense"}, busyWait},
		{nil, busyWait},
		{map[string]string{"Retry-After": "7", "Sforce-Limit-Info": "api-usage=100000/100000"}, 7 * time.Second},
	} {
		_, err := answering(t, 403, tt.header, errorBody(codeLimit)).List(t.Context(), platform.Query{Object: "Contact", Limit: 1})
		if wantKind(t, err, fault.RateLimited); fault.After(err, 0) != tt.want {
			t.Errorf("%v: after %v, want %v", tt.header, fault.After(err, 0), tt.want)
		}
	}
}

func TestTheDaysPoolIsMet(t *testing.T) {
	o := newOrg(t)
	ids := o.contacts(1)
	o.sim.SetPool(5)
	for range 5 {
		if _, err := o.connector.Fetch(t.Context(), "Contact", nil, ids); err != nil {
			t.Fatal(err)
		}
	}
	_, err := o.connector.Apply(t.Context(), []record.Intent{o.createIntent("e-1", "Contact", record.Fields{"LastName": "X"})})
	if wantKind(t, err, fault.RateLimited); fault.After(err, 0) != poolWait {
		t.Errorf("after %v", fault.After(err, 0))
	}
	if len(o.sim.IDs("Contact")) != 1 {
		t.Error("written over the limit")
	}
}

func TestALimitStopsTheRest(t *testing.T) {
	o := newOrg(t)
	ids := o.contacts(2)
	intents := []record.Intent{o.createIntent("e-1", "Contact", record.Fields{"LastName": "X"}), deleteIntent("Contact", ids[0]), deleteIntent("Contact", ids[1])}
	o.sim.SetFaults(platformsim.Faults{RateLimit: 1})
	_, err := o.connector.Apply(t.Context(), intents)
	if wantKind(t, err, fault.RateLimited); fault.After(err, 0) != busyWait || len(o.seen) != 1 {
		t.Errorf("after %v, %d requests", fault.After(err, 0), len(o.seen))
	}
}

func TestALostAnswerLeavesTheRestUnsent(t *testing.T) {
	o := newOrg(t)
	id := o.contacts(1)[0]
	o.sim.SetFaults(platformsim.Faults{LostAnswer: 1})
	receipts := o.apply(o.createIntent("e-1", "Contact", record.Fields{"LastName": "X"}), deleteIntent("Contact", id))
	wantKind(t, receipts[0].Err, fault.InDoubt)
	wantKind(t, receipts[1].Err, fault.Transient)
	if len(o.sim.IDs("Contact")) != 2 {
		t.Errorf("contacts %v", o.sim.IDs("Contact"))
	}
}

func TestALockedRowIsTransientForItAlone(t *testing.T) {
	o := newOrg(t)
	o.sim.SetFaults(platformsim.Faults{ItemError: 0.5})
	var intents []record.Intent
	for i := range 40 {
		intents = append(intents, o.createIntent(fmt.Sprint("e-", i), "Contact", record.Fields{"LastName": "X"}))
	}
	failed := 0
	for _, r := range o.apply(intents...) {
		if r.Err != nil {
			wantKind(t, r.Err, fault.Transient)
			failed++
		}
	}
	if failed == 0 || failed == 40 || len(o.sim.IDs("Contact")) != 40-failed {
		t.Errorf("%d of 40 failed, %d made", failed, len(o.sim.IDs("Contact")))
	}
}

func TestResultsOfACollection(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		kind       fault.Kind // of the second of two updates
	}{
		{"refused", `[{"id":"003ak00000luKU1AAM","success":true,"errors":[]},{"success":false,"errors":[{"statusCode":"FIELD_CUSTOM_VALIDATION_EXCEPTION","message":"secret value","fields":["Title"]}]}]`, fault.Rejected},
		{"refused without errors", `[null,{"success":false,"errors":[]}]`, fault.Rejected},
		{"unknown code", `[null,{"success":false,"errors":[{"statusCode":"secret value"}]}]`, fault.Rejected},
		{"limit", `[null,{"success":false,"errors":[{"statusCode":"REQUEST_LIMIT_EXCEEDED"}]}]`, fault.RateLimited},
		{"rolled back", `[null,{"success":false,"errors":[{"statusCode":"ALL_OR_NONE_OPERATION_ROLLED_BACK"}]}]`, fault.Transient},
		{"null", `[null,null]`, fault.InDoubt},
		{"empty", `[{},{}]`, fault.InDoubt},
		{"missing", `[{"id":"003ak00000luKU1AAM","success":true}]`, fault.InDoubt},
		{"too many", `[{"id":"003ak00000luKU1AAM","success":true},{"id":"003ak00000luKU2AAM","success":true},{"id":"003ak00000luKU3AAM","success":true}]`, fault.InDoubt},
		{"none", `[]`, fault.InDoubt},
		{"not a list", `{"id":"003ak00000luKU2AAM","success":true}`, fault.InDoubt},
		{"wrong types", `[7,{"id":7,"success":"yes"}]`, fault.InDoubt},
		{"another record", `[null,{"id":"003ak00000luKU1AAM","success":true}]`, fault.InDoubt},
		{"no record", `[null,{"success":true}]`, fault.InDoubt},
		{"text", `"ok"`, fault.InDoubt},
		{"null for all", `null`, fault.InDoubt},
		{"page", `<html>login</html>`, fault.InDoubt},
		{"nothing", ``, fault.InDoubt},
		{"truncated", `[{"id":"003ak00000luKU1AAM","succ`, fault.InDoubt},
		{"nested", `[` + strings.Repeat(`[`, 20_000) + strings.Repeat(`]`, 20_000) + `]`, fault.InDoubt},
		{"long", `["` + strings.Repeat("x", 10<<20) + `"]`, fault.InDoubt},
		{"too long", `["` + strings.Repeat("x", 17<<20) + `"]`, fault.InDoubt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := answering(t, 200, nil, tt.body)
			var intents []record.Intent
			for _, id := range []record.ExternalID{"003ak00000luKU1AAM", "003ak00000luKU2AAM"} {
				intents = append(intents, record.Intent{Key: string(id), Operation: record.OperationUpdate, Ref: target("Contact", id), Fields: record.Fields{"Title": "x"}})
			}
			receipts, err := c.Apply(t.Context(), intents)
			if err == nil {
				err = receipts[1].Err
			}
			if wantKind(t, err, tt.kind); strings.Contains(fmt.Sprint(err), "secret") {
				t.Errorf("tells a value: %v", err)
			}
		})
	}
}

func TestARefusalNamesOneRecordOrNone(t *testing.T) {
	match := func(ids ...string) string {
		var records []string
		for _, id := range ids {
			records = append(records, fmt.Sprintf(`{"record":{"Id":%q}}`, id))
		}
		return `{"statusCode":"DUPLICATES_DETECTED","duplicateResult":{"matchResults":[{"matchRecords":[` + strings.Join(records, ",") + `]}]}}`
	}
	for body, want := range map[string]record.ExternalID{
		`{"statusCode":"DUPLICATE_VALUE","message":"duplicate value found: X duplicates value on record with id: 003ak00000luKU1"}`:    oneID,
		`{"statusCode":"DUPLICATE_VALUE","message":"duplicate value found: X duplicates value on record with id: 003ak00000luKU1AAM"}`: oneID,
		`{"statusCode":"DUPLICATE_VALUE","message":"duplicate value found: X duplicates value on record with id: 003ak00000luKU1AAX"}`: "",
		`{"statusCode":"DUPLICATE_VALUE","message":"duplicate value found"}`:                                                           "",
		`{"statusCode":"STRING_TOO_LONG","message":"record with id: 003ak00000luKU1AAM"}`:                                              "",
		match():                                "",
		match(oneID):                           oneID,
		match(oneID, "003ak00000luKU1"):        oneID,
		match(oneID, "003ak00000luKU2AAM"):     "",
		match(oneID, ""):                       "",
		`{"statusCode":"DUPLICATES_DETECTED"}`: "",
	} {
		var e wireError
		if err := json.Unmarshal([]byte(body), &e); err != nil || e.holder() != want {
			t.Errorf("%s names %q, want %q; %v", body, e.holder(), want, err)
		}
	}
}

// noRecords are rows that cannot be read as one: a walk fails at them, since it would pass them over in silence.
var noRecords = []string{`null`, `7`, `"x"`, `[]`, `{}`, `{"Id":7}`, `{"Id":""}`, `{"Id":"003*"}`, `{"Id":"003ak00000luKU1AAM","IsDeleted":"yes"}`}

// oddRecords are records in forms that no documentation knows.
var oddRecords = []string{
	`{"Id":"003ak00000luKU1AAM","SystemModstamp":7,"Email":["a"],"Score__c":1e999999999,"MailingAddress":{},"AccountId":{}}`,
	`{"Id":"003ak00000luKU2AAM","SystemModstamp":"lately","LastName":{"a":1},"Score__c":12345678901234567890123456789012345678901234567890123456789012345}`,
	`{"Id":"003ak00000luKU3","IsDeleted":true,"MasterRecordId":7}`, `{"Id":"003ak00000luKU4AAM","MasterRecordId":"nonsense","IsDeleted":true}`}

func TestOddRecordsFailAlone(t *testing.T) {
	const good = `{"Id":"003ak00000luKU5AAM","SystemModstamp":"2026-03-02T17:00:00.000+0000","IsDeleted":false,"LastName":"Curie"}`
	c := answering(t, 200, nil, `{"done":true,"records":[`+strings.Join(oddRecords, ",")+`,`+good+`]}`)
	for _, walk := range []func(context.Context, platform.Query) (platform.Page, error){c.Changes, c.List} {
		page, err := walk(t.Context(), platform.Query{Object: "Contact", Fields: append(allFields("Contact"), "", "MailingAddress"), Limit: 500})
		if err != nil || len(page.Snapshots) == 0 {
			t.Fatalf("%d snapshots, %v", len(page.Snapshots), err)
		}
		if last := page.Snapshots[len(page.Snapshots)-1]; last.Fields["LastName"] != "Curie" {
			t.Errorf("the good one: %+v", last)
		}
		for _, s := range page.Snapshots {
			if !wellFormed(s.ID) || len(s.ID) != idLong {
				t.Errorf("snapshot of %q", s.ID)
			}
		}
	}
	for _, no := range noRecords {
		c := answering(t, 200, nil, `{"done":true,"records":[`+good+`,`+no+`]}`)
		for _, walk := range []func(context.Context, platform.Query) (platform.Page, error){c.Changes, c.List} {
			_, err := walk(t.Context(), platform.Query{Object: "Contact", Limit: 500})
			wantKind(t, err, fault.Transient)
		}
		reads, err := c.Fetch(t.Context(), "Contact", nil, []record.ExternalID{"003ak00000luKU5AAM", oneID})
		if err != nil || reads[0].Snapshot == nil {
			t.Fatalf("beside %s: %+v, %v", no, reads, err)
		}
		wantKind(t, reads[1].Err, fault.Transient) // whose row that was is not told
	}
	reads, err := c.Fetch(t.Context(), "Contact", allFields("Contact"), []record.ExternalID{"003ak00000luKU5", "003ak00000luKU2AAM", oneID})
	if err != nil || reads[0].Snapshot == nil || reads[2].Snapshot == nil {
		t.Fatalf("%+v, %v", reads, err)
	}
	if _, told := reads[2].Snapshot.Fields["Score__c"]; told {
		t.Error("a number beyond all bounds is told")
	}
}

func TestASessionThatEndsWithoutA401IsRefused(t *testing.T) {
	refused := 0
	c := answering(t, 403, nil, errorBody(codeSession))
	c.client.Settings.Tokens = counting{&refused}
	_, err := c.List(t.Context(), platform.Query{Object: "Contact", Limit: 1})
	if wantKind(t, err, fault.Transient); refused != 1 {
		t.Errorf("%d tokens refused", refused)
	}
}

type counting struct{ refused *int }

func (counting) Token(context.Context) (string, error)   { return "t", nil }
func (c counting) Refused(context.Context, string) error { *c.refused++; return nil }

func TestPrepareWantsAUniqueExternalID(t *testing.T) {
	o := newOrg(t)
	for _, object := range []record.Object{"Contact", "Account", "Opportunity"} {
		if err := o.connector.Prepare(t.Context(), object, marker); err != nil {
			t.Errorf("%s: %v", object, err)
		}
	}
	if err := o.connector.Prepare(t.Context(), "Account", "AccountNumber"); err != nil {
		t.Errorf("a standard field: %v", err)
	}
	for object, field := range map[record.Object]record.PlatformField{"Contact": "Legacy_Id__c", "Account": "Missing__c", "Opportunity": "IsWon", "Lead": marker} {
		wantKind(t, o.connector.Prepare(t.Context(), object, field), fault.Rejected)
	}
	for _, field := range []record.PlatformField{"Score__c", "Badge__c"} { // no text; unique, and no external id
		wantKind(t, o.connector.Prepare(t.Context(), "Contact", field), fault.Rejected)
	}
	o.sim.SetFaults(platformsim.Faults{ServerError: 1})
	wantKind(t, o.connector.Prepare(t.Context(), "Contact", marker), fault.Transient)
}

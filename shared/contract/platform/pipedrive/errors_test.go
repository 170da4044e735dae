package pipedrive

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
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

// bodyOf reads a request's body and leaves it to be read again.
func bodyOf(t *testing.T, r *http.Request) string {
	t.Helper()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	return string(raw)
}

func errorBody(code string) string {
	return fmt.Sprintf(`{"success":false,"error":"secret value","error_info":"secret value","code":%q,"data":null}`, code)
}

func fieldsAtFault(err error) []string {
	f, _ := err.(*fault.Error)
	if f == nil {
		return nil
	}
	return f.Fields
}

// oneOfEach calls everything that lists, that reads one record, and that writes, and answers the errors.
func oneOfEach(ctx context.Context, c *Connector) (lists, creates, writes []error, one error) {
	_, err := c.Changes(ctx, platform.Query{Object: "persons", Limit: 1})
	lists = append(lists, err)
	_, err = c.List(ctx, platform.Query{Object: "persons", Limit: 1})
	lists = append(lists, err)
	_, err = c.Fetch(ctx, "persons", nil, []record.ExternalID{"7", "8"})
	lists = append(lists, err)
	_, err = c.Find(ctx, "persons", nil, []platform.Lookup{{Field: "emails[primary].value", Value: "x"}})
	lists = append(lists, err)
	_, err = c.Fetch(ctx, "persons", []record.PlatformField{marker}, []record.ExternalID{"7"})
	lists = append(lists, err)
	reads, one := c.Fetch(ctx, "persons", nil, []record.ExternalID{"7"})
	if one == nil && reads[0].Err != nil {
		one = reads[0].Err
	} else if one == nil && reads[0].Absence != nil {
		one = fault.Newf(fault.Gone, "read", "absent")
	}
	first := func(intent record.Intent) error {
		receipts, err := c.Apply(ctx, []record.Intent{intent})
		if err == nil {
			err = receipts[0].Err
		}
		return err
	}
	creates = append(creates, first(record.Intent{Key: "k", Operation: record.OperationCreate, Ref: target("persons", ""), Fields: record.Fields{"name": "x"}}))
	writes = append(writes, first(record.Intent{Key: "k", Operation: record.OperationUpdate, Ref: target("persons", "7"), Fields: record.Fields{"name": "x"}}),
		first(record.Intent{Key: "k", Operation: record.OperationDelete, Ref: target("persons", "7")}),
		first(record.Intent{Key: "k", Operation: record.OperationArchive, Ref: target("deals", "7")}))
	return lists, creates, writes, one
}

func TestStatusesAndCodes(t *testing.T) {
	const page = "<html>no</html>"
	for _, tt := range []struct {
		name                     string
		status                   int
		body                     string
		list, one, create, write fault.Kind
	}{
		{"schema", 400, errorBody("ERR_SCHEMA_VALIDATION_FAILED"), fault.Rejected, fault.Rejected, fault.Rejected, fault.Rejected},
		{"no code", 400, page, fault.Rejected, fault.Rejected, fault.Rejected, fault.Rejected},
		{"unprocessable", 422, errorBody("X"), fault.Rejected, fault.Rejected, fault.Rejected, fault.Rejected},
		{"token", 401, `{"success":false,"error":"unauthorized access","errorCode":401}`, fault.Unauthorized, fault.Unauthorized, fault.Unauthorized, fault.Unauthorized},
		{"account not paid", 402, errorBody("X"), fault.Unauthorized, fault.Unauthorized, fault.Unauthorized, fault.Unauthorized},
		{"scope", 403, `{"success":false,"error":"Scope and URL mismatch","errorCode":403}`, fault.Unauthorized, fault.Unauthorized, fault.Unauthorized, fault.Unauthorized},
		{"no right on a record", 403, errorBody("ERR_FORBIDDEN"), fault.Unauthorized, fault.Rejected, fault.Rejected, fault.Rejected},
		{"the edge refuses", 403, page, fault.RateLimited, fault.RateLimited, fault.RateLimited, fault.RateLimited},
		{"not found", 404, errorBody("ERR_NOT_FOUND"), fault.Rejected, fault.Gone, fault.Rejected, fault.Gone},
		{"address unknown", 404, page, fault.Transient, fault.Transient, fault.Transient, fault.Transient},
		{"ended", 410, errorBody("X"), fault.Rejected, fault.Gone, fault.Rejected, fault.Gone},
		{"too slow", 408, "", fault.Transient, fault.Transient, fault.Transient, fault.Transient},
		{"too many", 429, errorBody("X"), fault.RateLimited, fault.RateLimited, fault.RateLimited, fault.RateLimited},
		{"broken", 500, errorBody("ERR_INTERNAL"), fault.Transient, fault.Transient, fault.InDoubt, fault.InDoubt},
		{"gateway", 502, page, fault.Transient, fault.Transient, fault.InDoubt, fault.InDoubt},
		{"overload", 503, "", fault.Transient, fault.Transient, fault.InDoubt, fault.InDoubt},
		{"moved", 302, "", fault.Unauthorized, fault.Unauthorized, fault.Unauthorized, fault.Unauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lists, creates, writes, one := oneOfEach(t.Context(), answering(t, tt.status, nil, tt.body))
			wantKind(t, one, tt.one)
			for want, errs := range map[*fault.Kind][]error{&tt.list: lists, &tt.create: creates, &tt.write: writes} {
				for i, err := range errs {
					if fault.KindOf(err) != *want || strings.Contains(fmt.Sprint(err), "secret") {
						t.Errorf("%d: %v, want kind %s and no value", i, err, *want)
					}
				}
			}
		})
	}
}

func TestErrorsTellTheCodeOnly(t *testing.T) {
	for body, want := range map[string]string{
		errorBody("ERR_SCHEMA_VALIDATION_FAILED"): "pipedrive crm: list persons: rejected: status 400",
	} {
		_, err := answering(t, 400, nil, body).List(t.Context(), platform.Query{Object: "persons", Limit: 1})
		if err == nil || err.Error() != want {
			t.Errorf("error %q, want %q", err, want)
		}
	}
	for body, want := range map[string]string{errorBody("ERR_FORBIDDEN"): "ERR_FORBIDDEN", errorBody("secret value"): "", `{"success":false,"errorCode":403}`: "403", `{"success":false,"errorCode":"403","code":7}`: "",
		`{"success":false,"code":{"a":1},"errorCode":99999}`: ""} {
		var e envelope
		if err := json.Unmarshal([]byte(body), &e); err != nil || e.code() != want {
			t.Errorf("%s: code %q, want %q, %v", body, e.code(), want, err)
		}
	}
}

func TestLimitsNameATime(t *testing.T) {
	for _, tt := range []struct {
		header map[string]string
		want   time.Duration
	}{
		{map[string]string{"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2"}, 2 * time.Second},
		{map[string]string{"x-ratelimit-remaining": "12", "x-ratelimit-reset": "2"}, budgetWait},
		{map[string]string{"x-ratelimit-reset": "90000000"}, burstWait},
		{map[string]string{"x-ratelimit-reset": "-1"}, burstWait},
		{map[string]string{"x-ratelimit-reset": "soon"}, burstWait},
		{nil, burstWait},
		{map[string]string{"Retry-After": "7", "x-ratelimit-remaining": "5"}, 7 * time.Second},
	} {
		_, err := answering(t, 429, tt.header, "").List(t.Context(), platform.Query{Object: "persons", Limit: 1})
		if wantKind(t, err, fault.RateLimited); fault.After(err, 0) != tt.want {
			t.Errorf("%v: after %v, want %v", tt.header, fault.After(err, 0), tt.want)
		}
	}
}

func TestTheDaysBudgetIsMet(t *testing.T) {
	a := newAccount(t)
	ids := a.persons(1)
	a.sim.SetBudget(a.sim.Spent() + 4)
	if _, err := a.connector.Fetch(t.Context(), "persons", nil, ids); err != nil {
		t.Fatal(err)
	}
	_, err := a.connector.Apply(t.Context(), []record.Intent{a.createIntent("e-1", "persons", record.Fields{"name": "X"})})
	if wantKind(t, err, fault.RateLimited); fault.After(err, 0) != budgetWait {
		t.Errorf("after %v", fault.After(err, 0))
	}
	if len(a.sim.IDs("persons")) != 1 {
		t.Error("written over the limit")
	}
	a.clock.Advance(24 * time.Hour)
	a.applied(a.createIntent("e-1", "persons", record.Fields{"name": "X"}))
}

func TestABurstOfSearchesIsMetAndPasses(t *testing.T) {
	a := newAccount(t)
	a.sim.SetBursts(0, 10)
	var lookups []platform.Lookup
	for i := range 5 {
		lookups = append(lookups, platform.Lookup{Field: "name", Value: fmt.Sprint("x", i)})
	}
	for range 2 {
		if _, err := a.connector.Find(t.Context(), "persons", nil, lookups); err != nil {
			t.Fatal(err)
		}
	}
	_, err := a.connector.Find(t.Context(), "persons", nil, lookups)
	if wantKind(t, err, fault.RateLimited); fault.After(err, 0) != 2*time.Second {
		t.Errorf("after %v", fault.After(err, 0))
	}
	a.clock.Advance(fault.After(err, 0))
	if _, err := a.connector.Find(t.Context(), "persons", nil, lookups); err != nil {
		t.Error(err)
	}
}

func TestALimitStopsTheRest(t *testing.T) {
	a := newAccount(t)
	ids := a.persons(3)
	intents := []record.Intent{a.updateIntent("persons", ids[0], record.Fields{"name": "x"}), deleteIntent("persons", ids[1]), deleteIntent("persons", ids[2])}
	a.seen = nil
	a.sim.SetFaults(platformsim.Faults{RateLimit: 1})
	_, err := a.connector.Apply(t.Context(), intents)
	if wantKind(t, err, fault.RateLimited); len(a.seen) != 1 {
		t.Errorf("%d requests", len(a.seen))
	}
	a.sim.SetFaults(platformsim.Faults{})
	a.before = func(number int, _ *http.Request) {
		if number == 3 {
			a.sim.SetFaults(platformsim.Faults{RateLimit: 1})
		}
	}
	a.seen = nil
	receipts := a.apply(deleteIntent("persons", ids[1]), deleteIntent("persons", "99"), deleteIntent("persons", ids[2]), deleteIntent("persons", ids[0]))
	if receipts[0].Err != nil || len(a.seen) != 3 {
		t.Errorf("%d requests, %+v", len(a.seen), receipts)
	}
	wantKind(t, receipts[1].Err, fault.Gone)
	wantKind(t, receipts[2].Err, fault.RateLimited)
	wantKind(t, receipts[3].Err, fault.RateLimited)
}

func TestALostAnswerLeavesTheRestUnsent(t *testing.T) {
	a := newAccount(t)
	id := a.persons(1)[0]
	a.sim.SetFaults(platformsim.Faults{LostAnswer: 1})
	receipts := a.apply(deleteIntent("persons", id), deleteIntent("persons", "99"))
	wantKind(t, receipts[0].Err, fault.InDoubt)
	wantKind(t, receipts[1].Err, fault.Transient)
}

func TestHostileAnswersToWritesAreInDoubt(t *testing.T) {
	for name, body := range map[string]string{"page": "<html>login</html>", "nothing": "", "truncated": `{"success":true,"data":{"id":7,"na`, "null": "null", "text": `"ok"`, "list": "[]", "no success": `{"data":{"id":7}}`,
		"success denied": `{"success":false,"data":{"id":7}}`, "success in words": `{"success":"true","data":{"id":7}}`, "no data": `{"success":true}`, "null data": `{"success":true,"data":null}`,
		"no record": `{"success":true,"data":[]}`, "no id": `{"success":true,"data":{"name":"x"}}`, "id in words": `{"success":true,"data":{"id":"7"}}`, "another": `{"success":true,"data":{"id":8}}`,
		"a huge id": `{"success":true,"data":{"id":99999999999999999999}}`, "nested": `{"success":true,"data":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`,
		"long": `{"success":true,"data":["` + strings.Repeat("x", 10<<20) + `"]}`, "too long": `{"success":true,"data":["` + strings.Repeat("x", 17<<20) + `"]}`} {
		t.Run(name, func(t *testing.T) {
			c := answering(t, 200, nil, body)
			for _, operation := range []record.Operation{record.OperationUpdate, record.OperationCreate} {
				if operation == record.OperationCreate && name == "another" {
					continue
				}
				ref := target("persons", "7")
				if operation == record.OperationCreate {
					ref.ID = ""
				}
				receipts, err := c.Apply(t.Context(), []record.Intent{{Key: "k", Operation: operation, Ref: ref, Fields: record.Fields{"name": "x"}}})
				if err == nil {
					err = receipts[0].Err
				}
				wantKind(t, err, fault.InDoubt)
			}
		})
	}
}

func TestHostileAnswersToReadsAreTransient(t *testing.T) {
	for name, body := range map[string]string{"page": "<html>login</html>", "nothing": "", "truncated": `{"success":true,"data":[{"id":7`, "null": "null", "text": `"x"`, "number": "7", "list": "[]", "no data": `{"success":true}`,
		"not told whether it succeeded": `{"data":[]}`, "success denied": `{"success":false,"data":[]}`, "data of a wrong type": `{"success":true,"data":{"a":1}}`, "data in words": `{"success":true,"data":"none"}`,
		"cursor of a wrong type": `{"success":true,"data":[],"additional_data":{"next_cursor":{"a":1}}}`, "paging in words": `{"success":true,"data":[],"additional_data":"none"}`,
		"nested": strings.Repeat(`{"data":`, 20_000), "too long": `{"success":true,"data":["` + strings.Repeat("x", 17<<20) + `"]}`} {
		t.Run(name, func(t *testing.T) {
			lists, _, _, _ := oneOfEach(t.Context(), answering(t, 200, nil, body))
			for i, err := range lists {
				if !fault.Is(err, fault.Transient) && !(i == 3 && strings.Contains(name, "paging") || i == 3 && strings.Contains(name, "cursor")) {
					t.Errorf("%d: %v", i, err)
				}
			}
		})
	}
}

// noRecords are rows that nobody can say whose they are; oddRecords are records in forms that no documentation knows.
var (
	noRecords  = []string{`null`, `7`, `"x"`, `[]`, `{}`, `{"id":"7"}`, `{"id":-1}`, `{"id":1.5}`, `{"id":99999999999999999999}`}
	oddRecords = []string{
		`{"id":11,"update_time":7,"is_deleted":"yes","emails":"a","phones":{"value":"1"},"custom_fields":[],"org_id":{"value":7},"name":["x"],"label_ids":{"a":1},"visible_to":"3"}`,
		`{"id":12,"update_time":"lately","emails":[null,7,"x",{"value":7},{"value":"a@example.com","primary":"yes"}],"custom_fields":{"k":{"value":{"value":{"value":1}}}},"owner_id":1e999999999}`}
)

func TestARowThatIsNoRecordFailsItsPage(t *testing.T) {
	for _, row := range noRecords {
		c := answering(t, 200, nil, `{"success":true,"data":[{"id":13},`+row+`],"additional_data":{"next_cursor":null}}`)
		for name, walk := range map[string]func(context.Context, platform.Query) (platform.Page, error){"changes": c.Changes, "list": c.List} {
			if _, err := walk(t.Context(), platform.Query{Object: "persons", Limit: 500}); !fault.Is(err, fault.Transient) {
				t.Errorf("%s of %s: %v", name, row, err)
			}
		}
	}
}

func TestOddRecordsAreToldAsFarAsTheyGo(t *testing.T) {
	const good = `{"id":13,"update_time":"2026-03-02T17:00:00Z","name":"Curie","emails":[{"value":"m@example.com","primary":true,"label":"work"}]}`
	c := answering(t, 200, nil, `{"success":true,"data":[`+strings.Join(oddRecords, ",")+`,`+good+`],"additional_data":[]}`)
	fields := []record.PlatformField{"name", "emails[primary].value", "phones[primary].value", "org_id", "label_ids", "owner_id", "visible_to", "nonsense", ""}
	for name, walk := range map[string]func(context.Context, platform.Query) (platform.Page, error){"changes": c.Changes, "list": c.List} {
		page, err := walk(t.Context(), platform.Query{Object: "persons", Fields: fields, Limit: 500})
		if err != nil || len(page.Snapshots) != 3 {
			t.Fatalf("%s: %d snapshots, %v", name, len(page.Snapshots), err)
		}
		if last := page.Snapshots[2]; last.Fields["name"] != "Curie" || last.Fields["emails[primary].value"] != "m@example.com" {
			t.Errorf("%s, the good one: %+v", name, last)
		}
		for _, field := range []record.PlatformField{"emails[primary].value", "name", "label_ids"} {
			if value, told := page.Snapshots[0].Fields[field]; told && value != "" {
				t.Errorf("%s: %s is told as %q", name, field, value)
			}
		}
		if _, told := page.Snapshots[1].Fields["owner_id"]; told {
			t.Errorf("%s: a number beyond all bounds is told", name)
		}
	}
}

func TestRefreshClassifies(t *testing.T) {
	a := newAccount(t)
	grant, err := a.refresher().Refresh(t.Context(), a.sim.Access().RefreshToken)
	if err != nil || !grant.ExpiresAt.Equal(a.clock.Now().Add(time.Hour)) || grant.RefreshToken == "" || grant.AccessToken == "" {
		t.Errorf("grant until %v, %v", grant.ExpiresAt, err)
	}
	_, err = a.refresher().Refresh(t.Context(), "revoked")
	wantKind(t, err, fault.Unauthorized)
	wrong := a.refresher()
	wrong.Settings.ClientSecret = "wrong"
	_, err = wrong.Refresh(t.Context(), a.sim.Access().RefreshToken)
	wantKind(t, err, fault.Unauthorized)
	inBody := a.refresher()
	inBody.Client = platform.ClientInBody
	_, err = inBody.Refresh(t.Context(), a.sim.Access().RefreshToken)
	wantKind(t, err, fault.Unauthorized) // the endpoint takes HTTP Basic alone
}

// FuzzRows: what is read of a body tells no code that a body could make up, and no snapshot without an id.
func FuzzRows(f *testing.F) {
	for _, body := range []string{errorBody("ERR_X"), `{"success":true,"data":{"id":7,"emails":[{"value":"a"}],"custom_fields":{"a":{"value":1}}}}`, `{"success":true,"data":[]}`, `{"success":false,"errorCode":403}`, `null`, `[null,7]`} {
		f.Add(body)
	}
	c := New(platform.Settings{Connection: "crm", BaseURL: "http://localhost", Now: time.Now})
	f.Fuzz(func(t *testing.T, body string) {
		var e envelope
		if json.Unmarshal([]byte(body), &e) != nil {
			return
		}
		if code := e.code(); code != "" && !safeCode.MatchString(code) && len(code) != 3 {
			t.Errorf("tells the code %q", code)
		}
		e.hits()
		e.paging()
		items, _ := e.list()
		for _, item := range append(items, e.Data) {
			r, err := decodeRow(item)
			if err != nil {
				continue
			}
			for _, object := range []record.Object{"persons", "organizations", "deals"} {
				k, _ := c.kindOf(object)
				var fields []record.PlatformField
				for _, field := range k.Fields {
					fields = append(fields, field.Name)
				}
				s := c.snapshot(k, wanted{fields: fields, custom: map[string]definition{}}, r, time.Time{})
				if !wellFormed(s.ID) {
					t.Errorf("snapshot of %q", s.ID)
				}
			}
		}
	})
}

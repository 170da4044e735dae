package hubspot

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/google/go-cmp/cmp"
)

// scripted is a connector to a server that answers as script says, given the path with its query, and the body.
func scripted(t *testing.T, script func(path, body string) (status int, answer string)) *Connector {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		status, answer := script(r.URL.String(), string(body))
		w.WriteHeader(status)
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(server.Close)
	now := func() time.Time { return time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC) }
	return New(platform.Settings{Connection: "hub", BaseURL: server.URL, Tokens: platformtest.Token("t"), HTTP: server.Client(), Now: now})
}

// answering is a connector to a server that answers one thing.
func answering(t *testing.T, status int, body string) *Connector {
	t.Helper()
	return scripted(t, func(string, string) (int, string) { return status, body })
}

func errorBody(category, extra string) string {
	return fmt.Sprintf(`{"status":"error","message":"secret value","correlationId":"aeb5f871-7f07","category":%q%s}`, category, extra)
}

func TestStatusesAndBodies(t *testing.T) {
	cases := []struct {
		name        string
		status      int
		body        string
		read, write fault.Kind
	}{
		{"validation", 400, errorBody("VALIDATION_ERROR", ""), fault.Rejected, fault.Rejected},
		{"conflict", 409, errorBody("CONFLICT", ""), fault.Rejected, fault.Rejected},
		{"refused without a body", 400, "<html>bad</html>", fault.Rejected, fault.Rejected},
		{"too many merged identities", 414, "", fault.Rejected, fault.Rejected},
		{"rolling limit", 429, `{"errorType":"RATE_LIMIT","policyName":"TEN_SECONDLY_ROLLING"}`, fault.RateLimited, fault.RateLimited},
		{"limited without a body", 429, "", fault.RateLimited, fault.RateLimited},
		{"locked", 423, "", fault.RateLimited, fault.RateLimited},
		{"migrating", 477, "", fault.RateLimited, fault.RateLimited},
		{"token", 401, errorBody("EXPIRED_AUTHENTICATION", ""), fault.Unauthorized, fault.Unauthorized},
		{"scopes", 403, errorBody("MISSING_SCOPES", ""), fault.Unauthorized, fault.Unauthorized},
		{"address unknown", 404, "<html>not found</html>", fault.Transient, fault.Transient},
		{"server error", 500, errorBody("INTERNAL_ERROR", ""), fault.Transient, fault.InDoubt},
		{"gateway page", 502, "<html>bad gateway</html>", fault.Transient, fault.InDoubt},
		{"timeout of the front", 524, "", fault.Transient, fault.InDoubt},
		{"nothing with status 200", 200, "", fault.Transient, fault.InDoubt},
		{"null", 200, "null", fault.Transient, fault.InDoubt},
		{"no results", 200, "{}", fault.Transient, fault.InDoubt},
		{"results of another form", 200, `{"results":{}}`, fault.Transient, fault.InDoubt},
		{"records of another form", 200, `{"results":[7]}`, fault.Transient, fault.InDoubt},
		{"properties of another form", 200, `{"results":[{"id":"1","properties":{"email":{}}}]}`, fault.Transient, fault.InDoubt},
		{"truncated", 200, `{"results":[{"id":"1"`, fault.Transient, fault.InDoubt},
		{"page with status 200", 200, "<html>login</html>", fault.Transient, fault.InDoubt},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			c := answering(t, tt.status, tt.body)
			_, err := c.Changes(t.Context(), platform.Query{Object: "contacts", Limit: 1})
			wantKind(t, err, tt.read)
			_, err = c.List(t.Context(), platform.Query{Object: "contacts", Limit: 1})
			wantKind(t, err, tt.read)
			_, err = c.Fetch(t.Context(), "contacts", nil, []record.ExternalID{"1", "2"})
			wantKind(t, err, tt.read)
			_, err = c.Find(t.Context(), "contacts", nil, []platform.Lookup{{Field: "email", Value: "a@example.com"}})
			wantKind(t, err, tt.read)
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("error tells a value: %v", err)
			}
			for _, intent := range []record.Intent{creation("k", "companies", record.Fields{"name": "x"}), creation("k", "companies", record.Fields{"fluxcascade_id": "x"}),
				{Key: "k", Operation: record.OperationUpdate, Ref: target("contacts", "1"), Fields: record.Fields{"lastname": "x"}}} {
				receipts, err := c.Apply(t.Context(), []record.Intent{intent})
				if err == nil {
					err = receipts[0].Err
				}
				wantKind(t, err, tt.write)
			}
		})
	}
}

func TestErrorsTellCategoryPropertyAndCorrelationOnly(t *testing.T) {
	c := answering(t, 400, errorBody("VALIDATION_ERROR", `,"errors":[{"message":"Property \"amount\" was not valid: secret","context":{"propertyName":["amount","no such Name"]}},{"code":"X","context":{"propertyName":"secret"}}]`))
	_, err := c.List(t.Context(), platform.Query{Object: "deals", Limit: 1})
	want := "hubspot hub: list deals: rejected (VALIDATION_ERROR): status 400, correlation aeb5f871-7f07"
	if err == nil || err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	if diff := cmp.Diff([]string{"amount"}, err.(*fault.Error).Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func TestWaitsOfLimits(t *testing.T) {
	for body, want := range map[string]time.Duration{`{"policyName":"SECONDLY"}`: searchWait, `{"policyName":"TEN_SECONDLY_ROLLING"}`: burstWait, `{"policyName":"DAILY"}`: dailyWait, ``: burstWait} {
		_, err := answering(t, 429, body).List(t.Context(), platform.Query{Object: "contacts", Limit: 1})
		if wantKind(t, err, fault.RateLimited); fault.After(err, 0) != want {
			t.Errorf("%s: after %v, want %v", body, fault.After(err, 0), want)
		}
	}
	if limitedFor(477, "") != migratingWait || limitedFor(423, "") != lockedWait || limitedFor(500, "") != 0 {
		t.Error("waits of statuses")
	}
}

// noRecords are rows that cannot be read as one: a walk fails at them, since it would pass them over in silence.
var noRecords = []string{`{}`, `{"id":null}`, `{"id":""}`, `{"id":true}`, `{"id":"x"}`}

// oddRecords are records in forms that no documentation knows.
var oddRecords = []string{`{"id":7}`, `{"id":"1","properties":null,"updatedAt":"nonsense","archived":null}`,
	`{"id":"1","properties":{"lastmodifieddate":"x","hs_lastmodifieddate":true,"amount":1e999999999,"hs_merged_object_ids":";;1; 2 ;"}}`,
	`{"id":"2","properties":{"email":7,"fluxcascade_id":null},"objectWriteTraceId":99,"new":true}`}

func TestOddRecordsNeverPanic(t *testing.T) {
	fields := []record.PlatformField{"email", "amount", "associations.companies", "associations.", "", "."}
	for _, no := range noRecords {
		c := answering(t, 200, `{"total":1,"results":[{"id":"1"},`+no+`]}`)
		for _, walk := range []func(context.Context, platform.Query) (platform.Page, error){c.Changes, c.List} {
			_, err := walk(t.Context(), platform.Query{Object: "deals", Limit: 3})
			wantKind(t, err, fault.Transient)
		}
	}
	for _, odd := range append(oddRecords, strings.Join(oddRecords, ",")) {
		c := answering(t, 200, `{"total":1,"results":[`+odd+`],"errors":[{"context":{"ids":7,"objectWriteTraceId":[0],"existingId":{}}},{}],"paging":{"next":{"after":5}}}`)
		for _, object := range []record.Object{"contacts", "companies", "deals"} {
			for _, walk := range []func(context.Context, platform.Query) (platform.Page, error){c.Changes, c.List} {
				page, err := walk(t.Context(), platform.Query{Object: object, Fields: fields, Limit: 3})
				if err != nil || page.Next == "" {
					t.Errorf("%s: next %q, %v", object, page.Next, err)
				}
				for _, s := range page.Snapshots {
					if s.ID == "" {
						t.Errorf("%s: snapshot without an id", object)
					}
				}
			}
			_, _ = c.Fetch(t.Context(), object, fields, []record.ExternalID{"1", "2", ""})
			_, _ = c.Find(t.Context(), object, fields, []platform.Lookup{{Field: "fluxcascade_id", Value: "x"}})
			for _, operation := range []record.Operation{record.OperationCreate, record.OperationUpdate, record.OperationArchive, record.OperationDelete, "x"} {
				receipts, err := c.Apply(t.Context(), []record.Intent{
					{Key: "a", Operation: operation, Marker: "fluxcascade_id", Ref: target(object, "1"), Fields: record.Fields{"fluxcascade_id": "x", "associations.companies": "5"}},
					{Key: "b", Operation: operation, Ref: target(object, "2"), Fields: record.Fields{"hs_custom": "x"}}})
				for _, r := range receipts {
					if err == nil && r.Err == nil && r.ID == "" {
						t.Errorf("%s %s: a receipt without an id", operation, object)
					}
				}
			}
		}
	}
}

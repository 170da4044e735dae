package quickbooks

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// answering is a connector to a server that answers one thing.
func answering(t *testing.T, status int, header map[string]string, body string) *Connector {
	t.Helper()
	s := platformtest.Answering(t, status, header, body)
	s.Connection = "books"
	s.Account = "1"
	return New(s)
}

func faultBody(kind, code string) string {
	return fmt.Sprintf(`{"Fault":{"Error":[{"Message":"secret value","Detail":"secret value","code":%q,"element":"DisplayName"}],"type":%q},"time":"2026-03-02T09:00:00.000-08:00"}`, code, kind)
}

func TestStatusesAndFaults(t *testing.T) {
	const inXML = `<?xml version="1.0" encoding="UTF-8"?><IntuitResponse time="2026-03-02T09:00:00.000-08:00" xmlns="http://schema.intuit.com/finance/v3"><Fault type="%s"><Error code="%s"><Message>message=%s</Message><Detail>d</Detail></Error></Fault></IntuitResponse>`
	cases := []struct {
		name        string
		status      int
		body        string
		read, write fault.Kind
	}{
		{"validation", 400, faultBody("ValidationFault", "2020"), fault.Rejected, fault.Rejected},
		{"duplicate document number", 400, faultBody("ValidationFault", "6210"), fault.Rejected, fault.Rejected},
		{"stale", 400, faultBody("ValidationFault", "5010"), fault.Stale, fault.Stale},
		{"throttled, long code", 429, faultBody("SERVICE", "003001"), fault.RateLimited, fault.RateLimited},
		{"throttled, short code, other status", 400, faultBody("SERVICE", "3001"), fault.RateLimited, fault.RateLimited},
		{"throttled in XML", 429, fmt.Sprintf(inXML, "SERVICE", "3001", "ThrottleExceeded"), fault.RateLimited, fault.RateLimited},
		{"throttled without a body", 429, "", fault.RateLimited, fault.RateLimited},
		{"authentication in JSON", 401, `{"warnings":null,"fault":{"error":[{"message":"m","code":"3200"}],"type":"AUTHENTICATION"}}`, fault.Unauthorized, fault.Unauthorized},
		{"authentication in XML", 401, fmt.Sprintf(inXML, "AUTHENTICATION", "3200", "AuthenticationFailed"), fault.Unauthorized, fault.Unauthorized},
		{"authorization in XML with 403", 403, fmt.Sprintf(inXML, "AuthorizationFault", "3100", "x"), fault.Unauthorized, fault.Unauthorized},
		{"authorization outage", 500, faultBody("AuthorizatonFault", "120"), fault.Transient, fault.InDoubt},
		{"authorization lost", 400, faultBody("AuthorizatonFault", "120"), fault.Unauthorized, fault.Unauthorized},
		{"system fault", 500, faultBody("SystemFault", "10000"), fault.Transient, fault.InDoubt},
		{"gateway page", 502, "<html>bad gateway</html>", fault.Transient, fault.InDoubt},
		{"address unknown", 404, "<html>not found</html>", fault.Transient, fault.Transient},
		{"fault with status 200", 200, faultBody("ValidationFault", "2020"), fault.Rejected, fault.Rejected},
		{"text with status 200", 200, `"Invalid Company Status"`, fault.Transient, fault.InDoubt},
		{"page with status 200", 200, "<html>login</html>", fault.Transient, fault.InDoubt},
		{"nothing with status 200", 200, "", fault.Transient, fault.InDoubt},
		{"truncated", 200, `{"QueryResponse":{"Customer":[{"Id":"1"`, fault.Transient, fault.InDoubt},
		{"wrong types", 200, `{"QueryResponse":[1],"Customer":7,"BatchItemResponse":{},"CDCResponse":"x"}`, fault.Transient, fault.InDoubt},
		{"request refused without a fault", 400, "<html>bad</html>", fault.Rejected, fault.Rejected},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			c := answering(t, tt.status, map[string]string{"intuit_tid": "1-abc"}, tt.body)
			_, err := c.Changes(t.Context(), platform.Query{Object: "customers", Limit: 1})
			wantKind(t, err, tt.read)
			_, err = c.List(t.Context(), platform.Query{Object: "customers", Limit: 1})
			wantKind(t, err, tt.read)
			_, err = c.Fetch(t.Context(), "customers", nil, []record.ExternalID{"1", "2"})
			wantKind(t, err, tt.read)
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("error tells a value: %v", err)
			}
			receipts, err := c.Apply(t.Context(), []record.Intent{{Key: "k", Operation: record.OperationCreate, Ref: target("invoices", ""), Fields: record.Fields{"DocNumber": "1"}}})
			if err == nil {
				err = receipts[0].Err
			}
			wantKind(t, err, tt.write)
			update := record.Intent{Key: "k", Operation: record.OperationUpdate, Ref: target("customers", "1"), Fields: record.Fields{"Notes": "1"}, Current: &record.Snapshot{Version: "0"}}
			receipts, err = c.Apply(t.Context(), []record.Intent{update})
			if err == nil {
				err = receipts[0].Err
			}
			wantKind(t, err, tt.write)
		})
	}
}

func TestRetryAfterIsHeeded(t *testing.T) {
	for body, header := range map[string]string{"": "7", faultBody("SERVICE", "003001"): "7"} {
		c := answering(t, 429, map[string]string{"Retry-After": header}, body)
		_, err := c.List(t.Context(), platform.Query{Object: "customers", Limit: 1})
		if wantKind(t, err, fault.RateLimited); fault.After(err, 0) != 7*time.Second {
			t.Errorf("after %v, want 7s", fault.After(err, 0))
		}
	}
}

func TestFaultsTellCodeAndTransactionOnly(t *testing.T) {
	c := answering(t, 400, map[string]string{"intuit_tid": "1-abc"}, faultBody("ValidationFault", "2050"))
	_, err := c.List(t.Context(), platform.Query{Object: "customers", Limit: 1})
	want := "quickbooks books: query Customer: rejected (2050): fault with status 400, intuit_tid 1-abc"
	if err == nil || err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}

// noRecords are rows that cannot be read as one: a walk fails at them, since it would pass them over in silence.
var noRecords = []string{`null`, `7`, `"x"`, `[]`, `{}`, `{"Id":7}`, `{"Id":""}`}

// oddRecords are records in forms that no documentation knows.
var oddRecords = []string{`{"Id":"1","SyncToken":0,"MetaData":"x","Active":"yes","BillAddr":"London","PrimaryEmailAddr":["a"],"CustomField":{},"Balance":1e999999999}`,
	`{"Id":"1","DisplayName":{"a":1},"Balance":12345678901234567890123456789012345678901234567890123456789012345}`,
	`{"Id":"1","Line":"x"}`, `{"Id":"1","Line":[null,7,{"DetailType":"SalesItemLineDetail","SalesItemLineDetail":"x","Amount":"y"}]}`,
	`{"Id":"1","CustomField":[null,7,{"Name":7},{"Name":"Hub ID","StringValue":{}}]}`}

func TestOddRecordsNeverPanic(t *testing.T) {
	fields := append(allFields("customers"), allFields("invoices")...)
	fields = append(fields, "CustomField[Hub ID]", "Line[0].", "CustomField[", "", ".", "Ref")
	list := strings.Join(oddRecords, ",")
	body := `{"QueryResponse":{"Customer":[` + list + `],"Invoice":[` + list + `]},"CDCResponse":[{"QueryResponse":[{"Customer":[` + list +
		`]},{"Invoice":[` + list + `]},{}]}],"time":"nonsense"}`
	c := answering(t, 200, nil, body)
	for _, object := range []record.Object{"customers", "invoices"} {
		for _, walk := range []func(context.Context, platform.Query) (platform.Page, error){c.Changes, c.List} {
			page, err := walk(t.Context(), platform.Query{Object: object, Fields: fields, Limit: 100, Since: c.client.Settings.Now()})
			if err != nil || len(page.Snapshots) == 0 {
				t.Errorf("%s: %d snapshots, %v", object, len(page.Snapshots), err)
			}
			for _, s := range page.Snapshots {
				if s.ID == "" {
					t.Errorf("%s: snapshot without an id", object)
				}
			}
		}
		if _, err := c.Fetch(t.Context(), object, fields, []record.ExternalID{"1", "2"}); err != nil {
			t.Errorf("%s: %v", object, err)
		}
	}
	for _, no := range noRecords {
		c := answering(t, 200, nil, `{"QueryResponse":{"Customer":[{"Id":"1"},`+no+`]},"CDCResponse":[{"QueryResponse":[{"Customer":[`+no+`]}]}]}`)
		for _, walk := range []func(context.Context, platform.Query) (platform.Page, error){c.Changes, c.List} {
			_, err := walk(t.Context(), platform.Query{Object: "customers", Limit: 100, Since: c.client.Settings.Now()})
			wantKind(t, err, fault.Transient)
		}
		reads, err := c.Fetch(t.Context(), "customers", nil, []record.ExternalID{"1", "2"})
		if err != nil || reads[0].Snapshot == nil {
			t.Fatalf("beside %s: %+v, %v", no, reads, err)
		}
		wantKind(t, reads[1].Err, fault.Transient) // whose row that was is not told
	}
	for _, odd := range append(noRecords, oddRecords...) {
		c := answering(t, 200, nil, `{"Customer":`+odd+`,"Invoice":`+odd+`,"QueryResponse":{"Customer":[`+odd+`],"Invoice":[`+odd+`]},`+
			`"BatchItemResponse":[{"bId":"0","Customer":`+odd+`,"Invoice":`+odd+`},{"bId":"9"}]}`)
		for _, object := range []record.Object{"customers", "invoices"} {
			for _, operation := range []record.Operation{record.OperationCreate, record.OperationUpdate, record.OperationArchive, record.OperationDelete, "x"} {
				_, _ = c.Apply(t.Context(), []record.Intent{{Key: "k", Operation: operation, Ref: target(object, "1"),
					Fields: record.Fields{"BillAddr.City": "x", "Line[0].Amount": "1", "Line[0].ItemRef": "1", "CustomField[Hub ID]": "x", "Notes": "x"}}})
				_, _ = c.Apply(t.Context(), []record.Intent{{Key: "k", Operation: operation, Ref: target(object, "1"),
					Fields: record.Fields{"Line[0].ItemRef": "1", "Line[0].Amount": "1"}}})
			}
			_, _ = c.Fetch(t.Context(), object, fields, []record.ExternalID{"1"})
			_, _ = c.Find(t.Context(), object, fields, []platform.Lookup{{Field: "DisplayName", Value: "x"}})
		}
	}
}

func TestBatchAnswersAreMatchedByNumber(t *testing.T) {
	const known = `{"Id":"1","SyncToken":"1"}`
	intents := []record.Intent{}
	for _, id := range []record.ExternalID{"1", "2", "3"} {
		intents = append(intents, record.Intent{Key: "k-" + string(id), Operation: record.OperationUpdate, Ref: target("customers", id),
			Fields: record.Fields{"Notes": "x"}, Current: &record.Snapshot{Version: "0"}})
	}
	c := answering(t, 200, nil, `{"BatchItemResponse":[{"bId":"2","Fault":{"type":"ValidationFault","Error":[{"code":"5010"}]}},{"bId":"0","Customer":`+known+`},{"bId":"77","Customer":`+known+`}]}`)
	receipts, err := c.Apply(t.Context(), intents)
	if err != nil {
		t.Fatal(err)
	}
	if receipts[0].Err != nil || receipts[0].Snapshot.Version != "1" {
		t.Errorf("answered: %+v", receipts[0])
	}
	wantKind(t, receipts[1].Err, fault.InDoubt)
	wantKind(t, receipts[2].Err, fault.Stale)
}

package xero

import (
	"context"
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
	s.Connection = "books"
	s.Account = "t"
	return New(s)
}

const someID = "bd2270c3-8706-4c11-9cfb-000b551c3f51"

func refused(kind, message string) string {
	return fmt.Sprintf(`{"ErrorNumber":10,"Type":%q,"Message":"secret value","Elements":[{"ContactID":%q,"ValidationErrors":[{"Message":%q}]}]}`, kind, someID, message)
}

func TestStatusesAndRefusals(t *testing.T) {
	const inXML = `<?xml version="1.0" encoding="utf-8"?><ApiException xmlns:xsd="http://www.w3.org/2001/XMLSchema"><ErrorNumber>10</ErrorNumber><Type>%s</Type><Message>secret value</Message></ApiException>`
	const listInXML = `<Response><Id>x</Id><Status>OK</Status><Contacts><Contact><ContactID>` + someID + `</ContactID></Contact></Contacts></Response>`
	cases := []struct {
		name        string
		status      int
		body        string
		read, write fault.Kind
	}{
		{"validation", 400, refused("ValidationException", "secret value"), fault.Rejected, fault.Rejected},
		{"a filter that does not parse", 400, `{"ErrorNumber":16,"Type":"QueryParseException","Message":"secret value"}`, fault.Rejected, fault.Rejected},
		{"validation in XML", 400, fmt.Sprintf(inXML, "ValidationException"), fault.Rejected, fault.Rejected},
		{"no right, in XML", 400, fmt.Sprintf(inXML, codeUnauthorised), fault.Unauthorized, fault.Unauthorized},
		{"refused without a form", 400, "<html>bad</html>", fault.Rejected, fault.Rejected},
		{"token refused", 401, `{"Type":null,"Title":"Unauthorized","Status":401,"Detail":"TokenExpired: secret value"}`, fault.Unauthorized, fault.Unauthorized},
		{"organisation not connected", 403, `{"Type":null,"Title":"Forbidden","Status":403,"Detail":"AuthenticationUnsuccessful"}`, fault.Unauthorized, fault.Unauthorized},
		{"limited", 429, "", fault.RateLimited, fault.RateLimited},
		{"address unknown", 404, "The resource you're looking for cannot be found", fault.Transient, fault.Transient},
		{"in progress", 409, "", fault.Transient, fault.InDoubt},
		{"too large", 413, "", fault.Rejected, fault.Rejected},
		{"trouble", 500, `{"ErrorNumber":500,"Type":"InternalServerError","Message":"secret value"}`, fault.Transient, fault.InDoubt},
		{"gateway page", 502, "<html>bad gateway</html>", fault.Transient, fault.InDoubt},
		{"offline", 503, "The organisation is offline", fault.Transient, fault.InDoubt},
		{"XML with status 200", 200, listInXML, fault.Transient, fault.InDoubt},
		{"page with status 200", 200, "<html>login</html>", fault.Transient, fault.InDoubt},
		{"nothing with status 200", 200, "", fault.Transient, fault.InDoubt},
		{"null with status 200", 200, "null", fault.Transient, fault.InDoubt},
		{"half an answer", 200, `{"Id":"x","Status":"OK"}`, fault.Transient, fault.InDoubt},
		{"a null list", 200, `{"Contacts":null,"Invoices":null}`, fault.Transient, fault.InDoubt},
		{"truncated", 200, `{"Contacts":[{"ContactID":"` + someID + `"`, fault.Transient, fault.InDoubt},
		{"wrong types", 200, `{"Contacts":7,"Invoices":"x","pagination":[]}`, fault.Transient, fault.InDoubt},
		{"deeply nested", 200, strings.Repeat(`{"Contacts":[`, 20_000), fault.Transient, fault.InDoubt},
		{"moved", 302, "", fault.Transient, fault.InDoubt},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			c := answering(t, tt.status, nil, tt.body)
			for _, object := range []record.Object{"contacts", "invoices"} {
				_, err := c.Changes(t.Context(), platform.Query{Object: object, Limit: 1})
				wantKind(t, err, tt.read)
				if err != nil && strings.Contains(err.Error(), "secret") {
					t.Errorf("error tells a value: %v", err)
				}
				_, err = c.List(t.Context(), platform.Query{Object: object, Limit: 1})
				wantKind(t, err, tt.read)
				_, err = c.Fetch(t.Context(), object, nil, []record.ExternalID{someID})
				wantKind(t, err, tt.read)
				update := record.Intent{Key: "k", Operation: record.OperationUpdate, Ref: target(object, someID), Fields: record.Fields{map[record.Object]record.PlatformField{"contacts": "FirstName", "invoices": "Url"}[object]: "1"}}
				receipts, err := c.Apply(t.Context(), []record.Intent{update})
				if err == nil {
					err = receipts[0].Err
				}
				wantKind(t, err, tt.write)
				if err != nil && strings.Contains(err.Error(), "secret") {
					t.Errorf("error tells a value: %v", err)
				}
			}
			_, err := c.Find(t.Context(), "contacts", nil, []platform.Lookup{{Field: "Name", Value: "x"}})
			wantKind(t, err, tt.read)
			receipts, err := c.Apply(t.Context(), []record.Intent{createIntent("k", "contacts", record.Fields{"Name": "x", "ContactNumber": "1"})})
			if err == nil {
				err = receipts[0].Err
			}
			wantKind(t, err, tt.write)
		})
	}
}

func TestLimitsNameATime(t *testing.T) {
	for _, c := range []struct {
		header map[string]string
		want   time.Duration
	}{
		{map[string]string{"Retry-After": "7", "X-Rate-Limit-Problem": "day"}, 7 * time.Second}, {map[string]string{"X-Rate-Limit-Problem": "minute"}, minuteWait},
		{map[string]string{"X-Rate-Limit-Problem": "day"}, dayWait}, {map[string]string{"X-Rate-Limit-Problem": "Daily"}, dayWait}, {map[string]string{"X-Rate-Limit-Problem": "concurrent"}, crowdWait},
		{map[string]string{"X-Rate-Limit-Problem": "appminute", "Retry-After": "soon"}, minuteWait}, {nil, minuteWait},
	} {
		_, err := answering(t, 429, c.header, "").List(t.Context(), platform.Query{Object: "contacts", Limit: 1})
		if wantKind(t, err, fault.RateLimited); fault.After(err, 0) != c.want {
			t.Errorf("%v waits %v, want %v", c.header, fault.After(err, 0), c.want)
		}
	}
}

func TestTheLimitsAreMet(t *testing.T) {
	b := newBooks(t)
	read := func() error {
		_, err := b.connector.List(t.Context(), platform.Query{Object: "contacts", Limit: 1})
		return err
	}
	for i := range 60 {
		if err := read(); err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
	}
	err := read()
	if f, ok := err.(*fault.Error); !ok || f.Kind != fault.RateLimited || f.Code != "minute" || f.After > time.Minute+time.Second || f.After < 50*time.Second {
		t.Errorf("the 61st call in a minute: %v", err)
	}
	b.clock.Advance(fault.After(err, 0))
	if err := read(); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	b.sim.SetDayLimit(61)
	if f, ok := read().(*fault.Error); !ok || f.Code != "day" || f.After == 0 {
		t.Errorf("beyond the day's calls: %v", f)
	}
}

// TestMessagesAreReadAndNeverTold: the platform tells a refusal by its message alone, which quotes values.
func TestMessagesAreReadAndNeverTold(t *testing.T) {
	for message, want := range map[string]string{
		"The contact name secret is already assigned to another contact. The contact name must be unique across all active contacts.": "name_taken [Name]",
		"The contact number secret is already assigned to another contact":                                                            "number_taken [ContactNumber]",
		"Invoice # must be unique.":                                                                "number_taken [InvoiceNumber]",
		"The contact with the specified contact details could not be found":                        "contact_not_found [Contact.ContactID]",
		"The contact secret is archived and cannot be used":                                        "contact_archived [Contact.ContactID]",
		"Invoice not of valid status for modification":                                             "invoice_locked []",
		"This document cannot be edited as it has a payment or credit note allocated to it.":       "invoice_locked []",
		"Account code 'secret' is not a valid code for this document.":                             "account_invalid [LineItems[0].AccountCode]",
		"The TaxType code 'secret' does not exist or cannot be used for this type of transaction.": "tax_invalid [LineItems[0].TaxType]",
		"The value of Region exceeds the maximum length of 255":                                    " [Addresses[POBOX].Region Addresses[STREET].Region]",
		"secret": " []",
		"":       " []",
	} {
		code, fields := meaning(message)
		if got := fmt.Sprint(code, " ", fields); got != want {
			t.Errorf("%q means %q, want %q", message, got, want)
		}
		body := fmt.Sprintf(`{"Contacts":[{"ContactID":%q,"HasValidationErrors":true,"ValidationErrors":[{"Message":%q}],"StatusAttributeString":"ERROR"}]}`, someID, message)
		receipts, err := answering(t, 200, nil, body).Apply(t.Context(), []record.Intent{createIntent("k", "contacts", record.Fields{"Name": "x", "ContactNumber": "1"})})
		if err != nil || receipts[0].Err == nil || strings.Contains(receipts[0].Err.Error(), "secret") {
			t.Errorf("%q: %+v, %v", message, receipts, err)
		}
	}
}

// TestHostileAnswersToWritesAreInDoubt: whatever an answer does not say of a record stays unknown.
func TestHostileAnswersToWritesAreInDoubt(t *testing.T) {
	ok := `{"ContactID":"` + someID + `","Name":"Ada"}`
	for name, list := range map[string]string{
		"none":                        ``,
		"too many":                    ok + "," + ok + "," + ok,
		"too few":                     ok,
		"another name":                `{"ContactID":"` + someID + `","Name":"Eve"},` + ok,
		"no id":                       `{"Name":"Ada"},{"Name":"Ada"}`,
		"the id of nobody":            `{"ContactID":"00000000-0000-0000-0000-000000000000","Name":"Ada"},{"ContactID":"00000000-0000-0000-0000-000000000000","Name":"Ada"}`,
		"no records":                  `7,"x"`,
		"lists for records":           `[],[]`,
		"wrong types in a record":     `{"ContactID":7,"Name":{}},{"ContactID":[],"ValidationErrors":"x"}`,
		"a name that is no text":      `{"ContactID":"` + someID + `","Name":7},{"ContactID":"` + someID + `","Name":null}`,
		"nulls":                       `null,null`,
		"records of another envelope": `{"InvoiceID":"` + someID + `","Name":"Ada"},{"InvoiceID":"` + someID + `","Name":"Ada"}`,
	} {
		t.Run(name, func(t *testing.T) {
			c := answering(t, 200, nil, `{"Contacts":[`+list+`]}`)
			intents := []record.Intent{createIntent("a", "contacts", record.Fields{"Name": "Ada", "ContactNumber": "1"}), createIntent("b", "contacts", record.Fields{"Name": "Ada", "ContactNumber": "2"})}
			receipts, err := c.Apply(t.Context(), intents)
			if err == nil {
				err = receipts[0].Err
			}
			wantKind(t, err, fault.InDoubt)
			update := record.Intent{Key: "k", Operation: record.OperationUpdate, Ref: target("contacts", "00000000-0000-4000-8000-00000000000a"), Fields: record.Fields{"FirstName": "x"}}
			receipts, err = c.Apply(t.Context(), []record.Intent{update})
			if err == nil {
				err = receipts[0].Err
			}
			wantKind(t, err, fault.InDoubt)
		})
	}
}

// noRecords are none, and oddRecords have forms that no documentation knows.
var (
	noRecords  = []string{`null`, `7`, `"x"`, `[]`, `{}`, `{"ContactID":7,"InvoiceID":7}`, `{"ContactID":"x","InvoiceID":"x"}`}
	oddRecords = []string{
		`{"ContactID":"` + someID + `","InvoiceID":"` + someID + `","Type":"ACCREC","Name":{"a":1},"Phones":"x","Addresses":{},"ContactPersons":[null,7],"LineItems":7,"Contact":"x","UpdatedDateUTC":7,"Total":1e999999999,"Date":[]}`,
		`{"ContactID":"` + someID + `","InvoiceID":"` + someID + `","Type":"ACCREC","Phones":[null,7,{"PhoneType":7},{"PhoneType":"DEFAULT","PhoneNumber":7,"PhoneAreaCode":{}}],"Addresses":[[]],"LineItems":[null],"ContactPersons":[[]],"Contact":{"ContactID":7},"MergedToContactID":7,"DateString":7,"Status":7,"ContactStatus":[]}`}
)

func TestOddRecordsArePassedOnAndWhatIsNoneFailsItsPage(t *testing.T) {
	fields := append(allFields("contacts"), allFields("invoices")...)
	fields = append(fields, "Phones[", "Phones[]", "[0].x", "", ".", "Addresses[POBOX]", "ContactPersons[0]")
	answer := func(records ...string) *Connector {
		list := strings.Join(records, ",")
		return answering(t, 200, nil, `{"Contacts":[`+list+`],"Invoices":[`+list+`],"DateTimeUTC":"nonsense","pagination":{"page":-1,"pageSize":-1,"pageCount":-1,"itemCount":-9}}`)
	}
	for _, object := range []record.Object{"contacts", "invoices"} {
		c := answer(oddRecords...)
		for _, walk := range []func(context.Context, platform.Query) (platform.Page, error){c.Changes, c.List} {
			page, err := walk(t.Context(), platform.Query{Object: object, Fields: fields, Limit: 100, Since: c.client.Settings.Now()})
			if err != nil || len(page.Snapshots) != len(oddRecords) {
				t.Errorf("%s: %d snapshots, %v", object, len(page.Snapshots), err)
			}
		}
		if _, err := c.Fetch(t.Context(), object, fields, []record.ExternalID{someID}); err != nil {
			t.Errorf("%s: %v", object, err)
		}
		for _, name := range allFields(object) {
			receipts, err := c.Apply(t.Context(), []record.Intent{{Key: "k", Operation: record.OperationUpdate, Ref: target(object, someID), Fields: record.Fields{name: "1"}}})
			if err == nil && len(receipts) != 1 {
				t.Errorf("%s: %d receipts", name, len(receipts))
			}
		}
		for _, none := range noRecords {
			c := answer(oddRecords[0], none)
			_, err := c.Changes(t.Context(), platform.Query{Object: object, Limit: 100, Since: c.client.Settings.Now()})
			wantKind(t, err, fault.Transient)
			_, err = c.List(t.Context(), platform.Query{Object: object, Limit: 100})
			wantKind(t, err, fault.Transient)
			reads, err := c.Fetch(t.Context(), object, nil, []record.ExternalID{someID, "00000000-0000-4000-8000-00000000000a"})
			if err != nil || reads[0].Snapshot == nil || !fault.Is(reads[1].Err, fault.Transient) {
				t.Errorf("%s: %+v, %v", none, reads, err)
			}
		}
	}
}

func TestARefreshTokenIsGoodOnceAndForALostAnswer(t *testing.T) {
	b := newBooks(t)
	first := b.sim.Access().RefreshToken
	grant, err := b.refresher().Refresh(t.Context(), first)
	if err != nil || grant.RefreshToken == first || !grant.ExpiresAt.Equal(b.clock.Now().Add(30*time.Minute)) {
		t.Fatalf("%+v, %v", grant, err)
	}
	b.clock.Advance(29 * time.Minute)
	again, err := b.refresher().Refresh(t.Context(), first)
	if err != nil || again.RefreshToken == grant.RefreshToken {
		t.Errorf("within the grace: %+v, %v", again, err)
	}
	b.clock.Advance(2 * time.Minute)
	_, err = b.refresher().Refresh(t.Context(), first)
	wantKind(t, err, fault.Unauthorized)
	if _, err = b.refresher().Refresh(t.Context(), again.RefreshToken); err != nil {
		t.Errorf("the one in force: %v", err)
	}
	b.sim.SetFaults(platformsim.Faults{})
	wrong := b.refresher()
	wrong.Settings.ClientSecret = "x"
	_, err = wrong.Refresh(t.Context(), b.sim.Access().RefreshToken)
	wantKind(t, err, fault.Unauthorized)
}

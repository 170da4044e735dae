package quickbooks

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/google/go-cmp/cmp"
)

func target(object record.Object, id record.ExternalID) record.Ref {
	return record.Ref{Place: record.Place{Connection: "books", Object: object}, ID: id}
}

func (c *company) createIntent(key string, object record.Object, fields record.Fields) record.Intent {
	return record.Intent{Key: key, Operation: record.OperationCreate, Ref: target(object, ""), Fields: fields}
}

// updateIntent pre-reads the record.
func (c *company) updateIntent(object record.Object, id record.ExternalID, fields record.Fields) record.Intent {
	c.Helper()
	return record.Intent{Key: "u-" + string(id), Operation: record.OperationUpdate, Ref: target(object, id), Fields: fields,
		Current: c.snapshot(object, id)}
}

// apply sends intents and wants a receipt for each.
func (c *company) apply(intents ...record.Intent) []record.Receipt {
	c.Helper()
	receipts, err := c.connector.Apply(c.Context(), intents)
	if err != nil || len(receipts) != len(intents) {
		c.Fatalf("apply: %d receipts, %v", len(receipts), err)
	}
	for i, r := range receipts {
		if r.Key != intents[i].Key {
			c.Errorf("receipt %d has key %q, want %q", i, r.Key, intents[i].Key)
		}
	}
	return receipts
}

// applied is apply, and wants no error.
func (c *company) applied(intents ...record.Intent) []record.Receipt {
	c.Helper()
	receipts := c.apply(intents...)
	for i, r := range receipts {
		if r.Err != nil {
			c.Fatalf("receipt %d: %v", i, r.Err)
		}
	}
	return receipts
}

// wantTruth compares the fields named in want with the truth.
func (c *company) wantTruth(object record.Object, id record.ExternalID, want record.Fields) {
	c.Helper()
	got := record.Fields{}
	for name, value := range c.truth(object, id) {
		if _, asked := want[name]; asked {
			got[name] = value
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		c.Errorf("%s/%s (-want +truth):\n%s", object, id, diff)
	}
}

func TestCreateInvoiceForCustomer(t *testing.T) {
	c := newCompany(t, nil)
	owner := c.customers(1)[0]
	got := c.applied(c.createIntent("k-1", "invoices", record.Fields{"CustomerRef": string(owner), "Line[0].Amount": "1234567890.10",
		"Line[0].Description": "Deal", "Line[0].ItemRef": "3", "Line[0].TaxCodeRef": "TAX", "SalesTermRef": "2", "TxnDate": "2026-03-01",
		"DocNumber": "D-77", "PrivateNote": "note", "BillEmail.Address": "x@example.com", "EmailStatus": "NeedToSend"}))[0]
	c.wantTruth("invoices", got.ID, record.Fields{"CustomerRef": string(owner), "TotalAmt": "1234567890.1", "Line[0].ItemRef": "3",
		"Line[0].TaxCodeRef": "TAX", "DueDate": "2026-03-16", "DocNumber": "D-77", "BillEmail.Address": "x@example.com", "Line[0].Qty": ""})
	if got.Snapshot.Fields["TotalAmt"] != "1234567890.1" {
		t.Errorf("receipt's total %q", got.Snapshot.Fields["TotalAmt"])
	}
}

func TestCreateWithLongKeysStaysWithinTheLimit(t *testing.T) {
	c := newCompany(t, nil)
	a, b := strings.Repeat("a", 80)+"1", strings.Repeat("a", 80)+"2"
	c.applied(c.createIntent(a, "customers", record.Fields{"DisplayName": "One"}), c.createIntent(b, "customers", record.Fields{"DisplayName": "Two"}))
	if ids := c.sim.IDs("customers"); len(ids) != 2 {
		t.Errorf("customers %v, want two", ids)
	}
	for _, key := range []string{a, b, "", "short"} {
		if id := requestID(key); len(id) == 0 || len(id) > requestIDMax {
			t.Errorf("requestID(%q) = %q", key, id)
		}
	}
}

func TestCreateUnderATakenName(t *testing.T) {
	c := newCompany(t, nil)
	holder := c.create("customers", record.Fields{"DisplayName": "Acme"})
	c.sim.AddVendor("Supplies Ltd")
	receipts := c.apply(
		c.createIntent("k-1", "customers", record.Fields{"DisplayName": "ACME"}),
		c.createIntent("k-2", "customers", record.Fields{"DisplayName": "Supplies Ltd"}),
		c.createIntent("k-3", "customers", record.Fields{"DisplayName": "Fresh"}))
	if r := receipts[0]; r.Err != nil || !r.Existing || r.ID != holder || !r.Snapshot.Lagging {
		t.Errorf("taken by a customer: %+v", r)
	}
	if wantKind(t, receipts[1].Err, fault.Rejected); receipts[1].Existing || fault.CodeOf(receipts[1].Err) != codeDuplicateName {
		t.Errorf("taken by a vendor: %+v", receipts[1])
	}
	if receipts[2].Err != nil || receipts[2].Existing {
		t.Errorf("fresh: %+v", receipts[2])
	}
}

func TestSparseUpdateLeavesOthersUntouched(t *testing.T) {
	c := newCompany(t, nil)
	id := c.create("customers", record.Fields{"DisplayName": "Ada", "Notes": "keep", "CompanyName": "Engines",
		"PrimaryEmailAddr.Address": "ada@example.com", "BillAddr.Line1": "1 Main St", "BillAddr.Line2": "Flat 2", "BillAddr.City": "London",
		"ShipAddr.City": "Paris"})
	before := c.truth("customers", id)
	c.clock.Advance(time.Minute)
	receipt := c.applied(c.updateIntent("customers", id, record.Fields{"BillAddr.City": "Leeds", "GivenName": "Ada"}))[0]
	want := before
	want["BillAddr.City"], want["GivenName"] = "Leeds", "Ada"
	if diff := cmp.Diff(want, c.truth("customers", id)); diff != "" {
		t.Errorf("record (-want +truth):\n%s", diff)
	}
	if receipt.Snapshot.Version != "1" || !receipt.Snapshot.ModifiedAt.Equal(c.clock.Now()) {
		t.Errorf("receipt %+v", receipt.Snapshot)
	}
}

// threeLines makes an invoice in which a sales line and a comment line of others stand above ours, which has an id.
func (c *company) threeLines(owner record.ExternalID, ours, other string) record.ExternalID {
	c.Helper()
	sale := func(id, amount, text string) map[string]any {
		return map[string]any{"Id": id, "DetailType": "SalesItemLineDetail", "Amount": jsonNumber(amount), "Description": text,
			"SalesItemLineDetail": map[string]any{"ItemRef": map[string]any{"value": "4"}, "Qty": jsonNumber("1"), "UnitPrice": jsonNumber(amount)}}
	}
	comment := map[string]any{"DetailType": "DescriptionOnly", "Description": "thanks"}
	return c.post("invoice", map[string]any{"CustomerRef": map[string]any{"value": string(owner)},
		"Line": []any{comment, sale(other, "20", "theirs"), sale(ours, "10", "ours")}})
}

func TestLinesOfOthersGoBackUntouched(t *testing.T) {
	c := newCompany(t, nil)
	id := c.threeLines(c.customers(1)[0], "1", "2")
	before := c.raw("invoice", id)["Line"].([]any)
	intent := c.updateIntent("invoices", id, record.Fields{"Line[0].Amount": "12.5", "Line[0].UnitPrice": "12.5", "Line[0].Description": "changed"})
	c.applied(intent)
	after := c.raw("invoice", id)["Line"].([]any)
	if len(after) != len(before) {
		t.Fatalf("%d lines, were %d", len(after), len(before))
	}
	for _, i := range []int{0, 1} {
		if diff := cmp.Diff(before[i], after[i]); diff != "" {
			t.Errorf("line %d (-before +after):\n%s", i, diff)
		}
	}
	c.wantTruth("invoices", id, record.Fields{"Line[0].Amount": "12.5", "Line[0].Description": "changed", "Line[0].ItemRef": "4",
		"Line[0].Qty": "1", "TotalAmt": "32.5"})
	c.applied(c.updateIntent("invoices", id, record.Fields{"Line[0].Qty": "", "Line[0].UnitPrice": "", "Line[0].ItemRef": "2"}))
	c.wantTruth("invoices", id, record.Fields{"Line[0].Qty": "", "Line[0].UnitPrice": "", "Line[0].ItemRef": "2", "Line[0].Amount": "12.5"})
}

// TestALineThatCannotBeToldFromOthersIsLeftAlone: ours was replaced by two of somebody else.
func TestALineThatCannotBeToldFromOthersIsLeftAlone(t *testing.T) {
	c := newCompany(t, nil)
	id := c.threeLines(c.customers(1)[0], "7", "8")
	fields := []record.PlatformField{"Line[0].Amount", "TotalAmt"}
	reads, err := c.connector.Fetch(t.Context(), "invoices", fields, []record.ExternalID{id})
	if err != nil || reads[0].Snapshot == nil {
		t.Fatalf("%+v, %v", reads, err)
	}
	s := reads[0].Snapshot
	if value, told := s.Fields["Line[0].Amount"]; told || !slices.Contains(s.Gone, "Line[0].Amount") || s.Fields["TotalAmt"] != "30" {
		t.Errorf("the amount is %q, told %v, gone %v, the total %q", value, told, s.Gone, s.Fields["TotalAmt"])
	}
	receipt := c.apply(c.updateIntent("invoices", id, record.Fields{"Line[0].Amount": "84"}))[0]
	wantKind(t, receipt.Err, fault.Rejected)
}

func TestThePriceOfOneFollowsTheAmount(t *testing.T) {
	c := newCompany(t, nil)
	owner := string(c.customers(1)[0])
	one := c.create("invoices", record.Fields{"CustomerRef": owner, "Line[0].Amount": "10", "Line[0].Qty": "1", "Line[0].UnitPrice": "10"})
	two := c.create("invoices", record.Fields{"CustomerRef": owner, "Line[0].Amount": "10", "Line[0].Qty": "2", "Line[0].UnitPrice": "5"})
	receipts := c.apply(c.updateIntent("invoices", one, record.Fields{"Line[0].Amount": "12"}), c.updateIntent("invoices", two, record.Fields{"Line[0].Amount": "12"}))
	if receipts[0].Err != nil {
		t.Error(receipts[0].Err)
	}
	c.wantTruth("invoices", one, record.Fields{"Line[0].Amount": "12", "Line[0].UnitPrice": "12", "Line[0].Qty": "1"})
	wantKind(t, receipts[1].Err, fault.Rejected)
	c.wantTruth("invoices", two, record.Fields{"Line[0].Amount": "10", "Line[0].UnitPrice": "5", "Line[0].Qty": "2"})
}

func TestTypedCustomFields(t *testing.T) {
	for _, tt := range []struct {
		kind, value, key string
		want             any
	}{
		{"StringType", "x", "StringValue", "x"}, {"NumberType", "5.50", "NumberValue", jsonNumber("5.5")}, {"DateType", "2026-01-02", "DateValue", "2026-01-02"},
		{"BooleanType", "true", "BooleanValue", true}, {"NumberType", "many", "", nil}, {"BooleanType", "perhaps", "", nil},
	} {
		definition := map[string]any{"Type": tt.kind}
		problem := setDefinition(definition, tt.value)
		if (problem == "") != (tt.key != "") || (tt.key != "" && definition[tt.key] != tt.want) {
			t.Errorf("%s %q: %v, problem %q", tt.kind, tt.value, definition, problem)
		}
	}
}

func TestCustomFieldsGoBackWhole(t *testing.T) {
	c := newCompany(t, map[string]string{OptionCustomFields: "Hub ID = 1, Region=540345"})
	owner := c.customers(1)[0]
	bill := c.applied(c.createIntent("k-1", "invoices", record.Fields{"CustomerRef": string(owner), "Line[0].Amount": "1", "CustomField[Hub ID]": "d-1"}))[0].ID
	c.edit("invoices", bill, record.Fields{"CustomField[Crew]": "north"})
	c.applied(c.updateIntent("invoices", bill, record.Fields{"CustomField[Hub ID]": "d-2"}))
	c.wantTruth("invoices", bill, record.Fields{"CustomField[Hub ID]": "d-2", "CustomField[Crew]": "north"})
	c.applied(c.updateIntent("customers", owner, record.Fields{"CustomField[Region]": "west"}))
	c.wantTruth("customers", owner, record.Fields{"CustomField[Region]": "west"})
	got := c.apply(c.updateIntent("customers", owner, record.Fields{"CustomField[Nothing]": "x"}))[0]
	wantKind(t, got.Err, fault.Rejected)
}

func TestArchiveAndDelete(t *testing.T) {
	c := newCompany(t, nil)
	owner := c.customers(1)[0]
	fields := record.Fields{"CustomerRef": string(owner), "Line[0].Amount": "10", "PrivateNote": "n"}
	voided, deleted := c.create("invoices", fields), c.create("invoices", fields)
	change := func(operation record.Operation, object record.Object, id record.ExternalID) record.Intent {
		return record.Intent{Key: "x-" + string(id), Operation: operation, Ref: target(object, id), Current: c.snapshot(object, id)}
	}
	receipts := c.applied(change(record.OperationArchive, "invoices", voided), change(record.OperationDelete, "invoices", deleted))
	if s := receipts[0].Snapshot; s == nil || !s.Archived || s.Fields["TotalAmt"] != "0" {
		t.Errorf("voided: %+v", receipts[0])
	}
	if receipts[1].Snapshot != nil || receipts[1].ID != deleted {
		t.Errorf("deleted: %+v", receipts[1])
	}
	if _, _, ok := c.sim.Record("invoices", deleted); ok {
		t.Error("the deleted invoice is still there")
	}
	archived := c.applied(change(record.OperationArchive, "customers", owner))[0]
	if !archived.Snapshot.Archived {
		t.Errorf("archived: %+v", archived.Snapshot)
	}
	intent := change(record.OperationDelete, "customers", owner)
	wantKind(t, c.apply(intent)[0].Err, fault.Rejected)
	again := record.Intent{Key: "y", Operation: record.OperationDelete, Ref: target("invoices", deleted), Current: &record.Snapshot{Version: "0"}}
	wantKind(t, c.apply(again)[0].Err, fault.Gone)
}

func TestReferencesThatAreNotThereWait(t *testing.T) {
	c := newCompany(t, nil)
	ids := c.customers(2)
	if err := c.sim.Delete("customers", ids[1]); err != nil {
		t.Fatal(err)
	}
	bill := func(owner, item string) record.Intent {
		return c.createIntent("k-"+owner+item, "invoices", record.Fields{"CustomerRef": owner, "Line[0].Amount": "1", "Line[0].ItemRef": item})
	}
	receipts := c.apply(bill("999", ""), bill(string(ids[1]), ""), bill(string(ids[0]), "77"), bill(string(ids[0]), "1"))
	wantKind(t, receipts[0].Err, fault.Waiting)
	wantKind(t, receipts[1].Err, fault.Waiting)
	wantKind(t, receipts[2].Err, fault.Rejected)
	if receipts[3].Err != nil {
		t.Error(receipts[3].Err)
	}
}

func TestThirtyUpdatesAreOneRequest(t *testing.T) {
	c := newCompany(t, nil)
	var intents []record.Intent
	for _, id := range c.customers(30) {
		intents = append(intents, c.updateIntent("customers", id, record.Fields{"BillAddr.City": "Leeds"}))
	}
	c.seen = nil
	c.applied(intents...)
	if len(c.seen) != 2 || c.requests("/batch") != 1 || c.requests("/query") != 1 {
		t.Errorf("%d requests", len(c.seen))
	}
}

func TestEveryCallNamesTheMinorVersion(t *testing.T) {
	c := newCompany(t, nil)
	ids := c.customers(2)
	c.changes(platform.Query{Object: "customers", Since: c.clock.Now(), Limit: 10})
	c.list(platform.Query{Object: "customers", Limit: 10})
	c.applied(c.createIntent("a", "customers", record.Fields{"DisplayName": "Ada"}), c.updateIntent("customers", ids[0], record.Fields{"BillAddr.City": "Leeds"}))
	if _, err := c.connector.Find(t.Context(), "customers", nil, []platform.Lookup{{Field: "DisplayName", Value: "Ada"}}); err != nil {
		t.Error(err)
	}
	for _, r := range c.seen {
		if r.URL.Query().Get("minorversion") != minorVersion {
			t.Errorf("%s %s without the minor version", r.Method, r.URL.Path)
		}
	}
	if len(c.seen) < 6 {
		t.Errorf("only %d calls were made", len(c.seen))
	}
}

package jobber_test

import (
	"context"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// TestQueriesFitTheKnownSchema holds every kind of request of this package, with its variables, against the schema that
// is known of the vendor, which the simulator's own is not copied from.
func TestQueriesFitTheKnownSchema(t *testing.T) {
	raw := reference(t, "subset-2025.graphql")
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "subset-2025.graphql", Input: string(raw)})
	if err != nil {
		t.Fatal(err)
	}
	h := newHarness(t)
	exercise(t, h)
	kinds := map[ast.Operation]int{}
	for _, s := range h.asked {
		document, errs := gqlparser.LoadQueryWithRules(schema, s.Query, rules.NewDefaultRules())
		if len(errs) > 0 {
			t.Errorf("%v\n%s", errs, s.Query)
			continue
		}
		if _, err := validator.VariableValues(schema, document.Operations[0], s.Variables); err != nil {
			t.Errorf("variables: %v\n%s", err, s.Query)
		}
		kinds[document.Operations[0].Operation]++
	}
	if kinds[ast.Query] < 8 || kinds[ast.Mutation] < 6 {
		t.Errorf("only %v were sent", kinds)
	}
}

// exercise sends every kind of request.
func exercise(t *testing.T, h *harness) {
	t.Helper()
	ctx := context.Background()
	h.ensureMarker("clients", "jobs")
	clients, jobs := h.people(5)
	for object, id := range map[record.Object]record.ExternalID{"clients": clients[0], "jobs": jobs[0]} {
		h.fetch(object, id, allFields(object)...)
		drain(t, h.List, platform.Query{Object: object, Fields: allFields(object), Limit: 3}, func(platform.Page) {})
		drain(t, h.Changes, platform.Query{Object: object, Fields: allFields(object), Limit: 3, Since: begin}, func(platform.Page) {})
	}
	whole := record.Fields{"firstName": "A", "lastName": "B", "companyName": "C", "isCompany": "true", "title": "MS", "emails[primary].address": "a@example.com",
		"phones[HOME].number": "1", "billingAddress.city": "D", "properties[first].city": "E", "properties[name:Cabin].city": "F", marker: "1"}
	job := record.Fields{"title": "T", "instructions": "I", "client": string(clients[0]), "createVisits": "false", "invoicingType": "VISIT_BASED",
		"invoicingSchedule": "PER_VISIT", "lineItems[0].name": "N", "lineItems[0].quantity": "2", "lineItems[0].unitPrice": "3.5", marker: "1"}
	for _, intent := range []record.Intent{
		{Operation: record.OperationCreate, Ref: ref("clients", ""), Fields: whole, Marker: marker, AttemptsBegan: begin},
		{Operation: record.OperationUpdate, Ref: ref("clients", clients[1]), Fields: whole},
		{Operation: record.OperationUpdate, Ref: ref("clients", clients[1]), Fields: record.Fields{"title": "", "emails[primary].address": "", "phones[HOME].number": "2", "properties[first].city": "G"}},
		{Operation: record.OperationArchive, Ref: ref("clients", clients[2])},
		{Operation: record.OperationCreate, Ref: ref("jobs", ""), Fields: job, Marker: marker, AttemptsBegan: begin},
		{Operation: record.OperationUpdate, Ref: ref("jobs", jobs[1]), Fields: record.Fields{"title": "T2", "instructions": "", marker: "2"}},
	} {
		if receipt := h.apply(intent); receipt.Err != nil {
			t.Fatalf("%s: %v", intent.Operation, receipt.Err)
		}
	}
	property := h.truth("clients", clients[0], "properties[first].id")["properties[first].id"]
	if _, err := h.ResolveHints(ctx, "properties", []record.ExternalID{record.ExternalID(property)}); err != nil {
		t.Fatal(err)
	}
}

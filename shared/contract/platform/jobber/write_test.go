package jobber_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/google/go-cmp/cmp"
)

const marker record.PlatformField = "customFields[HubSpot ID]"

func (h *harness) ensureMarker(objects ...record.Object) {
	h.t.Helper()
	for _, object := range objects {
		if err := h.Prepare(context.Background(), object, marker); err != nil {
			h.t.Fatal(err)
		}
	}
}

// truth is what the simulator holds of a record in some fields.
func (h *harness) truth(object record.Object, id record.ExternalID, names ...record.PlatformField) record.Fields {
	all, _, _ := h.sim.Record(object, id)
	out := record.Fields{}
	for _, name := range names {
		out[name] = all[name]
	}
	return out
}

func TestACreateIsAnsweredWithTheRecord(t *testing.T) {
	h := newHarness(t)
	h.ensureMarker("clients", "jobs")
	fields := record.Fields{"firstName": "Ada", "lastName": "Byron", "isCompany": "false", "title": "MS", "companyName": "",
		"emails[primary].address": "ada@example.com", "emails[WORK].address": "w@example.com", "phones[MOBILE].number": "+13125550123",
		"billingAddress.street1": "1 Bill", "billingAddress.street2": "", "properties[first].street1": "2 Site", "properties[name:Cabin].city": "Banff", marker: "42"}
	receipt := h.apply(record.Intent{Key: "k1", Operation: record.OperationCreate, Ref: ref("clients", ""), Marker: marker, Fields: fields})
	if receipt.Err != nil || receipt.Key != "k1" || receipt.Existing {
		t.Fatalf("receipt %+v", receipt)
	}
	want := record.Fields{}
	for name, value := range fields {
		want[name] = value
	}
	want["phones[MOBILE].number"] = "(312) 555-0123" // reformatted
	if diff := cmp.Diff(want, receipt.Snapshot.Fields); diff != "" {
		t.Errorf("snapshot (-want +got):\n%s", diff)
	}
	if got := h.fetch("clients", receipt.ID, "properties[first].street1", marker); got.Fields[marker] != "42" || got.Fields["properties[first].street1"] != "2 Site" {
		t.Errorf("read back: %v", got.Fields)
	}

	job := h.apply(record.Intent{Operation: record.OperationCreate, Ref: ref("jobs", ""), Marker: marker, Fields: record.Fields{
		"title": "Roof", "client": string(receipt.ID), "lineItems[0].name": "Tiles", "lineItems[0].quantity": "2.5", "lineItems[0].unitPrice": "19.99", marker: "77"}})
	if job.Err != nil {
		t.Fatal(job.Err)
	}
	wantJob := record.Fields{"total": "49.98", "jobStatus": "unscheduled", "client": string(receipt.ID), "invoicingType": "FIXED_PRICE",
		"invoicingSchedule": "ON_COMPLETION", "lineItems[0].quantity": "2.5", marker: "77", "property": h.truth("clients", receipt.ID, "properties[first].id")["properties[first].id"]}
	if diff := cmp.Diff(wantJob, h.truth("jobs", job.ID, "total", "jobStatus", "client", "invoicingType", "invoicingSchedule", "lineItems[0].quantity", marker, "property")); diff != "" {
		t.Errorf("job (-want +got):\n%s", diff)
	}
	scheduling := h.asked[len(h.asked)-1].Variables["va0"].(map[string]any)["scheduling"]
	if diff := cmp.Diff(map[string]any{"createVisits": false, "notifyTeam": false}, scheduling); diff != "" {
		t.Errorf("scheduling (-want +got):\n%s", diff)
	}
}

func TestAnUpdateLeavesSiblingsUntouched(t *testing.T) {
	h := newHarness(t)
	h.ensureMarker("clients")
	id := h.create("clients", record.Fields{"firstName": "Ada", "lastName": "Byron",
		"emails[primary].address": "p@example.com", "emails[WORK].address": "w@example.com", "emails[OTHER].address": "o@example.com",
		"phones[primary].number": "312 555 0100", "phones[MOBILE].number": "312 555 0101", "phones[FAX].number": "312 555 0102",
		"billingAddress.street1": "1 Bill", "billingAddress.city": "Ely", "billingAddress.country": "Canada",
		"properties[first].street1": "2 Site", "properties[first].city": "Olds", "properties[name:Cabin].street1": "3 Lake", "properties[name:Cabin].city": "Banff",
		"customFields[Note]": "keep"})
	before, _, _ := h.sim.Record("clients", id)
	written := record.Fields{"emails[WORK].address": "w2@example.com", "phones[MOBILE].number": "312 555 0199", "emails[OTHER].address": "",
		"phones[HOME].number": "312 555 0103", "billingAddress.city": "York", "properties[first].city": "Leduc", "properties[name:Cabin].city": "Jasper",
		marker: "42", "firstName": "Augusta"}
	receipt := h.update("clients", id, written, "emails[primary].address", "phones[primary].number")
	if receipt.Err != nil {
		t.Fatal(receipt.Err)
	}
	want := record.Fields{}
	for name, value := range before {
		want[name] = value
	}
	for name, value := range written {
		want[name] = value
	}
	want["phones[MOBILE].number"], want["phones[HOME].number"] = "(312) 555-0199", "(312) 555-0103"
	after, _, _ := h.sim.Record("clients", id)
	if diff := cmp.Diff(want, after); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	for name, value := range receipt.Snapshot.Fields {
		if value != want[name] {
			t.Errorf("snapshot %s = %q, want %q", name, value, want[name])
		}
	}
}

func TestOneElementUnderTwoSelectorsIsParted(t *testing.T) {
	tests := []struct {
		name  string
		write record.Fields
		want  record.Fields
	}{
		{"a new mobile number does not change the primary one", record.Fields{"phones[MOBILE].number": "312 555 0199"},
			record.Fields{"phones[primary].number": "(312) 555-0100", "phones[MOBILE].number": "(312) 555-0199"}},
		{"a new primary number does not change the mobile one", record.Fields{"phones[primary].number": "312 555 0199"},
			record.Fields{"phones[primary].number": "(312) 555-0199", "phones[MOBILE].number": "(312) 555-0100"}},
		{"both to the same value are one edit", record.Fields{"phones[primary].number": "312 555 0199", "phones[MOBILE].number": "312 555 0199"},
			record.Fields{"phones[primary].number": "(312) 555-0199", "phones[MOBILE].number": "(312) 555-0199"}},
		{"both to two values", record.Fields{"phones[primary].number": "312 555 0198", "phones[MOBILE].number": "312 555 0199"},
			record.Fields{"phones[primary].number": "(312) 555-0198", "phones[MOBILE].number": "(312) 555-0199"}},
		{"clearing the mobile one keeps the primary one", record.Fields{"phones[MOBILE].number": ""},
			record.Fields{"phones[primary].number": "(312) 555-0100", "phones[MOBILE].number": ""}},
		{"clearing both removes it", record.Fields{"phones[MOBILE].number": "", "phones[primary].number": ""},
			record.Fields{"phones[primary].number": "", "phones[MOBILE].number": ""}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHarness(t)
			id := h.create("clients", record.Fields{"lastName": "Byron", "phones[MOBILE].number": "312 555 0100"})
			receipt := h.update("clients", id, test.write, "phones[primary].number", "phones[MOBILE].number")
			if receipt.Err != nil {
				t.Fatal(receipt.Err)
			}
			if diff := cmp.Diff(test.want, h.truth("clients", id, "phones[primary].number", "phones[MOBILE].number")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(test.want, receipt.Snapshot.Fields); diff != "" {
				t.Errorf("receipt -want +got:\n%s", diff)
			}
		})
	}
}

func TestAFieldOfAPropertyMakesOneWhereThereIsNone(t *testing.T) {
	h := newHarness(t)
	id := h.create("clients", record.Fields{"lastName": "Byron"})
	receipt := h.update("clients", id, record.Fields{"properties[first].street1": "", "properties[first].city": ""})
	if receipt.Err != nil || receipt.Snapshot.Fields["properties[first].city"] != "" {
		t.Fatalf("blanks: %+v", receipt)
	}
	if last := h.asked[len(h.asked)-1]; strings.HasPrefix(last.Query, "mutation") {
		t.Errorf("blanks for a property that is not there were sent: %s", last.Query)
	}
	receipt = h.update("clients", id, record.Fields{"properties[first].street1": "2 Site", "properties[name:Cabin].city": "Banff"})
	if receipt.Err != nil {
		t.Fatal(receipt.Err)
	}
	want := record.Fields{"properties[first].street1": "2 Site", "properties[name:Cabin].city": "Banff"}
	if diff := cmp.Diff(want, h.truth("clients", id, "properties[first].street1", "properties[name:Cabin].city")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestItemsFailAlone(t *testing.T) {
	h := newHarness(t)
	clients, jobs := h.people(3)
	create := func(key string, fields record.Fields) record.Intent {
		return record.Intent{Key: key, Operation: record.OperationCreate, Ref: ref("clients", ""), Fields: fields}
	}
	update := func(key string, id record.ExternalID, fields record.Fields) record.Intent {
		return record.Intent{Key: key, Operation: record.OperationUpdate, Ref: ref("clients", id), Fields: fields}
	}
	stale := update("stale", clients[0], record.Fields{"billingAddress.city": "New"})
	stale.Current = &record.Snapshot{Fields: record.Fields{"billingAddress.city": "Old"}}
	tests := []struct {
		intent record.Intent
		kind   fault.Kind
		fields []string
	}{
		{create("good", record.Fields{"lastName": "Good"}), -1, nil},
		{create("email", record.Fields{"lastName": "Bad", "emails[primary].address": "nowhere", "phones[primary].number": "1"}), fault.Rejected, []string{"emails[primary].address"}},
		{create("nameless", record.Fields{"emails[primary].address": "a@example.com"}), fault.Rejected, nil},
		{create("unknown field", record.Fields{"lastName": "X", "shoeSize": "1"}), fault.Rejected, []string{"shoeSize"}},
		{create("unknown label", record.Fields{"lastName": "X", "customFields[None]": "1"}), fault.Rejected, []string{"customFields[None]"}},
		{update("gone", "bm9uZQ==", record.Fields{"firstName": "X"}), fault.Gone, nil},
		{update("gone, with a list", "bm9uZQ==", record.Fields{"emails[primary].address": "a@example.com"}), fault.Gone, nil},
		{stale, fault.Stale, nil},
		{update("read-only", clients[1], record.Fields{"properties[name:A].id": "1"}), fault.Rejected, []string{"properties[name:A].id"}},
		{update("good", clients[1], record.Fields{"firstName": "Y"}), -1, nil},
	}
	var intents []record.Intent
	for _, test := range tests {
		intents = append(intents, test.intent)
	}
	receipts, err := h.Apply(context.Background(), intents)
	if err != nil {
		t.Fatal(err)
	}
	for i, test := range tests {
		checkReceipt(t, test.intent.Key, receipts[i], test.kind, test.fields)
		if receipts[i].Key != test.intent.Key {
			t.Errorf("receipt %d is of %q", i, receipts[i].Key)
		}
	}
	for _, test := range []struct {
		name   string
		intent record.Intent
		kind   fault.Kind
		fields []string
	}{
		{"a job without a property", record.Intent{Operation: record.OperationCreate, Fields: record.Fields{"title": "X"}}, fault.Rejected, nil},
		{"a job at an unknown property", record.Intent{Operation: record.OperationCreate, Fields: record.Fields{"title": "X", "property": "bm9uZQ=="}}, fault.Rejected, []string{"property"}},
		{"a job of an unknown client", record.Intent{Operation: record.OperationCreate, Fields: record.Fields{"client": "bm9uZQ=="}}, fault.Waiting, []string{"client"}},
		{"a price that is no number", record.Intent{Operation: record.OperationCreate, Fields: record.Fields{"lineItems[0].unitPrice": "a lot"}}, fault.Rejected, []string{"lineItems[0].unitPrice"}},
		{"a create-only field changed", record.Intent{Operation: record.OperationUpdate, Ref: ref("jobs", jobs[0]), Fields: record.Fields{"client": "x"}}, fault.Rejected, []string{"client"}},
		{"a derived field", record.Intent{Operation: record.OperationUpdate, Ref: ref("jobs", jobs[0]), Fields: record.Fields{"jobStatus": "late"}}, fault.Rejected, []string{"jobStatus"}},
		{"an archive", record.Intent{Operation: record.OperationArchive, Ref: ref("jobs", jobs[0])}, fault.Rejected, nil},
		{"a delete", record.Intent{Operation: record.OperationDelete, Ref: ref("jobs", jobs[0])}, fault.Rejected, nil},
		{"an edit", record.Intent{Operation: record.OperationUpdate, Ref: ref("jobs", jobs[0]), Fields: record.Fields{"title": "Z", "instructions": ""}}, -1, nil},
	} {
		test.intent.Ref.Object = "jobs"
		checkReceipt(t, test.name, h.apply(test.intent), test.kind, test.fields)
	}
}

// checkReceipt compares a receipt with the kind wanted, -1 for success.
func checkReceipt(t *testing.T, name string, got record.Receipt, kind fault.Kind, fields []string) {
	t.Helper()
	if kind < 0 {
		if got.Err != nil || got.Snapshot == nil || got.ID == "" {
			t.Errorf("%s: %+v", name, got)
		}
		return
	}
	if got.Snapshot != nil {
		t.Errorf("%s: a failure with a snapshot: %+v", name, got)
	}
	if !fault.Is(got.Err, kind) {
		t.Errorf("%s: error %v, want kind %v", name, got.Err, kind)
		return
	}
	var f *fault.Error
	if fields != nil && asFault(got.Err, &f) && !cmp.Equal(f.Fields, fields) {
		t.Errorf("%s: fields %v, want %v", name, f.Fields, fields)
	}
	for _, secret := range []string{"nowhere", "a lot", "example.com"} {
		if strings.Contains(got.Err.Error(), secret) {
			t.Errorf("%s: the error tells a value: %v", name, got.Err)
		}
	}
}

func TestAnAttemptedCreateWithoutMarkerStaysInDoubt(t *testing.T) {
	h := newHarness(t)
	receipt := h.apply(record.Intent{Operation: record.OperationCreate, Ref: ref("clients", ""), Fields: record.Fields{"lastName": "X"}, AttemptsBegan: begin})
	wantKind(t, receipt.Err, fault.InDoubt)
	if len(h.sim.IDs("clients")) != 0 {
		t.Error("created all the same")
	}
}

func TestAnInconclusiveSearchStaysInDoubt(t *testing.T) {
	h := newHarness(t)
	h.ensureMarker("clients")
	for i := range 501 {
		h.create("clients", record.Fields{"lastName": fmt.Sprint(i)})
	}
	receipt := h.apply(record.Intent{Operation: record.OperationCreate, Ref: ref("clients", ""), Marker: marker,
		Fields: record.Fields{"lastName": "X", marker: "9"}, AttemptsBegan: begin})
	wantKind(t, receipt.Err, fault.InDoubt)
	if n := len(h.sim.IDs("clients")); n != 501 {
		t.Errorf("%d clients", n)
	}
}

func TestARepeatedUpdateAddsNothingTwice(t *testing.T) {
	h := newHarness(t)
	id := h.create("clients", record.Fields{"lastName": "Byron"})
	intent := record.Intent{Operation: record.OperationUpdate, Ref: ref("clients", id), Fields: record.Fields{
		"emails[WORK].address": "w@example.com", "properties[name:Cabin].city": "Banff"}}
	h.between = func(s sent) {
		if strings.HasPrefix(s.Query, "mutation") {
			h.sim.SetFaults(platformsim.Faults{LostAnswer: 1})
		}
	}
	wantKind(t, h.apply(intent).Err, fault.InDoubt)
	h.between = nil
	h.sim.SetFaults(platformsim.Faults{})
	if receipt := h.apply(intent); receipt.Err != nil {
		t.Fatal(receipt.Err)
	}
	state, err := h.sim.State()
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"w@example.com", "Banff"} {
		if n := strings.Count(string(state), `"`+value+`"`); n != 1 {
			t.Errorf("%d elements hold %q", n, value)
		}
	}
}

func TestPrepareMakesOneField(t *testing.T) {
	h := newHarness(t)
	h.ensureMarker("clients", "clients", "jobs")
	made := 0
	for _, s := range h.asked {
		if strings.HasPrefix(s.Query, "mutation") {
			made++
			input := s.Variables["input"].(map[string]any)
			if input["readOnly"] != true || input["transferable"] != false {
				t.Errorf("input %v", input)
			}
		}
	}
	if made != 2 {
		t.Errorf("%d fields made, want 2", made)
	}
	id := h.create("clients", record.Fields{"lastName": "X"})
	if err := h.sim.Edit("clients", id, record.Fields{marker: "mine"}); err == nil {
		t.Error("a person can edit the marker")
	}
	if receipt := h.update("clients", id, record.Fields{marker: "ours"}); receipt.Err != nil {
		t.Errorf("we cannot: %v", receipt.Err)
	}
}

var _ platform.Connector = (*harness)(nil)

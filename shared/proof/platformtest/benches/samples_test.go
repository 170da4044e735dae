package benches_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest/benches"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest/spectest"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// none is a sample that is read without a failure.
const none fault.Kind = -1

// sample says what a file of ../shared/platforms/NAME/samples is, and what must come of it.
type sample struct {
	object record.Object
	as     string // see platformtest.Recorded; "" for what another test reads, or what is of no call of ours
	status int
	count  int
	kind   fault.Kind
	// rename is put in the place of a word of the sample: the alias that our call gives.
	rename [2]string
	// why says which test reads the file, or why none can.
	why string
}

func answer(object record.Object, as string, status, count int) sample {
	return sample{object: object, as: as, status: status, count: count, kind: none}
}

func failure(object record.Object, as string, status int, kind fault.Kind) sample {
	return sample{object: object, as: as, status: status, kind: kind}
}

func elsewhere(why string) sample { return sample{why: why} }

const vectors = "TestVerify or TestReceive of the connector verifies every vector"

// known lists every sample file.
var known = map[record.Platform]map[string]sample{
	"hubspot": {
		"batch__create__contacts__err-conflict.json":                failure("deals", "create", 409, fault.Rejected),
		"batch__create__contacts__err-many-invalid-properties.json": failure("contacts", "create", 400, fault.Rejected),
		// neither result nor error is of our record
		"batch__create__contacts__err-partial-success.json":        failure("contacts", "update", 207, fault.InDoubt),
		"batch__create__contacts__success.json":                    answer("contacts", "list", 200, 2),
		"batch__update__contacts__err-duplicate-ids.json":          failure("contacts", "update", 400, fault.Rejected),
		"batch__update__contacts__err-partial-success.json":        failure("contacts", "update", 207, fault.InDoubt),
		"batch__update__contacts__success.json":                    answer("contacts", "list", 200, 2),
		"custom__create__3-payload-batch-create-properties.json":   elsewhere("a request that we make one by one"),
		"custom__create__4-response-batch-create-properties.json":  elsewhere("answers a request that we make one by one"),
		"metadata-deals-external-pipelines.json":                   elsewhere("answers no call of the sync"),
		"read__objects-api__contacts-req-payload-since-until.json": elsewhere("a request"),
		"read__objects-api__contacts-response.json":                answer("contacts", "list", 200, 3),
		"search__contacts__1-first-page.json":                      answer("contacts", "list", 200, 1),
		"search__error-invalid-object.json":                        failure("contacts", "list", 400, fault.Rejected),
		"signature-vectors.json":                                   elsewhere(vectors),
		"webhook-batch.json":                                       answer("contacts", "webhook", 0, 8),
	},
	"jobber": {
		"ok-with-cost.json":      elsewhere("answers a query of nodes, and ours is of edges"),
		"signature-vectors.json": elsewhere(vectors),
		"throttled.json":         failure("clients", "list", 200, fault.Rejected), // dearer than the whole bucket
		"user-errors.json": {object: "clients", as: "create", status: 200, kind: fault.Rejected, rename: [2]string{`"clientCreate"`,
			`"a0"`}},
		"webhook-2022-spelling.json": answer("clients", "webhook", 0, 1),
		"webhook.json":               answer("clients", "webhook", 0, 1),
	},
	"quickbooks": {
		"create-customer.json":                                 answer("customers", "create", 200, 1),
		"custom-fields__customer-read-with-custom-fields.json": answer("customers", "list", 200, 2),
		"custom-fields__graphql-response.json":                 elsewhere("of another API"),
		"custom-fields__invoice-read-with-custom-fields.json":  answer("invoices", "list", 200, 1),
		"customer-read.json":                                   failure("customers", "list", 200, fault.Transient), // a row without an Id
		"error-bad-request.json":                               failure("customers", "list", 400, fault.Rejected),
		"signature-vectors.json":                               elsewhere(vectors),
		"webhook-cloudevents.json":                             answer("customers", "webhook", 0, 0), // of a class
		"webhook-legacy.json":                                  answer("customers", "webhook", 0, 1),
		"write-error.json":                                     failure("customers", "create", 400, fault.Rejected),
	},
	"salesforce": {
		"amp__batch__create__contacts__err-bad-request.json":       failure("Contact", "list", 400, fault.Rejected),
		"amp__batch__create__contacts__partial-but-allOrNone.json": elsewhere("TestRecordedAnswersAreUnderstood reads each result"),
		"amp__batch__create__contacts__success.json":               elsewhere("TestRecordedAnswersAreUnderstood reads each result"),
		"amp__batch__update__contacts__err-each-no-ids.json":       elsewhere("TestRecordedAnswersAreUnderstood reads each result"),
		"amp__batch__update__contacts__partial-but-allOrNone.json": elsewhere("TestRecordedAnswersAreUnderstood reads each result"),
		"amp__crm__delete__not-found.json":                         failure("Contact", "update", 404, fault.Gone),
		"amp__invalid-field-upsert.json":                           failure("Contact", "update", 400, fault.Rejected),
		"amp__read-list-contacts.json":                             failure("Contact", "list", 200, fault.Transient),     // rows without an Id
		"amp__subscription__new_account.json":                      failure("Account", "webhook", 0, fault.Unauthorized), // long ago
		"amp__subscription__update_contact.json":                   failure("Contact", "webhook", 0, fault.Unauthorized),
		"amp__subscription__update_contact_compound_address.json":  failure("Contact", "webhook", 0, fault.Unauthorized),
		"amp__success-with-errors.json":                            elsewhere("answers a call of one record, which we do not make"),
		"amp__unknown-field.json":                                  failure("Account", "list", 400, fault.Rejected),
		"amp__unknown-object.json":                                 failure("Account", "list", 400, fault.Rejected),
		"cumulusci__composite-upsert-duplicate.json":               elsewhere("a recording of the composite resource, which we do not call"),
		"restforce__auth_error_response.json":                      failure("Contact", "token", 400, fault.Unauthorized),
		"restforce__auth_success_response.json":                    answer("Contact", "token", 200, 1),
		"restforce__create_success_response.json":                  elsewhere("answers a call of one record, which we do not make"),
		"restforce__delete_error_response.json":                    failure("Contact", "list", 404, fault.Rejected),
		"restforce__expired_session_response.json":                 failure("Contact", "list", 401, fault.Unauthorized),
		"restforce__get_deleted_success_response.json":             elsewhere("answers /deleted, which we do not call"),
		"restforce__get_updated_success_response.json":             elsewhere("answers /updated, which we do not call"),
		"restforce__query_error_response.json":                     failure("Contact", "list", 400, fault.Rejected),
		"restforce__query_paginated_first_page_response.json":      failure("Contact", "list", 200, fault.Transient), // rows without an id
		"restforce__query_paginated_last_page_response.json":       failure("Contact", "list", 200, fault.Transient),
		"restforce__query_success_response.json":                   failure("Contact", "list", 200, fault.Transient),
		"restforce__reauth_success_response.json":                  answer("Contact", "token", 200, 1),
		"restforce__refresh_error_response.json":                   failure("Contact", "token", 400, fault.Unauthorized),
		"restforce__refresh_success_response.json":                 answer("Contact", "token", 200, 1),
		"restforce__search_success_response.json":                  elsewhere("answers /search, which we do not call"),
		"restforce__sobject_find_error_response.json":              failure("Contact", "list", 404, fault.Rejected),
		"restforce__upsert_created_success_response.json":          elsewhere("answers a call of one record, which we do not make"),
		"restforce__upsert_error_response.json":                    failure("Contact", "list", 404, fault.Rejected),
		"restforce__upsert_multiple_error_response.json":           failure("Contact", "create", 300, fault.Unauthorized),
		"restforce__write_error_response.json":                     failure("Contact", "update", 400, fault.Rejected),
	},
	"pipedrive": {
		"deals.json":                           answer("organizations", "list", 200, 1),
		"dealsFields.json":                     elsewhere("a field list; the test of the connector reads it"),
		"not-found.json":                       failure("persons", "list", 403, fault.Unauthorized),
		"webhook-v2-change-person.json":        failure("persons", "webhook", 0, fault.Unauthorized), // long ago
		"webhook-v2-delete-merged-person.json": failure("persons", "webhook", 0, fault.Unauthorized),
		"zero-records.json":                    failure("organizations", "list", 200, fault.Transient),
	},
	"xero": {
		"accounts.json":          elsewhere("answers no call of the sync"),
		"contacts.json":          answer("contacts", "list", 200, 1),
		"signature-vectors.json": elsewhere(vectors),
	},
}

func TestEverySampleIsUnderstood(t *testing.T) {
	for _, b := range benches.All() {
		name := b.Catalog.Name
		t.Run(string(name), func(t *testing.T) {
			dir, err := spectest.Dir(name)
			if err != nil {
				t.Skipf("SKIPPED ALOUD: %v", err)
			}
			files, err := os.ReadDir(filepath.Join(dir, "samples"))
			if err != nil || len(files) == 0 {
				t.Fatalf("%d samples, %v", len(files), err)
			}
			for _, file := range files {
				s, listed := known[name][file.Name()]
				raw, err := os.ReadFile(filepath.Join(dir, "samples", file.Name()))
				switch {
				case err != nil:
					t.Error(err)
				case !listed:
					t.Errorf("%s is known to no test", file.Name())
				case s.as == "":
					if !json.Valid(raw) || s.why == "" {
						t.Errorf("%s is no JSON, or it is not said who reads it", file.Name())
					}
				default:
					s.check(t, b, file.Name(), raw)
				}
			}
		})
	}
}

func (s sample) check(t *testing.T, b *platformtest.Bench, file string, raw []byte) {
	t.Helper()
	if s.rename[0] != "" {
		raw = bytes.ReplaceAll(raw, []byte(s.rename[0]), []byte(s.rename[1]))
	}
	count, err := platformtest.Replay(b, platformtest.Recorded{Object: s.object, As: s.as, Status: s.status, Body: raw})
	switch {
	case s.kind == none && (err != nil || count != s.count):
		t.Errorf("%s as %s: %d, %v; want %d", file, s.as, count, err, s.count)
	case s.kind != none && (err == nil || !strings.Contains(err.Error(), s.kind.String())):
		t.Errorf("%s as %s: %v, want %s", file, s.as, err, s.kind)
	}
}

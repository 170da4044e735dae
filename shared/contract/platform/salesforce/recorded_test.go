package salesforce

import (
	"encoding/json"
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
)

// TestRecordedAnswersAreUnderstood decodes what was recorded of the platform.
func TestRecordedAnswersAreUnderstood(t *testing.T) {
	read := func(name string) string {
		raw := platformtest.VendorFile(t, "salesforce", "samples/"+name)
		return string(raw)
	}
	for name, want := range map[string]string{
		"amp__batch__create__contacts__err-bad-request.json": "REQUIRED_FIELD_MISSING", "amp__crm__delete__not-found.json": codeDeleted, "amp__invalid-field-upsert.json": "INVALID_FIELD_FOR_INSERT_UPDATE",
		"amp__unknown-field.json": "INVALID_FIELD", "amp__unknown-object.json": "INVALID_TYPE", "restforce__delete_error_response.json": codeNotFound,
		"restforce__expired_session_response.json": codeSession, "restforce__query_error_response.json": "INVALID_FIELD", "restforce__sobject_find_error_response.json": codeNotFound,
		"restforce__upsert_error_response.json": codeNotFound, "restforce__write_error_response.json": "INVALID_FIELD", "restforce__upsert_multiple_error_response.json": "",
		"restforce__refresh_error_response.json": "",
	} {
		got := ""
		if list := parseErrors([]byte(read(name))); len(list) > 0 {
			got = list[0].code()
		}
		if got != want {
			t.Errorf("%s: code %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string][]fault.Kind{
		"amp__batch__create__contacts__partial-but-allOrNone.json": {fault.Rejected, fault.Transient},
		"amp__batch__update__contacts__err-each-no-ids.json":       {fault.Rejected, fault.Rejected},
		"amp__batch__update__contacts__partial-but-allOrNone.json": {fault.Transient, fault.Rejected},
	} {
		var list results
		if err := json.Unmarshal([]byte(read(name)), &list); err != nil || len(list) != len(want) {
			t.Fatalf("%s: %d results, %v", name, len(list), err)
		}
		for i := range list {
			w := &work{Item: platform.NewItem(record.Intent{Operation: record.OperationUpdate, Ref: target("Contact", oneID)}), call: callUpdate}
			w.receive(list[i], "op")
			wantKind(t, w.Receipt.Err, want[i])
		}
	}
	var made results
	if err := json.Unmarshal([]byte(read("amp__batch__create__contacts__success.json")), &made); err != nil {
		t.Fatal(err)
	}
	w := &work{Item: platform.NewItem(record.Intent{Operation: record.OperationCreate}), call: callCreate}
	if w.receive(made[0], "op"); w.Receipt.Err != nil || w.Receipt.ID != oneID || !w.wrote {
		t.Errorf("a recorded create: %+v", w.Receipt)
	}
	var page queryAnswer
	if err := json.Unmarshal([]byte(read("amp__read-list-contacts.json")), &page); err != nil || !page.complete() || len(page.Records) == 0 {
		t.Errorf("a recorded list: %d records, %v", len(page.Records), err)
	}
	for _, name := range []string{"restforce__query_paginated_first_page_response.json", "restforce__query_paginated_last_page_response.json"} {
		var part queryAnswer
		if err := json.Unmarshal([]byte(read(name)), &part); err != nil || !part.complete() || *part.Done != strings.Contains(name, "last") {
			t.Errorf("%s: %+v, %v", name, part, err)
		}
	}
	for name, granted := range map[string]bool{"restforce__refresh_success_response.json": true, "restforce__refresh_error_response.json": false} {
		status := map[bool]int{true: 200, false: 400}[granted]
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, read(name))
		}))
		grant, err := NewRefresher(platform.RefreshSettings{TokenURL: server.URL, HTTP: server.Client(), Now: time.Now}).Refresh(t.Context(), "r")
		if (err == nil) != granted || granted && grant.AccessToken != "refreshed_access_token" || !granted && !fault.Is(err, fault.Unauthorized) {
			t.Errorf("%s: %v", name, err)
		}
		server.Close()
	}
}

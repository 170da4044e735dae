package quickbooks

import (
	"net/http"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

func TestSubCustomersAndProjectsStandBelowTheirCustomer(t *testing.T) {
	c := newCompany(t)
	top := c.made("customers", record.Fields{"DisplayName": "Ann Lee"})
	sub, err := c.Nest(top, "Elm Street", false)
	if err != nil {
		t.Fatal(err)
	}
	project, err := c.Nest(sub, "Kitchen", true)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[record.ExternalID][4]string{top: {"false", "false", "", "Ann Lee"},
		sub:     {"true", "false", string(top), "Ann Lee:Elm Street"},
		project: {"true", "true", string(sub), "Ann Lee:Elm Street:Kitchen"}} {
		fields, _, _ := c.Record("customers", id)
		if got := [4]string{fields["Job"], fields["IsProject"], fields["ParentRef"], fields["FullyQualifiedName"]}; got != want {
			t.Errorf("customer %s: %q, want %q", id, got, want)
		}
	}

	ref := func(id record.ExternalID) map[string]any { return map[string]any{"value": string(id)} }
	for name, refused := range map[string]map[string]any{
		"a job without parent":  {"DisplayName": "x", "Job": true},
		"a parent without job":  {"DisplayName": "x", "ParentRef": ref(top)},
		"a parent that is none": {"DisplayName": "x", "Job": true, "ParentRef": ref("999")},
		"a customer below itself": {"Id": string(top), "SyncToken": c.Version("customers", top), "sparse": true, "Job": true,
			"ParentRef": ref(project)},
	} {
		if code := c.code(http.MethodPost, "customer", refused); code == "" {
			t.Errorf("%s was taken", name)
		}
	}

	// A sparse update leaves the family alone, and nobody makes a project of a customer by the API.
	status, _ := c.ask(http.MethodPost, "customer", map[string]any{"Id": string(project), "sparse": true,
		"SyncToken": c.Version("customers", project), "IsProject": false, "Notes": "seen"})
	fields, _, _ := c.Record("customers", project)
	if status != http.StatusOK || fields["IsProject"] != "true" || fields["ParentRef"] != string(sub) || fields["Notes"] != "seen" {
		t.Errorf("after a sparse update: %d %v", status, fields)
	}
}

package quickbooks

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// TestSubCustomersAndProjectsAreToldApart reads the three kinds of customers, and one whose Job is null, which is none.
func TestSubCustomersAndProjectsAreToldApart(t *testing.T) {
	c := newCompany(t, nil)
	top := c.create("customers", record.Fields{"DisplayName": "Ann Lee"})
	sub, err := c.sim.Nest(top, "Elm Street", false)
	if err != nil {
		t.Fatal(err)
	}
	project, err := c.sim.Nest(top, "Kitchen", true)
	if err != nil {
		t.Fatal(err)
	}
	fields := []record.PlatformField{"Job", "IsProject", "ParentRef", "FullyQualifiedName"}
	reads, err := c.connector.Fetch(t.Context(), "customers", fields, []record.ExternalID{top, sub, project})
	if err != nil {
		t.Fatal(err)
	}
	want := []record.Fields{
		{"Job": "false", "IsProject": "false", "ParentRef": "", "FullyQualifiedName": "Ann Lee"},
		{"Job": "true", "IsProject": "false", "ParentRef": string(top), "FullyQualifiedName": "Ann Lee:Elm Street"},
		{"Job": "true", "IsProject": "true", "ParentRef": string(top), "FullyQualifiedName": "Ann Lee:Kitchen"},
	}
	for i, read := range reads {
		if diff := cmp.Diff(want[i], read.Snapshot.Fields); diff != "" {
			t.Errorf("customer %d (-want +got):\n%s", i, diff)
		}
	}
	if value, ok := (entity{}).value("Job"); value != "false" || !ok {
		t.Errorf("no Job is %q, %t; want false", value, ok)
	}
	if _, ok := (entity{"Job": "perhaps"}).value("Job"); ok {
		t.Error("a Job that is no yes or no says something")
	}
}

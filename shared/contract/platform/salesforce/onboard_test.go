package salesforce

import (
	"net/http"
	"net/http/httptest"
	"path"
	"path/filepath"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// TestARecordedOrgIsDescribedAsItIs reads the describes of a recorded org (SFDO-Tooling/CumulusCI cassettes): what is
// required, how long, which values, and nothing that a configuration could not name.
func TestARecordedOrgIsDescribedAsItIs(t *testing.T) {
	dir := filepath.Dir(platformtest.VendorPath(t, "salesforce", "describe/Contact.json"))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(dir, path.Base(path.Dir(r.URL.Path))+".json"))
	}))
	defer server.Close()
	c := New(platform.Settings{Connection: "sf", BaseURL: server.URL, Tokens: platformtest.Token("t"), HTTP: server.Client(), Now: time.Now})
	for object, want := range map[record.Object]map[record.PlatformField]func(platform.FieldInfo) bool{
		"Contact": {
			"LastName": func(f platform.FieldInfo) bool {
				return f.Required && f.MaxLength == 80 && f.Label == "Last Name" && !f.ReadOnly
			},
			"FirstName":  func(f platform.FieldInfo) bool { return !f.Required && f.MaxLength == 40 },
			"Name":       func(f platform.FieldInfo) bool { return f.ReadOnly && !f.Required },
			"Email":      func(f platform.FieldInfo) bool { return f.Kind == catalog.Email && f.MaxLength == 80 },
			"OwnerId":    func(f platform.FieldInfo) bool { return !f.Required },                           // defaulted
			"LeadSource": func(f platform.FieldInfo) bool { return len(f.Options) > 2 && f.Values == nil }, // not restricted: others are taken
			"AccountId":  func(f platform.FieldInfo) bool { return f.Kind == catalog.Reference && f.Refers == "Account" },
		},
		"Account":     {"Name": func(f platform.FieldInfo) bool { return f.Required && f.MaxLength == 255 }},
		"Opportunity": {"StageName": func(f platform.FieldInfo) bool { return f.Required && len(f.Options) > 5 }, "IsWon": func(f platform.FieldInfo) bool { return f.ReadOnly }},
	} {
		infos, err := c.Describe(t.Context(), object)
		if err != nil {
			t.Fatal(err)
		}
		known, _ := catalog.Salesforce().Object(object)
		seen := map[record.PlatformField]platform.FieldInfo{}
		for _, f := range infos {
			seen[f.Name] = f
			if _, ok := known.Field(f.Name); !ok {
				t.Errorf("%s: %s is none that a configuration may name", object, f.Name)
			}
		}
		for _, f := range known.Fields {
			if _, ok := seen[f.Name]; !ok {
				t.Errorf("%s: the catalog has %s, and the org does not tell it", object, f.Name)
			}
		}
		for name, holds := range want {
			if f, ok := seen[name]; !ok || !holds(f) {
				t.Errorf("%s.%s: got %+v", object, name, f)
			}
		}
	}
}

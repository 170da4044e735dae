package runner_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/operator/starter"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// TestAFileOfPeopleFillsAnyPlatform: headers as people write them, one spelled as the platform does, a name twice.
func TestAFileOfPeopleFillsAnyPlatform(t *testing.T) {
	path := filepath.Join(t.TempDir(), "people.csv")
	for _, p := range catalog.All() {
		t.Run(string(p.Name), func(t *testing.T) {
			spokes := []record.Platform{"hubspot", "jobber"}
			h, s, err := starter.Accounts(catalog.All(), p.Name, spokes)
			if err != nil {
				t.Fatal(err)
			}
			text, err := starter.Write(h, s)
			if err != nil {
				t.Fatal(err)
			}
			w := openWorld(t, text, 1, platformsim.Faults{})
			var o *catalog.Object
			for i := range p.Objects {
				if p.Objects[i].Concept == catalog.Person {
					o = &p.Objects[i]
					break
				}
			}
			city := o.Means[catalog.MeansCity]
			file := "Company Name,First Name,Last-Name,E-mail,Phone," + string(city) + ",Unheard of\n" +
				"Acme,Ada,Lovelace,ada@example.com,(312) 555-0101,Leeds,x\nAcme,Eve,Lovelace,eve@example.com,312 555 0102,York,y\n"
			if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
				t.Fatal(err)
			}
			l, err := w.LoadCSV(runner.Load{Connection: record.Connection(p.Name), Path: path})
			if err != nil || l.Records != 2 || l.Refused != 0 {
				t.Fatalf("%+v, %v", l, err)
			}
			fields, _, _ := w.Sims[record.Connection(p.Name)].Record(o.Name, l.IDs[1])
			for m, want := range map[catalog.Meaning]string{catalog.MeansGivenName: "Eve", catalog.MeansFamilyName: "Lovelace", catalog.MeansEmail: "eve@example.com", catalog.MeansCity: "York"} {
				if field := o.Means[m]; field != "" && fields[field] != want {
					t.Errorf("%s is %q, want %q", field, fields[field], want)
				}
			}
			if field := o.Means[catalog.MeansName]; field != "" && fields[field] != "Acme (2)" && fields[field] != "Acme" {
				t.Errorf("the second Acme is called %q", fields[field])
			}
		})
	}
}

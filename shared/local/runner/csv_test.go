package runner_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/operator/starter"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// drafted opens a world of a platform as hub, beside HubSpot and Jobber.
func drafted(t *testing.T, hub record.Platform) *runner.World {
	t.Helper()
	h, s, err := starter.Accounts(catalog.All(), hub, []record.Platform{"hubspot", "jobber"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := starter.Write(h, s, "")
	if err != nil {
		t.Fatal(err)
	}
	return openWorld(t, text, 1, platformsim.Faults{})
}

// load writes a file and loads it.
func load(t *testing.T, w *runner.World, c record.Connection, text string) (runner.Loaded, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return w.LoadCSV(runner.Load{Connection: c, Path: path})
}

func personOf(p *catalog.Platform) *catalog.Object {
	i := slices.IndexFunc(p.Objects, func(o catalog.Object) bool { return o.Concept == catalog.Person })
	return &p.Objects[i]
}

// TestAFileOfPeopleFillsAnyPlatform: headers as people write them, one spelled as the platform does, a name twice.
func TestAFileOfPeopleFillsAnyPlatform(t *testing.T) {
	for _, p := range catalog.All() {
		t.Run(string(p.Name), func(t *testing.T) {
			w := drafted(t, p.Name)
			o := personOf(p)
			file := "Company Name,First Name,Last-Name,E-mail,Phone," + string(o.Means[catalog.MeansCity]) + ",Unheard of\n" +
				"Acme,Ada,Lovelace,ada@example.com,(312) 555-0101,Leeds,x\nAcme,Eve,Lovelace,eve@example.com,312 555 0102,York,y\n"
			l, err := load(t, w, record.Connection(p.Name), file)
			if err != nil || l.Records != 2 || l.Refused != 0 {
				t.Fatalf("%+v, %v", l, err)
			}
			fields, _, _ := w.Sims[record.Connection(p.Name)].Record(o.Name, l.IDs[3])
			for m, want := range map[catalog.Meaning]string{catalog.MeansGivenName: "Eve", catalog.MeansFamilyName: "Lovelace", catalog.MeansEmail: "eve@example.com", catalog.MeansCity: "York"} {
				if field := o.Means[m]; field != "" && fields[field] != want {
					t.Errorf("%s is %q, want %q", field, fields[field], want)
				}
			}
			// Firms and people are one list where accounting is done; elsewhere a person's record bears the person's name.
			if field := o.Means[catalog.MeansName]; field != "" && fields[field] != "Acme (2)" && fields[field] != "Acme" && fields[field] != "Eve Lovelace" {
				t.Errorf("the second record is called %q", fields[field])
			}
		})
	}
}

// exports are headers as programs write them, with one row of the same person.
var exports = []struct {
	name, file string
	less       []catalog.Meaning // what such a file does not tell
}{
	{"Google Contacts", "First Name,Middle Name,Last Name,Organization Name,Organization Title,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Address 1 - Label,Address 1 - Street,Address 1 - City,Address 1 - Region,Address 1 - Postal Code,Labels\r\n" +
		"Ann,,Lee,Lee LLC,Owner,* Work,ann@people.example ::: ann2@people.example,Work,+1 312-555-0142,Work,1 Elm St,Chicago,IL,60601,* myContacts\r\n", nil},
	{"Google Contacts before 2024", "Name,Given Name,Family Name,E-mail 1 - Type,E-mail 1 - Value,Phone 1 - Type,Phone 1 - Value,Address 1 - Street,Address 1 - City,Address 1 - Region,Address 1 - Postal Code,Organization 1 - Name\r\n" +
		"Ann Lee,Ann,Lee,* ,ann@people.example,Work,312-555-0142,1 Elm St,Chicago,IL,60601,Lee LLC\r\n", nil},
	{"Outlook", "First Name,Middle Name,Last Name,Company,Job Title,Business Street,Business City,Business State,Business Postal Code,Business Country/Region,Home Street,Business Phone,Home Phone,Mobile Phone,E-mail Address,E-mail Display Name\r\n" +
		"Ann,,Lee,Lee LLC,Owner,1 Elm St,Chicago,IL,60601,United States,9 Home St,(312) 555-0142,(312) 555-0199,(312) 555-0143,ann@people.example,Ann Lee\r\n", nil},
	{"Salesforce report", "\"First Name\",\"Last Name\",\"Title\",\"Account Name\",\"Mailing Street\",\"Mailing City\",\"Mailing State/Province\",\"Mailing Zip/Postal Code\",\"Phone\",\"Mobile\",\"Email\"\r\n" +
		"\"Ann\",\"Lee\",\"Owner\",\"Lee LLC\",\"1 Elm St\",\"Chicago\",\"IL\",\"60601\",\"(312) 555-0142\",\"\",\"ann@people.example\"\r\n", nil},
	{"HubSpot", "Record ID,First Name,Last Name,Email,Phone Number,Company Name,Street Address,City,State/Region,Postal Code,Lead Status,Create Date\r\n" +
		"101,Ann,Lee,ann@people.example,(312) 555-0142,Lee LLC,1 Elm St,Chicago,IL,60601,New,2026-01-02 10:00\r\n", nil},
	{"QuickBooks Online", "Name,Company name,Street Address,City,State,Country,Zip,Phone,Email,Open balance\r\n" +
		"Ann Lee,Lee LLC,1 Elm St,Chicago,IL,USA,60601,Phone: (312) 555-0142,ann@people.example,0.00\r\n", nil},
	{"QuickBooks contact list", "Customer full name,Phone numbers,Email,Full name,Bill address\r\n" +
		"Ann Lee,Phone:(312) 555-0142,ann@people.example,Ann Lee,1 Elm St\r\n", []catalog.Meaning{catalog.MeansEmployer, catalog.MeansCity, catalog.MeansRegion, catalog.MeansPostalCode}},
	{"Jobber", "J-ID,Display Name,Company Name,Title,First Name,Last Name,Main Phone #s,E-mails,Service Street 1,Service City,Service State,Service Zip code\r\n" +
		"7,Lee LLC,Lee LLC,,Ann,Lee,(312) 555-0142,ann@people.example,1 Elm St,Chicago,IL,60601\r\n", nil},
	{"Pipedrive", "Person - ID,Person - Name,Person - Organization,Person - Email - Work,Person - Phone - Work\r\n7,Ann Lee,Lee LLC,ann@people.example,(312) 555-0142\r\n",
		[]catalog.Meaning{catalog.MeansStreet, catalog.MeansCity, catalog.MeansRegion, catalog.MeansPostalCode}},
	{"Xero", "*ContactName,EmailAddress,FirstName,LastName,POAddressLine1,POCity,PORegion,POPostalCode,PhoneNumber\r\n" +
		"Lee LLC,ann@people.example,Ann,Lee,1 Elm St,Chicago,IL,60601,(312) 555-0142\r\n", []catalog.Meaning{catalog.MeansEmployer}},
}

func TestExportsOfOtherProgramsFillTheHub(t *testing.T) {
	want := map[catalog.Meaning]string{catalog.MeansGivenName: "Ann", catalog.MeansFamilyName: "Lee", catalog.MeansEmployer: "Lee LLC", catalog.MeansEmail: "ann@people.example",
		catalog.MeansStreet: "1 Elm St", catalog.MeansCity: "Chicago", catalog.MeansRegion: "IL", catalog.MeansPostalCode: "60601"}
	for _, tt := range exports {
		t.Run(tt.name, func(t *testing.T) {
			w := drafted(t, "hubspot")
			o := personOf(catalog.HubSpot())
			l, err := load(t, w, "hubspot", tt.file)
			if err != nil || l.Records != 1 {
				t.Fatalf("%+v, %v", l, err)
			}
			fields, _, _ := w.Sims["hubspot"].Record(o.Name, l.IDs[2])
			for m, value := range want {
				if slices.Contains(tt.less, m) {
					value = ""
				}
				if got := fields[o.Means[m]]; got != value {
					t.Errorf("%s is %q, want %q", o.Means[m], got, value)
				}
			}
			if number := digitsOf(fields["phone"]); !strings.HasSuffix(number, "3125550142") {
				t.Errorf("phone is %q", fields["phone"])
			}
		})
	}
}

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

// TestColumnsThatAreNotUsedAreNamed, each with what it might be.
func TestColumnsThatAreNotUsedAreNamed(t *testing.T) {
	l, err := load(t, drafted(t, "hubspot"), "hubspot", "Emial,Correo,Telefon,Last Name,Home Phone,Phone,Shoe size\n"+
		"ann@people.example,ann@home.example,+49 30 1234567,Lee,312 555 0143,312 555 0142,40\n")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, u := range l.Unused {
		got[u.Header] = u.Why
	}
	for header, part := range map[string]string{"Emial": `name it "email"`, "Correo": "look like email addresses", "Telefon": "look like phone numbers", "Home Phone": "is a further phone", "Shoe size": "is not known"} {
		if !strings.Contains(got[header], part) {
			t.Errorf("%s: %q, want %q in it", header, got[header], part)
		}
		delete(got, header)
	}
	if len(got) > 0 || !strings.Contains(l.String(), `column "Correo"`) {
		t.Errorf("also %v; told as\n%s", got, l)
	}
}

// TestRowsThatAreNotLoadedAreToldWithTheFirstOnesReason; blank ones are no loss.
func TestRowsThatAreNotLoadedAreToldWithTheFirstOnesReason(t *testing.T) {
	l, err := load(t, drafted(t, "hubspot"), "hubspot", "Email,Last Name,First Name\nann@people.example,Lee,Ann\n\n,,\nbo@people.example,Lee, Jr.,Bo\n\"cy@people.example,Lee,Cy\n")
	if err != nil || l.Records != 1 || l.Blank != 2 || l.Refused != 2 || !strings.HasPrefix(l.Why, "line 6: ") {
		t.Errorf("%+v, %v", l, err)
	}
	for _, part := range []string{"1 contacts", "2 blank rows skipped", "2 rows NOT loaded"} {
		if !strings.Contains(l.String(), part) {
			t.Errorf("no %q in %s", part, l)
		}
	}
}

// TestAFileOfWhichNothingIsLoadedIsNoSuccess, and says how it was read: often that is why.
func TestAFileOfWhichNothingIsLoadedIsNoSuccess(t *testing.T) {
	tests := []struct{ name, file, want string }{
		{"a header alone", "Email,Last Name\n", "no row with a value"},
		{"blank rows alone", "Email,Last Name\n,\n\n", "no row with a value"},
		{"nothing", "", "no header"},
		{"columns that mean nothing here", "Zutat,Menge\nMehl,500\n", `parted by ","`},
		{"rows that are all broken", "Email,Last Name\n\"ann@people.example,Lee\n", "line 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if l, err := load(t, drafted(t, "hubspot"), "hubspot", tt.file); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%+v, %v, want an error with %q", l, err, tt.want)
			}
		})
	}
}

// TestAPersonWithoutAFirmIsCalledByTheName where a platform wants one name.
func TestAPersonWithoutAFirmIsCalledByTheName(t *testing.T) {
	w := drafted(t, "quickbooks")
	l, err := load(t, w, "quickbooks", "First Name,Last Name,Email,Company\nAnn,Lee,ann@people.example,\nBo,Lee,bo@people.example,Bo Pies\n,,cy@people.example,\n")
	if err != nil || l.Refused > 0 {
		t.Fatalf("%+v, %v", l, err)
	}
	var got []string
	for line := 2; line <= 4; line++ {
		fields, _, _ := w.Sims["quickbooks"].Record("customers", l.IDs[line])
		got = append(got, fields["DisplayName"])
	}
	if diff := cmp.Diff([]string{"Ann Lee", "Bo Pies", "cy@people.example"}, got); diff != "" {
		t.Error(diff)
	}
}

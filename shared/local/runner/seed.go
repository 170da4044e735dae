package runner

import (
	"fmt"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// person is one customer of the demonstration.
type person struct {
	first, last, company, email, phone string
	street, city, state, zip           string
	in                                 string // which platforms know them: h, j, q
}

// people is a small believable set: some known everywhere, some in two places, some in one; emails and phones are
// written differently from place to place, as people do.
var people = []person{
	{"Ana", "Ruiz", "", "ana.ruiz@example.com", "(312) 555-0101", "18 Elm Street", "Chicago", "IL", "60614", "hjq"},
	{"Ben", "Okafor", "Okafor Dental", "ben@okafordental.example", "312-555-0102", "400 W Lake St", "Chicago", "IL", "60606", "hjq"},
	{"Carla", "Mendes", "", "carla.mendes@example.com", "312.555.0103", "77 Oak Avenue", "Evanston", "IL", "60201", "hj"},
	{"Dev", "Patel", "Patel Hardware", "dev@patelhardware.example", "+1 847 555 0104", "9 Main Street", "Skokie", "IL", "60076", "hjq"},
	{"Erin", "Walsh", "", "erin.walsh@example.com", "773 555 0105", "2210 N Clark St", "Chicago", "IL", "60614", "hj"},
	{"Farid", "Haddad", "Haddad Bakery", "orders@haddadbakery.example", "(773) 555-0106", "3101 W Devon Ave", "Chicago", "IL", "60659", "hq"},
	{"Grace", "Lindqvist", "", "grace.l@example.com", "224-555-0107", "56 Sheridan Road", "Wilmette", "IL", "60091", "hj"},
	{"Hugo", "Brandt", "Brandt & Sons", "hugo@brandtsons.example", "630 555 0108", "12 Mill Road", "Naperville", "IL", "60540", "hjq"},
	{"Ines", "Moreau", "", "ines.moreau@example.com", "872 555 0109", "801 S Wells St", "Chicago", "IL", "60607", "h"},
	{"Jonas", "Weber", "", "jonas.weber@example.com", "(847) 555-0110", "5 Forest Lane", "Glencoe", "IL", "60022", "j"},
	{"Keiko", "Tanaka", "Tanaka Studio", "keiko@tanakastudio.example", "312 555 0111", "1600 N Milwaukee Ave", "Chicago", "IL", "60647", "hj"},
	{"Liam", "Byrne", "", "liam.byrne@example.com", "708-555-0112", "34 Harlem Ave", "Oak Park", "IL", "60302", "h"},
	{"Maya", "Cohen", "Cohen Realty", "maya@cohenrealty.example", "(312) 555-0113", "233 S Wacker Dr", "Chicago", "IL", "60606", "hjq"},
	{"Noah", "Singh", "", "noah.singh@example.com", "773-555-0114", "4500 N Lincoln Ave", "Chicago", "IL", "60625", "j"},
	{"Olga", "Petrova", "", "olga.petrova@example.com", "312 555 0115", "1 E Delaware Pl", "Chicago", "IL", "60611", "hq"},
	{"Paul", "Nguyen", "Nguyen Flowers", "paul@nguyenflowers.example", "(224) 555-0116", "90 Dempster St", "Evanston", "IL", "60202", "hj"},
	{"Quinn", "Farrell", "", "quinn.farrell@example.com", "847 555 0117", "61 Green Bay Rd", "Winnetka", "IL", "60093", "q"},
	{"Rosa", "Delgado", "", "rosa.delgado@example.com", "(773) 555-0118", "2600 S Kedzie Ave", "Chicago", "IL", "60623", "hj"},
}

// deal is one deal of the demonstration, for the person at an index of people.
type deal struct {
	person           int
	name, amount, at string
}

var deals = []deal{
	{0, "Kitchen refit", "8400.00", "contractsent"},
	{1, "Surgery lighting", "12750.50", "presentationscheduled"},
	{2, "Garden wall", "3150.00", "appointmentscheduled"},
	{3, "Shop front", "9900.00", "closedwon"}, // won before we came: it makes no invoice
	{6, "Roof repair", "5600.00", "contractsent"},
	{12, "Lobby repaint", "4200.00", "decisionmakerboughtin"},
}

// SeedDemo fills the platforms with people and deals, as people would have typed them: each platform knows some of them.
func (w *World) SeedDemo() error {
	contacts := map[int]record.ExternalID{}
	for i, p := range people {
		for n, c := range w.Rules.Connections {
			o := w.objectOf(c.Name, catalog.Person)
			if o == nil || !p.known(n) {
				continue
			}
			id, err := w.Sims[c.Name].Create(o.Name, p.fields(o))
			if err != nil {
				return fmt.Errorf("seed %s %s at %s: %w", p.first, p.last, c.Name, err)
			}
			if c.Name == w.hub() {
				contacts[i] = id
			}
		}
	}
	hub := w.hub()
	o := w.objectOf(hub, catalog.Deal)
	if o == nil {
		o = w.objectOf(hub, catalog.Job)
	}
	if o == nil {
		return nil
	}
	for _, d := range deals {
		if _, err := w.Sims[hub].Create(o.Name, d.fields(o, contacts[d.person])); err != nil {
			return fmt.Errorf("seed deal %q: %w", d.name, err)
		}
	}
	return nil
}

// known reports whether the platform of the nth connection knows a person: the first three as in says, further ones
// two of three.
func (p person) known(n int) bool {
	if n < len(places) {
		return strings.ContainsRune(p.in, rune(places[n]))
	}
	return (len(p.first)+len(p.last)+n)%3 != 0
}

// places are the letters of person.in, in the order of the example's connections: hub, field work, books.
const places = "hjq"

// fields gives a person as an object's people would be typed.
func (p person) fields(o *catalog.Object) record.Fields {
	name := p.first + " " + p.last
	if p.company != "" && o.Means[catalog.MeansEmployer] != "" {
		name = p.company // where firms and people are one list, a firm leads
	}
	return fill(o, map[catalog.Meaning]string{catalog.MeansName: name, catalog.MeansGivenName: p.first, catalog.MeansFamilyName: p.last, catalog.MeansEmployer: p.company,
		catalog.MeansEmail: p.email, catalog.MeansPhone: p.phone, catalog.MeansStreet: p.street, catalog.MeansCity: p.city, catalog.MeansRegion: p.state, catalog.MeansPostalCode: p.zip,
		// The work is done where they live, and bills go there too.
		catalog.MeansSiteStreet: p.street, catalog.MeansSiteCity: p.city, catalog.MeansSiteRegion: p.state, catalog.MeansSitePostalCode: p.zip})
}

// fields gives a deal, or a job, of a person.
func (d deal) fields(o *catalog.Object, of record.ExternalID) record.Fields {
	stage := ""
	if d.at == wonStage {
		stage = o.Won
	}
	out := fill(o, map[catalog.Meaning]string{catalog.MeansName: d.name, catalog.MeansAmount: d.amount, catalog.MeansStage: stage, catalog.MeansCloseDate: "2026-03-31",
		catalog.MeansPerson: string(of)})
	if o.Name == "deals" && o.Won == wonStage { // HubSpot, whose stages the example names
		out[o.Means[catalog.MeansStage]] = d.at
	}
	for _, u := range o.Usual {
		if out[u.Field] == "" {
			out[u.Field] = u.Value
		}
	}
	return out
}

// wonStage is the stage of a deal that was won before we came.
const wonStage = "closedwon"

// fill gives the fields of an object by what they mean, those that people may write.
func fill(o *catalog.Object, values map[catalog.Meaning]string) record.Fields {
	out := record.Fields{}
	for meaning, value := range values {
		if f, ok := o.Field(o.Means[meaning]); ok && !f.ReadOnly && value != "" {
			out[f.Name] = value
		}
	}
	return out
}

// hub gives the first group's hub.
func (w *World) hub() record.Connection { return w.Rules.Groups[0].Hub }

// objectOf gives the object of a connection that keeps a concept; nil if none does.
func (w *World) objectOf(c record.Connection, concept catalog.Concept) *catalog.Object {
	return w.catalogued(c, func(o *catalog.Object) bool { return o.Concept == concept })
}

// described gives what the catalog says of a connection's object, nil if it knows none.
func (w *World) described(c record.Connection, name record.Object) *catalog.Object {
	return w.catalogued(c, func(o *catalog.Object) bool { return o.Name == name })
}

// catalogued gives the first object of a connection's platform that is wanted.
func (w *World) catalogued(c record.Connection, wanted func(*catalog.Object) bool) *catalog.Object {
	declared, ok := w.Rules.Connection(c)
	if !ok {
		return nil
	}
	for _, p := range catalog.All() {
		for i := range p.Objects {
			if p.Name == declared.Platform && wanted(&p.Objects[i]) {
				return &p.Objects[i]
			}
		}
	}
	return nil
}

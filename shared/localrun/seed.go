package localrun

import (
	"fmt"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// person is one customer of the demonstration, as each platform knows them; a platform that does not has "" for email
// and phone there.
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

// SeedDemo fills the example's three platforms with people and deals, as people would have typed them.
func (r *Runner) SeedDemo(hub, field, books record.Connection) error {
	contacts := map[int]record.ExternalID{}
	for i, p := range people {
		for _, where := range p.in {
			var err error
			switch where {
			case 'h':
				contacts[i], err = r.Sims[hub].Create("contacts", p.contact())
			case 'j':
				_, err = r.Sims[field].Create("clients", p.client())
			default:
				_, err = r.Sims[books].Create("customers", p.customer())
			}
			if err != nil {
				return fmt.Errorf("seed %s %s: %w", p.first, p.last, err)
			}
		}
	}
	for _, d := range deals {
		_, err := r.Sims[hub].Create("deals", record.Fields{"dealname": d.name, "amount": d.amount, "dealstage": d.at, "pipeline": "default",
			"deal_currency_code": "USD", "associations.contacts": string(contacts[d.person])})
		if err != nil {
			return fmt.Errorf("seed deal %q: %w", d.name, err)
		}
	}
	return nil
}

func (p person) contact() record.Fields {
	return record.Fields{"firstname": p.first, "lastname": p.last, "company": p.company, "email": p.email, "phone": p.phone}
}

func (p person) client() record.Fields {
	return record.Fields{"firstName": p.first, "lastName": p.last, "companyName": p.company, "emails[primary].address": p.email, "phones[primary].number": p.phone,
		"properties[first].street1": p.street, "properties[first].city": p.city, "properties[first].province": p.state, "properties[first].postalCode": p.zip,
		"properties[first].country": "US"}
}

func (p person) customer() record.Fields {
	name := p.company
	if name == "" {
		name = p.first + " " + p.last
	}
	return record.Fields{"DisplayName": name, "GivenName": p.first, "FamilyName": p.last, "CompanyName": p.company, "PrimaryEmailAddr.Address": p.email,
		"PrimaryPhone.FreeFormNumber": p.phone, "BillAddr.Line1": p.street, "BillAddr.City": p.city, "BillAddr.CountrySubDivisionCode": p.state, "BillAddr.PostalCode": p.zip}
}

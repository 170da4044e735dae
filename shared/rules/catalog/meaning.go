package catalog

import "github.com/fluxcascade/fluxcascade/shared/record"

// Concept is the kind of thing that an object's records are, in a word that platforms share: a contact, a client and a
// customer are people. "" for objects that a first configuration leaves out.
type Concept string

// The concepts.
const (
	Person  Concept = "person"
	Company Concept = "company"
	Deal    Concept = "deal"
	Job     Concept = "job"
	Invoice Concept = "invoice"
)

// Meaning is what a field says, in words that platforms share. Two fields of one meaning can be mapped to each other;
// which should be is a configuration's to say. It is used for proposals and demonstrations, never to decide.
type Meaning string

// The meanings. Of a platform with several phones, the one that people are called at. An address is where post and bills
// go; where the work is done is another thing, and often another place: the two are never mapped to each other.
const (
	MeansName       Meaning = "name" // of a person in one field, of a company, a deal, a job; the text of an invoice's line
	MeansGivenName  Meaning = "given_name"
	MeansFamilyName Meaning = "family_name"
	MeansEmployer   Meaning = "employer" // the company a person is of, as text
	MeansEmail      Meaning = "email"
	MeansPhone      Meaning = "phone"
	MeansMobile     Meaning = "mobile"
	MeansJobTitle   Meaning = "job_title"
	MeansWebsite    Meaning = "website"
	MeansStreet     Meaning = "street"
	MeansCity       Meaning = "city"
	MeansRegion     Meaning = "region"
	MeansPostalCode Meaning = "postal_code"

	MeansSiteStreet     Meaning = "site_street"
	MeansSiteCity       Meaning = "site_city"
	MeansSiteRegion     Meaning = "site_region"
	MeansSitePostalCode Meaning = "site_postal_code"

	MeansAmount    Meaning = "amount"
	MeansStage     Meaning = "stage"
	MeansCloseDate Meaning = "close_date"
	MeansPerson    Meaning = "person"  // the person a record is for, by reference
	MeansCompany   Meaning = "company" // the company a record is of, by reference
)

// Meanings lists every meaning, in the order in which a configuration reads well.
func Meanings() []Meaning {
	return []Meaning{MeansName, MeansGivenName, MeansFamilyName, MeansEmail, MeansPhone, MeansMobile, MeansEmployer, MeansJobTitle, MeansWebsite,
		MeansStreet, MeansCity, MeansRegion, MeansPostalCode, MeansSiteStreet, MeansSiteCity, MeansSiteRegion, MeansSitePostalCode, MeansAmount, MeansStage, MeansCloseDate, MeansPerson, MeansCompany}
}

// Usual is a value that a create is usually given where no other field says it. Accounts differ: a proposal to be checked.
type Usual struct {
	Field record.PlatformField
	Value string
	Why   string // for a person, a short sentence without its full stop
}

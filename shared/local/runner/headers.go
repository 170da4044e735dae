package runner

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/agnivade/levenshtein"

	"github.com/fluxcascade/fluxcascade/shared/local/table"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// aliases are header names that people and programs use, by what they mean, compared without case, spaces and signs. Of
// several in one file the first of the list is taken: a program's own column for a thing comes before a general word. A
// header that is spelled as the platform's field goes before all of them.
//
// The programs' own are those of the exports of Google Contacts, Outlook, Salesforce reports, HubSpot, QuickBooks Online,
// Jobber, Pipedrive and Xero, as their help pages and public samples show them (read 2026-11).
var aliases = []struct {
	means catalog.Meaning
	names []string
}{
	{catalog.MeansEmail, []string{"email", "emailaddress", "email1value", "emails", "mail", "personemailwork", "personemail", "personemailhome", "email1address", "workemail", "businessemail",
		"primaryemail", "primaryemailaddr", "customeremail", "mainemail", "homeemail", "personalemail", "email2value", "email2address"}},
	{catalog.MeansPhone, []string{"phone", "phonenumber", "phone1value", "businessphone", "primaryphone", "mainphone", "mainphones", "phonenumbers", "personphonework", "personphone",
		"workphone", "companymainphone", "telephone", "tel", "homephone", "personphonehome", "contactphone", "phone2value"}},
	{catalog.MeansMobile, []string{"mobilephone", "mobilephonenumber", "mobile", "cell", "cellphone", "personphonemobile", "mobilenumber"}},
	{catalog.MeansGivenName, []string{"firstname", "givenname", "first", "personfirstname", "contactfirstname"}},
	{catalog.MeansFamilyName, []string{"lastname", "familyname", "surname", "last", "personlastname", "contactlastname"}},
	{catalog.MeansEmployer, []string{"company", "companyname", "organizationname", "organization1name", "accountname", "associatedcompany", "primaryassociatedcompany", "personorganization", "organization",
		"organisation", "business", "businessname", "sitename", "employer"}},
	{catalog.MeansName, []string{"name", "fullname", "displayname", "customerfullname", "customer", "clientname", "contactname", "personname"}},
	{catalog.MeansJobTitle, []string{"jobtitle", "title", "organizationtitle", "organization1title", "position"}},
	{catalog.MeansWebsite, []string{"website", "websiteurl", "webpage", "website1value", "homepage", "url"}},
	{catalog.MeansStreet, []string{"address", "street", "streetaddress", "address1street", "businessstreet", "mailingstreet", "billingstreet1", "billingstreet", "poaddressline1", "street1", "address1",
		"line1", "addressline1", "mailingaddressline1", "billingaddressline1", "billingaddress", "billaddress", "homestreet"}},
	{catalog.MeansCity, []string{"city", "town", "address1city", "businesscity", "mailingcity", "billingcity", "pocity", "homecity"}},
	{catalog.MeansRegion, []string{"state", "province", "region", "stateregion", "stateprovince", "address1region", "businessstate", "mailingstateprovince", "mailingstate", "billingstateprovince",
		"billingstate", "billingprovince", "poregion", "homestate"}},
	{catalog.MeansPostalCode, []string{"zip", "zipcode", "postalcode", "postcode", "zippostalcode", "address1postalcode", "businesspostalcode", "mailingzippostalcode", "mailingpostalcode",
		"billingzippostalcode", "billingzipcode", "billingzip", "billingpostalcode", "popostalcode", "homepostalcode"}},
	{catalog.MeansSiteStreet, []string{"servicestreet1", "servicestreet", "serviceaddress", "propertystreet", "shippingstreet", "shipaddress"}},
	{catalog.MeansSiteCity, []string{"servicecity", "propertycity", "shippingcity"}},
	{catalog.MeansSiteRegion, []string{"servicestate", "serviceprovince", "propertystate", "shippingstateprovince", "shippingstate"}},
	{catalog.MeansSitePostalCode, []string{"servicezipcode", "servicezip", "servicepostalcode", "propertyzip", "shippingzippostalcode", "shippingpostalcode", "shippingzip"}},
}

// meant gives what a header means, and how early it stands among the names of that.
func meant(header string) (catalog.Meaning, int, bool) {
	name := plain(header)
	for _, a := range aliases {
		if i := slices.Index(a.names, name); i >= 0 {
			return a.means, i, true
		}
	}
	return "", 0, false
}

// plain is a header without case, spaces and signs.
func plain(header string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, header)
}

// meaningWords says each meaning as a header would.
var meaningWords = map[catalog.Meaning]string{
	catalog.MeansEmail: "email", catalog.MeansPhone: "phone", catalog.MeansMobile: "mobile phone", catalog.MeansGivenName: "first name", catalog.MeansFamilyName: "last name",
	catalog.MeansEmployer: "company", catalog.MeansName: "name", catalog.MeansJobTitle: "job title", catalog.MeansWebsite: "website", catalog.MeansStreet: "address",
	catalog.MeansCity: "city", catalog.MeansRegion: "state", catalog.MeansPostalCode: "zip",
	catalog.MeansSiteStreet: "service address", catalog.MeansSiteCity: "service city", catalog.MeansSiteRegion: "service state", catalog.MeansSitePostalCode: "service zip",
}

// sites are the parts of an address where the work is done, by those of one where post goes.
var sites = map[catalog.Meaning]catalog.Meaning{catalog.MeansStreet: catalog.MeansSiteStreet, catalog.MeansCity: catalog.MeansSiteCity, catalog.MeansRegion: catalog.MeansSiteRegion,
	catalog.MeansPostalCode: catalog.MeansSitePostalCode}

// postal are the beginnings of headers that say an address is where post or bills go, and nothing of where the work is done.
var postal = []string{"bill", "mailing", "po"}

// headerWords lists what headers may be, for a message.
func headerWords() string {
	words := make([]string, len(aliases))
	for i, a := range aliases {
		words[i] = meaningWords[a.means]
	}
	return strings.Join(words, ", ")
}

// Unused is a column that fills no field, with what it might be.
type Unused struct {
	Header string
	Why    string
}

func (u Unused) String() string { return fmt.Sprintf("%q %s", u.Header, u.Why) }

const (
	// editsMax is how many slips of the hand a header may hold and still be guessed at; fewer in short ones.
	editsMax = 2
	// alikeShare is the part of a column's values, in percent, from which their form says what they are.
	alikeShare = 80
	// looksMax is how many of them are looked at.
	looksMax = 200
)

// suggestion says what a column that nothing is known of might be: by its header's spelling, else by what its values look like.
func suggestion(header string, column int, rows []table.Row) string {
	name := plain(header)
	best, found := catalog.Meaning(""), editsMax+1
	for _, a := range aliases {
		for _, known := range a.names {
			if d := levenshtein.ComputeDistance(name, known); d < found && 3*d < len(known) {
				best, found = a.means, d
			}
		}
	}
	if best != "" {
		return fmt.Sprintf("is not known; if it is the %s, name it %q", meaningWords[best], meaningWords[best])
	}
	emails, phones, values := 0, 0, 0
	for _, row := range rows[:min(len(rows), looksMax)] {
		value := strings.TrimSpace(row.Cells[column])
		if value == "" {
			continue
		}
		values++
		switch {
		case isEmail(value):
			emails++
		case isPhone(value):
			phones++
		}
	}
	switch {
	case values > 0 && 100*emails >= alikeShare*values:
		return `is not known; its values look like email addresses: if they are, name it "email"`
	case values > 0 && 100*phones >= alikeShare*values:
		return `is not known; its values look like phone numbers: if they are, name it "phone"`
	}
	return "is not known"
}

// isEmail and isPhone tell the form of a value, for a suggestion alone.
func isEmail(value string) bool {
	local, host, ok := strings.Cut(value, "@")
	return ok && local != "" && strings.Contains(host, ".") && !strings.ContainsAny(value, " \t")
}

// phoneDigits are the fewest and most digits of a number that people dial.
const phoneDigitsMin, phoneDigitsMax = 7, 15

func isPhone(value string) bool {
	digits, signs := 0, 0
	for _, r := range value {
		switch {
		case unicode.IsDigit(r):
			digits++
		case strings.ContainsRune("+()-./ ", r):
			signs++
		default:
			return false
		}
	}
	return digits >= phoneDigitsMin && digits <= phoneDigitsMax && signs > 0
}

package catalog

import (
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

// Sources of the facts below, as the contract of this platform gives them.
const (
	qboSchema = "intuit/QuickBooks-V3-DotNET-SDK Finance.xsd, commit 859c320"
	qboFamily = "developer.intuit.com, Customer: Job, IsProject (minor version 25), ParentRef; read 2026-12-01"
	qboLimits = qboSchema + "; length unverified: the reference says so from memory, the schema gives shorter ones"
)

// QuickBooks describes QuickBooks Online, minor version 75, in the connector's flat spelling: the JSON path, with
// references as the id they hold (CustomerRef is CustomerRef.value), Line[0] for the first sales line, and
// CustomField[Name] for a custom field of the account by its name.
//
// It offers no field for our identity that every plan has (custom fields on customers exist on some plans only,
// developer.intuit.com workflows/create-custom-fields), so Marker is "" and a create carries a request key. A
// configuration may still name Notes, ResaleNum or CustomField[...] (customers) or PrivateNote (invoices) as marker.
func QuickBooks() *Platform {
	return &Platform{
		Name:  "quickbooks",
		Label: "QuickBooks",
		// Hub: creates are idempotent by requestid.
		Hub:      true,
		Objects:  []Object{quickBooksCustomers(), quickBooksInvoices()},
		Hosts:    []string{"quickbooks.api.intuit.com", "sandbox-quickbooks.api.intuit.com", "oauth.platform.intuit.com", "developer.api.intuit.com"},
		Limits:   quickbooksLimits(),
		Webhooks: Webhooks{Signed: true, Deletes: true, Sealed: true},
	}
}

// quickBooksCustom matches CustomField[Name]. Names hold at most 31 characters on classic fields; newer ones more.
var quickBooksCustom = lazyregexp.New(`^CustomField\[[^\[\]]{1,100}\]$`)

func quickBooksCustomers() Object {
	o := Object{
		Name:    "customers",
		Label:   "customer",
		Custom:  quickBooksCustom,
		Created: "MetaData.CreateTime",
		Ability: quickBooksAbility(),
		Fields: []Field{
			{Name: "MetaData.CreateTime", Kind: Datetime, ReadOnly: true, Source: qboSchema},
			{Name: "DisplayName", Kind: Text, Required: true, MaxLength: 500, Source: qboLimits},
			{Name: "GivenName", Kind: Text, MaxLength: 100, Source: qboLimits},
			{Name: "FamilyName", Kind: Text, MaxLength: 100, Source: qboLimits},
			{Name: "CompanyName", Kind: Text, MaxLength: 100, Source: qboLimits},
			// May hold a comma list of addresses; compared whole.
			{Name: "PrimaryEmailAddr.Address", Kind: Email, MaxLength: 100, Source: qboLimits},
			{Name: "PrimaryPhone.FreeFormNumber", Kind: Phone, MaxLength: 30, Source: qboLimits},
			{Name: "Mobile.FreeFormNumber", Kind: Phone, MaxLength: 30, Source: qboLimits},
		},
	}
	for _, name := range []record.PlatformField{"BillAddr", "ShipAddr"} {
		o.Fields = append(o.Fields,
			Field{Name: name + ".Line1", Kind: Text, MaxLength: 500, Source: qboLimits},
			Field{Name: name + ".Line2", Kind: Text, MaxLength: 500, Source: qboLimits},
			Field{Name: name + ".City", Kind: Text, MaxLength: 255, Source: qboLimits},
			Field{Name: name + ".CountrySubDivisionCode", Kind: Text, MaxLength: 255, Source: qboLimits},
			Field{Name: name + ".PostalCode", Kind: Text, MaxLength: 30, Source: qboLimits},
			Field{Name: name + ".Country", Kind: Text, MaxLength: 255, Source: qboLimits})
	}
	o.Fields = append(o.Fields,
		Field{Name: "Notes", Kind: Text, MaxLength: 2000, Source: qboLimits},
		Field{Name: "Active", Kind: Bool, Source: qboSchema},
		// Sub-customers and projects are customers too. Job is true for both, IsProject for a project alone, and ParentRef is the
		// id of the customer above: a filter by Job leaves them out. We make none: a sub-customer takes Job and ParentRef
		// together, and projects have an API of their own.
		Field{Name: "Job", Kind: Bool, ReadOnly: true, Source: qboFamily},
		Field{Name: "IsProject", Kind: Bool, ReadOnly: true, Source: qboFamily},
		Field{Name: "ParentRef", Kind: Text, ReadOnly: true, Source: qboFamily},
		Field{Name: "FullyQualifiedName", Kind: Text, ReadOnly: true, Source: qboFamily},
		Field{Name: "Balance", Kind: Money, ReadOnly: true, Source: qboSchema},
		Field{Name: "CurrencyRef", Kind: Text, CreateOnly: true, Source: qboSchema},
		Field{Name: "ResaleNum", Kind: Text, MaxLength: 16, Source: qboLimits})
	o.Ability.Archive = true // Active: false
	o.Concept = Person
	o.Means = map[Meaning]record.PlatformField{MeansName: "DisplayName", MeansGivenName: "GivenName", MeansFamilyName: "FamilyName", MeansEmployer: "CompanyName",
		MeansEmail: "PrimaryEmailAddr.Address", MeansPhone: "PrimaryPhone.FreeFormNumber", MeansMobile: "Mobile.FreeFormNumber", MeansStreet: "BillAddr.Line1",
		MeansCity: "BillAddr.City", MeansRegion: "BillAddr.CountrySubDivisionCode", MeansPostalCode: "BillAddr.PostalCode", MeansSiteStreet: "ShipAddr.Line1",
		MeansSiteCity: "ShipAddr.City", MeansSiteRegion: "ShipAddr.CountrySubDivisionCode", MeansSitePostalCode: "ShipAddr.PostalCode"}
	o.Ability.Find = []record.PlatformField{"PrimaryEmailAddr.Address", "DisplayName"}
	o.Ability.Reformats = []record.PlatformField{"DisplayName", "GivenName", "FamilyName", "CompanyName"}
	return o
}

func quickBooksInvoices() Object {
	o := Object{
		Name:    "invoices",
		Label:   "invoice",
		Custom:  quickBooksCustom,
		Created: "MetaData.CreateTime",
		Needs:   []Need{{OneOf: []record.PlatformField{"Line[0].ItemRef"}, Why: "a line of an invoice sells a product or service, by the id that QuickBooks gives it", Source: qboSchema + "; unverified: some accounts take a line without one"}},
		Ability: quickBooksAbility(),
		Fields: []Field{
			{Name: "MetaData.CreateTime", Kind: Datetime, ReadOnly: true, Source: qboSchema},
			{Name: "CustomerRef", Kind: Reference, Refers: "customers", Required: true, Source: qboSchema},
			{Name: "Line[0].Amount", Kind: Money, Required: true, Source: qboSchema},
			{Name: "Line[0].Description", Kind: Text, MaxLength: 4000, Source: qboLimits},
			{Name: "Line[0].ItemRef", Kind: Text, Source: qboSchema},
			{Name: "Line[0].Qty", Kind: Number, Source: qboSchema},
			{Name: "Line[0].UnitPrice", Kind: Number, Source: qboSchema},
			{Name: "Line[0].TaxCodeRef", Kind: Text, Source: qboSchema},
			{Name: "SalesTermRef", Kind: Text, Source: qboSchema},
			{Name: "CurrencyRef", Kind: Text, CreateOnly: true, Source: qboSchema},
			{Name: "TxnDate", Kind: Date, Source: qboSchema},
			{Name: "DueDate", Kind: Date, Source: qboSchema},
			{Name: "DocNumber", Kind: Text, MaxLength: 21, Source: qboSchema},
			{Name: "PrivateNote", Kind: Text, MaxLength: 4000, Source: qboLimits},
			{Name: "BillEmail.Address", Kind: Email, MaxLength: 100, Source: qboLimits},
			{Name: "TotalAmt", Kind: Money, ReadOnly: true, Source: qboSchema},
			{Name: "Balance", Kind: Money, ReadOnly: true, Source: qboSchema},
			{Name: "GlobalTaxCalculation", Kind: Enum, Values: []string{"TaxExcluded", "TaxInclusive", "NotApplicable"},
				Source: qboSchema + "; companies outside the United States alone"},
			{Name: "EmailStatus", Kind: Enum, Values: []string{"NotSet", "NeedToSend", "EmailSent"}, Source: qboSchema},
		},
	}
	o.Ability.Archive = true // void: kept, with every amount zero
	o.Concept = Invoice
	o.Means = map[Meaning]record.PlatformField{MeansPerson: "CustomerRef", MeansAmount: "Line[0].Amount", MeansName: "Line[0].Description",
		MeansCloseDate: "TxnDate"}
	o.Decided = []Decided{
		{"Line[0].ItemRef", "the product or service that the line sells, which decides the income account", "QuickBooks takes an item of its own, or refuses"},
		{"Line[0].TaxCodeRef", "whether the line is taxed: TAX or NON in the United States, a tax code elsewhere", "nothing is taxed, or QuickBooks refuses"},
		{"GlobalTaxCalculation", "whether amounts hold their tax (TaxInclusive) or not (TaxExcluded)", "right in the United States, which have no such choice"},
		{"SalesTermRef", "the terms of payment", "the customer's own terms decide"},
		{"CurrencyRef", "the currency", "the customer's own currency decides"},
		{"TxnDate", "the invoice's date, by which it is booked", "it is the day on which the invoice reaches QuickBooks"},
	}
	o.Ability.Delete = true
	return o
}

// quickBooksAbility is what both objects share.
func quickBooksAbility() Ability {
	return Ability{
		Create: true, Update: true,
		// ReadMax: one query with "Id in (...)"; 100 ids keep its URL under 2 KB.
		ReadMax: 100,
		// WriteMax: items of one batch request, by the API's documents (a later tutorial says 50, then caps at 30).
		WriteMax: 30,
		// PageMax: maxresults of a query (unverified; node-quickbooks 2.0.49 uses it), objects of one CDC answer
		// (developer.intuit.com change data capture).
		PageMax:     1000,
		Conditional: true,                     // SyncToken
		RequestKey:  true,                     // requestid, at most 50 characters
		Polls:       true, PollsDeletes: true, // change data capture, 30 days back
		// LagBound: lists may trail by "a few seconds" (unverified); generous, because it only costs repeats.
		LagBound:    30 * time.Second,
		StampCovers: true, // MetaData.LastUpdatedTime, in whole seconds
	}
}

package catalog

import (
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Sources of the facts below, as the contract of this platform gives them.
const (
	xeroSpec  = "XeroAPI/Xero-OpenAPI xero_accounting.yaml 16.1.0, commit e952d0b"
	xeroPhone = "ours: country code, area code and number in one text; " + xeroSpec
)

// Values that the vendor fixes (xero_accounting.yaml 16.1.0).
var (
	xeroPhones     = []string{"DEFAULT", "DDI", "MOBILE", "FAX"}
	xeroAddresses  = []string{"POBOX", "STREET"}
	xeroStatuses   = []string{"DRAFT", "SUBMITTED", "AUTHORISED", "PAID", "VOIDED", "DELETED"}
	xeroLineAmount = []string{"Exclusive", "Inclusive", "NoTax"}
)

// Xero describes the Xero Accounting API 2.0 in the connector's flat spelling: the JSON path, with the type in brackets
// for an element of a list that is keyed by type (Addresses[POBOX].City), and [0] for the first of one that is not.
//
// A phone is three parts there. Phones[DEFAULT] is the whole of it, read as "+64 04 1111111" and written as one number with
// its other parts blank: the hub's number has no parts, which of them a person filled is not known, and to part a number
// takes every country's numbering plan. The parts are fields of their own for who wants them.
//
// There are no custom fields. Our identity is ContactNumber, which its screens show and do not change, and which another
// app may have taken for itself: then a configuration leaves hub_id out. On invoices it is Reference, which customers see,
// or Url. Bills are invoices of another type (ACCPAY), and none of ours.
func Xero() *Platform {
	return &Platform{
		Name:  "xero",
		Label: "Xero",
		// Hub: creates carry an Idempotency-Key.
		Hub:     true,
		Objects: []Object{xeroContacts(), xeroInvoices()},
		Hosts:   []string{"api.xero.com", "identity.xero.com"},
		Limits:  xeroLimits(),
		// Nothing is ever destroyed: what is archived, merged or voided is told as an update.
		Webhooks: Webhooks{Signed: true, Deletes: true, Sealed: true, Silent: true},
	}
}

// xeroAbility is what both objects share.
func xeroAbility(find ...record.PlatformField) Ability {
	return Ability{
		Create: true, Update: true,
		// Archive: a contact is ARCHIVED, for good as far as the API goes (unverified); an invoice is DELETED or VOIDED.
		Archive: true,
		// ReadMax: 52 ids fit into a query string of 2,048 bytes (XeroAPI/Xero-Java issue 328), with room for the rest of it.
		ReadMax: 50,
		// WriteMax: about 50 records a call are advised (developer.xero.com, API limits).
		WriteMax: 50,
		// PageMax: pageSize reaches to 1,000 since 2024-07 (calcinai/xero-php issue 915 quotes the vendor's mail).
		PageMax:    1000,
		RequestKey: true, // Idempotency-Key, kept for about 6 minutes (unverified)
		Find:       find,
		Polls:      true, PollsDeletes: true, // archived and voided records stay in the lists
		// LagBound: that lists trail the records is not known; generous, because it only costs repeats.
		LagBound: 30 * time.Second,
		// StampCovers: UpdatedDateUTC does not move with every change (developer.xero.com, requests and responses).
		StampCovers: false,
	}
}

// xeroTrimmed are the texts, which come back without the blanks around them (unverified).
func xeroTrimmed(o Object) []record.PlatformField {
	var names []record.PlatformField
	for _, f := range o.Fields {
		if !f.ReadOnly && (f.Kind == Text || f.Kind == Email) {
			names = append(names, f.Name)
		}
	}
	return names
}

func xeroContacts() Object {
	o := Object{Name: "contacts", Label: "contact", Ability: xeroAbility("EmailAddress", "Name", "ContactNumber")}
	o.Ability.Marker = "ContactNumber"
	o.Fields = []Field{
		{Name: "Name", Kind: Text, Required: true, MaxLength: 255, Source: xeroSpec + "; unique among active contacts (unverified)"},
		{Name: "FirstName", Kind: Text, MaxLength: 255, Source: xeroSpec},
		{Name: "LastName", Kind: Text, MaxLength: 255, Source: xeroSpec},
		{Name: "EmailAddress", Kind: Email, MaxLength: 255, Source: xeroSpec},
		{Name: "ContactNumber", Kind: Text, MaxLength: 50, Source: xeroSpec + "; changed by the API alone, here never from one value to another"},
		{Name: "AccountNumber", Kind: Text, MaxLength: 50, Source: xeroSpec},
		{Name: "CompanyNumber", Kind: Text, MaxLength: 50, Source: xeroSpec},
		{Name: "TaxNumber", Kind: Text, MaxLength: 50, Source: xeroSpec},
		{Name: "BankAccountDetails", Kind: Text, Source: xeroSpec},
		{Name: "DefaultCurrency", Kind: Text, MaxLength: 3, Source: xeroSpec},
		{Name: "ContactStatus", Kind: Enum, ReadOnly: true, Values: []string{"ACTIVE", "ARCHIVED", "GDPRREQUEST"}, Source: xeroSpec + "; set by archiving"},
		{Name: "IsCustomer", Kind: Bool, ReadOnly: true, Source: xeroSpec},
		{Name: "IsSupplier", Kind: Bool, ReadOnly: true, Source: xeroSpec},
		{Name: "Website", Kind: Text, ReadOnly: true, Source: xeroSpec},
		{Name: "UpdatedDateUTC", Kind: Datetime, ReadOnly: true, Source: xeroSpec},
		{Name: "ContactPersons[0].FirstName", Kind: Text, MaxLength: 255, Source: xeroSpec + "; length unverified"},
		{Name: "ContactPersons[0].LastName", Kind: Text, MaxLength: 255, Source: xeroSpec + "; length unverified"},
		{Name: "ContactPersons[0].EmailAddress", Kind: Email, MaxLength: 255, Source: xeroSpec + "; length unverified"},
		{Name: "ContactPersons[0].IncludeInEmails", Kind: Bool, Source: xeroSpec},
	}
	for _, t := range xeroPhones {
		phone := record.PlatformField("Phones[" + t + "]")
		o.Fields = append(o.Fields,
			Field{Name: phone, Kind: Phone, MaxLength: 50, Source: xeroPhone},
			Field{Name: phone + ".PhoneNumber", Kind: Text, MaxLength: 50, Source: xeroSpec},
			Field{Name: phone + ".PhoneAreaCode", Kind: Text, MaxLength: 10, Source: xeroSpec},
			Field{Name: phone + ".PhoneCountryCode", Kind: Text, MaxLength: 20, Source: xeroSpec})
		o.Ability.Reformats = append(o.Ability.Reformats, phone)
	}
	for _, t := range xeroAddresses {
		address := record.PlatformField("Addresses[" + t + "].")
		for _, line := range []record.PlatformField{"AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4"} {
			o.Fields = append(o.Fields, Field{Name: address + line, Kind: Text, MaxLength: 500, Source: xeroSpec})
		}
		o.Fields = append(o.Fields,
			Field{Name: address + "City", Kind: Text, MaxLength: 255, Source: xeroSpec},
			Field{Name: address + "Region", Kind: Text, MaxLength: 255, Source: xeroSpec},
			Field{Name: address + "PostalCode", Kind: Text, MaxLength: 50, Source: xeroSpec},
			Field{Name: address + "Country", Kind: Text, MaxLength: 50, Source: xeroSpec + "; letters only"},
			Field{Name: address + "AttentionTo", Kind: Text, MaxLength: 255, Source: xeroSpec})
	}
	// What people call a firm's or a person's name is one field, and its postal address the one that invoices carry.
	o.Concept = Person
	o.Means = map[Meaning]record.PlatformField{MeansName: "Name", MeansGivenName: "FirstName", MeansFamilyName: "LastName", MeansEmail: "EmailAddress",
		MeansPhone: "Phones[DEFAULT]", MeansMobile: "Phones[MOBILE]", MeansStreet: "Addresses[POBOX].AddressLine1", MeansCity: "Addresses[POBOX].City",
		MeansRegion: "Addresses[POBOX].Region", MeansPostalCode: "Addresses[POBOX].PostalCode", MeansSiteStreet: "Addresses[STREET].AddressLine1",
		MeansSiteCity: "Addresses[STREET].City", MeansSiteRegion: "Addresses[STREET].Region", MeansSitePostalCode: "Addresses[STREET].PostalCode"}
	o.Ability.Reformats = append(o.Ability.Reformats, xeroTrimmed(o)...)
	o.Ability.Merges = true // a merged contact names the one that it was merged into
	return o
}

func xeroInvoices() Object {
	o := Object{Name: "invoices", Label: "invoice", Ability: xeroAbility("InvoiceNumber", "Reference")}
	o.Ability.Marker = "Reference"
	o.Fields = []Field{
		{Name: "Contact.ContactID", Kind: Reference, Refers: "contacts", Required: true, Source: xeroSpec},
		{Name: "LineItems[0].Description", Kind: Text, Required: true, MaxLength: 4000, Source: xeroSpec + "; length unverified"},
		{Name: "LineItems[0].Quantity", Kind: Number, Source: xeroSpec},
		{Name: "LineItems[0].UnitAmount", Kind: Money, Source: xeroSpec + "; four digits after the point"},
		{Name: "LineItems[0].LineAmount", Kind: Money, ReadOnly: true, Source: xeroSpec + "; quantity times unit amount"},
		{Name: "LineItems[0].ItemCode", Kind: Text, MaxLength: 30, Source: xeroSpec + "; length unverified"},
		{Name: "LineItems[0].AccountCode", Kind: Text, MaxLength: 10, Source: xeroSpec + "; length unverified; must be there once an invoice is authorised"},
		{Name: "LineItems[0].TaxType", Kind: Text, MaxLength: 50, Source: xeroSpec + "; length unverified"},
		{Name: "Status", Kind: Enum, Values: xeroStatuses, Source: xeroSpec + "; DRAFT, SUBMITTED and AUTHORISED may be written, the others come about"},
		{Name: "Date", Kind: Date, Source: xeroSpec},
		{Name: "DueDate", Kind: Date, Source: xeroSpec},
		{Name: "InvoiceNumber", Kind: Text, MaxLength: 255, Source: xeroSpec + "; unique"},
		{Name: "Reference", Kind: Text, MaxLength: 255, Source: xeroSpec + "; length unverified"},
		{Name: "Url", Kind: Text, MaxLength: 2000, Source: xeroSpec + "; length unverified"},
		{Name: "CurrencyCode", Kind: Text, CreateOnly: true, MaxLength: 3, Source: xeroSpec},
		{Name: "LineAmountTypes", Kind: Enum, Values: xeroLineAmount, Source: xeroSpec},
		{Name: "BrandingThemeID", Kind: Text, MaxLength: 36, Source: xeroSpec},
		{Name: "SentToContact", Kind: Bool, Source: xeroSpec},
		{Name: "SubTotal", Kind: Money, ReadOnly: true, Source: xeroSpec},
		{Name: "TotalTax", Kind: Money, ReadOnly: true, Source: xeroSpec},
		{Name: "Total", Kind: Money, ReadOnly: true, Source: xeroSpec},
		{Name: "AmountDue", Kind: Money, ReadOnly: true, Source: xeroSpec},
		{Name: "AmountPaid", Kind: Money, ReadOnly: true, Source: xeroSpec},
		{Name: "AmountCredited", Kind: Money, ReadOnly: true, Source: xeroSpec},
		{Name: "FullyPaidOnDate", Kind: Date, ReadOnly: true, Source: xeroSpec},
		{Name: "UpdatedDateUTC", Kind: Datetime, ReadOnly: true, Source: xeroSpec},
	}
	o.Ability.Reformats = xeroTrimmed(o)
	o.Concept = Invoice
	o.Means = map[Meaning]record.PlatformField{MeansPerson: "Contact.ContactID", MeansAmount: "LineItems[0].UnitAmount",
		MeansName: "LineItems[0].Description", MeansCloseDate: "Date"}
	o.Decided = []Decided{
		{"LineItems[0].AccountCode", "the account that the sale is booked to", "the invoice cannot be authorised"},
		{"LineItems[0].TaxType", "the tax rate of the line", "the account's own rate decides"},
		{"LineAmountTypes", "whether amounts hold their tax (Inclusive), do not (Exclusive), or have none (NoTax)", "Xero takes Exclusive"},
		{"CurrencyCode", "the currency", "the organisation's own currency decides"},
		{"Date", "the invoice's date, by which it is booked", "it is the day on which the invoice reaches Xero"},
		{"DueDate", "the day on which it is due", "the contact's own terms decide, and where there are none it cannot be authorised"},
	}
	return o
}

package quickbooks

// The company's small lists, which have no API here. Values are ids.
var (
	items = map[string]string{"1": "Services", "2": "Hours", "3": "Installation", "4": "Maintenance", "5": "Parts"}
	// terms gives the days until an invoice is due.
	terms    = map[string]int{"1": 0, "2": 15, "3": 30, "4": 60, "5": 30}
	taxCodes = map[string]bool{"TAX": true, "NON": true}
	// currencies are those switched on.
	currencies = map[string]string{"USD": "United States Dollar", "CAD": "Canadian Dollar", "EUR": "Euro"}
)

// customFields gives the definitions of each kind, in order: id and name. Sales forms have three classic ones.
var customFields = map[entityKind][][2]string{
	customer: {{"540344", "Hub ID"}, {"540345", "Region"}},
	invoice:  {{"1", "Hub ID"}, {"2", "Crew"}, {"3", "Region"}},
}

const (
	customValueMax = 31
	defaultItem    = "1"
	defaultTaxCode = "NON"
	homeCurrency   = "USD"
)

// lengths are the longest values accepted, by dotted path (unverified).
var lengths = map[entityKind]map[string]int{
	customer: {"DisplayName": 500, "Title": 16, "GivenName": 100, "MiddleName": 100, "FamilyName": 100, "Suffix": 16,
		"CompanyName": 100, "PrimaryEmailAddr.Address": 100, "PrimaryPhone.FreeFormNumber": 30, "Mobile.FreeFormNumber": 30,
		"Notes": 2000, "ResaleNum": 16,
		"BillAddr.Line1": 500, "BillAddr.Line2": 500, "BillAddr.City": 255, "BillAddr.CountrySubDivisionCode": 255,
		"BillAddr.PostalCode": 30, "BillAddr.Country": 255,
		"ShipAddr.Line1": 500, "ShipAddr.Line2": 500, "ShipAddr.City": 255, "ShipAddr.CountrySubDivisionCode": 255,
		"ShipAddr.PostalCode": 30, "ShipAddr.Country": 255},
	invoice: {"DocNumber": 21, "PrivateNote": 4000, "BillEmail.Address": 100},
}

package quickbooks

import (
	"maps"
	"slices"
	"strings"
)

// The company's small lists, which can be read here and not changed. Values are ids.
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

// termNames are what people see of terms.
var termNames = map[string]string{"1": "Due on receipt", "2": "Net 15", "3": "Net 30", "4": "Net 60", "5": "30 days, by hand"}

// smallLists answers a query of one of the small lists; ok is false for another entity. Conditions are not judged: everything
// in them is active.
func smallLists(entity string) (map[string]any, bool) {
	var rows []any
	row := func(id, name string, more map[string]any) {
		one := map[string]any{"Id": id, "Name": name, "Active": true, "domain": "QBO", "sparse": false, "SyncToken": "0"}
		maps.Copy(one, more)
		rows = append(rows, one)
	}
	switch strings.ToLower(entity) {
	case "item":
		entity = "Item"
		for _, id := range slices.Sorted(maps.Keys(items)) {
			row(id, items[id], map[string]any{"Type": "Service"})
		}
	case "term":
		entity = "Term"
		for _, id := range slices.Sorted(maps.Keys(termNames)) {
			row(id, termNames[id], map[string]any{"DueDays": terms[id], "Type": "STANDARD"})
		}
	case "taxcode":
		entity = "TaxCode"
		for _, code := range slices.Sorted(maps.Keys(taxCodes)) {
			row(code, code, map[string]any{"Taxable": code == "TAX"})
		}
	case "companycurrency":
		entity = "CompanyCurrency"
		codes := slices.Sorted(maps.Keys(currencies))
		slices.SortStableFunc(codes, func(a, b string) int { // the home currency leads
			switch {
			case a == homeCurrency:
				return -1
			case b == homeCurrency:
				return 1
			}
			return 0
		})
		for i, code := range codes {
			row(string(rune('1'+i)), currencies[code], map[string]any{"Code": code})
		}
	default:
		return nil, false
	}
	return map[string]any{"QueryResponse": map[string]any{entity: rows, "startPosition": 1, "maxResults": len(rows)}}, true
}

package xero

import (
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// The organisation's small lists, which can be read here and not changed.
var (
	// accounts are the codes that a sales invoice may be booked to.
	accounts = map[string]bool{"200": true, "260": true, "270": true}
	// taxRates gives the rate of each tax type, in percent.
	taxRates = map[string]decimal.Decimal{"NONE": decimal.Zero, "OUTPUT": decimal.NewFromInt(10), "TAX001": decimal.RequireFromString("8.25")}
	items    = map[string]bool{"SERVICE": true, "PARTS": true}
	// currencies are those subscribed to.
	currencies = map[string]bool{"USD": true, "NZD": true, "EUR": true}
)

const (
	homeCurrency   = "USD"
	defaultTaxType = "NONE"
	personsMax     = 5
)

var (
	phoneTypes   = []string{"DDI", "DEFAULT", "FAX", "MOBILE"}
	addressTypes = []string{"STREET", "POBOX"}
	phoneParts   = []string{"PhoneNumber", "PhoneAreaCode", "PhoneCountryCode"}
	addressParts = []string{"AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4", "City", "Region", "PostalCode", "Country",
		"AttentionTo"}
)

// lengths are the longest values accepted (xero_accounting.yaml 16.1.0; Reference and Url unverified).
var lengths = map[kind]map[string]int{
	contact: {"Name": 255, "FirstName": 255, "LastName": 255, "EmailAddress": 255, "ContactNumber": 50, "AccountNumber": 50,
		"CompanyNumber": 50, "TaxNumber": 50},
	invoice: {"InvoiceNumber": 255, "Reference": 255, "Url": 2000},
}

var partLengths = map[string]int{"PhoneNumber": 50, "PhoneAreaCode": 10, "PhoneCountryCode": 20,
	"AddressLine1": 500, "AddressLine2": 500, "AddressLine3": 500, "AddressLine4": 500,
	"City": 255, "Region": 255, "PostalCode": 50, "Country": 50, "AttentionTo": 255}

// written are the plain elements of a contact that a client may set.
var written = []string{"Name", "FirstName", "LastName", "EmailAddress", "ContactNumber", "AccountNumber", "CompanyNumber", "TaxNumber",
	"BankAccountDetails", "DefaultCurrency"}

// accountNames are what people see of accounts.
var accountNames = map[string]string{"200": "Sales", "260": "Other Revenue", "270": "Interest Income"}

// smallList answers one of the small lists; nil for another path. The home currency leads, and the account for sales.
func smallList(name string) map[string]any {
	var rows []any
	switch strings.ToLower(name) {
	case "accounts":
		name = "Accounts"
		for _, code := range slices.Sorted(maps.Keys(accounts)) {
			rows = append(rows, map[string]any{"AccountID": "a-" + code, "Code": code, "Name": accountNames[code], "Status": "ACTIVE",
				"Type":  "REVENUE",
				"Class": "REVENUE"})
		}
	case "taxrates":
		name = "TaxRates"
		for _, t := range slices.Sorted(maps.Keys(taxRates)) {
			rows = append(rows, map[string]any{"Name": t, "TaxType": t, "Status": "ACTIVE", "CanApplyToRevenue": true,
				"EffectiveRate": taxRates[t].InexactFloat64()})
		}
	case "currencies":
		name = "Currencies"
		rows = append(rows, map[string]any{"Code": homeCurrency, "Description": homeCurrency})
		for _, code := range slices.Sorted(maps.Keys(currencies)) {
			if code != homeCurrency {
				rows = append(rows, map[string]any{"Code": code, "Description": code})
			}
		}
	default:
		return nil
	}
	return map[string]any{name: rows}
}

package catalog

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// pages are the forms of the pages on which a person sees a record, by platform and object. {account} is the account's id,
// {id} the record's. They are for links alone: a form that a vendor has changed leads to the vendor's own page that says
// so. All are from memory but for HubSpot's object type ids (developers.hubspot.com "understanding the CRM", read
// 2026-11). Salesforce and Xero have none: their pages are at a host, or need a code, that the configuration does not name.
var pages = map[record.Platform]map[record.Object]string{
	"hubspot": {
		"contacts":  "https://app.hubspot.com/contacts/{account}/record/0-1/{id}",
		"companies": "https://app.hubspot.com/contacts/{account}/record/0-2/{id}",
		"deals":     "https://app.hubspot.com/contacts/{account}/record/0-3/{id}",
	},
	"jobber": {
		"clients": "https://secure.getjobber.com/clients/{number}",
		"jobs":    "https://secure.getjobber.com/work_orders/{number}",
	},
	"quickbooks": {
		"customers": "https://qbo.intuit.com/app/customerdetail?nameId={id}",
		"invoices":  "https://qbo.intuit.com/app/invoice?txnId={id}",
	},
	"pipedrive": {
		"persons":       "https://app.pipedrive.com/person/{id}",
		"organizations": "https://app.pipedrive.com/organization/{id}",
		"deals":         "https://app.pipedrive.com/deal/{id}",
	},
}

// RecordPage gives the address of the page on which a person sees a record; "" where none is known.
func RecordPage(p record.Platform, account string, object record.Object, id record.ExternalID) string {
	form, ok := pages[p][object]
	if !ok || id == "" || (account == "" && strings.Contains(form, "{account}")) {
		return ""
	}
	number := ""
	if strings.Contains(form, "{number}") {
		if number = lastNumber(string(id)); number == "" {
			return ""
		}
	}
	return strings.NewReplacer("{account}", url.PathEscape(account), "{id}", url.QueryEscape(string(id)), "{number}", number).Replace(form)
}

// lastNumber reads the number in an id that is base64 of gid://Jobber/Client/123; "" where it is of another form.
func lastNumber(id string) string {
	decoded, err := base64.StdEncoding.DecodeString(id)
	if err != nil {
		return ""
	}
	number := string(decoded[strings.LastIndexByte(string(decoded), '/')+1:])
	if number == "" || strings.Trim(number, "0123456789") != "" {
		return ""
	}
	return number
}

package xero

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/shopspring/decimal"
)

// view says how much of a record one request shows.
type view struct {
	// whole: addresses, phones, people and lines too, and where a contact went by a merge. Lists without a page show none.
	whole bool
	// four: unit amounts with four digits behind the point rather than two.
	four bool
}

func viewOf(r *http.Request, whole bool) view {
	q := r.URL.Query()
	return view{whole: whole && !strings.EqualFold(q.Get("summaryOnly"), "true"), four: q.Get("unitdp") == "4"}
}

func msDate(t time.Time) string { return fmt.Sprintf("/Date(%d+0000)/", t.UnixMilli()) }

var guidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

// renderLocked gives a record as the API answers it.
func (s *Simulator) renderLocked(d *document, v view) map[string]any {
	if d.Kind == contact {
		return s.renderContactLocked(d, v)
	}
	return s.renderInvoiceLocked(d, v)
}

func (s *Simulator) renderContactLocked(d *document, v view) map[string]any {
	out := map[string]any{"ContactID": d.ID, "ContactStatus": get(d.Body, "ContactStatus"), "Name": get(d.Body, "Name"),
		"EmailAddress":       get(d.Body, "EmailAddress"),
		"BankAccountDetails": get(d.Body, "BankAccountDetails"), "UpdatedDateUTC": msDate(d.Updated), "ContactGroups": []any{},
		"IsSupplier": s.sellsLocked(d, "ACCPAY"), "IsCustomer": s.sellsLocked(d, "ACCREC"),
		"Addresses": []any{}, "Phones": []any{}, "ContactPersons": []any{}, "HasValidationErrors": false}
	for _, name := range written {
		if value := get(d.Body, name); value != "" {
			out[name] = value
		}
	}
	if !v.whole {
		return out
	}
	out["HasAttachments"] = false
	if d.Merged != "" {
		out["MergedToContactID"] = d.Merged
	}
	out["Addresses"] = elements(d.Body, "Addresses", "AddressType", addressTypes, []string{"City", "Region", "PostalCode", "Country"})
	out["Phones"] = elements(d.Body, "Phones", "PhoneType", phoneTypes, phoneParts)
	if persons, _ := d.Body["ContactPersons"].([]any); len(persons) > 0 {
		out["ContactPersons"] = platformsim.CloneValue(persons)
	}
	return out
}

// elements shows one element of each type, blank ones too, of which some parts are told though blank.
func elements(body map[string]any, list, key string, types, told []string) []any {
	out := []any{}
	for _, t := range types {
		element := map[string]any{key: t}
		for _, part := range told {
			element[part] = ""
		}
		for name, value := range elementOf(body, list, key, t) {
			element[name] = value
		}
		out = append(out, element)
	}
	return out
}

// elementOf finds the element of a type, nil if there is none.
func elementOf(body map[string]any, list, key, t string) map[string]any {
	items, _ := body[list].([]any)
	for _, item := range items {
		if element, _ := item.(map[string]any); element != nil && element[key] == t {
			return element
		}
	}
	return nil
}

// sellsLocked says whether a contact has an invoice of a type. It moves no stamp of the contact's.
func (s *Simulator) sellsLocked(d *document, kind string) bool {
	if s.sold == nil {
		s.sold = map[string]bool{}
		for _, other := range s.state.Records {
			if other.Kind == invoice {
				s.sold[get(other.Body, "ContactID")+get(other.Body, "Type")] = true
			}
		}
	}
	return s.sold[d.ID+kind]
}

func (s *Simulator) renderInvoiceLocked(d *document, v view) map[string]any {
	b := d.Body
	out := map[string]any{"Type": get(b, "Type"), "InvoiceID": d.ID, "InvoiceNumber": get(b, "InvoiceNumber"),
		"Reference": get(b, "Reference"),
		"Payments":  []any{}, "CreditNotes": []any{}, "Prepayments": []any{}, "Overpayments": []any{},
		"SentToContact": b["SentToContact"] == true,
		"CurrencyRate":  json.Number("1"), "HasErrors": false, "IsDiscounted": false, "HasAttachments": false, "Status": get(b, "Status"),
		"LineAmountTypes": get(b, "LineAmountTypes"), "LineItems": []any{}, "CurrencyCode": get(b, "CurrencyCode"),
		"UpdatedDateUTC":       msDate(d.Updated),
		"UpdatedDateUTCString": d.Updated.Format("2006-01-02 15:04:05+00:00")}
	for _, name := range []string{"Url", "BrandingThemeID"} {
		if value := get(b, name); value != "" {
			out[name] = value
		}
	}
	for _, name := range []string{"Date", "DueDate"} {
		if at, err := time.Parse(time.DateOnly, get(b, name)); err == nil {
			out[name], out[name+"String"] = msDate(at), at.Format("2006-01-02T15:04:05")
		}
	}
	party := map[string]any{"ContactID": get(b, "ContactID"), "Addresses": []any{}, "Phones": []any{},
		"ContactGroups": []any{}, "ContactPersons": []any{}, "HasValidationErrors": false}
	if c := s.findLocked(d.Tenant, contact, get(b, "ContactID")); c != nil {
		party["Name"] = get(c.Body, "Name")
	}
	out["Contact"] = party
	t := totalsOf(d)
	out["SubTotal"], out["TotalTax"], out["Total"] = amount(t.sub), amount(t.tax), amount(t.total)
	out["AmountDue"], out["AmountPaid"], out["AmountCredited"] = amount(t.due), amount(t.paid), json.Number("0")
	if !d.PaidOn.IsZero() && get(b, "Status") == "PAID" {
		out["FullyPaidOnDate"] = msDate(d.PaidOn)
	}
	if v.whole {
		out["LineItems"] = linesOf(b, v.four)
	}
	return out
}

// linesOf shows the lines with their amounts.
func linesOf(body map[string]any, four bool) []any {
	out := []any{}
	lines, _ := body["LineItems"].([]any)
	for _, item := range lines {
		line, _ := platformsim.CloneValue(item).(map[string]any)
		places := int32(2)
		if four {
			places = 4
		}
		if price, ok := numberOf(line, "UnitAmount"); ok {
			line["UnitAmount"] = json.Number(price.Round(places).String())
		}
		line["Tracking"], line["ValidationErrors"] = []any{}, []any{}
		out = append(out, line)
	}
	return out
}

// totals are what an invoice comes to.
type totals struct{ sub, tax, total, paid, due decimal.Decimal }

func totalsOf(d *document) totals {
	var t totals
	lines, _ := d.Body["LineItems"].([]any)
	for _, item := range lines {
		line, _ := item.(map[string]any)
		amount, _ := numberOf(line, "LineAmount")
		tax, _ := numberOf(line, "TaxAmount")
		t.sub, t.tax = t.sub.Add(amount), t.tax.Add(tax)
	}
	t.total = t.sub.Add(t.tax)
	if get(d.Body, "LineAmountTypes") == "Inclusive" {
		t.total, t.sub = t.sub, t.sub.Sub(t.tax)
	}
	if paid, err := decimal.NewFromString(string(d.Paid)); err == nil {
		t.paid = paid
	}
	t.due = t.total.Sub(t.paid)
	if s := get(d.Body, "Status"); s == "VOIDED" || s == "DELETED" {
		t.due = decimal.Zero
	}
	return t
}

func amount(d decimal.Decimal) json.Number { return json.Number(d.String()) }

// get reads a text, "" where there is none.
func get(object map[string]any, key string) string {
	s, _ := object[key].(string)
	return s
}

// numberOf reads a number within sane bounds.
func numberOf(object map[string]any, key string) (decimal.Decimal, bool) {
	var text string
	switch v := object[key].(type) {
	case json.Number:
		text = string(v)
	case string:
		text = v
	}
	if text == "" || len(text) > 40 || strings.ContainsAny(text, "eE") {
		return decimal.Zero, false
	}
	d, err := decimal.NewFromString(text)
	return d, err == nil
}

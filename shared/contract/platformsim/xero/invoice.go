package xero

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/shopspring/decimal"
)

// successors gives the states that an invoice can be moved to by a client.
var successors = map[string][]string{
	"":           {"DRAFT", "SUBMITTED", "AUTHORISED"},
	"DRAFT":      {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
	"SUBMITTED":  {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
	"AUTHORISED": {"AUTHORISED", "VOIDED"},
}

// invoiceLocked validates what was sent of an invoice and lays it over what is held.
func (s *Simulator) invoiceLocked(d *document, in map[string]any) (map[string]any, *failure) {
	before := get(d.Body, "Status")
	if f := locked(d, in); f != nil {
		return nil, f
	}
	body := platformsim.Clone(d.Body)
	if f := texts(body, in, []string{"InvoiceNumber", "Reference", "Url", "BrandingThemeID"}, lengths[invoice]); f != nil {
		return nil, f
	}
	type settling func(d *document, body, in map[string]any) *failure
	for _, settle := range []settling{settleType, s.settlePartyLocked, settleState, settleForm, s.settleDatesLocked, s.settleLinesLocked} {
		if f := settle(d, body, in); f != nil {
			return nil, f
		}
	}
	if f := complete(body, before); f != nil {
		return nil, f
	}
	return body, s.numberedLocked(d, body)
}

// locked says why an invoice can no longer be changed as asked.
func locked(d *document, in map[string]any) *failure {
	switch get(d.Body, "Status") {
	case "PAID", "VOIDED", "DELETED":
		return failed("Status", "Invoice not of valid status for modification")
	}
	if d.Paid == "" || quiet(d, in) {
		return nil
	}
	return failed("Status", "This document cannot be edited as it has a payment or credit note allocated to it.")
}

// settleType takes sales and bills, for good.
func settleType(d *document, body, in map[string]any) *failure {
	told := get(in, "Type")
	held := get(body, "Type")
	switch {
	case held == "" && (told == "ACCREC" || told == "ACCPAY"):
		body["Type"] = told
	case held == "", told != "" && told != held:
		return failed("Type", "The invoice type is not valid")
	}
	return nil
}

// settlePartyLocked finds the contact, by id or by name; a name that nobody has makes a contact.
func (s *Simulator) settlePartyLocked(d *document, body, in map[string]any) *failure {
	party, told := in["Contact"].(map[string]any)
	if !told {
		if get(body, "ContactID") == "" {
			return failed("Contact", "A contact must be specified")
		}
		return nil
	}
	var c *document
	if id := get(party, "ContactID"); id != "" {
		c = s.findLocked(d.Tenant, contact, id)
	} else if c = s.meantLocked(d.Tenant, contact, party); c == nil && get(party, "Name") != "" {
		made, f := s.createLocked(d.Tenant, contact, party, true)
		if f != nil {
			return f
		}
		c = made
	}
	switch {
	case c == nil:
		return failed("Contact", "The contact with the specified contact details could not be found")
	case c.archived():
		return failed("Contact", "The contact %s is archived and cannot be used", get(c.Body, "Name"))
	}
	body["ContactID"] = c.ID
	return nil
}

func settleState(_ *document, body, in map[string]any) *failure {
	before, status := get(body, "Status"), get(in, "Status")
	if status == "" {
		status = before
	}
	if before == "" && status == "" {
		status = "DRAFT"
	}
	if !slices.Contains(successors[before], status) {
		return failed("Status", "Invoice not of valid status for modification")
	}
	body["Status"] = status
	if sent, told := flagOf(in, "SentToContact"); told {
		if status != "AUTHORISED" && sent {
			return failed("SentToContact", "Only an approved invoice can be marked as sent")
		}
		body["SentToContact"] = sent
	}
	return nil
}

// settleForm takes the currency, for good, and how amounts hold their tax.
func settleForm(_ *document, body, in map[string]any) *failure {
	code, held := get(in, "CurrencyCode"), get(body, "CurrencyCode")
	switch {
	case held == "" && code == "":
		body["CurrencyCode"] = homeCurrency
	case held == "" && currencies[code]:
		body["CurrencyCode"] = code
	case held == "", code != "" && code != held:
		return failed("CurrencyCode", "The organisation is not subscribed to currency %s", code)
	}
	switch form := get(in, "LineAmountTypes"); {
	case form == "" && get(body, "LineAmountTypes") == "":
		body["LineAmountTypes"] = "Exclusive"
	case form == "Exclusive", form == "Inclusive", form == "NoTax":
		body["LineAmountTypes"] = form
	case form != "":
		return failed("LineAmountTypes", "The LineAmountTypes is not valid")
	}
	if link := get(body, "Url"); link != "" {
		if u, err := url.Parse(link); err != nil || u.Scheme == "" || u.Host == "" {
			return failed("Url", "Url must be a valid absolute URL")
		}
	}
	return nil
}

// settleDatesLocked reads dates as YYYY-MM-DD, with or without a time, or as answers write them. An invoice without a date
// is of today.
func (s *Simulator) settleDatesLocked(_ *document, body, in map[string]any) *failure {
	for _, name := range []string{"Date", "DueDate"} {
		text, told := in[name].(string)
		if !told {
			continue
		}
		if text == "" {
			delete(body, name)
			continue
		}
		at, isMS := parseMS(text)
		if !isMS {
			var err error
			if at, err = time.Parse(time.DateOnly, text[:min(len(text), 10)]); err != nil {
				return failed(name, "%s is not a valid date", name)
			}
		}
		body[name] = at.Format(time.DateOnly)
	}
	if get(body, "Date") == "" {
		body["Date"] = s.NowLocked().Format(time.DateOnly)
	}
	return nil
}

// settleLinesLocked replaces the lines: one that comes with its id keeps it.
func (s *Simulator) settleLinesLocked(d *document, body, in map[string]any) *failure {
	sent, told := in["LineItems"].([]any)
	if !told {
		if len(d.Body) == 0 {
			return failed("LineItems", "One or more line items must be specified")
		}
		return nil
	}
	lines := []any{}
	for _, item := range sent {
		line, _ := item.(map[string]any)
		kept, f := settleLine(line, get(body, "LineAmountTypes"))
		if f != nil {
			return f
		}
		if kept["LineItemID"] == nil {
			kept["LineItemID"] = s.guidLocked()
		}
		lines = append(lines, kept)
	}
	if len(lines) == 0 {
		return failed("LineItems", "One or more line items must be specified")
	}
	body["LineItems"] = lines
	return nil
}

// settleLine works out what a line leaves out of quantity, unit amount and amount, and checks what it holds.
func settleLine(line map[string]any, form string) (map[string]any, *failure) {
	kept := map[string]any{}
	for _, name := range []string{"LineItemID", "Description", "ItemCode", "AccountCode", "TaxType"} {
		if text := strings.TrimSpace(textOf(line[name])); text != "" {
			kept[name] = text
		}
	}
	code, tax := get(kept, "AccountCode"), get(kept, "TaxType")
	if tax == "" {
		tax = defaultTaxType
	}
	rate, known := taxRates[tax]
	switch {
	case get(kept, "Description") == "":
		return nil, failed("Description", "Description is required on a line item")
	case code != "" && !accounts[code]:
		return nil, failed("AccountCode", "Account code '%s' is not a valid code for this document.", code)
	case !known:
		return nil, failed("TaxType", "The TaxType code '%s' does not exist or cannot be used for this type of transaction.", tax)
	case get(kept, "ItemCode") != "" && !items[get(kept, "ItemCode")]:
		return nil, failed("ItemCode", "Item code '%s' is not valid", get(kept, "ItemCode"))
	}
	kept["TaxType"] = tax
	quantity, hasQuantity := numberOf(line, "Quantity")
	price, hasPrice := numberOf(line, "UnitAmount")
	sum, hasSum := numberOf(line, "LineAmount")
	price = price.Round(4)
	switch {
	case hasPrice && !hasQuantity:
		quantity = decimal.NewFromInt(1)
	case !hasPrice && hasSum:
		if !hasQuantity || quantity.IsZero() {
			quantity = decimal.NewFromInt(1)
		}
		price = sum.DivRound(quantity, 4)
	}
	worth := quantity.Mul(price).Round(2)
	if hasSum && !sum.Round(2).Equal(worth) {
		return nil, failed("LineAmount", "The line total %s does not match the expected line total %s", sum, worth)
	}
	due := worth.Mul(rate).Div(decimal.NewFromInt(100)).Round(2)
	switch told, has := numberOf(line, "TaxAmount"); {
	case form == "NoTax":
		due = decimal.Zero
	case has:
		due = told.Round(2)
	}
	kept["Quantity"], kept["UnitAmount"] = json.Number(quantity.Round(4).String()), json.Number(price.String())
	kept["LineAmount"], kept["TaxAmount"] = json.Number(worth.String()), json.Number(due.String())
	return kept, nil
}

// complete checks what an invoice must have once it leaves the drafts.
func complete(body map[string]any, before string) *failure {
	status := get(body, "Status")
	if status != "AUTHORISED" && status != "SUBMITTED" || before == "AUTHORISED" {
		return nil
	}
	if get(body, "DueDate") == "" {
		return failed("DueDate", "Due date must be specified")
	}
	lines, _ := body["LineItems"].([]any)
	for _, item := range lines {
		if line, _ := item.(map[string]any); get(line, "AccountCode") == "" {
			return failed("AccountCode", "Account code or ID must be specified")
		}
	}
	return nil
}

// numberedLocked gives a sale its number, and keeps numbers apart.
func (s *Simulator) numberedLocked(d *document, body map[string]any) *failure {
	if get(body, "Type") != "ACCREC" {
		return nil
	}
	if get(body, "InvoiceNumber") == "" {
		s.state.LastInvoice++
		body["InvoiceNumber"] = fmt.Sprintf("INV-%04d", s.state.LastInvoice)
	}
	for _, other := range s.ofLocked(d.Tenant, invoice) {
		sale := get(other.Body, "Type") == "ACCREC" && get(other.Body, "Status") != "DELETED"
		if sale && other.ID != d.ID && strings.EqualFold(get(other.Body, "InvoiceNumber"), get(body, "InvoiceNumber")) {
			return failed("InvoiceNumber", "Invoice # must be unique.")
		}
	}
	return nil
}

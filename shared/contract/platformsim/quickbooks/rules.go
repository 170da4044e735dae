package quickbooks

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

const salesDetail = "SalesItemLineDetail"

// deletedSuffix is appended to the name of a customer made inactive, so that the name is free again (unverified).
const deletedSuffix = " (deleted)"

// settleLocked validates, reformats and derives: body becomes what is stored. d is the record before, zero for a create.
func (s *Simulator) settleLocked(d *document, body map[string]any) *failure {
	for path, limit := range lengths[d.Kind] {
		if value := get(body, path); utf8.RuneCountInString(value) > limit {
			return failed(codeLength, "String length is longer than supported by specification", path)
		}
	}
	if f := settleCurrency(d, body); f != nil {
		return f
	}
	if f := settleCustom(d, body); f != nil {
		return f
	}
	if d.Kind == customer {
		return s.settleCustomerLocked(d, body)
	}
	return s.settleInvoiceLocked(d, body)
}

// settleCurrency defaults the currency and keeps it for good.
func settleCurrency(d *document, body map[string]any) *failure {
	code := refOf(body, "CurrencyRef")
	if code == "" {
		code = homeCurrency
	}
	if before := refOf(d.Body, "CurrencyRef"); before != "" && before != code {
		return failed(codeBusinessRule, "Currency cannot be changed", "CurrencyRef")
	}
	if currencies[code] == "" {
		return failed(codeBadReference, "Invalid Reference Id", "CurrencyRef")
	}
	body["CurrencyRef"] = map[string]any{"value": code, "name": currencies[code]}
	return nil
}

// settleCustom lists every definition, with the values sent. The list sent replaces the list before.
func settleCustom(d *document, body map[string]any) *failure {
	sent, _ := body["CustomField"].([]any)
	values := map[string]string{}
	for _, item := range sent {
		field, _ := item.(map[string]any)
		id, _ := field["DefinitionId"].(string)
		values[id], _ = field["StringValue"].(string)
		if utf8.RuneCountInString(values[id]) > customValueMax {
			return failed(codeLength, "String length is longer than supported by specification", "CustomField")
		}
	}
	list := []any{}
	for _, definition := range customFields[d.Kind] {
		field := map[string]any{"DefinitionId": definition[0], "Name": definition[1], "Type": "StringType"}
		if value := values[definition[0]]; value != "" {
			field["StringValue"] = value
		}
		delete(values, definition[0])
		list = append(list, field)
	}
	if len(values) > 0 {
		return failed(codeUnsupported, "Request has invalid or unsupported property", "CustomField")
	}
	body["CustomField"] = list
	return nil
}

func (s *Simulator) settleCustomerLocked(d *document, body map[string]any) *failure {
	for _, key := range []string{"DisplayName", "Title", "GivenName", "MiddleName", "FamilyName", "Suffix", "CompanyName"} {
		if value, ok := body[key].(string); ok {
			body[key] = strings.TrimSpace(value)
		}
	}
	if email := strings.TrimSpace(get(body, "PrimaryEmailAddr.Address")); email != "" {
		for _, one := range strings.Split(email, ",") {
			if at := strings.Index(one, "@"); at < 1 || at == len(one)-1 {
				return failed(codeEmail, "Invalid Email Address format", "PrimaryEmailAddr")
			}
		}
		body["PrimaryEmailAddr"] = map[string]any{"Address": email}
	}
	name := displayName(body)
	if name == "" {
		return failed(codeRequired, "Required param missing, need to supply the required value for the API", "DisplayName")
	}
	if strings.ContainsAny(name, ":\t\n") {
		return failed(codeBusinessRule, "Name may not contain a colon, a tab or a new line", "DisplayName")
	}
	if _, told := body["Active"].(bool); !told {
		body["Active"] = true
	}
	name = s.renamedLocked(d, body, name)
	if s.takenLocked(name, d.ID) {
		return failed(codeDuplicateName, "Duplicate Name Exists Error", "")
	}
	if f := s.settleFamilyLocked(d, body, name); f != nil {
		return f
	}
	body["DisplayName"], body["PrintOnCheckName"] = name, name
	if company := get(body, "CompanyName"); company != "" {
		body["PrintOnCheckName"] = company
	}
	settleAddress(body, "BillAddr")
	settleAddress(body, "ShipAddr")
	return nil
}

// displayName is the name given, or made of the parts of a person's name, or the company's.
func displayName(body map[string]any) string {
	if name := get(body, "DisplayName"); name != "" {
		return name
	}
	var parts []string
	for _, key := range []string{"Title", "GivenName", "MiddleName", "FamilyName", "Suffix"} {
		if part := get(body, key); part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return get(body, "CompanyName")
	}
	return strings.Join(parts, " ")
}

// renamedLocked gives the name that a customer has once made inactive, or active again.
func (s *Simulator) renamedLocked(d *document, body map[string]any, name string) string {
	was := d.Body == nil || d.Body["Active"] == true
	switch now := body["Active"] == true; {
	case was && !now:
		free := name + deletedSuffix
		for n := 2; s.takenLocked(free, d.ID); n++ {
			free = name + " (deleted " + strconv.Itoa(n) + ")"
		}
		return free
	case !was && now:
		return strings.TrimSuffix(name, deletedSuffix)
	}
	return name
}

// takenLocked reports whether another customer or a vendor holds a name, in any case of letters.
func (s *Simulator) takenLocked(name, self string) bool {
	for _, d := range s.state.Records {
		if d.Kind == customer && !d.Deleted && d.ID != self && strings.EqualFold(get(d.Body, "DisplayName"), name) {
			return true
		}
	}
	return slices.ContainsFunc(s.state.Vendors, func(v string) bool { return strings.EqualFold(v, name) })
}

// settleAddress gives an address its id and drops what the platform derives.
func settleAddress(body map[string]any, key string) {
	address, _ := body[key].(map[string]any)
	if address == nil {
		return
	}
	delete(address, "Lat")
	delete(address, "Long")
	if address["Id"] == nil {
		address["Id"] = strconv.Itoa(len(key))
	}
	if len(address) == 1 {
		delete(body, key)
	}
}

func (s *Simulator) settleInvoiceLocked(d *document, body map[string]any) *failure {
	if f := s.settlePartiesLocked(body); f != nil {
		return f
	}
	total, f := settleLines(d, body)
	if f != nil {
		return f
	}
	body["TotalAmt"] = json.Number(total.String())
	if f := s.settleDatesLocked(body); f != nil {
		return f
	}
	if get(body, "DocNumber") == "" {
		s.state.LastDoc++
		body["DocNumber"] = strconv.Itoa(s.state.LastDoc)
	}
	switch get(body, "EmailStatus") {
	case "":
		body["EmailStatus"] = "NotSet"
	case "NotSet", "NeedToSend", "EmailSent":
	default:
		return failed(codeUnsupported, "Request has invalid or unsupported property", "EmailStatus")
	}
	return nil
}

func (s *Simulator) settlePartiesLocked(body map[string]any) *failure {
	id := refOf(body, "CustomerRef")
	if id == "" {
		return failed(codeRequired, "Required parameter CustomerRef is missing in the request", "CustomerRef")
	}
	c := s.findLocked(customer, id)
	if c == nil || c.Deleted {
		return failed(codeBadReference, "Invalid Reference Id : Names element id not found", "CustomerRef")
	}
	if c.Body["Active"] == false {
		return failed(codeNotFound, "Object Not Found : Something you're trying to use has been made inactive", "")
	}
	body["CustomerRef"] = map[string]any{"value": id, "name": get(c.Body, "DisplayName")}
	if term := refOf(body, "SalesTermRef"); term != "" {
		if _, known := terms[term]; !known {
			return failed(codeBadReference, "Invalid Reference Id : Terms element id not found", "SalesTermRef")
		}
		body["SalesTermRef"] = map[string]any{"value": term}
	}
	return nil
}

// settleLines checks and numbers the lines, and derives the subtotal line and the total. An id is never given twice in a document.
func settleLines(d *document, body map[string]any) (decimal.Decimal, *failure) {
	sent, _ := body["Line"].([]any)
	var lines []any
	total, last := decimal.Zero, d.Lines
	for _, item := range sent {
		line, _ := item.(map[string]any)
		id, _ := strconv.Atoi(get(line, "Id"))
		last = max(last, id)
	}
	for _, item := range sent {
		line, _ := item.(map[string]any)
		if line["DetailType"] == "SubTotalLineDetail" {
			continue
		}
		amount, f := settleLine(line)
		if f != nil {
			return total, f
		}
		total = total.Add(amount)
		lines = append(lines, line)
		if line["Id"] == nil {
			last++
			line["Id"] = strconv.Itoa(last)
		}
		line["LineNum"] = json.Number(strconv.Itoa(len(lines)))
	}
	if len(lines) == 0 {
		return total, failed(codeRequired, "Required parameter Line is missing in the request", "Line")
	}
	d.Lines = last
	body["Line"] = append(lines, map[string]any{"DetailType": "SubTotalLineDetail", "Amount": json.Number(total.String()),
		"SubTotalLineDetail": map[string]any{}})
	return total, nil
}

func settleLine(line map[string]any) (decimal.Decimal, *failure) {
	switch line["DetailType"] {
	case salesDetail:
	case "DescriptionOnly":
		return decimal.Zero, nil
	default:
		return decimal.Zero, failed(codeRequired, "Required parameter Line.DetailType is missing in the request", "Line.DetailType")
	}
	amount, ok := numberOf(line, "Amount")
	if !ok {
		return amount, failed(codeRequired, "Required parameter Line.Amount is missing in the request", "Line.Amount")
	}
	amount = amount.Round(2)
	line["Amount"] = json.Number(amount.String())
	detail, _ := line[salesDetail].(map[string]any)
	if detail == nil {
		detail = map[string]any{}
		line[salesDetail] = detail
	}
	quantity, hasQuantity := numberOf(detail, "Qty")
	price, hasPrice := numberOf(detail, "UnitPrice")
	if hasQuantity && hasPrice && !quantity.Mul(price).Round(2).Equal(amount) {
		return amount, failed(codeAmount, "Amount calculation incorrect in the request", "Line.Amount")
	}
	return amount, settleLineRefs(detail)
}

func settleLineRefs(detail map[string]any) *failure {
	item, code := refOf(detail, "ItemRef"), refOf(detail, "TaxCodeRef")
	if item == "" {
		item = defaultItem
	}
	if code == "" {
		code = defaultTaxCode
	}
	if items[item] == "" {
		return failed(codeBadReference, "Invalid Reference Id : Items element id not found", "Line.SalesItemLineDetail.ItemRef")
	}
	if !taxCodes[code] {
		return failed(codeBadReference, "Invalid Reference Id : TaxCode element id not found", "Line.SalesItemLineDetail.TaxCodeRef")
	}
	detail["ItemRef"] = map[string]any{"value": item, "name": items[item]}
	detail["TaxCodeRef"] = map[string]any{"value": code}
	return nil
}

// owedLocked is what a customer owes.
func (s *Simulator) owedLocked(id string) json.Number {
	if s.owed == nil {
		s.owed = map[string]decimal.Decimal{}
		for _, d := range s.state.Records {
			if d.Kind == invoice && !d.Deleted {
				open, _ := decimal.NewFromString(string(balanceOf(d)))
				owner := refOf(d.Body, "CustomerRef")
				s.owed[owner] = s.owed[owner].Add(open)
			}
		}
	}
	return json.Number(s.owed[id].String())
}

// balanceOf is what is open of an invoice.
func balanceOf(d *document) json.Number {
	total, _ := numberOf(d.Body, "TotalAmt")
	paid, err := decimal.NewFromString(string(d.Paid))
	if err != nil {
		paid = decimal.Zero
	}
	return json.Number(total.Sub(paid).String())
}

// numberOf reads a number within sane bounds.
func numberOf(object map[string]any, key string) (decimal.Decimal, bool) {
	text, _ := object[key].(json.Number)
	if len(text) > 40 || strings.ContainsAny(string(text), "eE") {
		return decimal.Zero, false
	}
	d, err := decimal.NewFromString(string(text))
	return d, err == nil
}

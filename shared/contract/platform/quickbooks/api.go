package quickbooks

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Wire types of the v3 API. Every JSON answer is one envelope with some of its keys; records stay raw until decoded
// one by one, so that one malformed record fails alone.
type envelope struct {
	Customer          json.RawMessage
	Invoice           json.RawMessage
	CompanyInfo       json.RawMessage
	QueryResponse     *rows
	CDCResponse       []cdcResponse
	BatchItemResponse []batchItem
	// Fault: an authentication fault spells its keys in lower case; encoding/json matches either.
	Fault *wireFault
	// Time is the platform's clock when it answered.
	Time string `json:"time"`
}

type rows struct {
	Customer []json.RawMessage
	Invoice  []json.RawMessage
	Fault    *wireFault
	// The company's small lists, read whole.
	Item, TaxCode, Term, CompanyCurrency json.RawMessage
}

// listed picks a small list.
func (r rows) listed(entity string) json.RawMessage {
	return map[string]json.RawMessage{"Item": r.Item, "TaxCode": r.TaxCode, "Term": r.Term, "CompanyCurrency": r.CompanyCurrency}[entity]
}

type cdcResponse struct {
	QueryResponse []*rows // an object without a list where nothing changed
	Fault         *wireFault
}

type batchItem struct {
	BatchID  string `json:"bId"`
	Customer json.RawMessage
	Invoice  json.RawMessage
	Fault    *wireFault
}

type wireFault struct {
	Type  string      `json:"type" xml:"type,attr"`
	Error []wireError `xml:"Error"`
}

// wireError is one cause. Message and Detail may quote values: they are never told.
type wireError struct {
	Code    string `json:"code" xml:"code,attr"`
	Element string `json:"element" xml:"element,attr"`
	Message string `xml:"Message"`
}

// xmlAnswer is the form of faults where the gateway ignores Accept.
type xmlAnswer struct {
	XMLName xml.Name   `xml:"IntuitResponse"`
	Fault   *wireFault `xml:"Fault"`
}

// Requests.
type batchRequest struct {
	BatchItemRequest []map[string]any
}

// kind is one object as the API spells it.
type kind struct {
	object record.Object
	entity string // in bodies and queries
	path   string // in URLs
	// inactive: records are kept inactive rather than deleted, and lists leave those out unless asked for.
	inactive bool
}

func kindOf(object record.Object) (kind, bool) {
	switch object {
	case "customers":
		return kind{object: object, entity: "Customer", path: "customer", inactive: true}, true
	case "invoices":
		return kind{object: object, entity: "Invoice", path: "invoice"}, true
	}
	return kind{}, false
}

func (k kind) pick(customer, invoice json.RawMessage) json.RawMessage {
	if k.entity == "Customer" {
		return customer
	}
	return invoice
}

func (k kind) list(r rows) []json.RawMessage {
	if k.entity == "Customer" {
		return r.Customer
	}
	return r.Invoice
}

// entity is one record as decoded: numbers are json.Number, so that money is never a float, and keys that this package
// does not know survive being sent back.
type entity map[string]any

// decodeEntity reads one record. The error tells no value.
func decodeEntity(raw json.RawMessage) (entity, error) {
	var e entity
	if err := platform.DecodeRecord(raw, &e); err != nil {
		return nil, err
	}
	if e.id() == "" {
		return nil, fmt.Errorf("record without an Id")
	}
	return e, nil
}

func (e entity) id() record.ExternalID { return record.ExternalID(e.text("Id")) }

// version is the SyncToken, raised by every save, also of users.
func (e entity) version() string { return e.text("SyncToken") }

// deleted marks the stub that stands for a deleted record in change data capture and in answers to deletes.
func (e entity) deleted() bool { return strings.EqualFold(e.text("status"), "Deleted") }

// archived: a customer made inactive, or a voided invoice. Voiding zeroes all amounts and prepends "Voided" to
// PrivateNote (developer.intuit.com invoice reference, unverified: accounts in other languages may say it otherwise,
// and then a voided invoice reads as one of amount zero).
func (e entity) archived(k kind) bool {
	if k.inactive {
		active, told := e["Active"].(bool)
		return told && !active
	}
	total, _ := e.value("TotalAmt")
	return total == "0" && strings.HasPrefix(e.text("PrivateNote"), "Voided")
}

// modified is MetaData.LastUpdatedTime, zero where missing.
func (e entity) modified() time.Time {
	meta, _ := e["MetaData"].(map[string]any)
	text, _ := meta["LastUpdatedTime"].(string)
	return parseTime(text)
}

func (e entity) text(key string) string {
	s, _ := e[key].(string)
	return s
}

// parseTime reads the forms of time met so far, in UTC; zero for others.
func parseTime(text string) time.Time {
	return platform.ParseTime(text, time.RFC3339Nano, "2006-01-02T15:04:05.999999999-0700")
}

// formatTime is RFC 3339 in whole seconds with an offset in digits, the form that the API answers in.
func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05-07:00") }

// path builds the path and query of a call on this company; every call names the minor version.
func (c *Connector) path(resource string, query url.Values) string {
	if query == nil {
		query = url.Values{}
	}
	query.Set("minorversion", minorVersion)
	return "/v3/company/" + url.PathEscape(c.client.Settings.Account) + "/" + resource + "?" + query.Encode()
}

// ask sends one call and classifies its answer. began is zero if nothing was sent.
func (c *Connector) ask(ctx context.Context, call platform.Call) (envelope, time.Time, error) {
	answer, err := c.client.Do(ctx, call)
	if err != nil {
		return envelope{}, time.Time{}, err
	}
	var out envelope
	parse := c.client.Decode(call, answer, &out)
	f := out.Fault
	if parse != nil && f == nil {
		f = xmlFault(answer.Body)
	}
	if err := c.classify(call, answer, f); err != nil {
		return envelope{}, answer.Began, err
	}
	return out, answer.Began, parse
}

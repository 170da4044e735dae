package xero

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

// Wire types of the API. Records stay raw until decoded one by one, so that one malformed among them fails alone.
type envelope struct {
	Contacts    []json.RawMessage
	Invoices    []json.RawMessage
	Pagination  *pagination `json:"pagination"`
	DateTimeUTC string      // the platform's clock when it answered
}

type pagination struct {
	Page      int `json:"page"`
	PageSize  int `json:"pageSize"`
	PageCount int `json:"pageCount"`
	ItemCount int `json:"itemCount"`
}

// outcome is how one record of a write fared. Contacts and invoices spell the flag each in their own way.
type outcome struct {
	StatusAttributeString string
	HasValidationErrors   bool
	HasErrors             bool
	wireErrors
}

func (o *outcome) failed() bool {
	return strings.EqualFold(o.StatusAttributeString, "ERROR") || o.HasValidationErrors || o.HasErrors || len(o.ValidationErrors) > 0
}

// wireErrors are refusals, whose messages may quote values: they are read and never told. Parts of a record may have some
// of their own.
type wireErrors struct {
	ValidationErrors []wireError
	Addresses        []struct{ ValidationErrors []wireError }
	Phones           []struct{ ValidationErrors []wireError }
	LineItems        []struct{ ValidationErrors []wireError }
}

type wireError struct{ Message string }

// exception is a call refused as a whole, in JSON or in the XML that the API speaks by default.
type exception struct {
	XMLName     xml.Name     `json:"-" xml:"ApiException"`
	ErrorNumber int          `xml:"ErrorNumber"`
	Type        string       `xml:"Type"`
	Message     string       `xml:"Message"`
	Elements    []wireErrors `xml:"-"`
}

// connection is one organisation that the grant opens.
type connection struct {
	ID         string `json:"id"`
	TenantID   string `json:"tenantId"`
	TenantType string `json:"tenantType"`
	TenantName string `json:"tenantName"`
}

// kind is one object, spelled as the API does in the singular.
type kind string

const (
	contacts kind = "Contact"
	invoices kind = "Invoice"
)

func kindOf(object record.Object) (kind, bool) {
	for _, k := range []kind{contacts, invoices} {
		if k.object() == object {
			return k, true
		}
	}
	return "", false
}

func (k kind) object() record.Object { return record.Object(strings.ToLower(k.list())) }

// list is its name in paths and envelopes, key the name of its id.
func (k kind) list() string { return string(k) + "s" }
func (k kind) key() string  { return string(k) + "ID" }

// entity is one record as decoded: numbers are json.Number, so that money is never a float, and keys that this package
// does not know survive being sent back.
type entity map[string]any

// decodeEntity reads one record. The error tells no value.
func decodeEntity(k kind, raw json.RawMessage) (entity, error) {
	var e entity
	if err := platform.DecodeRecord(raw, &e); err != nil {
		return nil, err
	}
	if !wellFormed(e.id(k)) {
		return nil, fmt.Errorf("record without an id")
	}
	return e, nil
}

func (e entity) id(k kind) record.ExternalID { return canonical(record.ExternalID(e.text(k.key()))) }

// archived: kept, and hidden from people. A contact under a request for erasure is as good as archived.
func (e entity) archived() bool {
	switch e.text("ContactStatus") + e.text("Status") {
	case "ARCHIVED", "GDPRREQUEST", "VOIDED", "DELETED":
		return true
	}
	return false
}

// mergedInto is the survivor of a merge, "" if there was none. The loser is archived; one that a person made active again
// is nobody's loser.
func (e entity) mergedInto(k kind) record.ExternalID {
	into := canonical(record.ExternalID(e.text("MergedToContactID")))
	if k != contacts || !e.archived() || !wellFormed(into) || into == noID || into == e.id(k) {
		return ""
	}
	return into
}

// foreign says that a record is none of ours: a bill, or another form of invoice.
func (e entity) foreign(k kind) bool { return k == invoices && e.text("Type") != "ACCREC" }

// modified is UpdatedDateUTC, zero where missing.
func (e entity) modified() time.Time { return parseTime(e.text("UpdatedDateUTC")) }

func (e entity) text(key string) string {
	s, _ := e[key].(string)
	return s
}

// noID stands for no record in answers.
const noID record.ExternalID = "00000000-0000-0000-0000-000000000000"

var idForm = lazyregexp.New(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// wellFormed says that text can be a record's id. One that is none would have a whole call refused.
func wellFormed(id record.ExternalID) bool { return idForm.MatchString(string(id)) }

// canonical gives an id as answers spell it.
func canonical(id record.ExternalID) record.ExternalID {
	return record.ExternalID(strings.ToLower(string(id)))
}

var msForm = lazyregexp.New(`^/Date\((-?[0-9]{1,15})([+-][0-9]{4})?\)/$`)

// parseTime reads the forms of time met so far, in UTC; zero for others. /Date(1573755038314+0000)/ counts milliseconds
// since 1970 in UTC, and its offset tells no more (developer.xero.com, requests and responses). Times without a zone are
// UTC.
func parseTime(text string) time.Time {
	if m := msForm.FindStringSubmatch(text); m != nil {
		if ms, err := strconv.ParseInt(m[1], 10, 64); err == nil && ms < math.MaxInt64/int64(time.Millisecond) {
			return time.UnixMilli(ms).UTC()
		}
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// formatSince writes If-Modified-Since: UTC in whole seconds without a zone, as documented.
func formatSince(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }

// ask sends one call on the organisation's books, classifies its answer and decodes it.
func (c *Connector) ask(ctx context.Context, call platform.Call, k kind) (envelope, time.Time, error) {
	if c.client.Settings.Account == "" {
		return envelope{}, time.Time{}, fault.Newf(fault.Unauthorized, c.client.Op(call), "the organisation's id (tenant) is not known; connect again")
	}
	if call.Header == nil {
		call.Header = http.Header{}
	}
	call.Header.Set(tenantHeader, c.client.Settings.Account)
	answer, err := c.client.Do(ctx, call)
	if err != nil {
		return envelope{}, time.Time{}, err
	}
	if err := c.classify(call, answer); err != nil {
		return envelope{}, answer.Began, err
	}
	var out envelope
	if err := c.client.Decode(call, answer, &out); err != nil {
		return envelope{}, answer.Began, err
	}
	if k.records(out) == nil {
		return envelope{}, answer.Began, fault.Newf(call.Lost(), c.client.Op(call), "answer with status %d lacks what it must have", answer.Status)
	}
	return out, answer.Began, nil
}

// records are those of an answer, nil where it has none such.
func (k kind) records(e envelope) []json.RawMessage {
	if k == contacts {
		return e.Contacts
	}
	return e.Invoices
}

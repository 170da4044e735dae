package xero

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

const (
	// minuteWait, dayWait and crowdWait are asked for where a limit's answer names no time: the minute's calls come back
	// within one, the day's hour by hour, and calls in progress end.
	minuteWait = time.Minute
	dayWait    = 15 * time.Minute
	crowdWait  = 5 * time.Second
	// errorsMax bounds the refusals read of one record or call.
	errorsMax = 20
	// xmlBytesMax bounds what is parsed of an answer in XML: refusals are a few kilobytes.
	xmlBytesMax = 64 << 10
)

// Codes of ours: the platform tells a refusal by its message alone, which may quote values.
const (
	codeNameTaken    = "name_taken"
	codeNumberTaken  = "number_taken"
	codeNoContact    = "contact_not_found"
	codeNoRecord     = "record_not_found"
	codeArchived     = "contact_archived"
	codeLocked       = "invoice_locked"
	codeUnauthorised = "AuthorizationException"
)

// refusal is what a message means.
type refusal struct {
	form   *regexp.Regexp
	code   string
	fields []string
}

// refusals gives what each message means, the first that fits. Sources: the name's is in xero_accounting.yaml 16.1.0; the
// others are in many reports, their wording unverified: one that fits none is a refusal without a code. They are made when
// first needed: the webhook, which starts fast, never does.
var refusals = sync.OnceValue(func() []refusal {
	return []refusal{
		{regexp.MustCompile(`(?i)contact name .* already assigned`), codeNameTaken, []string{"Name"}},
		{regexp.MustCompile(`(?i)contact ?number .*(already|unique)`), codeNumberTaken, []string{"ContactNumber"}},
		{regexp.MustCompile(`(?i)^invoice (#|number) must be unique`), codeNumberTaken, []string{"InvoiceNumber"}},
		{regexp.MustCompile(`(?i)the invoice with the specified .* could not be found`), codeNoRecord, nil},
		{regexp.MustCompile(`(?i)the contact with the specified id could not be found`), codeNoRecord, nil},
		{regexp.MustCompile(`(?i)contact .*(could not be found|does not exist)`), codeNoContact, []string{"Contact.ContactID"}},
		{regexp.MustCompile(`(?i)contact .* archived`), codeArchived, []string{"Contact.ContactID"}},
		{regexp.MustCompile(`(?i)not of valid status|cannot be edited`), codeLocked, nil},
		{regexp.MustCompile(`(?i)email ?address`), "email_invalid", []string{"EmailAddress", "ContactPersons[0].EmailAddress"}},
		{regexp.MustCompile(`(?i)account code`), "account_invalid", []string{"LineItems[0].AccountCode"}},
		{regexp.MustCompile(`(?i)tax ?type`), "tax_invalid", []string{"LineItems[0].TaxType"}},
		{regexp.MustCompile(`(?i)item code`), "item_invalid", []string{"LineItems[0].ItemCode"}},
		{regexp.MustCompile(`(?i)currency`), "currency_invalid", []string{"CurrencyCode", "DefaultCurrency"}},
		{regexp.MustCompile(`(?i)due ?date`), "due_date_invalid", []string{"DueDate"}},
	}
})

// safeType is the form of an exception's type, which can hold no value of a record.
var safeType = lazyregexp.New(`^[A-Z][A-Za-z]{2,60}$`)

// classify gives the error of an answer, nil for a 2xx. What a 2xx holds is judged by who decodes it.
func (c *Connector) classify(call platform.Call, answer platform.Answer) error {
	switch {
	case answer.Status >= 200 && answer.Status < 300:
		return nil
	case answer.Status == http.StatusTooManyRequests:
		return &fault.Error{Kind: fault.RateLimited, Op: c.client.Op(call), After: c.limitWait(answer.Header), Code: problemOf(answer.Header)}
	case answer.Status == http.StatusNotFound || answer.Status == http.StatusGone:
		// It speaks of the address, or of a query too long: reads are lists, and a record that is not there is an empty one.
		return fault.Newf(fault.Transient, c.client.Op(call), "status %d", answer.Status)
	case answer.Status == http.StatusConflict:
		// Not documented; of a key whose first request is still in progress, other vendors say so.
		return fault.Newf(call.Lost(), c.client.Op(call), "status %d", answer.Status)
	case answer.Status == http.StatusBadRequest:
		if e, ok := exceptionOf(answer.Body); ok {
			return exceptionError(c.client.Op(call), e)
		}
	}
	return c.client.Classify(call, answer)
}

// problemOf names the limit that was met, "" where it is not told.
func problemOf(h http.Header) string {
	switch problem := strings.ToLower(h.Get("X-Rate-Limit-Problem")); problem {
	case "minute", "day", "daily", "concurrent", "appminute":
		return problem
	}
	return ""
}

// limitWait is how long to wait after a limit was met: what the answer asks for, else by which limit it was.
func (c *Connector) limitWait(h http.Header) time.Duration {
	if after := platform.RetryAfter(h, c.client.Settings.Now()); after > 0 {
		return after
	}
	switch problemOf(h) {
	case "day", "daily":
		return dayWait
	case "concurrent":
		return crowdWait
	}
	return minuteWait
}

// exceptionOf reads a refusal of a whole call, in JSON or XML. ok is false for an answer that is none.
func exceptionOf(body []byte) (e exception, ok bool) {
	if json.Unmarshal(body, &e) == nil && e.Type != "" {
		return e, true
	}
	if len(body) == 0 || body[0] != '<' && body[0] != 0xEF || len(body) > xmlBytesMax {
		return exception{}, false
	}
	e = exception{}
	return e, xml.Unmarshal(body, &e) == nil && e.Type != ""
}

// exceptionError classifies a refusal of a whole call. Nothing of it was done. What it says of records is theirs to be
// told; their messages, not the call's, say why.
func exceptionError(op string, e exception) *fault.Error {
	f := &fault.Error{Kind: fault.Rejected, Op: op, Err: fmt.Errorf("refused as a whole")}
	if safeType.MatchString(e.Type) {
		f.Code = e.Type
	}
	if f.Code == codeUnauthorised {
		f.Kind = fault.Unauthorized
	}
	if len(e.Elements) == 1 {
		if one := itemError(op, e.Elements[0]); one.Code != "" {
			f.Code, f.Fields = one.Code, one.Fields
		}
	}
	return f
}

// itemError classifies the refusals of one record, which was then not saved. One that gives no reason is in
// doubt: what failed within the platform may have been saved.
func itemError(op string, e wireErrors) *fault.Error {
	f := &fault.Error{Kind: fault.Rejected, Op: op, Err: errors.New("refused within its call")}
	messages := e.messages()
	if len(messages) == 0 {
		f.Kind, f.Err = fault.InDoubt, errors.New("failed within its call, without a reason")
		return f
	}
	for _, message := range messages {
		code, fields := meaning(message)
		if f.Code == "" {
			f.Code = code
		}
		f.Fields = append(f.Fields, fields...)
	}
	if f.Code == codeNoRecord {
		f.Kind = fault.Gone
	}
	return f
}

// messages are all that is said of a record and its parts.
func (e wireErrors) messages() []string {
	var out []string
	add := func(list []wireError) {
		for _, one := range list[:min(len(list), errorsMax)] {
			out = append(out, one.Message)
		}
	}
	add(e.ValidationErrors)
	for _, part := range e.Addresses[:min(len(e.Addresses), errorsMax)] {
		add(part.ValidationErrors)
	}
	for _, part := range e.Phones[:min(len(e.Phones), errorsMax)] {
		add(part.ValidationErrors)
	}
	for _, part := range e.LineItems[:min(len(e.LineItems), errorsMax)] {
		add(part.ValidationErrors)
	}
	return out[:min(len(out), errorsMax)]
}

// meaning reads a message: its code, and the fields that it is about. Neither holds a value.
func meaning(message string) (code string, fields []string) {
	for _, r := range refusals() {
		if r.form.MatchString(message) {
			return r.code, r.fields
		}
	}
	for _, word := range strings.FieldsFunc(message, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if len(fields) < errorsMax {
			fields = append(fields, spellings(word)...)
		}
	}
	return "", fields
}

// spellings gives the fields whose last part a message names: AddressLine1 is one of either address.
func spellings(word string) []string {
	var out []string
	for _, o := range catalog.Xero().Objects {
		for _, f := range o.Fields {
			if name := string(f.Name); name == word || strings.HasSuffix(name, "."+word) {
				out = append(out, name)
			}
		}
	}
	return out
}

// judge reads a record's failure in the light of its intent. A field at fault is one that was sent. A contact that an
// invoice names and the platform does not know is waited for.
func judge(intent record.Intent, f *fault.Error) error {
	var sent []string
	for _, name := range f.Fields {
		if _, asked := intent.Fields[record.PlatformField(name)]; asked {
			sent = append(sent, name)
		}
	}
	f.Fields = sent
	switch {
	case f.Code == codeNoContact && len(sent) > 0:
		f.Kind = fault.Waiting
	case f.Kind == fault.Gone && intent.Operation == record.OperationCreate:
		f.Kind = fault.Rejected
	}
	return f
}

package salesforce

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

const (
	// poolWait is asked for where the org's calls of 24 hours are spent: they come back as the oldest go out of the day.
	// busyWait where too many long calls run at once (25 in production; API request limits), and for a limit not told.
	poolWait = 15 * time.Minute
	busyWait = 30 * time.Second
	// errorsMax bounds the errors read of one answer or item.
	errorsMax = 20
)

// Codes that this package acts on beyond their kind.
const (
	codeSession      = "INVALID_SESSION_ID"
	codeLimit        = "REQUEST_LIMIT_EXCEEDED"
	codeNotFound     = "NOT_FOUND"
	codeDeleted      = "ENTITY_IS_DELETED"
	codeBadReference = "INVALID_CROSS_REFERENCE_KEY"
	codeNoField      = "INVALID_FIELD" // of a query: "No such column" (recorded answer of amp-labs/connectors)
	codeTaken        = "DUPLICATE_VALUE"
	codeDuplicates   = "DUPLICATES_DETECTED"
)

// kinds gives what each code asks of the caller (developer.salesforce.com: REST status codes and error responses, SOAP
// API StatusCode and ExceptionCode; codes in recorded answers of restforce and amp-labs/connectors). A code that is not
// here is a refusal: of a record, whose result says that it was not saved, or of a call with a status of 4xx.
var kinds = map[string]fault.Kind{
	codeSession: fault.Transient, codeLimit: fault.RateLimited, codeNotFound: fault.Gone, codeDeleted: fault.Gone,
	"UNABLE_TO_LOCK_ROW": fault.Transient, "SERVER_UNAVAILABLE": fault.Transient, "UNKNOWN_EXCEPTION": fault.Transient,
	"REQUEST_RUNNING_TOO_LONG": fault.Transient, "QUERY_TIMEOUT": fault.Transient, "PROCESSING_HALTED": fault.Transient,
	"ALL_OR_NONE_OPERATION_ROLLED_BACK": fault.Transient, "API_CURRENTLY_DISABLED": fault.Unauthorized,
	"API_DISABLED_FOR_ORG": fault.Unauthorized, "INVALID_LOGIN": fault.Unauthorized,
	"INACTIVE_ORG": fault.Unauthorized, "ORG_LOCKED": fault.Unauthorized, "TRIAL_EXPIRED": fault.Unauthorized,
	"CLIENT_NOT_ACCESSIBLE_FOR_USER": fault.Unauthorized, "PASSWORD_LOCKOUT": fault.Unauthorized,
}

// What may be told of an error: a code's form, and names of fields, can hold no value of a record.
var (
	safeCode  = lazyregexp.New(`^[A-Z][A-Z0-9_]{1,59}$`)
	usageForm = lazyregexp.New(`api-usage=(\d{1,12})/(\d{1,12})`)
	// takenBy reads the record that holds a unique value: "… duplicates value on record with id: 001…" (unverified
	// wording, in many reports; without it a refusal is one).
	takenBy = lazyregexp.New(`record with id: ?([0-9A-Za-z]{18}|[0-9A-Za-z]{15})\b`)
)

// expired tells Tokens of a session that ended although the status was not 401: the next call refreshes.
func (c *Connector) expired(ctx context.Context, refusal error) error {
	token, err := c.client.Settings.Tokens.Token(ctx)
	if err == nil {
		err = c.client.Settings.Tokens.Refused(ctx, token)
	}
	if err != nil {
		return err
	}
	return refusal
}

// parseErrors reads the errors of an answer, none if it holds none: always a list, whose items may lack anything.
func parseErrors(body []byte) []wireError {
	var raw []json.RawMessage
	if json.Unmarshal(body, &raw) != nil {
		return nil
	}
	var list []wireError
	for _, item := range raw[:min(len(raw), errorsMax)] {
		var e wireError
		if json.Unmarshal(item, &e) == nil && e.code() != "" {
			list = append(list, e)
		}
	}
	return list
}

// classify gives the error of an answer that is no 2xx.
func (c *Connector) classify(call platform.Call, answer platform.Answer, list []wireError) error {
	f := &fault.Error{Op: c.client.Op(call), Err: fmt.Errorf("status %d", answer.Status)}
	kind, told := fault.Unclassified, false
	for i, e := range list {
		f.Fields = append(f.Fields, e.fieldNames()...)
		if i == 0 {
			f.Code = e.code()
			kind, told = kinds[f.Code]
		}
	}
	switch {
	case answer.Status == http.StatusPreconditionFailed:
		f.Kind = fault.Stale
	case answer.Status >= 500 && kind != fault.RateLimited && f.Code != "UNABLE_TO_LOCK_ROW" && f.Code != codeSession:
		f.Kind = call.Lost() // perhaps after it was done
	case answer.Status == http.StatusTooManyRequests, kind == fault.RateLimited:
		f.Kind, f.After = fault.RateLimited, c.limitWait(answer.Header)
	case told:
		f.Kind = kind
	case answer.Status >= 300 && answer.Status < 400:
		f.Kind = fault.Unauthorized // the org has moved: a person must say where to
	case f.Code != "" && answer.Status >= 400:
		f.Kind = fault.Rejected
	case answer.Status == http.StatusNotFound || answer.Status == http.StatusGone:
		f.Kind = fault.Transient // without a code it speaks of the address, so of no record's absence
	default:
		return c.client.Classify(call, answer)
	}
	return f
}

// limitWait is how long to wait after a limit was met: what the answer asks for, else by how much of the day's pool is
// used ("api-usage=10018/100000", Sforce-Limit-Info header).
func (c *Connector) limitWait(h http.Header) time.Duration {
	if after := platform.RetryAfter(h, c.client.Settings.Now()); after > 0 {
		return after
	}
	m := usageForm.FindStringSubmatch(h.Get("Sforce-Limit-Info"))
	if m == nil {
		return busyWait
	}
	used, errUsed := strconv.ParseInt(m[1], 10, 64)
	pool, errPool := strconv.ParseInt(m[2], 10, 64)
	if errUsed == nil && errPool == nil && used >= pool {
		return poolWait
	}
	return busyWait
}

// ofRequest reads "not found" on a call that names no record: it speaks of the object, the field to upsert by, or the API
// version.
func ofRequest(err error) error {
	var f *fault.Error
	if errors.As(err, &f) && f.Kind == fault.Gone {
		f.Kind = fault.Rejected
	}
	return err
}

// itemError classifies the errors of one record of a collection, which was then not saved. op names the call.
func itemError(op string, list []wireError) *fault.Error {
	f := &fault.Error{Kind: fault.Rejected, Op: op, Err: errors.New("refused within its collection")}
	for i, e := range list[:min(len(list), errorsMax)] {
		f.Fields = append(f.Fields, e.fieldNames()...)
		if i > 0 {
			continue
		}
		f.Code = e.code()
		if kind, known := kinds[f.Code]; known {
			f.Kind = kind
		}
		if f.Kind == fault.RateLimited {
			f.After = busyWait
		}
	}
	return f
}

// code is the error's code, "" where it has none that can be told.
func (e wireError) code() string {
	for _, code := range []string{e.StatusCode, e.ErrorCode} {
		if safeCode.MatchString(code) {
			return code
		}
	}
	return ""
}

// fieldNames are the fields at fault, as far as they are names of fields.
func (e wireError) fieldNames() []string {
	var all, names []string
	if json.Unmarshal(e.Fields, &all) != nil {
		return nil
	}
	for _, f := range all[:min(len(all), errorsMax)] {
		if isField(f) {
			names = append(names, f)
		}
	}
	return names
}

func isField(text string) bool {
	for _, o := range catalog.Salesforce().Objects {
		if _, known := o.Field(record.PlatformField(text)); known {
			return true
		}
	}
	return false
}

// holder gives the record that a refusal says to hold a value of ours, "" if it names none, or several.
func (e wireError) holder() record.ExternalID {
	switch e.code() {
	case codeTaken:
		if m := takenBy.FindStringSubmatch(e.Message); m != nil && wellFormed(record.ExternalID(m[1])) {
			return long(record.ExternalID(m[1]))
		}
	case codeDuplicates:
		var only record.ExternalID
		for _, r := range e.Duplicates.Results {
			for _, match := range r.Records {
				id := long(record.ExternalID(match.Record.ID))
				if !wellFormed(id) || only != "" && only != id {
					return ""
				}
				only = id
			}
		}
		return only
	}
	return ""
}

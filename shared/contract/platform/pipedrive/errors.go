package pipedrive

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

const (
	// burstWait is asked for where a burst was too large and no answer says how long (a window is 2 s;
	// core-api-concepts-rate-limiting), budgetWait where the day's tokens are spent: which day's end gives new ones is not
	// documented, so it is asked again now and then. edgeWait where the edge itself refuses, after long neglect of 429.
	burstWait  = 5 * time.Second
	budgetWait = 15 * time.Minute
	edgeWait   = 5 * time.Minute
	// resetMax bounds what is believed of x-ratelimit-reset, in seconds.
	resetMax = 86_400
	// scopeMismatch is the text of a refusal for a scope that was not granted (recorded: samples/not-found.json). Should it be
	// worded otherwise, such a refusal is one of the record.
	scopeMismatch = "Scope and URL mismatch"
)

// safeCode is the form of a code that may be told: it can hold no value of a record.
var safeCode = lazyregexp.New(`^[A-Za-z][A-Za-z_]{1,59}$`)

// code is the error's code if it may be told, else the status that the body repeats, else "".
func (e *envelope) code() string {
	var text string
	if json.Unmarshal(e.Code, &text) == nil && safeCode.MatchString(text) {
		return text
	}
	var n int
	if json.Unmarshal(e.ErrorCode, &n) == nil && n >= 100 && n < 1000 {
		return strconv.Itoa(n)
	}
	return ""
}

// classify gives the error of an answer that is no 2xx. parsed says that its body is of the API, not of what is before it;
// ofRecord that the call names one record, so that "not found" and "forbidden" may speak of that one.
func (c *Connector) classify(call platform.Call, answer platform.Answer, e envelope, parsed, ofRecord bool) error {
	f := &fault.Error{Op: c.client.Op(call), Code: e.code(), Err: fmt.Errorf("status %d", answer.Status)}
	told := parsed && e.Success != nil
	switch status := answer.Status; {
	case status == http.StatusTooManyRequests:
		f.Kind, f.After = fault.RateLimited, c.limitWait(answer.Header)
	case status == http.StatusForbidden && !told:
		// Without a body of the API's it is the edge's: unverified that it answers so after long neglect of 429. Should it mean
		// something else, it shows as a connection that waits and waits, and pauses nothing for good.
		f.Kind, f.After = fault.RateLimited, edgeWait
	case status == http.StatusForbidden && ofRecord && string(e.Error) != strconv.Quote(scopeMismatch):
		f.Kind = fault.Rejected // the authorised user may not see, or not write, this one
	case status == http.StatusPaymentRequired, status == http.StatusForbidden:
		f.Kind = fault.Unauthorized
	case status == http.StatusNotFound && !told:
		f.Kind = fault.Transient // it speaks of the address, so of no record's absence
	case status == http.StatusNotFound && ofRecord:
		f.Kind = fault.Gone
	case status == http.StatusNotFound, status == http.StatusGone && !ofRecord:
		f.Kind = fault.Rejected
	case status >= 300 && status < 400:
		f.Kind = fault.Unauthorized // the account has moved: a person must say where to
	default:
		return c.client.Classify(call, answer)
	}
	return f
}

// limitWait is how long to wait after a limit was met: what the answer asks for. Where a burst has calls left, it is the
// day's budget that has none.
func (c *Connector) limitWait(h http.Header) time.Duration {
	if after := platform.RetryAfter(h, c.client.Settings.Now()); after > 0 {
		return after
	}
	if left, err := strconv.Atoi(h.Get("x-ratelimit-remaining")); err == nil && left > 0 {
		return budgetWait
	}
	if reset, err := strconv.Atoi(h.Get("x-ratelimit-reset")); err == nil && reset > 0 && reset <= resetMax {
		return time.Duration(reset) * time.Second
	}
	return burstWait
}

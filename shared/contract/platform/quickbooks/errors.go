package quickbooks

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

const (
	// throttleWait is asked for where an answer names no time. Limits are per minute and Retry-After is told by third
	// parties only (Intuit blog 2016-08-08; unverified).
	throttleWait = 60 * time.Second
	// xmlBytesMax bounds what is parsed of an answer in XML: faults are a few hundred bytes.
	xmlBytesMax = 64 << 10
)

// Codes of causes. Sources: Intuit developer blog 2017-06-08 (610, 2500, 6240); 5010 in routablehq/python-quickbooks
// issue 127; throttling as 3001 and as 003001 in issue 83 there and in the Intuit blog 2016-08-08.
const (
	codeStale         = "5010"
	codeNotFound      = "610"
	codeBadReference  = "2500"
	codeDuplicateName = "6240"
	codeThrottled     = "3001"
	codeSystem        = "10000"
)

// What may be told of a fault: these forms can hold no value of a record.
var (
	safeCode    = lazyregexp.New(`^[0-9]{1,10}$`)
	safeElement = lazyregexp.New(`^[A-Za-z][A-Za-z0-9_.]{0,60}$`)
	safeTID     = lazyregexp.New(`^[A-Za-z0-9-]{1,64}$`) // the transaction id that Intuit's support asks for
)

// classify gives the error of an answer, nil for a 2xx without a fault. f is the fault that the answer holds, nil for none.
func (c *Connector) classify(call platform.Call, answer platform.Answer, f *wireFault) error {
	after := platform.RetryAfter(answer.Header, c.client.Settings.Now())
	if f != nil {
		err := faultError(c.client.Op(call), f, answer.Status, call.Write)
		if id := answer.Header.Get("intuit_tid"); safeTID.MatchString(id) {
			err.Err = fmt.Errorf("%w, intuit_tid %s", err.Err, id)
		}
		if err.Kind == fault.RateLimited && after > 0 {
			err.After = after
		}
		return err
	}
	if answer.Status == http.StatusTooManyRequests {
		if after == 0 {
			after = throttleWait
		}
		return &fault.Error{Kind: fault.RateLimited, Op: c.client.Op(call), After: after}
	}
	if answer.Status == http.StatusNotFound || answer.Status == http.StatusGone {
		// A record that is not there answers code 610. A bare 404 speaks of the address, so of no record's absence: nothing was done.
		return fault.Newf(fault.Transient, c.client.Op(call), "status %d without a fault", answer.Status)
	}
	return c.client.Classify(call, answer)
}

// xmlFault finds the fault of an answer in XML, nil if there is none: the gateway answers so where it ignores Accept.
func xmlFault(body []byte) *wireFault {
	if len(body) == 0 || body[0] != '<' || len(body) > xmlBytesMax {
		return nil
	}
	var answer xmlAnswer
	if xml.Unmarshal(body, &answer) != nil {
		return nil
	}
	return answer.Fault
}

// faultError classifies one fault, of a whole answer or of one item of a batch (status 200). write says that the
// request may have changed something.
func faultError(op string, f *wireFault, status int, write bool) *fault.Error {
	code, fields := causes(f)
	out := &fault.Error{Op: op, Code: code, Fields: fields, Err: fmt.Errorf("fault with status %d", status)}
	kind := strings.ToUpper(f.Type)
	switch {
	case status == http.StatusTooManyRequests || code == codeThrottled || throttled(f):
		out.Kind, out.After = fault.RateLimited, throttleWait
	case status >= 500, code == codeSystem, strings.Contains(kind, "SYSTEM"), strings.Contains(kind, "SERVICE"):
		// Before authentication: outages come as AuthorizatonFault with status 500 (minimul/qbo_api issue 96).
		out.Kind = fault.Transient
		if write {
			out.Kind = fault.InDoubt
		}
	case strings.Contains(kind, "AUTH"), status == http.StatusUnauthorized, status == http.StatusForbidden:
		out.Kind = fault.Unauthorized
	case code == codeStale:
		out.Kind = fault.Stale
	case code == codeNotFound:
		out.Kind = fault.Gone
	default:
		out.Kind = fault.Rejected
	}
	return out
}

// causes gives the first cause's code without leading zeros, and the fields that any cause names.
func causes(f *wireFault) (code string, fields []string) {
	for i, cause := range f.Error {
		if i == 0 && safeCode.MatchString(cause.Code) {
			code = strings.TrimLeft(cause.Code, "0")
		}
		if safeElement.MatchString(cause.Element) {
			fields = append(fields, cause.Element)
		}
	}
	return code, fields
}

// throttled reads the one fault whose code hides in its message.
func throttled(f *wireFault) bool {
	for _, cause := range f.Error {
		if strings.Contains(cause.Message, "ThrottleExceeded") {
			return true
		}
	}
	return false
}

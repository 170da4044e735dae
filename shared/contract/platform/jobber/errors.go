package jobber

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

const (
	// throttleWait is asked for where a throttled answer does not tell its bucket, or makes no sense.
	throttleWait = 20 * time.Second
	// quotaWait is asked for after 429: 2,500 requests in 300 s (developer.getjobber.com api_rate_limits).
	quotaWait = 60 * time.Second
	// throttleWaitMax bounds what is believed of a bucket: 10,000 points at 500 a second are 20 s.
	throttleWaitMax = 10 * time.Minute
)

// Codes of top-level errors (third-party reference, verified live 2026-05-19).
const (
	codeThrottled       = "THROTTLED"
	codeUnauthenticated = "UNAUTHENTICATED"
	codeForbidden       = "FORBIDDEN" // a hidden field or a missing scope
	codeNotFound        = "NOT_FOUND"
)

// safeCode is the form of a code that may be told: it can hold no value of a record.
var safeCode = lazyregexp.New(`^[A-Za-z_]{1,60}$`)

// classify gives the error of a whole answer, nil if there is data to look at. parse is what decoding the body said.
func (c *Connector) classify(call platform.Call, raw platform.Answer, e envelope, parse error) error {
	op := c.client.Op(call)
	switch {
	case raw.Status == http.StatusTooManyRequests:
		after := platform.RetryAfter(raw.Header, c.client.Settings.Now())
		if after == 0 {
			after = quotaWait
		}
		return &fault.Error{Kind: fault.RateLimited, Op: op, After: after}
	case raw.Status == http.StatusNotFound, raw.Status == http.StatusGone:
		// An unknown API version answers so. It speaks of the address, never of a record.
		return fault.Newf(fault.Rejected, op, "status %d: unknown address or API version", raw.Status)
	}
	if err := c.client.Classify(call, raw); err != nil {
		return err
	}
	if parse != nil {
		return parse
	}
	for _, w := range e.Errors {
		if w.code() == codeThrottled || w.alias() == "" {
			return c.requestError(op, w, e, call.Write)
		}
	}
	switch {
	case e.Data != nil:
		return nil
	case len(e.Errors) == 0:
		return fault.Newf(call.Lost(), op, "answer without data")
	case call.Write:
		// A mutation that failed inside may take the data of all with it: Apply judges each alias.
		return nil
	}
	return c.problem(answer{envelope: e}, e.Errors[0].alias(), op, fault.Transient)
}

// requestError classifies an error of the whole request. One without data and with a code in lower camel case, or none,
// comes from validation (graphql-ruby: undefinedField, missingRequiredArguments): nothing was carried out.
func (c *Connector) requestError(op string, w wireError, e envelope, write bool) error {
	out := &fault.Error{Op: op, Code: w.code(), Kind: kindOf(w.code())}
	switch {
	case out.Kind == fault.RateLimited:
		return throttled(out, e.Extensions.Cost)
	case out.Kind == fault.Gone:
		out.Kind = fault.Rejected
	case out.Kind != fault.Unclassified:
	case e.Data == nil && (out.Code == "" || strings.ToUpper(out.Code[:1]) != out.Code[:1]):
		out.Kind = fault.Rejected
	case write:
		out.Kind = fault.InDoubt
	}
	return out
}

// throttled tells how long the bucket takes to hold what was asked for. A question dearer than the whole bucket would
// be refused for ever.
func throttled(out *fault.Error, c cost) error {
	t := c.Throttle
	if t.Maximum > 0 && c.Requested > t.Maximum {
		out.Kind = fault.Rejected
		return out
	}
	out.After = throttleWait
	if need := c.Requested - t.Available; need > 0 && t.Restore > 0 && need/t.Restore < throttleWaitMax.Seconds() {
		out.After = time.Duration(need / t.Restore * float64(time.Second))
	}
	return out
}

func kindOf(code string) fault.Kind {
	switch code {
	case codeThrottled:
		return fault.RateLimited
	case codeUnauthenticated, codeForbidden:
		return fault.Unauthorized
	case codeNotFound:
		return fault.Gone
	}
	return fault.Unclassified
}

// code is the error's code if it may be told, else "".
func (e wireError) code() string {
	if !safeCode.MatchString(e.Extensions.Code) {
		return ""
	}
	return e.Extensions.Code
}

// problem gives the error that an answer holds for one alias, nil if there is none. unknown is what an unknown
// code means: of a write it may come after that was carried out.
func (c *Connector) problem(a answer, alias, op string, unknown fault.Kind) error {
	i := slices.IndexFunc(a.Errors, func(e wireError) bool { return e.alias() == alias })
	if i < 0 {
		return nil
	}
	out := &fault.Error{Op: op, Code: a.Errors[i].code(), Kind: kindOf(a.Errors[i].code())}
	if out.Kind == fault.Unclassified {
		out.Kind = unknown
	}
	return out
}

// refused classifies business errors: the platform refuses the record. The fields are those of due whose spelling the
// errors' paths fit; their messages may quote values and are not told.
func refused(op string, userErrors []userError, due []record.PlatformField) error {
	out := &fault.Error{Kind: fault.Rejected, Op: op, Code: "userErrors"}
	for _, field := range due {
		if slices.ContainsFunc(userErrors, func(u userError) bool { return names(u.Path, field) }) {
			out.Fields = append(out.Fields, string(field))
		}
	}
	return out
}

// names reports whether a path of a business error (["emails","0","address"], ["input","phonesToEdit","0","number"])
// may speak of field. Paths number what we sent, not the field, so an element of a list names every field of it.
func names(path []string, field record.PlatformField) bool {
	if len(path) > 0 && path[0] == "input" {
		path = path[1:]
	}
	if len(path) == 0 {
		return false
	}
	p := platform.ParsePath(field)
	root := path[0]
	for _, suffix := range []string{"ToAdd", "ToEdit", "ToDelete"} {
		root = strings.TrimSuffix(root, suffix)
	}
	if root != p.Root && root != p.Root+"Id" {
		return false
	}
	last := path[len(path)-1]
	return p.Leaf == "" || last == p.Leaf || !slices.Contains(leaves[p.Root], last)
}

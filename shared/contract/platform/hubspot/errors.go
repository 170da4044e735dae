package hubspot

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

// Categories of error bodies (developers.hubspot.com error handling, 2026-06).
const (
	categoryConflict  = "CONFLICT"
	categoryNotFound  = "OBJECT_NOT_FOUND"
	categoryRateLimit = "RATE_LIMITS"
)

// refusals are the categories of an item that was not written because something about it is wrong.
var refusals = []string{"VALIDATION_ERROR", "INVALID_INPUT", "BAD_REQUEST", "PROPERTY_DOESNT_EXIST", "OBJECT_ALREADY_EXISTS"}

const (
	// statusMigrating says that the account is being moved between data centres (error handling, 2026-06).
	statusMigrating = 477
	// burstWait, searchWait and dailyWait are asked for where a 429 names no time: Retry-After is not promised (usage
	// guidelines, 2025-01).
	burstWait  = 10 * time.Second
	searchWait = time.Second
	dailyWait  = 15 * time.Minute
	// lockedWait covers status 423, a lock of 2 seconds; migratingWait covers 477 where it names no time.
	lockedWait    = 2 * time.Second
	migratingWait = 10 * time.Minute
)

// What may be told of an error: these forms can hold no value of a record.
var (
	safeCategory    = lazyregexp.New(`^[A-Z_]{1,60}$`)
	safeProperty    = lazyregexp.New(`^[a-z][a-z0-9_]{0,99}$`)
	safeCorrelation = lazyregexp.New(`^[A-Za-z0-9-]{1,64}$`) // what HubSpot's support asks for
)

// quotedProperty finds the property that a message names. The quotes are asked for: a bare word may be a value.
var quotedProperty = lazyregexp.New(`[Pp]roperty "([a-z][a-z0-9_]{0,99})"`)

// existingID reads a conflict's record: "Contact already exists. Existing ID: 123".
var existingID = lazyregexp.New(`Existing ID: ?([0-9]{1,20})`)

// classify gives the error of an answer that is no 2xx.
func (c *Connector) classify(call platform.Call, answer platform.Answer, body wireError) error {
	if wait := limitedFor(answer.Status, body.Policy); wait > 0 {
		if after := platform.RetryAfter(answer.Header, c.client.Settings.Now()); after > 0 {
			wait = after
		}
		return &fault.Error{Kind: fault.RateLimited, Op: c.client.Op(call), After: wait}
	}
	err := c.client.Classify(call, answer)
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	if safeCategory.MatchString(body.Category) {
		f.Code = body.Category
	}
	f.Fields = propertiesAtFault(body)
	if safeCorrelation.MatchString(body.CorrelationID) {
		f.Err = fmt.Errorf("%w, correlation %s", f.Err, body.CorrelationID)
	}
	if f.Kind == fault.Gone && body.Category != categoryNotFound {
		f.Kind = fault.Transient // a bare 404 speaks of the address, so of no record's absence
	}
	return f
}

// limitedFor gives how long to wait after a status that says "later", 0 for others. Nothing was done.
func limitedFor(status int, policy string) time.Duration {
	switch status {
	case http.StatusTooManyRequests:
		switch policy {
		case "SECONDLY":
			return searchWait
		case "DAILY":
			return dailyWait
		}
		return burstWait
	case http.StatusLocked:
		return lockedWait
	case statusMigrating:
		return migratingWait
	}
	return 0
}

// itemError classifies one item's error inside an answer that others of its batch succeeded in.
func itemError(op string, e wireError) *fault.Error {
	f := &fault.Error{Op: op, Err: errors.New("refused within its batch")}
	if safeCategory.MatchString(e.Category) {
		f.Code = e.Category
	}
	switch {
	case e.Category == categoryNotFound:
		f.Kind = fault.Gone
	case e.Category == categoryRateLimit:
		f.Kind, f.After = fault.RateLimited, burstWait
	case e.Category == "MISSING_SCOPES", e.Category == "FORBIDDEN":
		f.Kind = fault.Unauthorized
	case e.Category == categoryConflict, slices.Contains(refusals, e.Category):
		f.Kind, f.Fields = fault.Rejected, propertiesAtFault(e)
	default:
		f.Kind = fault.InDoubt // an internal error of one item, or one not met yet: perhaps written
	}
	return f
}

// existing gives the record that a conflict names, "" if it names none: in its context, else in its message.
func (e wireError) existing() record.ExternalID {
	if e.Category != categoryConflict {
		return ""
	}
	if ids := e.values("existingId"); len(ids) > 0 {
		return record.ExternalID(ids[0])
	}
	if m := existingID.FindStringSubmatch(e.Message); m != nil {
		return record.ExternalID(m[1])
	}
	return ""
}

// propertiesAtFault gives the properties that an error names, or that its inner errors name.
func propertiesAtFault(e wireError) []string {
	var out []string
	for _, one := range append([]wireError{e}, e.Errors...) {
		names := one.values("propertyName")
		for _, m := range quotedProperty.FindAllStringSubmatch(one.Message, -1) {
			names = append(names, m[1])
		}
		for _, name := range names {
			if safeProperty.MatchString(name) && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// noRecord fails a page for a row that is no record: it would be passed over in silence.
func (c *Connector) noRecord(call string, object record.Object) error {
	return fault.Newf(fault.Transient, c.client.Opf("%s %s", call, object), "a row is no record")
}

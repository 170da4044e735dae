// Package fault names the kinds of failure and what each asks of the caller. It classifies and wraps; it never
// retries, logs or reads the text of an error. Connectors and stores classify, pipeline acts, main exits.
// No error built here may carry a field value, a token or a body.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what a failure asks of the caller.
type Kind int

// The kinds. The zero value is Unclassified: nobody has met it yet.
const (
	// Unclassified: retry, then dead-letter and alarm; it gets a kind and a test.
	Unclassified Kind = iota
	// Transient: network, 5xx, throttled store. Not applied. Fail that message; the queue retries.
	Transient
	// RateLimited: 429 or a quota. Not applied. Postpone by After.
	RateLimited
	// Stale: a compare-and-swap or conditional update lost. Not applied. Reload and decide again.
	Stale
	// InDoubt: sent, no answer. Perhaps applied. Observe before writing again.
	InDoubt
	// Gone: the remote record is absent. Feed back as an absence.
	Gone
	// Rejected: the platform refuses it, or we cannot parse it. Record it on the link.
	Rejected
	// Unauthorized: token revoked or permission lost. Pause the connection and alarm.
	Unauthorized
	// Waiting: a thing that it refers to is not there yet. Postpone; it is woken.
	Waiting
)

var kindNames = [...]string{"unclassified", "transient", "rate_limited", "stale", "in_doubt", "gone", "rejected", "unauthorized", "waiting"}

// String gives the kind's name as logs, metrics and dead letters spell it.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("kind(%d)", int(k))
	}
	return kindNames[k]
}

// Error is a classified failure. Its text is "operation: cause".
type Error struct {
	Kind Kind
	// Op is the operation and its identifiers: "hubspot: batch update contacts".
	Op string
	// After is how long to wait, for RateLimited; zero where the platform does not say.
	After time.Duration
	// Code is the vendor's own error code, safe to log; "" where it has none.
	Code string
	// Fields names the fields at fault where the vendor says; never their values.
	Fields []string
	Err    error
}

// Error gives "operation: kind (code): cause".
func (e *Error) Error() string {
	text := e.Op + ": " + e.Kind.String()
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// New classifies a failure of op. cause may be nil.
func New(kind Kind, op string, cause error) *Error { return &Error{Kind: kind, Op: op, Err: cause} }

// Newf classifies a failure of op with a message of ours.
func Newf(kind Kind, op, format string, args ...any) *Error {
	return &Error{Kind: kind, Op: op, Err: fmt.Errorf(format, args...)}
}

// KindOf gives the kind of the outermost classified error in err's chain, Unclassified if there is none.
// Call it only with a non-nil error.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Unclassified
}

// CodeOf gives the platform's code of the outermost classified error in err's chain, "" if there is none.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Is reports whether err is classified as kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// After gives how long a RateLimited error asks to wait, or fallback where it does not say.
func After(err error, fallback time.Duration) time.Duration {
	var e *Error
	if errors.As(err, &e) && e.After > 0 {
		return e.After
	}
	return fallback
}

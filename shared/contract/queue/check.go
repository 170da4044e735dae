package queue

import (
	"time"
	"unicode/utf8"

	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// VisibilityMax is the longest that a delivery or a release hides a message. SQS: 12 hours.
const VisibilityMax = 12 * time.Hour

// The checks below are part of the contract: every implementation calls them first, so that what one queue would
// refuse is refused by all. What they refuse is fault.Rejected.

// CheckMessages refuses a Send that breaks a limit. Bodies are text: SQS takes neither empty ones nor control
// characters other than tab, line feed and carriage return. encoding/json never writes those.
func CheckMessages(op string, messages []Message) error {
	for i, m := range messages {
		switch {
		case len(m.Body) == 0 || len(m.Body) > BodyBytesMax:
			return fault.Newf(fault.Rejected, op, "message %d has a body of %d bytes, 1 to %d", i, len(m.Body), BodyBytesMax)
		case !isText(m.Body):
			return fault.Newf(fault.Rejected, op, "the body of message %d is not text", i)
		case m.Delay < 0 || m.Delay > DelayMax:
			return fault.Newf(fault.Rejected, op, "message %d has a delay of %s, 0 to %s", i, m.Delay, DelayMax)
		}
	}
	return nil
}

func isText(body []byte) bool {
	for _, b := range body {
		if b < ' ' && b != '\t' && b != '\n' && b != '\r' {
			return false
		}
	}
	return utf8.Valid(body)
}

// CheckReceive refuses a Receive that breaks a limit.
func CheckReceive(op string, limit int, visibility time.Duration) error {
	if limit < 1 || limit > ReceiveMax {
		return fault.Newf(fault.Rejected, op, "limit %d, 1 to %d", limit, ReceiveMax)
	}
	return CheckHiding(op, visibility)
}

// CheckHiding refuses a visibility, or the delay of a Release, that breaks a limit.
func CheckHiding(op string, d time.Duration) error {
	if d < 0 || d > VisibilityMax {
		return fault.Newf(fault.Rejected, op, "hidden for %s, 0 to %s", d, VisibilityMax)
	}
	return nil
}

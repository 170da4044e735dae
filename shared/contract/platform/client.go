package platform

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// answerBytesMax bounds what is read of one answer. The largest legitimate page, 1,000 full QuickBooks customers,
// is about 3 MB.
const answerBytesMax = 16 << 20

// Client sends JSON requests for connectors and classifies what every vendor has in common. Vendor codes are the
// connector's own errors.go.
type Client struct {
	Settings Settings
	// Platform prefixes every operation in errors.
	Platform string
}

// Call is one request.
type Call struct {
	Op     string // for errors: "batch read contacts"
	Method string
	Path   string // appended to Settings.BaseURL; begins with "/", may hold a query
	Body   any    // marshalled as JSON; nil for none
	Header http.Header
	// Write says that the request changes something: a failure after sending is InDoubt, not Transient.
	Write bool
}

// Lost is the kind of a failure that does not tell whether the call was carried out.
func (c Call) Lost() fault.Kind {
	if c.Write {
		return fault.InDoubt
	}
	return fault.Transient
}

// Answer is a response read to its end.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Began  time.Time // our clock just before the request left
}

// Do sends one request with a token and reads the whole answer. It returns an error only if there is no answer to
// classify; any status is the caller's to judge, except 401, for which it tells Tokens and returns fault.Unauthorized
// after one more try with a fresh token.
func (c *Client) Do(ctx context.Context, call Call) (Answer, error) {
	var answer Answer
	for try := 0; try < 2; try++ {
		token, err := c.Settings.Tokens.Token(ctx)
		if err != nil {
			return Answer{}, err
		}
		answer, err = c.send(ctx, call, token)
		if err != nil {
			return Answer{}, err
		}
		if answer.Status != http.StatusUnauthorized {
			return answer, nil
		}
		if err := c.Settings.Tokens.Refused(ctx, token); err != nil {
			return Answer{}, err
		}
	}
	return Answer{}, fault.Newf(fault.Unauthorized, c.Op(call), "refused with a fresh token too")
}

func (c *Client) send(ctx context.Context, call Call, token string) (Answer, error) {
	var body io.Reader
	if call.Body != nil {
		raw, err := json.Marshal(call.Body)
		if err != nil {
			return Answer{}, fault.New(fault.Rejected, c.Op(call), err)
		}
		body = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, call.Method, c.Settings.BaseURL+call.Path, body)
	if err != nil {
		return Answer{}, fault.Newf(fault.Rejected, c.Op(call), "the URL does not parse")
	}
	for name, values := range call.Header {
		request.Header[name] = values
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/json")
	if call.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	began := c.Settings.Now()
	response, err := c.Settings.HTTP.Do(request)
	if unsent := (*fault.Error)(nil); errors.As(err, &unsent) { // held back on our side, by a limit: nothing was sent
		return Answer{}, &fault.Error{Kind: unsent.Kind, Op: c.Op(call), After: unsent.After, Err: unsent.Err}
	}
	if errors.Is(err, ErrHost) { // nothing was sent, and only a person can say where to
		return Answer{}, fault.New(fault.Unauthorized, c.Op(call), withoutURL(err))
	}
	if err != nil {
		return Answer{}, fault.New(call.Lost(), c.Op(call), withoutURL(err))
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, answerBytesMax+1))
	if err != nil {
		return Answer{}, fault.New(call.Lost(), c.Op(call), err)
	}
	if len(raw) > answerBytesMax {
		return Answer{}, fault.Newf(call.Lost(), c.Op(call), "answer over %d bytes", answerBytesMax)
	}
	return Answer{Status: response.StatusCode, Header: response.Header, Body: raw, Began: began}, nil
}

// Decode reads a JSON answer into out. For a write the record may have been changed all the same, so an answer that
// does not parse is InDoubt; for a read it is Transient.
func (c *Client) Decode(call Call, answer Answer, out any) error {
	if err := json.Unmarshal(answer.Body, out); err != nil {
		// The cause may quote the body, so only its type is told.
		return fault.Newf(call.Lost(), c.Op(call), "answer with status %d is not the JSON expected (%T)", answer.Status, err)
	}
	return nil
}

// Classify gives the fault for a status that needs no vendor knowledge, or nil for 2xx. Connectors ask their own
// errors.go first.
func (c *Client) Classify(call Call, answer Answer) error {
	op := c.Op(call)
	switch status := answer.Status; {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusTooManyRequests:
		return &fault.Error{Kind: fault.RateLimited, Op: op, After: RetryAfter(answer.Header, c.Settings.Now())}
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return fault.Newf(fault.Unauthorized, op, "status %d", status)
	case status == http.StatusNotFound, status == http.StatusGone:
		return fault.Newf(fault.Gone, op, "status %d", status)
	case status >= 500 && call.Write:
		// A 5xx may come after the write was applied.
		return fault.Newf(fault.InDoubt, op, "status %d", status)
	case status >= 500, status == http.StatusRequestTimeout:
		return fault.Newf(fault.Transient, op, "status %d", status)
	case status >= 300 && status < 400:
		// A redirect that is not followed: nobody answered for the API.
		return fault.Newf(call.Lost(), op, "status %d, a redirect that is not followed", status)
	case status >= 400:
		return fault.Newf(fault.Rejected, op, "status %d", status)
	}
	return fault.Newf(fault.Unclassified, op, "status %d", answer.Status)
}

// Op names a call for errors: "xero books: list contacts".
func (c *Client) Op(call Call) string { return c.Opf("%s", call.Op) }

// Opf names an operation that is no one call for errors.
func (c *Client) Opf(format string, args ...any) string {
	return fmt.Sprintf("%s %s: %s", c.Platform, c.Settings.Connection, fmt.Sprintf(format, args...))
}

// OpOf names an intent for errors: "jobber north: update clients/MQ==".
func (c *Client) OpOf(intent record.Intent) string {
	return c.Opf("%s %s/%s", intent.Operation, intent.Ref.Object, intent.Ref.ID)
}

// RetryAfter reads the Retry-After header, in seconds or as a date; 0 if it is absent or makes no sense.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 && seconds <= 86_400 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) && at.Before(now.Add(24*time.Hour)) {
		return at.Sub(now)
	}
	return 0
}

// ReadCursor reads a cursor that holds JSON of our own into out. Anything else is refused, fields that out does not have
// included: read as a beginning, it would walk everything again. The error tells no content.
func ReadCursor(c Cursor, out any) error {
	d := json.NewDecoder(strings.NewReader(string(c)))
	d.DisallowUnknownFields()
	if err := d.Decode(out); err != nil {
		return fmt.Errorf("cursor is not one of ours (%T)", err)
	}
	if d.More() {
		return errors.New("cursor is not one of ours")
	}
	return nil
}

// withoutURL drops the URL that net/http puts in its errors: a query may hold a value.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// Package intake is how changes come in: webhooks, verified and queued, and polls and first loads, read and queued.
// It decides nothing about records and links nothing that does, so that its functions start fast.
package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/engine/meter"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Limits of the webhook intake.
const (
	// BodyBytesMax bounds a webhook's body. HubSpot sends up to 100 events of a few hundred bytes; the others less.
	BodyBytesMax = 1 << 20
	// changesPerMessage keeps a queued page small enough for a resolver batch to stay even.
	changesPerMessage = 25
)

// Route is one platform's webhook: several accounts share it, of one app or of several.
type Route struct {
	Platform record.Platform
	Receive  platform.Receive
	// Secrets give the webhook secrets of the platform's connections, read when needed: those of one app are equal, accounts
	// whose webhooks carry a password have each its own. What any of them verifies comes in.
	Secrets []func(ctx context.Context) (string, error)
	// PublicURL is the URL as the platform calls it; signatures cover it.
	PublicURL string
	// Silent leaves answers without a body: the platform counts one as a failure.
	Silent bool
}

// Webhook verifies what a platform sends and queues it as hints. It reads no record and trusts no value in it.
type Webhook struct {
	Routes map[record.Platform]Route
	Queue  queue.Sender
	Rules  *ruleset.Rules
	Now    func() time.Time
	// Meter counts every request by its result: "queued", "unauthorised", "malformed", "too_large", "unknown_route",
	// "no_secret", "not_queued". Nil for nobody.
	Meter *meter.Meter
}

// Answer is what to tell the platform.
type Answer struct {
	Status  int
	Message string
}

// Handle takes one request for a platform's route. 200: every hint for a configured place is queued. 401: not signed
// as it should be. 400 and 413: malformed, oversized. 404: no such route. 503: not queued, the platform sends again.
func (w *Webhook) Handle(ctx context.Context, p record.Platform, r platform.Request) Answer {
	route, ok := w.Routes[p]
	if !ok {
		return w.answer(p, "unknown_route", 0, http.StatusNotFound, "no webhook route for this platform")
	}
	if len(r.Body) > BodyBytesMax {
		return w.answer(p, "too_large", 0, http.StatusRequestEntityTooLarge, "the body is over 1 MiB")
	}
	secrets := route.secrets(ctx)
	if len(secrets) == 0 {
		return w.answer(p, "no_secret", 0, http.StatusServiceUnavailable, "the webhook secret cannot be read")
	}
	r.URL, r.Now = route.PublicURL, w.Now()
	hints, err := route.receive(secrets, r)
	switch {
	case fault.Is(err, fault.Unauthorized):
		return w.answer(p, "unauthorised", 0, http.StatusUnauthorized, "the signature is missing, wrong or too old")
	case err != nil:
		return w.answer(p, "malformed", 0, http.StatusBadRequest, "the body is not a webhook of this platform")
	}
	queued, err := w.queue(ctx, p, hints)
	if err != nil {
		return w.answer(p, "not_queued", 0, http.StatusServiceUnavailable, "not queued, send again")
	}
	return w.answer(p, "queued", queued, http.StatusOK, "")
}

// secrets gives the secrets that can be read, each once.
func (r Route) secrets(ctx context.Context) []string {
	var out []string
	for _, read := range r.Secrets {
		if secret, err := read(ctx); err == nil && secret != "" && !slices.Contains(out, secret) {
			out = append(out, secret)
		}
	}
	return out
}

// receive verifies a request by each secret until one fits.
func (r Route) receive(secrets []string, request platform.Request) (hints []platform.Hint, err error) {
	for _, secret := range secrets {
		if hints, err = r.Receive(secret, request); !fault.Is(err, fault.Unauthorized) {
			return hints, err
		}
	}
	return nil, err
}

func (w *Webhook) answer(p record.Platform, result string, hints, status int, message string) Answer {
	if w.Routes[p].Silent {
		message = ""
	}
	if result == "unknown_route" {
		p = "unknown" // a caller must not name our metrics
	}
	w.Meter.Webhook(p, result, hints)
	return Answer{Status: status, Message: message}
}

// queue sends the hints for each connection whose account they name.
func (w *Webhook) queue(ctx context.Context, p record.Platform, hints []platform.Hint) (int, error) {
	byConnection := map[record.Connection][]record.Change{}
	total := 0
	for _, h := range hints {
		for _, c := range w.Rules.Connections {
			if c.Platform != p || (c.Account != "" && h.Account != "" && c.Account != h.Account) || !takesPart(w.Rules, c.Name) {
				continue
			}
			change := record.Change{Ref: record.Ref{Place: record.Place{Connection: c.Name, Object: h.Object}, ID: h.ID},
				Source: record.SourceWebhook, Kind: h.Kind, Into: h.Into, OccurredAt: h.OccurredAt, SeenAt: w.Now()}
			change.ID = changeID(change)
			byConnection[c.Name] = append(byConnection[c.Name], change)
			total++
		}
	}
	for _, c := range w.Rules.Connections {
		if err := SendChanges(ctx, w.Queue, record.QueueOf(record.QueueChanges, c.Name), byConnection[c.Name]); err != nil {
			return 0, err
		}
		w.Meter.Add(config.MetricAccepted, c.Name, len(byConnection[c.Name]))
	}
	return total, nil
}

func takesPart(r *ruleset.Rules, c record.Connection) bool {
	for _, place := range r.Places() {
		if place.Connection == c {
			return true
		}
	}
	return false
}

// SendChanges queues changes in pages of a size that spreads over resolver batches.
func SendChanges(ctx context.Context, q queue.Sender, name queue.Name, changes []record.Change) error {
	var messages []queue.Message
	for _, part := range paged(changes, changesPerMessage) {
		body, err := record.Page{Changes: part}.Encode()
		if err != nil {
			return err
		}
		messages = append(messages, queue.Message{Body: body})
	}
	if len(messages) == 0 {
		return nil
	}
	return q.Send(ctx, name, messages)
}

// paged parts changes into pages of at most most changes and, unless one alone is larger, about messageBytes.
func paged(changes []record.Change, most int) [][]record.Change {
	var out [][]record.Change
	for len(changes) > 0 {
		n, size := 0, 0
		for n < min(len(changes), most) && (n == 0 || size < messageBytes) {
			size += sizeOf(changes[n])
			n++
		}
		out, changes = append(out, changes[:n]), changes[n:]
	}
	return out
}

// changeID correlates one change through logs and metrics; equal hints have equal ids.
func changeID(c record.Change) string {
	sum := sha256.Sum256([]byte(c.Ref.String() + "\x00" + string(c.Kind) + "\x00" + c.OccurredAt.String() + "\x00" +
		c.SeenAt.Truncate(time.Second).String()))
	return hex.EncodeToString(sum[:6])
}

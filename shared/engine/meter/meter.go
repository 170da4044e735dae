// Package meter counts what a function did during one call and says it twice when the call ends: to CloudWatch, as one
// line a connection in the embedded metric format, and, for the Syncs page, as news in the connection's health rows. It
// holds names, numbers, times and the ids of changes; no value of any record can get into it, for nothing here takes one.
// It decides nothing and never fails the function that it counts for.
package meter

import (
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Limits of one line. CloudWatch takes 1 MB and 100 values of one metric
// (docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html, 2026).
const (
	valuesMax = 100
	// idsMax bounds the changes named on one line: 60 KB. The others are counted.
	idsMax = 4000
	// QuietFor is how long counts that tell of no trouble are kept before they are written to the health row, so that a
	// stream of echoes costs a write a minute and not one a batch. A process that ends before loses them.
	QuietFor = time.Minute
)

// Meter counts for one function. Safe for concurrent use. A nil Meter counts nothing.
type Meter struct {
	// Stack and Function name who counts.
	Stack, Function string
	// Out gets a line for each connection that was counted; nil for none.
	Out io.Writer
	// Store keeps the health rows; nil keeps none.
	Store store.Store
	Now   func() time.Time

	mu    sync.Mutex
	lines map[lineKey]*line
	news  map[record.Connection]*news
}

// lineKey is what one line is about: a connection, or a platform's webhooks by their result.
type lineKey struct {
	connection record.Connection
	group      record.Group
	platform   record.Platform
	result     string
}

// line is what one line of metrics says.
type line struct {
	counts map[string]float64
	lags   []int64
	// did lists the ids of changes by what became of them; more counts those not listed.
	did  map[string][]string
	ids  int
	more int
}

// news is what the health row has not been told.
type news struct {
	controltable.Health
	loud bool // written with the next flush
	told time.Time
}

// line gives the line of a key; the lock is held.
func (m *Meter) line(k lineKey) *line {
	if m.lines == nil {
		m.lines = map[lineKey]*line{}
	}
	l, ok := m.lines[k]
	if !ok {
		l = &line{counts: map[string]float64{}, did: map[string][]string{}}
		m.lines[k] = l
	}
	return l
}

// of gives the news of a connection; the lock is held.
func (m *Meter) of(c record.Connection) *news {
	if m.news == nil {
		m.news = map[record.Connection]*news{}
	}
	n, ok := m.news[c]
	if !ok {
		n = &news{}
		m.news[c] = n
	}
	return n
}

// loud are the metrics that a person looks for: they are in the health row at once.
func loud(metric string) bool {
	switch metric {
	case config.MetricNoop, config.MetricSuperseded, config.MetricEchoes, config.MetricAccepted, config.MetricRequests:
		return false
	}
	return true
}

// Add counts n more of a metric on a connection. c may be "" where it is not known.
func (m *Meter) Add(metric string, c record.Connection, n int) {
	if m == nil || n == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.line(lineKey{connection: c}).counts[metric] += float64(n)
	m.hour(c, metric, int64(n), false)
}

// Held counts a write that a group's limit of spread held back.
func (m *Meter) Held(c record.Connection, g record.Group) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.line(lineKey{connection: c, group: g}).counts[config.MetricHeld]++
	m.hour(c, config.MetricHeld, 1, false)
}

// Set says how much of a state there is now.
func (m *Meter) Set(metric string, c record.Connection, v float64) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.line(lineKey{connection: c}).counts[metric] = v
}

// Lag tells how long a change took to its write on c.
func (m *Meter) Lag(c record.Connection, d time.Duration) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.line(lineKey{connection: c})
	l.lags = append(l.lags, max(d.Milliseconds(), 0))
	m.hour(c, controltable.LagSum, max(d.Milliseconds(), 0), false)
	m.hour(c, controltable.LagCount, 1, false)
	m.hour(c, controltable.LagMax, max(d.Milliseconds(), 0), true)
}

// Did names a change by what became of it, so that log lines and metrics correlate.
func (m *Meter) Did(c record.Connection, what, change string) {
	if m == nil || change == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.line(lineKey{connection: c})
	if l.ids == idsMax {
		l.more++
		return
	}
	l.ids++
	l.did[what] = append(l.did[what], change)
}

// Webhook counts a webhook request by its result, and the change records in it.
func (m *Meter) Webhook(p record.Platform, result string, hints int) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.line(lineKey{platform: p, result: result})
	l.counts[config.MetricWebhooks]++
	l.counts[config.MetricHints] += float64(hints)
}

// Hinted tells that a webhook's hint for c came through.
func (m *Meter) Hinted(c record.Connection) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.of(c).WebhookAt = m.Now()
}

// Renewed tells when the authorisation of c was last renewed.
func (m *Meter) Renewed(c record.Connection, at time.Time) {
	if m == nil || at.IsZero() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.of(c).TokenAt = at
	m.line(lineKey{connection: c}).counts[config.MetricTokenAgeDays] = float64(int(m.Now().Sub(at)/(time.Hour*24)*100)) / 100
}

// Ran tells of a run of a schedule.
func (m *Meter) Ran(c record.Connection, run controltable.Ran) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.of(c)
	run.At = m.Now()
	n.Runs, n.loud = append(n.Runs, run), true
}

// hour counts in the news; the lock is held.
func (m *Meter) hour(c record.Connection, name string, v int64, highest bool) {
	n := m.of(c)
	at := m.Now().UTC().Truncate(time.Hour)
	if len(n.Hours) == 0 || !n.Hours[len(n.Hours)-1].At.Equal(at) {
		n.Hours = append(n.Hours, controltable.Hour{At: at, Counts: map[string]int64{}})
	}
	counts := n.Hours[len(n.Hours)-1].Counts
	if highest {
		v = max(v, counts[name])
		counts[name] = 0
	}
	counts[name] += v
	n.loud = n.loud || loud(name)
}

// Transport counts the calls of one connection's platform that go through next, and whether they are answered. A
// refusal is an answer; a failure of the platform's own (5xx) is none.
func (m *Meter) Transport(c record.Connection, next http.RoundTripper) http.RoundTripper {
	if m == nil {
		return next
	}
	return transport{meter: m, connection: c, next: next}
}

type transport struct {
	meter      *Meter
	connection record.Connection
	next       http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	// A call that its own caller gave up says nothing of the platform.
	if err != nil && errors.Is(r.Context().Err(), context.Canceled) {
		return response, err
	}
	t.meter.called(t.connection, err == nil && response.StatusCode < http.StatusInternalServerError)
	return response, err
}

func (m *Meter) called(c record.Connection, answered bool) {
	m.Add(config.MetricRequests, c, 1)
	m.mu.Lock()
	n := m.of(c)
	switch {
	case answered:
		n.loud = n.loud || n.Failures > 0
		n.AnsweredAt, n.Failures = m.Now(), 0
	default:
		n.FailedAt = m.Now()
		n.Failures++
	}
	m.mu.Unlock()
	if !answered {
		m.Add(config.MetricUnanswered, c, 1)
	}
}

// Flush writes a line for each connection that was counted since the last, and the news that is due to the health rows.
// What cannot be stored is kept for the next. Errors: those of the store.
func (m *Meter) Flush(ctx context.Context) error {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	lines := m.lines
	m.lines = nil
	news := m.due()
	m.mu.Unlock()
	m.write(lines)
	var failed []error
	for _, c := range slices.Sorted(maps.Keys(news)) {
		h := news[c]
		h.Function = m.Function
		if err := controltable.AddHealth(ctx, m.Store, c, h, m.Now()); err != nil {
			failed = append(failed, err)
			m.keep(c, h)
		}
	}
	return errors.Join(failed...)
}

// keep takes news back that could not be stored.
func (m *Meter) keep(c record.Connection, h controltable.Health) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.of(c)
	n.Health, n.loud = h.With(n.Health), true
}

// due takes the news that are to be stored; the lock is held.
func (m *Meter) due() map[record.Connection]controltable.Health {
	out := map[record.Connection]controltable.Health{}
	if m.Store == nil {
		m.news = nil
		return out
	}
	for c, n := range m.news {
		if c == "" || (!n.loud && m.Now().Sub(n.told) < QuietFor) || n.empty() {
			continue
		}
		out[c] = n.Health
		m.news[c] = &news{told: m.Now()}
	}
	return out
}

func (n *news) empty() bool {
	return len(n.Hours) == 0 && len(n.Runs) == 0 && n.AnsweredAt.IsZero() && n.FailedAt.IsZero() && n.WebhookAt.IsZero() && n.TokenAt.IsZero()
}

// order sorts lines, so that the same counts always give the same output.
func (k lineKey) order(other lineKey) int {
	return cmp.Or(cmp.Compare(k.connection, other.connection), cmp.Compare(k.group, other.group), cmp.Compare(k.platform, other.platform),
		cmp.Compare(k.result, other.result))
}

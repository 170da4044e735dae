package platformsim

import (
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"sort"
	"strconv"
	"sync"
	"time"
)

// retriesMax bounds redelivery of one webhook.
const retriesMax = 10

// Verdict is what Machine draws for one API request before it is served.
type Verdict int

// The verdicts. LoseAnswer: do the work, then answer 5xx.
const (
	Serve Verdict = iota
	AnswerRateLimited
	AnswerServerError
	LoseAnswer
)

// Machine is the part that every simulator shares: clock, seeded draws, faults, counters and the webhook outbox.
// It is embedded by a simulator; the simulator guards its own state with Lock/Unlock of the same mutex, so that one
// request is one atomic step. Methods whose names end in Locked expect it held.
type Machine struct {
	sync.Mutex
	// Again says when a webhook that was not taken is sent once more, after its try was the given one, counted from 0, and
	// whether at all; nil for the usual.
	Again func(try int) (after time.Duration, again bool)
	// Kept is the simulator's whole state: a pointer to what State marshals.
	Kept     any
	options  Options
	random   *rand.Rand
	requests int
	outbox   []pending
	sent     int
	changed  bool
}

type pending struct {
	Delivery
	due time.Time
}

// NewMachine begins with seeded draws.
func NewMachine(o Options) *Machine {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Machine{options: o, random: rand.New(rand.NewPCG(o.Seed, 0x666c7578))}
}

// NowLocked gives the platform's clock, skew included.
func (m *Machine) NowLocked() time.Time { return m.options.Now().Add(m.options.Faults.ClockSkew).UTC() }

// LifeLocked gives how long an access token lives: the vendor's usual, unless the faults in force say otherwise.
func (m *Machine) LifeLocked(usual time.Duration) time.Duration {
	if life := m.options.Faults.TokenLife; life > 0 {
		return life
	}
	return usual
}

// FaultsLocked gives the faults in force.
func (m *Machine) FaultsLocked() Faults { return m.options.Faults }

// SetFaults changes what goes wrong from now on.
func (m *Machine) SetFaults(f Faults) {
	m.Lock()
	defer m.Unlock()
	m.options.Faults = f
}

// DrawLocked counts one API request and draws its fate.
func (m *Machine) DrawLocked() Verdict {
	m.requests++
	f := m.options.Faults
	switch d := m.random.Float64(); {
	case d < f.RateLimit:
		return AnswerRateLimited
	case d < f.RateLimit+f.ServerError:
		return AnswerServerError
	case d < f.RateLimit+f.ServerError+f.LostAnswer:
		return LoseAnswer
	}
	return Serve
}

// ChanceLocked draws true with probability p.
func (m *Machine) ChanceLocked(p float64) bool { return p > 0 && m.random.Float64() < p }

// SecretLocked draws a token of n bytes, in hex, prefixed.
func (m *Machine) SecretLocked(prefix string, n int) string {
	raw := make([]byte, n)
	for i := range raw {
		raw[i] = byte(m.random.Uint32())
	}
	return prefix + hex.EncodeToString(raw)
}

// Requests counts API requests drawn.
func (m *Machine) Requests() int {
	m.Lock()
	defer m.Unlock()
	return m.requests
}

// TouchLocked marks the state as changed since it was last saved.
func (m *Machine) TouchLocked() { m.changed = true }

// State gives everything, as JSON, and takes it as saved.
func (m *Machine) State() ([]byte, error) {
	m.Lock()
	defer m.Unlock()
	raw, err := json.Marshal(m.Kept)
	if err == nil {
		m.changed = false
	}
	return raw, err
}

// Dirty reports whether the state changed since it was last saved.
func (m *Machine) Dirty() bool {
	m.Lock()
	defer m.Unlock()
	return m.changed
}

// QueueLocked queues a webhook body to leave after delay, with the faults of delivery drawn now. sign is called when
// it leaves, for signatures that hold a time.
func (m *Machine) QueueLocked(body []byte, delay time.Duration) {
	m.changed = true
	if m.options.WebhookURL != "" {
		m.QueueToLocked(m.options.WebhookURL, body, delay)
	}
}

// QueueToLocked is QueueLocked for a webhook that was registered with a URL of its own.
func (m *Machine) QueueToLocked(url string, body []byte, delay time.Duration) {
	m.changed = true
	f := m.options.Faults
	if m.ChanceLocked(f.Lost) {
		return
	}
	copies := 1
	if m.ChanceLocked(f.Twice) {
		copies = 2
	}
	for range copies {
		m.sent++
		late := time.Duration(0)
		if f.LateMax > 0 && m.ChanceLocked(f.Late) {
			late = time.Duration(m.random.Int64N(int64(f.LateMax)))
		}
		m.outbox = append(m.outbox, pending{due: m.options.Now().Add(delay + late), Delivery: Delivery{
			ID: strconv.Itoa(m.sent), Method: http.MethodPost, URL: url, Body: body,
			Header: http.Header{"Content-Type": {"application/json"}},
		}})
	}
}

// Take takes the deliveries due now; sign adds the vendor's headers to each.
func (m *Machine) Take(sign func(*Delivery, time.Time)) []Delivery {
	m.Lock()
	defer m.Unlock()
	now := m.options.Now()
	var due []Delivery
	rest := m.outbox[:0]
	sort.SliceStable(m.outbox, func(i, j int) bool { return m.outbox[i].due.Before(m.outbox[j].due) })
	for _, p := range m.outbox {
		if p.due.After(now) {
			rest = append(rest, p)
			continue
		}
		d := p.Delivery
		d.Header = d.Header.Clone()
		sign(&d, now)
		due = append(due, d)
	}
	m.outbox = rest
	return due
}

// retry is the usual Again.
func retry(try int) (time.Duration, bool) {
	return time.Duration(try+1) * 10 * time.Second, try < retriesMax
}

// Delivered queues a retry, after backoff, unless status is 2xx or the tries are spent.
func (m *Machine) Delivered(d Delivery, status int) {
	m.Lock()
	defer m.Unlock()
	again := m.Again
	if again == nil {
		again = retry
	}
	after, ok := again(d.Try)
	if status >= 200 && status < 300 || !ok {
		return
	}
	d.Try++
	m.outbox = append(m.outbox, pending{Delivery: Delivery{ID: d.ID, Method: d.Method, URL: d.URL, Body: d.Body, Try: d.Try,
		Header: http.Header{"Content-Type": {"application/json"}}}, due: m.options.Now().Add(after)})
}

// PendingDeliveries counts webhooks not yet delivered.
func (m *Machine) PendingDeliveries() int {
	m.Lock()
	defer m.Unlock()
	return len(m.outbox)
}

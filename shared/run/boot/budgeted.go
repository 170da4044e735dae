package boot

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/budget"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

const (
	// budgetTries is how often a limit's row is written against other processes before a call is put off.
	budgetTries = 10
	// waitMax is how long a call waits for its turn where it may wait (System.Wait): a message sent again costs more.
	waitMax = 2 * time.Second
	// refusedAfter is how long nobody calls after a refusal that names no time.
	refusedAfter = 10 * time.Second
	// meteredBytesMax bounds the answers that are read for what they cost; connectors read no more either.
	meteredBytesMax = 16 << 20
)

// budgeted lets a call go out only if every limit of its connection allows it. What is not allowed was never sent, and
// fails as fault.RateLimited with the time to wait. Whatever the platform tells in its answers corrects the limits.
type budgeted struct {
	store      store.Store
	connection record.Connection
	limits     []catalog.Limit
	percent    int
	meter      metering
	token      *url.URL // calls of the token endpoint are in no limit
	now        func() time.Time
	wait       func(context.Context, time.Duration) error // nil waits for nothing
	next       http.RoundTripper

	mu    sync.Mutex
	hands map[string]*budget.Hand
	rows  map[string]budgetRow
}

// budgetRow is a limit's row as it was last read or written.
type budgetRow struct {
	row budget.Row
	rev int64
}

// budgets puts a connection's limits around its calls. Without a store, or without limits, it puts none.
func (s *System) budgets(c *ruleset.Connection, app App, vendor Vendor, next http.RoundTripper) http.RoundTripper {
	if s.Store == nil || len(vendor.Catalog.Limits) == 0 {
		return next
	}
	b := &budgeted{store: s.Store, connection: c.Name, limits: vendor.Catalog.LimitsOf(c.DayLimit), percent: c.Reserve,
		meter: meters()[vendor.Catalog.Name], now: s.Now, wait: s.Wait, next: next,
		hands: map[string]*budget.Hand{}, rows: map[string]budgetRow{}}
	b.token, _ = url.Parse(app.TokenURL) // one that does not parse is called by nobody
	return b
}

// RoundTrip implements http.RoundTripper.
func (b *budgeted) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.token != nil && r.URL.Host == b.token.Host && r.URL.Path == b.token.Path {
		return b.next.RoundTrip(r)
	}
	costs := map[string]int{}
	if b.meter.cost != nil {
		costs = b.meter.cost(r)
	}
	operation, call := "", callID()
	spent := map[string]int{}
	for _, l := range b.limits {
		cost, told := costs[l.Name]
		if !told {
			cost = 1
		}
		if cost == 0 {
			continue
		}
		var err error
		if l.Restore > 0 {
			operation = operationOf(r)
			err = b.hold(r.Context(), l, operation, call)
		} else if err = b.spend(r.Context(), l, cost); err == nil {
			spent[l.Name] = cost
		}
		if err != nil {
			b.back(spent)
			return nil, err
		}
	}
	response, err := b.next.RoundTrip(r)
	return response, b.learn(r, operation, call, response, err)
}

// back returns what a call took of some limits before another held it back.
func (b *budgeted) back(spent map[string]int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, cost := range spent {
		b.hands[name].Back(cost)
	}
}

// spend takes cost out of the hand, and reserves more where it is empty.
func (b *budgeted) spend(ctx context.Context, l catalog.Limit, cost int) error {
	return b.patiently(ctx, l, func() (time.Duration, error) {
		b.mu.Lock()
		hand := b.hands[l.Name]
		if hand == nil {
			hand = &budget.Hand{}
			b.hands[l.Name] = hand
		}
		want, held := 0, hand.Spend(cost, b.now())
		if !held {
			want = hand.Want(cost, b.now())
		}
		b.mu.Unlock()
		if held {
			return 0, nil
		}
		var slice budget.Slice
		after, err := b.change(ctx, l, func(row budget.Row) (budget.Row, time.Duration) {
			next, s, after := row.Take(b.limit(l), platform.PurposeOf(ctx), cost, want, b.now())
			slice = s
			return next, after
		})
		if err != nil || after > 0 {
			return after, err
		}
		if b.now().After(slice.End.Add(b.limit(l).Margin() / 2)) {
			return time.Millisecond, nil // the store took so long that the slice is over: it is wasted, and another is asked for
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		hand.Put(slice, cost, b.now())
		return 0, nil
	})
}

// hold reserves the points of a call.
func (b *budgeted) hold(ctx context.Context, l catalog.Limit, operation, call string) error {
	return b.patiently(ctx, l, func() (time.Duration, error) {
		return b.change(ctx, l, func(row budget.Row) (budget.Row, time.Duration) {
			return row.Hold(b.limit(l), platform.PurposeOf(ctx), operation, call, b.now())
		})
	})
}

// patiently tries until it need not wait, or would wait too long.
func (b *budgeted) patiently(ctx context.Context, l catalog.Limit, try func() (time.Duration, error)) error {
	waited := time.Duration(0)
	for {
		after, err := try()
		if err != nil || after == 0 {
			return err
		}
		waited += after
		if b.wait == nil || waited > waitMax {
			return &fault.Error{Kind: fault.RateLimited, Op: "call " + string(b.connection), After: after,
				Err: errors.New("what the platform allows (" + l.Name + ") is used up; nothing was sent")}
		}
		if err := b.wait(ctx, after); err != nil {
			return fault.New(fault.Transient, "call "+string(b.connection), err)
		}
	}
}

// change writes a limit's row by compare-and-swap. change gives the row to write, or how long to wait, and nothing is
// written then. A row that others keep moving is asked for a moment later.
func (b *budgeted) change(
	ctx context.Context, l catalog.Limit, change func(budget.Row) (budget.Row, time.Duration),
) (time.Duration, error) {
	key := store.Key{Table: store.Control, Partition: "budget#" + string(b.connection), Sort: l.Name}
	b.mu.Lock()
	known, ok := b.rows[l.Name]
	b.mu.Unlock()
	fresh := false
	for range budgetTries {
		if !ok {
			rows, err := b.store.Get(ctx, []store.Key{key})
			if err != nil {
				return 0, err
			}
			known, fresh = budgetRow{rev: rows[key].Rev}, true
			if len(rows[key].Body) > 0 && json.Unmarshal(rows[key].Body, &known.row) != nil {
				known.row = budget.Row{} // a row of another program's form: the budget begins again
			}
		}
		next, after := change(known.row)
		if after > 0 && !fresh {
			ok = false // what is remembered may be old
			continue
		}
		if after > 0 {
			return after, nil
		}
		body, err := json.Marshal(next)
		if err != nil {
			return 0, fault.Newf(fault.Unclassified, "write budget of "+string(b.connection), "not JSON (%T)", err)
		}
		err = b.store.Commit(ctx, []store.Write{{Key: key, Expect: known.rev, Body: body}})
		if err == nil {
			b.mu.Lock()
			b.rows[l.Name] = budgetRow{next, known.rev + 1}
			b.mu.Unlock()
			return 0, nil
		}
		if !fault.Is(err, fault.Stale) {
			return 0, err
		}
		ok = false
	}
	return l.Window/budgetTries + time.Millisecond, nil
}

func (b *budgeted) limit(l catalog.Limit) budget.Limit {
	return budget.Limit{Name: l.Name, Max: l.Max, Window: l.Window, Restore: l.Restore, ReservePercent: b.percent}
}

// learn corrects the budget by an answer. It never fails the call for that: a budget that was not corrected is only less exact.
func (b *budgeted) learn(r *http.Request, operation, call string, response *http.Response, failed error) error {
	ctx := context.WithoutCancel(r.Context())
	for _, l := range b.limits {
		switch {
		case l.Restore > 0:
			charge := chargeOf(response)
			_, _ = b.change(ctx, l, func(row budget.Row) (budget.Row, time.Duration) {
				return row.Settle(b.limit(l), operation, call, charge, b.now()), 0
			})
		case response == nil:
		case response.StatusCode == http.StatusTooManyRequests && l.Name == b.limits[0].Name:
			after := platform.RetryAfter(response.Header, b.now())
			if after == 0 {
				after = min(refusedAfter, l.Window)
			}
			_, _ = b.change(ctx, l, func(row budget.Row) (budget.Row, time.Duration) { return row.Refused(after, b.now()), 0 })
		case b.meter.told != nil:
			b.told(ctx, l, r, response.Header)
		}
	}
	return failed
}

// told brings in what an answer's headers say, if it is worth a write.
func (b *budgeted) told(ctx context.Context, l catalog.Limit, r *http.Request, h http.Header) {
	vendorMax, remaining, ok := b.meter.told(l.Name, r, h)
	if !ok {
		return
	}
	b.mu.Lock()
	known, read := b.rows[l.Name]
	b.mu.Unlock()
	if vendorMax == 0 { // it tells only what is left
		if vendorMax = l.Max; known.row.Max > 0 {
			vendorMax = known.row.Max
		}
	}
	if _, news := known.row.Told(b.limit(l), vendorMax, remaining, b.now()); read && !news {
		return
	}
	_, _ = b.change(ctx, l, func(row budget.Row) (budget.Row, time.Duration) {
		next, _ := row.Told(b.limit(l), vendorMax, remaining, b.now())
		return next, 0
	})
}

func callID() string {
	raw := make([]byte, 8)
	_, _ = rand.Read(raw) // never fails
	return hex.EncodeToString(raw)
}

// chargeOf reads what a GraphQL answer says of its cost, and leaves the answer as it was; nil if it says nothing.
func chargeOf(response *http.Response) *budget.Charge {
	if response == nil || response.Body == nil || !strings.Contains(response.Header.Get("Content-Type"), "json") {
		return nil
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, meteredBytesMax))
	rest := response.Body
	after := io.Reader(rest)
	if err != nil {
		after = failing{err}
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(raw), after), rest}
	var answer struct {
		Extensions struct {
			Cost struct {
				Requested int `json:"requestedQueryCost"`
				Throttle  struct {
					Max       int `json:"maximumAvailable"`
					Available int `json:"currentlyAvailable"`
					Restore   int `json:"restoreRate"`
				} `json:"throttleStatus"`
			} `json:"cost"`
		} `json:"extensions"`
	}
	cost := &answer.Extensions.Cost
	if json.Unmarshal(raw, &answer) != nil || cost.Throttle.Max <= 0 {
		return nil
	}
	return &budget.Charge{Requested: cost.Requested, Available: cost.Throttle.Available, Max: cost.Throttle.Max,
		Restore: cost.Throttle.Restore}
}

// failing fails where reading an answer failed.
type failing struct{ err error }

// Read implements io.Reader.
func (f failing) Read([]byte) (int, error) { return 0, f.err }

package boot

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/budget"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// strict is a vendor that refuses whatever is over its limits, and a clock that callers who must wait move; it never jumps
// while a call is under way, as a real one would not.
type strict struct {
	turn    sync.RWMutex // held for reading by calls, for writing by jumps
	mu      sync.Mutex
	now     time.Time
	limits  []catalog.Limit
	calls   map[string][]time.Time
	served  int
	refused int
	points  float64
	filled  time.Time
	header  func(served int) http.Header
}

func (v *strict) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

func (v *strict) skip(d time.Duration) {
	v.turn.Lock()
	defer v.turn.Unlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now = v.now.Add(d)
}

// RoundTrip implements http.RoundTripper.
func (v *strict) RoundTrip(r *http.Request) (*http.Response, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now = v.now.Add(time.Millisecond)
	status, body := http.StatusOK, "{}"
	for _, l := range v.limits {
		if l.Restore > 0 {
			var ok bool
			if body, ok = v.charge(l); !ok {
				status = http.StatusTooManyRequests
			}
			continue
		}
		if strings.HasSuffix(r.URL.Path, "/search") != (l.Name == "search") || l.Name == "batch" {
			continue
		}
		recent := v.calls[l.Name][:0]
		for _, at := range v.calls[l.Name] {
			if at.After(v.now.Add(-l.Window)) {
				recent = append(recent, at)
			}
		}
		if v.calls[l.Name] = append(recent, v.now); len(v.calls[l.Name]) > l.Max {
			status = http.StatusTooManyRequests
		}
	}
	if v.served++; status != http.StatusOK {
		v.refused++
	}
	h := http.Header{"Content-Type": {"application/json"}}
	if v.header != nil {
		h = v.header(v.served)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// charge admits a call on 700 points, charges it 500, and tells so.
func (v *strict) charge(l catalog.Limit) (string, bool) {
	if v.filled.IsZero() {
		v.points, v.filled = float64(l.Max), v.now
	}
	v.points = min(float64(l.Max), v.points+v.now.Sub(v.filled).Seconds()*float64(l.Restore))
	v.filled = v.now
	ok := v.points >= 700
	if ok {
		v.points -= 500
	}
	return fmt.Sprintf(`{"data":{},"extensions":{"cost":{"requestedQueryCost":700,"actualQueryCost":500,`+
		`"throttleStatus":{"maximumAvailable":%d,"currentlyAvailable":%d,"restoreRate":%d}}}}`, l.Max, int(v.points), l.Restore), ok
}

func instance(v *strict, s store.Store, m metering, percent int) *budgeted {
	return &budgeted{store: s, connection: "c", limits: v.limits, percent: percent, meter: m, now: v.Now, next: v,
		hands: map[string]*budget.Hand{}, rows: map[string]budgetRow{}}
}

func ask(ctx context.Context, b http.RoundTripper, path string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://vendor.example"+path,
		bytes.NewReader([]byte(`{"query":"{a}","variables":{"first":10}}`)))
	if err != nil {
		return err
	}
	response, err := b.RoundTrip(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// TestManyInstancesNeverExceedWhatThePlatformAllows runs many processes at once on one connection of each platform; one in
// four dies now and then with what it holds. The vendor must refuse none, and most of what it allows must be used.
func TestManyInstancesNeverExceedWhatThePlatformAllows(t *testing.T) {
	for _, p := range catalog.All() {
		limits := p.LimitsOf(0)
		t.Run(string(p.Name), func(t *testing.T) {
			v := &strict{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), limits: limits, calls: map[string][]time.Time{}}
			begin, s := v.now, memstore.New()
			var group sync.WaitGroup
			for i := range 8 {
				group.Go(func() {
					b := instance(v, s, meters()[p.Name], 0)
					for n := range 120 {
						if i%4 == 0 && n%10 == 9 {
							b = instance(v, s, meters()[p.Name], 0) // it died
						}
						path := "/records/" + strconv.Itoa(n)
						if n%6 == 0 && p.Name == "hubspot" {
							path = "/search"
						}
						for try := 0; ; try++ {
							v.turn.RLock()
							err := ask(context.Background(), b, path)
							v.turn.RUnlock()
							if err == nil {
								break
							}
							if !fault.Is(err, fault.RateLimited) || fault.After(err, 0) <= 0 || try > 100_000 {
								t.Errorf("got %v after %d tries", err, try)
								return
							}
							v.skip(fault.After(err, 0) / 16)
						}
					}
				})
			}
			group.Wait()
			if v.refused > 0 {
				t.Errorf("%d of %d calls were refused, want none", v.refused, v.served)
			}
			took, least := v.now.Sub(begin), leastTime(limits, v.served)
			if took > 3*least+30*time.Second {
				t.Errorf("%d calls took %s, where the limits ask for %s: a limit that some calls alone count against needs their cost in meters "+
					"(metering.go), else each call is taken to cost one of it", v.served, took, least)
			}
			t.Logf("%d calls, %s, least %s", v.served, took.Round(time.Second), least.Round(time.Second))
		})
	}
}

// leastTime is how long calls take that use the limits to the full.
func leastTime(limits []catalog.Limit, calls int) time.Duration {
	longest := time.Duration(0)
	for _, l := range limits {
		switch {
		case l.Restore > 0:
			longest = max(longest, time.Duration(float64(max(calls*500-l.Max, 0))/float64(l.Restore)*float64(time.Second)))
		case l.Name == "batch":
		case l.Name == "search":
			longest = max(longest, l.Window*time.Duration(calls/6/l.Max))
		default:
			longest = max(longest, l.Window*time.Duration(calls/l.Max))
		}
	}
	return longest
}

func TestNothingIsSentThatIsNotAllowed(t *testing.T) {
	v := &strict{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), limits: []catalog.Limit{{Name: "minute", Max: 10, Window: time.Minute}},
		calls: map[string][]time.Time{}}
	b := instance(v, memstore.New(), metering{}, 20)
	for i := range 8 {
		if err := ask(context.Background(), b, "/a"); err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
	}
	err := ask(context.Background(), b, "/a")
	if !fault.Is(err, fault.RateLimited) || fault.After(err, 0) <= 0 || fault.After(err, 0) > 70*time.Second || v.served != 8 {
		t.Errorf("the ninth of ten, two being left for people: got %v after %d calls", err, v.served)
	}
	if err := ask(platform.For(context.Background(), budget.Load), instance(v, b.store, metering{}, 20), "/a"); !fault.Is(err,
		fault.RateLimited) {
		t.Errorf("another process's first load: got %v, want it held back", err)
	}
}

func TestTokensAreRenewedWhateverIsUsedUp(t *testing.T) {
	v := &strict{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), calls: map[string][]time.Time{}}
	system := &System{Store: memstore.New(), Now: v.Now}
	vendor := Vendor{Catalog: &catalog.Platform{Name: "made-up", Limits: []catalog.Limit{{Name: "minute", Max: 1, Window: time.Minute}}}}
	b := system.budgets(&ruleset.Connection{Name: "c"}, App{TokenURL: "https://vendor.example/token"}, vendor, v)
	for range 5 {
		if err := ask(context.Background(), b, "/token"); err != nil {
			t.Fatal(err)
		}
	}
	if err := ask(context.Background(), b, "/a"); err != nil {
		t.Errorf("the first call: %v", err)
	}
	if err := ask(context.Background(), b, "/a"); !fault.Is(err, fault.RateLimited) {
		t.Errorf("the second: got %v, want rate limited", err)
	}
}

func TestARefusalStopsEveryInstanceForAsLongAsItSays(t *testing.T) {
	v := &strict{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), limits: []catalog.Limit{{Name: "minute", Max: 100, Window: time.Minute}},
		calls: map[string][]time.Time{}}
	s := memstore.New()
	for range 101 { // somebody else has used it up
		_ = ask(context.Background(), v, "/a")
	}
	v.header = func(int) http.Header { return http.Header{"Retry-After": {"30"}} }
	one, other := instance(v, s, metering{}, 0), instance(v, s, metering{}, 0)
	if err := ask(context.Background(), one, "/a"); err != nil {
		t.Fatal(err)
	}
	served := v.served
	if err := ask(context.Background(), other, "/a"); !fault.Is(err, fault.RateLimited) || fault.After(err, 0) != 30*time.Second ||
		v.served != served {
		t.Errorf("got %v after %d more calls, want 30 s and none", err, v.served-served)
	}
}

func TestWhatCallsCostIsKnown(t *testing.T) {
	request := func(method, path, body string) *http.Request {
		r, err := http.NewRequest(method, "https://vendor.example"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, c := range []struct {
		platform, limit string
		request         *http.Request
		want            int
	}{
		{"hubspot", "10s", request("POST", "/crm/v3/objects/contacts/search", "{}"), 0},
		{"pipedrive", "day", request("GET", "/api/v2/persons/7", ""), 1},
		{"pipedrive", "day", request("GET", "/api/v2/persons", ""), 10},
		{"pipedrive", "day", request("GET", "/api/v2/persons/search", ""), 20},
		{"pipedrive", "day", request("PATCH", "/api/v2/persons/7", "{}"), 5},
		{"pipedrive", "day", request("DELETE", "/api/v2/persons/7", ""), 3},
		{"pipedrive", "day", request("PUT", "/v1/persons/7/merge", "{}"), 40},
		{"quickbooks", "minute", request("POST", "/v3/company/1/batch", `{"BatchItemRequest":[{},{},{}]}`), 3},
		{"quickbooks", "batch", request("GET", "/v3/company/1/query", ""), 0},
	} {
		costs := meters()[record.Platform(c.platform)].cost(c.request)
		if got, ok := costs[c.limit]; !ok || got != c.want {
			t.Errorf("%s %s %s of %s: got %d, want %d", c.platform, c.request.Method, c.request.URL.Path, c.limit, got, c.want)
		}
	}
}

func TestWhatAnswersTellIsRead(t *testing.T) {
	any, _ := http.NewRequest(http.MethodGet, "https://vendor.example/a", nil)
	for _, c := range []struct {
		platform, limit string
		header          http.Header
		max, left       int
		ok              bool
	}{
		{"hubspot", "10s", http.Header{"X-Hubspot-Ratelimit-Max": {"110"}, "X-Hubspot-Ratelimit-Remaining": {"108"},
			"X-Hubspot-Ratelimit-Interval-Milliseconds": {"10000"}}, 110, 108, true},
		{"hubspot", "10s", http.Header{"X-Hubspot-Ratelimit-Max": {"110"}, "X-Hubspot-Ratelimit-Remaining": {"108"},
			"X-Hubspot-Ratelimit-Interval-Milliseconds": {"1000"}}, 0, 0, false},
		{"salesforce", "day", http.Header{"Sforce-Limit-Info": {"api-usage=10018/100000; per-app-api-usage=17/250(appName=x)"}}, 100_000, 89_982,
			true},
		{"salesforce", "day", http.Header{"Sforce-Limit-Info": {"nonsense"}}, 0, 0, false},
		{"xero", "day", http.Header{"X-Daylimit-Remaining": {"4000"}}, 0, 4000, true},
		{"pipedrive", "2s", http.Header{"X-Ratelimit-Limit": {"480"}, "X-Ratelimit-Remaining": {"479"}}, 480, 479, true},
	} {
		most, left, ok := meters()[record.Platform(c.platform)].told(c.limit, any, c.header)
		if ok != c.ok || ok && (most != c.max || left != c.left) {
			t.Errorf("%s %v: got %d, %d, %v", c.platform, c.header, most, left, ok)
		}
	}
}

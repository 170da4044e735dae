package runner

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// pagePatience bounds what one look at the page may take: a few reads of a file.
const pagePatience = 10 * time.Second

// Booked is when each run comes next, as its loop has booked it. Safe for concurrent use; nil books nothing.
type Booked struct {
	mu sync.Mutex
	at map[ruleset.Run]time.Time
}

func (b *Booked) book(run ruleset.Run, at time.Time) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.at == nil {
		b.at = map[ruleset.Run]time.Time{}
	}
	b.at[run] = at
}

// At gives when a run comes next, zero where that is not booked.
func (b *Booked) At(run ruleset.Run) time.Time {
	if b == nil {
		return time.Time{}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at[run]
}

// Syncs gives the page of a world.
func (w *World) Syncs(ctx context.Context) (syncs.Page, error) {
	return page(ctx, w.System.Store, w.Queue, syncs.Facts{Now: w.Clock.Now(), Zone: time.Local, Target: LocalStack + ", in simulated time", Flags: w.flags, Rules: w.Rules, Active: true, Simulated: true, Next: w.Booked.At})
}

// Syncs gives the page of what a host runs, or of the candidate while nothing does.
func (h *Host) Syncs(ctx context.Context) (syncs.Page, error) {
	h.mu.Lock()
	rules, booked := h.rules, h.booked
	h.mu.Unlock()
	f := syncs.Facts{Now: h.Clock.Now(), Zone: time.Local, Target: h.Name, Flags: h.Flags, Rules: rules, Active: rules != nil, Next: booked.At}
	if rules == nil {
		f.Rules = h.Candidate
	}
	return page(ctx, h.Store, h.Queue, f)
}

func page(ctx context.Context, s store.Store, counter syncs.Counter, f syncs.Facts) (syncs.Page, error) {
	f, err := syncs.Load(ctx, s, counter, f)
	if err != nil {
		return syncs.Page{}, err
	}
	return syncs.Build(f), nil
}

// AtHome keeps handlers for the person at this machine: a front that takes webhooks may be reached from the world,
// straight or through a proxy, and a page of another site that is open in this machine's browser may call it too.
func AtHome(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !local(r) || foreign(r) {
			http.Error(w, "this is shown on the machine itself alone, and not to pages of other sites", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Page serves the Syncs page to the person at this machine, and to nobody else: it names the user's platforms and records.
func Page(load func(context.Context) (syncs.Page, error)) http.Handler {
	return AtHome(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), pagePatience)
		defer cancel()
		p, err := load(ctx)
		if err != nil {
			http.Error(w, "the state cannot be read at the moment; try again", http.StatusServiceUnavailable)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		_ = syncs.Render(w, p) // a reader who has gone misses nothing
	}))
}

// local reports whether a request was made on this machine, to this machine by name, and passed on by nobody.
func local(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	peer, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil || !loopback(peer) {
		return false
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return host == "localhost" || loopback(host)
}

// foreign reports whether a browser made a request for a page of another site. Every browser names the origin of what may
// change something, and since 2023 the site of every request (developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/
// Sec-Fetch-Site, read 2026-12); other programs name neither. A link that a person followed is theirs.
func foreign(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		return origin != "http://"+r.Host
	}
	site, followed := r.Header.Get("Sec-Fetch-Site"), r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate"
	return site != "" && site != "same-origin" && site != "none" && !followed
}

func loopback(address string) bool {
	ip := net.ParseIP(address)
	return ip != nil && ip.IsLoopback()
}

package simtest

import (
	"context"
	"strconv"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform/memplatform"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

var _ platform.Connector = (*account)(nil)

// account is one platform account as handlers meet it: the reference platform behind a network, outages and tokens.
type account struct {
	w     *world
	name  record.Connection
	setup AccountSetup
	mem   *memplatform.Platform
	// outage and forbidden are when it does not answer, and when it refuses us.
	outage, forbidden window
	// paused is since when an operator wants it left alone, zero while it runs.
	paused time.Time
	tokens *credential.Source // nil: none are asked for
	server *tokenServer
}

type window struct{ from, to time.Time }

func (x window) holds(at time.Time) bool { return !at.Before(x.from) && at.Before(x.to) }

// enter passes the network for one call. A nil error means that the call reaches the platform; the fate then says what
// becomes of its answer.
func (a *account) enter(ctx context.Context, kind pointKind, op string) (fate, error) {
	token := ""
	if a.tokens != nil {
		var err error
		if token, err = a.tokens.Token(ctx); err != nil {
			return fateNot, err
		}
	}
	if !a.paused.IsZero() && a.w.current.began.After(a.paused) && !a.w.naive && !a.w.current.dead {
		a.w.violate(InvariantPatience, "%s is asked to %s by a run that began %s after an operator paused it", a.name, op, a.w.current.began.Sub(a.paused))
	}
	f := a.w.point(kind)
	if f == fateDead {
		return f, errDead
	}
	if a.outage.holds(a.w.now) {
		a.w.faults++
		return fateNot, a.refusal(kind, op)
	}
	if a.forbidden.holds(a.w.now) {
		a.w.faults++
		return fateNot, fault.Newf(fault.Unauthorized, op, "forbidden")
	}
	if a.tokens != nil && !a.server.takes(token) {
		if err := a.tokens.Refused(ctx, token); err != nil {
			return fateNot, err
		}
		return fateNot, fault.Newf(fault.Transient, op, "the token was over")
	}
	if f == fateNot {
		return f, a.refusal(kind, op)
	}
	if a.w.stormy && a.w.chance(a.w.history.Weather.Limited) {
		a.w.faults++
		limited := fault.Newf(fault.RateLimited, op, "simulated")
		limited.After = a.w.between(time.Second, time.Minute)
		return fateNot, limited
	}
	return f, nil
}

// refusal is how a call fails that had no effect: the caller may or may not be able to tell.
func (a *account) refusal(kind pointKind, op string) error {
	if kind == pointWrite && a.w.chance(500) {
		a.w.unknown++
		return fault.Newf(fault.InDoubt, op, "no answer")
	}
	return fault.Newf(fault.Transient, op, "no answer")
}

// Changes implements platform.Connector.
func (a *account) Changes(ctx context.Context, q platform.Query) (platform.Page, error) {
	if _, err := a.enter(ctx, pointCall, "changes"); err != nil {
		return platform.Page{}, err
	}
	page, err := a.mem.Changes(ctx, q)
	a.readAt(&page)
	a.w.truth.sawPage(page)
	return page, err
}

// List implements platform.Connector.
func (a *account) List(ctx context.Context, q platform.Query) (platform.Page, error) {
	if _, err := a.enter(ctx, pointCall, "list"); err != nil {
		return platform.Page{}, err
	}
	page, err := a.mem.List(ctx, q)
	a.readAt(&page)
	a.w.truth.sawPage(page)
	return page, err
}

// readAt dates a page by the clock of the process that reads it.
func (a *account) readAt(page *platform.Page) {
	for i := range page.Snapshots {
		page.Snapshots[i].ReadBegan = page.Snapshots[i].ReadBegan.Add(a.w.current.skew)
	}
	for i := range page.Absences {
		page.Absences[i].ReadBegan = page.Absences[i].ReadBegan.Add(a.w.current.skew)
	}
}

// Fetch implements platform.Connector.
func (a *account) Fetch(ctx context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID) ([]platform.Read, error) {
	if _, err := a.enter(ctx, pointCall, "fetch"); err != nil {
		return nil, err
	}
	reads, err := a.mem.Fetch(ctx, object, fields, ids)
	for i, r := range reads {
		if ref := (record.Ref{Place: record.Place{Connection: a.name, Object: object}, ID: ids[i]}); ref == a.w.poison {
			reads[i] = platform.Read{ID: r.ID, Err: fault.Newf(fault.Rejected, "fetch "+ref.String(), "simulated")}
			continue
		}
		if r.Absence != nil {
			r.Absence.ReadBegan = r.Absence.ReadBegan.Add(a.w.current.skew)
		}
		if r.Snapshot != nil {
			r.Snapshot.ReadBegan = r.Snapshot.ReadBegan.Add(a.w.current.skew)
			a.w.truth.saw(*r.Snapshot)
			a.w.current.read(r.Snapshot.Ref, a.w.now)
		}
	}
	return reads, err
}

// Find implements platform.Connector.
func (a *account) Find(ctx context.Context, object record.Object, fields []record.PlatformField, lookups []platform.Lookup) ([][]record.Snapshot, error) {
	if _, err := a.enter(ctx, pointCall, "find"); err != nil {
		return nil, err
	}
	return a.mem.Find(ctx, object, fields, lookups)
}

// Apply implements platform.Connector.
func (a *account) Apply(ctx context.Context, intents []record.Intent) ([]record.Receipt, error) {
	if a.w.resting && !a.w.current.dead {
		a.w.violate(InvariantQuiet, "at rest, %s is asked to %s %s", a.name, intents[0].Operation, intents[0].Ref)
	}
	if !a.w.naive && !a.w.current.dead {
		for i := range intents {
			a.w.judgePatience(&intents[i])
		}
	}
	f, err := a.enter(ctx, pointWrite, "apply")
	if err != nil {
		return nil, err
	}
	t := a.w.current
	a.w.race(intents, f)
	a.w.owed[t] = true
	a.w.noteOverrides(t, intents)
	apply := func(some []record.Intent) ([]record.Receipt, error) {
		a.w.writing = t
		receipts, err := a.divided(ctx, some)
		a.w.writing = nil
		return receipts, err
	}
	switch f {
	case fateLast:
		_, _ = apply(intents)
		return nil, a.w.took(f, "apply", nil)
	case fateDone:
		receipts, err := apply(intents)
		for _, r := range receipts {
			if r.Snapshot != nil {
				a.w.truth.saw(*r.Snapshot)
			}
		}
		return receipts, err
	case fateUnknown:
		_, _ = apply(intents)
	case fatePart:
		_, _ = apply(intents[:a.w.rng.IntN(len(intents))])
	case fateLate:
		a.w.after(a.w.between(callTakes, lateMax), func() {
			a.w.lateWrites++
			t.late = true
			_, _ = apply(intents)
		})
	}
	a.w.unknown++
	return nil, fault.Newf(fault.InDoubt, "apply", "no answer")
}

// divided asks the platform, and in halves where it refuses a call whole for one item's sake, as connectors do: an item's refusal
// is its own.
func (a *account) divided(ctx context.Context, intents []record.Intent) ([]record.Receipt, error) {
	receipts, err := a.mem.Apply(ctx, intents)
	if len(intents) == 1 || !fault.Is(err, fault.Rejected) {
		return receipts, err
	}
	half := len(intents) / 2
	var all []record.Receipt
	for _, some := range [][]record.Intent{intents[:half], intents[half:]} {
		receipts, err := a.divided(ctx, some)
		if err != nil {
			receipts = make([]record.Receipt, len(some))
			for i := range some {
				receipts[i] = record.Receipt{Key: some[i].Key, Err: err}
			}
		}
		all = append(all, receipts...)
	}
	return all, nil
}

// tokenLives is the life of simulated access tokens.
const tokenLives = 20 * time.Minute

var _ platform.Refresher = (*tokenServer)(nil)

// tokenServer is a platform's token endpoint, with refresh tokens that rotate: showing one that was replaced ends the
// grant, unless its successor was never used. Without such a grace no client survives a lost answer; vendors give one
// (Xero: 30 minutes).
type tokenServer struct {
	w          *world
	account    record.Connection
	generation int
	issued     map[int]time.Time // access tokens and when they were given
	replaced   map[int]time.Time // refresh tokens and when they were replaced
	used       map[int]bool      // generations whose refresh token was shown
	over       bool
	lost       map[int]bool // generations whose answer was lost
	asking     int          // refreshes under way
}

func newTokenServer(w *world, c record.Connection) *tokenServer {
	return &tokenServer{w: w, account: c, issued: map[int]time.Time{0: w.now}, replaced: map[int]time.Time{}, used: map[int]bool{}, lost: map[int]bool{}}
}

func (s *tokenServer) grant() platform.Grant {
	n := strconv.Itoa(s.generation)
	return platform.Grant{AccessToken: "a" + n, RefreshToken: "r" + n, ExpiresAt: s.issued[s.generation].Add(tokenLives)}
}

// takes reports whether an access token is good. The newest two generations are, until their time is over.
func (s *tokenServer) takes(token string) bool {
	n, err := strconv.Atoi(token[1:])
	delete(s.lost, n) // a client that shows it has the answer
	return err == nil && !s.over && n >= s.generation-1 && s.w.now.Before(s.issued[n].Add(tokenLives))
}

// Refresh implements platform.Refresher.
func (s *tokenServer) Refresh(_ context.Context, token string) (platform.Grant, error) {
	const op = "refresh"
	s.asking++
	if s.asking > 1 {
		s.w.violate(InvariantTokens, "the refresh token of %s is used by two callers at once", s.account)
	}
	f := s.w.point(pointToken)
	s.asking--
	switch f {
	case fateDead:
		return platform.Grant{}, errDead
	case fateNot:
		return platform.Grant{}, fault.Newf(fault.Transient, op, "simulated")
	}
	n, err := strconv.Atoi(token[1:])
	if err != nil || s.over {
		return platform.Grant{}, fault.Newf(fault.Unauthorized, op, "unknown token")
	}
	if _, gone := s.replaced[n]; gone && (!s.lost[n+1] || n+1 < s.generation) {
		s.over = true
		s.w.violate(InvariantTokens, "a refresh token of %s that was replaced is shown again: the grant is over", s.account)
		return platform.Grant{}, fault.Newf(fault.Unauthorized, op, "reused token")
	}
	s.generation = n + 1
	s.issued[n+1], s.replaced[n] = s.w.now, s.w.now
	s.lost[n+1] = true // until its access token is seen in use
	if f == fateLast {
		return platform.Grant{}, s.w.took(f, op, nil)
	}
	if f != fateDone {
		return platform.Grant{}, fault.Newf(fault.InDoubt, op, "no answer")
	}
	return s.grant(), nil
}

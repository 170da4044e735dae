// Package credential keeps each connection's OAuth tokens in the control table and refreshes them there, under a
// lease, so that a rotating refresh token is used once however many functions ask. Tokens are read strongly at every
// call and cached nowhere. It knows no vendor and no endpoint: platform.Refresher does.
//
// Leases are numbered, and a pair of tokens carries the number of the lease that it was obtained under. The pair with
// the higher number wins: a holder that outlived its lease never overwrites what its successor stored, nor declares a
// grant over that was renewed meanwhile.
package credential

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

var _ platform.Tokens = (*Source)(nil)

// Limits of refreshing.
const (
	// freshFor is how long a token must still live not to be refreshed: longer than any one call.
	freshFor = 2 * time.Minute
	// livesFor is how long one must still live to be handed out while another caller refreshes: what platform.Tokens
	// promises.
	livesFor = time.Minute
	// refreshPatience bounds one call of the token endpoint, and leaseLife one refresh with its writes: a holder that
	// dies is followed after it.
	refreshPatience = 20 * time.Second
	leaseLife       = 45 * time.Second
	// pauseMin and pauseMax bound how long the endpoint is left alone after it did not refresh.
	pauseMin = 5 * time.Second
	pauseMax = 15 * time.Minute
	// pollsMax and pollEach bound how long a caller waits for another's refresh: 5 s, so that its message comes again
	// rather than that it sits through a whole lease.
	pollsMax = 20
	pollEach = 250 * time.Millisecond
	// triesMax is how often a row is written against others before the caller is sent away, keepPatience how long a
	// new pair is tried to be stored even after the caller has gone: losing it may end the grant.
	triesMax     = 8
	keepPatience = 15 * time.Second
)

// Source gives one connection's access tokens. Safe for concurrent use; any number of sources, in any number of
// processes, may serve one connection.
type Source struct {
	Store      store.Store
	Connection record.Connection
	Refresher  platform.Refresher
	Now        func() time.Time
	// Wait waits for d or until ctx ends.
	Wait func(ctx context.Context, d time.Duration) error
	// Renewed is told, with each token handed out, when the platform last renewed the grant; nil for nobody.
	Renewed func(time.Time)
}

// Put stores a connection's first grant, or the one of connecting again, over whatever is there. A grant without an
// access token is refreshed at first use; one without a refresh token serves until it ends or is refused.
// Errors: fault.Rejected for a grant without any token, fault.Transient.
func Put(ctx context.Context, s store.Store, c record.Connection, g platform.Grant) error {
	if g.AccessToken == "" && g.RefreshToken == "" {
		return fault.Newf(fault.Rejected, "store grant of "+string(c), "it holds no token")
	}
	return update(ctx, s, c, func(t *tokens) bool {
		t.Lease++ // a process that refreshes the old grant now is outranked
		*t = tokens{Access: g.AccessToken, Refresh: g.RefreshToken, ExpiresAt: g.ExpiresAt, Generation: t.Lease, Lease: t.Lease, rev: t.rev}
		return true
	})
}

// Has reports whether a connection has a grant that is not known to be over. Errors: fault.Transient.
func Has(ctx context.Context, s store.Store, c record.Connection) (bool, error) {
	t, err := read(ctx, s, c)
	return err == nil && t.rev > 0 && !t.Over, err
}

// Standing is where a connection's grant stands, without any of its tokens.
type Standing struct {
	// Connected: there is a grant that is not known to be over.
	Connected bool `json:"connected"`
	// Over: the platform refused to renew it; only connecting again helps. InDoubt: a renewal had no clear answer.
	Over    bool `json:"over,omitempty"`
	InDoubt bool `json:"in_doubt,omitempty"`
	// RenewedAt is when the tokens were last renewed, ExpiresAt when the access token ends; zero where it is not known.
	RenewedAt time.Time `json:"renewed_at,omitzero"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// StandingOf tells where a connection's grant stands. Errors: fault.Transient.
func StandingOf(ctx context.Context, s store.Store, c record.Connection) (Standing, error) {
	t, err := read(ctx, s, c)
	if err != nil {
		return Standing{}, err
	}
	return Standing{Connected: t.rev > 0 && !t.Over, Over: t.Over, InDoubt: t.InDoubt, RenewedAt: t.RenewedAt, ExpiresAt: t.ExpiresAt}, nil
}

// Renew has a connection's tokens renewed at the next call, whatever is left of their life: an operator's wish, or a test
// of a rotated secret. It is no error if there is no grant. Errors: fault.Transient.
func Renew(ctx context.Context, s store.Store, c record.Connection) error {
	return update(ctx, s, c, func(t *tokens) bool {
		if t.rev == 0 || t.Over || t.Refused {
			return false
		}
		t.Refused = true
		return true
	})
}

// Token implements platform.Tokens. Errors: fault.Unauthorized if there is no grant or it is over, without asking the
// platform; fault.Transient if it could not be refreshed now.
func (s *Source) Token(ctx context.Context) (string, error) {
	op := "token of " + string(s.Connection)
	for range pollsMax {
		t, err := read(ctx, s.Store, s.Connection)
		if err != nil {
			return "", err
		}
		now := s.Now()
		switch {
		case t.rev == 0:
			return "", fault.Newf(fault.Unauthorized, op, "not connected yet")
		case t.Over:
			return "", fault.Newf(fault.Unauthorized, op, "the grant is over; connect again")
		case t.lives(now, freshFor):
			if s.Renewed != nil && !t.RenewedAt.IsZero() {
				s.Renewed(t.RenewedAt)
			}
			return t.Access, nil
		case t.Refresh == "":
			return s.last(t, now)
		case !t.LeaseUntil.After(now):
			access, err := s.refresh(ctx, t)
			if !fault.Is(err, fault.Stale) {
				return access, err
			}
			continue // another caller was faster
		case t.lives(now, livesFor):
			return t.Access, nil
		}
		if err := s.Wait(ctx, pollEach); err != nil {
			return "", fault.New(fault.Transient, op, err)
		}
	}
	return "", fault.Newf(fault.Transient, op, "another caller's refresh did not end")
}

// last gives a token that nothing can refresh, as long as it lives.
func (s *Source) last(t tokens, now time.Time) (string, error) {
	if t.lives(now, 0) {
		return t.Access, nil
	}
	return "", fault.Newf(fault.Unauthorized, "token of "+string(s.Connection),
		"it is over and there is none to refresh it with; connect again")
}

// Refused implements platform.Tokens. A token that was replaced meanwhile is not marked. Errors: fault.Transient.
func (s *Source) Refused(ctx context.Context, token string) error {
	return update(ctx, s.Store, s.Connection, func(t *tokens) bool {
		if t.rev == 0 || t.Access != token || t.Refused {
			return false
		}
		t.Refused = true
		return true
	})
}

// refresh takes the lease, asks the platform once, and stores the answer before anybody uses it.
// Errors: fault.Stale if another was faster, at whichever step: read the row again.
func (s *Source) refresh(ctx context.Context, t tokens) (string, error) {
	t.Lease++
	t.LeaseUntil = s.Now().Add(leaseLife)
	if err := write(ctx, s.Store, s.Connection, t); err != nil {
		return "", err
	}
	asking, cancel := context.WithTimeout(ctx, refreshPatience)
	grant, err := s.Refresher.Refresh(asking, t.Refresh)
	cancel()
	// What the platform did is done, so it is written down even if the caller has gone.
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), keepPatience)
	defer cancel()
	switch {
	case err == nil:
		return s.keep(ctx, t, grant)
	case clientRefused(err):
		return "", s.misconfigured(ctx, t, err)
	case fault.Is(err, fault.Unauthorized):
		return "", s.end(ctx, t, err)
	default:
		return "", s.postpone(ctx, t, err)
	}
}

// keep stores a new pair and gives its access token, unless a later lease stored one meanwhile (fault.Stale). The row
// may have moved under the lease all the same: another caller marked the old token as refused.
func (s *Source) keep(ctx context.Context, leased tokens, g platform.Grant) (string, error) {
	next := tokens{Access: g.AccessToken, Refresh: g.RefreshToken, ExpiresAt: g.ExpiresAt, Generation: leased.Lease, RenewedAt: s.Now().UTC()}
	if next.Refresh == "" {
		next.Refresh = leased.Refresh
	}
	outranked := false
	err := update(ctx, s.Store, s.Connection, func(t *tokens) bool {
		// An earlier try of ours, applied though reported as failed, has our generation and our token.
		outranked = t.Generation > next.Generation || (t.Generation == next.Generation && t.Access != next.Access)
		if t.Generation >= next.Generation {
			return false
		}
		next.Lease, next.rev = t.Lease, t.rev
		if t.Lease > leased.Lease {
			next.LeaseUntil = t.LeaseUntil // a successor asks at this moment; let it end
		}
		*t = next
		return true
	})
	if err == nil && outranked {
		err = s.outranked()
	}
	return next.Access, err
}

// end marks the grant as over, unless it was renewed meanwhile or a later lease is finding out (fault.Stale).
// Its error is the refusal.
func (s *Source) end(ctx context.Context, leased tokens, refused error) error {
	outranked := false
	err := update(ctx, s.Store, s.Connection, func(t *tokens) bool {
		outranked = t.Generation != leased.Generation || t.Lease != leased.Lease
		t.Over, t.LeaseUntil = true, time.Time{}
		return !outranked
	})
	switch {
	case err != nil:
		return err
	case outranked:
		return s.outranked()
	}
	return fault.New(fault.Unauthorized, "token of "+string(s.Connection), refused)
}

// clientRefused reports whether the platform refused the app and not the grant.
func clientRefused(err error) bool {
	var e *fault.Error
	return errors.As(err, &e) && e.Kind == fault.Unauthorized && slices.Contains(platform.ClientRefused, e.Code)
}

// misconfigured leaves the grant as it is: the app's secret is wrong, and that is mended elsewhere.
func (s *Source) misconfigured(ctx context.Context, leased tokens, refused error) error {
	if err := s.postpone(ctx, leased, fault.New(fault.Transient, "refresh", nil)); !fault.Is(err, fault.Transient) {
		return err
	}
	return fault.New(fault.Unauthorized, "token of "+string(s.Connection)+
		": the platform refuses the app's id or secret; mend that, the authorisation itself stands", refused)
}

func (s *Source) outranked() error {
	return fault.Newf(fault.Stale, "token of "+string(s.Connection), "a later lease has it")
}

// postpone leaves the old refresh token in place, to be tried again. A refresh in doubt may be under way still, so its
// lease runs to its end; one that was not applied leaves the endpoint alone for a moment, or as long as it asks.
// Its error is the failure, as fault.Transient.
func (s *Source) postpone(ctx context.Context, leased tokens, failed error) error {
	err := update(ctx, s.Store, s.Connection, func(t *tokens) bool {
		if t.Lease != leased.Lease {
			return false
		}
		switch fault.KindOf(failed) {
		case fault.Transient, fault.RateLimited:
			t.LeaseUntil = s.Now().Add(min(max(fault.After(failed, pauseMin), pauseMin), pauseMax))
		default:
			t.InDoubt = true
		}
		return true
	})
	if err != nil {
		return err
	}
	return fault.New(fault.Transient, "token of "+string(s.Connection), failed)
}

package credential_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// rotating is a token endpoint that refuses a refresh token it has replaced.
type rotating struct {
	mu      sync.Mutex
	t       *testing.T
	current string
	serial  int
	fail    error
	// reuse says that a replaced token is expected here; refusals counts them.
	reuse    bool
	refusals int
}

func (r *rotating) Refresh(_ context.Context, refresh string) (platform.Grant, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return platform.Grant{}, r.fail
	}
	if refresh != r.current {
		r.refusals++
		if !r.reuse {
			r.t.Errorf("an old refresh token was used again")
		}
		return platform.Grant{}, fault.Newf(fault.Unauthorized, "refresh", "rotated away")
	}
	r.serial++
	r.current = string(rune('a' + r.serial))
	return platform.Grant{AccessToken: "access-" + r.current, RefreshToken: r.current, ExpiresAt: begin.Add(time.Hour)}, nil
}

var begin = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func source(s store.Store, r platform.Refresher, now *time.Time) *credential.Source {
	return &credential.Source{Store: s, Connection: "jobber", Refresher: r, Now: func() time.Time { return *now },
		Wait: func(context.Context, time.Duration) error { return nil }}
}

func TestOneRefreshHoweverManyCallers(t *testing.T) {
	ctx, s, r, now := context.Background(), memstore.New(), &rotating{t: t, current: "a"}, begin
	if err := credential.Put(ctx, s, "jobber", platform.Grant{AccessToken: "old", RefreshToken: "a",
		ExpiresAt: begin.Add(90 * time.Second)}); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if token, err := source(s, r, &now).Token(ctx); err != nil || (token != "old" && token != "access-b") {
				t.Errorf("got %q, %v", token, err)
			}
		})
	}
	group.Wait()
	if r.serial != 1 {
		t.Errorf("refreshed %d times, want once", r.serial)
	}
}

func TestRefusedTokenIsReplacedOnce(t *testing.T) {
	ctx, s, r, now := context.Background(), memstore.New(), &rotating{t: t, current: "a"}, begin
	_ = credential.Put(ctx, s, "jobber", platform.Grant{AccessToken: "old", RefreshToken: "a", ExpiresAt: begin.Add(time.Hour)})
	x := source(s, r, &now)
	for range 2 {
		if err := x.Refused(ctx, "old"); err != nil {
			t.Fatal(err)
		}
		if token, err := x.Token(ctx); err != nil || token != "access-b" {
			t.Errorf("got %q, %v, want the new token", token, err)
		}
	}
	if r.serial != 1 {
		t.Errorf("refreshed %d times, want once", r.serial)
	}
}

func TestGrantThatIsOverIsNotTriedAgain(t *testing.T) {
	ctx, s, now := context.Background(), memstore.New(), begin
	r := &rotating{t: t, current: "a", fail: fault.Newf(fault.Unauthorized, "refresh", "invalid_grant")}
	_ = credential.Put(ctx, s, "jobber", platform.Grant{AccessToken: "old", RefreshToken: "a", ExpiresAt: begin})
	if _, err := source(s, r, &now).Token(ctx); !fault.Is(err, fault.Unauthorized) {
		t.Errorf("got %v, want unauthorized", err)
	}
	r.fail = nil
	if _, err := source(s, r, &now).Token(ctx); !fault.Is(err, fault.Unauthorized) || r.serial != 0 {
		t.Errorf("got %v after %d refreshes, want unauthorized without asking again", err, r.serial)
	}
}

// TestAWrongClientSecretCostsNoAuthorisation: the platform refuses the app, and once that is mended the grant serves on.
func TestAWrongClientSecretCostsNoAuthorisation(t *testing.T) {
	ctx, s, now := context.Background(), memstore.New(), begin
	r := &rotating{t: t, current: "a", fail: &fault.Error{Kind: fault.Unauthorized, Op: "refresh", Code: "invalid_client"}}
	_ = credential.Put(ctx, s, "jobber", platform.Grant{AccessToken: "old", RefreshToken: "a", ExpiresAt: begin})
	if _, err := source(s, r, &now).Token(ctx); !fault.Is(err, fault.Unauthorized) || !strings.Contains(err.Error(), "id or secret") {
		t.Errorf("got %v, want unauthorized, and what to mend", err)
	}
	if standing, err := credential.StandingOf(ctx, s, "jobber"); err != nil || !standing.Connected || standing.InDoubt {
		t.Errorf("got %+v, %v, want a grant that stands", standing, err)
	}
	r.fail, now = nil, begin.Add(time.Minute)
	if token, err := source(s, r, &now).Token(ctx); err != nil || token != "access-b" {
		t.Errorf("got %q, %v, want the new token", token, err)
	}
	if standing, err := credential.StandingOf(ctx, s, "jobber"); err != nil || !standing.RenewedAt.Equal(now) {
		t.Errorf("got %+v, %v, want renewed at %s", standing, err, now)
	}
}

func TestLostAnswerKeepsTheOldRefreshToken(t *testing.T) {
	ctx, s, now := context.Background(), memstore.New(), begin
	r := &rotating{t: t, current: "a", fail: fault.Newf(fault.InDoubt, "refresh", "no answer")}
	_ = credential.Put(ctx, s, "jobber", platform.Grant{AccessToken: "old", RefreshToken: "a", ExpiresAt: begin})
	if _, err := source(s, r, &now).Token(ctx); !fault.Is(err, fault.Transient) {
		t.Errorf("got %v, want transient", err)
	}
	r.fail, now = nil, begin.Add(time.Minute)
	if token, err := source(s, r, &now).Token(ctx); err != nil || token != "access-b" {
		t.Errorf("got %q, %v, want the new token", token, err)
	}
}

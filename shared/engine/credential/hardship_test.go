package credential_test

import (
	"context"
	"fmt"
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

// failing is a store whose commits fail as a test says, each in one of two ways: not applied, or applied but reported
// as failed. After a crash every call fails.
type failing struct {
	store.Store
	mu      sync.Mutex
	commits int
	fail    func(commit int) way
	crashed bool
	// stored is closed by the first commit that keeps a new pair.
	stored chan struct{}
	once   sync.Once
}

// way is how a commit fails.
type way int

const (
	succeeds way = iota
	notApplied
	appliedButFailed
	crashesBefore
	crashesAfter
)

var errBroken = fault.Newf(fault.Transient, "test store", "broken")

func (f *failing) Get(ctx context.Context, keys []store.Key) (map[store.Key]store.Row, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.crashed {
		return nil, errBroken
	}
	return f.Store.Get(ctx, keys)
}

func (f *failing) Commit(ctx context.Context, writes []store.Write) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.crashed {
		return errBroken
	}
	f.commits++
	how := succeeds
	if f.fail != nil {
		how = f.fail(f.commits)
	}
	f.crashed = how == crashesBefore || how == crashesAfter
	if how == notApplied || how == crashesBefore {
		return errBroken
	}
	err := f.Store.Commit(ctx, writes)
	if err == nil && f.stored != nil && strings.Contains(string(writes[0].Body), `"access-`) {
		f.once.Do(func() { close(f.stored) })
	}
	if how != succeeds {
		return errBroken
	}
	return err
}

func connect(t *testing.T, g platform.Grant) *memstore.Store {
	t.Helper()
	s := memstore.New()
	if err := credential.Put(context.Background(), s, "jobber", g); err != nil {
		t.Fatal(err)
	}
	return s
}

// old is a grant whose access token has ended; "a" is what rotating takes first.
func old() platform.Grant {
	return platform.Grant{AccessToken: "old", RefreshToken: "a", ExpiresAt: begin}
}

func TestFiftyCallersWaitForOneRefresh(t *testing.T) {
	ctx, r, now := context.Background(), &rotating{t: t, current: "a"}, begin
	s := &failing{Store: connect(t, old()), stored: make(chan struct{})}
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			x := source(s, r, &now)
			x.Wait = func(ctx context.Context, _ time.Duration) error {
				select {
				case <-s.stored:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			if token, err := x.Token(ctx); err != nil || token != "access-b" {
				t.Errorf("got %q, %v, want the new token", token, err)
			}
		})
	}
	group.Wait()
	if r.serial != 1 {
		t.Errorf("refreshed %d times, want once", r.serial)
	}
}

// TestEveryFailedWriteHeals fails each commit of a refresh in both ways, alone. A caller after the lease has the
// token, and no refresh token was used twice.
func TestEveryFailedWriteHeals(t *testing.T) {
	for commit := 1; commit <= 2; commit++ {
		for _, how := range []way{notApplied, appliedButFailed} {
			t.Run(fmt.Sprintf("commit %d way %d", commit, how), func(t *testing.T) {
				ctx, r, now := context.Background(), &rotating{t: t, current: "a"}, begin
				s := &failing{Store: connect(t, old()), fail: func(n int) way {
					if n == commit {
						return how
					}
					return succeeds
				}}
				token, err := source(s, r, &now).Token(ctx)
				if err != nil && !fault.Is(err, fault.Transient) || err == nil && token != "access-b" {
					t.Errorf("first caller: got %q, %v", token, err)
				}
				now = now.Add(time.Minute)
				if token, err := source(s, r, &now).Token(ctx); err != nil || token != "access-b" {
					t.Errorf("later caller: got %q, %v", token, err)
				}
				if r.serial != 1 {
					t.Errorf("refreshed %d times, want once", r.serial)
				}
			})
		}
	}
}

// TestEveryCrashHealsOrIsTold crashes the process around each commit of a refresh. Only a crash between the platform's
// answer and our write loses anything, and then the next caller hears that a person must connect again; once.
func TestEveryCrashHealsOrIsTold(t *testing.T) {
	for _, c := range []struct {
		commit int
		how    way
		lost   bool
	}{{1, crashesBefore, false}, {1, crashesAfter, false}, {2, crashesBefore, true}, {2, crashesAfter, false}} {
		t.Run(fmt.Sprintf("commit %d way %d", c.commit, c.how), func(t *testing.T) {
			ctx, r, now, kept := context.Background(), &rotating{t: t, current: "a"}, begin, connect(t, old())
			s := &failing{Store: kept, fail: func(n int) way {
				if n == c.commit {
					return c.how
				}
				return succeeds
			}}
			if token, err := source(s, r, &now).Token(ctx); !fault.Is(err, fault.Transient) {
				t.Errorf("the crashed caller got %q, %v", token, err)
			}
			now = now.Add(time.Minute)
			r.reuse = c.lost
			token, err := source(kept, r, &now).Token(ctx)
			if c.lost {
				again, errAgain := source(kept, r, &now).Token(ctx)
				if !fault.Is(err, fault.Unauthorized) || !fault.Is(errAgain, fault.Unauthorized) || r.refusals != 1 {
					t.Errorf("got %q, %v, then %q, %v, asked in vain %d times; want unauthorized, asked once", token, err, again, errAgain, r.refusals)
				}
				return
			}
			if err != nil || token != "access-b" || r.serial != 1 {
				t.Errorf("got %q, %v after %d refreshes, want the new token after one", token, err, r.serial)
			}
		})
	}
}

// during calls something while the platform is being asked.
type during struct {
	platform.Refresher
	call func()
}

func (d during) Refresh(ctx context.Context, refresh string) (platform.Grant, error) {
	grant, err := d.Refresher.Refresh(ctx, refresh)
	d.call()
	return grant, err
}

func TestATokenRefusedDuringItsRefreshDoesNotLoseTheNewPair(t *testing.T) {
	ctx, r, now, s := context.Background(), &rotating{t: t, current: "a"}, begin, connect(t, old())
	other := source(s, r, &now)
	x := source(s, during{r, func() {
		if err := other.Refused(ctx, "old"); err != nil {
			t.Error(err)
		}
	}}, &now)
	if token, err := x.Token(ctx); err != nil || token != "access-b" {
		t.Errorf("got %q, %v, want the new token", token, err)
	}
	if token, err := other.Token(ctx); err != nil || token != "access-b" || r.serial != 1 {
		t.Errorf("got %q, %v after %d refreshes", token, err, r.serial)
	}
}

func TestACallerThatIsGoneStillKeepsTheNewPair(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	r, now, s := &rotating{t: t, current: "a"}, begin, connect(t, old())
	if token, err := source(s, during{r, cancel}, &now).Token(ctx); err != nil || token != "access-b" {
		t.Errorf("got %q, %v", token, err)
	}
	if token, err := source(s, r, &now).Token(context.Background()); err != nil || token != "access-b" || r.serial != 1 {
		t.Errorf("got %q, %v after %d refreshes", token, err, r.serial)
	}
}

func TestConnectingAgainOutranksARefreshUnderWay(t *testing.T) {
	for name, fail := range map[string]error{"that succeeds": nil, "that is refused": fault.Newf(fault.Unauthorized, "refresh",
		"invalid_grant"), "in doubt": fault.Newf(fault.InDoubt, "refresh", "no answer")} {
		t.Run(name, func(t *testing.T) {
			ctx, now, s := context.Background(), begin, connect(t, old())
			r := &rotating{t: t, current: "a", fail: fail}
			x := source(s, during{r, func() {
				if err := credential.Put(ctx, s, "jobber", platform.Grant{AccessToken: "person", RefreshToken: "p",
					ExpiresAt: begin.Add(time.Hour)}); err != nil {
					t.Error(err)
				}
			}}, &now)
			_, _ = x.Token(ctx)
			if token, err := x.Token(ctx); err != nil || token != "person" {
				t.Errorf("got %q, %v, want the token of the new grant", token, err)
			}
		})
	}
}

// TestAnOutlivedLeaseDoesNotUndoItsSuccessor lets a second caller take over after the first one's lease, while the
// first still asks: whatever the first hears, the second's pair stays.
func TestAnOutlivedLeaseDoesNotUndoItsSuccessor(t *testing.T) {
	for name, late := range map[string]error{"late answer": nil, "late refusal": fault.Newf(fault.Unauthorized, "refresh", "invalid_grant")} {
		t.Run(name, func(t *testing.T) {
			ctx, now, s := context.Background(), begin, connect(t, old())
			second := &rotating{t: t, current: "a"}
			first := slow{late, func() {
				now = now.Add(time.Minute)
				if token, err := source(s, second, &now).Token(ctx); err != nil || token != "access-b" {
					t.Errorf("the second got %q, %v", token, err)
				}
			}}
			if token, err := source(s, first, &now).Token(ctx); err != nil || token != "access-b" {
				t.Errorf("the first got %q, %v, want the second's token", token, err)
			}
			if token, err := source(s, second, &now).Token(ctx); err != nil || token != "access-b" || second.serial != 1 {
				t.Errorf("afterwards: got %q, %v", token, err)
			}
		})
	}
}

// slow answers only after something else has happened.
type slow struct {
	err  error
	call func()
}

func (l slow) Refresh(context.Context, string) (platform.Grant, error) {
	l.call()
	return platform.Grant{AccessToken: "access-late", RefreshToken: "late", ExpiresAt: begin.Add(time.Hour)}, l.err
}

func TestTheEndpointIsLeftAloneAfterAFailure(t *testing.T) {
	for name, c := range map[string]struct {
		fail  error
		pause time.Duration
	}{
		"not applied":  {fault.Newf(fault.Transient, "refresh", "503"), 5 * time.Second},
		"rate limited": {&fault.Error{Kind: fault.RateLimited, Op: "refresh", After: time.Minute}, time.Minute},
		"in doubt":     {fault.Newf(fault.InDoubt, "refresh", "no answer"), 45 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, now, s := context.Background(), begin, connect(t, old())
			r := &rotating{t: t, current: "a", fail: c.fail}
			counted, calls := during{r, nil}, 0
			counted.call = func() { calls++ }
			for range 3 {
				if _, err := source(s, counted, &now).Token(ctx); !fault.Is(err, fault.Transient) {
					t.Errorf("got %v, want transient", err)
				}
			}
			if calls != 1 {
				t.Errorf("asked %d times at once, want once", calls)
			}
			r.fail, now = nil, now.Add(c.pause)
			if token, err := source(s, counted, &now).Token(ctx); err != nil || token != "access-b" {
				t.Errorf("after the pause: got %q, %v", token, err)
			}
		})
	}
}

func TestTokensWithoutARefreshTokenServeUntilTheyEnd(t *testing.T) {
	ctx, now := context.Background(), begin
	none := &rotating{t: t}
	s := connect(t, platform.Grant{AccessToken: "static"})
	if token, err := source(s, none, &now).Token(ctx); err != nil || token != "static" {
		t.Errorf("without an end: got %q, %v", token, err)
	}
	if err := source(s, none, &now).Refused(ctx, "static"); err != nil {
		t.Fatal(err)
	}
	if _, err := source(s, none, &now).Token(ctx); !fault.Is(err, fault.Unauthorized) {
		t.Errorf("refused: got %v, want unauthorized", err)
	}
	s = connect(t, platform.Grant{AccessToken: "short", ExpiresAt: begin.Add(time.Minute)})
	if token, err := source(s, none, &now).Token(ctx); err != nil || token != "short" {
		t.Errorf("before its end: got %q, %v", token, err)
	}
	now = begin.Add(time.Minute)
	if _, err := source(s, none, &now).Token(ctx); !fault.Is(err, fault.Unauthorized) {
		t.Errorf("after its end: got %v, want unauthorized", err)
	}
}

func TestWhatIsNotConnectedIsUnauthorized(t *testing.T) {
	ctx, now, s := context.Background(), begin, memstore.New()
	if _, err := source(s, &rotating{t: t}, &now).Token(ctx); !fault.Is(err, fault.Unauthorized) {
		t.Errorf("got %v, want unauthorized", err)
	}
	if err := source(s, &rotating{t: t}, &now).Refused(ctx, "x"); err != nil {
		t.Errorf("refused: got %v", err)
	}
	if has, err := credential.Has(ctx, s, "jobber"); err != nil || has {
		t.Errorf("has: got %v, %v", has, err)
	}
	if err := credential.Put(ctx, s, "jobber", platform.Grant{}); !fault.Is(err, fault.Rejected) {
		t.Errorf("an empty grant: got %v, want rejected", err)
	}
}

func TestErrorsHoldNoToken(t *testing.T) {
	ctx, now := context.Background(), begin
	s := memstore.New()
	key := store.Key{Table: store.Control, Partition: "token#jobber", Sort: "token"}
	if err := s.Commit(ctx, []store.Write{{Key: key, Body: []byte(`{"access":"secret-access","refresh":"secret`)}}); err != nil {
		t.Fatal(err)
	}
	_, err := source(s, &rotating{t: t}, &now).Token(ctx)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

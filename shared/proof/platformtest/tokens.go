package platformtest

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

func tokenRules() []Rule {
	return []Rule{
		{Name: "a token that ends in the middle of a batch is refreshed", Once: true, Check: tokenEnds,
			Why: "a token lives an hour, and a batch does not ask how much of it is left"},
		{Name: "one refresh however many callers", Once: true, Check: oneRefresh,
			Why: "a refresh token that rotates is used once: a second use ends the grant"},
		{Name: "a grant that is over is told as such, at once", Once: true, Check: grantOver,
			Why: "only a person can connect again; retries would spend the night"},
		{Name: "a token endpoint that fails spends no grant", Once: true, Check: tokenEndpoint,
			Why: "an outage of the vendor's log-in must not look like a revoked grant"},
		{Name: "tokens and records go to the platform's hosts only", Once: true, Check: hostsOnly,
			Why: "a configured or answered address must not carry a customer's data away"},
		{Name: "a redirect to another host is not followed", Once: true, Check: noRedirect,
			Why: "the request that is sent on carries the token"},
	}
}

// granted gives the stand a grant that expires, as a real one does.
func (s *Stand) granted() error {
	s.Sim.SetFaults(platformsim.Faults{TokenLife: 10 * time.Minute})
	if err := s.grant(platform.Grant{RefreshToken: s.Sim.Access().RefreshToken}); err != nil {
		return err
	}
	s.connect(s.Bench.BaseURL)
	return nil
}

func tokenEnds(s *Stand) error {
	ids, err := s.made(4)
	if err != nil {
		return err
	}
	var intents []record.Intent
	for i, id := range ids {
		operation := record.OperationUpdate
		intent, err := s.update(id, record.Fields{s.Object.Text: s.edited(170 + i)})
		if err != nil {
			return err
		}
		intent.Operation = operation
		intents = append(intents, intent)
	}
	for i := range 2 {
		intent, err := s.create(180 + i)
		if err != nil {
			return err
		}
		intents = append(intents, intent)
	}
	if err := s.granted(); err != nil {
		return err
	}
	served := 0
	s.wire.onRequest(func(Sent) {
		if served++; served <= 6 && served%2 == 1 {
			s.Clock.Advance(11 * time.Minute) // longer than the token lives, while the request is on its way
		}
	})
	receipts, err := s.apply(intents...)
	s.wire.calm()
	if err != nil {
		return err
	}
	for i, r := range receipts {
		if r.Err != nil && !fault.Is(r.Err, fault.Transient) {
			return fmt.Errorf("item %d: %w", i, r.Err)
		}
		if r.Err != nil {
			continue
		}
		truth, err := s.truth(r.ID)
		if err != nil {
			return err
		}
		if err := s.compare(intents[i].Fields, truth); err != nil {
			return fmt.Errorf("item %d is answered as done: %w", i, err)
		}
	}
	for i := range intents {
		if intents[i].Operation == record.OperationUpdate {
			if intents[i], err = s.update(ids[i], intents[i].Fields); err != nil {
				return err
			}
		}
	}
	if _, err := s.applied(retried(intents)...); err != nil {
		return fmt.Errorf("sent again: %w", err)
	}
	if live := len(s.Sim.IDs(s.Object.Name)); live != 6 {
		return fmt.Errorf("4 records and 2 creates came to %d", live)
	}
	if _, tokens := s.wire.requests(); tokens == 0 {
		return fmt.Errorf("no token was refreshed")
	}
	return nil
}

// counted counts commits, so that a waiting caller can wait for one.
type counted struct {
	store.Store
	mu      sync.Mutex
	changed chan struct{}
}

func (c *counted) Commit(ctx context.Context, writes []store.Write) error {
	err := c.Store.Commit(ctx, writes)
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.changed)
	c.changed = make(chan struct{})
	return err
}

func (c *counted) wait() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

// callers is how many ask at once.
const callers = 12

func oneRefresh(s *Stand) error {
	ids, err := s.made(2)
	if err != nil {
		return err
	}
	if err := s.granted(); err != nil {
		return err
	}
	// Everybody waits at the token endpoint until all have asked for a token.
	var asked atomic.Int32
	commits := &counted{Store: s.store, changed: make(chan struct{})}
	source := s.tokens()
	source.Store = commits
	source.Wait = func(ctx context.Context, _ time.Duration) error {
		asked.Add(1)
		select {
		case <-commits.wait():
		case <-ctx.Done():
		case <-time.After(time.Millisecond): // the commit may have come between the look and the wait
		}
		return nil
	}
	connector := s.Bench.Connect(platform.Settings{Connection: here, Account: s.Sim.Access().Account, BaseURL: s.Bench.BaseURL, Tokens: source,
		HTTP: s.client, Now: s.Clock.Now, Options: s.Bench.Options})
	var group sync.WaitGroup
	errs := make([]error, callers)
	for i := range callers {
		group.Go(func() {
			_, errs[i] = connector.Fetch(s.ctx(), s.Object.Name, s.all(), ids)
		})
	}
	group.Wait()
	for _, err := range errs {
		// A platform may take only so many calls at once.
		if err != nil && !fault.Is(err, fault.Transient) && !fault.Is(err, fault.RateLimited) {
			return err
		}
	}
	if _, tokens := s.wire.requests(); tokens != 1 {
		return fmt.Errorf("%d callers asked the token endpoint %d times", callers, tokens)
	}
	// The token that was stored serves everybody after.
	s.connect(s.Bench.BaseURL)
	if _, err := s.read(ids[0]); err != nil {
		return err
	}
	s.Clock.Advance(11 * time.Minute)
	if _, err := s.read(ids[0]); err != nil {
		return fmt.Errorf("with the rotated refresh token: %w", err)
	}
	return nil
}

func grantOver(s *Stand) error {
	ids, intent, err := s.prepared()
	if err != nil {
		return err
	}
	if err := s.grant(platform.Grant{AccessToken: "zq-expired-access", RefreshToken: "zq-revoked-refresh"}); err != nil {
		return err
	}
	s.keepSecret("zq-expired-access", "zq-revoked-refresh")
	s.connect(s.Bench.BaseURL)
	for round := range 2 {
		s.wire.forget()
		met := s.readAll(ids)
		met["update"] = s.write(intent)
		for what, err := range met {
			if err := wantKind(what, err, fault.Unauthorized); err != nil {
				return err
			}
		}
		if api, tokens := s.wire.requests(); round > 0 && api+tokens > 0 {
			return fmt.Errorf("%d requests were sent with a grant that is known to be over", api+tokens)
		}
	}
	return nil
}

func tokenEndpoint(s *Stand) error {
	ids, _, err := s.prepared()
	if err != nil {
		return err
	}
	access := s.Sim.Access()
	for _, a := range []Answer{{Status: 500}, {Status: 503, Body: []byte("<html>down</html>")},
		{Status: 200, Body: []byte("<html>log in</html>")}, {Status: 200, Body: []byte(`{"access_token":"`)},
		{Status: 200}, {Status: 200, Body: []byte(`{"access_token":7}`)}, {Status: 429},
		{Status: 302, Header: http.Header{"Location": {"https://elsewhere.example/"}}}} {
		refresher := s.Bench.Refresh(platform.RefreshSettings{TokenURL: s.Bench.TokenURL, ClientID: access.ClientID,
			ClientSecret: access.ClientSecret, Now: s.Clock.Now,
			HTTP: platform.Guarded(s.Bench.Catalog.Hosts, answering(a))})
		_, err := refresher.Refresh(s.ctx(), access.RefreshToken)
		if err := wantKind(fmt.Sprintf("status %d with %d bytes", a.Status, len(a.Body)), err, fault.InDoubt, fault.Transient); err != nil {
			return err
		}
	}
	if err := s.granted(); err != nil {
		return err
	}
	_, err = s.read(ids[0])
	return err
}

// answering is a transport that gives one answer.
type answering Answer

// RoundTrip implements http.RoundTripper.
func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := Answer(a)
	return respond(r, &answer, nil)
}

func hostsOnly(s *Stand) error {
	ids, intent, err := s.prepared()
	if err != nil {
		return err
	}
	for _, elsewhere := range []string{"https://elsewhere.example", "https://169.254.169.254", "http://metadata.internal"} {
		s.connect(elsewhere)
		s.wire.forget()
		met := s.readAll(ids)
		met["update"] = s.write(intent)
		for what, err := range met {
			if err == nil {
				return fmt.Errorf("%s at %s is answered", what, elsewhere)
			}
		}
		if api, tokens := s.wire.requests(); api+tokens > 0 {
			return fmt.Errorf("%d requests reached %s", api+tokens, elsewhere)
		}
	}
	return nil
}

func noRedirect(s *Stand) error {
	ids, intent, err := s.prepared()
	if err != nil {
		return err
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		s.wire.answerInstead(func(r Sent) (*Answer, error) {
			return &Answer{Status: status, Header: http.Header{"Location": {"https://elsewhere.example" + r.Path}},
				Body: []byte("<html>moved</html>")}, nil
		})
		s.wire.forget()
		met := s.readAll(ids)
		met["update"] = s.write(intent)
		for what, err := range met {
			if err == nil {
				return fmt.Errorf("%s, redirected with status %d, is answered", what, status)
			}
		}
		for _, r := range s.wire.since() {
			if r.Host == "elsewhere.example" {
				return fmt.Errorf("status %d: the request went on to another host", status)
			}
		}
	}
	return nil
}

package platformtest

import (
	"fmt"
	"net/http"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

func limitRules() []Rule {
	return []Rule{
		{Name: "a limit says when to come back", Check: limited,
			Why: "asking again at once keeps the limit in force, and spends what people need"},
		{Name: "a Retry-After is respected", Check: retryAfter,
			Why: "the platform knows best"},
		{Name: "a failing platform is transient, or in doubt for writes", Check: failing,
			Why: "an outage is waited for, and a write that may have landed is looked at first"},
		{Name: "what was limited or failed is done when it ends", Check: recovers,
			Why: "nothing is dead-lettered for an outage"},
	}
}

func (s *Stand) write(intent record.Intent) error {
	receipts, err := s.Apply(s.ctx(), []record.Intent{intent})
	return outcome(receipts, err, 0)
}

// prepared makes two records and an update of one, before anything goes wrong.
func (s *Stand) prepared() ([]record.ExternalID, record.Intent, error) {
	ids, err := s.made(2)
	if err != nil {
		return nil, record.Intent{}, err
	}
	intent, err := s.update(ids[0], record.Fields{s.Object.Text: s.edited(150)})
	return ids, intent, err
}

// each runs a check over every kind of call under faults; kinds are those of reads, writeKinds those of writes.
func (s *Stand) each(set func(), kinds, writeKinds []fault.Kind, also func(what string, err error) error) error {
	ids, intent, err := s.prepared()
	if err != nil {
		return err
	}
	before, err := s.truth(ids[0])
	if err != nil {
		return err
	}
	set()
	create, err := s.create(160)
	if err != nil {
		return err
	}
	met := s.readAll(ids)
	for what, err := range met {
		if err := wantKind(what, err, kinds...); err != nil {
			return err
		}
	}
	met["update"], met["create"] = s.write(intent), s.write(create)
	for _, what := range []string{"update", "create"} {
		if err := wantKind(what, met[what], writeKinds...); err != nil {
			return err
		}
	}
	for what, err := range met {
		if also == nil {
			break
		}
		if err := also(what, err); err != nil {
			return err
		}
	}
	after, err := s.truth(ids[0])
	if err != nil {
		return err
	}
	if diff := s.differ(before, after, []record.PlatformField{s.Object.Text}); diff != "" {
		return fmt.Errorf("a write that was not done changed the record")
	}
	return nil
}

func limited(s *Stand) error {
	return s.each(func() { s.Sim.SetFaults(platformsim.Faults{RateLimit: 1}) }, []fault.Kind{fault.RateLimited},
		[]fault.Kind{fault.RateLimited}, func(what string, err error) error {
			if after := fault.After(err, 0); after <= 0 || after > 24*time.Hour {
				return fmt.Errorf("%s: to come back after %v", what, after)
			}
			return nil
		})
}

func retryAfter(s *Stand) error {
	at := s.Clock.Now().Add(40 * time.Second).UTC().Format(http.TimeFormat)
	for _, c := range []struct {
		header string
		want   time.Duration
	}{{"33", 33 * time.Second}, {at, 40 * time.Second}} {
		fresh, err := newStand(s.Bench, s.Object)
		if err != nil {
			return err
		}
		set := func() {
			fresh.wire.answerInstead(func(Sent) (*Answer, error) {
				return &Answer{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {c.header}}}, nil
			})
		}
		err = fresh.each(set, []fault.Kind{fault.RateLimited}, []fault.Kind{fault.RateLimited}, func(what string, err error) error {
			if got := fault.After(err, 0); got != c.want {
				return fmt.Errorf("%s: to come back after %v, the platform said %v", what, got, c.want)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func failing(s *Stand) error {
	if err := s.each(func() { s.Sim.SetFaults(platformsim.Faults{ServerError: 1}) }, []fault.Kind{fault.Transient},
		[]fault.Kind{fault.InDoubt, fault.Transient}, nil); err != nil {
		return err
	}
	for _, status := range []int{500, 502, 503, 504, 524, 599} {
		fresh, err := newStand(s.Bench, s.Object)
		if err != nil {
			return err
		}
		set := func() {
			fresh.wire.answerInstead(func(Sent) (*Answer, error) {
				return &Answer{Status: status, Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte("<html>zqsecret-page</html>")}, nil
			})
		}
		fresh.keepSecret("zqsecret-page")
		if err := fresh.each(set, []fault.Kind{fault.Transient}, []fault.Kind{fault.InDoubt, fault.Transient}, nil); err != nil {
			return fmt.Errorf("status %d: %w", status, err)
		}
		if err := fresh.broken(); err != nil {
			return err
		}
	}
	return nil
}

func recovers(s *Stand) error {
	ids, intent, err := s.prepared()
	if err != nil {
		return err
	}
	for _, f := range []platformsim.Faults{{RateLimit: 1}, {ServerError: 1}} {
		s.Sim.SetFaults(f)
		_ = s.readAll(ids) // whatever it meets
		_ = s.write(intent)
		s.Sim.SetFaults(platformsim.Faults{})
		s.Clock.Advance(time.Hour)
		for what, err := range s.readAll(ids) {
			if err != nil {
				return fmt.Errorf("after it ended, %s: %w", what, err)
			}
		}
		again, err := s.update(ids[0], intent.Fields)
		if err != nil {
			return err
		}
		if _, err := s.applied(again); err != nil {
			return fmt.Errorf("after it ended: %w", err)
		}
	}
	return nil
}

package platformtest

import (
	"bytes"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

var (
	signed = &Ability{"webhooks are neither signed nor carry a secret",
		func(p *catalog.Platform, _ *catalog.Object) bool { return p.Webhooks.Signed }}
	tellsDeletes = &Ability{"webhooks tell no deletions", func(p *catalog.Platform, _ *catalog.Object) bool {
		return p.Webhooks.Signed &&
			p.Webhooks.Deletes
	}}
	sealed = &Ability{"webhooks carry a secret, and no signature over the body",
		func(p *catalog.Platform, _ *catalog.Object) bool { return p.Webhooks.Sealed }}
	dated = &Ability{"webhooks do not tell when they were made", func(p *catalog.Platform, _ *catalog.Object) bool { return p.Webhooks.Dated }}
)

// webhookBytesMax is more than any connector takes of one webhook.
const webhookBytesMax = 2 << 20

// replayed is how much later a replay comes.
const replayed = 400 * 24 * time.Hour

func webhookRules() []Rule {
	return []Rule{
		{Name: "a genuine webhook hints at its record", Needs: signed, Check: genuine, Unable: unsignedRefused,
			Why: "it is what makes a sync fast"},
		{Name: "a webhook tells a deletion", Needs: tellsDeletes, Check: deletionHinted, Unable: noDeletionHinted,
			Why: "a deletion that polls do not tell is known by this alone"},
		{Name: "an unsigned or forged webhook is refused", Needs: signed, Check: forged, Unable: unsignedRefused,
			Why: "anybody can call a public address"},
		{Name: "an altered webhook is refused", Needs: sealed, Check: altered, Unable: alteredIsHint,
			Why: "a hint at a record of somebody's choice costs calls"},
		{Name: "a replayed webhook is refused", Needs: dated, Check: replay, Unable: replayIsHint,
			Why: "a request that was caught once must not be of use for ever"},
		{Name: "an oversized or malformed webhook is refused", Needs: signed, Check: oversized, Unable: unsignedRefused,
			Why: "a body is read whole before it is verified"},
	}
}

// deliveries has a person make, edit and remove a record, and gives what leaves, with the record.
func (s *Stand) deliveries() ([]platformsim.Delivery, record.ExternalID, error) {
	if _, err := s.minimal(s.Object.Name, 1); err != nil { // parents, whose webhooks are of no interest
		return nil, "", err
	}
	s.Clock.Advance(time.Minute)
	s.Sim.Deliveries()
	ids, err := s.made(1)
	if err != nil {
		return nil, "", err
	}
	s.Clock.Advance(3 * time.Second)
	if err := s.edit(ids[0], 1); err != nil {
		return nil, "", err
	}
	s.Clock.Advance(3 * time.Second)
	out := s.Sim.Deliveries()
	if err := s.Sim.Delete(s.Object.Name, ids[0]); err != nil {
		return nil, "", err
	}
	s.Clock.Advance(3 * time.Second)
	out = append(out, s.Sim.Deliveries()...)
	if len(out) == 0 {
		return nil, "", fmt.Errorf("a record was made, edited and removed, and no webhook left")
	}
	return out, ids[0], nil
}

func (s *Stand) receive(d platformsim.Delivery, secret string, now time.Time) ([]platform.Hint, error) {
	hints, err := s.Bench.Receive(secret, platform.Request{Method: d.Method, URL: d.URL, Header: d.Header, Body: d.Body, Now: now})
	s.error("webhook", err)
	if err != nil && hints != nil {
		s.note("webhook: %d hints beside an error", len(hints))
	}
	return hints, err
}

func (s *Stand) secret() string { return s.Sim.Access().WebhookSecret }

func genuine(s *Stand) error {
	all, id, err := s.deliveries()
	if err != nil {
		return err
	}
	account, hinted := s.Sim.Access().Account, false
	for _, d := range all {
		hints, err := s.receive(d, s.secret(), s.Clock.Now())
		if err != nil {
			return err
		}
		for _, h := range hints {
			if h.Account != account || h.ID == "" || h.Object == "" || h.Kind == "" || h.Kind == record.KindMerged &&
				(h.Into == "" || h.Into == h.ID) {
				return fmt.Errorf("an incomplete hint: %+v", h)
			}
			if age := s.Clock.Now().Sub(h.OccurredAt); !h.OccurredAt.IsZero() && (age < 0 || age > time.Minute) {
				return fmt.Errorf("a hint at what happened %v ago", age)
			}
			hinted = hinted || h.Object == s.Object.Name && h.ID == id
		}
	}
	if !hinted {
		return fmt.Errorf("none of %d webhooks hints at the record", len(all))
	}
	return nil
}

func deletionHinted(s *Stand) error {
	all, id, err := s.deliveries()
	if err != nil {
		return err
	}
	for _, d := range all {
		hints, err := s.receive(d, s.secret(), s.Clock.Now())
		if err != nil {
			return err
		}
		if slices.ContainsFunc(hints, func(h platform.Hint) bool { return h.ID == id && h.Kind == record.KindDeleted }) {
			return nil
		}
	}
	// Where the record is kept, a change that hides it serves as well: the read shows it.
	if _, archived, ok := s.Sim.Record(s.Object.Name, id); ok && archived {
		return nil
	}
	return fmt.Errorf("none of %d webhooks tells the deletion", len(all))
}

func noDeletionHinted(s *Stand) error {
	all, _, err := s.deliveries()
	if err != nil {
		return nil // it sends none at all
	}
	for _, d := range all {
		hints, _ := s.receive(d, s.secret(), s.Clock.Now()) // refused is as good
		if slices.ContainsFunc(hints, func(h platform.Hint) bool { return h.Kind == record.KindDeleted }) {
			return fmt.Errorf("a webhook tells a deletion")
		}
	}
	return nil
}

// unsignedRefused shows that whatever comes is refused.
func unsignedRefused(s *Stand) error {
	d := platformsim.Delivery{Method: http.MethodPost, URL: webhookURL, Header: http.Header{}, Body: []byte(`[{"id":1}]`)}
	if all, _, err := s.deliveries(); err == nil {
		d = all[0]
	}
	_, err := s.receive(d, s.secret(), s.Clock.Now())
	return wantKind("any webhook", err, fault.Unauthorized, fault.Rejected)
}

func forged(s *Stand) error {
	all, _, err := s.deliveries()
	if err != nil {
		return err
	}
	for _, d := range all {
		bare := d
		bare.Header = http.Header{"Content-Type": {"application/json"}}
		_, err := s.receive(bare, s.secret(), s.Clock.Now())
		if err := wantKind("without a signature", err, fault.Unauthorized); err != nil {
			return err
		}
		for _, wrong := range []string{"", "guessed", s.secret() + "x", s.secret()[1:]} {
			other := copied(d)
			s.Bench.Resign(wrong, &other, s.Clock.Now())
			_, err := s.receive(other, s.secret(), s.Clock.Now())
			if err := wantKind("signed with another secret", err, fault.Unauthorized); err != nil {
				return err
			}
		}
		unset := copied(d)
		s.Bench.Resign("", &unset, s.Clock.Now())
		_, err = s.receive(unset, "", s.Clock.Now())
		if err := wantKind("where no secret is set", err, fault.Unauthorized); err != nil {
			return err
		}
		resigned := copied(d)
		s.Bench.Resign(s.secret(), &resigned, s.Clock.Now())
		if _, err := s.receive(resigned, s.secret(), s.Clock.Now()); err != nil {
			return fmt.Errorf("the bench signs as nobody does: %w", err)
		}
	}
	return nil
}

func copied(d platformsim.Delivery) platformsim.Delivery {
	d.Header, d.Body = d.Header.Clone(), bytes.Clone(d.Body)
	return d
}

func altered(s *Stand) error {
	all, _, err := s.deliveries()
	if err != nil {
		return err
	}
	for _, d := range all {
		for i := range d.Body {
			other := copied(d)
			other.Body[i] ^= 1
			_, err := s.receive(other, s.secret(), s.Clock.Now())
			if err := wantKind(fmt.Sprintf("with byte %d altered", i), err, fault.Unauthorized); err != nil {
				return err
			}
		}
		for _, more := range []string{" ", "\n", "[]", `{"a":1}`} {
			other := copied(d)
			other.Body = append(other.Body, more...)
			_, err := s.receive(other, s.secret(), s.Clock.Now())
			if err := wantKind("with something behind it", err, fault.Unauthorized); err != nil {
				return err
			}
		}
		for name := range d.Header {
			if err := s.headerCounts(d, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// headerCounts says that a header whose alteration passes is not read at all.
func (s *Stand) headerCounts(d platformsim.Delivery, name string) error {
	other, without := copied(d), copied(d)
	value := []byte(other.Header.Get(name))
	value[len(value)/2] ^= 1
	other.Header.Set(name, string(value))
	without.Header.Del(name)
	_, alteredErr := s.receive(other, s.secret(), s.Clock.Now())
	_, withoutErr := s.receive(without, s.secret(), s.Clock.Now())
	if alteredErr == nil && withoutErr != nil {
		return fmt.Errorf("header %s is needed, and accepted in another form", name)
	}
	return nil
}

// alteredIsHint shows that a body is only a hint: what is altered names another record at most, and the secret counts.
func alteredIsHint(s *Stand) error {
	all, _, err := s.deliveries()
	if err != nil {
		return err
	}
	for _, d := range all {
		other := copied(d)
		other.Body = append(other.Body, ' ')
		hints, err := s.receive(other, s.secret(), s.Clock.Now())
		if err != nil {
			return fmt.Errorf("the body is covered after all: %w", err)
		}
		if hints == nil {
			continue
		}
		for name := range d.Header {
			if err := s.headerCounts(d, name); err != nil {
				return err
			}
		}
	}
	return nil
}

func replay(s *Stand) error {
	all, _, err := s.deliveries()
	if err != nil {
		return err
	}
	for _, d := range all {
		for _, later := range []time.Duration{replayed, -replayed} {
			_, err := s.receive(d, s.secret(), s.Clock.Now().Add(later))
			if err := wantKind(fmt.Sprintf("received %v later", later), err, fault.Unauthorized); err != nil {
				return err
			}
		}
	}
	return nil
}

// replayIsHint shows that a replay says again what was said, and nothing else.
func replayIsHint(s *Stand) error {
	all, _, err := s.deliveries()
	if err != nil {
		return nil // it sends none
	}
	if !s.Bench.Catalog.Webhooks.Signed {
		return unsignedRefused(s)
	}
	for _, d := range all {
		first, err := s.receive(d, s.secret(), s.Clock.Now())
		if err != nil {
			return err
		}
		again, err := s.receive(d, s.secret(), s.Clock.Now().Add(replayed))
		if err != nil {
			return fmt.Errorf("an old one is refused after all: %w", err)
		}
		if !reflect.DeepEqual(first, again) {
			return fmt.Errorf("a replay hints at something else")
		}
	}
	return nil
}

func oversized(s *Stand) error {
	all, _, err := s.deliveries()
	if err != nil {
		return err
	}
	d := copied(all[0])
	d.Body = append(d.Body, bytes.Repeat([]byte{' '}, webhookBytesMax)...)
	s.Bench.Resign(s.secret(), &d, s.Clock.Now())
	_, err = s.receive(d, s.secret(), s.Clock.Now())
	if err := wantKind("of 2 MB", err, fault.Rejected); err != nil {
		return err
	}
	for _, text := range []string{"", "null", "7", `"text"`, "{", "<html>", "\x00", `{"a":`, string(all[0].Body[:len(all[0].Body)/2])} {
		d := copied(all[0])
		d.Body = []byte(text)
		s.Bench.Resign(s.secret(), &d, s.Clock.Now())
		hints, err := s.receive(d, s.secret(), s.Clock.Now())
		if err == nil && len(hints) > 0 {
			return fmt.Errorf("a body of %d bytes that is no event gives %d hints", len(text), len(hints))
		}
		if err != nil {
			if err := wantKind("malformed", err, fault.Rejected, fault.Unauthorized); err != nil {
				return err
			}
		}
	}
	return nil
}

package platformtest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

var (
	uniqueKey  = &Ability{"creates carry no unique key", func(_ *catalog.Platform, o *catalog.Object) bool { return o.Ability.UniqueKey }}
	requestKey = &Ability{"creates carry no request key", func(_ *catalog.Platform, o *catalog.Object) bool { return o.Ability.RequestKey }}
	marker     = &Ability{"no field can hold our identity",
		func(_ *catalog.Platform, o *catalog.Object) bool { return o.Ability.Marker != "" }}
)

func doubtRules() []Rule {
	return []Rule{
		{Name: "a lost answer to a create makes no second record: unique key", Needs: uniqueKey, Check: lostCreate(false), Unable: twiceByKey,
			Why: "the answer is lost, the record is made, and the create comes again"},
		{Name: "a lost answer to a create makes no second record: request key", Needs: requestKey, Check: lostCreate(false),
			Unable: twiceByRequest,
			Why:    "the answer is lost, the record is made, and the create comes again"},
		{Name: "a lost answer to a create makes no second record: our mark", Needs: marker, Check: lostCreate(true), Unable: noMarker,
			Why: "the answer is lost, the record is made, and the create comes again"},
		{Name: "a lost answer to an update is in doubt, and harmless again", Check: lostUpdate,
			Why: "a write that may have been applied is observed before it is sent again"},
		{Name: "a connection that ends is in doubt for writes, transient for reads", Check: cut,
			Why: "only what was certainly not applied may be sent again unseen"},
	}
}

// lostCreate loses the answer to creates and sends them again; told says that the second try is told of the first.
func lostCreate(told bool) Check {
	return func(s *Stand) error {
		before := s.Clock.Now()
		var intents []record.Intent
		for i := range 3 {
			intent, err := s.create(110 + i)
			if err != nil {
				return err
			}
			intents = append(intents, intent)
		}
		had := len(s.Sim.IDs(s.Object.Name))
		if err := s.lostWrites(intents); err != nil {
			return err
		}
		s.Clock.Advance(2*s.lag() + 3*time.Second)
		if told {
			for i := range intents {
				intents[i].AttemptsBegan = before
			}
		}
		receipts, err := s.applied(intents...)
		if err != nil {
			return fmt.Errorf("sent again: %w", err)
		}
		live := s.Sim.IDs(s.Object.Name)
		if len(live)-had != len(intents) {
			return fmt.Errorf("%d creates, sent twice, made %d records", len(intents), len(live)-had)
		}
		for i, r := range receipts {
			truth, err := s.truth(r.ID)
			if err != nil {
				return err
			}
			if err := s.compare(intents[i].Fields, truth); err != nil {
				return fmt.Errorf("the second try answers another record: %w", err)
			}
		}
		third, err := s.applied(intents...)
		if err != nil {
			return fmt.Errorf("sent a third time: %w", err)
		}
		if len(s.Sim.IDs(s.Object.Name)) != len(live) || third[0].ID != receipts[0].ID {
			return fmt.Errorf("sent a third time, a create made another record or answers another")
		}
		return nil
	}
}

// twice sends two creates that differ in nothing but what edit changes, and wants two records or a refusal.
func (s *Stand) twice(edit func(*record.Intent)) error {
	intent, err := s.create(120)
	if err != nil {
		return err
	}
	first, err := s.applied(intent)
	if err != nil {
		return err
	}
	edit(&intent)
	s.Clock.Advance(2 * time.Second)
	second, err := s.apply(intent)
	if err != nil {
		return err
	}
	if r := second[0]; r.Err == nil && !r.Existing && r.ID == first[0].ID {
		return fmt.Errorf("the second create answers the first one's record as new")
	}
	return nil
}

// twiceByKey shows that our identity alone keeps nothing apart.
func twiceByKey(s *Stand) error {
	return s.twice(func(i *record.Intent) { i.Key += "-other" })
}

// twiceByRequest shows that the intent's key alone keeps nothing apart: another record under the same key is made.
func twiceByRequest(s *Stand) error {
	fields, err := s.minimal(s.Object.Name, 121)
	if err != nil {
		return err
	}
	return s.twice(func(i *record.Intent) {
		key := i.Key
		*i = s.creating(121, fields)
		i.Key = key
	})
}

// noMarker shows that no connector makes, or asks for, a field for our identity.
func noMarker(s *Stand) error {
	if _, ok := s.raw.(platform.Preparing); ok {
		return fmt.Errorf("the connector makes one")
	}
	if !s.Ability.UniqueKey && !s.Ability.RequestKey {
		return fmt.Errorf("nothing else keeps a create from being made twice")
	}
	return nil
}

func lostUpdate(s *Stand) error {
	ids, err := s.made(3)
	if err != nil {
		return err
	}
	var intents []record.Intent
	for i, id := range ids {
		intent, err := s.update(id, record.Fields{s.Object.Text: s.edited(130 + i)})
		if err != nil {
			return err
		}
		intents = append(intents, intent)
	}
	if err := s.lostWrites(intents); err != nil {
		return err
	}
	for i := range intents {
		if intents[i], err = s.update(ids[i], intents[i].Fields); err != nil {
			return err
		}
	}
	if _, err := s.applied(intents...); err != nil {
		return fmt.Errorf("sent again: %w", err)
	}
	for i, id := range ids {
		truth, err := s.truth(id)
		if err != nil {
			return err
		}
		if err := s.compare(intents[i].Fields, truth); err != nil {
			return err
		}
	}
	return nil
}

// writes says that a request holds a value that is being written.
func writes(r Sent, intents []record.Intent) bool {
	return slices.ContainsFunc(intents, func(i record.Intent) bool {
		for _, value := range i.Fields {
			if strings.HasPrefix(value, mark) && bytes.Contains(r.Body, []byte(value)) {
				return true
			}
		}
		return false
	})
}

// lostWrites loses the answers of the requests that write, and of no others: what is read before is answered.
func (s *Stand) lostWrites(intents []record.Intent) error {
	s.wire.alter(func(r Sent, a Answer) (Answer, error) {
		if writes(r, intents) {
			return Answer{Status: 502, Body: []byte("<html>bad gateway</html>")}, nil
		}
		return a, nil
	})
	receipts, err := s.Apply(s.ctx(), intents)
	s.wire.calm()
	doubt := 0
	for i := range intents {
		failed := outcome(receipts, err, i)
		if err := wantKind("a lost answer", failed, fault.InDoubt, fault.Transient); err != nil {
			return err
		}
		if fault.Is(failed, fault.InDoubt) {
			doubt++
		}
	}
	if doubt == 0 {
		return fmt.Errorf("none of %d writes whose answer was lost is in doubt", len(intents))
	}
	return nil
}

func cut(s *Stand) error {
	ids, err := s.made(2)
	if err != nil {
		return err
	}
	intent, err := s.update(ids[0], record.Fields{s.Object.Text: s.edited(140)})
	if err != nil {
		return err
	}
	for _, served := range []bool{false, true} {
		end := func() {
			if served {
				s.wire.alter(func(Sent, Answer) (Answer, error) { return Answer{}, errCut })
			} else {
				s.wire.answerInstead(func(Sent) (*Answer, error) { return nil, errCut })
			}
		}
		end()
		for what, err := range s.readAll(ids) {
			if err := wantKind(what, err, fault.Transient); err != nil {
				return err
			}
		}
		s.wire.calm()
		if served {
			s.wire.alter(func(r Sent, a Answer) (Answer, error) {
				if writes(r, []record.Intent{intent}) {
					return Answer{}, errCut
				}
				return a, nil
			})
		} else {
			s.wire.answerInstead(func(r Sent) (*Answer, error) {
				if writes(r, []record.Intent{intent}) {
					return nil, errCut
				}
				return nil, nil
			})
		}
		receipts, err := s.Apply(s.ctx(), []record.Intent{intent})
		s.wire.calm()
		if err := wantKind("a write", outcome(receipts, err, 0), fault.InDoubt); err != nil {
			return err
		}
		s.Clock.Advance(time.Second)
	}
	return nil
}

// readAll makes every kind of read, and gives what each met.
func (s *Stand) readAll(ids []record.ExternalID) map[string]error {
	out := map[string]error{}
	if s.Ability.Polls {
		_, out["changes"] = s.changes(s.query(3))
	}
	_, out["list"] = s.list(s.query(3))
	for what, ids := range map[string][]record.ExternalID{"fetch of one": ids[:1], "fetch": ids} {
		reads, err := s.Fetch(s.ctx(), s.Object.Name, s.all(), ids)
		out[what] = err
		if err == nil {
			out[what] = reads[0].Err
		}
	}
	if len(s.Ability.Find) > 0 {
		_, out["find"] = s.Find(s.ctx(), s.Object.Name, s.all(), []platform.Lookup{{Field: s.Ability.Find[0], Value: "zq"}})
	}
	return out
}

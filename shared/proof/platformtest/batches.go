package platformtest

import (
	"fmt"
	"net/http"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

func batchRules() []Rule {
	return []Rule{
		{Name: "one bad item fails alone", Check: badItem,
			Why: "a poison record must stop only itself"},
		{Name: "a platform's failure of one item is that item's", Check: itemFailure,
			Why: "an internal error beside a success may or may not have written"},
		{Name: "a limit in the middle of a batch loses nobody", Check: limitAmong,
			Why: "what was done is done, and what was not is sent again"},
		{Name: "a full batch is written", Check: fullBatch,
			Why: "the first load sends nothing but full ones"},
	}
}

func badItem(s *Stand) error {
	ids, err := s.made(5)
	if err != nil {
		return err
	}
	absent, err := s.absentID(ids[0])
	if err != nil {
		return err
	}
	if err := s.Sim.Delete(s.Object.Name, ids[3]); err != nil {
		return err
	}
	var intents []record.Intent
	for i, id := range []record.ExternalID{ids[0], absent, ids[1], ids[3], ids[2]} {
		intents = append(intents, record.Intent{Key: fmt.Sprint("k", i), Operation: record.OperationUpdate, Ref: s.ref(id),
			Fields: record.Fields{s.Object.Text: s.edited(50 + i)}})
	}
	refused, err := s.update(ids[4], record.Fields{s.Object.Refused.Field: s.Object.Refused.Value})
	if err != nil {
		return err
	}
	nameless := intents[0]
	nameless.Key, nameless.Ref.ID = "nameless", ""
	create, err := s.create(90)
	if err != nil {
		return err
	}
	intents = append(intents, refused, nameless, create)
	for i := range intents {
		if intents[i].Operation == record.OperationUpdate && intents[i].Current == nil && (i == 0 || i == 2 || i == 4) {
			if intents[i].Current, err = s.read(intents[i].Ref.ID); err != nil {
				return err
			}
		}
	}
	receipts, err := s.apply(intents...)
	if err != nil {
		return err
	}
	for _, i := range []int{0, 2, 4, 7} {
		if receipts[i].Err != nil {
			return fmt.Errorf("a good item, number %d: %w", i, receipts[i].Err)
		}
		if _, err := s.truth(receipts[i].ID); err != nil {
			return err
		}
	}
	for i, id := range map[int]record.ExternalID{0: ids[0], 2: ids[1], 4: ids[2]} {
		truth, err := s.truth(id)
		if err != nil {
			return err
		}
		if err := s.compare(intents[i].Fields, truth); err != nil || receipts[i].ID != id {
			return fmt.Errorf("a good item, number %d of receipt %s: %v", i, receipts[i].ID, err)
		}
	}
	if err := wantKind("an update of a record that never was", receipts[1].Err, fault.Gone); err != nil {
		return err
	}
	// What a person removed is gone, or kept in a form that can still be written.
	if err := receipts[3].Err; err != nil && !fault.Is(err, fault.Gone) && !fault.Is(err, fault.Rejected) {
		return fmt.Errorf("an update of a removed record: %w", err)
	}
	if err := wantKind("a value that the platform does not take", receipts[5].Err, fault.Rejected); err != nil {
		return err
	}
	return wantKind("an update without an id", receipts[6].Err, fault.Rejected)
}

func itemFailure(s *Stand) error {
	ids, err := s.made(3)
	if err != nil {
		return err
	}
	var intents []record.Intent
	for i, id := range ids {
		intent, err := s.update(id, record.Fields{s.Object.Text: s.edited(60 + i)})
		if err != nil {
			return err
		}
		intents = append(intents, intent)
	}
	s.Sim.SetFaults(platformsim.Faults{ItemError: 1})
	receipts, err := s.Apply(s.ctx(), intents)
	s.Sim.SetFaults(platformsim.Faults{})
	for i := range intents {
		failed := outcome(receipts, err, i)
		truth, readErr := s.truth(ids[i])
		if readErr != nil {
			return readErr
		}
		if failed == nil {
			if err := s.compare(intents[i].Fields, truth); err != nil {
				return fmt.Errorf("an item that failed is answered as done: %w", err)
			}
			continue
		}
		if err := wantKind("an internal error of one item", failed, fault.InDoubt, fault.Transient); err != nil {
			return err
		}
	}
	for i := range intents {
		fresh, err := s.update(ids[i], intents[i].Fields)
		if err != nil {
			return err
		}
		intents[i] = fresh
	}
	_, err = s.applied(intents...)
	return err
}

// limitAmong lets the first requests of a batch through and limits the rest.
func limitAmong(s *Stand) error {
	for allowed := range 4 {
		fresh, err := newStand(s.Bench, s.Object)
		if err != nil {
			return err
		}
		ids, err := fresh.made(2)
		if err != nil {
			return err
		}
		var intents []record.Intent
		for i := range 3 {
			intent, err := fresh.create(100 + i)
			if err != nil {
				return err
			}
			intents = append(intents, intent)
		}
		for i, id := range ids {
			intent, err := fresh.update(id, record.Fields{s.Object.Text: fresh.edited(70 + i)})
			if err != nil {
				return err
			}
			intents = append(intents, intent)
		}
		before := len(fresh.Sim.IDs(s.Object.Name))
		served := 0
		fresh.wire.answerInstead(func(Sent) (*Answer, error) {
			if served++; served > allowed {
				return &Answer{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"7"}}}, nil
			}
			return nil, nil
		})
		receipts, err := fresh.Apply(fresh.ctx(), intents)
		fresh.wire.calm()
		done := 0
		for i := range intents {
			failed := outcome(receipts, err, i)
			if failed == nil {
				done++
				truth, err := fresh.truth(receipts[i].ID)
				if err != nil {
					return fmt.Errorf("after %d requests: answered as done: %w", allowed, err)
				}
				if err := fresh.compare(intents[i].Fields, truth); err != nil {
					return fmt.Errorf("after %d requests: answered as done: %w", allowed, err)
				}
				continue
			}
			if err := wantKind(fmt.Sprintf("item %d, limited after %d requests", i, allowed), failed, fault.RateLimited); err != nil {
				return err
			}
			if fault.After(failed, 0) != 7*time.Second {
				return fmt.Errorf("after %d requests: asked to come back after %v, the platform said 7s", allowed, fault.After(failed, 0))
			}
		}
		if served > allowed+1 {
			return fmt.Errorf("after %d requests: %d more were sent into the limit", allowed, served-allowed-1)
		}
		fresh.Clock.Advance(2 * fresh.lag())
		// Sent again, as the writer does: reads first, and says that it tried.
		for i := range intents {
			if intents[i].Operation == record.OperationUpdate {
				if intents[i], err = fresh.update(intents[i].Ref.ID, intents[i].Fields); err != nil {
					return err
				}
			}
		}
		if _, err := fresh.applied(retried(intents)...); err != nil {
			return fmt.Errorf("sent again: %w", err)
		}
		if made := len(fresh.Sim.IDs(s.Object.Name)) - before; made != 3 {
			return fmt.Errorf("after %d requests and once more: 3 creates made %d records (%d were answered as done)", allowed, made, done)
		}
		if err := fresh.broken(); err != nil {
			return err
		}
	}
	return nil
}

// retried marks creates as tried before.
func retried(intents []record.Intent) []record.Intent {
	for i := range intents {
		if intents[i].Operation == record.OperationCreate {
			intents[i].AttemptsBegan = begins
		}
	}
	return intents
}

func fullBatch(s *Stand) error {
	var creates, updates []record.Intent
	for i := range s.Ability.WriteMax {
		intent, err := s.create(1000 + i)
		if err != nil {
			return err
		}
		creates = append(creates, intent)
	}
	receipts, err := s.applied(creates...)
	if err != nil {
		return err
	}
	s.Clock.Advance(time.Minute)
	seen := map[record.ExternalID]bool{}
	for i, r := range receipts {
		truth, err := s.truth(r.ID)
		if err != nil {
			return err
		}
		if err := s.compare(creates[i].Fields, truth); err != nil || seen[r.ID] {
			return fmt.Errorf("receipt %d of %d names %s: %v", i, len(receipts), r.ID, err)
		}
		seen[r.ID] = true
		updates = append(updates, record.Intent{Key: fmt.Sprint("u", i), Operation: record.OperationUpdate, Ref: s.ref(r.ID),
			Fields: record.Fields{s.Object.Text: s.edited(2000 + i)}, Current: r.Snapshot})
	}
	if receipts, err = s.applied(updates...); err != nil {
		return err
	}
	for i, r := range receipts {
		truth, err := s.truth(updates[i].Ref.ID)
		if err != nil {
			return err
		}
		if err := s.compare(updates[i].Fields, truth); err != nil || r.ID != updates[i].Ref.ID {
			return fmt.Errorf("receipt %d of %d names %s: %v", i, len(receipts), r.ID, err)
		}
	}
	return nil
}

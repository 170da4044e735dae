package platformtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

var (
	pollsDeletes = &Ability{"polls tell no deletions", func(_ *catalog.Platform, o *catalog.Object) bool { return o.Ability.PollsDeletes }}
	archives     = &Ability{"records cannot be archived", func(_ *catalog.Platform, o *catalog.Object) bool { return o.Ability.Archive }}
	deletes      = &Ability{"records cannot be deleted", func(_ *catalog.Platform, o *catalog.Object) bool { return o.Ability.Delete }}
	restores     = &Ability{"archived records cannot be restored by the API",
		func(_ *catalog.Platform, o *catalog.Object) bool { return o.Ability.Restore }}
	merges = &Ability{"a merged record does not name its survivor",
		func(_ *catalog.Platform, o *catalog.Object) bool { return o.Ability.Merges }}
)

func removalRules() []Rule {
	return []Rule{
		{Name: "a removed record reads as gone or archived", Check: removedReads,
			Why: "a deletion is proved by a read, never by a claim"},
		{Name: "polls tell deletions", Needs: pollsDeletes, Check: pollsTellDeletes, Unable: pollsTellNone,
			Why: "a deletion whose webhook was lost is found by the next poll, or else only by a reconcile"},
		{Name: "a record that a person restores is live again", Check: restored,
			Why: "a tombstone gives way to a later live read"},
		{Name: "an intent archives", Needs: archives, Check: archive(record.OperationArchive), Unable: refusedOperation(record.OperationArchive),
			Why: "a deletion here becomes an archive there, once, however often it is asked for"},
		{Name: "an intent deletes", Needs: deletes, Check: archive(record.OperationDelete), Unable: refusedOperation(record.OperationDelete),
			Why: "a deletion here becomes a deletion there, once, however often it is asked for"},
		{Name: "an intent restores", Needs: restores, Check: restore, Unable: refusedOperation(record.OperationRestore),
			Why: "what a mistake archived comes back as the same record"},
		{Name: "a merged record names its survivor", Needs: merges, Check: mergedNames, Unable: mergedIsGone,
			Why: "links and children move to the survivor; a guess would move them to a stranger"},
	}
}

// removed has a person remove one of three records.
func (s *Stand) removed() (ids []record.ExternalID, err error) {
	if ids, err = s.made(3); err != nil {
		return nil, err
	}
	s.Clock.Advance(2 * time.Second)
	if err := s.Sim.Delete(s.Object.Name, ids[1]); err != nil {
		return nil, fmt.Errorf("a person deletes %s: %w", ids[1], err)
	}
	return ids, nil
}

// goneOrArchived says that a read shows neither.
func goneOrArchived(r platform.Read) error {
	switch {
	case r.Err != nil:
		return r.Err
	case r.Snapshot != nil && !r.Snapshot.Archived:
		return fmt.Errorf("%s was removed and reads as live", r.ID)
	case r.Absence != nil && r.Absence.Evidence == record.EvidenceMerged:
		return fmt.Errorf("%s was removed and reads as merged", r.ID)
	}
	return nil
}

func removedReads(s *Stand) error {
	ids, err := s.removed()
	if err != nil {
		return err
	}
	for _, batch := range [][]record.ExternalID{ids, {ids[1]}, {ids[1], ids[1]}} {
		reads, err := s.fetch(batch...)
		if err != nil {
			return err
		}
		for _, r := range reads {
			if r.ID != ids[1] {
				if r.Snapshot == nil || r.Snapshot.Archived {
					return fmt.Errorf("%s is live and reads as %+v", r.ID, r)
				}
				continue
			}
			if err := goneOrArchived(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// afterRemoval polls until all that trails must have shown.
func (s *Stand) afterRemoval() (ids []record.ExternalID, p *poller, err error) {
	if ids, err = s.made(3); err != nil {
		return nil, nil, err
	}
	p = s.poller(5)
	if err := p.toEnd(); err != nil {
		return nil, nil, err
	}
	s.Clock.Advance(2 * time.Second)
	p.seen = newTold()
	if err := s.Sim.Delete(s.Object.Name, ids[1]); err != nil {
		return nil, nil, fmt.Errorf("a person deletes %s: %w", ids[1], err)
	}
	return ids, p, p.settle(ids)
}

func pollsTellDeletes(s *Stand) error {
	ids, p, err := s.afterRemoval()
	if err != nil {
		return err
	}
	last, told := p.seen.last[ids[1]]
	if _, gone := p.seen.gone[ids[1]]; !gone && !(told && last.Archived) {
		return fmt.Errorf("the deletion of %s is told by no poll", ids[1])
	}
	for _, id := range []record.ExternalID{ids[0], ids[2]} {
		if _, gone := p.seen.gone[id]; gone {
			return fmt.Errorf("%s is live and told as gone", id)
		}
	}
	return nil
}

func pollsTellNone(s *Stand) error {
	ids, p, err := s.afterRemoval()
	if err != nil {
		return err
	}
	if len(p.seen.gone) > 0 {
		return fmt.Errorf("a poll tells the deletion of %s", ids[1])
	}
	return nil
}

func restored(s *Stand) error {
	ids, err := s.removed()
	if err != nil {
		return err
	}
	if s.Object.Restore == nil {
		if fields, archived, ok := s.Sim.Record(s.Object.Name, ids[1]); ok && !archived {
			return fmt.Errorf("nobody can restore it, and the platform shows it live with %d fields", len(fields))
		}
		return nil // gone for good: there is nothing to restore
	}
	p := s.poller(5)
	if err := p.toEnd(); err != nil {
		return err
	}
	s.Clock.Advance(2 * time.Second)
	if err := s.Object.Restore(s.Sim, ids[1]); err != nil {
		return fmt.Errorf("a person restores %s: %w", ids[1], err)
	}
	if _, err := s.read(ids[1]); err != nil {
		return err
	}
	s.Clock.Advance(2 * time.Second)
	if err := s.edit(ids[1], 1); err != nil {
		return err
	}
	return p.settle(ids)
}

// archive checks an operation that removes: it does, alone among others, and again without harm.
func archive(operation record.Operation) Check {
	return func(s *Stand) error {
		ids, err := s.made(4)
		if err != nil {
			return err
		}
		intent := func(id record.ExternalID) record.Intent {
			return record.Intent{Key: string(operation) + "-" + short(record.PlatformField(id)), Operation: operation, Ref: s.ref(id)}
		}
		first, err := s.applied(intent(ids[0]), intent(ids[2]))
		if err != nil {
			return err
		}
		if first[0].ID != ids[0] || first[1].ID != ids[2] {
			return fmt.Errorf("the receipts are of %s and %s", first[0].ID, first[1].ID)
		}
		if live := s.Sim.IDs(s.Object.Name); slices.Contains(live, ids[0]) || slices.Contains(live, ids[2]) || !slices.Contains(live, ids[1]) ||
			!slices.Contains(live, ids[3]) {
			return fmt.Errorf("%d of 4 records are live, want the 2 that were not meant", len(live))
		}
		reads, err := s.fetch(ids...)
		if err != nil {
			return err
		}
		for i, r := range reads {
			if i%2 == 1 && r.Snapshot == nil {
				return fmt.Errorf("%s was not meant and reads as %+v", r.ID, r)
			}
			if i%2 == 0 {
				if err := goneOrArchived(r); err != nil {
					return err
				}
			}
		}
		again := intent(ids[0])
		again.Key += "-again"
		receipts, err := s.apply(again)
		if err := outcome(receipts, err, 0); err != nil && !fault.Is(err, fault.Gone) {
			return fmt.Errorf("asked for once more: %w, want none or gone", err)
		}
		return nil
	}
}

// refusedOperation shows that an operation is refused, its item alone, and changes nothing.
func refusedOperation(operation record.Operation) Check {
	return func(s *Stand) error {
		ids, err := s.made(2)
		if err != nil {
			return err
		}
		edit, err := s.update(ids[1], record.Fields{s.Object.Text: s.edited(1)})
		if err != nil {
			return err
		}
		receipts, err := s.apply(record.Intent{Key: "x", Operation: operation, Ref: s.ref(ids[0])}, edit)
		if err != nil {
			return err
		}
		if err := wantKind(string(operation), receipts[0].Err, fault.Rejected); err != nil {
			return err
		}
		if receipts[1].Err != nil {
			return fmt.Errorf("the update beside it: %w", receipts[1].Err)
		}
		if live := s.Sim.IDs(s.Object.Name); !slices.Contains(live, ids[0]) {
			return fmt.Errorf("the record is gone all the same")
		}
		return nil
	}
}

func restore(s *Stand) error {
	ids, err := s.made(2)
	if err != nil {
		return err
	}
	if _, err := s.applied(record.Intent{Key: "a", Operation: record.OperationArchive, Ref: s.ref(ids[0])}); err != nil {
		return err
	}
	reads, err := s.fetch(ids[0])
	if err != nil {
		return err
	}
	intent := record.Intent{Key: "r", Operation: record.OperationRestore, Ref: s.ref(ids[0]), Current: reads[0].Snapshot}
	if _, err := s.applied(intent); err != nil {
		return err
	}
	if _, err := s.read(ids[0]); err != nil {
		return err
	}
	intent.Key, intent.Current = "r-again", nil
	receipts, err := s.apply(intent)
	if err := outcome(receipts, err, 0); err != nil && !fault.Is(err, fault.Stale) {
		return fmt.Errorf("asked for once more: %w", err)
	}
	return nil
}

// merged has a person merge record 2 into record 0 of four; ok is false where nobody can.
func (s *Stand) merged() (ids []record.ExternalID, ok bool, err error) {
	if ids, err = s.made(4); err != nil {
		return nil, false, err
	}
	s.Clock.Advance(2 * time.Second)
	return ids, s.Sim.Merge(s.Object.Name, ids[0], ids[2]) == nil, nil
}

func mergedNames(s *Stand) error {
	ids, ok, err := s.merged()
	if err != nil || !ok {
		return fmt.Errorf("nobody could merge two records: %w", err)
	}
	for _, batch := range [][]record.ExternalID{ids, {ids[2]}, {ids[2], ids[0]}, {ids[3], ids[2]}} {
		reads, err := s.fetch(batch...)
		if err != nil {
			return err
		}
		for _, r := range reads {
			named := r.Absence != nil && r.Absence.Evidence == record.EvidenceMerged && r.Absence.Into == ids[0] || r.Snapshot != nil &&
				r.Snapshot.ID == ids[0]
			if r.ID == ids[2] && !named {
				return fmt.Errorf("the loser, among %d, reads as %+v", len(batch), r)
			}
			if r.ID != ids[2] && (r.Snapshot == nil || r.Snapshot.ID != r.ID) {
				return fmt.Errorf("%s was in no merge, or survived one, and reads as %+v", r.ID, r)
			}
		}
	}
	return nil
}

// mergedIsGone shows that a loser reads as gone without a survivor, or that the platform merges no such records.
func mergedIsGone(s *Stand) error {
	ids, ok, err := s.merged()
	if err != nil || !ok {
		return err
	}
	reads, err := s.fetch(ids...)
	if err != nil {
		return err
	}
	if r := reads[2]; r.Err != nil || r.Snapshot != nil && !r.Snapshot.Archived || r.Absence != nil && r.Absence.Into != "" {
		return fmt.Errorf("the loser reads as %+v", r)
	}
	return nil
}

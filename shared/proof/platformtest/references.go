package platformtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// referring lists the writable reference fields.
func (s *Stand) referring() []catalog.Field {
	return slices.DeleteFunc(s.creatable(), func(f catalog.Field) bool { return f.Refers == "" })
}

func references(s *Stand) error {
	for n, f := range s.referring() {
		fields, err := s.minimal(s.Object.Name, 40+n)
		if err != nil {
			return err
		}
		first, err := s.parent(f.Refers, 0)
		if err != nil {
			return err
		}
		second, err := s.parent(f.Refers, 1)
		if err != nil {
			return err
		}
		fields[f.Name] = string(first)
		receipts, err := s.applied(s.creating(40+n, fields))
		if err != nil {
			return fmt.Errorf("a create that names %s: %w", f.Name, err)
		}
		id := receipts[0].ID
		if err := s.refersTo(id, f.Name, string(first)); err != nil {
			return err
		}
		if f.CreateOnly {
			continue
		}
		steps := []string{string(second)}
		if _, kept := s.Object.Kept[f.Name]; !kept && !f.Required {
			steps = append(steps, "", string(first))
		}
		for _, to := range steps {
			intent, err := s.update(id, record.Fields{f.Name: to})
			if err != nil {
				return err
			}
			if _, err := s.applied(intent); err != nil {
				return fmt.Errorf("an update of %s: %w", f.Name, err)
			}
			if err := s.refersTo(id, f.Name, to); err != nil {
				return err
			}
			s.Clock.Advance(2 * time.Second)
		}
	}
	return nil
}

func (s *Stand) refersTo(id record.ExternalID, field record.PlatformField, want string) error {
	truth, err := s.truth(id)
	if err != nil {
		return err
	}
	read, err := s.read(id)
	if err != nil {
		return err
	}
	if truth[field] != want || read.Fields[field] != want {
		return fmt.Errorf("%s names %q and reads as %q, want %q", field, truth[field], read.Fields[field], want)
	}
	return nil
}

func noReferences(s *Stand) error {
	for _, f := range s.Known.Fields {
		if f.Refers != "" && !f.ReadOnly {
			return fmt.Errorf("%s refers to %s", f.Name, f.Refers)
		}
	}
	return nil
}

func dangling(s *Stand) error {
	for n, f := range s.referring() {
		if f.CreateOnly && f.Name != s.referring()[0].Name {
			continue
		}
		parent, err := s.parent(f.Refers, 0)
		if err != nil {
			return err
		}
		missing, err := (&Stand{Bench: s.Bench, Object: s.Bench.of(f.Refers), Sim: s.Sim}).absentID(parent)
		if err != nil {
			return err
		}
		fields, err := s.minimal(s.Object.Name, 60+n)
		if err != nil {
			return err
		}
		fields[f.Name] = string(missing)
		before := len(s.Sim.IDs(s.Object.Name))
		receipts, err := s.apply(s.creating(60+n, fields))
		if err != nil {
			return err
		}
		if receipts[0].Err == nil {
			return fmt.Errorf("a create whose %s is not there is answered as done", f.Name)
		}
		made := len(s.Sim.IDs(s.Object.Name)) - before
		if made > 0 && !fault.Is(receipts[0].Err, fault.InDoubt) || made == 0 && !fault.Is(receipts[0].Err, fault.Waiting) &&
			!fault.Is(receipts[0].Err, fault.Rejected) {
			return fmt.Errorf("a create whose %s is not there made %d records and answers %v", f.Name, made, receipts[0].Err)
		}
	}
	return nil
}

package platformtest

import (
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
	finds = &Ability{"records cannot be looked up by a value",
		func(_ *catalog.Platform, o *catalog.Object) bool { return len(o.Ability.Find) > 0 }}
	findsEmail = &Ability{"records cannot be looked up by email",
		func(_ *catalog.Platform, o *catalog.Object) bool { return emailOf(o) != "" }}
)

// emailOf gives the email field by which records can be looked up, "" if there is none.
func emailOf(o *catalog.Object) record.PlatformField {
	for _, name := range o.Ability.Find {
		if f, _ := o.Field(name); f.Kind == catalog.Email {
			return name
		}
	}
	return ""
}

func findRules() []Rule {
	return []Rule{
		{Name: "records are found by every declared field", Needs: finds, Check: findEvery, Unable: findNone,
			Why: "the first sync links what is there already, instead of making it twice"},
		{Name: "an email is found in any case of its letters", Needs: findsEmail, Check: findCase, Unable: findNoEmail,
			Why: "people write one address in many ways, and each would become a record of its own"},
		{Name: "a look-up answers ten matches at most, and no other's", Needs: finds, Check: findMany, Unable: findNone,
			Why: "two candidates are one too many to guess, and a thousand fill an answer that others share"},
	}
}

// findable makes records that hold a value of their own in a field of Ability.Find, through the connector where the field
// is our identity, and gives their values.
func (s *Stand) findable(field record.PlatformField, n int) (ids []record.ExternalID, values []string, err error) {
	for i := range n {
		number := 300 + i
		intent, err := s.create(number)
		if err != nil {
			return nil, nil, err
		}
		if field != s.Ability.Marker {
			f, _ := s.Known.Field(field)
			if intent.Fields[field], err = s.valueOf(s.Object.Name, f, number); err != nil {
				return nil, nil, err
			}
		}
		receipts, err := s.applied(intent)
		if err != nil {
			return nil, nil, err
		}
		truth, err := s.truth(receipts[0].ID)
		if err != nil {
			return nil, nil, err
		}
		ids, values = append(ids, receipts[0].ID), append(values, truth[field])
		s.Clock.Advance(2 * time.Second)
	}
	s.Clock.Advance(2 * s.lag())
	return ids, values, nil
}

// findMax is how many look-ups one call takes.
func (s *Stand) findMax() int {
	if s.Ability.FindMax > 0 {
		return s.Ability.FindMax
	}
	return s.Ability.ReadMax
}

func (s *Stand) find(lookups ...platform.Lookup) ([][]record.Snapshot, error) {
	var found [][]record.Snapshot
	for part := range slices.Chunk(lookups, s.findMax()) {
		some, err := patient(s, func() ([][]record.Snapshot, error) { return s.Find(s.ctx(), s.Object.Name, s.all(), part) })
		if err != nil {
			return nil, fmt.Errorf("find: %w", err)
		}
		found = append(found, some...)
	}
	if len(found) != len(lookups) {
		return nil, fmt.Errorf("find: %d answers to %d look-ups", len(found), len(lookups))
	}
	return found, nil
}

func idsOf(matches []record.Snapshot) []record.ExternalID {
	var ids []record.ExternalID
	for _, m := range matches {
		ids = append(ids, m.ID)
	}
	return ids
}

func findEvery(s *Stand) error {
	for _, field := range s.Ability.Find {
		fresh, err := newStand(s.Bench, s.Object)
		if err != nil {
			return err
		}
		ids, values, err := fresh.findable(field, 4)
		if err != nil {
			return fmt.Errorf("by %s: %w", field, err)
		}
		if err := fresh.Sim.Delete(s.Object.Name, ids[3]); err != nil {
			return err
		}
		fresh.Clock.Advance(2 * s.lag())
		found, err := fresh.find(platform.Lookup{Field: field, Value: values[2]}, platform.Lookup{Field: field, Value: mark + " nobody"},
			platform.Lookup{Field: field, Value: ""},
			platform.Lookup{Field: field, Value: values[0]}, platform.Lookup{Field: field, Value: values[3]},
			platform.Lookup{Field: field, Value: values[2]})
		if err != nil {
			return fmt.Errorf("by %s: %w", field, err)
		}
		for i, want := range [][]record.ExternalID{{ids[2]}, nil, nil, {ids[0]}, nil, {ids[2]}} {
			if got := idsOf(found[i]); !slices.Equal(got, want) {
				return fmt.Errorf("by %s: look-up %d found %v, want %v", field, i, got, want)
			}
		}
		truth, err := fresh.truth(ids[2])
		if err != nil {
			return err
		}
		if diff := s.differ(truth, found[0][0].Fields, s.all()); diff != "" {
			return fmt.Errorf("by %s: what was found differs from the record: %s", field, diff)
		}
		if err := fresh.broken(); err != nil {
			return err
		}
	}
	return nil
}

// findNone shows that a look-up by any field is refused unsent.
func findNone(s *Stand) error {
	for _, f := range s.Known.Fields {
		_, err := s.Find(s.ctx(), s.Object.Name, s.all(), []platform.Lookup{{Field: f.Name, Value: "x"}})
		if err := wantKind("find by "+string(f.Name), err, fault.Rejected); err != nil {
			return err
		}
	}
	if api, _ := s.wire.requests(); api > 0 {
		return fmt.Errorf("%d requests were sent", api)
	}
	return nil
}

func findNoEmail(s *Stand) error {
	for _, f := range s.Known.Fields {
		if f.Kind == catalog.Email {
			_, err := s.Find(s.ctx(), s.Object.Name, s.all(), []platform.Lookup{{Field: f.Name, Value: "x@example.com"}})
			if err := wantKind("find by "+string(f.Name), err, fault.Rejected); err != nil {
				return err
			}
		}
	}
	return nil
}

func findCase(s *Stand) error {
	field := emailOf(s.Known)
	ids, values, err := s.findable(field, 2)
	if err != nil {
		return err
	}
	for _, spelled := range []string{strings.ToUpper(values[0]), strings.ToLower(values[0]), strings.ToUpper(values[0][:1]) + values[0][1:],
		" " + values[0] + " "} {
		found, err := s.find(platform.Lookup{Field: field, Value: spelled}, platform.Lookup{Field: field, Value: values[1]})
		if err != nil {
			return err
		}
		if !slices.Equal(idsOf(found[0]), ids[:1]) || !slices.Equal(idsOf(found[1]), ids[1:]) {
			return fmt.Errorf("spelled %d letters otherwise, %v and %v were found, want %v", len(spelled), idsOf(found[0]), idsOf(found[1]), ids)
		}
	}
	return nil
}

// crowd is how many records share a value: more than are answered.
const crowd = matchesMax + 2

func findMany(s *Stand) error {
	for _, field := range s.Ability.Find {
		f, known := s.Known.Field(field)
		if field == s.Ability.Marker || !known {
			continue // unique
		}
		s, err := newStand(s.Bench, s.Object)
		if err != nil {
			return err
		}
		shared, err := s.valueOf(s.Object.Name, f, 900)
		if err != nil {
			return err
		}
		holders := 0
		for i := range crowd {
			fields, err := s.minimal(s.Object.Name, 700+i)
			if err != nil {
				return err
			}
			fields[field] = shared
			if _, err := s.Sim.Create(s.Object.Name, fields); err == nil {
				holders++ // the platform may keep the values of this field apart
			}
		}
		_, values, err := s.findable(field, 1)
		if err != nil {
			return err
		}
		found, err := s.find(platform.Lookup{Field: field, Value: shared}, platform.Lookup{Field: field, Value: values[0]})
		if err != nil {
			return err
		}
		if len(found[0]) != min(holders, matchesMax) || len(found[1]) != 1 {
			return fmt.Errorf("by %s: %d and %d matches, want %d and 1", field, len(found[0]), len(found[1]), min(holders, matchesMax))
		}
		if err := s.broken(); err != nil {
			return err
		}
	}
	return nil
}

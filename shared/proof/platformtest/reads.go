package platformtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

func readRules() []Rule {
	return []Rule{
		{Name: "a read in bulk answers each id once, in order", Check: fetchEach,
			Why: "a result under another id would be another record's edit"},
		{Name: "a read has every field as the platform holds it", Check: fetchFields,
			Why: "a field that is left out says nothing, and one that reads as blank would be blanked elsewhere"},
		{Name: "a read is dated before it left", Check: fetchDated,
			Why: "a read begun before a commit must not undo it, so its date may be early and never late"},
		{Name: "a call over its bounds is refused unsent", Check: boundsRefused,
			Why: "a platform cuts an answer that is too large, and what it leaves out looks deleted"},
		{Name: "nothing asked is nothing sent", Check: nothingSent,
			Why: "an empty call spends the budget of a real one"},
	}
}

// absentID is an id of the form of id that no record has.
func (s *Stand) absentID(id record.ExternalID) (record.ExternalID, error) {
	// A record that is made elsewhere: another account of the same platform, whose ids have the same form and go further.
	other, err := newStand(s.Bench, s.Object)
	if err != nil {
		return "", err
	}
	ids, err := other.made(len(s.Sim.IDs(s.Object.Name)) + 40)
	if err != nil {
		return "", err
	}
	return ids[len(ids)-1], nil
}

func fetchEach(s *Stand) error {
	ids, err := s.made(6)
	if err != nil {
		return err
	}
	absent, err := s.absentID(ids[0])
	if err != nil {
		return err
	}
	if err := s.Sim.Delete(s.Object.Name, ids[4]); err != nil {
		return err
	}
	// In no order, one twice, one that is not there, one removed.
	reads, err := s.fetch(ids[5], absent, ids[0], ids[4], ids[3], ids[0])
	if err != nil {
		return err
	}
	for _, i := range []int{0, 2, 4, 5} {
		if reads[i].Snapshot == nil || reads[i].Snapshot.ID != reads[i].ID || reads[i].Snapshot.Archived {
			return fmt.Errorf("a live record, number %d of the call, reads as %+v", i, reads[i])
		}
	}
	if a := reads[1].Absence; a == nil || a.Evidence != record.EvidenceNotFound || a.Into != "" {
		return fmt.Errorf("a record that never was reads as %+v", reads[1])
	}
	if err := goneOrArchived(reads[3]); err != nil {
		return err
	}
	alone, err := s.fetch(absent)
	if err != nil {
		return err
	}
	if a := alone[0].Absence; a == nil || a.Evidence != record.EvidenceNotFound {
		return fmt.Errorf("a record that never was, asked for alone, reads as %+v", alone[0])
	}
	return s.fetchMany()
}

// fetchMany reads as many records as one call takes.
func (s *Stand) fetchMany() error {
	ids, err := s.made(s.Ability.ReadMax)
	if err != nil {
		return err
	}
	reads, err := s.fetch(ids...)
	if err != nil {
		return err
	}
	for i, r := range reads {
		if r.Snapshot == nil || r.Snapshot.ID != ids[i] {
			return fmt.Errorf("record %d of %d, in one call, reads as %+v", i+1, len(ids), r)
		}
	}
	return nil
}

func fetchFields(s *Stand) error {
	for _, n := range []int{3, 4} {
		fields, err := s.full(n)
		if err != nil {
			return err
		}
		if n == 4 { // the one with every field, the other with hardly any
			if fields, err = s.minimal(s.Object.Name, n); err != nil {
				return err
			}
		}
		id, err := s.Sim.Create(s.Object.Name, fields)
		if err != nil {
			return fmt.Errorf("a person makes one with %d fields: %w", len(fields), err)
		}
		truth, err := s.truth(id)
		if err != nil {
			return err
		}
		for _, ids := range [][]record.ExternalID{{id}, {id, id}} {
			reads, err := s.fetch(ids...)
			if err != nil {
				return err
			}
			got := reads[0].Snapshot
			if got == nil {
				return fmt.Errorf("a live record reads as %+v", reads[0])
			}
			if diff := s.differ(truth, got.Fields, s.all()); diff != "" {
				return fmt.Errorf("with %d fields given: %s", len(fields), diff)
			}
			for _, f := range s.Known.Fields {
				if _, held := truth[f.Name]; !held {
					continue // the simulator has no such field either
				}
				if _, read := got.Fields[f.Name]; !read && !f.CreateOnly && !f.ReadOnly {
					return fmt.Errorf("field %s was asked for and not answered", f.Name)
				}
			}
		}
	}
	return nil
}

// differ says which of names differ between a record and what was read of it; a field that one lacks says nothing.
func (s *Stand) differ(want, got record.Fields, names []record.PlatformField) string {
	var out []string
	for _, name := range names {
		a, known := want[name]
		b, read := got[name]
		f, _ := s.Known.Field(name)
		if known && read && !same(f, a, b) {
			out = append(out, fmt.Sprintf("%s is %q and not %q", name, b, a))
		}
	}
	return strings.Join(out, ", ")
}

// same compares values as their kind does.
func same(f catalog.Field, a, b string) bool {
	if a == b {
		return true
	}
	switch f.Kind {
	case catalog.Number, catalog.Money:
		x, errX := decimal.NewFromString(a)
		y, errY := decimal.NewFromString(b)
		return errX == nil && errY == nil && x.Equal(y)
	case catalog.Datetime:
		x, errX := time.Parse(time.RFC3339Nano, a)
		y, errY := time.Parse(time.RFC3339Nano, b)
		return errX == nil && errY == nil && x.Truncate(time.Second).Equal(y.Truncate(time.Second))
	}
	return false
}

func fetchDated(s *Stand) error {
	ids, err := s.made(3)
	if err != nil {
		return err
	}
	var left time.Time
	s.wire.onRequest(func(Sent) {
		if left.IsZero() {
			left = s.Clock.Now()
		}
		s.Clock.Advance(7 * time.Second) // on its way
	})
	late := func(call string, at time.Time) error {
		if at.After(left) {
			return fmt.Errorf("%s: dated %v after the first request left", call, at.Sub(left))
		}
		return nil
	}
	reads, err := s.fetch(ids...)
	if err != nil {
		return err
	}
	if err := late("fetch", reads[0].Snapshot.ReadBegan); err != nil {
		return err
	}
	for name, ask := range map[string]func(platform.Query) (platform.Page, error){"changes": s.changes, "list": s.list} {
		if name == "changes" && !s.Ability.Polls {
			continue
		}
		left = time.Time{}
		page, err := ask(s.query(5))
		if err != nil {
			return err
		}
		for _, one := range page.Snapshots {
			if err := late(name, one.ReadBegan); err != nil {
				return err
			}
		}
	}
	left = time.Time{}
	intent, err := s.create(77)
	if err != nil {
		return err
	}
	receipts, err := s.applied(intent)
	if err != nil {
		return err
	}
	if one := receipts[0].Snapshot; one != nil && one.ReadBegan.Before(left) {
		return fmt.Errorf("the receipt is dated before its call")
	}
	return nil
}

func boundsRefused(s *Stand) error {
	ids := make([]record.ExternalID, s.Ability.ReadMax+1)
	lookups := make([]platform.Lookup, s.findMax()+1)
	intents := make([]record.Intent, s.Ability.WriteMax+1)
	for i := range ids {
		ids[i] = record.ExternalID(fmt.Sprint(i + 1))
	}
	for i := range lookups {
		if len(s.Ability.Find) > 0 {
			lookups[i] = platform.Lookup{Field: s.Ability.Find[0], Value: fmt.Sprint("x", i)}
		}
	}
	for i := range intents {
		intents[i] = record.Intent{Key: fmt.Sprint("k", i), Operation: record.OperationUpdate, Ref: s.ref(record.ExternalID(fmt.Sprint(i + 1))),
			Fields: record.Fields{s.Object.Text: "x"}}
	}
	mixed := []record.Intent{intents[0], intents[0]}
	mixed[1].Ref.Object = "unicorns"
	calls := map[string]func() error{
		"one id more than ReadMax":       func() error { _, err := s.Fetch(s.ctx(), s.Object.Name, s.all(), ids); return err },
		"one look-up more than FindMax":  func() error { _, err := s.Find(s.ctx(), s.Object.Name, s.all(), lookups); return err },
		"one intent more than WriteMax":  func() error { _, err := s.Apply(s.ctx(), intents); return err },
		"intents on two objects":         func() error { _, err := s.Apply(s.ctx(), mixed); return err },
		"ids of an unknown object":       func() error { _, err := s.Fetch(s.ctx(), "unicorns", nil, ids[:1]); return err },
		"a look-up of an unknown object": func() error { _, err := s.Find(s.ctx(), "unicorns", nil, lookups[:1]); return err },
		"an intent on an unknown object": func() error { _, err := s.Apply(s.ctx(), mixed[1:]); return err },
		"a look-up by what is not declared": func() error {
			_, err := s.Find(s.ctx(), s.Object.Name, nil, []platform.Lookup{{Field: "no such field", Value: "x"}})
			return err
		},
	}
	for what, call := range calls {
		if err := wantKind(what, call(), fault.Rejected); err != nil {
			return err
		}
	}
	if api, _ := s.wire.requests(); api > 0 {
		return fmt.Errorf("%d requests were sent for calls out of bounds", api)
	}
	return nil
}

func nothingSent(s *Stand) error {
	reads, err := s.Fetch(s.ctx(), s.Object.Name, s.all(), nil)
	if err != nil || len(reads) != 0 {
		return fmt.Errorf("fetch of nothing: %d reads, %v", len(reads), err)
	}
	found, err := s.Find(s.ctx(), s.Object.Name, s.all(), nil)
	if err != nil || len(found) != 0 {
		return fmt.Errorf("find of nothing: %d answers, %v", len(found), err)
	}
	receipts, err := s.Apply(s.ctx(), nil)
	if err != nil || len(receipts) != 0 {
		return fmt.Errorf("apply of nothing: %d receipts, %v", len(receipts), err)
	}
	if api, _ := s.wire.requests(); api > 0 {
		return fmt.Errorf("%d requests were sent", api)
	}
	return nil
}

package platformtest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

var (
	conditional = &Ability{"updates are not conditional", func(_ *catalog.Platform, o *catalog.Object) bool { return o.Ability.Conditional }}
	refers      = &Ability{"records refer to no others", func(_ *catalog.Platform, o *catalog.Object) bool {
		return slices.ContainsFunc(o.Fields, func(f catalog.Field) bool { return f.Refers != "" && !f.ReadOnly })
	}}
)

func writeRules() []Rule {
	return []Rule{
		{Name: "a create makes the record that was asked for, and tells it", Check: createTells,
			Why: "the receipt is what the next observation is compared with"},
		{Name: "an update changes the fields given, and nothing else", Check: updateOnly,
			Why: "a value that was read a moment ago would undo what somebody wrote since"},
		{Name: "requests hold only what is due, and what goes with it", Check: requestsOnly,
			Why: "what is not sent cannot be overwritten"},
		{Name: "a conditional update refuses what moved", Needs: conditional, Check: updateStale, Unable: updateWins,
			Why: "an edit made between our read and our write is kept, not lost"},
		{Name: "references are written, moved and read as ids", Needs: refers, Check: references, Unable: noReferences,
			Why: "a deal that names no contact is of no use to anybody"},
		{Name: "a reference to what is not there waits, or is refused", Needs: refers, Check: dangling, Unable: noReferences,
			Why: "a dangling reference is worse than a late one"},
	}
}

// compare says how what the platform holds differs from what was asked, beyond what is declared as reformatting.
func (s *Stand) compare(asked, held record.Fields) error {
	for name, want := range asked {
		f, _ := s.Known.Field(name)
		got, known := held[name]
		if !known || same(f, want, got) || slices.Contains(s.Ability.Reformats, name) && loose(want) == loose(got) {
			continue
		}
		return fmt.Errorf("%s holds %q, asked %q", name, got, want)
	}
	return nil
}

// loose is what reformatting leaves of a value: its letters and digits.
func loose(value string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r > 127 {
			return r
		}
		return -1
	}, strings.ToLower(value))
}

func createTells(s *Stand) error {
	for n, full := range []bool{true, false} {
		var intent record.Intent
		var err error
		if intent, err = s.create(n + 1); err != nil {
			return err
		}
		if full {
			fields, err := s.full(n + 1)
			if err != nil {
				return err
			}
			intent = s.creating(n+1, fields)
		}
		receipts, err := s.applied(intent)
		if err != nil {
			return err
		}
		r := receipts[0]
		truth, err := s.truth(r.ID)
		if err != nil {
			return err
		}
		if err := s.compare(intent.Fields, truth); err != nil {
			return fmt.Errorf("the platform: %w", err)
		}
		if r.Existing {
			return fmt.Errorf("a new record is answered as Existing")
		}
		read, err := s.read(r.ID)
		if err != nil {
			return err
		}
		for what, got := range map[string]*record.Snapshot{"the receipt": r.Snapshot, "a read": read} {
			if got == nil {
				continue
			}
			if diff := s.differ(truth, got.Fields, s.all()); diff != "" {
				return fmt.Errorf("%s: %s", what, diff)
			}
			if name := s.Ability.Marker; name != "" {
				if held, told := got.Fields[name]; told && held != intent.Fields[name] {
					return fmt.Errorf("%s: our identity is another", what)
				}
			}
		}
		if live := s.Sim.IDs(s.Object.Name); !slices.Contains(live, r.ID) {
			return fmt.Errorf("%s is not among the live records", r.ID)
		}
	}
	return nil
}

func updateOnly(s *Stand) error {
	fields, err := s.full(1)
	if err != nil {
		return err
	}
	for _, f := range s.writable() {
		if _, given := fields[f.Name]; !given {
			continue
		}
		id, err := s.Sim.Create(s.Object.Name, s.apart(fields))
		if err != nil {
			return err
		}
		before, err := s.truth(id)
		if err != nil {
			return err
		}
		value, err := s.valueOf(s.Object.Name, f, 2)
		if err != nil {
			return err
		}
		intent, err := s.update(id, record.Fields{f.Name: value})
		if err != nil {
			return err
		}
		receipts, err := s.applied(intent)
		if err != nil {
			return fmt.Errorf("update of %s: %w", f.Name, err)
		}
		if receipts[0].ID != id {
			return fmt.Errorf("update of %s: the receipt is of %s", f.Name, receipts[0].ID)
		}
		after, err := s.truth(id)
		if err != nil {
			return err
		}
		if err := s.compare(intent.Fields, after); err != nil {
			return fmt.Errorf("update of %s: %w", f.Name, err)
		}
		for _, other := range s.writable() {
			if other.Name != f.Name && !s.follows(other.Name, f.Name) && !same(other, before[other.Name], after[other.Name]) {
				return fmt.Errorf("an update of %s changed %s", f.Name, other.Name)
			}
		}
		if err := s.Sim.Delete(s.Object.Name, id); err != nil { // unique values are free again
			return err
		}
		s.Clock.Advance(time.Second)
	}
	return nil
}

// apart gives fields with new values where the platform keeps them apart.
func (s *Stand) apart(fields record.Fields) record.Fields {
	out := record.Fields{}
	n := 10_000 + s.number()
	for name, value := range fields {
		f, _ := s.Known.Field(name)
		if f.Kind == catalog.Email || f.Required && f.Kind == catalog.Text {
			value = s.Object.value(f, n)
		}
		out[name] = value
	}
	return out
}

// follows says that the platform derives a field from another one, as siblings that select one element.
func (s *Stand) follows(name, changed record.PlatformField) bool {
	return slices.ContainsFunc(s.Object.Siblings, func(group []record.PlatformField) bool {
		return slices.Contains(group, name) && slices.Contains(group, changed) && s.Object.Derived[name]
	})
}

func requestsOnly(s *Stand) error {
	fields, err := s.full(1)
	if err != nil {
		return err
	}
	id, err := s.Sim.Create(s.Object.Name, fields)
	if err != nil {
		return err
	}
	for _, f := range s.writable() {
		value, err := s.valueOf(s.Object.Name, f, 2)
		if err != nil {
			return err
		}
		intent, err := s.update(id, record.Fields{f.Name: value})
		if err != nil {
			return err
		}
		s.wire.forget()
		if _, err := s.applied(intent); err != nil {
			return fmt.Errorf("update of %s: %w", f.Name, err)
		}
		truth, err := s.truth(id)
		if err != nil {
			return err
		}
		for _, other := range s.writable() {
			held := truth[other.Name]
			if other.Name == f.Name || len(held) < secretMin || other.Refers != "" || s.sent(f.Name, other.Name) {
				continue
			}
			for _, request := range s.wire.since() {
				if bytes.Contains(request.Body, []byte(held)) {
					return fmt.Errorf("an update of %s sends %s too (%s %s)", f.Name, other.Name, request.Method, strings.SplitN(request.Path, "?", 2)[0])
				}
			}
		}
		s.Clock.Advance(time.Second)
	}
	return nil
}

// sent says that a field goes back to the platform with another one.
func (s *Stand) sent(changed, other record.PlatformField) bool {
	return slices.ContainsFunc(s.Object.Siblings, func(group []record.PlatformField) bool {
		return slices.Contains(group, changed) && slices.Contains(group, other)
	})
}

// race updates a record's text, alone or among others, while a person edits it just before the write is served.
func (s *Stand) race(alone bool) (ids []record.ExternalID, theirs string, receipts []record.Receipt, err error) {
	if ids, err = s.made(2); err != nil {
		return nil, "", nil, err
	}
	ours := s.Object.value(catalog.Field{Name: s.Object.Text, Kind: catalog.Text}, 6001)
	intent, err := s.update(ids[0], record.Fields{s.Object.Text: ours})
	if err != nil {
		return nil, "", nil, err
	}
	intents := []record.Intent{intent}
	if !alone {
		second, err := s.update(ids[1], record.Fields{s.Object.Text: s.edited(6002)})
		if err != nil {
			return nil, "", nil, err
		}
		intents = append(intents, second)
	}
	s.Clock.Advance(3 * time.Second) // stamps are of whole seconds
	theirs = s.edited(6003)
	var failed error
	done := false
	s.wire.onRequest(func(r Sent) {
		if !done && bytes.Contains(r.Body, []byte(ours)) {
			done, failed = true, s.Sim.Edit(s.Object.Name, ids[0], record.Fields{s.Object.Text: theirs})
		}
	})
	receipts, err = s.Apply(s.ctx(), intents)
	s.wire.calm()
	if failed != nil || !done {
		return nil, "", nil, fmt.Errorf("nobody could edit before the write was served (%v)", failed)
	}
	return ids, theirs, receipts, err
}

func updateStale(s *Stand) error {
	for _, alone := range []bool{true, false} {
		ids, theirs, receipts, err := s.race(alone)
		if err := wantKind("an update of a record that moved", outcome(receipts, err, 0), fault.Stale); err != nil {
			return err
		}
		truth, err := s.truth(ids[0])
		if err != nil {
			return err
		}
		if truth[s.Object.Text] != theirs {
			return fmt.Errorf("the person's edit is lost all the same")
		}
		if !alone && receipts[1].Err != nil {
			return fmt.Errorf("the update beside it: %w", receipts[1].Err)
		}
		read, err := s.read(ids[0])
		if err != nil {
			return err
		}
		if read.Version == "" {
			return fmt.Errorf("a read tells no version")
		}
	}
	return nil
}

// updateWins shows that in a batch the last write wins, whatever the record was in between.
func updateWins(s *Stand) error {
	ids, theirs, receipts, err := s.race(false)
	if err := outcome(receipts, err, 0); err != nil {
		return err
	}
	truth, err := s.truth(ids[0])
	if err != nil {
		return err
	}
	if truth[s.Object.Text] == theirs {
		return fmt.Errorf("an update of a record that moved was held back without saying so")
	}
	return nil
}

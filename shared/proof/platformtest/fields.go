package platformtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

var (
	lists = &Ability{"no field is one of a list", func(_ *catalog.Platform, o *catalog.Object) bool {
		return slices.ContainsFunc(o.Fields, func(f catalog.Field) bool { return listed(f) && !f.ReadOnly && !f.CreateOnly })
	}}
	money = &Ability{"no field of money can be written", func(_ *catalog.Platform, o *catalog.Object) bool {
		return slices.ContainsFunc(o.Fields, func(f catalog.Field) bool { return f.Kind == catalog.Money && !f.ReadOnly })
	}}
)

// listed says that a field is one element of a list of the vendor's, by its selector.
func listed(f catalog.Field) bool { return strings.Contains(string(f.Name), "[") }

func fieldRules() []Rule {
	return []Rule{
		{Name: "every writable field is written and read back", Check: everyField,
			Why: "a field that the catalog offers can be mapped, so it must work"},
		{Name: "a blank clears a field", Check: blanks,
			Why: "what was cleared here stays there for ever, or comes back"},
		{Name: "what lies beside an element of a list stays", Needs: lists, Check: siblings, Unable: noLists,
			Why: "an API that replaces the whole list deletes what is not sent back"},
		{Name: "money is exact to the cent", Needs: money, Check: cents, Unable: noMoney,
			Why: "an invoice that is off by a cent is wrong"},
		{Name: "what the platform spells otherwise is declared", Check: reformats,
			Why: "a value that comes back in another form looks like an edit, and two platforms would rewrite each other for ever"},
		{Name: "read-only, create-only, unknown and required fields are refused unsent", Check: unwritable,
			Why: "a refusal that names its field parks that field alone"},
	}
}

func everyField(s *Stand) error {
	for name := range s.Object.Apart {
		if f, known := s.Known.Field(name); !known || f.ReadOnly {
			return fmt.Errorf("the bench leaves %s alone, which nobody can write", name)
		}
	}
	ids, err := s.made(1)
	if err != nil {
		return err
	}
	for _, f := range s.writable() {
		for n := range 2 {
			value, err := s.valueOf(s.Object.Name, f, 20+n)
			if err != nil {
				return err
			}
			intent, err := s.update(ids[0], record.Fields{f.Name: value})
			if err != nil {
				return err
			}
			receipts, err := s.applied(intent)
			if err != nil {
				return fmt.Errorf("%s: %w", f.Name, err)
			}
			if err := s.holds(ids[0], intent.Fields, receipts[0].Snapshot); err != nil {
				return err
			}
			s.Clock.Advance(time.Second)
		}
	}
	return nil
}

// holds says that a record holds what was asked, and is read and told as it is.
func (s *Stand) holds(id record.ExternalID, asked record.Fields, told *record.Snapshot) error {
	truth, err := s.truth(id)
	if err != nil {
		return err
	}
	if err := s.compare(asked, truth); err != nil {
		return err
	}
	read, err := s.read(id)
	if err != nil {
		return err
	}
	for name := range asked {
		f, _ := s.Known.Field(name)
		if got, ok := read.Fields[name]; !ok || !same(f, truth[name], got) {
			return fmt.Errorf("%s holds %q and reads as %q", name, truth[name], got)
		}
		if told == nil {
			continue
		}
		if got, ok := told.Fields[name]; ok && !same(f, truth[name], got) {
			return fmt.Errorf("%s holds %q and the receipt tells %q", name, truth[name], got)
		}
	}
	return nil
}

func blanks(s *Stand) error {
	fields, err := s.full(1)
	if err != nil {
		return err
	}
	for _, f := range s.writable() {
		if _, kept := s.Object.Kept[f.Name]; kept || f.Required {
			continue
		}
		id, err := s.Sim.Create(s.Object.Name, s.apart(fields))
		if err != nil {
			return err
		}
		intent, err := s.update(id, record.Fields{f.Name: ""})
		if err != nil {
			return err
		}
		receipts, err := s.applied(intent)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		if err := s.holds(id, intent.Fields, receipts[0].Snapshot); err != nil {
			return fmt.Errorf("cleared: %w", err)
		}
		if err := s.Sim.Delete(s.Object.Name, id); err != nil {
			return err
		}
		s.Clock.Advance(time.Second)
	}
	return nil
}

// siblings edits each element of every list, by a person meanwhile too, and wants the others as they were.
func siblings(s *Stand) error {
	if len(s.Object.Siblings) == 0 {
		return errors.New("the bench names no siblings, and the catalog has fields of lists")
	}
	for _, group := range s.Object.Siblings {
		fields, err := s.full(1)
		if err != nil {
			return err
		}
		for _, name := range group {
			f, known := s.Known.Field(name)
			if !known || f.ReadOnly || f.CreateOnly || s.Object.Derived[name] {
				continue
			}
			if _, apart := s.Object.Apart[name]; apart {
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
			value, err := s.valueOf(s.Object.Name, f, 3)
			if err != nil {
				return err
			}
			intent, err := s.update(id, record.Fields{name: value})
			if err != nil {
				return err
			}
			if _, err := s.applied(intent); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			after, err := s.truth(id)
			if err != nil {
				return err
			}
			for _, other := range group {
				o, _ := s.Known.Field(other)
				if other != name && !s.Object.Derived[other] && !same(o, before[other], after[other]) {
					return fmt.Errorf("an update of %s changed its sibling %s", name, other)
				}
			}
			if err := s.Sim.Delete(s.Object.Name, id); err != nil {
				return err
			}
			s.Clock.Advance(time.Second)
		}
	}
	return nil
}

func noLists(s *Stand) error {
	for _, f := range s.writable() {
		if listed(f) {
			return fmt.Errorf("%s is one of a list", f.Name)
		}
	}
	return nil
}

// amounts are such as a binary fraction cannot hold, or not beside so many digits.
var amounts = []string{"0.07", "0.1", "1.10", "19.99", "100", "1234567.89", "33333333333.33", "-5.55"}

func cents(s *Stand) error {
	for _, f := range s.creatable() {
		if f.Kind != catalog.Money {
			continue
		}
		for n, amount := range amounts {
			want, err := decimal.NewFromString(amount)
			if err != nil {
				return err
			}
			if places, told := s.Object.Cents[f.Name]; told {
				want = want.Round(places)
			}
			fields, err := s.minimal(s.Object.Name, 200+n)
			if err != nil {
				return err
			}
			fields[f.Name] = want.String()
			for _, beside := range s.Object.Beside[f.Name] {
				b, _ := s.Known.Field(beside)
				if fields[beside], err = s.valueOf(s.Object.Name, b, n); err != nil {
					return err
				}
			}
			receipts, err := s.apply(s.creating(200+n, fields))
			if err != nil {
				return err
			}
			if r := receipts[0]; r.Err != nil {
				if want.IsNegative() && fault.Is(r.Err, fault.Rejected) {
					continue // a platform may take none
				}
				return fmt.Errorf("%s of %s: %w", f.Name, want, r.Err)
			}
			truth, err := s.truth(receipts[0].ID)
			if err != nil {
				return err
			}
			read, err := s.read(receipts[0].ID)
			if err != nil {
				return err
			}
			seen := map[string]string{"the platform": truth[f.Name]}
			if value, ok := read.Fields[f.Name]; ok {
				seen["a read"] = value
			}
			if told := receipts[0].Snapshot; told != nil {
				if value, ok := told.Fields[f.Name]; ok {
					seen["the receipt"] = value
				}
			}
			for who, value := range seen {
				if got, err := decimal.NewFromString(value); err != nil || !got.Equal(want) || strings.ContainsAny(value, "eE") {
					return fmt.Errorf("%s: %s has %q, want %s", f.Name, who, value, want)
				}
			}
			s.Clock.Advance(2 * time.Second)
		}
	}
	return nil
}

func noMoney(s *Stand) error {
	for _, f := range s.writable() {
		if f.Kind == catalog.Money {
			return fmt.Errorf("%s is of money", f.Name)
		}
	}
	return nil
}

// odd gives spellings of a value that a platform may tidy up.
func odd(f catalog.Field) []string {
	switch f.Kind {
	case catalog.Email:
		return []string{"Zq.Mixed@Example.COM"}
	case catalog.Phone:
		return []string{"3125550188", "+1 312-555-0188", "(312) 555-0188"}
	case catalog.Text:
		return []string{"  zq spaced  ", "ZQ upper", "zq lower", "zq one\ntwo", "zq “quoted” & <b>"}
	case catalog.Money, catalog.Number:
		return []string{"7.10", "12"}
	}
	return nil
}

func reformats(s *Stand) error {
	for _, name := range s.Ability.Reformats {
		if _, known := s.Known.Field(name); !known {
			return fmt.Errorf("%s is declared to be spelled otherwise, and is no field", name)
		}
	}
	ids, err := s.made(1)
	if err != nil {
		return err
	}
	for _, f := range s.writable() {
		if len(s.Object.Values[f.Name]) > 0 || f.Refers != "" {
			continue
		}
		for _, value := range odd(f) {
			if f.MaxLength > 0 && len(value) > f.MaxLength {
				continue
			}
			s.keepSecret(value)
			intent, err := s.update(ids[0], record.Fields{f.Name: value})
			if err != nil {
				return err
			}
			receipts, err := s.apply(intent)
			if err != nil {
				return err
			}
			s.Clock.Advance(time.Second)
			if err := receipts[0].Err; err != nil {
				if !fault.Is(err, fault.Rejected) {
					return fmt.Errorf("%s: %w", f.Name, err)
				}
				continue // a form that the platform does not take
			}
			truth, err := s.truth(ids[0])
			if err != nil {
				return err
			}
			if !same(f, value, truth[f.Name]) && !slices.Contains(s.Ability.Reformats, f.Name) {
				return fmt.Errorf("%s was asked as %q and holds %q, which Ability.Reformats does not declare", f.Name, value, truth[f.Name])
			}
		}
	}
	return nil
}

func unwritable(s *Stand) error {
	ids, err := s.made(2)
	if err != nil {
		return err
	}
	before, err := s.truth(ids[0])
	if err != nil {
		return err
	}
	refused := record.Fields{"no such field": "x"}
	for _, f := range s.Known.Fields {
		switch {
		case f.Required:
			refused[f.Name] = ""
		case f.ReadOnly, f.CreateOnly:
			if refused[f.Name], err = s.valueOf(s.Object.Name, f, 1); err != nil {
				return err
			}
		}
	}
	for name, value := range refused {
		intent, err := s.update(ids[0], record.Fields{name: value, s.Object.Text: s.edited(1)})
		if err != nil {
			return err
		}
		if name == s.Object.Text {
			continue
		}
		other, err := s.update(ids[1], record.Fields{s.Object.Text: s.edited(s.number())})
		if err != nil {
			return err
		}
		receipts, err := s.apply(intent, other)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		var f *fault.Error
		if err := receipts[0].Err; !errors.As(err, &f) || f.Kind != fault.Rejected || !slices.Contains(f.Fields, string(name)) {
			return fmt.Errorf("an update of %s answers %v, want rejected, naming the field", name, err)
		}
		if receipts[1].Err != nil {
			return fmt.Errorf("the update beside that of %s: %w", name, receipts[1].Err)
		}
		s.Clock.Advance(time.Second)
	}
	after, err := s.truth(ids[0])
	if err != nil {
		return err
	}
	if diff := s.differ(before, after, s.all()); diff != "" {
		return fmt.Errorf("what was refused was written in part: %s", diff)
	}
	return nil
}

package platform_test

import (
	"slices"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// sending runs eight items, of which a call is refused whole that holds one of bad, and gives each item's error.
func sending(r *platform.Run[int], send func([]int) error) map[int]error {
	errs := map[int]error{}
	r.Platform, r.Divide = "vendor", func(err error) bool { return fault.Is(err, fault.Rejected) }
	r.Halving([]int{1, 2, 3, 4, 5, 6, 7, 8}, send, func(item int, err error) { errs[item] = err })
	return errs
}

func TestHalvingLeavesOnlyTheBadItemsUnwritten(t *testing.T) {
	var written []int
	r := &platform.Run[int]{Max: 60}
	errs := sending(r, func(items []int) error {
		if slices.Contains(items, 3) || slices.Contains(items, 8) {
			return fault.Newf(fault.Rejected, "write", "refused")
		}
		written = append(written, items...)
		return nil
	})
	if !slices.Equal(written, []int{1, 2, 4, 5, 6, 7}) || len(errs) != 2 || !fault.Is(errs[3], fault.Rejected) || !fault.Is(errs[8], fault.Rejected) {
		t.Errorf("written %v, failed %v", written, errs)
	}
	if r.Sent != 11 || r.Stopped != nil {
		t.Errorf("%d calls, stopped by %v", r.Sent, r.Stopped)
	}
}

func TestHalvingEndsAtItsLimitOfCalls(t *testing.T) {
	r := &platform.Run[int]{Max: 5}
	errs := sending(r, func([]int) error { return fault.Newf(fault.Rejected, "write", "refused") })
	if r.Sent != 5 || len(errs) != 8 {
		t.Fatalf("%d calls, %d failed", r.Sent, len(errs))
	}
	if !fault.Is(errs[1], fault.Rejected) || !fault.Is(errs[8], fault.Transient) {
		t.Errorf("first %v, last %v", errs[1], errs[8])
	}
}

func TestWhatTheNextCallWouldMeetTooIsNotSent(t *testing.T) {
	for _, c := range []struct {
		met, rest fault.Kind
	}{
		{fault.RateLimited, fault.RateLimited}, {fault.Unauthorized, fault.Unauthorized}, {fault.Transient, fault.Transient}, {fault.InDoubt, fault.Transient},
	} {
		r := &platform.Run[int]{Max: 60}
		errs := sending(r, func([]int) error { return fault.Newf(c.met, "write", "failed") })
		if r.Sent != 1 || len(errs) != 8 || !fault.Is(errs[8], c.met) {
			t.Errorf("%v: %d calls, %v", c.met, r.Sent, errs)
		}
		errs = sending(r, func([]int) error { t.Errorf("%v: sent all the same", c.met); return nil })
		if !fault.Is(errs[1], c.rest) {
			t.Errorf("%v: the rest %v", c.met, errs[1])
		}
	}
	for _, err := range []error{nil, fault.Newf(fault.Rejected, "write", "refused"), fault.Newf(fault.Gone, "write", "gone")} {
		if stopped := platform.Stops("vendor", err); stopped != nil {
			t.Errorf("%v stops: %v", err, stopped)
		}
	}
}

func TestACallAsAWholeIsChecked(t *testing.T) {
	c := platform.Client{Platform: "xero", Settings: platform.Settings{Connection: "books"}}
	p := catalog.Xero()
	contacts, _ := p.Object("contacts")
	on := func(objects ...record.Object) (intents []record.Intent) {
		for _, object := range objects {
			intents = append(intents, record.Intent{Ref: record.Ref{Place: record.Place{Object: object}}})
		}
		return intents
	}
	many := slices.Repeat([]record.Object{"contacts"}, contacts.Ability.WriteMax+1)
	if o, err := c.OneObject(p, on(many[1:]...)); err != nil || o != contacts {
		t.Errorf("a full call: %v, %v", o, err)
	}
	for name, intents := range map[string][]record.Intent{"too many": on(many...), "unknown": on("pets"), "several objects": on("contacts", "invoices")} {
		if _, err := c.OneObject(p, intents); !fault.Is(err, fault.Rejected) {
			t.Errorf("%s: %v", name, err)
		}
	}
	by := platform.Lookup{Field: contacts.Ability.Find[0], Value: "x"}
	full := slices.Repeat([]platform.Lookup{by}, contacts.Ability.Finds())
	if o, err := c.Findable(p, "contacts", full); err != nil || o != contacts {
		t.Errorf("full look-ups: %v, %v", o, err)
	}
	for name, err := range map[string]error{
		"too many":  second(c.Findable(p, "contacts", append(full, by))),
		"unknown":   second(c.Findable(p, "pets", []platform.Lookup{by})),
		"no lookup": second(c.Findable(p, "contacts", []platform.Lookup{{Field: "UpdatedDateUTC", Value: "x"}})),
	} {
		if !fault.Is(err, fault.Rejected) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestAFieldThatAnIntentMayNotSetIsRefused(t *testing.T) {
	o := &catalog.Object{Fields: []catalog.Field{{Name: "name", Required: true}, {Name: "balance", ReadOnly: true}, {Name: "kind", CreateOnly: true}, {Name: "note"}}}
	for _, c := range []struct {
		field     record.PlatformField
		value     string
		operation record.Operation
		want      string
	}{
		{"note", "", record.OperationUpdate, ""},
		{"name", "x", record.OperationUpdate, ""},
		{"name", "", record.OperationUpdate, "cannot be blank"},
		{"balance", "1", record.OperationCreate, "is read-only"},
		{"kind", "x", record.OperationCreate, ""},
		{"kind", "x", record.OperationUpdate, "can be set at creation only"},
		{"pet", "x", record.OperationUpdate, "is not known"},
	} {
		if problem := platform.Unwritable(o, c.field, c.value, c.operation); problem != c.want {
			t.Errorf("%s %q at %s: %q, want %q", c.field, c.value, c.operation, problem, c.want)
		}
	}
}

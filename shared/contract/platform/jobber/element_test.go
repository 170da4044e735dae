package jobber

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"pgregory.net/rapid"
)

// after carries a delta out as a platform would that promotes nobody.
func after(list platform.Elements, d delta) platform.Elements {
	out := slices.Clone(list)
	out = slices.DeleteFunc(out, func(e platform.Element) bool { return slices.Contains(d.remove, e.ID) })
	set := func(e *platform.Element, values map[string]any) {
		if v, ok := values["number"].(string); ok {
			e.Value = v
		}
		if v, ok := values["description"].(string); ok {
			e.Label = v
		}
		if v, ok := values["primary"].(bool); ok {
			e.Primary = v
		}
	}
	for _, values := range d.edit {
		for i := range out {
			if out[i].ID == values["id"] {
				set(&out[i], values)
			}
		}
	}
	for _, values := range d.add {
		if values["primary"] == true {
			for i := range out {
				out[i].Primary = false
			}
		}
		e := platform.Element{}
		set(&e, values)
		out = append(out, e)
	}
	return out
}

// TestADeltaSetsWhatIsDueAndNothingElse: whatever elements share, each due selector then reads its value, each other
// mapped selector what it read before, and no element that no selector names is touched.
func TestADeltaSetsWhatIsDueAndNothingElse(t *testing.T) {
	selectors := []string{"primary", "MAIN", "WORK", "MOBILE"}
	rapid.Check(t, func(t *rapid.T) {
		var list platform.Elements
		for i, description := range rapid.Permutation([]string{"MAIN", "WORK", "MOBILE", "HOME"}).Draw(t, "descriptions") {
			list = append(list, platform.Element{ID: record.ExternalID(fmt.Sprint("e", i)), Value: fmt.Sprint("old", i), Label: description})
		}
		list = list[:rapid.IntRange(0, len(list)).Draw(t, "length")]
		if len(list) > 0 {
			list[rapid.IntRange(0, len(list)-1).Draw(t, "primary")].Primary = true
		}
		plan := listEdit{key: "number", ListEdit: platform.ListEdit{List: list, Due: map[string]string{}}}
		for _, selector := range selectors {
			switch rapid.SampledFrom([]string{"unmapped", "mapped", "due", "cleared"}).Draw(t, selector) {
			case "mapped":
				plan.Mapped = append(plan.Mapped, selector)
			case "due":
				plan.Mapped = append(plan.Mapped, selector)
				plan.Due[selector] = rapid.SampledFrom([]string{"new1", "new2", "old0"}).Draw(t, selector+" value")
			case "cleared":
				plan.Mapped = append(plan.Mapped, selector)
				plan.Due[selector] = ""
			}
		}
		d := plan.plan()
		got := after(list, d)
		for _, selector := range plan.Mapped {
			want, due := plan.Due[selector]
			if !due {
				want = list.Pick(selector).Value
			}
			if read := got.Pick(selector).Value; read != want {
				t.Fatalf("%s reads %q, want %q\nlist %+v\ndue %v mapped %v\ndelta %+v\nafter %+v", selector, read, want, list, plan.Due, plan.Mapped, d, got)
			}
		}
		for _, e := range list {
			named := slices.ContainsFunc(plan.Mapped, func(s string) bool { return list.Pick(s).ID == e.ID })
			i := slices.IndexFunc(got, func(g platform.Element) bool { return g.ID == e.ID })
			if !named && (i < 0 || got[i].Value != e.Value || got[i].Label != e.Label) {
				t.Fatalf("%+v, which no selector names, was touched: %+v", e, d)
			}
		}
	})
}

func TestWatermark(t *testing.T) {
	base := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return base.Add(time.Duration(minutes) * time.Minute) }
	for _, test := range []struct {
		name                     string
		old, began, newest, want time.Time
	}{
		{"the newest stamp seen", at(0), at(10), at(9), at(9)},
		{"not beyond the walk's beginning", at(0), at(10), at(12), at(10)},
		{"behind the clock at rest", at(0), at(60), at(1), at(55)},
		{"never back", at(30), at(10), at(9), at(30)},
		{"nothing seen", at(0), at(60), time.Time{}, at(55)},
		{"nothing seen, just polled", at(59), at(60), time.Time{}, at(59)},
	} {
		if got := watermark(test.old, test.began, test.newest); !got.Equal(test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

package mapping_test

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/fluxcascade/fluxcascade/shared/mapping"
	"github.com/fluxcascade/fluxcascade/shared/ruleset"
)

// one applies a transform of one value and reports its problem, if any, as no value.
func one(t ruleset.Transform, value string) (string, bool) {
	out, problem := mapping.Apply(t, []string{value})
	if problem != "" {
		return "", false
	}
	return out[0], true
}

// typed draws what people and platforms put into fields: mostly of the shape some transform reads, or any text.
func typed() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.StringMatching(`[ +(]?[0-9]{1,3}[ .)-]{0,2}[0-9]{3}[ .-]?[0-9]{4}( x[0-9]{1,3})?`),
		rapid.StringMatching(`\+[1-9][0-9]{6,14}`),
		rapid.StringMatching(`-?[$]?[0-9]{1,3}(,[0-9]{3}){0,3}(\.[0-9]{0,6})?(e-?[0-9]{1,2})?`),
		rapid.StringMatching(`[0-9]{4}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](Z|[+-]1[0-4]:00))?`),
		rapid.StringMatching(`[01]?[0-9]/[0-3]?[0-9]/[0-9]{4}`),
		rapid.StringMatching(`-?[0-9]{1,16}`),
		rapid.SampledFrom([]string{"yes", "TRUE", "off", "0", "ŉ", "ΣΑΣ ΣΑΣ", "ǆ", "İstanbul", "ß"}),
	)
}

// settings draws arguments among those that the spec declares.
func settings(rt *rapid.T, spec ruleset.TransformSpec) ruleset.Transform {
	t := example(spec)
	for _, a := range spec.Args {
		values := a.Values
		if a.Name == "country" {
			values = []string{"US", "GB", "DE", "AR", "MX", "BR", "IT", "CI"}
		}
		if len(values) > 0 && rapid.Bool().Draw(rt, "give "+a.Name) {
			t.Args[a.Name] = rapid.SampledFrom(values).Draw(rt, a.Name)
		}
	}
	return t
}

func TestCanonicalFormsAppliedTwiceChangeNothing(t *testing.T) {
	for _, spec := range ruleset.Transforms() {
		if !spec.Canonical {
			continue
		}
		t.Run(spec.Name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				form, value := settings(rt, spec), typed().Draw(rt, "value")
				once, ok := one(form, value)
				if !ok {
					return
				}
				if twice, ok := one(form, once); !ok || twice != once {
					rt.Fatalf("%v: %q becomes %q, and that becomes %q (%t)", form, value, once, twice, ok)
				}
			})
		})
	}
}

// TestCaseFormsAreStableForEveryCharacter does not leave the odd ones of Unicode to chance.
func TestCaseFormsAreStableForEveryCharacter(t *testing.T) {
	for _, name := range []string{"lowercase", "uppercase", "titlecase"} {
		for r := rune(1); r <= unicode.MaxRune; r++ {
			if !unicode.IsLetter(r) && !unicode.IsMark(r) {
				continue
			}
			once, _ := one(args(name), "a"+string(r)+" "+string(r)+"b")
			if twice, _ := one(args(name), once); twice != once {
				t.Errorf("%s of %q: %q, and again %q", name, r, once, twice)
			}
		}
	}
}

func TestDaysRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		first := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
		day := first.AddDate(0, 0, rapid.IntRange(0, 3652058).Draw(rt, "day")).Format(time.DateOnly)
		us, _ := one(args("date_us"), day)
		if back, _ := one(args("date_iso"), us); back != day {
			rt.Errorf("%s is %s, and that is %s", day, us, back)
		}
	})
}

func TestMomentsRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		moment := time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(rt, "seconds"), 0).UTC().Format(time.RFC3339)
		unix, _ := one(args("timestamp_unix"), moment)
		if back, _ := one(args("datetime_iso", "epoch", "seconds"), unix); back != moment {
			rt.Errorf("%s is %s, and that is %s", moment, unix, back)
		}
	})
}

func TestPhoneFormsRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		country := rapid.SampledFrom([]string{"US", "GB", "DE", "AR", "MX", "IT"}).Draw(rt, "country")
		e164 := args("phone_e164", "country", country)
		number, _ := one(e164, typed().Draw(rt, "value"))
		national, _ := one(args("phone_national", "country", country), number)
		if back, _ := one(e164, national); back != number {
			rt.Errorf("%q is %q, and that is %q", number, national, back)
		}
	})
}

func TestDecimalsKeepTheirValue(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringMatching(`-?[0-9]{1,20}(\.[0-9]{1,20})?`).Draw(rt, "text")
		got, ok := one(args("decimal"), text)
		if !ok || !decimal.RequireFromString(got).Equal(decimal.RequireFromString(text)) {
			rt.Fatalf("decimal(%q) = %q, %t", text, got, ok)
		}
		if longer, _ := one(args("decimal"), decimal.RequireFromString(text).StringFixed(25)); longer != got {
			rt.Errorf("%q is %q, and with more zeros %q", text, got, longer)
		}
	})
}

func TestNamesComeTogetherAgain(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		word := rapid.OneOf(rapid.SampledFrom([]string{"van", "De", "la", "Jr.", "III", "Ada"}), rapid.String())
		name := strings.Join(rapid.SliceOfN(word, 0, 6).Draw(rt, "words"), " ")
		parts, problem := mapping.Apply(args("split_name"), []string{name})
		if problem != "" {
			rt.Fatal(problem)
		}
		got, _ := mapping.Apply(args("combine_name"), parts)
		if diff := cmp.Diff([]string{strings.Join(strings.Fields(name), " ")}, got); diff != "" {
			rt.Errorf("split into %q (-want +got):\n%s", parts, diff)
		}
	})
}

func TestTruncateNeverExceedsItsLength(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		value := rapid.String().Draw(rt, "value")
		got, ok := one(args("truncate", "length", "7"), value)
		if !ok || utf8.RuneCountInString(got) > 7 || !strings.HasPrefix(value, got) {
			rt.Errorf("truncate(%q) = %q, %t", value, got, ok)
		}
	})
}

// FuzzApply: no value and no argument makes a transform panic, give another number of values than declared, or change
// what it called canonical.
func FuzzApply(f *testing.F) {
	for i := range ruleset.Transforms() {
		f.Add(uint8(i), "221 E. 51st St., Chicago, IL 60615", "(312) 555-0123 x4", "US")
	}
	f.Add(uint8(4), "+\xff", "2859902", "\x00")
	f.Fuzz(func(t *testing.T, which uint8, a, b, arg string) {
		specs := ruleset.Transforms()
		spec := specs[int(which)%len(specs)]
		values := []string{a, b}[:max(1, spec.In)]
		form := example(spec)
		for _, declared := range spec.Args {
			form.Args[declared.Name] = arg
		}
		for _, form := range []ruleset.Transform{form, example(spec)} {
			out, problem := mapping.Apply(form, values)
			if problem == "" && len(out) != spec.Out || problem != "" && out != nil {
				t.Fatalf("%v of %q: %q, %q", form, values, out, problem)
			}
			if problem != "" || !spec.Canonical {
				continue
			}
			if again, problem := mapping.Apply(form, out); problem != "" || again[0] != out[0] {
				t.Fatalf("%v: %q becomes %q, and that %q, %q", form, values, out, again, problem)
			}
		}
	})
}

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

	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// one applies a transform of one value and reports its problem, if any, as no value.
func one(t ruleset.Transform, value string) (string, bool) {
	out, problem := apply(t, []string{value})
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
		rapid.StringMatching(`((IBM|ABC|llc|IV|van|De|o'neil|O'NE|j\.p\.|A|mcdo|ANNE|SMITH|12b|3RD|MacDonald)[ /-]){1,4}(a|LLC\.|de|LEE,|d'x)`),
		rapid.SampledFrom([]string{"yes", "TRUE", "off", "0", "ŉ", "ΣΑΣ ΣΑΣ", "ǆ", "İstanbul", "ß"}),
	)
}

// settings draws arguments among those that the spec declares.
func settings(rt *rapid.T, spec ruleset.TransformSpec) ruleset.Transform {
	t := example(spec)
	for _, a := range spec.Args {
		values := a.Values
		if a.Name == "zone" {
			values = []string{"America/Chicago", "America/Sao_Paulo", "Asia/Tokyo"}
		}
		if a.Name == "currency" {
			values = []string{"USD", "JPY", "KWD"}
		}
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
		if number == "" {
			return
		}
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
		parts, problem := apply(args("split_name"), []string{name})
		if problem != "" {
			rt.Fatal(problem)
		}
		got, _ := apply(args("combine_name"), parts)
		if diff := cmp.Diff([]string{strings.Join(strings.Fields(name), " ")}, got); diff != "" {
			rt.Errorf("split into %q (-want +got):\n%s", parts, diff)
		}
	})
}

func TestTruncateNeverExceedsItsLength(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		value := rapid.String().Draw(rt, "value")
		got, ok := one(args("truncate", "length", "7"), value)
		if !ok || utf8.RuneCountInString(got) > 7 || !strings.Contains(value, got) {
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
			out, problem := apply(form, values)
			if problem == "" && len(out) != spec.Out || problem != "" && out != nil {
				t.Fatalf("%v of %q: %q, %q", form, values, out, problem)
			}
			if problem != "" || !spec.Canonical {
				continue
			}
			if again, problem := apply(form, out); problem != "" || again[0] != out[0] {
				t.Fatalf("%v: %q becomes %q, and that %q, %q", form, values, out, again, problem)
			}
		}
	})
}

// way is how a transform is turned back, and what it keeps then: its result through there and back again.
type way struct {
	there, back ruleset.Transform
	// values draws what the transform reads.
	values *rapid.Generator[string]
}

// ways turn back each transform that claims to round-trip. The canonical forms whose inverse is themselves come to rest
// on their own results; the others go through a second spelling.
func ways() map[string]way {
	e164, iso := args("phone_e164"), args("date_iso")
	return map[string]way{
		"trim":           {args("trim"), args("trim"), typed()},
		"phone_e164":     {e164, args("phone_national"), typed()},
		"phone_national": {args("phone_national"), e164, typed()},
		"date_iso":       {iso, args("date_us"), typed()},
		"date_us":        {args("date_us"), iso, typed()},
		"date_eu":        {args("date_eu"), args("date_iso", "order", "day_first"), typed()},
		"options":        {args("options"), args("options"), rapid.StringMatching(`[a-c ;]{0,9}`)},
		"datetime_iso":   {args("datetime_iso", "epoch", "seconds"), args("timestamp_unix"), typed()},
		"timestamp_unix": {args("timestamp_unix"), args("datetime_iso", "epoch", "seconds"), typed()},
		"split_name":     {args("split_name"), args("combine_name"), rapid.StringMatching(`[A-Z][a-z]{1,8}( (van|de))?( [A-Z][a-z]{1,8}){0,2}`)},
		"value_map":      {ruleset.Transform{Name: "value_map", Map: map[string]string{"won": "closedwon", "lost": "closedlost"}}, ruleset.Transform{Name: "value_map", Map: map[string]string{"closedwon": "won", "closedlost": "lost"}}, rapid.SampledFrom([]string{"won", "Lost", "LOST"})},
		"decimal":        {args("decimal"), args("decimal"), typed()},
		"bool":           {args("bool"), args("bool"), rapid.SampledFrom([]string{"yes", "No", "1", "off", "TRUE"})},
	}
}

// losses show for each transform that declares itself one-way two values that it makes one: nothing could tell them apart.
var losses = map[string][2][]string{
	"lowercase":            {{"Ada"}, {"ada"}},
	"uppercase":            {{"Ada"}, {"ada"}},
	"titlecase":            {{"McDONALD"}, {"mcdonald"}},
	"phone_digits":         {{"+13125550123"}, {"1 312 555 0123"}},
	"combine_name":         {{"Ada", "Byron King"}, {"Ada Byron", "King"}},
	"address_single_line":  {{"1 Elm St", "", "Peoria"}, {"1 Elm St", "Peoria", ""}},
	"address_parse_street": {{"1 Elm St, Peoria, IL 61602"}, {"1 Elm St, Chicago, IL 60601"}},
	"address_parse_city":   {{"1 Elm St, Peoria, IL 61602"}, {"2 Oak St, Peoria, IL 61602"}},
	"address_parse_state":  {{"1 Elm St, Peoria, IL 61602"}, {"2 Oak St, Peoria, IL 61602"}},
	"address_parse_zip":    {{"1 Elm St, Peoria, IL 61602"}, {"2 Oak St, Peoria, IL 61602"}},
	"street_number":        {{"1 Elm St"}, {"1 Oak St"}},
	"concatenate":          {{"a", "", "b"}, {"a", "b", ""}},
	"default":              {{""}, {"7"}},
	"truncate":             {{"abcdefgh"}, {"abcdefgi"}},
}

// TestEveryTransformRoundTripsOrDeclaresItsLoss holds each transform to what it declares; the loader lets a pair flow both
// ways on the strength of it.
func TestEveryTransformRoundTripsOrDeclaresItsLoss(t *testing.T) {
	inverses := ways()
	for _, spec := range ruleset.Transforms() {
		t.Run(spec.Name, func(t *testing.T) {
			w, turnsBack := inverses[spec.Name]
			pair, loses := losses[spec.Name]
			if turnsBack != spec.RoundTrips || loses == spec.RoundTrips {
				t.Fatalf("declares RoundTrips %t; known inverse %t, known loss %t", spec.RoundTrips, turnsBack, loses)
			}
			if loses {
				a, problemA := apply(example(spec), pair[0])
				b, problemB := apply(example(spec), pair[1])
				if problemA != "" || problemB != "" || a[0] != b[0] {
					t.Fatalf("%q and %q become %q and %q (%s %s): no loss shown", pair[0], pair[1], a, b, problemA, problemB)
				}
				return
			}
			rapid.Check(t, func(rt *rapid.T) {
				value := w.values.Draw(rt, "value")
				result, problem := apply(w.there, []string{value})
				if problem != "" {
					return
				}
				original, problem := apply(w.back, result)
				if problem != "" {
					rt.Fatalf("%q becomes %q, which does not turn back: %s", value, result, problem)
				}
				again, problem := apply(w.there, original)
				if diff := cmp.Diff(result, again); problem != "" || diff != "" {
					rt.Fatalf("%q becomes %q, back %q, and again %q %s", value, result, original, again, problem)
				}
			})
		})
	}
}

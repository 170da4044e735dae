package mapping_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// args makes a transform: its name, then pairs of argument and value.
func args(name string, pairs ...string) ruleset.Transform {
	t := ruleset.Transform{Name: name, Args: map[string]string{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		t.Args[pairs[i]] = pairs[i+1]
	}
	return t
}

// apply runs a transform on texts, and gives texts or why they say nothing.
func apply(t ruleset.Transform, texts []string) ([]string, mapping.Why) {
	values := make([]mapping.Said, len(texts))
	for i, text := range texts {
		values[i] = mapping.Read(text)
	}
	return textsOf(mapping.Apply(t, values))
}

func textsOf(said []mapping.Said) ([]string, mapping.Why) {
	texts, why, _ := mapping.Texts(said)
	return texts, why.Why
}

// example gives a transform the arguments it cannot do without.
func example(spec ruleset.TransformSpec) ruleset.Transform {
	t := args(spec.Name)
	for _, a := range spec.Args {
		if a.Required {
			t.Args[a.Name] = "7"
		}
	}
	if spec.Name == "value_map" {
		t.Map = map[string]string{"won": "closedwon"}
	}
	return t
}

// readable is a value that each transform of one value can read; "won" where it is missing here.
var readable = map[string]string{
	"phone_e164": "3125550123", "phone_national": "3125550123", "phone_digits": "3125550123",
	"date_iso": "2024-01-31", "date_us": "2024-01-31", "datetime_iso": "2024-01-31", "timestamp_unix": "2024-01-31",
	"address_parse_street": "1 Elm St, Peoria, IL 61602", "address_parse_city": "1 Elm St, Peoria, IL 61602",
	"date_eu": "2024-01-31", "options": "b;a", "address_parse_state": "1 Elm St, Peoria, IL 61602", "address_parse_zip": "1 Elm St, Peoria, IL 61602",
	"street_number": "1 Elm St", "decimal": "7", "bool": "yes",
}

func TestEveryDeclaredTransformRunsAsDeclared(t *testing.T) {
	for _, spec := range ruleset.Transforms() {
		t.Run(spec.Name, func(t *testing.T) {
			value, ok := readable[spec.Name]
			if !ok {
				value = "won"
			}
			values := []string{value}
			for len(values) < spec.In {
				values = append(values, value)
			}
			out, problem := apply(example(spec), values)
			if problem != "" || len(out) != spec.Out || out[0] == "" {
				t.Errorf("Apply(%q) = %q, %q; want %d values and no problem", values, out, problem, spec.Out)
			}
			if spec.Canonical && (spec.In != 1 || spec.Out != 1) {
				t.Errorf("%d values to %d is no canonical form", spec.In, spec.Out)
			}
			if spec.In == 0 {
				return
			}
			if out, problem := apply(example(spec), append(values, value)); problem != mapping.BrokenRule {
				t.Errorf("with one value too many: %q, %q; want %q", out, problem, mapping.BrokenRule)
			}
		})
	}
}

func TestABlankStaysBlank(t *testing.T) {
	for _, spec := range ruleset.Transforms() {
		if spec.Name == "default" {
			continue
		}
		t.Run(spec.Name, func(t *testing.T) {
			got, problem := apply(example(spec), make([]string, max(1, spec.In)))
			if diff := cmp.Diff(make([]string, spec.Out), got); diff != "" || problem != "" {
				t.Errorf("problem %q, values (-want +got):\n%s", problem, diff)
			}
		})
	}
}

func TestWhatTheLoaderRefusesSaysNothing(t *testing.T) {
	for name, c := range map[string]struct {
		transform ruleset.Transform
		values    []string
	}{
		"an unknown transform":             {args("trimm"), []string{"a"}},
		"no name":                          {args(""), []string{"a"}},
		"no value":                         {args("trim"), nil},
		"no value to join":                 {args("concatenate"), nil},
		"two values for one":               {args("trim"), []string{"a", "b"}},
		"one value for two":                {args("combine_name"), []string{"a"}},
		"truncate without a length":        {args("truncate"), []string{"a"}},
		"truncate to nothing":              {args("truncate", "length", "0"), []string{"a"}},
		"truncate by a word":               {args("truncate", "length", "ten"), []string{"a"}},
		"a country that is none":           {args("phone_e164", "country", "Utopia"), []string{"3125550123"}},
		"a country that is none, national": {args("phone_national", "country", "XX"), []string{"+13125550123"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got, problem := apply(c.transform, c.values); problem != mapping.BrokenRule || got != nil {
				t.Errorf("Apply(%v, %q) = %q, %q; want none and %q", c.transform, c.values, got, problem, mapping.BrokenRule)
			}
		})
	}
}

// row is one value through one transform.
type row struct {
	name      string
	transform ruleset.Transform
	in, want  string
	problem   mapping.Why
}

func checkRows(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.transform.Name+": "+r.name, func(t *testing.T) {
			got, problem := apply(r.transform, []string{r.in})
			var want []string
			if r.problem == "" {
				want = []string{r.want}
			}
			if diff := cmp.Diff(want, got); diff != "" || problem != r.problem {
				t.Errorf("Apply(%v, %q): problem %q, want %q; values (-want +got):\n%s", r.transform, r.in, problem, r.problem, diff)
			}
		})
	}
}

package mapping_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// shown is the one example that README.md gives of a transform.
type shown struct {
	transform ruleset.Transform
	written   string // as a file has it, where that is more than the name
	of        []string
	becomes   []string
}

func shownOf(name string, of, becomes string) shown {
	return shown{transform: args(name), of: strings.Split(of, " + "), becomes: strings.Split(becomes, " + ")}
}

// examples has one of each transform.
func examples() []shown {
	with := func(s shown, written string, pairs ...string) shown {
		s.transform, s.written = args(s.transform.Name, pairs...), written
		return s
	}
	table := shownOf("value_map", "won", "closedwon")
	table.transform.Map, table.written = map[string]string{"won": "closedwon"}, "{value_map: {won: closedwon}}"
	return []shown{
		shownOf("trim", " Ann ", "Ann"),
		shownOf("lowercase", "Ann@X.example", "ann@x.example"),
		shownOf("uppercase", "il", "IL"),
		shownOf("titlecase", "SHAUN O'NEIL", "Shaun O'Neil"),
		with(shownOf("phone_e164", "(312) 555-0123", "+13125550123"), "{phone_e164: {country: US}}", "country", "US"),
		shownOf("phone_national", "+13125550123", "(312) 555-0123"),
		shownOf("phone_digits", "+1 312 555-0123", "13125550123"),
		with(shownOf("date_iso", "2024-05-01T03:59:59Z", "2024-04-30"), "{date_iso: {zone: America/Chicago}}", "zone", "America/Chicago"),
		shownOf("date_us", "2024-01-31", "01/31/2024"),
		shownOf("date_eu", "2024-01-31", "31/01/2024"),
		shownOf("datetime_iso", "2024-01-31T23:30:00-06:00", "2024-02-01T05:30:00Z"),
		shownOf("timestamp_unix", "2024-01-31T15:04:05Z", "1706713445"),
		shownOf("split_name", "Ludwig van Beethoven", "Ludwig + van Beethoven"),
		shownOf("combine_name", "Ann + Lee", "Ann Lee"),
		shownOf("address_single_line", "1 Elm St + Peoria + IL", "1 Elm St, Peoria, IL"),
		shownOf("address_parse_street", "1 Elm St, Peoria, IL 61602", "1 Elm St"),
		shownOf("address_parse_city", "1 Elm St, Peoria, IL 61602", "Peoria"),
		shownOf("address_parse_state", "1 Elm St, Peoria, Illinois 61602", "IL"),
		shownOf("address_parse_zip", "1 Elm St, Peoria, IL 61602", "61602"),
		shownOf("street_number", "221 E. 51st St.", "221"),
		table,
		shownOf("options", "b; a;b", "a;b"),
		with(shownOf("concatenate", "Unit 4 + rear", "Unit 4, rear"), `{concatenate: {separator: ", "}}`, "separator", ", "),
		with(shownOf("default", "", "unknown"), "{default: {value: unknown}}", "value", "unknown"),
		with(shownOf("truncate", "Anastasia", "Anas"), "{truncate: {length: 4}}", "length", "4"),
		shownOf("decimal", "$1,500.50", "1500.5"),
		shownOf("bool", "yes", "true"),
	}
}

// TestTheReadmeListsEveryTransformAsItIs runs the example of each transform, and fails when README.md lacks one or has another.
func TestTheReadmeListsEveryTransformAsItIs(t *testing.T) {
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	all := examples()
	table := "| transform | what it makes | of, for example | that is |\n|---|---|---|---|\n"
	for _, spec := range ruleset.Transforms() {
		i := slices.IndexFunc(all, func(s shown) bool { return s.transform.Name == spec.Name })
		if i < 0 {
			t.Errorf("%s has no example here", spec.Name)
			continue
		}
		got, problem := apply(all[i].transform, all[i].of)
		if problem != "" || !slices.Equal(got, all[i].becomes) {
			t.Errorf("%s of %q is %q %s, not %q", spec.Name, all[i].of, got, problem, all[i].becomes)
		}
		table += tableRow(spec, all[i])
	}
	if !strings.Contains(string(readme), table) {
		t.Errorf("README.md lacks this table of transforms, or has an old one:\n%s", table)
	}
}

// tableRow is a transform's row. The first sentence of its document says what it makes.
func tableRow(spec ruleset.TransformSpec, s shown) string {
	written := s.written
	if written == "" {
		written = spec.Name
	}
	what, _, _ := strings.Cut(spec.Doc, ". ")
	return fmt.Sprintf("| `%s` | %s. | %s | %s |\n", written, strings.TrimSuffix(what, "."), quotedAll(s.of), quotedAll(s.becomes))
}

func quotedAll(texts []string) string {
	out := make([]string, len(texts))
	for i, text := range texts {
		if out[i] = "`" + text + "`"; strings.TrimSpace(text) != text || text == "" {
			out[i] = "`\"" + text + "\"`"
		}
	}
	return strings.Join(out, ", ")
}

package mapping_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func TestTexts(t *testing.T) {
	title, stage := args("titlecase"), map[string]string{"won": "closedwon", "lost": ""}
	ten := args("truncate", "length", "10")
	checkRows(t, []row{
		{"both ends", args("trim"), "\t Ada  Lovelace\u00a0\n", "Ada  Lovelace", ""},
		{"capitals", args("lowercase"), "ADA@Example.com", "ada@example.com", ""},
		{"small letters", args("uppercase"), "straße é", "STRAßE É", ""},
		{"capitals", title, "ADA LOVELACE", "Ada Lovelace", ""},
		{"a capital inside is lost", title, "McDONALD", "Mcdonald", ""},
		{"an apostrophe", title, "o'brien", "O'brien", ""},
		{"an accent", title, "élodie", "Élodie", ""},

		{"an entry", ruleset.Transform{Name: "value_map", Map: stage}, "won", "closedwon", ""},
		{"an entry that blanks", ruleset.Transform{Name: "value_map", Map: stage}, "lost", "", ""},
		{"no entry", ruleset.Transform{Name: "value_map", Map: stage}, "open", "", mapping.Unmapped},
		{"case counts", ruleset.Transform{Name: "value_map", Map: stage}, "Won", "", mapping.Unmapped},
		{"no table", args("value_map"), "won", "", mapping.Unmapped},
		{"no entry but a default", ruleset.Transform{Name: "value_map", Map: stage, Args: map[string]string{"default": "other"}}, "open", "other", ""},

		{"a blank", args("default", "value", "n/a"), "", "n/a", ""},
		{"white space", args("default", "value", "n/a"), "  ", "n/a", ""},
		{"a value", args("default", "value", "n/a"), "x", "x", ""},

		{"short", ten, "0123456789", "0123456789", ""},
		{"long", ten, "0123456789a", "0123456789", ""},
		{"characters, not bytes", args("truncate", "length", "2"), "éèê", "éè", ""},
		{"white space at the cut", args("truncate", "length", "4"), "Ada Lovelace", "Ada", ""},
		{"white space that was there", ten, "Ada ", "Ada ", ""},
	})
}

func TestNamesSplit(t *testing.T) {
	for in, want := range map[string][]string{
		"Ada Lovelace":           {"Ada", "Lovelace"},
		"Mary  Ann\tSmith":       {"Mary Ann", "Smith"},
		" Cher ":                 {"Cher", ""},
		"Ludwig van Beethoven":   {"Ludwig", "van Beethoven"},
		"Oscar De La Hoya":       {"Oscar", "De La Hoya"},
		"Van Morrison":           {"Van", "Morrison"},
		"Van Van":                {"Van", "Van"},
		"Martin Luther King Jr.": {"Martin Luther", "King Jr."},
		"Sammy Davis, Jr":        {"Sammy", "Davis, Jr"},
		"Max von Sydow III":      {"Max", "von Sydow III"},
		"King Jr.":               {"King", "Jr."},
		"Smith, John":            {"Smith,", "John"},
		"   ":                    {"", ""},
	} {
		t.Run(in, func(t *testing.T) {
			got, problem := mapping.Apply(args("split_name"), []string{in})
			if diff := cmp.Diff(want, got); diff != "" || problem != "" {
				t.Errorf("split_name(%q): problem %q, values (-want +got):\n%s", in, problem, diff)
			}
		})
	}
}

func TestSeveralValuesBecomeOne(t *testing.T) {
	for name, c := range map[string]struct {
		transform ruleset.Transform
		values    []string
		want      string
	}{
		"a name":                    {args("combine_name"), []string{" Ada", "King  Lovelace "}, "Ada King Lovelace"},
		"a family name alone":       {args("combine_name"), []string{"", "Lovelace"}, "Lovelace"},
		"a given name alone":        {args("combine_name"), []string{"Ada", " "}, "Ada"},
		"an address":                {args("address_single_line"), []string{"1 Elm St", "", "Peoria", "IL"}, "1 Elm St, Peoria, IL"},
		"an address of one part":    {args("address_single_line"), []string{"1 Elm St"}, "1 Elm St"},
		"texts":                     {args("concatenate"), []string{"a", " ", "b"}, "a b"},
		"texts with a separator":    {args("concatenate", "separator", " / "), []string{"a", "b", "c"}, "a / b / c"},
		"texts with nothing inside": {args("concatenate", "separator", ""), []string{"a", "b"}, "ab"},
	} {
		t.Run(name, func(t *testing.T) {
			got, problem := mapping.Apply(c.transform, c.values)
			if diff := cmp.Diff([]string{c.want}, got); diff != "" || problem != "" {
				t.Errorf("Apply(%v, %q): problem %q, values (-want +got):\n%s", c.transform, c.values, problem, diff)
			}
		})
	}
}

func TestAddressesAreTakenApart(t *testing.T) {
	for in, want := range map[string][4]string{ // street, city, state, zip
		"221 E. 51st St., Chicago, IL 60615":              {"221 E. 51st St.", "Chicago", "IL", "60615"},
		"221 E. 51st St., Apt 3, Chicago, IL, 60615-1234": {"221 E. 51st St., Apt 3", "Chicago", "IL", "60615-1234"},
		"221 E. 51st St.\nChicago IL 60615\nUSA":          {"221 E. 51st St.", "Chicago", "IL", "60615"},
		"1 Elm St, Peoria, Illinois":                      {"1 Elm St", "Peoria", "IL", ""},
		"1 Elm St, Charleston, West Virginia 25301":       {"1 Elm St", "Charleston", "WV", "25301"},
		"1 Elm St, Charleston West Virginia 25301":        {"1 Elm St", "Charleston", "WV", "25301"},
		"1 Elm St, New York, ny 10001":                    {"1 Elm St", "New York", "NY", "10001"},
		"PSC 1, APO, AE 09012":                            {"PSC 1", "APO", "AE", "09012"},
		"Chicago, IL 60615":                               {"", "Chicago", "IL", "60615"},
		"221 E 51st St Chicago IL 60615":                  {"", "", "IL", "60615"},
		"IL":                                              {"", "", "IL", ""},
		"60615":                                           {},
		"221 E 51st St":                                   {},
		"12 Oak Ct":                                       {},
		"1 Rue X, 75001 Paris, France":                    {},
		"1 High St, London, SW1A 1AA":                     {},
		", ,\n":                                           {},
		"USA":                                             {},
	} {
		t.Run(in, func(t *testing.T) {
			for i, part := range []string{"street", "city", "state", "zip"} {
				got, problem := mapping.Apply(args("address_parse_"+part), []string{in})
				if problem != "" || len(got) != 1 || got[0] != want[i] {
					t.Errorf("%s of %q = %q, %q; want %q", part, in, got, problem, want[i])
				}
			}
		})
	}
}

func TestStreetNumbers(t *testing.T) {
	number := args("street_number")
	checkRows(t, []row{
		{"a house", number, "221 E. 51st St.", "221", ""},
		{"a range", number, "1-3 Main", "1", ""},
		{"a letter", number, " 12B Main", "12", ""},
		{"a number sign", number, "# 12 Main", "12", ""},
		{"leading zeros", number, "0221 E. 51st", "221", ""},
		{"a street's own number", number, "51st St.", "", ""},
		{"a street's own number in capitals", number, "3RD AVE", "", ""},
		{"none", number, "Main St. 5", "", ""},
		{"a box", number, "PO Box 12", "", ""},
		{"zero", number, "0 Main", "", ""},
	})
}

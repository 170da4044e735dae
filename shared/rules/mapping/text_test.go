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
		{"capitals inside", title, "McDONALD", "McDonald", ""},
		{"a name with Mc", title, "MCDONALD mcdonald McDonald", "McDonald McDonald McDonald", ""},
		{"capitals that were meant", title, "MacDonald DeVito", "MacDonald DeVito", ""},
		{"capitals that may be meant", title, "MACDONALD", "Macdonald", ""},
		{"an apostrophe", title, "o'brien O'NEIL O'Neil d’angelo", "O'Brien O'Neil O'Neil D’Angelo", ""},
		{"an apostrophe that is no name's", title, "don't i'm WOMEN'S", "Don't I'm Women's", ""},
		{"ordinals", title, "3rd 5TH 21st street", "3rd 5th 21st Street", ""},
		{"a house's letter", title, "12b main", "12B Main", ""},
		{"two names in one", title, "ANNE-MARIE o'neil-mcdonald", "Anne-Marie O'Neil-McDonald", ""},
		{"an acronym among words", title, "IBM services, ABC plumbing llc", "IBM Services, ABC Plumbing LLC", ""},
		{"capitals alone", title, "IBM SERVICES LLC", "Ibm Services LLC", ""},
		{"an acronym alone", title, "IBM", "Ibm", ""},
		{"a capitalised name among words", title, "John SMITH", "John Smith", ""},
		{"the third", title, "JOHN SMITH III", "John Smith III", ""},
		{"initials", title, "j.p. morgan", "J.P. Morgan", ""},
		{"particles", title, "ludwig van beethoven", "Ludwig van Beethoven", ""},
		{"a particle that was typed large", title, "Dick Van Dyke", "Dick Van Dyke", ""},
		{"a particle first", title, "van morrison", "Van Morrison", ""},
		{"a city", title, "rio de janeiro", "Rio de Janeiro", ""},
		{"an accent", title, "élodie", "Élodie", ""},

		{"an entry", ruleset.Transform{Name: "value_map", Map: stage}, "won", "closedwon", ""},
		{"an entry that blanks", ruleset.Transform{Name: "value_map", Map: stage}, "lost", "", ""},
		{"no entry", ruleset.Transform{Name: "value_map", Map: stage}, "open", "", mapping.NoEntry},
		{"case counts", ruleset.Transform{Name: "value_map", Map: stage}, "Won", "", mapping.NoEntry},
		{"no table", args("value_map"), "won", "", mapping.NoEntry},
		{"no entry but a default", ruleset.Transform{Name: "value_map", Map: stage, Args: map[string]string{"default": "other"}}, "open", "other", ""},

		{"a blank", args("default", "value", "n/a"), "", "n/a", ""},
		{"white space", args("default", "value", "n/a"), "  ", "n/a", ""},
		{"a value", args("default", "value", "n/a"), "x", "x", ""},

		{"short", ten, "0123456789", "0123456789", ""},
		{"long", ten, "0123456789a", "0123456789", ""},
		{"characters, not bytes", args("truncate", "length", "2"), "éèê", "éè", ""},
		{"options, each looked up", ruleset.Transform{Name: "value_map", Map: map[string]string{"1": "Red", "2": "Blue"}, Args: map[string]string{"each": ",", "join": ";"}}, "2, 1", "Blue;Red", ""},
		{"an option without an entry", ruleset.Transform{Name: "value_map", Map: map[string]string{"1": "Red"}, Args: map[string]string{"each": ","}}, "1,2", "", mapping.NoEntry},
		{"options in one order, each once", args("options"), "b; a;;b", "a;b", ""},
		{"options with commas", args("options", "separator", ","), "b,a", "a,b", ""},
		{"separators alone", args("options"), ";;", "", mapping.Emptied},
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
			got, problem := apply(args("split_name"), []string{in})
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
			got, problem := apply(c.transform, c.values)
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
		"1 Elm St, Peoria, Illinois":                      {},
		"1 Elm St, Charleston, West Virginia 25301":       {"1 Elm St", "Charleston", "WV", "25301"},
		"1 Elm St, Charleston West Virginia 25301":        {"1 Elm St", "Charleston", "WV", "25301"},
		"1 Elm St, New York, ny 10001":                    {"1 Elm St", "New York", "NY", "10001"},
		"PSC 1, APO, AE 09012":                            {"PSC 1", "APO", "AE", "09012"},
		"Chicago, IL 60615":                               {},
		"221 E 51st St Chicago IL 60615":                  {},
		"221 E 51st St, Apt 3 Chicago IL 60615":           {},
		"221 E. 51st St., 3, IL 60615":                    {},
		"10 Downing Street, London SW1A 2AA, UK":          {},
		"Hauptstr. 1, München, DE 80331":                  {},
		"Hauptstr. 1, 10115 Berlin, DE":                   {},
		"1 Elm St, Peoria, IL 61602, Canada":              {},
		"1 Elm St, Washington, DC 20500":                  {"1 Elm St", "Washington", "DC", "20500"},
		"IL":                                              {},
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
				got, problem := apply(args("address_parse_"+part), []string{in})
				if want[i] == "" && problem == mapping.Unreadable {
					continue
				}
				if problem != "" || len(got) != 1 || got[0] != want[i] || got[0] == "" {
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
		{"a street's own number", number, "51st St.", "", mapping.Emptied},
		{"a street's own number in capitals", number, "3RD AVE", "", mapping.Emptied},
		{"none", number, "Main St. 5", "", mapping.Emptied},
		{"a box", number, "PO Box 12", "", mapping.Emptied},
		{"zero", number, "0 Main", "", mapping.Emptied},
	})
}

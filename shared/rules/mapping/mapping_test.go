package mapping_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// contact has a phone in canonical form and a name that a spoke holds as one field.
var contact = ruleset.Entity{Type: "contacts", Fields: []ruleset.Field{
	{Name: "phone", Form: []ruleset.Transform{args("phone_e164", "on_invalid", "park")}},
	{Name: "first", Form: []ruleset.Transform{args("trim")}},
	{Name: "last"},
}}

var (
	phonePair = ruleset.Pair{Hub: []record.HubField{"phone"}, Spoke: []record.PlatformField{"Phone"},
		ToSpokeTransforms: []ruleset.Transform{args("phone_national")}}
	namePair = ruleset.Pair{Hub: []record.HubField{"first", "last"}, Spoke: []record.PlatformField{"Name"},
		ToSpokeTransforms: []ruleset.Transform{args("combine_name")}, ToHubTransforms: []ruleset.Transform{args("trim"), args("split_name")}}
	brokenPair = ruleset.Pair{Hub: []record.HubField{"first", "last"}, Spoke: []record.PlatformField{"Name"}}
)

func TestAPairsSpokeFieldsBecomeHubValues(t *testing.T) {
	for name, c := range map[string]struct {
		pair    ruleset.Pair
		fields  record.Fields
		want    []string
		problem mapping.Why
	}{
		"in canonical form":         {phonePair, record.Fields{"Phone": "(312) 555-0123"}, []string{"+13125550123"}, ""},
		"a blank":                   {phonePair, record.Fields{"Phone": ""}, []string{""}, ""},
		"one field to two":          {namePair, record.Fields{"Name": " Ada Lovelace "}, []string{"Ada", "Lovelace"}, ""},
		"not of the canonical form": {phonePair, record.Fields{"Phone": "2859902"}, nil, mapping.ForPerson},
		"too few values":            {brokenPair, record.Fields{"Name": "Ada"}, nil, mapping.BrokenRule},
		"not read":                  {phonePair, record.Fields{"Name": "Ada"}, nil, mapping.NotRead},
	} {
		t.Run(name, func(t *testing.T) {
			got, problem := textsOf(mapping.ToHub(&contact, &c.pair, c.fields))
			if diff := cmp.Diff(c.want, got); diff != "" || problem != c.problem {
				t.Errorf("problem %q, want %q; values (-want +got):\n%s", problem, c.problem, diff)
			}
		})
	}
}

func TestAPairsHubValuesBecomeSpokeFields(t *testing.T) {
	for name, c := range map[string]struct {
		pair    ruleset.Pair
		values  record.HubValues
		want    []string
		problem mapping.Why
	}{
		"through its transform": {phonePair, record.HubValues{"phone": "+13125550123"}, []string{"(312) 555-0123"}, ""},
		"two fields to one":     {namePair, record.HubValues{"first": "Ada", "last": "Lovelace"}, []string{"Ada Lovelace"}, ""},
		"one of two is unknown": {namePair, record.HubValues{"first": "Ada"}, nil, mapping.NotRead},
	} {
		t.Run(name, func(t *testing.T) {
			got, problem := textsOf(mapping.ToSpoke(&c.pair, c.values))
			if diff := cmp.Diff(c.want, got); diff != "" || problem != c.problem {
				t.Errorf("problem %q, want %q; values (-want +got):\n%s", problem, c.problem, diff)
			}
		})
	}
	if _, problem := textsOf(mapping.ToSpoke(&brokenPair, record.HubValues{"first": "Ada", "last": "Lovelace"})); problem != mapping.BrokenRule {
		t.Errorf("two values for one field: problem %q, want %q", problem, mapping.BrokenRule)
	}
}

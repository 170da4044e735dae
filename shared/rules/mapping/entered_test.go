package mapping_test

import (
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func TestWhatAPersonTypesIsHeldToTheForm(t *testing.T) {
	phone := func(policy string) ruleset.Field {
		return ruleset.Field{Name: "phone", Form: []ruleset.Transform{{Name: "phone_e164", Args: map[string]string{"country": "US", "on_invalid": policy}}}}
	}
	email := ruleset.Field{Name: "email", Form: []ruleset.Transform{{Name: "trim"}, {Name: "lowercase"}}}
	for _, c := range []struct {
		name    string
		field   ruleset.Field
		text    string
		want    string
		problem mapping.Problem
	}{
		{"an email in no form", email, " BOB@New.Example ", "bob@new.example", ""},
		{"a phone", phone("park"), "(312) 555-0123", "+13125550123", ""},
		{"no phone, where those are parked", phone("park"), "banana", "", mapping.Invalid},
		{"no phone, where those of a platform are kept", phone("keep"), "banana", "", mapping.Invalid},
		{"no phone, where those of a platform are blanked", phone("blank"), "banana", "", mapping.Invalid},
		{"no phone, where nothing is said", ruleset.Field{Form: []ruleset.Transform{{Name: "phone_e164"}}}, "banana", "", mapping.Invalid},
		{"a blank", phone("keep"), "", "", ""},
	} {
		got, problem := mapping.Entered(&c.field, c.text)
		if got != c.want || problem != c.problem {
			t.Errorf("%s: %q gives %q, %q; want %q, %q", c.name, c.text, got, problem, c.want, c.problem)
		}
	}
	kept := phone("keep")
	if _, problem := mapping.Entered(&kept, "banana"); problem != mapping.Invalid || kept.Form[0].Args["on_invalid"] != "keep" {
		t.Errorf("the field itself has changed: %v", kept.Form)
	}
}

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
		problem mapping.Why
	}{
		{"an email in no form", email, " BOB@New.Example ", "bob@new.example", ""},
		{"a phone", phone("park"), "(312) 555-0123", "+13125550123", ""},
		{"no phone, where those are parked", phone("park"), "banana", "", mapping.ForPerson},
		{"no phone, where those of a platform are kept", phone("keep"), "banana", "", mapping.ForPerson},
		{"no phone, where those of a platform are blanked", phone("blank"), "banana", "", mapping.ForPerson},
		{"no phone, where nothing is said", ruleset.Field{Form: []ruleset.Transform{{Name: "phone_e164"}}}, "banana", "", mapping.ForPerson},
		{"a blank", phone("keep"), "", "", ""},
	} {
		said := mapping.Entered(&c.field, c.text)
		got, _ := said.Text()
		why, _ := said.Nothing()
		if problem := why.Why; got != c.want || problem != c.problem {
			t.Errorf("%s: %q gives %q, %q; want %q, %q", c.name, c.text, got, why, c.want, c.problem)
		}
	}
	kept := phone("keep")
	if why, _ := mapping.Entered(&kept, "banana").Nothing(); why.Why != mapping.ForPerson || kept.Form[0].Args["on_invalid"] != "keep" {
		t.Errorf("the field itself has changed: %v", kept.Form)
	}
}

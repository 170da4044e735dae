package mapping_test

import (
	"fmt"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// A field of a hub has one canonical form. All comparisons are in it, so that spelling is never taken for an edit.
func ExampleCanonical() {
	phone := &ruleset.Field{Name: "phone", Form: []ruleset.Transform{{Name: "phone_e164", Args: map[string]string{"default_country": "US"}}}}
	for _, typed := range []string{"(312) 555-0101", "312.555.0101", "+1 312 555 0101", "", "call me"} {
		text, ok := mapping.Canonical(phone, typed).Text()
		fmt.Printf("%q is %q, %v\n", typed, text, ok)
	}
	// Output:
	// "(312) 555-0101" is "+13125550101", true
	// "312.555.0101" is "+13125550101", true
	// "+1 312 555 0101" is "+13125550101", true
	// "" is "", true
	// "call me" is "", false
}

// A pair may split one value among several fields of a spoke.
func ExampleToSpoke() {
	pair := &ruleset.Pair{Hub: []record.HubField{"name"}, Spoke: []record.PlatformField{"firstName", "lastName"},
		ToSpokeTransforms: []ruleset.Transform{{Name: "split_name"}}}
	for i, said := range mapping.ToSpoke(pair, record.HubValues{"name": "Ann Lee"}) {
		text, _ := said.Text()
		fmt.Printf("%s: %s\n", pair.Spoke[i], text)
	}
	// Output:
	// firstName: Ann
	// lastName: Lee
}

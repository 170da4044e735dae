package ruleset_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// twoGroups is two groups over two connections. Each verb is the mapping of one group.
const twoGroups = `version: 1
connections: {c: {platform: central}, f: {platform: field}}
groups:
  one:
    hub: c
    objects:
      people:
        fields:
          name: {owner: hub, reason: r}
          surname: {owner: hub, reason: r}
          street: {owner: f, reason: r}
    mappings:
      - {hub: people, spoke: f.clients, %s}
  two:
    hub: %s
    objects:
      %s:
%s
        fields:
          %s: {owner: hub, reason: r}
          %s: {owner: hub, reason: r}
    mappings:
      - {hub: %s, spoke: %s, %s}
`

// across loads two groups; the second has the hub c, or f with the sides turned round.
func across(one, two string) string {
	return fmt.Sprintf(twoGroups, one, "c", "people", "", "name", "surname", "people", "f.clients", two)
}

func acrossTurned(one, two string) string {
	return fmt.Sprintf(twoGroups, one, "f", "clients", "", "first", "last", "clients", "c.people", two)
}

func TestGroupsThatShareConnections(t *testing.T) {
	street := "{hub: street, spoke: \"sites[first].street\", direction: to_hub}"
	marked := func(text string) string {
		return strings.ReplaceAll(text, "        fields:\n", "        hub_id: our_id\n        fields:\n")
	}
	cases := []struct{ name, text, want string }{
		{"each its own fields",
			across("fields: [{hub: name, spoke: first, direction: to_spoke}, "+street+"]", "fields: [{hub: surname, spoke: last, direction: to_spoke}]"), ""},
		{"both read one field",
			across("fields: [{hub: name, spoke: first, direction: to_spoke}, "+street+"]", "fields: [{hub: name, spoke: last, direction: to_spoke}]"), ""},
		{"both write one field",
			across("fields: [{hub: name, spoke: first, direction: to_spoke}, "+street+"]", "fields: [{hub: surname, spoke: first, direction: to_spoke}]"),
			`f:23:50: groups one and two both write first of f/clients; the first does on line 13: let one of them only read it`},
		{"both hold their identity in one field",
			marked(across("fields: ["+street+"]", "fields: [{hub: surname, spoke: last, direction: to_spoke}]")),
			`f:18:7: groups one and two both write our_id of c/people; the first does on line 7: let one of them only read it`},
		{"both create at one place",
			across("create: to_spoke, fields: [{hub: name, spoke: first, direction: to_spoke}, "+street+"]", "create: to_spoke, fields: [{hub: surname, spoke: last, direction: to_spoke}]"),
			`f:23:49: groups one and two both create at f/clients, and each would make a record of its own; let one of them create`},
		{"a value goes round",
			acrossTurned("fields: [{hub: name, spoke: first, direction: to_spoke}, "+street+"]", "fields: [{hub: first, spoke: name, direction: to_spoke}]"),
			`f:13:50: name of c/people goes round in a circle through groups two and one; make one of the pairs travel the other way, or put them in one group`},
		{"a value goes there and another comes back",
			acrossTurned("fields: [{hub: name, spoke: first, direction: to_spoke}, "+street+"]", "fields: [{hub: last, spoke: surname, direction: to_spoke}]"), ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := ruleset.Load("f", []byte(c.text), madeUp())
			got := ""
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s\n%s", diff, c.text)
			}
		})
	}
}

func TestObjectsThatReferToEachOtherInACircle(t *testing.T) {
	text := `version: 1
connections: {c: {platform: central}, f: {platform: field}}
groups:
  one:
    hub: c
    objects:
      people: {fields: {name: {owner: hub, reason: r}}}
      teams: {fields: {title: {owner: hub, reason: r}, lead: {owner: hub, reason: r}}}
      squads: {fields: {title: {owner: hub, reason: r}, team: {owner: hub, reason: r}}}
    mappings:
      - {hub: people, spoke: f.clients, fields: [{hub: name, spoke: first}]}
      - {hub: teams, spoke: f.jobs, fields: [{hub: title, spoke: title}]}
      - {hub: squads, spoke: f.tickets, fields: [{hub: title, spoke: title}]}
`
	_, err := ruleset.Load("f", []byte(text), madeUp())
	want := "f:8:7: objects refer to each other in a circle: teams -> squads -> teams; take the reference out of one, so that one can be created first"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

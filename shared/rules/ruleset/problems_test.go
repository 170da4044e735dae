package ruleset_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// problemCase breaks the small configuration in one place.
type problemCase struct {
	name     string
	old, new string
	want     string // "line:column: message", every problem on its own line
	shape    bool   // the published schema refuses it too
}

// problems are all there are.
var problems = slices.Concat(problemsOfObjects, problemsOfMappings)

// problemsOfObjects break the file's form, its connections, groups and objects.
var problemsOfObjects = []problemCase{
	{name: "no version", shape: true,
		old: `version: 1
`, new: "",
		want: "1:1: the file has no version; add version: 1"},
	{name: "another version", shape: true,
		old: "version: 1", new: "version: 2",
		want: `1:10: version is "2"; write 1`},
	{name: "an unknown key", shape: true,
		old: "connections:", new: "conections:",
		want: `2:1: the file has no key "conections"; did you mean "connections"?`},
	{name: "an unknown key like nothing", shape: true,
		old: `    hub: c
`, new: `    hub: c
    colour: red
`,
		want: `10:5: group "main" has no key "colour"; one of hub, objects, mappings, limits`},
	{name: "a key given twice",
		old: `    hub: c
`, new: `    hub: c
    hub: f
`,
		want: `10:5: key "hub" is given twice; the first is on line 9: keep one`},
	{name: "an object that no mapping takes anywhere",
		old: `    objects:
      deals:
`, new: `    objects:
      teams: {fields: {title: {owner: hub, reason: r}}}
      deals:
`,
		want: "11:7: no mapping takes teams anywhere; add one, or take the object out"},
	{name: "not YAML",
		old: `    hub: c
`, new: `    hub: c: d
`,
		want: "9:10: not YAML: mapping value is not allowed in this context; check brackets, quotes and indentation here and on the line above"},
	{name: "an anchor",
		old: "platform: ledger", new: "platform: &p ledger",
		want: "5:17: anchors, aliases, merges and tags are not read here; write the value out"},
	{name: "a second document",
		old: `version: 1
`, new: `version: 1
---
`,
		want: "3:1: a second document; a configuration is one document, without ---"},
	{name: "an empty value", shape: true,
		old: "reason: sales names it", new: "reason:",
		want: "14:31: reason is empty; write why, in your words"},
	{name: "a blank text", shape: true,
		old: "reason: sales names it", new: `reason: "  "`,
		want: "14:39: reason is blank; write why, in your words"},
	{name: "a list for a text", shape: true,
		old: "owner: hub, reason: sales names it", new: "owner: [hub], reason: sales names it",
		want: "14:26: owner is a list; write hub, a connection of the group, or last_write_wins"},
	{name: "a number for a text", shape: true,
		old: "reason: sales names it", new: "reason: 12",
		want: `14:39: reason is a number; write why, in your words, in quotes if it is meant: "12"`},
	{name: "a text for true or false", shape: true,
		old: "realtime: false", new: "realtime: no",
		want: "63:41: realtime is text; write true or false"},
	{name: "text for keys", shape: true,
		old: `      deals:
        hub_id: our_id
        fields:
`, new: `      deals:
        hub_id: our_id
        fields: none
        match:
`,
		want: `13:17: fields is text; write keys with values
15:11: match is keys with values; write a list, [a, b] or one - per line`},
	{name: "an empty list", shape: true,
		old: "fields: [email]", new: "fields: []",
		want: "21:35: fields is an empty list; give at least one part or leave the key out"},
	{name: "an unknown platform",
		old: "platform: ledger", new: "platform: leger",
		want: `5:17: unknown platform "leger"; did you mean "ledger"?`},
	{name: "a connection's name", shape: true,
		old: "  l: {platform", new: "  L.x: {platform",
		want: `5:3: connection is "L.x"; write a name of small letters, digits, - and _
61:16: unknown connection "l"; one of c, f, L.x, z`},
	{name: "concurrency out of bounds", shape: true,
		old: "max_concurrency: 4", new: "max_concurrency: 0",
		want: `4:67: max_concurrency is "0"; write a whole number, 1 to 1000`},
	{name: "an unknown hub",
		old: `hub: c
`, new: `hub: d
`,
		want: `9:10: unknown connection "d"; one of c, f, l, z`},
	{name: "a platform that cannot be a hub",
		old: `hub: c
`, new: `hub: l
`,
		want: `9:10: Ledger cannot be a hub: a repeated create there would make a duplicate; make another connection the hub
11:7: Ledger has no object "deals"; the only one is customers
18:7: Ledger has no object "people"; the only one is customers
61:16: "l" is the group's hub; a spoke is another connection`},
	{name: "an unknown object",
		old: `      people:
`, new: `      peple:
`,
		want: `18:7: Central has no object "peple"; did you mean "people"?`},
	{name: "an unknown field",
		old: "          vip: {owner", new: "          vib: {owner",
		want: `29:11: a person of Central has no field "vib"; did you mean "vip"?`},
	{name: "no owner", shape: true,
		old: "vip: {owner: hub, reason", new: "vip: {reason",
		want: `29:16: field "vip" has no owner; add owner: hub, a connection of the group, or last_write_wins`},
	{name: "no reason", shape: true,
		old: "owner: hub, reason: sales decides", new: "owner: hub",
		want: `29:16: field "vip" has no reason; add reason: why, in your words`},
	{name: "a misspelt owner",
		old: "vip: {owner: hub", new: "vip: {owner: hubb",
		want: `29:24: unknown owner "hubb"; did you mean "hub"?`},
	{name: "a misspelt key that is missing then", shape: true,
		old: "vip: {owner: hub", new: "vip: {ownr: hub",
		want: `29:17: field "vip" has no key "ownr"; did you mean "owner"?`},
	{name: "an unknown policy", shape: true,
		old: "blank: keep", new: "blank: kepp",
		want: `27:60: unknown policy "kepp"; did you mean "keep"?`},
	{name: "conflict owner without an owner",
		old: "owner: last_write_wins,", new: "owner: last_write_wins, conflict: owner,",
		want: "16:53: conflict owner has no owner to go by: the field's owner is last_write_wins; write newest, hub, spoke or manual"},
	{name: "a policy for others where all own",
		old: "owner: last_write_wins,", new: "owner: last_write_wins, non_owner: flag,",
		want: "16:54: non_owner says nothing here: with last_write_wins every writer is an owner; take it out"},
	{name: "an owner outside of the group",
		old: "street: {owner: f", new: "street: {owner: z",
		want: "28:27: owner z takes no part in group main; map people to it, or name hub, last_write_wins or one of the group's spokes"},
	{name: "an owner that cannot supply",
		old: "street: {owner: f", new: "street: {owner: l",
		want: "28:27: owner l cannot supply street: no pair of l brings it to the hub; add {hub: street, spoke: …, direction: to_hub} to its mapping, or change the owner"},
	{name: "a form that is none",
		old: `form: [{phone_e164: {country: US}}]`, new: `form: [street_number]`,
		want: `25:38: street_number is not a canonical form: applied again it could change the value; use it in a pair's to_spoke or to_hub, or take one of trim, lowercase, uppercase, titlecase, phone_e164, phone_national, phone_digits, date_iso, date_us, date_eu, datetime_iso, options, decimal, bool`},
	{name: "an unknown transform", shape: true,
		old: "form: [{phone_e164: {country: US}}]", new: "form: [trimm]",
		want: `25:38: unknown transform "trimm"; did you mean "trim"?`},
	{name: "a transform without its argument",
		old: `spoke: first}`, new: `spoke: first, direction: to_spoke, to_spoke: [truncate]}`,
		want: `41:71: truncate needs arguments; write {truncate: {length: …}}`},
	{name: "a transform with an empty argument list", shape: true,
		old: `spoke: first}`, new: `spoke: first, direction: to_spoke, to_spoke: [{truncate: {}}]}`,
		want: `41:82: truncate has no length; add length: a whole number, 1 to 1000000`},
	{name: "an unknown argument", shape: true,
		old: `phone_e164: {country: US}`, new: `phone_e164: {country: US, on_error: keep}`,
		want: `25:65: phone_e164 has no key "on_error"; one of country, on_invalid, extension`},
	{name: "a country that is no code", shape: true,
		old: "phone_e164: {country: US}", new: "phone_e164: {country: USA}",
		want: `25:61: country is "USA"; write a country's two capitals, such as US`},
	{name: "a length that is nothing", shape: true,
		old: `spoke: first}`, new: `spoke: first, direction: to_spoke, to_spoke: [{truncate: {length: 0}}]}`,
		want: `41:91: length is "0"; write a whole number, 1 to 1000000`},
	{name: "an argument of another value", shape: true,
		old: "phone_e164: {country: US}", new: "phone_e164: {country: US, on_invalid: drop}",
		want: `25:77: unknown on_invalid "drop"; one of keep, park, blank`},
	{name: "two transforms in one", shape: true,
		old: "{phone_e164: {country: US}}", new: "{phone_e164: {country: US}, trim: {}}",
		want: "25:66: transform has both phone_e164 and trim; keep one"},
	{name: "a marker that is unknown",
		old: `    hub_id: our_id
        match`, new: `    hub_id: your_id
        match`,
		want: `19:17: a person has no field "your_id"; the usual one is our_id`},
	{name: "a marker that is a field too",
		old: "          vip: {owner: hub", new: `          our_id: {owner: hub, reason: ours}
          vip: {owner: hub`,
		want: `19:17: hub_id "our_id" is also declared as a field; it is ours alone: take it out of fields`},
	{name: "a read-only marker",
		old: `    hub_id: our_id
        match`, new: `    hub_id: score
        match`,
		want: `19:17: hub_id "score" is read-only; name a field of text that nothing else uses
19:17: hub_id "score" is also declared as a field; it is ours alone: take it out of fields`},
	{name: "no marker on a hub that creates",
		old: `    hub_id: our_id
        match`, new: "    match",
		want: "18:7: people are created on c, and without hub_id a repeated create makes a duplicate; add hub_id: our_id"},
	{name: "a match by an undeclared field",
		old: "fields: [email]", new: "fields: [born]",
		want: `21:36: hub field "born" is not declared; under objects: people: fields: add born: {owner: hub, reason: "why"}`},
	{name: "a match by a misspelt field",
		old: "fields: [email]", new: "fields: [emial]",
		want: `21:36: hub field "emial" is not declared; did you mean "email"?`},
	{name: "two match rules of one name",
		old: "rule: phone and house", new: "rule: email",
		want: `22:20: two match rules are named "email"; give each its own name`},
	{name: "a match transform that gives two values",
		old: "through: [street_number]", new: "through: [split_name]",
		want: "22:78: the transforms make 2 values where 1 is needed; end with a transform that makes 1"},
}

func TestEachProblemIsFoundWhereItStands(t *testing.T) {
	for _, c := range problems {
		t.Run(c.name, func(t *testing.T) {
			if strings.Count(small, c.old) == 0 {
				t.Fatalf("the configuration has no %q", c.old)
			}
			_, err := ruleset.Load("f", []byte(strings.Replace(small, c.old, c.new, 1)), madeUp())
			got := ""
			if err != nil {
				got = strings.ReplaceAll("\n"+err.Error(), "\nf:", "\n")[1:]
			}
			if got != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

// TestAFieldThatIsAllButOneOfThePlatformsIsASlip: an account may have fields of its own, of almost any name.
func TestAFieldThatIsAllButOneOfThePlatformsIsASlip(t *testing.T) {
	file := func(field string) string {
		return "version: 1\nconnections:\n  hubspot: {platform: hubspot}\n  jobber: {platform: jobber}\ngroups:\n  main:\n    hub: hubspot\n    objects:\n      contacts:\n        fields:\n          " + field +
			": {owner: hub, reason: r}\n    mappings:\n      - hub: contacts\n        spoke: jobber.clients\n        fields:\n          - {hub: " + field + ", spoke: firstName}\n"
	}
	for name, near := range map[string]string{"emial": "email", "fristname": "firstname", "compnay": "company", "lastnam": "", "firstname2": "", "email_private": "", "gate_code": "", "phone2": "", "city": ""} {
		t.Run(name, func(t *testing.T) {
			_, err := ruleset.Load("f", []byte(file(name)), catalog.All())
			switch {
			case near == "" && err != nil:
				t.Errorf("refused: %v", err)
			case near != "" && (err == nil || !strings.Contains(err.Error(), "did you mean \""+near+"\"?")):
				t.Errorf("got %v, want %s offered", err, near)
			}
		})
	}
}

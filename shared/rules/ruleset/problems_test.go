package ruleset_test

import (
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

var problems = []problemCase{
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
		want: `25:38: street_number is no canonical form: applied again it could change the value; use it in a pair's to_spoke or to_hub, or take one of trim, lowercase, uppercase, titlecase, phone_e164, phone_national, phone_digits, date_iso, date_us, date_eu, datetime_iso, options, decimal, bool`},
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
	{name: "a spoke without object", shape: true,
		old: "spoke: f.jobs", new: "spoke: f",
		want: `46:16: spoke is "f"; write connection.object, for instance jobber.clients`},
	{name: "an unknown spoke",
		old: "spoke: f.jobs", new: "spoke: g.jobs",
		want: `46:16: unknown connection "g"; one of c, f, l, z`},
	{name: "an unknown object of a spoke",
		old: "spoke: f.jobs", new: "spoke: f.job",
		want: `46:16: Field has no object "job"; did you mean "jobs"?`},
	{name: "the hub as spoke",
		old: "spoke: l.customers", new: "spoke: c.deals",
		want: `61:16: "c" is the group's hub; a spoke is another connection`},
	{name: "a place mapped twice",
		old: "spoke: l.customers", new: "spoke: f.clients",
		want: "61:16: f.clients is mapped twice in group main; the first is on line 32: keep one"},
	{name: "an undeclared object",
		old: "  - hub: deals", new: "  - hub: teams",
		want: `45:14: object "teams" is not declared; under groups: main: objects: add teams: {fields: {…}}`},
	{name: "a misspelt object",
		old: "  - hub: deals", new: "  - hub: deal",
		want: `45:14: object "deal" is not declared; did you mean "deals"?`},
	{name: "two mappings of one name",
		old: "        name: work", new: "        name: people-f-clients",
		want: `47:15: two mappings of group main are named "people-f-clients"; the first is on line 32: give each its own name`},
	{name: "a period out of bounds",
		old: "every: 1h}}", new: "every: 100h}}",
		want: `37:36: every is "100h"; write 1m to 24h`},
	{name: "a period in words", shape: true,
		old: "every: 1h}}", new: "every: hourly}}",
		want: `37:36: every is "hourly"; write minutes or hours from 1m to 24h such as 15m, or none`},
	{name: "hours without a zone", shape: true,
		old: "{to_hub: {every: 1h}}", new: "{to_hub: {every: 1h, active: {from: 07:00}}}",
		want: `37:48: active has no zone; add zone: text`},
	{name: "hours in an unknown zone",
		old: "{to_hub: {every: 1h}}", new: "{to_hub: {every: 1h, active: {from: 07:00, zone: America/Chigago}}}",
		want: `37:68: unknown time zone "America/Chigago"; write an IANA name such as America/Chicago, Europe/Berlin or UTC`},
	{name: "hours in the zone of whatever machine it is",
		old: "{to_hub: {every: 1h}}", new: "{active: {zone: Local}}",
		want: `37:35: unknown time zone "Local"; write an IANA name such as America/Chicago, Europe/Berlin or UTC`},
	{name: "hours spelled as no clock shows them", shape: true,
		old: "{to_hub: {every: 1h}}", new: "{active: {from: 7am, zone: UTC}}",
		want: `37:35: from is "7am"; write a time of day from 00:00 to 23:59, such as 07:00`},
	{name: "hours that last no time",
		old: "{to_hub: {every: 1h}}", new: "{active: {from: 07:00, to: 07:00, zone: UTC}}",
		want: `37:28: active begins and ends at 07:00; give two times, or leave active out for always`},
	{name: "an unknown day", shape: true,
		old: "{to_hub: {every: 1h}}", new: "{active: {days: [mon, tues], zone: UTC}}",
		want: `37:41: unknown day "tues"; did you mean "tue"?`},
	{name: "hours of a schedule without a period",
		old: "{to_hub: {every: 1h}}", new: "{to_hub: {every: none, active: {zone: UTC}}}",
		want: `37:50: active bounds polls and sweeps, and every is none; take one of them out`},
	{name: "a schedule that never runs",
		old: "to_spoke: {realtime: false, every: 1h}", new: "to_spoke: {realtime: false, every: none}",
		want: "63:55: neither in real time nor by period: nothing would travel; give a period such as 1h"},
	{name: "a spoke's marker that is unknown",
		old: "hub_id: custom[Hub ID]", new: "hub_id: hubid",
		want: `36:17: a client has no field "hubid"; one of first, last, sites[first].street, emails[main], phones[main], favourite`},
	{name: "existing without a filter",
		old: `        delete: archive
`, new: `        delete: archive
        existing: enter
`,
		want: "36:19: existing says which records enter a filter, and there is no filter; add one, or take existing out"},
	{name: "delete where it cannot be",
		old: "delete: archive", new: "delete: delete",
		want: `35:17: f cannot delete a client; write delete: one of ignore, unlink, archive
35:17: c cannot delete a person; write delete: one of ignore, unlink, archive`},
	{name: "create where it cannot be",
		old: "spoke: f.jobs", new: "spoke: f.tickets",
		want: "49:17: a ticket cannot be created on f; write create: none"},
	{name: "a filter by an undeclared field",
		old: "{field: amount, present", new: "{field: amuont, present",
		want: `52:21: hub field "amuont" is not declared; did you mean "amount"?`},
	{name: "a filter by a value that cannot be",
		old: "in: [won]", new: "in: [wom]",
		want: `51:33: stage has no value "wom"; did you mean "won"?`},
	{name: "a filter with two comparisons", shape: true,
		old: "in: [won]}", new: "in: [won], is: won}",
		want: "51:39: a condition has both in and is; keep one"},
	{name: "a filter without comparison", shape: true,
		old: "{field: amount, present: true}", new: "{field: amount}",
		want: "52:13: a condition has none of is, becomes, is_not, in, not_in, present, blank, above, at_least, below, at_most, between, has, any; give one"},
	{name: "a comparison with a word",
		old: "{field: amount, present: true}", new: "{field: amount, above: much}",
		want: `52:36: amount is compared as a number, and "much" is none; write digits with a point, such as "12.50"`},
	{name: "a comparison of a text",
		old: "{field: amount, present: true}", new: "{field: stage, above: 5}",
		want: "52:35: stage has no order: it is of kind enum; compare a number or a date, or give the field a form that reads one, such as [decimal] or [date_iso]"},
	{name: "nothing between",
		old: "{field: amount, present: true}", new: "{field: amount, between: [10, 9]}",
		want: `52:38: nothing lies between "10" and "9"; write the smaller first`},
	{name: "between three",
		old: "{field: amount, present: true}", new: "{field: amount, between: [8, 9, 10]}",
		want: "52:38: between takes two values, the smaller first, and here are 3"},
	{name: "an option of one",
		old: "{field: amount, present: true}", new: "{field: stage, has: won}",
		want: "52:33: has asks for one of several options, and stage is one text; give the field form: [options], or write in"},
	{name: "a condition without field",
		old: "{field: amount, present: true}", new: "{above: 5}",
		want: "52:13: a condition has no field; add field: and a declared field of the hub object"},
	{name: "any with a field",
		old: "{field: amount, present: true}", new: "{field: amount, any: [{field: amount, above: 5}]}",
		want: "52:21: any names the fields in its own conditions; take field out"},
	{name: "a value in any that cannot be",
		old: "{field: amount, present: true}", new: "{any: [{field: stage, is: wom}]}",
		want: `52:39: stage has no value "wom"; did you mean "won"?`},
	{name: "a pair of an undeclared field",
		old: `          - {hub: vip, spoke: favourite}
`, new: `          - {hub: born, spoke: favourite}
`,
		want: `44:19: hub field "born" is not declared; under objects: people: fields: add born: {owner: hub, reason: "why"}`},
	{name: "a pair of a misspelt field",
		old: `          - {hub: vip, spoke: favourite}
`, new: `          - {hub: vipp, spoke: favourite}
`,
		want: `44:19: hub field "vipp" is not declared; did you mean "vip"?`},
	{name: "an unknown spoke field",
		old: "spoke: favourite}", new: "spoke: favorite}",
		want: `44:31: a client of f has no field "favorite"; did you mean "favourite"?`},
	{name: "neither hub nor value", shape: true,
		old: `{spoke: visits, value: "false"}`, new: "{spoke: visits}",
		want: "59:13: a field pair has none of hub, value; give one"},
	{name: "both hub and value", shape: true,
		old: `{spoke: visits, value: "false"}`, new: `{spoke: visits, hub: title, value: "false"}`,
		want: "59:41: a field pair has both hub and value; keep one"},
	{name: "a constant with a direction",
		old: `value: "false"}`, new: `value: "false", direction: both}`,
		want: "59:56: direction says nothing of a constant, which is written once, at creation; take it out"},
	{name: "a constant of another kind",
		old: `value: "false"}`, new: `value: "off"}`,
		want: `59:36: visits is a yes or no, not "off"; write "true" or "false"`},
	{name: "a constant that is no number",
		old: `{spoke: visits, value: "false"}`, new: "{spoke: hours, value: two}",
		want: `59:35: hours is a number, not "two"; write digits with a point, such as "12.50"`},
	{name: "a constant that is not among the values",
		old: `{spoke: visits, value: "false"}`, new: "{spoke: mood, value: god}",
		want: `59:34: mood has no value "god"; did you mean "good"?`},
	{name: "a constant where nothing is created",
		old: `        name: work
        direction: to_spoke
        create: to_spoke
`, new: `        name: work
        direction: to_spoke
`,
		want: "58:13: the constant would never be written: create is none; write create: to_spoke or both, or take the pair out"},
	{name: "a read-only field of the spoke written",
		old: "direction: to_hub, to_hub: [{value_map: {done: won}}]}", new: "direction: both}",
		want: "58:33: status is read-only on f, so nothing can be written to it; write direction: to_hub"},
	{name: "a read-only field of the hub written",
		old: "{hub: vip, spoke: favourite}", new: "{hub: score, spoke: favourite}",
		want: "44:19: score is read-only on c, so nothing can be written to it; write direction: to_spoke"},
	{name: "several fields without a transform",
		old: "direction: to_spoke, to_spoke: [combine_name]", new: "direction: to_spoke",
		want: "65:13: 2 fields of the hub and 1 field of the spoke; add to_spoke: […] with a transform that joins or splits them, or write direction: to_hub"},
	{name: "a transform of another count",
		old: "to_spoke: [combine_name]", new: "to_spoke: [trim]",
		want: "65:81: trim takes 1 value, and here it gets 2; join them first, with concatenate or combine_name"},
	{name: "several fields both ways",
		old: "direction: to_spoke, to_spoke: [combine_name]", new: "to_spoke: [combine_name]",
		want: "65:13: 2 fields of the hub and 1 field of the spoke; add to_hub: […] with a transform that joins or splits them, or write direction: to_spoke"},
	{name: "a transform that loses, both ways",
		old: "spoke: first}", new: "spoke: first, to_spoke: [{truncate: {length: 10}}]}",
		want: "41:49: truncate loses something, so what it makes cannot come back; write direction: to_spoke"},
	{name: "transforms of the way not travelled",
		old: "spoke: Email, direction: to_spoke", new: "spoke: Email, direction: to_spoke, to_hub: [trim]",
		want: "66:69: to_hub says nothing: the pair travels to_spoke alone; take it out, or write direction: both"},
	{name: "a value map one way on a pair that goes both",
		old: `          - {hub: vip, spoke: favourite}
`, new: `          - {hub: vip, spoke: favourite, to_spoke: [{value_map: {true: false}}]}
`,
		want: "44:52: to_spoke maps values and nothing maps them back; add to_hub: [{value_map: {…}}] with the pairs turned round, or write direction: to_spoke"},
	{name: "value maps that do not undo each other",
		old: `          - {hub: vip, spoke: favourite}
`, new: `          - {hub: vip, spoke: favourite, to_spoke: [{value_map: {true: false, false: true}}], to_hub: [{value_map: {true: false, false: false}}]}
`,
		want: `44:66: "true" becomes "false", which to_hub does not turn back; add false: true there, or write direction: to_spoke`},
	{name: "a value map to a value that cannot be",
		old: "value_map: {done: won}", new: "value_map: {done: on}",
		want: `58:88: stage has no value "on"; did you mean "won"?`},
	{name: "a value map from a value that cannot be",
		old: "value_map: {done: won}", new: "value_map: {don: won}",
		want: `58:82: status has no value "don"; did you mean "done"?`},
	{name: "an empty value map",
		old: "value_map: {done: won}", new: "value_map: {}",
		want: "58:70: value_map maps nothing; write {value_map: {theirs: ours}}"},
	{name: "a reference without reference",
		old: "client, reference: people}", new: "client}",
		want: "57:13: person names a record of people, whose id means nothing on f; add reference: people"},
	{name: "a reference to an undeclared object",
		old: "client, reference: people}", new: "client, reference: peple}",
		want: `57:53: object "peple" is not declared; did you mean "people"?`},
	{name: "a reference of a plain field",
		old: "{hub: title, spoke: title}", new: "{hub: title, spoke: title, reference: people}",
		want: "55:51: title names no record: it is of kind text; take reference out"},
	{name: "a reference through an unknown field",
		old: `field: "sites[first].id"`, new: `field: "sites[first].di"`,
		want: `56:71: a client of f has no field "sites[first].di"; did you mean "sites[first].id"?`},
	{name: "a reference through a field, to the hub",
		old: `field: "sites[first].id"}`, new: `field: "sites[first].id"}, direction: both`,
		want: "56:102: a reference through a field travels to the spoke alone; write to_spoke, or leave direction out"},
	{name: "a reference with transforms",
		old: "client, reference: people}", new: "client, reference: people, to_spoke: [trim]}",
		want: "57:71: a reference is translated by its record's identity; take to_spoke out"},
	{name: "a required field without pair",
		old: `          - {hub: [name, surname], spoke: Name, direction: to_spoke, to_spoke: [combine_name]}
`, new: "",
		want: `62:17: a customer cannot be created on l without Name; add a pair {hub: …, spoke: "Name"}, or create: none`},
	{name: "a required field of the hub without pair",
		old: `direction: to_spoke
        create: to_spoke
        filter`, new: `direction: to_spoke
        create: both
        filter`,
		want: `49:17: a deal cannot be created on the hub without title; add a pair {hub: "title", spoke: …}, or create: to_spoke
49:17: deals are created on both sides, and no match rule recognises one that both have: each would get a second; under objects: deals: add match: [{rule: …, fields: […]}], or write create: to_spoke`},
	{name: "created on both sides without a match rule",
		old: `        match:
          - {rule: email, fields: [email]}
          - {rule: phone and house, fields: [phone, {field: street, through: [street_number]}]}
`, new: "",
		want: `31:17: people are created on both sides, and no match rule recognises one that both have: each would get a second; under objects: people: add match: [{rule: …, fields: […]}], or write create: to_spoke`},
	{name: "a spoke field written twice",
		old: "spoke: last}", new: "spoke: first}",
		want: "42:13: first is written by two pairs; the first is on line 41: keep one"},
	{name: "a hub field set twice",
		old: "{hub: surname, spoke: last}", new: "{hub: name, spoke: last}",
		want: "42:13: hub field name is set by two pairs of this mapping; the first is on line 41: keep one, or make one direction: to_spoke"},
	{name: "the way to the hub of a field the spoke does not own",
		old: "spoke: first}", new: "spoke: first, direction: to_hub}",
		want: "41:13: name is owned by c, so what f sends to the hub would never count; make f its owner, or write direction: to_spoke"},
	{name: "the marker in a pair",
		old: `          - {hub: vip, spoke: favourite}
`, new: `          - {hub: our_id, spoke: favourite}
`,
		want: "44:19: our_id is the object's hub_id, which is ours alone; take the pair out"},
	{name: "the spoke's marker in a pair",
		old: "spoke: favourite}", new: `spoke: "custom[Hub ID]"}`,
		want: "44:31: custom[Hub ID] is the mapping's hub_id, which is ours alone; take the pair out"},
	{name: "several fields on both sides",
		old: "{hub: [name, surname], spoke: Name,", new: "{hub: [name, surname], spoke: [Name, Street],",
		want: "65:13: 2 hub fields with 2 spoke fields; one side has one field: write several pairs"},
	{name: "a connection named like an owner",
		old: "  z: {platform", new: "  hub: {platform",
		want: "6:3: a connection cannot be named hub, which means something else as an owner; give it another name"},
	{name: "a misspelt key of a transform's arguments", shape: true,
		old: "phone_e164: {country: US}", new: "phone_e164: {contry: US}",
		want: `25:52: phone_e164 has no key "contry"; did you mean "country"?`},
	{name: "an undeclared object like nothing",
		old: "  - hub: deals", new: "  - hub: squads",
		want: `45:14: object "squads" is not declared; under groups: main: objects: add squads: {fields: {…}}`},
	{name: "existing words for a filter", shape: true,
		old: "existing: enter", new: "existing: entered",
		want: `53:19: unknown policy "entered"; did you mean "enter"?`},
	{name: "a reference to another object",
		old: "client, reference: people}", new: "client, reference: deals}",
		want: "57:53: person names a record of people, not of deals; write people"},
	{name: "a reference without mapping",
		old: `spoke: f.clients
`, new: `spoke: z.clients
`,
		want: `28:27: owner f cannot supply street: no pair of f brings it to the hub; add {hub: street, spoke: …, direction: to_hub} to its mapping, or change the owner
56:56: no mapping takes people to f, so there is nothing to name; map people to an object of f
57:53: client names one of the clients of f, to which no mapping takes people; map people to f.clients`},
	{name: "a value that is a list", shape: true,
		old: `value: "false"`, new: "value: [a]",
		want: "59:36: value is a list; write one value (quote it to be sure of its spelling)"},
	{name: "a whole section of another kind", shape: true,
		old: `connections:
`, new: `connections: none
others:
`,
		want: `2:14: connections is text; write keys with values
3:1: the file has no key "others"; one of version, connections, groups`},
	{name: "a two-way value map without a way back",
		old: "stage, spoke: status, direction: to_hub, to_hub: [{value_map: {done: won}}]", new: "stage, spoke: mood, direction: both, to_hub: [{value_map: {good: won}}]",
		want: "58:64: to_hub maps values and nothing maps them back; add to_spoke: [{value_map: {…}}] with the pairs turned round, or write direction: to_hub"},
	{name: "an empty constant",
		old: `value: "false"`, new: `value: ""`,
		want: "59:36: an empty constant writes nothing; give a value, or take the pair out"},
	{name: "a field named twice in a pair",
		old: "hub: [name, surname]", new: "hub: [name, name]",
		want: "65:26: name is named twice in one pair; name it once"},
	{name: "a match rule that names a field twice",
		old: "fields: [email]", new: "fields: [email, email]",
		want: `21:43: rule "email" names "email" twice; name it once`},
	{name: "a schedule's misspelt key", shape: true,
		old: "{to_hub: {every: 1h}}", new: "{to_hb: {every: 1h}}",
		want: `37:20: schedule has no key "to_hb"; did you mean "to_hub"?`},
	{name: "an unknown currency",
		old: "form: [{phone_e164: {country: US}}]", new: "form: [{decimal: {currency: dollars}}]",
		want: `25:59: "dollars" is no currency; write its code, such as USD, EUR or JPY`},
	{name: "a condition on an empty value",
		old: "in: [won]", new: `is: ""`,
		want: "51:32: a condition on an empty value; write {field: stage, blank: true}, or blank: false"},
	{name: "a condition on a yes or no",
		old: "{field: stage, in: [won]}", new: `{field: person, is_not: ""}`,
		want: "51:37: a condition on an empty value; write {field: person, blank: true}, or blank: false"},
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

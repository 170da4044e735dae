package ruleset_test

import (
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

// madeUp gives three platforms that no vendor makes, so that the loader's tests do not move with the vendors' catalogs.
func madeUp() []*catalog.Platform {
	able := catalog.Ability{Create: true, Update: true, Archive: true}
	unique := able
	unique.UniqueKey, unique.Marker = true, "our_id"
	return []*catalog.Platform{
		{Name: "central", Label: "Central", Hub: true, Objects: []catalog.Object{
			{Name: "people", Label: "person", Ability: unique, Custom: lazyregexp.New(`^x_[a-z]+$`), Fields: append(
				texts("name", "surname", "our_id", "street"),
				catalog.Field{Name: "email", Kind: catalog.Email},
				catalog.Field{Name: "phone", Kind: catalog.Phone},
				catalog.Field{Name: "born", Kind: catalog.Date},
				catalog.Field{Name: "vip", Kind: catalog.Bool},
				catalog.Field{Name: "score", Kind: catalog.Number, ReadOnly: true})},
			{Name: "deals", Label: "deal", Ability: unique, Fields: append(
				texts("our_id"),
				catalog.Field{Name: "title", Kind: catalog.Text, Required: true},
				catalog.Field{Name: "amount", Kind: catalog.Money},
				catalog.Field{Name: "stage", Kind: catalog.Enum, Values: []string{"open", "won", "lost"}},
				catalog.Field{Name: "person", Kind: catalog.Reference, Refers: "people"})},
			{Name: "teams", Label: "team", Ability: able, Fields: append(
				texts("title"),
				catalog.Field{Name: "lead", Kind: catalog.Reference, Refers: "squads"})},
			{Name: "squads", Label: "squad", Ability: able, Fields: append(
				texts("title"),
				catalog.Field{Name: "team", Kind: catalog.Reference, Refers: "teams"})},
		}},
		{Name: "field", Label: "Field", Hub: true, Objects: []catalog.Object{
			{Name: "clients", Label: "client", Ability: able, Custom: lazyregexp.New(`^custom\[[^\[\]]+\]$`), Fields: append(
				texts("first", "last", "sites[first].street"),
				catalog.Field{Name: "emails[main]", Kind: catalog.Email},
				catalog.Field{Name: "phones[main]", Kind: catalog.Phone},
				catalog.Field{Name: "favourite", Kind: catalog.Bool},
				catalog.Field{Name: "sites[first].id", Kind: catalog.Text, ReadOnly: true})},
			{Name: "jobs", Label: "job", Ability: able, Fields: append(
				texts("title"),
				catalog.Field{Name: "site", Kind: catalog.Text, CreateOnly: true},
				catalog.Field{Name: "client", Kind: catalog.Reference, Refers: "clients", CreateOnly: true},
				catalog.Field{Name: "visits", Kind: catalog.Bool, CreateOnly: true},
				catalog.Field{Name: "hours", Kind: catalog.Number},
				catalog.Field{Name: "status", Kind: catalog.Enum, ReadOnly: true, Values: []string{"waiting", "done", "late"}},
				catalog.Field{Name: "mood", Kind: catalog.Enum, Values: []string{"good", "bad"}})},
			{Name: "tickets", Label: "ticket", Ability: catalog.Ability{Update: true}, Fields: append(
				texts("title", "site", "visits", "status"),
				catalog.Field{Name: "client", Kind: catalog.Reference, Refers: "clients"})},
		}},
		{Name: "ledger", Label: "Ledger", Objects: []catalog.Object{
			{Name: "customers", Label: "customer", Ability: able, Fields: append(
				texts("Street"),
				catalog.Field{Name: "Name", Kind: catalog.Text, Required: true},
				catalog.Field{Name: "Email", Kind: catalog.Email})},
		}},
	}
}

func texts(names ...record.PlatformField) []catalog.Field {
	var out []catalog.Field
	for _, n := range names {
		out = append(out, catalog.Field{Name: n, Kind: catalog.Text})
	}
	return out
}

// small is a right configuration that shows every part of the file. Tests break it in one place.
const small = `version: 1
connections:
  c: {platform: central, account: "77"}
  f: {platform: field, options: {region: north}, max_concurrency: 4}
  l: {platform: ledger}
  z: {platform: field}
groups:
  main:
    hub: c
    objects:
      deals:
        hub_id: our_id
        fields:
          title: {owner: hub, reason: sales names it}
          amount: {owner: hub, reason: sales prices it}
          stage: {owner: last_write_wins, reason: both move it}
          person: {owner: hub, reason: sales links it}
      people:
        hub_id: our_id
        match:
          - {rule: email, fields: [email]}
          - {rule: phone and house, fields: [phone, {field: street, through: [street_number]}]}
        fields:
          email: {owner: hub, reason: sales asks}
          phone: {owner: hub, form: [{phone_e164: {country: US}}], reason: sales asks, non_owner: flag}
          name: {owner: hub, reason: sales asks}
          surname: {owner: hub, reason: sales asks, blank: keep}
          street: {owner: f, conflict: manual, reason: crews know}
          vip: {owner: hub, reason: sales decides}
          score: {owner: hub, reason: Central computes it}
    mappings:
      - hub: people
        spoke: f.clients
        create: both
        delete: archive
        hub_id: custom[Hub ID]
        schedule: {to_hub: {every: 1h}}
        fields:
          - {hub: email, spoke: "emails[main]"}
          - {hub: phone, spoke: "phones[main]"}
          - {hub: name, spoke: first}
          - {hub: surname, spoke: last}
          - {hub: street, spoke: "sites[first].street"}
          - {hub: vip, spoke: favourite}
      - hub: deals
        spoke: f.jobs
        name: work
        direction: to_spoke
        create: to_spoke
        filter:
          - {field: stage, in: [won]}
          - {field: amount, present: true}
        existing: enter
        fields:
          - {hub: title, spoke: title}
          - {hub: person, spoke: site, reference: {to: people, field: "sites[first].id"}}
          - {hub: person, spoke: client, reference: people}
          - {hub: stage, spoke: status, direction: to_hub, to_hub: [{value_map: {done: won}}]}
          - {spoke: visits, value: "false"}
      - hub: people
        spoke: l.customers
        create: to_spoke
        schedule: {to_spoke: {realtime: false, every: 1h}, to_hub: {realtime: false, every: 1h}}
        fields:
          - {hub: [name, surname], spoke: Name, direction: to_spoke, to_spoke: [combine_name]}
          - {hub: email, spoke: Email, direction: to_spoke, required: true}
`

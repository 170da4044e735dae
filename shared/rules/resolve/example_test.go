package resolve_test

import (
	"fmt"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// The decider is given what was loaded and one observation. It names the rows that it needs until it has them; then it says
// what to commit, what is due where, and why. It does nothing itself.
func ExampleDecide() {
	rules, err := ruleset.Load("sync.yaml", []byte(`version: 1
connections:
  hubspot: {platform: hubspot}
  jobber: {platform: jobber}
groups:
  customer:
    hub: hubspot
    objects:
      contacts:
        fields:
          company: {owner: hub, reason: Sales knows the company}
    mappings:
      - {hub: contacts, spoke: jobber.clients, create: to_spoke, fields: [{hub: company, spoke: companyName}]}
`), catalog.All())
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	ref := record.Ref{Place: record.Place{Connection: "hubspot", Object: "contacts"}, ID: "101"}
	seen := resolve.Observation{Group: "customer", Change: record.Change{Ref: ref, Source: record.SourceWebhook, SeenAt: now},
		Snapshot: &record.Snapshot{Ref: ref, Fields: record.Fields{"company": "Lee & Sons"}, ReadBegan: now}}

	view := resolve.NewView(now)
	decision := resolve.Decide(view, seen, rules)
	for rounds := 0; !decision.Need.Empty() && rounds < 10; rounds++ {
		// The shell loads these rows. Here the store is empty: each of them is absent.
		for _, k := range decision.Need.Entities {
			view.Entities[k] = &resolve.Rows{Links: map[record.Place]*resolve.Link{}}
		}
		for _, k := range decision.Need.Refs {
			view.Refs[k] = resolve.XrefRow{}
		}
		for _, k := range decision.Need.Keys {
			view.Keys[k] = &resolve.KeyRow{}
		}
		decision = resolve.Decide(view, seen, rules)
	}
	fmt.Println(decision.Outcome, decision.Reason)
	for _, due := range decision.Due {
		fmt.Printf("%s at %s waits: %s\n", due.Operation, due.Place, due.Blocked)
	}
	// Nothing is created before every record there has been read once: the client may be there already.

	// Output:
	// applied new_entity
	// create at jobber/clients waits: first_load
}

package rehearsal_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/local/rehearsal"
	"github.com/fluxcascade/fluxcascade/shared/proof/effort"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// pipedriveChain has Pipedrive own people, whose names are one field there and two elsewhere.
const pipedriveChain = `
version: 1
connections:
  pipedrive: {platform: pipedrive}
  hubspot: {platform: hubspot}
  jobber: {platform: jobber}
groups:
  customer:
    hub: pipedrive
    objects:
      persons:
        hub_id: "custom_fields[FluxCascade ID]"
        match: [{rule: email, fields: ["emails[primary].value"]}]
        fields:
          name: {owner: hub, reason: Sales knows people}
          "emails[primary].value": {owner: last_write_wins, conflict: newest, form: [trim, lowercase], reason: Everybody hears of addresses}
          "phones[mobile].value": {owner: last_write_wins, conflict: newest, form: [{phone_e164: {country: US, on_invalid: keep}}], reason: Everybody hears of numbers}
    mappings:
      - hub: persons
        spoke: hubspot.contacts
        create: to_spoke
        hub_id: fluxcascade_id
        schedule: {to_spoke: {realtime: true, every: 15m}, to_hub: {realtime: true, every: 15m}}
        fields:
          - {hub: name, spoke: [firstname, lastname], direction: to_spoke, to_spoke: [split_name]}
          - {hub: "emails[primary].value", spoke: email}
          - {hub: "phones[mobile].value", spoke: mobilephone}
      - hub: persons
        spoke: jobber.clients
        create: to_spoke
        hub_id: "customFields[Hub ID]"
        schedule: {to_spoke: {realtime: true, every: 15m}, to_hub: {realtime: true, every: 15m}}
        fields:
          - {hub: name, spoke: [firstName, lastName], direction: to_spoke, to_spoke: [split_name]}
          - {hub: "emails[primary].value", spoke: "emails[primary].address"}
          - {hub: "phones[mobile].value", spoke: "phones[MOBILE].number"}
`

func TestTheChainHoldsWithPipedriveAsTheHubOnBadDays(t *testing.T) {
	rules, err := ruleset.Load("pipedrive.yaml", []byte(pipedriveChain), catalog.All())
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(effort.Of(1, 6)) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			results, err := rehearsal.Run(context.Background(), rehearsal.Options{Rules: rules, Seed: seed, Faults: platformsim.Usual()})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range results {
				if !r.Passed || r.Skipped != "" {
					t.Errorf("%s: %s: %v %s", r.Group, r.Name, r.Details, r.Skipped)
				}
			}
		})
	}
}

package intake_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform/pipedrive"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/engine/intake"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// secrets are those of connections; "" cannot be read.
func secrets(of ...string) []func(context.Context) (string, error) {
	var out []func(context.Context) (string, error)
	for _, secret := range of {
		out = append(out, func(context.Context) (string, error) {
			if secret == "" {
				return "", errors.New("no secret")
			}
			return secret, nil
		})
	}
	return out
}

// TestAccountsWithSecretsOfTheirOwnShareARoute has two Pipedrive accounts, whose webhooks carry each its own password, and
// one that is not connected yet.
func TestAccountsWithSecretsOfTheirOwnShareARoute(t *testing.T) {
	ours, err := ruleset.Load("two.yaml", []byte(twoAccounts), catalog.All())
	if err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]struct{ status, queued int }{"first": {200, 1}, "second": {200, 1}, "third": {401, 0},
		"": {401, 0}} {
		q := memqueue.New(time.Now)
		hook := &intake.Webhook{Queue: q, Rules: ours, Now: time.Now,
			Routes: map[record.Platform]intake.Route{"pipedrive": {Platform: "pipedrive",
				Receive: pipedrive.Receive, Secrets: secrets("", "first", "second", "second")}}}
		request := http.Request{Header: http.Header{}}
		request.SetBasicAuth("fluxcascade", password)
		body := `{"meta":{"action":"change","entity":"person","entity_id":"42","company_id":"2","timestamp":"` +
			time.Now().UTC().Format(time.RFC3339) + `"}}`
		answer := hook.Handle(context.Background(), "pipedrive", platform.Request{Method: http.MethodPost, Header: request.Header,
			Body: []byte(body)})
		first, _ := q.Depth(context.Background(), "changes-one")
		second, _ := q.Depth(context.Background(), "changes-two")
		if answer.Status != want.status || second.Total() != want.queued || first.Total() != 0 {
			t.Errorf("password %q: status %d, %d and %d queued, want %+v for the second account", password, answer.Status, first.Total(),
				second.Total(), want)
		}
	}
}

// twoAccounts has two accounts of one platform follow a hub.
const twoAccounts = `
version: 1
connections:
  hubspot: {platform: hubspot}
  one: {platform: pipedrive, account: "1"}
  two: {platform: pipedrive, account: "2"}
groups:
  customer:
    hub: hubspot
    objects:
      contacts:
        hub_id: fluxcascade_id
        match: [{rule: email, fields: [email]}]
        fields:
          email: {owner: hub, form: [trim, lowercase], reason: Marketing keeps addresses}
          lastname: {owner: hub, reason: Marketing knows people}
    mappings:
      - hub: contacts
        spoke: one.persons
        create: to_spoke
        hub_id: "custom_fields[FluxCascade ID]"
        schedule: {to_spoke: {realtime: true, every: 15m}, to_hub: {realtime: true, every: 15m}}
        fields:
          - {hub: email, spoke: "emails[primary].value"}
          - {hub: lastname, spoke: name}
      - hub: contacts
        spoke: two.persons
        create: to_spoke
        hub_id: "custom_fields[FluxCascade ID]"
        schedule: {to_spoke: {realtime: true, every: 15m}, to_hub: {realtime: true, every: 15m}}
        fields:
          - {hub: email, spoke: "emails[primary].value"}
          - {hub: lastname, spoke: name}
`

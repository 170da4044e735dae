package jobber

import (
	"context"
	"encoding/json"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// Subscribe makes one endpoint for each topic (amp-labs/connectors providers/jobber). The API lists no endpoints and does not
// tell which it disabled, so those of an earlier call are ended first and made again; what happens in between is polled.
func (c *Connector) Subscribe(ctx context.Context, want platform.Subscription) ([]string, error) {
	if err := c.Unsubscribe(ctx, want.Known); err != nil {
		return want.Known, err
	}
	var ids []string
	for _, object := range want.Objects() {
		for _, topic := range topics[object] {
			id, err := c.subscribe(ctx, topic, want.Callback)
			if err != nil {
				return ids, err
			}
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func (c *Connector) subscribe(ctx context.Context, topic, callback string) (string, error) {
	op := "subscribe to " + topic
	q := question{operation: "mutation"}
	q.root(aliasOf(0), "webhookEndpointCreate(input: "+q.add("input", "WebhookEndpointCreateInput!", map[string]any{"topic": topic, "url": callback})+
		") { webhookEndpoint { id } userErrors { message path } }")
	raw, err := c.mutate(ctx, op, q)
	if err != nil {
		return "", err
	}
	var made struct {
		Endpoint   *struct{ ID string } `json:"webhookEndpoint"`
		UserErrors []userError          `json:"userErrors"`
	}
	switch {
	case json.Unmarshal(raw, &made) != nil:
		return "", fault.Newf(fault.InDoubt, c.client.Opf("%s", op), "answer is not the JSON expected")
	case made.Endpoint == nil || made.Endpoint.ID == "":
		return "", refused(c.client.Opf("%s", op), made.UserErrors, nil)
	}
	return made.Endpoint.ID, nil
}

// Unsubscribe ends endpoints one by one: an unknown one is refused by a business error, and would take the others with it.
func (c *Connector) Unsubscribe(ctx context.Context, ids []string) error {
	for _, id := range ids[:min(len(ids), endpointsMax)] {
		q := question{operation: "mutation"}
		q.root(aliasOf(0), "webhookEndpointDelete(webhookEndpointsIds: "+q.add("ids", "[EncodedId!]!", []string{id})+") { userErrors { message path } }")
		if _, err := c.mutate(ctx, "end webhook endpoint", q); err != nil && !fault.Is(err, fault.Gone) {
			return err
		}
	}
	return nil
}

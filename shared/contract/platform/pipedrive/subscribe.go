package pipedrive

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// hooksMax bounds the webhooks read: a user may have 40 (guide-for-webhooks-v2).
const hooksMax = 200

// hook is one webhook as v1 tells it.
type hook struct {
	ID       json.Number `json:"id"`
	URL      string      `json:"subscription_url"`
	Action   string      `json:"event_action"`
	Object   string      `json:"event_object"`
	Version  string      `json:"version"`
	Active   flexible    `json:"is_active"` // 1 or 0, perhaps a boolean
	User     string      `json:"http_auth_user"`
	Password string      `json:"http_auth_password"`
}

// fits says that a webhook tells us everything of an object, as far as can be told: passwords may be shown, or hidden.
func (h hook) fits(want platform.Subscription, item string) bool {
	return h.URL == want.Callback && h.Action == "*" && h.Object == item && h.Version == "2.0" && h.Active != "0" && (h.User == "" || h.User == hookUser) &&
		(h.Password == "" || h.Password == want.Secret || strings.Trim(h.Password, "*") == "")
}

// Subscribe makes one webhook of version 2 for each object, for every action, with our user name and the secret as its
// password (POST /v1/webhooks). One of an earlier call that is in force is kept; another that goes to the callback, perhaps
// of a call whose answer was lost, is ended first, since its password is not known. The webhook sees what the authorised user may see.
func (c *Connector) Subscribe(ctx context.Context, want platform.Subscription) ([]string, error) {
	if !strings.HasPrefix(want.Callback, "https://") || want.Secret == "" {
		return nil, fault.Newf(fault.Rejected, c.client.Opf("subscribe"), "the callback is not https, or there is no secret")
	}
	there, err := c.hooks(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, object := range want.Objects() {
		k, known := c.kindOf(object)
		if !known {
			continue
		}
		id := ""
		for _, h := range there {
			switch {
			case h.URL != want.Callback || h.Object != k.item:
			case id == "" && slices.Contains(want.Known, string(h.ID)) && h.fits(want, k.item):
				id = string(h.ID)
			default:
				if err := c.unsubscribe(ctx, string(h.ID)); err != nil {
					return ids, err
				}
			}
		}
		if id == "" {
			if id, err = c.subscribe(ctx, k, want); err != nil {
				return ids, err
			}
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// hooks lists the webhooks that the app may see: those that it made.
func (c *Connector) hooks(ctx context.Context) ([]hook, error) {
	call := platform.Call{Op: "list webhooks", Method: http.MethodGet, Path: pathV1 + "webhooks"}
	answer, err := c.ask(ctx, call, false)
	if err != nil {
		return nil, err
	}
	items, ok := answer.list()
	if !ok && !answer.null() || len(items) > hooksMax {
		return nil, fault.Newf(fault.Transient, c.client.Op(call), "the answer is not the list expected")
	}
	var out []hook
	for _, item := range items {
		var h hook
		if json.Unmarshal(item, &h) == nil && wellFormed(record.ExternalID(h.ID)) {
			out = append(out, h)
		}
	}
	return out, nil
}

// InForce gives the webhooks that are there and active. A ban of half an hour is not told.
func (c *Connector) InForce(ctx context.Context, ids []string) ([]string, error) {
	there, err := c.hooks(ctx)
	var out []string
	for _, h := range there {
		if slices.Contains(ids, string(h.ID)) && h.Active != "0" {
			out = append(out, string(h.ID))
		}
	}
	return out, err
}

func (c *Connector) subscribe(ctx context.Context, k kind, want platform.Subscription) (string, error) {
	call := platform.Call{Op: "make a webhook for " + string(k.Name), Method: http.MethodPost, Path: pathV1 + "webhooks", Write: true,
		Body: map[string]any{"subscription_url": want.Callback, "event_action": "*", "event_object": k.item, "version": "2.0", "name": "FluxCascade " + string(k.Name),
			"http_auth_user": hookUser, "http_auth_password": want.Secret}}
	answer, err := c.ask(ctx, call, false)
	if err != nil {
		return "", err
	}
	var made hook
	if json.Unmarshal(answer.Data, &made) != nil || !wellFormed(record.ExternalID(made.ID)) {
		return "", fault.Newf(fault.InDoubt, c.client.Op(call), "the answer names no webhook")
	}
	return string(made.ID), nil
}

// Unsubscribe ends webhooks. One that is gone is no failure.
func (c *Connector) Unsubscribe(ctx context.Context, ids []string) error {
	for _, id := range ids {
		if !wellFormed(record.ExternalID(id)) {
			return fault.Newf(fault.Rejected, c.client.Opf("unsubscribe"), "no id of a webhook")
		}
		if err := c.unsubscribe(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

func (c *Connector) unsubscribe(ctx context.Context, id string) error {
	_, err := c.ask(ctx, platform.Call{Op: "end webhook " + id, Method: http.MethodDelete, Path: pathV1 + "webhooks/" + id, Write: true}, true)
	if fault.Is(err, fault.Gone) {
		return nil
	}
	return err
}

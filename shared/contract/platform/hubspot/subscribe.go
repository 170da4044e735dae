package hubspot

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	// subscriptionsMax bounds the subscriptions of one app (HubSpot allows 1,000; developers.hubspot.com webhooks guide).
	subscriptionsMax = 1000
	// atOnce is how many requests HubSpot may send us at a time, its default (developers.hubspot.com webhooks guide, 2025-01).
	atOnce = 10
)

// eventNames are an object type as event types spell it.
var eventNames = map[record.Object]string{"contacts": "contact", "companies": "company", "deals": "deal"}

// unsubscribable are properties whose changes no subscription may ask for (developers.hubspot.com webhooks guide, 2025-01).
var unsubscribable = []record.PlatformField{"hs_lastmodifieddate", "lastmodifieddate", "num_unique_conversion_events", "hs_object_id", "createdate"}

// Subscribe makes the app's webhooks go to the callback, and makes or wakes what the mapped fields need: webhooks are the
// app's, for every portal that installed it, and are managed with the developer API key rather than with a token
// (HubSpot/hubspot-api-nodejs 13.5.0 README; security of the published description). Other subscriptions stay. Settings
// may take five minutes to work (webhooks guide). Known ids are not needed: the app's own list tells what there is.
func (c *Connector) Subscribe(ctx context.Context, want platform.Subscription) ([]string, error) {
	app, err := c.app(ctx)
	if err != nil {
		return nil, err
	}
	settings := hookSettings{Target: want.Callback, Throttling: throttling{Max: atOnce}}
	if err := c.manage(ctx, platform.Call{Op: "point webhooks at us", Method: http.MethodPut, Path: app + "/settings", Body: settings, Write: true}, nil); err != nil {
		return nil, err
	}
	var there hookList
	if err := c.manage(ctx, platform.Call{Op: "list webhook subscriptions", Method: http.MethodGet, Path: app + "/subscriptions"}, &there); err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range eventsFor(want.Fields) {
		i := slices.IndexFunc(there.Results, func(s hook) bool { return s.Event == e.Event && s.Property == e.Property })
		id, err := "", error(nil)
		switch {
		case i >= 0 && there.Results[i].Active:
			id = string(there.Results[i].ID)
		case i >= 0:
			id, err = string(there.Results[i].ID), c.wake(ctx, app, string(there.Results[i].ID))
		case len(ids) >= subscriptionsMax:
			return ids, fault.Newf(fault.Rejected, c.client.Opf("subscribe"), "an app takes %d subscriptions; map fewer fields", subscriptionsMax)
		default:
			id, err = c.subscribe(ctx, app, e)
		}
		if err != nil {
			return ids, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// eventsFor lists what is to be told: births, deaths, merges, and changes of every mapped property and association.
func eventsFor(fields map[record.Object][]record.PlatformField) []hook {
	var out []hook
	for _, object := range slices.Sorted(maps.Keys(fields)) {
		name := eventNames[object]
		if name == "" {
			continue
		}
		for _, kind := range []string{"creation", "deletion", "merge", "restore", "associationChange"} {
			out = append(out, hook{Event: name + "." + kind, Active: true})
		}
		if object == "contacts" {
			out = append(out, hook{Event: "contact.privacyDeletion", Active: true})
		}
		for _, f := range slices.Sorted(slices.Values(fields[object])) {
			if !strings.HasPrefix(string(f), prefix) && !slices.Contains(unsubscribable, f) {
				out = append(out, hook{Event: name + ".propertyChange", Property: string(f), Active: true})
			}
		}
	}
	return out
}

// InForce gives the subscriptions that are there and active.
func (c *Connector) InForce(ctx context.Context, ids []string) ([]string, error) {
	app, err := c.app(ctx)
	if err != nil {
		return nil, err
	}
	var there hookList
	if err := c.manage(ctx, platform.Call{Op: "list webhook subscriptions", Method: http.MethodGet, Path: app + "/subscriptions"}, &there); err != nil {
		return nil, err
	}
	var out []string
	for _, h := range there.Results {
		if h.Active && slices.Contains(ids, string(h.ID)) {
			out = append(out, string(h.ID))
		}
	}
	return out, nil
}

func (c *Connector) subscribe(ctx context.Context, app string, e hook) (string, error) {
	var made hook
	err := c.manage(ctx, platform.Call{Op: "subscribe to " + e.Event, Method: http.MethodPost, Path: app + "/subscriptions", Body: e, Write: true}, &made)
	return string(made.ID), err
}

// wake makes a paused subscription active.
func (c *Connector) wake(ctx context.Context, app, id string) error {
	return c.manage(ctx, platform.Call{Op: "wake webhook subscription", Method: http.MethodPatch, Path: app + "/subscriptions/" + url.PathEscape(id),
		Body: map[string]bool{"active": true}, Write: true}, nil)
}

// Unsubscribe ends subscriptions of the app, which are those of all its portals: the caller asks for it when the last one goes.
func (c *Connector) Unsubscribe(ctx context.Context, ids []string) error {
	app, err := c.app(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids[:min(len(ids), subscriptionsMax)] {
		err := c.manage(ctx, platform.Call{Op: "end webhook subscription", Method: http.MethodDelete, Path: app + "/subscriptions/" + url.PathEscape(id), Write: true}, nil)
		if err != nil && !fault.Is(err, fault.Gone) {
			return err
		}
	}
	return nil
}

// app gives the path of the app's webhooks: the token tells which app it is of.
func (c *Connector) app(ctx context.Context) (string, error) {
	if c.client.Settings.AppKey == "" {
		return "", fault.Newf(fault.Rejected, c.client.Opf("manage webhooks"), "HubSpot asks for the developer API key; without it they are set in the app's settings")
	}
	token, err := c.client.Settings.Tokens.Token(ctx)
	if err != nil {
		return "", err
	}
	var info tokenInfo
	if _, err := c.ask(ctx, platform.Call{Op: "identify app", Method: http.MethodGet, Path: "/oauth/v1/access-tokens/" + url.PathEscape(token)}, &info); err != nil {
		return "", err
	}
	return "/webhooks/v3/" + strconv.FormatInt(info.App, 10), nil
}

// manage sends a call under the developer API key, which travels in the query (HubSpot/hubspot-api-nodejs 13.5.0,
// developer_hapikey); errors tell no URL. It is sent with a token too, which HubSpot does not look at here.
func (c *Connector) manage(ctx context.Context, call platform.Call, out expected) error {
	call.Path += "?hapikey=" + url.QueryEscape(c.client.Settings.AppKey)
	_, err := c.ask(ctx, call, out)
	return err
}

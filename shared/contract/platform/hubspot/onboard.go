package hubspot

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// propertiesMax bounds the properties read of one object: an account may define 1,000 of its own (HubSpot's technical limits,
// unverified), and HubSpot defines a few hundred.
const propertiesMax = 3000

// Authorization is how a person authorises our app. A scope that the app requires and the page's address leaves out is an
// error on that page, so the app must require exactly these (developers.hubspot.com working with OAuth, 2026-06). Whether
// it takes a code challenge is not documented; none is sent. Webhooks ask for crm.objects.contacts.read whatever they
// tell of (developers.hubspot.com webhooks guide). Redirects must be https but for localhost.
func Authorization() platform.Authorization {
	a := platform.Authorization{AppKeyed: true, Signed: platform.ClientsSecret, AuthorizeURL: "https://app.hubspot.com/oauth/authorize", Client: platform.ClientInBody, Loopback: platform.LoopbackAlways,
		Scopes: []platform.Scope{{Name: "oauth"}, {Name: "crm.objects.contacts.read"}}, Source: "developers.hubspot.com working with OAuth and scopes, 2026-06"}
	for _, object := range []record.Object{"contacts", "companies", "deals"} {
		only := []record.Object{object}
		if object != "contacts" {
			a.Scopes = append(a.Scopes, platform.Scope{Name: "crm.objects." + string(object) + ".read", Objects: only})
		}
		a.Scopes = append(a.Scopes, platform.Scope{Name: "crm.objects." + string(object) + ".write", Objects: only},
			platform.Scope{Name: "crm.schemas." + string(object) + ".read", Objects: only}, platform.Scope{Name: "crm.schemas." + string(object) + ".write", Objects: only})
	}
	return a
}

// Identify tells the portal that the token opens, who authorised, and its scopes (GET /oauth/v1/access-tokens, HubSpot/
// hubspot-api-nodejs 13.5.0 codegen). Whether it is for tests is the account's own type, asked for apart
// (developers.hubspot.com account information); a portal that does not tell it counts as a real one.
func (c *Connector) Identify(ctx context.Context) ([]platform.Identity, error) {
	token, err := c.client.Settings.Tokens.Token(ctx)
	if err != nil {
		return nil, err
	}
	var info tokenInfo
	if _, err := c.ask(ctx, platform.Call{Op: "identify account", Method: http.MethodGet, Path: "/oauth/v1/access-tokens/" + url.PathEscape(token)}, &info); err != nil {
		return nil, err
	}
	identity := platform.Identity{Account: strconv.FormatInt(info.Portal, 10), Name: info.Domain, User: info.User, Scopes: info.Scopes}
	var details accountDetails
	told, err := c.ask(ctx, platform.Call{Op: "read account details", Method: http.MethodGet, Path: "/account-info/v3/details"}, &details)
	switch {
	case err == nil:
		identity.Sandbox = details.Type == "SANDBOX" || details.Type == "DEVELOPER_TEST"
	case fault.Is(err, fault.RateLimited), fault.Is(err, fault.Transient):
		return nil, err
	}
	identity.Budgets = budgets(told.header)
	return []platform.Identity{identity}, nil
}

// budgets reads what an answer's headers tell (developers.hubspot.com usage details).
func budgets(h http.Header) []platform.Budget {
	var out []platform.Budget
	for _, b := range []struct{ name, left, most string }{
		{"calls in ten seconds", "X-HubSpot-RateLimit-Remaining", "X-HubSpot-RateLimit-Max"},
		{"calls a day", "X-HubSpot-RateLimit-Daily-Remaining", "X-HubSpot-RateLimit-Daily"},
	} {
		left, errLeft := strconv.Atoi(h.Get(b.left))
		most, errMost := strconv.Atoi(h.Get(b.most))
		if errLeft == nil && errMost == nil {
			out = append(out, platform.Budget{Name: b.name, Left: left, Max: most})
		}
	}
	return out
}

// kinds are the catalog's kinds of a property's types.
var kinds = map[string]catalog.Kind{"string": catalog.Text, "number": catalog.Number, "date": catalog.Date, "datetime": catalog.Datetime, "enumeration": catalog.Enum,
	"bool": catalog.Bool, "phone_number": catalog.Phone}

// Describe lists an object's properties, and the associations that the catalog has. The stages of deals are told by their
// pipelines, so they are read there (developers.hubspot.com pipelines guide).
func (c *Connector) Describe(ctx context.Context, object record.Object) ([]platform.FieldInfo, error) {
	o, known := c.catalog.Object(object)
	if !known {
		return nil, fault.Newf(fault.Rejected, c.client.Opf("describe %s", object), "unknown object")
	}
	var list propertyList
	if _, err := c.ask(ctx, platform.Call{Op: "list properties of " + string(object), Method: http.MethodGet, Path: "/crm/v3/properties/" + string(object)}, &list); err != nil {
		return nil, err
	}
	var infos []platform.FieldInfo
	for _, p := range list.Results {
		if p.Name != "" && !p.Archived && len(infos) < propertiesMax {
			infos = append(infos, describe(o, p))
		}
	}
	if object == "deals" {
		if err := c.addStages(ctx, infos); err != nil {
			return nil, err
		}
	}
	for _, f := range o.Fields {
		if strings.HasPrefix(string(f.Name), prefix) {
			infos = append(infos, platform.FieldInfo{Field: f, Label: string(f.Name)})
		}
	}
	return infos, nil
}

// describe reads one definition; what the catalog knows of the property stays in force.
func describe(o *catalog.Object, p definition) platform.FieldInfo {
	info := platform.FieldInfo{Label: p.Label, Custom: !p.HubSpotDefined, Unique: p.Unique || p.Name == "email" && o.Name == "contacts"}
	i := slices.IndexFunc(o.Fields, func(f catalog.Field) bool { return string(f.Name) == p.Name })
	if i >= 0 {
		info.Field, info.Custom = o.Fields[i], false
	} else {
		kind := kinds[p.Type]
		if kind == "" {
			kind = catalog.Text
		}
		info.Field = catalog.Field{Name: record.PlatformField(p.Name), Kind: kind, Source: "the account's own properties"}
	}
	info.ReadOnly = info.ReadOnly || p.Calculated || p.Modification.ReadOnlyValue
	if info.Kind == catalog.Enum {
		for _, option := range p.Options {
			if !option.Hidden {
				info.Options, info.Values = append(info.Options, platform.Option{Value: option.Value, Label: option.Label}), append(info.Values, option.Value)
			}
		}
	}
	return info
}

// addStages fills in the values of dealstage: every pipeline's, in their order.
func (c *Connector) addStages(ctx context.Context, infos []platform.FieldInfo) error {
	i := slices.IndexFunc(infos, func(f platform.FieldInfo) bool { return f.Name == "dealstage" })
	if i < 0 {
		return nil
	}
	var list pipelineList
	if _, err := c.ask(ctx, platform.Call{Op: "list pipelines of deals", Method: http.MethodGet, Path: "/crm/v3/pipelines/deals"}, &list); err != nil {
		return err
	}
	infos[i].Options, infos[i].Values = nil, nil
	for _, p := range list.Results {
		for _, stage := range p.Stages {
			infos[i].Options = append(infos[i].Options, platform.Option{Value: stage.ID, Label: stage.Label + " (" + p.Label + ")"})
			infos[i].Values = append(infos[i].Values, stage.ID)
		}
	}
	return nil
}

// Leave uninstalls the app from the portal, whose administrators HubSpot tells by email (developers.hubspot.com app
// uninstalls, 2026-06).
func (c *Connector) Leave(ctx context.Context) error {
	_, err := c.ask(ctx, platform.Call{Op: "uninstall the app", Method: http.MethodDelete, Path: "/appinstalls/v3/external-install", Write: true}, nil)
	return err
}

// ByHand says how webhooks are set up in the app's settings where the API did not (developers.hubspot.com webhooks guide).
func ByHand(h platform.ByHand) []string {
	if h.Registered || h.Callback == "" {
		return nil
	}
	steps := []string{"In your HubSpot developer account open the app, then Webhooks, and enter as target URL: " + h.Callback}
	for _, object := range h.Objects() {
		var properties []string
		for _, e := range eventsFor(map[record.Object][]record.PlatformField{object: h.Fields[object]}) {
			if e.Property != "" {
				properties = append(properties, e.Property)
			}
		}
		steps = append(steps, "Create subscriptions for "+eventNames[object]+": created, deleted, merged, restored, association changed, and property changed of: "+strings.Join(properties, ", "))
	}
	return append(steps, "Select all subscriptions and activate them. (With the developer API key of your account, connect does all of this: connect --again asks for it.)")
}

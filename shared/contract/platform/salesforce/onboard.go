package salesforce

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// fieldsMax bounds the fields read of one object: an org may give it 900 (help.salesforce.com, custom field allocations).
const fieldsMax = 1000

// Authorization is how a person authorises our app. id lets us ask who authorised (help.salesforce.com, OAuth tokens and
// scopes). A callback must be https but for localhost (help.salesforce.com, connected app settings).
func Authorization() platform.Authorization {
	a := platform.Authorization{Signed: platform.OurSecret, AuthorizeURL: "https://login.salesforce.com/services/oauth2/authorize", RevokeURL: "https://login.salesforce.com/services/oauth2/revoke",
		Client: platform.ClientInBody, Scopes: []platform.Scope{{Name: "api"}, {Name: "id"}, {Name: "refresh_token"}}, PKCE: true, Loopback: platform.LoopbackAlways,
		BaseURLKey: "instance_url", Source: "help.salesforce.com, OAuth 2.0 web server flow; NangoHQ/nango packages/providers/providers.yaml"}
	a.Sandbox.AuthorizeURL = "https://test.salesforce.com/services/oauth2/authorize"
	a.Sandbox.TokenURL = "https://test.salesforce.com/services/oauth2/token"
	a.Sandbox.RevokeURL = "https://test.salesforce.com/services/oauth2/revoke"
	return a
}

// Identify tells the org, who authorised (help.salesforce.com, user info endpoint), and the calls left today. The org's name
// and whether it is a sandbox are its own record, and the limits a resource, that a user may be kept from: then they stay untold.
func (c *Connector) Identify(ctx context.Context) ([]platform.Identity, error) {
	var user userInfo
	if _, err := c.ask(ctx, platform.Call{Op: "identify account", Method: http.MethodGet, Path: "/services/oauth2/userinfo"}, &user); err != nil {
		return nil, err
	}
	identity := platform.Identity{Account: string(long(record.ExternalID(user.Org))), User: cmp.Or(user.Username, user.Email, user.Name)}
	var org organization
	call := platform.Call{Op: "read the organization", Method: http.MethodGet, Path: apiPath + "/sobjects/Organization/" + url.PathEscape(identity.Account) + "?fields=Name,IsSandbox"}
	if _, err := c.ask(ctx, call, &org); err == nil {
		identity.Name, identity.Sandbox = org.Name, org.Sandbox
	}
	var left limits
	if _, err := c.ask(ctx, platform.Call{Op: "read limits", Method: http.MethodGet, Path: apiPath + "/limits"}, &left); err == nil {
		identity.Budgets = []platform.Budget{{Name: "calls in 24 hours, of the whole org", Left: left.Daily.Remaining, Max: left.Daily.Max}}
	}
	return []platform.Identity{identity}, nil
}

// fieldKinds are the catalog's kinds of the API's types (developer.salesforce.com, field types).
var fieldKinds = map[string]catalog.Kind{"email": catalog.Email, "phone": catalog.Phone, "int": catalog.Number, "double": catalog.Number, "percent": catalog.Number,
	"currency": catalog.Money, "boolean": catalog.Bool, "date": catalog.Date, "datetime": catalog.Datetime, "picklist": catalog.Enum, "multipicklist": catalog.Enum}

// Describe lists the fields that the catalog knows or whose name is a custom field's, as the integration user may see and
// write them: a field that it is not granted is not there (developer.salesforce.com, sObject describe). The values of a list
// that is not restricted are its Options alone, since others are taken too.
func (c *Connector) Describe(ctx context.Context, object record.Object) ([]platform.FieldInfo, error) {
	o, known := c.catalog.Object(object)
	if !known {
		return nil, fault.Newf(fault.Rejected, c.client.Opf("describe %s", object), "unknown object")
	}
	answer, err := c.describe(ctx, object)
	if err != nil {
		return nil, err
	}
	var infos []platform.FieldInfo
	for _, f := range answer.Fields {
		if field, ok := o.Field(record.PlatformField(f.Name)); ok && len(infos) < fieldsMax {
			infos = append(infos, f.info(field))
		}
	}
	return infos, nil
}

// info brings what the catalog says of a field to what the org says of it.
func (f fieldDescription) info(field catalog.Field) platform.FieldInfo {
	info := platform.FieldInfo{Field: field, Label: f.Label, Custom: f.Custom, Unique: f.Unique}
	info.ReadOnly, info.CreateOnly = !f.Createable && !f.Updateable, f.Createable && !f.Updateable
	info.Required = f.Createable && !f.Nillable && !f.Defaulted && f.Type != "boolean"
	info.MaxLength = f.Length
	if kind := fieldKinds[f.Type]; f.Custom && kind != "" {
		info.Kind = kind
	}
	if info.Kind != catalog.Enum {
		return info
	}
	info.MaxLength = 0
	for _, v := range f.Values {
		if v.Active {
			info.Options = append(info.Options, platform.Option{Value: v.Value, Label: v.Label})
			if f.Restricted {
				info.Values = append(info.Values, v.Value)
			}
		}
	}
	return info
}

// ByHand says how changes are relayed: Salesforce has no webhooks of its own (developer.salesforce.com, change data capture).
func ByHand(h platform.ByHand) []string {
	if h.Callback == "" {
		return nil
	}
	var objects []string
	for _, object := range h.Objects() {
		objects = append(objects, string(object))
	}
	return []string{"In Setup open Change Data Capture and select: " + strings.Join(objects, ", "),
		"Make an event relay of the channel /data/ChangeEvents to Amazon EventBridge, give the partner event source that it makes to the connection as the option event_source, and deploy again (fluxcascade guide connect-salesforce). Until then, and without AWS, polling does all the work."}
}

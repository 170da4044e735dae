package jobber

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// endpointsMax bounds the endpoints ended in one call: one a topic, of which there are ten.
const endpointsMax = 50

// Authorization is how a person authorises our app. Scopes are ticked in the developer centre, by these names as it shows
// them (their spelling is unverified; what is missing shows as FORBIDDEN). The authorising user must be an administrator
// and stays tied to the app (developer.getjobber.com app_authorization, manage_app_button). Whether a callback to localhost
// is taken is unverified: where it is not, the address is pasted.
func Authorization() platform.Authorization {
	clients, jobs := []record.Object{"clients"}, []record.Object{"jobs"}
	return platform.Authorization{Signed: platform.ClientsSecret, AuthorizeURL: "https://api.getjobber.com/api/oauth/authorize", Client: platform.ClientInBody, Loopback: platform.LoopbackAlways,
		ScopesInApp: true, Scopes: []platform.Scope{{Name: "Clients: read"}, {Name: "Clients: write", Objects: clients}, {Name: "Jobs: read", Objects: jobs},
			{Name: "Jobs: write", Objects: jobs}, {Name: "Custom fields: read"}, {Name: "Custom fields: write"}},
		Source: "developer.getjobber.com app_authorization"}
}

// topics are what is told of each object. An edit of a client's address is told of its property.
var topics = map[record.Object][]string{
	"clients": {"CLIENT_CREATE", "CLIENT_UPDATE", "CLIENT_DESTROY", "PROPERTY_CREATE", "PROPERTY_UPDATE", "PROPERTY_DESTROY"},
	"jobs":    {"JOB_CREATE", "JOB_UPDATE", "JOB_DESTROY", "JOB_CLOSED"},
}

// Identify tells the account and who authorised. The user is asked for apart (developer.getjobber.com manage_app_button: the
// query user without arguments), since a refusal, perhaps for a missing scope, must not hide the account.
func (c *Connector) Identify(ctx context.Context) ([]platform.Identity, error) {
	const op = "identify account"
	q := question{operation: "query"}
	q.root(aliasOf(0), "account { id name }")
	a, err := c.ask(ctx, op, q)
	if err != nil {
		return nil, err
	}
	var account struct{ ID, Name string }
	if raw := a.Data[aliasOf(0)]; absent(raw) || json.Unmarshal(raw, &account) != nil || account.ID == "" {
		return nil, fault.Newf(fault.Transient, c.client.Opf("%s", op), "answer is not the JSON expected")
	}
	identity := platform.Identity{Account: account.ID, Name: account.Name}
	if t := a.Extensions.Cost.Throttle; t.Maximum > 0 {
		identity.Budgets = []platform.Budget{{Name: "points, refilled within seconds", Left: int(t.Available), Max: int(t.Maximum)}}
	}
	q = question{operation: "query"}
	q.root(aliasOf(0), "user { email { raw } name { full } }")
	if a, err := c.ask(ctx, "identify user", q); err == nil {
		var user struct {
			Email struct{ Raw string }
			Name  struct{ Full string }
		}
		if raw := a.Data[aliasOf(0)]; !absent(raw) && json.Unmarshal(raw, &user) == nil {
			identity.User = cmp.Or(user.Email.Raw, user.Name.Full)
		}
	}
	return []platform.Identity{identity}, nil
}

// Describe gives the catalog's fields, which Jobber describes to nobody, and the account's text custom fields by label.
// Custom fields of other types can be read and not written; they are left out.
func (c *Connector) Describe(ctx context.Context, object record.Object) ([]platform.FieldInfo, error) {
	k, _, ok := c.kindOf(object)
	if !ok {
		return nil, c.reject(c.client.Opf("describe %s", object), "unknown object")
	}
	o, _ := c.catalog.Object(object)
	var infos []platform.FieldInfo
	for _, f := range o.Fields {
		info := platform.FieldInfo{Field: f, Label: string(f.Name)}
		for _, value := range f.Values {
			info.Options = append(info.Options, platform.Option{Value: value, Label: strings.ToLower(strings.ReplaceAll(value, "_", " "))})
		}
		infos = append(infos, info)
	}
	definitions, err := c.readDefinitions(ctx, k)
	if err != nil {
		return nil, err
	}
	for _, label := range slices.Sorted(maps.Keys(definitions)) {
		name := record.PlatformField("customFields[" + label + "]")
		if f, ok := o.Field(name); ok {
			infos = append(infos, platform.FieldInfo{Field: f, Label: label, Custom: true})
		}
	}
	return infos, nil
}

// Leave removes the app from the account (developer.getjobber.com app_lifecycle: appDisconnect).
func (c *Connector) Leave(ctx context.Context) error {
	q := question{operation: "mutation"}
	q.root(aliasOf(0), "appDisconnect { userErrors { message path } }")
	_, err := c.mutate(ctx, "disconnect the app", q)
	return err
}

// mutate sends one mutation and gives what stands under its alias. Business errors are the caller's to read.
func (c *Connector) mutate(ctx context.Context, op string, q question) (json.RawMessage, error) {
	a, err := c.ask(ctx, op, q)
	if err != nil {
		return nil, err
	}
	if err := c.problem(a, aliasOf(0), c.client.Opf("%s", op), fault.InDoubt); err != nil {
		return nil, err
	}
	if absent(a.Data[aliasOf(0)]) {
		return nil, fault.Newf(fault.InDoubt, c.client.Opf("%s", op), "answer without data")
	}
	return a.Data[aliasOf(0)], nil
}

// ByHand says how webhooks are set up in the developer centre where the API did not (developer.getjobber.com setting_up_webhooks).
func ByHand(h platform.ByHand) []string {
	if h.Registered || h.Callback == "" {
		return nil
	}
	var all []string
	for _, object := range h.Objects() {
		all = append(all, topics[object]...)
	}
	return []string{"In Jobber's developer centre open the app, then Webhooks, and add for each of " + strings.Join(all, ", ") + " this URL: " + h.Callback}
}

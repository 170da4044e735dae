package xero

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	connectionsPath = "/connections"
	// connectionsMax bounds the organisations read of one grant. An app that is not certified may connect 25 of all its
	// users' (developer.xero.com, uncertified app limits).
	connectionsMax = 500
	// scopesMax bounds the scopes read of a token.
	scopesMax = 100
	// demoName begins the name of the organisation that every user is given for trials.
	demoName = "Demo Company ("
)

// Authorization is how a person authorises our app. They choose the organisations on the page. Apps made since 2026 have
// accounting.invoices where older ones have accounting.transactions (Nine-Minds/alga-psa pull request 3289, 2026-08); a
// page that refuses a scope says so. http://localhost is taken (XeroAPI/xero-python-oauth2-starter issue 13). The endpoint
// that revokes tokens ends every organisation of the person's, so Leaving ends one's connection instead.
func Authorization() platform.Authorization {
	return platform.Authorization{AuthorizeURL: "https://login.xero.com/identity/connect/authorize", Client: platform.ClientInHeader, Loopback: platform.LoopbackAlways,
		Scopes: []platform.Scope{{Name: "accounting.contacts"}, {Name: "accounting.invoices", Objects: []record.Object{"invoices"}},
			{Name: "accounting.settings.read", Objects: []record.Object{"invoices"}}, {Name: "offline_access"}},
		Source: "developer.xero.com OAuth 2.0; NangoHQ/nango packages/providers/providers.yaml"}
}

// Identify gives the organisations that the grant opens: a person may connect several at once, and each later consent adds
// to them. Who authorised is not told without the scopes of OpenID, which nothing else here needs.
func (c *Connector) Identify(ctx context.Context) ([]platform.Identity, error) {
	list, err := c.connections(ctx)
	if err != nil {
		return nil, err
	}
	scopes := c.scopes(ctx)
	var out []platform.Identity
	for _, one := range list {
		if one.TenantType == "ORGANISATION" && one.TenantID != "" {
			out = append(out, platform.Identity{Account: one.TenantID, Name: one.TenantName, Scopes: scopes, Sandbox: strings.HasPrefix(one.TenantName, demoName)})
		}
	}
	return out, nil
}

// Describe answers from the catalog: the platform describes its fields to nobody, and has no custom ones.
func (c *Connector) Describe(_ context.Context, object record.Object) ([]platform.FieldInfo, error) {
	k, known := kindOf(object)
	if !known {
		return nil, fault.Newf(fault.Rejected, c.client.Opf("describe %s", object), "unknown object")
	}
	var out []platform.FieldInfo
	for _, f := range c.object(k).Fields {
		info := platform.FieldInfoOf(f)
		info.Unique = f.Name == "ContactNumber" || f.Name == "InvoiceNumber" || k == contacts && f.Name == "Name"
		out = append(out, info)
	}
	return out, nil
}

// Leave ends this organisation's connection to the app. Others that the same grant opens stay, and so does the grant for
// them.
func (c *Connector) Leave(ctx context.Context) error {
	list, err := c.connections(ctx)
	if err != nil {
		return err
	}
	for _, one := range list {
		if !strings.EqualFold(one.TenantID, c.client.Settings.Account) {
			continue
		}
		call := platform.Call{Op: "end the connection", Method: http.MethodDelete, Path: connectionsPath + "/" + url.PathEscape(one.ID), Write: true}
		answer, err := c.client.Do(ctx, call)
		if err != nil {
			return err
		}
		if answer.Status == http.StatusNotFound {
			return nil // ended meanwhile
		}
		return c.classify(call, answer)
	}
	return nil
}

func (c *Connector) connections(ctx context.Context) ([]connection, error) {
	call := platform.Call{Op: "list connections", Method: http.MethodGet, Path: connectionsPath}
	answer, err := c.client.Do(ctx, call)
	if err != nil {
		return nil, err
	}
	if err := c.classify(call, answer); err != nil {
		return nil, err
	}
	var list []connection
	if err := c.client.Decode(call, answer, &list); err != nil {
		return nil, err
	}
	if list == nil || len(list) > connectionsMax {
		return nil, fault.Newf(fault.Transient, c.client.Op(call), "no list of connections, or more than %d", connectionsMax)
	}
	return list, nil
}

// scopes reads the scopes from the access token, a JWT, without verifying it: they only inform. nil where it tells none.
func (c *Connector) scopes(ctx context.Context) []string {
	token, err := c.client.Settings.Tokens.Token(ctx)
	if err != nil {
		return nil
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return nil
	}
	var claims struct {
		Scope []string `json:"scope"`
	}
	if json.Unmarshal(raw, &claims) != nil || len(claims.Scope) > scopesMax {
		return nil
	}
	return claims.Scope
}

// ByHand says how webhooks are set up in the app's pages: no API does it (developer.xero.com, webhooks, creating).
func ByHand(h platform.ByHand) []string {
	if h.Callback == "" {
		return nil
	}
	return []string{"At developer.xero.com open the app, then Webhooks, select contacts and invoices, and enter as delivery URL: " + h.Callback,
		"Note the webhook key there, and give it to: fluxcascade connect --again, which asks for the webhook secret.",
		"Only then press the button for the intent to receive: Xero sends requests of which some are wrongly signed on purpose, and each must be answered right."}
}

package quickbooks

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// describedMax is how many of the latest records are looked at for the account's custom fields.
const describedMax = 20

// Authorization is how a person authorises our app. The redirect tells the company as realmId. Redirects of production keys
// must be https and no IP address; development keys, which open sandbox companies alone, take http://localhost
// (developer.intuit.com set app redirect URIs). Revoking takes JSON, the client by HTTP Basic (developer.intuit.com OAuth 2.0;
// Intuit's discovery document). Who authorised is told only with the scope openid, which the sync has no need of.
func Authorization() platform.Authorization {
	a := platform.Authorization{Signed: platform.VendorsSecret, AuthorizeURL: "https://appcenter.intuit.com/connect/oauth2", RevokeURL: "https://developer.api.intuit.com/v2/oauth2/tokens/revoke",
		RevokeJSON: true, Client: platform.ClientInHeader, Scopes: []platform.Scope{{Name: "com.intuit.quickbooks.accounting"}}, Loopback: platform.LoopbackSandbox,
		AccountParam: "realmId", Source: "Intuit's discovery document; developer.intuit.com set app redirect URIs"}
	a.Sandbox.BaseURL = "https://sandbox-quickbooks.api.intuit.com"
	return a
}

// Identify tells the company that Settings.Account names, as the redirect did: no call tells which company a token opens
// (developer.intuit.com, CompanyInfo). Who authorised is not told. Answers tell no limits.
func (c *Connector) Identify(ctx context.Context) ([]platform.Identity, error) {
	s := c.client.Settings
	call := platform.Call{Op: "identify company", Method: http.MethodGet, Path: c.path("companyinfo/"+url.PathEscape(s.Account), nil)}
	if s.Account == "" {
		return nil, fault.Newf(fault.Rejected, c.client.Op(call), "the company's id (realm) is not known; connect again")
	}
	answer, _, err := c.ask(ctx, call)
	if err != nil {
		return nil, err
	}
	var company struct{ CompanyName, LegalName string }
	if len(answer.CompanyInfo) == 0 || json.Unmarshal(answer.CompanyInfo, &company) != nil {
		return nil, fault.Newf(fault.Transient, c.client.Op(call), "answer without a CompanyInfo")
	}
	return []platform.Identity{{Account: s.Account, Name: cmp.Or(company.CompanyName, company.LegalName), Sandbox: strings.Contains(s.BaseURL, "//sandbox-")}}, nil
}

// Describe gives the catalog's fields, which QuickBooks describes to nobody, and the custom fields that the latest records
// list: a record lists each of the account's, with a value or without (intuitdeveloper.github.io intuit-api custom fields).
func (c *Connector) Describe(ctx context.Context, object record.Object) ([]platform.FieldInfo, error) {
	k, ok := kindOf(object)
	if !ok {
		return nil, fault.Newf(fault.Rejected, c.client.Opf("describe %s", object), "unknown object")
	}
	o, _ := c.catalog.Object(object)
	var infos []platform.FieldInfo
	for _, f := range o.Fields {
		info := platform.FieldInfoOf(f)
		info.Unique = f.Name == "DisplayName"
		infos = append(infos, info)
	}
	list, err := c.query(ctx, k, "", "MetaData.LastUpdatedTime desc", 1, describedMax, []record.PlatformField{customPrefix + "]"})
	if err != nil {
		return nil, err
	}
	labels := map[string]bool{}
	for _, e := range list.entities {
		fields, _ := e["CustomField"].([]any)
		for _, item := range fields {
			if field, _ := item.(map[string]any); field != nil {
				label, _ := field["Name"].(string)
				labels[label] = true
			}
		}
	}
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		if f, ok := o.Field(record.PlatformField(customPrefix + label + "]")); ok {
			infos = append(infos, platform.FieldInfo{Field: f, Label: label, Custom: true})
		}
	}
	return infos, nil
}

// ByHand says how webhooks are set up in the app's settings: no API does it (developer.intuit.com managing webhooks).
func ByHand(h platform.ByHand) []string {
	if h.Callback == "" {
		return nil
	}
	var entities []string
	for _, object := range h.Objects() {
		if k, ok := kindOf(object); ok {
			entities = append(entities, k.entity)
		}
	}
	return []string{"At developer.intuit.com open the app, then Webhooks (Production, or Development for a sandbox), and enter as endpoint URL: " + h.Callback,
		"Select every operation of: " + strings.Join(entities, ", ") + "; keep the CloudEvents format if it asks.",
		"Show the verifier token, and give it to: fluxcascade connect --again, which asks for the webhook secret."}
}

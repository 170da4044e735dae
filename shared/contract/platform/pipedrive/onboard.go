package pipedrive

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// Authorization is how a person authorises our app. The page takes no scopes: they are ticked in the app's settings in the
// Developer Hub (marketplace-oauth-authorization). search:read serves recents too (vendor's OpenAPI v1, getRecents); admin
// lets us make and end webhooks. The vendor's own example app is redirected to http://localhost (pipedrive/example-app).
func Authorization() platform.Authorization {
	contacts, deals := []record.Object{"persons", "organizations"}, []record.Object{"deals"}
	return platform.Authorization{Signed: platform.OurSecret, AuthorizeURL: "https://oauth.pipedrive.com/oauth/authorize", RevokeURL: "https://oauth.pipedrive.com/oauth/revoke",
		Client: platform.ClientInHeader, ScopesInApp: true, Loopback: platform.LoopbackAlways, BaseURLKey: "api_domain",
		Scopes: []platform.Scope{{Name: "base"}, {Name: "search:read"}, {Name: "admin"}, {Name: "contacts:full", Objects: contacts}, {Name: "contact-fields:full", Objects: contacts},
			{Name: "deals:full", Objects: deals}, {Name: "deal-fields:full", Objects: deals}},
		Source: "pipedrive.readme.io marketplace-oauth-authorization; vendor's OpenAPI v1 and v2, scopes"}
}

// me is what v1's users/me tells.
type me struct {
	Name        string      `json:"name"`
	Email       string      `json:"email"`
	CompanyID   json.Number `json:"company_id"`
	CompanyName string      `json:"company_name"`
}

// Identify tells the company, who authorised, and the calls left in the burst's window; what is left of the day's tokens, no
// answer tells.
func (c *Connector) Identify(ctx context.Context) ([]platform.Identity, error) {
	call := platform.Call{Op: "identify account", Method: http.MethodGet, Path: pathV1 + "users/me"}
	answer, err := c.ask(ctx, call, false)
	if err != nil {
		return nil, err
	}
	var user me
	if json.Unmarshal(answer.Data, &user) != nil || user.CompanyID == "" {
		return nil, fault.Newf(fault.Transient, c.client.Op(call), "the answer names no company")
	}
	identity := platform.Identity{Account: string(user.CompanyID), Name: user.CompanyName, User: cmp.Or(user.Email, user.Name)}
	left, errLeft := strconv.Atoi(answer.header.Get("x-ratelimit-remaining"))
	most, errMost := strconv.Atoi(answer.header.Get("x-ratelimit-limit"))
	if errLeft == nil && errMost == nil {
		identity.Budgets = []platform.Budget{{Name: "calls in two seconds", Left: left, Max: most}}
	}
	return []platform.Identity{identity}, nil
}

// kinds are the catalog's kinds of a custom field's types; text for the others.
var kinds = map[string]catalog.Kind{"double": catalog.Number, "int": catalog.Number, "monetary": catalog.Money, "date": catalog.Date, "daterange": catalog.Date,
	"enum": catalog.Enum, "phone": catalog.Phone}

// fieldsMax bounds the fields described of one object.
const fieldsMax = 3000

// Describe lists the fields of the catalog with the labels that the account's field list gives them, and the account's custom
// fields, spelled by their labels where those are one field's alone, else by their keys. An enum's values are the ids of its
// options, since labels can be changed without any record being told of. Fields of contact sync are there where the list
// has them. The list of emails is described under its own name and, in v1, as email; both are understood.
func (c *Connector) Describe(ctx context.Context, object record.Object) ([]platform.FieldInfo, error) {
	k, known := c.kindOf(object)
	if !known {
		return nil, fault.Newf(fault.Rejected, c.client.Opf("describe %s", object), "unknown object")
	}
	list, err := c.definitions(ctx, k, 0)
	if err != nil {
		return nil, err
	}
	byCode := map[string]definition{}
	for _, d := range list {
		if !d.Custom {
			byCode[d.Code] = d
		}
	}
	var infos []platform.FieldInfo
	for _, f := range k.Fields {
		p := platform.ParsePath(f.Name)
		d, told := byCode[p.Root]
		if !told {
			d, told = byCode[strings.TrimSuffix(p.Root, "s")]
		}
		if !told && strings.Contains(f.Source, "contact sync") {
			continue
		}
		info := platform.FieldInfo{Field: f, Label: cmp.Or(d.Name, string(f.Name))}
		if part := cmp.Or(p.Selector, p.Leaf); told && part != "" && part != leafValue {
			info.Label += " (" + strings.ReplaceAll(part, "_", " ") + ")"
		}
		if f.Kind == catalog.Enum {
			info.Options, info.Values = d.options(f.Values)
		}
		infos = append(infos, info)
	}
	if object == "deals" {
		if err := c.addColumns(ctx, infos); err != nil {
			return nil, err
		}
	}
	for _, d := range list {
		if d.Custom && len(infos) < fieldsMax {
			infos = append(infos, describe(k, list, d)...)
		}
	}
	return infos, nil
}

// describe gives a custom field, and the parts that it can be written by.
func describe(k kind, list fieldList, d definition) []platform.FieldInfo {
	spelling := rootCustom + "[" + d.Name + "]"
	if _, ok, many := list.find(d.Name); !ok || many || !k.Custom.MatchString(spelling) {
		spelling = rootCustom + "[" + d.Code + "]"
	}
	field, known := k.Field(record.PlatformField(spelling))
	if !known {
		return nil
	}
	info := platform.FieldInfo{Field: field, Label: cmp.Or(d.Name, d.Code), Custom: true}
	if kind := kinds[d.Type]; kind != "" {
		info.Kind = kind
	}
	if d.Type == "varchar" || d.Type == "varchar_auto" {
		info.MaxLength = labelMax
	}
	switch d.Type {
	case "enum":
		info.Options, info.Values = d.options(nil)
	case "set": // a list of ids, of these
		info.Options, _ = d.options(nil)
	}
	infos := []platform.FieldInfo{info}
	for _, part := range partsOf[d.Type] {
		if part == leafValue {
			continue
		}
		more := info
		more.Name, more.Label, more.Kind = field.Name+record.PlatformField("."+part), info.Label+" ("+part+")", catalog.Text
		if d.Type == "daterange" {
			more.Kind = catalog.Date
		}
		infos = append(infos, more)
	}
	return infos
}

// options gives an enum's values with their labels: those that a record may be given, where the catalog lists some.
func (d definition) options(only []string) (options []platform.Option, values []string) {
	for _, o := range d.Options {
		var id flexible
		_ = id.UnmarshalJSON(o.ID)
		if value := string(id); value != "" && (len(only) == 0 || strings.Contains(" "+strings.Join(only, " ")+" ", " "+value+" ")) {
			options, values = append(options, platform.Option{Value: value, Label: o.Label}), append(values, value)
		}
	}
	if len(values) == 0 {
		values = only
	}
	return options, values
}

// column is a stage or a pipeline.
type column struct {
	ID       json.Number `json:"id"`
	Name     string      `json:"name"`
	Pipeline json.Number `json:"pipeline_id"`
	Deleted  bool        `json:"is_deleted"`
}

// addColumns gives stage_id and pipeline_id of deals their options, which have lists of their own.
func (c *Connector) addColumns(ctx context.Context, infos []platform.FieldInfo) error {
	names := map[json.Number]string{}
	for _, list := range []struct{ path, field string }{{"pipelines", "pipeline_id"}, {"stages", "stage_id"}} {
		call := platform.Call{Op: "list " + list.path, Method: http.MethodGet, Path: withQuery(pathV2+list.path, url.Values{"limit": {"500"}})}
		answer, err := c.ask(ctx, call, false)
		if err != nil {
			return err
		}
		items, ok := answer.list()
		if !ok {
			return fault.Newf(fault.Transient, c.client.Op(call), "the answer is not the list expected")
		}
		var options []platform.Option
		var values []string
		for _, item := range items {
			var col column
			if json.Unmarshal(item, &col) != nil || !wellFormed(record.ExternalID(col.ID)) || col.Deleted {
				continue
			}
			label := col.Name
			if list.path == "pipelines" {
				names[col.ID] = col.Name
			} else if pipeline := names[col.Pipeline]; pipeline != "" {
				label = pipeline + ": " + col.Name
			}
			options, values = append(options, platform.Option{Value: string(col.ID), Label: label}), append(values, string(col.ID))
		}
		for i := range infos {
			if string(infos[i].Name) == list.field {
				infos[i].Options, infos[i].Values = options, values
			}
		}
	}
	return nil
}

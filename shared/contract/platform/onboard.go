package platform

import (
	"context"
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// Identity is one account that a grant opens.
type Identity struct {
	// Account is the vendor's id of the account, as Settings.Account and webhooks give it.
	Account string
	// Name is the account's name as its people know it, User who authorised us (an address, else a name); "" where the
	// vendor does not tell.
	Name, User string
	// Scopes are those granted; nil where the vendor does not tell.
	Scopes []string
	// Sandbox: the vendor says that the account is for tests.
	Sandbox bool
	// BaseURL is where this account is called, for vendors that call each at its own and tell it here; "" for the others.
	BaseURL string
	// Budgets are what the answer told of the calls left, nil where it tells nothing.
	Budgets []Budget
}

// Budget is one of a vendor's limits, as an answer told it.
type Budget struct {
	// Name says what is counted, for a person: "calls in ten seconds", "calls a day", "points".
	Name      string
	Left, Max int
}

// Authorization is how a vendor lets a person authorise our app: the authorization code grant of OAuth 2.0 (RFC 6749,
// section 4.1). It is data, so that one flow serves every vendor; each connector has it as a function Authorization().
type Authorization struct {
	// AuthorizeURL is the page that a person opens in a browser, RevokeURL where a grant is ended (RFC 7009): "" where Leaving
	// ends it, or nothing of the vendor's does.
	AuthorizeURL, RevokeURL string
	// Client says where the token endpoint, and the one that revokes, want the app's id and secret.
	Client ClientIn
	// Scopes are what the app needs. They are asked for on the page, unless ScopesInApp says that the vendor takes them from
	// the app's own settings, where a person ticks them.
	Scopes      []Scope
	ScopesInApp bool
	// Params are added to the page's address.
	Params map[string]string
	// PKCE says that the vendor takes a code challenge (RFC 7636).
	PKCE bool
	// RevokeJSON says that RevokeURL takes the token in a JSON object rather than in a form.
	RevokeJSON bool
	// Loopback says which redirects to this machine (http://localhost) the vendor takes.
	Loopback Loopback
	// AccountParam names the redirect's query parameter that tells the account ("realmId"), BaseURLKey the token answer's key
	// that tells where the account is called ("instance_url"); "" for vendors that tell it by Identify, or never.
	AccountParam, BaseURLKey string
	// Signed says which secret webhooks are verified with. AppKeyed says that the vendor has a key to its API for apps
	// themselves, which registers webhooks (Settings.AppKey).
	Signed   WebhookSecret
	AppKeyed bool
	// Sandbox replaces addresses for accounts that are for tests; "" keeps the usual one.
	Sandbox struct{ AuthorizeURL, TokenURL, BaseURL, RevokeURL string }
	// Source says where all this is from.
	Source string
}

// WebhookSecret says where the secret comes from that webhooks are verified with.
type WebhookSecret int

// The sources: the vendor shows one of its own to a person; it is the app's client secret; we make one and the vendor
// sends it with every webhook.
const (
	VendorsSecret WebhookSecret = iota
	ClientsSecret
	OurSecret
)

// ByHand is what there is to know for saying what a person has to do in the vendor's pages, once an account is connected.
type ByHand struct {
	// Callback is our public URL for webhooks, "" if there is none; Registered says that they are registered by the API.
	Callback   string
	Registered bool
	// Fields are what is mapped, by object.
	Fields map[record.Object][]record.PlatformField
}

// Objects lists the objects, sorted.
func (h ByHand) Objects() []record.Object { return slices.Sorted(maps.Keys(h.Fields)) }

// Scope is one right that an app asks for.
type Scope struct {
	Name string
	// Objects are those whose mapping needs it; nil for what every connection needs.
	Objects []record.Object
}

// Loopback says whether a vendor redirects to this machine.
type Loopback int

// Whether a redirect may go to http://localhost. Where it may not, the person pastes the address that the browser shows.
const (
	LoopbackNever   Loopback = iota
	LoopbackSandbox          // for accounts that are for tests alone
	LoopbackAlways
)

// ScopesFor gives the scopes that mappings of objects need, in their order.
func (a Authorization) ScopesFor(objects []record.Object) []string {
	var out []string
	for _, s := range a.Scopes {
		if s.Objects == nil || slices.ContainsFunc(objects, func(o record.Object) bool { return slices.Contains(s.Objects, o) }) {
			out = append(out, s.Name)
		}
	}
	return out
}

// Connecting is implemented by every connector: what a person needs to know before trusting a connection.
// Errors as for reads.
type Connecting interface {
	// Identify gives the accounts that the grant opens: one, but for vendors whose grants open several.
	Identify(ctx context.Context) ([]Identity, error)
	// Describe gives an object's fields as this account has them, custom ones too, in the connector's spelling. Fields
	// that the vendor describes to nobody are answered from the catalog.
	Describe(ctx context.Context, object record.Object) ([]FieldInfo, error)
}

// Choosing is implemented by connectors of platforms whose accounts have lists of their own from which people choose what a
// document says of money. Errors as for reads.
type Choosing interface {
	// Choices lists what a field of a document can be in this account: its active entries, by value and label, in the account's
	// order, at most ChoicesMax. A field that is chosen from no list answers none.
	Choices(ctx context.Context, object record.Object, field record.PlatformField) (Choices, error)
}

// ChoicesMax is how many entries of one list are told.
const ChoicesMax = 200

// Choices are an account's answer.
type Choices struct {
	Options []Option
	// Unneeded says why this account takes no value there, for a person; "" where it takes one.
	Unneeded string
	// Note is what a person should know before choosing, "" for nothing.
	Note string
}

// FieldInfo is one field as an account has it.
type FieldInfo struct {
	catalog.Field
	// Label is what people see.
	Label string
	// Custom says that the account defined it itself.
	Custom bool
	// Unique says that the platform keeps its values apart.
	Unique bool
	// Options are an enum's values with their labels, those in use first; Values has the same without.
	Options []Option
}

// FieldInfoOf describes a field as the catalog does, for vendors that describe theirs to nobody: every value is its own label.
func FieldInfoOf(f catalog.Field) FieldInfo {
	info := FieldInfo{Field: f, Label: string(f.Name)}
	for _, value := range f.Values {
		info.Options = append(info.Options, Option{Value: value, Label: value})
	}
	return info
}

// Option is one value of an enum.
type Option struct{ Value, Label string }

// FieldMaking is implemented by connectors that can define a custom field in the account.
type FieldMaking interface {
	// MakeField defines a text field on an object's records unless it is there, and gives its spelling, which where the
	// vendor invents the name is not the one asked for. Errors as for Apply; after fault.InDoubt call again.
	MakeField(ctx context.Context, object record.Object, f NewField) (record.PlatformField, error)
}

// NewField asks for a custom field.
type NewField struct {
	// Name is the field's spelling in a configuration, Label what people see.
	Name  record.PlatformField
	Label string
}

// Subscribing is implemented by connectors whose vendor lets webhooks be registered by its API. For the others a person
// does it in the vendor's developer pages. Where a vendor registers them for the app, not for an account, and asks for a
// key of its own (Settings.AppKey), both calls are fault.Rejected without it.
type Subscribing interface {
	// Subscribe makes sure that changes are told to a callback, and gives the vendor's ids of what tells them, in no order.
	// Errors as for Apply; after fault.InDoubt call again.
	Subscribe(ctx context.Context, want Subscription) (ids []string, err error)
	// Unsubscribe ends them; an id that is gone already is none's failure.
	Unsubscribe(ctx context.Context, ids []string) error
}

// Telling is implemented by connectors whose vendor tells which webhooks are in force: it may have dropped or disabled some.
type Telling interface {
	// InForce gives those of ids that still tell us. Errors as for reads; fault.Rejected where the vendor asks for a key to
	// its API for apps (Settings.AppKey) and there is none.
	InForce(ctx context.Context, ids []string) ([]string, error)
}

// Subscription is what is to be told.
type Subscription struct {
	// Callback is our public URL for the platform's webhooks, Secret the webhook secret, for vendors that send one of ours.
	Callback, Secret string
	// Fields are what is mapped, by object: vendors that tell changes by field are asked for these, the others for the objects.
	Fields map[record.Object][]record.PlatformField
	// Known are the ids of an earlier call: what is still in force of them is kept, what the vendor dropped or disabled is
	// made again.
	Known []string
}

// Objects lists the objects, sorted.
func (s Subscription) Objects() []record.Object { return slices.Sorted(maps.Keys(s.Fields)) }

// Leaving is implemented by connectors whose vendor ends a grant by a call of its API rather than at a revocation endpoint.
type Leaving interface {
	// Leave tells the vendor that the connection is over. Once it has, the grant opens nothing.
	Leave(ctx context.Context) error
}

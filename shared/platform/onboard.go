package platform

import (
	"context"

	"github.com/fluxcascade/fluxcascade/shared/catalog"
	"github.com/fluxcascade/fluxcascade/shared/record"
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
	// BaseURL is where this account is called, for vendors that call each at its own; "" for the others.
	BaseURL string
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

// Subscribing is implemented by connectors whose vendor lets an account's webhooks be registered by its API. For the
// others a person does it in the vendor's developer pages.
type Subscribing interface {
	// Subscribe makes sure that changes of objects are told to callback, and gives the vendor's ids of what tells them.
	// known are the ids of an earlier call: what is still in force of them is kept, what the vendor dropped or disabled is
	// made again. Errors as for Apply; after fault.InDoubt call again.
	Subscribe(ctx context.Context, callback, secret string, objects []record.Object, known []string) ([]string, error)
	// Unsubscribe ends them; an id that is gone already is none's failure.
	Unsubscribe(ctx context.Context, ids []string) error
}

// Leaving is implemented by connectors whose vendor ends a grant by a call of its API rather than at a revocation endpoint.
type Leaving interface {
	// Leave tells the vendor that the connection is over. Once it has, the grant opens nothing.
	Leave(ctx context.Context) error
}

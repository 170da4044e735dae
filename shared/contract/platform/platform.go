// Package platform is the contract of connectors: what every vendor's package can be asked, and what its answers mean.
// It owns no vendor and takes no decision; a connector translates between a vendor's API and record's flat fields,
// classifies failures (package fault), and never maps, matches, merges, stores, logs or retries.
package platform

import (
	"context"
	"net/http"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Cursor is a platform's opaque resume token. "" begins at Query.Since.
type Cursor string

// Query asks for a page of records of one object.
type Query struct {
	Object record.Object
	// Fields are the fields to read; the id, version and stamps always come too.
	Fields []record.PlatformField
	Cursor Cursor
	// Since, for Changes with an empty Cursor: changes at or after it.
	Since time.Time
	// Limit counts records, 1 to the object's Ability.PageMax.
	Limit int
}

// Page is one page of records.
type Page struct {
	// Snapshots are oldest change first for Changes, in a stable order for List. Archived records come with Archived set.
	Snapshots []record.Snapshot
	// Absences are deletions that the list tells.
	Absences []record.Absence
	// Next continues the walk, or, after the last page of Changes, resumes it at the next poll. Never "".
	Next Cursor
	// More is false once caught up (Changes) or at the end (List).
	More bool
}

// Read is one result of Fetch, in the order asked. Exactly one of Snapshot, Absence and Err is set.
type Read struct {
	ID       record.ExternalID // as asked; a merged record may answer under another, which Snapshot.ID then holds
	Snapshot *record.Snapshot
	Absence  *record.Absence
	Err      error
}

// Lookup asks for the records whose Field equals Value.
type Lookup struct {
	Field record.PlatformField
	Value string
}

// Connector is one authorised account. Safe for concurrent use. Every method makes a bounded number of requests.
// Errors of a whole call: fault.RateLimited, fault.Unauthorized, fault.Transient, fault.Rejected (the request itself
// is wrong); for Apply also fault.InDoubt. Per-item failures are in the items, and a call with some is not an error.
type Connector interface {
	// Changes lists records changed since a cursor. It overlaps by Ability.LagBound and covers equal stamps, so a
	// change may repeat but is never passed over. Snapshots from a trailing index are marked Lagging.
	Changes(ctx context.Context, q Query) (Page, error)

	// List walks every record of an object, for backfill and reconcile; from the records themselves, not an index,
	// wherever the vendor offers that. Records made during the walk may be missed: Changes covers them.
	List(ctx context.Context, q Query) (Page, error)

	// Fetch reads records by id, in bulk, at most Ability.ReadMax ids (more is fault.Rejected), one Read for each.
	Fetch(ctx context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID) ([]Read, error)

	// Find looks records up by a field of Ability.Find, in bulk, at most Ability.Finds() lookups; the answer holds the
	// matches of each lookup in order, at most 10 for each. Archived records are left out.
	Find(ctx context.Context, object record.Object, fields []record.PlatformField, lookups []Lookup) ([][]record.Snapshot, error)

	// Apply performs intents on one object, in bulk, at most Ability.WriteMax (more is fault.Rejected), and answers one
	// receipt for each in their order. It sends only Intent.Fields (and, where the API replaces a list, the siblings as
	// pre-read). A create carries the idempotency the platform offers; where it offers none and
	// Intent.AttemptsBegan is set, Apply first looks for its own earlier result (Intent.Marker) among what changed
	// since then, and answers it as Existing.
	// If the whole call fails after it was sent: fault.InDoubt. One item's failure is in its receipt.
	Apply(ctx context.Context, intents []record.Intent) ([]record.Receipt, error)
}

// Settings assemble a connector: every one is built by New(Settings).
type Settings struct {
	Connection record.Connection
	// Account is the vendor's id of the account: portal, realm.
	Account string
	// BaseURL is the API's root, without a trailing slash.
	BaseURL string
	Tokens  Tokens
	// AppKey is the vendor's key to its API for apps themselves, for vendors that have one (HubSpot's developer API key); ""
	// for none. Secret. It registers webhooks, and no function uses it.
	AppKey string
	// HTTP sends requests; boot gives it timeouts and a host allow list, and it follows no redirect to another host.
	HTTP *http.Client
	// Now is the clock; ReadBegan is taken from it.
	Now func() time.Time
	// Options holds platform-specific settings of the connection, checked against the catalog when loaded.
	Options map[string]string
}

// Tokens gives access tokens. Implementations refresh under a lease, so that a rotating refresh token is used once.
type Tokens interface {
	// Token gives a token that is valid for at least a minute. Errors: fault.Unauthorized, fault.Transient.
	Token(ctx context.Context) (string, error)
	// Refused reports that the platform refused token; the next Token call refreshes.
	Refused(ctx context.Context, token string) error
}

// Grant is what a token endpoint answers.
type Grant struct {
	AccessToken  string
	RefreshToken string // "" if the old one stays in use
	ExpiresAt    time.Time
}

// Refresher exchanges a refresh token at the vendor's token endpoint, once, without retry.
// Errors: fault.Unauthorized (the grant is over, a person must connect again), fault.Transient, fault.InDoubt.
type Refresher interface {
	Refresh(ctx context.Context, refreshToken string) (Grant, error)
}

// Request is a webhook as received, raw.
type Request struct {
	Method string
	// URL is the public URL as the platform called it: scheme, host, path and query.
	URL    string
	Header http.Header
	Body   []byte
	// Now is our clock, for replay windows.
	Now time.Time
}

// Hint is one claim of a webhook: this record may have changed. It is never taken as data.
type Hint struct {
	// Account is the vendor's account id inside the request; one route serves several accounts of an app.
	Account string
	Object  record.Object
	ID      record.ExternalID
	Kind    record.Kind
	// Into is the surviving record of a merge, "" where it does not tell.
	Into       record.ExternalID
	OccurredAt time.Time
}

// Receive verifies a webhook over its raw bytes and parses it. Every connector has a function of this type.
// Unknown objects give no hint and no error. Errors: fault.Unauthorized (signature wrong, missing or too old),
// fault.Rejected (malformed).
type Receive func(secret string, r Request) ([]Hint, error)

// Preparing is implemented by connectors that can make the field that holds our identity.
type Preparing interface {
	// Prepare makes the field on an object's records unless it is there. Errors as for Apply; after fault.InDoubt call again.
	Prepare(ctx context.Context, object record.Object, marker record.PlatformField) error
}

// Owning is implemented by connectors whose webhooks name records that belong to others: a property of a client.
type Owning interface {
	// OwnerOf gives the object that records of an unmapped object belong to; ok is false if it knows none.
	OwnerOf(object record.Object) (owner record.Object, ok bool)
	// ResolveHints gives the owner's id for each id, "" where it is gone. At most 100 ids.
	ResolveHints(ctx context.Context, object record.Object, ids []record.ExternalID) ([]record.ExternalID, error)
}

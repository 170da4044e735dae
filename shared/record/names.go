package record

import "strings"

// Names. Two strings side by side want two types: a hub field in a platform map does not compile.
type (
	// Platform names a vendor, in lower case: "hubspot".
	Platform string
	// Connection names one authorised account, as the configuration does: "jobber-north".
	Connection string
	// Group names one data domain: "customer".
	Group string
	// Object names a platform's kind as our connector spells it: "contacts", "clients", "customers".
	Object string
	// EntityID is our key of an entity, unique within its group. Never a platform's key.
	EntityID string
	// ExternalID is a platform's key of a record, opaque, compared byte by byte.
	ExternalID string
	// HubField names a field of an entity; it is spelled as the hub platform spells it.
	HubField string
	// PlatformField names a field of a platform's record in that connector's flat spelling:
	// "email", "emails[primary].address", "BillAddr.City".
	PlatformField string
)

// Place is where a link can be: an object of a connection.
type Place struct {
	Connection Connection `json:"connection"`
	Object     Object     `json:"object"`
}

// String gives "connection/object", the spelling used in keys, logs and the command line.
func (p Place) String() string { return string(p.Connection) + "/" + string(p.Object) }

// Compare orders places by connection, then object.
func (p Place) Compare(q Place) int {
	if c := strings.Compare(string(p.Connection), string(q.Connection)); c != 0 {
		return c
	}
	return strings.Compare(string(p.Object), string(q.Object))
}

// Ref names one record.
type Ref struct {
	Place
	ID ExternalID `json:"id"`
}

// String gives "connection/object/id".
func (r Ref) String() string { return r.Place.String() + "/" + string(r.ID) }

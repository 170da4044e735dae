// Package hubspot is the connector of HubSpot CRM, objects v3 and associations v4, for contacts, companies and deals in
// the flat spelling of catalog.HubSpot: a field is a property's name, and associations.contacts names the primary or
// else the only associated contact; several are told as such. It translates and classifies. It never maps, matches, merges, stores, logs,
// retries or starts goroutines.
//
// What shapes it: nothing is conditional, so the last write wins and the pipeline reads just before; creates are upserts
// on a property of unique values that holds our identity; batches answer in no order and item by item; the search index
// trails the records, so changes are hints and everything else is read from the records themselves.
package hubspot

import (
	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

const (
	name = "hubspot"
	// batchMax is how many inputs a batch call takes (developers.hubspot.com, batch actions of the contacts guide, 2026-06).
	batchMax = 100
)

// Connector is one account (portal). Safe for concurrent use: it holds no state.
type Connector struct {
	client  platform.Client
	catalog *catalog.Platform
}

var (
	_ platform.Connector   = (*Connector)(nil)
	_ platform.Connecting  = (*Connector)(nil)
	_ platform.Preparing   = (*Connector)(nil)
	_ platform.FieldMaking = (*Connector)(nil)
	_ platform.Subscribing = (*Connector)(nil)
	_ platform.Telling     = (*Connector)(nil)
	_ platform.Leaving     = (*Connector)(nil)
)

// New assembles a connector. Settings.Account is the portal id, which no call needs: the token names the portal.
func New(s platform.Settings) *Connector {
	return &Connector{client: platform.Client{Settings: s, Platform: name}, catalog: catalog.HubSpot()}
}

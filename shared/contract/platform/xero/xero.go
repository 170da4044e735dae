// Package xero is the connector of the Xero Accounting API 2.0, for contacts and sales invoices in the flat spelling of
// catalog.Xero. It translates and classifies. It never maps, matches, merges, stores, logs, retries or starts goroutines.
//
// What shapes it: the API speaks XML unless asked, and dates of its own; only pages show records whole, so every read is
// a page; nothing is ever destroyed, so archived, merged and voided records stay in the lists; there is no version, so an
// update that must read its record again goes by its stamp; lists of people and lines are replaced whole, so the others
// go back as read; a POST without an id may mean somebody's record of that name, so creates are PUTs under an
// idempotency key; 5,000 calls a day are few, so everything is done in bulk; money stays decimal text.
package xero

import (
	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

const (
	name = "xero"
	// apiPath begins every call on an organisation's books.
	apiPath = "/api.xro/2.0/"
	// tenantHeader names the organisation (xero-identity.yaml, tenantId).
	tenantHeader = "xero-tenant-id"
)

// Connector is one organisation (tenant). Safe for concurrent use: it holds no state.
type Connector struct {
	client  platform.Client
	catalog *catalog.Platform
}

var (
	_ platform.Connector  = (*Connector)(nil)
	_ platform.Connecting = (*Connector)(nil)
	_ platform.Leaving    = (*Connector)(nil)
)

// New assembles a connector. Settings.Account is the tenant id of the organisation.
func New(s platform.Settings) *Connector {
	return &Connector{client: platform.Client{Settings: s, Platform: name}, catalog: catalog.Xero()}
}

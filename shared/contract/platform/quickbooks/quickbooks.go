// Package quickbooks is the connector of QuickBooks Online, accounting API v3, for customers and invoices in the flat
// spelling of catalog.QuickBooks. It translates and classifies. It never maps, matches, merges, stores, logs, retries
// or starts goroutines.
//
// What shapes it: every record has a SyncToken, so every update is conditional; updates are sparse, but nested objects
// and lists are taken to be replaced whole, so their other parts go back as read; creates carry a requestid; lists
// hide inactive records unless asked; money stays decimal text.
package quickbooks

import (
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

const (
	name = "quickbooks"
	// minorVersion is sent with every call (mcohen01/node-quickbooks 2.0.49 sends the same).
	minorVersion = "75"
	// OptionCustomFields names the connection option that tells definition ids of custom fields which a record does not
	// list itself: "Hub ID=1, Region=540344".
	OptionCustomFields = "custom_fields"
)

// Connector is one company (realm). Safe for concurrent use: it holds no state.
type Connector struct {
	client  platform.Client
	catalog *catalog.Platform
	// definitions gives DefinitionId by name, from OptionCustomFields.
	definitions map[string]string
}

var (
	_ platform.Connector  = (*Connector)(nil)
	_ platform.Connecting = (*Connector)(nil)
)

// New assembles a connector. Settings.Account is the realm id.
func New(s platform.Settings) *Connector {
	c := &Connector{client: platform.Client{Settings: s, Platform: name}, catalog: catalog.QuickBooks(), definitions: map[string]string{}}
	for _, part := range strings.Split(s.Options[OptionCustomFields], ",") {
		if field, id, ok := strings.Cut(part, "="); ok {
			c.definitions[strings.TrimSpace(field)] = strings.TrimSpace(id)
		}
	}
	return c
}

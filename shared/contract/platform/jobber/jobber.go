// Package jobber is the connector of Jobber's GraphQL API, for clients and jobs in the flat spelling of catalog.Jobber.
// It translates and classifies. It never maps, matches, merges, stores, logs, retries or starts goroutines.
//
// What shapes it: one endpoint, where a call may hold many aliased queries or mutations; every call costs points out of
// a bucket, by the fields it asks for; lists are edited by the ids of their elements, which are read just before; there
// is no conditional update, no idempotent create and no search by a custom field, so a create whose outcome is unknown
// is looked for among the records created since; webhooks of properties do not name the client.
package jobber

import (
	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

const (
	name = "jobber"
	// versionHeader is required on every call (developer.getjobber.com api_versioning).
	versionHeader = "X-JOBBER-GRAPHQL-VERSION"
	// OptionVersion names the connection option for the API version. A version lives 12 months after a newer one.
	OptionVersion = "version"
	// DefaultVersion is used where the option is not set.
	DefaultVersion = "2025-04-16"
)

// Connector is one account. Safe for concurrent use: it holds no state.
type Connector struct {
	client  platform.Client
	catalog *catalog.Platform
	version string
}

var (
	_ platform.Connector   = (*Connector)(nil)
	_ platform.Connecting  = (*Connector)(nil)
	_ platform.Preparing   = (*Connector)(nil)
	_ platform.FieldMaking = (*Connector)(nil)
	_ platform.Subscribing = (*Connector)(nil)
	_ platform.Leaving     = (*Connector)(nil)
	_ platform.Owning      = (*Connector)(nil)
)

// New assembles a connector. Settings.BaseURL is https://api.getjobber.com.
func New(s platform.Settings) *Connector {
	c := &Connector{client: platform.Client{Settings: s, Platform: name}, catalog: catalog.Jobber(), version: DefaultVersion}
	if version := s.Options[OptionVersion]; version != "" {
		c.version = version
	}
	return c
}

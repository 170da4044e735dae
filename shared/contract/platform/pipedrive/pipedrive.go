// Package pipedrive is the connector of Pipedrive, API v2 and what of v1 it lacks, for persons, organizations and deals in
// the flat spelling of catalog.Pipedrive. It translates and classifies. It never maps, matches, merges, stores, logs,
// retries or starts goroutines.
//
// What shapes it: calls are paid in tokens of a daily budget, so reads are bulk and searches few; each record is written by
// a call of its own; nothing is unique, conditional or idempotent, so a create whose outcome is unknown is looked for by
// our mark, in the search and among what changed since; custom fields live under random keys, which the account's field
// list resolves; lists of emails and phones are replaced whole, so they are read just before; persons and organizations
// that were deleted show in v1's recents alone.
package pipedrive

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

const (
	name = "pipedrive"
	// pathV2 and pathV1 begin every call. v2 answers below /api/v2 alone (pipedrive-api-v2-migration-guide).
	pathV2 = "/api/v2/"
	pathV1 = "/api/v1/"
	// defaultHost serves every account, and OptionDomain names the connection option for the account's own:
	// https://acme.pipedrive.com, the api_domain of its token answer, where calls should go.
	defaultHost  = "https://api.pipedrive.com"
	OptionDomain = "api_domain"
)

// Connector is one account. Safe for concurrent use: all that it holds is a copy of the account's field lists.
type Connector struct {
	client  platform.Client
	catalog *catalog.Platform
	fields  platform.Found[fieldList]
	// homeless says why no call can be made, "" if calls can.
	homeless string
}

var (
	_ platform.Connector   = (*Connector)(nil)
	_ platform.Connecting  = (*Connector)(nil)
	_ platform.Preparing   = (*Connector)(nil)
	_ platform.FieldMaking = (*Connector)(nil)
	_ platform.Subscribing = (*Connector)(nil)
	_ platform.Telling     = (*Connector)(nil)
)

// New assembles a connector. Settings.Account is the company's id, which no call needs: the token names the company.
// Settings.BaseURL is the account's own domain, or a simulator on this machine; where it is the common host, the option
// api_domain stands for it if it is set. No redirect is followed: the API has none.
func New(s platform.Settings) *Connector {
	if s.HTTP != nil {
		direct := *s.HTTP
		direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		s.HTTP = &direct
	}
	if s.BaseURL == "" {
		s.BaseURL = defaultHost
	}
	if domain := strings.TrimSuffix(s.Options[OptionDomain], "/"); domain != "" && s.BaseURL == defaultHost {
		s.BaseURL = domain
	}
	c := &Connector{client: platform.Client{Settings: s, Platform: name}, catalog: catalog.Pipedrive()}
	if !callable(s.BaseURL) {
		c.homeless = "the API domain is not one of Pipedrive's"
	}
	return c
}

// callable says that tokens may be sent to a URL: one of the platform's hosts by TLS, or this machine.
func callable(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" {
		return false
	}
	host := u.Hostname()
	if u.Scheme == "http" {
		return host == "localhost" || net.ParseIP(host).IsLoopback()
	}
	return u.Scheme == "https" && strings.HasSuffix(host, ".pipedrive.com") && u.Port() == ""
}

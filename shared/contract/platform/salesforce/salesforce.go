// Package salesforce is the connector of Salesforce Sales Cloud, REST API, for contacts, accounts and opportunities in
// the flat spelling of catalog.Salesforce: the API's own field names. It translates and classifies. It never maps,
// matches, merges, stores, logs, retries or starts goroutines.
//
// What shapes it: reads are SOQL, in whole pages keyed by what they are ordered by, so that no cursor of the platform's
// can end; queryAll shows the recycle bin, and with it deletions and merges; creates are upserts on a unique external id
// that holds our identity; collections answer item by item, in order, and without the records, which are read back; an
// update is conditional only where it goes alone.
package salesforce

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

const (
	name = "salesforce"
	// apiPath begins every call: version 66.0, Spring '26. A version lives three years at least (developer.salesforce.com,
	// API end-of-life policy).
	apiPath = "/services/data/v66.0"
	// OptionInstanceURL names the connection option that tells where the org is called: https://MyDomain.my.salesforce.com,
	// the instance_url of its token answer. It serves where the app names no base URL of its own.
	OptionInstanceURL = "instance_url"
	// callOptions names us in the origin of change events (developer.salesforce.com, Sforce-Call-Options).
	callOptions = "client=FluxCascade"
)

// Connector is one org. Safe for concurrent use: it holds no state.
type Connector struct {
	client  platform.Client
	catalog *catalog.Platform
	// homeless says why no call can be made, "" if calls can.
	homeless string
	lacking  platform.Found[[]record.PlatformField] // fields, by object
}

var (
	_ platform.Connector  = (*Connector)(nil)
	_ platform.Connecting = (*Connector)(nil)
	_ platform.Preparing  = (*Connector)(nil)
)

// New assembles a connector. Settings.Account is the org's id of 18 characters, which no call needs: the token names the
// org. Settings.BaseURL is the org's instance URL, or a simulator on this machine; where it is the log-in host, the
// option instance_url stands for it. No redirect is followed: the API has none, and an org that moved needs a person.
func New(s platform.Settings) *Connector {
	if s.HTTP != nil {
		direct := *s.HTTP
		direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		s.HTTP = &direct
	}
	if isLogin(s.BaseURL) || s.BaseURL == "" {
		s.BaseURL = strings.TrimSuffix(s.Options[OptionInstanceURL], "/")
	}
	c := &Connector{client: platform.Client{Settings: s, Platform: name}, catalog: catalog.Salesforce()}
	if s.BaseURL == "" {
		c.homeless = "no instance URL is configured; set the option " + OptionInstanceURL
	} else if !callable(s.BaseURL) {
		c.homeless = "the instance URL is not one of Salesforce's"
	}
	return c
}

// isLogin says that a URL is the platform's log-in host, which serves no org.
func isLogin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Hostname() == "login.salesforce.com" || u.Hostname() == "test.salesforce.com")
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
	ours := strings.HasSuffix(host, ".salesforce.com") || strings.HasSuffix(host, ".force.com")
	return u.Scheme == "https" && ours && u.Port() == ""
}

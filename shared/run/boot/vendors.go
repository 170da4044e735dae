package boot

import (
	"net/http"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform/hubspot"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform/jobber"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform/pipedrive"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform/quickbooks"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform/salesforce"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform/xero"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// Vendor is one platform's connector, as a plain list: adding a platform adds one entry here.
type Vendor struct {
	Catalog *catalog.Platform
	// Connect assembles a connector, refresher its part that refreshes tokens (Refresh).
	Connect   func(platform.Settings) platform.Connector
	refresher func(platform.RefreshSettings) *platform.OAuthRefresher
	Receive   platform.Receive
	// Authorization is how a person connects an account, ByHand what is then left to do in the vendor's pages, each step with
	// its exact values; nil where there is nothing but what the vendor's guide says.
	Authorization platform.Authorization
	ByHand        func(platform.ByHand) []string
	// BaseURL and TokenURL are the vendor's own; App may name others (a sandbox, a simulator).
	BaseURL, TokenURL string
}

// Vendors lists every platform.
func Vendors() []Vendor {
	return []Vendor{
		{
			Catalog: catalog.HubSpot(), BaseURL: "https://api.hubapi.com", TokenURL: "https://api.hubapi.com/oauth/v1/token",
			Authorization: hubspot.Authorization(), ByHand: hubspot.ByHand,
			Connect: connect(hubspot.New), refresher: hubspot.NewRefresher, Receive: hubspot.Receive,
		},
		{
			Catalog: catalog.Jobber(), BaseURL: "https://api.getjobber.com", TokenURL: "https://api.getjobber.com/api/oauth/token",
			Authorization: jobber.Authorization(), ByHand: jobber.ByHand,
			Connect: connect(jobber.New), refresher: jobber.NewRefresher, Receive: jobber.Receive,
		},
		{
			Catalog: catalog.QuickBooks(), BaseURL: "https://quickbooks.api.intuit.com",
			TokenURL:      "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
			Authorization: quickbooks.Authorization(), ByHand: quickbooks.ByHand,
			Connect: connect(quickbooks.New), refresher: quickbooks.NewRefresher, Receive: quickbooks.Receive,
		},
		{
			// An org is called at its own instance URL, which the app's base_url or the connection's options tell.
			Catalog: catalog.Salesforce(), BaseURL: "https://login.salesforce.com", TokenURL: "https://login.salesforce.com/services/oauth2/token",
			Authorization: salesforce.Authorization(), ByHand: salesforce.ByHand,
			Connect: connect(salesforce.New), refresher: salesforce.NewRefresher, Receive: salesforce.Receive,
		},
		{
			Catalog: catalog.Xero(), BaseURL: "https://api.xero.com", TokenURL: "https://identity.xero.com/connect/token",
			Authorization: xero.Authorization(), ByHand: xero.ByHand,
			Connect: connect(xero.New), refresher: xero.NewRefresher, Receive: xero.Receive,
		},
		{
			// An account is called at its own domain, which its token answer tells; the common host serves it too.
			Catalog: catalog.Pipedrive(), BaseURL: "https://api.pipedrive.com", TokenURL: "https://oauth.pipedrive.com/oauth/token",
			Authorization: pipedrive.Authorization(),
			Connect:       connect(pipedrive.New), refresher: pipedrive.NewRefresher, Receive: pipedrive.Receive,
		},
	}
}

// connect gives a connector's constructor in the form that all have here.
func connect[C platform.Connector](assemble func(platform.Settings) C) func(platform.Settings) platform.Connector {
	return func(s platform.Settings) platform.Connector { return assemble(s) }
}

// Refresh assembles what refreshes the tokens of one app of the vendor's.
func (v Vendor) Refresh(a App, h *http.Client, now func() time.Time) platform.Refresher {
	return v.refresher(platform.RefreshSettings{TokenURL: a.TokenURL, ClientID: a.ClientID, ClientSecret: a.ClientSecret, HTTP: h, Now: now})
}

// VendorOf finds a platform's connector.
func VendorOf(p record.Platform) (Vendor, bool) { return vendorOf(p) }

func vendorOf(p record.Platform) (Vendor, bool) {
	for _, v := range Vendors() {
		if v.Catalog.Name == p {
			return v, true
		}
	}
	return Vendor{}, false
}

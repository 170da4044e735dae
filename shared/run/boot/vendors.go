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
	Connect func(platform.Settings) platform.Connector
	Receive platform.Receive
	Refresh func(App, *http.Client, func() time.Time) platform.Refresher
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
			Connect: func(s platform.Settings) platform.Connector { return hubspot.New(s) }, Receive: hubspot.Receive,
			Refresh: func(a App, h *http.Client, now func() time.Time) platform.Refresher {
				return hubspot.NewRefresher(hubspot.RefreshSettings{TokenURL: a.TokenURL, ClientID: a.ClientID, ClientSecret: a.ClientSecret, HTTP: h, Now: now})
			},
		},
		{
			Catalog: catalog.Jobber(), BaseURL: "https://api.getjobber.com", TokenURL: "https://api.getjobber.com/api/oauth/token",
			Authorization: jobber.Authorization(), ByHand: jobber.ByHand,
			Connect: func(s platform.Settings) platform.Connector { return jobber.New(s) }, Receive: jobber.Receive,
			Refresh: func(a App, h *http.Client, now func() time.Time) platform.Refresher {
				return jobber.NewRefresher(jobber.RefreshSettings{TokenURL: a.TokenURL, ClientID: a.ClientID, ClientSecret: a.ClientSecret, HTTP: h, Now: now})
			},
		},
		{
			Catalog: catalog.QuickBooks(), BaseURL: "https://quickbooks.api.intuit.com", TokenURL: "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
			Authorization: quickbooks.Authorization(), ByHand: quickbooks.ByHand,
			Connect: func(s platform.Settings) platform.Connector { return quickbooks.New(s) }, Receive: quickbooks.Receive,
			Refresh: func(a App, h *http.Client, now func() time.Time) platform.Refresher {
				return quickbooks.NewRefresher(quickbooks.RefreshSettings{TokenURL: a.TokenURL, ClientID: a.ClientID, ClientSecret: a.ClientSecret, HTTP: h, Now: now})
			},
		},
		{
			// An org is called at its own instance URL, which the app's base_url or the connection's options tell.
			Catalog: catalog.Salesforce(), BaseURL: "https://login.salesforce.com", TokenURL: "https://login.salesforce.com/services/oauth2/token",
			Authorization: salesforce.Authorization(), ByHand: salesforce.ByHand,
			Connect: func(s platform.Settings) platform.Connector { return salesforce.New(s) }, Receive: salesforce.Receive,
			Refresh: func(a App, h *http.Client, now func() time.Time) platform.Refresher {
				return salesforce.NewRefresher(salesforce.RefreshSettings{TokenURL: a.TokenURL, ClientID: a.ClientID, ClientSecret: a.ClientSecret, HTTP: h, Now: now})
			},
		},
		{
			Catalog: catalog.Xero(), BaseURL: "https://api.xero.com", TokenURL: "https://identity.xero.com/connect/token",
			Authorization: xero.Authorization(), ByHand: xero.ByHand,
			Connect: func(s platform.Settings) platform.Connector { return xero.New(s) }, Receive: xero.Receive,
			Refresh: func(a App, h *http.Client, now func() time.Time) platform.Refresher {
				return xero.NewRefresher(xero.RefreshSettings{TokenURL: a.TokenURL, ClientID: a.ClientID, ClientSecret: a.ClientSecret, HTTP: h, Now: now})
			},
		},
		{
			// An account is called at its own domain, which its token answer tells; the common host serves it too.
			Catalog: catalog.Pipedrive(), BaseURL: "https://api.pipedrive.com", TokenURL: "https://oauth.pipedrive.com/oauth/token",
			Authorization: pipedrive.Authorization(),
			Connect:       func(s platform.Settings) platform.Connector { return pipedrive.New(s) }, Receive: pipedrive.Receive,
			Refresh: func(a App, h *http.Client, now func() time.Time) platform.Refresher {
				return pipedrive.NewRefresher(pipedrive.RefreshSettings{TokenURL: a.TokenURL, ClientID: a.ClientID, ClientSecret: a.ClientSecret, HTTP: h, Now: now})
			},
		},
	}
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

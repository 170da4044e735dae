// Package benches brings every connector to package platformtest: as production assembles it, before its simulator.
// One file for each platform; adding a platform adds one, and one line to All.
package benches

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// All lists every bench, in the order of the catalog.
func All() []*platformtest.Bench {
	return []*platformtest.Bench{HubSpot(), Jobber(), QuickBooks(), Salesforce(), Pipedrive(), Xero()}
}

// vendor begins a bench with what production assembles.
func vendor(name record.Platform) *platformtest.Bench {
	for _, v := range boot.Vendors() {
		if v.Catalog.Name == name {
			return &platformtest.Bench{Catalog: v.Catalog, Connect: v.Connect, Receive: v.Receive, BaseURL: v.BaseURL, TokenURL: v.TokenURL,
				Refresh: func(s platform.RefreshSettings) platform.Refresher {
					return v.Refresh(boot.App{ClientID: s.ClientID, ClientSecret: s.ClientSecret, TokenURL: s.TokenURL}, s.HTTP, s.Now)
				}}
		}
	}
	panic(fmt.Sprintf("no vendor is named %s", name))
}

// overBody signs with the base64 of an HMAC-SHA256 of the body, as several vendors do.
func overBody(header string) func(string, *platformsim.Delivery, time.Time) {
	return func(secret string, d *platformsim.Delivery, _ time.Time) {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(d.Body)
		set(d, header, base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
}

func set(d *platformsim.Delivery, header, value string) {
	if d.Header == nil {
		d.Header = http.Header{}
	}
	d.Header.Set(header, value)
}

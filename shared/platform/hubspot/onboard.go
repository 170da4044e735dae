package hubspot

import (
	"github.com/fluxcascade/fluxcascade/shared/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Authorization is how a person authorises our app. A scope that the app requires and the page's address leaves out is an
// error on that page, so the app must require exactly these (developers.hubspot.com working with OAuth, 2026-06). Whether
// it takes a code challenge is not documented; none is sent. Webhooks ask for crm.objects.contacts.read whatever they
// tell of (developers.hubspot.com webhooks guide). Redirects must be https but for localhost.
func Authorization() platform.Authorization {
	a := platform.Authorization{AuthorizeURL: "https://app.hubspot.com/oauth/authorize", Client: platform.ClientInBody, Loopback: platform.LoopbackAlways,
		Scopes: []platform.Scope{{Name: "oauth"}, {Name: "crm.objects.contacts.read"}}, Source: "developers.hubspot.com working with OAuth and scopes, 2026-06"}
	for _, object := range []record.Object{"contacts", "companies", "deals"} {
		only := []record.Object{object}
		if object != "contacts" {
			a.Scopes = append(a.Scopes, platform.Scope{Name: "crm.objects." + string(object) + ".read", Objects: only})
		}
		a.Scopes = append(a.Scopes, platform.Scope{Name: "crm.objects." + string(object) + ".write", Objects: only},
			platform.Scope{Name: "crm.schemas." + string(object) + ".read", Objects: only}, platform.Scope{Name: "crm.schemas." + string(object) + ".write", Objects: only})
	}
	return a
}

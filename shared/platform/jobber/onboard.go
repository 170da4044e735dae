package jobber

import (
	"github.com/fluxcascade/fluxcascade/shared/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Authorization is how a person authorises our app. Scopes are ticked in the developer centre, by these names as it shows
// them (their spelling is unverified; what is missing shows as FORBIDDEN). The authorising user must be an administrator
// and stays tied to the app (developer.getjobber.com app_authorization, manage_app_button). Whether a callback to localhost
// is taken is unverified: where it is not, the address is pasted.
func Authorization() platform.Authorization {
	clients, jobs := []record.Object{"clients"}, []record.Object{"jobs"}
	return platform.Authorization{AuthorizeURL: "https://api.getjobber.com/api/oauth/authorize", Client: platform.ClientInBody, Loopback: platform.LoopbackAlways,
		ScopesInApp: true, Scopes: []platform.Scope{{Name: "Clients: read"}, {Name: "Clients: write", Objects: clients}, {Name: "Jobs: read", Objects: jobs},
			{Name: "Jobs: write", Objects: jobs}, {Name: "Custom fields: read"}, {Name: "Custom fields: write"}},
		Source: "developer.getjobber.com app_authorization"}
}

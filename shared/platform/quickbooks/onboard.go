package quickbooks

import "github.com/fluxcascade/fluxcascade/shared/platform"

// Authorization is how a person authorises our app. The redirect tells the company as realmId. Redirects of production keys
// must be https and no IP address; development keys, which open sandbox companies alone, take http://localhost
// (developer.intuit.com set app redirect URIs). Revoking takes JSON, the client by HTTP Basic (developer.intuit.com OAuth 2.0;
// Intuit's discovery document). Who authorised is told only with the scope openid, which the sync has no need of.
func Authorization() platform.Authorization {
	a := platform.Authorization{AuthorizeURL: "https://appcenter.intuit.com/connect/oauth2", RevokeURL: "https://developer.api.intuit.com/v2/oauth2/tokens/revoke",
		RevokeJSON: true, Client: platform.ClientInHeader, Scopes: []platform.Scope{{Name: "com.intuit.quickbooks.accounting"}}, Loopback: platform.LoopbackSandbox,
		AccountParam: "realmId", Source: "Intuit's discovery document; developer.intuit.com set app redirect URIs"}
	a.Sandbox.BaseURL = "https://sandbox-quickbooks.api.intuit.com"
	return a
}

package salesforce

import "github.com/fluxcascade/fluxcascade/shared/platform"

// Authorization is how a person authorises our app. id lets us ask who authorised (help.salesforce.com, OAuth tokens and
// scopes). A callback must be https but for localhost (help.salesforce.com, connected app settings).
func Authorization() platform.Authorization {
	a := platform.Authorization{AuthorizeURL: "https://login.salesforce.com/services/oauth2/authorize", RevokeURL: "https://login.salesforce.com/services/oauth2/revoke",
		Client: platform.ClientInBody, Scopes: []platform.Scope{{Name: "api"}, {Name: "id"}, {Name: "refresh_token"}}, PKCE: true, Loopback: platform.LoopbackAlways,
		BaseURLKey: "instance_url", Source: "help.salesforce.com, OAuth 2.0 web server flow; NangoHQ/nango packages/providers/providers.yaml"}
	a.Sandbox.AuthorizeURL = "https://test.salesforce.com/services/oauth2/authorize"
	a.Sandbox.TokenURL = "https://test.salesforce.com/services/oauth2/token"
	a.Sandbox.RevokeURL = "https://test.salesforce.com/services/oauth2/revoke"
	return a
}

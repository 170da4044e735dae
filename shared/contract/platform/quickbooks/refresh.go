package quickbooks

import "github.com/fluxcascade/fluxcascade/shared/contract/platform"

// NewRefresher assembles a refresher. The refresh token's value rotates about daily and may come back unchanged; what
// was returned is the one to store. It ends after 100 days unused, and after 5 years at most (Intuit blog 2025-11-12).
//
// TokenURL is https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer
// (Intuit's discovery document).
func NewRefresher(s platform.RefreshSettings) *platform.OAuthRefresher {
	return &platform.OAuthRefresher{Platform: name, Settings: s, Client: platform.ClientInHeader}
}

package xero

import "github.com/fluxcascade/fluxcascade/shared/contract/platform"

// NewRefresher assembles a refresher. A refresh token is good for one use, and for 60 days unused; each answer brings the
// next. The one that was used is taken once more within 30 minutes, for an answer that was lost (developer.xero.com, OAuth
// 2.0 FAQ): so a refresh in doubt may be repeated with the token that is stored.
//
// TokenURL is https://identity.xero.com/connect/token.
func NewRefresher(s platform.RefreshSettings) *platform.OAuthRefresher {
	return &platform.OAuthRefresher{Platform: name, Settings: s, Client: platform.ClientInHeader}
}

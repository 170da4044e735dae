package hubspot

import "github.com/fluxcascade/fluxcascade/shared/contract/platform"

// NewRefresher assembles a refresher. Refresh tokens live long and are answered unchanged; a new one in the answer is
// the one to store (developers.hubspot.com manage OAuth tokens; a course page says that they rotate, which this covers).
//
// TokenURL is https://api.hubapi.com/oauth/v1/token, or v3
// (developers.hubspot.com manage OAuth tokens, 2026-06).
func NewRefresher(s platform.RefreshSettings) *platform.OAuthRefresher {
	return &platform.OAuthRefresher{Platform: name, Settings: s, Client: platform.ClientInBody}
}

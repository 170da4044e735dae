package jobber

import (
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
)

// lifeDefault is the vendor's life of access tokens, for an answer that does not tell it.
const lifeDefault = time.Hour

// NewRefresher assembles a refresher. With rotation on, which is the default, each answer holds a new refresh token and
// ends the old one (developer.getjobber.com refresh_token_rotation): store it before using the access token, a JWT.
//
// TokenURL is https://api.getjobber.com/api/oauth/token
// (developer.getjobber.com app_authorization).
func NewRefresher(s platform.RefreshSettings) *platform.OAuthRefresher {
	return &platform.OAuthRefresher{Platform: name, Settings: s, Client: platform.ClientInBody, LifeDefault: lifeDefault, JWT: true}
}

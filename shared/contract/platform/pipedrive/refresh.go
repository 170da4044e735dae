package pipedrive

import (
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
)

// lifeDefault is the vendor's life of access tokens, for an answer that does not tell it.
const lifeDefault = time.Hour

// NewRefresher assembles a refresher. A refresh token lives sixty days from its last use; rotation is not promised, and
// what was returned is the one to store. The client's id and secret go as HTTP Basic (vendor's OpenAPI v1, /oauth/token).
//
// TokenURL is https://oauth.pipedrive.com/oauth/token.
func NewRefresher(s platform.RefreshSettings) *platform.OAuthRefresher {
	return &platform.OAuthRefresher{Platform: name, Settings: s, Client: platform.ClientInHeader, LifeDefault: lifeDefault}
}

package pipedrive

import (
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
)

// lifeDefault is the vendor's life of access tokens, for an answer that does not tell it.
const lifeDefault = time.Hour

// RefreshSettings assemble a refresher. TokenURL is https://oauth.pipedrive.com/oauth/token.
type RefreshSettings = platform.RefreshSettings

// NewRefresher assembles a refresher. A refresh token lives sixty days from its last use; rotation is not promised, and
// what was returned is the one to store. The client's id and secret go as HTTP Basic (vendor's OpenAPI v1, /oauth/token).
func NewRefresher(s RefreshSettings) *platform.OAuthRefresher {
	return &platform.OAuthRefresher{Platform: name, Settings: s, Client: platform.ClientInHeader, LifeDefault: lifeDefault}
}

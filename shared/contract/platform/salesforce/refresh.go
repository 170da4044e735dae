package salesforce

import (
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
)

// tokenLife is how long an access token is taken to live: no answer tells, and the org's session timeout, 2 hours unless
// set otherwise, slides with use (help.salesforce.com, session settings). A shorter one shows as 401, and is refreshed.
const tokenLife = 90 * time.Minute

// NewRefresher assembles a refresher. The refresh token stays the same unless its app rotates them; what was returned is
// the one to store.
//
// TokenURL is https://login.salesforce.com/services/oauth2/token, or the same path
// on test.salesforce.com or on the org's own domain.
func NewRefresher(s platform.RefreshSettings) *platform.OAuthRefresher {
	return &platform.OAuthRefresher{Platform: name, Settings: s, Client: platform.ClientInBody, LifeDefault: tokenLife}
}

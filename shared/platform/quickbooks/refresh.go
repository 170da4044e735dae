package quickbooks

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/platform"
)

const (
	grantBytesMax = 64 << 10
	// lifeMax bounds what is believed of a token's life; the vendor's is an hour.
	lifeMax = 24 * time.Hour
)

// RefreshSettings assemble a Refresher.
type RefreshSettings struct {
	// TokenURL is https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer (Intuit's discovery document).
	TokenURL               string
	ClientID, ClientSecret string
	HTTP                   *http.Client
	Now                    func() time.Time
}

// Refresher exchanges refresh tokens. The value rotates about daily and may come back unchanged; what was returned is
// the one to store. It ends after 100 days unused, and after 5 years at most (Intuit blog 2025-11-12).
type Refresher struct{ settings RefreshSettings }

var _ platform.Refresher = (*Refresher)(nil)

// NewRefresher assembles a Refresher.
func NewRefresher(s RefreshSettings) *Refresher { return &Refresher{settings: s} }

// Refresh exchanges a refresh token once. Errors: fault.Unauthorized (invalid_grant, or our client is refused),
// fault.InDoubt (sent, no clear answer: the token may have rotated), fault.Transient (not sent, or throttled).
func (r *Refresher) Refresh(ctx context.Context, refreshToken string) (platform.Grant, error) {
	const op = name + ": refresh token"
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshToken}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.settings.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return platform.Grant{}, fault.Newf(fault.Transient, op, "the token URL does not parse")
	}
	request.SetBasicAuth(r.settings.ClientID, r.settings.ClientSecret)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	began := r.settings.Now()
	response, err := r.settings.HTTP.Do(request)
	if err != nil {
		// The cause is left out: it names the URL and perhaps a proxy with its password.
		return platform.Grant{}, fault.Newf(fault.InDoubt, op, "no answer (%T)", err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, grantBytesMax))
	if err != nil {
		return platform.Grant{}, fault.Newf(fault.InDoubt, op, "answer cut off")
	}
	return readGrant(op, response.StatusCode, raw, began)
}

func readGrant(op string, status int, raw []byte, began time.Time) (platform.Grant, error) {
	switch {
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return platform.Grant{}, fault.Newf(fault.Transient, op, "status %d", status)
	case status >= 400 && status < 500:
		// invalid_grant is final; invalid_client is ours to mend. Either needs a person.
		return platform.Grant{}, fault.Newf(fault.Unauthorized, op, "status %d", status)
	case status != http.StatusOK:
		return platform.Grant{}, fault.Newf(fault.InDoubt, op, "status %d", status)
	}
	var grant struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
		ExpiresIn    int64  `json:"expires_in"` // seconds
	}
	if err := json.Unmarshal(raw, &grant); err != nil || grant.AccessToken == "" || grant.ExpiresIn <= 0 {
		return platform.Grant{}, fault.Newf(fault.InDoubt, op, "answer is not the JSON expected")
	}
	life := min(time.Duration(min(grant.ExpiresIn, int64(lifeMax/time.Second)))*time.Second, lifeMax)
	return platform.Grant{AccessToken: grant.AccessToken, RefreshToken: grant.RefreshToken, ExpiresAt: began.Add(life)}, nil
}

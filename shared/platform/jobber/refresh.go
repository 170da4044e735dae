package jobber

import (
	"context"
	"encoding/base64"
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
	// lifeDefault is the vendor's life of access tokens, for an answer that does not tell it.
	lifeDefault = time.Hour
	// lifeMax bounds what is believed of a token's life.
	lifeMax = 24 * time.Hour
)

// RefreshSettings assemble a Refresher.
type RefreshSettings struct {
	// TokenURL is https://api.getjobber.com/api/oauth/token (developer.getjobber.com app_authorization).
	TokenURL               string
	ClientID, ClientSecret string
	HTTP                   *http.Client
	Now                    func() time.Time
}

// Refresher exchanges refresh tokens. With rotation on, which is the default, each answer holds a new refresh token and
// ends the old one (developer.getjobber.com refresh_token_rotation): store it before using the access token.
type Refresher struct{ settings RefreshSettings }

var _ platform.Refresher = (*Refresher)(nil)

// NewRefresher assembles a Refresher.
func NewRefresher(s RefreshSettings) *Refresher { return &Refresher{settings: s} }

// Refresh exchanges a refresh token once. Errors: fault.Unauthorized (the grant is over, or our client is refused),
// fault.InDoubt (sent, no clear answer: the token may have rotated), fault.Transient (not sent, or throttled).
func (r *Refresher) Refresh(ctx context.Context, refreshToken string) (platform.Grant, error) {
	const op = name + ": refresh token"
	form := url.Values{"client_id": {r.settings.ClientID}, "client_secret": {r.settings.ClientSecret},
		"grant_type": {"refresh_token"}, "refresh_token": {refreshToken}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.settings.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return platform.Grant{}, fault.Newf(fault.Transient, op, "the token URL does not parse")
	}
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
		return platform.Grant{}, fault.Newf(fault.Unauthorized, op, "status %d", status)
	case status != http.StatusOK:
		return platform.Grant{}, fault.Newf(fault.InDoubt, op, "status %d", status)
	}
	var grant struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
		ExpiresIn    int64  `json:"expires_in"` // seconds; 0 where it is not told
	}
	if err := json.Unmarshal(raw, &grant); err != nil || grant.AccessToken == "" {
		return platform.Grant{}, fault.Newf(fault.InDoubt, op, "answer is not the JSON expected")
	}
	expires, told := expiry(grant.AccessToken)
	switch {
	case told:
	case grant.ExpiresIn > 0:
		expires = began.Add(time.Duration(min(grant.ExpiresIn, int64(lifeMax/time.Second))) * time.Second)
	default:
		expires = began.Add(lifeDefault)
	}
	if expires.After(began.Add(lifeMax)) {
		expires = began.Add(lifeMax)
	}
	return platform.Grant{AccessToken: grant.AccessToken, RefreshToken: grant.RefreshToken, ExpiresAt: expires}, nil
}

// expiry reads the claim exp of a token in JWT form, without verifying it: it only decides when to refresh.
func expiry(token string) (time.Time, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return time.Time{}, false
	}
	var claims struct {
		Expires json.Number `json:"exp"` // seconds since 1970
	}
	if err := json.Unmarshal(raw, &claims); err != nil {
		return time.Time{}, false
	}
	seconds, err := claims.Expires.Int64()
	return time.Unix(seconds, 0).UTC(), err == nil && seconds > 0
}

package platform

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
)

const (
	// grantBytesMax bounds what is read of a token endpoint's answer.
	grantBytesMax = 64 << 10
	// codeLengthMax is the longest error code that is believed to be one.
	codeLengthMax = 40
	// lifeMax bounds what is believed of a token's life.
	lifeMax = 24 * time.Hour
)

// RefreshSettings assemble an OAuthRefresher.
type RefreshSettings struct {
	TokenURL               string
	ClientID, ClientSecret string
	HTTP                   *http.Client
	Now                    func() time.Time
}

// ClientIn says where a token endpoint wants the client's id and secret.
type ClientIn int

// The places.
const (
	ClientInBody   ClientIn = iota // as form fields
	ClientInHeader                 // as HTTP Basic
)

// OAuthRefresher exchanges refresh tokens as OAuth 2.0 (RFC 6749, section 6) says, for every vendor that keeps to it.
// It is written out, rather than left to a client library, for what each failure means: whether a rotating token may
// have been used up.
type OAuthRefresher struct {
	Platform string // prefixes errors
	Settings RefreshSettings
	Client   ClientIn
	// LifeDefault is the vendor's life of access tokens, for an answer that does not tell it; 0 refuses such an answer.
	LifeDefault time.Duration
	// JWT says that access tokens are JWTs whose exp is to be believed before expires_in.
	JWT bool
}

var _ Refresher = (*OAuthRefresher)(nil)

// Refresh implements Refresher. Errors: fault.Unauthorized (the grant is over, or our client is refused: either needs a
// person), fault.InDoubt (sent, no clear answer: the token may have rotated), fault.Transient (not sent, or throttled).
func (r *OAuthRefresher) Refresh(ctx context.Context, refreshToken string) (Grant, error) {
	op := r.Platform + ": refresh token"
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshToken}}
	if r.Client == ClientInBody {
		form.Set("client_id", r.Settings.ClientID)
		form.Set("client_secret", r.Settings.ClientSecret)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Settings.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return Grant{}, fault.Newf(fault.Transient, op, "the token URL does not parse")
	}
	if r.Client == ClientInHeader {
		request.SetBasicAuth(r.Settings.ClientID, r.Settings.ClientSecret)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	began := r.Settings.Now()
	response, err := r.Settings.HTTP.Do(request)
	if errors.Is(err, ErrHost) {
		return Grant{}, fault.Newf(fault.Transient, op, "the token URL is %s", ErrHost)
	}
	if err != nil {
		// The cause is left out: it names the URL and perhaps a proxy with its password.
		return Grant{}, fault.Newf(fault.InDoubt, op, "no answer (%T)", err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, grantBytesMax))
	if err != nil {
		return Grant{}, fault.Newf(fault.InDoubt, op, "answer cut off")
	}
	return r.grant(op, response.StatusCode, raw, began)
}

func (r *OAuthRefresher) grant(op string, status int, raw []byte, began time.Time) (Grant, error) {
	switch {
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return Grant{}, fault.Newf(fault.Transient, op, "status %d", status)
	case status >= 400 && status < 500:
		return Grant{}, &fault.Error{Kind: fault.Unauthorized, Op: op, Code: refusal(raw), Err: fmt.Errorf("status %d", status)}
	case status != http.StatusOK:
		return Grant{}, fault.Newf(fault.InDoubt, op, "status %d", status)
	}
	var answer struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
		ExpiresIn    int64  `json:"expires_in"` // seconds; 0 where it is not told
	}
	if err := json.Unmarshal(raw, &answer); err != nil || answer.AccessToken == "" || (answer.ExpiresIn <= 0 && r.LifeDefault == 0) {
		return Grant{}, fault.Newf(fault.InDoubt, op, "answer is not the JSON expected")
	}
	expires := began.Add(r.LifeDefault)
	if answer.ExpiresIn > 0 {
		expires = began.Add(time.Duration(min(answer.ExpiresIn, int64(lifeMax/time.Second))) * time.Second)
	}
	if told, ok := expiry(answer.AccessToken); ok && r.JWT {
		expires = told
	}
	if expires.After(began.Add(lifeMax)) {
		expires = began.Add(lifeMax)
	}
	return Grant{AccessToken: answer.AccessToken, RefreshToken: answer.RefreshToken, ExpiresAt: expires}, nil
}

// ClientRefused lists the codes by which a token endpoint refuses us, the app, rather than the grant: RFC 6749, section 5.2,
// and HubSpot's own (memory). A grant refused so is not over: a wrong client secret must not cost an authorisation.
var ClientRefused = []string{"invalid_client", "unauthorized_client", "BAD_CLIENT_ID", "BAD_CLIENT_SECRET"}

// refusal reads why a token endpoint refused: a code of letters and underscores, "" for anything else.
func refusal(raw []byte) string {
	var answer struct {
		Error  string `json:"error"`
		Status string `json:"status"` // HubSpot's
	}
	if json.Unmarshal(raw, &answer) != nil {
		return ""
	}
	for _, code := range []string{answer.Status, answer.Error} {
		if len(code) > 0 && len(code) <= codeLengthMax && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_") == "" {
			return code
		}
	}
	return ""
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

package platformsim

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"time"
)

const (
	// codeLife is how long an authorization code may be redeemed (RFC 6749, section 4.1.2: ten minutes at most, which is what
	// simulated time that leaps asks for).
	codeLife = 10 * time.Minute
	// codesMax bounds the codes kept: people authorise one by one.
	codesMax = 20
)

// code is one authorization code that waits to be redeemed.
type code struct {
	Redirect  string    `json:"redirect"`
	Challenge string    `json:"challenge,omitempty"`
	Scope     string    `json:"scope,omitempty"`
	Until     time.Time `json:"until"`
}

// AuthorizeLocked is the page on which a person authorises the app, and presses the button at once: it sends the browser
// back with a code, and extra, or says on a page of its own what is wrong with the address, as vendors do with what may
// be nobody's redirect. The redirect must be https, or go to this machine.
func (t *TokenServer) AuthorizeLocked(m *Machine, w http.ResponseWriter, r *http.Request, extra url.Values) {
	asked := r.URL.Query()
	back, err := url.Parse(asked.Get("redirect_uri"))
	switch {
	case r.Method != http.MethodGet || asked.Get("response_type") != "code" || asked.Get("client_id") != t.ClientID:
		http.Error(w, "unknown app, or no code asked for", http.StatusBadRequest)
		return
	case err != nil || back.Host == "" || (back.Scheme != "https" && (back.Scheme != "http" || back.Hostname() != "localhost" &&
		back.Hostname() != "127.0.0.1")):
		http.Error(w, "the redirect is not one of the app's", http.StatusBadRequest)
		return
	}
	if len(t.Codes) >= codesMax || t.Codes == nil {
		t.Codes = map[string]code{}
	}
	made := m.SecretLocked("code-", 16)
	t.Codes[made] = code{Redirect: asked.Get("redirect_uri"), Challenge: asked.Get("code_challenge"), Scope: asked.Get("scope"),
		Until: m.NowLocked().Add(codeLife)}
	m.TouchLocked()
	query := back.Query()
	for name, values := range extra {
		query[name] = values
	}
	query.Set("code", made)
	query.Set("state", asked.Get("state"))
	back.RawQuery = query.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// GrantLocked answers a token request, whose client has been verified, of either grant: a refresh token, or a code, once,
// for the redirect and the code challenge that it was made for. problem is an error of RFC 6749, section 5.2, "" for none.
func (t *TokenServer) GrantLocked(m *Machine, form url.Values, life time.Duration) (access, refresh, problem string) {
	switch form.Get("grant_type") {
	case "refresh_token":
		access, refresh, ok := t.ExchangeLocked(m, form.Get("refresh_token"), life)
		if !ok {
			return "", "", "invalid_grant"
		}
		return access, refresh, ""
	case "authorization_code":
		c, known := t.Codes[form.Get("code")]
		delete(t.Codes, form.Get("code"))
		sum := sha256.Sum256([]byte(form.Get("code_verifier")))
		proof := base64.RawURLEncoding.EncodeToString(sum[:])
		if !known || m.NowLocked().After(c.Until) || c.Redirect != form.Get("redirect_uri") ||
			c.Challenge != "" && subtle.ConstantTimeCompare([]byte(proof), []byte(c.Challenge)) != 1 {
			return "", "", "invalid_grant"
		}
		t.Scope = c.Scope
		t.Refresh = m.SecretLocked("refresh-", 12) // a person's new grant follows the old
		access, refresh, _ = t.ExchangeLocked(m, t.Refresh, life)
		return access, refresh, ""
	}
	return "", "", "unsupported_grant_type"
}

// RevokeLocked ends the grant that a token, of either kind, is of. An unknown token is none's failure (RFC 7009).
func (t *TokenServer) RevokeLocked(m *Machine, token string) {
	if _, known := t.Access[token]; !known && token != t.Refresh {
		return
	}
	t.EndLocked(m)
}

// EndLocked ends the grant: no token of it opens anything any more. The permanent one is outside the life cycle.
func (t *TokenServer) EndLocked(m *Machine) {
	t.Refresh = m.SecretLocked("ended-", 12)
	for token := range t.Access {
		if token != t.Permanent {
			delete(t.Access, token)
		}
	}
	m.TouchLocked()
}

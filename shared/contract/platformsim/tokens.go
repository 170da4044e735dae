package platformsim

import (
	"time"
)

// TokenServer is the OAuth part of a simulator's state: access tokens that expire, refresh tokens that may rotate.
// It is plain data, guarded by the simulator's Machine, and saved with its state.
type TokenServer struct {
	ClientID     string               `json:"client_id"`
	ClientSecret string               `json:"client_secret"`
	Refresh      string               `json:"refresh"`    // the refresh token in force
	Access       map[string]time.Time `json:"access"`     // access token -> end of life
	Generation   int                  `json:"generation"` // counts refreshes
	Reused       int                  `json:"reused"`     // refreshes tried with a token that had rotated away
	Permanent    string               `json:"permanent"`  // Access.AccessToken
	Rotates      bool                 `json:"rotates"`    // a refresh ends the old refresh token
	Codes        map[string]code      `json:"codes,omitempty"`
	Scope        string               `json:"scope,omitempty"` // of the grant in force, as it was asked for
}

// NewTokenServerLocked issues a client and a first refresh token.
func NewTokenServerLocked(m *Machine, name string, rotates bool) *TokenServer {
	t := &TokenServer{ClientID: name + "-client", ClientSecret: m.SecretLocked(name+"-secret-", 12), Rotates: rotates,
		Refresh: m.SecretLocked(name+"-refresh-", 12), Permanent: m.SecretLocked(name+"-access-", 12), Access: map[string]time.Time{}}
	t.Access[t.Permanent] = m.NowLocked().AddDate(10, 0, 0) // outside the life cycle, for clients beside the sync
	return t
}

// ExchangeLocked answers a refresh: a new access token that lives life, and the refresh token to keep. ok is false for
// a refresh token that is unknown or rotated away.
func (t *TokenServer) ExchangeLocked(m *Machine, refresh string, life time.Duration) (access, next string, ok bool) {
	if refresh != t.Refresh {
		t.Reused++
		return "", "", false
	}
	t.Generation++
	if t.Rotates {
		t.Refresh = m.SecretLocked("refresh-", 12)
	}
	access = m.SecretLocked("access-", 16)
	for token, end := range t.Access {
		if m.NowLocked().After(end.Add(time.Hour)) {
			delete(t.Access, token)
		}
	}
	t.Access[access] = m.NowLocked().Add(life)
	m.TouchLocked()
	return access, t.Refresh, true
}

// ValidLocked reports whether an access token is in force.
func (t *TokenServer) ValidLocked(m *Machine, access string) bool {
	end, ok := t.Access[access]
	return ok && m.NowLocked().Before(end)
}

// AccessLocked completes what a client needs with the app's credentials and the tokens in force.
func (t *TokenServer) AccessLocked(a Access) Access {
	a.AccessToken, a.ClientID, a.ClientSecret, a.RefreshToken = t.Permanent, t.ClientID, t.ClientSecret, t.Refresh
	return a
}

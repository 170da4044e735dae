package platformsim_test

import (
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
)

// TestACodeServesOnceForWhatItWasMadeFor: for its redirect and its code challenge, until it ends.
func TestACodeServesOnceForWhatItWasMadeFor(t *testing.T) {
	const redirect = "https://sync.example.com/connect/x"
	verifier := oauth2.GenerateVerifier()
	for name, c := range map[string]struct {
		change  func(url.Values)
		later   time.Duration
		problem string
	}{
		"as it should be": {change: func(url.Values) {}},
		"for another redirect": {change: func(f url.Values) { f.Set("redirect_uri", "https://evil.example.com") },
			problem: "invalid_grant"},
		"with another verifier": {change: func(f url.Values) { f.Set("code_verifier", oauth2.GenerateVerifier()) },
			problem: "invalid_grant"},
		"without a verifier":         {change: func(f url.Values) { f.Del("code_verifier") }, problem: "invalid_grant"},
		"that nobody gave":           {change: func(f url.Values) { f.Set("code", "made up") }, problem: "invalid_grant"},
		"that is over":               {change: func(url.Values) {}, later: time.Hour, problem: "invalid_grant"},
		"of a grant that is unknown": {change: func(f url.Values) { f.Set("grant_type", "password") }, problem: "unsupported_grant_type"},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
			m := platformsim.NewMachine(platformsim.Options{Now: func() time.Time { return now }, Seed: 1})
			m.Lock()
			defer m.Unlock()
			tokens := platformsim.NewTokenServerLocked(m, "x", true)
			asked := url.Values{"response_type": {"code"}, "client_id": {tokens.ClientID}, "redirect_uri": {redirect}, "state": {"s"},
				"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}}
			answer := httptest.NewRecorder()
			tokens.AuthorizeLocked(m, answer, httptest.NewRequest("GET", "/authorize?"+asked.Encode(), nil), nil)
			back, err := url.Parse(answer.Header().Get("Location"))
			if err != nil || back.Query().Get("state") != "s" {
				t.Fatalf("sent to %q: %s", answer.Header().Get("Location"), answer.Body)
			}
			form := url.Values{"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "redirect_uri": {redirect},
				"code_verifier": {verifier}}
			c.change(form)
			now = now.Add(c.later)
			access, refresh, problem := tokens.GrantLocked(m, form, time.Hour)
			if problem != c.problem || (access == "") != (c.problem != "") || (refresh == "") != (c.problem != "") {
				t.Errorf("got %q, want %q", problem, c.problem)
			}
			if _, _, again := tokens.GrantLocked(m, form, time.Hour); again == "" {
				t.Error("it served twice")
			}
		})
	}
}

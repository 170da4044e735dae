package salesforce

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
)

const (
	requestBytesMax = 8 << 20
	// uriBytesMax is the longest URL (developer.salesforce.com, API request limits).
	uriBytesMax = 16_384
)

var versionForm = regexp.MustCompile(`^v\d{2,3}\.0$`)

// ServeHTTP answers the token endpoint and the API, one request at a time.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, requestBytesMax))
	s.Lock()
	defer s.Unlock()
	w.Header().Set("Date", s.NowLocked().Format(http.TimeFormat))
	switch {
	case err != nil:
		page(http.StatusBadRequest).write(w)
	case r.URL.Path == authorizePath:
		s.state.Tokens.AuthorizeLocked(s.Machine, w, r, nil)
	case r.URL.Path == revokePath:
		s.revokeLocked(r, body).write(w)
	case r.URL.Path == userInfoPath:
		s.userInfoLocked(r).write(w)
	case r.URL.Path == tokenPath:
		s.tokenLocked(r, body).write(w)
	default:
		answer := s.apiLocked(r, body)
		w.Header().Set("Sforce-Limit-Info", fmt.Sprintf("api-usage=%d/%d", s.usedLocked(), s.state.Pool))
		answer.write(w)
	}
}

// tokenLocked answers the OAuth endpoint: the client's id and secret are form fields, and no answer tells a life.
func (s *Simulator) tokenLocked(r *http.Request, body []byte) reply {
	refuse := func(code, description string) reply {
		return reply{status: http.StatusBadRequest, body: map[string]any{"error": code, "error_description": description}}
	}
	form, err := url.ParseQuery(string(body))
	switch {
	case err != nil || r.Method != http.MethodPost:
		return refuse("invalid_request", "not a form")
	case form.Get("client_id") != s.state.Tokens.ClientID || form.Get("client_secret") != s.state.Tokens.ClientSecret:
		return refuse("invalid_client_id", "client identifier invalid")
	}
	life := s.LifeLocked(tokenLife)
	access, next, problem := s.state.Tokens.GrantLocked(s.Machine, form, life)
	switch problem {
	case "":
	case "invalid_grant":
		return refuse(problem, "expired access/refresh token")
	default:
		return refuse(problem, "grant type not supported")
	}
	answer := map[string]any{"access_token": access, "instance_url": instanceURL, "id": "https://login.salesforce.com/id/" + s.state.Org +
		"/" +

		userID,
		"issued_at": fmt.Sprint(s.NowLocked().UnixMilli()), "signature": "c2ln", "scope": "api id refresh_token", "token_type": "Bearer"}
	if form.Get("grant_type") == "authorization_code" { // a refresh answers no refresh token
		answer["refresh_token"] = next
	}
	return reply{status: http.StatusOK, body: answer}
}

// revokeLocked ends the grant of a token; no client is asked for (help.salesforce.com, revoke OAuth tokens).
func (s *Simulator) revokeLocked(r *http.Request, body []byte) reply {
	form, err := url.ParseQuery(string(body))
	if err != nil || r.Method != http.MethodPost || form.Get("token") == "" {
		return reply{status: http.StatusBadRequest, body: map[string]any{"error": "unsupported_token_type"}}
	}
	s.state.Tokens.RevokeLocked(s.Machine, form.Get("token"))
	return reply{status: http.StatusOK, body: map[string]any{}}
}

// userInfoLocked tells who authorised.
func (s *Simulator) userInfoLocked(r *http.Request) reply {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer || !s.state.Tokens.ValidLocked(s.Machine, token) {
		return page(http.StatusForbidden)
	}
	return reply{status: http.StatusOK, body: map[string]any{"sub": "https://login.salesforce.com/id/" + s.state.Org + "/" + userID,
		"user_id":         userID,
		"organization_id": s.state.Org, "preferred_username": "integration@example.com", "email": "integration@example.com",
		"name": "Integration User"}}
}

// apiLocked draws a request's fate, checks its token and the pool, and serves it.
func (s *Simulator) apiLocked(r *http.Request, body []byte) reply {
	verdict := s.DrawLocked()
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer || !s.state.Tokens.ValidLocked(s.Machine, token) {
		return failed("INVALID_SESSION_ID", "Session expired or invalid").whole()
	}
	if verdict == platformsim.AnswerRateLimited {
		return failed("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.").whole()
	}
	if s.usedLocked() >= s.state.Pool {
		return failed("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.").whole()
	}
	if verdict == platformsim.AnswerServerError {
		return failed("SERVER_UNAVAILABLE", "server temporarily unavailable").whole()
	}
	s.spendLocked()
	answer := s.routeLocked(r, body)
	if verdict == platformsim.LoseAnswer {
		return page(http.StatusGatewayTimeout)
	}
	return answer
}

// spendLocked counts one call of the pool; usedLocked counts those of the last 24 hours.
func (s *Simulator) spendLocked() {
	s.state.Usage[s.NowLocked().Unix()/3600]++
	s.TouchLocked()
}

func (s *Simulator) usedLocked() int {
	oldest := s.NowLocked().Add(-24*time.Hour).Unix() / 3600
	total := 0
	for hour, calls := range s.state.Usage {
		if hour <= oldest {
			delete(s.state.Usage, hour)
			continue
		}
		total += calls
	}
	return total
}

// routeLocked serves one request.
func (s *Simulator) routeLocked(r *http.Request, body []byte) reply {
	if len(r.URL.RequestURI()) > uriBytesMax {
		return page(http.StatusRequestURITooLong)
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) < 4 || parts[0] != "services" || parts[1] != "data" || !versionForm.MatchString(parts[2]) {
		return failed("NOT_FOUND", "The requested resource does not exist").whole()
	}
	version, resource := parts[2], parts[3:]
	parameters := r.URL.Query()
	switch target := r.Method + " " + resource[0]; {
	case (target == "GET query" || target == "GET queryAll") && len(resource) == 1:
		return s.queryLocked(parameters.Get("q"), r.Header.Get("Sforce-Query-Options"), version, resource[0] == "queryAll")
	case (target == "GET query" || target == "GET queryAll") && len(resource) == 2:
		return s.moreLocked(resource[1], version)
	case target == "GET limits" && len(resource) == 1:
		return reply{status: http.StatusOK, body: map[string]any{"DailyApiRequests": map[string]any{"Max": s.state.Pool,
			"Remaining": max(s.state.Pool-s.usedLocked(), 0)}}}
	case resource[0] == "sobjects" && len(resource) > 1:
		return s.sobjectsLocked(r, version, resource[1:], body)
	case resource[0] == "composite" && len(resource) > 1 && resource[1] == "sobjects":
		return s.collectionLocked(r, version, resource[2:], body)
	}
	return failed("NOT_FOUND", "The requested resource does not exist").whole()
}

package hubspot

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
)

// handler serves one API call with the state locked.
type handler func(r *http.Request, body map[string]any) (status int, answer any, f *failure)

// routes lists what is served.
func (s *Simulator) routes() {
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("GET "+authorizePath, s.authorize)
	s.hookRoutes()
	s.mux.HandleFunc("POST /oauth/v1/token", s.token)
	s.mux.HandleFunc("POST /oauth/v3/token", s.token)
	for pattern, h := range map[string]handler{
		"GET /crm/v3/objects/{object}":                                       s.list,
		"POST /crm/v3/objects/{object}":                                      s.create,
		"GET /crm/v3/objects/{object}/{id}":                                  s.get,
		"PATCH /crm/v3/objects/{object}/{id}":                                s.patch,
		"DELETE /crm/v3/objects/{object}/{id}":                               s.remove,
		"POST /crm/v3/objects/{object}/merge":                                s.merge,
		"POST /crm/v3/objects/{object}/search":                               s.search,
		"POST /crm/v3/objects/{object}/batch/{call}":                         s.batch,
		"POST /crm/v4/associations/{object}/{to}/batch/{call...}":            s.associations,
		"GET /crm/v4/objects/{object}/{id}/associations/{to}":                s.associationsOf,
		"PUT /crm/v4/objects/{object}/{id}/associations/default/{to}/{toID}": s.associateDefault,
		"DELETE /crm/v4/objects/{object}/{id}/associations/{to}/{toID}":      s.separate,
		"GET /crm/v3/properties/{object}":                                    s.properties,
		"GET /crm/v3/properties/{object}/{name}":                             s.property,
		"POST /crm/v3/properties/{object}":                                   s.createProperty,
		"GET /crm/v3/pipelines/{object}":                                     s.pipelines,
		"GET /oauth/v1/access-tokens/{token}":                                s.tokenInfo,
		"GET /account-info/v3/details":                                       s.details,
		"DELETE /appinstalls/v3/external-install":                            s.uninstall,
		"GET /crm/v3/owners":                                                 s.owners,
		"GET /crm/v3/owners/{$}":                                             s.owners,
	} {
		s.mux.HandleFunc(pattern, s.serve(h))
	}
}

// ServeHTTP implements http.Handler.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// serve wraps a call in what every call has: token, limits, faults, JSON.
func (s *Simulator) serve(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(io.LimitReader(r.Body, bodyBytesMax))
		if err != nil {
			return
		}
		s.Lock()
		defer s.Unlock()
		if !s.state.Tokens.ValidLocked(s.Machine, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")) {
			s.refuse(w, &failure{status: http.StatusUnauthorized, category: "EXPIRED_AUTHENTICATION",
				message: "The OAuth token used to make this call expired"})
			return
		}
		verdict := s.DrawLocked()
		if s.limitedLocked(w, r) || verdict == platformsim.AnswerRateLimited {
			s.rateLimited(w, r)
			return
		}
		if verdict == platformsim.AnswerServerError {
			s.refuse(w, &failure{status: http.StatusServiceUnavailable, category: "SERVICE_UNAVAILABLE", message: "temporarily unavailable"})
			return
		}
		var body map[string]any
		if len(raw) > 0 && json.Unmarshal(raw, &body) != nil {
			s.refuse(w, invalid("Invalid input JSON"))
			return
		}
		if object := r.PathValue("object"); object != "" && standardProperties[object] == nil {
			s.refuse(w, invalid("Unable to infer object type from: %s", object))
			return
		}
		status, answer, f := h(r, body)
		if verdict == platformsim.LoseAnswer {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		if f != nil {
			s.refuse(w, f)
			return
		}
		s.answer(w, status, answer)
	}
}

func (s *Simulator) answer(w http.ResponseWriter, status int, answer any) {
	if answer == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *Simulator) refuse(w http.ResponseWriter, f *failure) {
	s.answer(w, f.status, map[string]any{"status": "error", "message": f.message, "correlationId": s.SecretLocked("", 8),
		"category": f.category})
}

// limitedLocked counts a call against the rolling limits and writes the headers. Search answers carry none.
func (s *Simulator) limitedLocked(w http.ResponseWriter, r *http.Request) bool {
	now := s.NowLocked()
	recent := func(times []time.Time, window time.Duration) []time.Time {
		return slices.DeleteFunc(times, func(t time.Time) bool { return !t.After(now.Add(-window)) || t.After(now) })
	}
	if strings.HasSuffix(r.URL.Path, "/search") {
		s.searches = append(recent(s.searches, time.Second), now)
		return len(s.searches) > searchMax
	}
	s.requests = append(recent(s.requests, burstWindow), now)
	h := w.Header()
	h.Set("X-HubSpot-RateLimit-Max", strconv.Itoa(burstMax))
	h.Set("X-HubSpot-RateLimit-Remaining", strconv.Itoa(max(burstMax-len(s.requests), 0)))
	h.Set("X-HubSpot-RateLimit-Interval-Milliseconds", strconv.FormatInt(burstWindow.Milliseconds(), 10))
	return len(s.requests) > burstMax
}

func (s *Simulator) rateLimited(w http.ResponseWriter, r *http.Request) {
	policy, message := "TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit."
	if strings.HasSuffix(r.URL.Path, "/search") {
		policy, message = "SECONDLY", "You have reached your secondly limit."
	}
	s.answer(w, http.StatusTooManyRequests, map[string]any{"status": "error", "message": message, "errorType": "RATE_LIMIT",
		"policyName": policy, "correlationId": s.SecretLocked("", 8)})
}

// token serves the OAuth token endpoint, form-encoded. Refresh tokens live long and do not rotate.
func (s *Simulator) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "not a form", http.StatusBadRequest)
		return
	}
	s.Lock()
	defer s.Unlock()
	t := s.state.Tokens
	life := accessLife
	if f := s.FaultsLocked(); f.TokenLife > 0 {
		life = f.TokenLife
	}
	if r.PostForm.Get("client_id") != t.ClientID || r.PostForm.Get("client_secret") != t.ClientSecret {
		s.answer(w, http.StatusBadRequest, map[string]any{"status": "BAD_CLIENT_ID", "message": "missing or unknown client id"})
		return
	}
	access, refresh, problem := t.GrantLocked(s.Machine, r.PostForm, life)
	if problem != "" {
		refusal := map[string]any{"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token",
			"correlationId": s.SecretLocked("",
				8)}
		if r.PostForm.Get("grant_type") != "refresh_token" {
			refusal["status"], refusal["message"] = "BAD_AUTH_CODE", "missing or unknown auth code"
		}
		s.answer(w, http.StatusBadRequest, refusal)
		return
	}
	s.answer(w, http.StatusOK, map[string]any{"token_type": "bearer", "access_token": access, "refresh_token": refresh,
		"expires_in": int(life.Seconds())})
}

package pipedrive

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
)

const (
	requestBytesMax = 1 << 20
	// burstWindow is what bursts are counted in (core-api-concepts-rate-limiting).
	burstWindow = 2 * time.Second
	// burstTold is the limit that headers tell where none is set: 480 calls, of the largest plan.
	burstTold = 480
)

// ServeHTTP answers the token endpoint and the API, one request at a time.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, requestBytesMax))
	s.Lock()
	defer s.Unlock()
	w.Header().Set("Date", s.NowLocked().Format(http.TimeFormat))
	switch {
	case err != nil:
		gateway(http.StatusBadRequest).write(w)
	case r.URL.Path == authorizePath:
		s.state.Tokens.AuthorizeLocked(s.Machine, w, r, nil)
	case r.URL.Path == revokePath:
		s.revokeLocked(r, body).write(w)
	case strings.TrimSuffix(r.URL.Path, "/") == tokenPath:
		s.tokenLocked(r, body).write(w)
	default:
		s.apiLocked(r, body).write(w)
	}
}

// tokenLocked answers the OAuth endpoint: the client's id and secret come as HTTP Basic.
func (s *Simulator) tokenLocked(r *http.Request, body []byte) reply {
	refuse := func(status int, code string) reply {
		return reply{status: status, body: map[string]any{"success": false, "message": code, "error": code}}
	}
	form, err := url.ParseQuery(string(body))
	id, secret, basic := r.BasicAuth()
	switch {
	case err != nil || r.Method != http.MethodPost:
		return refuse(http.StatusBadRequest, "invalid_request")
	case !basic || id != s.state.Tokens.ClientID || secret != s.state.Tokens.ClientSecret:
		return refuse(http.StatusUnauthorized, "invalid_client")
	}
	life := s.LifeLocked(tokenLife)
	access, refresh, problem := s.state.Tokens.GrantLocked(s.Machine, form, life)
	if problem != "" {
		return refuse(http.StatusBadRequest, problem)
	}
	return reply{status: http.StatusOK, body: map[string]any{"access_token": access, "token_type": "Bearer", "refresh_token": refresh,
		"scope": "base,deals:full,contacts:full,search:read,recents:read,admin", "expires_in": int(life / time.Second), "api_domain": apiDomain}}
}

// revokeLocked ends the grant of a token; the client comes as for a token (vendor's OpenAPI v1, RFC 7009).
func (s *Simulator) revokeLocked(r *http.Request, body []byte) reply {
	form, err := url.ParseQuery(string(body))
	id, secret, basic := r.BasicAuth()
	switch {
	case !basic || id != s.state.Tokens.ClientID || secret != s.state.Tokens.ClientSecret:
		return reply{status: http.StatusUnauthorized, body: map[string]any{"success": false, "error": "invalid_client"}}
	case err != nil || r.Method != http.MethodPost || form.Get("token") == "":
		return reply{status: http.StatusBadRequest, body: map[string]any{"success": false, "error": "invalid_request"}}
	}
	s.state.Tokens.RevokeLocked(s.Machine, form.Get("token"))
	return reply{status: http.StatusOK, body: map[string]any{"success": true}}
}

// apiLocked draws a request's fate, checks its token, the burst and the day's budget, and serves it.
func (s *Simulator) apiLocked(r *http.Request, body []byte) reply {
	verdict := s.DrawLocked()
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if key := r.Header.Get("x-api-token"); !bearer && key != "" { // a personal token serves as well
		token, bearer = key, true
	}
	if !bearer || !s.state.Tokens.ValidLocked(s.Machine, token) {
		return reply{status: http.StatusUnauthorized, body: map[string]any{"success": false, "error": "unauthorized access",
			"errorCode": http.StatusUnauthorized, "error_info": "Please check developers.pipedrive.com"}}
	}
	call, known := routeOf(r)
	if !known {
		return notFound().reply()
	}
	limits, over := s.burstLocked(call.search)
	if over || verdict == platformsim.AnswerRateLimited {
		limits["x-ratelimit-remaining"] = "0"
		return tooMany("Request over limit", limits)
	}
	day := s.NowLocked().Format(time.DateOnly)
	if s.state.Spent[day]+call.cost > s.state.Budget {
		return tooMany("Daily token budget is used up", limits)
	}
	if verdict == platformsim.AnswerServerError {
		return gateway(http.StatusServiceUnavailable)
	}
	s.state.Spent[day] += call.cost
	s.TouchLocked()
	if call.changes && s.ChanceLocked(s.FaultsLocked().ItemError) {
		// No batch has items here: the transient error of one record is a server's, before anything was done.
		return (&failure{http.StatusInternalServerError, "ERR_INTERNAL", "Internal server error"}).reply()
	}
	answer := call.serve(s, r, body)
	if verdict == platformsim.LoseAnswer {
		return gateway(http.StatusGatewayTimeout)
	}
	answer.header = limits
	return answer
}

func tooMany(message string, header map[string]string) reply {
	return reply{status: http.StatusTooManyRequests, header: header, body: map[string]any{"success": false, "error": message,
		"errorCode":  http.StatusTooManyRequests,
		"error_info": "Please check developers.pipedrive.com"}}
}

// burstLocked counts a call, gives the headers that tell of the limit, and says whether the call is over it.
func (s *Simulator) burstLocked(search bool) (map[string]string, bool) {
	now := s.NowLocked()
	recent := func(calls []time.Time) []time.Time {
		for len(calls) > 0 && !calls[0].After(now.Add(-burstWindow)) {
			calls = calls[1:]
		}
		return calls
	}
	s.calls, s.searches = recent(s.calls), recent(s.searches)
	limit, calls := s.burst, &s.calls
	if search && s.searchBurst > 0 {
		limit, calls = s.searchBurst, &s.searches
	}
	over := limit > 0 && len(*calls) >= limit
	if !over {
		s.calls = append(s.calls, now)
		if search {
			s.searches = append(s.searches, now)
		}
	}
	told := limit
	if told == 0 {
		told = burstTold
	}
	return map[string]string{"x-ratelimit-limit": strconv.Itoa(told), "x-ratelimit-remaining": strconv.Itoa(max(told-len(*calls), 0)),
		"x-ratelimit-reset": "2"}, over
}

// route is one kind of call.
type route struct {
	cost    int // tokens (vendor's OpenAPI, x-token-cost)
	search  bool
	changes bool
	serve   func(*Simulator, *http.Request, []byte) reply
}

// routeOf finds what a request asks for. v1 answers below /v1 and /api/v1, v2 below /api/v2 alone.
func routeOf(r *http.Request) (route, bool) {
	path := strings.TrimSuffix(r.URL.Path, "/")
	if rest, ok := strings.CutPrefix(path, "/api/v2/"); ok {
		return routeV2(r.Method, strings.Split(rest, "/"))
	}
	for _, prefix := range []string{"/api/v1/", "/v1/"} {
		if rest, ok := strings.CutPrefix(path, prefix); ok {
			return routeV1(r.Method, strings.Split(rest, "/"))
		}
	}
	return route{}, false
}

func routeV2(method string, path []string) (route, bool) {
	o, known := schemaOf(path[0])
	known = known && o.plural == path[0]
	switch {
	case known && len(path) == 1 && method == http.MethodGet:
		return route{cost: 10, serve: func(s *Simulator, r *http.Request, _ []byte) reply { return s.listLocked(o, r.URL.Query(), false) }}, true
	case known && len(path) == 1 && method == http.MethodPost:
		return route{cost: 5, changes: true, serve: func(s *Simulator, _ *http.Request, body []byte) reply { return s.createdLocked(o, body) }},
			true
	case known && o.name == "deal" && len(path) == 2 && path[1] == "archived" && method == http.MethodGet:
		return route{cost: 10, serve: func(s *Simulator, r *http.Request, _ []byte) reply { return s.listLocked(o, r.URL.Query(), true) }}, true
	case known && len(path) == 2 && path[1] == "search" && method == http.MethodGet:
		return route{cost: 20, search: true, serve: func(s *Simulator, r *http.Request, _ []byte) reply {
			return s.searchLocked(o,
				r.URL.Query())
		}}, true
	case known && len(path) == 2:
		return routeRecord(method, o, path[1])
	case len(path) == 2 && path[0] == "itemSearch" && path[1] == "field" && method == http.MethodGet:
		return route{cost: 20, search: true, serve: func(s *Simulator, r *http.Request,
			_ []byte) reply {
			return s.searchFieldLocked(r.URL.Query())
		}}, true
	case len(path) == 1 && (path[0] == "stages" || path[0] == "pipelines") && method == http.MethodGet:
		return route{cost: 5, serve: func(*Simulator, *http.Request, []byte) reply { return columns(path[0]) }}, true
	}
	return routeFields(method, path)
}

func routeRecord(method string, o schema, text string) (route, bool) {
	id, err := strconv.ParseInt(text, 10, 64)
	bad := func(*Simulator, *http.Request, []byte) reply {
		return invalid("id: must be a positive integer").reply()
	}
	costs := map[string]int{http.MethodGet: 1, http.MethodPatch: 5, http.MethodDelete: 3}
	if costs[method] == 0 {
		return route{}, false
	}
	out := route{cost: costs[method], changes: method != http.MethodGet}
	switch {
	case err != nil || id <= 0:
		out.serve, out.changes = bad, false
	case method == http.MethodGet:
		out.serve = func(s *Simulator, r *http.Request, _ []byte) reply { return s.oneLocked(o, id, r.URL.Query()) }
	case method == http.MethodPatch:
		out.serve = func(s *Simulator, _ *http.Request, body []byte) reply { return s.patchedLocked(o, id, body) }
	default:
		out.serve = func(s *Simulator, _ *http.Request, _ []byte) reply { return s.removedLocked(o, id) }
	}
	return out, true
}

// columns answers the stages or the pipelines of the account.
func columns(what string) reply {
	list := []any{}
	for _, id := range pipelines {
		if what == "pipelines" {
			list = append(list, map[string]any{"id": id, "name": "Pipeline " + strconv.FormatInt(id, 10), "order_nr": id, "is_deleted": false,
				"is_deal_probability_enabled": true,
				"add_time":                    "2024-01-01T00:00:00Z", "update_time": "2024-01-01T00:00:00Z"})
		}
	}
	for i, st := range stages {
		if what == "stages" {
			list = append(list, map[string]any{"id": st.id, "order_nr": i + 1, "name": st.name, "is_deleted": false, "deal_probability": 100,
				"pipeline_id":         st.pipeline,
				"is_deal_rot_enabled": false, "days_to_rotten": nil, "add_time": "2024-01-01T00:00:00Z", "update_time": "2024-01-01T00:00:00Z"})
		}
	}
	return pageOf(list, nil)
}

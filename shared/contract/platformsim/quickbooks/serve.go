package quickbooks

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
)

const (
	requestBytesMax = 8 << 20
	// Limits per minute and company: requests (items of a batch count singly), and batch requests.
	requestsPerMinute = 500
	batchesPerMinute  = 40
	requestIDMax      = 50
)

// meter counts one minute of the simulator's clock.
type meter struct {
	minute            int64
	requests, batches int
}

// ServeHTTP answers the token endpoint and the API, one request at a time.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, requestBytesMax))
	s.Lock()
	defer s.Unlock()
	tid := s.SecretLocked("1-", 12)
	switch {
	case err != nil:
		page(http.StatusBadRequest).write(w, "", tid)
	case r.URL.Path == authorizePath:
		s.state.Tokens.AuthorizeLocked(s.Machine, w, r, url.Values{"realmId": {s.state.Realm}})
	case r.URL.Path == revokePath:
		s.revokeLocked(r, body).write(w, "application/json", tid)
	case r.URL.Path == tokenPath:
		s.tokenLocked(r, body).write(w, "application/json", tid)
	default:
		s.apiLocked(r, body).write(w, r.Header.Get("Accept"), tid)
	}
}

// tokenLocked answers the OAuth endpoint: HTTP Basic, form body.
func (s *Simulator) tokenLocked(r *http.Request, body []byte) reply {
	refuse := func(status int, code string) reply { return reply{status: status, body: map[string]any{"error": code}} }
	id, secret, _ := r.BasicAuth()
	if id != s.state.Tokens.ClientID || secret != s.state.Tokens.ClientSecret {
		return refuse(http.StatusUnauthorized, "invalid_client")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || r.Method != http.MethodPost {
		return refuse(http.StatusBadRequest, "invalid_request")
	}
	life := s.LifeLocked(tokenLife)
	access, next, problem := s.state.Tokens.GrantLocked(s.Machine, form, life)
	if problem != "" {
		return refuse(http.StatusBadRequest, problem)
	}
	return reply{status: http.StatusOK, body: map[string]any{"access_token": access, "refresh_token": next, "token_type": "bearer",
		"expires_in": int(life.Seconds()), "x_refresh_token_expires_in": 8_726_400}}
}

// revokeLocked ends the grant of a token: HTTP Basic, JSON body.
func (s *Simulator) revokeLocked(r *http.Request, body []byte) reply {
	id, secret, _ := r.BasicAuth()
	if id != s.state.Tokens.ClientID || secret != s.state.Tokens.ClientSecret {
		return reply{status: http.StatusUnauthorized, body: map[string]any{"error": "invalid_client"}}
	}
	var in struct {
		Token string `json:"token"`
	}
	if json.Unmarshal(body, &in) != nil || in.Token == "" {
		return reply{status: http.StatusBadRequest, body: map[string]any{"error": "invalid_request"}}
	}
	s.state.Tokens.RevokeLocked(s.Machine, in.Token)
	return reply{status: http.StatusOK, body: map[string]any{}}
}

// apiLocked draws a request's fate, checks its token and the limits, and serves it.
func (s *Simulator) apiLocked(r *http.Request, body []byte) reply {
	verdict := s.DrawLocked()
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer || !s.state.Tokens.ValidLocked(s.Machine, token) {
		return s.faultLocked(&failure{status: http.StatusUnauthorized, kind: "AUTHENTICATION", code: "3200",
			message: "message=AuthenticationFailed; errorCode=003200; statusCode=401", detail: "Token expired"})
	}
	if verdict == platformsim.AnswerRateLimited || s.overLocked(r, body) {
		return s.faultLocked(&failure{status: http.StatusTooManyRequests, kind: "SERVICE", code: "003001",
			message: "message=ThrottleExceeded; errorCode=003001; statusCode=429", detail: "The request limit was reached. Try again later"})
	}
	if verdict == platformsim.AnswerServerError {
		return page(http.StatusServiceUnavailable)
	}
	answer := s.routeLocked(r, body)
	if verdict == platformsim.LoseAnswer {
		return page(http.StatusGatewayTimeout)
	}
	return answer
}

// overLocked meters a request and reports whether it exceeds the limits.
func (s *Simulator) overLocked(r *http.Request, body []byte) bool {
	if minute := s.NowLocked().Unix() / 60; minute != s.meter.minute {
		s.meter = meter{minute: minute}
	}
	cost := 1
	if strings.HasSuffix(r.URL.Path, "/batch") {
		var b struct{ BatchItemRequest []json.RawMessage }
		_ = json.Unmarshal(body, &b)
		cost = max(len(b.BatchItemRequest), 1)
		s.meter.batches++
	}
	s.meter.requests += cost
	return s.meter.requests > requestsPerMinute || s.meter.batches > batchesPerMinute
}

// routeLocked serves one request, or repeats the answer that its requestid had.
func (s *Simulator) routeLocked(r *http.Request, body []byte) reply {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) < 4 || parts[0] != "v3" || parts[1] != "company" || parts[2] != s.state.Realm {
		return page(http.StatusNotFound)
	}
	key := r.URL.Query().Get("requestid")
	if r.Method != http.MethodPost || key == "" {
		return s.answerLocked(r, parts[3:], body)
	}
	if len(key) > requestIDMax {
		return s.faultLocked(failed(codeUnsupported, "requestid is too long", "requestid"))
	}
	if first, seen := s.state.Replays[key]; seen {
		return reply{status: http.StatusOK, body: first}
	}
	answer := s.answerLocked(r, parts[3:], body)
	if answer.status == http.StatusOK {
		s.keepLocked(key, answer.body)
	}
	return answer
}

// keepLocked keeps an answer for its requestid, and forgets the oldest beyond the bound.
func (s *Simulator) keepLocked(key string, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		panic("quickbooks simulator: its own answer does not marshal: " + err.Error())
	}
	s.state.Replays[key] = raw
	s.state.Replayed = append(s.state.Replayed, key)
	if len(s.state.Replayed) > replaysMax {
		delete(s.state.Replays, s.state.Replayed[0])
		s.state.Replayed = s.state.Replayed[1:]
	}
	s.TouchLocked()
}

func (s *Simulator) answerLocked(r *http.Request, resource []string, body []byte) reply {
	parameters := r.URL.Query()
	v := view{enhanced: parameters.Get("include") == "enhancedAllCustomFields"}
	var out map[string]any
	var f *failure
	switch target := r.Method + " " + resource[0]; {
	case target == "GET companyinfo" && len(resource) == 2 && resource[1] == s.state.Realm:
		out = map[string]any{"CompanyInfo": map[string]any{"Id": "1", "SyncToken": "4", "CompanyName": "Example Books",
			"LegalName": "Example Books LLC", "Country": "US"}}
	case target == "GET query" && len(resource) == 1:
		out, f = s.queryLocked(parameters.Get("query"), v)
	case target == "GET cdc" && len(resource) == 1:
		out, f = s.captureLocked(parameters.Get("entities"), parameters.Get("changedSince"), v)
	case target == "POST batch" && len(resource) == 1:
		out, f = s.batchLocked(body, v)
	case (target == "GET customer" || target == "GET invoice") && len(resource) == 2:
		out, f = s.readLocked(kindOfPath(resource[0]), resource[1], v)
	case (target == "POST customer" || target == "POST invoice") && len(resource) == 1:
		out, f = s.postLocked(kindOfPath(resource[0]), parameters.Get("operation"), body, v)
	default:
		return page(http.StatusNotFound)
	}
	if f != nil {
		return s.faultLocked(f)
	}
	out["time"] = s.clockLocked()
	return reply{status: http.StatusOK, body: out}
}

func kindOfPath(path string) entityKind {
	if path == "customer" {
		return customer
	}
	return invoice
}

func (s *Simulator) faultLocked(f *failure) reply {
	key := "Fault"
	if f.kind == "AUTHENTICATION" {
		key = "fault" // the gateway's own spelling
	}
	return reply{status: f.status, body: map[string]any{key: f.body(), "time": s.clockLocked()}}
}

// clockLocked is the clock as answers tell it.
func (s *Simulator) clockLocked() string {
	return s.NowLocked().In(pacific).Format("2006-01-02T15:04:05.000-07:00")
}

func (s *Simulator) readLocked(k entityKind, id string, v view) (map[string]any, *failure) {
	d, f := s.liveLocked(k, id)
	if f != nil {
		return nil, f
	}
	return map[string]any{string(k): s.renderLocked(d, v)}, nil
}

func (s *Simulator) postLocked(k entityKind, operation string, body []byte, v view) (map[string]any, *failure) {
	in, f := parseObject(body)
	if f != nil {
		return nil, f
	}
	if operation == "" {
		operation = "create"
		if in["Id"] != nil {
			operation = "update"
		}
	}
	d, f := s.writeLocked(k, operation, in)
	if f != nil {
		return nil, f
	}
	return map[string]any{string(k): s.renderLocked(d, v)}, nil
}

func parseObject(body []byte) (map[string]any, *failure) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var in map[string]any
	if d.Decode(&in) != nil || in == nil {
		return nil, failed(codeUnsupported, "Request has invalid or unsupported property", "")
	}
	return in, nil
}

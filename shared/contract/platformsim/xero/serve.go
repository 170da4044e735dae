package xero

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
)

const (
	requestBytesMax = 3_500_000
	// queryBytesMax is the longest query string: 52 ids fit, and 53 are a resource that cannot be found (XeroAPI/Xero-Java
	// issue 328).
	queryBytesMax = 2048
	// Limits of one organisation (developer.xero.com, API limits; XeroAPI/xero-node issue 634).
	minuteLimit     = 60
	dayLimit        = 5000
	concurrentLimit = 5
	appMinuteLimit  = 10_000
	apiPath         = "api.xro"
)

// ServeHTTP answers the token endpoint, connections and the API. One request at a time is served, and more than five at
// once are refused.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	crowded := s.serves.Add(1) > concurrentLimit
	defer s.serves.Add(-1)
	body, err := io.ReadAll(io.LimitReader(r.Body, requestBytesMax+1))
	s.Lock()
	defer s.Unlock()
	accept := r.Header.Get("Accept")
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case err != nil:
		page(http.StatusBadRequest).write(w, accept)
	case len(body) > requestBytesMax:
		page(http.StatusRequestEntityTooLarge).write(w, accept)
	case r.URL.Path == authorizePath:
		s.state.Tokens.AuthorizeLocked(s.Machine, w, r, nil)
	case r.URL.Path == tokenPath:
		s.tokenLocked(r, body).write(w, "application/json")
	case strings.EqualFold(parts[0], "connections"):
		s.connectionsLocked(r, parts[1:]).write(w, "application/json")
	default:
		s.apiLocked(r, parts, body, crowded).write(w, accept)
	}
}

// tokenValidLocked checks the bearer token.
func (s *Simulator) tokenValidLocked(r *http.Request) bool {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return bearer && s.state.Tokens.ValidLocked(s.Machine, token)
}

// connectionsLocked lists the organisations that the app may act on, and ends one's connection.
func (s *Simulator) connectionsLocked(r *http.Request, rest []string) reply {
	if !s.tokenValidLocked(r) {
		return denied(http.StatusUnauthorized, "AuthenticationUnsuccessful")
	}
	switch {
	case r.Method == http.MethodGet && len(rest) == 0:
		list := []any{}
		for _, t := range s.state.Tenants {
			if t.Connection != "" {
				at := t.Connected.Format("2006-01-02T15:04:05.0000000")
				list = append(list, map[string]any{"id": t.Connection, "authEventId": t.Connection, "tenantId": t.ID, "tenantType": "ORGANISATION",
					"tenantName": t.Name, "createdDateUtc": at, "updatedDateUtc": at})
			}
		}
		return reply{status: http.StatusOK, body: list}
	case r.Method == http.MethodDelete && len(rest) == 1:
		for i := range s.state.Tenants {
			if strings.EqualFold(s.state.Tenants[i].Connection, rest[0]) {
				s.state.Tenants[i].Connection = ""
				if !slices.ContainsFunc(s.state.Tenants, func(t tenant) bool { return t.Connection != "" }) {
					s.state.Tokens.EndLocked(s.Machine)
				}
				s.TouchLocked()
				return reply{status: http.StatusNoContent}
			}
		}
	}
	return missing()
}

// apiLocked draws a request's fate, checks its token, tenant and the limits, and serves it.
func (s *Simulator) apiLocked(r *http.Request, parts []string, body []byte, crowded bool) reply {
	verdict := s.DrawLocked()
	if !s.tokenValidLocked(r) {
		return denied(http.StatusUnauthorized, "TokenExpired: token expired")
	}
	tenant := strings.ToLower(r.Header.Get("xero-tenant-id"))
	if !s.connectedLocked(tenant) {
		return denied(http.StatusForbidden, "AuthenticationUnsuccessful")
	}
	left := map[string]string{}
	answer, over := s.limitedLocked(tenant, verdict, crowded, left)
	if !over {
		answer = s.servedLocked(r, parts, body, tenant, verdict)
	}
	if answer.header == nil {
		answer.header = map[string]string{}
	}
	for name, value := range left {
		answer.header[name] = value
	}
	return answer
}

func (s *Simulator) servedLocked(r *http.Request, parts []string, body []byte, tenant string, verdict platformsim.Verdict) reply {
	if verdict == platformsim.AnswerServerError {
		return page(http.StatusServiceUnavailable)
	}
	answer := s.routeLocked(r, parts, body, tenant)
	if verdict == platformsim.LoseAnswer {
		return page(http.StatusGatewayTimeout)
	}
	return answer
}

func (s *Simulator) connectedLocked(tenant string) bool {
	for _, t := range s.state.Tenants {
		if strings.EqualFold(t.ID, tenant) && t.Connection != "" {
			return true
		}
	}
	return false
}

// limitedLocked meters a request; over is true with the refusal if it exceeds a limit. left are the headers that tell
// what remains. What is refused is not counted.
func (s *Simulator) limitedLocked(
	tenant string, verdict platformsim.Verdict, crowded bool, left map[string]string,
) (refusal reply, over bool) {
	now := s.NowLocked()
	recent := s.calls[tenant]
	for len(recent) > 0 && !recent[0].After(now.Add(-time.Minute)) {
		recent = recent[1:]
	}
	today := s.todayLocked(tenant)
	refuse := func(problem string, after time.Duration) reply {
		return reply{status: http.StatusTooManyRequests, header: map[string]string{"X-Rate-Limit-Problem": problem,
			"Retry-After": strconv.Itoa(max(int(after.Seconds()), 1))}}
	}
	switch {
	case crowded:
		refusal, over = refuse("concurrent", time.Second), true
	case verdict == platformsim.AnswerRateLimited:
		refusal, over = refuse("appminute", 5*time.Second), true
	case len(recent) >= minuteLimit:
		refusal, over = refuse("minute", recent[0].Add(time.Minute+time.Second).Sub(now)), true
	case today >= s.state.DayLimit:
		refusal, over = refuse("day", now.Truncate(time.Hour).Add(time.Hour).Sub(now)), true
	default:
		recent = append(recent, now)
		today++
		s.state.Days[hourOf(tenant, now)]++
		s.TouchLocked()
	}
	s.calls[tenant] = recent
	left["X-MinLimit-Remaining"] = strconv.Itoa(max(minuteLimit-len(recent), 0))
	left["X-DayLimit-Remaining"] = strconv.Itoa(max(s.state.DayLimit-today, 0))
	left["X-AppMinLimit-Remaining"] = strconv.Itoa(appMinuteLimit - len(recent))
	return refusal, over
}

func hourOf(tenant string, at time.Time) string { return fmt.Sprintf("%s %d", tenant, at.Unix()/3600) }

// todayLocked counts an organisation's calls of the last 24 hours, and forgets older ones.
func (s *Simulator) todayLocked(tenant string) int {
	oldest, total := s.NowLocked().Add(-24*time.Hour).Unix()/3600, 0
	for key, calls := range s.state.Days {
		whose, hour, _ := strings.Cut(key, " ")
		at, _ := strconv.ParseInt(hour, 10, 64)
		switch {
		case at <= oldest:
			delete(s.state.Days, key)
		case whose == tenant:
			total += calls
		}
	}
	return total
}

// routeLocked serves one request, or repeats the answer that its idempotency key had.
func (s *Simulator) routeLocked(r *http.Request, parts []string, body []byte, tenant string) reply {
	if len(r.URL.RawQuery) > queryBytesMax {
		return missing()
	}
	if len(parts) < 3 || parts[0] != apiPath || parts[1] != "2.0" {
		return missing()
	}
	var k kind
	switch {
	case strings.EqualFold(parts[2], "Contacts"):
		k = contact
	case strings.EqualFold(parts[2], "Invoices"):
		k = invoice
	case strings.EqualFold(parts[2], "Organisation") && r.Method == http.MethodGet:
		return s.organisationLocked(tenant)
	case r.Method == http.MethodGet && len(parts) == 3 && smallList(parts[2]) != nil:
		return s.envelopeLocked(smallList(parts[2]))
	default:
		return missing()
	}
	rest := parts[3:]
	switch {
	case r.Method == http.MethodGet && len(rest) == 0:
		return s.listLocked(tenant, k, r)
	case r.Method == http.MethodGet && len(rest) == 1:
		return s.readLocked(tenant, k, rest[0], r)
	case r.Method == http.MethodPut && len(rest) == 0, r.Method == http.MethodPost && len(rest) <= 1:
		return s.keyedLocked(tenant, k, rest, r, body)
	}
	return missing()
}

// keyedLocked performs a write, once for its key.
func (s *Simulator) keyedLocked(tenant string, k kind, rest []string, r *http.Request, body []byte) reply {
	key := r.Header.Get("Idempotency-Key")
	if len(key) > keyMax {
		return exception(10, "ValidationException", "The Idempotency-Key is longer than %d characters", keyMax)
	}
	sum := sha256.Sum256([]byte(r.Method + " " + r.URL.RequestURI() + "\n" + tenant + "\n" + string(body)))
	digest := hex.EncodeToString(sum[:])
	for other, kept := range s.state.Keys {
		if s.NowLocked().Sub(kept.At) >= keyLife {
			delete(s.state.Keys, other)
		}
	}
	if kept, known := s.state.Keys[key]; known && key != "" {
		if kept.Digest != digest {
			return exception(10, "ValidationException", "The Idempotency-Key was used for another request")
		}
		return reply{status: http.StatusOK, body: kept.Body}
	}
	answer := s.writeAllLocked(tenant, k, rest, r, body)
	if key != "" && answer.status == http.StatusOK {
		raw, err := json.Marshal(answer.body)
		if err != nil {
			panic("xero simulator: its own answer does not marshal: " + err.Error())
		}
		s.state.Keys[key] = replay{Digest: digest, At: s.NowLocked(), Body: raw}
		s.TouchLocked()
	}
	return answer
}

func (s *Simulator) organisationLocked(tenant string) reply {
	for _, t := range s.state.Tenants {
		if strings.EqualFold(t.ID, tenant) {
			return s.envelopeLocked(map[string]any{"Organisations": []any{map[string]any{"OrganisationID": t.ID, "Name": t.Name, "LegalName": t.Name,
				"IsDemoCompany": strings.HasPrefix(t.Name, "Demo Company"), "BaseCurrency": homeCurrency, "OrganisationStatus": "ACTIVE"}}})
		}
	}
	return missing()
}

// envelopeLocked puts what every answer begins with around an answer.
func (s *Simulator) envelopeLocked(out map[string]any) reply {
	out["Id"], out["Status"], out["ProviderName"] = s.guidLocked(), "OK", "FluxCascade"
	out["DateTimeUTC"] = fmt.Sprintf("/Date(%d)/", s.NowLocked().UnixMilli())
	return reply{status: http.StatusOK, body: out}
}

// parseObject reads a request's body.
func parseObject(body []byte) (map[string]any, bool) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var in map[string]any
	return in, d.Decode(&in) == nil && in != nil
}

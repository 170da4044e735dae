package jobber

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

const (
	apiPath       = "/api/graphql"
	authorizePath = "/api/oauth/authorize"
	tokenPath     = "/api/oauth/token"
	versionHeader = "X-JOBBER-GRAPHQL-VERSION"
	bodyBytesMax  = 4 << 20
	documentation = "https://developer.getjobber.com/docs/using_jobbers_api/api_rate_limits"
)

// versions are those that are seen in use.
var versions = []string{"2025-01-20", "2025-04-16", "2026-03-10", "2026-04-16"}

// ServeHTTP answers the GraphQL endpoint and the token endpoint. One request is one atomic step.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Lock()
	defer s.Unlock()
	w.Header().Set("Date", s.NowLocked().Format(http.TimeFormat))
	switch {
	case r.URL.Path == authorizePath:
		s.state.Tokens.AuthorizeLocked(s.Machine, w, r, nil)
	case r.URL.Path == tokenPath && r.Method == http.MethodPost:
		s.serveTokenLocked(w, r)
	case r.URL.Path == apiPath && r.Method == http.MethodPost:
		s.serveAPILocked(w, r)
	default:
		write(w, http.StatusNotFound, map[string]any{"message": "Not found"})
	}
}

func write(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		status, raw = http.StatusInternalServerError, []byte(`{"message":"Internal server error"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	// A caller that went away needs no answer.
	_, _ = w.Write(raw)
}

// serveAPILocked draws the request's fate, then answers it.
func (s *Simulator) serveAPILocked(w http.ResponseWriter, r *http.Request) {
	verdict := s.DrawLocked()
	switch {
	case verdict == platformsim.AnswerServerError:
		badGateway(w)
		return
	case verdict == platformsim.AnswerRateLimited && s.ChanceLocked(0.5), !s.state.Window.admit(s.NowLocked()):
		write(w, http.StatusTooManyRequests, map[string]any{"message": "Too many requests"})
		return
	}
	status, body := s.answerLocked(r, verdict == platformsim.AnswerRateLimited)
	if verdict == platformsim.LoseAnswer {
		badGateway(w)
		return
	}
	write(w, status, body)
}

// badGateway is what stands before the platform when it does not answer: no JSON.
func badGateway(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusBadGateway)
	_, _ = io.WriteString(w, "<html><body><h1>502 Bad Gateway</h1></body></html>")
}

// request is the body of a call.
type request struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName"`
	Variables     map[string]any `json:"variables"`
}

func (s *Simulator) answerLocked(r *http.Request, throttle bool) (int, any) {
	if !s.authorizedLocked(r) {
		return http.StatusUnauthorized, map[string]any{"message": "Token not recognized"}
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return http.StatusUnsupportedMediaType, map[string]any{"message": "Content-Type must be application/json"}
	}
	version := r.Header.Get(versionHeader)
	switch {
	case version == "":
		return http.StatusBadRequest, map[string]any{"message": "GraphQL API version is required"}
	case !slices.Contains(versions, version):
		return http.StatusNotFound, map[string]any{"message": "GraphQL API version '" + version + "' does not exist"}
	}
	var ask request
	d := json.NewDecoder(io.LimitReader(r.Body, bodyBytesMax))
	d.UseNumber()
	if err := d.Decode(&ask); err != nil {
		return http.StatusBadRequest, map[string]any{"message": "Body is not JSON"}
	}
	body := s.runLocked(ask, throttle)
	extensions, _ := body["extensions"].(map[string]any)
	if extensions == nil {
		extensions = map[string]any{}
		body["extensions"] = extensions
	}
	extensions["versioning"] = map[string]any{"version": version}
	return http.StatusOK, body
}

// authorizedLocked accepts an access token alone or as the last part of the JWT that the token endpoint gave.
func (s *Simulator) authorizedLocked(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && s.state.Tokens.ValidLocked(s.Machine, token[strings.LastIndex(token, ".")+1:])
}

// runLocked validates, admits and executes one request.
func (s *Simulator) runLocked(ask request, throttle bool) map[string]any {
	document, errs := gqlparser.LoadQueryWithRules(s.schema, ask.Query, rules.NewDefaultRules())
	if len(errs) > 0 {
		return map[string]any{"errors": invalid(errs)}
	}
	operation := document.Operations.ForName(ask.OperationName)
	if operation == nil {
		return map[string]any{"errors": []any{map[string]any{"message": "No operation of that name"}}}
	}
	variables, err := validator.VariableValues(s.schema, operation, ask.Variables)
	if err != nil {
		return map[string]any{"errors": []any{map[string]any{"message": "A variable was provided an invalid value"}}}
	}
	x := &execution{schema: s.schema, document: document, variables: variables}
	requested := x.requested(operation.SelectionSet)
	s.state.Bucket.fill(s.NowLocked())
	if throttle || float64(requested) > s.state.Bucket.Available {
		p := map[string]any{"message": "Throttled", "extensions": map[string]any{"code": "THROTTLED", "documentation": documentation}}
		return map[string]any{"errors": []any{p}, "extensions": s.costLocked(requested, nil)}
	}
	root := &object{typename: "Query", fields: s.queriesLocked()}
	if operation.Operation == ast.Mutation {
		root = &object{typename: "Mutation", fields: s.mutationsLocked()}
	}
	body := map[string]any{"data": x.answer(operation.SelectionSet, root, nil)}
	s.state.Bucket.Available -= float64(min(x.spent, requested))
	s.TouchLocked()
	body["extensions"] = s.costLocked(requested, min(x.spent, requested))
	if len(x.problems) > 0 {
		var rendered []any
		for _, p := range x.problems {
			rendered = append(rendered, p.render())
		}
		body["errors"] = rendered
	}
	return body
}

// invalid renders the errors of validation; their codes are spelled as graphql-ruby does.
func invalid(errs gqlerror.List) []any {
	var out []any
	for _, e := range errs {
		code := "undefinedField"
		if e.Rule != "FieldsOnCorrectType" {
			code = "invalidDocument"
		}
		out = append(out, map[string]any{"message": e.Message, "extensions": map[string]any{"code": code}})
	}
	return out
}

func (s *Simulator) costLocked(requested int, actual any) map[string]any {
	return map[string]any{"cost": map[string]any{"requestedQueryCost": requested, "actualQueryCost": actual,
		"throttleStatus": map[string]any{"maximumAvailable": bucketMax, "currentlyAvailable": int(s.state.Bucket.Available),
			"restoreRate": bucketRestore}}}
}

// serveTokenLocked answers a refresh: a new access token in JWT form and the refresh token to use from now on.
func (s *Simulator) serveTokenLocked(w http.ResponseWriter, r *http.Request) {
	t := s.state.Tokens
	r.Body = http.MaxBytesReader(w, r.Body, bodyBytesMax)
	if r.ParseForm() != nil || r.PostForm.Get("client_id") != t.ClientID || r.PostForm.Get("client_secret") != t.ClientSecret {
		write(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	life := tokenLife
	if faults := s.FaultsLocked(); faults.TokenLife > 0 {
		life = faults.TokenLife
	}
	access, refresh, problem := t.GrantLocked(s.Machine, r.PostForm, life)
	switch problem {
	case "":
	case "unsupported_grant_type":
		write(w, http.StatusBadRequest, map[string]any{"error": problem})
		return
	default:
		write(w, http.StatusUnauthorized, map[string]any{"error": problem})
		return
	}
	write(w, http.StatusOK, map[string]any{"access_token": jwt(access, s.NowLocked().Add(life)), "refresh_token": refresh})
}

// jwt wraps an access token: the vendor's tokens tell their end in the claim exp, and the answer does not.
func jwt(access string, expires time.Time) string {
	part := func(claims map[string]any) string {
		raw, err := json.Marshal(claims)
		if err != nil {
			return ""
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	return part(map[string]any{"alg": "HS256"}) + "." + part(map[string]any{"exp": expires.Unix()}) + "." + access
}

package hubspot

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const (
	authorizePath = "/oauth/authorize"
	// developerKey manages the app's webhooks; it is no portal's.
	developerKey = "simulated-developer-key"
	hooksMax     = 1000
)

// authorize is the page on which a person installs the app. The scopes asked for must be among those that HubSpot has.
func (s *Simulator) authorize(w http.ResponseWriter, r *http.Request) {
	s.Lock()
	defer s.Unlock()
	if !slices.Contains(strings.Fields(r.URL.Query().Get("scope")), "oauth") {
		http.Error(w, "the app requires the scope oauth, which the address lacks", http.StatusBadRequest)
		return
	}
	s.state.Tokens.AuthorizeLocked(s.Machine, w, r, nil)
}

// tokenInfo tells what an access token opens; the token in the path must be in force too.
func (s *Simulator) tokenInfo(r *http.Request, _ map[string]any) (int, any, *failure) {
	if !s.state.Tokens.ValidLocked(s.Machine, r.PathValue("token")) {
		return 0, nil, &failure{status: http.StatusNotFound, category: "OBJECT_NOT_FOUND", message: "token not found"}
	}
	scopes := strings.Fields(s.state.Tokens.Scope)
	if len(scopes) == 0 { // a token from outside the flow
		scopes = []string{"oauth"}
		for _, object := range []string{"contacts", "companies", "deals"} {
			scopes = append(scopes, "crm.objects."+object+".read", "crm.objects."+object+".write", "crm.schemas."+object+".read", "crm.schemas."+
				object+".write")
		}
	}
	return http.StatusOK, map[string]any{"token": r.PathValue("token"), "user": "maria@example.com", "hub_domain": "example.com",
		"scopes": scopes,
		"hub_id": s.state.Portal, "app_id": s.state.AppID, "user_id": 9586504, "token_type": "access", "expires_in": 1700}, nil
}

func (s *Simulator) details(*http.Request, map[string]any) (int, any, *failure) {
	return http.StatusOK, map[string]any{"portalId": s.state.Portal, "accountType": "DEVELOPER_TEST", "timeZone": "US/Central",
		"companyCurrency": "USD"}, nil
}

// uninstall ends the grant.
func (s *Simulator) uninstall(*http.Request, map[string]any) (int, any, *failure) {
	s.state.Tokens.EndLocked(s.Machine)
	s.state.Uninstalls++
	return http.StatusNoContent, nil, nil
}

// Uninstalls counts how often the app was uninstalled by its API.
func (s *Simulator) Uninstalls() int {
	s.Lock()
	defer s.Unlock()
	return s.state.Uninstalls
}

// types are the types of the properties that are no plain text.
var types = map[string]string{"phone": "phone_number", "mobilephone": "phone_number", "amount": "number", "closedate": "datetime",
	"dealstage": "enumeration",
	"pipeline":  "enumeration", "lifecyclestage": "enumeration", "createdate": "datetime", "lastmodifieddate": "datetime",
	"hs_lastmodifieddate": "datetime", "hs_object_id": "number"}

// lifecycle are the default lifecycle stages.
var lifecycle = []string{"subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "evangelist",
	"other"}

// describe is a property's definition.
func (s *Simulator) describe(object, name string) map[string]any {
	kind, options := types[name], []any{}
	if kind == "" {
		kind = "string"
	}
	if name == "lifecyclestage" {
		for i, value := range lifecycle {
			options = append(options, map[string]any{"value": value, "label": value, "hidden": false, "displayOrder": i})
		}
	}
	label := s.state.Labels[object+"."+name]
	if label == "" {
		label = strings.ReplaceAll(name, "_", " ")
	}
	stamp := slices.Contains([]string{"createdate", "lastmodifieddate", "hs_lastmodifieddate", "hs_object_id"}, name)
	return map[string]any{"name": name, "label": label, "type": kind, "fieldType": "text", "groupName": singular(object) + "information",
		"description": "",
		"options":     options, "hasUniqueValue": s.state.Unique[object][name], "hubspotDefined": !s.state.Props[object][name],
		"calculated": false, "hidden": false,
		"externalOptions": name == "dealstage", "archived": false,
		"modificationMetadata": map[string]any{"readOnlyValue": stamp, "readOnlyDefinition": !s.state.Props[object][name], "archivable": true}}
}

// hook is one webhook subscription of the app.
type hook struct {
	ID       int64  `json:"id"`
	Event    string `json:"event"`
	Property string `json:"property,omitempty"`
	Active   bool   `json:"active"`
}

func (h *hook) render() map[string]any {
	out := map[string]any{"id": strconv.FormatInt(h.ID, 10), "eventType": h.Event, "active": h.Active, "createdAt": "2026-03-01T15:00:00Z"}
	if h.Property != "" {
		out["propertyName"] = h.Property
	}
	return out
}

// hookRoutes serves the app's webhooks, under the developer key.
func (s *Simulator) hookRoutes() {
	for pattern, h := range map[string]handler{
		"PUT /webhooks/v3/{app}/settings":              s.setTarget,
		"GET /webhooks/v3/{app}/subscriptions":         s.hooks,
		"POST /webhooks/v3/{app}/subscriptions":        s.addHook,
		"PATCH /webhooks/v3/{app}/subscriptions/{id}":  s.changeHook,
		"DELETE /webhooks/v3/{app}/subscriptions/{id}": s.removeHook,
	} {
		s.mux.HandleFunc(pattern, s.serveApp(h))
	}
}

func (s *Simulator) serveApp(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if json.NewDecoder(io.LimitReader(r.Body, bodyBytesMax)).Decode(&body) != nil && r.Method != http.MethodGet &&
			r.Method != http.MethodDelete {
			body = nil
		}
		s.Lock()
		defer s.Unlock()
		if r.URL.Query().Get("hapikey") != developerKey || r.PathValue("app") != strconv.FormatInt(s.state.AppID, 10) {
			s.refuse(w, &failure{status: http.StatusUnauthorized, category: "INVALID_AUTHENTICATION", message: "This hapikey doesn't exist."})
			return
		}
		status, answer, f := h(r, body)
		if f != nil {
			s.refuse(w, f)
			return
		}
		s.TouchLocked()
		s.answer(w, status, answer)
	}
}

func (s *Simulator) setTarget(_ *http.Request, body map[string]any) (int, any, *failure) {
	target, _ := body["targetUrl"].(string)
	if !strings.HasPrefix(target, "https://") {
		return 0, nil, invalid("targetUrl must be https")
	}
	s.state.Target = target
	return http.StatusOK, map[string]any{"targetUrl": target, "throttling": body["throttling"], "createdAt": "2026-03-01T15:00:00Z"}, nil
}

func (s *Simulator) hooks(*http.Request, map[string]any) (int, any, *failure) {
	list := []any{}
	for _, h := range s.state.Hooks {
		list = append(list, h.render())
	}
	return http.StatusOK, map[string]any{"results": list}, nil
}

func (s *Simulator) addHook(_ *http.Request, body map[string]any) (int, any, *failure) {
	event, _ := body["eventType"].(string)
	property, _ := body["propertyName"].(string)
	active, _ := body["active"].(bool)
	same := func(h *hook) bool { return h.Event == event && h.Property == property }
	switch {
	case event == "" || strings.HasSuffix(event, ".propertyChange") != (property != ""):
		return 0, nil, invalid("a propertyChange names its property, and nothing else does")
	case slices.ContainsFunc(s.state.Hooks, same) || len(s.state.Hooks) >= hooksMax:
		return 0, nil, &failure{status: http.StatusConflict, category: "CONFLICT", message: "subscription already exists"}
	}
	s.state.Serial++
	h := &hook{ID: s.state.Serial, Event: event, Property: property, Active: active}
	s.state.Hooks = append(s.state.Hooks, h)
	return http.StatusCreated, h.render(), nil
}

func (s *Simulator) hookOf(r *http.Request) *hook {
	i := slices.IndexFunc(s.state.Hooks, func(h *hook) bool { return strconv.FormatInt(h.ID, 10) == r.PathValue("id") })
	if i < 0 {
		return nil
	}
	return s.state.Hooks[i]
}

func (s *Simulator) changeHook(r *http.Request, body map[string]any) (int, any, *failure) {
	h := s.hookOf(r)
	if h == nil {
		return 0, nil, &failure{status: http.StatusNotFound, category: "OBJECT_NOT_FOUND", message: "no such subscription"}
	}
	h.Active, _ = body["active"].(bool)
	return http.StatusOK, h.render(), nil
}

func (s *Simulator) removeHook(r *http.Request, _ map[string]any) (int, any, *failure) {
	s.state.Hooks = slices.DeleteFunc(s.state.Hooks, func(h *hook) bool { return strconv.FormatInt(h.ID, 10) == r.PathValue("id") })
	return http.StatusNoContent, nil, nil
}

// Hooks counts the app's active and its paused webhook subscriptions, and PauseHooks pauses them, as the vendor may.
func (s *Simulator) Hooks() (active, paused int) {
	s.Lock()
	defer s.Unlock()
	for _, h := range s.state.Hooks {
		if h.Active {
			active++
		} else {
			paused++
		}
	}
	return active, paused
}

// PauseHooks pauses every subscription.
func (s *Simulator) PauseHooks() {
	s.Lock()
	defer s.Unlock()
	for _, h := range s.state.Hooks {
		h.Active = false
	}
	s.TouchLocked()
}

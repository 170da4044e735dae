package pipedrive

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
)

const (
	// hookUser is the user name of the webhooks that were registered by hand.
	hookUser = "fluxcascade"
	// hooksMax is how many webhooks a user may have, banAfter how many first tries may fail before a ban of banLife, and
	// idleMax how long one may be without success (guide-for-webhooks-v2).
	hooksMax = 40
	banAfter = 10
	banLife  = 30 * time.Minute
	idleMax  = 3 * 24 * time.Hour
)

// retries are the waits before a webhook is sent again (guide-for-webhooks-v2); after them it is lost.
var retries = []time.Duration{3 * time.Second, 30 * time.Second, 150 * time.Second}

// again is how long it is until a webhook is sent again.
func again(try int) (time.Duration, bool) {
	if try >= len(retries) {
		return 0, false
	}
	return retries[try], true
}

// hook is one webhook.
type hook struct {
	ID       int64     `json:"id"`
	URL      string    `json:"url"`
	Action   string    `json:"action"`
	Object   string    `json:"object"`
	Name     string    `json:"name"`
	User     string    `json:"user"`
	Password string    `json:"password"`
	Version  string    `json:"version"`
	Added    time.Time `json:"added"`
	// Failures counts first tries that failed since the last ban; Banned is until when it gets nothing.
	Paused    bool      `json:"paused"`
	Failures  int       `json:"failures"`
	Banned    time.Time `json:"banned"`
	Delivered time.Time `json:"delivered"` // the last success
	Status    int       `json:"status"`    // the last answer's
}

// event is one change to be told of.
type event struct {
	action   string
	d        *document
	user     int
	previous map[string]any
	meta     map[string]any // beside what every event has
}

// subscribeLocked registers the webhooks that somebody made by hand, unless they are there.
func (s *Simulator) subscribeLocked(url string) {
	if url == "" || len(s.state.Hooks) > 0 {
		return
	}
	for _, o := range schemas {
		s.addHookLocked(hook{URL: url, Action: "*", Object: o.name, Name: "FluxCascade " + o.plural, User: hookUser, Password: s.state.Secret,
			Version: "2.0"})
	}
}

func (s *Simulator) addHookLocked(h hook) *hook {
	s.state.Serial["hook"]++
	h.ID, h.Added, h.Delivered = s.state.Serial["hook"], s.stampLocked(), s.stampLocked()
	s.state.Hooks = append(s.state.Hooks, &h)
	s.TouchLocked()
	return &h
}

// tellLocked sends an event to every webhook that wants it. One that is banned loses it; one that had no success for too
// long is gone.
func (s *Simulator) tellLocked(o schema, e event) {
	s.TouchLocked()
	now := s.NowLocked()
	s.state.Hooks = slices.DeleteFunc(s.state.Hooks, func(h *hook) bool { return h.Status != 0 && now.Sub(h.Delivered) > idleMax })
	for _, h := range s.state.Hooks {
		if h.Action != "*" && h.Action != e.action || h.Object != "*" && h.Object != o.name || now.Before(h.Banned) || h.Paused ||
			h.Version != "2.0" {
			continue
		}
		raw, err := json.Marshal(s.bodyLocked(o, e, h))
		if err != nil {
			panic("pipedrive simulator: its own event does not marshal: " + err.Error())
		}
		s.QueueToLocked(h.URL, raw, 0)
	}
}

// bodyLocked is one event as it is sent.
func (s *Simulator) bodyLocked(o schema, e event, h *hook) map[string]any {
	user := strconv.Itoa(e.user)
	meta := map[string]any{"action": e.action, "entity": o.name, "entity_id": strconv.FormatInt(e.d.ID, 10), "company_id": s.state.Company,
		"user_id": user,
		"id":      s.SecretLocked("", 16), "correlation_id": s.SecretLocked("", 16),
		"timestamp": s.NowLocked().Format("2006-01-02T15:04:05.000Z"),
		"type":      "general",
		"version":   "2.0", "webhook_id": strconv.FormatInt(h.ID, 10), "webhook_owner_id": strconv.Itoa(ourUser), "change_source": "app",
		"is_bulk_edit": false, "attempt": 1,
		"host": "acme.pipedrive.com", "permitted_user_ids": []string{strconv.Itoa(ourUser)}}
	if e.user == ourUser {
		meta["change_source"] = "api"
	}
	for name, value := range e.meta {
		meta[name] = value
	}
	out := map[string]any{"meta": meta, "data": nil, "previous": nil}
	if e.action != "delete" {
		data := s.renderLocked(o, e.d, nil)
		data["custom_fields"] = s.typedLocked(o, data["custom_fields"])
		out["data"] = data
	}
	if e.action != "create" {
		out["previous"] = e.previous
	}
	return out
}

// typedLocked gives custom values as webhooks do: with their types.
func (s *Simulator) typedLocked(o schema, custom any) map[string]any {
	out := map[string]any{}
	values, _ := custom.(map[string]any)
	for code, value := range values {
		definition, known := s.customLocked(o, code)
		if value == nil || !known {
			out[code] = nil
			continue
		}
		typed := map[string]any{"type": definition.Type, "value": value}
		if parts, isObject := value.(map[string]any); isObject {
			typed = map[string]any{"type": definition.Type}
			for name, part := range parts {
				typed[name] = part
			}
		}
		out[code] = typed
	}
	return out
}

// Deliveries takes the webhooks that are due now, with their credentials and the number of the attempt.
func (s *Simulator) Deliveries() []platformsim.Delivery {
	return s.Take(func(d *platformsim.Delivery, _ time.Time) {
		var body map[string]any
		if json.Unmarshal(d.Body, &body) != nil {
			return
		}
		meta, _ := body["meta"].(map[string]any)
		if meta["attempt"] = d.Try + 1; d.Try > 0 {
			if raw, err := json.Marshal(body); err == nil {
				d.Body = raw
			}
		}
		if h := s.hookLocked(meta["webhook_id"]); h != nil && h.User+h.Password != "" {
			r := http.Request{Header: http.Header{}}
			r.SetBasicAuth(h.User, h.Password)
			d.Header.Set("Authorization", r.Header.Get("Authorization"))
		}
	})
}

// hookLocked finds a webhook by the id that its events tell.
func (s *Simulator) hookLocked(id any) *hook {
	text, _ := id.(string)
	i := slices.IndexFunc(s.state.Hooks, func(h *hook) bool { return strconv.FormatInt(h.ID, 10) == text })
	if i < 0 {
		return nil
	}
	return s.state.Hooks[i]
}

// Delivered counts how a delivery went, bans a webhook whose first tries fail, and queues the next try, or none.
func (s *Simulator) Delivered(d platformsim.Delivery, status int) {
	s.Lock()
	var body struct {
		Meta struct {
			Webhook string `json:"webhook_id"`
		} `json:"meta"`
	}
	_ = json.Unmarshal(d.Body, &body)
	good := status >= 200 && status < 300
	if h := s.hookLocked(body.Meta.Webhook); h != nil {
		now := s.NowLocked()
		if h.Status = max(status, 1); good {
			h.Delivered = now
		}
		if !good && d.Try == 0 {
			h.Failures++
		}
		if h.Failures >= banAfter {
			h.Failures, h.Banned = 0, now.Add(banLife)
		}
		s.TouchLocked()
	}
	s.Unlock()
	s.Machine.Delivered(d, status)
}

// PauseHooks takes every webhook out of force, as the platform does with those that are of no use to it.
func (s *Simulator) PauseHooks() {
	s.Lock()
	defer s.Unlock()
	for _, h := range s.state.Hooks {
		h.Paused = true
	}
	s.TouchLocked()
}

// Hooks counts the webhooks in force and those that are not.
func (s *Simulator) Hooks() (active, paused int) {
	s.Lock()
	defer s.Unlock()
	for _, h := range s.state.Hooks {
		if h.Paused {
			paused++
		} else {
			active++
		}
	}
	return active, paused
}

// Banned says that a webhook gets nothing now.
func (s *Simulator) Banned() bool {
	s.Lock()
	defer s.Unlock()
	return slices.ContainsFunc(s.state.Hooks, func(h *hook) bool { return s.NowLocked().Before(h.Banned) })
}

// routeHooks serves v1/webhooks.
func routeHooks(method string, path []string) (route, bool) {
	switch {
	case len(path) == 0 && method == http.MethodGet:
		return route{cost: 10, serve: func(s *Simulator, _ *http.Request, _ []byte) reply {
			list := []any{}
			for _, h := range s.state.Hooks {
				list = append(list, s.renderHook(h))
			}
			return fine(list)
		}}, true
	case len(path) == 0 && method == http.MethodPost:
		return route{cost: 10, changes: true, serve: func(s *Simulator, _ *http.Request, body []byte) reply { return s.makeHookLocked(body) }},
			true
	case len(path) == 1 && method == http.MethodDelete:
		return route{cost: 6, changes: true, serve: func(s *Simulator, _ *http.Request, _ []byte) reply {
			h := s.hookLocked(path[0])
			if h == nil {
				return hookFailure(http.StatusNotFound, "id", "not found")
			}
			s.state.Hooks = slices.DeleteFunc(s.state.Hooks, func(one *hook) bool { return one == h })
			return reply{status: http.StatusOK, body: map[string]any{"status": "ok", "success": true}}
		}}, true
	}
	return route{}, false
}

func (s *Simulator) makeHookLocked(body []byte) reply {
	in, f := parseObject(body)
	if f != nil {
		return f.reply()
	}
	text := func(name string) string { t, _ := in[name].(string); return t }
	h := hook{URL: text("subscription_url"), Action: text("event_action"), Object: text("event_object"), Name: text("name"),
		User:     text("http_auth_user"),
		Password: text("http_auth_password"), Version: text("version")}
	if h.Version == "" {
		h.Version = "2.0"
	}
	u, err := url.Parse(h.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return hookFailure(http.StatusBadRequest, "subscription_url", "must be a valid URL")
	case strings.HasSuffix(u.Hostname(), ".pipedrive.com"):
		return hookFailure(http.StatusBadRequest, "subscription_url", "must not be an endpoint of Pipedrive")
	case !slices.Contains([]string{"create", "change", "delete", "*"}, h.Action):
		return hookFailure(http.StatusBadRequest, "event_action", "is not valid")
	case h.Object == "" || h.Name == "" || h.Version != "1.0" && h.Version != "2.0":
		return hookFailure(http.StatusBadRequest, "event_object", "object, name or version is not valid")
	case len(s.state.Hooks) >= hooksMax:
		return hookFailure(http.StatusBadRequest, "user_id", "has too many webhooks")
	}
	answer := fine(s.renderHook(s.addHookLocked(h)))
	answer.status = http.StatusCreated
	return answer
}

func hookFailure(status int, field, problem string) reply {
	return reply{status: status, body: map[string]any{"status": "error", "success": false, "errors": map[string]any{field: []string{problem}}}}
}

// renderHook shows a webhook; nobody is shown its password.
func (s *Simulator) renderHook(h *hook) map[string]any {
	company, _ := strconv.Atoi(s.state.Company)
	var last, status any
	active := 1
	if h.Paused {
		active = 0
	}
	if h.Status != 0 {
		last, status = writeStamp(h.Delivered), h.Status
	}
	return map[string]any{"id": h.ID, "company_id": company, "owner_id": ourUser, "user_id": ourUser, "event_action": h.Action,
		"event_object": h.Object, "subscription_url": h.URL,
		"version": h.Version, "is_active": active, "add_time": writeStamp(h.Added), "remove_time": nil, "type": "general",
		"http_auth_user": orNull(h.User), "http_auth_password": nil,
		"remove_reason": nil, "last_delivery_time": last, "last_http_status": status, "admin_id": ourUser, "name": h.Name}
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

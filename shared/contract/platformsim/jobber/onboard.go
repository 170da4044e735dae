package jobber

import (
	"slices"
	"strings"
	"time"
)

// endpoint is one webhook endpoint of the account: one topic, one address.
type endpoint struct {
	ID    string    `json:"id"`
	Topic string    `json:"topic"`
	URL   string    `json:"url"`
	Made  time.Time `json:"made"`
}

func (e *endpoint) view() *object {
	return &object{typename: "WebhookEndpoint", fields: map[string]any{"id": e.ID, "topic": e.Topic, "url": e.URL,
		"createdAt": writeStamp(e.Made)}}
}

// endpointCreateLocked adds an endpoint; the same topic and address twice is refused.
func (s *Simulator) endpointCreateLocked(a map[string]any) (any, *problem) {
	e := &endpoint{Topic: text(child(a, "input")["topic"]), URL: text(child(a, "input")["url"]), Made: s.stampLocked()}
	var refusals []refusal
	if !strings.HasPrefix(e.URL, "https://") {
		refusals = append(refusals, refusal{"Url must be https", []string{"url"}})
	}
	if slices.ContainsFunc(s.state.Endpoints, func(other *endpoint) bool { return other.Topic == e.Topic && other.URL == e.URL }) {
		refusals = append(refusals, refusal{"Topic has already been taken", []string{"topic"}})
	}
	if len(refusals) == 0 {
		e.ID = s.newIDLocked("WebhookEndpoint")
		s.state.Endpoints = append(s.state.Endpoints, e)
		s.TouchLocked()
	}
	return payload("WebhookEndpointCreatePayload", "webhookEndpoint", e.view(), refusals), nil
}

// endpointDeleteLocked removes endpoints; an unknown one is refused.
func (s *Simulator) endpointDeleteLocked(a map[string]any) (any, *problem) {
	ids, _ := a["webhookEndpointsIds"].([]any)
	var refusals []refusal
	var gone []*object
	for _, id := range ids {
		i := slices.IndexFunc(s.state.Endpoints, func(e *endpoint) bool { return e.ID == text(id) })
		if i < 0 {
			refusals = append(refusals, refusal{"Webhook endpoint not found", []string{"webhookEndpointsIds"}})
			continue
		}
		gone = append(gone, s.state.Endpoints[i].view())
		s.state.Endpoints = slices.Delete(s.state.Endpoints, i, i+1)
		s.TouchLocked()
	}
	out := payload("WebhookEndpointDeletePayload", "webhookEndpoint", nil, refusals)
	out.fields["deletedWebhookEndpoints"] = gone
	return out, nil
}

// disconnectLocked ends the app's grant.
func (s *Simulator) disconnectLocked(map[string]any) (any, *problem) {
	s.state.Tokens.EndLocked(s.Machine)
	s.state.Endpoints = nil
	s.tellLocked("APP_DISCONNECT", appID)
	return payload("AppDisconnectPayload", "webhookEndpoint", nil, nil), nil
}

// Endpoints lists the topics that are told, and to where, each as "TOPIC address".
func (s *Simulator) Endpoints() []string {
	s.Lock()
	defer s.Unlock()
	var out []string
	for _, e := range s.state.Endpoints {
		out = append(out, e.Topic+" "+e.URL)
	}
	return out
}

// DropEndpoints forgets every endpoint, as the vendor does with one that fails too often.
func (s *Simulator) DropEndpoints() {
	s.Lock()
	defer s.Unlock()
	s.state.Endpoints = nil
	s.TouchLocked()
}

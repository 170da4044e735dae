// Package xero simulates the Xero Accounting API 2.0 and its identity service for the organisations of one app: contacts
// and invoices, the filter language, paging, idempotency keys, OAuth, connections, limits and webhooks, with the
// platform's validation and habits as known from its published OpenAPI description and developer.xero.com. What is
// unverified of the platform is simulated in the form that is harder on a client: a list of people or lines, and an
// address or phone of one type, is replaced whole; If-Modified-Since leaves out its own second; filters mind the case of
// letters; lists go by stamp unless asked otherwise; a key used for another request is refused.
//
// It shares no code with the connector. It holds no accounts, tax rates and currencies beyond the fixed few of lists.go.
// People act on the first organisation.
package xero

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	defaultTenant = "c2cc9b6e-9458-4c7d-93cc-f02b81b0594f"
	// tokenLife is the vendor's life of access tokens, grace how long a refresh token that was used may be used again for
	// an answer that was lost.
	tokenLife = 30 * time.Minute
	grace     = 30 * time.Minute
	tokenPath = "/connect/token"
	// authorizePath is on the vendor's log-in host.
	authorizePath = "/identity/connect/authorize"
	// keyLife is how long an answer is kept for its Idempotency-Key, and keyMax the longest key.
	keyLife = 6 * time.Minute
	keyMax  = 128
	scopes  = "accounting.contacts accounting.invoices accounting.settings.read offline_access"
)

// Simulator is one app's connected organisations. Safe for concurrent use.
type Simulator struct {
	*platformsim.Machine
	state  state
	serves atomic.Int32 // requests in progress
	// calls are the times of the last minute's requests, by tenant.
	calls      map[string][]time.Time
	collected  []event   // waiting to be told by webhook
	collecting time.Time // since when
	// byID and sold are derived from state: records by id, and which contacts have invoices (nil when it must be told again).
	byID map[string]*document
	sold map[string]bool
	// undo takes back what the request in progress has saved.
	undo []func()
}

var (
	_ platformsim.Simulator = (*Simulator)(nil)
	_ platformsim.Saver     = (*Simulator)(nil)
)

// state is all that is kept between runs.
type state struct {
	Tenants []tenant                 `json:"tenants"`
	Tokens  *platformsim.TokenServer `json:"tokens"`
	// Used is the refresh token that the one in force came for, good for a lost answer until UsedUntil.
	Used        string            `json:"used"`
	UsedUntil   time.Time         `json:"used_until"`
	Records     []*document       `json:"records"` // in creation order
	LastInvoice int               `json:"last_invoice"`
	Keys        map[string]replay `json:"keys"` // answers by idempotency key
	Days        map[string]int    `json:"days"` // calls by tenant and hour
	DayLimit    int               `json:"day_limit"`
	Hook        hook              `json:"hook"`
}

// tenant is one organisation.
type tenant struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Connection string    `json:"connection"` // id of its connection to the app, "" once disconnected
	Connected  time.Time `json:"connected"`
}

// document is one record. Body holds what the API shows except what is derived when rendered.
type document struct {
	Kind    kind           `json:"kind"`
	Tenant  string         `json:"tenant"`
	ID      string         `json:"id"`
	Updated time.Time      `json:"updated"`
	Merged  string         `json:"merged,omitempty"` // the contact that it was merged into
	Paid    json.Number    `json:"paid,omitempty"`   // of an invoice
	PaidOn  time.Time      `json:"paid_on,omitzero"` // when fully
	Ours    bool           `json:"ours"`             // created by the app
	Body    map[string]any `json:"body"`
}

// replay is an answer kept for its key.
type replay struct {
	Digest string          `json:"digest"` // of the request
	At     time.Time       `json:"at"`
	Body   json.RawMessage `json:"body"`
}

// kind names a kind of record as the API does.
type kind string

const (
	contact kind = "Contact"
	invoice kind = "Invoice"
)

func (k kind) object() record.Object { return record.Object(strings.ToLower(k.list())) }

// list is its name in paths and envelopes, key the name of its id.
func (k kind) list() string { return string(k) + "s" }
func (k kind) key() string  { return string(k) + "ID" }

func kindOf(object record.Object) (kind, error) {
	for _, k := range []kind{contact, invoice} {
		if k.object() == object {
			return k, nil
		}
	}
	return "", fmt.Errorf("no %s here, in Xero", object)
}

// New begins an organisation: empty, or as Options.State left it. A State that does not parse begins empty.
func New(o platformsim.Options) *Simulator {
	s := &Simulator{Machine: platformsim.NewMachine(o), byID: map[string]*document{}, calls: map[string][]time.Time{}}
	s.Kept = &s.state
	s.Again = again
	s.Lock()
	defer s.Unlock()
	if len(o.State) > 0 {
		d := json.NewDecoder(bytes.NewReader(o.State))
		d.UseNumber()
		if d.Decode(&s.state) == nil && s.state.Tokens != nil && len(s.state.Tenants) > 0 {
			for _, d := range s.state.Records {
				s.byID[d.ID] = d
			}
			return s
		}
	}
	id := o.Account
	if id == "" {
		id = defaultTenant
	}
	s.state = state{Tokens: platformsim.NewTokenServerLocked(s.Machine, "xero", true), Keys: map[string]replay{}, Days: map[string]int{},
		DayLimit: dayLimit,
		Tenants:  []tenant{{ID: id, Name: "Demo Company (US)", Connection: s.guidLocked(), Connected: s.NowLocked()}}}
	s.state.Hook = hook{Key: s.SecretLocked("", 24), Enabled: true}
	return s
}

// AddTenant connects another organisation to the app, whose books are empty, and gives its id.
func (s *Simulator) AddTenant(name string) string {
	s.Lock()
	defer s.Unlock()
	t := tenant{ID: s.guidLocked(), Name: name, Connection: s.guidLocked(), Connected: s.NowLocked()}
	s.state.Tenants = append(s.state.Tenants, t)
	s.TouchLocked()
	return t.ID
}

// SetDayLimit changes the organisation's calls a day.
func (s *Simulator) SetDayLimit(calls int) {
	s.Lock()
	defer s.Unlock()
	s.state.DayLimit = calls
	s.TouchLocked()
}

// Access gives what a client needs. TokenURL is a path, to be put behind BaseURL by the program that serves it.
func (s *Simulator) Access() platformsim.Access {
	s.Lock()
	defer s.Unlock()
	return s.state.Tokens.AccessLocked(platformsim.Access{Platform: "xero", Account: s.state.Tenants[0].ID, TokenURL: tokenPath,
		AuthorizeURL: authorizePath, WebhookSecret: s.state.Hook.Key})
}

// guidLocked draws an id.
func (s *Simulator) guidLocked() string {
	h := s.SecretLocked("", 16)
	return strings.Join([]string{h[:8], h[8:12], "4" + h[13:16], "a" + h[17:20], h[20:]}, "-")
}

// findLocked gives a record of an organisation by id; nil if there is none.
func (s *Simulator) findLocked(tenant string, k kind, id string) *document {
	if d := s.byID[strings.ToLower(id)]; d != nil && d.Kind == k && d.Tenant == tenant {
		return d
	}
	return nil
}

// ofLocked lists an organisation's records of a kind, in creation order.
func (s *Simulator) ofLocked(tenant string, k kind) []*document {
	var out []*document
	for _, d := range s.state.Records {
		if d.Tenant == tenant && d.Kind == k {
			out = append(out, d)
		}
	}
	return out
}

// archived says that a record is kept and hidden: an archived contact, a voided or deleted invoice.
func (d *document) archived() bool {
	switch get(d.Body, "ContactStatus") + get(d.Body, "Status") {
	case "ARCHIVED", "GDPRREQUEST", "VOIDED", "DELETED":
		return true
	}
	return false
}

// tokenLocked answers the token endpoint: the client's id and secret by HTTP Basic or as form fields. A refresh token
// is good for one use, and for another within the grace.
func (s *Simulator) tokenLocked(r *http.Request, body []byte) reply {
	refuse := func(code string) reply {
		return reply{status: http.StatusBadRequest, body: map[string]any{"error": code}}
	}
	form, err := url.ParseQuery(string(body))
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = form.Get("client_id"), form.Get("client_secret")
	}
	t := s.state.Tokens
	switch {
	case err != nil || r.Method != http.MethodPost:
		return refuse("invalid_request")
	case id != t.ClientID || secret != t.ClientSecret:
		return refuse("invalid_client")
	}
	life := s.LifeLocked(tokenLife)
	switch refresh := form.Get("refresh_token"); {
	case refresh == "":
	case refresh == s.state.Used && s.NowLocked().Before(s.state.UsedUntil):
		form.Set("refresh_token", t.Refresh)
	case refresh == t.Refresh:
		s.state.Used, s.state.UsedUntil = refresh, s.NowLocked().Add(grace)
	}
	access, next, problem := t.GrantLocked(s.Machine, form, life)
	if problem != "" {
		return refuse(problem)
	}
	granted := t.Scope
	if granted == "" {
		granted = scopes
	}
	return reply{status: http.StatusOK, body: map[string]any{"access_token": access, "refresh_token": next, "token_type": "Bearer",
		"expires_in": int(life.Seconds()), "scope": granted}}
}

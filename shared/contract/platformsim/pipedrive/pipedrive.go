// Package pipedrive simulates one Pipedrive account over HTTP: persons, organizations and deals by API v2, the endpoints of
// v1 that v2 lacks (users/me, recents, merges, webhooks), searches with their index, custom fields under random keys,
// OAuth, the daily budget of tokens, and webhooks v2 with Basic credentials, retries and bans, as developers.pipedrive.com
// and pipedrive.readme.io describe them. What is unverified of the platform is simulated in the form that is harder on a
// client: lists trail the records, amounts are doubles, deleted records are in no list but recents, nothing but a webhook
// tells what a merged record was merged into, and a list of emails has exactly one primary.
//
// It shares no code with the connector.
package pipedrive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	defaultCompany = "1234567"
	tokenPath      = "/oauth/token"
	authorizePath  = "/oauth/authorize"
	revokePath     = "/oauth/revoke"
	// apiDomain is what token answers tell; a program that serves the simulator serves it elsewhere.
	apiDomain = "https://acme.pipedrive.com"
	// tokenLife is that of an access token; a refresh token lives 60 days from its last use, which is not simulated.
	tokenLife = time.Hour
	// budgetMax is the daily budget of an account of ten seats on a plan of factor 4 (30,000 tokens x factor x seats).
	budgetMax = 1_200_000
	// ourUser is the user who authorised the app, personUser one of its people.
	ourUser, personUser = 777, 778
	accountCurrency     = "USD"
)

// Simulator is one simulated account. Safe for concurrent use.
type Simulator struct {
	*platformsim.Machine
	state state
	// byID is derived from state.
	byID map[string]*document
	// calls are the times of recent calls, for bursts; burst and searchBurst are how many 2 s may hold, 0 for no limit: the
	// simulator serves in microseconds what the platform takes a while for.
	calls, searches    []time.Time
	burst, searchBurst int
}

var (
	_ platformsim.Simulator = (*Simulator)(nil)
	_ platformsim.Saver     = (*Simulator)(nil)
)

// state is all that is kept between runs.
type state struct {
	Company string                   `json:"company"`
	Tokens  *platformsim.TokenServer `json:"tokens"`
	Secret  string                   `json:"secret"` // the password of the webhook that was registered by hand
	Serial  map[string]int64         `json:"serial"` // the last id by object
	Budget  int                      `json:"budget"` // tokens a day
	Spent   map[string]int           `json:"spent"`  // tokens by UTC day
	Records []*document              `json:"records"`
	Fields  map[string][]*definition `json:"fields"` // custom fields by object
	Hooks   []*hook                  `json:"hooks"`
}

// document is one record. Values holds what is not null, by the API's names: string, bool or json.Number; Custom the
// custom values as the API shows them, by key.
type document struct {
	Object  string            `json:"object"`
	ID      int64             `json:"id"`
	Created time.Time         `json:"created"`
	Updated time.Time         `json:"updated"` // update_time, in whole seconds
	Deleted bool              `json:"deleted"`
	Values  map[string]any    `json:"values"`
	Emails  []element         `json:"emails,omitempty"`
	Phones  []element         `json:"phones,omitempty"`
	Labels  []int64           `json:"labels,omitempty"`
	Address map[string]string `json:"address,omitempty"`
	Custom  map[string]any    `json:"custom,omitempty"`
}

// element is one email or phone.
type element struct {
	Value   string `json:"value"`
	Primary bool   `json:"primary"`
	Label   string `json:"label"`
}

// New begins an account: empty, or as Options.State left it. A State that does not parse begins empty. With a webhook URL
// it begins with webhooks that somebody registered by hand for the three objects.
func New(o platformsim.Options) *Simulator {
	s := &Simulator{Machine: platformsim.NewMachine(o), byID: map[string]*document{}}
	s.Kept = &s.state
	s.Again = again
	s.Lock()
	defer s.Unlock()
	if len(o.State) > 0 {
		d := json.NewDecoder(bytes.NewReader(o.State))
		d.UseNumber()
		if d.Decode(&s.state) == nil && s.state.Tokens != nil && s.state.Serial != nil && s.state.Spent != nil && s.state.Fields != nil {
			for _, d := range s.state.Records {
				s.byID[keyOf(d.Object, d.ID)] = d
			}
			s.subscribeLocked(o.WebhookURL)
			return s
		}
	}
	s.state = state{Company: o.Account, Tokens: platformsim.NewTokenServerLocked(s.Machine, "pipedrive", false),
		Secret: s.SecretLocked("hook-",
			16),
		Serial: map[string]int64{}, Budget: budgetMax, Spent: map[string]int{}, Fields: map[string][]*definition{}}
	if o.Account == "" {
		s.state.Company = defaultCompany
	}
	s.subscribeLocked(o.WebhookURL)
	return s
}

// SetBudget sets how many tokens a day holds.
func (s *Simulator) SetBudget(tokens int) {
	s.Lock()
	defer s.Unlock()
	s.state.Budget = tokens
	s.TouchLocked()
}

// Spent counts the tokens spent today.
func (s *Simulator) Spent() int {
	s.Lock()
	defer s.Unlock()
	return s.state.Spent[s.NowLocked().Format(time.DateOnly)]
}

// SetBursts sets how many calls, and how many searches among them, 2 s may hold; 0 for no limit.
func (s *Simulator) SetBursts(calls, searches int) {
	s.Lock()
	defer s.Unlock()
	s.burst, s.searchBurst = calls, searches
}

// Access gives what a client needs. TokenURL is a path, to be put behind BaseURL by the program that serves it.
func (s *Simulator) Access() platformsim.Access {
	s.Lock()
	defer s.Unlock()
	return s.state.Tokens.AccessLocked(platformsim.Access{Platform: "pipedrive", Account: s.state.Company, TokenURL: tokenPath,
		AuthorizeURL: authorizePath, RevokeURL: revokePath, WebhookSecret: s.state.Secret})
}

func keyOf(object string, id int64) string { return fmt.Sprintf("%s/%d", object, id) }

// liveLocked gives a record that is not deleted, nil if there is none.
func (s *Simulator) liveLocked(object string, id int64) *document {
	if d := s.byID[keyOf(object, id)]; d != nil && !d.Deleted {
		return d
	}
	return nil
}

// stampLocked is the platform's clock as it stamps records: whole seconds.
func (s *Simulator) stampLocked() time.Time { return s.NowLocked().Truncate(time.Second) }

// settledLocked says that lists and the index have a record's last change already.
func (s *Simulator) settledLocked(d *document) bool {
	return !d.Updated.After(s.NowLocked().Add(-s.FaultsLocked().SearchLag))
}

func writeStamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// archived says that a deal is out of the pipelines.
func (d *document) archived() bool { return d.Values["is_archived"] == true }

// number reads an id among a record's values, 0 if there is none.
func (d *document) number(name string) int64 {
	n, _ := d.Values[name].(json.Number)
	id, _ := n.Int64()
	return id
}

// Objects lists the objects it holds.
func (s *Simulator) Objects() []record.Object {
	return []record.Object{"persons", "organizations", "deals"}
}

// Package jobber simulates Jobber's GraphQL API for one account: clients with their properties, jobs, custom text
// fields, query costs and their bucket, OAuth and webhooks, with the platform's validation, reformatting and habits as
// known from developer.getjobber.com and the vendor's 2022-03-10 schema. What is unverified of the platform is simulated
// in the form that is harder on a client: cursors are offsets, lists of clients come newest change first and shift,
// addresses are replaced whole, stamps are whole seconds, and edits of a property move the client's stamp only sometimes.
//
// It shares no code with the connector. It holds no invoices, quotes, requests or visits.
package jobber

import (
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

const (
	defaultAccount = "MQ=="
	appID          = "3f0c2d1a-6b1e-4a55-9c1f-77c0ffee0001"
	// tokenLife is the vendor's life of access tokens.
	tokenLife = time.Hour
	// propertyBumpsDefault is how often an edit of a property moves its client's updatedAt, which is not documented.
	propertyBumpsDefault = 0.5
)

// local is the account's offset: webhooks tell their time in it, and days begin by it.
var local = time.FixedZone("", -6*60*60)

//go:embed schema.graphql
var schemaText string

// Simulator is one simulated account. Safe for concurrent use.
type Simulator struct {
	*platformsim.Machine
	schema *ast.Schema
	state  state
	// clients, jobs and owners are derived from state: records by id, and clients by their properties' ids.
	clients map[string]*client
	jobs    map[string]*job
	owners  map[string]*client
}

var (
	_ platformsim.Simulator = (*Simulator)(nil)
	_ platformsim.Saver     = (*Simulator)(nil)
)

// state is all that is kept between runs.
type state struct {
	Account     string                   `json:"account"`
	Tokens      *platformsim.TokenServer `json:"tokens"`
	LastID      int                      `json:"last_id"`
	LastJob     int                      `json:"last_job"` // last job number given
	Clients     []*client                `json:"clients"`  // in creation order, archived ones too
	Jobs        []*job                   `json:"jobs"`     // in creation order
	Definitions []*definition            `json:"definitions"`
	Endpoints   []*endpoint              `json:"endpoints,omitempty"`
	Bucket      bucket                   `json:"bucket"`
	Window      window                   `json:"window"`
	// PropertyBumps is the probability that an edit of a property moves its client's updatedAt.
	PropertyBumps float64 `json:"property_bumps"`
}

// New begins an account: empty, or as Options.State left it. A State that does not parse begins empty.
func New(o platformsim.Options) *Simulator {
	s := &Simulator{Machine: platformsim.NewMachine(o), schema: gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphql",
		Input: schemaText}),
		clients: map[string]*client{}, jobs: map[string]*job{}, owners: map[string]*client{}}
	s.Kept = &s.state
	s.Lock()
	defer s.Unlock()
	if len(o.State) > 0 && json.Unmarshal(o.State, &s.state) == nil && s.state.Tokens != nil {
		for _, c := range s.state.Clients {
			s.indexLocked(c)
		}
		for _, j := range s.state.Jobs {
			s.jobs[j.ID] = j
		}
		return s
	}
	s.state = state{Account: o.Account, Tokens: platformsim.NewTokenServerLocked(s.Machine, "jobber", true),
		Bucket: bucket{Available: bucketMax, At: s.NowLocked()}, PropertyBumps: propertyBumpsDefault}
	if o.Account == "" {
		s.state.Account = defaultAccount
	}
	return s
}

// SetPropertyBumps sets how often an edit of a property moves its client's updatedAt, 0..1.
func (s *Simulator) SetPropertyBumps(probability float64) {
	s.Lock()
	defer s.Unlock()
	s.state.PropertyBumps = probability
	s.TouchLocked()
}

// Access gives what a client needs. TokenURL is a path, to be put behind BaseURL by the program that serves it. Webhooks are
// signed with the client secret.
func (s *Simulator) Access() platformsim.Access {
	s.Lock()
	defer s.Unlock()
	return s.state.Tokens.AccessLocked(platformsim.Access{Platform: "jobber", Account: s.state.Account, TokenURL: tokenPath,
		AuthorizeURL: authorizePath, WebhookSecret: s.state.Tokens.ClientSecret})
}

// Objects lists the objects it holds.
func (s *Simulator) Objects() []record.Object { return []record.Object{"clients", "jobs"} }

// IDs lists the clients that are not archived, or the jobs, in creation order.
func (s *Simulator) IDs(object record.Object) []record.ExternalID {
	s.Lock()
	defer s.Unlock()
	var ids []record.ExternalID
	switch object {
	case "clients":
		for _, c := range s.state.Clients {
			if !c.Archived {
				ids = append(ids, record.ExternalID(c.ID))
			}
		}
	case "jobs":
		for _, j := range s.state.Jobs {
			ids = append(ids, record.ExternalID(j.ID))
		}
	}
	return ids
}

// Record gives the truth of one record, in every field of the catalog and every custom field of the account.
func (s *Simulator) Record(object record.Object, id record.ExternalID) (fields record.Fields, archived, ok bool) {
	s.Lock()
	defer s.Unlock()
	if object == "clients" {
		if c := s.clientLocked(string(id)); c != nil {
			return s.flatClientLocked(c), c.Archived, true
		}
	}
	if object == "jobs" {
		if j := s.jobLocked(string(id)); j != nil {
			return s.flatJobLocked(j), false, true
		}
	}
	return nil, false, false
}

// clientLocked and jobLocked give a record by id, nil if there is none.
func (s *Simulator) clientLocked(id string) *client { return s.clients[id] }

func (s *Simulator) jobLocked(id string) *job { return s.jobs[id] }

// propertyLocked gives a property and its client.
func (s *Simulator) propertyLocked(id string) (*client, *property) {
	if c := s.owners[id]; c != nil {
		for _, p := range c.Properties {
			if p.ID == id {
				return c, p
			}
		}
	}
	return nil, nil
}

// indexLocked keeps what is derived of a client. A property that it lost is not found in it any more.
func (s *Simulator) indexLocked(c *client) {
	s.clients[c.ID] = c
	for _, p := range c.Properties {
		s.owners[p.ID] = c
	}
}

// newIDLocked makes an EncodedId: base64 of a global id, to be taken as opaque.
func (s *Simulator) newIDLocked(typename string) string {
	s.state.LastID++
	return base64.StdEncoding.EncodeToString([]byte("gid://Jobber/" + typename + "/" + strconv.Itoa(s.state.LastID)))
}

// stampLocked is the platform's clock as it stamps records: whole seconds.
func (s *Simulator) stampLocked() time.Time { return s.NowLocked().Truncate(time.Second) }

func writeStamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// copyOf copies a record deeply.
func copyOf[T any](in *T) *T {
	raw, err := json.Marshal(in)
	if err != nil {
		panic(fmt.Sprintf("jobber simulator: a record does not marshal: %T", err))
	}
	out := new(T)
	if err := json.Unmarshal(raw, out); err != nil {
		panic(fmt.Sprintf("jobber simulator: a record does not unmarshal: %T", err))
	}
	return out
}

// same reports whether two records hold the same.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

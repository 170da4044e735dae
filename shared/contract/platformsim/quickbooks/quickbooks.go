// Package quickbooks simulates QuickBooks Online, accounting API v3, for one company: customers and invoices, the
// query language, change data capture, batches, OAuth and webhooks, with the platform's validation, reformatting,
// limits and habits as known from developer.intuit.com and the vendor's published schema. What is unverified of the
// platform is simulated in the form that is harder on a client: nested objects and lists are replaced whole by sparse
// updates, stamps are whole seconds, change data capture answers in no useful order.
//
// It shares no code with the connector. It holds no items, terms and tax codes beyond the fixed few of lists.go.
package quickbooks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/shopspring/decimal"
)

const (
	defaultRealm = "9130357849286146"
	// replaysMax bounds how many answers are kept for their requestid.
	replaysMax = 10_000
	// tokenLife is the vendor's life of access tokens.
	tokenLife     = time.Hour
	tokenPath     = "/oauth2/v1/tokens/bearer"
	authorizePath = "/connect/oauth2"
	revokePath    = "/v2/oauth2/tokens/revoke"
)

// pacific is the offset in which the platform writes its stamps.
var pacific = time.FixedZone("", -8*60*60)

// Simulator is one simulated company. Safe for concurrent use.
type Simulator struct {
	*platformsim.Machine
	state      state
	collected  []event   // waiting to be told by webhook
	collecting time.Time // since when
	meter      meter
	// byID and owed are derived from state: records by id, and what each customer owes (nil when it must be counted again).
	byID map[string]*document
	owed map[string]decimal.Decimal
}

var (
	_ platformsim.Simulator = (*Simulator)(nil)
	_ platformsim.Saver     = (*Simulator)(nil)
)

// state is all that is kept between runs.
type state struct {
	Realm    string                     `json:"realm"`
	Tokens   *platformsim.TokenServer   `json:"tokens"`
	Verifier string                     `json:"verifier"` // signs webhooks; not the client secret
	Legacy   bool                       `json:"legacy"`   // webhooks in the older format
	LastID   int                        `json:"last_id"`
	LastDoc  int                        `json:"last_doc"` // last invoice number given
	Records  []*document                `json:"records"`  // in creation order
	Vendors  []string                   `json:"vendors"`  // names that vendors hold
	Replays  map[string]json.RawMessage `json:"replays"`  // answers by requestid
	Replayed []string                   `json:"replayed"` // requestids, oldest first
}

// document is one record. Body holds what the API shows except what is derived when rendered.
type document struct {
	Kind    entityKind     `json:"kind"`
	ID      string         `json:"id"`
	Token   int            `json:"token"`
	Created time.Time      `json:"created"`
	Updated time.Time      `json:"updated"`
	Deleted bool           `json:"deleted"`
	Paid    json.Number    `json:"paid,omitempty"` // of an invoice
	Body    map[string]any `json:"body"`
	Lines   int            `json:"lines,omitempty"` // the highest id that a line of it ever had
}

// entityKind names a kind of record as the API does.
type entityKind string

const (
	customer entityKind = "Customer"
	invoice  entityKind = "Invoice"
)

func (k entityKind) object() record.Object {
	if k == customer {
		return "customers"
	}
	return "invoices"
}

func kindOf(object record.Object) (entityKind, error) {
	switch object {
	case "customers":
		return customer, nil
	case "invoices":
		return invoice, nil
	}
	return "", fmt.Errorf("QuickBooks has no %s here", object)
}

// New begins a company: empty, or as Options.State left it. A State that does not parse begins empty.
func New(o platformsim.Options) *Simulator {
	s := &Simulator{Machine: platformsim.NewMachine(o), byID: map[string]*document{}}
	s.Kept = &s.state
	s.Lock()
	defer s.Unlock()
	if len(o.State) > 0 {
		d := json.NewDecoder(bytes.NewReader(o.State))
		d.UseNumber()
		if d.Decode(&s.state) == nil && s.state.Tokens != nil {
			if s.state.Replays == nil {
				s.state.Replays = map[string]json.RawMessage{}
			}
			for _, d := range s.state.Records {
				s.byID[d.ID] = d
			}
			return s
		}
	}
	s.state = state{Realm: o.Account, Tokens: platformsim.NewTokenServerLocked(s.Machine, "quickbooks", true),
		Verifier: s.SecretLocked("verifier-", 16), LastDoc: 1000, Replays: map[string]json.RawMessage{}}
	if o.Account == "" {
		s.state.Realm = defaultRealm
	}
	return s
}

// UseLegacyWebhooks sends webhooks in the format before CloudEvents.
func (s *Simulator) UseLegacyWebhooks() {
	s.Lock()
	defer s.Unlock()
	s.state.Legacy = true
	s.TouchLocked()
}

// AddVendor takes a name for a vendor: customers share the name space with them.
func (s *Simulator) AddVendor(name string) {
	s.Lock()
	defer s.Unlock()
	s.state.Vendors = append(s.state.Vendors, name)
	s.TouchLocked()
}

// Access gives what a client needs. TokenURL is a path, to be put behind BaseURL by the program that serves it.
func (s *Simulator) Access() platformsim.Access {
	s.Lock()
	defer s.Unlock()
	return s.state.Tokens.AccessLocked(platformsim.Access{Platform: "quickbooks", Account: s.state.Realm, TokenURL: tokenPath,
		AuthorizeURL: authorizePath, RevokeURL: revokePath, WebhookSecret: s.state.Verifier})
}

// findLocked gives a record by id, deleted ones included; nil if there is none.
func (s *Simulator) findLocked(k entityKind, id string) *document {
	if d := s.byID[id]; d != nil && d.Kind == k {
		return d
	}
	return nil
}

// liveLocked gives a record by id that is not deleted.
func (s *Simulator) liveLocked(k entityKind, id string) (*document, *failure) {
	d := s.findLocked(k, id)
	if d == nil || d.Deleted {
		return nil, failed(codeNotFound, "Object Not Found", "")
	}
	return d, nil
}

// stampLocked is the platform's clock as it stamps records: whole seconds.
func (s *Simulator) stampLocked() time.Time { return s.NowLocked().Truncate(time.Second) }

func writeStamp(t time.Time) string { return t.In(pacific).Format("2006-01-02T15:04:05-07:00") }

// renderLocked gives a record as the API answers it.
func (s *Simulator) renderLocked(d *document, v view) map[string]any {
	meta := map[string]any{"CreateTime": writeStamp(d.Created), "LastUpdatedTime": writeStamp(d.Updated)}
	if d.Deleted {
		return map[string]any{"domain": "QBO", "status": "Deleted", "Id": d.ID, "MetaData": meta}
	}
	out := platformsim.Clone(d.Body)
	out["Id"], out["SyncToken"] = d.ID, strconv.Itoa(d.Token)
	out["domain"], out["sparse"], out["MetaData"] = "QBO", false, meta
	switch d.Kind {
	case customer:
		out["Balance"] = s.owedLocked(d.ID)
		if !v.enhanced {
			delete(out, "CustomField")
		}
	case invoice:
		out["Balance"] = balanceOf(d)
	}
	return out
}

// view says how records are rendered for one request.
type view struct {
	// enhanced: include=enhancedAllCustomFields, without which customers show no custom fields.
	enhanced bool
}

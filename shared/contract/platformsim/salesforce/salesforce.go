// Package salesforce simulates one Salesforce org over HTTP: contacts, accounts and opportunities by the REST API (rows,
// upsert by external id, sObject collections), SOQL with its recycle bin (queryAll), describes, OAuth, the daily pool of
// calls, and change events relayed by an event bus, as developer.salesforce.com describes them. What is unverified of
// the platform is simulated in the form that is harder on a client: emails are kept in lower case, lines end in \r\n,
// large numbers come with exponents, answers to queries may be cut shorter than asked.
//
// It shares no code with the connector. Where the API replies with a record's fields, they are as stored; screens
// reformat telephone numbers, the API does not (help.salesforce.com, "How are phone numbers formatted").
package salesforce

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	defaultOrg    = "00D5f0000012abcEAA"
	tokenPath     = "/services/oauth2/token"
	authorizePath = "/services/oauth2/authorize"
	revokePath    = "/services/oauth2/revoke"
	userInfoPath  = "/services/oauth2/userinfo"
	// instanceURL is what token answers tell; a program that serves the simulator serves it elsewhere.
	instanceURL = "https://example.my.salesforce.com"
	userID      = "0055f000005mc66AAA"
	// tokenLife is the default session timeout; the platform slides it with use, the simulator does not.
	tokenLife = 2 * time.Hour
	// poolMax is the daily pool of an Enterprise org without licences.
	poolMax = 100_000
	// idPod marks the ids of this org.
	idPod = "5f0"
)

// Simulator is one simulated org. Safe for concurrent use.
type Simulator struct {
	*platformsim.Machine
	state state
	// byID is derived from state. cursors are query locators; a restart ends them.
	byID    map[string]*document
	cursors map[string][]any
	// answerMax cuts answers to queries, 0 for as asked.
	answerMax int
}

var (
	_ platformsim.Simulator = (*Simulator)(nil)
	_ platformsim.Saver     = (*Simulator)(nil)
)

// state is all that is kept between runs.
type state struct {
	Org      string                   `json:"org"`
	Tokens   *platformsim.TokenServer `json:"tokens"`
	Relay    string                   `json:"relay"` // the secret that the event bus's relay sends
	Serial   int64                    `json:"serial"`
	Commits  int64                    `json:"commits"`
	Usage    map[int64]int            `json:"usage"` // calls by hour since 1970
	Pool     int                      `json:"pool"`  // calls in 24 hours
	Duplicit bool                     `json:"duplicit"`
	Records  []*document              `json:"records"` // in creation order
}

// document is one record. Values holds what is not null: string, bool or json.Number.
type document struct {
	Object   string         `json:"object"`
	ID       string         `json:"id"`
	Created  time.Time      `json:"created"`
	Modified time.Time      `json:"modified"` // LastModifiedDate: by a user
	Stamp    time.Time      `json:"stamp"`    // SystemModstamp: by anything
	Deleted  bool           `json:"deleted"`
	Master   string         `json:"master,omitempty"` // the survivor of its merge
	With     string         `json:"with,omitempty"`   // the account that it was deleted with
	Values   map[string]any `json:"values"`
}

// New begins an org: empty, or as Options.State left it. A State that does not parse begins empty.
func New(o platformsim.Options) *Simulator {
	s := &Simulator{Machine: platformsim.NewMachine(o), byID: map[string]*document{}, cursors: map[string][]any{}}
	s.Kept = &s.state
	s.Lock()
	defer s.Unlock()
	if len(o.State) > 0 {
		d := json.NewDecoder(bytes.NewReader(o.State))
		d.UseNumber()
		if d.Decode(&s.state) == nil && s.state.Tokens != nil && s.state.Usage != nil {
			for _, d := range s.state.Records {
				s.byID[d.ID] = d
			}
			return s
		}
	}
	s.state = state{Org: o.Account, Tokens: platformsim.NewTokenServerLocked(s.Machine, "salesforce", false), Relay: s.SecretLocked("relay-",
		16),
		Usage: map[int64]int{}, Pool: poolMax}
	if o.Account == "" {
		s.state.Org = defaultOrg
	}
	return s
}

// SetPool sets how many calls the org may make in 24 hours.
func (s *Simulator) SetPool(calls int) {
	s.Lock()
	defer s.Unlock()
	s.state.Pool = calls
	s.TouchLocked()
}

// CutAnswers makes queries answer at most rows at once, whatever was asked: the platform does so where rows are wide.
func (s *Simulator) CutAnswers(rows int) {
	s.Lock()
	defer s.Unlock()
	s.answerMax = rows
}

// ForbidDuplicates switches a duplicate rule on: no second contact of one email and last name.
func (s *Simulator) ForbidDuplicates() {
	s.Lock()
	defer s.Unlock()
	s.state.Duplicit = true
	s.TouchLocked()
}

// Access gives what a client needs. TokenURL is a path, to be put behind BaseURL by the program that serves it.
func (s *Simulator) Access() platformsim.Access {
	s.Lock()
	defer s.Unlock()
	return s.state.Tokens.AccessLocked(platformsim.Access{Platform: "salesforce", Account: s.state.Org, TokenURL: tokenPath,
		AuthorizeURL: authorizePath, RevokeURL: revokePath, WebhookSecret: s.state.Relay})
}

// findLocked gives a record of an object by its id of 15 or 18 characters, deleted ones included; nil if there is none.
func (s *Simulator) findLocked(object, id string) *document {
	if d := s.byID[long(id)]; d != nil && d.Object == object {
		return d
	}
	return nil
}

// liveLocked gives a record that is not in the recycle bin.
func (s *Simulator) liveLocked(object, id string) (*document, *failure) {
	d := s.findLocked(object, id)
	switch {
	case d == nil:
		return nil, failed("NOT_FOUND", "The requested resource does not exist")
	case d.Deleted:
		return nil, failed("ENTITY_IS_DELETED", "entity is deleted")
	}
	return d, nil
}

// objectOf gives the schema of an object by the name that people use.
func objectOf(object record.Object) (schema, error) {
	if o, ok := schemas[string(object)]; ok {
		return o, nil
	}
	return schema{}, fmt.Errorf("no %s here, in Salesforce", object)
}

// stampLocked is the platform's clock as it stamps records: whole seconds.
func (s *Simulator) stampLocked() time.Time { return s.NowLocked().Truncate(time.Second) }

// writeStamp is the form in which answers tell times: "2015-08-19T08:17:00.000+0000".
func writeStamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000-0700") }

const digits62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// nextIDLocked gives a new id of 18 characters.
func (s *Simulator) nextIDLocked(prefix string) string {
	s.state.Serial++
	n, tail := s.state.Serial, []byte("000000000")
	for i := len(tail) - 1; i >= 0 && n > 0; i-- {
		tail[i] = digits62[n%62]
		n /= 62
	}
	return long(prefix + idPod + string(tail))
}

// long gives an id in 18 characters: three more tell which of the first fifteen are capitals, five to each (Salesforce
// FAQ "18 character id"). What is no id comes back as it is.
func long(id string) string {
	if len(id) != 15 && len(id) != 18 {
		return id
	}
	short := id[:15]
	for group := range 3 {
		bits := 0
		for i := range 5 {
			if ch := short[group*5+i]; ch >= 'A' && ch <= 'Z' {
				bits |= 1 << i
			}
		}
		short += string("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits])
	}
	return short
}

// wellFormed says that text could be an id.
func wellFormed(id string) bool {
	return (len(id) == 15 || len(id) == 18) && !strings.ContainsFunc(id, func(r rune) bool { return !strings.ContainsRune(digits62, r) })
}

// value reads one field of a record as answers show it, nil for null.
func (s *Simulator) valueLocked(d *document, f field) any {
	switch f.name {
	case "Id":
		return d.ID
	case "IsDeleted":
		return d.Deleted
	case "MasterRecordId":
		return orNull(d.Master)
	case "CreatedDate":
		return writeStamp(d.Created)
	case "LastModifiedDate":
		return writeStamp(d.Modified)
	case "SystemModstamp":
		return writeStamp(d.Stamp)
	case "IsClosed", "IsWon":
		stage, _ := d.Values["StageName"].(string)
		return stage == "Closed Won" || f.name == "IsClosed" && stage == "Closed Lost"
	case "Name":
		if d.Object == "Contact" {
			first, _ := d.Values["FirstName"].(string)
			last, _ := d.Values["LastName"].(string)
			return strings.TrimSpace(first + " " + last)
		}
	}
	value := d.Values[f.name]
	if f.kind == "boolean" && value == nil {
		return false
	}
	return value
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// renderLocked gives the fields asked for, with the attributes that every record has.
func (s *Simulator) renderLocked(d *document, fields []field, version string) map[string]any {
	out := map[string]any{"attributes": map[string]any{"type": d.Object, "url": "/services/data/" + version + "/sobjects/" + d.Object + "/" +
		d.ID}}
	for _, f := range fields {
		value := s.valueLocked(d, f)
		if n, ok := value.(json.Number); ok {
			value = wireNumber(f, string(n))
		}
		out[f.name] = value
	}
	return out
}

// childrenLocked gives the live records that name an account.
func (s *Simulator) childrenLocked(account string) []*document {
	return slices.DeleteFunc(slices.Clone(s.state.Records), func(d *document) bool { return d.Deleted || d.Values["AccountId"] != account })
}

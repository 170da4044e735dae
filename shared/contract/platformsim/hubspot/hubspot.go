// Package hubspot behaves like one HubSpot account over HTTP: CRM objects v3, associations v4, search with a trailing
// index, batch endpoints whose results come out of order, rolling rate limits, OAuth and signed webhooks, as the
// vendor's documentation describes them (developers.hubspot.com, read 2025-01 to 2026-06).
package hubspot

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Limits that the vendor states.
const (
	// burstMax requests in burstWindow for an OAuth app; searches are apart.
	burstMax    = 110
	burstWindow = 10 * time.Second
	// searchMax searches in a second for an account.
	searchMax = 5
	// batchMax inputs of a batch call, listMax records of a page, searchPageMax of a search, searchReach in all.
	batchMax      = 100
	listMax       = 100
	searchPageMax = 200
	searchReach   = 10_000
	// accessLife of an access token.
	accessLife = 30 * time.Minute
	// versionsKept bounds what the trailing index can look back on.
	versionsKept = 8
	bodyBytesMax = 4 << 20
)

var _ interface {
	platformsim.Simulator
	platformsim.Saver
} = (*Simulator)(nil)

// Simulator is one account.
type Simulator struct {
	*platformsim.Machine
	state    state
	requests []time.Time // of the last burstWindow
	searches []time.Time // of the last second
	mux      *http.ServeMux
}

type state struct {
	Portal  int64                      `json:"portal"`
	AppID   int64                      `json:"app_id"`
	Serial  int64                      `json:"serial"`
	EventID int64                      `json:"event_id"`
	Tokens  *platformsim.TokenServer   `json:"tokens"`
	Records map[string][]*document     `json:"records"` // by object type, in order of creation
	Unique  map[string]map[string]bool `json:"unique"`  // object type -> property with unique values
	Props   map[string]map[string]bool `json:"props"`   // object type -> custom properties
	Labels  map[string]string          `json:"labels"`  // of custom properties, by "contacts.name"
	// Target is where the app's webhooks go once it was set by the API, Hooks its subscriptions, Uninstalls counts ended installs.
	Target     string  `json:"target,omitempty"`
	Hooks      []*hook `json:"hooks,omitempty"`
	Uninstalls int     `json:"uninstalls,omitempty"`
}

// document is one CRM record.
type document struct {
	ID         string              `json:"id"`
	Properties map[string]string   `json:"properties"`
	Created    time.Time           `json:"created"`
	Updated    time.Time           `json:"updated"`
	Archived   bool                `json:"archived,omitempty"`
	ArchivedAt time.Time           `json:"archived_at,omitzero"`
	MergedInto string              `json:"merged_into,omitempty"`
	Associated map[string][]string `json:"associated,omitempty"` // to object type -> ids, the primary first
	Versions   []version           `json:"versions,omitempty"`   // what the index may still show
}

type version struct {
	At         time.Time         `json:"at"`
	Properties map[string]string `json:"properties"`
	Archived   bool              `json:"archived,omitempty"`
}

// New begins an account, empty or with the state of an earlier run.
func New(o platformsim.Options) *Simulator {
	s := &Simulator{Machine: platformsim.NewMachine(o)}
	s.Kept = &s.state
	s.Lock()
	defer s.Unlock()
	s.state = state{Portal: 62515, AppID: 54321, Serial: 100, Records: map[string][]*document{}, Unique: map[string]map[string]bool{},
		Props: map[string]map[string]bool{}, Labels: map[string]string{}}
	if portal, err := strconv.ParseInt(o.Account, 10, 64); err == nil {
		s.state.Portal = portal
	}
	if o.State == nil || json.Unmarshal(o.State, &s.state) != nil {
		s.state.Tokens = platformsim.NewTokenServerLocked(s.Machine, "hubspot", false)
		for object, names := range customProperties {
			s.state.Props[object], s.state.Unique[object] = map[string]bool{}, map[string]bool{"fluxcascade_id": true}
			for _, name := range names {
				s.state.Props[object][name] = true
			}
		}
	}
	s.routes()
	return s
}

// customProperties are those that a person who sets the sync up has made.
var customProperties = map[string][]string{
	"contacts": {"fluxcascade_id", "service_street", "service_city", "service_state", "service_zip", "service_country",
		"billing_street", "billing_city", "billing_state", "billing_zip", "billing_country"},
	"companies": {"fluxcascade_id"},
	"deals":     {"fluxcascade_id", "job_status", "job_number", "invoice_number"},
}

// standardProperties are those that every account has, of the many that HubSpot defines.
var standardProperties = map[string][]string{
	"contacts": {"email", "firstname", "lastname", "phone", "mobilephone", "company", "address", "city", "state", "zip", "country", "jobtitle",
		"lifecyclestage", "hubspot_owner_id", "website", "hs_additional_emails"},
	"companies": {"name", "domain", "phone", "address", "address2", "city", "state", "zip", "country", "hubspot_owner_id", "website"},
	"deals": {"dealname", "amount", "closedate", "pipeline", "dealstage", "hubspot_owner_id", "deal_currency_code", "description",
		"dealtype"},
}

// stages are the default pipeline's.
var stages = []string{"appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "decisionmakerboughtin", "contractsent",
	"closedwon", "closedlost"}

// stageLabels are what people see of them, in a new account (knowledge.hubspot.com, set up and customize pipelines, 2026).
var stageLabels = map[string]string{"appointmentscheduled": "Appointment Scheduled", "qualifiedtobuy": "Qualified To Buy",
	"presentationscheduled": "Presentation Scheduled", "decisionmakerboughtin": "Decision Maker Bought-In",
	"contractsent": "Contract Sent", "closedwon": "Closed Won", "closedlost": "Closed Lost"}

// Access implements platformsim.Simulator. TokenURL is a path, to be put behind BaseURL by the program that serves it.
func (s *Simulator) Access() platformsim.Access {
	s.Lock()
	defer s.Unlock()
	return s.state.Tokens.AccessLocked(platformsim.Access{Platform: "hubspot", Account: strconv.FormatInt(s.state.Portal, 10),
		TokenURL: "/oauth/v1/token", AuthorizeURL: authorizePath, WebhookSecret: s.state.Tokens.ClientSecret, DeveloperKey: developerKey})
}

// find gives a record by id, following merges; nil if there is none or it is archived.
func (s *Simulator) findLocked(object, id string) *document {
	for range versionsKept {
		i := slices.IndexFunc(s.state.Records[object], func(d *document) bool { return d.ID == id })
		if i < 0 {
			return nil
		}
		d := s.state.Records[object][i]
		if d.MergedInto == "" {
			return d
		}
		id = d.MergedInto
	}
	return nil
}

func (s *Simulator) liveLocked(object, id string) *document {
	if d := s.findLocked(object, id); d != nil && !d.Archived {
		return d
	}
	return nil
}

// byProperty gives the live record whose unique property has a value, compared without case for emails.
func (s *Simulator) byPropertyLocked(object, property, value string) *document {
	if value == "" {
		return nil
	}
	for _, d := range s.state.Records[object] {
		if !d.Archived && d.MergedInto == "" && strings.EqualFold(d.Properties[property], value) {
			return d
		}
	}
	return nil
}

func (s *Simulator) knownLocked(object, property string) bool {
	return slices.Contains(standardProperties[object], property) || s.state.Props[object][property]
}

// stampLocked gives a record's new time of change. The vendor's stamps have milliseconds.
func (s *Simulator) stampLocked() time.Time { return s.NowLocked().Truncate(time.Millisecond) }

// rememberLocked keeps a version for the trailing index.
func (s *Simulator) rememberLocked(d *document) {
	properties := make(map[string]string, len(d.Properties))
	for name, value := range d.Properties {
		properties[name] = value
	}
	d.Versions = append(d.Versions, version{At: s.NowLocked(), Properties: properties, Archived: d.Archived || d.MergedInto != ""})
	if len(d.Versions) > versionsKept {
		d.Versions = d.Versions[len(d.Versions)-versionsKept:]
	}
	s.TouchLocked()
}

// failure is a refusal in the vendor's form.
type failure struct {
	status   int
	category string
	message  string
	existing string
}

// Error says what the screen would say.
func (f *failure) Error() string { return f.message }

func invalid(format string, args ...any) *failure {
	return &failure{status: http.StatusBadRequest, category: "VALIDATION_ERROR", message: fmt.Sprintf(format, args...)}
}

func objectName(object record.Object) string { return string(object) }

// singular gives an object type as webhooks spell it.
func singular(object string) string {
	switch object {
	case "companies":
		return "company"
	default:
		return strings.TrimSuffix(object, "s")
	}
}

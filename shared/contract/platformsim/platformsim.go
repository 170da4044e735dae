// Package platformsim is what the vendors' simulators have in common: the contract by which people and tests act on
// them, faults, OAuth tokens, and the outbox of webhooks. Each vendor's behaviour is in its own package beside this.
//
// A simulator is an http.Handler with state that behaves as the vendor's contract says. Production code reaches it
// only over HTTP and never knows. Only the command line, tests and simtest import these packages.
package platformsim

import (
	"net/http"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Simulator is one simulated account. Safe for concurrent use.
type Simulator interface {
	http.Handler

	// Create, Edit, Delete and Merge act as a person in the platform's own screens would: they obey the platform's
	// validation and reformatting, move its stamps, and queue its webhooks, but spend no API budget.
	// Fields are in the connector's flat spelling. Delete does what the platform's delete button does (archive,
	// deactivate or destroy). Errors say what the screen would say.
	Create(object record.Object, fields record.Fields) (record.ExternalID, error)
	Edit(object record.Object, id record.ExternalID, fields record.Fields) error
	Delete(object record.Object, id record.ExternalID) error
	Merge(object record.Object, winner, loser record.ExternalID) error

	// Record gives the truth of one record now, all fields; archived records answer with ok and archived true.
	Record(object record.Object, id record.ExternalID) (fields record.Fields, archived, ok bool)
	// IDs lists the live (not archived, not deleted) records of an object, in creation order.
	IDs(object record.Object) []record.ExternalID
	// Objects lists the objects it holds.
	Objects() []record.Object

	// Deliveries takes the webhook requests that are due now, signed, in the order (or disorder) in which they leave.
	// The caller sends each to the front and reports the status with Delivered, so that the vendor's retries happen.
	Deliveries() []Delivery
	// Delivered tells how a delivery was answered; status 0 is no answer.
	Delivered(d Delivery, status int)
	// PendingDeliveries counts webhooks queued, late or waiting for a retry.
	PendingDeliveries() int

	// Access gives what an outside client needs.
	Access() Access
	// Requests counts API requests served (token requests not included), whatever their answer.
	Requests() int
	// SetFaults changes what goes wrong from now on.
	SetFaults(Faults)
}

// Delivery is one webhook request ready to send.
type Delivery struct {
	ID     string
	Method string
	URL    string // the public URL of the front, as configured with Options.WebhookURL
	Header http.Header
	Body   []byte
	// Try counts from 0.
	Try int
}

// Access is what an outside client needs to use a simulator, as --endpoints writes it.
type Access struct {
	Platform      string `json:"platform"`
	Account       string `json:"account"`
	BaseURL       string `json:"base_url"` // filled by the program that serves it
	TokenURL      string `json:"token_url"`
	AuthorizeURL  string `json:"authorize_url,omitempty"`
	RevokeURL     string `json:"revoke_url,omitempty"` // "" where the vendor has none
	AccessToken   string `json:"access_token"`         // valid as long as the state, apart from the OAuth life cycle
	ClientID      string `json:"client_id"`
	ClientSecret  string `json:"client_secret"`
	RefreshToken  string `json:"refresh_token"`
	WebhookSecret string `json:"webhook_secret"`
	DeveloperKey  string `json:"developer_api_key,omitempty"` // for vendors that have such a key
}

// Options configure a simulator.
type Options struct {
	// Now is its clock.
	Now func() time.Time
	// Seed fixes every draw: ids of tokens, faults, delays.
	Seed uint64
	// Account is the account id; "" takes the simulator's default.
	Account string
	// WebhookURL is the front's public URL for this platform; "" sends none.
	WebhookURL string
	Faults     Faults
	// State is a State answer of an earlier run of the same simulator, nil to begin empty.
	State []byte
}

// Saver is a simulator whose whole state can be kept between runs (local --data). All of ours are.
type Saver interface {
	// State gives everything, as JSON, to pass as Options.State.
	State() ([]byte, error)
	// Dirty reports whether the state changed since the last State call.
	Dirty() bool
}

// Faults says what goes wrong, each a probability in 0..1 per request or webhook, or a duration. The zero value is a
// platform that behaves; real ones do all of this.
type Faults struct {
	RateLimit   float64 // answers 429 (or the vendor's form of it) without doing anything
	ServerError float64 // answers 5xx without doing anything
	LostAnswer  float64 // does it, then answers 5xx
	ItemError   float64 // one item of a batch fails with the vendor's transient per-item error
	// Webhooks:
	Lost    float64
	Twice   float64
	Late    float64 // held back by up to LateMax, so that it also comes out of order
	LateMax time.Duration
	// SearchLag is how far the search index or change list trails; zero for none.
	SearchLag time.Duration
	// TokenLife replaces the vendor's life of access tokens; zero keeps it.
	TokenLife time.Duration
	// ClockSkew shifts the platform's stamps.
	ClockSkew time.Duration
}

// Usual are the faults of an ordinary bad day, for test chain and the demonstration's --faults.
func Usual() Faults {
	return Faults{RateLimit: 0.03, ServerError: 0.03, LostAnswer: 0.02, ItemError: 0.02, Lost: 0.05, Twice: 0.10, Late: 0.30,
		LateMax: 3 * time.Second, SearchLag: 2 * time.Second, TokenLife: 5 * time.Minute}
}

package jobber

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// request is the body of every call: values travel in Variables and never in the text of Query.
type request struct {
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables,omitempty"`
}

// envelope is every answer of the GraphQL endpoint. What stands under an alias stays raw until it is decoded alone, so
// that one malformed record fails alone. Data is nil where the answer has no data, or null.
type envelope struct {
	Data       map[string]json.RawMessage `json:"data"`
	Errors     []wireError                `json:"errors"`
	Extensions struct {
		Cost cost `json:"cost"`
	} `json:"extensions"`
	// Message is the one key of answers from outside GraphQL: {"message":"Token not recognized"}.
	Message string `json:"message"`
}

// wireError is one GraphQL error. Its message may quote values: it is never read.
type wireError struct {
	// Path begins with the alias; its elements are names and numbers.
	Path       []any `json:"path"`
	Extensions struct {
		Code string `json:"code"`
	} `json:"extensions"`
}

// alias is the alias at fault, "" where the error is of the whole request.
func (e wireError) alias() string {
	if len(e.Path) == 0 {
		return ""
	}
	name, _ := e.Path[0].(string)
	return name
}

// cost is the answer's account of the cost bucket, in points (developer.getjobber.com api_rate_limits).
type cost struct {
	Requested float64 `json:"requestedQueryCost"`
	Throttle  struct {
		Maximum   float64 `json:"maximumAvailable"`
		Available float64 `json:"currentlyAvailable"`
		// Restore is points a second.
		Restore float64 `json:"restoreRate"`
	} `json:"throttleStatus"`
}

// Records. Null decodes as "" or zero.
type wireClient struct {
	ID             record.ExternalID `json:"id"`
	FirstName      string            `json:"firstName"`
	LastName       string            `json:"lastName"`
	CompanyName    string            `json:"companyName"`
	IsCompany      bool              `json:"isCompany"`
	IsArchived     bool              `json:"isArchived"`
	Title          string            `json:"title"`
	Emails         []wireEmail       `json:"emails"`
	Phones         []wirePhone       `json:"phones"`
	BillingAddress wireAddress       `json:"billingAddress"`
	Properties     propertyList      `json:"clientProperties"`
	CustomFields   []wireCustom      `json:"customFields"`
	UpdatedAt      string            `json:"updatedAt"`
	CreatedAt      string            `json:"createdAt"`
}

type wireEmail struct {
	ID          record.ExternalID `json:"id"`
	Address     string            `json:"address"`
	Description string            `json:"description"`
	Primary     bool              `json:"primary"`
}

type wirePhone struct {
	ID          record.ExternalID `json:"id"`
	Number      string            `json:"number"`
	Description string            `json:"description"`
	Primary     bool              `json:"primary"`
}

type wireAddress struct {
	Street1    string `json:"street1"`
	Street2    string `json:"street2"`
	City       string `json:"city"`
	Province   string `json:"province"`
	PostalCode string `json:"postalCode"`
	Country    string `json:"country"`
}

type propertyList struct {
	Nodes    []wireProperty `json:"nodes"`
	PageInfo pageInfo       `json:"pageInfo"`
}

type wireProperty struct {
	ID        record.ExternalID `json:"id"`
	Name      string            `json:"name"`
	IsBilling bool              `json:"isBillingAddress"`
	Address   wireAddress       `json:"address"`
	Client    *struct {
		ID record.ExternalID `json:"id"`
	} `json:"client"`
}

// wireCustom is one custom field's value; which of the values is set depends on its type.
type wireCustom struct {
	Label     string      `json:"label"`
	Text      *string     `json:"valueText"`
	Numeric   json.Number `json:"valueNumeric"`
	TrueFalse *bool       `json:"valueTrueFalse"`
	Dropdown  *string     `json:"valueDropdown"`
}

type wireJob struct {
	ID           record.ExternalID `json:"id"`
	Number       json.Number       `json:"jobNumber"`
	Title        string            `json:"title"`
	Instructions string            `json:"instructions"`
	Status       string            `json:"jobStatus"`
	Type         string            `json:"jobType"`
	Billing      string            `json:"billingType"`
	Total        json.Number       `json:"total"`
	StartAt      string            `json:"startAt"`
	EndAt        string            `json:"endAt"`
	CompletedAt  string            `json:"completedAt"`
	Client       struct {
		ID record.ExternalID `json:"id"`
	} `json:"client"`
	Property struct {
		ID record.ExternalID `json:"id"`
	} `json:"property"`
	LineItems struct {
		Nodes []wireLineItem `json:"nodes"`
	} `json:"lineItems"`
	CustomFields []wireCustom `json:"customFields"`
	UpdatedAt    string       `json:"updatedAt"`
	CreatedAt    string       `json:"createdAt"`
}

type wireLineItem struct {
	Name      string      `json:"name"`
	Quantity  json.Number `json:"quantity"`
	UnitPrice json.Number `json:"unitPrice"`
}

type pageInfo struct {
	HasNextPage bool `json:"hasNextPage"`
}

// connection is one page of records. Each edge has its own cursor, which the overlap of pages needs.
type connection struct {
	Edges []struct {
		Cursor string          `json:"cursor"`
		Node   json.RawMessage `json:"node"`
	} `json:"edges"`
	PageInfo pageInfo `json:"pageInfo"`
}

// payload is the answer of one mutation: the record, or why not.
type payload struct {
	Client     json.RawMessage `json:"client"`
	Job        json.RawMessage `json:"job"`
	UserErrors []userError     `json:"userErrors"`
}

// userError is one business error. Its message may quote values: it is never told.
type userError struct {
	Path []string `json:"path"`
}

// answer is a decoded envelope with when its request left and the platform's clock when it answered.
type answer struct {
	envelope
	began time.Time
	// date is the Date header, in whole seconds; zero where it is missing.
	date time.Time
}

// ask sends one question and classifies what speaks of the whole of it. A nil error means that Data is there; errors
// of single aliases are in Errors, for problem to find.
func (c *Connector) ask(ctx context.Context, op string, q question) (answer, error) {
	call := platform.Call{Op: op, Method: http.MethodPost, Path: "/api/graphql", Body: q.body(), Write: q.operation == "mutation",
		Header: http.Header{}}
	call.Header.Set(versionHeader, c.version)
	raw, err := c.client.Do(ctx, call)
	if err != nil {
		return answer{}, err
	}
	out := answer{began: raw.Began}
	if date, err := http.ParseTime(raw.Header.Get("Date")); err == nil {
		out.date = date.UTC()
	}
	parse := c.client.Decode(call, raw, &out.envelope)
	if parse != nil {
		out.envelope = envelope{}
	}
	return out, c.classify(call, raw, out.envelope, parse)
}

// aliasOf numbers the aliases of one question.
func aliasOf(i int) string { return "a" + strconv.Itoa(i) }

// absent reports that nothing, or null, stands under an alias.
func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// parseTime reads an ISO 8601 time, in UTC; zero for others.
func parseTime(text string) time.Time { return platform.ParseTime(text, time.RFC3339Nano) }

// formatTime is RFC 3339 in whole seconds: filters include both ends.
func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (c *Connector) reject(op, cause string) error {
	return fault.Newf(fault.Rejected, op, "%s", cause)
}

// kind is one object as the API spells it.
type kind struct {
	object    record.Object
	typename  string // of fragments
	root      string // the query by id, and the record's key in payloads
	list      string // the query of many
	appliesTo string // of custom field configurations
}

func (c *Connector) kindOf(object record.Object) (kind, catalog.Ability, bool) {
	o, ok := c.catalog.Object(object)
	if !ok {
		return kind{}, catalog.Ability{}, false
	}
	if object == "clients" {
		return kind{object: object, typename: "Client", root: "client", list: "clients", appliesTo: "ALL_CLIENTS"}, o.Ability, true
	}
	return kind{object: object, typename: "Job", root: "job", list: "jobs", appliesTo: "ALL_JOBS"}, o.Ability, true
}

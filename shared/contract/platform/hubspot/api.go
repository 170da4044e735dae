package hubspot

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

// text is a scalar of the wire as text. HubSpot answers property values as strings and nulls, and ids as strings in
// objects v3 and as strings or numbers in associations v4; a number or a boolean is taken as its text, a null as "".
type text string

// UnmarshalJSON implements json.Unmarshaler. An object or a list is no scalar.
func (t *text) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		*t = ""
		return nil
	}
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(t))
	}
	var number json.Number
	if err := json.Unmarshal(raw, &number); err == nil {
		*t = text(number)
		return nil
	}
	var flag bool
	if err := json.Unmarshal(raw, &flag); err != nil {
		return err
	}
	*t = text(strconv.FormatBool(flag))
	return nil
}

// object is one record as answered.
type object struct {
	ID         text            `json:"id"`
	Properties map[string]text `json:"properties"`
	UpdatedAt  string          `json:"updatedAt"`
	Archived   bool            `json:"archived"`
	TraceID    text            `json:"objectWriteTraceId"`
	New        *bool           `json:"new"` // of an upsert
}

// isID says that a scalar can be a record's id: digits.
func isID(t text) bool { return idForm.MatchString(string(t)) }

var idForm = lazyregexp.New(`^[0-9]{1,20}$`)

func (o object) id() record.ExternalID { return record.ExternalID(o.ID) }

// reference names a record.
type reference struct {
	ID text `json:"id"`
}

func refer(id record.ExternalID) reference { return reference{ID: text(id)} }

// batchRead reads records by id, or by the unique property IDProperty.
type batchRead struct {
	Properties []string    `json:"properties"`
	History    []string    `json:"propertiesWithHistory"` // always none, and required
	IDProperty string      `json:"idProperty,omitempty"`
	Inputs     []reference `json:"inputs"`
}

// batchWrite is the body of batch create, update, upsert and archive.
type batchWrite struct {
	Inputs []batchInput `json:"inputs"`
}

type batchInput struct {
	ID         string            `json:"id,omitempty"`
	IDProperty string            `json:"idProperty,omitempty"`
	TraceID    string            `json:"objectWriteTraceId,omitempty"`
	Properties map[string]string `json:"properties,omitempty"`
	// Associations can be given with a create only, not with an upsert.
	Associations []inlineTie `json:"associations,omitempty"`
}

// inlineTie is an association made together with its record.
type inlineTie struct {
	To    reference `json:"to"`
	Types []tieType `json:"types"`
}

type tieType struct {
	Category string `json:"associationCategory"`
	ID       int    `json:"associationTypeId"`
}

// batchAnswer is the answer of every batch call on records; results come in no promised order. Results is nil where
// the answer has none, which no batch call answers.
type batchAnswer struct {
	Results []object    `json:"results"`
	Errors  []wireError `json:"errors"`
}

func (a batchAnswer) complete() bool { return a.Results != nil }

// listAnswer is a page of a listing or of a search.
type listAnswer struct {
	Total   int      `json:"total"`
	Results []object `json:"results"`
	Paging  struct {
		Next struct {
			After text `json:"after"`
		} `json:"next"`
	} `json:"paging"`
}

func (a listAnswer) complete() bool { return a.Results != nil }

// wireError is an error body, and an item's error inside a 207. Every field is optional (error-handling guide).
type wireError struct {
	Category      string                     `json:"category"`
	Code          string                     `json:"code"` // of an inner error
	Message       string                     `json:"message"`
	CorrelationID string                     `json:"correlationId"`
	Policy        string                     `json:"policyName"`
	Context       map[string]json.RawMessage `json:"context"`
	Errors        []wireError                `json:"errors"`
}

// values reads a list of the context; a value of another form gives none.
func (e wireError) values(key string) []string {
	var list []text
	if json.Unmarshal(e.Context[key], &list) != nil {
		return nil
	}
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = string(t)
	}
	return out
}

// Search.
type search struct {
	FilterGroups []filterGroup `json:"filterGroups"`
	Sorts        []sorting     `json:"sorts,omitempty"`
	Properties   []string      `json:"properties"`
	Limit        int           `json:"limit"`
}

type filterGroup struct {
	Filters []filter `json:"filters"`
}

type filter struct {
	Property string   `json:"propertyName"`
	Operator string   `json:"operator"`
	Value    string   `json:"value,omitempty"`
	Values   []string `json:"values,omitempty"` // of IN
}

type sorting struct {
	Property  string `json:"propertyName"`
	Direction string `json:"direction"`
}

// Associations v4.
type tieRead struct {
	Inputs []reference `json:"inputs"`
}

type tieAnswer struct {
	Results []tieList   `json:"results"`
	Errors  []wireError `json:"errors"`
}

func (a tieAnswer) complete() bool { return a.Results != nil }

// tieList is what one record is associated with.
type tieList struct {
	From reference `json:"from"`
	To   []struct {
		ID    text `json:"toObjectId"`
		Types []struct {
			Category string `json:"category"`
			ID       int    `json:"typeId"`
		} `json:"associationTypes"`
	} `json:"to"`
}

// tieWrite is the body of associate/default.
type tieWrite struct {
	Inputs []tie `json:"inputs"`
}

// tie is a pair of records, in requests and in the answer of associate/default.
type tie struct {
	From reference `json:"from"`
	To   reference `json:"to"`
}

type tiesAnswer struct {
	Results []tie       `json:"results"`
	Errors  []wireError `json:"errors"`
}

func (a tiesAnswer) complete() bool { return a.Results != nil }

// tieRemoval is the body of batch archive.
type tieRemoval struct {
	Inputs []removal `json:"inputs"`
}

type removal struct {
	From reference   `json:"from"`
	To   []reference `json:"to"`
}

// property is a property's definition, as made and as answered.
type property struct {
	Name      string `json:"name"`
	Label     string `json:"label"`
	Type      string `json:"type"`
	FieldType string `json:"fieldType"`
	Group     string `json:"groupName"`
	Unique    bool   `json:"hasUniqueValue"`
}

func (property) complete() bool { return true }

// tokenInfo is what a token tells of itself.
type tokenInfo struct {
	Portal int64    `json:"hub_id"`
	App    int64    `json:"app_id"`
	Domain string   `json:"hub_domain"`
	User   string   `json:"user"`
	Scopes []string `json:"scopes"`
}

func (t *tokenInfo) complete() bool { return t.Portal != 0 }

// accountDetails is the portal's own type: STANDARD, SANDBOX, DEVELOPER_TEST, APP_DEVELOPER.
type accountDetails struct {
	Type string `json:"accountType"`
}

func (*accountDetails) complete() bool { return true }

// definition is a property's whole definition.
type definition struct {
	property
	HubSpotDefined bool `json:"hubspotDefined"`
	Calculated     bool `json:"calculated"`
	Archived       bool `json:"archived"`
	Modification   struct {
		ReadOnlyValue bool `json:"readOnlyValue"`
	} `json:"modificationMetadata"`
	Options []struct {
		Value  string `json:"value"`
		Label  string `json:"label"`
		Hidden bool   `json:"hidden"`
	} `json:"options"`
}

type propertyList struct {
	Results []definition `json:"results"`
}

func (l *propertyList) complete() bool { return l.Results != nil }

type pipelineList struct {
	Results []struct {
		Label  string `json:"label"`
		Stages []struct {
			ID    string `json:"id"`
			Label string `json:"label"`
		} `json:"stages"`
	} `json:"results"`
}

func (l *pipelineList) complete() bool { return l.Results != nil }

// Webhooks of the app.
type hookSettings struct {
	Target     string     `json:"targetUrl"`
	Throttling throttling `json:"throttling"`
}

type throttling struct {
	Max int `json:"maxConcurrentRequests"`
}

// hook is one subscription.
type hook struct {
	ID       text   `json:"id,omitempty"`
	Event    string `json:"eventType"`
	Property string `json:"propertyName,omitempty"`
	Active   bool   `json:"active"`
}

func (h *hook) complete() bool { return h.ID != "" }

type hookList struct {
	Results []hook `json:"results"`
}

func (l *hookList) complete() bool { return l.Results != nil }

// objectsPath is the address of an object's records.
func objectsPath(object record.Object) string { return "/crm/v3/objects/" + string(object) }

// tiesPath is the address of associations from an object's records to another's.
func tiesPath(object record.Object, to string) string {
	return "/crm/v4/associations/" + string(object) + "/" + to + "/batch/"
}

// answered is what is known of an answer besides its content.
type answered struct {
	header http.Header
	began  time.Time
	// refusal is the error body where the call failed, empty otherwise.
	refusal wireError
}

// expected is an answer that knows whether it has what every such answer has. Half an answer must not be read as
// "nothing found".
type expected interface{ complete() bool }

// ask sends one call, classifies its answer and decodes it into out, which is nil for an answer without content.
func (c *Connector) ask(ctx context.Context, call platform.Call, out expected) (answered, error) {
	answer, err := c.client.Do(ctx, call)
	if err != nil {
		return answered{}, err
	}
	told := answered{began: answer.Began, header: answer.Header}
	if answer.Status < 200 || answer.Status >= 300 {
		_ = json.Unmarshal(answer.Body, &told.refusal) // a body of another form has no category
		return told, c.classify(call, answer, told.refusal)
	}
	if out == nil {
		return told, nil
	}
	if err := c.client.Decode(call, answer, out); err != nil {
		return told, err
	}
	if !out.complete() {
		return told, fault.Newf(call.Lost(), c.client.Op(call), "answer with status %d lacks its results", answer.Status)
	}
	return told, nil
}

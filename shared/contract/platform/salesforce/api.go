package salesforce

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Wire types of the REST API. Records and results stay raw until decoded one by one, so that one malformed among them
// fails alone.
type queryAnswer struct {
	Done    *bool             `json:"done"`
	Records []json.RawMessage `json:"records"`
}

func (a *queryAnswer) complete() bool { return a.Done != nil && a.Records != nil }

// results are those of a collection, one for each record in the order sent.
type results []json.RawMessage

func (r *results) complete() bool { return *r != nil }

// result is one of them.
type result struct {
	ID      string      `json:"id"`
	Success *bool       `json:"success"`
	Created *bool       `json:"created"` // of an upsert
	Errors  []wireError `json:"errors"`
}

// wireError is one error, of a call (errorCode) or of one record of a collection (statusCode). The message may quote
// values: it is never told.
type wireError struct {
	Message    string          `json:"message"`
	ErrorCode  string          `json:"errorCode"`
	StatusCode string          `json:"statusCode"`
	Fields     json.RawMessage `json:"fields"`
	// Duplicates is what a duplicate rule found (unverified where in an answer it stands; without it a refusal is one).
	Duplicates struct {
		Results []struct {
			Records []struct {
				Record struct {
					ID string `json:"Id"`
				} `json:"record"`
			} `json:"matchRecords"`
		} `json:"matchResults"`
	} `json:"duplicateResult"`
}

// description is what a describe tells, as far as it matters here.
type description struct {
	Fields []fieldDescription `json:"fields"`
}

type fieldDescription struct {
	Name       string `json:"name"`
	Type       string `json:"type"`
	ExternalID bool   `json:"externalId"`
	Unique     bool   `json:"unique"`
	Createable bool   `json:"createable"`
	Updateable bool   `json:"updateable"`
	Label      string `json:"label"`
	Length     int    `json:"length"`
	Nillable   bool   `json:"nillable"`
	Defaulted  bool   `json:"defaultedOnCreate"`
	Custom     bool   `json:"custom"`
	Restricted bool   `json:"restrictedPicklist"`
	Values     []struct {
		Value  string `json:"value"`
		Label  string `json:"label"`
		Active bool   `json:"active"`
	} `json:"picklistValues"`
}

func (d *description) complete() bool { return d.Fields != nil }

// userInfo is who authorised, organization the org's own record, limits what is left of its calls.
type userInfo struct {
	Org      string `json:"organization_id"`
	Username string `json:"preferred_username"`
	Email    string `json:"email"`
	Name     string `json:"name"`
}

func (u *userInfo) complete() bool { return u.Org != "" }

type organization struct {
	Name    string
	Sandbox bool `json:"IsSandbox"`
}

func (*organization) complete() bool { return true }

type limits struct {
	Daily struct{ Max, Remaining int } `json:"DailyApiRequests"`
}

func (l *limits) complete() bool { return l.Daily.Max > 0 }

// Requests.
type collection struct {
	AllOrNone bool             `json:"allOrNone"`
	Records   []map[string]any `json:"records"`
}

// mergeable says that an object's records can be merged, and then name their winner (describe: MasterRecordId).
func mergeable(object record.Object) bool { return object == "Contact" || object == "Account" }

// row is one record as decoded: numbers are json.Number, so that money is never a float.
type row map[string]any

// decodeRow reads one record. The error tells no value.
func decodeRow(raw json.RawMessage) (row, error) {
	var r row
	if err := platform.DecodeRecord(raw, &r); err != nil {
		return nil, err
	}
	if !wellFormed(record.ExternalID(r.text("Id"))) {
		return nil, fmt.Errorf("record without an Id")
	}
	if _, marked := r["IsDeleted"].(bool); !marked && r["IsDeleted"] != nil {
		return nil, fmt.Errorf("record of which it is not told whether it is deleted")
	}
	return r, nil
}

func (r row) id() record.ExternalID { return long(record.ExternalID(r.text("Id"))) }

func (r row) deleted() bool {
	deleted, _ := r["IsDeleted"].(bool)
	return deleted
}

// master is the survivor of a merge, "" if there was none.
func (r row) master() record.ExternalID {
	if id := record.ExternalID(r.text("MasterRecordId")); wellFormed(id) {
		return long(id)
	}
	return ""
}

// modified is SystemModstamp, zero where missing.
func (r row) modified() time.Time { return parseTime(r.text("SystemModstamp")) }

func (r row) text(key string) string {
	s, _ := r[key].(string)
	return s
}

// parseTime reads the forms of time met so far, in UTC; zero for others. Answers have the offset without a colon.
func parseTime(text string) time.Time {
	return platform.ParseTime(text, "2006-01-02T15:04:05.999999999-0700", time.RFC3339Nano)
}

// formatTime writes a time of a statement: UTC, without quotes (developer.salesforce.com, date formats and date literals).
func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

const (
	idDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	idCheck  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
	idShort  = 15
	idLong   = 18
)

// wellFormed says that text can be a record's id: 15 characters, or 18 whose last three fit the others. The check keeps a
// misspelt id, which would have a whole query refused, out of it.
func wellFormed(id record.ExternalID) bool {
	if len(id) != idShort && len(id) != idLong || strings.ContainsFunc(string(id), func(r rune) bool { return !strings.ContainsRune(idDigits, r) }) {
		return false
	}
	return len(id) == idShort || long(id[:idShort]) == id
}

// long gives a well-formed id in 18 characters, others as they are. The last three tell which of the others are capitals,
// five to each (help.salesforce.com, "How to convert 15-digit Id to 18-digit Id").
func long(id record.ExternalID) record.ExternalID {
	if len(id) != idShort {
		return id
	}
	out := []byte(id)
	for group := range 3 {
		bits := 0
		for i := range 5 {
			if ch := id[group*5+i]; ch >= 'A' && ch <= 'Z' {
				bits |= 1 << i
			}
		}
		out = append(out, idCheck[bits])
	}
	return record.ExternalID(out)
}

// answered is what is known of an answer besides its content.
type answered struct {
	began time.Time
	clock time.Time // the platform's, zero where it does not say
	// refusal is the first error where the call failed, empty otherwise.
	refusal wireError
}

// expected is an answer that knows whether it has what every such answer has. Half an answer must not be read as
// "nothing found".
type expected interface{ complete() bool }

// ask sends one call, classifies its answer and decodes it into out, which is nil for an answer without content.
func (c *Connector) ask(ctx context.Context, call platform.Call, out expected) (answered, error) {
	if c.homeless != "" {
		return answered{}, fault.Newf(fault.Unauthorized, c.client.Op(call), "%s", c.homeless)
	}
	if call.Header == nil {
		call.Header = http.Header{}
	}
	call.Header.Set("Sforce-Call-Options", callOptions)
	answer, err := c.client.Do(ctx, call)
	if err != nil {
		return answered{}, err
	}
	told := answered{began: answer.Began}
	if at, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
		told.clock = at.UTC()
	}
	if answer.Status < 200 || answer.Status >= 300 {
		list := parseErrors(answer.Body)
		if len(list) > 0 {
			told.refusal = list[0]
		}
		err := c.classify(call, answer, list)
		if fault.CodeOf(err) == codeSession {
			return told, c.expired(ctx, err)
		}
		return told, err
	}
	if out == nil {
		return told, nil
	}
	if err := c.client.Decode(call, answer, out); err != nil {
		return told, err
	}
	if !out.complete() {
		return told, fault.Newf(call.Lost(), c.client.Op(call), "answer with status %d lacks what it must have", answer.Status)
	}
	return told, nil
}

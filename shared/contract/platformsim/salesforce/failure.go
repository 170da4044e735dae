package salesforce

import (
	"encoding/json"
	"net/http"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
)

// failure is an error as the API tells it: alone or in a list where a call fails, among the results of a collection where
// a record does.
type failure struct {
	code, message string
	fields        []string
	// also are the further errors of one record.
	also []*failure
	// matches are the records that a duplicate rule found.
	matches []string
}

func failed(code, message string, fields ...string) *failure {
	return &failure{code: code, message: message, fields: fields}
}

// Error says it as a screen would.
func (f *failure) Error() string { return f.message }

// asError keeps a nil *failure from becoming a non-nil error.
func (f *failure) asError() error {
	if f == nil {
		return nil
	}
	return f
}

// statuses of calls that fail, by code (developer.salesforce.com, status codes and error responses); others are 400.
var statuses = map[string]int{"INVALID_SESSION_ID": http.StatusUnauthorized, "REQUEST_LIMIT_EXCEEDED": http.StatusForbidden,
	"NOT_FOUND":         http.StatusNotFound,
	"ENTITY_IS_DELETED": http.StatusNotFound, "METHOD_NOT_ALLOWED": http.StatusMethodNotAllowed,
	"SERVER_UNAVAILABLE": http.StatusServiceUnavailable,
	"UNKNOWN_EXCEPTION":  http.StatusInternalServerError}

// whole is the answer of a call that fails.
func (f *failure) whole() reply {
	status := statuses[f.code]
	if status == 0 {
		status = http.StatusBadRequest
	}
	list := []any{}
	for _, one := range append([]*failure{f}, f.also...) {
		body := map[string]any{"message": one.message, "errorCode": one.code, "fields": orEmpty(one.fields)}
		if len(one.matches) > 0 {
			body["duplicateResult"] = one.duplicates()
		}
		list = append(list, body)
	}
	return reply{status: status, body: list}
}

// item is the result of one record of a collection.
func (f *failure) item() map[string]any {
	list := []any{}
	for _, one := range append([]*failure{f}, f.also...) {
		body := map[string]any{"statusCode": one.code, "message": one.message, "fields": orEmpty(one.fields)}
		if len(one.matches) > 0 {
			body["duplicateResult"] = one.duplicates()
		}
		list = append(list, body)
	}
	return map[string]any{"success": false, "errors": list}
}

func (f *failure) duplicates() map[string]any {
	records := []any{}
	for _, id := range f.matches {
		records = append(records, map[string]any{"matchConfidence": json.Number("100"), "record": map[string]any{"Id": id,
			"attributes": map[string]any{"type": "Contact"}}})
	}
	return map[string]any{"allowSave": false, "duplicateRule": "Standard_Contact_Duplicate_Rule",
		"matchResults": []any{map[string]any{"matchRecords": records, "success": true}}}
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// reply is one HTTP answer.
type reply struct {
	status int
	// body is marshalled as JSON; html is sent as it is where body is nil.
	body any
	html string
}

func (r reply) write(w http.ResponseWriter) {
	if r.body == nil {
		if r.html != "" {
			w.Header().Set("Content-Type", "text/html;charset=UTF-8")
		}
		w.WriteHeader(r.status)
		_, _ = w.Write([]byte(r.html))
		return
	}
	platformsim.WriteJSON(w, r.status, "application/json;charset=UTF-8", r.body)
}

// page is the HTML that a gateway answers in place of the API.
func page(status int) reply {
	return reply{status: status, html: "<html><body><h1>" + http.StatusText(status) + "</h1></body></html>"}
}

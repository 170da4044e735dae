package pipedrive

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
)

// failure is an error as API v2 tells it.
type failure struct {
	status        int
	code, message string
}

// invalid is a body or a parameter that the strict checks of v2 refuse.
func invalid(format string, args ...any) *failure {
	return &failure{http.StatusBadRequest, "ERR_SCHEMA_VALIDATION_FAILED", "Parameter validation failed: " + fmt.Sprintf(format, args...)}
}

func notFound() *failure {
	return &failure{http.StatusNotFound, "ERR_NOT_FOUND", "Entity was not found"}
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

func (f *failure) reply() reply {
	return reply{status: f.status, body: map[string]any{"success": false, "error": f.message,
		"error_info": "Please check developers.pipedrive.com for more information about Pipedrive API.",
		"code":       f.code, "data": nil, "additional_data": nil}}
}

// reply is one HTTP answer.
type reply struct {
	status int
	header map[string]string
	// body is marshalled as JSON; html is sent as it is where body is nil.
	body any
	html string
}

// fine answers data.
func fine(data any) reply {
	return reply{status: http.StatusOK, body: map[string]any{"success": true, "data": data}}
}

// pageOf answers one page of a list of v2.
func pageOf(data any, next any) reply {
	return reply{status: http.StatusOK, body: map[string]any{"success": true, "data": data,
		"additional_data": map[string]any{"next_cursor": next}}}
}

func (r reply) write(w http.ResponseWriter) {
	for name, value := range r.header {
		w.Header().Set(name, value)
	}
	if r.body == nil {
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		w.WriteHeader(r.status)
		_, _ = w.Write([]byte(r.html))
		return
	}
	platformsim.WriteJSON(w, r.status, "application/json; charset=utf-8", r.body)
}

// gateway is the HTML that an edge answers in place of the API.
func gateway(status int) reply {
	return reply{status: status, html: "<html><body><h1>" + http.StatusText(status) + "</h1></body></html>"}
}

var errNoObject = errors.New("no such object here, in Pipedrive")

package quickbooks

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
)

// Codes of faults. Sources: Intuit developer blog 2017-06-08; those without a mention there are unverified.
const (
	codeNotFound      = "610"
	codeUnsupported   = "2010"
	codeRequired      = "2020"
	codeLength        = "2050"
	codeNumber        = "2090"
	codeEmail         = "2210"
	codeBadReference  = "2500"
	codeQuery         = "4000"
	codeProperty      = "4001"
	codeStale         = "5010"
	codeBusinessRule  = "6000"
	codeAmount        = "6070"
	codeDuplicateName = "6240"
	codeSystem        = "10000"
)

// failure is a fault as the API tells it.
type failure struct {
	status                int
	kind                  string
	code, message, detail string
	element               string
}

// failed is a validation fault.
func failed(code, message, element string) *failure {
	return &failure{status: http.StatusBadRequest, kind: "ValidationFault", code: code, message: message, detail: message, element: element}
}

// Error says it as a screen would.
func (f *failure) Error() string {
	if f.element != "" {
		return f.message + ": " + f.element
	}
	return f.message
}

// asError keeps a nil *failure from becoming a non-nil error.
func (f *failure) asError() error {
	if f == nil {
		return nil
	}
	return f
}

func (f *failure) body() map[string]any {
	cause := map[string]any{"Message": f.message, "Detail": f.detail, "code": f.code}
	if f.element != "" {
		cause["element"] = f.element
	}
	return map[string]any{"Error": []any{cause}, "type": f.kind}
}

// reply is one HTTP answer.
type reply struct {
	status int
	// body is marshalled as JSON; html is sent as it is where body is nil.
	body any
	html string
}

// write sends a reply: JSON where it was asked for, else the XML that the API speaks by default.
func (r reply) write(w http.ResponseWriter, accept, tid string) {
	w.Header().Set("intuit_tid", tid)
	switch {
	case r.body == nil:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(r.status)
		fmt.Fprint(w, r.html)
	case !strings.Contains(accept, "application/json"):
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(r.status)
		fmt.Fprint(w, xml.Header+`<IntuitResponse xmlns="http://schema.intuit.com/finance/v3"/>`)
	default:
		platformsim.WriteJSON(w, r.status, "application/json;charset=UTF-8", r.body)
	}
}

// page is the HTML that a gateway answers in place of the API.
func page(status int) reply {
	return reply{status: status, html: "<html><body><h1>" + http.StatusText(status) + "</h1></body></html>"}
}

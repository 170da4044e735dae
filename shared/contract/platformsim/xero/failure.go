package xero

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
)

// failure is a refusal of one record: what its ValidationErrors say. field names the element at fault for tests and
// screens; the API does not tell it.
type failure struct {
	message string
	field   string
}

func failed(field, format string, args ...any) *failure {
	return &failure{message: fmt.Sprintf(format, args...), field: field}
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

// errors gives the record's ValidationErrors. One without a message is the platform's own trouble.
func (f *failure) errors() []any {
	if f.message == "" {
		return []any{}
	}
	return []any{map[string]any{"Message": f.message}}
}

// reply is one HTTP answer.
type reply struct {
	status int
	// body is marshalled as JSON or XML; html is sent as it is where body is nil.
	body any
	root string // of the XML, "Response" by default
	html string
	// header holds more headers.
	header map[string]string
}

// exception refuses a call as a whole.
func exception(number int, kind, format string, args ...any) reply {
	return reply{status: http.StatusBadRequest, root: "ApiException",
		body: map[string]any{"ErrorNumber": number, "Type": kind, "Message": fmt.Sprintf(format, args...)}}
}

// badQuery refuses a filter or an order that does not parse.
func badQuery(format string, args ...any) reply {
	return exception(16, "QueryParseException", format, args...)
}

// denied is how the gateway answers a call that it does not let through.
func denied(status int, detail string) reply {
	return reply{status: status, body: map[string]any{"Type": nil, "Title": http.StatusText(status), "Status": status,
		"Detail": detail, "Instance": nil, "Extensions": map[string]any{}}}
}

// page is the HTML that a gateway answers in place of the API.
func page(status int) reply {
	return reply{status: status, html: "<html><body><h1>" + http.StatusText(status) + "</h1></body></html>"}
}

// missing is the answer for what is not there: text, of no form.
func missing() reply {
	return reply{status: http.StatusNotFound, html: "The resource you're looking for cannot be found"}
}

// write sends a reply: JSON where it was asked for, else the XML that the API speaks by default.
func (r reply) write(w http.ResponseWriter, accept string) {
	for name, value := range r.header {
		w.Header().Set(name, value)
	}
	switch {
	case r.body == nil:
		if r.html != "" {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
		}
		w.WriteHeader(r.status)
		fmt.Fprint(w, r.html)
	case !strings.Contains(accept, "application/json"):
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		w.WriteHeader(r.status)
		root := r.root
		if root == "" {
			root = "Response"
		}
		var text strings.Builder
		toXML(&text, root, r.body)
		fmt.Fprint(w, xml.Header+text.String())
	default:
		platformsim.WriteJSON(w, r.status, "application/json; charset=utf-8", r.body)
	}
}

// toXML writes a JSON value as elements: those of a list by the list's name in the singular.
func toXML(out *strings.Builder, name string, value any) {
	switch v := value.(type) {
	case nil:
	case map[string]any:
		fmt.Fprintf(out, "<%s>", name)
		for _, key := range slices.Sorted(maps.Keys(v)) {
			toXML(out, key, v[key])
		}
		fmt.Fprintf(out, "</%s>", name)
	case []any:
		fmt.Fprintf(out, "<%s>", name)
		for _, item := range v {
			toXML(out, strings.TrimSuffix(name, "s"), item)
		}
		fmt.Fprintf(out, "</%s>", name)
	case json.RawMessage:
		var inner any
		if json.Unmarshal(v, &inner) == nil {
			toXML(out, name, inner)
		}
	default:
		fmt.Fprintf(out, "<%s>", name)
		_ = xml.EscapeText(out, fmt.Append(nil, v))
		fmt.Fprintf(out, "</%s>", name)
	}
}

package platformsim

import (
	"encoding/json"
	"net/http"

	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// WriteJSON answers a body as JSON, under the content type that the vendor gives it.
func WriteJSON(w http.ResponseWriter, status int, contentType string, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		panic("a simulator's own answer does not marshal: " + err.Error())
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}

// Clone copies a JSON object deeply.
func Clone(object map[string]any) map[string]any {
	out := make(map[string]any, len(object))
	for key, value := range object {
		out[key] = CloneValue(value)
	}
	return out
}

// CloneValue copies a JSON value deeply.
func CloneValue(value any) any {
	switch v := value.(type) {
	case map[string]any:
		return Clone(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = CloneValue(item)
		}
		return out
	}
	return value
}

// Typed gives a field's text as JSON has it: yes or no, a number, null for a number that is blank, else text.
func Typed(kind catalog.Kind, value string) any {
	switch kind {
	case catalog.Bool:
		return value == "true"
	case catalog.Money, catalog.Number:
		if value == "" {
			return nil
		}
		return json.Number(value)
	}
	return value
}

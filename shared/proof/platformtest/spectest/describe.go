package spectest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// describes are the recorded describes of a Salesforce org: what fields an object has, and which may be written.
type describes map[string]map[string]describedField

type describedField struct {
	Name, Type             string
	Createable, Updateable bool
}

func newDescribes(dir string) (describes, error) {
	out := describes{}
	for _, object := range []string{"Contact", "Account", "Opportunity"} {
		raw, err := os.ReadFile(filepath.Join(dir, object+".json"))
		if err != nil {
			return nil, err
		}
		var recorded struct{ Fields []describedField }
		if err := json.Unmarshal(raw, &recorded); err != nil {
			return nil, err
		}
		out[object] = map[string]describedField{}
		for _, f := range recorded.Fields {
			out[object][f.Name] = f
		}
	}
	return out, nil
}

// Check implements Validator: what is sent of a record is a field that may be written, in a fitting type, and what is
// answered of one is a field of its object. Custom fields are the org's own.
func (v describes) Check(r *http.Request, body []byte, _ int, _ http.Header, answer []byte) error {
	if err := v.records(body, true, pathObject(r)); err != nil {
		return fmt.Errorf("the request: %w", err)
	}
	if err := v.records(answer, false, ""); err != nil {
		return fmt.Errorf("the answer: %w", err)
	}
	return nil
}

// pathObject is the object of a record that is written alone: /sobjects/Contact/003….
func pathObject(r *http.Request) string {
	parts := strings.Split(r.URL.Path, "/")
	for i, part := range parts {
		if part == "sobjects" && i+2 < len(parts) && r.Method == http.MethodPatch && !strings.Contains(r.URL.Path, "/composite/") {
			return parts[i+1]
		}
	}
	return ""
}

// records looks through a body for records; alone names the object of a body that is one.
func (v describes) records(body []byte, written bool, alone string) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var in map[string]any
	if d.Decode(&in) != nil {
		return nil
	}
	if alone != "" {
		return v.record(alone, in, written)
	}
	list, _ := in["records"].([]any)
	for _, item := range list {
		one, _ := item.(map[string]any)
		attributes, _ := one["attributes"].(map[string]any)
		object, _ := attributes["type"].(string)
		if err := v.record(object, one, written); err != nil {
			return err
		}
	}
	return nil
}

func (v describes) record(object string, one map[string]any, written bool) error {
	fields, known := v[object]
	if !known {
		return fmt.Errorf("a record of %q", object)
	}
	for name, value := range one {
		if name == "attributes" || name == "Id" || strings.HasSuffix(name, "__c") {
			continue
		}
		f, known := fields[name]
		switch {
		case !known:
			return fmt.Errorf("%s has no field %s", object, name)
		case written && !f.Createable && !f.Updateable:
			return fmt.Errorf("%s.%s may not be written", object, name)
		case value != nil && !fits(f.Type, value):
			return fmt.Errorf("%s.%s, of type %s, goes as %T", object, name, f.Type, value)
		}
	}
	return nil
}

func fits(kind string, value any) bool {
	_, number := value.(json.Number)
	_, flag := value.(bool)
	switch kind {
	case "currency", "double", "int", "percent":
		return number
	case "boolean":
		return flag
	}
	return !number && !flag
}

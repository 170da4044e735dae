package quickbooks

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/shopspring/decimal"
)

// get reads a dotted path as text; "" where it leads nowhere.
func get(object map[string]any, path string) string {
	keys := strings.Split(path, ".")
	for _, key := range keys[:len(keys)-1] {
		object, _ = object[key].(map[string]any)
	}
	switch v := object[keys[len(keys)-1]].(type) {
	case string:
		return v
	case bool:
		return map[bool]string{true: "true", false: "false"}[v]
	case json.Number:
		if d, err := decimal.NewFromString(string(v)); err == nil {
			return d.String()
		}
	}
	return ""
}

// refOf reads the id of a reference.
func refOf(object map[string]any, key string) string { return get(object, key+".value") }

// flat reads a field in the connector's spelling from a rendered record.
func flat(object map[string]any, name string) string {
	if custom, ok := strings.CutPrefix(name, "CustomField["); ok {
		return get(customNamed(object, strings.TrimSuffix(custom, "]")), "StringValue")
	}
	if field, ok := strings.CutPrefix(name, "Line[0]."); ok {
		line := firstSale(object)
		if field == "Amount" || field == "Description" {
			return get(line, field)
		}
		detail, _ := line[salesDetail].(map[string]any)
		return flat(detail, field)
	}
	if strings.HasSuffix(name, "Ref") {
		return refOf(object, name)
	}
	return get(object, name)
}

// setFlat writes a field in the connector's spelling, as a person's screen would: nothing else of the record changes.
func setFlat(object map[string]any, f catalog.Field, value string) {
	name := string(f.Name)
	if custom, ok := strings.CutPrefix(name, "CustomField["); ok {
		if field := customNamed(object, strings.TrimSuffix(custom, "]")); field != nil {
			field["StringValue"] = value
		}
		return
	}
	typed := platformsim.Typed(f.Kind, value)
	if field, ok := strings.CutPrefix(name, "Line[0]."); ok {
		setLine(object, field, typed)
		return
	}
	setPath(object, name, typed)
}

func setLine(object map[string]any, field string, value any) {
	line := firstSale(object)
	if line == nil {
		line = map[string]any{"DetailType": salesDetail, salesDetail: map[string]any{}}
		lines, _ := object["Line"].([]any)
		object["Line"] = append([]any{line}, lines...)
	}
	if field == "Amount" || field == "Description" {
		line[field] = value
		return
	}
	detail, _ := line[salesDetail].(map[string]any)
	if detail == nil {
		detail = map[string]any{}
		line[salesDetail] = detail
	}
	setPath(detail, field, value)
}

func setPath(object map[string]any, path string, value any) {
	if strings.HasSuffix(path, "Ref") {
		object[path] = map[string]any{"value": value}
		return
	}
	key, rest, nested := strings.Cut(path, ".")
	if !nested {
		object[key] = value
		return
	}
	inner, _ := object[key].(map[string]any)
	if inner == nil {
		inner = map[string]any{}
		object[key] = inner
	}
	inner[rest] = value
}

// firstSale gives the line that sells an item and was numbered first, nil if there is none.
func firstSale(object map[string]any) (first map[string]any) {
	lines, _ := object["Line"].([]any)
	for _, item := range lines {
		line, _ := item.(map[string]any)
		if line["DetailType"] == salesDetail && (first == nil || number(line) < number(first)) {
			first = line
		}
	}
	return first
}

func number(line map[string]any) int {
	n, _ := strconv.Atoi(get(line, "Id"))
	return n
}

func customNamed(object map[string]any, name string) map[string]any {
	list, _ := object["CustomField"].([]any)
	for _, item := range list {
		if field, _ := item.(map[string]any); field["Name"] == name {
			return field
		}
	}
	return nil
}

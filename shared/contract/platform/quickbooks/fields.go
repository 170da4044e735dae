package quickbooks

import (
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	// linePrefix begins the fields of one sales line: the document's only one, or else the one that QuickBooks numbered first.
	// Where it stands in the list says nothing: people put others above it. Description-only and subtotal lines are passed over.
	linePrefix = "Line[0]."
	// firstLine is the id of the first line of a document when it is made, which later lines do not get (developer.intuit.com,
	// Invoice, sample answers; unverified for a document whose lines were all replaced). Where no line has it, and there are
	// several, none is taken for ours.
	firstLine = "1"
	// customPrefix begins the custom fields of the account, by name.
	customPrefix = "CustomField["
	salesDetail  = "SalesItemLineDetail"
)

// snapshot gives the fields asked for in the flat spelling. A read answers the whole record but only the properties
// that hold a value (developer.intuit.com data queries), so a known field that is missing is a blank. Two exceptions
// say nothing: a custom field that the record does not list, and a value of a type that a field cannot have.
func (c *Connector) snapshot(k kind, e entity, fields []record.PlatformField, began time.Time) *record.Snapshot {
	s := &record.Snapshot{
		Ref:        record.Ref{Place: record.Place{Connection: c.client.Settings.Connection, Object: k.object}, ID: e.id()},
		Fields:     make(record.Fields, len(fields)),
		Version:    e.version(),
		ModifiedAt: e.modified(),
		ReadBegan:  began,
		Archived:   e.archived(k),
	}
	for _, name := range fields {
		if value, ok := e.value(name); ok {
			s.Fields[name] = value
		} else if e.lineIsGone(name) {
			s.Gone = append(s.Gone, name)
		}
	}
	return s
}

// lineIsGone reports whether a field is of a line that cannot be told from the others any more.
func (e entity) lineIsGone(name record.PlatformField) bool {
	lines, _ := e["Line"].([]any)
	_, sure := salesLine(lines)
	return strings.HasPrefix(string(name), linePrefix) && !sure
}

// value gives one field; ok is false where the record says nothing about it.
func (e entity) value(name record.PlatformField) (value string, ok bool) {
	path := string(name)
	switch {
	case strings.HasPrefix(path, customPrefix):
		return e.custom(strings.TrimSuffix(strings.TrimPrefix(path, customPrefix), "]"))
	case strings.HasPrefix(path, linePrefix):
		lines, listed := e["Line"].([]any)
		if !listed && e["Line"] != nil {
			return "", false
		}
		line, sure := salesLine(lines)
		if !sure {
			return "", false
		}
		return follow(line, linePath(strings.TrimPrefix(path, linePrefix)))
	case path == "Job", path == "IsProject":
		// "If false or null, this is a top level customer" (developer.intuit.com, Customer; read 2026-12-01).
		truth, isBool := e[path].(bool)
		return map[bool]string{true: "true", false: "false"}[truth], isBool || e[path] == nil
	case path == "Active":
		// Never a blank.
		active, told := e["Active"].(bool)
		return map[bool]string{true: "true", false: "false"}[active], told
	}
	return follow(e, refPath(path))
}

// custom finds a custom field by its name. A definition without a value is a blank.
func (e entity) custom(name string) (string, bool) {
	definition := definitionOf(e, name)
	if definition == nil {
		return "", false
	}
	for _, key := range []string{"StringValue", "NumberValue", "DateValue", "BooleanValue"} {
		if value, ok := platform.Scalar(definition[key]); ok && value != "" {
			return value, true
		}
	}
	return "", true
}

// definitionOf finds the entry of a custom field on a record, nil if it is not listed.
func definitionOf(e entity, name string) map[string]any {
	list, _ := e["CustomField"].([]any)
	for _, item := range list {
		if field, _ := item.(map[string]any); field != nil && field["Name"] == name {
			return field
		}
	}
	return nil
}

// salesLine gives the line that our fields are of, nil if there is none yet. sure is false where there are several that sell
// an item, and none is the first that QuickBooks numbered.
func salesLine(lines []any) (ours map[string]any, sure bool) {
	count := 0
	for _, item := range lines {
		line, _ := item.(map[string]any)
		if line == nil || line["DetailType"] != salesDetail {
			continue
		}
		count++
		if id, _ := platform.Scalar(line["Id"]); id == firstLine {
			return line, true
		}
		ours = line
	}
	if count > 1 {
		return nil, false
	}
	return ours, true
}

// linePath gives the keys of a line's field: amount and description are the line's own, the others its detail's.
func linePath(field string) []string {
	switch field {
	case "Amount", "Description":
		return []string{field}
	}
	return append([]string{salesDetail}, refPath(field)...)
}

// refPath gives the keys of a dotted field; a reference is spelled without its ".value".
func refPath(field string) []string {
	keys := strings.Split(field, ".")
	if strings.HasSuffix(field, "Ref") {
		keys = append(keys, "value")
	}
	return keys
}

// follow walks nested objects. A missing step is a blank; a step of another type says nothing.
func follow(object map[string]any, keys []string) (string, bool) {
	for _, key := range keys[:len(keys)-1] {
		next, isObject := object[key].(map[string]any)
		if !isObject && object[key] != nil {
			return "", false
		}
		object = next
	}
	return platform.Scalar(object[keys[len(keys)-1]])
}

package quickbooks

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// replaced lists the nested objects that hold more than the field due. Whether a sparse update merges or replaces them
// is unverified, so they are sent whole, with their other parts as read just before: right under either rule.
var replaced = []string{"BillAddr", "ShipAddr"}

// derivedParts are the parts of an address that the platform derives from the others.
var derivedParts = []string{"Lat", "Long"}

// needsRecord reports whether an intent cannot be written from its fields alone: flat fields do not hold the siblings
// of a list or an address, and every change needs the SyncToken.
func needsRecord(intent record.Intent) bool {
	if intent.Operation == record.OperationCreate {
		return false
	}
	if intent.Current == nil || intent.Current.Version == "" {
		return true
	}
	for name := range intent.Fields {
		object, _, nested := strings.Cut(string(name), ".")
		if strings.HasPrefix(string(name), linePrefix) || strings.HasPrefix(string(name), customPrefix) {
			return true
		}
		if nested && slices.Contains(replaced, object) {
			return true
		}
	}
	return false
}

// body builds what is sent for one intent: its due fields, what identifies and guards the record, and the siblings in
// current, the record as read (nil where needsRecord says that it is not needed).
//
// A blank is sent as "", for a nested object inside it ({"Address": ""}), which clears the field. null would not: the
// API ignores it (both unverified; the receipt tells what the record then holds, so a field that was not cleared
// shows as a difference and is never taken for cleared).
func (c *Connector) body(k kind, intent record.Intent, current entity) (map[string]any, error) {
	body := map[string]any{}
	if intent.Operation != record.OperationCreate {
		body["Id"], body["SyncToken"] = string(intent.Ref.ID), current.version()
		if current == nil {
			body["SyncToken"] = intent.Current.Version
		}
	}
	switch {
	case intent.Operation == record.OperationArchive && k.inactive:
		body["sparse"], body["Active"] = true, false
		return body, nil
	case intent.Operation == record.OperationUpdate:
		body["sparse"] = true
	case intent.Operation != record.OperationCreate:
		return body, nil
	}
	object, _ := c.catalog.Object(k.object)
	for _, name := range slices.Sorted(maps.Keys(intent.Fields)) {
		value := intent.Fields[name]
		if value == "" && intent.Operation == record.OperationCreate {
			continue
		}
		if problem := platform.Unwritable(object, name, value, intent.Operation); problem != "" {
			return nil, c.client.Unfit(intent, name, problem)
		}
		f, _ := object.Field(name)
		if problem := c.set(body, f, value, current); problem != "" {
			return nil, c.client.Unfit(intent, name, problem)
		}
	}
	if intent.Operation == record.OperationUpdate {
		followAmount(body, intent.Fields)
	}
	return body, nil
}

// followAmount keeps a line's arithmetic true where only its amount is due: the platform refuses an amount other than
// quantity times price (code 6070, unverified). With a quantity of one the price can only be the amount. With any
// other the price stays as it is and the platform judges: a quantity that a user typed is not ours to drop.
func followAmount(body map[string]any, due record.Fields) {
	lines, _ := body["Line"].([]any)
	line, _ := salesLine(lines)
	detail, _ := line[salesDetail].(map[string]any)
	_, amount := due[linePrefix+"Amount"]
	_, quantity := due[linePrefix+"Qty"]
	_, price := due[linePrefix+"UnitPrice"]
	if !amount || quantity || price || detail["UnitPrice"] == nil {
		return
	}
	if count, ok := platform.Scalar(detail["Qty"]); ok && (count == "" || count == "1") {
		detail = maps.Clone(detail)
		detail["UnitPrice"] = line["Amount"]
		line[salesDetail] = detail
	}
}

// set puts one field into body and answers why it cannot, "" if it did.
func (c *Connector) set(body map[string]any, f catalog.Field, value string, current entity) string {
	path := string(f.Name)
	if strings.HasPrefix(path, customPrefix) {
		return c.setCustom(body, strings.TrimSuffix(strings.TrimPrefix(path, customPrefix), "]"), value, current)
	}
	typed, ok := typedValue(f.Kind, value)
	if !ok {
		return "is not of its kind, " + string(f.Kind)
	}
	if field, ok := strings.CutPrefix(path, linePrefix); ok {
		return setLine(body, field, typed, current)
	}
	keys := refPath(path)
	if len(keys) == 1 {
		body[path] = typed
		return ""
	}
	nested, started := body[keys[0]].(map[string]any)
	if !started {
		nested = map[string]any{}
		if slices.Contains(replaced, keys[0]) {
			nested = siblings(current, keys[0])
		}
		body[keys[0]] = nested
	}
	nested[keys[1]] = typed
	return ""
}

// typedValue gives the JSON value of a field. ok is false for a value that its kind cannot have.
func typedValue(kind catalog.Kind, value string) (any, bool) {
	switch kind {
	case catalog.Bool:
		return value == "true", value == "true" || value == "false"
	case catalog.Money, catalog.Number:
		if value == "" {
			return nil, true
		}
		d, ok := platform.ParseNumber(value)
		return json.Number(d.String()), ok
	}
	return value, true
}

// siblings gives a copy of a nested object as read, without what the platform derives from it.
func siblings(current entity, key string) map[string]any {
	out := map[string]any{}
	if object, _ := current[key].(map[string]any); object != nil {
		maps.Copy(out, object)
	}
	for _, part := range derivedParts {
		delete(out, part)
	}
	return out
}

// setLine edits our sales line within the whole list of lines, or begins one. The other lines, and the line's
// other parts, go back as read: a sparse update replaces the list. A blank number or reference is left out, which
// clears it.
func setLine(body map[string]any, field string, value any, current entity) string {
	lines, started := body["Line"].([]any)
	if !started {
		if listed, _ := current["Line"].([]any); listed != nil {
			lines = slices.Clone(listed)
		}
		if err := ownSalesLine(&lines); err != "" {
			return err
		}
		body["Line"] = lines
	}
	line, _ := salesLine(lines)
	keys := linePath(field)
	if len(keys) == 1 {
		line[field] = value
		return ""
	}
	detail, _ := line[salesDetail].(map[string]any)
	if detail = maps.Clone(detail); detail == nil {
		detail = map[string]any{}
	}
	line[salesDetail] = detail
	switch {
	case value == nil || value == "":
		delete(detail, keys[1])
	case len(keys) == 3:
		detail[keys[1]] = map[string]any{keys[2]: value}
	default:
		detail[keys[1]] = value
	}
	return ""
}

// ownSalesLine makes our sales line of a list our own copy, or puts a new one in front.
func ownSalesLine(lines *[]any) string {
	if slices.ContainsFunc(*lines, func(item any) bool { _, isLine := item.(map[string]any); return !isLine }) {
		return "belongs to a record whose lines are not understood"
	}
	ours, sure := salesLine(*lines)
	switch {
	case !sure:
		return "is of a line that is there no longer, or cannot be told from the others"
	case ours == nil:
		*lines = slices.Insert(*lines, 0, any(map[string]any{"DetailType": salesDetail, salesDetail: map[string]any{}}))
		return ""
	}
	for i, item := range *lines {
		if line, _ := item.(map[string]any); line["Id"] == ours["Id"] && line["DetailType"] == salesDetail {
			(*lines)[i] = maps.Clone(line)
		}
	}
	return ""
}

// setCustom sets a custom field by name within the whole list of them. Its definition id comes from the record or, where
// that does not list it, from OptionCustomFields.
func (c *Connector) setCustom(body map[string]any, name, value string, current entity) string {
	list, started := body["CustomField"].([]any)
	if !started {
		listed, _ := current["CustomField"].([]any)
		list = slices.Clone(listed)
	}
	definition := maps.Clone(definitionOf(current, name))
	if definition == nil {
		id := c.definitions[name]
		if id == "" {
			return "has no definition id: the record does not list it, and option " + OptionCustomFields + " does not tell it"
		}
		definition = map[string]any{"DefinitionId": id, "Name": name, "Type": "StringType"}
	}
	if problem := setDefinition(definition, value); problem != "" {
		return problem
	}
	same := func(item any) bool {
		field, _ := item.(map[string]any)
		return field != nil && field["Name"] == name
	}
	if i := slices.IndexFunc(list, same); i >= 0 {
		list[i] = definition
	} else {
		list = append(list, definition)
	}
	body["CustomField"] = list
	return ""
}

// setDefinition puts a value where the definition's type keeps it.
func setDefinition(definition map[string]any, value string) string {
	kind, key := catalog.Text, "StringValue"
	switch definition["Type"] {
	case "NumberType":
		kind, key = catalog.Number, "NumberValue"
	case "DateType":
		kind, key = catalog.Date, "DateValue"
	case "BooleanType":
		kind, key = catalog.Bool, "BooleanValue"
	}
	typed, ok := typedValue(kind, value)
	if !ok {
		return "is not of its kind, " + string(kind)
	}
	definition[key] = typed
	return ""
}

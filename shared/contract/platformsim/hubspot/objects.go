package hubspot

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const stampForm = "2006-01-02T15:04:05.000Z"

// stampName is the property that holds a record's last change.
func stampName(object string) string {
	if object == "contacts" {
		return "lastmodifieddate"
	}
	return "hs_lastmodifieddate"
}

// render gives a record as the API answers it: the asked properties, null where it has none.
func render(object string, d *document, properties map[string]string, asked []string) map[string]any {
	out := map[string]any{"hs_object_id": d.ID, "createdate": d.Created.Format(stampForm), stampName(object): d.Updated.Format(stampForm)}
	if len(asked) == 0 {
		asked = slices.Sorted(maps.Keys(properties))
	}
	for _, name := range asked {
		if _, done := out[name]; done {
			continue
		}
		if value, ok := properties[name]; ok {
			out[name] = value
		} else {
			out[name] = nil
		}
	}
	r := map[string]any{"id": d.ID, "properties": out, "createdAt": d.Created.Format(stampForm), "updatedAt": d.Updated.Format(stampForm),
		"archived": d.Archived}
	if d.Archived {
		r["archivedAt"] = d.ArchivedAt.Format(stampForm)
	}
	return r
}

func askedOf(r *http.Request) []string {
	var out []string
	for _, text := range r.URL.Query()["properties"] {
		out = append(out, strings.Split(text, ",")...)
	}
	return out
}

func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, x := range list {
		if text, ok := x.(string); ok {
			out = append(out, text)
		}
	}
	return out
}

// propertiesOf reads a body's properties; a null clears.
func propertiesOf(v any) map[string]string {
	object, _ := v.(map[string]any)
	out := make(map[string]string, len(object))
	for name, value := range object {
		switch value := value.(type) {
		case nil:
			out[name] = ""
		case string:
			out[name] = value
		case float64:
			out[name] = strconv.FormatFloat(value, 'f', -1, 64)
		default:
			out[name] = fmt.Sprint(value)
		}
	}
	return out
}

func (s *Simulator) withAssociations(r *http.Request, d *document, answer map[string]any) {
	wanted := r.URL.Query().Get("associations")
	if wanted == "" {
		return
	}
	out := map[string]any{}
	for _, to := range strings.Split(wanted, ",") {
		var results []any
		for _, id := range d.Associated[to] {
			results = append(results, map[string]any{"id": id, "type": singular(r.PathValue("object")) + "_to_" + singular(to)})
		}
		if results != nil {
			out[to] = map[string]any{"results": results}
		}
	}
	answer["associations"] = out
}

// withMergedLocked adds the ids that were merged into a record, where they are asked for.
func (s *Simulator) withMergedLocked(object string, d *document, answer map[string]any, asked []string) map[string]any {
	if !slices.Contains(asked, "hs_merged_object_ids") {
		return answer
	}
	var ids []string
	for _, other := range s.state.Records[object] {
		if other.MergedInto == d.ID {
			ids = append(ids, other.ID)
		}
	}
	if properties, ok := answer["properties"].(map[string]any); ok && len(ids) > 0 {
		properties["hs_merged_object_ids"] = strings.Join(ids, ";")
	}
	return answer
}

// list walks the records themselves, in order of creation.
func (s *Simulator) list(r *http.Request, _ map[string]any) (int, any, *failure) {
	object, query := r.PathValue("object"), r.URL.Query()
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil {
		limit = 10
	}
	if limit > listMax {
		return 0, nil, invalid("limit must be at most %d", listMax)
	}
	if _, err := strconv.ParseInt(query.Get("after"), 10, 64); err != nil && query.Has("after") {
		return 0, nil, invalid("after must be an offset of an earlier page")
	}
	archived := query.Get("archived") == "true"
	results := []any{}
	next := ""
	for _, d := range s.state.Records[object] {
		if d.Archived != archived || d.MergedInto != "" || number(d.ID) < number(query.Get("after")) {
			continue
		}
		if len(results) == limit {
			next = d.ID
			break
		}
		answer := render(object, d, d.Properties, askedOf(r))
		s.withAssociations(r, d, answer)
		results = append(results, answer)
	}
	out := map[string]any{"results": results}
	if next != "" {
		out["paging"] = map[string]any{"next": map[string]any{"after": next}}
	}
	return http.StatusOK, out, nil
}

// lookLocked finds a record by id, or by a unique property.
func (s *Simulator) lookLocked(object, id, property string) *document {
	if property == "" || property == "hs_object_id" {
		return s.findLocked(object, id)
	}
	return s.byPropertyLocked(object, property, id)
}

func (s *Simulator) get(r *http.Request, _ map[string]any) (int, any, *failure) {
	object := r.PathValue("object")
	d := s.lookLocked(object, r.PathValue("id"), r.URL.Query().Get("idProperty"))
	if d == nil || d.Archived != (r.URL.Query().Get("archived") == "true") {
		return 0, nil, &failure{status: http.StatusNotFound, category: "OBJECT_NOT_FOUND", message: "resource not found"}
	}
	answer := render(object, d, d.Properties, askedOf(r))
	s.withAssociations(r, d, answer)
	return http.StatusOK, answer, nil
}

func (s *Simulator) create(r *http.Request, body map[string]any) (int, any, *failure) {
	object := r.PathValue("object")
	d, f := s.createLocked(object, propertiesOf(body["properties"]), byApp)
	if f != nil {
		return 0, nil, f
	}
	s.inlineLocked(object, d, body["associations"])
	return http.StatusCreated, render(object, d, d.Properties, nil), nil
}

// typeTo says which object an association type of HubSpot's leads to.
var typeTo = map[float64]string{3: "contacts", 5: "companies", 341: "companies", 279: "companies", 1: "companies", 4: "deals",
	280: "contacts", 342: "deals"}

// inlineLocked makes the associations given with a create.
func (s *Simulator) inlineLocked(object string, d *document, v any) {
	list, _ := v.([]any)
	for _, x := range list {
		entry, _ := x.(map[string]any)
		to, _ := entry["to"].(map[string]any)
		types, _ := entry["types"].([]any)
		for _, y := range types {
			spec, _ := y.(map[string]any)
			id, _ := spec["associationTypeId"].(float64)
			if target := typeTo[id]; target != "" {
				s.associateLocked(object, d, target, fmt.Sprint(to["id"]))
			}
		}
	}
}

func (s *Simulator) patch(r *http.Request, body map[string]any) (int, any, *failure) {
	object := r.PathValue("object")
	d := s.lookLocked(object, r.PathValue("id"), r.URL.Query().Get("idProperty"))
	if d == nil || d.Archived {
		return 0, nil, &failure{status: http.StatusNotFound, category: "OBJECT_NOT_FOUND", message: "resource not found"}
	}
	if f := s.updateLocked(object, d, propertiesOf(body["properties"]), byApp); f != nil {
		return 0, nil, f
	}
	return http.StatusOK, render(object, d, d.Properties, nil), nil
}

func (s *Simulator) remove(r *http.Request, _ map[string]any) (int, any, *failure) {
	if d := s.liveLocked(r.PathValue("object"), r.PathValue("id")); d != nil {
		s.archiveLocked(r.PathValue("object"), d, byApp)
	}
	return http.StatusNoContent, nil, nil
}

func (s *Simulator) merge(r *http.Request, body map[string]any) (int, any, *failure) {
	object := r.PathValue("object")
	winner, loser := s.liveLocked(object, fmt.Sprint(body["primaryObjectId"])), s.liveLocked(object, fmt.Sprint(body["objectIdToMerge"]))
	if winner == nil || loser == nil || winner == loser {
		return 0, nil, invalid("cannot merge")
	}
	s.mergeLocked(object, winner, loser, byApp)
	return http.StatusOK, render(object, winner, winner.Properties, nil), nil
}

// batch serves the batch endpoints.
func (s *Simulator) batch(r *http.Request, body map[string]any) (int, any, *failure) {
	inputs, _ := body["inputs"].([]any)
	if len(inputs) > batchMax {
		return 0, nil, invalid("Batch size %d is over the limit of %d", len(inputs), batchMax)
	}
	began := s.NowLocked()
	object, call := r.PathValue("object"), r.PathValue("call")
	if call == "archive" {
		for _, x := range inputs {
			input, _ := x.(map[string]any)
			if d := s.liveLocked(object, fmt.Sprint(input["id"])); d != nil {
				s.archiveLocked(object, d, byApp)
			}
		}
		return http.StatusNoContent, nil, nil
	}
	if f := s.precheckLocked(object, call, inputs); f != nil {
		return 0, nil, f
	}
	results, errors := []any{}, []any{}
	for _, x := range inputs {
		input, _ := x.(map[string]any)
		answer, f := s.itemLocked(r, call, object, input, body)
		if f != nil {
			errors = addError(errors, itemError(f, input), call)
			continue
		}
		if trace, ok := input["objectWriteTraceId"].(string); ok {
			answer["objectWriteTraceId"] = trace
		}
		results = append(results, answer)
	}
	slices.Reverse(results) // the vendor promises no order
	out := map[string]any{"status": "COMPLETE", "results": results, "startedAt": began.Format(stampForm),
		"completedAt": s.NowLocked().Format(stampForm)}
	status := http.StatusOK
	if call == "create" {
		status = http.StatusCreated
	}
	if len(errors) > 0 {
		out["errors"], out["numErrors"] = errors, len(errors)
		status = http.StatusMultiStatus
	}
	return status, out, nil
}

// addError adds an item's error; those of a read are one error that names every id.
func addError(errors []any, e map[string]any, call string) []any {
	if call == "read" && len(errors) > 0 {
		first, _ := errors[0].(map[string]any)["context"].(map[string]any)
		ids, _ := first["ids"].([]any)
		more, _ := e["context"].(map[string]any)["ids"].([]any)
		first["ids"] = append(ids, more...)
		return errors
	}
	return append(errors, e)
}

func itemError(f *failure, input map[string]any) map[string]any {
	context := map[string]any{}
	if trace, ok := input["objectWriteTraceId"].(string); ok {
		context["objectWriteTraceId"] = []any{trace}
	}
	if f.existing != "" {
		context["existingId"] = []any{f.existing}
	}
	if id, ok := input["id"].(string); ok {
		context["ids"] = []any{id}
	}
	return map[string]any{"status": "error", "category": f.category, "message": f.message, "context": context}
}

// precheckLocked fails a whole batch as the vendor does: two inputs for one record, and, where an input carries no
// trace id, any item that would fail.
func (s *Simulator) precheckLocked(object, call string, inputs []any) *failure {
	if call == "read" {
		return nil
	}
	seen := map[string]bool{}
	for _, x := range inputs {
		input, _ := x.(map[string]any)
		id, _ := input["id"].(string)
		if id != "" && seen[id] {
			return invalid("Duplicate IDs found in batch input: [%s]", id)
		}
		seen[id] = true
		if _, traced := input["objectWriteTraceId"]; traced || call != "create" {
			continue
		}
		if _, f := s.checkLocked(object, nil, propertiesOf(input["properties"])); f != nil {
			f.message = strings.TrimSuffix(f.message, ". Existing ID: "+f.existing)
			return f
		}
	}
	return nil
}

// itemLocked does one input of a batch.
func (s *Simulator) itemLocked(r *http.Request, call, object string, input, body map[string]any) (map[string]any, *failure) {
	if call != "read" && s.ChanceLocked(s.FaultsLocked().ItemError) {
		return nil, &failure{status: http.StatusInternalServerError, category: "INTERNAL_ERROR", message: "internal error"}
	}
	id, _ := input["id"].(string)
	property, _ := input["idProperty"].(string)
	if property == "" {
		property, _ = body["idProperty"].(string)
	}
	notFound := &failure{status: http.StatusNotFound, category: "OBJECT_NOT_FOUND", message: "Could not get some " + strings.ToUpper(object) +
		" objects, they may be deleted or not exist. Check that ids are valid."}
	switch call {
	case "read":
		d := s.lookLocked(object, id, property)
		if d == nil || d.Archived != (r.URL.Query().Get("archived") == "true") {
			return nil, notFound
		}
		return s.withMergedLocked(object, d, render(object, d, d.Properties, texts(body["properties"])), texts(body["properties"])), nil
	case "create":
		d, f := s.createLocked(object, propertiesOf(input["properties"]), byApp)
		if f != nil {
			return nil, f
		}
		s.inlineLocked(object, d, input["associations"])
		return render(object, d, d.Properties, nil), nil
	case "update":
		d := s.lookLocked(object, id, property)
		if d == nil || d.Archived {
			return nil, notFound
		}
		if f := s.updateLocked(object, d, propertiesOf(input["properties"]), byApp); f != nil {
			return nil, f
		}
		return render(object, d, d.Properties, slices.Sorted(maps.Keys(propertiesOf(input["properties"])))), nil
	case "upsert":
		return s.upsertLocked(object, id, property, propertiesOf(input["properties"]))
	}
	return nil, invalid("no batch call %s", call)
}

func (s *Simulator) upsertLocked(object, id, property string, properties map[string]string) (map[string]any, *failure) {
	if property != "email" && !s.state.Unique[object][property] {
		return nil, invalid("Property %s is not a unique identifier property", property)
	}
	d, fresh := s.lookLocked(object, id, property), false
	var f *failure
	if d == nil {
		properties[property] = id
		d, f = s.createLocked(object, properties, byApp)
		fresh = true
	} else {
		f = s.updateLocked(object, d, properties, byApp)
	}
	if f != nil {
		return nil, f
	}
	answer := render(object, d, d.Properties, nil)
	answer["new"] = fresh
	return answer, nil
}

func parseStamp(text string) (time.Time, bool) {
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.UnixMilli(ms).UTC(), true
	}
	at, err := time.Parse(time.RFC3339, text)
	return at, err == nil
}

package hubspot

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// typeID gives HubSpot's own type of an association, and the primary one's where there is one.
func typeID(object, to string) int {
	switch object + ">" + to {
	case "deals>contacts":
		return 3
	case "deals>companies":
		return 341
	case "contacts>companies":
		return 279
	case "contacts>deals":
		return 4
	case "companies>contacts":
		return 280
	}
	return 342
}

// primaryID gives the type of the association with the primary company.
var primaryID = map[string]int{"contacts": 1, "deals": 5}

func (s *Simulator) targets(object string, d *document, to string) []any {
	out := []any{}
	for i, id := range d.Associated[to] {
		types := []any{map[string]any{"category": "HUBSPOT_DEFINED", "typeId": typeID(object, to), "label": nil}}
		if i == 0 && to == "companies" {
			types = append(types, map[string]any{"category": "HUBSPOT_DEFINED", "typeId": primaryID[object], "label": "Primary"})
		}
		out = append(out, map[string]any{"toObjectId": id, "associationTypes": types})
	}
	return out
}

// associations serves the v4 batch endpoints.
func (s *Simulator) associations(r *http.Request, body map[string]any) (int, any, *failure) {
	object, to := r.PathValue("object"), r.PathValue("to")
	inputs, _ := body["inputs"].([]any)
	now := s.NowLocked().Format(stampForm)
	results, errors := []any{}, []any{}
	for _, x := range inputs {
		input, _ := x.(map[string]any)
		from, _ := input["from"].(map[string]any)
		id := fmt.Sprint(from["id"])
		if r.PathValue("call") == "read" {
			id = fmt.Sprint(input["id"])
		}
		d := s.findLocked(object, id)
		if d == nil {
			errors = append(errors, map[string]any{"status": "error", "category": "OBJECT_NOT_FOUND", "message": "No " + singular(object) +
				" with ID " + id, "context": map[string]any{"fromObjectId": []any{id}}})
			continue
		}
		switch r.PathValue("call") {
		case "read":
			if list := s.targets(object, d, to); len(list) > 0 {
				results = append(results, map[string]any{"from": map[string]any{"id": id}, "to": list})
			}
		case "associate/default":
			target, _ := input["to"].(map[string]any)
			other := fmt.Sprint(target["id"])
			if s.liveLocked(to, other) == nil {
				errors = append(errors, map[string]any{"status": "error", "category": "OBJECT_NOT_FOUND", "message": "No " + singular(to) +
					" with ID " +

					other,
					"context": map[string]any{"fromObjectId": []any{id}, "toObjectId": []any{other}}})
				continue
			}
			s.associateLocked(object, d, to, other)
			results = append(results, map[string]any{"from": map[string]any{"id": id}, "to": map[string]any{"id": other},
				"associationSpec": map[string]any{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": typeID(object, to)}})
		case "create":
			target, _ := input["to"].(map[string]any)
			s.associateLocked(object, d, to, fmt.Sprint(target["id"]))
			results = append(results, map[string]any{"fromObjectTypeId": object, "fromObjectId": id, "toObjectTypeId": to,
				"toObjectId": fmt.Sprint(target["id"]), "labels": []any{}})
		case "archive":
			list, _ := input["to"].([]any)
			for _, y := range list {
				target, _ := y.(map[string]any)
				s.separateLocked(object, d, to, fmt.Sprint(target["id"]))
			}
		}
	}
	if r.PathValue("call") == "archive" {
		return http.StatusNoContent, nil, nil
	}
	out := map[string]any{"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
	status := http.StatusOK
	if len(errors) > 0 {
		out["errors"], out["numErrors"], status = errors, len(errors), http.StatusMultiStatus
	}
	if r.PathValue("call") == "associate/default" {
		status = http.StatusOK // the description of this call knows no 207
	}
	return status, out, nil
}

func (s *Simulator) associationsOf(r *http.Request, _ map[string]any) (int, any, *failure) {
	d := s.liveLocked(r.PathValue("object"), r.PathValue("id"))
	if d == nil {
		return 0, nil, &failure{status: http.StatusNotFound, category: "OBJECT_NOT_FOUND", message: "resource not found"}
	}
	return http.StatusOK, map[string]any{"results": s.targets(r.PathValue("object"), d, r.PathValue("to"))}, nil
}

func (s *Simulator) associateDefault(r *http.Request, _ map[string]any) (int, any, *failure) {
	d := s.liveLocked(r.PathValue("object"), r.PathValue("id"))
	if d == nil {
		return 0, nil, &failure{status: http.StatusNotFound, category: "OBJECT_NOT_FOUND", message: "resource not found"}
	}
	s.associateLocked(r.PathValue("object"), d, r.PathValue("to"), r.PathValue("toID"))
	now := s.NowLocked().Format(stampForm)
	return http.StatusOK, map[string]any{"status": "COMPLETE", "results": []any{}, "startedAt": now, "completedAt": now}, nil
}

func (s *Simulator) separate(r *http.Request, _ map[string]any) (int, any, *failure) {
	if d := s.liveLocked(r.PathValue("object"), r.PathValue("id")); d != nil {
		s.separateLocked(r.PathValue("object"), d, r.PathValue("to"), r.PathValue("toID"))
	}
	return http.StatusNoContent, nil, nil
}

// properties lists what an object's records can hold.
func (s *Simulator) properties(r *http.Request, _ map[string]any) (int, any, *failure) {
	object := r.PathValue("object")
	names := append(slices.Clone(standardProperties[object]), "hs_object_id", "createdate", stampName(object))
	for name := range s.state.Props[object] {
		names = append(names, name)
	}
	slices.Sort(names)
	results := []any{}
	for _, name := range names {
		results = append(results, s.describe(object, name))
	}
	return http.StatusOK, map[string]any{"results": results}, nil
}

func (s *Simulator) property(r *http.Request, _ map[string]any) (int, any, *failure) {
	if !s.knownLocked(r.PathValue("object"), r.PathValue("name")) {
		return 0, nil, &failure{status: http.StatusNotFound, category: "OBJECT_NOT_FOUND", message: "resource not found"}
	}
	return http.StatusOK, s.describe(r.PathValue("object"), r.PathValue("name")), nil
}

func (s *Simulator) createProperty(r *http.Request, body map[string]any) (int, any, *failure) {
	object := r.PathValue("object")
	name, _ := body["name"].(string)
	if name == "" || s.knownLocked(object, name) {
		return 0, nil, &failure{status: http.StatusConflict, category: "CONFLICT", message: "A property named '" + name + "' already exists."}
	}
	if s.state.Props[object] == nil {
		s.state.Props[object], s.state.Unique[object] = map[string]bool{}, map[string]bool{}
	}
	s.state.Props[object][name] = true
	s.state.Unique[object][name] = body["hasUniqueValue"] == true
	if label, ok := body["label"].(string); ok {
		s.state.Labels[object+"."+name] = label
	}
	s.TouchLocked()
	return http.StatusCreated, s.describe(object, name), nil
}

func (s *Simulator) pipelines(*http.Request, map[string]any) (int, any, *failure) {
	list := []any{}
	for i, id := range stages {
		list = append(list, map[string]any{"id": id, "label": stageLabels[id], "displayOrder": i, "archived": false,
			"metadata":  map[string]any{"isClosed": strconv.FormatBool(strings.HasPrefix(id, "closed"))},
			"createdAt": "1970-01-01T00:00:00Z", "updatedAt": "1970-01-01T00:00:00Z"})
	}
	return http.StatusOK, map[string]any{"results": []any{map[string]any{"id": "default", "label": "Sales Pipeline", "displayOrder": 0,
		"archived": false, "stages": list,
		"createdAt": "1970-01-01T00:00:00Z", "updatedAt": "1970-01-01T00:00:00Z"}}}, nil
}

func (s *Simulator) owners(*http.Request, map[string]any) (int, any, *failure) {
	return http.StatusOK, map[string]any{"results": []any{map[string]any{"id": "41629779", "email": "owner@example.com", "firstName": "Olive",
		"lastName": "Owner", "userId": 9586504, "archived": false}}}, nil
}

package pipedrive

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"time"
)

// parseObject reads a body that is one object.
func parseObject(body []byte) (map[string]any, *failure) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var in map[string]any
	if d.Decode(&in) != nil || in == nil {
		return nil, invalid("body: must be a JSON object")
	}
	return in, nil
}

func (s *Simulator) createdLocked(o schema, body []byte) reply {
	in, f := parseObject(body)
	if f != nil {
		return f.reply()
	}
	d, f := s.createLocked(o, in, ourUser)
	if f != nil {
		return f.reply()
	}
	return fine(s.renderLocked(o, d, nil))
}

func (s *Simulator) patchedLocked(o schema, id int64, body []byte) reply {
	in, f := parseObject(body)
	if f != nil {
		return f.reply()
	}
	d := s.liveLocked(o.name, id)
	if d == nil {
		return notFound().reply()
	}
	if f := s.updateLocked(o, d, in, ourUser); f != nil {
		return f.reply()
	}
	return fine(s.renderLocked(o, d, nil))
}

func (s *Simulator) removedLocked(o schema, id int64) reply {
	d := s.liveLocked(o.name, id)
	if d == nil {
		return notFound().reply()
	}
	s.deleteLocked(o, d, ourUser, nil)
	return fine(map[string]any{"id": id})
}

// copyOf gives a record that can be changed without changing d.
func copyOf(d *document) *document {
	out := *d
	out.Values, out.Custom, out.Address = maps.Clone(d.Values), maps.Clone(d.Custom), maps.Clone(d.Address)
	out.Emails, out.Phones, out.Labels = slices.Clone(d.Emails), slices.Clone(d.Phones), slices.Clone(d.Labels)
	return &out
}

// createLocked makes a record. Nothing is unique: two alike are two.
func (s *Simulator) createLocked(o schema, in map[string]any, user int) (*document, *failure) {
	now := s.stampLocked()
	d := &document{Object: o.name, Created: now, Updated: now, Values: map[string]any{}}
	if f := s.settleLocked(o, d, in); f != nil {
		return nil, f
	}
	s.state.Serial[o.name]++
	d.ID = s.state.Serial[o.name]
	s.state.Records = append(s.state.Records, d)
	s.byID[keyOf(o.name, d.ID)] = d
	s.tellLocked(o, event{action: "create", d: d, user: user})
	return d, nil
}

// updateLocked changes a live record. update_time moves with every call that changes something. An archived deal can only be
// brought back (developers.pipedrive.com changelog, effective 2025-07-15; with which answer it refuses is unverified).
func (s *Simulator) updateLocked(o schema, d *document, in map[string]any, user int) *failure {
	if d.archived() && (len(in) != 1 || in["is_archived"] != false) {
		return &failure{http.StatusBadRequest, "ERR_ARCHIVED", "Archived deals cannot be edited"}
	}
	next := copyOf(d)
	if f := s.settleLocked(o, next, in); f != nil {
		return f
	}
	if o.name == "deal" && in["is_deleted"] == true {
		s.deleteLocked(o, d, user, nil)
		return nil
	}
	before := s.renderLocked(o, d, nil)
	after := s.renderLocked(o, next, nil)
	if reflect.DeepEqual(before, after) {
		return nil
	}
	next.Updated = s.stampLocked()
	*d = *next
	s.tellLocked(o, event{action: "change", d: d, user: user, previous: changed(before, after)})
	return nil
}

// changed gives the values that were others before.
func changed(before, after map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range before {
		if !reflect.DeepEqual(value, after[name]) {
			out[name] = value
		}
	}
	return out
}

// deleteLocked deletes a record for thirty days, after which it is gone. What named it names nothing any more; more is said
// of it in its event (of a merge).
func (s *Simulator) deleteLocked(o schema, d *document, user int, more map[string]any) {
	last := s.renderLocked(o, d, nil)
	d.Deleted, d.Updated = true, s.stampLocked()
	s.tellLocked(o, event{action: "delete", d: d, user: user, previous: last, meta: more})
	if more == nil {
		s.repointLocked(o, d.ID, nil, user)
	}
}

// repointLocked lets what names a record name another, or nothing.
func (s *Simulator) repointLocked(o schema, from int64, to any, user int) {
	for _, d := range s.state.Records {
		for name, object := range refers {
			if object == o.name && !d.Deleted && d.number(name) == from {
				of, _ := schemaOf(d.Object)
				before := s.renderLocked(of, d, nil)
				if d.Values[name] = to; to == nil {
					delete(d.Values, name)
				}
				d.Updated = s.stampLocked()
				s.tellLocked(of, event{action: "change", d: d, user: user, previous: changed(before, s.renderLocked(of, d, nil))})
			}
		}
	}
}

// Purge ends the thirty days of a deleted record.
func (s *Simulator) purgeLocked(before time.Time) {
	for _, d := range s.state.Records {
		if d.Deleted && d.Updated.Before(before) {
			delete(s.byID, keyOf(d.Object, d.ID))
		}
	}
	s.state.Records = slices.DeleteFunc(s.state.Records, func(d *document) bool { return d.Deleted && d.Updated.Before(before) })
}

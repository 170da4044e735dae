package hubspot

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

const associationPrefix = "associations."

// split parts a form's fields into properties and associations.
func split(fields record.Fields) (properties map[string]string, associations map[string]string) {
	properties, associations = map[string]string{}, map[string]string{}
	for name, value := range fields {
		if to, ok := strings.CutPrefix(string(name), associationPrefix); ok {
			associations[to] = value
		} else {
			properties[string(name)] = value
		}
	}
	return properties, associations
}

// Create implements platformsim.Simulator.
func (s *Simulator) Create(object record.Object, fields record.Fields) (record.ExternalID, error) {
	s.Lock()
	defer s.Unlock()
	if standardProperties[objectName(object)] == nil {
		return "", fmt.Errorf("HubSpot has no %s here", object)
	}
	properties, associations := split(fields)
	d, f := s.createLocked(objectName(object), properties, byPerson)
	if f != nil {
		return "", f
	}
	for _, to := range slices.Sorted(maps.Keys(associations)) {
		s.setAssociationLocked(objectName(object), d, to, associations[to])
	}
	return record.ExternalID(d.ID), nil
}

// setAssociationLocked makes one record the only associated one of its type, none for "".
func (s *Simulator) setAssociationLocked(object string, d *document, to, id string) {
	for _, old := range slices.Clone(d.Associated[to]) {
		if old != id {
			s.separateLocked(object, d, to, old)
		}
	}
	if id != "" {
		s.associateLocked(object, d, to, id)
	}
}

// Edit implements platformsim.Simulator.
func (s *Simulator) Edit(object record.Object, id record.ExternalID, fields record.Fields) error {
	s.Lock()
	defer s.Unlock()
	d := s.liveLocked(objectName(object), string(id))
	if d == nil {
		return fmt.Errorf("HubSpot has no %s %s", singular(objectName(object)), id)
	}
	properties, associations := split(fields)
	if f := s.updateLocked(objectName(object), d, properties, byPerson); f != nil {
		return f
	}
	for _, to := range slices.Sorted(maps.Keys(associations)) {
		s.setAssociationLocked(objectName(object), d, to, associations[to])
	}
	return nil
}

// Delete implements platformsim.Simulator: the record is archived, as the screen's Delete does.
func (s *Simulator) Delete(object record.Object, id record.ExternalID) error {
	s.Lock()
	defer s.Unlock()
	d := s.liveLocked(objectName(object), string(id))
	if d == nil {
		return fmt.Errorf("HubSpot has no %s %s", singular(objectName(object)), id)
	}
	s.archiveLocked(objectName(object), d, byPerson)
	return nil
}

// Restore makes an archived record live again, as the screen's list of deleted records does for 90 days.
func (s *Simulator) Restore(object record.Object, id record.ExternalID) error {
	s.Lock()
	defer s.Unlock()
	d := s.findLocked(objectName(object), string(id))
	if d == nil || !d.Archived {
		return fmt.Errorf("HubSpot has no deleted %s %s", singular(objectName(object)), id)
	}
	s.restoreLocked(objectName(object), d, byPerson)
	return nil
}

// Merge implements platformsim.Simulator.
func (s *Simulator) Merge(object record.Object, winner, loser record.ExternalID) error {
	s.Lock()
	defer s.Unlock()
	w, l := s.liveLocked(objectName(object), string(winner)), s.liveLocked(objectName(object), string(loser))
	if w == nil || l == nil || w == l {
		return fmt.Errorf("HubSpot cannot merge %s %s into %s", singular(objectName(object)), loser, winner)
	}
	s.mergeLocked(objectName(object), w, l, byPerson)
	return nil
}

// Record implements platformsim.Simulator.
func (s *Simulator) Record(object record.Object, id record.ExternalID) (fields record.Fields, archived, ok bool) {
	s.Lock()
	defer s.Unlock()
	d := s.findLocked(objectName(object), string(id))
	if d == nil {
		return nil, false, false
	}
	fields = record.Fields{"hs_object_id": d.ID}
	for _, name := range standardProperties[objectName(object)] {
		fields[record.PlatformField(name)] = d.Properties[name]
	}
	for name := range s.state.Props[objectName(object)] {
		fields[record.PlatformField(name)] = d.Properties[name]
	}
	for to := range standardProperties {
		value := ""
		if ids := d.Associated[to]; len(ids) > 0 {
			value = ids[0]
		}
		fields[record.PlatformField(associationPrefix+to)] = value
	}
	return fields, d.Archived, true
}

// IDs implements platformsim.Simulator.
func (s *Simulator) IDs(object record.Object) []record.ExternalID {
	s.Lock()
	defer s.Unlock()
	var out []record.ExternalID
	for _, d := range s.state.Records[objectName(object)] {
		if !d.Archived && d.MergedInto == "" {
			out = append(out, record.ExternalID(d.ID))
		}
	}
	return out
}

// Objects implements platformsim.Simulator.
func (s *Simulator) Objects() []record.Object {
	return []record.Object{"contacts", "companies", "deals"}
}

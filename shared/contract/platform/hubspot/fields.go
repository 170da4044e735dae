package hubspot

import (
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// prefix marks a field that names an associated record; every other field is a property.
const prefix = "associations."

// split parts fields into properties and the objects whose association is asked for.
func split(fields []record.PlatformField) (properties, associated []string) {
	for _, f := range fields {
		if to, ok := strings.CutPrefix(string(f), prefix); !ok {
			properties = append(properties, string(f))
		} else if !slices.Contains(associated, to) {
			associated = append(associated, to)
		}
	}
	return properties, associated
}

// stampOf is the property that holds a record's last change (developers.hubspot.com search guide, 2026-06).
func stampOf(object record.Object) string {
	if object == "contacts" {
		return "lastmodifieddate"
	}
	return "hs_lastmodifieddate"
}

// snapshot turns an answered record into flat fields: those of fields that were answered, a null as "". Associations
// are never in it (see associate).
func (c *Connector) snapshot(name record.Object, o object, fields []record.PlatformField, began time.Time) record.Snapshot {
	s := record.Snapshot{Ref: record.Ref{Place: c.place(name), ID: o.id()}, Fields: record.Fields{}, ModifiedAt: modified(name, o),
		ReadBegan: began, Archived: o.Archived}
	for _, f := range fields {
		if value, ok := o.Properties[string(f)]; ok {
			s.Fields[f] = string(value)
		}
	}
	return s
}

// modified is the stamp of a record's last change, zero where it tells none.
func modified(name record.Object, o object) time.Time {
	for _, stamp := range []string{string(o.Properties[stampOf(name)]), o.UpdatedAt} {
		if at, err := time.Parse(time.RFC3339Nano, stamp); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

func (c *Connector) place(object record.Object) record.Place {
	return record.Place{Connection: c.client.Settings.Connection, Object: object}
}

package salesforce

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/shopspring/decimal"
)

// snapshot gives the fields asked for in the flat spelling: those that the row holds, a null as "", and names those that
// the org lacks. Rows come from the records themselves, so they are never marked Lagging.
func (c *Connector) snapshot(o *catalog.Object, r row, fields []record.PlatformField, began time.Time) record.Snapshot {
	s := record.Snapshot{Ref: record.Ref{Place: c.place(o.Name), ID: r.id()}, Fields: make(record.Fields, len(fields)), ModifiedAt: r.modified(), ReadBegan: began}
	for _, name := range fields {
		if value, told := c.value(o, r, name); told {
			s.Fields[name] = value
		} else if _, answered := r[string(name)]; !answered && c.lacks(o.Name, name, began) {
			s.Gone = append(s.Gone, name)
		}
	}
	return s
}

// value gives one field; told is false where the row says nothing about it, or holds what no field here can be.
func (c *Connector) value(o *catalog.Object, r row, name record.PlatformField) (value string, told bool) {
	f, known := o.Field(name)
	raw, answered := r[string(name)]
	if !known || !answered {
		return "", false
	}
	value, told = platform.Scalar(raw) // not of a compound
	if _, isText := raw.(string); isText {
		value = spell(f, value)
	}
	return value, told
}

// spell gives a text as record.Fields holds it: times in RFC 3339, ids in 18 characters, lines ended by \n.
func spell(f catalog.Field, text string) string {
	switch f.Kind {
	case catalog.Datetime:
		if at := parseTime(text); !at.IsZero() {
			return at.Format(time.RFC3339Nano)
		}
	case catalog.Reference:
		if wellFormed(record.ExternalID(text)) {
			return string(long(record.ExternalID(text)))
		}
	}
	return strings.ReplaceAll(text, "\r\n", "\n")
}

// wire gives a value as the API takes it: null for a blank, numbers and booleans as such. problem says why it cannot be
// one of its field, "" if it can.
func wire(f catalog.Field, value string) (out any, problem string) {
	if value == "" {
		return nil, ""
	}
	switch f.Kind {
	case catalog.Number, catalog.Money:
		d, ok := platform.ParseNumber(value)
		if !ok {
			return nil, "is no number"
		}
		return json.Number(d.String()), ""
	case catalog.Bool:
		if value != "true" && value != "false" {
			return nil, "is neither true nor false"
		}
		return value == "true", ""
	case catalog.Date:
		if _, err := time.Parse(time.DateOnly, value); err != nil {
			return nil, "is no date"
		}
	case catalog.Reference:
		if !wellFormed(record.ExternalID(value)) {
			return nil, "is no record's id"
		}
	}
	return value, ""
}

// respelt says that answered is what the platform makes of asked: trimmed, lines ended its way, emails in lower case,
// numbers rounded to their scale. Anything else in a record just written is somebody's edit, or an automation's.
func respelt(f catalog.Field, asked, answered string) bool {
	asked, answered = strings.TrimSpace(strings.ReplaceAll(asked, "\r\n", "\n")), strings.TrimSpace(answered)
	if asked == answered {
		return true
	}
	switch f.Kind {
	case catalog.Email:
		return strings.EqualFold(asked, answered)
	case catalog.Reference:
		return long(record.ExternalID(asked)) == record.ExternalID(answered)
	case catalog.Number, catalog.Money:
	default:
		if !strings.HasSuffix(string(f.Name), "__c") { // the type of a custom field is the org's, and may be a number
			return false
		}
	}
	x, okX := platform.ParseNumber(asked)
	y, okY := platform.ParseNumber(answered)
	if !okX || !okY {
		return false
	}
	// Half of the last place that the answer has, either way: how the platform rounds a half is unverified.
	half := decimal.New(5, min(y.Exponent(), 0)-1)
	return x.Sub(y).Abs().LessThanOrEqual(half)
}

// refuse says why a field cannot be written, "" if it can.
func refuse(o *catalog.Object, name record.PlatformField, value string, operation record.Operation) string {
	if problem := platform.Unwritable(o, name, value, operation); problem != "" {
		return problem
	}
	f, _ := o.Field(name)
	_, problem := wire(f, value)
	return problem
}

func (c *Connector) place(object record.Object) record.Place {
	return record.Place{Connection: c.client.Settings.Connection, Object: object}
}

package platform

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// OneObject checks a call of Apply as a whole: all intents on one object that p has, at most Ability.WriteMax. It gives that
// object, nil where there are no intents, or fault.Rejected.
func (c *Client) OneObject(p *catalog.Platform, intents []record.Intent) (*catalog.Object, error) {
	if len(intents) == 0 {
		return nil, nil
	}
	object := intents[0].Ref.Object
	op := c.Opf("write %d %s", len(intents), object)
	o, known := p.Object(object)
	if !known || len(intents) > o.Ability.WriteMax {
		return nil, fault.Newf(fault.Rejected, op, "unknown object or too many intents")
	}
	for _, intent := range intents {
		if intent.Ref.Object != object {
			return nil, fault.Newf(fault.Rejected, op, "intents on several objects")
		}
	}
	return o, nil
}

// Unwritable says why an intent may not set a field, by what the catalog says of it, "" if it may.
func Unwritable(o *catalog.Object, name record.PlatformField, value string, operation record.Operation) string {
	f, known := o.Field(name)
	switch {
	case !known:
		return "is not known"
	case f.ReadOnly:
		return "is read-only"
	case f.CreateOnly && operation == record.OperationUpdate:
		return "can be set at creation only"
	case f.Required && value == "":
		return "cannot be blank"
	}
	return ""
}

// Unfit refuses an intent for the sake of one field, before anything is sent: fault.Rejected.
func (c *Client) Unfit(intent record.Intent, field record.PlatformField, problem string) error {
	err := fault.Newf(fault.Rejected, c.OpOf(intent), "field %s %s", field, problem)
	err.Fields = []string{string(field)}
	return err
}

// Readable checks a call of Fetch as a whole: an object that p has, at most Ability.ReadMax ids. It gives that object, or
// fault.Rejected.
func (c *Client) Readable(p *catalog.Platform, object record.Object, ids []record.ExternalID) (*catalog.Object, error) {
	o, known := p.Object(object)
	if !known || len(ids) > o.Ability.ReadMax {
		return nil, fault.Newf(fault.Rejected, c.Opf("read %d %s", len(ids), object), "unknown object or too many ids")
	}
	return o, nil
}

// Listable checks a call of List or Changes, which op names: an object that p has, a limit of 1 to Ability.PageMax. It gives
// that object, or fault.Rejected.
func (c *Client) Listable(p *catalog.Platform, op string, q Query) (*catalog.Object, error) {
	o, known := p.Object(q.Object)
	if !known || q.Limit < 1 || q.Limit > o.Ability.PageMax {
		return nil, fault.Newf(fault.Rejected, op, "unknown object or limit out of range")
	}
	return o, nil
}

// Findable checks a call of Find as a whole: an object that p has, at most Ability.Finds() look-ups, all by fields of
// Ability.Find. It gives that object, or fault.Rejected.
func (c *Client) Findable(p *catalog.Platform, object record.Object, lookups []Lookup) (*catalog.Object, error) {
	o, known := p.Object(object)
	if !known || len(lookups) > o.Ability.Finds() {
		return nil, fault.Newf(fault.Rejected, c.Opf("find %d %s", len(lookups), object), "unknown object or too many look-ups")
	}
	for _, l := range lookups {
		if !slices.Contains(o.Ability.Find, l.Field) {
			return nil, fault.Newf(fault.Rejected, c.Opf("find %s", object), "field %s cannot be looked up", l.Field)
		}
	}
	return o, nil
}

package salesforce

import (
	"context"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

const (
	// findRowsMax bounds the rows of one look-up of many values, aloneRowsMax of one, matchesMax what is answered of it,
	// as platform.Connector.Find promises.
	findRowsMax  = 1000
	aloneRowsMax = 50
	matchesMax   = 10
)

// Find looks records up by equality, many values in one query, outside the recycle bin. The platform compares without
// case (developer.salesforce.com, comparison operators); answers are judged here, without case too.
func (c *Connector) Find(ctx context.Context, object record.Object, fields []record.PlatformField, lookups []platform.Lookup) ([][]record.Snapshot, error) {
	o, err := c.client.Findable(c.catalog, object, lookups)
	if err != nil {
		return nil, err
	}
	return c.find(ctx, o, fields, lookups)
}

// find is Find, by any field that can be filtered.
func (c *Connector) find(ctx context.Context, o *catalog.Object, fields []record.PlatformField, lookups []platform.Lookup) ([][]record.Snapshot, error) {
	found := make([][]record.Snapshot, len(lookups))
	groups := map[record.PlatformField][]int{}
	var order []record.PlatformField
	for i, l := range lookups {
		if strings.TrimSpace(l.Value) == "" {
			continue // a blank matches nothing
		}
		if groups[l.Field] == nil {
			order = append(order, l.Field)
		}
		groups[l.Field] = append(groups[l.Field], i)
	}
	for _, field := range order {
		if err := c.findField(ctx, o, fields, lookups, groups[field], found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// findField answers the look-ups numbered in group, all of one field. Where many values come to more rows than one
// query answers, perhaps by one common value, each is asked alone.
func (c *Connector) findField(ctx context.Context, o *catalog.Object, fields []record.PlatformField, lookups []platform.Lookup, group []int, found [][]record.Snapshot) error {
	field := lookups[group[0]].Field
	var values []string
	for _, i := range group {
		values = append(values, platform.Spellings(lookups[i].Value)...)
	}
	q := soql{object: o, fields: append(slices.Clone(fields), field), order: "Id", limit: findRowsMax}
	if len(group) == 1 {
		q.limit = aloneRowsMax
	}
	for _, part := range c.split(q, string(field), values) {
		q.where = string(field) + " IN " + quoteAll(part)
		page, err := c.every(ctx, q)
		if page, err = c.whole("find "+string(o.Name), page, err); err != nil {
			return err
		}
		if len(page.rows) >= q.limit && len(group) > 1 {
			for _, i := range group {
				found[i] = nil
				if err := c.findField(ctx, o, fields, lookups, []int{i}, found); err != nil {
					return err
				}
			}
			return nil
		}
		c.match(o, fields, lookups, group, page, found)
	}
	return nil
}

// match sorts the rows of a page to the look-ups that they answer.
func (c *Connector) match(o *catalog.Object, fields []record.PlatformField, lookups []platform.Lookup, group []int, page rows, found [][]record.Snapshot) {
	for _, r := range page.rows {
		for _, i := range group {
			value, told := c.value(o, r, lookups[i].Field)
			twice := slices.ContainsFunc(found[i], func(s record.Snapshot) bool { return s.ID == r.id() })
			if told && !twice && !r.deleted() && platform.SameText(value, lookups[i].Value) && len(found[i]) < matchesMax {
				found[i] = append(found[i], c.snapshot(o, r, fields, page.began))
			}
		}
	}
}

package quickbooks

import (
	"context"
	"net/url"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	// queryBytesMax bounds the escaped text of one query: it travels in a URL.
	queryBytesMax = 3000
	// matchesMax bounds the matches of one look-up, as platform.Connector.Find promises.
	matchesMax = 10
)

// Find looks records up by equality, many values in one query. The platform's own comparison is unverified, so the
// value is asked for as given and in lower case, and answers are judged here, without case.
func (c *Connector) Find(ctx context.Context, object record.Object, fields []record.PlatformField, lookups []platform.Lookup) ([][]record.Snapshot, error) {
	if _, err := c.client.Findable(c.catalog, object, lookups); err != nil {
		return nil, err
	}
	k, _ := kindOf(object)
	found := make([][]record.Snapshot, len(lookups))
	for _, group := range groupLookups(lookups) {
		if err := c.findGroup(ctx, k, fields, lookups, group, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// findGroup answers the look-ups numbered in group, all of one field. Should one query be filled, perhaps by one
// common value, each is asked alone.
func (c *Connector) findGroup(ctx context.Context, k kind, fields []record.PlatformField, lookups []platform.Lookup, group []int, found [][]record.Snapshot) error {
	var values []string
	for _, i := range group {
		values = append(values, platform.Spellings(lookups[i].Value)...)
	}
	// PrimaryEmailAddr.Address is queried as PrimaryEmailAddr (routablehq/python-quickbooks issue 284).
	property, _, _ := strings.Cut(string(lookups[group[0]].Field), ".")
	list, err := c.query(ctx, k, property+" in "+quoteAll(values), "Id", 1, rowsMax, fields)
	if list, err = c.whole("find "+k.entity, list, err); err != nil {
		return err
	}
	if list.full(rowsMax) && len(group) > 1 {
		for _, i := range group {
			if err := c.findGroup(ctx, k, fields, lookups, []int{i}, found); err != nil {
				return err
			}
		}
		return nil
	}
	for _, i := range group {
		for _, e := range list.entities {
			value, _ := e.value(lookups[i].Field)
			if e.deleted() || e.archived(k) || !platform.SameText(value, lookups[i].Value) || len(found[i]) == matchesMax {
				continue
			}
			s := c.snapshot(k, e, fields, list.began)
			s.Lagging = true
			found[i] = append(found[i], *s)
		}
	}
	return nil
}

// groupLookups splits look-ups, by number, into groups of one field that fit into one query. Blank values match nothing.
func groupLookups(lookups []platform.Lookup) [][]int {
	type open struct {
		group []int
		bytes int
	}
	var groups [][]int
	byField := map[record.PlatformField]*open{}
	var order []*open
	for i, l := range lookups {
		if strings.TrimSpace(l.Value) == "" {
			continue
		}
		size := len(url.QueryEscape(quoteAll(platform.Spellings(l.Value))))
		o := byField[l.Field]
		if o != nil && o.bytes+size > queryBytesMax {
			groups = append(groups, o.group)
			o.group, o.bytes = nil, 0
		}
		if o == nil {
			o = &open{}
			byField[l.Field] = o
			order = append(order, o)
		}
		o.group = append(o.group, i)
		o.bytes += size
	}
	for _, o := range order {
		groups = append(groups, o.group)
	}
	return groups
}

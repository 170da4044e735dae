package xero

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	// findRowsMax is the size of a look-up's page and findPagesMax how many are walked for one value; matchesMax bounds what
	// is answered of each, as platform.Connector.Find promises. termRunesMax is the longest term searched for: 60 characters
	// of four bytes fit into a query.
	findRowsMax  = 500
	findPagesMax = 4
	matchesMax   = 10
	termRunesMax = 60
)

// Find looks records up by equality, many values in one call, archived ones left out. The platform's filters mind the case
// of letters (freakboy3742/pyxero issue 172), so they are asked for in lower case, and answers are judged here.
func (c *Connector) Find(ctx context.Context, object record.Object, fields []record.PlatformField, lookups []platform.Lookup) ([][]record.Snapshot, error) {
	if _, err := c.client.Findable(c.catalog, object, lookups); err != nil {
		return nil, err
	}
	k, _ := kindOf(object)
	found := make([][]record.Snapshot, len(lookups))
	err := c.find(ctx, k, lookups, func(i int, e entity, began time.Time) {
		if s := c.snapshot(k, e, fields, began); !s.Archived && len(found[i]) < matchesMax {
			found[i] = append(found[i], *s)
		}
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// find calls match for each record, archived ones too, that a look-up by any plain field finds, by the look-up's number.
func (c *Connector) find(ctx context.Context, k kind, lookups []platform.Lookup, match func(i int, e entity, began time.Time)) error {
	for _, group := range groupLookups(k, lookups) {
		if err := c.findGroup(ctx, k, lookups, group, match); err != nil {
			return err
		}
	}
	return nil
}

// findGroup answers the look-ups numbered in group, all of one field. Where they find more than one page holds, perhaps by
// one common value, each is asked alone, and its pages are walked.
func (c *Connector) findGroup(ctx context.Context, k kind, lookups []platform.Lookup, group []int, match func(int, entity, time.Time)) error {
	q := query{order: k.key(), size: findRowsMax}
	if alone := lookups[group[0]]; searched(k, alone) {
		q.term = beginning(alone.Value)
	} else {
		q.where = whereAny(lookups, group)
	}
	for q.number = 1; q.number <= findPagesMax; q.number++ {
		rows, err := c.wholePage(ctx, k, q)
		if err != nil {
			return err
		}
		if rows.more && len(group) > 1 {
			for _, i := range group {
				if err := c.findGroup(ctx, k, lookups, []int{i}, match); err != nil {
					return err
				}
			}
			return nil
		}
		for _, e := range rows.entities {
			for _, i := range group {
				value, _ := e.value(lookups[i].Field, true)
				if !e.foreign(k) && e.mergedInto(k) == "" && platform.SameText(value, lookups[i].Value) {
					match(i, e, rows.began)
				}
			}
		}
		if !rows.more {
			return nil
		}
	}
	if q.term == "" {
		return nil // every one of those is a match, and more than anybody asks for
	}
	return fault.Newf(fault.Rejected, c.client.Opf("find %s", k.object()), "more than %d records hold what a look-up begins with", findPagesMax*findRowsMax)
}

// groupLookups splits look-ups, by number, into groups of one field that fit into one query. Blank values match nothing;
// one that a filter cannot hold goes alone.
func groupLookups(k kind, lookups []platform.Lookup) [][]int {
	var groups [][]int
	open := map[record.PlatformField]int{} // the group of a field that still has room
	for i, l := range lookups {
		if strings.TrimSpace(l.Value) == "" {
			continue
		}
		at, begun := open[l.Field]
		if searched(k, l) || !begun || !fits(k, lookups, append(slices.Clone(groups[at]), i)) {
			groups = append(groups, []int{i})
			if !searched(k, l) {
				open[l.Field] = len(groups) - 1
			}
			continue
		}
		groups[at] = append(groups[at], i)
	}
	return groups
}

// fits says that a filter for the look-ups numbered in group is not too long.
func fits(k kind, lookups []platform.Lookup, group []int) bool {
	return len(query{where: whereAny(lookups, group), order: k.key(), number: findPagesMax, size: findRowsMax}.encode(k)) <= queryBytesMax
}

// searched says that a value is searched for rather than filtered by: the filter's way to escape a quote is not documented,
// and a value may be too long for it. A search needs no quotes, and is wider (xero_accounting.yaml 16.1.0, searchTerm).
func searched(k kind, l platform.Lookup) bool {
	return !quotable(l.Value) || !fits(k, []platform.Lookup{l}, []int{0})
}

// beginning is as much of a value as a search needs.
func beginning(value string) string {
	runes := []rune(strings.TrimSpace(value))
	return string(runes[:min(len(runes), termRunesMax)])
}

// whereAny filters for any of the look-ups numbered in group, all of one field. Numbers and references are asked for as
// they are, for which the platform has an index (cdata.com's list of optimized filters); names and addresses in lower case,
// and what is not there has none: hence the guard.
func whereAny(lookups []platform.Lookup, group []int) string {
	field := string(lookups[group[0]].Field)
	test, guard := field+`=="`, "("
	folds := field == "Name" || field == "EmailAddress"
	if folds {
		test, guard = field+`.ToLower()=="`, field+"!=null AND ("
	}
	var tests []string
	for _, i := range group {
		value := strings.TrimSpace(lookups[i].Value)
		if folds {
			value = strings.ToLower(value)
		}
		tests = append(tests, test+value+`"`)
	}
	return guard + strings.Join(tests, " OR ") + ")"
}

// quotable says that a value can stand in a filter as it is.
func quotable(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return r == '"' || r == '\\' || r < ' ' })
}

package hubspot

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	// foundMax bounds the matches of one look-up, as platform.Connector.Find promises.
	foundMax = 10
	// searchMax is the largest page of a search (developers.hubspot.com search guide, 2026-06).
	searchMax = 200
	// searchBytesMax bounds the values of one search: its body may hold 3,000 characters (search guide).
	searchBytesMax = 1500
)

// Find looks records up by equality without case. Fields with unique values are asked of the records themselves, by
// batch read; others of the search index, whose finds are then read, so that only what it has not seen yet is missing.
//
// A contact that holds an address as a secondary one is not found by it (its email is another); creating a second one is
// refused with that contact's id, which Apply answers as Existing.
func (c *Connector) Find(ctx context.Context, object record.Object, fields []record.PlatformField, lookups []platform.Lookup) ([][]record.Snapshot, error) {
	if _, err := c.client.Findable(c.catalog, object, lookups); err != nil {
		return nil, err
	}
	values := map[record.PlatformField][]string{}
	for _, l := range lookups {
		if value := folded(l.Value); value != "" && !slices.Contains(values[l.Field], value) {
			values[l.Field] = append(values[l.Field], value)
		}
	}
	out := make([][]record.Snapshot, len(lookups))
	for _, field := range slices.Sorted(maps.Keys(values)) {
		matches, err := c.findBy(ctx, object, field, fields, values[field])
		if err != nil {
			return nil, err
		}
		for i, l := range lookups {
			if l.Field == field && folded(l.Value) != "" {
				out[i] = matching(matches, field, l.Value)
			}
		}
	}
	return out, nil
}

func folded(value string) string { return strings.ToLower(strings.TrimSpace(value)) }

// matching gives the records whose field equals value, in order of id, at most foundMax.
func matching(found map[record.ExternalID]record.Snapshot, field record.PlatformField, value string) []record.Snapshot {
	var out []record.Snapshot
	for _, id := range slices.SortedFunc(maps.Keys(found), compareIDs) {
		if folded(found[id].Fields[field]) == folded(value) && len(out) < foundMax {
			out = append(out, found[id])
		}
	}
	return out
}

// compareIDs orders ids as numbers without parsing them: the longer is the greater.
func compareIDs(a, b record.ExternalID) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(string(a), string(b))
}

// findBy gives the records that hold any of values in field, by id, with field read besides fields.
func (c *Connector) findBy(ctx context.Context, object record.Object, field record.PlatformField, fields []record.PlatformField, values []string) (map[record.ExternalID]record.Snapshot, error) {
	asked, by := make([]record.ExternalID, len(values)), string(field)
	for i, v := range values {
		asked[i] = record.ExternalID(v)
	}
	if !c.unique(object, field) {
		var err error
		if asked, err = c.searchIDs(ctx, object, by, values); err != nil {
			return nil, err
		}
		by = ""
	}
	found := map[record.ExternalID]record.Snapshot{}
	for part := range slices.Chunk(asked, batchMax) {
		r, err := c.read(ctx, object, append([]record.PlatformField{field}, fields...), part, by)
		if err != nil {
			return nil, err
		}
		if r.failed || len(r.unread) > 0 {
			return nil, fault.Newf(fault.Transient, c.client.Opf("find %s", object), "some were not read")
		}
		if err := c.associate(ctx, object, fields, r.snapshots); err != nil {
			return nil, err
		}
		maps.Copy(found, r.snapshots)
	}
	return found, nil
}

// unique reports whether a field identifies a record: a contact's email, and the property that holds our identity.
func (c *Connector) unique(object record.Object, field record.PlatformField) bool {
	return field == c.catalog.Ability(object).Marker || (object == "contacts" && field == "email")
}

// searchIDs asks the search index for the records that hold any of values, at most foundMax for one value. Values go in
// lower case, as IN asks for (developers.hubspot.com search guide). A search that more records answer than one page
// holds is halved, so there are at most two searches for each value.
func (c *Connector) searchIDs(ctx context.Context, object record.Object, by string, values []string) ([]record.ExternalID, error) {
	if len(values) > 1 && len(strings.Join(values, `","`)) > searchBytesMax {
		return c.searchHalves(ctx, object, by, values)
	}
	body := search{FilterGroups: []filterGroup{{Filters: []filter{{Property: by, Operator: "IN", Values: values}}}}, Properties: []string{by}, Limit: searchMax}
	if len(values) == 1 {
		body.Limit = foundMax
	}
	var answer listAnswer
	if _, err := c.ask(ctx, platform.Call{Op: "search " + string(object), Method: http.MethodPost, Path: objectsPath(object) + "/search", Body: body}, &answer); err != nil {
		return nil, err
	}
	if len(values) > 1 && answer.Total > len(answer.Results) {
		return c.searchHalves(ctx, object, by, values)
	}
	ids := make([]record.ExternalID, len(answer.Results))
	for i, o := range answer.Results {
		ids[i] = o.id()
	}
	return ids, nil
}

func (c *Connector) searchHalves(ctx context.Context, object record.Object, by string, values []string) ([]record.ExternalID, error) {
	first, err := c.searchIDs(ctx, object, by, values[:len(values)/2])
	if err != nil {
		return nil, err
	}
	second, err := c.searchIDs(ctx, object, by, values[len(values)/2:])
	return append(first, second...), err
}

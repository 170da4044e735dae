package pipedrive

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	// searchRows bounds the rows of one search, matchesMax what is answered of them, as platform.Connector.Find promises.
	searchRows = 20
	matchesMax = 10
)

// Find looks records up by exact searches, one for each value, whose index trails the records; what they name is read by
// id, and judged by what it holds then: emails and names without case, custom fields with it, as the searches do.
func (c *Connector) Find(ctx context.Context, object record.Object, fields []record.PlatformField, lookups []platform.Lookup) ([][]record.Snapshot, error) {
	k, known := c.kindOf(object)
	if !known || len(lookups) > k.Ability.Finds() {
		return nil, fault.Newf(fault.Rejected, c.client.Opf("find %d %s", len(lookups), object), "unknown object or too many look-ups")
	}
	for _, l := range lookups {
		if !slices.Contains(k.Ability.Find, l.Field) && platform.ParsePath(l.Field).Root != rootCustom {
			return nil, fault.Newf(fault.Rejected, c.client.Opf("find %s", object), "field %s cannot be looked up", l.Field)
		}
		fields = append(slices.Clone(fields), l.Field)
	}
	want, err := c.lookFor(ctx, k, fields)
	if err != nil || len(lookups) == 0 {
		return nil, err
	}
	if err := c.certain(k, want, lookups); err != nil {
		return nil, err
	}
	named := make([][]record.ExternalID, len(lookups))
	var all []record.ExternalID
	for i, l := range lookups {
		if named[i], err = c.search(ctx, k, want, l); err != nil {
			return nil, err
		}
		all = append(all, named[i]...)
	}
	found := make([][]record.Snapshot, len(lookups))
	for part := range slices.Chunk(all, k.Ability.ReadMax) {
		read, err := c.read(ctx, k, want, part)
		if err != nil {
			return nil, err
		}
		want, err := c.confirm(ctx, k, want, slices.Collect(maps.Values(read.rows)), read.began)
		if err == nil {
			err = c.certain(k, want, lookups)
		}
		if err != nil {
			return nil, err
		}
		for i, l := range lookups {
			for _, id := range named[i] {
				if r := read.rows[id]; r != nil && !r.deleted() && !r.archived() && len(found[i]) < matchesMax && c.holds(k, want, r, l) {
					found[i] = append(found[i], c.snapshot(k, want, r, read.began))
				}
			}
		}
	}
	return found, nil
}

// holds says that a record's field equals what is looked for.
func (c *Connector) holds(k kind, want wanted, r row, l platform.Lookup) bool {
	value, told := want.value(k, r, l.Field)
	if platform.ParsePath(l.Field).Root == rootCustom {
		return told && value == l.Value
	}
	return told && strings.EqualFold(strings.TrimSpace(value), strings.TrimSpace(l.Value))
}

// search names the records that the index has for one value, each once; none for a blank.
func (c *Connector) search(ctx context.Context, k kind, want wanted, l platform.Lookup) ([]record.ExternalID, error) {
	term := strings.TrimSpace(l.Value)
	if term == "" {
		return nil, nil
	}
	q := url.Values{"term": {term}, "limit": {strconv.Itoa(searchRows)}}
	path := k.path("search")
	switch p := platform.ParsePath(l.Field); p.Root {
	case rootCustom:
		path = pathV2 + "itemSearch/field"
		q.Set("entity_type", k.item)
		q.Set("field", want.custom[p.Selector].Code)
		q.Set("match", "exact")
	case "emails":
		q.Set("fields", "email")
		q.Set("exact_match", "true")
	default:
		q.Set("fields", k.search)
		q.Set("exact_match", "true")
	}
	call := platform.Call{Op: "search " + string(k.Name), Method: http.MethodGet, Path: withQuery(path, q)}
	answer, err := c.ask(ctx, call, false)
	if err != nil {
		return nil, err
	}
	hits, ok := answer.hits()
	if !ok {
		return nil, fault.Newf(fault.Transient, c.client.Op(call), "the answer is not the list expected")
	}
	var ids []record.ExternalID
	for _, h := range hits {
		if id := h.id(); wellFormed(id) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// hit is one row of a search. That of one field is documented both with an item inside and as the item itself.
type hit struct {
	ID   json.Number `json:"id"`
	Item struct {
		ID json.Number `json:"id"`
	} `json:"item"`
}

func (h hit) id() record.ExternalID {
	if h.Item.ID != "" {
		return record.ExternalID(h.Item.ID)
	}
	return record.ExternalID(h.ID)
}

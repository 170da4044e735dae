package jobber

import (
	"context"
	"encoding/json"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// hintsMax is how many properties ResolveHints reads in one call, at 3 points each.
const hintsMax = 100

// ResolveHints gives, for each id of a hint, the id of the record of a known object that it belongs to: for properties,
// their clients. "" where it is gone: then only a poll or a sweep tells what changed. At most 100 ids.
// The pipeline calls it for hints whose object the catalog does not have; other objects are fault.Rejected.
func (c *Connector) ResolveHints(ctx context.Context, object record.Object, ids []record.ExternalID) ([]record.ExternalID, error) {
	call := "resolve " + string(object)
	if object != propertiesObject || len(ids) > hintsMax {
		return nil, c.reject(c.client.Opf("%s", call), "unknown object or too many ids")
	}
	if len(ids) == 0 {
		return nil, nil
	}
	q := question{operation: "query"}
	for i, id := range ids {
		q.root(aliasOf(i), "property(id: "+q.add("i"+aliasOf(i), "EncodedId!", id)+") { id client { id } }")
	}
	a, err := c.ask(ctx, call, q)
	if err != nil {
		return nil, err
	}
	owners := make([]record.ExternalID, len(ids))
	for i, id := range ids {
		if err := c.problem(a, aliasOf(i), c.client.Opf("%s/%s", call, id), fault.Transient); err != nil && !fault.Is(err, fault.Gone) {
			return nil, err
		}
		var p wireProperty
		if raw := a.Data[aliasOf(i)]; !absent(raw) && json.Unmarshal(raw, &p) == nil && p.Client != nil {
			owners[i] = p.Client.ID
		}
	}
	return owners, nil
}

// OwnerOf implements platform.Owning: a property belongs to its client.
func (c *Connector) OwnerOf(object record.Object) (record.Object, bool) {
	return "clients", object == propertiesObject
}

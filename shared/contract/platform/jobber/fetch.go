package jobber

import (
	"context"
	"fmt"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Fetch reads records by id in one request of aliased queries. Null without an error is an absence; an archived client
// is an archived snapshot.
func (c *Connector) Fetch(ctx context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID) ([]platform.Read, error) {
	if _, err := c.client.Readable(c.catalog, object, ids); err != nil || len(ids) == 0 {
		return nil, err
	}
	k, _, _ := c.kindOf(object)
	a, err := c.ask(ctx, fmt.Sprintf("read %d %s", len(ids), object), byID(k, fields, propertiesRead, ids))
	if err != nil {
		return nil, err
	}
	reads := make([]platform.Read, len(ids))
	for i, id := range ids {
		reads[i] = c.readOne(k, fields, a, i, id)
	}
	return reads, nil
}

// byID asks for records under the aliases a0, a1, …
func byID(k kind, fields []record.PlatformField, properties int, ids []record.ExternalID) question {
	q := question{operation: "query", fragment: fragment(k, fields, properties)}
	for i, id := range ids {
		q.root(aliasOf(i), k.root+"(id: "+q.add("i"+aliasOf(i), "EncodedId!", id)+") { ...F }")
	}
	return q
}

func (c *Connector) readOne(k kind, fields []record.PlatformField, a answer, i int, id record.ExternalID) platform.Read {
	read := platform.Read{ID: id}
	op := c.client.Opf("read %s/%s", k.object, id)
	raw := a.Data[aliasOf(i)]
	problem := c.problem(a, aliasOf(i), op, fault.Transient)
	switch {
	case problem != nil && !fault.Is(problem, fault.Gone):
		read.Err = problem
	case !absent(raw):
		snapshot, err := c.snapshot(k, raw, fields, a.began)
		if err != nil {
			read.Err = fault.New(fault.Transient, op, err)
			return read
		}
		read.Snapshot = snapshot
	case problem == nil && raw == nil:
		read.Err = fault.Newf(fault.Transient, op, "no answer for this record")
	default:
		read.Absence = &record.Absence{Ref: c.ref(k, id), Evidence: record.EvidenceNotFound, ReadBegan: a.began}
	}
	return read
}

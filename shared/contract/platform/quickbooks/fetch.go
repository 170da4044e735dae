package quickbooks

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Fetch reads records by id: one directly, several by one query. A deleted record is an absence, an inactive customer
// an archived snapshot.
func (c *Connector) Fetch(ctx context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID) ([]platform.Read, error) {
	if _, err := c.client.Readable(c.catalog, object, ids); err != nil || len(ids) == 0 {
		return nil, err
	}
	k, _ := kindOf(object)
	found, began, sure, err := c.read(ctx, k, ids, fields)
	if err != nil {
		return nil, err
	}
	reads := make([]platform.Read, len(ids))
	for i, id := range ids {
		reads[i].ID = id
		e, listed := found[id]
		if listed && !e.deleted() {
			reads[i].Snapshot = c.snapshot(k, e, fields, began)
			continue
		}
		if !listed && !sure {
			reads[i].Err = fault.Newf(fault.Transient, c.client.Opf("read %s/%s", k.path, id), "the answer holds a row that is no record")
			continue
		}
		evidence := record.EvidenceNotFound
		if listed {
			evidence = record.EvidenceDeleted
		}
		reads[i].Absence = c.absence(k, id, evidence, began)
	}
	return reads, nil
}

// read gives the raw records that exist among ids. A single id is read at its own address, which answers after a write
// what was written. Several are read by a query; should its index trail the records (unverified), an old SyncToken
// gives it away to the resolver and to conditional updates. sure says that what is not found is not there: every row was
// a record.
func (c *Connector) read(ctx context.Context, k kind, ids []record.ExternalID, fields []record.PlatformField) (out map[record.ExternalID]entity, began time.Time, sure bool, err error) {
	if len(ids) == 1 && ids[0] != "" {
		out, began, err = c.readOne(ctx, k, ids[0], fields)
		return out, began, true, err
	}
	list, err := c.query(ctx, k, "Id in "+quoteAll(ids), "Id", 1, rowsMax, fields)
	if err != nil {
		return nil, time.Time{}, false, err
	}
	found := make(map[record.ExternalID]entity, len(list.entities))
	for _, e := range list.entities {
		found[e.id()] = e
	}
	return found, list.began, list.malformed == 0, nil
}

func (c *Connector) readOne(ctx context.Context, k kind, id record.ExternalID, fields []record.PlatformField) (map[record.ExternalID]entity, time.Time, error) {
	call := platform.Call{Op: "read " + k.path + " " + string(id), Method: http.MethodGet,
		Path: c.path(k.path+"/"+url.PathEscape(string(id)), include(fields))}
	answer, began, err := c.ask(ctx, call)
	if fault.Is(err, fault.Gone) {
		return nil, began, nil
	}
	if err != nil {
		return nil, began, err
	}
	e, err := decodeEntity(k.pick(answer.Customer, answer.Invoice))
	if err != nil {
		return nil, began, fault.New(fault.Transient, c.client.Op(call), err)
	}
	// Under the id asked for: a merged record may answer as its survivor.
	return map[record.ExternalID]entity{id: e}, began, nil
}

func (c *Connector) absence(k kind, id record.ExternalID, evidence record.Evidence, began time.Time) *record.Absence {
	ref := record.Ref{Place: record.Place{Connection: c.client.Settings.Connection, Object: k.object}, ID: id}
	return &record.Absence{Ref: ref, Evidence: evidence, ReadBegan: began}
}

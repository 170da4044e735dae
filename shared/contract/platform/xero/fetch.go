package xero

import (
	"context"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Fetch reads records by id, all in one call. A merged contact is an absence that names its survivor, an archived contact
// and a voided or deleted invoice an archived snapshot. A bill is told about by the same webhook as an invoice, and is
// none: its id is as good as deleted, on one read, for an invoice's type never changes.
func (c *Connector) Fetch(ctx context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID) ([]platform.Read, error) {
	if _, err := c.client.Readable(c.catalog, object, ids); err != nil || len(ids) == 0 {
		return nil, err
	}
	k, _ := kindOf(object)
	found, began, sure, err := c.read(ctx, k, ids)
	if err != nil {
		return nil, err
	}
	reads := make([]platform.Read, len(ids))
	for i, id := range ids {
		if reads[i] = c.judgeRead(k, id, found[canonical(id)], fields, began); found[canonical(id)] == nil && !sure {
			reads[i] = platform.Read{ID: id, Err: fault.Newf(fault.Transient, c.client.Opf("read %s/%s", object, id), "the answer holds a record that is none")}
		}
	}
	return reads, nil
}

// judgeRead says what a read shows of one id, e nil if there is no such record.
func (c *Connector) judgeRead(k kind, id record.ExternalID, e entity, fields []record.PlatformField, began time.Time) platform.Read {
	switch {
	case e == nil:
		return platform.Read{ID: id, Absence: c.absence(k, id, record.EvidenceNotFound, "", began)}
	case e.foreign(k):
		return platform.Read{ID: id, Absence: c.absence(k, id, record.EvidenceDeleted, "", began)}
	case e.mergedInto(k) != "":
		return platform.Read{ID: id, Absence: c.absence(k, id, record.EvidenceMerged, e.mergedInto(k), began)}
	}
	return platform.Read{ID: id, Snapshot: c.snapshot(k, e, fields, began)}
}

// read gives the records that exist among ids, by id. What is no id is not asked for. sure says that what is not found is
// not there: every record answered was one.
func (c *Connector) read(ctx context.Context, k kind, ids []record.ExternalID) (out map[record.ExternalID]entity, began time.Time, sure bool, err error) {
	found := map[record.ExternalID]entity{}
	var asked []string
	for _, id := range ids {
		if wellFormed(id) && !slices.Contains(asked, string(canonical(id))) {
			asked = append(asked, string(canonical(id)))
		}
	}
	if len(asked) == 0 {
		return found, c.client.Settings.Now(), true, nil
	}
	rows, err := c.page(ctx, k, query{ids: asked, number: 1, size: pageSizeUsual})
	if err != nil {
		return nil, time.Time{}, false, err
	}
	for _, e := range rows.entities {
		found[e.id(k)] = e
	}
	return found, rows.began, rows.malformed == 0, nil
}

func (c *Connector) absence(k kind, id record.ExternalID, evidence record.Evidence, into record.ExternalID, began time.Time) *record.Absence {
	return &record.Absence{Ref: record.Ref{Place: c.place(k), ID: id}, Evidence: evidence, Into: into, ReadBegan: began}
}

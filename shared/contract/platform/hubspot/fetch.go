package hubspot

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	// lonelyMax bounds the reads one by one of ids that a batch answer does not account for.
	lonelyMax = 20
	// mergedIDs is the property in which HubSpot lists the ids merged into a record, ";"-separated (unverified: it is in
	// many exports of accounts, the guides do not describe it; without it the lone reads tell the same).
	mergedIDs = "hs_merged_object_ids"
)

// Fetch reads records by id: one batch read, one more of the archived for what it did not find, and one for each object
// whose association is asked for. An archived record is an absence, and so is one that was merged into another.
func (c *Connector) Fetch(ctx context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID) ([]platform.Read, error) {
	if _, err := c.client.Readable(c.catalog, object, ids); err != nil || len(ids) == 0 {
		return nil, err
	}
	found, err := c.read(ctx, object, fields, ids, "")
	if err != nil {
		return nil, err
	}
	if err := c.readLonely(ctx, object, ids, &found); err != nil {
		return nil, err
	}
	archived, err := c.readArchived(ctx, object, found.absent(ids))
	if err != nil {
		return nil, err
	}
	if err := c.associate(ctx, object, fields, found.snapshots); err != nil {
		return nil, err
	}
	reads := make([]platform.Read, len(ids))
	for i, id := range ids {
		reads[i] = c.judge(object, id, found, archived)
	}
	return reads, nil
}

// judge says what the reads show of one id.
func (c *Connector) judge(object record.Object, id record.ExternalID, found reading, archived map[record.ExternalID]bool) platform.Read {
	if s, ok := found.snapshots[id]; ok {
		return platform.Read{ID: id, Snapshot: &s}
	}
	absence := &record.Absence{Ref: record.Ref{Place: c.place(object), ID: id}, Evidence: record.EvidenceNotFound, ReadBegan: found.began}
	switch {
	case found.merged[id] != "":
		absence.Evidence, absence.Into = record.EvidenceMerged, found.merged[id]
	case found.unread[id] || !found.missing[id]:
		return platform.Read{ID: id, Err: fault.Newf(fault.Transient, c.client.Opf("read %s/%s", object, id), "the answer does not tell of it")}
	case archived[id]:
		absence.Evidence = record.EvidenceArchived
	}
	return platform.Read{ID: id, Absence: absence}
}

// reading is what a batch read shows. An id that is in none of its maps is not accounted for.
type reading struct {
	snapshots map[record.ExternalID]record.Snapshot   // by the id they have
	merged    map[record.ExternalID]record.ExternalID // ids that answer as another record
	missing   map[record.ExternalID]bool              // said not to be there
	unread    map[record.ExternalID]bool              // failed for another reason
	failed    bool                                    // so did some that the answer does not name
	began     time.Time
}

// absent gives the ids that were said not to be there.
func (r reading) absent(ids []record.ExternalID) []record.ExternalID {
	return slices.DeleteFunc(slices.Clone(ids), func(id record.ExternalID) bool {
		_, found := r.snapshots[id]
		return found || r.merged[id] != "" || !r.missing[id] || r.unread[id]
	})
}

// read reads records in bulk by id, or by the unique property by, without associations. A merged record answers as its
// winner, under the winner's id (community.hubspot.com "Question about using batch read API", 2025-01).
func (c *Connector) read(ctx context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID, by string) (reading, error) {
	properties, _ := split(fields)
	body := batchRead{Properties: append(properties, stampOf(object), mergedIDs), History: []string{}, IDProperty: by}
	for _, id := range ids {
		if in := refer(id); id != "" && !slices.Contains(body.Inputs, in) {
			body.Inputs = append(body.Inputs, in)
		}
	}
	out := reading{snapshots: map[record.ExternalID]record.Snapshot{}, merged: map[record.ExternalID]record.ExternalID{},
		missing: map[record.ExternalID]bool{"": true}, unread: map[record.ExternalID]bool{}, began: c.client.Settings.Now()}
	if len(body.Inputs) == 0 {
		return out, nil
	}
	var answer batchAnswer
	told, err := c.ask(ctx, platform.Call{Op: "batch read " + string(object), Method: http.MethodPost, Path: objectsPath(object) + "/batch/read", Body: body}, &answer)
	if err != nil {
		return reading{}, err
	}
	out.began = told.began
	for _, o := range answer.Results {
		if !isID(o.ID) {
			out.failed = true
			continue
		}
		out.snapshots[o.id()] = c.snapshot(object, o, fields, told.began)
		for _, old := range strings.Split(string(o.Properties[mergedIDs]), ";") {
			if old = strings.TrimSpace(old); old != "" && text(old) != o.ID {
				out.merged[record.ExternalID(old)] = o.id()
			}
		}
	}
	if len(body.Inputs) == 1 && by == "" {
		out.lone(record.ExternalID(body.Inputs[0].ID), answer)
	}
	out.failures(answer.Errors)
	return out, nil
}

// lone accounts for the only id of a read: whatever answers, answers for it.
func (r *reading) lone(id record.ExternalID, answer batchAnswer) {
	switch {
	case len(answer.Results) == 0 && !slices.ContainsFunc(answer.Errors, func(e wireError) bool { return e.Category != categoryNotFound }):
		r.missing[id] = true
	case len(answer.Results) == 1 && isID(answer.Results[0].ID) && answer.Results[0].id() != id:
		r.merged[id] = answer.Results[0].id()
	}
}

// failures notes which ids were not read. One error may name many ids.
func (r *reading) failures(errs []wireError) {
	for _, e := range errs {
		ids := e.values("ids")
		for _, id := range ids {
			if e.Category == categoryNotFound {
				r.missing[record.ExternalID(id)] = true
			} else {
				r.unread[record.ExternalID(id)] = true
			}
		}
		if len(ids) == 0 && e.Category != categoryNotFound {
			r.failed = true
		}
	}
}

// readLonely reads one by one what a batch answer did not account for: a merged record whose winner does not list it.
// Beyond lonelyMax they stay unaccounted for, which is no absence.
func (c *Connector) readLonely(ctx context.Context, object record.Object, ids []record.ExternalID, found *reading) error {
	asked := 0
	for _, id := range ids {
		_, known := found.snapshots[id]
		if known || found.merged[id] != "" || found.missing[id] || found.unread[id] || asked == lonelyMax {
			continue
		}
		asked++
		alone, err := c.read(ctx, object, nil, []record.ExternalID{id}, "")
		switch {
		case err != nil:
			return err
		case alone.merged[id] != "":
			found.merged[id] = alone.merged[id]
		case len(alone.snapshots) > 0 || len(alone.unread) > 0 || alone.failed:
			found.unread[id] = true // it is there after all: the next read tells its fields
		default:
			found.missing[id] = true
		}
	}
	return nil
}

// readArchived tells which of ids are kept as archived records; they can be restored for 90 days.
func (c *Connector) readArchived(ctx context.Context, object record.Object, ids []record.ExternalID) (map[record.ExternalID]bool, error) {
	body := batchRead{History: []string{}}
	for _, id := range ids {
		if in := refer(id); id != "" && !slices.Contains(body.Inputs, in) {
			body.Inputs = append(body.Inputs, in)
		}
	}
	if len(body.Inputs) == 0 {
		return nil, nil
	}
	body.Properties = []string{stampOf(object)}
	var answer batchAnswer
	call := platform.Call{Op: "batch read archived " + string(object), Method: http.MethodPost, Path: objectsPath(object) + "/batch/read?archived=true", Body: body}
	if _, err := c.ask(ctx, call, &answer); err != nil {
		return nil, err
	}
	archived := map[record.ExternalID]bool{}
	for _, o := range answer.Results {
		archived[o.id()] = true
	}
	return archived, nil
}

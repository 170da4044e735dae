package pipedrive

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Fetch reads records by id, one of them by a call of its own and several by a list, which leaves out what it has not:
// archived and deleted deals are in lists of their own, and whatever is left is asked for alone, so that a record that is
// gone is told from one that the authorised user may not see any more. That one fails alone, as fault.Rejected.
func (c *Connector) Fetch(ctx context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID) ([]platform.Read, error) {
	if _, err := c.client.Readable(c.catalog, object, ids); err != nil || len(ids) == 0 {
		return nil, err
	}
	k, _ := c.kindOf(object)
	want, err := c.lookFor(ctx, k, fields)
	if err != nil {
		return nil, err
	}
	found, err := c.read(ctx, k, want, ids)
	if err != nil {
		return nil, err
	}
	if want, err = c.confirm(ctx, k, want, slices.Collect(maps.Values(found.rows)), found.began); err != nil {
		return nil, err
	}
	reads := make([]platform.Read, len(ids))
	for i, id := range ids {
		reads[i] = c.judgeRead(k, want, id, found)
	}
	return reads, nil
}

// judgeRead says what a read shows of one id.
func (c *Connector) judgeRead(k kind, want wanted, id record.ExternalID, found readings) platform.Read {
	if err := found.errs[id]; err != nil {
		return platform.Read{ID: id, Err: err}
	}
	r, there := found.rows[id]
	if there && !r.deleted() {
		s := c.snapshot(k, want, r, found.began)
		return platform.Read{ID: id, Snapshot: &s}
	}
	a := &record.Absence{Ref: c.ref(k, id), Evidence: record.EvidenceNotFound, ReadBegan: found.began}
	if there {
		a.Evidence = record.EvidenceDeleted
	}
	return platform.Read{ID: id, Absence: a}
}

// readings are what a read by id found: rows, and why a record cannot be read. What is in neither is not there.
type readings struct {
	rows  map[record.ExternalID]row
	errs  map[record.ExternalID]error
	began time.Time
}

// read gives the records that exist among ids. What is no id is not asked for.
func (c *Connector) read(ctx context.Context, k kind, want wanted, ids []record.ExternalID) (readings, error) {
	out := readings{rows: map[record.ExternalID]row{}, errs: map[record.ExternalID]error{}, began: c.client.Settings.Now()}
	missing := slices.DeleteFunc(slices.Clone(ids), func(id record.ExternalID) bool { return !wellFormed(id) })
	slices.Sort(missing)
	missing = slices.Compact(missing)
	if len(missing) > 1 {
		lists := []url.Values{{}}
		paths := []string{k.path()}
		if k.Name == "deals" {
			lists, paths = append(lists, url.Values{}, url.Values{"status": {"deleted"}}), append(paths, k.path("archived"), k.path())
		}
		for i, path := range paths {
			if len(missing) == 0 {
				break
			}
			q := lists[i]
			q.Set("ids", joinIDs(missing))
			q.Set("limit", strconv.Itoa(k.Ability.ReadMax))
			page, err := c.page(ctx, k, path, q, want)
			if err != nil {
				return readings{}, err
			}
			for _, r := range page.rows {
				out.rows[r.id()] = r
			}
			missing = slices.DeleteFunc(missing, func(id record.ExternalID) bool { return out.rows[id] != nil })
		}
	}
	for _, id := range missing {
		r, err := c.alone(ctx, k, want, id)
		switch {
		case r != nil:
			out.rows[id] = r
		case fault.Is(err, fault.Rejected):
			out.errs[id] = err
		case err != nil && !fault.Is(err, fault.Gone):
			return readings{}, err
		}
	}
	return out, nil
}

// alone reads one record. Errors: fault.Gone if it is not there.
func (c *Connector) alone(ctx context.Context, k kind, want wanted, id record.ExternalID) (row, error) {
	call := platform.Call{Op: "read " + string(k.Name) + "/" + string(id), Method: http.MethodGet, Path: withQuery(k.path(string(id)), want.query(url.Values{}))}
	answer, err := c.ask(ctx, call, true)
	if err != nil {
		return nil, c.doubtFields(k, want, err)
	}
	r, err := decodeRow(answer.Data)
	if err != nil || r.id() != id {
		return nil, fault.Newf(fault.Transient, c.client.Op(call), "answered another record, or none")
	}
	return r, nil
}

func joinIDs(ids []record.ExternalID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	return strings.Join(texts, ",")
}

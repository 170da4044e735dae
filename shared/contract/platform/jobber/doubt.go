package jobber

import (
	"context"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// searchPagesMax bounds the look for an earlier result: 500 records created since, at about 14 points each.
const searchPagesMax = 10

// lookForOwn settles creates that were attempted before. Nothing makes a create of this platform idempotent, so our
// record is looked for by its marker among those created since the first attempt. One that is found is answered as
// Existing. Where the search is not conclusive, or there is no marker to look for, the create stays in doubt.
func (c *Connector) lookForOwn(ctx context.Context, k kind, items []*work) error {
	var doubtful []*work
	var since time.Time
	for _, w := range items {
		switch {
		case w.Done || w.Intent.Operation != record.OperationCreate || w.Intent.AttemptsBegan.IsZero():
			continue
		case w.Intent.Marker == "" || w.Intent.Fields[w.Intent.Marker] == "":
			w.Fail(fault.Newf(fault.InDoubt, c.client.OpOf(w.Intent), "was attempted before and has no marker to look for"))
			continue
		}
		doubtful = append(doubtful, w)
		if since.IsZero() || w.Intent.AttemptsBegan.Before(since) {
			since = w.Intent.AttemptsBegan
		}
	}
	if len(doubtful) == 0 {
		return nil
	}
	conclusive, err := c.search(ctx, k, doubtful, since)
	if err != nil || conclusive {
		return err
	}
	for _, w := range doubtful {
		if !w.Done {
			w.Fail(fault.Newf(fault.InDoubt, c.client.OpOf(w.Intent), "too many records were created since to look for ours"))
		}
	}
	return nil
}

// search walks the records created since, less what clocks may differ by. conclusive says that all were seen.
func (c *Connector) search(ctx context.Context, k kind, doubtful []*work, since time.Time) (conclusive bool, err error) {
	_, ability, _ := c.kindOf(k.object)
	q := platform.Query{Object: k.object, Limit: ability.PageMax}
	for _, w := range doubtful {
		if !slices.Contains(q.Fields, w.Intent.Marker) {
			q.Fields = append(q.Fields, w.Intent.Marker)
		}
	}
	filter := map[string]any{"createdAt": map[string]any{"after": formatTime(since.Add(-clockTrust))}}
	var at position
	for range searchPagesMax {
		page, err := c.walk(ctx, k, q, at, filter, "")
		if err != nil {
			return false, err
		}
		for _, w := range doubtful {
			w.adopt(page.snapshots)
		}
		if at = page.next; at.Ended {
			return !at.Unsure, nil
		}
	}
	return false, nil
}

// adopt answers a create by the record that already has its marker.
func (w *work) adopt(found []record.Snapshot) {
	for _, s := range found {
		if !w.Done && s.Fields[w.Intent.Marker] == w.Intent.Fields[w.Intent.Marker] {
			w.Receipt.ID, w.Receipt.Existing, w.Done = s.ID, true, true
		}
	}
}

package pipedrive

import (
	"context"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	// doubtPagesMax bounds the look for an earlier result: 10,000 records changed since, in pages of PageMax.
	doubtPagesMax = 20
	// clockTrust is by how much the platform's stamps may be behind our clock.
	clockTrust = 5 * time.Minute
)

// lookForOwn settles creates that were attempted before. Nothing makes a create of this platform idempotent, so our record
// is looked for by its marker: first by an exact search, which finds it however much else changed, then, since the index
// trails the records, among all that changed since the first attempt. One that is found is answered as Existing, and judged
// by whoever reads it. Where neither is conclusive, or there is no marker to look for, the create stays in doubt.
func (c *Connector) lookForOwn(ctx context.Context, k kind, want wanted, items []*work) error {
	var doubtful []*work
	for _, w := range items {
		marker := w.Intent.Marker
		switch {
		case w.Done || w.Intent.Operation != record.OperationCreate || w.Intent.AttemptsBegan.IsZero():
		case marker == "" || w.Intent.Fields[marker] == "":
			w.Fail(fault.Newf(fault.InDoubt, c.client.OpOf(w.Intent), "was attempted before and has no marker to look for"))
		default:
			doubtful = append(doubtful, w)
		}
	}
	for _, w := range doubtful {
		// A search by another field would find others too: the list shows what each holds.
		if platform.ParsePath(w.Intent.Marker).Root == rootCustom {
			ids, err := c.search(ctx, k, want, platform.Lookup{Field: w.Intent.Marker, Value: w.Intent.Fields[w.Intent.Marker]})
			if err != nil {
				return err
			}
			w.adopt(c, ids)
		}
	}
	open := slices.DeleteFunc(doubtful, func(w *work) bool { return w.Done })
	if len(open) == 0 {
		return nil
	}
	return c.lookAmongChanged(ctx, k, want, open)
}

// lookAmongChanged walks what changed since the first of the attempts, archived deals too.
func (c *Connector) lookAmongChanged(ctx context.Context, k kind, want wanted, open []*work) error {
	since := open[0].Intent.AttemptsBegan
	for _, w := range open {
		if w.Intent.AttemptsBegan.Before(since) {
			since = w.Intent.AttemptsBegan
		}
	}
	phases := []string{phaseLive}
	if k.Name == "deals" {
		phases = append(phases, phaseArchived)
	}
	found := make([][]record.ExternalID, len(open))
	pages := 0
	for _, phase := range phases {
		at, ended := position{Phase: phase, Since: since.Add(-clockTrust).Unix()}, false
		for ; !ended; pages++ {
			if pages == doubtPagesMax {
				for _, w := range open {
					w.Fail(fault.Newf(fault.InDoubt, c.client.OpOf(w.Intent), "too many records changed since to look for ours"))
				}
				return nil
			}
			page, err := c.pageAt(ctx, k, want, at, k.Ability.PageMax)
			if err != nil {
				return err
			}
			for i, w := range open {
				found[i] = append(found[i], holders(k, want, w, page.rows)...)
			}
			next := at.behind(page)
			if ended = page.next == ""; !ended && next == at {
				return fault.Newf(fault.Transient, c.client.Opf("changes of %s", k.Name), "the list does not get ahead")
			}
			at = next
		}
	}
	for i, w := range open {
		slices.Sort(found[i])
		w.adopt(c, slices.Compact(found[i]))
	}
	return nil
}

// holders gives the records of a page that hold the marker of a create.
func holders(k kind, want wanted, w *work, page []row) []record.ExternalID {
	var ids []record.ExternalID
	for _, r := range page {
		if value, told := want.value(k, r, w.Intent.Marker); told && value == w.Intent.Fields[w.Intent.Marker] {
			ids = append(ids, r.id())
		}
	}
	return ids
}

// adopt answers a create by the one record that has its marker already; which of several is ours is not for us to say.
func (w *work) adopt(c *Connector, ids []record.ExternalID) {
	switch {
	case len(ids) == 1:
		w.Receipt.ID, w.Receipt.Existing, w.Done = ids[0], true, true
	case len(ids) > 1:
		w.Fail(fault.Newf(fault.Rejected, c.client.OpOf(w.Intent), "%d records hold our identity", len(ids)))
	}
}

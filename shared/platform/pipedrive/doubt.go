package pipedrive

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/platform"
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
		marker := w.intent.Marker
		switch {
		case w.done || w.intent.Operation != record.OperationCreate || w.intent.AttemptsBegan.IsZero():
		case marker == "" || w.intent.Fields[marker] == "":
			w.fail(fault.Newf(fault.InDoubt, c.opOf(w.intent), "was attempted before and has no marker to look for"))
		default:
			doubtful = append(doubtful, w)
		}
	}
	for _, w := range doubtful {
		lookup := platform.Lookup{Field: w.intent.Marker, Value: w.intent.Fields[w.intent.Marker]}
		if parsePath(lookup.Field).root != rootCustom && !slices.Contains(k.Ability.Find, lookup.Field) {
			continue
		}
		ids, err := c.search(ctx, k, want, lookup)
		if err != nil {
			return err
		}
		// A search by a name may match others: those are left to the list, which shows what they hold.
		if parsePath(lookup.Field).root == rootCustom {
			w.adopt(c, ids)
		}
	}
	open := slices.DeleteFunc(doubtful, func(w *work) bool { return w.done })
	if len(open) == 0 {
		return nil
	}
	return c.lookAmongChanged(ctx, k, want, open)
}

// lookAmongChanged walks what changed since the first of the attempts, archived deals too.
func (c *Connector) lookAmongChanged(ctx context.Context, k kind, want wanted, open []*work) error {
	since := open[0].intent.AttemptsBegan
	for _, w := range open {
		if w.intent.AttemptsBegan.Before(since) {
			since = w.intent.AttemptsBegan
		}
	}
	found := make([][]record.ExternalID, len(open))
	paths := []string{k.path()}
	if k.Name == "deals" {
		paths = append(paths, k.path("archived"))
	}
	for _, path := range paths {
		ask := url.Values{"updated_since": {since.Add(-clockTrust).UTC().Format(time.RFC3339)}, "sort_by": {"update_time"}, "sort_direction": {"asc"}, "limit": {strconv.Itoa(k.Ability.PageMax)}}
		for pages := 0; ; pages++ {
			if pages == doubtPagesMax {
				for _, w := range open {
					w.fail(fault.Newf(fault.InDoubt, c.opOf(w.intent), "too many records changed since to look for ours"))
				}
				return nil
			}
			page, err := c.wholePage(ctx, k, path, ask, want)
			if err != nil {
				return err
			}
			for _, r := range page.rows {
				for i, w := range open {
					value, told := want.value(k, r, w.intent.Marker)
					if told && value == w.intent.Fields[w.intent.Marker] && !slices.Contains(found[i], r.id()) {
						found[i] = append(found[i], r.id())
					}
				}
			}
			if page.next == "" {
				break
			}
			ask.Set("cursor", page.next)
		}
	}
	for i, w := range open {
		w.adopt(c, found[i])
	}
	return nil
}

// adopt answers a create by the one record that has its marker already; which of several is ours is not for us to say.
func (w *work) adopt(c *Connector, ids []record.ExternalID) {
	switch {
	case len(ids) == 1:
		w.receipt.ID, w.receipt.Existing, w.done = ids[0], true, true
	case len(ids) > 1:
		w.fail(fault.Newf(fault.Rejected, c.opOf(w.intent), "%d records hold our identity", len(ids)))
	}
}

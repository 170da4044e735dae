package xero

import (
	"context"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// earlier looks for the results of earlier tries of creates, in one look-up for all of a field. Where the look-up fails
// they are not sent.
func (c *Connector) earlier(ctx context.Context, k kind, items []*work) {
	var tried []*work
	var lookups []platform.Lookup
	for _, w := range items {
		if w.Done || w.Intent.Operation != record.OperationCreate || w.Intent.AttemptsBegan.IsZero() {
			continue
		}
		by := w.Intent.Marker
		if w.Intent.Fields[by] == "" {
			if c.client.Settings.Now().Sub(w.Intent.AttemptsBegan) < keyLife {
				continue // its key answers for it
			}
			if k == invoices {
				w.Fail(fault.Newf(fault.InDoubt, c.client.Opf("create %s", k.object()), "was attempted before, and has no identity to look for"))
				continue
			}
			by = "Name"
		}
		tried, lookups = append(tried, w), append(lookups, platform.Lookup{Field: by, Value: w.Intent.Fields[by]})
	}
	if len(tried) == 0 {
		return
	}
	found := make([][]record.Snapshot, len(tried))
	err := c.find(ctx, k, lookups, func(i int, e entity, began time.Time) {
		// An identity is the same to the letter, or another's. What was archived before the first try began is none of its.
		value, _ := e.value(lookups[i].Field, true)
		before := e.archived() && e.modified().Before(tried[i].Intent.AttemptsBegan.Add(-platform.ClockSkewMax))
		byName := tried[i].Intent.Fields[tried[i].Intent.Marker] == ""
		if byName && !e.archived() || !byName && !before && value == lookups[i].Value {
			found[i] = append(found[i], *c.snapshot(k, e, c.answered(k, tried[i].Intent), began))
		}
	})
	for i, w := range tried {
		switch {
		case err != nil:
			w.FailWhole(err)
		case len(found[i]) > 1:
			w.Fail(fault.Newf(fault.Rejected, c.client.Opf("create %s", k.object()), "%d records hold its %s", len(found[i]), lookups[i].Field))
		case len(found[i]) == 1:
			w.adopt(found[i][0])
		}
	}
}

// adopt answers a create by a record that is there.
func (w *work) adopt(s record.Snapshot) {
	w.Receipt.ID, w.Receipt.Existing, w.Receipt.Snapshot, w.Receipt.Err, w.Done = s.ID, true, &s, nil, true
}

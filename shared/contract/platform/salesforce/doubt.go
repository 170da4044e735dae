package salesforce

import (
	"context"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// earlier looks for the results of earlier tries of creates, by our identity, in one look-up for all. SOQL reads the
// records, not an index. Where the look-up fails they are not sent.
func (c *Connector) earlier(ctx context.Context, o *catalog.Object, items []*work) {
	var tried []*work
	var lookups []platform.Lookup
	for _, w := range items {
		marker := w.Intent.Marker
		if w.Receipt.Err != nil || w.Intent.Operation != record.OperationCreate || w.Intent.AttemptsBegan.IsZero() || w.Intent.Fields[marker] == "" {
			continue
		}
		tried = append(tried, w)
		lookups = append(lookups, platform.Lookup{Field: marker, Value: w.Intent.Fields[marker]})
	}
	if len(tried) == 0 {
		return
	}
	found, err := c.find(ctx, o, fieldsOf(tried), lookups)
	for i, w := range tried {
		switch {
		case err != nil:
			w.FailWhole(err)
		case len(found[i]) > 1: // of a marker without unique values
			w.Receipt.Err = fault.Newf(fault.Rejected, c.client.Opf("create %s", o.Name), "%d records hold our identity", len(found[i]))
		case len(found[i]) == 1:
			w.Receipt.ID, w.Receipt.Existing, w.Receipt.Snapshot = found[i][0].ID, true, &found[i][0]
		}
	}
}

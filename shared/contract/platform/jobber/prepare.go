package jobber

import (
	"context"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

var (
	_ platform.Preparing = (*Connector)(nil)
	_ platform.Owning    = (*Connector)(nil)
)

// Prepare implements platform.Preparing for a marker spelled customFields[Label].
func (c *Connector) Prepare(ctx context.Context, object record.Object, marker record.PlatformField) error {
	label, ok := strings.CutPrefix(string(marker), "customFields[")
	if ok {
		label, ok = strings.CutSuffix(label, "]")
	}
	if !ok || label == "" {
		return c.reject(c.client.Opf("prepare %s", object), "the marker is no custom field")
	}
	return c.EnsureMarker(ctx, object, label)
}

// OwnerOf implements platform.Owning: a property belongs to its client.
func (c *Connector) OwnerOf(object record.Object) (record.Object, bool) {
	return "clients", object == propertiesObject
}

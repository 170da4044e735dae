package jobber

import (
	"context"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Find is refused: no filter of this API searches by a value (third-party listing of introspected inputs), which
// Ability.Find says by being empty.
func (c *Connector) Find(_ context.Context, object record.Object, _ []record.PlatformField, lookups []platform.Lookup) ([][]record.Snapshot, error) {
	if len(lookups) == 0 {
		return nil, nil
	}
	return nil, c.reject(c.client.Opf("find %d %s", len(lookups), object), "the platform offers no look-up")
}

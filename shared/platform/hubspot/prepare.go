package hubspot

import (
	"context"
	"net/http"
	"net/url"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// groups are the groups in which HubSpot shows an object's properties (unverified for companies).
var groups = map[record.Object]string{"contacts": "contactinformation", "companies": "companyinformation", "deals": "dealinformation"}

// Prepare makes the property that holds our identity, with unique values. One that is there already must have them too,
// since that can be set at its creation only (developers.hubspot.com properties guide, 2026-06): else fault.Rejected,
// and another name must be configured. An object may have 10 such properties.
func (c *Connector) Prepare(ctx context.Context, object record.Object, marker record.PlatformField) error {
	if _, known := c.catalog.Object(object); !known || !safeProperty.MatchString(string(marker)) {
		return fault.Newf(fault.Rejected, c.opf("prepare %s", object), "unknown object, or a name that no property has")
	}
	path := "/crm/v3/properties/" + string(object)
	definition := property{Name: string(marker), Label: "FluxCascade ID", Type: "string", FieldType: "text", Group: groups[object], Unique: true}
	var made property
	_, err := c.ask(ctx, platform.Call{Op: "create property of " + string(object), Method: http.MethodPost, Path: path, Body: definition, Write: true}, &made)
	if !fault.Is(err, fault.Rejected) {
		return err
	}
	var there property
	call := platform.Call{Op: "read property of " + string(object), Method: http.MethodGet, Path: path + "/" + url.PathEscape(string(marker))}
	if _, readErr := c.ask(ctx, call, &there); readErr != nil || there.Name != string(marker) {
		return err // refused for another reason than being there
	}
	if !there.Unique {
		return fault.Newf(fault.Rejected, c.opf("prepare %s", object), "property %s is there without unique values", marker)
	}
	return nil
}

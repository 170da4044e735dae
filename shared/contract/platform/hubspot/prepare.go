package hubspot

import (
	"context"
	"net/http"
	"net/url"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// groups are the groups in which HubSpot shows an object's properties (unverified for companies).
var groups = map[record.Object]string{"contacts": "contactinformation", "companies": "companyinformation", "deals": "dealinformation"}

// Prepare makes the property that holds our identity, with unique values. One that is there already must have them too,
// since that can be set at its creation only (developers.hubspot.com properties guide, 2026-06): else fault.Rejected,
// and another name must be configured. An object may have 10 such properties.
func (c *Connector) Prepare(ctx context.Context, object record.Object, marker record.PlatformField) error {
	if _, known := c.catalog.Object(object); !known || !safeProperty.MatchString(string(marker)) {
		return fault.Newf(fault.Rejected, c.client.Opf("prepare %s", object), "unknown object, or a name that no property has")
	}
	there, err := c.ensure(ctx, object, property{Name: string(marker), Label: "FluxCascade ID", Type: "string", FieldType: "text", Group: groups[object], Unique: true})
	if err == nil && !there.Unique {
		return fault.Newf(fault.Rejected, c.client.Opf("prepare %s", object), "property %s is there without unique values", marker)
	}
	return err
}

// ensure makes a property unless it is there, and gives it as it is.
func (c *Connector) ensure(ctx context.Context, object record.Object, wanted property) (property, error) {
	path := "/crm/v3/properties/" + string(object)
	_, err := c.ask(ctx, platform.Call{Op: "create property of " + string(object), Method: http.MethodPost, Path: path, Body: wanted, Write: true}, &property{})
	if !fault.Is(err, fault.Rejected) {
		return wanted, err
	}
	var there property
	call := platform.Call{Op: "read property of " + string(object), Method: http.MethodGet, Path: path + "/" + url.PathEscape(wanted.Name)}
	if _, readErr := c.ask(ctx, call, &there); readErr != nil || there.Name != wanted.Name {
		return property{}, err // refused for another reason than being there
	}
	return there, nil
}

// MakeField defines a single-line text property.
func (c *Connector) MakeField(ctx context.Context, object record.Object, f platform.NewField) (record.PlatformField, error) {
	if _, known := c.catalog.Object(object); !known || !safeProperty.MatchString(string(f.Name)) {
		return "", fault.Newf(fault.Rejected, c.client.Opf("make field of %s", object), "unknown object, or a name that no property can have: small letters, digits and _")
	}
	there, err := c.ensure(ctx, object, property{Name: string(f.Name), Label: f.Label, Type: "string", FieldType: "text", Group: groups[object]})
	return record.PlatformField(there.Name), err
}

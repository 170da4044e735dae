package salesforce

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Prepare makes sure that the field which holds our identity is there and can be upserted by. It does not make it: that
// needs the right to customise the org, and a permission set that grants the field to the integration user, which is the
// administrator's to decide. fault.Rejected says what is missing: with a field that is not unique, a repeated create
// would make a second record. A standard field as marker is found by look-up alone, and needs nothing.
func (c *Connector) Prepare(ctx context.Context, object record.Object, marker record.PlatformField) error {
	op := c.client.Opf("prepare %s", object)
	o, known := c.catalog.Object(object)
	if !known {
		return fault.Newf(fault.Rejected, op, "unknown object")
	}
	if f, known := o.Field(marker); !known || f.ReadOnly {
		return fault.Newf(fault.Rejected, op, "a name that no writable field has")
	}
	if !o.Custom.MatchString(string(marker)) {
		return nil
	}
	answer, err := c.describe(ctx, object)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(answer.Fields, func(f fieldDescription) bool { return strings.EqualFold(f.Name, string(marker)) })
	if i < 0 {
		return fault.Newf(fault.Rejected, op, "field %s is not there, or not granted to the integration user; make it as Text, External ID, Unique", marker)
	}
	if f := answer.Fields[i]; f.Type != "string" || !f.ExternalID || !f.Unique || !f.Createable || !f.Updateable {
		return fault.Newf(fault.Rejected, op, "field %s must be Text, External ID and Unique, and writable for the integration user", marker)
	}
	return nil
}

// describe reads what the org says of an object.
func (c *Connector) describe(ctx context.Context, object record.Object) (description, error) {
	var answer description
	_, err := c.ask(ctx, platform.Call{Op: "describe " + string(object), Method: http.MethodGet, Path: apiPath + "/sobjects/" + string(object) + "/describe"}, &answer)
	return answer, ofRequest(err)
}

package pipedrive

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// labelMax is the longest name of a custom field.
const labelMax = 255

// Prepare makes the field that holds our identity, unless it is there; a marker that is a field of the platform's own needs
// nothing. It must be text, which searches look at. Its values are not unique, and people can edit them.
func (c *Connector) Prepare(ctx context.Context, object record.Object, marker record.PlatformField) error {
	k, known := c.kindOf(object)
	op := c.client.Opf("prepare %s", object)
	if !known {
		return fault.Newf(fault.Rejected, op, "unknown object")
	}
	if f, known := k.Field(marker); !known || f.ReadOnly {
		return fault.Newf(fault.Rejected, op, "a name that no writable field has")
	}
	if platform.ParsePath(marker).Root != rootCustom {
		return nil
	}
	_, err := c.MakeField(ctx, object, platform.NewField{Name: marker})
	return err
}

// MakeField makes a text field of the label in Name's brackets, unless the account has one. The platform gives it a key; the
// spelling stays the one asked for, since labels are resolved. Nothing makes it idempotent: after fault.InDoubt call again,
// it looks first.
func (c *Connector) MakeField(ctx context.Context, object record.Object, f platform.NewField) (record.PlatformField, error) {
	op := c.client.Opf("custom field for %s", object)
	k, known := c.kindOf(object)
	p := platform.ParsePath(f.Name)
	if !known || p.Root != rootCustom || p.Selector == "" || p.Leaf != "" || len(p.Selector) > labelMax {
		return "", fault.Newf(fault.Rejected, op, "unknown object, or a name that is not custom_fields[Label]")
	}
	list, err := c.definitions(ctx, k, 0)
	if err != nil {
		return "", err
	}
	switch d, ok, many := list.find(p.Selector); {
	case many:
		return "", fault.Newf(fault.Rejected, op, "the account has several fields %s; rename or delete all but one", f.Name)
	case ok && d.Type != "varchar" && d.Type != "varchar_auto" && d.Type != "text":
		return "", fault.Newf(fault.Rejected, op, "the account's field %s is no text", f.Name)
	case ok:
		return f.Name, nil
	case keyForm.MatchString(p.Selector):
		return "", fault.Newf(fault.Rejected, op, "the account has no field of this key; name it by a label to have it made")
	}
	call := platform.Call{Op: "make a custom field for " + string(object), Method: http.MethodPost, Path: k.fieldsPath(), Write: true,
		Body: map[string]any{"field_name": p.Selector, "field_type": "varchar"}}
	answer, err := c.ask(ctx, call, false)
	if err != nil {
		return "", err
	}
	var made definition
	if json.Unmarshal(answer.Data, &made) != nil || !keyForm.MatchString(made.Code) {
		return "", fault.Newf(fault.InDoubt, op, "the answer names no field")
	}
	c.fields.Forget(k.Name) // read again when next needed
	return f.Name, nil
}

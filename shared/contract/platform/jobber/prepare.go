package jobber

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
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
	return c.ensureMarker(ctx, object, label)
}

// MakeField makes a text custom field that people may edit, of a name spelled customFields[Label]; people see that label.
func (c *Connector) MakeField(ctx context.Context, object record.Object, f platform.NewField) (record.PlatformField, error) {
	p := platform.ParsePath(f.Name)
	if p.Root != "customFields" || p.Selector == "" {
		return "", c.reject(c.client.Opf("make field of %s", object), "only custom fields can be made: customFields[Label]")
	}
	return f.Name, c.ensureField(ctx, object, p.Selector, map[string]any{"readOnly": false})
}

// ensureMarker makes the text custom field that holds our identity on an object's records, unless the account has one
// of that label. Users cannot edit it, and it is not copied to quotes and jobs. Creating is not idempotent: after
// fault.InDoubt call again, it looks first.
func (c *Connector) ensureMarker(ctx context.Context, object record.Object, label string) error {
	return c.ensureField(ctx, object, label, map[string]any{"readOnly": true})
}

// ensureField makes a text custom field unless the account has one of that label; settings are added to how it is made.
func (c *Connector) ensureField(ctx context.Context, object record.Object, label string, settings map[string]any) error {
	op := "custom field for " + string(object)
	k, _, ok := c.kindOf(object)
	if !ok || label == "" {
		return c.reject(c.client.Opf("%s", op), "unknown object or no label")
	}
	known, err := c.readDefinitions(ctx, k)
	if err != nil || known[label] != "" {
		return err
	}
	q := question{operation: "mutation"}
	settings["appliesTo"], settings["name"], settings["transferable"] = k.appliesTo, label, false
	input := q.add("input", "CustomFieldConfigurationCreateTextInput!", settings)
	q.root(aliasOf(0), "customFieldConfigurationCreateText(input: "+input+") { customFieldConfiguration { id } userErrors { message path } }")
	a, err := c.ask(ctx, op, q)
	if err != nil {
		return err
	}
	if err := c.problem(a, aliasOf(0), c.client.Opf("%s", op), fault.InDoubt); err != nil {
		return err
	}
	var made struct {
		Configuration *wireDefinition `json:"customFieldConfiguration"`
		UserErrors    []userError     `json:"userErrors"`
	}
	switch raw := a.Data[aliasOf(0)]; {
	case absent(raw) || json.Unmarshal(raw, &made) != nil:
		return fault.Newf(fault.InDoubt, c.client.Opf("%s", op), "answer is not the JSON expected")
	case made.Configuration == nil:
		return refused(c.client.Opf("%s", op), made.UserErrors, nil)
	}
	return nil
}

package salesforce

import (
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// upsertable says that a create carries our identity in a custom field: Prepare makes sure that such a marker is a unique
// external id.
func upsertable(o *catalog.Object, intent record.Intent) bool {
	return intent.Marker != "" && intent.Fields[intent.Marker] != "" && o.Custom.MatchString(string(intent.Marker))
}

// build writes the record that is sent. A create leaves blanks out.
func (w *work) build(o *catalog.Object) *fault.Error {
	w.body = map[string]any{"attributes": map[string]any{"type": string(o.Name)}}
	for _, name := range slices.Sorted(maps.Keys(w.Intent.Fields)) {
		value := w.Intent.Fields[name]
		if problem := refuse(o, name, value, w.Intent.Operation); problem != "" {
			err := fault.Newf(fault.Rejected, "", "field %s %s", name, problem)
			err.Fields = []string{string(name)}
			return err
		}
		if value == "" && w.Intent.Operation == record.OperationCreate {
			continue
		}
		f, _ := o.Field(name)
		w.body[string(name)], _ = wire(f, value)
	}
	return nil
}

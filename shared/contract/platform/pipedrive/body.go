package pipedrive

import (
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// build makes the body of an intent. It is false where nothing is to be sent: refused, or nothing to change.
func (c *Connector) build(k kind, want wanted, w *work) bool {
	switch w.Intent.Operation {
	case record.OperationArchive, record.OperationRestore:
		if k.Ability.Restore {
			w.body = map[string]any{"is_archived": w.Intent.Operation == record.OperationArchive}
		}
		return true
	case record.OperationDelete:
		return true
	}
	w.body = map[string]any{}
	creates := w.Intent.Operation == record.OperationCreate
	for _, field := range slices.Sorted(maps.Keys(w.Intent.Fields)) {
		f, _ := k.Field(field)
		value, p := w.Intent.Fields[field], platform.ParsePath(field)
		switch {
		case value == "" && creates, p.Root == "emails", p.Root == "phones", p.Root == rootCustom:
		case p.Leaf == leafValue: // of an address
			w.body[p.Root] = map[string]any{leafValue: value}
		default:
			w.body[p.Root], _ = wire(f, value)
		}
	}
	if !c.buildList(w, "emails") || !c.buildList(w, "phones") || !c.buildCustom(want, w) {
		return false
	}
	if !creates && len(w.body) == 0 {
		w.Done = true // what is to be cleared is not there
	}
	return !w.Done
}

// buildList adds a whole list of emails or phones.
func (c *Connector) buildList(w *work, root string) bool {
	edit := listEdit{platform.NewListEdit(w.Intent, root)}
	if len(edit.Due) == 0 {
		return true
	}
	told := true
	if w.row != nil {
		edit.List, told = w.row.elements(root)
	}
	before := edit.List
	problem := edit.plan()
	switch {
	case !told:
		w.Fail(fault.Newf(fault.Transient, c.client.OpOf(w.Intent), "the record as read does not tell its %s", root))
	case problem != "":
		w.Fail(c.client.Unfit(w.Intent, blamed(w.Intent, root), problem))
	case !slices.Equal(before, edit.List):
		w.body[root] = wireList(edit.List)
	}
	return !w.Done
}

// blamed is the field of a list that a refusal names: the primary one where it is due, which such problems are about, else
// the first.
func blamed(intent record.Intent, root string) (field record.PlatformField) {
	for _, due := range slices.Sorted(maps.Keys(intent.Fields)) {
		if p := platform.ParsePath(due); p.Root == root && (field == "" || p.Selector == platform.SelectorPrimary) {
			field = due
		}
	}
	return field
}

// buildCustom adds the custom fields that are due, by their keys.
func (c *Connector) buildCustom(want wanted, w *work) bool {
	values := map[string]any{}
	for _, field := range slices.Sorted(maps.Keys(w.Intent.Fields)) {
		value, p := w.Intent.Fields[field], platform.ParsePath(field)
		if p.Root != rootCustom || value == "" && w.Intent.Operation == record.OperationCreate {
			continue
		}
		d := want.custom[p.Selector]
		parts := partsOf[d.Type]
		leaf := p.Leaf
		if leaf == "" && parts != nil {
			leaf = leafValue
		}
		var problem string
		switch {
		case parts == nil && leaf != "" || parts != nil && !slices.Contains(parts, leaf):
			problem = "has no such part that can be written"
		case parts == nil:
			values[d.Code], problem = wireCustom(d, value)
		default:
			var part any
			if part, problem = wirePart(d, leaf, value); problem == "" {
				values[d.Code] = withPart(w.row, d, values[d.Code], leaf, part)
			}
		}
		if problem != "" {
			w.Fail(c.client.Unfit(w.Intent, field, problem))
			return false
		}
	}
	for _, field := range slices.Sorted(maps.Keys(w.Intent.Fields)) {
		d := want.custom[platform.ParsePath(field).Selector]
		parts, isObject := values[d.Code].(map[string]any)
		switch {
		case isObject && parts[leafValue] == nil:
			values[d.Code] = nil // without its value there is nothing that its other parts are of
		case isObject && d.Type == "monetary" && parts["currency"] == nil:
			w.Fail(c.client.Unfit(w.Intent, field, "is an amount without a currency; map its .currency too"))
			return false
		}
	}
	if len(values) > 0 {
		w.body[rootCustom] = values
	}
	return true
}

// withPart lays one part over a value with parts: over what is due of it already, else over what was read of it.
func withPart(r row, d definition, due any, leaf string, part any) map[string]any {
	out, _ := due.(map[string]any)
	if out == nil {
		out = map[string]any{}
		values, _ := r[rootCustom].(map[string]any)
		read, _ := values[d.Code].(map[string]any)
		for _, name := range partsOf[d.Type] {
			if read[name] != nil && read[name] != "" {
				out[name] = read[name]
			}
		}
	}
	if out[leaf] = part; part == nil {
		delete(out, leaf)
	}
	return out
}

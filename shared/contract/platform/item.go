package platform

import (
	"errors"
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// Item is one intent of an Apply on its way. A connector's own type embeds it and adds what its calls need.
type Item struct {
	Intent  record.Intent
	Receipt record.Receipt
	// Done says that Receipt is final, so that nothing more is sent for it.
	Done  bool
	whole bool // Receipt.Err is of a whole call, not of this item
}

// NewItem begins an intent's way, with a receipt that names the record as the intent does.
func NewItem(intent record.Intent) Item {
	return Item{Intent: intent, Receipt: record.Receipt{Key: intent.Key, ID: intent.Ref.ID}}
}

// Fail ends an item for its own sake. What was read of its record before is not told: it is older than the failure.
func (i *Item) Fail(err error) { i.Receipt.Err, i.Receipt.Snapshot, i.Done = err, nil, true }

// FailWhole ends an item because the call that it was part of failed, or because it was not sent after one that did.
func (i *Item) FailWhole(err error) { i.Receipt.Err, i.Done, i.whole = err, true, true }

func (i *Item) item() *Item { return i }

// Settle gives the receipts of items, or the one failure that all of them met because of their call: one that the next
// call would meet too (Stops). A call that was refused for what an item holds is that item's failure.
func Settle[W interface{ item() *Item }](platform string, items []W) ([]record.Receipt, error) {
	receipts := make([]record.Receipt, len(items))
	whole := len(items) > 0
	for n, w := range items {
		receipts[n] = w.item().Receipt
		whole = whole && w.item().whole && errors.Is(receipts[n].Err, receipts[0].Err)
	}
	if whole && Stops(platform, receipts[0].Err) != nil {
		return nil, receipts[0].Err
	}
	return receipts, nil
}

// FieldsOf lists the fields to tell of a written record: those written and those pre-read, each once, sorted.
func FieldsOf(intent record.Intent) []record.PlatformField {
	fields := slices.Collect(maps.Keys(intent.Fields))
	if intent.Current != nil {
		fields = slices.AppendSeq(fields, maps.Keys(intent.Current.Fields))
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

// AllFieldsOf is FieldsOf with every field that the catalog has of the object, for answers that hold the record whole.
func AllFieldsOf(o *catalog.Object, intent record.Intent) []record.PlatformField {
	fields := FieldsOf(intent)
	for _, f := range o.Fields {
		if !slices.Contains(fields, f.Name) {
			fields = append(fields, f.Name)
		}
	}
	return fields
}

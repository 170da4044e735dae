package salesforce

import (
	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// callsMax bounds the writing requests of one Apply. One bad item among 200 costs 16 of them; only where nearly all are
// bad are some left for the next attempt.
const callsMax = 60

// divides says that a collection was refused whole because of a record, which may be one of them alone.
func divides(err error) bool {
	return fault.Is(err, fault.Rejected) && fault.CodeOf(err) != codeNotFound
}

func (w *work) failWhole(err error) { w.receipt.Err, w.whole = err, true }

// settle gives the receipts, or the one failure that every intent met because of its call.
func settle(items []*work) ([]record.Receipt, error) {
	receipts := make([]record.Receipt, len(items))
	whole := true
	for i, w := range items {
		receipts[i] = w.receipt
		whole = whole && w.whole && w.receipt.Err == items[0].receipt.Err
	}
	if whole && platform.Stops(name, items[0].receipt.Err) != nil {
		return nil, items[0].receipt.Err
	}
	return receipts, nil
}

package hubspot

import (
	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// callsMax bounds the requests of one Apply. One bad item among 100 costs 14 of them; only where nearly all are bad are
// some left for the next attempt.
const callsMax = 60

// run is what the calls of one Apply share.
type run struct {
	platform.Run[*work]
	object record.Object
}

func newRun(object record.Object) *run {
	return &run{object: object, Run: platform.Run[*work]{Platform: name, Max: callsMax, Divide: divides}}
}

// divides says that a batch was refused whole because of an item.
func divides(err error) bool { return fault.Is(err, fault.Rejected) || fault.Is(err, fault.Gone) }

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

package hubspot

import (
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// callsMax bounds the requests of one Apply. One bad item among 100 costs 14 of them; only where nearly all are bad are
// some left for the next attempt.
const callsMax = 60

// run is what the calls of one Apply share.
type run struct {
	object  record.Object
	left    int   // requests that may still be sent
	stopped error // what the next call would meet too; nil while more may be sent
}

// halving sends items in one call, and in halves what the platform refuses whole. fail takes each item's error.
func (r *run) halving(items []*work, send func([]*work) error, fail func(*work, error)) {
	if len(items) == 0 {
		return
	}
	if r.left == 0 && r.stopped == nil {
		r.stopped = fault.Newf(fault.Transient, name+": write", "not sent, after %d calls", callsMax)
	}
	err := r.stopped
	if err == nil {
		r.left--
		if err = send(items); err == nil {
			return
		}
		if (fault.Is(err, fault.Rejected) || fault.Is(err, fault.Gone)) && len(items) > 1 {
			r.halving(items[:len(items)/2], send, fail)
			r.halving(items[len(items)/2:], send, fail)
			return
		}
		r.stopped = stops(err)
	}
	for _, w := range items {
		fail(w, err)
	}
}

// stops gives what a failed call means for those not sent yet, nil if they may be sent.
func stops(err error) error {
	switch fault.KindOf(err) {
	case fault.RateLimited, fault.Unauthorized, fault.Transient:
		return err
	case fault.InDoubt:
		return fault.Newf(fault.Transient, name+": write", "not sent, after a call in doubt")
	}
	return nil
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
	if whole && stops(items[0].receipt.Err) != nil {
		return nil, items[0].receipt.Err
	}
	return receipts, nil
}

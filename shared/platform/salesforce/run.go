package salesforce

import (
	"github.com/fluxcascade/fluxcascade/shared/catalog"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// callsMax bounds the writing requests of one Apply. One bad item among 200 costs 16 of them; only where nearly all are
// bad are some left for the next attempt.
const callsMax = 60

// run is what the calls of one Apply share.
type run struct {
	object  *catalog.Object
	left    int   // requests that may still be sent
	stopped error // what the next call would meet too; nil while more may be sent
}

// halving sends items in one call, and in halves what the platform refuses whole because of an item.
func (r *run) halving(items []*work, send func([]*work) error) {
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
		if fault.Is(err, fault.Rejected) && fault.CodeOf(err) != codeNotFound && len(items) > 1 {
			r.halving(items[:len(items)/2], send)
			r.halving(items[len(items)/2:], send)
			return
		}
		r.stopped = stops(err)
	}
	for _, w := range items {
		w.receipt.Err, w.whole = err, true
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

package platform

import "github.com/fluxcascade/fluxcascade/shared/fault"

// Run is what the calls of one Apply share. W is one intent on its way.
type Run[W any] struct {
	// Platform begins errors.
	Platform string
	// Max bounds the writing requests, Sent counts those that were sent.
	Max, Sent int
	// Stopped is what the next call would meet too; nil while more may be sent.
	Stopped error
	// Divide says that a failed call was refused whole because of an item, so that others of it may be taken.
	Divide func(error) bool
}

// Halving sends items in one call, and in halves what the platform refuses whole because of an item; none is no call. An
// error of send means that no item has an answer, and goes to fail with each of them, as does why an item was not sent.
func (r *Run[W]) Halving(items []W, send func([]W) error, fail func(W, error)) {
	if len(items) == 0 {
		return
	}
	if r.Sent >= r.Max && r.Stopped == nil {
		r.Stopped = fault.Newf(fault.Transient, r.Platform+": write", "not sent, after %d calls", r.Max)
	}
	err := r.Stopped
	if err == nil {
		r.Sent++
		if err = send(items); err == nil {
			return
		}
		if len(items) > 1 && r.Divide(err) {
			r.Halving(items[:len(items)/2], send, fail)
			r.Halving(items[len(items)/2:], send, fail)
			return
		}
		r.Stopped = Stops(r.Platform, err)
	}
	for _, w := range items {
		fail(w, err)
	}
}

// Stops gives what a failed call of Apply means for those not sent yet, nil if they may be sent, or if err is nil.
func Stops(platform string, err error) error {
	if err == nil {
		return nil
	}
	switch fault.KindOf(err) {
	case fault.RateLimited, fault.Unauthorized, fault.Transient:
		return err
	case fault.InDoubt:
		return fault.Newf(fault.Transient, platform+": write", "not sent, after a call in doubt")
	}
	return nil
}

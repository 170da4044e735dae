package simtest

import (
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// fate is what becomes of one call at an I/O point.
type fate int

const (
	fateDone    fate = iota
	fateNot          // not done, and the caller is told so
	fateUnknown      // done, and the caller is told that it failed
	fateLate         // the caller is told that it failed, and it is done some time later
	fatePart         // begun, not finished: some of a batch is done
	fateDead         // the caller's process is gone: nothing is done
	fateLast         // done, and the caller's process is gone before it hears of it
)

// pointKind is what an I/O point leads to.
type pointKind int

const (
	pointRead pointKind = iota
	pointCommit
	pointSend
	pointCall  // a read of a platform
	pointWrite // a write to a platform
	pointToken // the token endpoint
)

// How long calls take.
const (
	storeTakes      = 8 * time.Millisecond
	callTakes       = 400 * time.Millisecond
	callHangs       = 25 * time.Second // a call that times out
	lateMax         = 60 * time.Second // how much later than its time-out a call may still take effect
	outageLasts     = time.Hour
	visibilityAfter = 2 * time.Minute
)

// plan forces one fate at one I/O point: how the enumeration goes through them all.
type plan struct {
	at   int // from 1; 0 for none
	fate fate
}

// point passes one I/O point of the running handler: time passes, others act, and it says what becomes of the call.
func (w *world) point(kind pointKind) fate {
	took := time.Duration(0)
	switch kind {
	case pointCall, pointWrite, pointToken:
		took = w.between(callTakes/8, callTakes)
	default:
		took = w.between(storeTakes/8, storeTakes)
	}
	if !w.wait(took) {
		return fateDead
	}
	w.points++
	if w.kinds != nil {
		*w.kinds = append(*w.kinds, kind)
	}
	if w.plan.at == w.points {
		w.faults++
		if w.plan.fate == fateDead {
			w.crash()
		}
		if kind == pointRead || kind == pointCall {
			return fateNot
		}
		return w.plan.fate
	}
	if !w.stormy {
		return fateDone
	}
	f := w.drawFate(kind)
	if f == fateDone {
		return f
	}
	w.faults++
	w.fold("fault")
	switch {
	case f == fateDead:
		w.crash()
	case kind == pointWrite && f != fatePart && f != fateLast:
		w.wait(w.between(callTakes, callHangs)) // the answer that never comes
		if w.current.dead {
			return fateDead
		}
	}
	return f
}

func (w *world) drawFate(kind pointKind) fate {
	weather := &w.history.Weather
	if w.chance(weather.Crash) {
		if kind != pointRead && kind != pointCall && w.chance(500) {
			return fateLast
		}
		return fateDead
	}
	switch kind {
	case pointRead:
		if w.chance(weather.StoreFails) {
			return fateNot
		}
	case pointCommit:
		return w.either(weather.StoreFails, weather.StoreLost, weather.StoreLate, 0)
	case pointSend:
		return w.either(weather.SendFails, weather.SendLost, 0, weather.SendFails)
	case pointCall:
		if w.chance(weather.Unavailable) {
			return fateNot
		}
	case pointWrite:
		return w.either(weather.NoCall, weather.CallLost, weather.CallLate, weather.CallPart)
	case pointToken:
		return w.either(weather.NoCall, weather.CallLost, 0, 0)
	}
	return fateDone
}

func (w *world) either(not, unknown, late, part int) fate {
	switch {
	case w.chance(not):
		return fateNot
	case w.chance(unknown):
		return fateUnknown
	case w.chance(late):
		return fateLate
	case w.chance(part):
		return fatePart
	}
	return fateDone
}

// took ends a call that had its effect: it tells what the call came to, unless the caller is no longer there to hear it.
func (w *world) took(f fate, op string, err error) error {
	switch f {
	case fateDone:
		return err
	case fateLast:
		w.crash()
		return errDead
	}
	return failed(op)
}

func failed(op string) error { return fault.Newf(fault.Transient, op, "simulated") }

// errDead answers every call of a handler whose process has crashed. Nobody acts on it.
var errDead = fault.Newf(fault.Transient, "simtest", "the process is gone")

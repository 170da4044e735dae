// Package budget is the arithmetic of a vendor's limits on calls: what one connection may still spend in a rolling window
// or from a bucket of points, shared by any number of processes through one row a limit. It is pure: it reads no clock
// and no store, and makes no call. Package boot puts it around a connector's HTTP client.
//
// A window is kept in slots. A process that wants to call reserves a slice in the present slot, by compare-and-swap on the row,
// and spends it within that slot; what is left of it then is wasted, and so is the slice of a process that dies. A slot
// counts until the whole window and a margin have passed since its end, so that no rolling window of the vendor's ever
// holds more than the limit, however the calls fall within their slots, and whether the vendor's window rolls or is fixed.
package budget

import "time"

const (
	// slotsMax is how many slots a window has: more waste less of the limit (two slots of a window are always counted too
	// long) and make longer rows.
	slotsMax = 24
	// marginMax and marginShare bound what is added to a window for the way to the vendor and for clocks that differ: a
	// second, but no more than a fifth of the window.
	marginMax   = time.Second
	marginShare = 5
	// sliceShare is the largest slice, as a part of what the limit allows: one process cannot hold all of it.
	sliceShare = 10
	// loadTenths is what first loads, reconciles and sweeps may spend of a limit, in tenths: what is left is there for live
	// changes whenever they come.
	loadTenths = 7
	// sharesMax is the largest share that can be left for people, in percent.
	sharesMax = 90
)

// Purpose is what a call is for.
type Purpose int

// The purposes. Live is everything but Load: reads of hints, polls, writes.
const (
	Live Purpose = iota
	Load         // first loads and reconciles, and the writes that those and sweeps ask for
)

// Limit is one limit of one connection, as far as it is ours.
type Limit struct {
	Name   string
	Max    int
	Window time.Duration
	// Restore, for a bucket, is how many points come back each second; Window is then unused.
	Restore int
	// ReservePercent is left for people: we spend the rest.
	ReservePercent int
}

// Usable is what a purpose may spend of the limit before it must wait; at least one call.
func (l Limit) Usable(p Purpose) int { return l.usable(l.Max, p) }

// usable is the same of what the vendor tells to be its maximum.
func (l Limit) usable(vendorMax int, p Purpose) int {
	n := vendorMax * (100 - min(max(l.ReservePercent, 0), sharesMax)) / 100
	if p == Load {
		n = n * loadTenths / 10
	}
	return max(n, 1)
}

func (l Limit) slot() time.Duration { return max(l.Window/slotsMax, time.Millisecond) }

// Margin is what a slot counts longer than its window, for the way to the vendor and for clocks that differ.
func (l Limit) Margin() time.Duration { return max(min(marginMax, l.Window/marginShare), l.slot()) }

// Row is a limit's state in the control table. Values are never changed in place.
type Row struct {
	// Slots are those that still count, oldest first.
	Slots []Slot `json:"slots,omitempty"`
	// Max is the vendor's maximum where its answers tell another than is documented; 0 where they do not.
	Max int `json:"max,omitempty"`
	// Until is when the vendor, having refused a call, may be called again.
	Until time.Time `json:"until,omitzero"`
	// Bucket is the state of a limit in points.
	Bucket Bucket `json:"bucket,omitzero"`
}

// Slot is one part of a window: when it began, what was reserved in it, and what others than us are known to have spent.
type Slot struct {
	At     time.Time `json:"at"`
	Used   int       `json:"used,omitempty"`
	Others int       `json:"others,omitempty"`
}

// Slice is what a process holds: N calls to be made before End.
type Slice struct {
	N   int
	End time.Time
}

// Take reserves up to want calls, at least need of them or none. If none can be had, after says when to ask again.
// A clock that lags behind the row's newest slot counts into that.
func (r Row) Take(l Limit, p Purpose, need, want int, now time.Time) (next Row, s Slice, after time.Duration) {
	if r.Until.After(now) {
		return r, s, r.Until.Sub(now)
	}
	next = r.kept(l, now)
	usable := l.usable(next.max(l), p)
	need = min(need, usable) // a call that costs more than all waits for all
	free := usable - next.spent()
	if free < need {
		return next, s, next.wait(l, need-free, now)
	}
	at := now.Truncate(l.slot())
	if n := len(next.Slots); n > 0 && next.Slots[n-1].At.After(at) {
		at = next.Slots[n-1].At
	}
	s = Slice{N: max(need, min(want, free, usable/sliceShare)), End: at.Add(l.slot())}
	next.add(at).Used += s.N
	return next, s, 0
}

// Told brings in what an answer says of the limit: the vendor's maximum, and what is left of it. What others than us have
// spent counts as spent now. ok is false if it tells nothing new worth a write.
func (r Row) Told(l Limit, vendorMax, remaining int, now time.Time) (next Row, ok bool) {
	if vendorMax <= 0 || remaining < 0 || remaining > vendorMax {
		return r, false
	}
	next = r.kept(l, now)
	if next.max(l) != vendorMax {
		next.Max, ok = vendorMax, true
	}
	others := vendorMax - remaining - next.spent()
	if others > vendorMax/newsShare {
		next.add(now.Truncate(l.slot())).Others += others
		ok = true
	}
	return next, ok
}

// newsShare is how much others must have spent to be worth a write: a twentieth of the limit.
const newsShare = 20

// Refused brings in a call that the vendor refused for its rate all the same: nobody calls until it passes.
func (r Row) Refused(after time.Duration, now time.Time) Row {
	if until := now.Add(after); until.After(r.Until) {
		r.Until = until
	}
	return r
}

func (r Row) max(l Limit) int {
	if r.Max > 0 {
		return r.Max
	}
	return l.Max
}

// kept gives a copy without the slots that count no more.
func (r Row) kept(l Limit, now time.Time) Row {
	next := r
	next.Slots = nil
	for _, s := range r.Slots {
		if s.At.Add(l.slot() + l.Window + l.Margin()).After(now) {
			next.Slots = append(next.Slots, s)
		}
	}
	return next
}

func (r Row) spent() int {
	total := 0
	for _, s := range r.Slots {
		total += s.Used + s.Others
	}
	return total
}

// wait gives when enough of the slots have passed for missing calls more.
func (r Row) wait(l Limit, missing int, now time.Time) time.Duration {
	for _, s := range r.Slots {
		if missing -= s.Used + s.Others; missing <= 0 {
			return max(s.At.Add(l.slot()+l.Window+l.Margin()).Sub(now), time.Millisecond)
		}
	}
	return l.Window
}

// add gives the slot that begins at a time, the newest one or a new one.
func (r *Row) add(at time.Time) *Slot {
	if n := len(r.Slots); n > 0 && !r.Slots[n-1].At.Before(at) {
		return &r.Slots[n-1]
	}
	r.Slots = append(r.Slots, Slot{At: at})
	return &r.Slots[len(r.Slots)-1]
}

package budget

import "time"

// Hand is what one process holds of one limit. It asks for as much as it used recently: a process that calls now and then
// takes single calls, one that loads takes slices that it empties. Its zero value is empty. Not safe for concurrent use.
type Hand struct {
	slice Slice
	given int
}

// Spend takes cost calls out of the hand; it is false if they are not there.
func (h *Hand) Spend(cost int, now time.Time) bool {
	if h.slice.N < cost || !h.slice.End.After(now) {
		return false
	}
	h.slice.N -= cost
	return true
}

// Want gives how many calls to ask for when cost more are needed: twice what was emptied in time, else what was used.
func (h *Hand) Want(cost int, now time.Time) int {
	want := h.given - h.slice.N
	if h.slice.End.After(now) {
		want = 2 * h.given
	}
	return max(want, cost)
}

// Put replaces what is held by a new slice of which cost is spent at once, however late the slice arrived; what was left of
// the old one in the same slot is kept.
func (h *Hand) Put(s Slice, cost int, now time.Time) {
	left := 0
	if h.slice.End.Equal(s.End) && h.slice.End.After(now) {
		left = h.slice.N
	}
	h.given, h.slice = s.N+left, Slice{N: max(s.N-cost, 0) + left, End: s.End}
}

// Back returns what was taken for a call that was not made. Once its slot is over it is lost.
func (h *Hand) Back(cost int) { h.slice.N += cost }

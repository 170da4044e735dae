package budget

import "time"

const (
	// heldLife is how long points that were reserved for a call count as about to be spent, should its process die: longer
	// than a call may take.
	heldLife = 45 * time.Second
	// heldMax bounds the calls that are under way at once.
	heldMax = 64
	// costsMax bounds the operations whose costs are remembered; past it they are learned again.
	costsMax = 64
	// unknownShare is what an operation of unknown cost is taken to need, as a part of the bucket.
	unknownShare = 2
)

// Bucket is a limit in points that come back with time, as a vendor of GraphQL keeps it: a call is admitted on what it
// asks for and charged what it cost. Only the vendor knows both, so every answer corrects what is thought to be left.
type Bucket struct {
	Available float64   `json:"available,omitempty"`
	At        time.Time `json:"at,omitzero"` // zero before the first call: then it is full
	// Held are the points of calls under way; SettledAt is when one last ended.
	Held      []Held    `json:"held,omitempty"`
	SettledAt time.Time `json:"settled_at,omitzero"`
	// Costs remembers what each operation asked for last, by a digest of its text.
	Costs map[string]int `json:"costs,omitempty"`
}

// Held is one call under way.
type Held struct {
	Call  string    `json:"call"`
	Cost  int       `json:"cost"`
	Began time.Time `json:"began"`
	Until time.Time `json:"until"`
}

// Charge is what an answer told of a call's cost.
type Charge struct {
	// Requested is what the call was admitted on; Available what is left now, of Max, with Restore a second.
	Requested, Available, Max, Restore int
}

// Hold reserves the points of one call of an operation. If they are not there, after says when to ask again.
func (r Row) Hold(l Limit, p Purpose, operation, call string, now time.Time) (next Row, after time.Duration) {
	if r.Until.After(now) {
		return r, r.Until.Sub(now)
	}
	vendorMax, next := r.max(l), r
	next.Bucket = r.Bucket.at(vendorMax, l.Restore, now)
	cost, known := next.Bucket.Costs[operation]
	if !known {
		cost = vendorMax / unknownShare
	}
	floor := float64(vendorMax - l.usable(vendorMax, p))
	free := next.Bucket.Available - float64(next.Bucket.held()) - floor
	if cost = min(cost, l.usable(vendorMax, p)); free < float64(cost) || len(next.Bucket.Held) >= heldMax {
		missing := max(float64(cost)-free, 1)
		return next, time.Duration(missing / float64(max(l.Restore, 1)) * float64(time.Second))
	}
	next.Bucket.Held = append(next.Bucket.Held, Held{Call: call, Cost: cost, Began: now, Until: now.Add(heldLife)})
	return next, 0
}

// Settle ends a call: c is what its answer told, nil if none came; then it is taken to have cost what was held.
func (r Row) Settle(l Limit, operation, call string, c *Charge, now time.Time) Row {
	next := r
	next.Bucket = r.Bucket.at(r.max(l), l.Restore, now)
	b := &next.Bucket
	alone := false
	for i := range b.Held {
		if b.Held[i].Call != call {
			continue
		}
		if c == nil {
			b.Available -= float64(b.Held[i].Cost)
		}
		alone = len(b.Held) == 1 && b.Held[i].Began.After(b.SettledAt)
		b.Held = append(append([]Held(nil), b.Held[:i]...), b.Held[i+1:]...)
		break
	}
	b.SettledAt = now
	if c == nil {
		return next
	}
	// Answers arrive in any order, and an old one tells of more than is left. What is left never grows faster than we think,
	// so the less of both is true; but an answer to a call that no other overlapped is the newest there is.
	if b.Available = min(b.Available, float64(c.Available)); alone {
		b.Available = float64(c.Available)
	}
	if c.Max > 0 {
		next.Max = c.Max
	}
	costs := map[string]int{operation: c.Requested}
	if len(b.Costs) < costsMax {
		for name, cost := range b.Costs {
			if name != operation {
				costs[name] = cost
			}
		}
	}
	b.Costs = costs
	return next
}

// at gives the bucket as it is at a time: filled, without the calls that ended long ago.
func (b Bucket) at(vendorMax, restore int, now time.Time) Bucket {
	next := b
	switch passed := now.Sub(b.At).Seconds(); {
	case b.At.IsZero():
		next.Available = float64(vendorMax)
	case passed > 0:
		next.Available = min(float64(vendorMax), b.Available+passed*float64(restore))
	}
	if now.After(b.At) {
		next.At = now
	}
	next.Held = nil
	for _, h := range b.Held {
		if h.Until.After(now) {
			next.Held = append(next.Held, h)
		} else {
			next.Available -= float64(h.Cost) // its process died: perhaps it was spent
		}
	}
	return next
}

func (b Bucket) held() int {
	total := 0
	for _, h := range b.Held {
		total += h.Cost
	}
	return total
}

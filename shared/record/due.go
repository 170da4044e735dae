package record

import (
	"cmp"
	"encoding/json"
	"time"
)

// DueNotice says that an entity may be due at a place. It carries no value: the writer reads the state.
type DueNotice struct {
	Group  Group    `json:"group"`
	Entity EntityID `json:"entity"`
	Place  Place    `json:"place"`
	// ChangeID and SeenAt correlate the write with the change that led to it; both may be empty after a sweep.
	ChangeID string    `json:"change_id,omitempty"`
	SeenAt   time.Time `json:"seen_at,omitzero"`
	// Lane is that of the change that led to it. Live notices are written first, and what a sweep or a first load found spends
	// no more of a limit than such work may.
	Lane Lane `json:"lane,omitempty"`
	// Deferrals counts how often it was put off. Past a limit it is not sent again: the sweep finds what is due.
	Deferrals int `json:"deferrals,omitempty"`
	// Hops counts the messages that led to this one, as those of a change do.
	Hops int `json:"hops,omitempty"`
}

// UnmarshalJSON implements json.Unmarshaler. It also reads notices as they were queued before they had lanes.
func (n *DueNotice) UnmarshalJSON(text []byte) error {
	type plain DueNotice // without this method
	var read struct {
		plain
		Load bool `json:"load"`
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return err
	}
	*n = DueNotice(read.plain)
	if read.Load {
		n.Lane = LaneBackfill
	}
	return nil
}

// Again gives a notice whose patience is new, as Change.Again does.
func (n DueNotice) Again() DueNotice {
	n.Deferrals, n.Hops = 0, 0
	return n
}

// JoinNotices gives the one notice that stands for two of the same entity and place: live if either is, and put off as often
// as the fresher was.
func JoinNotices(a, b DueNotice) DueNotice {
	out := a
	out.ChangeID, out.SeenAt = cmp.Or(a.ChangeID, b.ChangeID), earlier(a.SeenAt, b.SeenAt)
	if b.Lane == LaneLive {
		out.Lane = LaneLive
	}
	out.Deferrals, out.Hops = min(a.Deferrals, b.Deferrals), max(a.Hops, b.Hops)
	return out
}

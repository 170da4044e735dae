package record

import (
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
	// Load: a first load or a sweep found it, one of many at once. Live edits are written before it, and it spends no more
	// of a limit than such work may.
	Load bool `json:"load,omitempty"`
	// Deferrals counts how often it was put off. Past a limit it is not sent again: the sweep finds what is due.
	Deferrals int `json:"deferrals,omitempty"`
}

package pipeline

import (
	"context"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// Standing is how the records of one connection stand: what is due there, and what keeps it. A record that is counted nowhere
// is in step.
type Standing struct {
	// Due can be written now; Scheduled waits for its mapping's run, the first of which is expected at NextRun; Children wait for a
	// record that they name; Waiting waits for something else that ends by itself: the first load, the hub's record, a pause
	// between tries.
	Due       int       `json:"due"`
	Scheduled int       `json:"scheduled"`
	NextRun   time.Time `json:"next_run,omitzero"`
	Children  int       `json:"children"`
	Waiting   int       `json:"waiting"`
	// Held waits for a person.
	Held int `json:"held"`
	// Blocked counts what is due and kept from being written, by reason.
	Blocked map[record.Reason]int `json:"blocked,omitempty"`
	// Apart counts records that differ and are left so, by reason: kept as found, waived, a value that says nothing.
	Apart map[record.Reason]int `json:"apart,omitempty"`
}

// Census is how everything stands. One function gives it, so that whatever tells of it tells the same.
type Census struct {
	Connections map[record.Connection]*Standing
	// Spread counts the writes that a limit of spread holds, by kind.
	Spread map[resolve.SpreadKey]map[string]int
	// Entities is how many were looked at; Incomplete says that there are more.
	Entities   int
	Incomplete bool
}

// Counter counts how everything stands. It writes nothing.
type Counter struct{ Shell }

// Run looks at every entity, at most pagesMax pages of 500 rows. Errors: fault.Transient.
func (c *Counter) Run(ctx context.Context, pagesMax int) (*Census, error) {
	total := &Census{Connections: map[record.Connection]*Standing{}, Spread: map[resolve.SpreadKey]map[string]int{}}
	for _, connection := range c.Rules.Connections {
		total.Connections[connection.Name] = &Standing{Blocked: map[record.Reason]int{}, Apart: map[record.Reason]int{}}
	}
	cursor := ""
	for range pagesMax {
		rows, next, err := c.Store.Scan(ctx, store.Scan{Table: store.Versions, Cursor: cursor, Limit: sweepPageRows, Segments: 1})
		if err != nil {
			return nil, err
		}
		if err := c.page(ctx, rows, total); err != nil {
			return nil, err
		}
		if cursor = next; next == "" {
			break
		}
	}
	total.Incomplete = cursor != ""
	return total, nil
}

func (c *Counter) page(ctx context.Context, rows []store.Row, total *Census) error {
	view, wakes, err := c.wakesOf(ctx, rows)
	if err != nil {
		return err
	}
	for _, o := range wakes {
		decision, err := c.decide(ctx, view, o)
		if err != nil {
			return err
		}
		total.Entities++
		for i := range decision.Due {
			c.count(o.Group, &decision.Due[i], total)
		}
		for _, s := range resolve.Stands(view, o.Group, o.Wake, c.Rules) {
			if at := total.Connections[s.Place.Connection]; at != nil {
				at.Apart[s.Why]++
			}
		}
	}
	return nil
}

func (c *Counter) count(group record.Group, due *resolve.Due, total *Census) {
	at := total.Connections[due.Place.Connection]
	if at == nil {
		return
	}
	if due.Blocked != "" {
		at.Blocked[due.Blocked]++
	}
	switch {
	case due.Blocked == "":
		at.Due++
	case due.Blocked == record.ReasonWaitsForRun:
		at.Scheduled++
		if at.NextRun.IsZero() || due.NotBefore.Before(at.NextRun) {
			at.NextRun = due.NotBefore
		}
	case due.Blocked == record.ReasonWaitsForParent:
		at.Children++
	case due.Blocked.Holds():
		at.Held++
	default:
		at.Waiting++
	}
	if due.Blocked != record.ReasonSpreadLimit {
		return
	}
	key := resolve.SpreadKey{Group: group, Connection: due.Place.Connection}
	if total.Spread[key] == nil {
		total.Spread[key] = map[string]int{}
	}
	for _, kind := range due.Kinds {
		total.Spread[key][kind]++
	}
}

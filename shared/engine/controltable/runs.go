package controltable

import (
	"context"
	"encoding/json"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Runs says when the last scheduled run of each mapping at a connection began, by group and place ("customer#books/customers").
type Runs map[string]time.Time

// RunName is a mapping's name in Runs.
func RunName(group record.Group, place record.Place) string {
	return string(group) + "#" + place.String()
}

func runsKey(c record.Connection) store.Key {
	return store.Key{Table: store.Control, Partition: "runs#" + string(c), Sort: "runs"}
}

// LoadRuns gives the runs of connections; a connection without any is left out. Errors: fault.Transient.
func LoadRuns(ctx context.Context, s store.Store, connections []record.Connection) (map[record.Connection]Runs, error) {
	keys := make([]store.Key, len(connections))
	for i, c := range connections {
		keys[i] = runsKey(c)
	}
	rows, err := s.Get(ctx, keys)
	if err != nil {
		return nil, err
	}
	out := map[record.Connection]Runs{}
	for i, c := range connections {
		row, ok := rows[keys[i]]
		if !ok {
			continue
		}
		var runs Runs
		if err := store.Decode(row, "read runs of "+string(c), &runs); err != nil {
			return nil, err
		}
		out[c] = runs
	}
	return out, nil
}

// SaveRuns replaces the runs of a connection. Two sweeps at once may each begin a run: the later one stands, and what it lets
// through is no more than a run would. Errors: fault.Transient.
func SaveRuns(ctx context.Context, s store.Store, c record.Connection, runs Runs) error {
	body, err := json.Marshal(runs)
	if err != nil {
		return err
	}
	return s.Commit(ctx, []store.Write{{Key: runsKey(c), Expect: store.Any, Body: body}})
}

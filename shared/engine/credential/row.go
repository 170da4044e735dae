package credential

import (
	"context"
	"encoding/json"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// tokens is a connection's row.
type tokens struct {
	Access  string `json:"access"`
	Refresh string `json:"refresh"`
	// ExpiresAt is the end of Access; zero if the platform does not say: then it serves until it is refused.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	// Generation is the number of the lease that the pair was obtained under.
	Generation int64 `json:"generation"`
	// RenewedAt is when the pair was stored; zero for one stored before this was kept.
	RenewedAt time.Time `json:"renewed_at,omitzero"`
	// Lease is the number of the newest lease, LeaseUntil its end. Until then nobody else asks the platform.
	Lease      int64     `json:"lease"`
	LeaseUntil time.Time `json:"lease_until,omitzero"`
	// Refused: the platform refused Access before its end.
	Refused bool `json:"refused,omitempty"`
	// InDoubt: a refresh with Refresh got no clear answer, so the platform may know a successor that we do not. It is for
	// the person who wonders why a grant is over; the old token is tried again all the same.
	InDoubt bool `json:"in_doubt,omitempty"`
	// Over: the platform refused Refresh; only connecting again helps.
	Over bool `json:"over,omitempty"`

	rev int64
}

// lives reports whether Access may be used and has at least d left.
func (t tokens) lives(now time.Time, d time.Duration) bool {
	return t.Access != "" && !t.Refused && (t.ExpiresAt.IsZero() || t.ExpiresAt.After(now.Add(d)))
}

func rowKey(c record.Connection) store.Key {
	return store.Key{Table: store.Control, Partition: "token#" + string(c), Sort: "token"}
}

// read gives the row; rev 0 if there is none.
func read(ctx context.Context, s store.Store, c record.Connection) (tokens, error) {
	row, ok, err := store.One(ctx, s, rowKey(c))
	if err != nil {
		return tokens{}, err
	}
	if !ok {
		return tokens{}, nil
	}
	var t tokens
	if err := store.Decode(row, "read token of "+string(c), &t); err != nil {
		return tokens{}, err
	}
	t.rev = row.Rev
	return t, nil
}

func write(ctx context.Context, s store.Store, c record.Connection, t tokens) error {
	body, err := json.Marshal(t)
	if err != nil {
		return fault.Newf(fault.Unclassified, "write token of "+string(c), "not JSON (%T)", err)
	}
	return s.Commit(ctx, []store.Write{{Key: rowKey(c), Expect: t.rev, Body: body}})
}

// update changes the row until a change holds: change gets the row as it is and reports whether to write it. After a
// write whose outcome is unknown the row is read again, and change must see from it that its work is done.
// Errors: fault.Transient.
func update(ctx context.Context, s store.Store, c record.Connection, change func(*tokens) bool) error {
	var failed error
	for range triesMax {
		t, err := read(ctx, s, c)
		if err != nil {
			failed = err
			continue
		}
		if !change(&t) {
			return nil
		}
		if failed = write(ctx, s, c, t); failed == nil {
			return nil
		}
		if kind := fault.KindOf(failed); kind != fault.Stale && kind != fault.Transient {
			return failed
		}
	}
	return fault.New(fault.Transient, "update token of "+string(c), failed)
}

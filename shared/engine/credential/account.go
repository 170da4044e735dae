package credential

import (
	"context"
	"encoding/json"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Account is the account that a connection was connected to: what the vendor told then, and no secret. It is kept beside
// the tokens, and outlives them, so that connecting again knows whether it is the same account.
type Account struct {
	Account string   `json:"account"`
	Name    string   `json:"name,omitempty"`
	User    string   `json:"user,omitempty"`
	Scopes  []string `json:"scopes,omitempty"`
	Sandbox bool     `json:"sandbox,omitempty"`
	// BaseURL is where the account is called, for vendors that call each at its own; it was checked against the platform's
	// hosts. "" for the others.
	BaseURL string `json:"base_url,omitempty"`
	// Webhooks are the vendor's ids of what tells us of changes, Callback where they go; none where a person set them up.
	Webhooks []string `json:"webhooks,omitempty"`
	Callback string   `json:"callback,omitempty"`
	// At is when it was connected, Left when it was disconnected; zero while it is connected.
	At   time.Time `json:"at"`
	Left time.Time `json:"left,omitzero"`
}

func accountKey(c record.Connection) store.Key {
	return store.Key{Table: store.Control, Partition: "token#" + string(c), Sort: "account"}
}

// AccountOf gives the account that a connection was last connected to; ok is false if it never was. Errors: fault.Transient.
func AccountOf(ctx context.Context, s store.Store, c record.Connection) (a Account, ok bool, err error) {
	row, ok, err := store.One(ctx, s, accountKey(c))
	if err != nil {
		return a, false, err
	}
	if !ok {
		return a, false, nil
	}
	if err := store.Decode(row, "read account of "+string(c), &a); err != nil {
		return a, false, err
	}
	return a, true, nil
}

// PutAccount writes down the account of a connection, over whatever is there. Errors: fault.Transient.
func PutAccount(ctx context.Context, s store.Store, c record.Connection, a Account) error {
	body, err := json.Marshal(a)
	if err != nil {
		return fault.Newf(fault.Unclassified, "write account of "+string(c), "not JSON (%T)", err)
	}
	return s.Commit(ctx, []store.Write{{Key: accountKey(c), Expect: store.Any, Body: body}})
}

// Held gives the tokens in force, for ending them at the vendor alone; ok is false if there are none or they are over.
// Errors: fault.Transient.
func Held(ctx context.Context, s store.Store, c record.Connection) (g platform.Grant, ok bool, err error) {
	t, err := read(ctx, s, c)
	if err != nil || t.rev == 0 || t.Over {
		return g, false, err
	}
	return platform.Grant{AccessToken: t.Access, RefreshToken: t.Refresh, ExpiresAt: t.ExpiresAt}, true, nil
}

// End forgets a connection's tokens: from now on it is not authorised. A process that refreshes at this moment is outranked.
// Errors: fault.Transient.
func End(ctx context.Context, s store.Store, c record.Connection) error {
	return update(ctx, s, c, func(t *tokens) bool {
		if t.rev == 0 || t.Over && t.Access == "" && t.Refresh == "" {
			return false
		}
		t.Lease++
		*t = tokens{Generation: t.Lease, Lease: t.Lease, Over: true, rev: t.rev}
		return true
	})
}

// Forget removes all that is kept of a connection's authorisation, the account too. Errors: fault.Transient.
func Forget(ctx context.Context, s store.Store, c record.Connection) error {
	return s.Commit(ctx, []store.Write{{Key: rowKey(c), Expect: store.Any, Delete: true}, {Key: accountKey(c), Expect: store.Any,
		Delete: true}})
}

package simtest

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// Ways to break how rows and tokens are kept.

// anyRevision writes one table's rows whatever their revision.
func anyRevision(table store.Table) func(*world, []store.Write) []store.Write {
	return func(_ *world, writes []store.Write) []store.Write {
		out := slices.DeleteFunc(slices.Clone(writes), func(w store.Write) bool { return w.Table == table && w.CheckOnly })
		for i := range out {
			if out[i].Table == table {
				out[i].Expect = store.Any
			}
		}
		return out
	}
}

// onLinkRows changes links as they are stored.
func onLinkRows(f func(*world, *resolve.Link)) func(*world, []store.Write) []store.Write {
	return func(w *world, writes []store.Write) []store.Write {
		out := slices.Clone(writes)
		for i := range out {
			if out[i].Table != store.Versions || !strings.HasPrefix(out[i].Sort, "link#") {
				continue
			}
			link := &resolve.Link{}
			mustDecode(out[i].Body, link)
			f(w, link)
			body, err := json.Marshal(link)
			if err != nil {
				panic(err)
			}
			out[i].Body = body
		}
		return out
	}
}

// leaseless stores links without their leases, and whatever their revision.
func leaseless(w *world, writes []store.Write) []store.Write {
	out := onLinkRows(func(_ *world, l *resolve.Link) { l.Lease.Until = time.Time{} })(w, writes)
	for i := range out {
		if strings.HasPrefix(out[i].Sort, "link#") {
			out[i].Expect = store.Any
		}
	}
	return out
}

// markless forgets that records which are put off are of a first load.
func markless(_ *world, writes []store.Write) []store.Write {
	out := slices.Clone(writes)
	for i := range out {
		out[i].Delete = out[i].Delete || strings.HasPrefix(out[i].Partition, "pages#") && strings.Contains(out[i].Sort, "#")
	}
	return out
}

// tokensLeaseless stores tokens without their leases, and whatever their revision.
func tokensLeaseless(writes []store.Write) []store.Write {
	out := slices.Clone(writes)
	for i := range out {
		row := map[string]json.RawMessage{}
		mustDecode(out[i].Body, &row)
		delete(row, "lease_until")
		body, err := json.Marshal(row)
		if err != nil {
			panic(err)
		}
		out[i].Body, out[i].Expect = body, store.Any
	}
	return out
}

// rememberFirst shows the first refresh token it saw for ever.
func rememberFirst(next platform.Refresher) platform.Refresher { return &remembering{next: next} }

type remembering struct {
	next  platform.Refresher
	first string
}

func (r *remembering) Refresh(ctx context.Context, token string) (platform.Grant, error) {
	if r.first == "" {
		r.first = token
	}
	return r.next.Refresh(ctx, r.first)
}

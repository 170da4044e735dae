package resolve

import (
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

func (e *Entity) clone() *Entity {
	c := *e
	c.Fields = cloneMap(e.Fields)
	c.Parked = cloneMap(e.Parked)
	c.Holds = cloneMap(e.Holds)
	c.Filters = cloneMap(e.Filters)
	c.Keys = cloneMap(e.Keys)
	c.Leftovers = slices.Clone(e.Leftovers)
	c.Left = slices.Clone(e.Left)
	return &c
}

func (l *Link) clone() *Link {
	c := *l
	c.Base = cloneMap(l.Base)
	c.Sent = cloneMap(l.Sent)
	c.Seen = cloneMap(l.Seen)
	c.Waived = cloneMap(l.Waived)
	c.Rejected = cloneMap(l.Rejected)
	c.Reverts = cloneMap(l.Reverts)
	c.Overtaken = cloneMap(l.Overtaken)
	c.Kept = cloneMap(l.Kept)
	c.Attempts = slices.Clone(l.Attempts)
	return &c
}

// Leased gives the link as it must be written before a remote call: the attempt recorded, the lease taken.
func (l *Link) Leased(lease Lease, attempt Attempt) *Link {
	c := l.clone()
	c.Lease = lease
	c.TouchedAt = attempt.At
	if attempt.At.Sub(c.Writes.Since) >= loopHour {
		c.Writes = WriteCount{Since: attempt.At}
	}
	c.Writes.Count++
	if attempt.Operation == record.OperationCreate {
		c.State = LinkCreating
	}
	attempt.Tries = 1
	i := slices.IndexFunc(c.Attempts, func(a Attempt) bool { return a.Key == attempt.Key })
	if i < 0 {
		c.Attempts = append(c.Attempts, attempt)
	} else {
		attempt.Tries = c.Attempts[i].Tries + 1
		attempt.At = c.Attempts[i].At // the first try's time: what it may have made is not older
		c.Attempts[i] = attempt
	}
	return c
}

// cloneMap copies a map; nil becomes an empty one that can be written.
func cloneMap[K comparable, V any, M ~map[K]V](m M) M {
	c := make(M, len(m)+1)
	maps.Copy(c, m)
	return c
}

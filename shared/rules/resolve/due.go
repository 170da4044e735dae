package resolve

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Due is what one place should be asked for, or what keeps it from being asked.
type Due struct {
	Place     record.Place
	Operation record.Operation
	// ID is the record; "" for a create.
	ID     record.ExternalID
	Fields record.Fields
	Marker record.PlatformField
	// Blocked says why it cannot be done now; "" means that it can.
	Blocked record.Reason
	// Missing lists required fields without a value, with ReasonMissingRequired.
	Missing []record.PlatformField
	// Waits names the parents whose links are missing, with ReasonWaitsForParent.
	Waits []record.EntityID
	// NotBefore is when it may be tried, with ReasonNotBefore and ReasonWaitsForRun.
	NotBefore time.Time
	// RealTime is false where it should wait for the mapping's next scheduled sweep.
	RealTime bool
	// Intent is the write to ask for, once nothing blocks it.
	Intent record.Intent
	// Kinds are the limited kinds that the write is of, sorted, each once, as Reserve counts them; none where nothing is limited.
	Kinds []string
	// Repeats is set for a create whose earlier attempt has an unknown outcome: when that began.
	Repeats time.Time
}

// dueEverywhere computes what is due at each place of the working entity; places with nothing due are left out.
func dueEverywhere(x *subject) []Due {
	if x.entity.State != EntityLive {
		return nil
	}
	var out []Due
	for _, place := range x.group.Places(x.entity.Type) {
		if due, ok := dueAt(x, place); ok {
			out = append(out, due)
		}
	}
	return out
}

func dueAt(x *subject, place record.Place) (Due, bool) {
	link := x.links[place]
	due := Due{Place: place, RealTime: true}
	if m, spoke := x.group.MappingAt(place); spoke {
		due.RealTime = m.ToSpoke.RealTime
	}
	var any bool
	switch {
	case link == nil || link.State == LinkNone || link.State == LinkCreating:
		any = dueCreate(x, &due, link)
	case link.State == LinkLive:
		any = dueRemoval(x, &due, link) || dueUpdate(x, &due, link)
	case link.State == LinkTombstone:
		any = dueRestore(x, &due, link) || dueMerge(x, &due, link)
	}
	if !any {
		return Due{}, false
	}
	if due.Blocked == record.ReasonMergedThere {
		return due, true
	}
	awaitRun(x, &due, link)
	limitSpread(x, &due, link)
	if due.Blocked == "" && link != nil {
		switch {
		case link.NotBefore.After(x.view.Now):
			due.Blocked, due.NotBefore = record.ReasonNotBefore, link.NotBefore
		case due.Operation == record.OperationCreate && len(link.Attempts) > 0 && link.Lease.Until.Add(missingLag).After(x.view.Now):
			// The holder of the lease may have made it, and a list may not show it yet.
			due.Blocked, due.NotBefore = record.ReasonNotBefore, link.Lease.Until.Add(missingLag)
		case link.Writes.Count >= loopWrites && x.view.Now.Sub(link.Writes.Since) < loopHour:
			due.Blocked, due.NotBefore = record.ReasonLoop, link.Writes.Since.Add(loopHour)
		case len(link.Attempts) >= AttemptsMax && !attempted(link, due.Operation):
			due.Blocked = record.ReasonAttemptsFull
		}
	}
	due.Kinds = spreadKinds(x.group.Limits, &due, link)
	due.Intent = intentOf(x, due, link)
	return due, true
}

func attempted(link *Link, op record.Operation) bool {
	return op == record.OperationCreate && len(link.Attempts) > 0 && link.Attempts[0].Operation == op
}

// noteHolds notes on the entity which operations wait for a person, so that they are shown.
func noteHolds(w *draft, due []Due) {
	holds := map[string]Hold{}
	for _, x := range due {
		if !x.Blocked.Holds() {
			continue
		}
		h := Hold{Reason: x.Blocked, Since: w.view.Now, Fields: x.Missing}
		if old, ok := w.entity.Holds[x.Place.String()]; ok && old.Reason == h.Reason && slices.Equal(old.Fields, h.Fields) {
			h = old
		}
		holds[x.Place.String()] = h
	}
	same := maps.EqualFunc(holds, w.entity.Holds, func(a, b Hold) bool { return a.Reason == b.Reason && slices.Equal(a.Fields, b.Fields) })
	if !same {
		w.editEntity().Holds = holds
	}
}

// intentOf makes the intent of a due place. Its fence tells apart the creates of one entity at one place: it is the
// link's fence at the first attempt, so that every try of one create has the same key.
func intentOf(x *subject, due Due, link *Link) record.Intent {
	intent := record.Intent{Operation: due.Operation, Ref: record.Ref{Place: due.Place, ID: due.ID}, Fields: due.Fields, Marker: due.Marker}
	if due.Operation == record.OperationCreate && link != nil {
		for _, a := range link.Attempts {
			if a.Operation == record.OperationCreate {
				// The same request under the same key: what has changed since is due once it is known what became of this.
				intent.Key, intent.AttemptsBegan, intent.Fields = a.Key, a.At, a.Fields
				return intent
			}
		}
	}
	fence := int64(0)
	if link != nil {
		fence = link.Lease.Fence
	}
	parts := []string{string(x.group.Name), string(x.entity.ID), due.Place.String(), string(due.Operation), strconv.FormatInt(fence, 10)}
	intent.Key = "fc-" + shortHash(strings.Join(parts, "\x00"))
	return intent
}

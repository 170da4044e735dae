package pipeline

import (
	"context"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// preRead reads the records about to be written. What differs from base is somebody's edit, or the outcome of an
// earlier attempt: the resolver absorbs it first.
func (w *Writer) preRead(ctx context.Context, view *resolve.View, connector platform.Connector, place record.Place, ability Ability, jobs []*job, out *outgoing) {
	updates := slices.DeleteFunc(openJobs(jobs), func(j *job) bool { return j.intent.Operation == record.OperationCreate })
	fields := w.Rules.FieldsAt(place)
	size := max(ability.ReadMax, 1)
	for begin := 0; begin < len(updates); begin += size {
		part := updates[begin:min(begin+size, len(updates))]
		if w.waited(place, part, begin/size, out) {
			continue
		}
		ids := make([]record.ExternalID, len(part))
		for i, j := range part {
			ids[i] = j.intent.Ref.ID
		}
		reads, err := connector.Fetch(ctx, place.Object, fields, ids)
		if err == nil && len(reads) != len(ids) {
			err = fault.Newf(fault.Unclassified, "fetch "+place.String(), "%d answers to %d ids", len(reads), len(ids))
		}
		w.noteUnavailable(place, err)
		for i, j := range part {
			if err != nil {
				w.unavailable(ctx, j, err, out)
				continue
			}
			w.judge(ctx, view, j, reads[i], out)
		}
	}
}

// judge compares a pre-read with what the link remembers.
func (w *Writer) judge(ctx context.Context, view *resolve.View, j *job, read platform.Read, out *outgoing) {
	if read.Err != nil && !fault.Is(read.Err, fault.Gone) {
		w.unavailable(ctx, j, read.Err, out)
		return
	}
	if read.Snapshot == nil {
		w.hintAt(out, j, j.intent.Ref.ID, record.KindDeleted)
		j.done = true
		return
	}
	chosen := resolve.Chosen(view.Entities[j.key].Links[j.due.Place], *read.Snapshot)
	read.Snapshot = &chosen
	for name := range j.intent.Fields {
		if _, shown := read.Snapshot.Fields[name]; !shown && !slices.Contains(chosen.Gone, name) && slices.Contains(w.Rules.FieldsAt(j.notice.Place), name) {
			w.again(out, j, w.Now().Add(unavailableFirst)) // whatever it holds would be overwritten unseen
			return
		}
	}
	decision, err := w.decide(ctx, view, resolve.Observation{Group: j.notice.Group, Snapshot: read.Snapshot})
	if err != nil {
		j.err = err
		return
	}
	switch {
	case decision.Outcome == resolve.Postponed:
		w.again(out, j, decision.RetryAt)
	case decision.Outcome == resolve.LookUp, !decision.Patch.Empty() && !onlyLeaseExpired(view, j, decision.Patch), read.Snapshot.ID != j.intent.Ref.ID:
		w.hintAt(out, j, j.intent.Ref.ID, record.KindChanged)
		j.done = true
	default:
		j.intent.Current = read.Snapshot
	}
}

// onlyLeaseExpired reports whether a patch does no more than raise the fence over an expired lease, which taking the
// lease does too.
func onlyLeaseExpired(view *resolve.View, j *job, p resolve.Patch) bool {
	if p.Entity != nil || len(p.Links) != 1 || len(p.Refs)+len(p.Keys) > 0 {
		return false
	}
	old := view.Entities[j.key].Links[j.due.Place]
	return old != nil && !old.Lease.Until.IsZero() && resolve.SameContent(old, p.Links[0])
}

func (w *Writer) hintAt(out *outgoing, j *job, id record.ExternalID, kind record.Kind) {
	w.hint(out, trailOfNotice(j.notice), record.Change{Ref: record.Ref{Place: j.notice.Place, ID: id}, Source: record.SourceWriter, Kind: kind})
}

// lookUp searches the platform for records that a create would double: somebody may have made one since the first
// load. A find that belongs to no entity goes to the resolver, and the create waits for what it says.
func (w *Writer) lookUp(ctx context.Context, view *resolve.View, connector platform.Connector, place record.Place, ability Ability, jobs []*job, out *outgoing) {
	creates := slices.DeleteFunc(slices.Clone(jobs), func(j *job) bool { return j.intent.Operation != record.OperationCreate })
	var asked []*job
	var lookups []platform.Lookup
	for _, j := range creates {
		for _, field := range w.keyFields(j.notice.Group, place, ability) {
			if value := j.intent.Fields[field]; value != "" {
				asked, lookups = append(asked, j), append(lookups, platform.Lookup{Field: field, Value: value})
			}
		}
	}
	fields := w.Rules.FieldsAt(place)
	size := max(ability.FindMax, 1)
	for begin := 0; begin < len(lookups); begin += size {
		end := min(begin+size, len(lookups))
		if w.waited(place, openJobs(asked[begin:end]), begin/size, out) {
			continue
		}
		found, err := connector.Find(ctx, place.Object, fields, lookups[begin:end])
		w.noteUnavailable(place, err)
		for i, j := range asked[begin:end] {
			switch {
			case j.done || j.err != nil:
			case err != nil:
				w.unavailable(ctx, j, err, out)
			case i < len(found):
				w.judgeFound(ctx, view, j, found[i], out)
			}
		}
	}
}

// judgeFound does what is decided of the records that a look-up found: the create goes on, waits, or is held.
func (w *Writer) judgeFound(ctx context.Context, view *resolve.View, j *job, found []record.Snapshot, out *outgoing) {
	for _, s := range found {
		decision, err := w.decide(ctx, view, resolve.Observation{Group: j.notice.Group, Change: record.Change{Deferrals: j.notice.Deferrals},
			Found: &resolve.Found{Entity: j.key.ID, Due: j.due, Snapshot: s, At: w.Now(), Find: w.Ability(s.Place).Find}})
		if err != nil {
			j.err = err
			return
		}
		if decision.Outcome == resolve.Noop {
			continue
		}
		for _, hint := range decision.Hints {
			w.hint(out, trailOfNotice(j.notice), hint)
		}
		if decision.Outcome == resolve.Postponed {
			w.again(out, j, w.Now().Add(unavailableFirst))
			return
		}
		j.done = true
		if err := w.commit(ctx, view, decision.Patch); err != nil && !fault.Is(err, fault.Stale) {
			j.err = err
		}
		return
	}
}

// keyFields lists the fields by which a record that a create would double can be found: those that alone make a
// match key, and that the platform can search.
func (w *Writer) keyFields(group record.Group, place record.Place, ability Ability) []record.PlatformField {
	g, ok := w.Rules.Group(group)
	if !ok {
		return nil
	}
	t, _ := g.TypeAt(place)
	e, ok := g.Entity(t)
	if !ok {
		return nil
	}
	var out []record.PlatformField
	for _, rule := range e.Match {
		if len(rule.Parts) != 1 {
			continue
		}
		for _, p := range g.PairsAt(place) {
			if len(p.Hub) == 1 && p.Hub[0] == rule.Parts[0].Field && slices.Contains(ability.Find, p.Spoke[0]) {
				out = append(out, p.Spoke[0])
			}
		}
	}
	return out
}

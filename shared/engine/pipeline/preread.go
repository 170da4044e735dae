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
		w.heed(place, err)
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
	for name := range j.intent.Fields {
		if _, shown := read.Snapshot.Fields[name]; !shown && slices.Contains(w.Rules.FieldsAt(j.notice.Place), name) {
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
	case !decision.Patch.Empty() && !onlyLeaseExpired(view, j, decision.Patch), read.Snapshot.ID != j.intent.Ref.ID:
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
		w.heed(place, err)
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

func (w *Writer) judgeFound(ctx context.Context, view *resolve.View, j *job, found []record.Snapshot, out *outgoing) {
	for _, s := range found {
		if err := w.locate(ctx, view, []located{{j.notice.Group, s.Ref}}); err != nil {
			j.err = err
			return
		}
		switch standing, id := resolve.StandingOf(view, j.notice.Group, s.Ref); {
		case standing == resolve.StandingUnknown:
			w.hintAt(out, j, s.ID, record.KindChanged)
			w.again(out, j, w.Now().Add(unavailableFirst))
			return
		case standing != resolve.StandingQuarantined && id != j.key.ID && j.notice.Deferrals < givesUpTries && w.givesUp(ctx, view, j, s, id):
			// Its owner has moved on, and the record is about to be rewritten, or the find is not what was read of it last: it is
			// read, and looked up again.
			w.hintAt(out, j, s.ID, record.KindChanged)
			w.again(out, j, w.Now().Add(unavailableFirst))
			return
		case standing == resolve.StandingQuarantined, id != j.key.ID:
			// Another's record, or one that is held: who it is must be said first. It is read, for it may have changed
			// without our knowing, and the create is held.
			w.hintAt(out, j, s.ID, record.KindChanged)
			j.done = true
			held := resolve.HeldCreate(view.Entities[j.key].Links[j.due.Place], j.due, w.Now())
			if err := w.commit(ctx, view, resolve.Patch{Owner: j.key, Links: []*resolve.Link{held}}); err != nil && !fault.Is(err, fault.Stale) {
				j.err = err
			}
			return
		}
	}
}

// givesUpTries is how often a create waits for a record to be rewritten or read before it is held: one that cannot be read would
// be waited for without an end.
const givesUpTries = 6

// givesUp reports whether another entity's record has a key of a create only until a write that is due there is done, or had it
// when it was found, by an index that trails, and not when it was read last.
func (w *Writer) givesUp(ctx context.Context, view *resolve.View, j *job, s record.Snapshot, id record.EntityID) bool {
	decision, err := w.decide(ctx, view, resolve.Observation{Group: j.notice.Group, Wake: id})
	if err != nil {
		return false
	}
	if rows := view.Entities[resolve.EntityKey{Group: j.notice.Group, ID: id}]; rows != nil && rows.Links[s.Place] != nil {
		for name, asked := range j.intent.Fields {
			base, known := rows.Links[s.Place].Base[name]
			if known && asked != "" && asked == s.Fields[name] && base != asked && slices.Contains(w.Ability(s.Place).Find, name) {
				return true
			}
		}
	}
	return slices.ContainsFunc(decision.Due, func(d resolve.Due) bool {
		if d.Place != s.Place || d.Operation != record.OperationUpdate || d.Blocked.Holds() {
			return false
		}
		for name, value := range d.Fields {
			if asked := j.intent.Fields[name]; asked != "" && asked == s.Fields[name] && value != asked {
				return true
			}
		}
		return false
	})
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

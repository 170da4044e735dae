package simtest

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// commit writes rows for a handler, and judges what is written.
func (w *world) commit(ctx context.Context, writes []store.Write) error {
	before := make([]decoded, len(writes))
	for i := range writes {
		if writes[i].Table == store.Versions {
			if row, ok := w.row(writes[i].Key); ok {
				before[i] = w.decode(row)
			}
		}
	}
	if err := w.store.Commit(ctx, writes); err != nil {
		w.fold("stale")
		return err
	}
	delete(w.owed, w.current)
	if w.naive {
		return nil
	}
	for i := range writes {
		x := &writes[i]
		if strings.HasPrefix(x.Partition, "kept#") && !x.Delete {
			var row controltable.Kept
			mustDecode(x.Body, &row)
			w.resend(row.Change.Ref)
		}
		switch {
		case isLink(x.Key) && !x.Delete:
			after := w.linkAtKey(x.Key)
			group, _, _ := strings.Cut(x.Partition, "#")
			w.noteLink(record.Group(group), before[i].link, after)
			if before[i].link != nil {
				w.judgeLink(before[i].link, after)
			}
		case before[i].entity != nil && !x.Delete:
			w.judgeEntity(before[i].entity, w.entityAt(x.Key))
		case x.Table != store.Versions && bytes.Contains(x.Body, []byte(valueMark)), strings.Contains(x.Partition+x.Sort, valueMark):
			w.violate(InvariantLeak, "the row %s/%s of %s carries a value", x.Partition, x.Sort, x.Table)
		}
	}
	if w.history.Setup.Change != ChangeNothing {
		w.judgeVersions(writes)
	}
	return nil
}

func isLink(k store.Key) bool { return k.Table == store.Versions && strings.HasPrefix(k.Sort, "link#") }

// noteLink notes when a group tied a record to an entity, and when it took in that the record is gone.
func (w *world) noteLink(group record.Group, before, after *resolve.Link) {
	ref := record.Ref{Place: after.Place, ID: after.ID}
	key := resolve.RefKey{Group: group, Ref: ref}
	was := resolve.LinkState("")
	if before != nil && before.ID == after.ID {
		was = before.State
	}
	switch after.State {
	case was:
	case resolve.LinkQuarantined:
		w.heldOnce[ref] = true
	case resolve.LinkLive:
		// A restore of ours makes it no younger, but one of another group's does.
		l, shared := w.truth.lives[ref], len(w.rules.GroupsAt(ref.Place)) > 1
		if was != resolve.LinkTombstone || l != nil && l.restored || shared && after.Restored {
			w.tied[key] = w.now
		}
	case resolve.LinkTombstone:
		w.buried[key] = w.now
		w.removing[key] = before != nil && slices.ContainsFunc(before.Attempts, func(a resolve.Attempt) bool {
			return a.Operation == record.OperationArchive || a.Operation == record.OperationDelete
		})
	}
}

// judgeEntity: a field that waits for a person keeps its value, and loses no candidate but to a newer one of its place.
func (w *world) judgeEntity(before, after *resolve.Entity) {
	if after.State == resolve.EntityMerged && before.State == resolve.EntityLive {
		w.mergedAt[after.ID] = w.now
	}
	w.judgeJournal(before, after)
	for name := range after.Parked {
		if _, already := before.Parked[name]; !already {
			w.parkedAt[string(after.ID)+"#"+string(name)] = w.now
		}
	}
	for name, was := range before.Parked {
		now, still := after.Parked[name]
		if !still || before.State != after.State || len(after.Leftovers) > len(before.Leftovers) {
			continue
		}
		if before.Fields[name].Text != after.Fields[name].Text {
			w.violate(InvariantParked, "%s of %s waits for a person, and goes from %q to %q", name, after.ID, before.Fields[name].Text, after.Fields[name].Text)
		}
		for _, c := range was.Candidates {
			if !slices.ContainsFunc(now.Candidates, func(d resolve.Candidate) bool { return c.Place == d.Place }) {
				w.violate(InvariantParked, "%s of %s loses the candidate of %s", name, after.ID, c.Place)
			}
		}
	}
}

// judgeJournal: an entity's newest journal entry tells of each value that was changed, of every one but those that a merge or a
// configuration changed.
func (w *world) judgeJournal(before, after *resolve.Entity) {
	if before.State != resolve.EntityLive || after.State != resolve.EntityLive {
		return
	}
	for name, now := range after.Fields {
		was := before.Fields[name]
		told := after.Journal != nil && slices.ContainsFunc(after.Journal.Changes, func(c resolve.FieldChange) bool { return c.Field == name && c.New == now.Text && c.Taken })
		if was.Text != now.Text && !told {
			w.violate(InvariantJournal, "%s of %s goes from %q to %q, and the journal does not say so", name, after.ID, was.Text, now.Text)
		}
	}
}

// judgeLink: what we remember that a record holds goes only forward in what it really held.
func (w *world) judgeLink(before, after *resolve.Link) {
	if before.State != resolve.LinkLive || after.State != resolve.LinkLive || before.ID != after.ID {
		return
	}
	a := w.accounts[after.Place.Connection]
	if a.setup.Replica > 0 && (a.setup.Coarse || a.setup.Unstamped) {
		return // a stale read of the same second cannot be told from a fresh one
	}
	var back []record.PlatformField
	for name, now := range after.Base {
		was, known := before.Base[name]
		if !known || was == now {
			continue
		}
		began, _ := a.mem.Shown(after.Place.Object, after.ID, name, was)
		_, over := a.mem.Shown(after.Place.Object, after.ID, name, now)
		if !began.IsZero() && !over.IsZero() && over.Before(began) {
			back = append(back, name)
		}
	}
	if len(back) > 0 {
		name := slices.Min(back)
		w.violate(InvariantForward, "%s of %s goes back from %q to %q, which it held before that", name, record.Ref{Place: after.Place, ID: after.ID}, before.Base[name], after.Base[name])
	}
}

// judgeVersions: no entity that was decided under a configuration is decided again under the one that it replaced.
func (w *world) judgeVersions(writes []store.Write) {
	for _, x := range writes {
		if x.Table != store.Versions || x.Sort != "entity" || x.CheckOnly {
			continue
		}
		var row struct {
			Version int64 `json:"config_version"`
		}
		mustDecode(x.Body, &row)
		if row.Version < w.versions[x.Partition] {
			w.violate(InvariantForward, "%s is decided under configuration %d after it was under %d", x.Partition, row.Version, w.versions[x.Partition])
		}
		w.versions[x.Partition] = row.Version
	}
}

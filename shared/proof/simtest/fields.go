package simtest

import (
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// shows is what one live record shows of a hub field.
type shows struct {
	ref   record.Ref
	name  record.PlatformField
	value string
}

// showing lists what the live records of an entity show of a hub field.
func (w *world) showing(g *ruleset.Group, x stored, f *ruleset.Field, live map[record.Place]*resolve.Link) []shows {
	var out []shows
	for _, place := range g.Places(x.Entity.Type) {
		link := live[place]
		if link == nil {
			continue
		}
		fields, ok := w.accounts[place.Connection].mem.Record(place.Object, link.ID)
		if !ok {
			w.violate(InvariantDeleted, "%s is gone, and %s still counts it as live", record.Ref{Place: place, ID: link.ID}, x.Entity.ID)
			continue
		}
		for _, p := range g.PairsAt(place) {
			if len(p.Hub) == 1 && p.Hub[0] == f.Name && p.Reference == nil {
				out = append(out, shows{record.Ref{Place: place, ID: link.ID}, p.Spoke[0], fields[p.Spoke[0]]})
			}
		}
	}
	return out
}

// checkField: all live links show the same, and what they show is what should stand.
func (w *world) checkField(g *ruleset.Group, x stored, f *ruleset.Field, live map[record.Place]*resolve.Link) {
	if f.Refers != "" {
		w.checkReference(g, x, f, live)
		return
	}
	all := slices.DeleteFunc(w.showing(g, x, f, live), func(s shows) bool { return w.leftAlone(g, s.ref.Place, live) })
	want := x.Entity.Fields[f.Name].Text
	if len(live) < 2 {
		return // it agrees with nobody else
	}
	for _, s := range all {
		link := live[s.ref.Place]
		_, waived := link.Waived[s.name]
		_, refused := link.Rejected[s.name]
		if _, held := x.Entity.Holds[s.ref.Place.String()]; held {
			continue
		}
		if !waived && !refused && !sameShown(s.value, want) {
			w.violate(InvariantAgree, "%s shows %q in %s, and %s has %q", s.ref, s.value, s.name, x.Entity.ID, want)
		}
	}
	if f.Name == "stage" || len(all) == 0 || g.Name == "finance" && isEmail(record.PlatformField(f.Name)) {
		return
	}
	w.checkRight(g, x, f, want, all, live)
}

// leftAlone reports whether the record at a place is updated no more: the hub's record is outside the mapping's filter, and the
// mapping does not say that it follows.
func (w *world) leftAlone(g *ruleset.Group, place record.Place, live map[record.Place]*resolve.Link) bool {
	m, spoke := g.MappingAt(place)
	if !spoke || m.Filter == nil || m.AfterExit == ruleset.AfterExitFollow {
		return false
	}
	hub := g.HubPlace(m.Hub)
	if live[hub] == nil {
		return false
	}
	fields, ok := w.accounts[hub.Connection].mem.Record(hub.Object, live[hub].ID)
	return ok && slices.ContainsFunc(m.Filter.Conditions, func(c ruleset.Condition) bool {
		return !slices.Contains(c.Values, fields[record.PlatformField(c.Field)])
	})
}

// sameShown compares two spellings of a value.
func sameShown(a, b string) bool {
	if na, nb := numberOf(a), numberOf(b); na != 0 || nb != 0 {
		return na == nb
	}
	return a == b
}

// checkRight is the second description of what should stand: of an owned field what its owner shows; of a free field
// the value of an edit that nobody replaced knowingly, by the policy where there are several.
func (w *world) checkRight(g *ruleset.Group, x stored, f *ruleset.Field, want string, all []shows, live map[record.Place]*resolve.Link) {
	n := numberOf(want)
	for _, s := range all {
		if !f.Owner.LastWriteWins && s.ref.Connection == f.Owner.Connection {
			_, refused := live[s.ref.Place].Rejected[s.name]
			_, held := x.Entity.Holds[s.ref.Place.String()]
			if !refused && !held && !sameShown(s.value, want) {
				w.violate(InvariantRight, "%s owns %s and shows %q, and %s has %q", s.ref, f.Name, s.value, x.Entity.ID, want)
			}
			return
		}
	}
	if !f.Owner.LastWriteWins || w.history.Setup.Change == ChangeOwner || w.truth.answers[n] {
		return
	}
	if w.joined[x.Entity.ID] || w.merged(g, x) {
		return // the person who merged two records chose among their values
	}
	if n > 0 && n < len(w.truth.edits) && !slices.Contains(g.Places(people), w.truth.edits[n].ref.Place) || want == "" && w.history.Setup.Change == ChangeGone {
		return // a place that has left the group gave it
	}
	edits := w.editsOf(g, x, f)
	// A blank that the policy does not take replaces nothing.
	edits = slices.DeleteFunc(edits, func(e *edit) bool { return e.value == "" && f.Blank == ruleset.BlankKeep })
	// What people did to a record that is gone, or ours no more, may have reached us or not.
	away := func(e *edit) bool { return live[e.ref.Place] == nil || live[e.ref.Place].ID != e.ref.ID }
	if slices.ContainsFunc(edits, func(e *edit) bool { return away(e) && (e.number == n || e.value == "" && want == "") }) {
		return
	}
	edits = slices.DeleteFunc(edits, away)
	// What cannot be told from our own doing may have been told all the same, by a create that was asked for again.
	if slices.ContainsFunc(edits, func(e *edit) bool { return e.undetectable && (e.number == n || e.value == "" && want == "") }) {
		return
	}
	if slices.ContainsFunc(edits, w.isRefused) {
		return // a value that a platform refuses stands in one place and not in another
	}
	// An edit that was replaced again before anybody took it in has left no trace.
	edits = slices.DeleteFunc(edits, func(e *edit) bool {
		// Nor has a blank that emptied what nobody saw, where there was nothing before.
		return e.value == "" && w.truth.cameFromBlank(e) || e.undetectable || e.decided.IsZero() && w.truth.cells[e.ref][e.field].edit != e.number && e.value != ""
	})
	gone := w.truth.superseded(f.Blank == ruleset.BlankKeep, slices.DeleteFunc(slices.Clone(edits), func(e *edit) bool { return e.clobbered }))
	if n != 0 && gone[n] {
		w.violate(InvariantRight, "%s of %s ends as %q, which a person has replaced knowingly", f.Name, x.Entity.ID, want)
		return
	}
	var standing []*edit
	for _, e := range edits {
		if !gone[e.number] && !e.clobbered {
			standing = append(standing, e)
		}
	}
	if slices.ContainsFunc(edits, func(e *edit) bool { return e.clobbered && (e.number == n || e.value == "" && want == "") }) {
		return // it was taken in all the same
	}
	w.checkPolicy(f, x, n, want, standing)
}

// merged reports whether a person merged a record of the entity into another.
func (w *world) merged(g *ruleset.Group, x stored) bool {
	for _, ref := range w.truth.order {
		if l := w.truth.lives[ref]; (l.into != "" || l.winner) && w.entityOf(g.Name, ref) == x.Entity.ID {
			return true
		}
	}
	return false
}

func (w *world) isRefused(e *edit) bool {
	return numberOf(e.value) != 0 && e.value[len(e.value)-1] == refusedMark[0]
}

// checkPolicy: among edits that did not know each other, the policy chooses.
func (w *world) checkPolicy(f *ruleset.Field, x stored, n int, want string, standing []*edit) {
	var edits []*edit // not values at birth: those are first sights, which rank decides
	for _, e := range standing {
		if !e.birth {
			edits = append(edits, e)
		}
	}
	if len(edits) == 0 {
		return
	}
	stands := func(e *edit) bool { return e.number == n || e.value == "" && want == "" }
	if i := slices.IndexFunc(standing, stands); i >= 0 && standing[i].birth && (standing[i].shown || w.accounts[standing[i].ref.Connection].setup.Replica > 0) {
		return // a stale read may have shown what was there before, and then it was an edit after all
	}
	if !slices.ContainsFunc(edits, stands) {
		w.violate(InvariantRight, "%s of %s ends as %q, and the last edits are others: %v", f.Name, x.Entity.ID, want, numbers(edits))
		return
	}
	switch f.Conflict {
	case ruleset.ConflictNewest:
		w.checkNewest(f, x, want, edits, stands)
	case ruleset.ConflictHub, ruleset.ConflictSpoke:
		preferred := func(e *edit) bool { return (e.ref.Connection == hubName) == (f.Conflict == ruleset.ConflictHub) }
		for _, winner := range edits {
			// One that was seen before the winner was made had its chance, and the winner knew the outcome. So had one that was
			// decided about before the winner was, if that replaced another preferred one: between those two the policy is silent.
			better := func(e *edit) bool {
				return preferred(e) && e.seen.After(winner.at) && !w.truth.lostTo(e, winner, preferred)
			}
			if !stands(winner) || preferred(winner) || w.accounts[winner.ref.Connection].setup.Replica > 0 || !slices.ContainsFunc(edits, better) || slices.ContainsFunc(edits, func(e *edit) bool { return preferred(e) && stands(e) }) {
				continue
			}
			w.violate(InvariantRight, "%s of %s ends as %q, against the policy %s among %v", f.Name, x.Entity.ID, want, f.Conflict, numbers(edits))
		}
	}
}

// checkNewest: where the stamps can be trusted, the newest edit stands. They cannot where a clock is off, where only the
// record has a stamp, or none, and where two edits are as close as stamps are coarse and our own clocks differ.
func (w *world) checkNewest(f *ruleset.Field, x stored, want string, edits []*edit, stands func(*edit) bool) {
	close := 2*time.Second + w.slack()
	for _, winner := range edits {
		if !stands(winner) {
			continue
		}
		for _, later := range edits {
			a, b := w.accounts[winner.ref.Connection].setup, w.accounts[later.ref.Connection].setup
			exact := a.FieldTimes && b.FieldTimes && a.Skew == 0 && b.Skew == 0 && !a.Unstamped && !b.Unstamped
			// However far off the winner's clock is, it is not later than the look at which it was decided about.
			looked := !winner.decided.IsZero() && later.at.After(winner.decided.Add(close)) && b.Skew >= 0 && !b.Unstamped
			if later.at.After(winner.at.Add(close)) && !stands(later) && (exact || looked) && !slices.ContainsFunc(edits, func(e *edit) bool { return stands(e) && e.at.After(later.at) }) {
				w.violate(InvariantRight, "%s of %s ends as %q, and a newer edit is %d", f.Name, x.Entity.ID, want, later.number)
				return
			}
		}
	}
}

func numbers(edits []*edit) []int {
	var out []int
	for _, e := range edits {
		out = append(out, e.number)
	}
	return out
}

// editsOf lists what people gave a field on any record that is or was the entity's.
func (w *world) editsOf(g *ruleset.Group, x stored, f *ruleset.Field) []*edit {
	var out []*edit
	for _, e := range w.truth.edits[1:] {
		if w.entityOf(g.Name, e.ref) != x.Entity.ID {
			continue
		}
		for _, p := range g.PairsAt(e.ref.Place) {
			if len(p.Hub) == 1 && p.Hub[0] == f.Name && slices.Contains(p.Spoke, e.field) && p.Direction != ruleset.ToSpoke {
				out = append(out, e)
			}
		}
	}
	return out
}

// checkReference: a child names the parent's record on each platform.
func (w *world) checkReference(g *ruleset.Group, x stored, f *ruleset.Field, live map[record.Place]*resolve.Link) {
	hub := g.HubPlace(x.Entity.Type)
	if live[hub] == nil {
		return
	}
	fields, ok := w.accounts[hub.Connection].mem.Record(hub.Object, live[hub].ID)
	parent := record.Ref{Place: record.Place{Connection: hub.Connection, Object: f.Refers}, ID: record.ExternalID(fields[record.PlatformField(f.Name)])}
	if !ok || parent.ID == "" || w.truth.lives[parent] == nil || w.truth.lives[parent].deletedBy != "" {
		return
	}
	parentID := w.entityOf(g.Name, parent)
	for place, link := range live {
		if _, held := x.Entity.Holds[place.String()]; held || place == hub || w.leftAlone(g, place, live) {
			continue
		}
		shown, ok := w.accounts[place.Connection].mem.Record(place.Object, link.ID)
		if !ok {
			continue
		}
		named := record.Ref{Place: record.Place{Connection: place.Connection, Object: f.Refers}, ID: record.ExternalID(shown[children[place.Object].spokeRef])}
		life := w.truth.lives[named]
		if life != nil && life.deletedBy == "" && w.entityOf(g.Name, named) != parentID {
			other := w.linkAt(g, parentID, named.Place)
			if other != nil && other.State == resolve.LinkLive {
				w.violate(InvariantAgree, "%s names %s, and its parent on the hub is %s", record.Ref{Place: place, ID: link.ID}, named, parent)
			}
		}
	}
}

// judgeParked: a field that waited for a person when a run began is written nowhere by it. (Where two groups share a place,
// it may wait in the one and flow in the other.)
func (w *world) judgeParked(t *task, ref record.Ref, name record.PlatformField) {
	if len(t.rules.GroupsAt(ref.Place)) > 1 {
		return
	}
	for _, g := range t.rules.GroupsAt(ref.Place) {
		e := w.entityAt(store.Key{Table: store.Versions, Partition: string(g.Name) + "#" + string(w.entityOf(g.Name, ref)), Sort: "entity"})
		for _, p := range g.PairsAt(ref.Place) {
			if e == nil || len(e.Parked) == 0 || !slices.Contains(p.Spoke, name) || p.Direction == ruleset.ToHub {
				continue
			}
			for _, h := range p.Hub {
				if since := w.parkedAt[string(e.ID)+"#"+string(h)]; e.Parked[h].Reason != "" && since.Before(t.began) && !t.late {
					w.violate(InvariantParked, "a write to %s holds %s, which waits for a person since %s", ref, name, since.Sub(epoch))
				}
			}
		}
	}
}

// checkParked: of a field that waits for a person, what people set it to at each live record is there to choose. (What was
// there at first sight is no edit.)
func (w *world) checkParked(g *ruleset.Group, x stored, f *ruleset.Field, live map[record.Place]*resolve.Link) {
	if f.Refers != "" || w.truth.asked[x.Entity.ID] || w.joined[x.Entity.ID] {
		return // a person who decided before has seen the older ones; what a merge brought is a first sight
	}
	parked := x.Entity.Parked[f.Name]
	gone := w.truth.superseded(f.Blank == ruleset.BlankKeep, w.editsOf(g, x, f)) // what everybody knew is merely due there
	for _, s := range w.showing(g, x, f, live) {
		link := live[s.ref.Place]
		_, waived := link.Waived[s.name]
		waived = waived || link.Reverts[s.name] // or refused before it waited
		offered := func(c resolve.Candidate) bool { return sameShown(c.Text, s.value) }
		if cell := w.truth.cells[s.ref][s.name]; cell.person && cell.edit > 0 && !w.truth.edits[cell.edit].birth && !gone[cell.edit] && link.Sent[s.name] == s.value && !waived && s.value != "" && !sameShown(s.value, x.Entity.Fields[f.Name].Text) && !slices.ContainsFunc(parked.Candidates, offered) {
			w.violate(InvariantParked, "%s shows %q in %s, which waits for a person who is not told of it", s.ref, s.value, s.name)
		}
	}
}

package simtest

import (
	"maps"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/platform/memplatform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/resolve"
	"github.com/fluxcascade/fluxcascade/shared/ruleset"
)

// checkAtRest compares what the system believes, and what the platforms hold, with what people did.
func (w *world) checkAtRest() {
	if n := w.post.waiting(); n > 0 {
		w.violate(InvariantRest, "%d messages still wait", n)
	}
	for _, ref := range slices.SortedFunc(maps.Keys(w.open), func(a, b record.Ref) int { return a.Compare(b.Place) }) {
		w.violate(InvariantBalance, "a change record of %s was accepted and has no outcome", ref)
	}
	entities := w.entities()
	w.atRest = newResting(entities)
	w.joined, w.leftovers = map[record.EntityID]bool{}, map[record.Ref]bool{}
	for _, x := range entities {
		if x.Entity.State == resolve.EntityMerged {
			w.joined[w.survivor(x.Entity.Group, x.Entity.ID)] = true
		}
		for _, ref := range x.Entity.Leftovers {
			w.leftovers[ref] = true
		}
	}
	for _, g := range w.rules.Groups {
		w.checkRecords(&g)
		w.checkMerges(&g)
		w.checkKeys(&g, entities)
		for _, x := range entities {
			if x.Entity.Group != g.Name || x.Entity.State != resolve.EntityLive {
				continue
			}
			w.parked += len(x.Entity.Parked)
			w.checkEntity(&g, x)
		}
	}
	if bound := w.writesBound(); w.ourChanges > bound {
		w.violate(InvariantBounded, "%d writes of ours changed something, for %d changes by people, at most %d", w.ourChanges, w.userChanges, bound)
	}
}

// writesBound is how many writes that change a value the people's changes account for: each may go everywhere else and
// be undone once where it came from; what took effect late may have to be mended.
func (w *world) writesBound() int {
	places := 0
	for _, g := range w.rules.Groups {
		for _, e := range g.Entities {
			places = max(places, len(g.Places(e.Type)))
		}
	}
	if w.history.Setup.Finance {
		places++
	}
	return w.userChanges*(places+1) + 2*w.lateWrites + w.windowed
}

// checkRecords goes through all live records: each must belong somewhere, and none may be doubled by us.
func (w *world) checkRecords(g *ruleset.Group) {
	byEntity := map[record.Place]map[record.EntityID]record.Ref{}
	for _, ref := range w.truth.order {
		l := w.truth.lives[ref]
		t, mapped := g.TypeAt(ref.Place)
		if !mapped || l.deletedBy != "" || l.into != "" {
			continue
		}
		id := w.entityOf(g.Name, ref)
		if id == "" && l.ours && w.creating(g, ref.Place) {
			continue // a create of unknown outcome, and shown as that
		}
		if id == "" {
			w.violate(InvariantGap, "%s is nobody's in %s: no entity knows it", ref, g.Name)
			continue
		}
		if byEntity[ref.Place] == nil {
			byEntity[ref.Place] = map[record.EntityID]record.Ref{}
		}
		other, twice := byEntity[ref.Place][id]
		byEntity[ref.Place][id] = ref
		if leftover := w.leftovers[ref] || w.leftovers[other]; !leftover && twice && (l.ours || w.truth.lives[other].ours) {
			w.violate(InvariantOnce, "%s and %s are both %s of %s, and one of them is of our making", other, ref, t, id)
		}
	}
}

// creating reports whether a create at a place is still of unknown outcome.
func (w *world) creating(g *ruleset.Group, place record.Place) bool {
	for _, x := range w.atRest.all {
		if link := x.Links[place]; x.Entity.Group == g.Name && link != nil && link.State != resolve.LinkLive && len(link.Attempts) > 0 {
			return true
		}
	}
	return false
}

// checkKeys: no two entities go by one email, unless a person is asked about it, or merged records of one of them.
func (w *world) checkKeys(g *ruleset.Group, entities []stored) {
	key := emailField
	if g.Name == "finance" {
		key = record.HubField(spokeField(emailField))
	}
	holders := map[string]record.EntityID{}
	for _, x := range entities {
		if x.Entity.Group != g.Name || x.Entity.State != resolve.EntityLive || x.Entity.Type != people || w.joined[x.Entity.ID] || w.merged(g, x) {
			continue
		}
		email := x.Entity.Fields[key].Text
		if _, parked := x.Entity.Parked[key]; parked || email == "" || w.truth.asked[x.Entity.ID] {
			continue
		}
		if other, held := holders[email]; held {
			w.violate(InvariantOnce, "%s and %s both go by %s", other, x.Entity.ID, email)
		}
		holders[email] = x.Entity.ID
	}
}

// checkMerges: where the hub says that one record was merged into another, they are one entity.
func (w *world) checkMerges(g *ruleset.Group) {
	if g.Hub != hubName || w.accounts[hubName].setup.Merged == int(memplatform.MergedAway) {
		return
	}
	for _, ref := range w.truth.order {
		l := w.truth.lives[ref]
		winner := record.Ref{Place: ref.Place, ID: l.into}
		if ref.Connection != g.Hub || l.into == "" || !l.known || w.truth.lives[winner].deletedBy != "" || !w.knowsRecord(g.Name, winner) {
			continue
		}
		if a, b := w.entityOf(g.Name, ref), w.entityOf(g.Name, winner); a != b {
			w.violate(InvariantMerged, "%s was merged into %s, and they are %s and %s", ref, winner, a, b)
		}
	}
}

// knowsRecord reports whether a group ties a record to an entity, and does not merely hold it.
func (w *world) knowsRecord(group record.Group, ref record.Ref) bool {
	link := w.linkOf(group, ref)
	return link != nil && link.ID == ref.ID && link.State == resolve.LinkLive
}

// checkEntity looks at one entity with its links.
func (w *world) checkEntity(g *ruleset.Group, x stored) {
	live := map[record.Place]*resolve.Link{}
	for place, link := range x.Links {
		if link.State == resolve.LinkLive {
			live[place] = link
		}
	}
	w.checkIdentity(g, x, live)
	w.checkPresence(g, x, live)
	declared, ok := g.Entity(x.Entity.Type)
	if !ok {
		return
	}
	for i := range declared.Fields {
		f := &declared.Fields[i]
		if _, parked := x.Entity.Parked[f.Name]; !parked {
			w.checkField(g, x, f, live)
		}
	}
}

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
	all := w.showing(g, x, f, live)
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
		return // whoever merged two records chose among their values
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
			// One that was seen before the winner was made had its chance, and the winner knew the outcome.
			better := func(e *edit) bool { return preferred(e) && e.seen.After(winner.at) }
			if !stands(winner) || preferred(winner) || w.accounts[winner.ref.Connection].setup.Replica > 0 || !slices.ContainsFunc(edits, better) || slices.ContainsFunc(edits, func(e *edit) bool { return preferred(e) && stands(e) }) {
				continue
			}
			w.violate(InvariantRight, "%s of %s ends as %q, against the policy %s among %v", f.Name, x.Entity.ID, want, f.Conflict, numbers(edits))
		}
	}
}

// checkNewest: where the stamps can be trusted, the newest edit stands. They cannot where a clock is off, where only the
// record has a stamp, or none, and where two edits are as close as stamps are coarse.
func (w *world) checkNewest(f *ruleset.Field, x stored, want string, edits []*edit, stands func(*edit) bool) {
	const close = 2 * time.Second
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
		if place == hub {
			continue
		}
		shown, ok := w.accounts[place.Connection].mem.Record(place.Object, link.ID)
		if !ok {
			continue
		}
		named := record.Ref{Place: record.Place{Connection: place.Connection, Object: f.Refers}, ID: record.ExternalID(shown["client"])}
		life := w.truth.lives[named]
		if life != nil && life.deletedBy == "" && w.entityOf(g.Name, named) != parentID {
			other := w.linkAt(g, parentID, named.Place)
			if other != nil && other.State == resolve.LinkLive {
				w.violate(InvariantAgree, "%s names %s, and its parent on the hub is %s", record.Ref{Place: place, ID: link.ID}, named, parent)
			}
		}
	}
}

// resting is what the store says at rest, read once.
type resting struct {
	all       []stored
	survivors map[resolve.EntityKey]record.EntityID
	entities  map[resolve.RefKey]record.EntityID
}

func newResting(all []stored) *resting {
	r := &resting{all: all, survivors: map[resolve.EntityKey]record.EntityID{}, entities: map[resolve.RefKey]record.EntityID{}}
	into := map[resolve.EntityKey]record.EntityID{}
	for _, x := range all {
		if x.Entity.State == resolve.EntityMerged {
			into[resolve.EntityKey{Group: x.Entity.Group, ID: x.Entity.ID}] = x.Entity.Into
		}
	}
	for _, x := range all {
		key := resolve.EntityKey{Group: x.Entity.Group, ID: x.Entity.ID}
		id := key.ID
		for range 8 {
			next, merged := into[resolve.EntityKey{Group: key.Group, ID: id}]
			if !merged {
				break
			}
			id = next
		}
		r.survivors[key] = id
	}
	return r
}

func (w *world) linkAt(g *ruleset.Group, id record.EntityID, place record.Place) *resolve.Link {
	for _, x := range w.atRest.all {
		if x.Entity.Group == g.Name && x.Entity.ID == id {
			return x.Links[place]
		}
	}
	return nil
}

// checkIdentity: records that the system ties together have shown the same email at some time.
func (w *world) checkIdentity(g *ruleset.Group, x stored, live map[record.Place]*resolve.Link) {
	if x.Entity.Type != people || w.joined[x.Entity.ID] {
		return
	}
	var born []record.Ref // by people
	for _, place := range g.Places(people) {
		if link := live[place]; link != nil {
			ref := record.Ref{Place: place, ID: link.ID}
			if l := w.truth.lives[ref]; l != nil && !l.ours {
				born = append(born, ref)
			}
		}
	}
	for i := range born {
		for _, other := range born[i+1:] {
			if !sharesEmail(w.truth.lives[born[i]], w.truth.lives[other]) {
				w.violate(InvariantGuess, "%s and %s never had the same email, and are both %s", born[i], other, x.Entity.ID)
			}
		}
	}
}

func sharesEmail(a, b *life) bool {
	for n := range a.emails {
		if b.emails[n] {
			return true
		}
	}
	return false
}

// checkPresence: a person who is live on the hub is on each spoke, or there is a reason that a person can see; and what
// was deleted stays deleted.
func (w *world) checkPresence(g *ruleset.Group, x stored, live map[record.Place]*resolve.Link) {
	hub := g.HubPlace(x.Entity.Type)
	for _, place := range g.Places(x.Entity.Type) {
		w.checkDeleted(g, x, place, live)
		m, spoke := g.MappingAt(place)
		if !spoke || live[place] != nil || live[hub] == nil || !m.Create.CreatesOn(ruleset.ToSpoke) || m.Filter != nil {
			continue
		}
		link := x.Links[place]
		_, held := x.Entity.Holds[place.String()]
		if held || link != nil && (link.State == resolve.LinkTombstone || len(link.Rejected)+len(link.Attempts) > 0) || len(x.Entity.Parked) > 0 || w.waitsForParent(g, x, place) {
			continue
		}
		w.violate(InvariantGap, "%s is live on the hub and not at %s, and nothing says why", x.Entity.ID, place)
	}
}

// waitsForParent: a child whose parent is not at a place cannot be either.
func (w *world) waitsForParent(g *ruleset.Group, x stored, place record.Place) bool {
	if x.Entity.Type != deals {
		return false
	}
	parent := w.linkAt(g, record.EntityID(x.Entity.Fields["contact"].Text), record.Place{Connection: place.Connection, Object: people})
	return parent == nil || parent.State != resolve.LinkLive
}

// checkDeleted: nothing of ours lives where a person deleted a record of this entity after it was made, and the
// policy reached the others.
func (w *world) checkDeleted(g *ruleset.Group, x stored, place record.Place, live map[record.Place]*resolve.Link) {
	for _, ref := range w.truth.order {
		l := w.truth.lives[ref]
		if g.Name == "finance" && place == g.HubPlace(x.Entity.Type) {
			continue // the other group makes records there
		}
		if ref.Place != place || l.deletedBy != "person" || l.into != "" || w.entityOf(g.Name, ref) != x.Entity.ID {
			continue
		}
		for _, other := range w.truth.order {
			o := w.truth.lives[other]
			if !w.joined[x.Entity.ID] && other.Place == place && o.ours && !o.restored && o.deletedBy == "" && o.bornAt.After(l.deletedAt) && w.entityOf(g.Name, other) == x.Entity.ID {
				w.violate(InvariantResurrect, "a person deleted %s, and %s was made for it", ref, other)
			}
		}
		if link := x.Links[place]; link != nil && link.ID == ref.ID && link.State == resolve.LinkTombstone {
			w.checkSpread(g, x, place, live)
		}
	}
}

// checkSpread: a deletion has reached what its policy says.
func (w *world) checkSpread(g *ruleset.Group, x stored, place record.Place, live map[record.Place]*resolve.Link) {
	if place != g.HubPlace(x.Entity.Type) {
		return
	}
	for other := range live {
		m, spoke := g.MappingAt(other)
		_, held := x.Entity.Holds[other.String()]
		if spoke && !held && !live[other].Restored && (m.Delete == ruleset.DeleteArchive || m.Delete == ruleset.DeleteDelete) {
			w.violate(InvariantDeleted, "%s was deleted on the hub, and its record at %s is neither removed nor held", x.Entity.ID, other)
		}
	}
}

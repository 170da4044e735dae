package simtest

import (
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform/memplatform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// checkAtRest compares what the system believes, and what the platforms hold, with what people did.
func (w *world) checkAtRest() {
	if n := w.post.waiting() + w.kept(); n > 0 {
		w.violate(InvariantRest, "%d messages still wait", n)
	}
	if !w.naive && w.accepted != w.ended {
		w.violate(InvariantBalance, "%d change records were accepted, and %d have an outcome", w.accepted, w.ended)
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
		w.checkLatecomers(&g, entities)
		w.checkKeys(&g, entities)
		for _, x := range entities {
			if x.Entity.Group != g.Name || x.Entity.State == resolve.EntityMerged {
				continue
			}
			if !w.naive && !w.poisoned(x) {
				w.checkWaits(&g, x)
			}
			if x.Entity.State != resolve.EntityLive {
				continue
			}
			w.parked += len(x.Entity.Parked)
			if !w.poisoned(x) {
				w.checkEntity(&g, x)
			}
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
		if !mapped || l.deletedBy != "" || l.into != "" || ref == w.poison {
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
	key := w.emailOf(g)
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
		if a, b := w.entityOf(g.Name, ref), w.entityOf(g.Name, winner); a != b && ref != w.poison && winner != w.poison {
			w.violate(InvariantMerged, "%s was merged into %s, and they are %s and %s", ref, winner, a, b)
		}
	}
}

// checkLatecomers: a record made with the email of one that was merged away belongs to the survivor, if it is anybody's.
func (w *world) checkLatecomers(g *ruleset.Group, entities []stored) {
	for _, x := range entities {
		at, merged := w.mergedAt[x.Entity.ID]
		hub := x.Links[g.HubPlace(people)]
		if x.Entity.Group != g.Name || x.Entity.Type != people || !merged || hub == nil {
			continue
		}
		email := x.Entity.Fields[w.emailOf(g)].Text
		if to := w.linkAt(g, w.survivor(g.Name, x.Entity.ID), hub.Place); to != nil && to.ID != "" && w.truth.lives[record.Ref{Place: hub.Place, ID: to.ID}].emails[numberOf(email)] {
			continue // the survivor went by it too, and has another since
		}
		for _, ref := range w.truth.order {
			l := w.truth.lives[ref]
			if _, mapped := g.TypeAt(ref.Place); !mapped || ref.Object != people || l.ours || l.deletedBy != "" || l.into != "" || !l.bornAt.After(at) || len(l.emails) != 1 || !l.emails[numberOf(email)] {
				continue
			}
			if link := w.linkOf(g.Name, ref); link != nil && link.ID == ref.ID && link.State == resolve.LinkLive && w.entityOf(g.Name, ref) != w.survivor(g.Name, x.Entity.ID) {
				w.violate(InvariantMerged, "%s has the email of %s, which was merged into %s, and is %s", ref, x.Entity.ID, w.survivor(g.Name, x.Entity.ID), w.entityOf(g.Name, ref))
			}
		}
	}
}

// emailOf gives what a group calls a person's email.
func (w *world) emailOf(g *ruleset.Group) record.HubField {
	if g.Name == "finance" {
		return record.HubField(spokeField(emailField))
	}
	return emailField
}

// knowsRecord reports whether a group ties a record to an entity, and does not merely hold it.
func (w *world) knowsRecord(group record.Group, ref record.Ref) bool {
	link := w.linkOf(group, ref)
	return link != nil && link.ID == ref.ID && link.State == resolve.LinkLive
}

// poisoned reports whether a record that cannot be read is one of an entity's: that stops it, and nothing else.
func (w *world) poisoned(x stored) bool {
	for place, link := range x.Links {
		if w.poison != (record.Ref{}) && (record.Ref{Place: place, ID: link.ID}) == w.poison {
			return true
		}
	}
	return false
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
		if _, parked := x.Entity.Parked[f.Name]; parked {
			w.checkParked(g, x, f, live)
		} else {
			w.checkField(g, x, f, live)
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
		if spoke && m.Filter != nil && live[hub] != nil {
			w.checkFilter(x, record.Ref{Place: hub, ID: live[hub].ID}, place)
		}
		if !spoke || live[place] != nil || live[hub] == nil || !m.Create.CreatesOn(ruleset.ToSpoke) || m.Filter != nil && !w.mustEnter(record.Ref{Place: hub, ID: live[hub].ID}) {
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

// checkFilter: what never was inside the filter has no record behind it, nor has what was inside at first sight and was
// left alone since.
func (w *world) checkFilter(x stored, hub record.Ref, place record.Place) {
	link, l := x.Links[place], w.truth.lives[hub]
	if link == nil || link.ID == "" || l == nil || l.ours || w.truth.lives[record.Ref{Place: place, ID: link.ID}] == nil || !w.truth.lives[record.Ref{Place: place, ID: link.ID}].ours {
		return
	}
	inside := func(stage string) bool { return w.insideFilter(stage) }
	switch {
	case !slices.ContainsFunc(l.stages, inside):
		w.violate(InvariantFilter, "%s was made for %s, whose stages were %v", link.ID, hub, l.stages)
	case l.bornAt.Equal(epoch) && len(l.stages) == 1:
		w.violate(InvariantFilter, "%s was made for %s, which was %s before the first load", link.ID, hub, l.stages[0])
	}
}

// insideFilter reports whether a deal's stage was inside the filter under any rules of this history.
func (w *world) insideFilter(stage string) bool {
	return slices.Contains(wonStages[0], stage) || w.history.Setup.Change == ChangeFilter && slices.Contains(wonStages[1], stage)
}

// mustEnter: a deal that a person made after the first load, and that is inside the filter in the end, has entered it. (What a
// change of the filter finds inside has not.)
func (w *world) mustEnter(hub record.Ref) bool {
	l := w.truth.lives[hub]
	return w.history.Setup.Change != ChangeFilter && l != nil && !l.ours && l.loaded && slices.Contains(wonStages[0], l.stages[len(l.stages)-1])
}

// waitsForParent: a child whose parent is not at a place cannot be either.
func (w *world) waitsForParent(g *ruleset.Group, x stored, place record.Place) bool {
	kind, ok := children[x.Entity.Type]
	if !ok {
		return false
	}
	parent := w.linkAt(g, record.EntityID(x.Entity.Fields[kind.hubRef].Text), record.Place{Connection: place.Connection, Object: kind.parent})
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
		if link := x.Links[place]; link != nil && link.ID == ref.ID && link.State == resolve.LinkTombstone && !w.removing[resolve.RefKey{Group: g.Name, Ref: ref}] { // (it may be the outcome of ours that it saw)
			w.checkSpread(g, x, place, live)
		}
	}
}

// outlived reports whether a record was made live by a person, or tied to the entity, once the deletion of another was taken in.
func (w *world) outlived(group record.Group, gone, ref record.Ref) bool {
	l := w.truth.lives[ref]
	return l != nil && l.restored || w.tied[resolve.RefKey{Group: group, Ref: ref}].After(w.buried[resolve.RefKey{Group: group, Ref: gone}])
}

// checkSpread: a deletion has reached what its policy says.
func (w *world) checkSpread(g *ruleset.Group, x stored, place record.Place, live map[record.Place]*resolve.Link) {
	if place != g.HubPlace(x.Entity.Type) {
		return
	}
	for other := range live {
		m, spoke := g.MappingAt(other)
		_, held := x.Entity.Holds[other.String()]
		if _, doubted := x.Entity.Holds[place.String()]; doubted {
			held = true // the record on the hub may have been merged into another
		}
		if spoke && !held && !w.outlived(g.Name, record.Ref{Place: place, ID: x.Links[place].ID}, record.Ref{Place: other, ID: live[other].ID}) && m.Delete != ruleset.DeleteIgnore {
			w.violate(InvariantDeleted, "%s was deleted on the hub, and its record at %s is neither removed, by the policy %s, nor held", x.Entity.ID, other, m.Delete)
		}
	}
}

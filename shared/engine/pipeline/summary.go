package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// gathering collects, while a sweep passes over every entity, what waits for a person on each connection, and what was
// reverted there: see controltable.Summary.
type gathering struct {
	rules *ruleset.Rules
	now   time.Time
	only  record.Connection // "" for every connection
	of    map[record.Connection]*gathered
}

type gathered struct {
	controltable.Summary
	kinds    map[controltable.ParkedKind]*controltable.ParkedKind
	reverted map[controltable.ParkedKind]*controltable.Reverted
}

func newGathering(rules *ruleset.Rules, only record.Connection, now time.Time) *gathering {
	g := &gathering{rules: rules, now: now, only: only, of: map[record.Connection]*gathered{}}
	for _, c := range rules.Connections {
		if only == "" || only == c.Name {
			g.of[c.Name] = &gathered{kinds: map[controltable.ParkedKind]*controltable.ParkedKind{}, reverted: map[controltable.ParkedKind]*controltable.Reverted{}}
		}
	}
	return g
}

// entity adds what of one entity waits.
func (g *gathering) entity(key resolve.EntityKey, rows *resolve.Rows) {
	if rows == nil || rows.Entity == nil || rows.Entity.State == resolve.EntityMerged {
		return
	}
	e := rows.Entity
	for _, s := range g.of {
		s.Entities++
	}
	for place, link := range rows.Links {
		if s := g.of[place.Connection]; s != nil && link.State == resolve.LinkLive {
			s.Linked++
		}
	}
	if e.State == resolve.EntityQuarantined {
		since := g.now
		if e.Journal != nil {
			since = e.Journal.At
		}
		g.park(key, rows, e.Born, "", e.Why, since)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(e.Parked)) {
		p := e.Parked[name]
		g.park(key, rows, g.blamed(key, p), string(name), p.Reason, p.Since)
	}
	for _, place := range placesOf(g.rules, key) {
		g.link(key, rows, place)
	}
	for _, ref := range e.Leftovers {
		since := g.now
		if e.Journal != nil {
			since = e.Journal.At
		}
		g.park(key, rows, ref.Place, "", record.ReasonMergedAway, since)
	}
	if e.Journal != nil {
		g.entry(key, e.Journal)
	}
}

// scheduled adds what waits for its mapping's next run, or for a record that it names.
func (g *gathering) scheduled(due resolve.Due) {
	s := g.of[due.Place.Connection]
	if s == nil {
		return
	}
	if due.Blocked == record.ReasonWaitsForParent {
		s.Children++
		return
	}
	s.Scheduled++
	if s.NextRun.IsZero() || due.NotBefore.Before(s.NextRun) {
		s.NextRun = due.NotBefore
	}
}

// link adds what of one place waits: an operation that is held, values that say nothing, values that the
// platform refused.
func (g *gathering) link(key resolve.EntityKey, rows *resolve.Rows, place record.Place) {
	if hold, ok := rows.Entity.Holds[place.String()]; ok {
		var fields []string
		for _, f := range hold.Fields {
			fields = append(fields, string(f))
		}
		g.park(key, rows, place, strings.Join(fields, ", "), hold.Reason, hold.Since)
	}
	link := rows.Links[place]
	if link == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(link.Seen)) {
		if seen := link.Seen[name]; seen.Troubles() && link.State == resolve.LinkLive && !g.derived(key, place, name, seen.Why) {
			g.park(key, rows, place, string(name), seen.Why, seen.At)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(link.Rejected)) {
		field := string(name)
		if name == resolve.CreateField {
			field = ""
		}
		if hold, held := rows.Entity.Holds[place.String()]; held && hold.Reason == record.ReasonRejected && field == "" {
			continue // told as the hold
		}
		g.park(key, rows, place, field, record.ReasonRejected, link.Rejected[name].At)
	}
}

// derived reports whether a value without an entry is one of a pair that only flows to the hub: its map then lists the values that
// mean something there, and the others are not meant to.
func (g *gathering) derived(key resolve.EntityKey, place record.Place, name record.PlatformField, why record.Reason) bool {
	group, ok := g.rules.Group(key.Group)
	return ok && why == record.ReasonUnmappedValue && !slices.ContainsFunc(group.PairsAt(place), func(p ruleset.Pair) bool {
		return p.Direction != ruleset.ToHub && slices.Contains(p.Spoke, name)
	})
}

// blamed gives the place whose value a parked field waits for: the newest candidate's that is not the hub's.
func (g *gathering) blamed(key resolve.EntityKey, p resolve.Parked) record.Place {
	group, ok := g.rules.Group(key.Group)
	if !ok {
		return record.Place{} // of a group that the file no longer has
	}
	place, at := group.HubPlace(resolve.TypeOf(key.ID)), time.Time{}
	for _, c := range p.Candidates {
		if c.Place.Connection != group.Hub && (at.IsZero() || c.At.After(at)) {
			place, at = c.Place, c.At
		}
	}
	return place
}

func (g *gathering) park(key resolve.EntityKey, rows *resolve.Rows, place record.Place, field string, why record.Reason, since time.Time) {
	s := g.of[place.Connection]
	if s == nil {
		return
	}
	s.Waiting++
	if why == record.ReasonLoop {
		s.Breakers++
	}
	kind := controltable.ParkedKind{Group: key.Group, Object: place.Object, Field: field, Reason: why}
	k := s.kinds[kind]
	if k == nil {
		k = &controltable.ParkedKind{Group: kind.Group, Object: kind.Object, Field: kind.Field, Reason: kind.Reason, Oldest: since}
		s.kinds[kind] = k
	}
	k.Count++
	if since.Before(k.Oldest) {
		k.Oldest = since
	}
	s.addItem(controltable.ParkedItem{Group: key.Group, Entity: key.ID, Records: recordsOf(g.rules, key, rows, place), Field: field, Reason: why, Since: since})
}

// recordsOf lists an entity's records, the one at a place first.
func recordsOf(rules *ruleset.Rules, key resolve.EntityKey, rows *resolve.Rows, place record.Place) []record.Ref {
	first := record.Ref{Place: place}
	var others []record.Ref
	for _, p := range placesOf(rules, key) {
		link := rows.Links[p]
		switch {
		case link == nil || link.ID == "":
		case p == place:
			first.ID = link.ID
		default:
			others = append(others, record.Ref{Place: p, ID: link.ID})
		}
	}
	return append([]record.Ref{first}, others...)
}

// addItem keeps the longest waiting. The list is cut when it is twice as long as it may be, so that a sweep of many sorts
// seldom.
func (s *gathered) addItem(item controltable.ParkedItem) {
	s.Items = append(s.Items, item)
	if len(s.Items) >= 2*controltable.ItemsMax {
		s.cut()
	}
}

func (s *gathered) cut() {
	slices.SortFunc(s.Items, func(a, b controltable.ParkedItem) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Entity, b.Entity), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Reason, b.Reason))
	})
	s.Items = s.Items[:min(len(s.Items), controltable.ItemsMax)]
}

// entry adds the edits that a journal entry says were undone, if it is of the last day.
func (g *gathering) entry(key resolve.EntityKey, entry *resolve.Entry) {
	s := g.of[entry.Record.Connection]
	if s == nil || g.now.Sub(entry.At) > controltable.RevertedFor {
		return
	}
	for _, c := range entry.Changes {
		if c.Reason != record.ReasonNonOwnerReverted {
			continue
		}
		kind := controltable.ParkedKind{Group: key.Group, Object: entry.Record.Object, Field: string(c.Field)}
		r := s.reverted[kind]
		if r == nil {
			r = &controltable.Reverted{Group: kind.Group, Object: kind.Object, Field: kind.Field}
			s.reverted[kind] = r
		}
		r.Count++
		if entry.At.After(r.Newest) {
			r.Newest = entry.At
		}
		if len(r.Records) < controltable.RevertedRecordsMax && !slices.Contains(r.Records, entry.Record) {
			r.Records = append(r.Records, entry.Record)
		}
	}
}

// row adds an older journal entry. Its time shows in when its row ends, so that most are not even read.
func (g *gathering) row(row store.Row) {
	if !strings.HasPrefix(row.Sort, journalPrefix) || row.ExpiresAt.Before(g.now.Add(journalLife-controltable.RevertedFor)) ||
		!bytes.Contains(row.Body, []byte(record.ReasonNonOwnerReverted)) { // most tell of nothing that was undone: they need no decoding
		return
	}
	var entry resolve.Entry
	group, id, ok := strings.Cut(row.Partition, "#")
	if ok && json.Unmarshal(row.Body, &entry) == nil {
		g.entry(resolve.EntityKey{Group: record.Group(group), ID: record.EntityID(id)}, &entry)
	}
}

// end makes the summaries.
func (g *gathering) end(at time.Time) map[record.Connection]controltable.Summary {
	out := map[record.Connection]controltable.Summary{}
	for c, s := range g.of {
		s.At = at
		s.cut()
		for _, k := range s.kinds {
			s.Parked = append(s.Parked, *k)
		}
		slices.SortFunc(s.Parked, func(a, b controltable.ParkedKind) int {
			return cmp.Or(a.Oldest.Compare(b.Oldest), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Group, b.Group))
		})
		s.Parked = s.Parked[:min(len(s.Parked), controltable.KindsMax)]
		for _, r := range s.reverted {
			s.Reverted = append(s.Reverted, *r)
		}
		slices.SortFunc(s.Reverted, func(a, b controltable.Reverted) int {
			return cmp.Or(-cmp.Compare(a.Count, b.Count), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Group, b.Group))
		})
		s.Reverted = s.Reverted[:min(len(s.Reverted), controltable.KindsMax)]
		out[c] = s.Summary
	}
	return out
}

// keepSummaries writes what a sweep found and tells of it.
func (s *Sweeper) keepSummaries(ctx context.Context, g *gathering, total *Sweep) error {
	summaries := g.end(s.Now())
	for _, c := range slices.Sorted(maps.Keys(summaries)) {
		summary := summaries[c]
		if err := controltable.SaveSummary(ctx, s.Store, c, summary); err != nil {
			return err
		}
		s.tell(Event{Kind: EventSwept, Ref: record.Ref{Place: record.Place{Connection: c}}, Count: total.Notices, Summary: &summary})
	}
	return nil
}

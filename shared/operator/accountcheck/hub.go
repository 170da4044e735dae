package accountcheck

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

const (
	// recently is how far back edits count.
	recently = 90 * 24 * time.Hour
	// pairsMin is how many records must have been found in two places for their stamps to say anything, shareMin the part
	// of them, in percent, that one side must have had first.
	pairsMin = 10
	shareMin = 60
)

// Hub is what the data of one entity type says about where its records begin and are looked after.
type Hub struct {
	Group record.Group  `json:"group"`
	Type  record.Object `json:"type"`
	// Configured is the hub; Implied what the data says, "" if it says nothing clear.
	Configured record.Connection `json:"configured"`
	Implied    record.Connection `json:"implied,omitempty"`
	// Pairs counts records recognised in two or more places, First those that each connection had first, Edited the records
	// looked at that were changed in the last 90 days, of Looked.
	Pairs  int                       `json:"pairs"`
	First  map[record.Connection]int `json:"first"`
	Edited map[record.Connection]int `json:"edited"`
	Looked map[record.Connection]int `json:"looked"`
	// Evidence says it in words.
	Evidence string `json:"evidence"`
}

// implied looks where records of each type are made first and edited most.
func (r *run) implied(g *ruleset.Group) {
	for i := range g.Entities {
		e := &g.Entities[i]
		if len(g.Places(e.Type)) < 2 {
			continue
		}
		h := r.evidence(g, e)
		r.report.Hubs = append(r.report.Hubs, h)
		if h.Implied != "" && h.Implied != h.Configured {
			r.add(Finding{Severity: Warning, Where: string(g.Name) + " " + string(e.Type),
				What: fmt.Sprintf("the data says that %s is the hub, and %s is configured: %s", h.Implied, h.Configured, h.Evidence),
				Do:   "if your people do begin there, make it the hub: fluxcascade guide choose-a-hub"})
		}
	}
}

func (r *run) evidence(g *ruleset.Group, e *ruleset.Entity) Hub {
	h := Hub{Group: g.Name, Type: e.Type, Configured: g.Hub, First: map[record.Connection]int{}, Edited: map[record.Connection]int{},
		Looked: map[record.Connection]int{}}
	made := map[string]map[record.Connection]time.Time{} // by match key
	var order []record.Connection
	now := r.Now()
	for _, place := range g.Places(e.Type) {
		order = append(order, place.Connection)
		for _, s := range r.samples[place] {
			h.Looked[place.Connection]++
			if now.Sub(s.ModifiedAt) < recently && !s.ModifiedAt.IsZero() {
				h.Edited[place.Connection]++
			}
			at, ok := r.createdAt(place, s)
			key, keyed := r.keyOf(g, e, place, s)
			if !ok || !keyed {
				continue
			}
			if made[key] == nil {
				made[key] = map[record.Connection]time.Time{}
			}
			if before, twice := made[key][place.Connection]; !twice || at.Before(before) {
				made[key][place.Connection] = at
			}
		}
	}
	for _, stamps := range made {
		if len(stamps) < 2 {
			continue
		}
		h.Pairs++
		if first, ok := earliest(stamps, order); ok {
			h.First[first]++
		}
	}
	h.conclude(order)
	return h
}

// earliest gives the connection that had a record first; ok is false if two had it in the same second.
func earliest(stamps map[record.Connection]time.Time, order []record.Connection) (first record.Connection, ok bool) {
	for _, c := range order {
		at, there := stamps[c]
		if !there {
			continue
		}
		switch {
		case first == "" || at.Before(stamps[first].Add(-time.Second)):
			first, ok = c, true
		case at.Before(stamps[first].Add(time.Second)):
			ok = false
		}
	}
	return first, ok
}

// conclude puts the evidence into words, and names a hub if where records begin is clear and where they are edited does not
// say otherwise.
func (h *Hub) conclude(order []record.Connection) {
	var begun, edited []string
	for _, c := range order {
		begun = append(begun, fmt.Sprintf("%d in %s", h.First[c], c))
		edited = append(edited, fmt.Sprintf("%d of %d in %s", h.Edited[c], h.Looked[c], c))
	}
	h.Evidence = fmt.Sprintf("of %d found in more than one place, begun first: %s; edited in the last 90 days: %s", h.Pairs,
		strings.Join(begun, ", "), strings.Join(edited, ", "))
	if h.Pairs == 0 {
		h.Evidence = "no record was found in more than one place"
		return
	}
	if h.Pairs < pairsMin {
		h.Evidence += "; too few to say"
		return
	}
	first := slices.MaxFunc(order, func(a, b record.Connection) int { return h.First[a] - h.First[b] })
	if h.First[first]*100 < h.Pairs*shareMin {
		return
	}
	for _, c := range order {
		// Twice the share of edits elsewhere says that records begin here and live there.
		if c != first && h.Looked[c] > 0 && h.Looked[first] > 0 && h.Edited[c]*h.Looked[first] > 2*h.Edited[first]*h.Looked[c] {
			return
		}
	}
	h.Implied = first
}

func (r *run) createdAt(place record.Place, s record.Snapshot) (time.Time, bool) {
	o := r.object(place)
	if o == nil || o.Created == "" {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, s.Fields[o.Created])
	return at, err == nil
}

// keyOf gives the first match key that a record has, in canonical hub values.
func (r *run) keyOf(g *ruleset.Group, e *ruleset.Entity, place record.Place, s record.Snapshot) (string, bool) {
	values := record.HubValues{}
	if place.Connection == g.Hub {
		values = hubValues(e, s)
	} else if m, ok := g.MappingAt(place); ok {
		for i := range m.Pairs {
			p := &m.Pairs[i]
			if len(p.Hub) == 0 || p.Reference != nil || p.Direction == ruleset.ToSpoke && len(p.ToSpokeTransforms) > 0 {
				continue
			}
			if texts, _, ok := mapping.Texts(mapping.ToHub(e, p, s.Fields)); ok {
				for k, name := range p.Hub {
					values[name] = texts[k]
				}
			}
		}
	}
	for _, rule := range e.Match {
		if key, ok := mapping.Key(rule, values); ok {
			return rule.Name + "\x00" + key, true
		}
	}
	return "", false
}

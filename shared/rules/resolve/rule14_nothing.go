package resolve

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Rule 14: what says nothing is kept as seen, beside base and sent, and shown. It travels nowhere, and makes nothing of ours due
// over it.

// Seen is a value that says nothing on one field of a link, and why: what the place shows there is nothing for the entity, or
// the entity's value is nothing for the place.
type Seen struct {
	// Digest identifies the value, so that another one is told from it.
	Digest string        `json:"d"`
	Why    record.Reason `json:"why"`
	// Words tell an operator why, the value included, shortened. They are in no log.
	Words string    `json:"words,omitempty"`
	At    time.Time `json:"at"`
	// Ours marks the entity's value, that has no spelling at the place.
	Ours bool `json:"ours,omitempty"`
	// Config is the digest of the rules by which a write was made that the place took without effect.
	Config string `json:"config,omitempty"`
}

// Troubles reports whether a person should know: not of what a platform fills in by itself.
func (s Seen) Troubles() bool { return s.Why != record.ReasonPlatformDefault }

// newEdit reports whether a field that was never read in a way that says something should be written all the same: somebody
// edited the entity's value after it was seen. What was merely there at first sight is no edit.
func newEdit(x *subject, link *Link, p *ruleset.Pair) bool {
	seen, ok := link.Seen[p.Spoke[0]]
	return ok && !seen.Ours && seen.Why != record.ReasonFieldGone && slices.ContainsFunc(p.Hub, func(name record.HubField) bool {
		v := x.entity.Fields[name]
		return !v.First && v.At.After(seen.At)
	})
}

// fieldGone reports whether the platform has a field of a pair no longer.
func fieldGone(link *Link, p *ruleset.Pair) bool {
	return slices.ContainsFunc(p.Spoke, func(name record.PlatformField) bool { return link.Seen[name].Why == record.ReasonFieldGone })
}

// unheeded reports whether the place took a write of a pair without effect under other rules: it is tried once under these.
func unheeded(x *subject, link *Link, p *ruleset.Pair) bool {
	return slices.ContainsFunc(p.Spoke, func(name record.PlatformField) bool {
		seen := link.Seen[name]
		return seen.Why == record.ReasonOldValueKept && seen.Config != x.rules.Digest
	})
}

// byDefault reports whether a pair shows what its platform fills in where nothing is set, in a field that nobody was known to
// have set.
func byDefault(x *subject, link *Link, p *ruleset.Pair, fields record.Fields) bool {
	if p.Default == "" || len(p.Spoke) != 1 || p.Reference != nil || link.Base[p.Spoke[0]] != "" {
		return false
	}
	return mapping.Equal(mapping.TypeOfSpoke(x.declared, p, 0), fields[p.Spoke[0]], p.Default)
}

// keepSeen notes that a place shows, of one pair, what says nothing. What is noted already stays as it is.
func keepSeen(w *draft, place record.Place, p *ruleset.Pair, fields record.Fields, seen Seen) {
	changed := false
	for _, name := range p.Spoke {
		s := seen
		s.Digest = shortHash(fields[name])
		if was, ok := w.links[place].Seen[name]; ok && was.Digest == s.Digest && was.Why == s.Why && was.Ours == s.Ours && was.Config == s.Config {
			continue
		}
		w.editLink(place).Seen[name] = s
		changed = true
	}
	if changed && len(p.Hub) > 0 && seen.Troubles() {
		w.note(FieldChange{Field: p.Hub[0], Old: w.entity.Fields[p.Hub[0]].Text, New: fields[p.Spoke[0]], Reason: seen.Why})
	}
}

// forgetSeen drops what was seen on the fields of a pair that show something else by now, or are there again.
func forgetSeen(w *draft, place record.Place, p *ruleset.Pair, fields record.Fields) {
	for _, name := range p.Spoke {
		if was, ok := w.links[place].Seen[name]; ok && !was.Ours && was.Digest != shortHash(fields[name]) {
			delete(w.editLink(place).Seen, name)
		}
	}
}

// gonePair reports whether a read says that the platform has a field of a pair no longer.
func gonePair(p *ruleset.Pair, s record.Snapshot) bool {
	return slices.ContainsFunc(p.Spoke, func(name record.PlatformField) bool { return slices.Contains(s.Gone, name) })
}

// answeredOtherwise notes the fields of a receipt that hold something else than was asked, by their type: the old value, kept by
// a platform that answered that all was well; or a form of the platform's own. before holds base as it was.
func answeredOtherwise(w *draft, link *Link, asked, before record.Fields) {
	pairs := w.group.PairsAt(link.Place)
	for i := range pairs {
		p := &pairs[i]
		if constant(p) || via(p) || p.Reference != nil || !has(p, asked) || sameReading(w.subject, link.Place, p, link.Base, asked) {
			continue
		}
		seen := Seen{Why: record.ReasonOwnForm, At: w.view.Now}
		switch {
		case blankIn(p.Spoke, asked) && !has(p, before), byBlank(w.subject, p, asked, link.Base):
			seen.Why = record.ReasonPlatformDefault
		case has(p, before) && sameReading(w.subject, link.Place, p, link.Base, before):
			seen.Why, seen.Config = record.ReasonOldValueKept, w.rules.Digest
		}
		seen.Words = wordsOf(seen.Why, link.Place, p.Spoke[0])
		keepSeen(w, link.Place, p, link.Base, seen)
	}
}

// byBlank reports whether a platform filled in its default for a blank that it was asked to hold.
func byBlank(x *subject, p *ruleset.Pair, asked, answered record.Fields) bool {
	return p.Default != "" && len(p.Spoke) == 1 && blankIn(p.Spoke, asked) && mapping.Equal(mapping.TypeOfSpoke(x.declared, p, 0), answered[p.Spoke[0]], p.Default)
}

// filledIn notes what a platform filled in by itself, in the fields of a record just made that we left blank.
func filledIn(w *draft, link *Link, r Receipt) {
	if r.Snapshot == nil {
		return
	}
	pairs := w.group.PairsAt(link.Place)
	for i := range pairs {
		p := &pairs[i]
		asked := slices.ContainsFunc(p.Spoke, func(name record.PlatformField) bool { _, sent := r.Intent.Fields[name]; return sent })
		if constant(p) || via(p) || p.Reference != nil || p.Direction == ruleset.ToHub || asked ||
			!has(p, r.Snapshot.Fields) || blankIn(p.Spoke, r.Snapshot.Fields) || has(p, link.Base) {
			continue
		}
		noteDefault(w, link.Place, p, r.Snapshot.Fields, w.view.Now)
	}
}

// noteDefault notes that a place shows what it filled in by itself: nothing was asked for there.
func noteDefault(w *draft, place record.Place, p *ruleset.Pair, shown record.Fields, at time.Time) {
	link := w.editLink(place)
	for _, name := range p.Spoke {
		link.Base[name], link.Sent[name] = shown[name], ""
	}
	keepSeen(w, place, p, shown, Seen{Why: record.ReasonPlatformDefault, At: at, Words: wordsOf(record.ReasonPlatformDefault, place, p.Spoke[0])})
}

// noteUnspoken keeps, on every live link, which values of the entity have no spelling at the place.
func noteUnspoken(w *draft) {
	if w.entity.State != EntityLive {
		return
	}
	for _, place := range w.group.Places(w.entity.Type) {
		link := w.links[place]
		if link == nil || link.State != LinkLive {
			continue
		}
		unspoken := map[record.PlatformField]Seen{}
		pairs := w.group.PairsAt(place)
		for i := range pairs {
			if p := &pairs[i]; len(p.ToSpokeTransforms) > 0 && p.Direction != ruleset.ToHub && !p.OnCreateOnly && p.Reference == nil {
				unspokenOf(w.subject, link, p, unspoken)
			}
		}
		for name, was := range link.Seen {
			if now, still := unspoken[name]; was.Ours && (!still || now.Digest != was.Digest || now.Why != was.Why) {
				delete(w.editLink(place).Seen, name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(unspoken)) {
			if _, noted := w.links[place].Seen[name]; !noted {
				w.editLink(place).Seen[name] = unspoken[name]
			}
		}
	}
}

// unspokenOf adds the fields of a pair whose value at the entity has no spelling at the place.
func unspokenOf(x *subject, link *Link, p *ruleset.Pair, out map[record.PlatformField]Seen) {
	values := record.HubValues{}
	for _, name := range p.Hub {
		v, known := x.entity.Fields[name]
		if !known {
			return
		}
		values[name] = v.Text
	}
	for i, said := range mapping.ToSpoke(p, values) {
		if why, silent := said.Nothing(); silent {
			out[p.Spoke[i]] = Seen{Digest: shortHash(values[p.Hub[0]]), Why: reasonOf(why.Why), Words: why.Words(string(p.Spoke[i])), At: x.view.Now, Ours: true}
		}
	}
}

// wordsOf says for an operator why a field of a place is seen, where no translation says it.
func wordsOf(why record.Reason, place record.Place, field record.PlatformField) string {
	name := string(field)
	switch why {
	case record.ReasonFieldGone:
		if strings.HasPrefix(name, "associations.") {
			return name + " of " + string(place.Connection) + " has several records, none of them primary, and which one counts cannot be told: " +
				"nothing is read from it or written to it. Mark one as primary, or leave one"
		}
		if strings.Contains(name, "[0].") {
			return string(place.Connection) + " has several lines where there was one, and which of them " + name + " is of cannot be told: " +
				"nothing is read from it or written to it. Look at the document's lines and its total there"
		}
		return string(place.Connection) + " has no field " + name + " any more, so nothing is read from it or written to it"
	case record.ReasonOldValueKept:
		return string(place.Connection) + " took our value of " + name + " and kept its old one"
	case record.ReasonOwnForm:
		return string(place.Connection) + " made something else of our value of " + name
	case record.ReasonPlatformDefault:
		return string(place.Connection) + " fills " + name + " in by itself where nothing is set"
	}
	return ""
}

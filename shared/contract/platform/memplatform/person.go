package memplatform

import (
	"maps"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Create makes a record as a person would.
func (p *Platform) Create(object record.Object, fields record.Fields) record.ExternalID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.create(object, fields).id
}

// Edit changes a record as a person would.
func (p *Platform) Edit(object record.Object, id record.ExternalID, fields record.Fields) {
	p.mend(object, id, fields, nil)
}

// Delete removes a record as a person would; it stays known as deleted.
func (p *Platform) Delete(object record.Object, id record.ExternalID) {
	p.mend(object, id, nil, func(v *version) { v.deleted = true })
}

// Archive hides a record as a person would.
func (p *Platform) Archive(object record.Object, id record.ExternalID) {
	p.mend(object, id, nil, func(v *version) { v.archived = true })
}

// Restore makes a deleted or archived record live again, as a person would. A merged one stays gone.
func (p *Platform) Restore(object record.Object, id record.ExternalID) {
	p.mend(object, id, nil, func(v *version) { v.deleted, v.archived = v.into != "", false })
}

// Merge joins loser into winner as a person would: the winner keeps its values and takes the loser's where it has none.
func (p *Platform) Merge(object record.Object, loser, winner record.ExternalID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l, w := p.find(object, loser), p.find(object, winner)
	if l == nil || w == nil || l == w || !l.now().live() || !w.now().live() {
		return
	}
	fill := record.Fields{}
	for name, value := range l.now().fields {
		if w.now().fields[name] == "" && value != "" {
			fill[name] = value
		}
	}
	p.change(l, nil, func(v *version) { v.deleted, v.into = true, winner })
	p.change(w, fill, nil)
}

func (p *Platform) mend(object record.Object, id record.ExternalID, fields record.Fields, change func(*version)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.find(object, id); s != nil {
		p.change(s, fields, change)
	}
}

// Record gives a live record's fields.
func (p *Platform) Record(object record.Object, id record.ExternalID) (record.Fields, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.find(object, id)
	if s == nil || !s.now().live() {
		return nil, false
	}
	return maps.Clone(s.now().fields), true
}

// IDs lists live records, oldest first.
func (p *Platform) IDs(object record.Object) []record.ExternalID {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []record.ExternalID
	for _, s := range p.records[object] {
		if s.now().live() {
			out = append(out, s.id)
		}
	}
	return out
}

// Stamped gives when a record last changed by the platform's clock; zero where its records tell no time.
func (p *Platform) Stamped(object record.Object, id record.ExternalID) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.find(object, id); s != nil && !p.Unstamped[object] {
		return s.now().modified
	}
	return time.Time{}
}

// Shown gives when a field of a record first held a value, and when it last ceased to: zero while it still does. began is
// zero if it never held it.
func (p *Platform) Shown(object record.Object, id record.ExternalID, name record.PlatformField, value string) (began, over time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.find(object, id)
	if s == nil {
		return began, over
	}
	held := false
	for i := range s.versions {
		v := &s.versions[i]
		switch holds := v.fields[name] == value; {
		case holds && began.IsZero():
			began, held, over = v.at, true, time.Time{}
		case holds:
			held, over = true, time.Time{}
		case held:
			held, over = false, v.at
		}
	}
	return began, over
}

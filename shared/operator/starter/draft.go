package starter

import (
	"cmp"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// draft is a configuration in the making.
type draft struct {
	hub      Account
	spokes   []Account
	mappings []mapping
	zone     string // where the days of the hub's moments are
}

// mapping ties one hub object to one spoke's.
type mapping struct {
	hub, spoke *catalog.Object
	account    Account
	// entered says that records take part once the hub's stage is the winning one.
	entered bool
	pairs   []pair
	usual   []catalog.Usual
	decided []catalog.Decided
}

// pair is one field pair; empty transforms and directions are left out of the text.
type pair struct {
	meaning        catalog.Meaning
	hub            []record.PlatformField
	spoke          []record.PlatformField
	direction      ruleset.Direction
	toSpoke, toHub string
	reference      record.Object
	required       bool
}

// concepts lists what a hub's object can become on a spoke, parents first: people are the same everywhere, a won deal is
// a job to do, and a won deal or a finished job is an invoice to write.
var concepts = []struct{ hub, spoke catalog.Concept }{
	{catalog.Company, catalog.Company},
	{catalog.Person, catalog.Person},
	{catalog.Deal, catalog.Deal},
	{catalog.Job, catalog.Deal},
	{catalog.Deal, catalog.Job},
	{catalog.Deal, catalog.Invoice},
	{catalog.Job, catalog.Invoice},
}

// objectOf finds the platform's object of a concept; nil if it has none.
func objectOf(p *catalog.Platform, c catalog.Concept) *catalog.Object {
	i := slices.IndexFunc(p.Objects, func(o catalog.Object) bool { return o.Concept == c })
	if i < 0 {
		return nil
	}
	return &p.Objects[i]
}

// mapSpoke adds every mapping between the hub and a spoke. A spoke's object is mapped once.
func (d *draft) mapSpoke(s Account) {
	taken := map[record.Object]bool{}
	for _, c := range concepts {
		hub, spoke := objectOf(d.hub.Platform, c.hub), objectOf(s.Platform, c.spoke)
		if hub == nil || spoke == nil || taken[spoke.Name] {
			continue
		}
		m := mapping{hub: hub, spoke: spoke, account: s, entered: c.spoke == catalog.Job || c.spoke == catalog.Invoice}
		d.pair(&m)
		if !m.complete() {
			continue
		}
		taken[spoke.Name] = true
		d.mappings = append(d.mappings, m)
	}
}

// pair adds the field pairs of a mapping.
func (d *draft) pair(m *mapping) {
	if m.hub.Concept == catalog.Person {
		m.names()
	}
	for _, meaning := range catalog.Meanings() {
		hub, spoke, ok := m.fields(meaning)
		if !ok || m.has(meaning) || (meaning == catalog.MeansStage) {
			continue
		}
		p := pair{meaning: meaning, hub: []record.PlatformField{hub.Name}, spoke: []record.PlatformField{spoke.Name}}
		switch {
		case hub.ReadOnly && spoke.ReadOnly, hub.ReadOnly && m.hub.Concept == catalog.Person:
			continue
		case hub.ReadOnly, spoke.CreateOnly, hub.CreateOnly, m.entered, m.hub.Concept != m.spoke.Concept:
			p.direction = ruleset.ToSpoke
		case spoke.ReadOnly:
			p.direction = ruleset.ToHub
		}
		if spoke.ReadOnly && p.direction != ruleset.ToHub {
			continue // a job's total is its line items'
		}
		if hub.Kind == catalog.Reference && !d.refer(m, &p, hub, spoke) {
			continue
		}
		if hub.Kind == catalog.Datetime && spoke.Kind == catalog.Date {
			p.direction, p.toSpoke = ruleset.ToSpoke, "{date_iso: {zone: "+d.zone+"}}"
			p.required = m.entered // a document's date is what it is booked by
		} else if hub.Kind != spoke.Kind && (hub.Kind == catalog.Date || hub.Kind == catalog.Datetime) {
			continue
		}
		m.pairs = append(m.pairs, p)
	}
	for _, u := range m.spoke.Usual {
		if !m.writes(u.Field) {
			m.usual = append(m.usual, u)
		}
	}
	for _, dec := range m.spoke.Decided {
		if !m.writes(dec.Field) {
			m.decided = append(m.decided, dec)
		}
	}
}

// fields gives the two fields of a meaning. A hub without one may be given a field of its own for it.
func (m *mapping) fields(meaning catalog.Meaning) (hub, spoke catalog.Field, ok bool) {
	hub, inHub := m.hub.Field(hubField(m.hub, meaning))
	spoke, onSpoke := m.spoke.Field(m.spoke.Means[meaning])
	return hub, spoke, inHub && onSpoke
}

// hubField is the field by which a hub keeps a meaning, "" for none.
func hubField(o *catalog.Object, m catalog.Meaning) record.PlatformField {
	return cmp.Or(o.Means[m], o.Extra[m])
}

// refer makes a pair name a record: the parent must be mapped to the same spoke.
func (d *draft) refer(m *mapping, p *pair, hub, spoke catalog.Field) bool {
	for _, parent := range d.mappings {
		if parent.hub.Name == hub.Refers && parent.account.Connection == m.account.Connection &&
			(spoke.Refers == "" || parent.spoke.Name == spoke.Refers) {
			p.reference, p.required = hub.Refers, m.entered && !spoke.Required
			return true
		}
	}
	return false
}

func (m *mapping) has(meaning catalog.Meaning) bool {
	return slices.ContainsFunc(m.pairs, func(p pair) bool { return p.meaning == meaning })
}

// writes reports whether a pair writes a field of the spoke.
func (m *mapping) writes(f record.PlatformField) bool {
	return slices.ContainsFunc(m.pairs, func(p pair) bool { return p.direction != ruleset.ToHub && slices.Contains(p.spoke, f) })
}

// sets reports whether a pair sets a field of the hub.
func (m *mapping) sets(f record.PlatformField) bool {
	return slices.ContainsFunc(m.pairs, func(p pair) bool { return p.direction != ruleset.ToSpoke && slices.Contains(p.hub, f) })
}

// complete reports whether the spoke's records can be made of what is mapped, and say something.
func (m *mapping) complete() bool {
	for _, f := range m.spoke.Required() {
		if !m.writes(f.Name) && !slices.ContainsFunc(m.usual, func(u catalog.Usual) bool { return u.Field == f.Name }) {
			return false
		}
	}
	if m.entered && (m.hub.Won == "" || !m.has(catalog.MeansPerson)) {
		return false
	}
	return len(m.pairs) > 0
}

// create says who may create: accounting makes no customers elsewhere, and a hub's record is made only of what it needs.
func (m *mapping) create() ruleset.Create {
	books := objectOf(m.account.Platform, catalog.Invoice) != nil
	if m.hub.Concept != m.spoke.Concept || m.hub.Concept == catalog.Deal || books {
		return ruleset.CreateToSpoke
	}
	for _, f := range m.hub.Required() {
		if !m.sets(f.Name) {
			return ruleset.CreateToSpoke
		}
	}
	return ruleset.CreateBoth
}

// names pairs a person's names, which some platforms keep in one field and some in two.
func (m *mapping) names() {
	hub, spoke := nameFields(m.hub), nameFields(m.spoke)
	add := func(h, s []record.PlatformField, direction ruleset.Direction, toSpoke, toHub string, means catalog.Meaning) {
		m.pairs = append(m.pairs, pair{meaning: means, hub: h, spoke: s, direction: direction, toSpoke: toSpoke, toHub: toHub})
	}
	if hub.parts != nil && spoke.parts != nil {
		add(hub.parts[:1], spoke.parts[:1], "", "", "", catalog.MeansGivenName)
		add(hub.parts[1:], spoke.parts[1:], "", "", "", catalog.MeansFamilyName)
	}
	switch {
	case hub.whole != nil && spoke.whole != nil:
		add(hub.whole, spoke.whole, "", "", "", catalog.MeansName)
		if hub.parts != nil && spoke.parts == nil { // other spokes may keep the two names alone
			add(hub.parts, spoke.whole, ruleset.ToHub, "", "split_name", catalog.MeansName)
		}
	case hub.whole != nil && hub.parts != nil && spoke.parts != nil:
		add(hub.whole, spoke.parts, ruleset.ToHub, "", "combine_name", catalog.MeansName)
	case hub.whole != nil && spoke.parts != nil:
		add(hub.whole, spoke.parts, ruleset.ToSpoke, "split_name", "", catalog.MeansName)
		add(hub.whole, spoke.parts, ruleset.ToHub, "", "combine_name", catalog.MeansName)
	case hub.parts != nil && spoke.whole != nil:
		add(hub.parts, spoke.whole, ruleset.ToSpoke, "combine_name", "", catalog.MeansName)
		if spoke.parts == nil {
			add(hub.parts, spoke.whole, ruleset.ToHub, "", "split_name", catalog.MeansName)
		}
	}
}

// named is how an object keeps a person's name: in one field, in two, or both ways.
type named struct{ whole, parts []record.PlatformField }

func nameFields(o *catalog.Object) named {
	writable := func(m catalog.Meaning) (record.PlatformField, bool) {
		f, ok := o.Field(o.Means[m])
		return f.Name, ok && !f.ReadOnly
	}
	var n named
	if name, ok := writable(catalog.MeansName); ok {
		n.whole = []record.PlatformField{name}
	}
	given, ok := writable(catalog.MeansGivenName)
	family, also := writable(catalog.MeansFamilyName)
	if ok && also {
		n.parts = []record.PlatformField{given, family}
	}
	return n
}

// joinsName reports whether a name of the hub follows another form of it on the spoke.
func (m *mapping) joinsName() bool {
	return slices.ContainsFunc(m.pairs, func(p pair) bool {
		return p.direction == ruleset.ToHub && (p.toHub == "combine_name" || p.toHub == "split_name")
	})
}

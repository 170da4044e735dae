package ruleset

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// Load reads a configuration and checks it as a whole, against itself and against the platforms' catalogs. name is
// the file's name, for messages. What an account defines itself (custom fields) is taken by its spelling: the catalog
// cannot know it. The error is Problems, everything wrong at once in the file's order; the rules are then nil.
func Load(name string, text []byte, platforms []*catalog.Platform) (*Rules, error) {
	l := &loader{reader: reader{file: name}, platforms: platforms}
	root := l.read(text)
	if root != nil {
		l.check(root, fileShape(), "the file")
		l.compile(root)
	}
	if len(l.problems) > 0 {
		return nil, l.problems.sorted()
	}
	l.rules.finish()
	return &l.rules, nil
}

// loader compiles nodes that fit their shapes into rules. What it reports does not stop it: it goes on with what is
// left, and says nothing of what hangs on something reported.
type loader struct {
	reader
	platforms []*catalog.Platform
	rules     Rules
	groups    []*groupSource
}

// groupSource is a group with where it was said.
type groupSource struct {
	*Group
	hub      *catalog.Platform // nil if unknown, which was reported
	entities []*entitySource
	mappings []*mappingSource
	// whole is false if the objects were reported as a whole, so that none of them is missed.
	whole bool
}

// entitySource is an entity type with where it was said.
type entitySource struct {
	*Entity
	node   *node
	object *catalog.Object // nil if unknown
	fields []*fieldSource
	// whole is false if the fields were reported as a whole, so that none of them is missed.
	whole bool
	// markerBroken: hub_id is there, and was reported.
	markerBroken bool
	// matched: match is there, whatever of it was reported.
	matched bool
}

// fieldSource is a hub field with where it was said.
type fieldSource struct {
	name  record.HubField
	node  *node
	entry catalog.Field
	// unknown: the catalog has no such field, which was reported.
	unknown bool
}

// mappingSource is a mapping with where it was said.
type mappingSource struct {
	*Mapping
	node   *node
	entity *entitySource   // nil if unknown
	object *catalog.Object // nil if unknown
	pairs  []*pairSource
	// whole is false if a pair was reported, so that what it would have supplied is not missed.
	whole bool
	// choices are the constants that stand for a decision: choose, leave_out.
	choices []*pairSource
}

// pairSource is a pair with where it was said.
type pairSource struct {
	*Pair
	node *node
}

func (l *loader) at(n *node, format string, args ...any) {
	l.report(n.line, n.column, format, args...)
}

// compile compiles the whole file.
func (l *loader) compile(root *node) {
	for _, e := range root.get("connections").table() {
		l.connection(e)
	}
	for _, e := range root.get("groups").table() {
		l.group(e)
	}
	for _, g := range l.groups {
		l.checkGroup(g)
		l.rules.Groups = append(l.rules.Groups, *g.Group)
	}
	l.checkAcross()
}

func (l *loader) connection(e entry) {
	c := Connection{Name: record.Connection(e.key.text)}
	if e.key.text == ownerHub || e.key.text == ownerLatest {
		l.at(e.key, "a connection cannot be named %s, which means something else as an owner; give it another name", e.key.text)
	}
	if name, ok := e.value.get("platform").word(); ok {
		c.Platform = record.Platform(name)
		if l.platform(c.Platform) == nil {
			l.at(e.value.get("platform"), "unknown platform %s; %s", quote(name), instead(name, l.platformNames()))
		}
	}
	c.Account, _ = e.value.get("account").word()
	c.Zone, _ = l.zone(e.value.get(zoneName))
	for _, option := range e.value.get("options").table() {
		if value, ok := option.value.word(); ok {
			if c.Options == nil {
				c.Options = map[string]string{}
			}
			c.Options[option.key.text] = value
		}
		if p := l.platform(c.Platform); p != nil && option.key.text == catalog.OptionEventSource {
			l.eventSource(option, p)
		}
	}
	if text, ok := e.value.get("max_concurrency").word(); ok {
		c.MaxConcurrency, _ = strconv.Atoi(text) // a whole number by its shape
	}
	c.Reserve = DefaultReserve
	if text, ok := e.value.get("reserve").word(); ok {
		c.Reserve, _ = strconv.Atoi(strings.TrimSuffix(text, "%")) // a percentage by its shape
	}
	if text, ok := e.value.get("day_limit").word(); ok {
		c.DayLimit, _ = strconv.Atoi(text)
		if p := l.platform(c.Platform); p != nil && !slices.ContainsFunc(p.Limits, func(limit catalog.Limit) bool { return limit.ByPlan }) {
			l.at(e.value.get("day_limit"), "%s has no limit a day; take day_limit out", p.Label)
		}
	}
	l.rules.Connections = append(l.rules.Connections, c)
}

// eventSource checks the name of the event bus that relays a platform's events: it becomes part of the deployed stack.
func (l *loader) eventSource(option entry, p *catalog.Platform) {
	value, _ := option.value.word()
	switch {
	case !p.Webhooks.Relayed:
		l.at(option.key, "%s calls us itself, so it has no event_source; take it out", p.Label)
	case !catalog.EventSourceForm.MatchString(value):
		l.at(option.value, "event_source is %s; write the partner event source that the relay made: aws.partner/salesforce.com/ORG/CHANNEL", quote(value))
	}
}

func (l *loader) platform(name record.Platform) *catalog.Platform {
	i := slices.IndexFunc(l.platforms, func(p *catalog.Platform) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return l.platforms[i]
}

// platformOf gives a connection's platform; nil if either is unknown.
func (l *loader) platformOf(name record.Connection) *catalog.Platform {
	c, ok := l.rules.Connection(name)
	if !ok {
		return nil
	}
	return l.platform(c.Platform)
}

func (l *loader) platformNames() []string {
	var names []string
	for _, p := range l.platforms {
		names = append(names, string(p.Name))
	}
	return names
}

func (l *loader) connectionNames() []string {
	var names []string
	for _, c := range l.rules.Connections {
		names = append(names, string(c.Name))
	}
	return names
}

// unknownConnection reports a connection that is not declared; unless none could be read, which was reported.
func (l *loader) unknownConnection(n *node, name string) {
	if len(l.rules.Connections) > 0 {
		l.at(n, "unknown connection %s; %s", quote(name), instead(name, l.connectionNames()))
	}
}

// group compiles one group: its objects, then its mappings.
func (l *loader) group(e entry) {
	g := &groupSource{Group: &Group{Name: record.Group(e.key.text), Limits: limits(e.value.get("limits"))}, whole: e.value.get("objects").given()}
	l.groups = append(l.groups, g)
	l.hub(g, e.value.get("hub"))
	for _, object := range e.value.get("objects").table() {
		g.entities = append(g.entities, l.entity(g, object))
	}
	l.references(g)
	for _, n := range e.value.get("mappings").list() {
		if n.given() {
			l.mapping(g, n)
		}
	}
	for _, m := range g.mappings {
		l.pairs(g, m)
	}
	for _, s := range g.entities {
		g.Entities = append(g.Entities, *s.Entity)
	}
	for _, s := range g.mappings {
		for _, p := range s.pairs {
			s.Pairs = append(s.Pairs, *p.Pair)
		}
		s.undecided()
		g.Mappings = append(g.Mappings, *s.Mapping)
	}
}

// limits gives a group's limits of spread: the file's, and the usual ones where it names none.
func limits(n *node) Limits {
	out := DefaultLimits()
	set := func(name string, limit *int) {
		if text, ok := n.get(name).word(); ok {
			*limit, _ = strconv.Atoi(text) // a whole number by its shape
		}
	}
	set("deletes", &out.Deletes)
	set("creates", &out.Creates)
	set("blanks", &out.Blanks)
	set("overrides", &out.Overrides)
	set("field_updates", &out.FieldUpdates)
	return out
}

func (l *loader) hub(g *groupSource, n *node) {
	name, ok := n.word()
	if !ok {
		return
	}
	g.Hub = record.Connection(name)
	c, ok := l.rules.Connection(g.Hub)
	if !ok {
		l.unknownConnection(n, name)
		return
	}
	g.hub = l.platform(c.Platform)
	if g.hub != nil && !g.hub.Hub {
		l.at(n, "%s cannot be a hub: a repeated create there would make a duplicate; make another connection the hub", g.hub.Label)
	}
}

// finish computes what follows from the rest: schedules' offsets, the digest, the index.
func (r *Rules) finish() {
	offsets := map[record.Place]time.Duration{}
	for _, run := range r.Timetable() {
		if !run.Reconcile {
			offsets[run.Place] = run.Offset
		}
	}
	for i := range r.Groups {
		for j := range r.Groups[i].Mappings {
			m := &r.Groups[i].Mappings[j]
			m.ToHub.Offset = offsets[m.Spoke]
			m.ToSpoke.Offset = offsets[record.Place{Connection: m.Spoke.Connection}]
		}
	}
	for i := range r.Groups {
		for j := range r.Groups[i].Entities {
			r.Groups[i].Entities[j].Matching = digest([]any{keysMade, r.Groups[i].Entities[j].Match})
		}
	}
	r.Digest = digest(r.undated())
	r.Index()
}

// keysMade counts the ways in which keys were made of values by earlier versions: keys of another way are made again.
const keysMade = 2

// undated gives a copy without what the digest must not depend on: where things stand in the file, what boot sets.
func (r *Rules) undated() *Rules {
	out := &Rules{Connections: r.Connections, Groups: slices.Clone(r.Groups)}
	for i := range out.Groups {
		g := &out.Groups[i]
		g.Mappings = slices.Clone(g.Mappings)
		for j := range g.Mappings {
			m := &g.Mappings[j]
			m.Line = 0
			m.Pairs = slices.Clone(m.Pairs)
			for k := range m.Pairs {
				m.Pairs[k].Line = 0
			}
		}
	}
	return out
}

// digest identifies a value: SHA-256 over its JSON, whose keys are in a fixed order, in hex.
func digest(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("ruleset: rules have no JSON: %v", err)) // they hold strings, numbers, maps and lists alone
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

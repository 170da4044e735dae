package model

import (
	"slices"
	"strconv"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Platforms is what the platforms make of what they are given. Every function must be set.
type Platforms struct {
	// Spells gives how a field shows a value that it was given, by a person or by us.
	Spells func(place record.Place, field record.PlatformField, value string) string
	// Refuses reports whether a field takes no such value from us.
	Refuses func(place record.Place, field record.PlatformField, value string) bool
	// Restores reports whether we can make a record there live again that we archived.
	Restores func(place record.Place) bool
}

// Kind is a kind of thing that people do.
type Kind int

// What people do.
const (
	Create  Kind = iota // Ref with Fields
	Edit                // Fields of Ref
	Delete              // Ref, or archive it
	Restore             // Ref, which a person deleted: it shows Fields
)

// Action is one thing that a person did, at one place, to one record.
type Action struct {
	Kind   Kind
	Ref    record.Ref
	Fields record.Fields // as the person gave them
}

// Model is what may be so, by the configuration's meaning, after what people did so far.
type Model struct {
	worlds []*world // never empty; several where the order of what happened was free
}

// world is one way in which it may be so.
type world struct {
	group     *ruleset.Group
	platforms Platforms
	things    []*thing // in the order in which they were founded
	of        map[record.Ref]*thing
	// alone are records that are nobody's and not worth remembering, as they are.
	alone map[record.Ref]*copied
	// tick counts what happened.
	tick int
}

// thing is one real-world thing, in hub fields, with its record at each place.
type thing struct {
	serial int
	kind   record.Object
	at     map[record.Place]*copied
	values map[record.HubField]*value
	// keys are the match keys it goes by, by rule; former those that it went by once.
	keys   map[string]string
	former map[named]bool
	// held: it is one record whose identity a person must tell; nothing is due from it, and it is due nowhere.
	held bool
	// entered are the mappings whose filter it has entered; old those that it was inside of before anybody looked.
	entered, old map[string]bool
	// inside are the mappings whose filter it was inside of when it was last looked at; absent before the first look.
	inside map[string]bool
}

// named is a key under a match rule.
type named struct{ rule, key string }

// state is what became of a thing's record at a place.
type state int

const (
	live    state = iota
	deleted       // by a person
	removed       // by us, because the thing was deleted elsewhere
	left          // it is live, and the thing's no more
)

// copied is a thing's record at one place.
type copied struct {
	ref   record.Ref // its ID is "" as long as it is due and nobody has shown it
	state state
	// tied is when it came to belong to its thing, gone when it was removed.
	tied, gone int
	// archived: we removed it so that it can come back. lent are the fields that then held what its place did not choose.
	archived bool
	lent     map[record.PlatformField]bool
	// shows is what the record shows; asked what it last told us of itself or we last asked of it. A field that asked lacks
	// was never looked at.
	shows, asked record.Fields
	// silent are the fields whose value says nothing, each with what the thing had to say to it when that was noted, nil as long
	// as nobody has asked.
	silent map[record.PlatformField]*string
	// unheard are the fields that never said anything.
	unheard map[record.PlatformField]bool
	// kept are the fields that held a value before the record came to belong to the thing, and that cannot tell it: when that was.
	kept map[record.PlatformField]int
	// waived are the fields that may keep a value of their own; refused the values that the platform took not.
	waived  map[record.PlatformField]bool
	refused map[record.PlatformField]string
}

// value is what a hub field of a thing is.
type value struct {
	text string
	// may lists several texts, one of which it is: the order was free. Nil otherwise.
	may []string
	// first: nobody ever set it, it was merely there when it was first looked at.
	first bool
	from  record.Connection
	// edited is when somebody set it last, by the model's ticks; 0 if nobody did.
	edited int
	// open: it waits for a person to choose.
	open bool
	// wants is the value that it takes once nobody else goes by the key which that gives; it is open until then. Nil otherwise.
	wants *value
	// was is the value that it replaced in the action under way, nil for none.
	was *value
}

// New gives the model of a group whose places hold these records when everything begins. The ids of records must be theirs
// for ever; fields are as people gave them.
func New(g *ruleset.Group, p Platforms, records []Action) *Model {
	m := &Model{}
	for _, order := range orders(g, records) {
		w := &world{group: g, platforms: p, of: map[record.Ref]*thing{}, alone: map[record.Ref]*copied{}}
		w.begin(order)
		w.settle()
		m.worlds = append(m.worlds, w)
	}
	return m
}

// Act takes what a person did, after all that was done before has come to rest.
func (m *Model) Act(a Action) {
	for _, w := range m.worlds {
		w.act(a)
	}
}

func (m *world) act(a Action) {
	if _, mapped := m.group.TypeAt(a.Ref.Place); !mapped {
		return
	}
	switch a.Kind {
	case Create:
		m.meet(m.spelled(a), nil)
	case Edit:
		m.edited(a)
	case Delete:
		m.gone(a.Ref)
	case Restore:
		m.back(a)
	}
	m.settle()
}

// Held reports whether a record may be one that waits for a person to say whose it is.
func (m *Model) Held(ref record.Ref) bool {
	return slices.ContainsFunc(m.worlds, func(w *world) bool { t := w.of[ref]; return t != nil && t.held })
}

// Twin reports whether another live record, anywhere, may go by one of the keys of a record's thing without being of it.
func (m *Model) Twin(ref record.Ref) bool {
	return slices.ContainsFunc(m.worlds, func(w *world) bool {
		t := w.of[ref]
		return t != nil && slices.ContainsFunc(w.group.Places(t.kind), func(place record.Place) bool { return w.contested(t, place) })
	})
}

// spelled gives a new record as its platform shows it.
func (m *world) spelled(a Action) *copied {
	c := &copied{ref: a.Ref, shows: record.Fields{}, asked: record.Fields{}, silent: map[record.PlatformField]*string{},
		unheard: map[record.PlatformField]bool{}, waived: map[record.PlatformField]bool{}, kept: map[record.PlatformField]int{},
		refused: map[record.PlatformField]string{}}
	for name, text := range a.Fields {
		c.shows[name] = m.platforms.Spells(a.Ref.Place, name, text)
	}
	return c
}

// found makes a new thing of a record that is nobody's.
func (m *world) found(kind record.Object, c *copied) *thing {
	t := &thing{serial: len(m.things) + 1, kind: kind, at: map[record.Place]*copied{}, values: map[record.HubField]*value{},
		keys: map[string]string{}, former: map[named]bool{}, entered: map[string]bool{}, old: map[string]bool{}, inside: map[string]bool{}}
	m.things = append(m.things, t)
	m.tie(t, c)
	return t
}

func (m *world) tie(t *thing, c *copied) {
	m.tick++
	c.tied = m.tick
	t.at[c.ref.Place] = c
	if c.ref.ID != "" {
		m.of[c.ref] = t
	}
}

// live gives the live record of a thing at a place, nil if there is none.
func (t *thing) live(place record.Place) *copied {
	if c := t.at[place]; c != nil && c.state == live {
		return c
	}
	return nil
}

// name is how a thing is named in a field that refers to it.
func (t *thing) name() string { return "thing " + strconv.Itoa(t.serial) }

// named finds a thing by its name.
func (m *world) named(name string) *thing {
	i := slices.IndexFunc(m.things, func(t *thing) bool { return t.name() == name })
	if i < 0 {
		return nil
	}
	return m.things[i]
}

func (m *world) declared(kind record.Object) *ruleset.Entity {
	e, ok := m.group.Entity(kind)
	if !ok {
		panic("model: no entity type " + string(kind))
	}
	return e
}

// owner gives who alone may set a field of a thing: its declared owner, as long as that has a live record of it. "" lets
// everybody set it.
func (m *world) owner(t *thing, f *ruleset.Field) record.Connection {
	if f.Owner.LastWriteWins {
		return ""
	}
	for _, place := range m.group.Places(t.kind) {
		if place.Connection == f.Owner.Connection && t.live(place) != nil {
			return f.Owner.Connection
		}
	}
	return ""
}

// rank orders connections where nothing else does: the hub, then the spokes as the file names them.
func (m *world) rank(kind record.Object, c record.Connection) int {
	return slices.IndexFunc(m.group.Places(kind), func(p record.Place) bool { return p.Connection == c })
}

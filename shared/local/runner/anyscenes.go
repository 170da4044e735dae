package runner

import (
	"fmt"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// The person that the scenes are about, and her new address.
const (
	anaEmail    = "ana.ruiz@example.com"
	anaNewEmail = "ana@ruiz.example"
)

// anyScenes are edits that make sense whatever the platforms are: by what fields mean, and by who owns them.
func (w *World) anyScenes() []Scene {
	g := &w.Rules.Groups[0]
	hub, ok := w.people(g.Hub)
	if !ok {
		return nil
	}
	scenes := []Scene{w.edits(hub, "somebody corrects Ana's phone", catalog.MeansPhone, "312 555 0171")}
	shared, owned := false, false
	for i := range g.Mappings {
		m := &g.Mappings[i]
		spoke, ok := w.people(m.Spoke.Connection)
		if !ok || spoke.object.Name != m.Spoke.Object || !w.knows(m.Spoke.Connection) {
			continue
		}
		if !shared && w.maySet(g, m, catalog.MeansStreet, spoke) {
			shared = true
			scenes = append(scenes, w.edits(spoke, "somebody who was there corrects Ana's address", catalog.MeansStreet, "18 Elm Street, rear"))
			continue
		}
		if !owned && spoke.object.Means[catalog.MeansGivenName] != "" && !w.maySet(g, m, catalog.MeansGivenName, spoke) {
			owned = true
			scenes = append(scenes, w.edits(spoke, "somebody types another first name for Ana; "+hub.label+" owns it", catalog.MeansGivenName, "Anna"))
		}
	}
	scenes = append(scenes, w.edits(hub, "Ana has a new email", catalog.MeansEmail, anaNewEmail))
	for i := range g.Mappings {
		m := &g.Mappings[i]
		if spoke, ok := w.people(m.Spoke.Connection); ok && spoke.object.Name == m.Spoke.Object && m.Create.CreatesOn(ruleset.ToHub) {
			scenes = append(scenes, Scene{spoke.label + ": a new customer calls", func() error {
				w.Moved()
				sam := person{first: "Sam", last: "Torres", email: "sam.torres@example.com", phone: "7735550120", street: "44 Grand Ave", city: "Chicago", state: "IL", zip: "60654"}
				_, err := w.Sims[spoke.connection].Create(spoke.object.Name, sam.fields(spoke.object))
				return err
			}})
			break
		}
	}
	return append(scenes, w.wonScene(g)...)
}

// wonScene wins a deal, or finishes a job, where winning one makes something.
func (w *World) wonScene(g *ruleset.Group) []Scene {
	for _, concept := range []catalog.Concept{catalog.Deal, catalog.Job} {
		o := w.objectOf(g.Hub, concept)
		if o == nil || o.Won == "" {
			continue
		}
		for _, m := range g.Mappings {
			if m.Hub == o.Name && m.Filter != nil {
				title := fmt.Sprintf("%s: the %s \"Surgery lighting\" is won", w.label(g.Hub), o.Label)
				if concept == catalog.Job {
					title = fmt.Sprintf("%s: the %s \"Surgery lighting\" is done", w.label(g.Hub), o.Label)
				}
				return []Scene{{title, func() error {
					id, err := w.find(g.Hub, o.Name, o.Means[catalog.MeansName], "Surgery lighting")
					if err != nil {
						return err
					}
					w.Moved()
					return w.Sims[g.Hub].Edit(o.Name, id, record.Fields{o.Means[catalog.MeansStage]: o.Won})
				}}}
			}
		}
	}
	return nil
}

// peopleAt is where a connection keeps people.
type peopleAt struct {
	connection record.Connection
	object     *catalog.Object
	label      string
}

func (w *World) people(c record.Connection) (peopleAt, bool) {
	o := w.objectOf(c, catalog.Person)
	return peopleAt{c, o, w.label(c)}, o != nil
}

// label gives a connection as a person says it.
func (w *World) label(c record.Connection) string {
	declared, ok := w.Rules.Connection(c)
	for _, p := range catalog.All() {
		if ok && p.Name == declared.Platform {
			return p.Label
		}
	}
	return string(c)
}

// knows reports whether a connection knew Ana from the beginning.
func (w *World) knows(c record.Connection) bool {
	at, ok := w.people(c)
	if !ok {
		return false
	}
	_, err := w.find(c, at.object.Name, at.object.Means[catalog.MeansEmail], anaEmail)
	return err == nil
}

// maySet reports whether people of a spoke may set a field of the hub.
func (w *World) maySet(g *ruleset.Group, m *ruleset.Mapping, meaning catalog.Meaning, spoke peopleAt) bool {
	e, ok := g.Entity(m.Hub)
	if !ok {
		return false
	}
	for _, p := range m.Pairs {
		if p.Direction == ruleset.ToSpoke || len(p.Hub) != 1 || len(p.Spoke) != 1 || p.Spoke[0] != spoke.object.Means[meaning] {
			continue
		}
		if f, ok := e.Field(p.Hub[0]); ok {
			return f.Owner.LastWriteWins || f.Owner.Connection == m.Spoke.Connection
		}
	}
	return false
}

// edits is a scene in which one field of Ana's is changed.
func (w *World) edits(at peopleAt, title string, meaning catalog.Meaning, value string) Scene {
	return Scene{at.label + ": " + title, func() error {
		id, err := w.find(at.connection, at.object.Name, at.object.Means[catalog.MeansEmail], anaEmail)
		if err != nil {
			return err
		}
		w.Moved()
		return w.Sims[at.connection].Edit(at.object.Name, id, record.Fields{at.object.Means[meaning]: value})
	}}
}

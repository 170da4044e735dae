package simtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform/memplatform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// The names of the simulated world. A person has an email, by which it is recognised, and further fields.
const (
	hubName    record.Connection = "hub"
	ledgerName record.Connection = "ledger"
	people     record.Object     = "people"
	deals      record.Object     = "deals"
	bills      record.Object     = "bills"
	emailField record.HubField   = "email"
	hubMarker                    = "fcid"
	hubMarker2                   = "fcid2" // of the finance group, on the first spoke
	spokeMark                    = "hubid"
	sibling                      = "tags[other]" // of the list that holds the tag; no pair maps it
)

// personFields are the fields of a person besides the email; a history uses the first few.
var personFields = []record.HubField{"phone", "note", "street", "tag"}

// spokeField gives a person's field as spokes call it.
func spokeField(h record.HubField) record.PlatformField {
	switch h {
	case "tag":
		return "tags[main]"
	default:
		return record.PlatformField("s_" + string(h))
	}
}

// child is an object whose records name a parent of another: how either side calls the reference and a text.
type child struct {
	parent              record.Object
	hubRef, hubText     record.HubField
	spokeRef, spokeText record.PlatformField
}

// children: a deal belongs to a person, a bill to a deal.
var children = map[record.Object]child{
	deals: {people, "contact", "name", "client", "title"},
	bills: {deals, "deal", "amount", "job", "total"},
}

// wonStages are the stages inside the filter; the second holds after a change of it.
var wonStages = [2][]string{{"won"}, {"won", "lost"}}

func spokeName(i int) record.Connection { return record.Connection(fmt.Sprintf("spoke%d", i)) }

// connections lists the accounts' names in the setup's order.
func (s Setup) connections() []record.Connection {
	out := []record.Connection{hubName}
	for i := range s.Spokes {
		out = append(out, spokeName(i+1))
	}
	if s.Finance {
		out = append(out, ledgerName)
	}
	return out
}

var (
	deletePolicies = []ruleset.Delete{ruleset.DeleteIgnore, ruleset.DeleteUnlink, ruleset.DeleteArchive, ruleset.DeleteDelete}
	nonOwners      = []ruleset.NonOwner{ruleset.NonOwnerRevert, ruleset.NonOwnerPropose, ruleset.NonOwnerFlag}
	conflicts      = []ruleset.Conflict{ruleset.ConflictNewest, ruleset.ConflictHub, ruleset.ConflictSpoke, ruleset.ConflictManual}
	lowercase      = []ruleset.Transform{{Name: "trim"}, {Name: "lowercase"}}
)

// rules gives the configuration, before or after the change in the middle.
func (s Setup) rules(changed bool) *ruleset.Rules {
	version := int64(1)
	if changed {
		version = 2
	}
	r := &ruleset.Rules{Digest: fmt.Sprintf("v%d", version), Version: version, MatchSecret: []byte("k")}
	for _, c := range s.connections() {
		r.Connections = append(r.Connections, ruleset.Connection{Name: c, Platform: record.Platform(c)})
	}
	r.Groups = append(r.Groups, s.customer(changed))
	if s.Finance {
		r.Groups = append(r.Groups, s.finance())
	}
	r.Index()
	return r
}

func pair(h record.HubField, p record.PlatformField) ruleset.Pair {
	return ruleset.Pair{Hub: []record.HubField{h}, Spoke: []record.PlatformField{p}, Direction: ruleset.Both}
}

func (s Setup) customer(changed bool) ruleset.Group {
	g := ruleset.Group{Name: "customer", Hub: hubName, Limits: s.Limits}
	persons := ruleset.Entity{Type: people, Match: []ruleset.MatchRule{{Name: "email", Parts: []ruleset.MatchPart{{Field: emailField}}}},
		RestoresHub: s.Accounts[0].Restores,
		Fields:      []ruleset.Field{{Name: emailField, Form: lowercase, Owner: ruleset.Owner{Connection: hubName}, Reason: "r", NonOwner: ruleset.NonOwnerRevert, Conflict: ruleset.ConflictOwner, Blank: ruleset.BlankKeep}}}
	if s.Accounts[0].Marker {
		persons.Marker = hubMarker
	}
	for i, f := range s.Fields {
		persons.Fields = append(persons.Fields, f.field(personFields[i], i == 1 && changed && s.Change == ChangeOwner))
	}
	s.Rich.declare(&persons)
	g.Entities = []ruleset.Entity{persons}
	for i := range s.Spokes {
		if !(changed && s.Change == ChangeGone && i == s.Spokes-1) {
			g.Mappings = append(g.Mappings, s.personMapping(i+1, changed))
		}
	}
	if s.Deals {
		g.Entities = append(g.Entities, s.childEntity(deals))
		g.Mappings = append(g.Mappings, s.childMapping(deals, changed))
	}
	if s.Deals && s.Bills {
		g.Entities = append(g.Entities, s.childEntity(bills))
		g.Mappings = append(g.Mappings, s.childMapping(bills, changed))
	}
	return g
}

func (f FieldSetup) field(name record.HubField, toSpoke bool) ruleset.Field {
	out := ruleset.Field{Name: name, Form: lowercase, Reason: "r", NonOwner: nonOwners[f.NonOwner], Conflict: conflicts[f.Conflict], Blank: ruleset.BlankClear}
	if f.Keep {
		out.Blank = ruleset.BlankKeep
	}
	switch {
	case toSpoke || f.Owner == 1:
		out.Owner.Connection = spokeName(1)
	case f.Owner == 0:
		out.Owner.Connection = hubName
	default:
		out.Owner.LastWriteWins = true
	}
	return out
}

func (s Setup) childEntity(t record.Object) ruleset.Entity {
	hubs := func(name record.HubField) ruleset.Field {
		return ruleset.Field{Name: name, Owner: ruleset.Owner{Connection: hubName}, Reason: "r", NonOwner: ruleset.NonOwnerRevert, Conflict: ruleset.ConflictOwner, Blank: ruleset.BlankClear}
	}
	parent := hubs(children[t].hubRef)
	parent.Refers = children[t].parent
	e := ruleset.Entity{Type: t, Fields: []ruleset.Field{hubs(children[t].hubText), parent}, RestoresHub: s.Accounts[0].Restores}
	if t == deals {
		e.Fields = append(e.Fields, hubs("stage"))
	}
	if s.Accounts[0].Marker {
		e.Marker = hubMarker
	}
	return e
}

// deletes gives the delete policy of a spoke's persons.
func (s Setup) deletes(spoke int) ruleset.Delete {
	if s.Mixed {
		return deletePolicies[(s.Delete+spoke)%len(deletePolicies)]
	}
	return deletePolicies[s.Delete]
}

func (s Setup) personMapping(spoke int, changed bool) ruleset.Mapping {
	a := s.Accounts[spoke]
	m := ruleset.Mapping{Name: "people-" + string(spokeName(spoke)), Hub: people, Spoke: record.Place{Connection: spokeName(spoke), Object: people}, Direction: ruleset.Both,
		Create: ruleset.CreateBoth, Delete: s.deletes(spoke), Existing: ruleset.ExistingSkip, RestoresSpoke: a.Restores,
		ToSpoke: ruleset.Schedule{RealTime: true}, ToHub: ruleset.Schedule{RealTime: true}}
	if s.LinksOnly {
		m.Create = ruleset.CreateToHub
	}
	if a.Marker {
		m.Marker = spokeMark
	}
	m.Pairs = append(m.Pairs, pair(emailField, spokeField(emailField)))
	for i := range s.Fields {
		if i == a.Missing || (i == len(s.Fields)-1 && s.Change == ChangeNewField && !changed) {
			continue
		}
		m.Pairs = append(m.Pairs, pair(personFields[i], spokeField(personFields[i])))
	}
	s.Rich.pair(&m, spoke)
	return m
}

func (s Setup) childMapping(t record.Object, changed bool) ruleset.Mapping {
	a, kind := s.Accounts[1], children[t]
	m := ruleset.Mapping{Name: string(t) + "-spoke1", Hub: t, Spoke: record.Place{Connection: spokeName(1), Object: t}, Direction: ruleset.Both,
		Create: ruleset.CreateToSpoke, Delete: deletePolicies[s.Delete], Existing: ruleset.ExistingSkip, RestoresSpoke: a.Restores,
		ToSpoke: ruleset.Schedule{RealTime: true}, ToHub: ruleset.Schedule{RealTime: true}}
	if a.Marker {
		m.Marker = spokeMark
	}
	if s.Filter && t == deals {
		stages := wonStages[0]
		if changed && s.Change == ChangeFilter {
			stages = wonStages[1]
		}
		if s.Follow {
			m.AfterExit = ruleset.AfterExitFollow
		}
		m.Filter = &ruleset.Filter{Digest: strings.Join(stages, " "), Conditions: []ruleset.Condition{{Field: "stage", Op: ruleset.OpIn, Values: stages}}}
	}
	parent := pair(kind.hubRef, kind.spokeRef)
	parent.Reference, parent.Required = &ruleset.Reference{To: kind.parent, Object: kind.parent}, true
	m.Pairs = []ruleset.Pair{pair(kind.hubText, kind.spokeText), parent}
	return m
}

// finance is a second group around the first spoke: what that holds of a person goes on to the ledger.
func (s Setup) finance() ruleset.Group {
	first := spokeName(1)
	mail := spokeField(emailField)
	e := ruleset.Entity{Type: people, RestoresHub: s.Accounts[1].Restores, Match: []ruleset.MatchRule{{Name: "email", Parts: []ruleset.MatchPart{{Field: record.HubField(mail)}}}}, Fields: []ruleset.Field{
		{Name: record.HubField(mail), Form: lowercase, Owner: ruleset.Owner{LastWriteWins: true}, Reason: "r", NonOwner: ruleset.NonOwnerRevert, Conflict: ruleset.ConflictOwner, Blank: ruleset.BlankClear},
		{Name: "code", Owner: ruleset.Owner{Connection: ledgerName}, Reason: "r", NonOwner: ruleset.NonOwnerRevert, Conflict: ruleset.ConflictOwner, Blank: ruleset.BlankClear}}}
	if s.Accounts[1].Marker {
		e.Marker = hubMarker2
	}
	a := s.Accounts[len(s.Accounts)-1]
	// The customer group writes the email here, so in this one it only flows on: no field has two owners.
	onward := pair(record.HubField(mail), spokeField(emailField))
	onward.Direction = ruleset.ToSpoke
	m := ruleset.Mapping{Name: "people-ledger", Hub: people, Spoke: record.Place{Connection: ledgerName, Object: people}, Direction: ruleset.Both,
		Create: ruleset.CreateToSpoke, Delete: ruleset.DeleteArchive, Existing: ruleset.ExistingSkip, RestoresSpoke: a.Restores,
		Pairs: []ruleset.Pair{onward, pair("code", "s_code")}, ToSpoke: ruleset.Schedule{RealTime: true}, ToHub: ruleset.Schedule{RealTime: true}}
	if a.Marker {
		m.Marker = spokeMark
	}
	return ruleset.Group{Name: "finance", Hub: first, Entities: []ruleset.Entity{e}, Mappings: []ruleset.Mapping{m}}
}

// ability is what the catalog would say of an account's objects.
func (a AccountSetup) ability(hub bool) catalog.Ability {
	mail := spokeField(emailField)
	if hub {
		mail = record.PlatformField(emailField)
	}
	out := catalog.Ability{Create: true, Update: true, Archive: true, Delete: true, Restore: a.Restores, ReadMax: 5, WriteMax: 3, PageMax: 4,
		Conditional: a.Conditional, UniqueKey: a.UniqueKey, RequestKey: a.RequestKey, Polls: a.Polls, PollsDeletes: a.PollsDeletes,
		LagBound: max(a.Lag, a.Replica), StampCovers: a.StampCovers, FieldTimes: a.FieldTimes}
	if a.Find {
		out.Find = []record.PlatformField{mail}
	}
	return out
}

func (a AccountSetup) platform(name record.Connection, now func() time.Time) *memplatform.Platform {
	ability := a.ability(name == hubName)
	p := &memplatform.Platform{Connection: name, Now: now, Abilities: map[record.Object]catalog.Ability{people: ability, deals: ability, bills: ability},
		Skew: a.Skew, Lag: a.Lag, Merged: memplatform.MergedStyle(a.Merged), WholeCalls: a.WholeCalls}
	if a.UniqueEmail {
		p.Unique = map[record.Object]record.PlatformField{people: record.PlatformField(emailField)}
		if name != hubName {
			p.Unique[people] = spokeField(emailField)
		}
	}
	if a.Coarse {
		p.StampUnit = time.Second
	}
	if a.Unstamped {
		p.Unstamped = map[record.Object]bool{people: true, deals: true, bills: true}
	}
	if a.Lists {
		p.Lists = map[record.PlatformField][]record.PlatformField{spokeField("tag"): {sibling}}
	}
	return p
}

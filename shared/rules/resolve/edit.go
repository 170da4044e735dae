package resolve

import (
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// foreignEdit answers an edit of a field that flows only towards the spoke.
func (d *decider) foreignEdit(s record.Snapshot, p *ruleset.Pair) {
	f, ok := d.declared.Field(p.Hub[0])
	if !ok || p.OnCreateOnly || d.readElsewhere(s.Place, p) {
		return
	}
	d.refuse(f, edit{field: p.Hub[0], text: s.Fields[p.Spoke[0]], place: s.Place, pair: p, raw: s.Fields})
}

// readElsewhere reports whether another pair of the place brings the same fields to the hub.
func (d *decider) readElsewhere(place record.Place, p *ruleset.Pair) bool {
	if !d.group.SharedAt(place) {
		return false
	}
	pairs := d.group.PairsAt(place)
	return slices.ContainsFunc(pairs, func(q ruleset.Pair) bool {
		return readable(&q) && !slices.ContainsFunc(p.Spoke, func(name record.PlatformField) bool { return !slices.Contains(q.Spoke, name) })
	})
}

// edit is one user's edit of one hub field.
type edit struct {
	field   record.HubField
	text    string
	place   record.Place
	at      time.Time
	current bool // made knowing the entity's value
	pair    *ruleset.Pair
	raw     record.Fields
}

// edit decides whether an edit is taken: by the owner, by the policy, or by the stamps.
func (d *decider) edit(x edit) {
	f, ok := d.declared.Field(x.field)
	if !ok {
		return
	}
	now, known := d.entity.Fields[x.field]
	if x.text == "" && f.Blank == ruleset.BlankKeep && now.Text != "" {
		d.note(FieldChange{Field: x.field, Old: now.Text, New: x.text, Reason: ReasonBlankKept})
		return
	}
	if _, parked := d.entity.Parked[x.field]; parked {
		d.park(x, d.entity.Parked[x.field].Reason)
		return
	}
	switch owner := d.owner(f); {
	case known && now.Text == x.text:
		d.agree(x)
	case owner == x.place.Connection && !x.current && f.Conflict == ruleset.ConflictManual:
		d.park(x, ReasonManual)
	case owner == x.place.Connection:
		d.take(x, ReasonOwnerEdit)
	case owner != "" && now.Text == "" && f.Blank == ruleset.BlankKeep:
		d.takeFirst(x, ReasonFilledBlank) // its owner has no value, and a blank is none by the policy
	case owner != "":
		d.refuse(f, x)
	case x.current || !known || now.First: // what was merely there at first sight is older than any edit
		d.take(x, d.editReason(f))
	default:
		d.conflict(f, x, now)
	}
}

func (d *decider) editReason(f *ruleset.Field) Reason {
	if f.Owner.LastWriteWins {
		return ReasonEdit
	}
	return ReasonOwnerAbsent
}

// owner gives the connection that alone may set a field of this entity: its declared owner, as long as that has a
// live record here. "" lets every writer set it.
func (d *decider) owner(f *ruleset.Field) record.Connection {
	if f.Owner.LastWriteWins {
		return ""
	}
	for _, place := range d.group.Places(d.declared.Type) {
		if link := d.links[place]; place.Connection == f.Owner.Connection && link != nil && link.State == LinkLive {
			return f.Owner.Connection
		}
	}
	return ""
}

// agree notes that an edit brought the value that the entity already has.
func (d *decider) agree(x edit) {
	now := d.entity.Fields[x.field]
	if now.First {
		now.First = false
		d.editEntity().Fields[x.field] = now
	}
	d.note(FieldChange{Field: x.field, Old: now.Text, New: x.text, Reason: ReasonSameEdit})
}

func (d *decider) take(x edit, why Reason) {
	e := d.editEntity()
	d.note(FieldChange{Field: x.field, Old: e.Fields[x.field].Text, New: x.text, Reason: why, Taken: true})
	e.Fields[x.field] = Value{Text: x.text, From: x.place.Connection, At: x.at}
}

// refuse answers an edit by another than the owner: it is undone there, or the link is let differ.
func (d *decider) refuse(f *ruleset.Field, x edit) {
	why := ReasonNonOwnerReverted
	if f.NonOwner == ruleset.NonOwnerRevert || f.NonOwner == "" {
		link := d.editLink(x.place)
		for _, name := range x.pair.Spoke {
			link.Reverts[name] = true
		}
	}
	if f.NonOwner == ruleset.NonOwnerFlag || f.NonOwner == ruleset.NonOwnerPropose {
		why = ReasonNonOwnerWaived
		link := d.editLink(x.place)
		for _, name := range x.pair.Spoke {
			link.Waived[name] = x.raw[name]
		}
	}
	d.note(FieldChange{Field: x.field, Old: d.entity.Fields[x.field].Text, New: x.text, Reason: why})
}

// conflict resolves an edit made without knowing the entity's value, which had changed too.
func (d *decider) conflict(f *ruleset.Field, x edit, now Value) {
	hubEdit, hubValue := x.place.Connection == d.group.Hub, now.From == d.group.Hub
	switch {
	case f.Conflict == ruleset.ConflictManual:
		d.park(x, ReasonManual)
		return
	case f.Conflict == ruleset.ConflictHub && hubEdit != hubValue:
		d.decideConflict(x, now, hubEdit, ReasonHubWins)
		return
	case f.Conflict == ruleset.ConflictSpoke && hubEdit != hubValue:
		d.decideConflict(x, now, !hubEdit, ReasonSpokeWins)
		return
	}
	newer := x.at.After(now.At) || (x.at.Equal(now.At) && d.rank(x.place.Connection) < d.rank(now.From))
	why := ReasonOlder
	if newer {
		why = ReasonNewest
	}
	d.decideConflict(x, now, newer, why)
}

func (d *decider) decideConflict(x edit, now Value, wins bool, why Reason) {
	if wins {
		d.take(x, why)
		return
	}
	d.note(FieldChange{Field: x.field, Old: now.Text, New: x.text, Reason: why})
}

// park holds a field for a person: the last agreed value stays, every candidate is kept.
func (d *decider) park(x edit, why Reason) {
	e := d.editEntity()
	now := e.Fields[x.field]
	parked, already := e.Parked[x.field]
	candidates := make([]Candidate, 0, len(parked.Candidates)+2)
	if !already {
		parked = Parked{Reason: why, Since: d.view.Now}
		candidates = append(candidates, Candidate{Place: record.Place{Connection: now.From}, Text: now.Text, At: now.At})
	}
	for _, c := range parked.Candidates {
		if c.Place != x.place {
			candidates = append(candidates, c)
		}
	}
	parked.Candidates = append(candidates, Candidate{Place: x.place, Text: x.text, At: x.at})
	e.Parked[x.field] = parked
	d.parked = true
	d.note(FieldChange{Field: x.field, Old: now.Text, New: x.text, Reason: why})
}

// parkInvalid holds the hub fields of a pair whose value cannot be brought into form.
func (d *decider) parkInvalid(s record.Snapshot, p *ruleset.Pair) {
	for _, name := range p.Hub {
		d.park(edit{field: name, text: s.Fields[p.Spoke[0]], place: s.Place, at: stamp(s, p)}, ReasonInvalidValue)
	}
}

// firstSight absorbs a pair that was never read on this link: an observation, not an edit. The owner's value
// stands; blanks fill; otherwise the better rank stands.
func (d *decider) firstSight(s record.Snapshot, p *ruleset.Pair) {
	if !readable(p) {
		d.observe(s, p)
		return
	}
	values, problem := d.toHub(s.Place, p, s.Fields)
	if problem == problemUnknownParent {
		return
	}
	d.observe(s, p)
	if problem != "" { // the rule asks for a person
		d.parkInvalid(s, p)
		return
	}
	for i, name := range p.Hub {
		d.firstValue(edit{field: name, text: values[i], place: s.Place, at: stamp(s, p)})
	}
}

func (d *decider) firstValue(x edit) {
	f, ok := d.declared.Field(x.field)
	if !ok {
		return
	}
	if _, parked := d.entity.Parked[x.field]; parked {
		return
	}
	now, known := d.entity.Fields[x.field]
	owned := !f.Owner.LastWriteWins && f.Owner.Connection == x.place.Connection
	switch {
	case !known:
		d.takeFirst(x, ReasonFirstSight)
	case now.Text == x.text:
	case owned && x.text != "":
		d.takeFirst(x, ReasonFirstSight)
	case owned || x.text == "" || !now.First:
	case now.Text == "":
		d.takeFirst(x, ReasonFilledBlank)
	case d.owner(f) == "" && d.rank(x.place.Connection) < d.rank(now.From):
		d.takeFirst(x, ReasonFirstRank)
	}
}

func (d *decider) takeFirst(x edit, why Reason) {
	e := d.editEntity()
	if x.text != "" {
		d.note(FieldChange{Field: x.field, Old: e.Fields[x.field].Text, New: x.text, Reason: why, Taken: true})
	}
	e.Fields[x.field] = Value{Text: x.text, From: x.place.Connection, At: x.at, First: true}
}

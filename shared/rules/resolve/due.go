package resolve

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Due is what one place should be asked for, or what keeps it from being asked.
type Due struct {
	Place     record.Place
	Operation record.Operation
	// ID is the record; "" for a create.
	ID     record.ExternalID
	Fields record.Fields
	Marker record.PlatformField
	// Blocked says why it cannot be done now; "" means that it can.
	Blocked Reason
	// Missing lists required fields without a value, with ReasonMissingRequired.
	Missing []record.PlatformField
	// Waits names the parents whose links are missing, with ReasonWaitsForParent.
	Waits []record.EntityID
	// NotBefore is when it may be tried, with ReasonNotBefore.
	NotBefore time.Time
	// RealTime is false where it should wait for the mapping's next scheduled sweep.
	RealTime bool
	// Repeats is set for a create whose earlier attempt has an unknown outcome: when that began.
	Repeats time.Time
}

// dueEverywhere computes what is due at each place of the working entity; places with nothing due are left out.
func (d *decider) dueEverywhere() []Due {
	if d.entity.State != EntityLive {
		return nil
	}
	var out []Due
	for _, place := range d.group.Places(d.entity.Type) {
		if due, ok := d.dueAt(place); ok {
			out = append(out, due)
		}
	}
	return out
}

func (d *decider) dueAt(place record.Place) (Due, bool) {
	link := d.links[place]
	due := Due{Place: place, RealTime: true}
	if m, spoke := d.group.MappingAt(place); spoke {
		due.RealTime = m.ToSpoke.RealTime
	}
	var any bool
	switch {
	case link == nil || link.State == LinkNone || link.State == LinkCreating:
		any = d.dueCreate(&due, link)
	case link.State == LinkLive:
		any = d.dueRemoval(&due, link) || d.dueUpdate(&due, link)
	case link.State == LinkTombstone:
		any = d.dueRestore(&due, link)
	}
	if !any {
		return Due{}, false
	}
	d.limitSpread(&due, link)
	if due.Blocked == "" && link != nil {
		switch {
		case link.NotBefore.After(d.view.Now):
			due.Blocked, due.NotBefore = ReasonNotBefore, link.NotBefore
		case due.Operation == record.OperationCreate && len(link.Attempts) > 0 && link.Lease.Until.Add(missingLag).After(d.view.Now):
			// Whoever held the lease may have made it, and a list may not show it yet.
			due.Blocked, due.NotBefore = ReasonNotBefore, link.Lease.Until.Add(missingLag)
		case link.Writes.Count >= loopWrites && d.view.Now.Sub(link.Writes.Since) < loopHour:
			due.Blocked, due.NotBefore = ReasonLoop, link.Writes.Since.Add(loopHour)
		case len(link.Attempts) >= AttemptsMax && !attempted(link, due.Operation):
			due.Blocked = ReasonAttemptsFull
		}
	}
	return due, true
}

func attempted(link *Link, op record.Operation) bool {
	return op == record.OperationCreate && len(link.Attempts) > 0 && link.Attempts[0].Operation == op
}

// dueUpdate collects the fields whose desired value differs from what was last asked for.
func (d *decider) dueUpdate(due *Due, link *Link) bool {
	due.Operation, due.ID, due.Fields = record.OperationUpdate, link.ID, record.Fields{}
	pairs := d.group.PairsAt(link.Place)
	for i := range pairs {
		p := &pairs[i]
		if d.never(p, link) || !has(p, link.Sent) {
			continue
		}
		texts, problem, known, waits := d.toSpoke(link.Place, p)
		if waits != "" {
			continue // an existing record keeps its reference until the new parent has one
		}
		if !known || problem != "" {
			continue
		}
		want := withTexts(p, texts)
		if d.same(link.Place, p, want, link.Sent) || refused(p, link, want) || d.waived(p, link) || d.keepsBlank(p, texts) {
			continue
		}
		maps.Copy(due.Fields, want)
	}
	return len(due.Fields) > 0
}

// never reports whether a pair is not written on an existing record: one-way, create-only, owned there, parked, or
// its owner not read yet.
func (d *decider) never(p *ruleset.Pair, link *Link) bool {
	if p.Direction == ruleset.ToHub || constant(p) || p.OnCreateOnly {
		return true
	}
	for _, name := range p.Hub {
		if _, parked := d.entity.Parked[name]; parked {
			return true
		}
		f, ok := d.declared.Field(name)
		if !ok {
			return true
		}
		if d.owner(f) == link.Place.Connection && !d.fillsBlank(p, link, name) && !link.Overtaken[p.Spoke[0]] {
			return true
		}
		if !d.ownerRead(f, link.Place) {
			return true
		}
	}
	return false
}

// fillsBlank reports whether the owner's own field is blank while the entity has a value: it was blank at first sight,
// or the policy takes no blank. (An owner's blank that counts has emptied the entity's value.) It is the one case in
// which an owner is written to.
func (d *decider) fillsBlank(p *ruleset.Pair, link *Link, name record.HubField) bool {
	return d.entity.Fields[name].Text != "" && !slices.ContainsFunc(p.Spoke, func(f record.PlatformField) bool { return link.Sent[f] != "" })
}

// ownerRead reports whether a field's owner, if it has a live link elsewhere, has been read for it: until then
// nobody knows what the value should be.
func (d *decider) ownerRead(f *ruleset.Field, except record.Place) bool {
	if f.Owner.LastWriteWins {
		return true
	}
	for _, place := range d.group.Places(d.declared.Type) {
		link := d.links[place]
		if place.Connection != f.Owner.Connection || place == except || link == nil || link.State != LinkLive {
			continue
		}
		pairs := d.group.PairsAt(place)
		for i := range pairs {
			if slices.Contains(pairs[i].Hub, f.Name) && readable(&pairs[i]) && !has(&pairs[i], link.Base) {
				return false
			}
		}
	}
	return true
}

// waived reports whether the link may keep its own value. An owner needs no leave.
func (d *decider) waived(p *ruleset.Pair, link *Link) bool {
	for _, name := range p.Hub {
		if f, ok := d.declared.Field(name); ok && d.owner(f) == link.Place.Connection {
			return false
		}
	}
	for _, name := range p.Spoke {
		if v, ok := link.Waived[name]; ok && v == link.Sent[name] {
			return true
		}
	}
	return false
}

// refused reports whether the platform refused exactly these values.
func refused(p *ruleset.Pair, link *Link, want record.Fields) bool {
	for _, name := range p.Spoke {
		if r, ok := link.Rejected[name]; ok && r.Value == want[name] {
			return true
		}
	}
	return false
}

// keepsBlank reports whether a blank must not be written, by the field's blank policy.
func (d *decider) keepsBlank(p *ruleset.Pair, texts []string) bool {
	for _, text := range texts {
		if text != "" {
			return false
		}
	}
	for _, name := range p.Hub {
		if f, ok := d.declared.Field(name); ok && f.Blank == ruleset.BlankKeep {
			return true
		}
	}
	return false
}

// dueCreate decides whether a record should be made at a place, and with what.
func (d *decider) dueCreate(due *Due, link *Link) bool {
	m, spoke := d.group.MappingAt(due.Place)
	if spoke && !m.Create.CreatesOn(ruleset.ToSpoke) || !spoke && !d.createsOnHub() {
		return false
	}
	if spoke && m.Filter != nil && !d.inScope(m) {
		return false
	}
	due.Operation, due.Fields, due.Marker = record.OperationCreate, record.Fields{}, d.marker(due.Place)
	if link != nil && len(link.Attempts) > 0 {
		due.Repeats = link.Attempts[0].At
	}
	hub := d.links[d.group.HubPlace(d.entity.Type)]
	switch {
	case !d.view.Loaded[due.Place] || !d.view.Loaded[d.group.HubPlace(d.entity.Type)]:
		due.Blocked = ReasonFirstLoad
	case spoke && (hub == nil || hub.State != LinkLive):
		if hub != nil && hub.State == LinkTombstone {
			return false
		}
		due.Blocked = ReasonWaitsForHub
	}
	d.createFields(due)
	if due.Marker != "" {
		if spoke && hub != nil {
			due.Fields[due.Marker] = string(hub.ID)
		} else if !spoke {
			due.Fields[due.Marker] = string(d.entity.ID)
		}
	}
	switch {
	case due.Blocked != "":
	case len(due.Waits) > 0:
		due.Blocked = ReasonWaitsForParent
	case len(due.Missing) > 0:
		due.Blocked = ReasonMissingRequired
	case link != nil && d.refusedCreate(link, due.Fields):
		due.Blocked = ReasonRejected
	case d.contested(due.Place):
		due.Blocked = ReasonContested
	}
	return true
}

// lookAgainAfter is how long a create is held because somebody's record has its key: then it is looked up again.
const lookAgainAfter = 24 * time.Hour

// refusedCreate reports whether exactly this create was refused.
func (d *decider) refusedCreate(link *Link, fields record.Fields) bool {
	r := link.Rejected[CreateField]
	if r.Code == string(ReasonExists) && d.view.Now.Sub(r.At) >= lookAgainAfter {
		return false
	}
	return r.Value != "" && r.Value == createDigest(fields)
}

// HeldCreate gives a link on which a create is held because a record with its key exists that is not the entity's. old
// is nil if there is no row.
func HeldCreate(old *Link, due Due, now time.Time) *Link {
	link := &Link{Place: due.Place, State: LinkNone}
	if old != nil {
		link = old
	}
	link = link.clone()
	link.Rejected[CreateField] = Rejection{Value: createDigest(due.Fields), Code: string(ReasonExists), At: now}
	link.TouchedAt = now
	return link
}

// contested reports whether a record at a place has one of the entity's keys, held for a person or another entity's: it
// may be the very record that a create would double.
func (d *decider) contested(place record.Place) bool {
	return slices.ContainsFunc(d.sharers(), func(rows *Rows) bool {
		link := rows.Links[place]
		return link != nil && (link.State == LinkQuarantined || link.State == LinkLive)
	})
}

// sharers gives the other entities that hold a key of the entity's, as far as they are loaded.
func (d *decider) sharers() []*Rows {
	var out []*Rows
	for _, rule := range d.declared.Match {
		hash := d.entity.Keys[rule.Name]
		if hash == "" {
			continue
		}
		row := d.keyRow(MatchKey{d.group.Name, d.entity.Type, rule.Name, hash})
		if row == nil {
			continue
		}
		for _, id := range row.Holders {
			if id == d.entity.ID {
				continue
			}
			if rows := d.rows(id); rows != nil && rows.Entity != nil {
				out = append(out, rows)
			}
		}
	}
	return out
}

// createDigest identifies the fields of a create, so that a refused one is tried again only when they change.
func createDigest(fields record.Fields) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		b.WriteString(string(name) + "\x00" + fields[name] + "\x00")
	}
	return shortHash(b.String())
}

// createsOnHub reports whether a live spoke record of the entity may be created on the hub.
func (d *decider) createsOnHub() bool {
	for i := range d.group.Mappings {
		m := &d.group.Mappings[i]
		link := d.links[m.Spoke]
		if m.Hub == d.entity.Type && link != nil && link.State == LinkLive && m.Create.CreatesOn(ruleset.ToHub) {
			return true
		}
	}
	return false
}

func (d *decider) inScope(m *ruleset.Mapping) bool {
	return d.entity.Filters[m.Name].Entered || (m.Existing == ruleset.ExistingEnter && inside(m.Filter, hubValues(d.entity)))
}

// createFields collects what a new record holds: every mapped value that is not blank, constants, references.
func (d *decider) createFields(due *Due) {
	pairs := d.group.PairsAt(due.Place)
	for i := range pairs {
		p := &pairs[i]
		if p.Direction == ruleset.ToHub {
			continue
		}
		if constant(p) {
			due.Fields[p.Spoke[0]] = p.Constant
			continue
		}
		if slices.ContainsFunc(p.Hub, func(name record.HubField) bool { _, parked := d.entity.Parked[name]; return parked }) {
			d.missing(due, p)
			continue
		}
		texts, problem, known, waits := d.toSpoke(due.Place, p)
		if waits != "" {
			due.Waits = append(due.Waits, waits)
			continue
		}
		if !known || problem != "" {
			d.missing(due, p)
			continue
		}
		for j, name := range p.Spoke {
			if texts[j] != "" {
				due.Fields[name] = texts[j]
			} else {
				d.missing(due, p)
			}
		}
	}
}

func (d *decider) missing(due *Due, p *ruleset.Pair) {
	if !p.Required {
		return
	}
	for _, name := range p.Spoke {
		if !slices.Contains(due.Missing, name) {
			due.Missing = append(due.Missing, name)
		}
	}
}

// dueRemoval decides whether a deletion elsewhere should reach a live link.
func (d *decider) dueRemoval(due *Due, link *Link) bool {
	policy, applies := d.removalPolicy(link.Place)
	if !applies || link.Restored {
		return false
	}
	due.ID = link.ID
	switch policy {
	case ruleset.DeleteArchive:
		due.Operation = record.OperationArchive
	case ruleset.DeleteDelete:
		due.Operation = record.OperationDelete
	default:
		return false
	}
	if link.Rejected[CreateField].Value == string(due.Operation) {
		due.Blocked = ReasonRejected
	}
	return true
}

// dueRestore decides whether a record that we archived comes back, because the deletion that it followed was undone.
func (d *decider) dueRestore(due *Due, link *Link) bool {
	if !link.ArchivedByUs {
		return false
	}
	if _, still := d.removalPolicy(link.Place); still {
		return false
	}
	due.Operation, due.ID = record.OperationRestore, link.ID
	can := d.declared.RestoresHub
	if m, spoke := d.group.MappingAt(link.Place); spoke {
		can = m.RestoresSpoke
	}
	switch {
	case !can || link.Evidence != record.EvidenceArchived:
		due.Blocked = ReasonCannotRestore
	case link.Rejected[CreateField].Value == string(due.Operation):
		due.Blocked = ReasonRejected
	}
	return true
}

// removalPolicy gives what a tombstone across a mapping asks of a live link. A merge removes nothing: its records
// live on in another.
func (d *decider) removalPolicy(place record.Place) (ruleset.Delete, bool) {
	if m, spoke := d.group.MappingAt(place); spoke {
		hub := d.links[d.group.HubPlace(d.entity.Type)]
		if hub == nil || hub.State != LinkTombstone || hub.Evidence == record.EvidenceMerged {
			return m.Delete, false
		}
		// Whoever removed it from the hub, it is gone from there; but what we removed there, for a deletion that is over since,
		// is about to come back.
		still := true
		if hub.ArchivedByUs {
			_, still = d.removalPolicy(hub.Place)
		}
		return m.Delete, still
	}
	for i := range d.group.Mappings {
		m := &d.group.Mappings[i]
		if m.Hub == d.entity.Type && deleted(d.links[m.Spoke]) && m.Direction != ruleset.ToSpoke {
			return m.Delete, true
		}
	}
	return "", false
}

func deleted(link *Link) bool {
	return link != nil && link.State == LinkTombstone && link.Evidence != record.EvidenceMerged && !link.ArchivedByUs
}

// Holds reports whether something that is due waits for a person, or for so long that a person should know.
func Holds(blocked Reason) bool {
	switch blocked {
	case ReasonMissingRequired, ReasonRejected, ReasonAttemptsFull, ReasonContested, ReasonSpreadLimit, ReasonLoop, ReasonCannotRestore:
		return true
	}
	return false
}

// hold notes on the entity which operations wait for a person, so that they are shown.
func (d *decider) hold(due []Due) {
	holds := map[string]Hold{}
	for _, x := range due {
		if !Holds(x.Blocked) {
			continue
		}
		h := Hold{Reason: x.Blocked, Since: d.view.Now, Fields: x.Missing}
		if old, ok := d.entity.Holds[x.Place.String()]; ok && old.Reason == h.Reason && slices.Equal(old.Fields, h.Fields) {
			h = old
		}
		holds[x.Place.String()] = h
	}
	same := maps.EqualFunc(holds, d.entity.Holds, func(a, b Hold) bool { return a.Reason == b.Reason && slices.Equal(a.Fields, b.Fields) })
	if !same {
		d.editEntity().Holds = holds
	}
}

// IntentOf makes the intent of a due place. fence tells apart the creates of one entity at one place: it is the
// link's fence at the first attempt, so that every try of one create has the same key.
func IntentOf(group record.Group, entity record.EntityID, due Due, link *Link) record.Intent {
	intent := record.Intent{Operation: due.Operation, Ref: record.Ref{Place: due.Place, ID: due.ID}, Fields: due.Fields, Marker: due.Marker}
	if due.Operation == record.OperationCreate && link != nil {
		for _, a := range link.Attempts {
			if a.Operation == record.OperationCreate {
				// The same request under the same key: what has changed since is due once it is known what became of this.
				intent.Key, intent.AttemptsBegan, intent.Fields = a.Key, a.At, a.Fields
				return intent
			}
		}
	}
	fence := int64(0)
	if link != nil {
		fence = link.Lease.Fence
	}
	intent.Key = "fc-" + shortHash(strings.Join([]string{string(group), string(entity), due.Place.String(), string(due.Operation), strconv.FormatInt(fence, 10)}, "\x00"))
	return intent
}

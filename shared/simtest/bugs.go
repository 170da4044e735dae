package simtest

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/mapping"
	"github.com/fluxcascade/fluxcascade/shared/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/resolve"
	"github.com/fluxcascade/fluxcascade/shared/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/store"
)

// Bug is one way to break the system. No production code knows of it: it changes what the decider is asked and answers,
// what the store is given and what a platform is asked, through the seams that handlers have anyway.
type Bug struct {
	Name string
	// Words says what the broken system does.
	Words string

	decide    func(decide) decide
	connector func(*world, platform.Connector) platform.Connector
	commit    func(*world, []store.Write) []store.Write
	refresh   func(platform.Refresher) platform.Refresher
	tokens    func([]store.Write) []store.Write // how the token source's rows are written
	limits    func(*ruleset.Limits)
	// payload: webhooks' payloads are queued as snapshots. acknowledges: failed messages are acknowledged. sweepless:
	// nothing sweeps. cursorFirst: a poll moves its cursor before its changes are queued.
	payload, acknowledges, sweepless, cursorFirst bool
}

// decide is the decider's shape.
type decide = func(*resolve.View, resolve.Observation, *ruleset.Rules) resolve.Decision

// install breaks a handler's parts.
func (b *Bug) install(w *world, s *pipeline.Shell) {
	if b.decide != nil {
		s.Decide = b.decide(resolve.Decide)
	}
	if b.commit != nil {
		s.Store = disk{w: w, hook: func(writes []store.Write) []store.Write { return b.commit(w, writes) }}
	}
	if b.limits != nil {
		rules := *s.Rules
		rules.Groups = slices.Clone(rules.Groups)
		for i := range rules.Groups {
			b.limits(&rules.Groups[i].Limits)
		}
		s.Rules = &rules
	}
}

// Bugs lists every seeded bug.
func Bugs() []Bug {
	return []Bug{
		{Name: "full-record-write", Words: "writes every mapped field, not those due", decide: after(fullRecord)},
		{Name: "no-sent", Words: "does not remember what it asked for", decide: onLinks(func(l *resolve.Link) { l.Sent = l.Base })},
		{Name: "no-ownership", Words: "lets everybody set every field", decide: onRules(ownerless)},
		{Name: "recreate-after-404", Words: "makes a record again that is gone", decide: onLinks(forgetTombstone)},
		{Name: "no-sweep", Words: "never sweeps", sweepless: true},
		{Name: "no-pre-read", Words: "writes without looking first", connector: wrap(func(c *broken) { c.blindWrites = true })},
		{Name: "blind-create", Words: "creates without key, marker or look-up", connector: wrap(func(c *broken) { c.intent, c.findless = blindCreate, true })},
		{Name: "conflict-ignored", Words: "takes a refused conditional update for done", connector: wrap(func(c *broken) { c.receipt = ignore(fault.Stale) })},
		{Name: "unconditional-update", Words: "does not use the conditional updates that a platform offers", connector: wrap(func(c *broken) { c.intent = unconditional })},
		{Name: "key-put-unconditionally", Words: "writes match keys whoever holds them", commit: anyRevision(store.CrossReference)},
		{Name: "publish-forgotten", Words: "publishes nothing after a commit", decide: after(func(_ *resolve.View, _ resolve.Observation, _ *ruleset.Rules, d *resolve.Decision) {
			if !d.Patch.Empty() {
				d.Due, d.Hints = nil, nil
			}
		})},
		{Name: "no-op-publishes-nothing", Words: "publishes nothing when nothing changed", decide: after(func(_ *resolve.View, o resolve.Observation, _ *ruleset.Rules, d *resolve.Decision) {
			if d.Patch.Empty() && o.Wake == "" {
				d.Due, d.Hints = nil, nil
			}
		})},
		{Name: "payload-as-data", Words: "believes a webhook's payload", payload: true, decide: before(believeWebhooks)},
		{Name: "acknowledge-on-failure", Words: "acknowledges messages that failed", acknowledges: true},
		{Name: "lease-too-short", Words: "leases a link for less than a call takes", commit: onLinkRows(func(w *world, l *resolve.Link) {
			if !l.Lease.Until.IsZero() {
				l.Lease.Until = w.now.Add(-time.Hour)
			}
		})},
		{Name: "record-stamps", Words: "takes the record's stamp for each field's", decide: before(func(o *resolve.Observation) {
			onSnapshot(o, func(s *record.Snapshot) { s.FieldTimes = nil })
		})},
		{Name: "own-write-as-edit", Words: "takes its own write of unknown outcome for an edit", decide: onLinks(forgetAttempts)},
		{Name: "no-base", Words: "takes every value read for an edit", decide: onLinks(forgetBase)},
		{Name: "no-revision-check", Words: "commits whatever happened since it loaded", commit: anyRevision(store.Versions)},
		{Name: "receipt-swallows-edit", Words: "takes a whole answer for what it wrote", decide: before(swallow)},
		{Name: "queue-dedup-relied-on", Words: "takes no lease, for each message comes once", commit: leaseless},
		{Name: "queue-order-relied-on", Words: "takes snapshots as they come, however old", decide: before(func(o *resolve.Observation) {
			if o.Carried {
				o.Carried = false
				onSnapshot(o, func(s *record.Snapshot) { s.ModifiedAt = time.Time{} })
			}
		})},
		{Name: "batch-all-or-nothing", Words: "takes a batch for failed when one item did", connector: wrap(func(c *broken) { c.batch = allOrNothing })},
		{Name: "item-errors-as-success", Words: "takes a 200 for the success of every item", connector: wrap(func(c *broken) { c.receipt = ignore(fault.Rejected) })},
		{Name: "rejected-sent-again", Words: "sends a refused value for ever", decide: onLinks(func(l *resolve.Link) { l.Rejected = nil })},
		{Name: "child-before-parent", Words: "makes a child before its parent is there", decide: after(childFirst)},
		{Name: "email-key-not-moved", Words: "leaves match keys where they were", decide: after(func(_ *resolve.View, _ resolve.Observation, _ *ruleset.Rules, d *resolve.Decision) {
			if d.Patch.Entity != nil && d.Patch.Entity.Rev > 0 && d.Patch.Alias == nil {
				d.Patch.Keys = nil
			}
		})},
		{Name: "merge-makes-second", Words: "takes a merged record for a deleted one", decide: before(func(o *resolve.Observation) {
			if o.Absence != nil && o.Absence.Evidence == record.EvidenceMerged {
				a := *o.Absence
				a.Evidence, a.Into = record.EvidenceDeleted, ""
				o.Absence = &a
			}
		})},
		{Name: "token-refreshed-twice", Words: "refreshes without regard to another's lease", tokens: tokensLeaseless},
		{Name: "cached-refresh-token", Words: "refreshes with a token it remembers", refresh: rememberFirst},
		{Name: "future-clock-wins", Words: "believes stamps of the future", decide: before(func(o *resolve.Observation) {
			onSnapshot(o, func(s *record.Snapshot) {
				if s.ModifiedAt.After(s.ReadBegan) {
					s.ReadBegan = s.ModifiedAt
				}
			})
		})},
		{Name: "missing-field-cleared", Words: "takes a field that an answer lacks for emptied", decide: beforeRules(clearMissing)},
		{Name: "cursor-first", Words: "moves a cursor before its changes are queued", cursorFirst: true},
		{Name: "mass-delete", Words: "has no limit of spread", limits: func(l *ruleset.Limits) { *l = ruleset.Limits{} }},
		{Name: "lagging-absence", Words: "takes one read that finds nothing for a deletion", decide: before(func(o *resolve.Observation) {
			if o.Absence != nil && o.Change.MissingSince.IsZero() {
				o.Change.MissingSince = epoch
			}
		})},
		{Name: "first-sight-as-edit", Words: "takes a newly mapped field's value for an edit", decide: beforeLoaded(blankBase)},
		{Name: "unknown-as-failed", Words: "takes a create of unknown outcome for not done", connector: wrap(func(c *broken) { c.unknownFails = true })},
		{Name: "old-rules-commit", Words: "commits under a configuration that was replaced", decide: onEntities(func(e *resolve.Entity) { e.ConfigVersion = 0 })},
	}
}

// FindBug finds a bug by name.
func FindBug(name string) (*Bug, bool) {
	for _, b := range Bugs() {
		if b.Name == name {
			return &b, true
		}
	}
	return nil, false
}

// after changes what the decider answers.
func after(f func(*resolve.View, resolve.Observation, *ruleset.Rules, *resolve.Decision)) func(decide) decide {
	return func(next decide) decide {
		return func(v *resolve.View, o resolve.Observation, r *ruleset.Rules) resolve.Decision {
			d := next(v, o, r)
			if d.Need.Empty() {
				f(v, o, r, &d)
			}
			return d
		}
	}
}

// before changes what the decider is told.
func before(f func(*resolve.Observation)) func(decide) decide {
	return func(next decide) decide {
		return func(v *resolve.View, o resolve.Observation, r *ruleset.Rules) resolve.Decision {
			f(&o)
			return next(v, o, r)
		}
	}
}

func beforeRules(f func(*resolve.Observation, *ruleset.Rules)) func(decide) decide {
	return func(next decide) decide {
		return func(v *resolve.View, o resolve.Observation, r *ruleset.Rules) resolve.Decision {
			f(&o, r)
			return next(v, o, r)
		}
	}
}

// beforeLoaded changes the state in the light of what the decider is told.
func beforeLoaded(f func(*resolve.Link, resolve.Observation)) func(decide) decide {
	return func(next decide) decide {
		return func(v *resolve.View, o resolve.Observation, r *ruleset.Rules) resolve.Decision {
			return next(withLinks(v, func(l *resolve.Link) { f(l, o) }), o, r)
		}
	}
}

// onLinks changes what the decider sees of each link.
func onLinks(f func(*resolve.Link)) func(decide) decide {
	return func(next decide) decide {
		return func(v *resolve.View, o resolve.Observation, r *ruleset.Rules) resolve.Decision {
			return next(withLinks(v, f), o, r)
		}
	}
}

func withLinks(v *resolve.View, f func(*resolve.Link)) *resolve.View {
	copied := *v
	copied.Entities = map[resolve.EntityKey]*resolve.Rows{}
	for key, rows := range v.Entities {
		next := &resolve.Rows{Entity: rows.Entity, Links: map[record.Place]*resolve.Link{}}
		for place, link := range rows.Links {
			l := *link
			f(&l)
			next.Links[place] = &l
		}
		copied.Entities[key] = next
	}
	return &copied
}

func onEntities(f func(*resolve.Entity)) func(decide) decide {
	return func(next decide) decide {
		return func(v *resolve.View, o resolve.Observation, r *ruleset.Rules) resolve.Decision {
			copied := *v
			copied.Entities = map[resolve.EntityKey]*resolve.Rows{}
			for key, rows := range v.Entities {
				changed := &resolve.Rows{Links: rows.Links}
				if rows.Entity != nil {
					e := *rows.Entity
					f(&e)
					changed.Entity = &e
				}
				copied.Entities[key] = changed
			}
			return next(&copied, o, r)
		}
	}
}

// onRules changes the rules that the decider goes by.
func onRules(f func(*ruleset.Rules) *ruleset.Rules) func(decide) decide {
	return func(next decide) decide {
		var of, changed *ruleset.Rules
		return func(v *resolve.View, o resolve.Observation, r *ruleset.Rules) resolve.Decision {
			if of != r {
				of, changed = r, f(r)
			}
			return next(v, o, changed)
		}
	}
}

func ownerless(r *ruleset.Rules) *ruleset.Rules {
	out := *r
	out.Groups = slices.Clone(r.Groups)
	for i := range out.Groups {
		g := &out.Groups[i]
		g.Entities = slices.Clone(g.Entities)
		for j := range g.Entities {
			e := &g.Entities[j]
			e.Fields = slices.Clone(e.Fields)
			for k := range e.Fields {
				e.Fields[k].Owner = ruleset.Owner{LastWriteWins: true}
			}
		}
	}
	out.Index()
	return &out
}

func fullRecord(v *resolve.View, o resolve.Observation, r *ruleset.Rules, d *resolve.Decision) {
	g, ok := r.Group(o.Group)
	rows := v.Entities[resolve.EntityKey{Group: o.Group, ID: d.Entity}]
	if !ok || rows == nil || rows.Entity == nil {
		return
	}
	values := record.HubValues{}
	for name, value := range rows.Entity.Fields {
		values[name] = value.Text
	}
	for i := range d.Due {
		due := &d.Due[i]
		if due.Operation != record.OperationUpdate {
			continue
		}
		all := record.Fields{}
		for _, p := range g.PairsAt(due.Place) {
			if p.Reference != nil || p.Direction == ruleset.ToHub || len(p.Hub) == 0 {
				continue
			}
			if texts, problem, known := mapping.ToSpoke(&p, values); known && problem == "" {
				for j, name := range p.Spoke {
					all[name] = texts[j]
				}
			}
		}
		due.Fields = all
	}
}

func childFirst(_ *resolve.View, _ resolve.Observation, _ *ruleset.Rules, d *resolve.Decision) {
	for i := range d.Due {
		if d.Due[i].Blocked == resolve.ReasonWaitsForParent {
			d.Due[i].Blocked, d.Due[i].Waits = "", nil
		}
	}
}

func forgetTombstone(l *resolve.Link) {
	if l.State == resolve.LinkTombstone && !l.ArchivedByUs {
		l.State, l.ID = resolve.LinkNone, ""
	}
}

func forgetAttempts(l *resolve.Link) {
	l.Attempts = slices.Clone(l.Attempts)
	for i := range l.Attempts {
		if l.Attempts[i].Operation == record.OperationUpdate {
			l.Attempts[i].Fields = record.Fields{}
		}
	}
}

func forgetBase(l *resolve.Link) {
	base := record.Fields{}
	for name := range l.Base {
		base[name] = "\x00"
	}
	l.Base = base
}

// blankBase lets a field that was never read look as if it had been blank.
func blankBase(l *resolve.Link, o resolve.Observation) {
	if o.Snapshot == nil || l.ID != o.Snapshot.ID || l.Place != o.Snapshot.Place {
		return
	}
	base, sent := record.Fields{}, record.Fields{}
	for name := range o.Snapshot.Fields {
		base[name], sent[name] = l.Base[name], l.Sent[name]
	}
	for name, value := range l.Base {
		base[name], sent[name] = value, l.Sent[name]
	}
	l.Base, l.Sent = base, sent
}

func onSnapshot(o *resolve.Observation, f func(*record.Snapshot)) {
	if o.Snapshot != nil {
		s := *o.Snapshot
		f(&s)
		o.Snapshot = &s
	}
}

func believeWebhooks(o *resolve.Observation) {
	if o.Change.Source == record.SourceWebhook && o.Carried {
		o.Carried = false
	}
}

// swallow lets a receipt count as having written all that its answer shows.
func swallow(o *resolve.Observation) {
	if o.Receipt == nil || o.Receipt.Snapshot == nil || o.Receipt.Intent.Operation != record.OperationUpdate {
		return
	}
	r := *o.Receipt
	fields := record.Fields{}
	for name, value := range r.Snapshot.Fields {
		fields[name] = value
	}
	for name, value := range r.Intent.Fields {
		fields[name] = value
	}
	r.Intent.Fields = fields
	o.Receipt = &r
}

func clearMissing(o *resolve.Observation, r *ruleset.Rules) {
	onSnapshot(o, func(s *record.Snapshot) {
		fields := record.Fields{}
		for _, name := range r.FieldsAt(s.Place) {
			fields[name] = s.Fields[name]
		}
		s.Fields = fields
	})
}

// anyRevision writes one table's rows whatever their revision.
func anyRevision(table store.Table) func(*world, []store.Write) []store.Write {
	return func(_ *world, writes []store.Write) []store.Write {
		out := slices.Clone(writes)
		for i := range out {
			if out[i].Table == table {
				out[i].Expect = store.Any
			}
		}
		return out
	}
}

// onLinkRows changes links as they are stored.
func onLinkRows(f func(*world, *resolve.Link)) func(*world, []store.Write) []store.Write {
	return func(w *world, writes []store.Write) []store.Write {
		out := slices.Clone(writes)
		for i := range out {
			if out[i].Table != store.Versions || !strings.HasPrefix(out[i].Sort, "link#") {
				continue
			}
			link := &resolve.Link{}
			mustDecode(out[i].Body, link)
			f(w, link)
			body, err := json.Marshal(link)
			if err != nil {
				panic(err)
			}
			out[i].Body = body
		}
		return out
	}
}

// leaseless stores links without their leases, and whatever their revision.
func leaseless(w *world, writes []store.Write) []store.Write {
	out := onLinkRows(func(_ *world, l *resolve.Link) { l.Lease.Until = time.Time{} })(w, writes)
	for i := range out {
		if strings.HasPrefix(out[i].Sort, "link#") {
			out[i].Expect = store.Any
		}
	}
	return out
}

// tokensLeaseless stores tokens without their leases, and whatever their revision.
func tokensLeaseless(writes []store.Write) []store.Write {
	out := slices.Clone(writes)
	for i := range out {
		row := map[string]json.RawMessage{}
		mustDecode(out[i].Body, &row)
		delete(row, "lease_until")
		body, err := json.Marshal(row)
		if err != nil {
			panic(err)
		}
		out[i].Body, out[i].Expect = body, store.Any
	}
	return out
}

// rememberFirst shows the first refresh token it saw for ever.
func rememberFirst(next platform.Refresher) platform.Refresher { return &remembering{next: next} }

type remembering struct {
	next  platform.Refresher
	first string
}

func (r *remembering) Refresh(ctx context.Context, token string) (platform.Grant, error) {
	if r.first == "" {
		r.first = token
	}
	return r.next.Refresh(ctx, r.first)
}

// broken is a connector that asks or answers wrongly.
type broken struct {
	platform.Connector
	w                                   *world
	findless, blindWrites, unknownFails bool
	intent                              func(*world, *record.Intent)
	receipt                             func(*record.Receipt, record.Intent)
	batch                               func([]record.Receipt) error
}

func wrap(f func(*broken)) func(*world, platform.Connector) platform.Connector {
	return func(w *world, c platform.Connector) platform.Connector {
		b := &broken{Connector: c, w: w}
		f(b)
		return b
	}
}

// Find implements platform.Connector.
func (b *broken) Find(ctx context.Context, object record.Object, fields []record.PlatformField, lookups []platform.Lookup) ([][]record.Snapshot, error) {
	if b.findless {
		return make([][]record.Snapshot, len(lookups)), nil
	}
	return b.Connector.Find(ctx, object, fields, lookups)
}

// Fetch implements platform.Connector. A writer that does not look first believes what it remembers.
func (b *broken) Fetch(ctx context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID) ([]platform.Read, error) {
	if !b.blindWrites || !strings.HasPrefix(b.w.current.name, "due-") {
		return b.Connector.Fetch(ctx, object, fields, ids)
	}
	reads := make([]platform.Read, len(ids))
	for i, id := range ids {
		ref := record.Ref{Place: record.Place{Connection: b.Connector.(*account).name, Object: object}, ID: id}
		reads[i] = platform.Read{ID: id, Snapshot: &record.Snapshot{Ref: ref, Fields: record.Fields{}, ReadBegan: b.w.now}}
		for _, g := range b.w.rules.GroupsAt(ref.Place) {
			if link := b.w.linkOf(g.Name, ref); link != nil {
				for name, value := range link.Base {
					reads[i].Snapshot.Fields[name] = value
				}
				reads[i].Snapshot.Version, reads[i].Snapshot.ModifiedAt = link.Version, link.ModifiedAt
			}
		}
	}
	return reads, nil
}

// Apply implements platform.Connector.
func (b *broken) Apply(ctx context.Context, intents []record.Intent) ([]record.Receipt, error) {
	asked := slices.Clone(intents)
	for i := range asked {
		if b.intent != nil {
			b.intent(b.w, &asked[i])
		}
	}
	receipts, err := b.Connector.Apply(ctx, asked)
	if b.unknownFails && fault.Is(err, fault.InDoubt) {
		return nil, fault.New(fault.Transient, "apply", err)
	}
	if err != nil {
		return nil, err
	}
	for i := range receipts {
		receipts[i].Key = intents[i].Key
		if b.receipt != nil {
			b.receipt(&receipts[i], intents[i])
		}
	}
	if b.batch != nil {
		if err := b.batch(receipts); err != nil {
			return nil, err
		}
	}
	return receipts, nil
}

func blindCreate(w *world, intent *record.Intent) {
	if intent.Operation == record.OperationCreate {
		w.serial++
		intent.Key, intent.Marker, intent.AttemptsBegan = "blind-"+strconv.FormatInt(w.serial, 10), "", time.Time{}
	}
}

func unconditional(_ *world, intent *record.Intent) {
	if intent.Current != nil {
		current := *intent.Current
		current.Version = ""
		intent.Current = &current
	}
}

// ignore takes receipts of one kind of failure for success.
func ignore(kind fault.Kind) func(*record.Receipt, record.Intent) {
	return func(r *record.Receipt, intent record.Intent) {
		if fault.Is(r.Err, kind) && intent.Operation != record.OperationCreate {
			r.Err, r.ID = nil, intent.Ref.ID
		}
	}
}

func allOrNothing(receipts []record.Receipt) error {
	for _, r := range receipts {
		if r.Err != nil {
			return fault.New(fault.Transient, "apply", r.Err)
		}
	}
	return nil
}

package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform/memplatform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/intake"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// world is three platforms in memory around the production pipeline, under one clock that a test moves.
type world struct {
	t                *testing.T
	ctx              context.Context
	now              time.Time
	rules            *ruleset.Rules
	store            *memstore.Store
	queue            *memqueue.Queue
	hub, field, book *memplatform.Platform
	shell            pipeline.Shell
	events           []pipeline.Event
}

var (
	crmContacts = record.Place{Connection: "crm", Object: "contacts"}
	fieldPeople = record.Place{Connection: "field", Object: "clients"}
	bookPeople  = record.Place{Connection: "book", Object: "customers"}
)

// threeRules is a hub and two spokes: email and phone are the hub's, the address is the field platform's, the note
// is anybody's.
func threeRules() *ruleset.Rules {
	pair := func(hub record.HubField, spoke record.PlatformField) ruleset.Pair {
		return ruleset.Pair{Hub: []record.HubField{hub}, Spoke: []record.PlatformField{spoke}, Direction: ruleset.Both}
	}
	lower := []ruleset.Transform{{Name: "trim"}, {Name: "lowercase"}}
	mapping := func(spoke record.Place, create ruleset.Create) ruleset.Mapping {
		return ruleset.Mapping{Name: "contacts-" + string(spoke.Connection), Hub: "contacts", Spoke: spoke, Direction: ruleset.Both, Create: create, Delete: ruleset.DeleteArchive,
			Marker: "hubid", Pairs: []ruleset.Pair{pair("email", "mail"), pair("phone", "tel"), pair("street", "road"), pair("note", "memo")},
			ToSpoke: ruleset.Schedule{RealTime: true}, ToHub: ruleset.Schedule{RealTime: true}}
	}
	r := &ruleset.Rules{Digest: "three", MatchSecret: []byte("k"),
		Connections: []ruleset.Connection{{Name: "crm", Platform: "mem"}, {Name: "field", Platform: "mem"}, {Name: "book", Platform: "mem"}},
		Groups: []ruleset.Group{{Name: "customer", Hub: "crm",
			Entities: []ruleset.Entity{{Type: "contacts", Marker: "fcid", Match: []ruleset.MatchRule{{Name: "email", Parts: []ruleset.MatchPart{{Field: "email"}}}},
				Fields: []ruleset.Field{
					{Name: "email", Form: lower, Owner: ruleset.Owner{Connection: "crm"}, NonOwner: ruleset.NonOwnerRevert, Conflict: ruleset.ConflictOwner, Blank: ruleset.BlankClear},
					{Name: "phone", Owner: ruleset.Owner{Connection: "crm"}, NonOwner: ruleset.NonOwnerRevert, Conflict: ruleset.ConflictOwner, Blank: ruleset.BlankClear},
					{Name: "street", Owner: ruleset.Owner{Connection: "field"}, NonOwner: ruleset.NonOwnerRevert, Conflict: ruleset.ConflictOwner, Blank: ruleset.BlankClear},
					{Name: "note", Owner: ruleset.Owner{LastWriteWins: true}, Conflict: ruleset.ConflictNewest, Blank: ruleset.BlankClear},
				}}},
			Mappings: []ruleset.Mapping{mapping(fieldPeople, ruleset.CreateBoth), mapping(bookPeople, ruleset.CreateToSpoke)}}}}
	r.Index()
	return r
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, ctx: context.Background(), now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), rules: threeRules(), store: memstore.New()}
	clock := func() time.Time { return w.now }
	w.queue = memqueue.New(clock)
	make := func(c record.Connection, object record.Object, a catalog.Ability) *memplatform.Platform {
		return &memplatform.Platform{Connection: c, Now: clock, Abilities: map[record.Object]catalog.Ability{object: a}}
	}
	w.hub = make("crm", "contacts", catalog.Ability{ReadMax: 100, WriteMax: 100, PageMax: 10, UniqueKey: true, Polls: true, Find: []record.PlatformField{"email"}})
	w.field = make("field", "clients", catalog.Ability{ReadMax: 20, WriteMax: 10, PageMax: 10, Polls: true})
	w.book = make("book", "customers", catalog.Ability{ReadMax: 30, WriteMax: 30, PageMax: 10, RequestKey: true, Conditional: true, Polls: true, PollsDeletes: true, Find: []record.PlatformField{"mail"}})
	w.shell = pipeline.Shell{Store: w.store, Queue: w.queue, Rules: w.rules, Now: clock, Connectors: w.connector,
		Observe: func(e pipeline.Event) { w.events = append(w.events, e) },
		Ability: func(p record.Place) pipeline.Ability {
			a := w.ability(p)
			return pipeline.Ability{ReadMax: a.ReadMax, FindMax: a.Finds(), WriteMax: a.WriteMax, StampCovers: a.StampCovers, Find: a.Find}
		}}
	return w
}

func (w *world) platforms() []*memplatform.Platform {
	return []*memplatform.Platform{w.hub, w.field, w.book}
}

func (w *world) connector(c record.Connection) (platform.Connector, error) {
	for _, p := range w.platforms() {
		if p.Connection == c {
			return p, nil
		}
	}
	return nil, fmt.Errorf("no connection %s", c)
}

func (w *world) ability(p record.Place) catalog.Ability {
	for _, m := range w.platforms() {
		if m.Connection == p.Connection {
			return m.Abilities[p.Object]
		}
	}
	return catalog.Ability{}
}

func (w *world) poll() {
	w.t.Helper()
	p := intake.Poller{Store: w.shell.Store, Queue: w.shell.Queue, Connectors: w.connector, Rules: w.rules, Ability: w.ability, Now: func() time.Time { return w.now }}
	for _, place := range []record.Place{crmContacts, fieldPeople, bookPeople} {
		// A poll that fails goes on at the next from where it was.
		if _, err := p.Run(w.ctx, place); err != nil && !fault.Is(err, fault.Transient) {
			w.t.Fatalf("poll %s: %v", place, err)
		}
	}
}

// drain runs the handlers until every queue is empty of visible and delayed messages, moving the clock to delays.
func (w *world) drain() {
	w.t.Helper()
	for range 500 {
		moved := false
		for _, c := range []record.Connection{"crm", "field", "book"} {
			moved = w.handle(record.QueueOf(record.QueueBackfill, c), (&pipeline.Resolver{Shell: w.shell}).Handle) || moved
			moved = w.handle(record.QueueOf(record.QueueChanges, c), (&pipeline.Resolver{Shell: w.shell}).Handle) || moved
			moved = w.handle(record.QueueOf(record.QueueDue, c), (&pipeline.Writer{Shell: w.shell}).Handle) || moved
		}
		if moved {
			continue
		}
		if w.waiting() == 0 {
			return
		}
		w.now = w.now.Add(time.Second)
	}
	w.t.Fatalf("the queues never drain:\n%s", w.story())
}

func (w *world) waiting() int {
	total := 0
	for _, c := range []record.Connection{"crm", "field", "book"} {
		for _, kind := range []record.QueueKind{record.QueueBackfill, record.QueueChanges, record.QueueDue} {
			d, _ := w.queue.Depth(w.ctx, record.QueueOf(kind, c))
			total += d.Total()
		}
	}
	return total
}

func (w *world) handle(name queue.Name, f func(context.Context, []queue.Delivery) []string) bool {
	deliveries, err := w.queue.Receive(w.ctx, name, 100, time.Minute)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(deliveries) == 0 {
		return false
	}
	messages := make([]queue.Delivery, len(deliveries))
	for i, d := range deliveries {
		messages[i] = queue.Delivery{ID: d.ID, Body: d.Body}
	}
	failed := f(w.ctx, messages)
	for _, d := range deliveries {
		if !strings.Contains(" "+strings.Join(failed, " ")+" ", " "+d.ID+" ") {
			_ = w.queue.Delete(w.ctx, name, []string{d.Handle})
		}
	}
	return true
}

// sync polls and drains until nothing more comes, sweeping in between.
func (w *world) sync() {
	w.t.Helper()
	for range 8 {
		w.now = w.now.Add(time.Minute)
		w.poll()
		w.drain()
		w.sweep()
		w.drain()
	}
}

func (w *world) sweep() pipeline.Sweep {
	w.t.Helper()
	s, err := (&pipeline.Sweeper{Shell: w.shell}).Run(w.ctx, "")
	if err != nil && !fault.Is(err, fault.Transient) {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) story() string {
	var b strings.Builder
	for _, e := range w.events {
		changes, _ := json.Marshal(e.Changes)
		fmt.Fprintf(&b, "%s %s %s %s %s %s %s %v %v\n", e.At.Format("15:04:05"), e.Kind, e.Ref, e.Entity, e.Outcome, e.Reason, e.Operation, string(changes), e.Err)
	}
	return b.String()
}

func (w *world) writes() int { return w.hub.Writes + w.field.Writes + w.book.Writes }

func (w *world) want(p *memplatform.Platform, object record.Object, id record.ExternalID, name record.PlatformField, want string) {
	w.t.Helper()
	fields, ok := p.Record(object, id)
	if !ok {
		w.t.Fatalf("%s/%s/%s is gone\n%s", p.Connection, object, id, w.story())
	}
	if fields[name] != want {
		w.t.Errorf("%s/%s/%s %s: got %q, want %q\n%s", p.Connection, object, id, name, fields[name], want, w.story())
	}
}

var _ = resolve.Noop

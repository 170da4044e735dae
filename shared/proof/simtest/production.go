package simtest

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/intake"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// production is the production handlers, wired as boot wires them.
type production struct {
	w      *world
	memory *pipeline.Memory
}

func newProduction(w *world) engine { return production{w, pipeline.NewMemory()} }

// shell gives a handler's run its parts. All processes of a history share what a process may remember, which is the
// harder case: more is remembered, for longer.
func (p production) shell() pipeline.Shell {
	w := p.w
	s := pipeline.Shell{Store: disk{w: w}, Queue: mail{w: w}, Rules: w.current.rules, Now: w.ours, Connectors: w.connector, Observe: w.observe, Memory: p.memory,
		Ability: func(place record.Place) pipeline.Ability {
			a := w.ability(place)
			return pipeline.Ability{ReadMax: a.ReadMax, FindMax: a.Finds(), WriteMax: a.WriteMax, StampCovers: a.StampCovers, Find: a.Find}
		}}
	if w.bug != nil {
		w.bug.install(w, &s)
	}
	return s
}

// ours gives the time by the clock of the process that runs at this moment.
func (w *world) ours() time.Time { return w.now.Add(w.current.skew) }

func (w *world) connector(c record.Connection) (platform.Connector, error) {
	a, ok := w.accounts[c]
	if !ok {
		return nil, fault.Newf(fault.Rejected, "simtest", "no connection %s", c)
	}
	if w.bug != nil && w.bug.connector != nil {
		return w.bug.connector(w, a), nil
	}
	return a, nil
}

func (w *world) ability(place record.Place) catalog.Ability {
	a := w.accounts[place.Connection]
	return a.mem.Abilities[place.Object]
}

func (p production) resolve(ctx context.Context, _ record.Connection, batch []queue.Delivery) []string {
	failed := (&pipeline.Resolver{Shell: p.shell()}).Handle(ctx, batch)
	if p.w.bug != nil && p.w.bug.acknowledges {
		return nil
	}
	return failed
}

func (p production) write(ctx context.Context, _ record.Connection, batch []queue.Delivery) []string {
	failed := (&pipeline.Writer{Shell: p.shell()}).Handle(ctx, batch)
	if p.w.bug != nil && p.w.bug.acknowledges {
		return nil
	}
	return failed
}

func (p production) poller() *intake.Poller {
	s := p.shell()
	return &intake.Poller{Store: s.Store, Queue: s.Queue, Connectors: s.Connectors, Rules: s.Rules, Ability: p.w.ability, Now: s.Now}
}

func (p production) poll(ctx context.Context, place record.Place) {
	if p.w.bug != nil && p.w.bug.cursorFirst {
		p.pollCursorFirst(ctx, place)
		return
	}
	_, _ = p.poller().Run(ctx, place) // a poll that fails goes on at the next from where it was
}

func (p production) reconcile(ctx context.Context, place record.Place) bool {
	result, err := p.poller().Reconcile(ctx, place)
	return err == nil && result.Phase == controltable.PhaseDone
}

func (p production) sweep(ctx context.Context) {
	if p.w.bug != nil && p.w.bug.sweepless {
		return
	}
	_, _ = (&pipeline.Sweeper{Shell: p.shell()}).Run(ctx, "")
}

func (p production) webhook(ctx context.Context, c record.Connection, body []byte) int {
	w := p.w
	s := p.shell()
	routes := map[record.Platform]intake.Route{record.Platform(c): {Platform: record.Platform(c), Receive: receive, Secrets: []func(context.Context) (string, error){func(context.Context) (string, error) { return "s", nil }}}}
	if w.bug != nil && w.bug.payload {
		return p.believe(ctx, c, body)
	}
	hook := intake.Webhook{Routes: routes, Queue: s.Queue, Rules: s.Rules, Now: s.Now}
	return hook.Handle(ctx, record.Platform(c), platform.Request{Body: body, Header: http.Header{"Secret": {"s"}}}).Status
}

// pollCursorFirst is a poll broken on purpose: what it found is queued only once its position is moved.
func (p production) pollCursorFirst(ctx context.Context, place record.Place) {
	type held struct {
		name     queue.Name
		messages []queue.Message
	}
	var all []held
	poller := p.poller()
	late := mail{w: p.w, hook: func(name queue.Name, messages []queue.Message) bool {
		all = append(all, held{name, messages})
		return true
	}}
	poller.Queue = late
	_, _ = poller.Run(ctx, place)
	for _, h := range all {
		_ = mail{w: p.w}.Send(ctx, h.name, h.messages)
	}
}

// believe is a webhook intake broken on purpose: it queues the payload as what was read.
func (p production) believe(ctx context.Context, c record.Connection, body []byte) int {
	var b hookBody
	if json.Unmarshal(body, &b) != nil {
		return http.StatusBadRequest
	}
	ref := record.Ref{Place: record.Place{Connection: c, Object: b.Object}, ID: b.ID}
	change := record.Change{Ref: ref, Source: record.SourceWebhook, Kind: b.Kind, SeenAt: p.w.now}
	if b.Fields != nil {
		change.Snapshot = &record.Snapshot{Ref: ref, Fields: b.Fields, ReadBegan: p.w.now}
	}
	if intake.SendChanges(ctx, mail{w: p.w}, record.QueueOf(record.QueueChanges, c), []record.Change{change}) != nil {
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

// answer decides one parked field, as an operator would: with one of its candidates.
func (p production) answer(ctx context.Context, pick [4]uint32) {
	w := p.w
	type parked struct {
		group record.Group
		id    record.EntityID
		field record.HubField
		texts []string
	}
	var all []parked
	for _, x := range w.entities() {
		for _, name := range sortedKeys(x.Entity.Parked) {
			var texts []string
			for _, c := range x.Entity.Parked[name].Candidates {
				texts = append(texts, c.Text)
			}
			all = append(all, parked{x.Entity.Group, x.Entity.ID, name, texts})
		}
	}
	if len(all) == 0 {
		return
	}
	x := all[int(pick[0])%len(all)]
	text := x.texts[int(pick[1])%len(x.texts)]
	w.say("an operator decides %s of %s: %q", x.field, x.id, text)
	w.truth.answered(x.id, text)
	_, _ = (&pipeline.Operator{Shell: p.shell()}).Answer(ctx, x.group, resolve.Answer{Entity: x.id, Field: x.field, Value: text, At: w.now}) // it may be refused
}

// release lets go what limits of spread hold on a connection, as an operator would.
func (p production) release(ctx context.Context, c record.Connection) {
	p.w.say("an operator releases what is held on %s", c)
	_ = (&pipeline.Operator{Shell: p.shell()}).Release(ctx, p.w.rules.Groups[0].Name, c, "", nil)
}

// pause has an operator pause a connection for a while, as "pause" and "resume" do.
func (w *world) pause(a Action) {
	c, lasts := w.pickAccount(a.Pick[0]), time.Duration(1+a.Pick[1]%20)*time.Minute
	w.say("an operator pauses %s for %s", c, lasts)
	account := w.accounts[c]
	if err := controltable.SetPause(context.Background(), w.store, c, controltable.Pause{Reason: controltable.PausedByOperator, Since: w.now}); err != nil {
		panic(err)
	}
	account.paused = w.now
	resume := func() {
		if err := controltable.Resume(context.Background(), w.store, c); err != nil {
			panic(err)
		}
		account.paused = time.Time{}
	}
	w.after(lasts, resume)
}

// answer has an operator decide a parked field, if there is one.
func (w *world) answer(a Action) {
	w.run("operator", func(ctx context.Context) { w.engine.answer(ctx, a.Pick) })
}

// sent is told of each message queued and gives the records that it speaks of: none but snapshots may carry a value, and
// each change record needs an outcome.
func (w *world) sent(name queue.Name, body []byte) (refs []record.Ref) {
	w.fold(string(name))
	if name.Is(record.QueueDue) {
		if strings.Contains(string(body), valueMark) {
			w.violate(InvariantLeak, "a due notice carries a value: %s", body)
		}
		return nil
	}
	var page told
	if json.Unmarshal(body, &page) != nil {
		return nil
	}
	snapshots := false
	for _, c := range page.Changes {
		refs = append(refs, c.Ref)
		w.accepted++
		w.resend(c.Ref)
		snapshots = snapshots || c.Snapshot != nil
	}
	if !snapshots && strings.Contains(string(body), valueMark) {
		w.violate(InvariantLeak, "a hint carries a value: %s", body)
	}
	return refs
}

// resend notes that the running handler sent a change of a record on, or kept it in the state.
func (w *world) resend(ref record.Ref) {
	t := w.current
	if t == nil {
		return
	}
	if t.resent == nil {
		t.resent = map[record.Ref]bool{}
	}
	t.resent[ref] = true
}

// told is what the oracle reads of a message of changes: which records it speaks of, and whether it carries any.
type told struct {
	Changes []struct {
		record.Ref
		Snapshot *struct{} `json:"snapshot"`
	} `json:"changes"`
}

// deadLettered is told of each message set aside: that is the outcome of all it speaks of.
func (w *world) deadLettered(l *letter) {
	if !l.answered {
		w.ended += len(l.refs)
	}
}

// answered is told of each message that a run acknowledged: the run must have said what became of every record in it, and
// what it put off it must have queued again. A message acknowledged twice counts once.
func (w *world) answered(t *task, l *letter) {
	if w.naive {
		return
	}
	for _, ref := range l.refs {
		switch said := t.said[ref]; {
		case said == "":
			w.violate(InvariantBalance, "a change record of %s is acknowledged, and nobody said what became of it", ref)
		case said == pipeline.EventPostponed && !t.resent[ref]:
			w.violate(InvariantBalance, "a change record of %s is put off and was not queued again", ref)
		}
	}
	if !l.answered {
		l.answered = true
		w.ended += len(l.refs)
	}
}

// observe is told what the handlers say of themselves.
func (w *world) observe(e pipeline.Event) {
	if w.current != nil && w.current.dead {
		return
	}
	if e.Err != nil && strings.Contains(e.Err.Error(), valueMark) {
		w.violate(InvariantLeak, "an error carries a value: %v", e.Err)
	}
	switch e.Kind {
	case pipeline.EventDecision, pipeline.EventDeadLetter, pipeline.EventPostponed, pipeline.EventEnded:
		if t := w.current; t != nil {
			if t.said == nil {
				t.said = map[record.Ref]pipeline.EventKind{}
			}
			t.said[e.Ref] = e.Kind
			if e.Outcome == resolve.Postponed {
				t.said[e.Ref] = pipeline.EventPostponed
			}
		}
		for _, c := range e.Changes {
			n := numberOf(c.New)
			if n == 0 || n >= len(w.truth.edits) {
				continue
			}
			edit := w.truth.edits[n]
			if edit.decided.IsZero() {
				edit.decided = w.now
			}
			if edit.told.IsZero() && edit.ref == e.Ref {
				edit.told = w.now
			}
		}
		w.held = w.held || e.Outcome == resolve.ParkedWork
	}
	if w.story != nil {
		w.say("    %s %s: %s %s %s %s %v %v", e.Kind, w.current.name, e.Ref, e.Outcome, e.Reason, e.Operation, e.Fields, changesInWords(e.Changes))
	}
}

func changesInWords(changes []resolve.FieldChange) string {
	var b strings.Builder
	for _, c := range changes {
		b.WriteString(string(c.Field) + " " + c.Old + "->" + c.New + " " + string(c.Reason) + "; ")
	}
	return b.String()
}

func mustDecode(body []byte, into any) {
	if err := json.Unmarshal(body, into); err != nil {
		panic("simtest: a row is not JSON: " + err.Error())
	}
}

package simtest

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

var _ queue.Sender = mail{}

// mail is the queues as handlers meet them. hook, if set, may hold messages back: a seeded bug.
type mail struct {
	w    *world
	hook func(queue.Name, []queue.Message) bool
}

// Send implements queue.Sender.
func (m mail) Send(_ context.Context, name queue.Name, messages []queue.Message) error {
	f := m.w.point(pointSend)
	if f == fateDead || f == fateNot {
		return failed("send")
	}
	if m.hook != nil && m.hook(name, messages) {
		return nil
	}
	if f == fatePart {
		messages = messages[:m.w.rng.IntN(len(messages))]
	}
	m.w.post.put(name, messages)
	return m.w.took(f, "send", nil)
}

// receivesMax is how often a message is received before it is a dead letter, as infra's queues have it.
const receivesMax = 5

// post is the queues themselves, with every guarantee broken that a standard queue does not give: messages come in any
// order, twice, and while an earlier delivery is still being worked on.
type post struct {
	w     *world
	boxes map[queue.Name]*box
	names []queue.Name
	// serve begins a handler's run on a batch; done takes the ids that failed.
	serve  func(name queue.Name, batch []queue.Delivery, done func(failed []string)) *task
	serial int
	dead   []queue.Name
}

type box struct {
	letters []*letter
	running int
}

type letter struct {
	id      string
	body    []byte
	visible time.Time
	count   int
	refs    []record.Ref // of the change records in it
	// answered: a run acknowledged it, though the acknowledgement may have been lost.
	answered bool
}

func (p *post) box(name queue.Name) *box {
	b := p.boxes[name]
	if b == nil {
		b = &box{}
		p.boxes[name] = b
		p.names = append(p.names, name)
	}
	return b
}

func (p *post) put(name queue.Name, messages []queue.Message) {
	b := p.box(name)
	for _, m := range messages {
		p.serial++
		b.letters = append(b.letters, &letter{id: strconv.Itoa(p.serial), body: m.Body, visible: p.w.now.Add(m.Delay), refs: p.w.sent(name, m.Body)})
		p.poke(name, m.Delay)
	}
}

// poke has the queue looked at after a delay and a little, so that batches form.
func (p *post) poke(name queue.Name, after time.Duration) {
	p.w.after(after+p.w.between(time.Millisecond, time.Second), func() { p.dispatch(name) })
}

// dispatch begins a run of the queue's handler, if there is a message and a free one.
func (p *post) dispatch(name queue.Name) {
	b := p.box(name)
	limits := p.w.limitsOf(name)
	if b.running >= limits.Concurrency {
		return // it is looked at again when a run ends
	}
	var ready []*letter
	for _, l := range b.letters {
		if !l.visible.After(p.w.now) {
			ready = append(ready, l)
		}
	}
	if len(ready) == 0 {
		return
	}
	p.w.rng.Shuffle(len(ready), func(i, j int) { ready[i], ready[j] = ready[j], ready[i] })
	var batch []queue.Delivery
	for _, l := range ready {
		if len(batch) == limits.Batch {
			break
		}
		if l.count++; l.count > receivesMax {
			b.drop(l)
			p.dead = append(p.dead, name)
			p.w.deadLettered(l)
			continue
		}
		hidden := visibilityAfter
		if p.w.stormy && p.w.chance(p.w.history.Weather.Redelivered) {
			p.w.faults++
			hidden = p.w.between(50*time.Millisecond, 3*time.Second)
			l.count-- // the queue's own doing is not the message's fault
		}
		l.visible = p.w.now.Add(hidden)
		p.poke(name, hidden)
		batch = append(batch, queue.Delivery{ID: l.id, Body: l.body, Count: l.count, SentAt: p.w.now})
	}
	if len(batch) == 0 {
		return
	}
	b.running++
	var t *task
	ended := false
	end := func() {
		if !ended {
			ended = true
			b.running--
			p.poke(name, 0)
		}
	}
	t = p.serve(name, batch, func(bad []string) {
		for _, d := range batch {
			if !slices.Contains(bad, d.ID) {
				p.acknowledged(b, d.ID, t)
			}
		}
		end()
	})
	t.buried = end
}

// acknowledged takes a message off its queue, unless its acknowledgement is lost: then it comes again.
func (p *post) acknowledged(b *box, id string, t *task) {
	i := slices.IndexFunc(b.letters, func(l *letter) bool { return l.id == id })
	if i < 0 {
		return // another delivery of it was
	}
	p.w.answered(t, b.letters[i])
	if p.w.stormy && p.w.chance(p.w.history.Weather.AckLost) {
		p.w.faults++
		return
	}
	b.letters = slices.Delete(b.letters, i, i+1)
}

func (b *box) drop(l *letter) {
	b.letters = slices.DeleteFunc(b.letters, func(other *letter) bool { return other == l })
}

// waiting counts messages in all queues.
func (p *post) waiting() int {
	total := 0
	for _, name := range p.names {
		total += len(p.boxes[name].letters)
	}
	return total
}

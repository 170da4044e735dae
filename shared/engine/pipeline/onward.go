package pipeline

import (
	"context"
	"encoding/json"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// This file is the one place where messages are made, be it the same again or one that another leads to: whatever a message
// must not lose on its way is handed on here.

// hopsMax bounds a chain of messages, each sent by the handler of the one before: a change that is put off once more, or a
// hint that it leads to, is kept in the state then until a sweep sends it, which begins a new chain; a due notice is not
// sent, for the sweep finds what is due. So two handlers that keep giving each other work do so once a sweep, not for ever.
//
// Lambda counts such chains too, by function, and ends one after about 16 invocations, unless a function is set to
// RecursiveLoop: Allow (docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html, read 2026-12-01). Ours are, for reasons
// that infra tells; a chain of ours passes that guard all the same.
const hopsMax = 12

// trail is what a message hands on to those that it leads to.
type trail struct {
	change string
	seenAt time.Time
	lane   record.Lane
	hops   int
}

func trailOf(c record.Change) trail { return trail{c.ID, c.SeenAt, c.Lane, c.Hops} }

func trailOfNotice(n record.DueNotice) trail { return trail{n.ChangeID, n.SeenAt, n.Lane, n.Hops} }

// outgoing collects what a handler sends and keeps, and does it all at once.
type outgoing struct {
	names    []queue.Name
	messages map[queue.Name][]queue.Message
	marks    []controltable.OpenMark
	kept     []controltable.Kept
}

func (o *outgoing) add(name queue.Name, m queue.Message) {
	if o.messages == nil {
		o.messages = map[queue.Name][]queue.Message{}
	}
	if _, ok := o.messages[name]; !ok {
		o.names = append(o.names, name)
	}
	o.messages[name] = append(o.messages[name], m)
}

// send does what was collected: marks first, so that no message comes before the mark that it bears. An error means that
// some is done and some not: the messages that led here come again.
func (o *outgoing) send(ctx context.Context, s *Shell) error {
	for _, m := range o.marks {
		if err := controltable.SetMark(ctx, s.Store, m.Mark, m.Until); err != nil {
			return err
		}
	}
	for _, k := range o.kept {
		if err := controltable.Keep(ctx, s.Store, k); err != nil {
			return err
		}
	}
	for _, name := range o.names {
		if err := s.Queue.Send(ctx, name, o.messages[name]); err != nil {
			return err
		}
	}
	return nil
}

// renewed reports whether a mark is set once more, so that it outlives the message that bore it.
func (o *outgoing) renewed(m record.Mark) bool {
	for _, open := range o.marks {
		if open.Mark == m {
			return true
		}
	}
	return false
}

// again sends a change that was accepted before once more, at a time or soon after, with the marks of the first loads that it
// is of. What waits longer than a message can be held back is kept in the state, and so is what has come too far.
func (s *Shell) again(out *outgoing, c record.Change, marks []record.Mark, at time.Time) {
	for _, m := range marks {
		out.marks = append(out.marks, controltable.OpenMark{Mark: m, Until: at})
	}
	if at.Sub(s.Now()) >= queue.DelayMax || c.Hops >= hopsMax {
		s.keep(out, c, marks, at)
		return
	}
	c.Hops++
	s.sendPage(out, record.Page{Marks: marks, Changes: []record.Change{c}}, delayUntil(at, s.Now()))
}

// keep keeps a change in the state until a sweep after a time.
func (s *Shell) keep(out *outgoing, c record.Change, marks []record.Mark, at time.Time) {
	out.kept = append(out.kept, controltable.Kept{Change: c, Marks: marks, NotBefore: at, Since: s.Now()})
}

// hint sends a new change record, which another message led to: it is accepted like one that came from outside.
func (s *Shell) hint(out *outgoing, from trail, c record.Change) {
	if c.ID == "" {
		c.ID = from.change
	}
	if c.SeenAt.IsZero() {
		c.SeenAt = s.Now()
	}
	c.Lane, c.Hops = from.lane, from.hops
	s.tell(Event{Kind: EventAccepted, Ref: c.Ref, Source: c.Source, Change: c.ID, Count: 1})
	s.again(out, c, nil, s.Now())
}

func (s *Shell) hints(out *outgoing, from trail, hints []record.Change) {
	for _, h := range hints {
		s.hint(out, from, h)
	}
}

// sendPage queues change records on the lane of the first.
func (s *Shell) sendPage(out *outgoing, page record.Page, delay time.Duration) {
	body, err := json.Marshal(page)
	if err != nil {
		panic("a change record does not marshal: " + err.Error()) // without its snapshot it holds texts and times alone
	}
	out.add(LaneOf(page.Changes[0]), queue.Message{Body: body, Delay: delay})
}

// LaneOf names the queue that a change travels by.
func LaneOf(c record.Change) queue.Name {
	if c.Lane == record.LaneBackfill {
		return record.QueueOf(record.QueueBackfill, c.Connection)
	}
	return record.QueueOf(record.QueueChanges, c.Connection)
}

// notice gives the due notice that a message leads to.
func (t trail) notice(group record.Group, entity record.EntityID, place record.Place) record.DueNotice {
	return record.DueNotice{Group: group, Entity: entity, Place: place, ChangeID: t.change, SeenAt: t.seenAt, Lane: t.lane, Hops: t.hops}
}

// sendNotice queues a due notice for a time, one hop further than it is. Past hopsMax it is left to the sweep.
func (s *Shell) sendNotice(out *outgoing, n record.DueNotice, at time.Time) {
	if n.Hops >= hopsMax {
		return
	}
	n.Hops++
	body, err := json.Marshal(n)
	if err != nil {
		panic("a due notice does not marshal: " + err.Error())
	}
	out.add(record.QueueOf(record.QueueDue, n.Place.Connection), queue.Message{Body: body, Delay: delayUntil(at, s.Now())})
}

// delayUntil gives a message's delay, 0 to queue.DelayMax.
func delayUntil(at, now time.Time) time.Duration {
	return min(max(at.Sub(now), 0), queue.DelayMax)
}

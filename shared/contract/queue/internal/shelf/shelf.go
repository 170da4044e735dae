// Package shelf schedules the messages of one queue: which are visible, in flight or delayed at an instant. It owns no
// clock, no lock and no durability; memqueue and boltqueue do. Every operation takes O(log n) a message, so a first
// load may leave hundreds of thousands waiting.
package shelf

import (
	"container/heap"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
)

// ReceivesDefault is how often a message is received before it is a dead letter, as infra's queues have it.
const ReceivesDefault = 5

// Message is one message and where it stands. Only Shelf changes it after Add.
type Message struct {
	Serial  uint64 // unique within all queues of one implementation; the message's ID
	Body    []byte // nil where the body is kept elsewhere
	SentAt  time.Time
	FirstAt time.Time // zero before it is first received
	Count   int

	visibleAt time.Time
	inFlight  bool
	delivery  uint64 // number of its newest delivery, 0 for none
	in        *pile
	index     int // in its pile
}

// ID gives the message's ID.
func (m *Message) ID() string { return strconv.FormatUint(m.Serial, 10) }

// Delivery gives the message as its receiver sees it.
func (m *Message) Delivery(body []byte) queue.Delivery {
	return queue.Delivery{ID: m.ID(), Handle: m.ID() + "/" + strconv.FormatUint(m.delivery, 10), Body: body, Count: m.Count, SentAt: m.SentAt,
		FirstAt: m.FirstAt}
}

// Shelf holds the messages of one queue. Its zero value is empty and ready. Not safe for concurrent use.
type Shelf struct {
	visible, hidden pile
	inFlight        int // how many of hidden are
	bySerial        map[uint64]*Message
	deliveries      uint64
}

// Add puts a message on the shelf, hidden until visibleAt.
func (s *Shelf) Add(m *Message, visibleAt time.Time) {
	if s.bySerial == nil {
		s.bySerial = map[uint64]*Message{}
	}
	s.bySerial[m.Serial] = m
	m.visibleAt, m.inFlight, m.delivery = visibleAt, false, 0
	s.hidden.push(m)
}

// Take gives up to limit visible messages, those visible longest first, each counted as received at now and hidden
// until the given time, and those that were received receivesMax times already, which it removes: they are dead.
// receivesMax 0 means no limit. Dead messages do not count towards limit.
func (s *Shelf) Take(now, until time.Time, limit, receivesMax int) (taken, dead []*Message) {
	s.uncover(now)
	for len(taken) < limit && s.visible.Len() > 0 {
		m := s.visible.first()
		s.visible.remove(m)
		if receivesMax > 0 && m.Count >= receivesMax {
			delete(s.bySerial, m.Serial)
			dead = append(dead, m)
			continue
		}
		s.deliveries++
		m.delivery = s.deliveries
		m.Count++
		if m.FirstAt.IsZero() {
			m.FirstAt = now
		}
		taken = append(taken, m)
	}
	// Hidden only now: until may be now itself, and one call gives a message once.
	for _, m := range taken {
		s.hide(m, until)
	}
	return taken, dead
}

// Find gives the message that a handle names, nil if it is gone or was delivered again since.
func (s *Shelf) Find(handle string) *Message {
	id, delivery, _ := strings.Cut(handle, "/")
	serial, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return nil
	}
	m := s.bySerial[serial]
	if m == nil || m.delivery == 0 || strconv.FormatUint(m.delivery, 10) != delivery {
		return nil
	}
	return m
}

// Remove takes a message off the shelf. Removing it twice does nothing.
func (s *Shelf) Remove(m *Message) {
	if s.bySerial[m.Serial] != m {
		return
	}
	delete(s.bySerial, m.Serial)
	s.leave(m)
}

// Hide makes a delivered message visible at until. Its handle stays good until it is delivered again.
func (s *Shelf) Hide(m *Message, until time.Time) {
	s.leave(m)
	s.hide(m, until)
}

// Depth counts at an instant.
func (s *Shelf) Depth(now time.Time) queue.Depth {
	s.uncover(now)
	return queue.Depth{Visible: s.visible.Len(), InFlight: s.inFlight, Delayed: s.hidden.Len() - s.inFlight}
}

// uncover moves what became visible by now.
func (s *Shelf) uncover(now time.Time) {
	for s.hidden.Len() > 0 {
		m := s.hidden.first()
		if m.visibleAt.After(now) {
			return
		}
		s.leave(m)
		s.visible.push(m)
	}
}

// hide puts a delivered message that is in no pile among the hidden.
func (s *Shelf) hide(m *Message, until time.Time) {
	m.visibleAt, m.inFlight = until, true
	s.inFlight++
	s.hidden.push(m)
}

// leave takes a message out of its pile.
func (s *Shelf) leave(m *Message) {
	m.in.remove(m)
	if m.inFlight {
		m.inFlight = false
		s.inFlight--
	}
}

// pile is a heap of messages by when they become visible, then by serial, so that runs repeat exactly.
type pile struct{ messages []*Message }

func (p *pile) first() *Message { return p.messages[0] }

func (p *pile) push(m *Message) {
	m.in = p
	heap.Push(p, m)
}

func (p *pile) remove(m *Message) { heap.Remove(p, m.index) }

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (p *pile) Len() int { return len(p.messages) }

func (p *pile) Less(i, j int) bool {
	a, b := p.messages[i], p.messages[j]
	if !a.visibleAt.Equal(b.visibleAt) {
		return a.visibleAt.Before(b.visibleAt)
	}
	return a.Serial < b.Serial
}

func (p *pile) Swap(i, j int) {
	p.messages[i], p.messages[j] = p.messages[j], p.messages[i]
	p.messages[i].index, p.messages[j].index = i, j
}

func (p *pile) Push(x any) {
	m := x.(*Message)
	m.index = len(p.messages)
	p.messages = append(p.messages, m)
}

func (p *pile) Pop() any {
	last := len(p.messages) - 1
	m := p.messages[last]
	p.messages[last] = nil
	p.messages = p.messages[:last]
	return m
}

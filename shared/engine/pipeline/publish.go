package pipeline

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// publish sends what a committed decision asks for: hints, due notices, waiters and wake-ups. It is called for every
// outcome, no-op included, so that a redelivery heals what a crash after the commit left unsaid.
// written is the place that was just written to, if any: what is left there comes again, whatever its schedule.
func (s *Shell) publish(ctx context.Context, view *resolve.View, group record.Group, d resolve.Decision, from trail, written record.Place, out *outgoing) error {
	s.hints(out, from, d.Hints)
	if err := s.publishDue(ctx, view, group, d, from, written, out); err != nil {
		return err
	}
	return s.wakeChildren(ctx, group, d, from, out)
}

// publishDue sends a notice for each place that can be written now, and notes who waits for whom.
func (s *Shell) publishDue(ctx context.Context, view *resolve.View, group record.Group, d resolve.Decision, from trail, written record.Place, out *outgoing) error {
	for _, due := range d.Due {
		now := due.RealTime || due.Place == written
		notice := from.notice(group, d.Entity, due.Place)
		switch due.Blocked {
		case "":
			if now {
				s.sendNotice(out, notice, s.Now())
			}
		case record.ReasonNotBefore:
			if now {
				s.sendNotice(out, notice, due.NotBefore)
			}
		case record.ReasonWaitsForParent:
			if err := s.wait(ctx, view, notice, due.Waits, out); err != nil {
				return err
			}
		}
	}
	return nil
}

func waiterPartition(group record.Group, parent record.EntityID, c record.Connection) string {
	return "waiter#" + string(group) + "#" + string(parent) + "#" + string(c)
}

// waiterLife is how long a wait is remembered; the sweep finds older ones.
const waiterLife = 30 * 24 * time.Hour

// wait notes a child under each parent it waits for, then reads the parents again: one that got its link meanwhile
// wakes the child at once.
func (s *Shell) wait(ctx context.Context, view *resolve.View, n record.DueNotice, parents []record.EntityID, out *outgoing) error {
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	for _, parent := range parents {
		key := store.Key{Table: store.Control, Partition: waiterPartition(n.Group, parent, n.Place.Connection), Sort: string(n.Entity) + "#" + n.Place.String()}
		if err := s.Store.Commit(ctx, []store.Write{{Key: key, Expect: store.Any, Body: body, ExpiresAt: s.Now().Add(waiterLife)}}); err != nil {
			return err
		}
		delete(view.Entities, resolve.EntityKey{Group: n.Group, ID: parent})
	}
	again, err := s.decide(ctx, view, resolve.Observation{Group: n.Group, Wake: n.Entity})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(again.Due, func(d resolve.Due) bool { return d.Place == n.Place })
	if i >= 0 && again.Due[i].Blocked == "" {
		s.sendNotice(out, n, s.Now())
	}
	return nil
}

// wakeChildren sends the notices of those who wait for a link that this decision wrote.
func (s *Shell) wakeChildren(ctx context.Context, group record.Group, d resolve.Decision, from trail, out *outgoing) error {
	for _, link := range d.Patch.Links {
		if link.State != resolve.LinkLive || !s.isParent(group, link.Place) {
			continue
		}
		rows, err := s.Store.Query(ctx, store.Query{Table: store.Control, Partition: waiterPartition(group, d.Entity, link.Place.Connection), Limit: waitersMax})
		if err != nil {
			return err
		}
		for _, row := range rows {
			var n record.DueNotice
			if json.Unmarshal(row.Body, &n) != nil {
				continue
			}
			// The child's own decision notes it again if it still waits. A child woken twice is due once.
			n.Deferrals, n.Hops = 0, from.hops
			s.sendNotice(out, n, s.Now())
			if err := s.Store.Commit(ctx, []store.Write{{Key: row.Key, Expect: row.Rev, Delete: true}}); err != nil && !fault.Is(err, fault.Stale) {
				return err
			}
		}
	}
	return nil
}

// isParent reports whether any reference names records at a place.
func (s *Shell) isParent(group record.Group, place record.Place) bool {
	g, ok := s.Rules.Group(group)
	if !ok {
		return false
	}
	for i := range g.Mappings {
		if g.Mappings[i].Spoke.Connection != place.Connection {
			continue
		}
		for _, p := range g.Mappings[i].Pairs {
			if p.Reference != nil && p.Reference.Object == place.Object {
				return true
			}
		}
	}
	return false
}

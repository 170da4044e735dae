package pipeline

import (
	"context"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	keptPageRows = 500
	// wakesMax is how many kept changes of a connection one sweep sends. A platform that is down for a week has more, and each
	// wake of them finds that it still is; one that is up again takes them sweep by sweep.
	wakesMax = 10_000
)

// wake sends the changes that are kept of a connection and whose time has come, each as the beginning of a new chain. What is
// kept of a paused connection stays until it goes on, unless it left the configuration, so that nobody will make it go on.
// Sent twice, they are harmless.
func (s *Sweeper) wake(ctx context.Context, c record.Connection, total *Sweep) error {
	_, paused, err := controltable.Paused(ctx, s.Store, c)
	if err != nil || paused && s.takesPart(c) {
		return err
	}
	after, woken := "", 0
	for range sweepPagesMax {
		page, next, err := controltable.KeptOf(ctx, s.Store, c, after, keptPageRows)
		if err != nil {
			return err
		}
		var out outgoing
		var sent []controltable.Kept
		for _, k := range page {
			if k.NotBefore.After(s.Now()) || woken == wakesMax {
				total.Kept++
				continue
			}
			woken++
			k.Change.Hops = 0 // a schedule called us: nobody's message did
			s.again(&out, k.Change, k.Marks, s.Now())
			sent = append(sent, k)
		}
		if err := out.send(ctx, &s.Shell); err != nil {
			return err
		}
		for _, k := range sent {
			if err := k.Sent(ctx, s.Store); err != nil {
				return err
			}
		}
		if after = next; next == "" {
			break
		}
	}
	total.Woken += woken
	return nil
}

// wakeAll wakes what is kept of a connection, or of every one that takes part if c is "".
func (s *Sweeper) wakeAll(ctx context.Context, c record.Connection, total *Sweep) error {
	for _, declared := range s.Rules.Connections {
		if c != "" && declared.Name != c {
			continue
		}
		if err := s.wake(ctx, declared.Name, total); err != nil {
			return err
		}
	}
	return nil
}

// takesPart reports whether any mapping names an object of a connection.
func (s *Shell) takesPart(c record.Connection) bool {
	return slices.ContainsFunc(s.Rules.Places(), func(p record.Place) bool { return p.Connection == c })
}

package pipeline

import (
	"context"

	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// circumstances tells the view what holds for all entities: which first loads are over, and which limits of spread are
// reached.
func (s *Shell) circumstances(ctx context.Context, view *resolve.View) error {
	if err := s.firstLoads(ctx, view); err != nil {
		return err
	}
	if err := s.loadRuns(ctx, view); err != nil {
		return err
	}
	return s.loadSpread(ctx, view)
}

// firstLoads tells the view which first loads are over. A load never begins again, so what is known stays known.
func (s *Shell) firstLoads(ctx context.Context, view *resolve.View) error {
	var unknown []record.Place
	for _, place := range s.Rules.Places() {
		if s.Memory != nil && s.Memory.loaded[place] {
			view.Loaded[place] = true
		} else {
			unknown = append(unknown, place)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	progress, err := controltable.LoadProgress(ctx, s.Store, unknown)
	if err != nil {
		return err
	}
	for place, p := range progress {
		if p.Phase != controltable.PhaseDone {
			continue
		}
		view.Loaded[place] = true
		if s.Memory != nil {
			s.Memory.loaded[place] = true
		}
	}
	return nil
}

func (s *Shell) pause(ctx context.Context, c record.Connection, cause error) error {
	if err := controltable.SetPause(ctx, s.Store, c, controltable.Pause{Reason: controltable.PausedUnauthorized, Since: s.Now()}); err != nil {
		return err
	}
	s.tell(Event{Kind: EventPaused, Ref: record.Ref{Place: record.Place{Connection: c}}, Reason: record.ReasonUnauthorized, Err: cause})
	return nil
}

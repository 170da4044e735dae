package pipeline

import (
	"context"
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// scheduled is a mapping that writes to its spoke in runs.
type scheduled struct {
	key     resolve.RunKey
	mapping *ruleset.Mapping
}

func (s scheduled) name() string { return controltable.RunName(s.key.Group, s.key.Place) }

// scheduledAt lists the mappings that write to a connection in runs; of every connection for "".
func (s *Shell) scheduledAt(connection record.Connection) []scheduled {
	var out []scheduled
	for i := range s.Rules.Groups {
		g := &s.Rules.Groups[i]
		for j := range g.Mappings {
			m := &g.Mappings[j]
			if !m.ToSpoke.RealTime && (connection == "" || m.Spoke.Connection == connection) {
				out = append(out, scheduled{resolve.RunKey{Group: g.Name, Place: m.Spoke}, m})
			}
		}
	}
	return out
}

func connectionsOf(all []scheduled) []record.Connection {
	var out []record.Connection
	for _, x := range all {
		if !slices.Contains(out, x.key.Place.Connection) {
			out = append(out, x.key.Place.Connection)
		}
	}
	return out
}

// loadRuns tells the view when the last run of each mapping began.
func (s *Shell) loadRuns(ctx context.Context, view *resolve.View) error {
	all := s.scheduledAt("")
	if len(all) == 0 {
		return nil
	}
	runs, err := controltable.LoadRuns(ctx, s.Store, connectionsOf(all))
	if err != nil {
		return err
	}
	for _, x := range all {
		if began, ok := runs[x.key.Place.Connection][x.name()]; ok {
			view.Runs[x.key] = began
		}
	}
	return nil
}

// beginRuns begins the runs of a connection that have come with this sweep, each mapping's by its own period and hours.
func (s *Sweeper) beginRuns(ctx context.Context, connection record.Connection) error {
	all := s.scheduledAt(connection)
	if len(all) == 0 {
		return nil
	}
	known, err := controltable.LoadRuns(ctx, s.Store, connectionsOf(all))
	if err != nil {
		return err
	}
	for _, c := range connectionsOf(all) {
		runs := maps.Clone(known[c])
		if runs == nil {
			runs = controltable.Runs{}
		}
		begun := false
		for _, x := range all {
			if x.key.Place.Connection == c && x.mapping.Runs(runs[x.name()], s.Now()) {
				runs[x.name()], begun = s.Now(), true
			}
		}
		if !begun {
			continue
		}
		if err := controltable.SaveRuns(ctx, s.Store, c, runs); err != nil {
			return err
		}
	}
	return nil
}

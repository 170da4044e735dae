// Package deciding assembles what decides: resolver, writer, sweeper and verifier. It is apart from package boot
// because it links the transforms, whose phone tables cost a function most of its start.
package deciding

import (
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// Shell gives the pipeline's common parts. Each handler gets its own: they remember which first loads are over.
func Shell(s *boot.System, observe func(pipeline.Event)) pipeline.Shell {
	abilities := map[record.Place]pipeline.Ability{}
	for _, place := range s.Rules.Places() {
		a := s.Ability(place)
		abilities[place] = pipeline.Ability{ReadMax: a.ReadMax, FindMax: a.Finds(), WriteMax: a.WriteMax, StampCovers: a.StampCovers,
			Find: a.Find}
	}
	return pipeline.Shell{Store: s.Store, Queue: s.Queue, Connectors: s.Connector, Rules: s.Rules, Now: s.Now,
		Observe: counted(s.Meter, observe), Memory: pipeline.NewMemory(),
		Ability: func(p record.Place) pipeline.Ability { return abilities[p] }}
}

// Resolver assembles a resolver.
func Resolver(s *boot.System, observe func(pipeline.Event)) *pipeline.Resolver {
	return &pipeline.Resolver{Shell: Shell(s, observe)}
}

// Writer assembles a writer.
func Writer(s *boot.System, observe func(pipeline.Event)) *pipeline.Writer {
	return &pipeline.Writer{Shell: Shell(s, observe)}
}

// Sweeper assembles a sweeper.
func Sweeper(s *boot.System, observe func(pipeline.Event)) *pipeline.Sweeper {
	return &pipeline.Sweeper{Shell: Shell(s, observe)}
}

// Verifier assembles a verifier.
func Verifier(s *boot.System) *pipeline.Verifier {
	return &pipeline.Verifier{Shell: Shell(s, nil)}
}

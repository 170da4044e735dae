package simtest

import (
	"github.com/fluxcascade/fluxcascade/shared/catalog"
	"github.com/fluxcascade/fluxcascade/shared/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/platform"
)

// Bug is one way to break the system.
type Bug struct {
	Name                             string
	payload, acknowledges, sweepless bool
	connector                        func(*world, *account) platform.Connector
	ability                          func(*catalog.Ability)
	shell                            func(*world, *pipeline.Shell)
}

func (b *Bug) install(w *world, s *pipeline.Shell) {
	if b.shell != nil {
		b.shell(w, s)
	}
}

func newNaive(w *world) engine { return newProduction(w) }

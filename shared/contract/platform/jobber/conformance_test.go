package jobber_test

import (
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest/benches"
)

func TestConformance(t *testing.T) { platformtest.Test(t, benches.Jobber()) }

func FuzzWebhooks(f *testing.F) { platformtest.FuzzWebhooks(f, benches.Jobber()) }

func FuzzAnswers(f *testing.F) { platformtest.FuzzAnswers(f, benches.Jobber()) }

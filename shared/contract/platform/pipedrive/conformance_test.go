package pipedrive_test

import (
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest/benches"
)

func TestConformance(t *testing.T) { platformtest.Test(t, benches.Pipedrive()) }

func FuzzWebhooks(f *testing.F) { platformtest.FuzzWebhooks(f, benches.Pipedrive()) }

func FuzzAnswers(f *testing.F) { platformtest.FuzzAnswers(f, benches.Pipedrive()) }

package hubspot_test

import (
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest/benches"
)

func TestConformance(t *testing.T) { platformtest.Test(t, benches.HubSpot()) }

func FuzzWebhooks(f *testing.F) { platformtest.FuzzWebhooks(f, benches.HubSpot()) }

func FuzzAnswers(f *testing.F) { platformtest.FuzzAnswers(f, benches.HubSpot()) }

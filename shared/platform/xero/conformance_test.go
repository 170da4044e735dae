package xero_test

import (
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/platform/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/platform/platformtest/benches"
)

func TestConformance(t *testing.T) { platformtest.Test(t, benches.Xero()) }

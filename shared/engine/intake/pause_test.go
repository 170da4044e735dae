package intake_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/intake"
	"github.com/fluxcascade/fluxcascade/shared/engine/meter"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// TestAPollCountsWhoStoppedTheConnection: the alarm is on what ended by itself, and ends with it; a person's pause is shown.
func TestAPollCountsWhoStoppedTheConnection(t *testing.T) {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	place := record.Place{Connection: "jobber", Object: "clients"}
	for name, c := range map[string]struct {
		pause        *controltable.Pause
		lacks, holds string
	}{
		"nobody, and the poll fails": {nil, `"unauthorised":`, ``},
		"the platform":               {&controltable.Pause{Reason: controltable.PausedUnauthorized, Since: now}, `"paused":`, `"unauthorised":1`},
		"a person": {&controltable.Pause{Reason: controltable.PausedByOperator, Since: now, By: "ann"}, `"unauthorised":1`,
			`"paused":1,"stack":"s","unauthorised":0`},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			s := memstore.New()
			if c.pause != nil {
				if err := controltable.SetPause(t.Context(), s, place.Connection, *c.pause); err != nil {
					t.Fatal(err)
				}
			}
			m := &meter.Meter{Stack: "s", Function: "poller", Out: &out, Now: func() time.Time { return now }}
			p := &intake.Poller{Store: s, Rules: &ruleset.Rules{}, Now: m.Now, Meter: m,
				Connectors: func(record.Connection) (platform.Connector, error) { return nil, errors.New("not asked for") }}
			result, err := p.Run(t.Context(), place)
			if paused := c.pause != nil && c.pause.By != ""; result.Paused != paused || (err == nil) != paused {
				t.Errorf("got %+v, %v", result, err)
			}
			if err := m.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			if text := out.String(); strings.Contains(text, c.lacks) || !strings.Contains(text, c.holds) {
				t.Errorf("counted %s", text)
			}
		})
	}
}

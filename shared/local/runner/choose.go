package runner

import (
	"context"
	"fmt"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Chosen is a decision about money that the simulated run took for the file, which leaves it open.
type Chosen struct {
	Place record.Place
	Field record.PlatformField
	platform.Option
}

// String tells it to a person.
func (c Chosen) String() string {
	return fmt.Sprintf("%s %s: %s (%s)", c.Place, c.Field, c.Value, c.Label)
}

// choose takes the first entry of the simulated account's own list wherever the file says choose. A real account's decisions
// are its people's: there activate refuses until they are taken.
func (w *World) choose(ctx context.Context) error {
	values := map[record.Place]map[record.PlatformField]string{}
	for _, o := range w.Rules.Open() {
		if !o.Placeholder {
			continue
		}
		connector, err := w.System.Connector(o.Place.Connection)
		if err != nil {
			return err
		}
		choosing, ok := connector.(platform.Choosing)
		if !ok {
			continue
		}
		var found platform.Choices
		err = w.patiently(func() error {
			found, err = choosing.Choices(ctx, o.Place.Object, o.Field)
			return err
		})
		if err != nil {
			return fmt.Errorf("what %s can be at %s: %w", o.Field, o.Place, err)
		}
		if values[o.Place] == nil {
			values[o.Place] = map[record.PlatformField]string{}
		}
		values[o.Place][o.Field] = ""
		if len(found.Options) > 0 {
			values[o.Place][o.Field] = found.Options[0].Value
			w.Chosen = append(w.Chosen, Chosen{o.Place, o.Field, found.Options[0]})
		}
	}
	if len(values) > 0 {
		w.Rules = w.Rules.Decide(values)
		w.System.Rules = w.Rules
	}
	return nil
}

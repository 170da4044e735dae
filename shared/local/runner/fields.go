package runner

import (
	"context"
	"fmt"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// Unmade is a mapped field of an account's own that the simulated account has not, and that connect could not make either.
type Unmade struct {
	Place record.Place
	Field record.PlatformField
}

// String tells it to a person.
func (u Unmade) String() string {
	return fmt.Sprintf("%s has no field %s, and none can be made by its API: in a real account a person makes it", u.Place, u.Field)
}

// makeFields makes the fields of the accounts' own that the configuration maps, as connect does.
func (w *World) makeFields(ctx context.Context) error {
	for _, place := range w.Rules.Places() {
		connector, err := w.System.Connector(place.Connection)
		if err != nil {
			return err
		}
		o := w.described(place.Connection, place.Object)
		if o == nil {
			continue
		}
		var lacking []record.PlatformField
		err = w.patiently(func() error {
			lacking, err = boot.Lacking(ctx, connector, o, w.Rules.FieldsAt(place), w.Rules.MarkerAt(place))
			return err
		})
		if err != nil {
			return fmt.Errorf("look at the fields of %s: %w", place, err)
		}
		for _, name := range lacking {
			if err := w.makeField(ctx, connector, place, name); err != nil {
				return fmt.Errorf("make %s of %s: %w", name, place, err)
			}
		}
	}
	return nil
}

func (w *World) makeField(ctx context.Context, connector platform.Connector, place record.Place, name record.PlatformField) error {
	making, ok := connector.(platform.FieldMaking)
	if !ok {
		w.Unmade = append(w.Unmade, Unmade{place, name})
		return nil
	}
	err := w.patiently(func() error {
		_, err := making.MakeField(ctx, place.Object, platform.NewField{Name: name, Label: boot.LabelOf(name)})
		return err
	})
	if fault.Is(err, fault.Rejected) {
		w.Unmade = append(w.Unmade, Unmade{place, name})
		return nil
	}
	return err
}

// patiently makes a call again once the platform allows it.
func (w *World) patiently(call func() error) error {
	var err error
	for range prepareTries {
		if err = call(); !fault.Is(err, fault.RateLimited) {
			return err
		}
		w.Clock.Skip(fault.After(err, time.Second))
	}
	return err
}

package activation_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/activation"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// counting counts reads, and fails them on demand.
type counting struct {
	*memstore.Store
	reads  int
	broken bool
}

func (c *counting) Get(ctx context.Context, keys []store.Key) (map[store.Key]store.Row, error) {
	c.reads++
	if c.broken {
		return nil, fault.Newf(fault.Transient, "get", "no answer")
	}
	return c.Store.Get(ctx, keys)
}

func activate(t *testing.T, s store.Store, text string) {
	t.Helper()
	active, err := activation.Active(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := activation.Activate(context.Background(), s, active, activation.Text{Body: []byte(text)}, text, "", at); err != nil {
		t.Fatal(err)
	}
}

// TestAFunctionRunsWhatIsActiveAndTakesUpAnotherInTime follows one instance through an activation, a failing store and a
// text that it cannot load.
func TestAFunctionRunsWhatIsActiveAndTakesUpAnotherInTime(t *testing.T) {
	ctx, now := context.Background(), at
	s := &counting{Store: memstore.New()}
	f := &activation.Follower[func(context.Context, string) (string, error)]{Store: s, Now: func() time.Time { return now },
		Build: func(_ context.Context, v activation.Version, text activation.Text) (func(context.Context, string) (string, error), error) {
			if string(text.Body) == "bad" {
				return nil, errors.New("does not load")
			}
			return func(_ context.Context, event string) (string, error) { return string(text.Body) + ":" + event, nil }, nil
		}}
	handle := activation.Handler(f)
	step := func(what, want string, wantErr bool) {
		t.Helper()
		got, err := handle(ctx, "e")
		if got != want || (err != nil) != wantErr {
			t.Errorf("%s: got %q, %v; want %q, an error: %v", what, got, err, want, wantErr)
		}
	}
	step("nothing is active", "", false)
	activate(t, s, "one")
	step("the first is active: looked for at every call until there is one", "one:e", false)
	activate(t, s, "two")
	before := s.reads
	step("another is active, within the interval", "one:e", false)
	if s.reads != before {
		t.Errorf("%d reads within the interval, want none", s.reads-before)
	}
	now = now.Add(31 * time.Second)
	step("after the interval", "two:e", false)
	s.broken = true
	now = now.Add(31 * time.Second)
	step("the store does not answer: nothing is done under rules that may be old", "", true)
	s.broken = false
	step("it answers again", "two:e", false)
	activate(t, s, "bad")
	now = now.Add(31 * time.Second)
	step("one that this program cannot load", "", true)
	step("and at the next call too", "", true)
	activate(t, s, "three")
	step("a mended one", "three:e", false)
}

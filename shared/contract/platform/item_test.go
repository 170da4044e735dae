package platform_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

func TestSettleTellsACallsFailureFromAnItems(t *testing.T) {
	limited, refused := fault.Newf(fault.RateLimited, "write", "later"), fault.Newf(fault.Rejected, "write", "no such field")
	item := func(key string, fail func(*platform.Item)) *platform.Item {
		i := platform.NewItem(record.Intent{Key: key})
		fail(&i)
		return &i
	}
	whole := func(err error) func(*platform.Item) { return func(i *platform.Item) { i.FailWhole(err) } }
	alone := func(err error) func(*platform.Item) { return func(i *platform.Item) { i.Fail(err) } }
	none := func(*platform.Item) {}
	for name, c := range map[string]struct {
		first, second func(*platform.Item)
		want          error // of the call
	}{
		"the call was put off":                        {whole(limited), whole(limited), limited},
		"so it was, and the one is wrapped":           {whole(limited), whole(fmt.Errorf("not sent: %w", limited)), limited},
		"one item went through":                       {whole(limited), none, nil},
		"one item failed for its own sake":            {whole(limited), alone(limited), nil},
		"the call was refused for what an item holds": {whole(refused), whole(refused), nil},
		"two calls failed, each in its way":           {whole(limited), whole(fault.Newf(fault.Transient, "write", "down")), nil},
		"nothing failed":                              {none, none, nil},
	} {
		receipts, err := platform.Settle("vendor", []*platform.Item{item("1", c.first), item("2", c.second)})
		if !errors.Is(err, c.want) || (err == nil) != (len(receipts) == 2) {
			t.Errorf("%s: receipts %v, error %v, want error %v", name, receipts, err, c.want)
		}
	}
	if receipts, err := platform.Settle("vendor", []*platform.Item{}); len(receipts) != 0 || err != nil {
		t.Errorf("nothing asked: %v, %v", receipts, err)
	}
}

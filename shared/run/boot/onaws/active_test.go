package onaws

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/activation"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
	"github.com/fluxcascade/fluxcascade/shared/run/lambdaio"
)

// TestAFunctionRunsTheActiveConfigurationAndNothingBefore: what a function does is decided by the control row, whatever is
// packaged beside it.
func TestAFunctionRunsTheActiveConfigurationAndNothingBefore(t *testing.T) {
	ctx, s := context.Background(), memstore.New()
	text, err := os.ReadFile("../../../../infra/sync.yaml")
	if err != nil {
		t.Fatal(err)
	}
	handle := Active(&Function{store: s}, func(system *boot.System) func(context.Context, lambdaio.Scheduled) (int64, error) {
		return func(context.Context, lambdaio.Scheduled) (int64, error) {
			return system.Rules.Version*100 + int64(len(system.Rules.Connections)), nil
		}
	})
	if got, err := handle(ctx, lambdaio.Scheduled{}); err != nil || got != 0 {
		t.Errorf("nothing is active: got %d, %v; want the zero answer", got, err)
	}
	version, err := activation.Activate(ctx, s, activation.Version{}, activation.Text{Name: "sync.yaml", Body: text}, "d", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := handle(ctx, lambdaio.Scheduled{}); err != nil || got != 103 {
		t.Errorf("got %d, %v; want version 1 with its 3 connections", got, err)
	}
	if _, err := activation.Activate(ctx, s, version, activation.Text{Name: "sync.yaml", Body: []byte("version: 99\n")}, "d2", "",
		time.Now()); err != nil {
		t.Fatal(err)
	}
	other := Active(&Function{store: s}, func(*boot.System) func(context.Context, lambdaio.Scheduled) (int64, error) { return nil })
	if _, err := other(ctx, lambdaio.Scheduled{}); err == nil ||
		!strings.Contains(err.Error(), "configuration 2, which is active, does not load in this function") {
		t.Errorf("one that this program cannot read: got %v", err)
	}
}

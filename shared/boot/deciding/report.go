package deciding

import (
	"log/slog"
	"os"

	"github.com/fluxcascade/fluxcascade/shared/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/resolve"
)

// Report logs what a deciding function did, as JSON, without any field's value. No-ops say nothing: most changes are
// echoes, and log lines cost more than compute.
func Report() func(pipeline.Event) {
	logger := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	return func(e pipeline.Event) {
		if e.Kind == pipeline.EventDecision && (e.Outcome == resolve.Noop || e.Outcome == resolve.Superseded) {
			return
		}
		attributes := []any{"o", e.Outcome, "r", e.Reason, "ref", e.Ref.String(), "c", e.Change}
		if e.Err != nil {
			logger.Warn(string(e.Kind), append(attributes, "err", e.Err.Error())...)
			return
		}
		logger.Info(string(e.Kind), attributes...)
	}
}

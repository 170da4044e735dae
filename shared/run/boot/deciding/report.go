package deciding

import (
	"log/slog"
	"os"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/meter"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// Report logs, as JSON, what went wrong, one line a failure, without any field's value. What went well is on the meter's
// line of its batch, change by change, since a log line each would cost more than the compute.
func Report() func(pipeline.Event) {
	logger := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	return func(e pipeline.Event) {
		if e.Err == nil {
			return
		}
		logger.Warn(string(e.Kind), "outcome", e.Outcome, "reason", e.Reason, "record", e.Ref.String(), "change", e.Change, "error",
			e.Err.Error())
	}
}

// counted has a meter count every event before observe, which may be nil, is told.
func counted(m *meter.Meter, observe func(pipeline.Event)) func(pipeline.Event) {
	if m == nil {
		return observe
	}
	return func(e pipeline.Event) {
		count(m, e)
		if observe != nil {
			observe(e)
		}
	}
}

// count turns an event into numbers. Nothing of it but names, numbers and the change's id is passed on.
func count(m *meter.Meter, e pipeline.Event) {
	c := e.Ref.Connection
	switch e.Kind {
	case pipeline.EventAccepted:
		m.Add(config.MetricAccepted, c, e.Count)
	case pipeline.EventEnded:
		ended(m, e)
	case pipeline.EventFailed:
		m.Add(config.MetricRetries, c, e.Count)
	case pipeline.EventMalformed:
		m.Add(config.MetricMalformed, c, 1)
	case pipeline.EventPostponed:
		if e.Reason == record.ReasonRateLimited || fault.Is(e.Err, fault.RateLimited) {
			m.Add(config.MetricRateLimited, c, 1)
			return
		}
		m.Add(config.MetricPostponed, c, 1)
	case pipeline.EventDeadLetter:
		if e.Source == record.SourceWriter {
			m.Add(config.MetricRefused, c, 1)
			m.Did(c, "refused", e.Change)
			return
		}
		m.Add(config.MetricDeadLettered, c, 1)
		m.Did(c, "dead_lettered", e.Change)
	case pipeline.EventHeld:
		m.Held(c, e.Group)
		m.Did(c, "held", e.Change)
	case pipeline.EventWrite:
		if e.Outcome != resolve.Applied {
			return
		}
		m.Add(config.MetricWrites, c, 1)
		if e.Lag > 0 {
			m.Lag(c, e.Lag)
		}
		m.Did(c, "written", e.Change)
	case pipeline.EventSwept:
		m.Set(config.MetricWaiting, c, float64(e.Summary.Waiting))
		m.Set(config.MetricBreaker, c, float64(e.Summary.Breakers))
		m.Ran(c, controltable.Ran{Kind: controltable.RunSweep, Found: e.Count})
	}
}

// ended counts how change records ended: the first of them as it says, those that its read answered too as superseded.
func ended(m *meter.Meter, e pipeline.Event) {
	c := e.Ref.Connection
	if e.Source == record.SourceWebhook {
		m.Hinted(c)
	}
	m.Add(config.MetricSuperseded, c, e.Count-1)
	switch e.Outcome {
	case resolve.Applied:
		m.Add(config.MetricApplied, c, 1)
		m.Did(c, string(e.Reason), e.Change)
	case resolve.ParkedWork:
		m.Add(config.MetricParked, c, 1)
		m.Did(c, "parked:"+string(e.Reason), e.Change)
	case resolve.Superseded:
		m.Add(config.MetricSuperseded, c, 1)
	case resolve.DeadLetter:
		m.Add(config.MetricDeadLettered, c, 1)
	case resolve.Noop, resolve.Unsupported:
		m.Add(config.MetricNoop, c, 1)
	}
	if e.Reason == record.ReasonEcho {
		m.Add(config.MetricEchoes, c, 1)
	}
	if e.Source == record.SourceSweep && (e.Outcome == resolve.Applied || e.Outcome == resolve.ParkedWork) {
		m.Add(config.MetricDrift, c, 1)
	}
}

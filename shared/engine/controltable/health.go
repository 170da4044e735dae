package controltable

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Limits of what is remembered of a connection's health; a row stays under 8 KB.
const (
	// hoursKept is how many hours are counted: two days show whether today is like yesterday.
	hoursKept = 48
	// runsKept is how many runs are listed.
	runsKept = 16
	// healthLife is how long the row of a function that no longer runs is shown.
	healthLife = 30 * 24 * time.Hour
)

// Health is what one function saw of a connection: names, numbers and times, no value of any record. It is for people and
// decides nothing, so that a lost write costs a number and no more.
type Health struct {
	// Function is who saw it.
	Function string `json:"function"`
	// AnsweredAt is when the platform last answered a call; FailedAt when a call last got no answer, and Failures how many
	// did since it last answered.
	AnsweredAt time.Time `json:"answered_at,omitzero"`
	FailedAt   time.Time `json:"failed_at,omitzero"`
	Failures   int       `json:"failures,omitempty"`
	// WebhookAt is when a webhook's hint last came through; TokenAt when the authorisation was last renewed.
	WebhookAt time.Time `json:"webhook_at,omitzero"`
	TokenAt   time.Time `json:"token_at,omitzero"`
	// Hours are counted, oldest first, and Runs listed, oldest first.
	Hours []Hour `json:"hours,omitempty"`
	Runs  []Ran  `json:"runs,omitempty"`
}

// Hour is what happened in one hour, by the names of metrics. Lag is summed under "lag" in milliseconds, its count under
// "lags" and its maximum under "lag_max".
type Hour struct {
	At     time.Time        `json:"at"`
	Counts map[string]int64 `json:"n"`
}

// The names under which lag is kept in Hour.Counts.
const (
	LagSum   = "lag"
	LagCount = "lags"
	LagMax   = "lag_max"
)

// Ran is one run of a schedule, or several quiet ones alike in a row.
type Ran struct {
	At   time.Time `json:"at"`
	Kind RunKind   `json:"kind"`
	// Object is "" for a sweep.
	Object record.Object `json:"object,omitempty"`
	// Found counts what was read and queued, or sent.
	Found int `json:"found,omitempty"`
	// Times counts runs alike, this one included; 0 is 1.
	Times int `json:"times,omitempty"`
	// Failed is the kind of failure that ended it, as package fault spells it; "" for none.
	Failed string `json:"failed,omitempty"`
}

// RunKind is what a run does.
type RunKind string

// The kinds of runs.
const (
	RunFirstLoad RunKind = "first_load"
	RunPoll      RunKind = "poll"
	RunReconcile RunKind = "reconcile"
	RunSweep     RunKind = "sweep"
)

func healthPartition(c record.Connection) string { return "health#" + string(c) }

// LoadHealth reads what every function saw of a connection.
func LoadHealth(ctx context.Context, s store.Store, c record.Connection) ([]Health, error) {
	rows, err := s.Query(ctx, store.Query{Table: store.Control, Partition: healthPartition(c), Limit: store.QueryMax})
	if err != nil {
		return nil, err
	}
	var out []Health
	for _, row := range rows {
		var h Health
		if err := store.Decode(row, "read health of "+string(c), &h); err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}

// healthTries is how often news is added against others that add theirs.
const healthTries = 4

// AddHealth adds news of a connection to what its function saw before. Errors: fault.Stale if others kept adding,
// fault.Transient: add it again with the next.
func AddHealth(ctx context.Context, s store.Store, c record.Connection, news Health, now time.Time) error {
	key := store.Key{Table: store.Control, Partition: healthPartition(c), Sort: news.Function}
	for try := 1; ; try++ {
		rows, err := s.Get(ctx, []store.Key{key})
		if err != nil {
			return err
		}
		var old Health
		if row, ok := rows[key]; ok && json.Unmarshal(row.Body, &old) != nil {
			old = Health{} // of another release; it is for people alone
		}
		body, err := json.Marshal(old.With(news))
		if err != nil {
			return err
		}
		err = s.Commit(ctx, []store.Write{{Key: key, Expect: rows[key].Rev, Body: body, ExpiresAt: now.Add(healthLife)}})
		if !fault.Is(err, fault.Stale) || try == healthTries {
			return err
		}
	}
}

// With adds news to what was seen before.
func (h Health) With(news Health) Health {
	h.Function = news.Function
	h.Failures += news.Failures
	if news.AnsweredAt.After(h.AnsweredAt) {
		h.AnsweredAt, h.Failures = news.AnsweredAt, news.Failures
	}
	h.FailedAt = later(h.FailedAt, news.FailedAt)
	h.WebhookAt = later(h.WebhookAt, news.WebhookAt)
	h.TokenAt = later(h.TokenAt, news.TokenAt)
	for _, hour := range news.Hours {
		h.Hours = addHour(h.Hours, hour)
	}
	for _, run := range news.Runs {
		h.Runs = addRun(h.Runs, run)
	}
	return h
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func addHour(hours []Hour, hour Hour) []Hour {
	i := slices.IndexFunc(hours, func(h Hour) bool { return h.At.Equal(hour.At) })
	if i < 0 {
		hours = append(slices.Clone(hours), hour)
		slices.SortFunc(hours, func(a, b Hour) int { return a.At.Compare(b.At) })
		return hours[max(len(hours)-hoursKept, 0):]
	}
	for name, n := range hour.Counts {
		if name == LagMax {
			hours[i].Counts[name] = max(hours[i].Counts[name], n)
			continue
		}
		hours[i].Counts[name] += n
	}
	return hours
}

// addRun lists a run. A quiet one joins the last quiet one of its kind, so that polls that found nothing do not push out
// what did.
func addRun(runs []Ran, run Ran) []Ran {
	runs = slices.Clone(runs)
	run.Times = max(run.Times, 1)
	for i := len(runs) - 1; i >= 0; i-- {
		old := runs[i]
		if old.Kind != run.Kind || old.Object != run.Object {
			continue
		}
		if old.Found == 0 && run.Found == 0 && old.Failed == run.Failed {
			run.Times += max(old.Times, 1)
			runs = slices.Delete(runs, i, i+1)
		}
		break
	}
	runs = append(runs, run)
	slices.SortStableFunc(runs, func(a, b Ran) int { return a.At.Compare(b.At) })
	return runs[max(len(runs)-runsKept, 0):]
}

// Merge makes one Health of what several functions saw.
func Merge(all []Health) Health {
	var out Health
	for _, h := range all {
		// Failures count from the last answer that anybody got.
		if h.AnsweredAt.After(out.FailedAt) {
			out.Failures = 0
		}
		if !h.FailedAt.Before(out.AnsweredAt) {
			out.Failures += h.Failures
		}
		out.AnsweredAt, out.FailedAt = later(out.AnsweredAt, h.AnsweredAt), later(out.FailedAt, h.FailedAt)
		out.WebhookAt, out.TokenAt = later(out.WebhookAt, h.WebhookAt), later(out.TokenAt, h.TokenAt)
		for _, hour := range h.Hours {
			out.Hours = addHour(out.Hours, Hour{At: hour.At, Counts: clone(hour.Counts)})
		}
		out.Runs = append(out.Runs, h.Runs...)
	}
	if out.AnsweredAt.After(out.FailedAt) {
		out.Failures = 0
	}
	slices.SortStableFunc(out.Runs, func(a, b Ran) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return strings.Compare(string(a.Kind)+string(a.Object), string(b.Kind)+string(b.Object))
	})
	return out
}

func clone(counts map[string]int64) map[string]int64 {
	out := make(map[string]int64, len(counts))
	for name, n := range counts {
		out[name] = n
	}
	return out
}

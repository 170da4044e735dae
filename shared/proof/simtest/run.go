package simtest

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Report is what many histories came to.
type Report struct {
	Histories       int `json:"histories"`
	Faults          int `json:"faults"`
	UserChanges     int `json:"user_changes"`
	UnknownOutcomes int `json:"unknown_outcomes"`
	// Raced counts edits that a write of ours replaced between our look and our write, or a sibling in a list: the window
	// that a platform without conditional updates leaves. They are no violations, and they are not hidden.
	Raced int `json:"raced"`
	// Failed counts histories with a violation, Violations them by invariant: every invariant is listed.
	Failed             int               `json:"failed"`
	Violations         map[Invariant]int `json:"violations"`
	HistoriesPerSecond float64           `json:"histories_per_second"`
	// Excuses is how often each excuse was taken, over all histories.
	Excuses map[Excuse]int `json:"excuses"`
	// First holds the lowest seeds that violate each invariant, at most firstMax.
	First map[Invariant][]uint64 `json:"first,omitempty"`
	// Digest folds all histories' traces, in order of their seeds.
	Digest uint64 `json:"digest"`
}

const firstMax = 10

// Simulate runs the histories of n seeds from a first one, on all processors; the report is the same however many there
// are, but for the time it took. tell is told of progress now and then; nil for nobody. stop, if not nil, ends it early
// once it gives true.
func Simulate(from uint64, n int, o Options, tell func(done int), stop func() bool) Report {
	report := Report{Violations: map[Invariant]int{}, First: map[Invariant][]uint64{}, Excuses: map[Excuse]int{}}
	for _, i := range Invariants() {
		report.Violations[i] = 0
	}
	began := time.Now()
	const chunk = 64
	var next atomic.Int64
	results := make([]Result, n)
	ran := make([]bool, n)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			var spare []*worker
			defer func() { stopAll(spare) }()
			o := o
			o.spare = &spare
			for {
				begin := int(next.Add(chunk)) - chunk
				if begin >= n || stop != nil && stop() {
					return
				}
				for i := begin; i < min(begin+chunk, n); i++ {
					results[i], ran[i] = runOne(from+uint64(i), o), true
				}
				if tell != nil {
					tell(min(begin+chunk, n))
				}
			}
		})
	}
	group.Wait()
	for i := range results {
		if ran[i] {
			report.add(&results[i])
		}
	}
	report.HistoriesPerSecond = float64(report.Histories) / time.Since(began).Seconds()
	return report
}

// runOne runs the history of a seed. A seeded bug answers only for what the same history without it does not show.
func runOne(seed uint64, o Options) Result {
	h := draw(seed, o)
	result := run(h, o)
	if o.Bug != nil && len(result.Violations) > 0 {
		sound := o
		sound.Bug = nil
		if len(run(h, sound).Violations) > 0 {
			result.Violations = nil
		}
	}
	return result
}

// draw gives the history of a seed of the kind that is asked for, and run runs it.
func draw(seed uint64, o Options) History {
	if o.Calm {
		return drawCalm(seed)
	}
	return Draw(seed)
}

func run(h History, o Options) Result {
	if o.Calm {
		return runCalm(h, o)
	}
	return Run(h, o)
}

func (r *Report) add(x *Result) {
	r.Histories++
	r.Faults += x.Faults
	r.UserChanges += x.UserChanges
	r.UnknownOutcomes += x.Unknown
	r.Raced += x.Windowed
	r.Digest = r.Digest*1099511628211 ^ x.Digest
	for why, times := range x.Excused {
		r.Excuses[why] += times
	}
	if len(x.Violations) > 0 {
		r.Failed++
	}
	for _, v := range x.Violations {
		r.Violations[v.Invariant]++
		if len(r.First[v.Invariant]) < firstMax {
			r.First[v.Invariant] = append(r.First[v.Invariant], x.Seed)
		}
	}
}

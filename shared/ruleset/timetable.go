package ruleset

import (
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Run is one scheduled call: a poll of a place, a reconcile of a place (every record read again), or a sweep of what is
// due on a connection (Place.Object is "").
type Run struct {
	Place record.Place
	// Reconcile reads every record, for the changes that no webhook and no poll told.
	Reconcile bool
	Every     time.Duration
	Offset    time.Duration
}

// Sweep reports whether the run is a sweep.
func (r Run) Sweep() bool { return r.Place.Object == "" }

// reconcileEvery is how often every record is read again. A day bounds how long a change can hide that moves no stamp (a
// property of a Jobber client) and whose webhook was lost; at 100,000 records it costs HubSpot 1,000 calls.
const reconcileEvery = 24 * time.Hour

// Timetable lists every scheduled call of a configuration, staggered: runs that share a period are spread evenly over
// it, in a stated order, so that the same configuration always has the same timetable. The local runner and the
// deployed schedules both come from here.
func (r *Rules) Timetable() []Run {
	polls, sweeps := map[record.Place]time.Duration{}, map[record.Place]time.Duration{}
	for i := range r.Groups {
		g := &r.Groups[i]
		for j := range g.Mappings {
			m := &g.Mappings[j]
			shorter(polls, m.Spoke, m.ToHub.Every, m.ToSpoke.Every)
			shorter(polls, g.HubPlace(m.Hub), m.ToSpoke.Every, m.ToHub.Every)
			shorter(sweeps, record.Place{Connection: m.Spoke.Connection}, m.ToSpoke.Every, m.ToHub.Every)
			shorter(sweeps, record.Place{Connection: g.Hub}, m.ToHub.Every, m.ToSpoke.Every)
		}
	}
	var runs []Run
	for place, every := range polls {
		runs = append(runs, Run{Place: place, Every: every}, Run{Place: place, Every: max(every, reconcileEvery), Reconcile: true})
	}
	for place, every := range sweeps {
		runs = append(runs, Run{Place: place, Every: every})
	}
	slices.SortFunc(runs, func(a, b Run) int {
		if a.Every != b.Every {
			return int(a.Every - b.Every)
		}
		if c := strings.Compare(a.Place.String(), b.Place.String()); c != 0 || a.Reconcile == b.Reconcile {
			return c
		}
		if a.Reconcile {
			return 1
		}
		return -1
	})
	stagger(runs)
	return runs
}

// shorter keeps the shortest positive period of a place: the direction's own, else the other's.
func shorter(periods map[record.Place]time.Duration, place record.Place, own, other time.Duration) {
	every := own
	if every <= 0 {
		every = other
	}
	if old, ok := periods[place]; every > 0 && (!ok || every < old) {
		periods[place] = every
	}
}

// stagger spreads runs of one period over it, in steps of whole seconds.
func stagger(runs []Run) {
	for begin := 0; begin < len(runs); {
		end := begin
		for end < len(runs) && runs[end].Every == runs[begin].Every {
			end++
		}
		step := (runs[begin].Every / time.Duration(end-begin)).Truncate(time.Second)
		for i := begin; i < end; i++ {
			runs[i].Offset = step * time.Duration(i-begin)
		}
		begin = end
	}
}

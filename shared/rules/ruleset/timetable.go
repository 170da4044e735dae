package ruleset

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Run is one scheduled call: a poll of a place, a reconcile of a place (every record read again), or a sweep of what is
// due on a connection (Place.Object is ""). Runs are comparable.
type Run struct {
	Place record.Place
	// Reconcile reads every record, for the changes that no webhook and no poll told.
	Reconcile bool
	Every     time.Duration
	// Offset is after midnight UTC, or after the hours begin.
	Offset time.Duration
	// Active are the hours in which it runs.
	Active Active
}

// Next gives when a run that would come at t comes: at t, or, outside its hours, its offset after they begin.
func (r Run) Next(t time.Time) time.Time {
	if r.Active.Contains(t) {
		return t
	}
	return r.Active.Next(t).Add(r.Within())
}

// Within is a run's offset after its hours begin: less than its period and than the hours are long. Where the period is
// longer than the hours, offsets are spread over the hours in its place.
func (r Run) Within() time.Duration {
	if length := r.Active.Length(); r.Every > length {
		return time.Duration(float64(r.Offset) * float64(length) / float64(r.Every)).Truncate(time.Second)
	}
	return r.Offset % r.Every
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
	polls, sweeps := periods{}, periods{}
	for i := range r.Groups {
		g := &r.Groups[i]
		for j := range g.Mappings {
			m := &g.Mappings[j]
			polls.add(m.Spoke, m.ToHub, m.ToSpoke)
			polls.add(g.HubPlace(m.Hub), m.ToSpoke, m.ToHub)
			sweeps.add(record.Place{Connection: m.Spoke.Connection}, m.ToSpoke, m.ToHub)
			sweeps.add(record.Place{Connection: g.Hub}, m.ToHub, m.ToSpoke)
		}
	}
	var runs []Run
	for place := range polls {
		own := polls.runs(place)
		daily := own[0] // the one without hours, or the one with the shortest period
		daily.Every, daily.Reconcile = max(daily.Every, reconcileEvery), true
		runs = append(runs, append(own, daily)...)
	}
	for place := range sweeps {
		runs = append(runs, sweeps.runs(place)...)
	}
	slices.SortFunc(runs, func(a, b Run) int {
		return cmp.Or(cmp.Compare(a.Every, b.Every), strings.Compare(a.Place.String(), b.Place.String()), before(!a.Reconcile, !b.Reconcile),
			strings.Compare(a.Active.String(), b.Active.String()))
	})
	stagger(runs)
	return runs
}

// before orders what has a quality before what has it not.
func before(a, b bool) int {
	if a == b {
		return 0
	}
	if a {
		return -1
	}
	return 1
}

// periods are the shortest period of each place, for each of its hours.
type periods map[record.Place]map[Active]time.Duration

// add keeps the shortest positive period of a place: the direction's own, else the other's.
func (p periods) add(place record.Place, own, other Schedule) {
	s := own
	if s.Every <= 0 {
		s = other
	}
	if s.Every <= 0 {
		return
	}
	if p[place] == nil {
		p[place] = map[Active]time.Duration{}
	}
	if old, ok := p[place][s.Active]; !ok || s.Every < old {
		p[place][s.Active] = s.Every
	}
}

// runs lists a place's runs, that without hours first, then by period. Hours in which a run without hours comes as often
// need no run of their own.
func (p periods) runs(place record.Place) []Run {
	always, ok := p[place][Active{}]
	var runs []Run
	for active, every := range p[place] {
		if active.IsZero() || !ok || every < always {
			runs = append(runs, Run{Place: place, Every: every, Active: active})
		}
	}
	slices.SortFunc(runs, func(a, b Run) int {
		return cmp.Or(before(a.Active.IsZero(), b.Active.IsZero()), cmp.Compare(a.Every, b.Every), strings.Compare(a.Active.String(), b.Active.String()))
	})
	return runs
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

// runMargin is how much earlier than a period after the last run a run may begin: sweeps come a little early or late, and one
// that comes a second early must not put the run off by a whole sweep.
const runMargin = 2 * time.Minute

// period is how often a mapping writes to its spoke: its direction's own, else the other's; 0 for whenever it is swept.
func (m *Mapping) period() time.Duration {
	if m.ToSpoke.Every > 0 {
		return m.ToSpoke.Every
	}
	return m.ToHub.Every
}

// Runs reports whether a run of the mapping towards its spoke begins with a sweep at now, the last one having begun at began
// (zero for none).
func (m *Mapping) Runs(began, now time.Time) bool {
	every := m.period()
	return m.ToSpoke.Active.Contains(now) && (began.IsZero() || now.Sub(began) >= every-min(runMargin, every/10))
}

// NextRun gives when the mapping's next run towards its spoke is expected, the last one having begun at began (zero for none).
// It is never before now.
func (m *Mapping) NextRun(began, now time.Time) time.Time {
	next := now
	if !began.IsZero() && began.Add(m.period()).After(now) {
		next = began.Add(m.period())
	}
	if !m.ToSpoke.Active.Contains(next) {
		next = m.ToSpoke.Active.Next(next)
	}
	return next
}

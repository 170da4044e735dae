// Package forecast estimates what a first load takes within the limits of the platforms: how many calls, how long, and
// whether it fits in a day. It is pure; its figures come from the catalog, and from how many records a person says there
// are. It estimates reading, which is certain, and making what one side has more of, which is a guess and is called one.
package forecast

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/budget"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// recordsMax bounds what is believed as a number of records.
const recordsMax = 100_000_000

// Records are how many records there are, by place.
type Records map[record.Place]int

// Parse reads "hubspot=100000" (of the connection's first object) and "hubspot/deals=20000".
func Parse(rules *ruleset.Rules, specs []string) (Records, error) {
	out := Records{}
	for _, spec := range specs {
		name, number, ok := strings.Cut(spec, "=")
		n, err := strconv.Atoi(strings.ReplaceAll(number, ",", ""))
		if !ok || err != nil || n < 0 || n > recordsMax {
			return nil, fmt.Errorf("--records %s: write CONNECTION=NUMBER or CONNECTION/OBJECT=NUMBER", spec)
		}
		place, ok := placeOf(rules, name)
		if !ok {
			return nil, fmt.Errorf("--records %s: no mapping reads %s", spec, name)
		}
		out[place] = n
	}
	return out, nil
}

func placeOf(rules *ruleset.Rules, name string) (record.Place, bool) {
	connection, object, named := strings.Cut(name, "/")
	for i := range rules.Groups {
		for _, e := range rules.Groups[i].Entities {
			for _, place := range rules.Groups[i].Places(e.Type) {
				if place.Connection == record.Connection(connection) && (!named || place.Object == record.Object(object)) {
					return place, true
				}
			}
		}
	}
	return record.Place{}, false
}

// Line is what one connection's first load takes.
type Line struct {
	Connection record.Connection `json:"connection"`
	// Read and Made are records; Made is a guess.
	Read int `json:"read"`
	Made int `json:"made"`
	// Limit is the one that decides how long it takes, Cost what it takes of it, in Unit.
	Limit string        `json:"limit"`
	Unit  string        `json:"unit"`
	Cost  int           `json:"cost"`
	Takes time.Duration `json:"takes"`
	// Refused says why it cannot be: a day's quota is less than it takes; "" where it can.
	Refused string `json:"refused,omitempty"`
}

// FirstLoads gives a line for each connection whose records are known at one place at least, in the file's order.
func FirstLoads(rules *ruleset.Rules, platforms []*catalog.Platform, records Records) []Line {
	made := makes(rules, records)
	var out []Line
	for i := range rules.Connections {
		c := &rules.Connections[i]
		p := platformOf(platforms, c.Platform)
		line, any := Line{Connection: c.Name}, false
		costs := map[string]int{}
		for _, place := range rules.Places() {
			n, known := records[place]
			object, ok := p.Object(place.Object)
			if place.Connection != c.Name || !ok || !known && made[place] == 0 {
				continue
			}
			any = true
			line.Read += n
			line.Made += made[place]
			for _, l := range p.Limits {
				costs[l.Name] += l.FirstLoad.Of(n, made[place], object.Ability)
			}
		}
		if any {
			out = append(out, line.within(c, p, costs))
		}
	}
	return out
}

func platformOf(platforms []*catalog.Platform, name record.Platform) *catalog.Platform {
	for _, p := range platforms {
		if p.Name == name {
			return p
		}
	}
	return &catalog.Platform{}
}

// makes guesses how many records are made at each place: as many as the other side has more.
func makes(rules *ruleset.Rules, records Records) map[record.Place]int {
	out := map[record.Place]int{}
	for i := range rules.Groups {
		g := &rules.Groups[i]
		for j := range g.Mappings {
			m := &g.Mappings[j]
			hub := g.HubPlace(m.Hub)
			there, knownThere := records[m.Spoke]
			here, knownHere := records[hub]
			if knownHere && m.Create.CreatesOn(ruleset.ToSpoke) && m.Filter == nil {
				out[m.Spoke] = max(here-there, 0)
			}
			if knownThere && knownHere && m.Create.CreatesOn(ruleset.ToHub) {
				out[hub] += max(there-here, 0)
			}
		}
	}
	return out
}

// within finds the limit that takes longest, and whether a day's is enough.
func (line Line) within(c *ruleset.Connection, p *catalog.Platform, costs map[string]int) Line {
	for _, l := range p.LimitsOf(c.DayLimit) {
		cost := costs[l.Name]
		ours := budget.Limit{Name: l.Name, Max: l.Max, Window: l.Window, Restore: l.Restore, ReservePercent: c.Reserve}.Usable(budget.Load)
		var takes time.Duration
		switch {
		case cost == 0:
			continue
		case l.Restore > 0:
			perSecond := float64(l.Restore) * float64(ours) / float64(l.Max)
			takes = time.Duration(float64(cost) / perSecond * float64(time.Second))
		case l.Window >= 24*time.Hour:
			if cost > ours {
				days := (cost + ours - 1) / ours
				line.Refused = fmt.Sprintf("%s: the first load takes about %d %s, and %d a day are ours (%d, less what is left for people and live "+
					"changes), so it would take %d days. %s",
					c.Name, cost, l.Unit, ours, l.Max, days, remedy(l))
				takes = time.Duration(days) * l.Window
			}
		default:
			takes = time.Duration(float64(cost) / float64(ours) * float64(l.Window))
		}
		if line.Limit == "" || takes > line.Takes {
			line.Limit, line.Unit, line.Cost, line.Takes = l.Name, l.Unit, cost, takes
		}
	}
	return line
}

func remedy(l catalog.Limit) string {
	if l.ByPlan {
		return "If the account's plan allows more, say so with day_limit; else load less: a filter, or one object after another on " +
			"different days."
	}
	return "Load less: a filter, or one object after another on different days."
}

// String says it to a person.
func (line Line) String() string {
	text := fmt.Sprintf("%s: reading %d records", line.Connection, line.Read)
	if line.Made > 0 {
		text += fmt.Sprintf(" and making perhaps %d", line.Made)
	}
	return text + fmt.Sprintf(" takes %d %s, about %s", line.Cost, line.Unit, spoken(line.Takes))
}

func spoken(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "a minute"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", int((d+30*time.Second)/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", int((d+30*time.Minute)/time.Hour))
	}
	return fmt.Sprintf("%d days", int((d+12*time.Hour)/(24*time.Hour)))
}

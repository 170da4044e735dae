package config

import (
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Deployment is what a configuration asks of infrastructure: infra needs no more of it than this.
type Deployment struct {
	// Connections are those that take part in a group, in the file's order.
	Connections []Deployed
	// Platforms are theirs, sorted, each once; Webhooks those among them that call us.
	Platforms, Webhooks []record.Platform
	// Groups are in the file's order.
	Groups []DeployedGroup
	// Relayed are those among Webhooks whose events come by an event bus of AWS.
	Relayed   []record.Platform
	Schedules []Schedule
	// Zone is the time zone in which the configuration keeps hours, "UTC" where it keeps none: the digest comes by it.
	Zone string
}

// ConcurrencyMin is the least that an event source takes as its maximum, and enough: bulk calls use up a platform's
// limits before two functions are busy. More only makes them wait for each other.
const ConcurrencyMin = 2

// ReceivesMax is how often a message is tried. What a platform refuses for a while is put off by a message of its own and
// spends none of them.
const ReceivesMax = 5

// Concurrent is how many calls of a function each event source of the connection may make at once.
func (d Deployed) Concurrent() int { return max(d.MaxConcurrency, ConcurrencyMin) }

// Concurrency is how many calls all event sources together may make at once.
func (d Deployment) Concurrency() int {
	n := 0
	for _, c := range d.Connections {
		n += c.Concurrent() * len(record.QueueKinds())
	}
	return n
}

// DeployedGroup is one data domain: its members, the hub first, each once.
type DeployedGroup struct {
	Name    record.Group
	Members []record.Connection
}

// Deployed is one connection.
type Deployed struct {
	Name     record.Connection
	Platform record.Platform
	// MaxConcurrency bounds concurrent calls of a function for this connection; 0 leaves it to infra.
	MaxConcurrency int
	// Peers are the connections that share a group with this one, itself included, in the file's order: a write here
	// can make anything due there, and nothing elsewhere.
	Peers []record.Connection
	// Patience is how long a change towards this connection may wait for a schedule, where it does not go in real time: a
	// period, and the longest time between its hours; 0 if all of them go in real time.
	Patience time.Duration
	// EventSource is the partner event source whose bus relays this connection's events, "" for none.
	EventSource string
}

// Schedule is one scheduled call: Every since midnight UTC, Offset later, so that calls of one period do not coincide.
type Schedule struct {
	Function   Function // Poller or Sweeper
	Connection record.Connection
	// Object is "" for a sweep.
	Object        record.Object
	Reconcile     bool
	Every, Offset time.Duration
	// Active are the hours in which it is made; within them Offset counts from their beginning.
	Active ruleset.Active
}

// Within is the call's offset after its hours begin.
func (s Schedule) Within() time.Duration {
	return ruleset.Run{Every: s.Every, Offset: s.Offset, Active: s.Active}.Within()
}

// quietMin is the least time without a run that tells of trouble: platforms are down for an hour now and then.
const quietMin = 3 * time.Hour

// quietMax is the longest that CloudWatch looks back (docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
// AlarmThatSendsEmail.html, read 2026-12).
const quietMax = 7 * 24 * time.Hour

// QuietFor is after how long without any run of a function for a connection something is wrong: when two runs did not come or
// failed, an hour later, the longest time between its hours included, in whole hours; c "" is for every connection.
// It is 0 where there is no such schedule.
func (d Deployment) QuietFor(f Function, c record.Connection) time.Duration {
	var shortest time.Duration
	for _, s := range d.Schedules {
		if s.Function != f || s.Reconcile || c != "" && s.Connection != c {
			continue
		}
		if wait := 2*s.Every + time.Hour + s.Active.Pause(); shortest == 0 || wait < shortest {
			shortest = wait
		}
	}
	if shortest == 0 {
		return 0
	}
	return min(max((shortest+time.Hour-1).Truncate(time.Hour), quietMin), quietMax)
}

// Deploy works out what a configuration asks for.
func Deploy(rules *ruleset.Rules) Deployment {
	var d Deployment
	for _, c := range rules.Connections {
		peers := peersOf(rules, c.Name)
		if len(peers) == 0 {
			continue
		}
		d.Connections = append(d.Connections, Deployed{Name: c.Name, Platform: c.Platform, MaxConcurrency: c.MaxConcurrency, Peers: peers,
			Patience: patienceOf(rules, c.Name), EventSource: c.Options[catalog.OptionEventSource]})
		d.Platforms = append(d.Platforms, c.Platform)
	}
	for i := range rules.Groups {
		var members []record.Connection
		for _, m := range membersOf(&rules.Groups[i]) {
			if !slices.Contains(members, m) {
				members = append(members, m)
			}
		}
		d.Groups = append(d.Groups, DeployedGroup{Name: rules.Groups[i].Name, Members: members})
	}
	slices.Sort(d.Platforms)
	d.Platforms = slices.Compact(d.Platforms)
	for _, p := range catalog.All() {
		if p.Webhooks.Signed && slices.Contains(d.Platforms, p.Name) {
			d.Webhooks = append(d.Webhooks, p.Name)
			if p.Webhooks.Relayed {
				d.Relayed = append(d.Relayed, p.Name)
			}
		}
	}
	slices.Sort(d.Webhooks)
	slices.Sort(d.Relayed)
	for _, run := range rules.Timetable() {
		s := Schedule{Function: Poller, Connection: run.Place.Connection, Object: run.Place.Object, Reconcile: run.Reconcile, Every: run.Every,
			Offset: run.Offset, Active: run.Active}
		if run.Sweep() {
			s.Function = Sweeper
		}
		d.Schedules = append(d.Schedules, s)
	}
	d.Zone = "UTC"
	for _, s := range d.Schedules {
		if !s.Active.IsZero() && s.Active.Zone != "" {
			d.Zone = s.Active.Zone
			break
		}
	}
	return d
}

// peersOf lists the connections that share a group with c, c included; nil if c takes part in none.
func peersOf(rules *ruleset.Rules, c record.Connection) []record.Connection {
	together := map[record.Connection]bool{}
	for i := range rules.Groups {
		members := membersOf(&rules.Groups[i])
		if !slices.Contains(members, c) {
			continue
		}
		for _, m := range members {
			together[m] = true
		}
	}
	var peers []record.Connection
	for _, other := range rules.Connections {
		if together[other.Name] {
			peers = append(peers, other.Name)
		}
	}
	return peers
}

// patienceOf gives how long a change towards a connection may wait for a schedule.
func patienceOf(rules *ruleset.Rules, c record.Connection) time.Duration {
	var longest time.Duration
	for i := range rules.Groups {
		g := &rules.Groups[i]
		for j := range g.Mappings {
			m := &g.Mappings[j]
			if m.Spoke.Connection == c && !m.ToSpoke.RealTime {
				longest = max(longest, m.ToSpoke.Every+m.ToSpoke.Active.Pause())
			}
			if g.Hub == c && !m.ToHub.RealTime {
				longest = max(longest, m.ToHub.Every+m.ToHub.Active.Pause())
			}
		}
	}
	return longest
}

func membersOf(g *ruleset.Group) []record.Connection {
	members := []record.Connection{g.Hub}
	for i := range g.Mappings {
		members = append(members, g.Mappings[i].Spoke.Connection)
	}
	return members
}

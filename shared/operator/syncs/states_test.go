package syncs_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

var now = time.Date(2026, 3, 2, 9, 40, 0, 0, time.UTC)

func example(t *testing.T) *ruleset.Rules {
	t.Helper()
	rules, err := config.LoadRules("../../../infra/sync.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules = &ruleset.Rules{Connections: append([]ruleset.Connection{}, rules.Connections...), Groups: rules.Groups}
	rules.Connections[0].Account = "4410077"
	return rules
}

// day is the health of a connection on a day like any other.
func day(scale int64, object record.Object) controltable.Health {
	h := controltable.Health{AnsweredAt: now.Add(-2 * time.Minute), WebhookAt: now.Add(-5 * time.Minute), TokenAt: now.Add(-9 * time.Hour)}
	for i := 23; i >= 0; i-- {
		at := now.Truncate(time.Hour).Add(-time.Duration(i) * time.Hour)
		busy := int64(0)
		if hour := at.Hour(); hour >= 7 && hour <= 18 {
			busy = scale * int64(6+(hour*7)%5)
		}
		h.Hours = append(h.Hours, controltable.Hour{At: at, Counts: map[string]int64{config.MetricApplied: busy, config.MetricWrites: 2 * busy,
			controltable.LagSum: 2 * busy * 4200, controltable.LagCount: 2 * busy, controltable.LagMax: 31000}})
	}
	h.Runs = []controltable.Ran{{At: now.Add(-10 * time.Minute), Kind: controltable.RunPoll, Object: object, Times: 30},
		{At: now.Add(-8 * time.Minute), Kind: controltable.RunSweep, Times: 12},
		{At: now.Add(-6 * time.Hour), Kind: controltable.RunReconcile, Object: object, Found: 12840}}
	return h
}

// healthy is a system in step.
func healthy(t *testing.T) syncs.Facts {
	rules := example(t)
	f := syncs.Facts{Now: now, Target: "FluxCascade-production", Flags: "--stack FluxCascade-production", Rules: rules, Active: true,
		Progress: map[record.Place]controltable.Progress{}, Pauses: map[record.Connection]controltable.Pause{},
		Health:    map[record.Connection]controltable.Health{},
		Summaries: map[record.Connection]controltable.Summary{}, Depths: map[queue.Name]int{}}
	for _, place := range rules.Places() {
		f.Progress[place] = controltable.Progress{Phase: controltable.PhaseDone, Records: 12840, PolledAt: now.Add(-10 * time.Minute)}
	}
	for i, c := range rules.Connections {
		f.Health[c.Name] = day(int64(3-i), map[record.Connection]record.Object{"hubspot": "contacts", "jobber": "clients",
			"quickbooks": "customers"}[c.Name])
		f.Summaries[c.Name] = controltable.Summary{At: now.Add(-8 * time.Minute), Entities: 12840, Linked: 12840 - i*4100}
		for _, kind := range record.QueueKinds() {
			f.Depths[record.QueueOf(kind, c.Name)] = 0
			f.Depths[record.QueueOf(kind, c.Name).Dead()] = 0
		}
	}
	jobber := f.Health["jobber"]
	jobber.Runs = []controltable.Ran{{At: now.Add(-4 * time.Minute), Kind: controltable.RunPoll, Object: "clients", Found: 3},
		{At: now.Add(-9 * time.Minute), Kind: controltable.RunPoll, Object: "jobs", Times: 8}}
	f.Health["jobber"] = jobber
	return f
}

// down is a system one of whose platforms does not answer.
func down(t *testing.T) syncs.Facts {
	f := healthy(t)
	h := f.Health["jobber"]
	h.AnsweredAt, h.FailedAt, h.Failures = time.Date(2026, 3, 2, 9, 12, 0, 0, time.UTC), now.Add(-time.Minute), 46
	h.Hours[23].Counts[config.MetricUnanswered] = 46
	h.Runs = append(h.Runs, controltable.Ran{At: now.Add(-time.Minute), Kind: controltable.RunPoll, Object: "clients", Failed: "transient",
		Times: 2})
	f.Health["jobber"] = h
	f.Depths["changes-jobber"], f.Depths["due-jobber"] = 142, 42
	return f
}

// parked is a system in which much waits for a person.
func parked(t *testing.T) syncs.Facts {
	f := healthy(t)
	s := controltable.Summary{At: now.Add(-8 * time.Minute), Entities: 12840, Linked: 8740}
	add := func(object record.Object, field string, why record.Reason, n int, since time.Duration) {
		s.Waiting += n
		s.Parked = append(s.Parked, controltable.ParkedKind{Group: "customer", Object: object, Field: field, Reason: why, Count: n,
			Oldest: now.Add(-since)})
		for i := range min(n, 8) {
			s.Items = append(s.Items, controltable.ParkedItem{Group: "customer", Entity: record.EntityID(fmt.Sprintf("contacts-%d", i)),
				Field:  field,
				Reason: why, Since: now.Add(-since + time.Duration(i)*time.Hour),
				Records: []record.Ref{{Place: record.Place{Connection: "jobber", Object: object},
					ID: record.ExternalID("Z2lkOi8vSm9iYmVyL0NsaWVudC80Mg==")}, {Place: record.Place{Connection: "hubspot", Object: "contacts"},
					ID: record.ExternalID(fmt.Sprint(50100 + i))}}})
		}
	}
	add("clients", "", record.ReasonAmbiguous, 37, 11*24*time.Hour)
	add("clients", "phone", record.ReasonInvalidValue, 1204, 6*24*time.Hour)
	add("clients", "email", record.ReasonManual, 4, 3*24*time.Hour)
	add("jobs", "", record.ReasonMissingRequired, 12, 30*time.Hour)
	add("clients", "emails[primary].address", record.ReasonRejected, 9, 5*time.Hour)
	s.Reverted = []controltable.Reverted{{Group: "customer", Object: "clients", Field: "email", Count: 18, Newest: now.Add(-20 * time.Minute),
		Records: []record.Ref{{Place: record.Place{Connection: "jobber", Object: "clients"}, ID: "Z2lkOi8vSm9iYmVyL0NsaWVudC83Nw=="}}}}
	f.Summaries["jobber"] = s
	f.Depths["changes-quickbooks-dead"] = 3
	f.Stopped = []syncs.Stopped{{Group: "customer", Connection: "quickbooks", Kind: "blanks", Since: now.Add(-50 * time.Minute), Limit: 500}}
	h := f.Health["jobber"]
	for i := 15; i < 24; i++ {
		h.Hours[i].Counts[config.MetricRefused], h.Hours[i].Counts[config.MetricRetries] = int64(i%4), int64(i%3)
	}
	f.Health["jobber"] = h
	return f
}

// firstRun is a system that was started just now.
func firstRun(t *testing.T) syncs.Facts {
	f := healthy(t)
	f.Target, f.Flags, f.Simulated = "this machine", "", true
	f.Health, f.Summaries, f.Progress = map[record.Connection]controltable.Health{}, map[record.Connection]controltable.Summary{},
		map[record.Place]controltable.Progress{}
	return f
}

// authorisation is a system of which one connection has to be connected again.
func authorisation(t *testing.T) syncs.Facts {
	f := healthy(t)
	f.Pauses["quickbooks"] = controltable.Pause{Reason: controltable.PausedUnauthorized, Since: now.Add(-3 * time.Hour)}
	f.Pauses["jobber"] = controltable.Pause{Reason: controltable.PausedByOperator, Since: now.Add(-40 * time.Minute), By: "ann",
		Note: "crews are moved to new accounts"}
	f.Depths["due-quickbooks"] = 17
	return f
}

// troubled is a system of which each connection has a trouble of its own that is nobody's alarm on a good day: messages set
// aside, webhooks that stopped, a full compare under way, a platform that does not answer for a day and a half.
func troubled(t *testing.T) syncs.Facts {
	f := healthy(t)
	f.Depths["changes-quickbooks-dead"], f.Depths["due-quickbooks-dead"], f.Depths["backfill-quickbooks-dead"] = 3, 12, 1
	f.Depths["backfill-hubspot"] = 37
	h := f.Health["hubspot"]
	h.WebhookAt = now.Add(-15 * time.Hour)
	f.Health["hubspot"] = h
	h = f.Health["jobber"]
	h.AnsweredAt, h.FailedAt, h.Failures = now.Add(-36*time.Hour), now.Add(-time.Minute), 1046
	f.Health["jobber"] = h
	f.Depths["changes-jobber"], f.Depths["due-jobber"] = 1142, 42
	return f
}

// states are the pages that are looked at.
func states(t *testing.T) map[string]syncs.Page {
	none := syncs.Facts{Now: now, Target: "folder ./data", Flags: "--data ./data"}
	inactive := healthy(t)
	inactive.Active = false
	return map[string]syncs.Page{"healthy": syncs.Build(healthy(t)), "down": syncs.Build(down(t)), "parked": syncs.Build(parked(t)),
		"first run":     syncs.Build(firstRun(t)),
		"authorisation": syncs.Build(authorisation(t)), "troubled": syncs.Build(troubled(t)), "no configuration": syncs.Build(none),
		"inactive": syncs.Build(inactive)}
}

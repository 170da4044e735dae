package main

import (
	"bytes"
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/intake"
	"github.com/fluxcascade/fluxcascade/shared/engine/meter"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// The time of a cause: a quiet past, so that every alarm has seen what it looks back at, and then what goes wrong.
const (
	wrongHours  = 16
	testedStack = "FluxCascade-test"
)

var began = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// stage is one stack while something goes wrong.
type stage struct {
	t   *testing.T
	tpl template
	d   config.Deployment
	s   series
	now time.Time // when it began to go wrong
	// past is how many hours were quiet before, judged how many are looked at since: longer than any alarm looks back.
	past, judged int
	// silent are what the quiet baseline leaves out from then on: "polls of C", "sweeps"; "digest" is left out for good.
	silent []string
	// played says that the simulated platforms are this stack's, so that its handlers can be run.
	played bool
}

// cause is one thing that goes wrong, and the alarms that must ring for it, no more and no fewer, by their logical ids.
type cause struct {
	name  string
	quiet []string
	drive func(*stage)
	rings []string
}

// causes lists everything that can go wrong, in total and in part, for one stack. What has no entry has no proved alarm.
func causes(d config.Deployment) []cause {
	out := []cause{
		{name: "nothing goes wrong", drive: func(*stage) {}},
		{name: "the scheduler is silent", quiet: quietAll(d, "sweeps", "digest"), drive: func(*stage) {},
			rings: pollsOf(d, "WatchSweeps", "DigestSilent")},
		{name: "nothing is activated", quiet: quietAll(d, "sweeps"), drive: func(*stage) {}, rings: pollsOf(d, "WatchSweeps")},
		{name: "every sweep fails", quiet: []string{"sweeps"}, drive: func(*stage) {}, rings: []string{"WatchSweeps"}},
		{name: "the digest fails each day", quiet: []string{"digest"}, drive: func(s *stage) {
			s.lambda("digest", "Invocations", wrongHours, 1)
			s.lambda("digest", "Errors", wrongHours, 1)
		}, rings: []string{"DigestSilent"}},
		{name: "the digest's call is dropped", quiet: []string{"digest"}, drive: func(s *stage) {
			s.account("AsyncEventsDropped", 1)
		}, rings: []string{"DigestSilent", "WatchDropped"}},
		{name: "the polls of one place time out, those of others do not", drive: func(s *stage) {
			s.lambda("poller", "Errors", wrongHours, 1)
		}, rings: []string{"FunctionspollerErrors"}},
		{name: "one poll fails", drive: func(s *stage) { s.lambda("poller", "Errors", 1, 1) }},
		{name: "Lambda throttles, for long", drive: func(s *stage) { s.account("Throttles", 2) }, rings: []string{"WatchThrottles"}},
		{name: "Lambda throttles, once", drive: func(s *stage) { s.account("Throttles", 1) }},
		{name: "a call that Lambda had queued is dropped", drive: func(s *stage) { s.account("AsyncEventsDropped", 1) },
			rings: []string{"WatchDropped"}},
		{name: "a loop is ended by Lambda", drive: func(s *stage) { s.account("RecursiveInvocationsDropped", 1) }, rings: []string{"WatchLoops"}},
		{name: "every webhook fails, one an hour", drive: func(s *stage) { s.api(2) }, rings: []string{"ApiServerErrors"}},
		{name: "one webhook fails", drive: func(s *stage) { s.api(1) }},
	}
	for _, c := range d.Connections {
		out = append(out, causesOf(d, c)...)
	}
	for _, p := range d.Webhooks {
		out = append(out, cause{name: "somebody else calls in the name of " + string(p), drive: func(s *stage) {
			s.each(15*time.Minute, 2, func(m *meter.Meter) {
				for range unverifiedMax {
					m.Webhook(p, "unauthorised", 0)
				}
			})
		}, rings: []string{"Watchwebhooks" + string(p) + "Unverified"}})
	}
	return out
}

// causesOf lists what goes wrong with one connection.
func causesOf(d config.Deployment, c config.Deployed) []cause {
	name := string(c.Name)
	out := []cause{
		{name: "every poll of " + name + " fails", quiet: []string{"polls of " + name}, drive: func(s *stage) {
			s.world(c.Name, wrongHours)
			s.lambda("poller", "Errors", wrongHours, 1)
		}, rings: []string{"Watch" + name + "Polls", "FunctionspollerErrors"}},
		{name: name + " is down for an hour", drive: func(s *stage) {
			s.world(c.Name, 1)
			s.lambda("poller", "Errors", 1, 4)
		}},
		{name: name + " ends our authorisation", quiet: []string{"polls of " + name}, drive: func(s *stage) { s.unauthorised(c.Name) },
			rings: []string{"Watch" + name + "Authorisation"}},
		{name: "changes reach " + name + " late", drive: func(s *stage) {
			s.each(5*time.Minute, 3, func(m *meter.Meter) { m.Lag(c.Name, c.Patience+(lagMinutesMax+1)*time.Minute) })
		}, rings: []string{"Watch" + name + "Lag"}},
		{name: "one change reaches " + name + " late", drive: func(s *stage) {
			s.each(5*time.Minute, 1, func(m *meter.Meter) { m.Lag(c.Name, c.Patience+(lagMinutesMax+1)*time.Minute) })
		}},
		{name: "writes to " + name + " are held", drive: func(s *stage) {
			s.each(time.Hour, 1, func(m *meter.Meter) { m.Set(config.MetricBreaker, c.Name, 1) })
		}, rings: []string{"Watch" + name + "Breaker"}},
		{name: name + " limits our calls for an hour", drive: func(s *stage) {
			s.each(5*time.Minute, limitedMinutes/5, func(m *meter.Meter) { m.Add(config.MetricRateLimited, c.Name, 1) })
		}, rings: []string{"Watch" + name + "Quota"}},
		{name: name + " limits our calls for half an hour", drive: func(s *stage) {
			s.each(5*time.Minute, limitedMinutes/10, func(m *meter.Meter) { m.Add(config.MetricRateLimited, c.Name, 1) })
		}},
		{name: "a reading of " + name + " finds what nothing told", drive: func(s *stage) {
			s.each(time.Hour, 1, func(m *meter.Meter) { m.Add(config.MetricDrift, c.Name, driftMax) })
		}, rings: []string{"Watch" + name + "Drift"}},
	}
	for _, kind := range record.QueueKinds() {
		lane, id := record.QueueOf(kind, c.Name), "Queues"+strings.ReplaceAll(string(record.QueueOf(kind, c.Name)), "-", "")
		out = append(out,
			cause{name: "messages of " + string(lane) + " are given up on", drive: func(s *stage) {
				s.queue(lane.Dead(), "ApproximateNumberOfMessagesVisible", 1, 1)
			}, rings: []string{id + "DeadLetters"}},
			cause{name: "the consumer of " + string(lane) + " times out on each message", drive: func(s *stage) {
				s.queue(lane, "ApproximateAgeOfOldestMessage", 3, waitMinutesMax[kind]*60)
			}, rings: []string{id + "Waiting"}})
	}
	if slices.Contains(d.Webhooks, c.Platform) && !relayless(d, c) {
		out = append(out, cause{name: string(c.Platform) + " no longer calls us", drive: func(s *stage) {
			s.each(time.Hour, config.SilentHours, func(m *meter.Meter) { m.Add(config.MetricWrites, c.Name, config.WritesTold) })
		}, rings: []string{"Watchwebhooks" + string(c.Platform) + "Missing"}})
	}
	if c.EventSource != "" {
		out = append(out, cause{name: "events of " + name + " are not taken", drive: func(s *stage) { s.relay() },
			rings: []string{"Relay" + name + "GivenUp"}})
	}
	return out
}

func quietAll(d config.Deployment, also ...string) []string {
	for _, c := range d.Connections {
		also = append(also, "polls of "+string(c.Name))
	}
	return also
}

func pollsOf(d config.Deployment, also ...string) []string {
	for _, c := range d.Connections {
		also = append(also, "Watch"+string(c.Name)+"Polls")
	}
	return also
}

// each counts by the functions' own meter, once in each of n periods from when it goes wrong.
func (s *stage) each(period time.Duration, n int, count func(*meter.Meter)) {
	s.t.Helper()
	var out bytes.Buffer
	at := s.now
	m := &meter.Meter{Stack: testedStack, Function: "test", Out: &out, Now: func() time.Time { return at }}
	for range n {
		count(m)
		if err := m.Flush(context.Background()); err != nil {
			s.t.Fatal(err)
		}
		at = at.Add(period)
	}
	s.s.read(s.t, out.String())
}

// baseline tells what a stack at rest tells: polls and sweeps that end well each hour, the digest each day.
func (s *stage) baseline() {
	wrong := s.now
	s.now = began
	for h := range s.past + s.judged {
		after := h >= s.past
		s.now = began.Add(time.Duration(h)*time.Hour + 7*time.Minute)
		s.each(0, 1, func(m *meter.Meter) {
			for _, c := range s.d.Connections {
				if !after || !slices.Contains(s.silent, "polls of "+string(c.Name)) {
					m.Set(config.MetricUnauthorised, c.Name, 0)
				}
				if !after || !slices.Contains(s.silent, "sweeps") {
					m.Set(config.MetricWaiting, c.Name, 0)
					m.Set(config.MetricBreaker, c.Name, 0)
				}
			}
		})
		if h%24 == config.DigestHour && !slices.Contains(s.silent, "digest") {
			s.lambda("digest", "Invocations", 1, 1)
		}
	}
	s.now = wrong
}

// lambda is told n hours long by Lambda itself: calls of a function, those that failed or ran out of time.
func (s *stage) lambda(f, metric string, n int, value float64) {
	for _, id := range s.tpl.of(s.t, "AWS::Lambda::Function") {
		for h := range n {
			if s.tpl.Resources[id].tagOf(tagFunction) == f {
				s.s.put("AWS/Lambda", metric, map[string]string{"FunctionName": id}, s.now.Add(time.Duration(h)*time.Hour), value)
			}
		}
	}
}

// account is told by Lambda for all functions of the account, n quarters of an hour long.
func (s *stage) account(metric string, n int) {
	for i := range n {
		s.s.put("AWS/Lambda", metric, nil, s.now.Add(time.Duration(i)*15*time.Minute), 1)
	}
}

func (s *stage) api(n int) {
	for i := range n {
		s.s.put("AWS/ApiGateway", "5xx", map[string]string{"ApiId": s.tpl.of(s.t, "AWS::ApiGatewayV2::Api")[0]},
			s.now.Add(time.Duration(i)*time.Hour), 1)
	}
}

// queue is told by SQS, n times, five minutes apart.
func (s *stage) queue(name queue.Name, metric string, n int, value float64) {
	for _, id := range s.tpl.of(s.t, "AWS::SQS::Queue") {
		for i := range n {
			if s.tpl.Resources[id].tagOf(tagQueue) == string(name) {
				s.s.put("AWS/SQS", metric, map[string]string{"QueueName": id}, s.now.Add(time.Duration(i)*5*time.Minute), value)
			}
		}
	}
}

func (s *stage) relay() {
	for _, id := range s.tpl.of(s.t, "AWS::CloudWatch::Alarm") {
		if r := s.tpl.Resources[id]; r.at("Namespace") == "AWS/Events" {
			s.s.put("AWS/Events", "FailedInvocations", dimensionsOf(r.at("Dimensions")), s.now, 1)
		}
	}
}

// world runs the production handlers against the simulated platforms, one of which answers nothing but 5xx for some hours, and
// takes what they count: everything of this connection's polls is theirs.
func (s *stage) world(down record.Connection, hours int) {
	s.t.Helper()
	if !s.played {
		return // what is quiet shows the silence
	}
	ctx := context.Background()
	rules, err := config.LoadRules(exampleFile)
	if err != nil {
		s.t.Fatal(err)
	}
	rules.MatchSecret = []byte("only for this test")
	clock := &runner.Clock{}
	w, err := runner.Open(ctx, runner.Options{Rules: rules, Store: memstore.New(), Queue: memqueue.New(clock.Now), Clock: clock, Seed: 1})
	if err != nil {
		s.t.Fatal(err)
	}
	defer w.Close()
	if err := w.SeedExample(); err != nil {
		s.t.Fatal(err)
	}
	if !w.Settle(ctx, nil) {
		s.t.Fatal("the first load does not come to rest")
	}
	var out bytes.Buffer
	zero, m := clock.Now(), w.System.Meter
	m.Stack, m.Out = testedStack, &out
	m.Now = func() time.Time { return s.now.Add(clock.Now().Sub(zero)) }
	w.Sims[down].SetFaults(platformsim.Faults{ServerError: 1})
	for quarter := range 4 * hours {
		for _, run := range w.Rules.Timetable() {
			if run.Place.Connection == down && !run.Reconcile && !run.Sweep() && time.Duration(quarter)*15*time.Minute%run.Every == 0 {
				w.Run(ctx, run)
			}
		}
		clock.Skip(15 * time.Minute)
	}
	if strings.Contains(out.String(), `"`+config.MetricUnauthorised+`":0`) {
		s.t.Errorf("a poll of %s that failed told that it ended well: %s", down, out.String())
	}
	s.s.read(s.t, out.String())
}

// unauthorised runs the production poller of a connection whose authorisation is over.
func (s *stage) unauthorised(c record.Connection) {
	s.t.Helper()
	ctx := context.Background()
	st := memstore.New()
	if err := controltable.SetPause(ctx, st, c, controltable.Pause{Reason: controltable.PausedUnauthorized, Since: s.now}); err != nil {
		s.t.Fatal(err)
	}
	s.each(time.Hour, s.judged, func(m *meter.Meter) {
		p := &intake.Poller{Store: st, Rules: &ruleset.Rules{}, Now: m.Now, Meter: m,
			Connectors: func(record.Connection) (platform.Connector, error) {
				return nil, fault.New(fault.Unauthorized, "call", nil)
			}}
		if _, err := p.Run(ctx, record.Place{Connection: c, Object: "any"}); err == nil {
			s.t.Error("it polls without an authorisation")
		}
	})
}

// hashed is what CDK adds to a construct's path to make a logical id.
var hashed = regexp.MustCompile(`[0-9A-F]{8}$`)

// TestEachAlarmRingsForItsOwnCause has everything go wrong that the table lists, and holds every alarm of the template to it:
// it rings for its causes, and for no other; a cause that rings nothing says so by an empty list.
func TestEachAlarmRingsForItsOwnCause(t *testing.T) {
	for _, file := range []string{exampleFile, relayedFile} {
		made := stackOf(t, file)
		var watches []watch
		for _, id := range made.of(t, "AWS::CloudWatch::Alarm") {
			watches = append(watches, watchOf(t, made.template, id))
		}
		proved := map[string][]string{}
		look := max(digestHours, wrongHours)
		for _, c := range append(made.deployment.Connections, config.Deployed{}) {
			look = max(look, int(made.deployment.QuietFor(config.Poller, c.Name)/time.Hour),
				int(made.deployment.QuietFor(config.Sweeper, c.Name)/time.Hour))
		}
		for _, c := range causes(made.deployment) {
			s := &stage{t: t, tpl: made.template, d: made.deployment, s: series{}, past: look + 2, judged: look + 2, silent: c.quiet,
				now: began.Add(time.Duration(look+2) * time.Hour), played: file == exampleFile}
			s.baseline()
			c.drive(s)
			var got []string
			for _, w := range watches {
				if w.rings(s.s, s.now, s.now.Add(time.Duration(s.judged)*time.Hour)) {
					name := hashed.ReplaceAllString(w.id, "")
					got = append(got, name)
					proved[name] = append(proved[name], c.name)
				}
			}
			want := slices.Sorted(slices.Values(c.rings))
			slices.Sort(got)
			if !slices.Equal(want, got) {
				t.Errorf("%s: when %s, these ring: %v; want %v", file, c.name, got, want)
			}
		}
		for _, w := range watches {
			if name := hashed.ReplaceAllString(w.id, ""); len(proved[name]) == 0 {
				t.Errorf("%s: nothing in the table of causes makes %s ring: add its cause, or take the alarm out", file, name)
			}
		}
		t.Logf("%s: %d alarms, %d causes", file, len(watches), len(causes(made.deployment)))
	}
}

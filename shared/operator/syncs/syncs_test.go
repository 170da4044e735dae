package syncs_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

func connection(t *testing.T, p syncs.Page, name record.Connection) syncs.Connection {
	t.Helper()
	i := slices.IndexFunc(p.Connections, func(c syncs.Connection) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("%s is not on the page", name)
	}
	return p.Connections[i]
}

func TestEachStateIsSaidToAPerson(t *testing.T) {
	for name, c := range map[string]struct {
		facts              func(*testing.T) syncs.Facts
		change             func(*syncs.Facts)
		connection         record.Connection
		state              syncs.State
		sentence, next     string
		headline, headNext string
	}{
		"all is well": {facts: healthy, connection: "jobber", state: syncs.StateWell, sentence: "Everything that we know of is where it belongs.",
			headline: "Everything is in step."},
		"a platform does not answer": {facts: down, connection: "jobber", state: syncs.StateDown,
			sentence: "Jobber has not answered since 09:12; 184 changes wait; nothing is lost; it resumes by itself.",
			headline: "Jobber does not answer."},
		"nor did it ever": {facts: down, change: func(
			f *syncs.Facts) {
			h := f.Health["jobber"]
			h.AnsweredAt = time.Time{}
			f.Health["jobber"] = h
		}, connection: "jobber", state: syncs.StateDown,
			sentence: "Jobber has not answered yet. 184 changes wait; nothing is lost; it resumes by itself.", headline: "Jobber does not answer."},
		"one call without an answer is none": {facts: down,
			change: func(f *syncs.Facts) { h := f.Health["jobber"]; h.Failures = 1; f.Health["jobber"] = h }, connection: "jobber",
			state:    syncs.StateBusy,
			sentence: "184 changes are on the way.", headline: "Changes are on their way."},
		"a platform limits our calls": {facts: down, change: func(f *syncs.Facts) {
			h := f.Health["jobber"]
			h.Failures = 0
			h.Hours[23].Counts[config.MetricRateLimited] = 9
			f.Health["jobber"] = h
		}, connection: "jobber", state: syncs.StateBusy,
			sentence: "Jobber limits how often we may call it; 184 changes wait its turn. It goes on by itself.",
			headline: "Changes are on their way."},
		"an authorisation is over": {facts: authorisation, connection: "quickbooks", state: syncs.StateStopped,
			sentence: "QuickBooks ended our authorisation 3 hours ago, at 06:40. 17 changes are kept until it goes on; nothing is lost, however " +
				"long it takes.", next: "fluxcascade connect quickbooks --again --stack FluxCascade-production",
			headline: "QuickBooks has to be connected again.", headNext: "fluxcascade connect quickbooks --again --stack FluxCascade-production"},
		"a person paused it": {facts: authorisation, connection: "jobber", state: syncs.StatePaused,
			sentence: "Jobber has been paused for 40 minutes, since 09:00, by ann, because: crews are moved to new accounts. Nothing is lost, " +
				"however long it takes.", next: "fluxcascade resume jobber --stack FluxCascade-production",
			headline: "QuickBooks has to be connected again.", headNext: "fluxcascade connect quickbooks --again --stack FluxCascade-production"},
		"work waits for a person": {facts: parked, connection: "jobber", state: syncs.StateAsks,
			sentence: "1,266 pieces of work wait for you; everything else goes on.", headline: "1,266 pieces of work wait for you."},
		"a limit of spread is reached": {facts: parked, connection: "quickbooks", state: syncs.StateAsks,
			sentence: "More than 500 blanks in an hour would go to QuickBooks, so they are held since 08:50: it may be a mistake that spreads.",
			next:     "fluxcascade release quickbooks --stack FluxCascade-production", headline: "1,266 pieces of work wait for you."},
		"a person paused it, and nobody knows who or why": {facts: authorisation, change: func(f *syncs.Facts) {
			f.Pauses = map[record.Connection]controltable.Pause{"jobber": {Reason: controltable.PausedByOperator,
				Since: now.Add(-3 * 24 * time.Hour)}}
			f.Depths["changes-jobber"], f.Kept = 2, map[record.Connection]int{"jobber": 4}
		}, connection: "jobber", state: syncs.StatePaused,
			sentence: "Jobber has been paused for 3 days, since Feb 27, 09:40. 6 changes are kept until it goes on; nothing is lost, however " +
				"long it takes.", headline: "Jobber is paused."},
		"a platform does not answer for nearly two weeks": {facts: down, change: func(f *syncs.Facts) {
			h := f.Health["jobber"]
			h.AnsweredAt = now.Add(-(13*24 + 1) * time.Hour)
			f.Health["jobber"] = h
		}, connection: "jobber", state: syncs.StateDown,
			sentence: "Jobber has not answered since Feb 17, 08:40; 184 changes wait; nothing is lost; it resumes by itself. A change is tried " +
				"for 14 days: what waits since then is set aside from Mar 3, 08:40 on, for you to send again.",
			headline: "Jobber does not answer."},
		"messages failed again and again": {facts: healthy, change: func(f *syncs.Facts) {
			f.Depths["changes-jobber-dead"], f.Depths["due-jobber-dead"], f.Depths["backfill-jobber-dead"] = 1, 2, 1
		}, connection: "jobber", state: syncs.StateAsks,
			sentence: "1 change, 1 batch of records and 2 writes of Jobber failed again and again and are set aside.",
			next:     "fluxcascade redrive jobber --stack FluxCascade-production", headline: "4 messages of Jobber are set aside.",
			headNext: "fluxcascade redrive jobber --stack FluxCascade-production"},
		"one message did": {facts: healthy, change: func(f *syncs.Facts) { f.Depths["due-jobber-dead"] = 1 }, connection: "jobber",
			state:    syncs.StateAsks,
			sentence: "1 write of Jobber failed again and again and is set aside.", headline: "1 message of Jobber is set aside."},
		"webhooks stopped": {facts: healthy, change: func(f *syncs.Facts) {
			h := f.Health["jobber"]
			h.WebhookAt = now.Add(-15 * time.Hour)
			f.Health["jobber"] = h
		}, connection: "jobber", state: syncs.StateAsks,
			sentence: "The webhooks of Jobber have told nothing since Mar 1, 18:40, not even of the 68 writes that we made there; polls find " +
				"what changes, only later.",
			next: "fluxcascade check --stack FluxCascade-production", headline: "Jobber does not call us any more."},
		"webhooks are quiet because we write nothing": {facts: healthy, change: func(f *syncs.Facts) {
			h := f.Health["jobber"]
			h.WebhookAt = now.Add(-15 * time.Hour)
			for i := range h.Hours {
				h.Hours[i].Counts[config.MetricWrites] = 0
			}
			f.Health["jobber"] = h
		}, connection: "jobber", state: syncs.StateWell, sentence: "Everything that we know of is where it belongs.",
			headline: "Everything is in step."},
		"webhooks never came": {facts: healthy, change: func(
			f *syncs.Facts) {
			h := f.Health["jobber"]
			h.WebhookAt = time.Time{}
			f.Health["jobber"] = h
		}, connection: "jobber", state: syncs.StateWell,
			sentence: "Everything that we know of is where it belongs.", headline: "Everything is in step."},
		"a full compare goes on": {facts: healthy, change: func(f *syncs.Facts) { f.Depths["backfill-jobber"] = 37 }, connection: "jobber",
			state:    syncs.StateBusy,
			sentence: "Jobber is being read whole, to find what nothing told of: 37 batches of records wait their turn behind live changes.",
			headline: "A full compare is under way."},
		"nothing has been read yet": {facts: firstRun, connection: "hubspot", state: syncs.StateLoading,
			sentence: "HubSpot is read as soon as it is its turn: the hub first, then the others.", headline: "The first load is under way."},
		"a first load goes on": {facts: healthy, change: func(f *syncs.Facts) {
			f.Progress[record.Place{Connection: "jobber", Object: "clients"}] = controltable.Progress{Phase: controltable.PhaseListing,
				Records: 1200}
			f.Progress[record.Place{Connection: "jobber", Object: "jobs"}] = controltable.Progress{}
			f.Depths["backfill-jobber"] = 4
		}, connection: "jobber", state: syncs.StateLoading,
			sentence: "Jobber is being read for the first time: 1,200 records so far, of which the last 4 batches wait to be matched.",
			headline: "The first load is under way."},
		"no configuration is active": {facts: healthy, change: func(f *syncs.Facts) { f.Active = false }, connection: "jobber",
			state: syncs.StateWell, sentence: "Everything that we know of is where it belongs.",
			headline: "No configuration is active.", headNext: "fluxcascade activate --stack FluxCascade-production"},
	} {
		t.Run(name, func(t *testing.T) {
			f := c.facts(t)
			if c.change != nil {
				c.change(&f)
			}
			p := syncs.Build(f)
			got := connection(t, p, c.connection)
			if got.State != c.state || got.Sentence != c.sentence || (c.next != "" && got.Command != c.next) {
				t.Errorf("got %s: %s [%s]\nwant %s: %s [%s]", got.State, got.Sentence, got.Command, c.state, c.sentence, c.next)
			}
			if p.Headline != c.headline || (c.headNext != "" && p.Command != c.headNext) {
				t.Errorf("got %q [%s], want %q [%s]", p.Headline, p.Command, c.headline, c.headNext)
			}
		})
	}
}

// TestAChangeIsTriedForAsLongAsIsSaid: the pipeline says how long, and links what the page may not.
func TestAChangeIsTriedForAsLongAsIsSaid(t *testing.T) {
	if max := pipeline.OutageMax; max < syncs.TriedFor || max > syncs.TriedFor+2*time.Hour {
		t.Errorf("it is tried for %s, and people are told %s", max, syncs.TriedFor)
	}
}

// TestWhatToDoIsOnTopWhateverIsWorst: a platform that does not answer asks for nothing, and hides nobody who does.
func TestWhatToDoIsOnTopWhateverIsWorst(t *testing.T) {
	p := syncs.Build(troubled(t))
	held := connection(t, syncs.Build(parked(t)), "quickbooks")
	want := []syncs.Ask{{Sentence: "3 changes of QuickBooks failed again and again and are set aside.",
		Next:    "See in the log of the resolver why, mend that, then send them again",
		Command: "fluxcascade redrive quickbooks --stack FluxCascade-production"}}
	if !slices.Equal(held.Asks, want) {
		t.Errorf("what else is asked of a person: got %+v, want %+v", held.Asks, want)
	}
	if lines := strings.Join(syncs.Lines(syncs.Build(parked(t))), "\n"); !strings.Contains(lines, "\n    also: "+want[0].Sentence+" Next: "+
		want[0].Next+": "+want[0].Command) {
		t.Errorf("got %s", lines)
	}
	if p.Headline != "Jobber does not answer." || p.Next != "HubSpot: see whether its webhooks are on, and go to the right address" ||
		p.Command != "fluxcascade check --stack FluxCascade-production" {
		t.Errorf("got %q, next %q [%s]", p.Headline, p.Next, p.Command)
	}
}

// TestNoOthersGoOnWhereThereAreNone: what is said holds for the system that it is said of.
func TestNoOthersGoOnWhereThereAreNone(t *testing.T) {
	f := down(t)
	for c, h := range f.Health {
		h.AnsweredAt, h.FailedAt, h.Failures = now.Add(-time.Hour), now, 9
		f.Health[c] = h
	}
	p := syncs.Build(f)
	if p.Headline != "HubSpot, Jobber and QuickBooks do not answer." || p.Detail != "Nothing is lost, and it resumes by itself." {
		t.Errorf("got %q %q", p.Headline, p.Detail)
	}
}

func TestTheNextRunIsByTheTimetable(t *testing.T) {
	f := healthy(t)
	for _, c := range f.Rules.Connections {
		p := syncs.Build(f)
		facts := connection(t, p, c.Name).Facts
		if next := facts[len(facts)-1]; next.Label != "Next run" || next.Value < "09:40" || next.Value > "10:40" {
			t.Errorf("%s: got %+v", c.Name, next)
		}
	}
}

func TestTimesAreTheReaders(t *testing.T) {
	f := down(t)
	f.Zone = time.FixedZone("-06:00", -6*3600)
	if got := connection(t, syncs.Build(f), "jobber").Sentence; !strings.HasPrefix(got, "Jobber has not answered since 03:12;") {
		t.Errorf("got %q", got)
	}
}

func TestAPageIsWholeAndAsksNothingOfElsewhere(t *testing.T) {
	for name, p := range states(t) {
		var out bytes.Buffer
		if err := syncs.Render(&out, p); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text := out.String()
		for _, never := range []string{"<script", "<link", "<img", "@import", "url(", "javascript:"} {
			if strings.Contains(text, never) {
				t.Errorf("%s holds %s", name, never)
			}
		}
		for _, always := range []string{"<main>", "<h1>", `lang="en"`, "viewport", `http-equiv="refresh"`} {
			if !strings.Contains(text, always) {
				t.Errorf("%s lacks %s", name, always)
			}
		}
	}
}

func TestRecordsLinkToThePlatformsPage(t *testing.T) {
	p := syncs.Build(parked(t))
	if got := p.Items[0].Records; len(got) != 2 || got[0].Page != "https://secure.getjobber.com/clients/42" ||
		got[1].Page != "https://app.hubspot.com/contacts/4410077/record/0-1/50100" {
		t.Errorf("got %+v", got)
	}
	f := parked(t)
	f.Simulated = true
	if got := syncs.Build(f).Items[0].Records[0].Page; got != "" {
		t.Errorf("a simulated record links to %s", got)
	}
}

func TestAListIsCutAndItsTotalIsNot(t *testing.T) {
	p := syncs.Build(parked(t))
	if p.WaitingTotal != 1266 || len(p.Items) != 20 || len(p.Waiting) != 5 {
		t.Errorf("got %d in %d kinds, %d shown", p.WaitingTotal, len(p.Waiting), len(p.Items))
	}
	for i := 1; i < len(p.Items); i++ {
		if p.Items[i].Since.Before(p.Items[i-1].Since) {
			t.Error("the longest waiting are not first")
		}
	}
}

func TestTheDigestTellsOfADay(t *testing.T) {
	m, ok := syncs.Digest(syncs.Build(parked(t)))
	if !ok || m.Subject != "FluxCascade-production: 1,266 pieces of work wait for you." {
		t.Errorf("got %q, %v", m.Subject, ok)
	}
	for _, part := range []string{
		"- jobber: phone of a client, 1,204; the value has no form that the other side takes; the longest for 6 days. Correct the value where " +
			"it was entered.",
		"https://secure.getjobber.com/clients/42",
		"- jobber: email of a client, 18 times, the last at 09:20. HubSpot owns it: Sales keeps addresses up to date in HubSpot.",
		"fluxcascade release quickbooks --stack FluxCascade-production",
	} {
		if !strings.Contains(m.Body, part) {
			t.Errorf("it lacks %q:\n%s", part, m.Body)
		}
	}
	if _, ok := syncs.Digest(syncs.Build(healthy(t))); ok {
		t.Error("a day without news is told")
	}
	f := healthy(t)
	f.Pauses["jobber"] = controltable.Pause{Reason: controltable.PausedByOperator, Since: now.Add(-5 * 24 * time.Hour), By: "ann",
		Note: "moving"}
	if m, ok := syncs.Digest(syncs.Build(f)); !ok || m.Subject != "FluxCascade-production: Jobber is paused." ||
		!strings.Contains(m.Body, "Jobber has been paused for 5 days, since Feb 25, 09:40, by ann, because: moving.") ||
		!strings.Contains(m.Body, "fluxcascade resume jobber --stack FluxCascade-production") {
		t.Errorf("a pause that somebody forgot is not told: %v, %q\n%s", ok, m.Subject, m.Body)
	}
	f = healthy(t)
	f.Target = "Gebäude " + strings.Repeat("x", 200)
	f.Summaries["jobber"] = controltable.Summary{At: now, Waiting: 1}
	m, _ = syncs.Digest(syncs.Build(f))
	if len(m.Subject) > 100 || strings.ContainsFunc(m.Subject, func(r rune) bool { return r > '~' }) {
		t.Errorf("no subject for SNS: %q", m.Subject)
	}
}

func TestFactsAreReadFromTheStoreAndTheQueues(t *testing.T) {
	ctx, s := t.Context(), memstore.New()
	q := memqueue.New(func() time.Time { return now })
	rules := example(t)
	if err := controltable.SetPause(ctx, s, "jobber", controltable.Pause{Reason: controltable.PausedByOperator, Since: now}); err != nil {
		t.Fatal(err)
	}
	if err := controltable.AddHealth(ctx, s, "hubspot", controltable.Health{Function: "poller", AnsweredAt: now.Add(-time.Minute)},
		now); err != nil {
		t.Fatal(err)
	}
	if err := controltable.AddHealth(ctx, s, "hubspot", controltable.Health{Function: "writer", FailedAt: now, Failures: 5}, now); err != nil {
		t.Fatal(err)
	}
	if err := controltable.SaveSummary(ctx, s, "quickbooks", controltable.Summary{At: now, Waiting: 7}); err != nil {
		t.Fatal(err)
	}
	if err := q.Send(ctx, "due-quickbooks", []queue.Message{{Body: []byte("{}")}, {Body: []byte("{}")}}); err != nil {
		t.Fatal(err)
	}
	f, err := syncs.Load(ctx, s, q, syncs.Facts{Now: now, Rules: rules, Active: true, Target: "test"})
	if err != nil {
		t.Fatal(err)
	}
	p := syncs.Build(f)
	if got := connection(t, p, "jobber").State; got != syncs.StatePaused {
		t.Errorf("jobber: %s", got)
	}
	if got := connection(t, p, "hubspot"); got.State != syncs.StateDown {
		t.Errorf("hubspot: five calls of a writer had no answer since the poller's: %+v", got)
	}
	if p.WaitingTotal != 7 || p.Figures[1].Value != "2" {
		t.Errorf("got %d waiting, %+v", p.WaitingTotal, p.Figures)
	}
}

package ruleset_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func hours(t testing.TB, text string) ruleset.Active {
	t.Helper()
	var a ruleset.Active
	if err := a.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return a
}

func wall(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestActiveHoursFollowTheWall(t *testing.T) {
	cases := []struct{ name, active, at, next string }{
		{"within", "mon-fri 07:00-19:00 America/Chicago", "2026-03-02T07:00:00-06:00", "2026-03-02T07:00:00-06:00"},
		{"before", "mon-fri 07:00-19:00 America/Chicago", "2026-03-02T06:59:59-06:00", "2026-03-02T07:00:00-06:00"},
		{"the end is outside", "mon-fri 07:00-19:00 America/Chicago", "2026-03-02T19:00:00-06:00", "2026-03-03T07:00:00-06:00"},
		{"over a weekend in which the clock is put forward", "mon-fri 07:00-19:00 America/Chicago", "2026-03-06T19:00:00-06:00", "2026-03-09T07:00:00-05:00"},
		{"over one in which it is put back", "mon-fri 07:00-19:00 America/Chicago", "2026-10-30T19:00:00-05:00", "2026-11-02T07:00:00-06:00"},
		{"a night belongs to the day it begins on", "fri 22:00-06:00 Europe/Berlin", "2026-03-07T05:59:00+01:00", "2026-03-07T05:59:00+01:00"},
		{"and not to the day before it", "fri 22:00-06:00 Europe/Berlin", "2026-03-06T05:59:00+01:00", "2026-03-06T22:00:00+01:00"},
		{"the week is a circle", "sat 22:00-02:00 UTC", "2026-03-08T01:00:00Z", "2026-03-08T01:00:00Z"},
		{"an hour that is skipped is none", "daily 02:00-03:00 America/Chicago", "2026-03-08T00:00:00-06:00", "2026-03-09T02:00:00-05:00"},
		{"hours that begin in it begin after it", "daily 02:00-06:00 America/Chicago", "2026-03-08T00:00:00-06:00", "2026-03-08T03:00:00-05:00"},
		{"also where hours are on that day alone", "sun 02:00-03:00 America/Chicago", "2026-03-08T00:00:00-06:00", "2026-03-15T02:00:00-05:00"},
		{"an hour that is repeated counts twice", "daily 01:00-02:00 America/Chicago", "2026-11-01T01:30:00-06:00", "2026-11-01T01:30:00-06:00"},
		{"always", "always", "2026-03-08T00:00:00Z", "2026-03-08T00:00:00Z"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got, want := hours(t, c.active).Next(wall(t, c.at)), wall(t, c.next); !got.Equal(want) {
				t.Errorf("%s after %s: got %s, want %s", c.active, c.at, got, want)
			}
		})
	}
}

func TestTheNextActiveMomentIsTheFirst(t *testing.T) {
	zones := []string{"America/Chicago", "Europe/Berlin", "UTC", "Australia/Lord_Howe", "Asia/Kathmandu"}
	rapid.Check(t, func(t *rapid.T) {
		minute := func(name string, last int) time.Duration {
			return time.Duration(rapid.IntRange(0, last).Draw(t, name)) * time.Minute
		}
		a := ruleset.Active{From: minute("from", 24*60-1), To: minute("to", 24*60), Days: ruleset.Days(rapid.IntRange(1, 127).Draw(t, "days")), Zone: rapid.SampledFrom(zones).Draw(t, "zone")}
		if a.From == a.To {
			return
		}
		at := time.Date(2026, 1, 1, 0, rapid.IntRange(0, 365*24*60).Draw(t, "minute"), 0, 0, time.UTC)
		next := a.Next(at)
		if next.Before(at) || !a.Contains(next) && next.Sub(at) > 0 {
			t.Fatalf("%s after %s: got %s", a, at, next)
		}
		for m := at; m.Before(next); m = m.Add(time.Minute) {
			// What the clock repeats or skips may make an opening up to an hour late, never a day.
			if a.Contains(m) && next.Sub(m) > time.Hour {
				t.Fatalf("%s after %s: got %s, but %s is within", a, at, next, m)
			}
		}
		var again ruleset.Active
		if err := again.UnmarshalText([]byte(a.String())); err != nil || again != a {
			t.Fatalf("%s reads as %s: %v", a, again, err)
		}
	})
}

func TestActiveHoursOfASchedule(t *testing.T) {
	with := func(schedule string) *ruleset.Rules {
		return load(t, strings.Replace(small, "schedule: {to_hub: {every: 1h}}", schedule, 1))
	}
	rules := with(`schedule: {active: {from: 07:00, to: "19:00", days: [mon, wed, tue], zone: America/Chicago}, to_hub: {every: 1h, active: {zone: UTC, days: sat}}}`)
	m := rules.Groups[0].Mappings[0]
	if got := m.ToSpoke.Active.String(); got != "mon-wed 07:00-19:00 America/Chicago" {
		t.Errorf("the mapping's hours hold for a direction without its own: got %s", got)
	}
	if got := m.ToHub.Active.String(); got != "sat 00:00-24:00 UTC" {
		t.Errorf("a direction's own hours: got %s", got)
	}
	if got := with(`schedule: {active: {zone: UTC}}`).Groups[0].Mappings[0].ToHub.Active; !got.IsZero() {
		t.Errorf("every hour of every day is always: got %s", got)
	}
}

// TestHoursInTheTimetable: a place whose mappings have other hours has a run for each, unless one without hours comes as often.
func TestHoursInTheTimetable(t *testing.T) {
	day := hours(t, "mon-fri 07:00-19:00 America/Chicago")
	mapping := func(spoke record.Connection, every time.Duration, active ruleset.Active) ruleset.Mapping {
		s := ruleset.Schedule{Every: every, Active: active}
		return ruleset.Mapping{Hub: "contacts", Spoke: record.Place{Connection: spoke, Object: "clients"}, ToSpoke: s, ToHub: s}
	}
	timetable := func(mappings ...ruleset.Mapping) (polls, daily []string) {
		rules := &ruleset.Rules{Groups: []ruleset.Group{{Name: "g", Hub: "hub", Mappings: mappings}}}
		for _, run := range rules.Timetable() {
			switch {
			case run.Place.String() != "hub/contacts":
			case run.Reconcile:
				daily = append(daily, run.Every.String()+" "+run.Active.String())
			default:
				polls = append(polls, run.Every.String()+" "+run.Active.String())
			}
			if run.Within() >= run.Every || run.Within() >= run.Active.Length() {
				t.Errorf("%+v begins %s after its hours do", run, run.Within())
			}
		}
		return polls, daily
	}
	polls, daily := timetable(mapping("a", 15*time.Minute, day), mapping("b", time.Hour, ruleset.Active{}))
	if diff := cmp.Diff([]string{"15m0s " + day.String(), "1h0m0s always"}, polls); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"24h0m0s always"}, daily); diff != "" {
		t.Error(diff)
	}
	polls, _ = timetable(mapping("a", time.Hour, day), mapping("b", 15*time.Minute, ruleset.Active{}))
	if diff := cmp.Diff([]string{"15m0s always"}, polls); diff != "" {
		t.Error(diff)
	}
	polls, daily = timetable(mapping("a", time.Hour, day))
	if diff := cmp.Diff([]string{"24h0m0s " + day.String()}, daily); diff != "" {
		t.Errorf("reading all keeps the hours too: %s; polls %v", diff, polls)
	}
}

func TestTheLongestPauseBetweenHours(t *testing.T) {
	for text, want := range map[string]time.Duration{"always": 0, "daily 07:00-19:00 UTC": 12 * time.Hour, "mon-fri 07:00-19:00 UTC": 60 * time.Hour,
		"sat 00:00-24:00 UTC": 6 * 24 * time.Hour, "daily 22:00-06:00 UTC": 16 * time.Hour, "sun,wed 08:00-10:00 UTC": 94 * time.Hour} {
		if got := hours(t, text).Pause(); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestWhatIsNoHours(t *testing.T) {
	for _, text := range []string{"", "mon", "mon 7:00-19:00 UTC", "mon 07:00-25:00 UTC", "xyz 07:00-19:00 UTC", "mon 07:00-19:00 Mars/Base", "mon 07:00 UTC", "mon- 07:00-19:00 UTC"} {
		var a ruleset.Active
		if err := a.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q reads as %s", text, a)
		}
	}
}

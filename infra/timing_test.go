package main

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func TestTiming(t *testing.T) {
	cases := []struct {
		every, offset time.Duration
		active, want  string
	}{
		{time.Minute, 0, "always", "cron(0/1 * * * ? *) UTC"},
		{15 * time.Minute, 0, "always", "cron(0/15 * * * ? *) UTC"},
		{15 * time.Minute, 7*time.Minute + 30*time.Second, "always", "cron(7/15 * * * ? *) UTC"},
		{15 * time.Minute, 16 * time.Minute, "always", "cron(1/15 * * * ? *) UTC"},
		{time.Hour, 20 * time.Minute, "always", "cron(20 * * * ? *) UTC"},
		{90 * time.Minute, 0, "always", "rate(90 minutes) UTC within 15"},
		{6 * time.Hour, 100 * time.Minute, "always", "cron(40 1/6 * * ? *) UTC"},
		{24 * time.Hour, 16*time.Hour + 5*time.Minute, "always", "cron(5 16 * * ? *) UTC"},
		{7 * time.Hour, time.Hour, "always", "rate(420 minutes) UTC within 15"},
		{25 * time.Minute, 0, "always", "rate(25 minutes) UTC within 12"},
		{15 * time.Minute, 5 * time.Minute, "mon-fri 07:00-19:00 America/Chicago", "cron(5/15 7-18 ? * MON,TUE,WED,THU,FRI *) America/Chicago"},
		{15 * time.Minute, 0, "daily 07:30-19:00 America/Chicago", "cron(0/15 7-18 * * ? *) America/Chicago"},
		{time.Hour, 40 * time.Minute, "daily 07:30-19:00 Europe/Berlin", "cron(10 8-18 * * ? *) Europe/Berlin"},
		{4 * time.Hour, time.Hour, "sat,sun 08:00-20:00 UTC", "cron(0 9,13,17 ? * SUN,SAT *) UTC"},
		{24 * time.Hour, 16 * time.Hour, "mon-fri 07:00-19:00 America/Chicago", "cron(0 15 ? * MON,TUE,WED,THU,FRI *) America/Chicago"},
		{30 * time.Minute, 0, "daily 22:00-06:00 UTC", "cron(0/30 0-5,22-23 * * ? *) UTC"},
		{30 * time.Minute, 0, "fri 22:00-06:00 UTC", "cron(0/30 * * * ? *) UTC"},                // declined outside
		{24 * time.Hour, 9 * time.Hour, "sat 22:00-06:00 UTC", "cron(0 1 ? * SUN *) UTC"},       // all of it is in Sunday's morning
		{25 * time.Minute, 0, "daily 07:00-19:00 UTC", "rate(25 minutes) UTC within 12"},        // declined outside
		{90 * time.Minute, 15 * time.Minute, "daily 07:10-08:00 UTC", "cron(18 7 * * ? *) UTC"}, // once, each time they begin
	}
	for _, c := range cases {
		var active ruleset.Active
		if err := active.UnmarshalText([]byte(c.active)); err != nil {
			t.Fatal(err)
		}
		w := timing(config.Schedule{Every: c.every, Offset: c.offset, Active: active})
		got := w.expression + " " + w.zone
		if w.flexMinutes > 0 {
			got += " within " + strconv.Itoa(w.flexMinutes)
		}
		if got != c.want {
			t.Errorf("every %s from %s, %s: got %s, want %s", c.every, c.offset, c.active, got, c.want)
		}
	}
}

// TestSchedulesKeepTheirHours makes every call that an expression asks for in two weeks around a change of the clock, as
// EventBridge Scheduler would, and declines what is outside, as the function would: each time the hours begin there is a
// call, and within them no two are further apart than the period.
func TestSchedulesKeepTheirHours(t *testing.T) {
	periods := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour,
		12 * time.Hour, 24 * time.Hour}
	rapid.Check(t, func(t *rapid.T) {
		quarters := func(name string, last int) time.Duration {
			return time.Duration(rapid.IntRange(0, last).Draw(t, name)) * 15 * time.Minute
		}
		a := ruleset.Active{From: quarters("from", 95), To: quarters("to", 96), Days: ruleset.Days(rapid.IntRange(1, 127).Draw(t, "days")),
			Zone: "America/Chicago"}
		if a.From == a.To {
			return
		}
		s := config.Schedule{Every: rapid.SampledFrom(periods).Draw(t, "every"), Active: a}
		s.Offset = time.Duration(rapid.Int64Range(0, int64(s.Every/time.Minute)-1).Draw(t, "offset")) * time.Minute
		w := timing(s)
		zone, err := time.LoadLocation(w.zone)
		if err != nil {
			t.Fatal(err)
		}
		// 8 March 2026, 02:00 to 03:00, does not exist in Chicago: a call of that hour is left out, and the next one is a period later.
		begin := time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)
		opened, wasActive, called := time.Time{}, a.Contains(begin.Add(-time.Minute)), time.Time{}
		active, leftOut := wasActive, false
		for m := begin; m.Before(begin.AddDate(0, 0, 14)); m = m.Add(time.Minute) {
			if m.Minute()%15 == 0 { // hours begin and end at quarters here
				active = a.Contains(m)
			}
			if active && !wasActive {
				opened, called, leftOut = m, time.Time{}, false
			}
			leftOut = leftOut || skips(w.expression, m.In(zone))
			if active && matches(w.expression, m.In(zone)) {
				called = m
			}
			since := opened
			if called.After(opened) {
				since = called
			}
			atMost := s.Every
			if leftOut {
				atMost += s.Every
			}
			if active && !opened.IsZero() && m.Sub(since) > atMost {
				t.Fatalf("%s as %s %s: nothing is called from %s to %s", s.Active, w.expression, w.zone, since.In(zone), m.In(zone))
			}
			if wasActive && !active && !opened.IsZero() && called.IsZero() && !leftOut {
				t.Fatalf("%s as %s %s: nothing was called from %s to %s", s.Active, w.expression, w.zone, opened.In(zone), m.In(zone))
			}
			wasActive = active
		}
	})
}

// skips reports whether the clock jumped forward to a minute, and over one that a cron expression names.
func skips(expression string, local time.Time) bool {
	_, before := local.Add(-time.Minute).Zone()
	_, now := local.Zone()
	wall := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), 0, 0, time.UTC)
	for skipped := before; skipped < now; skipped += 60 {
		if matches(expression, wall.Add(time.Duration(skipped-now)*time.Second)) {
			return true
		}
	}
	return false
}

// matches reports whether a cron expression names a minute: minutes, hours, and days of the week, as timing writes them.
func matches(expression string, local time.Time) bool {
	fields := strings.Fields(strings.TrimSuffix(strings.TrimPrefix(expression, "cron("), ")"))
	if len(fields) != 6 {
		return false
	}
	day := fields[4] == "?" || strings.Contains(fields[4], strings.ToUpper(local.Weekday().String()[:3]))
	return day && inField(fields[0], local.Minute()) && inField(fields[1], local.Hour())
}

func inField(field string, n int) bool {
	for _, part := range strings.Split(field, ",") {
		if part == "*" {
			return true
		}
		if start, step, ok := strings.Cut(part, "/"); ok {
			from, _ := strconv.Atoi(start)
			by, _ := strconv.Atoi(step)
			if n >= from && (n-from)%by == 0 {
				return true
			}
			continue
		}
		first, last, ok := strings.Cut(part, "-")
		if !ok {
			last = first
		}
		from, _ := strconv.Atoi(first)
		to, _ := strconv.Atoi(last)
		if n >= from && n <= to {
			return true
		}
	}
	return false
}

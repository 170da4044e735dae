package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/jsii-runtime-go"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// flexMinutesMax bounds the window over which rates are spread by chance.
const flexMinutesMax = 15

// when is a schedule as EventBridge Scheduler takes it: an expression, the zone it is read in, and how many minutes
// later it may come.
type when struct {
	expression, zone string
	flexMinutes      int
}

func (w when) window() *awsscheduler.CfnSchedule_FlexibleTimeWindowProperty {
	if w.flexMinutes == 0 {
		return &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: jsii.String("OFF")}
	}
	return &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: jsii.String("FLEXIBLE"),
		MaximumWindowInMinutes: jsii.Number(w.flexMinutes)}
}

// timing gives a schedule's expression. Periods that divide an hour or a day are cron expressions, exact to the minute,
// so that the offset holds whenever the stack is deployed: a rate counts from the deployment, and a start date earlier
// than five minutes ago is refused, so it would make every later deployment fail. Any other period is a rate, spread by
// chance over a window instead.
//
// Active hours are part of the expression, in their zone, as far as one can say them; the function declines what is
// called outside them. A call in an hour that the clock skips in spring is left out, and one in an hour repeated in autumn
// is made once (docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html, 2026): without hours the zone is UTC,
// and neither can happen.
func timing(s config.Schedule) when {
	minutes, start := int(s.Every/time.Minute), int(s.Within()/time.Minute)
	if s.Active.IsZero() {
		return unbounded(minutes, start)
	}
	if w, ok := bounded(s.Active, minutes, start); ok {
		return w
	}
	return unbounded(minutes, start)
}

func unbounded(minutes, start int) when {
	cron := func(format string, args ...any) when {
		return when{expression: "cron(" + fmt.Sprintf(format, args...) + " * * ? *)", zone: "UTC"}
	}
	switch {
	case minutes == 60:
		return cron("%d *", start)
	case minutes == 24*60:
		return cron("%d %d", start%60, start/60)
	case minutes < 60 && 60%minutes == 0:
		return cron("%d/%d *", start, minutes)
	case minutes%60 == 0 && 24*60%minutes == 0:
		return cron("%d %d/%d", start%60, start/60, minutes/60)
	}
	return when{expression: fmt.Sprintf("rate(%d minutes)", minutes), zone: "UTC", flexMinutes: max(1, min(minutes/2, flexMinutesMax))}
}

// bounded gives an expression that calls at no hour without active minutes, and calls in every one that has some; false
// where there is none: a period that divides neither an hour nor a number of them, or a night that begins on some days
// only, whose morning belongs to the day before.
func bounded(a ruleset.Active, minutes, start int) (when, bool) {
	from, length := int(a.From/time.Minute), int(a.Length()/time.Minute)
	var hours []int
	at := ""
	switch {
	case minutes >= length: // once, each time they begin
		hours, at = []int{(from + start) / 60}, strconv.Itoa((from+start)%60)
	case minutes%60 == 0:
		at = strconv.Itoa((from + start) % 60)
		for m := from + start; m < from+length; m += minutes {
			hours = append(hours, m/60)
		}
	case minutes < 60 && 60%minutes == 0:
		at = fmt.Sprintf("%d/%d", (from+start)%minutes, minutes)
		for h := from / 60; h*60 < from+length; h++ {
			hours = append(hours, h)
		}
	default:
		return when{}, false
	}
	days := a.Days
	if !days.All() && hours[len(hours)-1] >= 24 {
		if hours[0] < 24 {
			return when{}, false
		}
		days = days<<1&(1<<7-1) | days>>6 // all of it is on the day after
	}
	for i := range hours {
		hours[i] %= 24
	}
	slices.Sort(hours)
	return when{expression: fmt.Sprintf("cron(%s %s %s)", at, ranges(slices.Compact(hours)), daysField(days)), zone: a.Zone}, true
}

// ranges writes sorted hours: 7-18, 9,13,17; * for all.
func ranges(hours []int) string {
	if len(hours) == 24 {
		return "*"
	}
	var parts []string
	for i := 0; i < len(hours); {
		end := i
		for end+1 < len(hours) && hours[end+1] == hours[end]+1 {
			end++
		}
		if end > i {
			parts = append(parts, fmt.Sprintf("%d-%d", hours[i], hours[end]))
		} else {
			parts = append(parts, strconv.Itoa(hours[i]))
		}
		i = end + 1
	}
	return strings.Join(parts, ",")
}

// daysField writes the last three fields of an expression: day of the month, month, day of the week. Years are left out
// where Scheduler takes them so.
func daysField(days ruleset.Days) string {
	if days.All() {
		return "* * ? *"
	}
	var names []string
	for w := time.Sunday; w <= time.Saturday; w++ {
		if days.On(w) {
			names = append(names, strings.ToUpper(w.String()[:3]))
		}
	}
	return "? * " + strings.Join(names, ",") + " *"
}

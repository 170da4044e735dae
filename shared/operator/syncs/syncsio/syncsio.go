// Package syncsio is the border between AWS and the Syncs page: it answers CloudWatch's dashboards with the page, and
// publishes the daily digest. It reads, and changes nothing.
package syncsio

import (
	"context"
	"fmt"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// System is what is looked at.
type System struct {
	// Stack names it; commands reach it by that.
	Stack string
	Store store.Store
	Queue syncs.Counter
	// Rules gives the active configuration, or the one that waits to be, and false.
	Rules func(context.Context) (*ruleset.Rules, bool, error)
	Now   func() time.Time
}

// look makes the page of one group, or of all for "". A nil zone is that of the configuration's hours.
func (s System) look(ctx context.Context, group record.Group, zone *time.Location) (syncs.Page, error) {
	rules, active, err := s.Rules(ctx)
	if err != nil {
		return syncs.Page{}, err
	}
	if zone == nil {
		zone = zoneOfHours(rules)
	}
	f, err := syncs.Load(ctx, s.Store, s.Queue, syncs.Facts{Now: s.Now().UTC(), Zone: zone, Target: s.Stack, Flags: "--stack " + s.Stack,
		Group: group, Rules: rules, Active: active})
	if err != nil {
		return syncs.Page{}, err
	}
	return syncs.Build(f), nil
}

// zoneOfHours gives the zone in which the configuration keeps its hours, UTC where it keeps none.
func zoneOfHours(rules *ruleset.Rules) *time.Location {
	for i := range rules.Groups {
		for _, m := range rules.Groups[i].Mappings {
			for _, s := range []ruleset.Schedule{m.ToSpoke, m.ToHub} {
				if zone, err := time.LoadLocation(s.Active.Zone); err == nil && s.Active.Zone != "" {
					return zone
				}
			}
		}
	}
	return time.UTC
}

// Asked is how CloudWatch calls a custom widget
// (docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/add_custom_widget_dashboard_about.html, read 2026-11): the
// widget's parameters, and a context. What we do not use is left out.
type Asked struct {
	// Describe asks for documentation in place of the page.
	Describe bool `json:"describe"`
	// Group is our one parameter: whose page to show, "" for all.
	Group   record.Group `json:"group"`
	Context struct {
		Theme    syncs.Theme `json:"theme"`
		Width    int         `json:"width"`
		Timezone struct {
			Label string `json:"label"`
			// OffsetISO is like "-06:00".
			OffsetISO string `json:"offsetISO"`
		} `json:"timezone"`
	} `json:"widgetContext"`
}

// Described is documentation, in the form that CloudWatch shows.
type Described struct {
	Markdown string `json:"markdown"`
}

// documentation says what the widget shows and takes.
const documentation = `### Syncs
How the synchronisation stands: which platforms answer, what is on its way, what waits for a person and why, ` +
	`what was undone, which runs there were. It shows no value of any record and changes nothing.

Parameter | Meaning
---|---
**group** | the group of the configuration whose connections are shown; without it, all of them

### Example parameters
` + "```yaml\ngroup: customer\n```"

// Widget makes the handler of the custom widget. It answers HTML, or documentation where that is asked for.
// Errors: fault.Transient if the state cannot be read; CloudWatch shows them.
func Widget(s System) func(context.Context, Asked) (any, error) {
	return func(ctx context.Context, in Asked) (any, error) {
		if in.Describe {
			return Described{Markdown: documentation}, nil
		}
		p, err := s.look(ctx, in.Group, zoneOf(in.Context.Timezone.Label, in.Context.Timezone.OffsetISO))
		if err != nil {
			return nil, fmt.Errorf("draw the Syncs page: %w", err)
		}
		return syncs.Widget(p, in.Context.Theme, in.Context.Width), nil
	}
}

// zoneOf reads the reader's zone; UTC if it is none.
func zoneOf(label, offset string) *time.Location {
	at, err := time.Parse("-07:00", offset)
	if err != nil {
		return time.UTC
	}
	_, seconds := at.Zone()
	if label != "UTC" {
		label = "UTC" + offset // "Local" says nothing in another's picture
	}
	return time.FixedZone(label, seconds)
}

// Told says what became of a digest.
type Told struct {
	// Sent is false on a day with nothing to tell.
	Sent bool `json:"sent"`
}

// Publisher sends one message to the digest's topic.
type Publisher func(ctx context.Context, m syncs.Message) error

// Digest makes the handler of the daily digest, with times in the zone of the configuration's hours. Two calls tell it
// twice, which harms nobody. Errors: fault.Transient if the state cannot be read or the topic does not take it.
func Digest(s System, publish Publisher) func(context.Context, struct{}) (Told, error) {
	return func(ctx context.Context, _ struct{}) (Told, error) {
		p, err := s.look(ctx, "", nil)
		if err != nil {
			return Told{}, fmt.Errorf("make the digest: %w", err)
		}
		m, ok := syncs.Digest(p)
		if !ok {
			return Told{}, nil
		}
		if err := publish(ctx, m); err != nil {
			return Told{}, err
		}
		return Told{Sent: true}, nil
	}
}

package resolve

import (
	"maps"
	"slices"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// SpreadKey names a budget: what one group may do on one connection in an hour.
type SpreadKey struct {
	Group      record.Group
	Connection record.Connection
}

// Spread is a budget's row. Values are never changed in place.
type Spread struct {
	// Hour is when the hour that is counted began; Counts is by kind.
	Hour   time.Time      `json:"hour,omitzero"`
	Counts map[string]int `json:"counts,omitempty"`
	// Tripped are the kinds over their limits: nothing of them is written until a person releases it, or raises the limit.
	Tripped map[string]Trip `json:"tripped,omitempty"`
	// Leave is how many writes of a kind a person let pass beside the limit: what was held when it was released whole.
	Leave map[string]int `json:"leave,omitempty"`
	Rev   int64          `json:"-"`
}

// Trip is a limit that was reached.
type Trip struct {
	Since time.Time `json:"since"`
	Limit int       `json:"limit"`
}

// stopped reports whether a kind is over its limit, and that limit has not been raised since.
func (s *Spread) stopped(kind string, limits ruleset.Limits) bool {
	trip, tripped := s.Tripped[kind]
	limit := limitOf(limits, kind)
	return tripped && limit > 0 && limit <= trip.Limit
}

// The kinds of writes that are limited; a field's updates are counted under spreadField and its name.
const (
	SpreadDeletes   = "deletes"
	SpreadCreates   = "creates"
	SpreadBlanks    = "blanks"
	SpreadOverrides = "overrides"
	spreadField     = "field:"
)

// spreadHour is how long counts are kept.
const spreadHour = time.Hour

// limitOf gives a kind's limit, 0 for none.
func limitOf(limits ruleset.Limits, kind string) int {
	switch kind {
	case SpreadDeletes:
		return limits.Deletes
	case SpreadCreates:
		return limits.Creates
	case SpreadBlanks:
		return limits.Blanks
	case SpreadOverrides:
		return limits.Overrides
	}
	return limits.FieldUpdates
}

// spreadKinds lists the limited kinds that a due write is of, sorted, each once. link is what it is due on, nil for none.
func spreadKinds(limits ruleset.Limits, due *Due, link *Link) []string {
	if limits == (ruleset.Limits{}) {
		return nil
	}
	var kinds []string
	add := func(kind string) {
		if limitOf(limits, kind) > 0 && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	switch due.Operation {
	case record.OperationCreate:
		add(SpreadCreates)
	case record.OperationArchive, record.OperationDelete:
		add(SpreadDeletes)
	case record.OperationUpdate:
		for _, name := range slices.Sorted(maps.Keys(due.Fields)) {
			for _, kind := range fieldKinds(due.Fields[name], name, link) {
				add(kind)
			}
		}
	}
	slices.Sort(kinds)
	return kinds
}

// fieldKinds lists the kinds that the write of one field is of.
func fieldKinds(value string, name record.PlatformField, link *Link) []string {
	kinds := []string{spreadField + string(name)}
	if value == "" {
		kinds = append(kinds, SpreadBlanks)
	}
	if link != nil && link.Reverts[name] {
		kinds = append(kinds, SpreadOverrides)
	}
	return kinds
}

// Reserve counts one write of some kinds against a budget. It gives the budget as it must be stored before the write,
// and whether the write may be made: if one of its kinds is over its limit, or was before, it may not, and that kind is
// tripped.
func Reserve(s *Spread, limits ruleset.Limits, kinds []string, now time.Time) (*Spread, bool) {
	next := &Spread{Hour: s.Hour, Counts: maps.Clone(s.Counts), Tripped: maps.Clone(s.Tripped), Leave: maps.Clone(s.Leave), Rev: s.Rev}
	if next.Counts == nil || now.Sub(next.Hour) >= spreadHour {
		next.Hour, next.Counts = now, map[string]int{}
	}
	granted := true
	for _, kind := range kinds {
		limit, stopped := limitOf(limits, kind), next.stopped(kind, limits)
		if limit == 0 || next.Leave[kind] > 0 || !stopped && next.Counts[kind] < limit {
			continue
		}
		granted = false
		if !stopped {
			if next.Tripped == nil {
				next.Tripped = map[string]Trip{}
			}
			next.Tripped[kind] = Trip{Since: now, Limit: limit}
		}
	}
	if granted {
		for _, kind := range kinds {
			if next.Leave[kind] > 0 {
				next.Leave[kind]--
			} else {
				next.Counts[kind]++
			}
		}
	}
	return next, granted
}

// limitSpread takes off what a tripped budget does not allow; if nothing is left, it is blocked.
func limitSpread(x *subject, due *Due, link *Link) {
	budget := x.view.Spread[SpreadKey{x.group.Name, due.Place.Connection}]
	if budget == nil || len(budget.Tripped) == 0 || due.Blocked != "" {
		return
	}
	tripped := func(kinds []string) bool {
		return slices.ContainsFunc(kinds, func(kind string) bool { return budget.stopped(kind, x.group.Limits) })
	}
	if due.Operation != record.OperationUpdate {
		if tripped(spreadKinds(x.group.Limits, due, link)) {
			due.Blocked = record.ReasonSpreadLimit
		}
		return
	}
	left := record.Fields{}
	for name, value := range due.Fields {
		if !tripped(fieldKinds(value, name, link)) {
			left[name] = value
		}
	}
	if len(left) == 0 {
		due.Blocked = record.ReasonSpreadLimit
		return
	}
	due.Fields = left
}

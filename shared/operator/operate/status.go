package operate

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/activation"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// Limits of a status.
const (
	statusPageRows = 500
	// statusPagesMax bounds the look for parked work: half a million rows take a minute and cost 2 cents. Beyond, the
	// figures are marked as incomplete.
	statusPagesMax = 1000
	// examplesMax is how many entities a kind of parked work names.
	examplesMax = 5
)

// Status is how a system stands, without any record's value but those that say nothing: those are told in their words, so that
// an operator can add them to a table or correct them.
type Status struct {
	Target      string             `json:"target"`
	At          time.Time          `json:"at"`
	Active      activation.Version `json:"active"`
	Candidate   Candidate          `json:"candidate"`
	Connections []ConnectionStatus `json:"connections"`
	// Headline says the whole, and Words each connection, as the Syncs page does.
	Headline string   `json:"headline"`
	Words    []string `json:"words"`
	// Waiting is what a person must look at, by kind and reason, oldest first. Incomplete says that not all was looked at.
	Waiting    []Waiting `json:"waiting"`
	Entities   int       `json:"entities"`
	Incomplete bool      `json:"incomplete,omitempty"`
}

// Candidate is the configuration that is deployed.
type Candidate struct {
	Name   string `json:"name,omitempty"`
	Digest string `json:"digest,omitempty"`
	// Differs says that it is not the active one; Problem why it does not load.
	Differs bool   `json:"differs,omitempty"`
	Problem string `json:"problem,omitempty"`
}

// ConnectionStatus is how one connection stands.
type ConnectionStatus struct {
	Name     record.Connection   `json:"name"`
	Platform record.Platform     `json:"platform"`
	Paused   *controltable.Pause `json:"paused,omitempty"`
	Grant    credential.Standing `json:"grant"`
	// GrantUnseen says that these credentials may not read the authorisation itself: Grant is what the health rows tell.
	GrantUnseen bool `json:"grant_unseen,omitempty"`
	// Queues are the messages that wait, are in flight or delayed, and Dead the dead letters, by kind of queue.
	Queues map[record.QueueKind]int `json:"queues"`
	Dead   map[record.QueueKind]int `json:"dead"`
	// Kept are the changes that wait longer than a message can: those of a connection that is paused, or does not answer.
	Kept   int           `json:"kept,omitempty"`
	Places []PlaceStatus `json:"places"`
	// Stopped are the kinds of writes that reached a limit of spread: a person must release them.
	Stopped []Stopped `json:"stopped,omitempty"`
	// Standing is how the records of the connection stand; nil while no configuration is active.
	Standing *pipeline.Standing `json:"standing,omitempty"`
}

// PlaceStatus is how far one object is read.
type PlaceStatus struct {
	Object       record.Object      `json:"object"`
	Phase        controltable.Phase `json:"phase"` // "" before the first load
	Records      int                `json:"records"`
	PolledAt     time.Time          `json:"polled_at,omitzero"`
	ReconciledAt time.Time          `json:"reconciled_at,omitzero"`
}

// Stopped is a kind of write over its limit of spread.
type Stopped struct {
	Group record.Group `json:"group"`
	Kind  string       `json:"kind"`
	Limit int          `json:"limit"`
	Since time.Time    `json:"since"`
}

// What waits for a person.
const (
	WaitsField     = "field"     // a parked field
	WaitsOperation = "operation" // a write that cannot be made as things are
	WaitsRecord    = "record"    // a record held whole: which one it is, is for a person to say
	WaitsRefused   = "refused"   // a value that a platform refused
	WaitsLeftover  = "leftover"  // a record that a merge left without a place
	WaitsNothing   = "nothing"   // a value that says nothing on the other side: it stays where it is
)

// Waiting is one kind of parked work.
type Waiting struct {
	Group    record.Group  `json:"group"`
	Kind     string        `json:"kind"`
	Reason   record.Reason `json:"reason"`
	Count    int           `json:"count"`
	Oldest   time.Time     `json:"oldest,omitzero"`
	Examples []Example     `json:"examples"`
}

// Example is one entity of a kind, and what of it.
type Example struct {
	Entity record.EntityID `json:"entity"`
	Field  string          `json:"field,omitempty"`
	Place  string          `json:"place,omitempty"`
	Since  time.Time       `json:"since,omitzero"`
	// Words say why a value says nothing, the value included. They are for the operator's eyes, not for a log.
	Words string `json:"words,omitempty"`
}

// Look tells how a system stands. Errors: fault.Transient.
func Look(ctx context.Context, t Target, now time.Time) (*Status, error) {
	rules, err := LoadRules(ctx, t)
	if err != nil {
		return nil, err
	}
	s := &Status{Target: t.Name(), At: now.UTC(), Active: rules.Version, Candidate: Candidate{Name: rules.Text.Name, Problem: rules.Problem},
		Waiting: []Waiting{}, Connections: []ConnectionStatus{}}
	if rules.Candidate != nil {
		s.Candidate.Digest = rules.Candidate.Digest
		s.Candidate.Differs = rules.Differs()
	}
	running := rules.Running()
	census, err := countOf(ctx, t, rules, now)
	if err != nil {
		return nil, err
	}
	page, err := lookAtSyncs(ctx, t, rules, census, now)
	if err != nil {
		return nil, err
	}
	s.Headline, s.Words = syncs.Line(page), syncs.Lines(page)
	if running == nil {
		return s, nil
	}
	progress, err := controltable.LoadProgress(ctx, t.Store(), running.Places())
	if err != nil {
		return nil, err
	}
	for _, c := range connections(running) {
		one, err := lookAt(ctx, t, ConnectionStatus{Name: c.Name, Platform: c.Platform, Queues: map[record.QueueKind]int{},
			Dead: map[record.QueueKind]int{}})
		if err != nil {
			return nil, err
		}
		for _, place := range running.Places() {
			if p := progress[place]; place.Connection == c.Name {
				one.Places = append(one.Places, PlaceStatus{Object: place.Object, Phase: p.Phase, Records: p.Records, PolledAt: p.PolledAt,
					ReconciledAt: p.ReconciledAt})
			}
		}
		if census != nil {
			one.Standing = census.Connections[c.Name]
		}
		for i := range running.Groups {
			stopped, err := stoppedIn(ctx, t.Store(), running.Groups[i].Name, c.Name)
			if err != nil {
				return nil, err
			}
			one.Stopped = append(one.Stopped, stopped...)
		}
		s.Connections = append(s.Connections, one)
	}
	return s, s.lookForParked(ctx, t.Store())
}

// refusedRow is what DynamoDB answers whoever may not read a row (docs.aws.amazon.com/amazondynamodb/latest/developerguide/
// Programming.Errors.html, read 2026-12).
const refusedRow = "AccessDeniedException"

// grantOf tells where a connection's grant stands. Whoever may not read the row of its tokens, as a reader of a stack may
// not, is told what the connection's health says: when the tokens were last renewed.
func grantOf(ctx context.Context, s store.Store, c record.Connection) (credential.Standing, bool, error) {
	standing, err := credential.StandingOf(ctx, s, c)
	if err == nil || fault.CodeOf(err) != refusedRow {
		return standing, false, err
	}
	health, err := controltable.LoadHealth(ctx, s, c)
	if err != nil {
		return credential.Standing{}, true, err
	}
	renewed := controltable.Merge(health).TokenAt
	return credential.Standing{Connected: !renewed.IsZero(), RenewedAt: renewed}, true, nil
}

func lookAt(ctx context.Context, t Target, one ConnectionStatus) (ConnectionStatus, error) {
	pause, paused, err := controltable.Paused(ctx, t.Store(), one.Name)
	if err != nil {
		return one, err
	}
	if paused {
		one.Paused = &pause
	}
	if one.Grant, one.GrantUnseen, err = grantOf(ctx, t.Store(), one.Name); err != nil {
		return one, err
	}
	if one.Kept, err = controltable.CountKept(ctx, t.Store(), one.Name); err != nil {
		return one, err
	}
	for _, kind := range record.QueueKinds() {
		name := record.QueueOf(kind, one.Name)
		if one.Queues[kind], err = total(ctx, t.Queue(), name); err != nil {
			return one, err
		}
		if one.Dead[kind], err = total(ctx, t.Queue(), name.Dead()); err != nil {
			return one, err
		}
	}
	return one, nil
}

// total counts a queue's messages; a candidate's connection has no queue until it is deployed.
func total(ctx context.Context, q queue.Queue, name queue.Name) (int, error) {
	depth, err := q.Depth(ctx, name)
	if fault.Is(err, fault.Rejected) {
		return 0, nil
	}
	return depth.Total(), err
}

func stoppedIn(ctx context.Context, s store.Store, group record.Group, c record.Connection) ([]Stopped, error) {
	key := store.Key{Table: store.Control, Partition: "spread#" + string(group) + "#" + string(c), Sort: "spread"}
	rows, err := s.Get(ctx, []store.Key{key})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var budget resolve.Spread
	if err := json.Unmarshal(rows[key].Body, &budget); err != nil {
		return nil, fault.Newf(fault.Unclassified, "read limits of "+string(c), "not the JSON they should be (%T)", err)
	}
	var out []Stopped
	for kind, trip := range budget.Tripped {
		out = append(out, Stopped{Group: group, Kind: kind, Limit: trip.Limit, Since: trip.Since})
	}
	slices.SortFunc(out, func(a, b Stopped) int { return strings.Compare(a.Kind, b.Kind) })
	return out, nil
}

// lookForParked scans the entities and their links.
func (s *Status) lookForParked(ctx context.Context, st store.Store) error {
	found := map[string]*Waiting{}
	cursor := ""
	for range statusPagesMax {
		rows, next, err := st.Scan(ctx, store.Scan{Table: store.Versions, Cursor: cursor, Limit: statusPageRows, Segments: 1})
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := s.judge(row, found); err != nil {
				return err
			}
		}
		if cursor = next; next == "" {
			break
		}
	}
	s.Incomplete = cursor != ""
	for _, w := range found {
		s.Waiting = append(s.Waiting, *w)
	}
	slices.SortFunc(s.Waiting, func(a, b Waiting) int {
		if c := a.Oldest.Compare(b.Oldest); c != 0 {
			return c
		}
		return strings.Compare(a.name(), b.name())
	})
	return nil
}

func (w Waiting) name() string {
	return strings.Join([]string{string(w.Group), w.Kind, string(w.Reason)}, " ")
}

func (s *Status) judge(row store.Row, found map[string]*Waiting) error {
	group, id, ok := strings.Cut(row.Partition, "#")
	if !ok {
		return nil
	}
	add := func(kind string, why record.Reason, x Example) {
		x.Entity = record.EntityID(id)
		w := Waiting{Group: record.Group(group), Kind: kind, Reason: why}
		if found[w.name()] == nil {
			found[w.name()] = &w
		}
		found[w.name()].add(x)
	}
	switch {
	case row.Sort == "entity":
		var e resolve.Entity
		if err := store.Decode(row, "read row "+row.Partition, &e); err != nil {
			return err
		}
		s.Entities++
		judgeEntity(&e, add)
	case strings.HasPrefix(row.Sort, "link#"):
		var link resolve.Link
		if err := store.Decode(row, "read row "+row.Partition, &link); err != nil {
			return err
		}
		for name, seen := range link.Seen {
			if seen.Troubles() && link.State == resolve.LinkLive {
				add(WaitsNothing, seen.Why, Example{Field: string(name), Place: link.Place.String(), Since: seen.At, Words: seen.Words})
			}
		}
		for name, r := range link.Rejected {
			add(WaitsRefused, record.ReasonRejected, Example{Field: string(name), Place: link.Place.String(), Since: r.At})
		}
	}
	return nil
}

func judgeEntity(e *resolve.Entity, add func(kind string, why record.Reason, x Example)) {
	switch e.State {
	case resolve.EntityMerged:
		return
	case resolve.EntityQuarantined:
		x := Example{Place: e.Born.String()}
		if e.Journal != nil {
			x.Since = e.Journal.At
		}
		add(WaitsRecord, e.Why, x)
		return
	}
	for name, p := range e.Parked {
		add(WaitsField, p.Reason, Example{Field: string(name), Since: p.Since})
	}
	for place, h := range e.Holds {
		add(WaitsOperation, h.Reason, Example{Place: place, Since: h.Since})
	}
	for _, ref := range e.Leftovers {
		add(WaitsLeftover, record.ReasonMergedAway, Example{Place: ref.String()})
	}
}

// add counts one, and keeps the oldest as examples.
func (w *Waiting) add(x Example) {
	w.Count++
	if !x.Since.IsZero() && (w.Oldest.IsZero() || x.Since.Before(w.Oldest)) {
		w.Oldest = x.Since
	}
	w.Examples = append(w.Examples, x)
	slices.SortFunc(w.Examples, func(a, b Example) int {
		if c := a.Since.Compare(b.Since); c != 0 {
			return c
		}
		return strings.Compare(fmt.Sprint(a.Entity, a.Field, a.Place), fmt.Sprint(b.Entity, b.Field, b.Place))
	})
	if len(w.Examples) > examplesMax {
		w.Examples = w.Examples[:examplesMax]
	}
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
)

// story tells a person what moves where and why: one line a decision, a bar for the first load. The values it shows
// are the user's own, on the user's own terminal; nothing of it is a log.
type story struct {
	mu      sync.Mutex
	out     io.Writer
	silent  bool
	world   *session
	loading bool
	bar     *progressbar.ProgressBar
	seen    map[record.Place]int
	totals  int
}

func newStory(out io.Writer, silent bool) *story {
	return &story{out: out, silent: silent, loading: true, seen: map[record.Place]int{}}
}

// names gives the story the world that it tells of.
func (s *story) names(w *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world = w
}

func (s *story) say(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.silent {
		fmt.Fprint(s.out, text)
	}
}

func (s *story) heading(title string) {
	s.say("\n" + title + "\n")
	if !strings.HasPrefix(title, "First load") {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.silent || s.world == nil {
		return
	}
	for c := range s.world.Sims {
		s.totals += s.world.Records(c)
	}
	if file, ok := s.out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		s.bar = progressbar.NewOptions(max(s.totals, 1), progressbar.OptionSetWriter(s.out),
			progressbar.OptionSetDescription("  reading and matching"),
			progressbar.OptionShowCount(), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish())
	}
}

// loaded ends the first load's part of the story.
func (s *story) loaded() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loading = false
	if s.world != nil && !s.silent {
		fmt.Fprintln(s.out, "  Each line below is a decision or a write; time skips ahead to whatever comes next.")
	}
	if s.bar != nil {
		_ = s.bar.Finish()
		fmt.Fprintln(s.out)
	}
	if s.silent || s.world == nil {
		return
	}
	fmt.Fprintf(s.out, "  %d records read:", s.totals)
	for _, c := range sortedKeys(s.world.Sims) {
		fmt.Fprintf(s.out, " %s now holds %d;", c, s.world.Records(c))
	}
	fmt.Fprintln(s.out)
}

// event tells of a decision or a write.
func (s *story) event(e pipeline.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.silent {
		return
	}
	if s.loading {
		if s.bar != nil && e.Kind == pipeline.EventDecision {
			_ = s.bar.Add(1)
		}
		if e.Kind == pipeline.EventDeadLetter {
			fmt.Fprintf(s.out, "\n  %s\n", sentence(e))
		}
		return
	}
	if text := sentence(e); text != "" {
		fmt.Fprintf(s.out, "  %s  %s\n", e.At.Format("Jan 2 15:04"), text)
	}
}

// sentence tells one event; "" for those that say nothing new.
func sentence(e pipeline.Event) string {
	switch e.Kind {
	case pipeline.EventDecision:
		if e.Outcome == resolve.Noop || e.Outcome == resolve.Superseded || e.Outcome == resolve.Unsupported || e.Reason == record.ReasonEcho {
			return ""
		}
		return fmt.Sprintf("%-36s %s%s", "seen    "+short(e.Ref), e.Reason.Plain(), fieldWords(e.Reason, e.Changes))
	case pipeline.EventWrite:
		if e.Outcome == resolve.Applied && e.Operation != "" {
			return fmt.Sprintf("%-36s %s %s", "written "+short(e.Ref), strings.ReplaceAll(string(e.Operation), "_", " "), joinFields(e.Fields))
		}
	case pipeline.EventDeadLetter:
		return fmt.Sprintf("%-36s refused by the platform: %v", "REFUSED "+short(e.Ref), e.Err)
	case pipeline.EventPaused:
		return fmt.Sprintf("paused  %s: %s", e.Ref.Connection, e.Reason.Plain())
	}
	return ""
}

func short(r record.Ref) string {
	id := string(r.ID)
	if len(id) > 14 {
		id = id[:12] + "…"
	}
	if id == "" {
		return r.Place.String()
	}
	return r.Place.String() + " " + id
}

// fieldsShown bounds how many fields one line names.
const fieldsShown = 3

func fieldWords(said record.Reason, changes []resolve.FieldChange) string {
	var parts []string
	for _, c := range changes {
		if c.Field == "" || c.Old == c.New {
			continue
		}
		text := fmt.Sprintf("%s %q → %q", c.Field, c.Old, c.New)
		if !c.Taken {
			text = fmt.Sprintf("%s stays %q, not %q", c.Field, c.Old, c.New)
			if c.Reason != said {
				text += " (" + c.Reason.Plain() + ")"
			}
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return ""
	}
	if len(parts) > fieldsShown {
		parts = append(parts[:fieldsShown], fmt.Sprintf("and %d more", len(parts)-fieldsShown))
	}
	return ": " + strings.Join(parts, ", ")
}

func joinFields(fields []record.PlatformField) string {
	var parts []string
	for i, f := range fields {
		if i == 4 {
			parts = append(parts, fmt.Sprintf("and %d more", len(fields)-i))
			break
		}
		parts = append(parts, string(f))
	}
	return strings.Join(parts, ", ")
}

// note tells of schedules that found something, and of failures.
func (s *story) note(n runner.Note) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.silent {
		return
	}
	switch {
	case errors.Is(n.Err, context.Canceled):
	case n.Err != nil:
		fmt.Fprintf(s.out, "  %s  %s: %v\n", n.At.Format("Jan 2 15:04"), n.Place, n.Err)
	case n.Poll != nil && s.loading && n.Poll.Phase == controltable.PhaseDone:
		s.seen[n.Place] = n.Poll.Total
	case n.Sweep != nil && n.Sweep.Notices > 0 && !s.loading:
		fmt.Fprintf(s.out, "  %s  scheduled sweep of %s: %d due\n", n.At.Format("Jan 2 15:04"), n.Place.Connection, n.Sweep.Notices)
	}
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

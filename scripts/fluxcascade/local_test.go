package main

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate/embedded"
)

// TestLocalWithAFolderIsOperatedAsServeIs pauses a connection of a run from beside it, looks at it, and resumes it.
func TestLocalWithAFolderIsOperatedAsServeIs(t *testing.T) {
	dir, err := os.MkdirTemp("", "fc") // t.TempDir is named after the test, which is too long for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ctx, f, story := t.Context(), localFlags{data: dir, seed: 1}, newStory(io.Discard, true)
	text, rules, err := f.drafted.read("../../" + exampleConfig)
	if err != nil {
		t.Fatal(err)
	}
	s, err := openSession(ctx, f, text, rules, story)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	s.operate(f, story)
	if err := s.SeedExample(); err != nil {
		t.Fatal(err)
	}
	if !s.Settle(ctx, nil) {
		t.Fatal("the first load did not come to rest")
	}
	target, err := embedded.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	if ahead := time.Until(target.Now()); ahead < time.Minute {
		t.Errorf("its time is %s ahead of this machine's; the first load skipped more", ahead)
	}
	if _, err := operate.Pause(ctx, target, "jobber", "ann", "moving office", target.Now()); err != nil {
		t.Fatal(err)
	}
	id := s.Sims["jobber"].IDs("clients")[0]
	if _, err := s.Edit("jobber", id, map[string]string{"phone": "312-444-0199"}); err != nil {
		t.Fatal(err)
	}
	if !s.Settle(ctx, nil) || s.Stirred(ctx) {
		t.Error("what a paused connection keeps does not let the rest come to rest")
	}
	status, err := operate.Look(ctx, target, target.Now())
	if err != nil {
		t.Fatal(err)
	}
	if status.Active.Number != 1 || status.Candidate.Problem != "" || status.Candidate.Differs ||
		!strings.Contains(status.Headline, "Jobber is paused.") || !strings.Contains(status.Headline, "fluxcascade resume jobber --data "+dir) {
		t.Errorf("got %+v", status)
	}
	page, err := s.Syncs(ctx)
	if err != nil || page.Command != "fluxcascade resume jobber --data "+dir {
		t.Errorf("the page says %q, %v", page.Command, err)
	}
	all, err := operate.LoadRules(ctx, target)
	if err != nil {
		t.Fatal(err)
	}
	if done, err := operate.Resume(ctx, target, all, "jobber"); err != nil || !strings.Contains(done.Next, "have been started") {
		t.Errorf("got %+v, %v", done, err)
	}
	s.rested = s.Settle(ctx, nil)
	if summary, err := summarise(ctx, s, story, time.Now()); err != nil || !summary.Converged {
		t.Errorf("after it went on: %+v, %v", summary, err)
	}
	s.close()
	if _, err := operate.Look(ctx, target, time.Now()); err == nil {
		t.Error("a run that has ended is still looked at")
	}
}

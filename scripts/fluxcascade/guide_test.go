package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/operator/guide"
)

var inText = regexp.MustCompile("`(fluxcascade [^`]+)`")

// TestEveryCommandOfAGuideExists holds each command that a guide shows, in a block or in a sentence, against the program:
// the subcommand, its flags, and how many arguments it takes.
func TestEveryCommandOfAGuideExists(t *testing.T) {
	checked := 0
	for _, topic := range guide.Topics() {
		var lines []string
		for _, b := range guide.Blocks(topic.Text) {
			if b.Kind == "sh" {
				lines = append(lines, strings.Split(strings.TrimSpace(b.Text), "\n")...)
			}
		}
		for _, m := range inText.FindAllStringSubmatch(topic.Text, -1) {
			lines = append(lines, m[1])
		}
		for _, line := range lines {
			words := strings.Fields(line)
			if len(words) < 2 || words[0] != "fluxcascade" {
				t.Errorf("%s: %q is no command of ours", topic.Name, line)
				continue
			}
			checked++
			cmd, rest, err := root().Find(words[1:])
			if err != nil || cmd.RunE == nil {
				t.Errorf("%s: %q: no such command: %v", topic.Name, line, err)
				continue
			}
			cmd.InitDefaultHelpFlag()
			if err := cmd.ParseFlags(rest); err != nil {
				t.Errorf("%s: %q: %v", topic.Name, line, err)
				continue
			}
			if help, _ := cmd.Flags().GetBool("help"); cmd.Args != nil && !help {
				if err := cmd.Args(cmd, cmd.Flags().Args()); err != nil {
					t.Errorf("%s: %q: %v", topic.Name, line, err)
				}
			}
		}
	}
	if checked < 30 {
		t.Errorf("only %d commands were found", checked)
	}
}

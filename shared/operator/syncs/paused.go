package syncs

import (
	"fmt"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// paused tells who stopped a connection, and that nothing is lost meanwhile: what it tells is kept in our tables, and what it
// should get stays due there.
func (b *builder) paused(c *ruleset.Connection, label string, pause controltable.Pause, waiting int) finding {
	kept := "Nothing is lost, however long it takes."
	if waiting > 0 {
		kept = fmt.Sprintf("%s %s kept until it goes on; nothing is lost, however long it takes.", plural(waiting, "change"),
			verbs(waiting, "is", "are"))
	}
	if pause.Reason == controltable.PausedUnauthorized {
		return finding{state: StateStopped, sentence: fmt.Sprintf("%s ended our authorisation %s ago, at %s. %s", label, age(b.Now, pause.Since),
			b.clock(pause.Since), kept),
			next: "Connect it again; it goes on from where it stopped", command: b.command("connect", string(c.Name), "--again")}
	}
	sentence := fmt.Sprintf("%s has been paused for %s, since %s", label, age(b.Now, pause.Since), b.clock(pause.Since))
	if pause.By != "" {
		sentence += ", by " + pause.By
	}
	if pause.Note != "" {
		sentence += ", because: " + strings.TrimSuffix(pause.Note, ".")
	}
	return finding{state: StatePaused, sentence: sentence + ". " + kept, next: "Resume it when you are ready",
		command: b.command("resume", string(c.Name))}
}

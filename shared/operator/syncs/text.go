package syncs

import (
	"fmt"
	"strings"
)

// Line says how a system stands in one line: the page's headline and what is behind it.
func Line(p Page) string {
	return strings.TrimSpace(p.Headline+" "+p.Detail) + toDo(p.Next, p.Command)
}

// Lines says how each connection stands, and what to do: one line each, and one below it for whatever else waits.
func Lines(p Page) []string {
	var out []string
	for _, c := range p.Connections {
		line := fmt.Sprintf("%s (%s): %s", c.Platform, c.State, c.Sentence) + toDo(c.Next, c.Command)
		for _, a := range c.Asks {
			line += "\n    also: " + a.Sentence + toDo(a.Next, a.Command)
		}
		out = append(out, line)
	}
	return out
}

// toDo says what to do, and what to type for it; "" for nothing.
func toDo(next, command string) string {
	switch {
	case next == "":
		return ""
	case command == "":
		return " Next: " + next
	}
	return " Next: " + next + ": " + command
}

// Message is a day's digest.
type Message struct {
	// Subject is plain ASCII of at most 100 characters, as SNS takes it (docs.aws.amazon.com/sns/latest/api/
	// API_Publish.html, 2026).
	Subject string
	Body    string
}

// subjectMax is how long a subject may be.
const subjectMax = 100

// itemsTold is how many pieces of work a digest names one by one; the page names more.
const itemsTold = 10

// Digest tells of a day: what waits for a person, what was undone, by connection, field and reason, with ages, links and
// what to do. ok is false if there is nothing to tell: no news is sent.
func Digest(p Page) (m Message, ok bool) {
	undone := 0
	for _, u := range p.Reverted {
		undone += u.Count
	}
	if p.WaitingTotal == 0 && undone == 0 && p.State.rank() < StatePaused.rank() {
		return Message{}, false
	}
	m.Subject = ascii(p.Target + ": " + p.Headline)
	var out strings.Builder
	fmt.Fprintf(&out, "%s\n%s\n", p.Headline, p.Detail)
	if p.Next != "" {
		fmt.Fprintf(&out, "\nNext: %s.\n", p.Next)
		if p.Command != "" {
			fmt.Fprintf(&out, "  %s\n", p.Command)
		}
	}
	out.WriteString("\nConnections\n")
	for _, line := range Lines(p) {
		fmt.Fprintf(&out, "- %s\n", line)
	}
	digestWaiting(&out, p)
	digestUndone(&out, p)
	out.WriteString("\nNo value of any record is told here.\n")
	m.Body = out.String()
	return m, true
}

func digestWaiting(out *strings.Builder, p Page) {
	if len(p.Waiting) == 0 {
		return
	}
	fmt.Fprintf(out, "\nRecords that wait for you (%s, counted at %s)\n", number(p.WaitingTotal), clock(p.WaitingAt, p.At, p.Zone))
	for _, k := range p.Waiting {
		fmt.Fprintf(out, "- %s: %s, %s; %s; the longest for %s. %s.\n", k.Connection, k.What, number(k.Count), k.Why, k.Age, k.Do)
	}
	items := p.Items[:min(len(p.Items), itemsTold)]
	fmt.Fprintf(out, "\nThe %d that wait longest\n", len(items))
	for _, i := range items {
		fmt.Fprintf(out, "- %s, for %s: %s\n", i.What, i.Age, i.Why)
		told(out, i.Records)
	}
}

func digestUndone(out *strings.Builder, p Page) {
	if len(p.Reverted) == 0 {
		return
	}
	out.WriteString("\nUndone in the last day: edits of a field by another than its owner\n")
	for _, u := range p.Reverted {
		fmt.Fprintf(out, "- %s: %s, %s, the last at %s", u.Connection, u.What, plural(u.Count, "time"), clock(u.Newest, p.At, p.Zone))
		if u.Why != "" {
			fmt.Fprintf(out, ". %s", u.Why)
		}
		out.WriteString(".\n")
		told(out, u.Records)
	}
	out.WriteString("If an edit was right, let its owner make it, or give the field another owner in the configuration.\n")
}

func told(out *strings.Builder, records []Record) {
	for _, r := range records {
		fmt.Fprintf(out, "    %s", r.Name)
		if r.Page != "" {
			fmt.Fprintf(out, "  %s", r.Page)
		}
		out.WriteString("\n")
	}
}

// ascii cuts a text to what a subject may hold.
func ascii(s string) string {
	kept := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '-'
		}
		return r
	}, s)
	return strings.TrimSpace(kept[:min(len(kept), subjectMax)])
}

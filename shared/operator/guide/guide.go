// Package guide holds the short guides that the program carries: how to register an app and connect each platform, what to
// decide and how. They are Markdown, and read well as text; Plain makes them fit for a terminal.
package guide

import (
	"embed"
	"fmt"
	"path"
	"strings"
)

//go:embed topics/*.md
var files embed.FS

// topics are in the order in which a person needs them.
var topics = []string{"choose-a-hub", "connect-hubspot", "connect-salesforce", "connect-pipedrive", "connect-jobber", "connect-quickbooks",
	"connect-xero",
	"hubspot-jobber", "addresses", "conflicts", "scheduling", "webhooks", "aws", "operate", "security", "add-a-platform", "changes"}

// Topic is one guide.
type Topic struct {
	Name  string
	Title string
	Text  string // Markdown
}

// Topics lists every guide, in order.
func Topics() []Topic {
	var out []Topic
	for _, name := range topics {
		text, err := files.ReadFile("topics/" + name + ".md")
		if err != nil {
			panic("guide " + name + " is not embedded: " + err.Error()) // a file of ours
		}
		title, _, _ := strings.Cut(strings.TrimPrefix(string(text), "# "), "\n")
		out = append(out, Topic{Name: name, Title: title, Text: string(text)})
	}
	return out
}

// Find gives a guide by its name, or by a part of it that no other has. The error lists what there is.
func Find(name string) (Topic, error) {
	var near []Topic
	var names []string
	for _, t := range Topics() {
		if t.Name == name {
			return t, nil
		}
		if strings.Contains(t.Name, name) {
			near = append(near, t)
		}
		names = append(names, t.Name)
	}
	if len(near) == 1 {
		return near[0], nil
	}
	return Topic{}, fmt.Errorf("there is no guide %q; there are: %s", name, strings.Join(names, ", "))
}

// Files lists the names of the embedded files, without their folder.
func Files() []string {
	entries, err := files.ReadDir("topics")
	if err != nil {
		panic("the guides are not embedded: " + err.Error())
	}
	var out []string
	for _, e := range entries {
		out = append(out, path.Base(e.Name()))
	}
	return out
}

// Plain gives a guide as text for a terminal: headings underlined, code indented, no marks.
func Plain(markdown string) string {
	var out []string
	inCode := false
	for _, line := range strings.Split(strings.TrimRight(markdown, "\n"), "\n") {
		heading := strings.TrimLeft(line, "#")
		switch {
		case strings.HasPrefix(line, "```"):
			inCode = !inCode
			continue
		case inCode:
			out = append(out, "    "+line)
		case heading != line && strings.HasPrefix(heading, " "):
			text := strings.TrimSpace(heading)
			rule := "-"
			if strings.HasPrefix(line, "# ") {
				rule = "="
			}
			out = append(out, text, strings.Repeat(rule, len([]rune(text))))
		default:
			out = append(out, strings.NewReplacer("`", "", "**", "").Replace(line))
		}
	}
	return strings.Join(out, "\n") + "\n"
}

// Block is one fenced block of a guide.
type Block struct {
	// Kind is what follows the fence: "sh", "yaml", "yaml fields".
	Kind string
	Text string
}

// Blocks lists a guide's fenced blocks, in order.
func Blocks(markdown string) []Block {
	var out []Block
	open := false
	for _, line := range strings.Split(markdown, "\n") {
		kind, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && !open:
			out, open = append(out, Block{Kind: kind}), true
		case fence:
			open = false
		case open:
			out[len(out)-1].Text += line + "\n"
		}
	}
	return out
}

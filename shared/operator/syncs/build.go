package syncs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Limits of a page, so that it stays readable and small however much waits.
const (
	kindsShown = 12
	itemsShown = 20
	runsShown  = 12
	// trendHours is how much of the past is drawn.
	trendHours = 24
)

// Build makes the page of some facts.
func Build(f Facts) Page {
	if f.Zone == nil {
		f.Zone = time.UTC
	}
	p := Page{At: f.Now, Zone: f.Zone, Target: f.Target, Flags: f.Flags}
	if f.Rules == nil {
		p.State, p.Headline, p.Detail = StateWaiting, "Nothing runs yet.", "There is no configuration."
		return p
	}
	b := builder{Facts: f}
	for _, c := range f.connections() {
		p.Connections = append(p.Connections, b.connection(c))
		b.collect(&p, c)
	}
	b.sort(&p)
	b.figures(&p)
	b.headline(&p)
	return p
}

type builder struct{ Facts }

// label gives a connection's platform as a person writes it; with its name where that is another.
func (b *builder) label(c *ruleset.Connection) string {
	label := string(c.Platform)
	for _, p := range catalog.All() {
		if p.Name == c.Platform {
			label = p.Label
		}
	}
	if string(c.Name) == string(c.Platform) {
		return label
	}
	return label + " (" + string(c.Name) + ")"
}

// object gives the word for a record of a place: "client".
func (b *builder) object(c record.Connection, object record.Object) string {
	declared, ok := b.Rules.Connection(c)
	if !ok {
		return string(object)
	}
	for _, p := range catalog.All() {
		if o, ok := p.Object(object); ok && p.Name == declared.Platform {
			return o.Label
		}
	}
	return string(object)
}

func (b *builder) record(ref record.Ref) Record {
	id := string(ref.ID)
	if len(id) > 16 {
		id = id[:15] + "…"
	}
	r := Record{Name: b.object(ref.Connection, ref.Object) + " " + id}
	if id == "" {
		r.Name = "new " + b.object(ref.Connection, ref.Object)
	}
	if c, ok := b.Rules.Connection(ref.Connection); ok {
		r.Name = b.label(c) + " " + r.Name
		if !b.Simulated {
			r.Page = catalog.RecordPage(c.Platform, c.Account, ref.Object, ref.ID)
		}
	}
	return r
}

func (b *builder) records(refs []record.Ref) []Record {
	var out []Record
	for _, ref := range refs {
		out = append(out, b.record(ref))
	}
	return out
}

// objects gives the word for many records of a place: "clients".
func (b *builder) objects(c record.Connection, object record.Object) string {
	word := b.object(c, object)
	switch {
	case strings.HasSuffix(word, "s"):
		return word
	case strings.HasSuffix(word, "y"):
		return strings.TrimSuffix(word, "y") + "ies"
	}
	return word + "s"
}

// what says what of a record waits: "email of a client", "a whole client".
func (b *builder) what(c record.Connection, object record.Object, field string) string {
	word := b.object(c, object)
	article := "a "
	if strings.ContainsAny(word[:min(len(word), 1)], "aeiouAEIOU") {
		article = "an "
	}
	if field == "" {
		return "a whole " + word
	}
	return field + " of " + article + word
}

// collect adds what of one connection waits, was undone, and ran.
func (b *builder) collect(p *Page, c *ruleset.Connection) {
	s := b.Summaries[c.Name]
	p.WaitingTotal += b.waiting(c.Name)
	if !s.At.IsZero() && (p.WaitingAt.IsZero() || s.At.Before(p.WaitingAt)) {
		p.WaitingAt = s.At
	}
	for _, k := range s.Parked {
		if b.Group != "" && k.Group != b.Group {
			continue
		}
		text, do := why(k.Reason)
		p.Waiting = append(p.Waiting, Kind{Connection: c.Name, What: b.what(c.Name, k.Object, k.Field), Why: text, Do: do, Count: k.Count,
			Since: k.Oldest, Age: age(b.Now, k.Oldest)})
	}
	for _, i := range s.Items {
		if b.Group != "" && i.Group != b.Group {
			continue
		}
		text, _ := why(i.Reason)
		item := Item{Connection: c.Name, Why: text, Since: i.Since, Age: age(b.Now, i.Since), Records: b.records(i.Records)}
		if len(i.Records) > 0 {
			item.What = b.what(c.Name, i.Records[0].Object, i.Field)
		}
		p.Items = append(p.Items, item)
	}
	for _, r := range s.Reverted {
		if b.Group != "" && r.Group != b.Group {
			continue
		}
		p.Reverted = append(p.Reverted, Undone{Connection: c.Name, What: b.what(c.Name, r.Object, r.Field), Why: b.owner(r), Count: r.Count,
			Newest: r.Newest, Records: b.records(r.Records)})
	}
	for _, r := range b.Health[c.Name].Runs {
		p.Runs = append(p.Runs, b.run(c, r))
	}
}

// waiting counts what waits for a person on a connection, in the page's group.
func (b *builder) waiting(c record.Connection) int {
	if b.Group == "" {
		return b.Summaries[c].Waiting
	}
	n := 0
	for _, k := range b.Summaries[c].Parked {
		if k.Group == b.Group {
			n += k.Count
		}
	}
	return n
}

// owner says who owns a field and why, in the words of the configuration.
func (b *builder) owner(r controltable.Reverted) string {
	g, ok := b.Rules.Group(r.Group)
	if !ok {
		return ""
	}
	for i := range g.Entities {
		field, ok := g.Entities[i].Field(record.HubField(r.Field))
		if !ok || field.Owner.Connection == "" {
			continue
		}
		if c, ok := b.Rules.Connection(field.Owner.Connection); ok {
			return b.label(c) + " owns it: " + field.Reason
		}
	}
	return ""
}

func (b *builder) run(c *ruleset.Connection, r controltable.Ran) Run {
	out := Run{At: r.At, Connection: c.Name, Failed: r.Failed != ""}
	object := b.objects(c.Name, r.Object)
	found := plural(r.Found, "record")
	switch r.Kind {
	case controltable.RunFirstLoad:
		out.What = "First load of " + object
	case controltable.RunReconcile:
		out.What = "Full compare of " + object
	case controltable.RunSweep:
		out.What, found = "Sweep", plural(r.Found, "write")+" sent on"
	default:
		out.What, found = "Poll of "+object, plural(r.Found, "change")
	}
	switch {
	case out.Failed:
		out.Found = "ended early: " + failure(r.Failed)
	case r.Found > 0:
		out.Found = found
	default:
		out.Found = "nothing new"
	}
	if r.Times > 1 {
		out.Found += fmt.Sprintf(", %s times in a row", number(r.Times))
	}
	return out
}

// sort orders the lists and cuts them.
func (b *builder) sort(p *Page) {
	slices.SortStableFunc(p.Waiting, func(x, y Kind) int { return x.Since.Compare(y.Since) })
	slices.SortStableFunc(p.Items, func(x, y Item) int { return x.Since.Compare(y.Since) })
	slices.SortStableFunc(p.Reverted, func(x, y Undone) int { return cmp.Compare(y.Count, x.Count) })
	slices.SortStableFunc(p.Runs, func(x, y Run) int { return y.At.Compare(x.At) })
	p.Waiting = p.Waiting[:min(len(p.Waiting), kindsShown)]
	p.Items = p.Items[:min(len(p.Items), itemsShown)]
	p.Reverted = p.Reverted[:min(len(p.Reverted), kindsShown)]
	p.Runs = p.Runs[:min(len(p.Runs), runsShown)]
}

// figures are the numbers at the head of the page.
func (b *builder) figures(p *Page) {
	entities, onTheWay, counted := 0, 0, false
	undone := 0
	var sum, n, longest int64
	for _, c := range b.connections() {
		entities = max(entities, b.Summaries[c.Name].Entities)
		if waiting, known := b.onTheWay(c.Name); known {
			onTheWay, counted = onTheWay+waiting, true
		}
		for _, r := range b.Summaries[c.Name].Reverted {
			if b.Group == "" || r.Group == b.Group {
				undone += r.Count
			}
		}
		s, k, l := b.lag(c.Name)
		sum, n, longest = sum+s, n+k, max(longest, l)
	}
	way := Figure{Label: "On their way", Value: "–", Note: "not counted"}
	if counted {
		way.Value, way.Note = number(onTheWay), "changes and writes"
	}
	delay := Figure{Label: "Typical delay", Value: "–", Note: "no write in a day"}
	if n > 0 {
		delay.Value, delay.Note = brief(time.Duration(sum/n)*time.Millisecond), "longest "+brief(time.Duration(longest)*time.Millisecond)
	}
	p.Figures = []Figure{{Label: "Kept in step", Value: number(entities), Note: "customers, deals and the like"}, way,
		{Label: "Wait for you", Value: number(p.WaitingTotal), Note: b.counted(p.WaitingAt)}, delay,
		{Label: "Undone today", Value: number(undone), Note: "edits of another than the owner"}}
}

func (b *builder) counted(at time.Time) string {
	if at.IsZero() {
		return "not counted yet"
	}
	return "records and fields, at " + b.clock(at)
}

func (b *builder) clock(t time.Time) string { return clock(t, b.Now, b.Zone) }

// headline says the whole.
func (b *builder) headline(p *Page) {
	p.State = StateWell
	counts := map[State][]string{}
	for _, c := range p.Connections {
		if c.State.rank() > p.State.rank() {
			p.State = c.State
		}
		counts[c.State] = append(counts[c.State], c.Platform)
	}
	names := list(counts[p.State])
	many := len(counts[p.State])
	switch p.State {
	case StateWell:
		p.Headline, p.Detail = "Everything is in step.", "Nothing waits, and nobody has to do anything."
	case StateBusy:
		p.Headline, p.Detail = "Changes are on their way.", "They arrive by themselves."
		if brief := b.brief(p); brief != "" {
			p.Headline, p.Detail = brief, "It ends by itself."
		}
	case StateLoading:
		p.Headline, p.Detail = "The first load is under way.", "Nothing is created anywhere until every record there has been read and matched."
	case StateWaiting:
		p.Headline, p.Detail = names+" "+verbs(many, "waits", "wait")+" to be connected.", b.others(many)
	case StatePaused:
		p.Headline, p.Detail = names+" "+verbs(many, "is", "are")+" paused.", "What happens meanwhile is kept; nothing is lost."
	case StateAsks:
		p.Headline, p.Detail = "Some work waits for you.", "Everything else goes on."
		if p.WaitingTotal > 0 {
			p.Headline = plural(p.WaitingTotal, "piece") + " of work " + verb(p.WaitingTotal, "wait") + " for you."
		} else if brief := b.brief(p); brief != "" {
			p.Headline = brief
		}
	case StateDown:
		p.Headline, p.Detail = names+" "+verbs(many, "does", "do")+" not answer.",
			strings.TrimSpace("Nothing is lost, and it resumes by itself. "+

				b.others(many))
	case StateStopped:
		p.Headline, p.Detail = names+" "+verbs(many, "has", "have")+" to be connected again.", strings.TrimSpace("Nothing is lost until then. "+
			b.others(many))
	}
	if !b.Active {
		p.State, p.Headline, p.Detail = StateWaiting, "No configuration is active.", "Nothing is read and nothing written until one is."
		p.Next, p.Command = "Look at what it would do, and activate it", b.command("activate")
		return
	}
	for _, c := range p.Connections {
		if c.State != p.State {
			continue
		}
		if many == 1 && p.State.rank() >= StateDown.rank() {
			p.Detail = c.Sentence
		}
		if c.Next != "" && p.Next == "" {
			p.Next, p.Command = c.Next, c.Command
		}
	}
	if p.Next == "" {
		b.nextOfOthers(p)
	}
}

// nextOfOthers says what to do about the worst connection that asks for something, where those that the headline is about ask
// for nothing.
func (b *builder) nextOfOthers(p *Page) {
	rank := -1
	for _, c := range p.Connections {
		if c.Next != "" && c.State.rank() > rank {
			rank = c.State.rank()
			p.Next, p.Command = c.Platform+": "+lower(c.Next), c.Command
		}
	}
}

// brief is the headline that every connection in the page's state has; "" if they have several, or none.
func (b *builder) brief(p *Page) string {
	var all []string
	for _, c := range p.Connections {
		if c.State == p.State {
			all = append(all, c.Brief)
		}
	}
	if all = slices.Compact(all); len(all) != 1 {
		return ""
	}
	return all[0]
}

// others says that the connections that are not in trouble go on; "" if there are none.
func (b *builder) others(inTrouble int) string {
	if inTrouble >= len(b.connections()) {
		return ""
	}
	return "The others go on."
}

func verbs(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// list joins names: "A", "A and B", "A, B and C".
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// command gives what to type; "" where there is no way to reach the system by command.
func (b *builder) command(words ...string) string {
	if b.Flags == "" {
		return ""
	}
	return "fluxcascade " + strings.Join(words, " ") + " " + b.Flags
}

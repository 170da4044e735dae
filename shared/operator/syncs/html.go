package syncs

import (
	"fmt"
	"math"
	"net/url"
	"strings"
	"time"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// The page as elements. Every text and every attribute's value is escaped where it is written, by package gomponents; g.Raw,
// which escapes nothing, is given our own files and the constants below, and nothing else: TestWhatOthersWriteIsShownAsText fills
// every text of a page with what would break out of it.
//
// It is not a template of html/template: that calls methods by names that the linker cannot know, so that a program with it
// keeps every method of whatever is reachable, and the widget's package was 4.8 MB in place of 3.8.

// document is the page as a whole HTML document, without scripts and without anything from elsewhere.
func document(p Page, style string) g.Node {
	return h.Doctype(h.HTML(h.Lang("en"),
		h.Head(
			h.Meta(h.Charset("utf-8")),
			h.Meta(h.Name("viewport"), h.Content("width=device-width, initial-scale=1")),
			h.Meta(h.Name("color-scheme"), h.Content("light dark")),
			h.Meta(h.Name("referrer"), h.Content("no-referrer")),
			h.Meta(g.Attr("http-equiv", "refresh"), h.Content(seconds(Refresh))),
			h.TitleEl(g.Text(p.Headline+" · Syncs")),
			h.StyleEl(g.Raw(style)),
		),
		h.Body(h.Class("syncs"), body(p, "This page refreshes itself every "+seconds(Refresh)+" seconds.")),
	))
}

// widget is the page as the part that CloudWatch puts into a dashboard.
func widget(p Page, theme Theme, style string) g.Node {
	return g.Group{h.Div(h.Class("cwdb-no-default-styles")), h.StyleEl(g.Raw(style)), h.Div(h.Class("syncs "+string(theme)), body(p, ""))}
}

func seconds(d time.Duration) string { return fmt.Sprint(int(d / time.Second)) }

// body is all that is seen; more is said at its end.
func body(p Page, more string) g.Node {
	return g.Group{
		h.Header(h.Class("top"),
			h.Div(h.Class("brand"), picture("22", "0 0 24 24", logo), h.Span(g.Text("FluxCascade"))),
			h.P(h.Class("where"), g.Text(p.Target+" "), h.Span(h.Aria("hidden", "true"), g.Text("·")), g.Text(" "),
				h.Time(h.DateTime(iso(p.At)), g.Text(p.At.In(zoneOf(p)).Format("Monday, Jan 2, 15:04 MST")))),
		),
		h.Main(
			h.Section(h.Class("hero"), h.Aria("label", "How it stands"), badge(p.State), h.H1(g.Text(p.Headline)),
				h.P(h.Class("detail"), g.Text(p.Detail)), next(p.Next, p.Command)),
			g.If(len(p.Figures) > 0, h.Dl(h.Class("figures"), g.Map(p.Figures, func(f Figure) g.Node {
				return h.Div(h.Dt(g.Text(f.Label)), h.Dd(h.Class("value"), g.Text(f.Value)), h.Dd(h.Class("note"), g.Text(f.Note)))
			}))),
			g.If(len(p.Connections) > 0, section("connections", "Connections", h.Div(h.Class("cards"), g.Map(p.Connections, card)))),
			g.If(len(p.Connections) > 0, section("waiting", "Records that wait for you", waiting(p))),
			g.If(len(p.Reverted) > 0, section("undone", "Undone in the last day", undone(p))),
			g.If(len(p.Runs) > 0, section("runs", "Recent runs", runs(p))),
		),
		h.Footer(h.P(g.Text(strings.TrimSpace("No value of any record is shown here. " + more)))),
	}
}

// zoneOf is the reader's zone.
func zoneOf(p Page) *time.Location {
	if p.Zone == nil {
		return time.UTC
	}
	return p.Zone
}

func section(id, title string, children ...g.Node) g.Node {
	return h.Section(h.Aria("labelledby", id), h.H2(h.ID(id), g.Text(title)), g.Group(children))
}

// next says what to do, and the command to type for it; "" for nothing.
func next(what, command string) g.Node {
	if what == "" {
		return nil
	}
	var words g.Group
	for i, word := range strings.Fields(command) {
		if i > 0 {
			words = append(words, g.Text(" "))
		}
		words = append(words, h.Span(g.Text(word)))
	}
	return h.P(h.Class("next"), h.Strong(g.Text("Next:")), g.Text(" "+what+". "), g.If(len(words) > 0, h.Code(h.Class("command"), words)))
}

func card(c Connection) g.Node {
	return h.Article(h.Class("card c-"+class(c.State)), h.Aria("label", c.Platform),
		h.Header(h.Div(h.H3(g.Text(c.Platform)), h.P(h.Class("role"), g.Text(c.Role))), badge(c.State)),
		h.P(h.Class("sentence"), g.Text(c.Sentence)),
		next(c.Next, c.Command),
		g.Map(c.Asks, func(a Ask) g.Node {
			return g.Group{h.P(h.Class("sentence"), g.Text(a.Sentence)), next(a.Next, a.Command)}
		}),
		g.If(c.Trend.Words != "", h.Figure(h.Class("trend"),
			h.SVG(h.Role("img"), h.Aria("label", "The last 24 hours: "+c.Trend.Words), g.Attr("viewBox", "0 0 240 44"),
				g.Attr("preserveAspectRatio", "none"), bars(c.Trend)),
			h.FigCaption(h.Span(g.Text("24 h")), g.Text(" "+c.Trend.Words)))),
		h.Dl(h.Class("facts"), g.Map(c.Facts, func(f Figure) g.Node {
			return h.Div(h.Dt(g.Text(f.Label)), h.Dd(g.Text(f.Value), g.If(f.Note != "", g.Group{g.Text(" "), note(f.Note)})))
		})),
	)
}

func note(text string) g.Node { return h.Span(h.Class("note"), g.Text(text)) }

// waiting is what waits for a person: by kind, and the longest waiting record by record.
func waiting(p Page) g.Node {
	if len(p.Waiting) == 0 {
		nothing := "None. Counted at " + clock(p.WaitingAt, p.At, zoneOf(p)) + "."
		if p.WaitingAt.IsZero() {
			nothing = "Not counted yet: the first sweep does that."
		}
		return h.P(h.Class("empty"), g.Text(nothing))
	}
	lead := plural(p.WaitingTotal, "piece") + " of work, counted by the last sweep"
	if !p.WaitingAt.IsZero() {
		lead += " at " + clock(p.WaitingAt, p.At, zoneOf(p))
	}
	return g.Group{
		h.P(h.Class("lead"), h.ID("waiting-lead"), g.Text(lead+". The rest goes on meanwhile.")),
		table("waiting-lead", []string{"What", "Why", "How many", "Longest", "What to do"}, p.Waiting, func(k Kind) g.Node {
			return h.Tr(first("What", g.Text(k.What+" "), note(string(k.Connection))), cell("Why", "", g.Text(k.Why)),
				cell("How many", "n", g.Text(number(k.Count))), cell("Longest", "t", g.Text(k.Age)), cell("What to do", "", g.Text(k.Do)))
		}),
		h.Details(g.If(len(p.Items) <= itemsOpen, g.Attr("open")),
			h.Summary(g.Text(fmt.Sprintf("The %d that wait longest, record by record", len(p.Items)))),
			table("", []string{"Record", "What", "Why", "Since"}, p.Items, func(i Item) g.Node {
				return h.Tr(first("Record", records(i.Records)), cell("What", "", g.Text(i.What)), cell("Why", "", g.Text(i.Why)),
					cell("Since", "", h.Time(h.DateTime(iso(i.Since)), g.Text(i.Age))))
			})),
	}
}

// itemsOpen is how many records are shown without being asked for.
const itemsOpen = 5

func undone(p Page) g.Node {
	return g.Group{
		h.P(h.Class("lead"), h.ID("undone-lead"), g.Text("Edits of a field by another than its owner, set back as the configuration asks.")),
		table("undone-lead", []string{"What", "Why", "How often", "Last", "Records"}, p.Reverted, func(u Undone) g.Node {
			return h.Tr(first("What", g.Text(u.What+" "), note(string(u.Connection))), cell("Why", "", g.Text(u.Why)),
				cell("How often", "n", g.Text(number(u.Count))),
				cell("Last", "", h.Time(h.DateTime(iso(u.Newest)), g.Text(clock(u.Newest, p.At, zoneOf(p))))), cell("Records", "", records(u.Records)))
		}),
	}
}

func runs(p Page) g.Node {
	return table("", []string{"When", "Run", "Connection", "Found"}, p.Runs, func(r Run) g.Node {
		return h.Tr(g.If(r.Failed, h.Class("failed")), cell("When", "t", h.Time(h.DateTime(iso(r.At)), g.Text(clock(r.At, p.At, zoneOf(p))))),
			first("Run", g.Text(r.What)), cell("Connection", "", g.Text(string(r.Connection))), cell("Found", "", g.Text(r.Found)))
	})
}

// table is a table with headings, described by the element of an id, "" for none. Numbers stand to the right.
func table[T any](described string, headings []string, rows []T, row func(T) g.Node) g.Node {
	return h.Table(g.If(described != "", h.Aria("describedby", described)),
		h.THead(h.Tr(g.Map(headings, func(name string) g.Node {
			return h.Th(h.Scope("col"), g.If(strings.HasPrefix(name, "How "), h.Class("n")), g.Text(name))
		}))),
		h.TBody(g.Map(rows, row)))
}

// first is the cell that names its row; label is its heading, which a narrow page shows beside it, as it does for cell.
func first(label string, children ...g.Node) g.Node {
	return h.Th(h.Scope("row"), h.Data("label", label), g.Group(children))
}

func cell(label, class string, children ...g.Node) g.Node {
	return h.Td(h.Data("label", label), g.If(class != "", h.Class(class)), g.Group(children))
}

func records(all []Record) g.Node {
	var out g.Group
	for i, r := range all {
		if i > 0 {
			out = append(out, h.Br())
		}
		if safe(r.Page) {
			out = append(out, h.A(h.Href(r.Page), h.Rel("noreferrer noopener"), g.Text(r.Name)))
			continue
		}
		out = append(out, h.Span(h.Class("id"), g.Text(r.Name)))
	}
	return out
}

// safe reports whether an address leads to a page and does nothing else: no other scheme is ever a link.
func safe(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != ""
}

func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// badge is a state by word and shape; its colour only repeats them.
func badge(s State) g.Node {
	return h.Span(h.Class("state s-"+class(s)), picture("14", "0 0 16 16", shapes[s]), g.Text(capital(string(s))))
}

// class gives the colour of a state.
func class(s State) string {
	switch s {
	case StateWell:
		return "well"
	case StateDown, StateStopped:
		return "bad"
	case StateAsks:
		return "warn"
	}
	return "calm"
}

// picture is one of our drawings, which says nothing that words do not.
func picture(size, box string, d drawing) g.Node {
	return h.SVG(h.Aria("hidden", "true"), g.Attr("viewBox", box), h.Width(size), h.Height(size), g.Raw(string(d)))
}

// drawing is what is within an SVG element, written here and nowhere else.
type drawing string

const logo drawing = `<path d="M4 7h9a4 4 0 0 1 0 8H8m0 0 3-3m-3 3 3 3" fill="none" stroke="currentColor" stroke-width="2.2" ` +
	`stroke-linecap="round" stroke-linejoin="round"/>`

// shapes are one for each state: a tick, arrows, a half circle, a ring, bars, an exclamation mark, a cross, a hand's bar.
var shapes = map[State]drawing{
	StateWell: `<path d="M3 8.5l3.2 3.2L13 5" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" ` +
		`stroke-linejoin="round"/>`,
	StateBusy: `<path d="M2 8h11m-4-4 4 4-4 4" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" ` +
		`stroke-linejoin="round"/>`,
	StateLoading: `<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="2"/><path d="M8 2a6 6 0 0 1 0 12z" ` +
		`fill="currentColor"/>`,
	StateWaiting: `<circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="3 2.4"/>`,
	StatePaused:  `<path d="M5 3v10M11 3v10" stroke="currentColor" stroke-width="3" stroke-linecap="round"/>`,
	StateAsks: `<path d="M8 1.8 15 14H1z" fill="currentColor"/><path d="M8 6v3.6M8 11.6v.6" stroke="var(--card)" stroke-width="1.7" ` +
		`stroke-linecap="round"/>`,
	StateDown: `<path d="M4 4l8 8M12 4l-8 8" stroke="currentColor" stroke-width="2.4" stroke-linecap="round"/>`,
	StateStopped: `<path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z" fill="currentColor"/><path d="M4.5 8h7" stroke="var(--card)" stroke-width="2" ` +
		`stroke-linecap="round"/>`,
}

// The size of a trend's drawing.
const (
	barWidth  = 10.0
	barGap    = 2.0
	barHeight = 40.0
	barBase   = 42.0
)

// bars draws a trend: changes upwards, trouble on top of them, on a base line that is there when nothing happened. Heights
// go by the square root, so that an hour of a few is seen beside one of thousands.
func bars(t Trend) g.Node {
	highest := int64(1)
	for _, hour := range t.Hours {
		highest = max(highest, hour.Changes+hour.Trouble)
	}
	out := g.Group{rectangle(0, barBase+.5, 240, 1.5, "var(--line)")}
	for i, hour := range t.Hours {
		x := float64(i) * barWidth
		all, trouble := height(hour.Changes+hour.Trouble, highest), height(hour.Trouble, highest)
		if hour.Changes > 0 {
			out = append(out, rectangle(x, barBase-all, barWidth-barGap, all, "var(--bar)"))
		}
		if hour.Trouble > 0 {
			out = append(out, rectangle(x, barBase-all, barWidth-barGap, trouble, "var(--trouble)"))
		}
	}
	return out
}

func rectangle(x, y, width, height float64, fill string) g.Node {
	at := func(name string, v float64) g.Node { return g.Attr(name, fmt.Sprintf("%.1f", v)) }
	return g.El("rect", at("x", x), at("y", y), at("width", width), at("height", height), g.Attr("fill", fill))
}

func height(n, highest int64) float64 {
	if n <= 0 {
		return 0
	}
	return max(barHeight*math.Sqrt(float64(n)/float64(highest)), 2)
}

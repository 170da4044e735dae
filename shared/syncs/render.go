package syncs

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
	"time"
)

// Refresh is how often an open page asks again: often enough to watch an edit move, and half a dozen reads of the store.
const Refresh = 30 * time.Second

//go:embed page.html
var pageText string

//go:embed page.css
var styleText string

// narrowText is the style of what is too narrow for tables: a phone, or a small widget.
//
//go:embed narrow.css
var narrowText string

// narrowPixels is what is too narrow.
const narrowPixels = 640

// Theme is how a widget is coloured: dashboards have a setting of their own, so that the reader's system says nothing.
type Theme string

// The themes.
const (
	ThemeLight Theme = "light"
	ThemeDark  Theme = "dark"
)

// view is what the templates see.
type view struct {
	Page    Page
	Style   template.CSS
	Whole   bool
	Theme   Theme
	Refresh int
}

// Render writes the page as a whole HTML document, without scripts and without anything from elsewhere.
func Render(out io.Writer, p Page) error {
	return execute(out, "page", view{Page: p, Whole: true, Style: style(fmt.Sprintf("@media (max-width:%dpx){\n%s}\n", narrowPixels, narrowText))})
}

// Widget gives the page as the part that CloudWatch puts into a dashboard. width is the widget's in pixels, 0 where it is
// not known: the window's says nothing of it.
func Widget(p Page, theme Theme, width int) (string, error) {
	if theme != ThemeDark {
		theme = ThemeLight
	}
	narrow := ""
	if width > 0 && width <= narrowPixels {
		narrow = narrowText
	}
	var out strings.Builder
	err := execute(&out, "widget", view{Page: p, Theme: theme, Style: style(narrow)})
	return out.String(), err
}

// style joins our own files.
func style(more string) template.CSS { return template.CSS(styleText + more) }

func execute(out io.Writer, name string, v view) error {
	t, err := template.New("syncs").Funcs(functions()).Parse(pageText)
	if err != nil {
		return fmt.Errorf("read the template of the Syncs page: %w", err)
	}
	v.Refresh = int(Refresh / time.Second)
	return t.ExecuteTemplate(out, name, v)
}

func functions() template.FuncMap {
	return template.FuncMap{
		"iso":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"stamp":  func(zone *time.Location, t time.Time) string { return t.In(zone).Format("Monday, Jan 2, 15:04 MST") },
		"clock":  func(p Page, t time.Time) string { return clock(t, p.At, p.Zone) },
		"number": number[int],
		"plural": plural[int],
		"class":  class,
		"state":  badgeOf,
		"bars":   bars,
		"words":  strings.Fields,
	}
}

// badge is a state by word and shape; its colour only repeats them.
type badge struct {
	Word, Class string
	Shape       template.HTML
}

func badgeOf(s State) badge {
	word := strings.ToUpper(string(s)[:1]) + string(s)[1:]
	return badge{Word: word, Class: class(s), Shape: shapes[s]}
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

// shapes are one for each state: a tick, arrows, a half circle, a ring, bars, an exclamation mark, a cross, a hand's bar.
var shapes = map[State]template.HTML{
	StateWell:    `<path d="M3 8.5l3.2 3.2L13 5" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/>`,
	StateBusy:    `<path d="M2 8h11m-4-4 4 4-4 4" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/>`,
	StateLoading: `<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="2"/><path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor"/>`,
	StateWaiting: `<circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="3 2.4"/>`,
	StatePaused:  `<path d="M5 3v10M11 3v10" stroke="currentColor" stroke-width="3" stroke-linecap="round"/>`,
	StateAsks:    `<path d="M8 1.8 15 14H1z" fill="currentColor"/><path d="M8 6v3.6M8 11.6v.6" stroke="var(--card)" stroke-width="1.7" stroke-linecap="round"/>`,
	StateDown:    `<path d="M4 4l8 8M12 4l-8 8" stroke="currentColor" stroke-width="2.4" stroke-linecap="round"/>`,
	StateStopped: `<path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z" fill="currentColor"/><path d="M4.5 8h7" stroke="var(--card)" stroke-width="2" stroke-linecap="round"/>`,
}

// The size of a trend's drawing.
const (
	barWidth  = 10.0
	barGap    = 2.0
	barHeight = 40.0
)

// bars draws a trend: changes upwards, trouble on top of them, on a base line that is there when nothing happened. Heights
// go by the square root, so that an hour of a few is seen beside one of thousands.
func bars(t Trend) template.HTML {
	highest := int64(1)
	for _, h := range t.Hours {
		highest = max(highest, h.Changes+h.Trouble)
	}
	var out strings.Builder
	fmt.Fprint(&out, `<rect x="0" y="42.5" width="240" height="1.5" fill="var(--line)"/>`)
	for i, h := range t.Hours {
		x := float64(i) * barWidth
		all, trouble := height(h.Changes+h.Trouble, highest), height(h.Trouble, highest)
		if h.Changes > 0 {
			fmt.Fprintf(&out, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="var(--bar)"/>`, x, 42-all, barWidth-barGap, all)
		}
		if h.Trouble > 0 {
			fmt.Fprintf(&out, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="var(--trouble)"/>`, x, 42-all, barWidth-barGap, trouble)
		}
	}
	return template.HTML(out.String()) // numbers alone
}

func height(n, highest int64) float64 {
	if n <= 0 {
		return 0
	}
	return max(barHeight*math.Sqrt(float64(n)/float64(highest)), 2)
}

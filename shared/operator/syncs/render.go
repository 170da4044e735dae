package syncs

import (
	_ "embed"
	"fmt"
	"io"
	"strings"
	"time"
)

// Refresh is how often an open page asks again: often enough to watch an edit move, and half a dozen reads of the store.
const Refresh = 30 * time.Second

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

// Render writes the page as a whole HTML document, without scripts and without anything from elsewhere.
// Errors: those of out.
func Render(out io.Writer, p Page) error {
	return document(p, fmt.Sprintf("%s@media (max-width:%dpx){\n%s}\n", styleText, narrowPixels, narrowText)).Render(out)
}

// Widget gives the page as the part that CloudWatch puts into a dashboard. width is the widget's in pixels, 0 where it is
// not known: the window's says nothing of it.
func Widget(p Page, theme Theme, width int) string {
	if theme != ThemeDark {
		theme = ThemeLight
	}
	style := styleText
	if width > 0 && width <= narrowPixels {
		style += narrowText
	}
	var out strings.Builder
	_ = widget(p, theme, style).Render(&out) // a Builder takes everything
	return out.String()
}

package syncs_test

import (
	"bytes"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/operator/syncs"
)

// hostile is what an operator's note, a name of the configuration or a record's id could be: it ends a text, an attribute in
// either kind of quotes, a style, a comment and a script.
const hostile = `javascript:alert(1)"'><script>alert(1)</script></style><img src=x onerror="alert(1)"><b x='--><!--&lt;`

// fill puts a text into every text within v, and one element into every empty list.
func fill(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Slice:
		if v.Len() == 0 {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		}
		for i := range v.Len() {
			fill(v.Index(i), text)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), text)
		}
	}
}

var (
	elements = regexp.MustCompile(`<!?/?([A-Za-z][A-Za-z0-9]*)`)
	ourStyle = regexp.MustCompile(`(?s)<style>.*?</style>`)
	anyTag   = regexp.MustCompile(`<[^>]*>`)
)

// TestWhatOthersWriteIsShownAsText fills every text of a page, whatever it is and wherever it comes to stand, with what would
// break out of it, and looks for anything that is not ours: an element, a link, a handler.
func TestWhatOthersWriteIsShownAsText(t *testing.T) {
	p := syncs.Build(parked(t))
	fill(reflect.ValueOf(&p).Elem(), hostile)
	var out bytes.Buffer
	if err := syncs.Render(&out, p); err != nil {
		t.Fatal(err)
	}
	clean := syncs.Build(parked(t))
	fill(reflect.ValueOf(&clean).Elem(), "as many words here") // a command is shown word by word
	var known bytes.Buffer
	if err := syncs.Render(&known, clean); err != nil {
		t.Fatal(err)
	}
	for name, texts := range map[string][2]string{"page": {out.String(), known.String()}, "widget": {syncs.Widget(p, hostile, 300),
		syncs.Widget(clean, "dark", 300)}} {
		got, want := names(texts[0]), names(texts[1])
		if !slices.Equal(got, want) {
			t.Errorf("%s: what others write changed its elements:\n%v\n%v", name, got, want)
		}
		for _, tag := range anyTag.FindAllString(ourStyle.ReplaceAllString(texts[0], ""), -1) {
			if strings.Contains(tag, "href") || strings.Contains(tag, "onerror=\"") {
				t.Errorf("%s holds %s", name, tag)
			}
		}
		if n := strings.Count(texts[0], "&lt;script&gt;alert(1)&lt;/script&gt;"); n < 40 {
			t.Errorf("%s shows it %d times", name, n)
		}
	}
}

// names lists the elements of a document, in order, its style as one.
func names(text string) []string {
	var out []string
	for _, found := range elements.FindAllStringSubmatch(ourStyle.ReplaceAllString(text, "<style>"), -1) {
		out = append(out, found[0])
	}
	return out
}

// TestAnOperatorsNoteIsShownAsText goes the whole way from where people type.
func TestAnOperatorsNoteIsShownAsText(t *testing.T) {
	f := healthy(t)
	f.Target = "<b>prod</b>"
	f.Pauses["jobber"] = controltable.Pause{Reason: controltable.PausedByOperator, Since: now, By: "<i>ann</i>",
		Note: `<script>alert(1)</script>`}
	var out bytes.Buffer
	if err := syncs.Render(&out, syncs.Build(f)); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if strings.Contains(text, "<script>") || strings.Contains(text, "<b>") || strings.Contains(text, "<i>") ||
		!strings.Contains(text, "because: &lt;script&gt;") {
		t.Error("it is not shown as text")
	}
}

// TestLinksLeadToPagesAlone: a record's page is made of an account that somebody typed.
func TestLinksLeadToPagesAlone(t *testing.T) {
	for address, linked := range map[string]bool{"https://app.example.com/1?a=b&c=\"d": true, "javascript:alert(1)": false,
		"JavaScript:alert(1)": false, "data:text/html,x": false,
		"//app.example.com": false, "http://app.example.com": false, "https:alert(1)": false, "https://\x00": false, "": false} {
		p := syncs.Build(parked(t))
		p.Items = []syncs.Item{{Records: []syncs.Record{{Name: "client", Page: address}}}}
		p.Reverted = nil
		if got := strings.Contains(syncs.Widget(p, "", 0), "<a "); got != linked {
			t.Errorf("%q: linked is %v", address, got)
		}
	}
}

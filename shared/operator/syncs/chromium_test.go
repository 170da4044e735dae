package syncs_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/operator/syncs"
)

// shots keeps a picture of every page in every setting, for a person to look at:
//
//	go test ./shared/operator/syncs -run Chromium -shots DIR
var shots = flag.String("shots", "", "write pictures of the pages into this directory")

// browserPatience bounds one start of the browser; it takes a second or two.
const browserPatience = time.Minute

// browser finds Chromium; the test is skipped, aloud, without one.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("SKIPPED: no Chromium here, so nobody looked at the pages; apt-get install -y chromium")
	return ""
}

// measured is what a page tells of itself once it is laid out.
type measured struct {
	// Wide names what reaches over the window's right edge.
	Wide []string `json:"wide"`
	// Pale names text whose contrast with what is behind it is under 4.5 to 1 (WCAG 2.1, 1.4.3; large text 3 to 1).
	Pale []string `json:"pale"`
	// Poor names what a screen reader would miss: tables without headings of columns, pictures without words, ids twice.
	Poor  []string `json:"poor"`
	Texts int      `json:"texts"`
	Width int      `json:"width"`
}

// measure is run in the page's copy, not in the page: pages have no script.
const measure = `<script>addEventListener('load',()=>{
const out={wide:[],pale:[],poor:[],texts:0,width:innerWidth};
const name=e=>e.tagName.toLowerCase()+(e.className&&e.className.baseVal===undefined?'.'+e.className:'')+' '+(e.textContent||
  '').trim().slice(0,40);
const rgb=s=>{const m=s.match(/[\d.]+/g).map(Number);return m.length<4?[...m,1]:m};
const lum=([r,g,b])=>{const f=v=>{v/=255;return v<=.03928?v/12.92:((v+.055)/1.055)**2.4};return .2126*f(r)+.7152*f(g)+.0722*f(b)};
const behind=e=>{for(;e;e=e.parentElement){const c=rgb(getComputedStyle(e).backgroundColor);
  if(c[3]>0)return c}return rgb(getComputedStyle(document.documentElement).backgroundColor||'rgb(255,255,255)')};
for(const e of document.querySelectorAll('body *')){
 if(e.closest('svg')||['SCRIPT','STYLE'].includes(e.tagName))continue;
 const hidden=e.closest('thead')&&innerWidth<=640, closed=e.closest('details:not([open])')&&
   !e.closest('summary'), r=e.getBoundingClientRect();
 if(hidden||closed||!r.width)continue;
 if(r.right>innerWidth+.5||r.left<-.5)out.wide.push(name(e));
 if(![...e.childNodes].some(n=>n.nodeType===3&&n.data.trim()))continue;
 out.texts++;
 const s=getComputedStyle(e),a=lum(rgb(s.color)),b=lum(behind(e)),ratio=(Math.max(a,b)+.05)/(Math.min(a,b)+.05),size=parseFloat(s.fontSize);
 if(ratio<(size>=24?3:4.5))out.pale.push(name(e)+' '+ratio.toFixed(2));
}
if(document.documentElement.scrollWidth>innerWidth)out.wide.push('the page: '+document.documentElement.scrollWidth);
for(const t of document.querySelectorAll('table'))if(!t.querySelector('thead th[scope=col]')||
  [...t.querySelectorAll('tbody tr')].some(r=>!r.querySelector('th[scope=row]')))out.poor.push('table without headings: '+name(t));
for(const g of document.querySelectorAll('svg'))if(!g.getAttribute('aria-hidden')&&
  !g.getAttribute('aria-label'))out.poor.push('a picture without words');
const ids=[...document.querySelectorAll('[id]')].map(e=>e.id);if(new Set(ids).size!==ids.length)out.poor.push('an id twice');
for(const tag of ['main','header','footer','h1'])if(!document.querySelector(tag))out.poor.push('no '+tag);
document.body.setAttribute('data-measured',JSON.stringify(out));});</script>`

var measuredForm = regexp.MustCompile(`data-measured="([^"]*)"`)

// widths are of a phone and of a desk.
var widths = []int{390, 1200}

// TestPagesInChromium lays every page out on a phone and on a desk, in light and dark, and has it measured there.
func TestPagesInChromium(t *testing.T) {
	path := browser(t)
	pages := states(t)
	names := slices.Sorted(maps.Keys(pages))
	for _, theme := range []string{"light", "dark"} {
		dir := t.TempDir()
		for i, name := range names {
			var page bytes.Buffer
			if err := syncs.Render(&page, pages[name]); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, fmt.Sprintf("plain%d.html", i)), page.String())
			write(t, filepath.Join(dir, fmt.Sprintf("probed%d.html", i)), strings.Replace(page.String(), "</body>", measure+"</body>", 1))
		}
		all := lookAt(t, path, dir, theme, len(names))
		for i, name := range names {
			for j, width := range widths {
				t.Run(fmt.Sprintf("%s, %s, %d pixels wide", name, theme, width), func(t *testing.T) {
					got := all[i*len(widths)+j]
					if got.Width != width || got.Texts < 5 {
						t.Fatalf("the page was not measured as it should be: %+v", got)
					}
					if len(got.Wide)+len(got.Pale)+len(got.Poor) > 0 {
						t.Errorf("too wide: %q\ntoo pale: %q\npoor: %q", got.Wide, got.Pale, got.Poor)
					}
					if *shots != "" {
						picture(t, path, dir, filepath.Join(dir, fmt.Sprintf("plain%d.html", i)), theme, width,
							filepath.Join(*shots, fmt.Sprintf("%s-%s-%d.png", strings.ReplaceAll(name, " ", "-"), theme, width)))
					}
				})
			}
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run starts the browser once.
func run(t *testing.T, path, dir, theme string, arguments ...string) []byte {
	t.Helper()
	scheme := "0" // preferred colour scheme: 0 dark, 1 light
	if theme == "light" {
		scheme = "1"
	}
	all := append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-extensions",
		"--disable-background-networking", "--user-data-dir=" + filepath.Join(dir, "profile"),
		"--blink-settings=preferredColorScheme=" + scheme, "--allow-file-access-from-files"}, arguments...)
	cmd := exec.CommandContext(t.Context(), path, all...)
	cmd.WaitDelay = browserPatience
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", path, err, errs.String())
	}
	return out
}

// lookAt lays the pages of a directory out, each in a frame of each width (a headless window is never narrower than 500
// pixels), and gives what they measured, in order.
func lookAt(t *testing.T, path, dir, theme string, pages int) []measured {
	t.Helper()
	var frames strings.Builder
	for i := range pages {
		for _, width := range widths {
			fmt.Fprintf(&frames, `<iframe src="probed%d.html" style="width:%dpx;height:3000px;border:0"></iframe>`, i, width)
		}
	}
	frame := filepath.Join(dir, "frames.html")
	write(t, frame, `<!doctype html><html><body>`+frames.String()+
		`<script>addEventListener('load',()=>document.body.setAttribute('data-measured',
'['+[...document.querySelectorAll('iframe')]
.map(f=>f.contentDocument.body.getAttribute('data-measured')).join(',')+']'))</script></body></html>`)
	out := run(t, path, dir, theme, "--window-size=1600,3000", "--virtual-time-budget=5000", "--dump-dom", "file://"+frame)
	found := measuredForm.FindSubmatch(out)
	if found == nil {
		t.Fatalf("the pages say nothing of themselves: %.300s", out)
	}
	var all []measured
	if err := json.Unmarshal([]byte(html.UnescapeString(string(found[1]))), &all); err != nil || len(all) != pages*len(widths) {
		t.Fatalf("%d measurements of %d pages, %v", len(all), pages, err)
	}
	return all
}

// picture keeps a picture of a page.
func picture(t *testing.T, path, dir, page, theme string, width int, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	frame := filepath.Join(dir, "picture.html")
	write(t, frame, fmt.Sprintf(`<!doctype html><html><body style="margin:0"><iframe src="file://%s" `+
		`style="width:%dpx;height:2200px;border:0;display:block"></iframe></body></html>`, page, width))
	run(t, path, dir, theme, fmt.Sprintf("--window-size=%d,2200", width), "--virtual-time-budget=2000", "--screenshot="+to, "file://"+frame)
}

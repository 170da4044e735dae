package guide_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/operator/guide"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/google/go-cmp/cmp"
)

// frame is a configuration around an excerpt: connections, hub fields, mappings.
const frame = `version: 1
connections:
  hubspot: {platform: hubspot}
  jobber: {platform: jobber}
  quickbooks: {platform: quickbooks}
%s
groups:
  customer:
    hub: hubspot
    objects:
      contacts:
        hub_id: fluxcascade_id
        match:
          - {rule: key, fields: [%s]}
        fields:
%s
    mappings:
%s
`

const (
	// deals are declared where an excerpt maps them.
	deals = `      deals:
        fields:
          dealname: {owner: hub, reason: Sales names the work}
          dealstage: {owner: last_write_wins, conflict: newest, reason: Both move it}
          associations.contacts: {owner: hub, reason: Sales says whose deal it is}
`
	oneField   = "          email: {owner: hub, reason: Sales keeps it}\n"
	oneMapping = "      - {hub: contacts, spoke: jobber.clients, hub_id: \"customFields[HubSpot ID]\", fields: [{hub: email, spoke: " +
		"\"emails[primary].address\"}]}\n"
)

// declared finds the fields that an excerpt declares.
var declared = regexp.MustCompile(`(?m)^          ([a-z_]+): \{`)

// framed puts an excerpt where its kind says that it belongs.
func framed(t *testing.T, b guide.Block) string {
	t.Helper()
	switch b.Kind {
	case "yaml":
		return b.Text
	case "yaml connections":
		return fmt.Sprintf(frame, b.Text, "email", oneField, oneMapping)
	case "yaml mapping":
		mappings, fields := b.Text, oneField
		if strings.Contains(mappings, "hub: deals\n") {
			mappings, fields = mappings+oneMapping, fields+deals
		}
		return fmt.Sprintf(frame, "", "email", fields, mappings)
	case "yaml fields":
		var names, toJobber, toBooks []string // every field is mapped both ways, so that anybody may own it
		for _, m := range declared.FindAllStringSubmatch(b.Text, -1) {
			names = append(names, m[1])
			toJobber = append(toJobber, fmt.Sprintf("{hub: %s, spoke: \"customFields[%s]\"}", m[1], m[1]))
			toBooks = append(toBooks, fmt.Sprintf("{hub: %s, spoke: \"CustomField[%s]\"}", m[1], m[1]))
		}
		mappings := fmt.Sprintf("      - {hub: contacts, spoke: jobber.clients, fields: [%s]}\n", strings.Join(toJobber, ", "))
		mappings += fmt.Sprintf("      - {hub: contacts, spoke: quickbooks.customers, create: none, fields: [%s]}\n", strings.Join(toBooks, ", "))
		return fmt.Sprintf(frame, "", names[0], b.Text, mappings)
	}
	t.Fatalf("an excerpt of kind %q is checked by nothing", b.Kind)
	return ""
}

// TestEveryExcerptLoads holds each configuration excerpt against the loader.
func TestEveryExcerptLoads(t *testing.T) {
	checked := 0
	for _, topic := range guide.Topics() {
		for _, b := range guide.Blocks(topic.Text) {
			if !strings.HasPrefix(b.Kind, "yaml") {
				continue
			}
			checked++
			if _, err := ruleset.Load(topic.Name, []byte(framed(t, b)), catalog.All()); err != nil {
				t.Errorf("%s: %v\n%s", topic.Name, err, b.Text)
			}
		}
	}
	if checked < 5 {
		t.Errorf("only %d excerpts were found", checked)
	}
}

// TestEveryPlatformAndFileHasItsGuide: none is missing, none is left over, none is long.
func TestEveryPlatformAndFileHasItsGuide(t *testing.T) {
	var names []string
	for _, topic := range guide.Topics() {
		names = append(names, topic.Name+".md")
		if !strings.HasPrefix(topic.Text, "# "+topic.Title+"\n") || topic.Title == "" {
			t.Errorf("%s begins with no title", topic.Name)
		}
		if lines := strings.Count(topic.Text, "\n"); lines > 100 {
			t.Errorf("%s has %d lines: a guide is short", topic.Name, lines)
		}
	}
	slices.Sort(names)
	if !slices.Equal(names, guide.Files()) {
		t.Errorf("listed %v, embedded %v", names, guide.Files())
	}
	for _, p := range catalog.All() {
		if _, err := guide.Find("connect-" + string(p.Name)); err != nil {
			t.Error(err)
		}
	}
}

func TestAGuideIsFoundByAPartOfItsName(t *testing.T) {
	if topic, err := guide.Find("hub"); err == nil {
		t.Errorf("hub is %s, though others have it too", topic.Name)
	}
	if topic, err := guide.Find("addr"); err != nil || topic.Name != "addresses" {
		t.Errorf("got %s, %v", topic.Name, err)
	}
	if _, err := guide.Find("unicorns"); err == nil || !strings.Contains(err.Error(), "choose-a-hub") {
		t.Errorf("got %v", err)
	}
}

func TestPlainTextHasNoMarks(t *testing.T) {
	got := guide.Plain("# A title\n\nSay `this`.\n\n## Then\n\n```sh\nfluxcascade x `y`\n```\n\n- **one**\n")
	want := "A title\n=======\n\nSay this.\n\nThen\n----\n\n    fluxcascade x `y`\n\n- one\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestAddAPlatformWalksTheFilesOfAConnector: the guide names each file that platformtest.Files lists, with what it holds and in
// that order, and marks those that may be absent.
func TestAddAPlatformWalksTheFilesOfAConnector(t *testing.T) {
	topic, err := guide.Find("add-a-platform")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, f := range platformtest.Files() {
		line := "   - `" + f.Name + "`: " + f.Holds
		if f.Optional {
			line = "   - `" + f.Name + "`*: " + f.Holds
		}
		want = append(want, line)
	}
	for _, line := range strings.Split(topic.Text, "\n") {
		if strings.HasPrefix(line, "   - `") {
			got = append(got, line)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("shared/operator/guide/topics/add-a-platform.md walks other files than platformtest.Files lists (-list +guide):\n%s", diff)
	}
}

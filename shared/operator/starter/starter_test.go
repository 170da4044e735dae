package starter_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/operator/starter"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func names(except record.Platform) []record.Platform {
	var out []record.Platform
	for _, p := range catalog.All() {
		if p.Name != except {
			out = append(out, p.Name)
		}
	}
	return out
}

func draft(t *testing.T, hub record.Platform, spokes ...record.Platform) string {
	t.Helper()
	h, s, err := starter.Accounts(catalog.All(), hub, spokes)
	if err != nil {
		t.Fatal(err)
	}
	text, err := starter.Write(h, s, "")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func load(t *testing.T, text string) *ruleset.Rules {
	t.Helper()
	rules, err := ruleset.Load("draft.yaml", []byte(text), catalog.All())
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return rules
}

func TestEveryHubWithEverySpokeLoads(t *testing.T) {
	for _, hub := range catalog.All() {
		for _, spoke := range names(hub.Name) {
			t.Run(fmt.Sprintf("%s and %s", hub.Name, spoke), func(t *testing.T) {
				rules := load(t, draft(t, hub.Name, spoke))
				if !hasPeople(rules) {
					t.Error("people are not mapped")
				}
			})
		}
	}
}

func TestEveryHubWithAllSpokesLoads(t *testing.T) {
	for _, hub := range catalog.All() {
		t.Run(string(hub.Name), func(t *testing.T) {
			rules := load(t, draft(t, hub.Name, names("")...))
			if got, want := len(rules.Connections), len(catalog.All()); got != want {
				t.Errorf("%d connections, want %d", got, want)
			}
		})
	}
}

// TestNoDraftMakesADayOfAMomentWithoutAZone looks at every pair of every draft: without it a deal that is won in the evening
// is booked on the next day.
func TestNoDraftMakesADayOfAMomentWithoutAZone(t *testing.T) {
	dated := 0
	for _, hub := range catalog.All() {
		for _, spoke := range names(hub.Name) {
			rules := load(t, draft(t, hub.Name, spoke))
			for _, open := range rules.Open() {
				if open.Zone {
					t.Errorf("%s with %s: %s %s has no zone", hub.Name, spoke, open.Place, open.Field)
				}
			}
			g := &rules.Groups[0]
			for _, m := range g.Mappings {
				e, _ := g.Entity(m.Hub)
				for _, p := range m.Pairs {
					f, ok := e.Field(append(p.Hub, "")[0])
					if !ok || f.Kind != catalog.Datetime || p.Kinds[0] != catalog.Date || p.Direction == ruleset.ToHub {
						continue
					}
					dated++
					if !slices.ContainsFunc(p.ToSpokeTransforms, func(s ruleset.Transform) bool { return s.Args["zone"] != "" }) {
						t.Errorf("%s with %s: %s to %s.%s has no zone", hub.Name, spoke, f.Name, m.Spoke, p.Spoke[0])
					}
				}
			}
		}
	}
	if dated == 0 {
		t.Error("no draft makes a day of a moment: this test looks at nothing")
	}
}

// hasPeople reports whether people travel with a name and an email.
func hasPeople(rules *ruleset.Rules) bool {
	for _, p := range catalog.All() {
		for _, o := range p.Objects {
			if o.Concept != catalog.Person || p.Name != rules.Connections[0].Platform {
				continue
			}
			e, ok := rules.Groups[0].Entity(o.Name)
			if !ok {
				return false
			}
			_, email := e.Field(record.HubField(o.Means[catalog.MeansEmail]))
			return email && len(e.Match) > 0
		}
	}
	return false
}

func TestWonDealsBecomeJobsAndInvoices(t *testing.T) {
	rules := load(t, draft(t, "hubspot", "jobber", "quickbooks"))
	filters := 0
	for _, m := range rules.Groups[0].Mappings {
		if m.Filter != nil {
			filters++
		}
	}
	if filters != 2 {
		t.Errorf("%d mappings with a filter, want jobs and invoices", filters)
	}
}

func TestCustomFieldsAreProposedInComments(t *testing.T) {
	hub, spokes, err := starter.Accounts(catalog.All(), "hubspot", []record.Platform{"salesforce"})
	if err != nil {
		t.Fatal(err)
	}
	info := platform.FieldInfo{Field: catalog.Field{Name: "gate_code", Kind: catalog.Text}, Label: "Gate\ncode: # of the yard", Custom: true}
	hub.Fields = map[record.Object][]platform.FieldInfo{"contacts": {info}}
	text, err := starter.Write(hub, spokes, "")
	if err != nil {
		t.Fatal(err)
	}
	if want := "# gate_code: {owner: hub, reason: \"…\"} # custom: Gate code: # of the yard\n"; !strings.Contains(text, want) {
		t.Errorf("no %q in\n%s", want, text)
	}
	load(t, text)
}

func TestUnknownPlatformsAndLoneHubsAreRefused(t *testing.T) {
	if _, _, err := starter.Accounts(catalog.All(), "hubspt", nil); err == nil || !strings.Contains(err.Error(), "hubspot") {
		t.Errorf("got %v, want the platforms named", err)
	}
	hub, spokes, err := starter.Accounts(catalog.All(), "hubspot", []record.Platform{"hubspot"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := starter.Write(hub, spokes, ""); err == nil {
		t.Error("a hub alone is drafted")
	}
}

// sites and posts begin the fields where work is done and where post and bills go, as each platform spells them.
var (
	sites = []string{"properties[first].", "ShipAddr.", "Addresses[STREET].", "Shipping", "Other", "service_", "custom_fields[Service "}
	posts = []string{"billingAddress.", "BillAddr.", "Addresses[POBOX].", "Billing", "Mailing", "address", "city", "state", "zip"}
)

// TestNoDraftMapsWhereWorkIsDoneToWhereBillsGo, not even by way of the hub.
func TestNoDraftMapsWhereWorkIsDoneToWhereBillsGo(t *testing.T) {
	kind := func(name string) string {
		begins := func(p string) bool { return strings.HasPrefix(name, p) }
		switch {
		case slices.ContainsFunc(sites, begins):
			return "site"
		case slices.ContainsFunc(posts, begins):
			return "post"
		}
		return ""
	}
	for _, hub := range catalog.All() {
		t.Run(string(hub.Name), func(t *testing.T) {
			both := 0
			for _, m := range load(t, draft(t, hub.Name, names(hub.Name)...)).Groups[0].Mappings {
				for _, p := range m.Pairs {
					if len(p.Hub) != 1 || len(p.Spoke) != 1 {
						continue
					}
					on, there := kind(string(p.Hub[0])), kind(string(p.Spoke[0]))
					if on != there {
						t.Errorf("%s: %s (%s) is mapped to %s (%s)", m.Spoke, p.Hub[0], on, p.Spoke[0], there)
					}
					if on == "site" {
						both++
					}
				}
			}
			works := slices.ContainsFunc(hub.Objects, func(o catalog.Object) bool { return o.Means[catalog.MeansSiteStreet] != "" })
			if works && both == 0 {
				t.Error("its catalog says where work is done (MeansSiteStreet), and the draft maps no place of work")
			}
		})
	}
}

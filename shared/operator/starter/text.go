package starter

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// customMax is how many custom fields of an object are proposed.
const customMax = 40

// text writes the draft.
func (d *draft) text() string {
	var b strings.Builder
	line := func(indent int, format string, args ...any) {
		fmt.Fprintf(&b, strings.Repeat(" ", indent)+format+"\n", args...)
	}
	line(0, "# yaml-language-server: $schema=sync.schema.json")
	line(0, "#")
	line(0, "# A first configuration: %s is the hub, %s its %s. Read it as a proposal:", d.hub.Platform.Label, d.spokeLabels(),
		plural(len(d.spokes), "spoke"))
	line(0, "# who owns a field, and why, is yours to say. `fluxcascade lint` checks it, `fluxcascade test chain` tries it.")
	line(0, "version: 1")
	line(0, "")
	line(0, "connections:")
	for _, a := range append([]Account{d.hub}, d.spokes...) {
		line(2, "%s: {platform: %s}", a.Connection, a.Platform.Name)
	}
	line(0, "")
	line(0, "groups:")
	line(2, "customer:")
	line(4, "hub: %s", d.hub.Connection)
	line(0, "")
	line(4, "objects:")
	for _, o := range d.entities() {
		d.object(line, o)
	}
	line(4, "mappings:")
	for i := range d.mappings {
		if i > 0 {
			line(0, "")
		}
		d.mapping(line, &d.mappings[i])
	}
	return b.String()
}

type lineFunc func(indent int, format string, args ...any)

func (d *draft) spokeLabels() string {
	var labels []string
	for _, s := range d.spokes {
		labels = append(labels, s.Platform.Label)
	}
	if len(labels) < 2 {
		return labels[0]
	}
	return strings.Join(labels[:len(labels)-1], ", ") + " and " + labels[len(labels)-1]
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// entities lists the hub's objects that take part, parents first.
func (d *draft) entities() []*catalog.Object {
	var out []*catalog.Object
	for _, c := range concepts {
		for i := range d.mappings {
			if o := d.mappings[i].hub; o.Concept == c.hub && !slices.Contains(out, o) {
				out = append(out, o)
			}
		}
	}
	return out
}

// object declares a hub object with the fields that its mappings use.
func (d *draft) object(line lineFunc, o *catalog.Object) {
	line(6, "%s:", o.Name)
	if o.Ability.Marker != "" {
		line(8, "hub_id: %s # holds our identity; `fluxcascade connect` makes it", text(strings.ReplaceAll(string(o.Ability.Marker), "HubSpot ID",
			"FluxCascade ID")))
	}
	if rules := d.match(o); len(rules) > 0 {
		line(8, "match: # how two records are recognised as one")
		for _, r := range rules {
			line(10, "- %s", r)
		}
	}
	line(8, "fields:")
	for _, f := range d.declared(o) {
		made := ""
		if m := meaningOf(o, f.Name); o.Extra[m] == f.Name && o.Custom != nil && o.Custom.MatchString(string(f.Name)) {
			made = " # a field of your own, which `fluxcascade connect` makes"
		}
		line(10, "%s: %s%s", text(string(f.Name)), d.owner(o, f), made)
	}
	for _, f := range d.custom(d.hub, o) {
		line(10, "# %s: {owner: hub, reason: \"…\"} # custom: %s", text(string(f.Name)), f.Label)
	}
	line(0, "")
}

// declared lists the hub's fields that pairs and filters name, in the order of their meanings.
func (d *draft) declared(o *catalog.Object) []catalog.Field {
	used := map[record.PlatformField]bool{}
	for i := range d.mappings {
		m := &d.mappings[i]
		if m.hub != o {
			continue
		}
		for _, p := range m.pairs {
			for _, f := range p.hub {
				used[f] = true
			}
		}
		if m.entered {
			used[o.Means[catalog.MeansStage]] = true
		}
	}
	var out []catalog.Field
	for _, meaning := range catalog.Meanings() {
		if f, ok := o.Field(hubField(o, meaning)); ok && used[f.Name] {
			out = append(out, f)
		}
	}
	return out
}

// match proposes rules for people and companies; deals and what follows them are known by their links alone.
func (d *draft) match(o *catalog.Object) []string {
	declared := d.declared(o)
	has := func(m catalog.Meaning) bool {
		return slices.ContainsFunc(declared, func(f catalog.Field) bool { return f.Name == o.Means[m] })
	}
	switch {
	case o.Concept == catalog.Person && has(catalog.MeansEmail):
		return []string{fmt.Sprintf("{rule: email, fields: [%s]}", text(string(o.Means[catalog.MeansEmail])))}
	case o.Concept == catalog.Company && has(catalog.MeansName):
		return []string{fmt.Sprintf("{rule: name, fields: [%s]}", text(string(o.Means[catalog.MeansName])))}
	}
	return nil
}

// owner proposes who owns a field, and why.
func (d *draft) owner(o *catalog.Object, f catalog.Field) string {
	meaning := meaningOf(o, f.Name)
	form := ""
	switch f.Kind {
	case catalog.Email:
		form = "form: [trim, lowercase], "
	case catalog.Phone:
		form = "form: [{phone_e164: {country: US, on_invalid: keep}}], "
	}
	latest := d.latest(o)
	if reason, ok := latest[meaning]; ok && !f.ReadOnly {
		return fmt.Sprintf("{owner: last_write_wins, conflict: newest, %sreason: %s}", form, reason)
	}
	return fmt.Sprintf("{owner: hub, %sreason: %s}", form, d.reason(o, meaning))
}

// latest says which fields everybody may set, and why.
func (d *draft) latest(o *catalog.Object) map[catalog.Meaning]string {
	latest := map[catalog.Meaning]string{
		catalog.MeansPhone:    "The last person who spoke to them has the newest number",
		catalog.MeansMobile:   "The last person who spoke to them has the newest number",
		catalog.MeansJobTitle: "Everybody hears of promotions",
	}
	for _, m := range []catalog.Meaning{catalog.MeansStreet, catalog.MeansCity, catalog.MeansRegion, catalog.MeansPostalCode} {
		latest[m] = "The last person who wrote there knows where post and bills go"
	}
	for _, m := range []catalog.Meaning{catalog.MeansSiteStreet, catalog.MeansSiteCity, catalog.MeansSiteRegion, catalog.MeansSitePostalCode} {
		latest[m] = "The last person who went there knows where the work is done"
	}
	for i := range d.mappings {
		m := &d.mappings[i]
		if m.hub == o && m.hub.Concept == catalog.Person && m.joinsName() {
			// The hub's full name follows the two names of a spoke, so all three go together.
			for _, name := range []catalog.Meaning{catalog.MeansName, catalog.MeansGivenName, catalog.MeansFamilyName} {
				latest[name] = "The last person who met them knows what they are called"
			}
		}
	}
	return latest
}

// reason says why the hub owns a field.
func (d *draft) reason(o *catalog.Object, m catalog.Meaning) string {
	label := d.hub.Platform.Label
	switch m {
	case catalog.MeansEmail:
		return "Addresses are kept up to date in " + label
	case catalog.MeansName, catalog.MeansGivenName, catalog.MeansFamilyName:
		if o.Concept == catalog.Person || o.Concept == catalog.Company {
			return "They are known by the name in " + label
		}
		return "The work is named in " + label
	case catalog.MeansAmount:
		return "The price is agreed in " + label
	case catalog.MeansStage:
		return "What is won is decided in " + label
	case catalog.MeansPerson, catalog.MeansCompany:
		return "Who belongs to whom is kept in " + label
	}
	return label + " is the master record"
}

func meaningOf(o *catalog.Object, name record.PlatformField) catalog.Meaning {
	for _, m := range catalog.Meanings() {
		if hubField(o, m) == name {
			return m
		}
	}
	return ""
}

// mapping writes one mapping.
func (d *draft) mapping(line lineFunc, m *mapping) {
	line(6, "- hub: %s", m.hub.Name)
	line(8, "spoke: %s.%s", m.account.Connection, m.spoke.Name)
	if m.entered {
		line(8, "direction: to_spoke")
	}
	line(8, "create: %s", m.create())
	line(8, "delete: ignore # or archive: a deletion on one side archives the other")
	if m.spoke.Ability.Marker != "" {
		line(8, "hub_id: %s", text(strings.ReplaceAll(string(m.spoke.Ability.Marker), "HubSpot ID", d.hub.Platform.Label+" ID")))
	}
	if m.entered {
		line(8, "filter: {field: %s, becomes: %s} # at most one %s each, when it first happens", text(string(m.hub.Means[catalog.MeansStage])),
			text(m.hub.Won), m.spoke.Label)
		line(8, "existing: skip # what was there before the first load makes none")
	}
	line(8, "schedule:")
	line(10, "to_spoke: {realtime: %t, every: 15m}", d.hub.Platform.Webhooks.Signed)
	line(10, "to_hub: {realtime: %t, every: 15m}", m.account.Platform.Webhooks.Signed)
	line(8, "fields:")
	for _, p := range m.pairs {
		said := ""
		if strings.Contains(p.toSpoke, "zone:") {
			said = " # the time zone in which your days are"
		}
		line(10, "- %s%s", p.text(), said)
	}
	for _, u := range m.usual {
		line(10, "- {spoke: %s, value: %s} # %s; yours may differ", text(string(u.Field)), text(u.Value), u.Why)
	}
	if len(m.decided) > 0 {
		line(10, "# Yours to decide: `fluxcascade check` lists what your account has, by name. With value: %s the account decides.",
			catalog.LeaveOut)
	}
	for _, dec := range m.decided {
		value, why := catalog.Choose, dec.What
		if f, _ := m.spoke.Field(dec.Field); f.Kind == catalog.Date { // no list of an account's has days
			value, why = catalog.LeaveOut, dec.What+": "+dec.Left
		}
		line(10, "- {spoke: %s, value: %s} # %s", text(string(dec.Field)), value, why)
	}
	for _, f := range d.custom(m.account, m.spoke) {
		line(10, "# - {hub: …, spoke: %s} # custom: %s", text(string(f.Name)), f.Label)
	}
}

func (p *pair) text() string {
	parts := []string{"hub: " + several(p.hub), "spoke: " + several(p.spoke)}
	if p.reference != "" {
		parts = append(parts, "reference: "+string(p.reference))
	}
	if p.direction != "" {
		parts = append(parts, "direction: "+string(p.direction))
	}
	if p.toSpoke != "" {
		parts = append(parts, fmt.Sprintf("to_spoke: [%s]", p.toSpoke))
	}
	if p.toHub != "" {
		parts = append(parts, fmt.Sprintf("to_hub: [%s]", p.toHub))
	}
	if p.required && p.direction != ruleset.ToHub {
		parts = append(parts, "required: true")
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func several(names []record.PlatformField) string {
	if len(names) == 1 {
		return text(string(names[0]))
	}
	var out []string
	for _, n := range names {
		out = append(out, text(string(n)))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// custom lists an account's own fields of an object, by name.
func (d *draft) custom(a Account, o *catalog.Object) []customField {
	var out []customField
	for _, f := range a.Fields[o.Name] {
		if f.Custom && !f.ReadOnly && f.Name != o.Ability.Marker {
			out = append(out, customField{f.Name, oneLine(f.Label)})
		}
	}
	slices.SortFunc(out, func(a, b customField) int { return strings.Compare(string(a.Name), string(b.Name)) })
	return out[:min(len(out), customMax)]
}

type customField struct {
	Name  record.PlatformField
	Label string
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// plain is text that YAML reads as itself inside braces.
var plain = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*( [A-Za-z0-9_.]+)*$`)

// words are texts that YAML would read as something else.
var words = []string{"true", "false", "yes", "no", "on", "off", "null", "y", "n"}

// text quotes a text where YAML needs it.
func text(s string) string {
	if plain.MatchString(s) && !slices.Contains(words, strings.ToLower(s)) {
		return s
	}
	return strconv.Quote(s)
}

package ruleset

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

// The file's shapes. What is written here is what the loader takes and what Schema publishes; what needs two places
// of the file, or the catalog, is checked by the loader alone.

// formatVersion is the version of the file's form. A file says which it is written in.
const formatVersion = 1

// Periods of schedules. EventBridge Scheduler's finest rate is a minute (docs.aws.amazon.com/scheduler/latest/UserGuide/
// schedule-types.html); past a day a lost webhook would heal too late.
const (
	periodMin     = time.Minute
	periodMax     = 24 * time.Hour
	periodDefault = 15 * time.Minute
)

// concurrencyMax bounds a connection's concurrent calls.
const concurrencyMax = 1000

// dayLimitMax bounds what a plan can allow a day: above it, it is a slip.
const dayLimitMax = 100_000_000

// argumentMax bounds the numbers that transforms take: lengths and positions.
const argumentMax = 1_000_000

// limitMax bounds the limits of spread.
const limitMax = 1_000_000

// ownerLatest is the owner that lets every writer set a field; ownerHub is the group's hub.
const (
	ownerLatest = "last_write_wins"
	ownerHub    = "hub"
)

// periodNone is a schedule without polls or sweeps.
const periodNone = "none"

// mapName is the transform whose table is its argument; the others are the keys of the table that name no value.
const (
	mapName    = "value_map"
	mapDefault = "default"
	mapEach    = "each"
	mapJoin    = "join"
)

// mapArgs are the keys of a value map's table that are arguments.
var mapArgs = []string{mapDefault, mapEach, mapJoin}

// zoneName is the argument that names a time zone.
const zoneName = "zone"

// currencyName names the argument by which a transform of numbers knows how many decimals there may be.
const currencyName = "currency"

// countryName is the argument that names a country.
const countryName = "country"

var (
	sharePattern  = lazyregexp.New(`^([0-9]|[1-8][0-9]|90)%$`)
	namePattern   = lazyregexp.New(`^[a-z][a-z0-9_-]{0,39}$`)
	periodPattern = lazyregexp.New(`^(none|[1-9][0-9]{0,3}[mh])$`)
	spokePattern  = lazyregexp.New(`^[a-z][a-z0-9_-]{0,39}\.[^\s.]+$`)
	clockPattern  = lazyregexp.New(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
	endPattern    = lazyregexp.New(`^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`)
	// countryPattern is the form of ISO 3166-1 alpha-2 codes.
	countryPattern = lazyregexp.New(`^[A-Z]{2}$`)
	objectPattern  = lazyregexp.New(`^[^\s.]+$`)
)

func word(noun, doc string) *shape { return &shape{kind: shapeWord, noun: noun, doc: doc} }

// like is a word that only the loader can check, with what it would be.
func like(noun, wants, doc string) *shape {
	return &shape{kind: shapeWord, noun: noun, like: wants, doc: doc}
}

func oneOf[T ~string](noun, doc string, words ...T) *shape {
	s := word(noun, doc)
	for _, w := range words {
		s.words = append(s.words, string(w))
	}
	return s
}

func spelt(noun string, pattern *lazyregexp.Regexp, like, doc string) *shape {
	return &shape{kind: shapeWord, noun: noun, pattern: pattern, like: like, doc: doc}
}

func scalar(noun, doc string) *shape { return &shape{kind: shapeScalar, noun: noun, doc: doc} }

func number(noun string, least, most int, doc string) *shape {
	return &shape{kind: shapeNumber, noun: noun, least: least, most: most, doc: doc}
}

func flag(doc string) *shape { return &shape{kind: shapeFlag, doc: doc} }

func listOf(each *shape, doc string) *shape { return &shape{kind: shapeList, each: each, doc: doc} }

func tableOf(name, each *shape, doc string) *shape {
	return &shape{kind: shapeTable, name: name, each: each, doc: doc}
}

// oneOrMore takes a single value without brackets, or a list.
func oneOrMore(each *shape, doc string) *shape {
	return &shape{kind: shapeChoice, noun: each.noun, doc: doc, choices: []*shape{each, listOf(each, "")}}
}

// fileShape is the whole file.
func fileShape() *shape {
	transform := transformShape()
	return &shape{kind: shapeKeys, noun: "the file", doc: "A FluxCascade configuration.", keys: []key{
		{"version", true, number("version", formatVersion, formatVersion, "The version of this file's form.")},
		{"connections", true, tableOf(
			spelt("connection", namePattern, "a name of small letters, digits, - and _", ""),
			connectionShape(), "The authorised accounts, each under a name of your choice.")},
		{"groups", true, tableOf(
			spelt("group", namePattern, "a name of small letters, digits, - and _", ""),
			groupShape(transform), "The data domains, each with one hub and its spokes. Groups may share connections.")},
	}}
}

// platforms are the names of all platforms, sorted.
func platforms() []string {
	var out []string
	for _, p := range catalog.All() {
		out = append(out, string(p.Name))
	}
	slices.Sort(out)
	return out
}

func connectionShape() *shape {
	return &shape{kind: shapeKeys, noun: "a connection", keys: []key{
		{"platform", true, word("platform", "The vendor: "+strings.Join(platforms(), ", ")+".")},
		{"account", false, scalar("account", "The vendor's account id (portal, realm), in quotes. Leave it out where it is learnt when connecting.")},
		{zoneName, false, word("zone", "The account's IANA time zone: America/Phoenix. Transforms that read its dates take it where they name none.")},
		{"options", false, tableOf(word("option", ""), scalar("option", ""), "Settings of the platform's connector.")},
		{"reserve", false, spelt("share", sharePattern, "a percentage, 0% to 90%", "How much of the platform's limits on calls is left for people and other programs; 10% where nothing is said.")},
		{"day_limit", false, number("number", 1, dayLimitMax, "What the account's plan allows a day, in calls or tokens, where that is more than the least documented: Pipedrive, Salesforce, Xero.")},
		{"max_concurrency", false, number("number", 1, concurrencyMax, "How many calls may run at once for this connection.")},
	}}
}

func groupShape(transform *shape) *shape {
	return &shape{kind: shapeKeys, noun: "a group", keys: []key{
		{"hub", true, word("connection", "The connection that owns the master record.")},
		{"objects", true, tableOf(
			spelt("object", objectPattern, "a name without spaces or dots", ""),
			objectShape(transform), "The hub's objects that take part, and what belongs to their fields whatever spoke they travel to.")},
		{"mappings", true, listOf(mappingShape(transform), "Which hub object is which object of a spoke.")},
		{"limits", false, limitsShape()},
	}}
}

// limitsShape names what a limit counts, with what is in force where the file does not say.
func limitsShape() *shape {
	d := DefaultLimits()
	limit := func(name string, standard int, doc string) key {
		if standard == 0 {
			doc += " Default 0, no limit."
		} else {
			doc += fmt.Sprintf(" Default %d; 0 means no limit.", standard)
		}
		return key{name, false, number("number", 0, limitMax, doc)}
	}
	doc := "How far a mistake can spread: how many writes of a kind one connection may take from this group in one hour. Above a limit the rest waits until a person releases it."
	return &shape{kind: shapeKeys, noun: "limits", doc: doc, keys: []key{
		limit("deletes", d.Deletes, "Records archived or deleted in an hour."),
		limit("creates", d.Creates, "Records made in an hour."),
		limit("blanks", d.Blanks, "Fields emptied in an hour."),
		limit("overrides", d.Overrides, "Edits by another than a field's owner undone in an hour."),
		limit("field_updates", d.FieldUpdates, "Writes of any one field in an hour."),
	}}
}

func objectShape(transform *shape) *shape {
	part := &shape{kind: shapeChoice, noun: "part", choices: []*shape{
		word("field", "A declared field."),
		{kind: shapeKeys, noun: "a part", keys: []key{
			{"field", true, word("field", "A declared field.")},
			{"through", true, transformsShape(transform, "Transforms that make the part of the key out of the value.")},
		}},
	}}
	rule := &shape{kind: shapeKeys, noun: "a match rule", keys: []key{
		{"rule", true, word("rule", "The rule's name, as explanations give it.")},
		{"fields", true, listOf(part, "The parts of the key; all must have a value. Case does not matter.")},
	}}
	return &shape{kind: shapeKeys, noun: "an object", keys: []key{
		{"hub_id", false, word("field", "The hub's unique field that holds our identity, so that repeating a create is harmless.")},
		{"match", false, listOf(rule, "How two records are recognised as one, in order; the first rule that finds one decides.")},
		{"fields", true, tableOf(word("field", ""), fieldShape(transform), "The hub's fields that take part.")},
	}}
}

func fieldShape(transform *shape) *shape {
	return &shape{kind: shapeKeys, noun: "a field", keys: []key{
		{"owner", true, like("owner", "hub, a connection of the group, or last_write_wins", "Who may set it: hub, a connection's name, or last_write_wins.")},
		{"reason", true, like("reason", "why, in your words", "Why this owner, in your words. Explanations repeat it.")},
		{"form", false, transformsShape(transform, "The canonical form that every value takes, from wherever it comes. By default trim, and what the field's kind asks.")},
		{"non_owner", false, oneOf("policy", "What happens to an edit by another than the owner. Default revert.", NonOwnerRevert, NonOwnerPropose, NonOwnerFlag)},
		{"conflict", false, oneOf("policy", "Who wins when both sides changed it. Default owner; newest with last_write_wins.", ConflictOwner, ConflictHub, ConflictSpoke, ConflictNewest, ConflictManual)},
		{"blank", false, oneOf("policy", "Whether an emptied field empties the others (clear) or is filled again (keep). Default clear.", BlankClear, BlankKeep)},
	}}
}

func mappingShape(transform *shape) *shape {
	return &shape{kind: shapeKeys, noun: "a mapping", keys: []key{
		{"hub", true, word("object", "A declared object of the hub.")},
		{"spoke", true, spelt("place", spokePattern, "connection.object, for instance jobber.clients", "The spoke's connection and object: jobber.clients.")},
		{"name", false, spelt("name", namePattern, "a name of small letters, digits, - and _", "Default: hub object, connection and spoke object, joined by -.")},
		{"direction", false, directionShape("The direction of pairs that give none, and the way deletions travel. Default both.")},
		{"create", false, oneOf("policy", "Where records of the other side may be created. Default none.", CreateBoth, CreateToSpoke, CreateToHub, CreateNone)},
		{"delete", false, oneOf("policy", "What a deletion on one side does to the other. Default ignore.", DeleteIgnore, DeleteUnlink, DeleteArchive, DeleteDelete)},
		{"hub_id", false, word("field", "The spoke's field that holds the hub's record id, where the platform can hold one.")},
		{"schedule", false, &shape{kind: shapeKeys, noun: "a schedule", doc: "When changes travel. The program staggers what shares a period.", keys: []key{
			{"to_spoke", false, scheduleShape("From the hub to the spoke.")},
			{"to_hub", false, scheduleShape("From the spoke to the hub.")},
			{"active", false, activeShape("The hours of both directions, where they give none of their own.")},
		}}},
		{"filter", false, filterShape()},
		{"existing", false, oneOf("policy", "Whether records inside the filter at first sight are skipped or enter. Default skip.", ExistingSkip, ExistingEnter)},
		{"after_exit", false, oneOf("policy", "Whether a record that was made inside the filter is updated outside it. Default stop.", AfterExitStop, AfterExitFollow)},
		{"on_link", false, oneOf("policy", "What becomes of values that were there before the link, in pairs that only flow to the spoke. Default keep.", OnLinkKeep, OnLinkOverwrite)},
		{"fields", true, listOf(pairShape(transform), "The field pairs.")},
	}}
}

func directionShape(doc string) *shape { return oneOf("direction", doc, Both, ToSpoke, ToHub) }

func scheduleShape(doc string) *shape {
	return &shape{kind: shapeKeys, noun: "a schedule", doc: doc, definition: "schedule", keys: []key{
		{"realtime", false, flag("At once, by webhook. Default true.")},
		{"every", false, spelt("period", periodPattern, "minutes or hours from 1m to 24h such as 15m, or none", "The period of polls or sweeps: 15m, 1h; none for none. Default 15m.")},
		{"active", false, activeShape("The hours in which polls and sweeps run. Default always. Webhooks come at any hour.")},
	}}
}

func activeShape(doc string) *shape {
	return &shape{kind: shapeKeys, noun: "hours", doc: doc, definition: "active", keys: []key{
		{"zone", true, word("zone", "The IANA time zone of the hours: America/Chicago. They follow its daylight saving.")},
		{"from", false, spelt("time", clockPattern, "a time of day from 00:00 to 23:59, such as 07:00", "When they begin. Default 00:00.")},
		{"to", false, spelt("time", endPattern, "a time of day from 00:00 to 24:00, such as 19:00", "When they end; before from, it is on the next day. Default 24:00.")},
		{"days", false, oneOrMore(&shape{kind: shapeWord, noun: "day", words: dayNames}, "The days on which they begin. Default all.")},
	}}
}

// conditionKeys are the comparisons of a condition.
var conditionKeys = []string{"is", "becomes", "is_not", "in", "not_in", "present", "blank", "above", "at_least", "below", "at_most", "between", "has"}

func filterShape() *shape {
	value := scalar("value", "")
	keys := []key{
		{"field", true, word("field", "A declared field of the hub object.")},
		{"is", false, scalar("value", "The field has this value.")},
		{"becomes", false, scalar("value", "The same as is: it reads well where entering matters.")},
		{"is_not", false, scalar("value", "The field has another value.")},
		{"in", false, listOf(value, "The field has one of these values.")},
		{"not_in", false, listOf(value, "The field has none of these values.")},
		{"present", false, flag("true: the field has a value. false: it has none.")},
		{"blank", false, flag("true: the field has no value. false: it has one.")},
		{"above", false, scalar("value", "The number is greater, or the date later, than this.")},
		{"at_least", false, scalar("value", "The number or date is this, or a greater or later one.")},
		{"below", false, scalar("value", "The number is less, or the date earlier, than this.")},
		{"at_most", false, scalar("value", "The number or date is this, or a smaller or earlier one.")},
		{"between", false, listOf(value, "The number or date is one of these two, or lies between them.")},
		{"has", false, oneOrMore(value, "The field holds several options (form: [options]), and this, or one of these, is among them.")},
	}
	one := &shape{kind: shapeKeys, noun: "a condition", definition: "single_condition", one: conditionKeys, keys: keys}
	outer := append(slices.Clone(keys), key{"any", false, listOf(one, "Several conditions of which one is enough. It stands alone, without field.")})
	outer[0].required = false
	condition := &shape{kind: shapeKeys, noun: "a condition", definition: "condition", one: append(slices.Clone(conditionKeys), "any"), keys: outer}
	return oneOrMore(condition, "Which records take part: all conditions must hold. A record enters once; leaving does nothing.")
}

func pairShape(transform *shape) *shape {
	field := word("field", "")
	return &shape{kind: shapeKeys, noun: "a field pair", one: []string{"hub", "value"}, keys: []key{
		{"hub", false, oneOrMore(field, "A declared field of the hub, or several that make one field of the spoke.")},
		{"spoke", true, oneOrMore(field, "A field of the spoke, with a selector where it is in a list: emails[primary].address.")},
		{"value", false, scalar("value", "A constant, written when the record is created and never after.")},
		{"direction", false, directionShape("Default: the mapping's.")},
		{"to_spoke", false, transformsShape(transform, "Transforms from hub values to spoke values.")},
		{"to_hub", false, transformsShape(transform, "Transforms from spoke values to hub values.")},
		{"reference", false, &shape{kind: shapeChoice, noun: "reference", doc: "The hub object whose record this field names.", choices: []*shape{
			word("object", "The object; its record's id on the spoke is written."),
			{kind: shapeKeys, noun: "a reference", keys: []key{
				{"to", true, word("object", "The object.")},
				{"field", true, word("field", "The field of its record on the spoke whose value is written, instead of the id.")},
			}},
		}}},
		{"required", false, flag("true: a create waits, parked, until there is a value.")},
	}}
}

func transformsShape(transform *shape, doc string) *shape {
	s := listOf(transform, doc)
	s.mayBeEmpty = true
	return s
}

// transformShape is one step: a name, or a name with its arguments.
func transformShape() *shape {
	plain := word("transform", "A transform without arguments.")
	full := &shape{kind: shapeKeys, noun: "a transform", doc: "A transform with its arguments."}
	for _, spec := range Transforms() {
		plain.words = append(plain.words, spec.Name)
		full.one = append(full.one, spec.Name)
		full.keys = append(full.keys, key{spec.Name, false, argsShape(spec)})
	}
	return &shape{kind: shapeChoice, noun: "transform", definition: "transform", choices: []*shape{plain, full}}
}

func argsShape(spec TransformSpec) *shape {
	if spec.Name == mapName {
		return tableOf(scalar("value", ""), scalar("value", ""), spec.Doc)
	}
	s := &shape{kind: shapeKeys, noun: spec.Name, doc: spec.Doc}
	for _, a := range spec.Args {
		arg := scalar(a.Name, a.Doc)
		switch {
		case len(a.Values) > 0:
			arg = oneOf(a.Name, a.Doc, a.Values...)
		case a.Name == countryName:
			arg = spelt(a.Name, countryPattern, "a country's two capitals, such as US", a.Doc)
		case a.Number:
			arg = number(a.Name, 1, argumentMax, a.Doc)
		}
		s.keys = append(s.keys, key{a.Name, a.Required, arg})
	}
	return s
}

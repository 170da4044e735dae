package ruleset

import "slices"

// TransformSpec declares one transform: what a rule may write, and what the loader may conclude from it. Package
// mapping runs it.
type TransformSpec struct {
	Name string
	// In and Out count values; an In of 0 takes any number, but at least one.
	In, Out int
	Args    []ArgSpec
	// RoundTrips: a transform exists that turns the result back, up to canonical form. One that does not is one-way.
	RoundTrips bool
	// Canonical: it may serve as a field's canonical form. One value to one, and applied twice it changes nothing.
	Canonical bool
	Doc       string
}

// ArgSpec declares one argument of a transform. All are texts; Values lists the only ones allowed, if any, and Number
// asks for digits.
type ArgSpec struct {
	Name     string
	Required bool
	Values   []string
	Number   bool
	Doc      string
}

// Transforms lists every transform, in the order in which documents give them. The caller may keep and sort the list,
// not write to what is inside it.
func Transforms() []TransformSpec { return slices.Clone(transformSpecs) }

// TransformNamed finds a transform.
func TransformNamed(name string) (TransformSpec, bool) {
	i := slices.IndexFunc(transformSpecs, func(s TransformSpec) bool { return s.Name == name })
	if i < 0 {
		return TransformSpec{}, false
	}
	return transformSpecs[i], true
}

// phoneArgs are those of the two written forms of a phone number.
var phoneArgs = []ArgSpec{
	{Name: "country", Doc: "The two-letter country of a number written without one. Default US."},
	{Name: "on_invalid", Values: []string{"keep", "park", "blank"}, Doc: "What becomes of a value that is not a phone number. keep: what could be dialled (no area code) travels as typed, words stay where they were typed and say nothing elsewhere. park: a person decides. blank: the field is emptied. Default keep."},
	{Name: "extension", Values: []string{"keep", "drop"}, Doc: "A number with an extension stays as typed (keep), for E.164 has none; or loses the extension (drop). Default keep."},
}

// dateArgs are those of every transform that reads a date; orderArg of those that write no order of their own.
var (
	dateArgs = []ArgSpec{
		{Name: zoneName, Doc: "The IANA time zone in which a moment has its day and a clock without an offset hangs: America/Phoenix. Default: the connection's zone, if it gives one; else the day as written, and UTC."},
		{Name: "epoch", Values: []string{"seconds", "milliseconds"}, Doc: "The unit of a date written as a count since 1970. Default: milliseconds from twelve digits, seconds from nine; fewer are not a date."},
	}
	orderArg    = ArgSpec{Name: "order", Values: []string{"month_first", "day_first"}, Doc: "Which of two numbers is the month: 1/2/2024 is 2 January (month_first) or 1 February (day_first). Default month_first."}
	anyDateArgs = append(slices.Clone(dateArgs), orderArg)
)

var transformSpecs = []TransformSpec{
	{Name: "trim", In: 1, Out: 1, RoundTrips: true, Canonical: true, Doc: "Without white space at either end."},
	{Name: "lowercase", In: 1, Out: 1, Canonical: true, Doc: "In small letters."},
	{Name: "uppercase", In: 1, Out: 1, Canonical: true, Doc: "In capitals."},
	{Name: "titlecase", In: 1, Out: 1, Canonical: true, Doc: "Each word with one capital, then small letters: ADA becomes Ada. O'Neil, McDonald, MacDonald and 3rd stay, and O'NEIL, MCDONALD, 3RD and llc become so. Two to four capitals stay where the text has small letters too (IBM Services), and so does a particle that was typed small (Ludwig van Beethoven)."},

	{Name: "phone_e164", In: 1, Out: 1, Args: phoneArgs, RoundTrips: true, Canonical: true, Doc: "A phone number as +13125550123."},
	{Name: "phone_national", In: 1, Out: 1, Args: phoneArgs, RoundTrips: true, Canonical: true, Doc: "A phone number as (312) 555-0123; one of another country as +44 20 7946 0958."},
	{Name: "phone_digits", In: 1, Out: 1, Canonical: true, Doc: "The digits alone, an extension's too. A text without digits says nothing."},

	{Name: "date_iso", In: 1, Out: 1, Args: anyDateArgs, RoundTrips: true, Canonical: true, Doc: "The day, as 2024-01-31; a time of day is dropped. Of a moment, the day that it is in the zone."},
	{Name: "date_us", In: 1, Out: 1, Args: dateArgs, RoundTrips: true, Canonical: true, Doc: "The day, as 01/31/2024, month first; a time of day is dropped."},
	{Name: "date_eu", In: 1, Out: 1, Args: dateArgs, RoundTrips: true, Canonical: true, Doc: "The day, as 31/01/2024, day first; a time of day is dropped."},
	{Name: "datetime_iso", In: 1, Out: 1, Args: anyDateArgs, RoundTrips: true, Canonical: true, Doc: "The moment in UTC, to the second: 2024-01-31T15:04:05Z. A time without an offset is one of the zone, or of UTC."},
	{Name: "timestamp_unix", In: 1, Out: 1, Args: anyDateArgs, RoundTrips: true, Doc: "The moment in seconds since 1970. Turned back by {datetime_iso: {epoch: seconds}}."},

	{Name: "split_name", In: 1, Out: 2, RoundTrips: true, Doc: "A full name as given names and family name. The last word is the family name, with particles such as van before it and Jr. after it; a single word is a given name."},
	{Name: "combine_name", In: 2, Out: 1, Doc: "Given names and family name as one full name."},

	{Name: "address_single_line", In: 0, Out: 1, Doc: "The parts of an address on one line, joined by commas, blanks left out."},
	{Name: "address_parse_street", In: 1, Out: 1, Doc: "The street of a US address on one line. Says nothing unless street, city, state and ZIP code can all be told."},
	{Name: "address_parse_city", In: 1, Out: 1, Doc: "The city of a US address on one line. Says nothing unless street, city, state and ZIP code can all be told."},
	{Name: "address_parse_state", In: 1, Out: 1, Doc: "The two-letter state of a US address on one line. Says nothing unless street, city, state and ZIP code can all be told."},
	{Name: "address_parse_zip", In: 1, Out: 1, Doc: "The ZIP code of a US address on one line. Says nothing unless street, city, state and ZIP code can all be told."},
	{Name: "street_number", In: 1, Out: 1, Doc: "The house number that an address begins with, for match keys. 221 E. 51st St. is 221. Says nothing if there is none."},

	{Name: "value_map", In: 1, Out: 1, RoundTrips: true, Args: []ArgSpec{
		{Name: mapDefault, Doc: "What a value without an entry becomes. Without it, such a value says nothing to the other side."},
		{Name: mapEach, Doc: "The value is several options with this between them, and each is looked up."},
		{Name: mapJoin, Doc: "What stands between the options of the result. Default: as in each."},
	}, Doc: "Another value, by a table: {theirs: ours}. Spelling and case count. A value without an entry says nothing: it stays where it is, and is shown."},
	{Name: "options", In: 1, Out: 1, RoundTrips: true, Canonical: true, Args: []ArgSpec{
		{Name: "separator", Doc: "What stands between two options. Default ;"},
	}, Doc: "The options of a field that holds several, each once and in one order, so that their order does not count."},
	{Name: "concatenate", In: 0, Out: 1, Args: []ArgSpec{
		{Name: "separator", Doc: "What stands between two values. Default one space."},
	}, Doc: "Several values as one, blanks left out."},
	{Name: "default", In: 1, Out: 1, Args: []ArgSpec{
		{Name: "value", Required: true, Doc: "What a blank becomes."},
	}, Doc: "A value in place of a blank."},
	{Name: "truncate", In: 1, Out: 1, Args: []ArgSpec{
		{Name: "length", Required: true, Number: true, Doc: "How many characters remain, at least 1."},
	}, Doc: "The first characters of a value."},

	{Name: "decimal", In: 1, Out: 1, Args: []ArgSpec{
		{Name: currencyName, Doc: "The currency whose amounts these are, as ISO 4217 has it: USD. A number with more decimals than it has (12.345 dollars, 12.5 yen) says nothing: it is shown, and never rounded. Default: any number of decimals."},
	}, RoundTrips: true, Canonical: true, Doc: "A number in one spelling: 1,500.50 and $1500.5 are 1500.5. 1.500,5 says nothing."},
	{Name: "bool", In: 1, Out: 1, RoundTrips: true, Canonical: true, Doc: "true or false, from yes, no, y, n, on, off, 1 and 0."},
}

package platformtest

import (
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// File is one file of a connector's package. Connectors are siblings: who knows one finds the same thing in the same file
// of the others.
type File struct {
	// Name is the file's name; NAME stands for the platform's.
	Name string
	// Holds says what stands in it.
	Holds string
	// Methods are the connector's methods and functions that stand in it, where it has them.
	Methods []string
	// Optional says that a connector may do without it, for a reason that its Bench.Without gives.
	Optional bool
}

// Of gives the file's name in one connector's package.
func (f File) Of(p record.Platform) string { return strings.Replace(f.Name, "NAME", string(p), 1) }

// Files lists the files of a connector, in the order in which they are written and read. A package has these and, its tests
// apart, no other.
func Files() []File {
	return []File{
		{Name: "NAME.go", Holds: "the package comment, what all files share, Connector with the contracts that it keeps, New"},
		{Name: "api.go", Holds: "the wire types, and the one method by which every call is sent"},
		{Name: "errors.go", Holds: "the one classifier: the vendor's answers as kinds of failures"},
		{Name: "fields.go", Holds: "a record as flat fields, and one field's value as the API takes it"},
		{Name: "custom.go", Holds: "the account's own fields, which the API names by keys of its own", Optional: true},
		{Name: "query.go", Holds: "the query language in which reads are asked for, and its rows", Optional: true},
		{Name: "fetch.go", Holds: "reads by id, and what an absent record shows", Methods: []string{"Fetch"}},
		{Name: "list.go", Holds: "the walk over all records", Methods: []string{"List"}},
		{Name: "changes.go", Holds: "the walk over what changed, and its cursor", Methods: []string{"Changes"}},
		{Name: "find.go", Holds: "look-ups by value", Methods: []string{"Find"}},
		{Name: "associations.go", Holds: "references that are not fields of the record, read and written by calls of their own", Optional: true},
		{Name: "owners.go", Holds: "whose record a hint of another object means", Methods: []string{"OwnerOf", "ResolveHints"}, Optional: true},
		{Name: "write.go", Holds: "intents checked, sent, and their receipts", Methods: []string{"Apply"}},
		{Name: "body.go", Holds: "what is sent of an intent"},
		{Name: "element.go", Holds: "edits of lists of which a mapping names single elements", Optional: true},
		{Name: "doubt.go", Holds: "creates that were tried before, looked for before they are sent again", Optional: true},
		{Name: "webhook.go", Holds: "a webhook verified and read", Methods: []string{"Receive"}},
		{Name: "refresh.go", Holds: "how tokens are refreshed", Methods: []string{"NewRefresher"}},
		{Name: "prepare.go", Holds: "the field of our identity, and fields that a person asks for",
			Methods: []string{"Prepare", "MakeField"}, Optional: true},
		{Name: "onboard.go", Holds: "how a person connects an account, and what it is told of it",
			Methods: []string{"Authorization", "Identify", "Describe", "Leave", "ByHand"}},
		{Name: "choices.go", Holds: "the account's own lists, from which people choose what a document says of money",
			Methods: []string{"Choices"}, Optional: true},
		{Name: "subscribe.go", Holds: "webhooks registered, kept in force and ended by the API",
			Methods: []string{"Subscribe", "InForce", "Unsubscribe"}, Optional: true},
	}
}

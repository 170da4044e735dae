package runner

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sort"
	"strings"
	"unicode"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// rowsMax bounds one loaded file.
const rowsMax = 200_000

// Load names a file to start a simulator with: CONNECTION=FILE.csv, or CONNECTION=FILE.csv?COLUMN=VALUE for the rows
// that have that value.
type Load struct {
	Connection record.Connection
	Path       string
	Column     string // "" takes every row
	Value      string
}

// ParseLoad reads a load's spelling.
func ParseLoad(text string) (Load, error) {
	connection, rest, ok := strings.Cut(text, "=")
	if !ok || connection == "" || rest == "" {
		return Load{}, fmt.Errorf("--load %q: write CONNECTION=FILE.csv or CONNECTION=FILE.csv?COLUMN=VALUE", text)
	}
	l := Load{Connection: record.Connection(connection)}
	var where string
	l.Path, where, ok = strings.Cut(rest, "?")
	if ok {
		if l.Column, l.Value, ok = strings.Cut(where, "="); !ok {
			return Load{}, fmt.Errorf("--load %q: after the ? write COLUMN=VALUE", text)
		}
	}
	return l, nil
}

// Loaded tells what a load did.
type Loaded struct {
	Load
	Object  record.Object
	Records int
	// IDs are the records made, by the number of their row, counted from 0 behind the header.
	IDs     map[int]record.ExternalID
	Refused int               // rows that the platform would not take
	Why     string            // of the first one
	Columns map[string]string // header -> field
	Ignored []string          // headers that map to no field
}

// String tells it to a person.
func (l Loaded) String() string {
	var pairs []string
	for header, field := range l.Columns {
		pairs = append(pairs, header+" -> "+field)
	}
	sort.Strings(pairs)
	text := fmt.Sprintf("%s: %d %s from %s (%s)", l.Connection, l.Records, l.Object, l.Path, strings.Join(pairs, ", "))
	if len(l.Ignored) > 0 {
		text += fmt.Sprintf("; columns not used: %d", len(l.Ignored))
	}
	if l.Refused > 0 {
		text += fmt.Sprintf("; %d rows refused, the first because %s", l.Refused, l.Why)
	}
	return text
}

// aliases are header names that people use, by what they mean; compared without case, spaces and signs.
// A header that is spelled as the platform's field is taken first.
var aliases = map[catalog.Meaning][]string{
	catalog.MeansEmail:      {"email", "emailaddress", "mail"},
	catalog.MeansPhone:      {"phone", "phonenumber", "telephone", "tel"},
	catalog.MeansGivenName:  {"firstname", "givenname", "first"},
	catalog.MeansFamilyName: {"lastname", "familyname", "surname", "last"},
	catalog.MeansEmployer:   {"company", "companyname", "sitename", "organisation", "organization", "business", "name"},
	catalog.MeansStreet:     {"address", "street", "street1", "address1", "line1", "streetaddress"},
	catalog.MeansCity:       {"city", "town"},
	catalog.MeansRegion:     {"state", "province", "region"},
	catalog.MeansPostalCode: {"zip", "zipcode", "postalcode", "postcode"},
}

// aliasFields are the fields that a column of a meaning fills: where firms and people are one list, a firm's name is also
// what the record is called.
func aliasFields(o *catalog.Object, m catalog.Meaning) []record.PlatformField {
	var out []record.PlatformField
	for _, meaning := range []catalog.Meaning{m, catalog.MeansName} {
		if field := o.Means[meaning]; field != "" && (meaning == m || m == catalog.MeansEmployer) {
			out = append(out, field)
		}
	}
	return out
}

// LoadCSV starts a simulator with a file's rows. A row that the platform refuses (a name twice, say) is retried with
// a number behind its name, as a person would, and is otherwise counted.
func (w *World) LoadCSV(l Load) (Loaded, error) {
	out := Loaded{Load: l, Columns: map[string]string{}, IDs: map[int]record.ExternalID{}}
	sim, ok := w.Sims[l.Connection]
	if !ok {
		return out, fmt.Errorf("--load: no connection %q; there are %v", l.Connection, w.connections())
	}
	people := w.objectOf(l.Connection, catalog.Person)
	if people == nil || !slices.Contains(w.Objects(l.Connection), people.Name) {
		return out, fmt.Errorf("--load: %s maps no object that a file of people can fill", l.Connection)
	}
	out.Object = people.Name
	file, err := os.Open(l.Path)
	if err != nil {
		return out, err
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.FieldsPerRecord = -1
	header, err := reader.Read()
	if err != nil {
		return out, fmt.Errorf("read the header of %s: %w", l.Path, err)
	}
	targets, where, err := out.columns(people, header)
	if err != nil {
		return out, err
	}
	for n := range rowsMax {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			w.baseline()
			w.forgetNews()
			return out, nil
		}
		if err != nil {
			return out, fmt.Errorf("read %s: %w", l.Path, err)
		}
		if where >= 0 && (where >= len(row) || row[where] != l.Value) {
			continue
		}
		fields := record.Fields{}
		for i, names := range targets {
			if i < len(row) {
				for _, name := range names {
					fields[name] = strings.Join(strings.Fields(row[i]), " ")
				}
			}
		}
		out.create(sim.Create, n, fields, people.Means[catalog.MeansName])
	}
	return out, fmt.Errorf("%s has more than %d rows", l.Path, rowsMax)
}

// columns says which fields each column fills: the one that it is spelled as, else those of what its header means.
func (l *Loaded) columns(o *catalog.Object, header []string) (targets [][]record.PlatformField, where int, err error) {
	where = -1
	targets = make([][]record.PlatformField, len(header))
	taken := map[record.PlatformField]bool{}
	fill := func(i int, fields []record.PlatformField) {
		if len(fields) > 0 && !taken[fields[0]] && targets[i] == nil {
			taken[fields[0]] = true
			targets[i] = fields
			l.Columns[header[i]] = string(fields[0])
		}
	}
	for i, name := range header {
		if slices.ContainsFunc(o.Fields, func(f catalog.Field) bool { return string(f.Name) == name && !f.ReadOnly }) {
			fill(i, []record.PlatformField{record.PlatformField(name)})
		}
	}
	for i, name := range header {
		if name == l.Column && l.Column != "" {
			where = i
		}
		for meaning, names := range aliases {
			if slices.Contains(names, plain(name)) {
				fill(i, aliasFields(o, meaning))
			}
		}
		if targets[i] == nil && i != where {
			l.Ignored = append(l.Ignored, name)
		}
	}
	if l.Column != "" && where < 0 {
		return nil, -1, fmt.Errorf("%s has no column %q; it has %s", l.Path, l.Column, strings.Join(header, ", "))
	}
	if len(l.Columns) == 0 {
		return nil, -1, fmt.Errorf("%s has no column that is known; headers may be %s", l.Path, "email, phone, first name, last name, company, address, city, state, zip")
	}
	return targets, where, nil
}

func plain(header string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, header)
}

// namesMax is how many records of one display name are numbered.
const namesMax = 50

// create makes a record as a person would who numbers names that are taken. called is the field of its name, "" for none.
func (l *Loaded) create(make func(record.Object, record.Fields) (record.ExternalID, error), row int, fields record.Fields, called record.PlatformField) {
	name, numbered := fields[called]
	for n := 1; n <= namesMax; n++ {
		if numbered && n > 1 {
			fields[called] = fmt.Sprintf("%s (%d)", name, n)
		}
		id, err := make(l.Object, fields)
		if err == nil {
			l.IDs[row] = id
			l.Records++
			return
		}
		if !numbered || n == namesMax {
			l.Refused++
			if l.Why == "" {
				l.Why = err.Error()
			}
			return
		}
	}
}

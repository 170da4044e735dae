package runner

import (
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/local/table"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

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
	// IDs are the records made, by the line that their row begins on.
	IDs map[int]record.ExternalID
	// Blank rows hold nothing, and are no loss. Refused ones are in no platform: it would not take them, or what stands in
	// which column cannot be told. Why is the first one's reason, with its line.
	Blank, Refused int
	Why            string
	Columns        map[string]string // header -> field
	Unused         []Unused          // columns that fill no field
	// Encoding and Separator are how the file was read; Guessed says that the encoding is not proved by its bytes.
	Encoding  string
	Separator string
	Guessed   bool
}

// String tells it to a person.
func (l Loaded) String() string {
	var pairs []string
	for header, field := range l.Columns {
		pairs = append(pairs, header+" -> "+field)
	}
	sort.Strings(pairs)
	text := fmt.Sprintf("%s: %d %s from %s (%s)", l.Connection, l.Records, l.Object, l.Path, strings.Join(pairs, ", "))
	if how := l.how(); how != "" {
		text += "; " + how
	}
	if l.Blank > 0 {
		text += fmt.Sprintf("; %s skipped", counted(l.Blank, "blank row"))
	}
	for _, u := range l.Unused {
		text += "\n  column " + u.String()
	}
	if l.Refused > 0 {
		text += fmt.Sprintf("\n  %s NOT loaded, the first: %s", counted(l.Refused, "row"), l.Why)
	}
	return text
}

// how says how the file was read, where that is not the usual way.
func (l Loaded) how() string {
	var parts []string
	switch {
	case l.Guessed:
		parts = append(parts, "read as "+l.Encoding+", which is what it looks like: if letters are wrong, save it as UTF-8")
	case l.Encoding != "UTF-8":
		parts = append(parts, "read as "+l.Encoding)
	}
	if l.Separator != "," {
		parts = append(parts, fmt.Sprintf("parted by %q", l.Separator))
	}
	return strings.Join(parts, ", ")
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// refuse counts a row that is not loaded.
func (l *Loaded) refuse(line int, why string) {
	l.Refused++
	if l.Why == "" {
		l.Why = fmt.Sprintf("line %d: %s", line, why)
	}
}

// LoadCSV starts a simulator with a file's rows. A row that the platform refuses (a name twice, say) is tried again with
// a number behind its name, as a person would, and is otherwise counted. The error is of a file of which nothing could be
// loaded, and says why.
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
	data, err := os.ReadFile(l.Path)
	if err != nil {
		return out, err
	}
	t, err := table.Read(data)
	if err != nil {
		return out, fmt.Errorf("read %s: %w", l.Path, err)
	}
	out.Encoding, out.Separator, out.Guessed, out.Blank = t.Encoding, string(t.Separator), t.Guessed, t.Blank
	columns := columnsOf(people, t.Header)
	// Where a platform keeps firms apart, a person's record bears the person's name; where it does not, a firm's name leads.
	columns.firmsLead = w.objectOf(l.Connection, catalog.Company) == nil
	where := -1
	if l.Column != "" {
		if where = slices.Index(t.Header, l.Column); where < 0 {
			return out, fmt.Errorf("%s has no column %q; it has %s", l.Path, l.Column, strings.Join(t.Header, ", "))
		}
	}
	if out.take(columns, t, where); len(out.Columns) == 0 {
		return out, fmt.Errorf("%s has no column that is known (%s); headers may be %s", l.Path, out.read(t), headerWords())
	}
	for _, row := range t.Broken {
		out.refuse(row.Line, "its quotes do not close as they open")
	}
	for _, row := range t.Ragged {
		out.refuse(row.Line, fmt.Sprintf("it has %d cells and the header %d: text that holds the separator stands in quotes", len(row.Cells), len(t.Header)))
	}
	chosen := 0
	for _, row := range t.Rows {
		if where >= 0 && row.Cells[where] != l.Value {
			continue
		}
		chosen++
		out.create(sim.Create, row.Line, columns.fields(row.Cells), people.Means[catalog.MeansName])
	}
	switch {
	case out.Records > 0:
	case where >= 0 && chosen == 0:
		return out, fmt.Errorf("%s: no row has %q in column %q", l.Path, l.Value, l.Column)
	case out.Refused > 0:
		return out, fmt.Errorf("%s: none of its rows was loaded (%s), the first: %s", l.Path, out.read(t), out.Why)
	default:
		return out, fmt.Errorf("%s has no row with a value, only a header", l.Path)
	}
	w.baseline()
	w.forgetNews()
	return out, nil
}

// read says how a file was read that came to nothing: often that is why.
func (l *Loaded) read(t *table.Table) string {
	return fmt.Sprintf("read as %s, parted by %q, its header is %s", l.Encoding, l.Separator, strings.Join(t.Header, ", "))
}

// take notes which columns fill what, and what the others might be.
func (l *Loaded) take(c *columns, t *table.Table, where int) {
	for i, header := range t.Header {
		switch {
		case c.target[i] != "":
			l.Columns[header] = string(c.target[i])
		case i == where || header == "":
		case c.why[i] != "":
			l.Unused = append(l.Unused, Unused{header, c.why[i]})
		default:
			l.Unused = append(l.Unused, Unused{header, suggestion(header, i, t.Rows)})
		}
	}
}

// namesMax is how many records of one display name are numbered.
const namesMax = 50

// create makes a record as a person would who numbers names that are taken. called is the field of its name, "" for none.
func (l *Loaded) create(make func(record.Object, record.Fields) (record.ExternalID, error), line int, fields record.Fields, called record.PlatformField) {
	name := fields[called]
	for n := 1; n <= namesMax; n++ {
		if name != "" && n > 1 {
			fields[called] = fmt.Sprintf("%s (%d)", name, n)
		}
		id, err := make(l.Object, fields)
		if err == nil {
			l.IDs[line] = id
			l.Records++
			return
		}
		if name == "" || n == namesMax {
			l.refuse(line, err.Error())
			return
		}
	}
}

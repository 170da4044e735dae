package runner

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// columns says what each column of a file is for an object.
type columns struct {
	object *catalog.Object
	// target is the field that a column fills, by itself or by what it means; "" for none, and why.
	target []record.PlatformField
	why    []string
	// direct are the columns that are spelled as a field; means those of a meaning.
	direct map[record.PlatformField]int
	means  map[catalog.Meaning]int
	// firmsLead says that a record of a firm's person bears the firm's name.
	firmsLead bool
}

// columnsOf reads a header: first what is spelled as the platform's field, then what people and programs call it.
func columnsOf(o *catalog.Object, header []string) *columns {
	c := &columns{object: o, target: make([]record.PlatformField, len(header)), why: make([]string, len(header)), direct: map[record.PlatformField]int{}, means: map[catalog.Meaning]int{}}
	for i, name := range header {
		spelt := record.PlatformField(name)
		if _, twice := c.direct[spelt]; !twice && slices.ContainsFunc(o.Fields, func(f catalog.Field) bool { return f.Name == spelt && !f.ReadOnly }) {
			c.direct[spelt], c.target[i] = i, spelt
		}
	}
	ranks := map[catalog.Meaning]int{}
	for i, name := range header {
		m, rank, ok := meant(name)
		if !ok || c.target[i] != "" {
			continue
		}
		if before, taken := c.means[m]; !taken || rank < ranks[m] {
			if taken {
				c.why[before] = "is a further " + meaningWords[m]
			}
			c.means[m], ranks[m] = i, rank
			continue
		}
		c.why[i] = "is a further " + meaningWords[m]
	}
	c.addresses(header)
	for m, i := range c.means {
		c.aim(m, i)
	}
	return c
}

// addresses settles what a file with one address says of an object's two: an address of no stated kind is both, as people
// mean it, and one of a kind that the object does not keep apart is the other.
func (c *columns) addresses(header []string) {
	for post, site := range sites {
		i, has := c.means[post]
		j, alone := c.means[site]
		switch {
		case has && !alone && c.object.Means[site] != "" && !slices.ContainsFunc(postal, func(p string) bool { return strings.HasPrefix(plain(header[i]), p) }):
			c.means[site] = i
		case alone && !has && c.object.Means[site] == "" && c.object.Means[post] != "":
			c.means[post] = j
			delete(c.means, site)
		}
	}
}

// aim finds the field that a meaning's column fills.
func (c *columns) aim(m catalog.Meaning, i int) {
	o := c.object
	field := o.Means[m]
	if _, spelt := c.direct[field]; field != "" && spelt {
		c.why[i] = "is a further " + meaningWords[m]
		delete(c.means, m)
		return
	}
	switch {
	case field != "":
		if f, known := o.Field(field); known && !f.ReadOnly {
			if c.target[i] == "" || sites[m] != "" { // one address may be both of an object's
				c.target[i] = field
			}
			return
		}
	case m == catalog.MeansName && c.has(catalog.MeansGivenName, catalog.MeansFamilyName):
		c.why[i] = "says what the first and the last name say"
	case m == catalog.MeansName && o.Means[catalog.MeansGivenName] != "":
		c.target[i] = o.Means[catalog.MeansGivenName]
		return
	case (m == catalog.MeansEmployer || m == catalog.MeansGivenName || m == catalog.MeansFamilyName) && o.Means[catalog.MeansName] != "":
		c.target[i] = o.Means[catalog.MeansName] // what a record is called is made of it
		return
	}
	if c.why[i] == "" {
		c.why[i] = "is the " + meaningWords[m] + ", which no field here keeps"
	}
	delete(c.means, m)
}

// has reports whether the file has a column of one of some meanings.
func (c *columns) has(meanings ...catalog.Meaning) bool {
	return slices.ContainsFunc(meanings, func(m catalog.Meaning) bool {
		_, means := c.means[m]
		_, spelt := c.direct[c.object.Means[m]]
		return means || spelt
	})
}

// fields gives a row as the platform's fields.
func (c *columns) fields(cells []string) record.Fields {
	out := record.Fields{}
	for field, i := range c.direct {
		out[field] = clean(cells[i])
	}
	said := map[catalog.Meaning]string{}
	for m, i := range c.means {
		said[m] = clean(cells[i])
		if m == catalog.MeansPhone || m == catalog.MeansMobile {
			said[m] = unlabelled(said[m])
		}
		if f, known := c.object.Field(c.object.Means[m]); known && !f.ReadOnly {
			out[f.Name] = said[m]
		}
	}
	c.called(out, said)
	return out
}

// called makes what a record is called out of what the row says: a name of two parts where the platform keeps parts, else
// one name, a firm's before its person's where the two are one list.
func (c *columns) called(out record.Fields, said map[catalog.Meaning]string) {
	part := func(m catalog.Meaning) string { return cmp.Or(said[m], out[c.object.Means[m]]) }
	if given := c.object.Means[catalog.MeansGivenName]; given != "" && c.object.Means[catalog.MeansName] == "" && said[catalog.MeansName] != "" && !c.has(catalog.MeansGivenName, catalog.MeansFamilyName) {
		if f, known := c.object.Field(given); known && !f.ReadOnly {
			if parts, _, says := mapping.Texts(mapping.Apply(ruleset.Transform{Name: "split_name"}, []mapping.Said{mapping.Read(said[catalog.MeansName])})); says {
				out[given], out[c.object.Means[catalog.MeansFamilyName]] = parts[0], parts[1]
			}
		}
	}
	field := c.object.Means[catalog.MeansName]
	if _, spelt := c.direct[field]; field == "" || spelt {
		return
	}
	person := clean(part(catalog.MeansGivenName) + " " + part(catalog.MeansFamilyName))
	firm := part(catalog.MeansEmployer)
	if !c.firmsLead {
		firm, person = person, firm
	}
	if name := cmp.Or(said[catalog.MeansName], firm, person, part(catalog.MeansEmail)); name != "" {
		out[field] = name
	}
}

// several parts the values of one cell, as Google Contacts writes more than one of a label.
const several = " ::: "

// clean takes the first of a cell's values, with single spaces.
func clean(cell string) string {
	first, _, _ := strings.Cut(cell, several)
	return strings.Join(strings.Fields(first), " ")
}

// unlabelled takes the word off a number that some exports write before it: "Phone: (312) 555-0142".
func unlabelled(number string) string {
	label, rest, ok := strings.Cut(number, ":")
	if !ok || strings.ContainsFunc(label, func(r rune) bool { return !unicode.IsLetter(r) && r != ' ' }) {
		return number
	}
	return strings.TrimSpace(rest)
}

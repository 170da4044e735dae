package resolve_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// TestRules runs the scenarios of testdata, one file for each rule of doc.go, under the configuration of newTable. A step is
// a sentence, a command, and after the line of dashes what was decided: outcome and reason; each change of a field, taken or
// not, with its reason; and what is due, or what keeps it. -rewrite writes what is decided now in its place.
//
//	policy FIELD [owner=CONNECTION|anyone] [conflict=…] [non_owner=…] [blank=…]   before anything is seen
//	ann                             Ann is in the CRM (h1), the field service (f1) and the books (b1), alike, for a minute
//	see PLACE ID [stamp=DURATION] [archived=yes]   a read of a record; lines of field=value follow; stamp is before now
//	edit PLACE ID [stamp=DURATION]  likewise, of what it showed and was written before; the lines say what is otherwise
//	new                             forgets everything
//	gone PLACE ID EVIDENCE          it is not there
//	write PLACE ID [fault=KIND]     what is due there is written, and answered
//	find PLACE ID                   the look-up before the create that is due there finds it; lines of field=value follow
//	answer FIELD VALUE              a person decides
//	pass DURATION
//	entity                          shows every value with whose it is, and what is parked
func TestRules(t *testing.T) {
	files, err := filepath.Glob("testdata/rule*.txt")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			s := newScenario(t)
			datadriven.RunTest(t, file, func(t *testing.T, c *datadriven.TestData) string {
				s.t = t
				return s.step(c)
			})
		})
	}
}

// scenario is a state that steps are done to. Its entity is that of the last decision.
type scenario struct {
	*table
	last   resolve.Decision
	entity record.EntityID
	holds  map[record.Ref]record.Fields // what each record showed last, or was written
}

func newScenario(t *testing.T) *scenario {
	return &scenario{table: newTable(t), holds: map[record.Ref]record.Fields{}}
}

func (s *scenario) step(c *datadriven.TestData) string {
	arg := func(i int) string {
		if i >= len(c.CmdArgs) {
			c.Fatalf(s.t, "%s lacks its argument %d", c.Cmd, i+1)
		}
		return c.CmdArgs[i].Key
	}
	option := func(name string) string {
		for _, a := range c.CmdArgs {
			if a.Key == name && len(a.Vals) == 1 {
				return a.Vals[0]
			}
		}
		return ""
	}
	switch c.Cmd {
	case "new":
		*s = *newScenario(s.t)
		return ""
	case "ann":
		s.look(contact, "h1", 0, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": "n"})
		s.look(client, "f1", 0, record.Fields{"mail": "ann@x.example", "tel": "1", "road": "Elm", "memo": "n", "siteid": ""})
		s.look(payer, "b1", 0, record.Fields{"mail": "ann@x.example", "tel": "1"})
		s.pass(time.Minute)
		return ""
	case "policy":
		s.policy(record.HubField(arg(0)), option)
		return ""
	case "pass":
		s.pass(s.duration(arg(0)))
		return ""
	case "entity":
		return s.shown()
	case "see", "edit":
		ref, fields := record.Ref{Place: placeOf(arg(0)), ID: record.ExternalID(arg(1))}, record.Fields{}
		if c.Cmd == "edit" {
			maps.Copy(fields, s.holds[ref])
		}
		for line := range strings.Lines(c.Input) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			fields[record.PlatformField(name)] = value
		}
		before := time.Duration(0)
		if option("stamp") != "" {
			before = s.duration(option("stamp"))
		}
		if option("archived") == "yes" {
			s.archived(ref, fields)
		} else {
			s.look(ref.Place, ref.ID, before, fields)
		}
	case "gone":
		o := resolve.Observation{Absence: &record.Absence{Ref: record.Ref{Place: placeOf(arg(0)), ID: record.ExternalID(arg(1))},
			Evidence: record.Evidence(arg(2)), Into: record.ExternalID(option("into")), ReadBegan: s.view.Now}}
		for _, id := range strings.Fields(strings.ReplaceAll(option("found"), ",", " ")) {
			o.Survivors = append(o.Survivors, record.ExternalID(id))
		}
		s.last = s.commit(s.decide(o))
	case "write":
		var err error
		for kind := fault.Unclassified; kind <= fault.Waiting; kind++ {
			if option("fault") == kind.String() {
				err = fault.Newf(kind, "write", "told to")
			}
		}
		ref := record.Ref{Place: placeOf(arg(0)), ID: record.ExternalID(arg(1))}
		if x := due(s.last, ref.Place); x != nil && err == nil {
			fields := record.Fields{}
			maps.Copy(fields, s.holds[ref])
			maps.Copy(fields, x.Fields)
			s.holds[ref] = fields
		}
		s.last = s.write(s.last, ref.Place, ref.ID, err)
	case "find":
		ref, fields := record.Ref{Place: placeOf(arg(0)), ID: record.ExternalID(arg(1))}, record.Fields{}
		for line := range strings.Lines(c.Input) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			fields[record.PlatformField(name)] = value
		}
		x := due(s.last, ref.Place)
		if x == nil || x.Operation != record.OperationCreate {
			c.Fatalf(s.t, "no create is due at %s", ref.Place)
		}
		create := s.last
		d := s.commit(s.decide(resolve.Observation{Found: &resolve.Found{Entity: s.entity, Due: *x, At: s.view.Now,
			Find: []record.PlatformField{"mail"}, Snapshot: record.Snapshot{Ref: ref, Fields: fields, ReadBegan: s.view.Now}}}))
		s.last = create
		return decided(d)
	case "answer":
		s.last = s.answer(resolve.Answer{Entity: s.entity, Field: record.HubField(arg(0)), Value: arg(1)})
	default:
		c.Fatalf(s.t, "there is no command %s", c.Cmd)
	}
	if s.last.Entity != "" {
		s.entity = s.last.Entity
	}
	return decided(s.last)
}

// look takes in a read of a record, stamped so long before now.
func (s *scenario) look(place record.Place, id record.ExternalID, before time.Duration, fields record.Fields) {
	s.holds[record.Ref{Place: place, ID: id}] = fields
	s.last = s.see(place, id, s.view.Now.Add(-before), fields)
	s.entity = s.last.Entity
}

// archived takes in a read of an archived record.
func (s *scenario) archived(ref record.Ref, fields record.Fields) {
	s.last = s.commit(s.decide(resolve.Observation{Snapshot: &record.Snapshot{Ref: ref, Fields: fields, Archived: true,
		ModifiedAt: s.view.Now, ReadBegan: s.view.Now}}))
}

func (s *scenario) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

func (s *scenario) policy(name record.HubField, option func(string) string) {
	f, ok := s.rules.Groups[0].Entities[0].Field(name)
	if !ok {
		s.t.Fatalf("no field %s", name)
	}
	switch owner := option("owner"); owner {
	case "":
	case "anyone":
		f.Owner = ruleset.Owner{LastWriteWins: true}
	default:
		f.Owner = ruleset.Owner{Connection: record.Connection(owner)}
	}
	if v := option("conflict"); v != "" {
		f.Conflict = ruleset.Conflict(v)
	}
	if v := option("non_owner"); v != "" {
		f.NonOwner = ruleset.NonOwner(v)
	}
	if v := option("blank"); v != "" {
		f.Blank = ruleset.Blank(v)
	}
}

func placeOf(text string) record.Place {
	connection, object, _ := strings.Cut(text, "/")
	return record.Place{Connection: record.Connection(connection), Object: record.Object(object)}
}

// decided writes a decision as scenarios expect it.
func decided(d resolve.Decision) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", d.Outcome, d.Reason)
	for _, c := range d.Changes {
		if c.Field == "" {
			continue
		}
		verb := "kept "
		if c.Taken {
			verb = "taken"
		}
		fmt.Fprintf(&b, "  %s %s: %q, was %q (%s)\n", verb, c.Field, c.New, c.Old, c.Reason)
	}
	for _, x := range d.Due {
		fmt.Fprintf(&b, "  due at %s: %s", x.Place, x.Operation)
		if x.Blocked != "" {
			fmt.Fprintf(&b, ", but %s", x.Blocked)
		} else {
			for _, name := range slices.Sorted(maps.Keys(x.Fields)) {
				if name != x.Marker {
					fmt.Fprintf(&b, " %s=%q", name, x.Fields[name])
				}
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// shown writes the entity: each value, whose it is, and what waits for a person.
func (s *scenario) shown() string {
	e := s.view.Entities[resolve.EntityKey{Group: "g", ID: s.entity}].Entity
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
		v := e.Fields[name]
		fmt.Fprintf(&b, "%s: %q from %s", name, v.Text, v.From)
		if v.First {
			b.WriteString(", at first sight")
		}
		if p, parked := e.Parked[name]; parked {
			fmt.Fprintf(&b, "; parked (%s):", p.Reason)
			for _, c := range p.Candidates {
				fmt.Fprintf(&b, " %q", c.Text)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

package catalog_test

import (
	"slices"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

func TestEveryPlatformsCatalogAgreesWithItself(t *testing.T) {
	names := map[record.Platform]bool{}
	for _, p := range catalog.All() {
		if p.Name == "" || p.Label == "" || len(p.Hosts) == 0 || len(p.Objects) == 0 || names[p.Name] {
			t.Errorf("%q: a platform has a name of its own, a label, hosts and objects", p.Name)
		}
		names[p.Name] = true
		objects := map[record.Object]bool{}
		for i := range p.Objects {
			o := &p.Objects[i]
			t.Run(string(p.Name)+" "+string(o.Name), func(t *testing.T) { checkObject(t, p, o) })
			if objects[o.Name] {
				t.Errorf("%s lists %s twice", p.Name, o.Name)
			}
			objects[o.Name] = true
		}
	}
}

func checkObject(t *testing.T, p *catalog.Platform, o *catalog.Object) {
	t.Helper()
	a := o.Ability
	if o.Label == "" || a.ReadMax < 1 || a.WriteMax < 1 || a.PageMax < 1 {
		t.Errorf("label %q, read %d, write %d, page %d: none may be missing", o.Label, a.ReadMax, a.WriteMax, a.PageMax)
	}
	var names []record.PlatformField
	for _, f := range o.Fields {
		if slices.Contains(names, f.Name) {
			t.Errorf("field %s is listed twice", f.Name)
		}
		names = append(names, f.Name)
		checkField(t, p, f)
	}
	for _, name := range slices.Concat(a.Find, a.Reformats) {
		if _, ok := o.Field(name); !ok {
			t.Errorf("Find or Reformats names %s, which the object lacks", name)
		}
	}
	for _, need := range o.Needs {
		if len(need.OneOf) == 0 || need.Why == "" || need.Source == "" {
			t.Errorf("need %+v: none of it may be missing", need)
		}
		for _, name := range need.OneOf {
			if f, ok := o.Field(name); !ok || f.ReadOnly {
				t.Errorf("a create needs %s, which is no writable field", name)
			}
		}
	}
	if f, ok := o.Field(o.Created); o.Created != "" && (!ok || !f.ReadOnly || f.Kind != catalog.Datetime) {
		t.Errorf("Created names %s, which is no read-only stamp of the object", o.Created)
	}
	if f, ok := o.Field(a.Marker); a.Marker != "" && (!ok || f.ReadOnly || f.Kind != catalog.Text) {
		t.Errorf("the marker %s is no writable text of the object", a.Marker)
	}
}

func checkField(t *testing.T, p *catalog.Platform, f catalog.Field) {
	t.Helper()
	if f.Kind == "" || f.Source == "" {
		t.Errorf("field %s: kind %q, source %q: none may be missing", f.Name, f.Kind, f.Source)
	}
	if f.ReadOnly && (f.Required || f.CreateOnly) {
		t.Errorf("field %s is read-only and asked for", f.Name)
	}
	if (f.Kind == catalog.Reference) != (f.Refers != "") {
		t.Errorf("field %s: kind %s with Refers %q", f.Name, f.Kind, f.Refers)
	}
	if _, ok := p.Object(f.Refers); f.Refers != "" && !ok {
		t.Errorf("field %s names a record of %s, which is no object of %s", f.Name, f.Refers, p.Name)
	}
	if len(f.Values) > 0 && f.Kind != catalog.Enum {
		t.Errorf("field %s has values and is of kind %s", f.Name, f.Kind)
	}
}

func TestWhatFieldsMeanIsSaidOfFieldsThatExist(t *testing.T) {
	for _, p := range catalog.All() {
		people := false
		for i := range p.Objects {
			o := &p.Objects[i]
			people = people || o.Concept == catalog.Person
			if (o.Concept == "") != (len(o.Means) == 0) {
				t.Errorf("%s %s: concept %q with %d meanings", p.Name, o.Name, o.Concept, len(o.Means))
			}
			for meaning, name := range o.Means {
				if _, ok := o.Field(name); !ok || !slices.Contains(catalog.Meanings(), meaning) {
					t.Errorf("%s %s: %s means %q: there is no such field, or no such meaning", p.Name, o.Name, name, meaning)
				}
			}
			for _, u := range o.Usual {
				if f, ok := o.Field(u.Field); !ok || f.ReadOnly || u.Value == "" || u.Why == "" {
					t.Errorf("%s %s: the usual value of %s is for no field that can be written, or lacks its reason", p.Name, o.Name, u.Field)
				}
			}
			if o.Won != "" && o.Means[catalog.MeansStage] == "" {
				t.Errorf("%s %s: won by a stage that no field means", p.Name, o.Name)
			}
		}
		if !people {
			t.Errorf("%s keeps no people", p.Name)
		}
	}
}

// TestNoFormIsThatOfNothing asks each.
func TestNoFormIsThatOfNothing(t *testing.T) {
	forms := []*lazyregexp.Regexp{catalog.EventSourceForm}
	for _, p := range catalog.All() {
		for i := range p.Objects {
			if p.Objects[i].Custom != nil {
				forms = append(forms, p.Objects[i].Custom)
			}
		}
	}
	for _, f := range forms {
		if f.MatchString("") {
			t.Errorf("%s is the form of nothing at all", f)
		}
	}
}

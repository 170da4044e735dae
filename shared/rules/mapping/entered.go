package mapping

import (
	"maps"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Entered gives what a person types for a hub field in its canonical form. It is stricter than Canonical: a policy that
// keeps or blanks what a platform holds in no readable form is no leave to type it. Such a text says nothing.
func Entered(f *ruleset.Field, text string) Said {
	strict := *f
	strict.Form = slices.Clone(f.Form)
	for i := range strict.Form {
		if t := &strict.Form[i]; lenient(t.Name) {
			args := map[string]string{}
			maps.Copy(args, t.Args)
			args[onInvalid] = "park"
			t.Args = args
		}
	}
	return Canonical(&strict, text)
}

// onInvalid names the argument by which a transform says what becomes of a value that it cannot read.
const onInvalid = "on_invalid"

func lenient(transform string) bool {
	spec, _ := ruleset.TransformNamed(transform)
	return slices.ContainsFunc(spec.Args, func(a ruleset.ArgSpec) bool { return a.Name == onInvalid })
}

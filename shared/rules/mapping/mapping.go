// Package mapping translates between platform fields and hub fields, purely: transforms by name, canonical forms,
// match keys. It reads the rules as data and never decides what to do with a value.
package mapping

import (
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Problem says why a value could not be translated; "" is none.
type Problem string

// The problems.
const (
	Invalid  Problem = "invalid_value"  // not of the form the transform needs, and the policy is to park
	Unmapped Problem = "unmapped_value" // value_map has no entry: the other side has no opinion
)

// ToHub translates the spoke fields of one pair into hub values, in the pair's order of hub fields, each in its
// canonical form. ok is false if fields lacks one of the pair's spoke fields: nothing was read, nothing is said.
func ToHub(e *ruleset.Entity, p *ruleset.Pair, fields record.Fields) (values []string, problem Problem, ok bool) {
	in := make([]string, len(p.Spoke))
	for i, name := range p.Spoke {
		value, read := fields[name]
		if !read {
			return nil, "", false
		}
		in[i] = value
	}
	out, problem := Run(p.ToHubTransforms, in)
	if problem != "" {
		return nil, problem, true
	}
	if len(out) != len(p.Hub) {
		return nil, Invalid, true
	}
	for i, name := range p.Hub {
		f, found := e.Field(name)
		if !found {
			continue
		}
		if out[i], problem = Canonical(f, out[i]); problem != "" {
			return nil, problem, true
		}
	}
	return out, "", true
}

// ToSpoke translates hub values into the pair's spoke fields, in the pair's order. ok is false if values lacks one
// of the pair's hub fields.
func ToSpoke(p *ruleset.Pair, values record.HubValues) (out []string, problem Problem, ok bool) {
	in := make([]string, len(p.Hub))
	for i, name := range p.Hub {
		value, known := values[name]
		if !known {
			return nil, "", false
		}
		in[i] = value
	}
	out, problem = Run(p.ToSpokeTransforms, in)
	if problem == "" && len(out) != len(p.Spoke) {
		problem = Invalid
	}
	return out, problem, true
}

// Canonical gives a hub field's value in its canonical form. Applying it twice changes nothing.
func Canonical(f *ruleset.Field, value string) (string, Problem) {
	out, problem := Run(f.Form, []string{value})
	if problem != "" {
		return "", problem
	}
	return out[0], ""
}

// Run applies transforms in order.
func Run(transforms []ruleset.Transform, values []string) ([]string, Problem) {
	for _, t := range transforms {
		out, problem := Apply(t, values)
		if problem != "" {
			return nil, problem
		}
		values = out
	}
	return values, ""
}

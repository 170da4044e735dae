// Package mapping translates between platform fields and hub fields, purely: transforms by name, canonical forms, equality
// by type, filters, match keys. It reads the rules as data and never decides what to do with a value.
//
// A translation has exactly three results, see Said: a value, a blank, or nothing with its reason.
package mapping

import (
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// ToHub tells what the spoke fields of one pair say to its hub fields, in the pair's order of those, each in its canonical
// form. All say nothing where fields lacks one of the pair's spoke fields: it was not read.
func ToHub(e *ruleset.Entity, p *ruleset.Pair, fields record.Fields) []Said {
	in := make([]Said, len(p.Spoke))
	for i, name := range p.Spoke {
		value, read := fields[name]
		if !read {
			return make([]Said, len(p.Hub))
		}
		in[i] = Read(value)
	}
	out := Run(p.ToHubTransforms, in)
	if len(out) != len(p.Hub) {
		return repeat(len(p.Hub), silent(BrokenRule, "to_hub", ""))
	}
	for i, name := range p.Hub {
		if f, found := e.Field(name); found {
			out[i] = canonical(f, out[i])
		}
	}
	return out
}

// ToSpoke tells what hub values say to the pair's spoke fields, in the pair's order. All say nothing where values lacks
// one of the pair's hub fields.
func ToSpoke(p *ruleset.Pair, values record.HubValues) []Said {
	in := make([]Said, len(p.Hub))
	for i, name := range p.Hub {
		value, known := values[name]
		if !known {
			return make([]Said, len(p.Spoke))
		}
		in[i] = Read(value)
	}
	out := Run(p.ToSpokeTransforms, in)
	if len(out) != len(p.Spoke) {
		return repeat(len(p.Spoke), silent(BrokenRule, "to_spoke", ""))
	}
	return out
}

// Canonical gives a hub field's value in its canonical form. Applying it twice changes nothing.
func Canonical(f *ruleset.Field, value string) Said { return canonical(f, Read(value)) }

func canonical(f *ruleset.Field, s Said) Said { return composed(Run(f.Form, []Said{s})[0]) }

// Run applies transforms in order.
func Run(transforms []ruleset.Transform, values []Said) []Said {
	out := append([]Said(nil), values...)
	for _, t := range transforms {
		out = Apply(t, out)
	}
	return out
}

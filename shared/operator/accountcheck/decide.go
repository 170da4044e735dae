package accountcheck

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// decisions lists what is still to be decided about money, with what the account has to choose from, and holds what was
// decided against it.
func (r *run) decisions(ctx context.Context, g *ruleset.Group) {
	for i := range g.Mappings {
		m := &g.Mappings[i]
		o := r.object(m.Spoke)
		choosing, ok := r.live[m.Spoke.Connection].(platform.Choosing)
		if o == nil || len(o.Decided) == 0 || !m.Create.CreatesOn(ruleset.ToSpoke) {
			continue
		}
		for _, d := range o.Decided {
			var has platform.Choices
			if ok {
				var err error
				if has, err = choosing.Choices(ctx, m.Spoke.Object, d.Field); err != nil {
					r.add(unreachable(m.Spoke.String()+" "+string(d.Field), err))
					continue
				}
			}
			r.decision(m, d, has)
		}
	}
}

// decision tells of one field.
func (r *run) decision(m *ruleset.Mapping, d catalog.Decided, has platform.Choices) {
	where := m.Spoke.String() + " " + string(d.Field)
	if i := slices.IndexFunc(m.Undecided, func(u ruleset.Undecided) bool { return u.Field == d.Field }); i >= 0 {
		u := m.Undecided[i]
		what, do := u.Words()
		if u.Placeholder {
			do = offer(has, d)
		}
		r.add(Finding{Severity: Error, Where: where, Line: u.Line, What: what, Do: do})
		return
	}
	i := slices.IndexFunc(m.Pairs, func(p ruleset.Pair) bool {
		return len(p.Hub) == 0 && slices.Equal(p.Spoke, []record.PlatformField{d.Field})
	})
	if i < 0 {
		return // mapped, or left out on purpose
	}
	p := m.Pairs[i]
	switch at := slices.IndexFunc(has.Options, func(o platform.Option) bool { return o.Value == p.Constant }); {
	case has.Unneeded != "":
		r.add(Finding{Severity: Warning, Where: where, Line: p.Line, What: "it is given, and " + has.Unneeded,
			Do: "write value: " + catalog.LeaveOut})
	case len(has.Options) == 0:
	case at >= 0:
		r.add(Finding{Severity: Note, Where: where, Line: p.Line, What: fmt.Sprintf("%s is %q", d.What, has.Options[at].Label)})
	default:
		r.add(Finding{Severity: Error, Where: where, Line: p.Line, What: fmt.Sprintf("%q is not on the account's list: %s", p.Constant, d.What),
			Do: offer(has, d)})
	}
}

// offer lists an account's choices by name.
func offer(has platform.Choices, d catalog.Decided) string {
	if has.Unneeded != "" {
		return fmt.Sprintf("write value: %s, for %s", catalog.LeaveOut, has.Unneeded)
	}
	if len(has.Options) == 0 {
		return fmt.Sprintf("with value: %s, %s", catalog.LeaveOut, d.Left)
	}
	var out []string
	for _, o := range has.Options {
		out = append(out, fmt.Sprintf("%q (%s)", o.Value, o.Label))
	}
	text := "write one of: " + strings.Join(out[:min(len(out), offersMax)], ", ")
	if len(out) > offersMax {
		text += fmt.Sprintf(" and %d more", len(out)-offersMax)
	}
	if has.Note != "" {
		text += "; " + has.Note
	}
	return fmt.Sprintf("%s; with value: %s, %s", text, catalog.LeaveOut, d.Left)
}

// offersMax is how many entries of a list are named.
const offersMax = 40

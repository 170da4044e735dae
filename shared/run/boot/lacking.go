package boot

import (
	"context"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/lazyregexp"
)

// Lacking lists the fields of the account's own that are mapped at a place and that the account has not, the one for our
// identity left out: Prepare makes that. The account is asked only where a mapped field could be one of its own. Errors as for
// reads.
func Lacking(ctx context.Context, connector platform.Connector, o *catalog.Object, mapped []record.PlatformField,
	marker record.PlatformField) ([]record.PlatformField, error) {
	var own []record.PlatformField
	for _, name := range mapped {
		standard := slices.ContainsFunc(o.Fields, func(f catalog.Field) bool { return f.Name == name })
		if !standard && name != marker && o.Custom != nil && o.Custom.MatchString(string(name)) {
			own = append(own, name)
		}
	}
	connecting, ok := connector.(platform.Connecting)
	if len(own) == 0 || !ok {
		return nil, nil
	}
	infos, err := connecting.Describe(ctx, o.Name)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(own, func(name record.PlatformField) bool {
		return slices.ContainsFunc(infos, func(f platform.FieldInfo) bool { return f.Name == name })
	}), nil
}

// inBrackets finds the label that a spelling holds: customFields[Label].
var inBrackets = lazyregexp.New(`\[([^\[\]]+)\]$`)

// LabelOf makes of a field's spelling what people see.
func LabelOf(name record.PlatformField) string {
	if m := inBrackets.FindStringSubmatch(string(name)); m != nil {
		return m[1]
	}
	words := strings.ReplaceAll(strings.TrimSuffix(string(name), "__c"), "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

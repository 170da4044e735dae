package platform

import (
	"context"

	"github.com/fluxcascade/fluxcascade/shared/rules/budget"
)

type purposeKey struct{}

// For marks the calls made under ctx as being for a purpose.
func For(ctx context.Context, p budget.Purpose) context.Context {
	return context.WithValue(ctx, purposeKey{}, p)
}

// PurposeOf tells what calls under ctx are for; Live where nothing is said.
func PurposeOf(ctx context.Context) budget.Purpose {
	p, _ := ctx.Value(purposeKey{}).(budget.Purpose)
	return p
}

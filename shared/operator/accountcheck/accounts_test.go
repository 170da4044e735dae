package accountcheck_test

import (
	"context"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// refusing is an account whose authorisation is over.
type refusing struct{ platform.Connector }

func (refusing) Identify(context.Context) ([]platform.Identity, error) {
	return nil, fault.Newf(fault.Unauthorized, "jobber jobber: identify account", "the grant is over; connect again")
}

func (refusing) Describe(context.Context, record.Object) ([]platform.FieldInfo, error) {
	return nil, nil
}

// narrow is an account that granted less than was asked for, spent one whose limits are nearly used up.
type narrow struct{ platform.Connector }

func (n narrow) Identify(ctx context.Context) ([]platform.Identity, error) {
	ids, err := n.Connector.(platform.Connecting).Identify(ctx)
	if err == nil {
		ids[0].Scopes = []string{"oauth", "crm.objects.contacts.read"}
	}
	return ids, err
}

func (n narrow) Describe(ctx context.Context, o record.Object) ([]platform.FieldInfo, error) {
	return n.Connector.(platform.Connecting).Describe(ctx, o)
}

type spent struct{ platform.Connector }

func (s spent) Identify(ctx context.Context) ([]platform.Identity, error) {
	ids, err := s.Connector.(platform.Connecting).Identify(ctx)
	if err == nil {
		ids[0].Budgets = []platform.Budget{{Name: "calls", Left: 5, Max: 100}}
	}
	return ids, err
}

func (s spent) Describe(ctx context.Context, o record.Object) ([]platform.FieldInfo, error) {
	return s.Connector.(platform.Connecting).Describe(ctx, o)
}

// dropping is an account whose vendor dropped all webhooks but some.
type dropping struct {
	platform.Connector
	left int
}

func (d dropping) Identify(ctx context.Context) ([]platform.Identity, error) {
	return d.Connector.(platform.Connecting).Identify(ctx)
}

func (d dropping) Describe(ctx context.Context, o record.Object) ([]platform.FieldInfo, error) {
	return d.Connector.(platform.Connecting).Describe(ctx, o)
}

// limited is an account that asks to be waited for, every second time.
type limited struct {
	platform.Connector
	calls *int
}

func (l limited) List(ctx context.Context, q platform.Query) (platform.Page, error) {
	*l.calls++
	if *l.calls%2 == 1 {
		return platform.Page{}, &fault.Error{Kind: fault.RateLimited, Op: "list", After: 3 * time.Second}
	}
	return l.Connector.List(ctx, q)
}

func (l limited) Identify(ctx context.Context) ([]platform.Identity, error) {
	return l.Connector.(platform.Connecting).Identify(ctx)
}

func (l limited) Describe(ctx context.Context, o record.Object) ([]platform.FieldInfo, error) {
	return l.Connector.(platform.Connecting).Describe(ctx, o)
}

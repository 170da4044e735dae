package boot

import (
	"context"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// Renew renews a connection's tokens with an app, which need not be the one that is stored: a new client secret proves
// itself so. Errors: fault.Unauthorized if the platform refuses it or the grant, fault.Transient.
func (s *System) Renew(ctx context.Context, c record.Connection, app App) error {
	own := &System{Rules: s.Rules, Store: s.Store, Tokens: s.Tokens, Now: s.Now, Transport: s.Transport,
		App: func(context.Context, record.Connection) (App, error) { return app, nil }}
	app, vendor, err := own.app(ctx, c)
	if err != nil {
		return err
	}
	if err := credential.Renew(ctx, s.tokenStore(), c); err != nil {
		return err
	}
	tokens := &credential.Source{Store: s.tokenStore(), Connection: c, Refresher: vendor.Refresh(app, s.client(c, app, vendor), s.Now),
		Now: s.Now, Wait: platform.Wait}
	_, err = tokens.Token(ctx)
	return err
}

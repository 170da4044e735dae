package operate

import (
	"context"
	"errors"
	"fmt"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Rotation is what to replace of an app; "" keeps what is there.
type Rotation struct {
	ClientSecret, WebhookSecret string
}

// Prove refreshes a connection's tokens with an app, so that a secret with a slip in it is found before it is stored.
// boot gives one; it is a parameter so that operations link no connector.
type Prove func(ctx context.Context, c *ruleset.Connection, app platform.App) error

// Rotate replaces an app's secrets, once the new client secret has proved itself, and has the tokens renewed. Without
// anything to replace it renews the tokens alone. Errors: the platform refuses the new secret (nothing is changed then).
func Rotate(ctx context.Context, t Target, c *ruleset.Connection, next Rotation, prove Prove) (Done, error) {
	if next == (Rotation{}) {
		if err := credential.Renew(ctx, t.Store(), c.Name); err != nil {
			return Done{}, err
		}
		return Done{Did: fmt.Sprintf("The tokens of %s are renewed at its next call.", c.Name),
			Next: "Nothing stops meanwhile. Watch: fluxcascade status " + t.Flags()}, nil
	}
	app, err := t.App(ctx, c)
	if err != nil {
		return Done{}, err
	}
	if next.ClientSecret != "" {
		if next.WebhookSecret == "" && app.WebhookSecret == app.ClientSecret {
			next.WebhookSecret = next.ClientSecret // the vendor signs with the client secret
		}
		app.ClientSecret = next.ClientSecret
		if prove == nil {
			return Done{}, errors.New("a client secret is stored only once it has proved itself")
		}
		if err := prove(ctx, c, app); err != nil {
			return Done{}, fmt.Errorf("%s does not take the new client secret, so nothing was changed: %w", c.Platform, err)
		}
	}
	if next.WebhookSecret != "" {
		app.WebhookSecret = next.WebhookSecret
	}
	if err := t.SaveApp(ctx, c, app); err != nil {
		return Done{}, err
	}
	done := Done{Did: fmt.Sprintf("The app secrets of %s are replaced.", c.Name),
		Next: "Functions use them within 5 minutes; end the old ones at the vendor after that."}
	if next.WebhookSecret != "" {
		done.Next += " Webhooks signed with the other secret meanwhile are refused: vendors send them again, and polls find what they told."
	}
	return done, nil
}

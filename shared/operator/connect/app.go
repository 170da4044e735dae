package connect

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// askApp gives the app: what the person gave, over what was kept, and the rest asked for. A webhook secret of our own is made.
func (w *job) askApp(ctx context.Context, o Options) (boot.App, error) {
	kept, err := w.Target.App(ctx, w.Connection)
	if err != nil && !fault.Is(err, fault.Unauthorized) { // unauthorised: none yet, or one that is not filled in
		return kept, fmt.Errorf("read the app of %s: %w", w.Connection.Name, err)
	}
	a := over(kept, o.App)
	if o.Sandbox {
		sandbox := w.vendor.Authorization.Sandbox
		a.TokenURL, a.BaseURL = cmp.Or(o.App.TokenURL, sandbox.TokenURL, a.TokenURL), cmp.Or(o.App.BaseURL, sandbox.BaseURL, a.BaseURL)
		a.RevokeURL = cmp.Or(o.App.RevokeURL, sandbox.RevokeURL, a.RevokeURL)
	}
	if a.ClientID == "" || a.ClientSecret == "" {
		w.Person.Say("Register an app with %s first: fluxcascade guide connect-%s says how. Then give what its page shows.", w.label,
			w.vendor.Catalog.Name)
	}
	if a.ClientID == "" {
		if a.ClientID, err = w.Person.Ask("Client id: "); err != nil {
			return a, fmt.Errorf("%w; give the app with --app FILE", err)
		}
	}
	if a.ClientSecret == "" {
		if a.ClientSecret, err = w.Person.AskSecret("Client secret (not shown): "); err != nil {
			return a, err
		}
	}
	a.ClientID, a.ClientSecret = strings.TrimSpace(a.ClientID), strings.TrimSpace(a.ClientSecret)
	if a.ClientID == "" || a.ClientSecret == "" {
		return a, fmt.Errorf("without the app's client id and secret nothing can be authorised")
	}
	return a, w.askOptional(&a, o)
}

// askOptional asks for what webhooks need, and can do without for now: polling does the work meanwhile. Where nobody is there
// to answer, it goes without.
func (w *job) askOptional(a *boot.App, o Options) error {
	switch w.vendor.Authorization.Signed {
	case platform.ClientsSecret:
		a.WebhookSecret = cmp.Or(o.App.WebhookSecret, a.ClientSecret)
	case platform.OurSecret:
		a.WebhookSecret = cmp.Or(a.WebhookSecret, rand.Text()+rand.Text())
	case platform.VendorsSecret:
		if a.WebhookSecret == "" {
			secret, err := w.Person.AskSecret("Webhook secret that " + w.label + " shows (not shown; Enter to go without webhooks for now): ")
			if err == nil {
				a.WebhookSecret = strings.TrimSpace(secret)
			}
		}
	}
	if w.vendor.Authorization.AppKeyed && a.DeveloperKey == "" && w.Target.PublicURL() != "" {
		key, err := w.Person.AskSecret("Developer API key of " + w.label + ", which registers webhooks (not shown; Enter to do that by hand): ")
		if err == nil {
			a.DeveloperKey = strings.TrimSpace(key)
		}
	}
	return nil
}

// over lays what is given over what is kept.
func over(kept, given boot.App) boot.App {
	return boot.App{ClientID: cmp.Or(given.ClientID, kept.ClientID), ClientSecret: cmp.Or(given.ClientSecret, kept.ClientSecret),
		WebhookSecret: cmp.Or(given.WebhookSecret, kept.WebhookSecret), DeveloperKey: cmp.Or(given.DeveloperKey, kept.DeveloperKey),
		BaseURL: cmp.Or(given.BaseURL, kept.BaseURL), TokenURL: cmp.Or(given.TokenURL, kept.TokenURL),
		AuthorizeURL: cmp.Or(given.AuthorizeURL, kept.AuthorizeURL), RevokeURL: cmp.Or(given.RevokeURL, kept.RevokeURL)}
}

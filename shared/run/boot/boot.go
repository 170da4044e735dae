// Package boot assembles: from rules, a store, a queue and credentials to the connectors, the webhook intake and the
// poller. What decides (resolver, writer, sweeper) is assembled in package boot/deciding, so that functions which do
// not decide do not link it. It holds no logic but how things fit together.
package boot

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/engine/intake"
	"github.com/fluxcascade/fluxcascade/shared/engine/meter"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// App is what a connection's vendor app is known by.
type App = platform.App

// System is everything that the parts need.
type System struct {
	Rules *ruleset.Rules
	Store store.Store
	// Tokens keeps the OAuth tokens; nil keeps them in Store.
	Tokens store.Store
	Queue  queue.Sender
	Now    func() time.Time
	// App gives a connection's app; it may read a secret store.
	App func(context.Context, record.Connection) (App, error)
	// PublicURL is the front's URL as platforms call it, without a trailing slash: "https://…/webhooks" is under it.
	PublicURL string
	// Wait waits for d or until ctx ends, where a call may wait a moment for its turn within a platform's limits rather than
	// be put off; nil puts it off at once.
	Wait func(ctx context.Context, d time.Duration) error
	// Transport sends requests; nil is the default one.
	Transport http.RoundTripper
	// Meter counts what happens; nil for nobody.
	Meter *meter.Meter

	mu         sync.Mutex
	connectors map[record.Connection]assembled
}

// assembled is a connector and the app that it was assembled with.
type assembled struct {
	app       App
	connector platform.Connector
}

// WithQueue gives a system that shares everything with s but its queue and what it assembles.
func (s *System) WithQueue(q queue.Sender) *System {
	return &System{Rules: s.Rules, Store: s.Store, Tokens: s.Tokens, Queue: q, Now: s.Now, App: s.App, PublicURL: s.PublicURL, Wait: s.Wait,
		Transport: s.Transport, Meter: s.Meter}
}

// app gives a connection's app with the vendor's URLs where it names none.
func (s *System) app(ctx context.Context, c record.Connection) (App, Vendor, error) {
	declared, ok := s.Rules.Connection(c)
	if !ok {
		return App{}, Vendor{}, fmt.Errorf("connection %s is not configured", c)
	}
	vendor, ok := vendorOf(declared.Platform)
	if !ok {
		return App{}, Vendor{}, fmt.Errorf("connection %s: no connector for platform %s", c, declared.Platform)
	}
	app, err := s.App(ctx, c)
	if err != nil {
		return App{}, vendor, fault.New(fault.Unauthorized, "read app secret of "+string(c), err)
	}
	if app.TokenURL == "" {
		app.TokenURL = vendor.TokenURL
	}
	return app, vendor, nil
}

// Connector gives a connection's connector, assembled once, and again when its app's secret was rotated.
func (s *System) Connector(c record.Connection) (platform.Connector, error) {
	app, vendor, err := s.app(context.Background(), c)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.connectors[c]; ok && old.app == app {
		return old.connector, nil
	}
	declared, _ := s.Rules.Connection(c)
	home, known, err := s.home(declared, app, vendor)
	if err != nil {
		return nil, err
	}
	client := s.client(c, app, vendor)
	tokens := &credential.Source{Store: s.tokenStore(), Connection: c, Refresher: vendor.Refresh(app, client, s.Now), Now: s.Now,
		Wait:    platform.Wait,
		Renewed: func(at time.Time) { s.Meter.Renewed(c, at) }}
	connector := vendor.Connect(platform.Settings{Connection: c, Account: home.Account, BaseURL: home.BaseURL, Tokens: tokens,
		AppKey: app.DeveloperKey, HTTP: client, Now: s.Now, Options: declared.Options})
	if !known {
		return connector, nil // it is connected later, and assembled then
	}
	if s.connectors == nil {
		s.connectors = map[record.Connection]assembled{}
	}
	s.connectors[c] = assembled{app, connector}
	return connector, nil
}

func (s *System) tokenStore() store.Store {
	if s.Tokens != nil {
		return s.Tokens
	}
	return s.Store
}

// home gives the account of a connection and where it is called: as the configuration and the app name them, else as they
// were learnt when it was connected, else the vendor's own address. known is false if something was not learnt yet.
func (s *System) home(declared *ruleset.Connection, app App, vendor Vendor) (home credential.Account, known bool, err error) {
	home, known = credential.Account{Account: declared.Account, BaseURL: app.BaseURL}, true
	if home.Account == "" || home.BaseURL == "" && vendor.Authorization.BaseURLKey != "" {
		var learnt credential.Account
		if learnt, known, err = credential.AccountOf(context.Background(), s.tokenStore(), declared.Name); err != nil {
			return home, false, err
		}
		home.Account, home.BaseURL = cmp.Or(home.Account, learnt.Account), cmp.Or(home.BaseURL, learnt.BaseURL)
	}
	home.BaseURL = cmp.Or(home.BaseURL, vendor.BaseURL)
	return home, known, nil
}

// client is HTTPClient, with what it spends counted, and within the limits of what it may spend.
func (s *System) client(c record.Connection, app App, vendor Vendor) *http.Client {
	next := s.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	next = s.Meter.Transport(c, next)
	if declared, ok := s.Rules.Connection(c); ok {
		next = s.budgets(declared, app, vendor, next)
	}
	return HTTPClient(app, vendor, next)
}

// HTTPClient calls only the vendor's hosts and the ones that the app itself names, and follows no redirect to another.
// next sends requests; nil is the default transport.
func HTTPClient(app App, vendor Vendor, next http.RoundTripper) *http.Client {
	hosts := append([]string{}, vendor.Catalog.Hosts...)
	for _, text := range []string{app.BaseURL, app.TokenURL, app.RevokeURL} {
		if u, err := url.Parse(text); err == nil {
			hosts = append(hosts, u.Host)
		}
	}
	if next == nil {
		next = http.DefaultTransport
	}
	return platform.Guarded(hosts, next)
}

// Ability gives the catalog's facts about a place; the zero value for an unknown one.
func (s *System) Ability(place record.Place) catalog.Ability {
	declared, ok := s.Rules.Connection(place.Connection)
	if !ok {
		return catalog.Ability{}
	}
	vendor, ok := vendorOf(declared.Platform)
	if !ok {
		return catalog.Ability{}
	}
	object, ok := vendor.Catalog.Object(place.Object)
	if !ok {
		return catalog.Ability{}
	}
	return object.Ability
}

// Webhook assembles the intake of webhooks: one route for each platform that signs them.
func (s *System) Webhook() *intake.Webhook {
	routes := map[record.Platform]intake.Route{}
	for _, c := range s.Rules.Connections {
		vendor, ok := vendorOf(c.Platform)
		if !ok || !vendor.Catalog.Webhooks.Signed {
			continue
		}
		route, done := routes[c.Platform]
		if !done {
			route = intake.Route{Platform: c.Platform, Receive: vendor.Receive, PublicURL: s.PublicURL + "/webhooks/" + string(c.Platform),
				Silent: vendor.Catalog.Webhooks.Silent}
		}
		route.Secrets = append(route.Secrets, func(ctx context.Context) (string, error) {
			app, err := s.App(ctx, c.Name)
			return app.WebhookSecret, err
		})
		routes[c.Platform] = route
	}
	return &intake.Webhook{Routes: routes, Queue: s.Queue, Rules: s.Rules, Now: s.Now, Meter: s.Meter}
}

// Poller assembles the poller.
func (s *System) Poller() *intake.Poller {
	return &intake.Poller{Store: s.Store, Queue: s.Queue, Connectors: s.Connector, Rules: s.Rules, Ability: s.Ability, Now: s.Now,
		Meter: s.Meter}
}

// Prepare makes, on every platform that lets us, the fields that hold our identity, unless they are there.
func (s *System) Prepare(ctx context.Context) error {
	for _, place := range s.Rules.Places() {
		marker := s.Rules.MarkerAt(place)
		if marker == "" {
			continue
		}
		connector, err := s.Connector(place.Connection)
		if err != nil {
			return err
		}
		if preparing, ok := connector.(platform.Preparing); ok {
			if err := preparing.Prepare(ctx, place.Object, marker); err != nil {
				return fmt.Errorf("prepare %s for %s: %w", place, marker, err)
			}
		}
	}
	return nil
}

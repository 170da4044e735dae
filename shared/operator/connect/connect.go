// Package connect takes a connection from nothing to connected, for a person at a terminal, and back: it has the app
// authorised, makes sure of the account, keeps the tokens, makes the fields that the configuration names, registers webhooks
// where the vendor lets it, and says what is left to do by hand. It knows vendors by their data (boot.Vendor) and no record;
// it decides nothing at run time, and prints no token and no secret.
package connect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// DefaultRedirect is where the browser brings the answer on this machine.
const DefaultRedirect = "http://localhost:8489/connect"

// Target is the system that a connection belongs to: a folder of serve's, or a deployed stack.
type Target interface {
	// Name is for people, Flags name it on the command line.
	Name() string
	Flags() string
	Store() store.Store
	App(ctx context.Context, c *ruleset.Connection) (boot.App, error)
	SaveApp(ctx context.Context, c *ruleset.Connection, app boot.App) error
	// Queue gives the queues, to see whether work waits.
	Queue() queue.Queue
	// PublicURL is where platforms call, without a trailing slash; "" where it is not known.
	PublicURL() string
}

// Person is the one at the terminal. Nothing secret is ever said.
type Person interface {
	Say(format string, args ...any)
	// Ask and AskSecret take one line, the latter unseen. Errors: none is there to answer.
	Ask(prompt string) (string, error)
	AskSecret(prompt string) (string, error)
	// Open shows an address in a browser, if it can.
	Open(address string)
}

// Job is one connection to connect or to disconnect.
type Job struct {
	Target     Target
	Rules      *ruleset.Rules
	Connection *ruleset.Connection
	Person     Person
	Now        func() time.Time
	// Config names the configuration on the command line, "" where the system knows it.
	Config string
	// Transport sends requests; nil is the default one.
	Transport http.RoundTripper
}

// Options say how to connect.
type Options struct {
	// App holds what the person gave of the app; "" fields are kept from before, or asked for.
	App boot.App
	// Again connects a connection that is connected already; Sandbox takes the vendor's addresses for test accounts.
	Again, Sandbox bool
	// Redirect is the app's redirect URL, "" for the one that fits; Paste has its answer pasted.
	Redirect string
	Paste    bool
}

// job is a Job under way.
type job struct {
	Job
	vendor boot.Vendor
	app    boot.App
	label  string
}

// Connect connects. It may be called again after any failure: what was done is found done. Its errors are for the person.
func (j Job) Connect(ctx context.Context, o Options) error {
	vendor, ok := boot.VendorOf(j.Connection.Platform)
	if !ok {
		return fmt.Errorf("there is no connector for platform %s", j.Connection.Platform)
	}
	w := &job{Job: j, vendor: vendor, label: vendor.Catalog.Label}
	before, known, err := credential.AccountOf(ctx, j.Target.Store(), j.Connection.Name)
	if err != nil {
		return err
	}
	if has, err := credential.Has(ctx, j.Target.Store(), j.Connection.Name); err != nil {
		return err
	} else if has && known && !o.Again {
		return fmt.Errorf("%s is connected to %s already; to authorise it again, run: fluxcascade connect %s --again %s", j.Connection.Name,
			describe(before), j.Connection.Name, j.Target.Flags())
	}
	if w.app, err = w.askApp(ctx, o); err != nil {
		return err
	}
	g, err := w.authorise(ctx, o)
	if err != nil {
		return err
	}
	account, connector, err := w.identify(ctx, o, g, before)
	if err != nil {
		return err
	}
	if err := w.keep(ctx, g, account); err != nil {
		return err
	}
	return w.finish(ctx, connector, account)
}

// authorise has the person authorise the app, and gives what the vendor granted.
func (w *job) authorise(ctx context.Context, o Options) (granted, error) {
	redirect, pasted, err := w.redirect(o)
	if err != nil {
		return granted{}, err
	}
	f := &flow{vendor: w.vendor, app: w.app, sandbox: o.Sandbox, scopes: w.scopes(), redirect: redirect, client: boot.HTTPClient(w.app,
		w.vendor, w.Transport)}
	var listener net.Listener
	if !pasted {
		if listener, err = open(f); err != nil {
			return granted{}, err
		}
		defer listener.Close()
	}
	address := f.begin()
	w.Person.Say("Connecting %s to its %s account. The app must have:", w.Connection.Name, w.label)
	w.Person.Say("  redirect URL, letter for letter:  %s", redirect)
	w.Person.Say("  scopes:  %s", strings.Join(f.scopes, "; "))
	w.Person.Say("Sign in as a user made for this sync (a service user) if you can: what the sync writes shows as theirs, and when a " +
		"person leaves, their authorisation ends with them.")
	w.Person.Say("\nOpen this address in a browser, and authorise the app:\n\n  %s\n", address)
	w.Person.Open(address)
	var code, account string
	if pasted {
		code, account, err = paste(f, w.Person)
	} else {
		w.Person.Say("Waiting for the browser …")
		code, account, err = listen(ctx, f, listener)
	}
	if err != nil {
		return granted{}, err
	}
	return f.exchange(ctx, code, account)
}

// redirect picks where the vendor sends the browser: to this machine where it may, else to our public URL, whose page says to
// paste its address.
func (w *job) redirect(o Options) (redirect string, pasted bool, err error) {
	if o.Redirect != "" {
		u, err := url.Parse(o.Redirect)
		if err != nil || u.Host == "" || (u.Scheme != "https" && !loops(o.Redirect)) {
			return "", false, fmt.Errorf("--redirect %s is neither https nor http://localhost", o.Redirect)
		}
		if loops(o.Redirect) && u.Port() == "" {
			return "", false, fmt.Errorf("--redirect %s names no port", o.Redirect)
		}
		return o.Redirect, o.Paste || !loops(o.Redirect), nil
	}
	l := w.vendor.Authorization.Loopback
	if l == platform.LoopbackAlways || l == platform.LoopbackSandbox &&
		(o.Sandbox || w.app.BaseURL == w.vendor.Authorization.Sandbox.BaseURL) || w.app.AuthorizeURL != "" {
		return DefaultRedirect, o.Paste, nil
	}
	if public := w.Target.PublicURL(); strings.HasPrefix(public, "https://") {
		return public + "/connect/" + string(w.vendor.Catalog.Name), true, nil
	}
	return "", false, fmt.Errorf("%s sends the browser to https addresses alone: give one that you registered in the app with --redirect "+
		"https://… (any page of your own website serves: you paste the address that the browser ends at), or --public-url with the address "+
		"of serve", w.label)
}

// scopes are those that the mapped objects need.
func (w *job) scopes() []string {
	return w.vendor.Authorization.ScopesFor(w.objects())
}

// objects lists the connection's mapped objects.
func (w *job) objects() []record.Object {
	var out []record.Object
	for _, place := range w.Rules.Places() {
		if place.Connection == w.Connection.Name {
			out = append(out, place.Object)
		}
	}
	return out
}

// identify finds the account that the grant opens, and refuses one that is not the connection's.
func (w *job) identify(
	ctx context.Context, o Options, g granted, before credential.Account,
) (credential.Account, platform.Connector, error) {
	home := cmp.Or(w.app.BaseURL, g.BaseURL, w.vendor.BaseURL)
	connector := w.connector(home, cmp.Or(g.Account, w.Connection.Account), g.AccessToken)
	connecting, ok := connector.(platform.Connecting)
	if !ok {
		return credential.Account{}, nil, fmt.Errorf("the connector of %s cannot tell which account it opened", w.label)
	}
	identities, err := connecting.Identify(ctx)
	if err != nil {
		return credential.Account{}, nil, fmt.Errorf("%s authorised the app, and does not tell the account: %w", w.label, err)
	}
	wanted := cmp.Or(w.Connection.Account, before.Account)
	id, err := w.choose(identities, wanted)
	if err != nil {
		return credential.Account{}, nil, err
	}
	scopes := id.Scopes
	if scopes == nil {
		scopes = g.Scopes
	}
	account := credential.Account{Account: id.Account, Name: id.Name, User: id.User, Scopes: scopes, Sandbox: id.Sandbox || o.Sandbox,
		BaseURL:  cmp.Or(g.BaseURL, id.BaseURL),
		Webhooks: before.Webhooks, Callback: before.Callback, At: w.Now().UTC()}
	if w.app.BaseURL != "" {
		account.BaseURL = "" // the app names it
	}
	if before.Account != "" && before.Account != account.Account {
		return account, nil, fmt.Errorf("%s was connected to %s, and its cursors and links belong to that account; you authorised %s. Sign in "+
			"to the former and begin again, or first: fluxcascade disconnect %s --erase %s",
			w.Connection.Name, describe(before), describe(account), w.Connection.Name, w.Target.Flags())
	}
	w.say(account)
	if missing := lacking(w.scopes(), scopes); len(missing) > 0 && !w.vendor.Authorization.ScopesInApp {
		return account, nil, fmt.Errorf("%s granted no %s, without which the mapped objects cannot be kept in agreement; add them to the app "+
			"and begin again", w.label, strings.Join(missing, ", "))
	}
	return account, w.connector(cmp.Or(w.app.BaseURL, account.BaseURL, w.vendor.BaseURL), account.Account, g.AccessToken), nil
}

// choose picks the account among those that the grant opens.
func (w *job) choose(identities []platform.Identity, wanted string) (platform.Identity, error) {
	if i := slices.IndexFunc(identities, func(i platform.Identity) bool { return i.Account == wanted }); i >= 0 {
		return identities[i], nil
	}
	var named []string
	for _, i := range identities {
		named = append(named, describe(credential.Account{Account: i.Account, Name: i.Name}))
	}
	switch {
	case len(identities) == 0:
		return platform.Identity{}, fmt.Errorf("%s authorised the app for no account", w.label)
	case wanted != "":
		return platform.Identity{}, fmt.Errorf("%s must be account %s, as configured or as connected before; you authorised %s. Sign in to "+
			"the right one and begin again", w.Connection.Name, wanted, strings.Join(named, ", "))
	case len(identities) == 1:
		return identities[0], nil
	}
	w.Person.Say("You authorised several accounts: %s", strings.Join(named, ", "))
	for range pastesMax {
		id, err := w.Person.Ask("Which one (its id): ")
		if err != nil {
			return platform.Identity{}, err
		}
		if i := slices.IndexFunc(identities, func(i platform.Identity) bool { return i.Account == strings.TrimSpace(id) }); i >= 0 {
			return identities[i], nil
		}
	}
	return platform.Identity{}, errors.New("none of them was named; begin again")
}

// say tells the person what was opened.
func (w *job) say(a credential.Account) {
	who := ""
	if a.User != "" {
		who = ", authorised by " + a.User
	}
	w.Person.Say("\nThis is %s account %s%s.", w.label, describe(a), who)
	if a.Sandbox {
		w.Person.Say("It is an account for tests.")
	}
	if w.Connection.Account == "" {
		w.Person.Say("Put it into the configuration, so that %s is never taken for another:   %s: {platform: %s, account: %q}", w.Connection.Name,
			w.Connection.Name, w.Connection.Platform, a.Account)
	}
}

// keep stores the grant and the account, and ends a pause that only the lack of them made.
func (w *job) keep(ctx context.Context, g granted, a credential.Account) error {
	s, c := w.Target.Store(), w.Connection.Name
	if err := w.Target.SaveApp(ctx, w.Connection, w.app); err != nil {
		return fmt.Errorf("keep the app: %w", err)
	}
	if err := credential.PutAccount(ctx, s, c, a); err != nil {
		return fmt.Errorf("keep the account: %w", err)
	}
	if err := credential.Put(ctx, s, c, g.Grant); err != nil {
		return fmt.Errorf("keep the tokens: %w", err)
	}
	pause, paused, err := controltable.Paused(ctx, s, c)
	if err == nil && paused && pause.Reason == controltable.PausedUnauthorized {
		err = controltable.Resume(ctx, s, c)
	}
	return err
}

// connector assembles the vendor's connector with one access token.
func (w *job) connector(home, account, access string) platform.Connector {
	return w.vendor.Connect(platform.Settings{Connection: w.Connection.Name, Account: account, BaseURL: home, Tokens: oneToken(access),
		AppKey: w.app.DeveloperKey,
		HTTP:   boot.HTTPClient(w.app, w.vendor, w.Transport), Now: w.Now, Options: w.Connection.Options})
}

// oneToken is an access token just granted, which lives longer than connecting takes.
type oneToken string

// Token implements platform.Tokens.
func (t oneToken) Token(context.Context) (string, error) { return string(t), nil }

// Refused implements platform.Tokens: nothing can replace it.
func (oneToken) Refused(context.Context, string) error { return nil }

// describe names an account for people.
func describe(a credential.Account) string {
	if a.Name == "" {
		return a.Account
	}
	return fmt.Sprintf("%s (%s)", a.Account, a.Name)
}

// lacking lists what was asked for and not granted; nil if the vendor did not tell what it granted.
func lacking(asked, granted []string) []string {
	if granted == nil {
		return nil
	}
	var out []string
	for _, s := range asked {
		if !slices.Contains(granted, s) {
			out = append(out, s)
		}
	}
	return out
}

package connect

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// exchangePatience bounds the exchange of a code.
const exchangePatience = 30 * time.Second

// flow is one authorization code grant (RFC 6749, section 4.1), with state and, where the vendor takes it, a code challenge
// (RFC 7636): a code that leaks is of no use without the verifier, or the app's secret, and an address that somebody else
// made carries another state. It is used once.
type flow struct {
	vendor   boot.Vendor
	app      boot.App
	sandbox  bool
	scopes   []string
	redirect string
	client   *http.Client

	state, verifier string
}

// granted is what the vendor answered a code with.
type granted struct {
	platform.Grant
	// Account is the one that the redirect told, BaseURL the address that the answer told, Scopes those it granted; each
	// empty where the vendor does not tell.
	Account, BaseURL string
	Scopes           []string
}

func (f *flow) config() *oauth2.Config {
	a := f.vendor.Authorization
	c := &oauth2.Config{ClientID: f.app.ClientID, ClientSecret: f.app.ClientSecret, RedirectURL: f.redirect,
		Endpoint: oauth2.Endpoint{AuthURL: f.authorizeURL(), TokenURL: f.tokenURL(), AuthStyle: oauth2.AuthStyleInParams}}
	if a.Client == platform.ClientInHeader {
		c.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	}
	if !a.ScopesInApp {
		c.Scopes = f.scopes
	}
	return c
}

func (f *flow) authorizeURL() string {
	a := f.vendor.Authorization
	switch {
	case f.app.AuthorizeURL != "":
		return f.app.AuthorizeURL
	case f.sandbox && a.Sandbox.AuthorizeURL != "":
		return a.Sandbox.AuthorizeURL
	}
	return a.AuthorizeURL
}

func (f *flow) tokenURL() string {
	if f.app.TokenURL != "" {
		return f.app.TokenURL
	}
	return f.vendor.TokenURL
}

// begin gives the address that the person opens.
func (f *flow) begin() string {
	f.state, f.verifier = rand.Text(), oauth2.GenerateVerifier()
	var options []oauth2.AuthCodeOption
	for name, value := range f.vendor.Authorization.Params {
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	if f.vendor.Authorization.PKCE {
		options = append(options, oauth2.S256ChallengeOption(f.verifier))
	}
	return f.config().AuthCodeURL(f.state, options...)
}

// errAnother says that an address is not the answer to this attempt: the person may still bring the right one.
var errAnother = errors.New("this address belongs to another attempt")

// safeError is the form of an OAuth error code that may be told; descriptions are the vendor's and are not.
var safeError = regexp.MustCompile(`^[a-z_]{1,40}$`)

// code reads the address that the vendor sent the browser to. errAnother for one that is not of this attempt.
func (f *flow) code(address string) (code, account string, err error) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.RawQuery == "" {
		return "", "", fmt.Errorf("%w: it holds no answer; copy the whole address, from https:// or http:// to its end", errAnother)
	}
	q := u.Query()
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(f.state)) != 1 || f.state == "" {
		return "", "", fmt.Errorf("%w: open the address above again, and bring the one that it ends at", errAnother)
	}
	if refused := q.Get("error"); refused != "" {
		if !safeError.MatchString(refused) {
			refused = "an error"
		}
		return "", "", fmt.Errorf("%s did not authorise the app (%s)", f.vendor.Catalog.Label, refused)
	}
	if q.Get("code") == "" {
		return "", "", fmt.Errorf("%w: it holds no code", errAnother)
	}
	if name := f.vendor.Authorization.AccountParam; name != "" {
		account = q.Get(name)
	}
	return q.Get("code"), account, nil
}

// exchange redeems a code, once. Its error tells no token and no body.
func (f *flow) exchange(ctx context.Context, code, account string) (granted, error) {
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, oauth2.HTTPClient, f.client), exchangePatience)
	defer cancel()
	var options []oauth2.AuthCodeOption
	if f.vendor.Authorization.PKCE {
		options = append(options, oauth2.VerifierOption(f.verifier))
	}
	token, err := f.config().Exchange(ctx, code, options...)
	if err != nil {
		return granted{}, f.explain(err)
	}
	if token.RefreshToken == "" {
		return granted{}, fmt.Errorf("%s gave no refresh token, so the connection would end within hours: the app lacks the right to one "+
			"(scopes: %s)", f.vendor.Catalog.Label, strings.Join(f.scopes, " "))
	}
	g := granted{Grant: platform.Grant{AccessToken: token.AccessToken, RefreshToken: token.RefreshToken, ExpiresAt: token.Expiry.UTC()},
		Account: account}
	if token.Expiry.IsZero() {
		g.ExpiresAt = time.Time{}
	}
	if scope, ok := token.Extra("scope").(string); ok {
		g.Scopes = strings.FieldsFunc(scope, func(r rune) bool { return r == ' ' || r == ',' })
	}
	if key := f.vendor.Authorization.BaseURLKey; key != "" {
		text, _ := token.Extra(key).(string)
		if g.BaseURL, err = f.home(text); err != nil {
			return granted{}, err
		}
	}
	return g, nil
}

// explain says what went wrong with a code, without what the vendor wrote about it.
func (f *flow) explain(err error) error {
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused) && safeError.MatchString(refused.ErrorCode):
		if refused.ErrorCode == "invalid_client" {
			return fmt.Errorf("%s does not know the app (invalid_client): its client id and secret are not those of the app's page",
				f.vendor.Catalog.Label)
		}
		return fmt.Errorf("%s refused the code (%s): it lives for minutes and serves once; begin again", f.vendor.Catalog.Label,
			refused.ErrorCode)
	case errors.As(err, &refused) && refused.Response != nil:
		return fmt.Errorf("%s refused the code (status %d): check the app's client id, secret and redirect URL, and begin again",
			f.vendor.Catalog.Label, refused.Response.StatusCode)
	}
	return fmt.Errorf("%s did not answer as it should (%T); begin again", f.vendor.Catalog.Label, err)
}

// home checks the address that the token answer told: tokens go nowhere but to the platform's hosts, by TLS. An app that
// names its own address, as for a simulator, is called there.
func (f *flow) home(text string) (string, error) {
	if f.app.BaseURL != "" {
		return f.app.BaseURL, nil
	}
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" || u.RawQuery != "" || u.Fragment != "" || u.Path != "" ||
		!slices.ContainsFunc(f.vendor.Catalog.Hosts, func(host string) bool {
			return u.Host == host || strings.HasPrefix(host, ".") && strings.HasSuffix(u.Host, host)
		}) {
		return "", fmt.Errorf("%s names an address for this account that is not one of its hosts (%s); nothing was sent there",
			f.vendor.Catalog.Label, strings.Join(f.vendor.Catalog.Hosts, ", "))
	}
	return u.String(), nil
}

// loops says whether a redirect goes to this machine.
func loops(redirect string) bool {
	u, err := url.Parse(redirect)
	return err == nil && u.Scheme == "http" && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback())
}

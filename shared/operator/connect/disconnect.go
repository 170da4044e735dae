package connect

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/engine/pipeline"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// revokeBytesMax bounds what is read of a revocation's answer, which says nothing of use.
const revokeBytesMax = 64 << 10

// Leaving says how to disconnect.
type Leaving struct {
	// Now does not wait for queued work, nor for a vendor that does not answer. Erase removes the account, its cursors and its
	// links too, once the person has typed the connection's name.
	Now, Erase bool
}

// Disconnect ends a connection: it stops its work, takes the webhooks back, ends the grant at the vendor, and forgets the
// tokens. Cursors and links stay, so that connecting the same account again goes on where it stopped. It may be called
// again after any failure.
func (j Job) Disconnect(ctx context.Context, o Leaving) error {
	vendor, ok := boot.VendorOf(j.Connection.Platform)
	if !ok {
		return fmt.Errorf("there is no connector for platform %s", j.Connection.Platform)
	}
	w := &job{Job: j, vendor: vendor, label: vendor.Catalog.Label}
	s, c := j.Target.Store(), j.Connection.Name
	if err := w.drained(ctx, o); err != nil {
		return err
	}
	account, known, err := credential.AccountOf(ctx, s, c)
	if err != nil {
		return err
	}
	if has, err := credential.Has(ctx, s, c); err != nil || !o.Erase && !has && (!known || !account.Left.IsZero()) {
		if err == nil {
			j.Person.Say("%s is not connected. Nothing changes.", c)
		}
		return err
	}
	if o.Erase {
		typed, err := j.Person.Ask(fmt.Sprintf("This removes the tokens, the cursors and every link of %s for good; the records themselves "+
			"stay. Type %s to do it: ", c, c))
		if err != nil || strings.TrimSpace(typed) != string(c) {
			return fmt.Errorf("nothing was done: %s was not typed", c)
		}
	}
	// Its work stops before its grant does: nothing is half written because of us.
	if err := controltable.SetPause(ctx, s, c, controltable.Pause{Reason: controltable.PausedUnauthorized, Since: j.Now().UTC()}); err != nil {
		return err
	}
	if err := w.leave(ctx, account); err != nil {
		if !o.Now {
			return fmt.Errorf("%s still has our authorisation, and %s is paused: %w; try again, or leave with --now and end it in %s's own pages",
				w.label, c, err, w.label)
		}
		j.Person.Say("%s may still have our authorisation: %v. End it in its own pages.", w.label, err)
	}
	if err := credential.End(ctx, s, c); err != nil {
		return err
	}
	if o.Erase {
		return w.erase(ctx)
	}
	account.Webhooks, account.Callback, account.Left = nil, "", j.Now().UTC()
	if err := credential.PutAccount(ctx, s, c, account); err != nil {
		return err
	}
	j.Person.Say("%s is disconnected. Its cursors and links are kept: connecting the same account again goes on from here.", c)
	return nil
}

// drained refuses to leave while work waits.
func (w *job) drained(ctx context.Context, o Leaving) error {
	if o.Now {
		return nil
	}
	var waiting []string
	for _, kind := range record.QueueKinds() {
		depth, err := w.Target.Queue().Depth(ctx, record.QueueOf(kind, w.Connection.Name))
		if err != nil {
			return err
		}
		if depth.Total() > 0 {
			waiting = append(waiting, fmt.Sprintf("%d %s", depth.Total(), queueWords[kind]))
		}
	}
	kept, err := controltable.CountKept(ctx, w.Target.Store(), w.Connection.Name)
	if err != nil {
		return err
	}
	if kept > 0 {
		waiting = append(waiting, fmt.Sprintf("%d changes that are kept", kept))
	}
	if len(waiting) > 0 {
		return fmt.Errorf("%s still has work: %s. Let it be done first (it needs minutes, with the system running), or leave at once with "+
			"--now: what is due then waits until %s is connected again",
			w.Connection.Name, strings.Join(waiting, ", "), w.Connection.Name)
	}
	return nil
}

var queueWords = map[record.QueueKind]string{record.QueueChanges: "messages of changes", record.QueueBackfill: "pages of a first load",
	record.QueueDue: "messages of writes"}

// leave takes the webhooks back and ends the grant. One that is over already needs no ending.
func (w *job) leave(ctx context.Context, account credential.Account) error {
	s, c := w.Target.Store(), w.Connection.Name
	held, ok, err := credential.Held(ctx, s, c)
	if err != nil || !ok {
		return err
	}
	if w.app, err = w.Target.App(ctx, w.Connection); err != nil {
		return err
	}
	w.app.TokenURL = cmp.Or(w.app.TokenURL, w.vendor.TokenURL)
	client := boot.HTTPClient(w.app, w.vendor, w.Transport)
	tokens := &credential.Source{Store: s, Connection: c, Refresher: w.vendor.Refresh(w.app, client, w.Now), Now: w.Now, Wait: platform.Wait}
	connector := w.vendor.Connect(platform.Settings{Connection: c, Account: cmp.Or(w.Connection.Account, account.Account),
		BaseURL: cmp.Or(w.app.BaseURL, account.BaseURL, w.vendor.BaseURL),
		Tokens:  tokens, AppKey: w.app.DeveloperKey, HTTP: client, Now: w.Now, Options: w.Connection.Options})
	if err := w.unsubscribe(ctx, connector, account); err != nil && !ended(err) {
		return fmt.Errorf("take the webhooks back: %w", err)
	}
	if leaving, ok := connector.(platform.Leaving); ok {
		if err := again(func() error { return leaving.Leave(ctx) }); err != nil && !ended(err) {
			return err
		}
		return nil
	}
	if now, ok, err := credential.Held(ctx, s, c); err == nil && ok {
		held = now // taking the webhooks back may have rotated it
	}
	return w.revoke(ctx, client, held)
}

// ended says that the vendor does not know us any more, which is what leaving is for.
func ended(err error) bool { return fault.Is(err, fault.Unauthorized) }

// unsubscribe takes the webhooks back, unless they are the app's and another connection of it needs them.
func (w *job) unsubscribe(ctx context.Context, connector platform.Connector, account credential.Account) error {
	subscribing, ok := connector.(platform.Subscribing)
	if !ok || len(account.Webhooks) == 0 {
		return nil
	}
	if w.vendor.Authorization.AppKeyed {
		for _, other := range w.Rules.Connections {
			if other.Name == w.Connection.Name || other.Platform != w.Connection.Platform {
				continue
			}
			if has, err := credential.Has(ctx, w.Target.Store(), other.Name); err != nil || has {
				w.Person.Say("The app's webhooks stay: %s is connected to it too.", other.Name)
				return err
			}
		}
	}
	return again(func() error { return subscribing.Unsubscribe(ctx, account.Webhooks) })
}

// revoke ends the grant at the vendor's revocation endpoint (RFC 7009): by the refresh token, which takes the others along.
func (w *job) revoke(ctx context.Context, client *http.Client, held platform.Grant) error {
	a := w.vendor.Authorization
	address := cmp.Or(w.app.RevokeURL, a.RevokeURL)
	token := cmp.Or(held.RefreshToken, held.AccessToken)
	if address == "" || token == "" {
		return nil
	}
	form := url.Values{"token": {token}}
	if a.Client == platform.ClientInBody {
		form.Set("client_id", w.app.ClientID)
		form.Set("client_secret", w.app.ClientSecret)
	}
	body, kind := []byte(form.Encode()), "application/x-www-form-urlencoded"
	if a.RevokeJSON {
		raw, err := json.Marshal(map[string]string{"token": token})
		if err != nil {
			return err
		}
		body, kind = raw, "application/json"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("the revocation address does not parse")
	}
	request.Header.Set("Content-Type", kind)
	request.Header.Set("Accept", "application/json")
	if a.Client == platform.ClientInHeader {
		request.SetBasicAuth(w.app.ClientID, w.app.ClientSecret)
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("revoke the grant: no answer (%T)", err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, revokeBytesMax))
	// A token that is over already answers 400 with some vendors, 200 with those that keep to the standard.
	if response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusUnauthorized {
		return fmt.Errorf("revoke the grant: status %d", response.StatusCode)
	}
	return nil
}

// erase removes what is kept of the connection.
func (w *job) erase(ctx context.Context) error {
	s, c := w.Target.Store(), w.Connection.Name
	var places []record.Place
	for _, place := range w.Rules.Places() {
		if place.Connection == c {
			places = append(places, place)
		}
	}
	links, err := pipeline.EraseLinks(ctx, s, c)
	if err != nil {
		return fmt.Errorf("erase the links: %w; say the same again", err)
	}
	if err := controltable.Forget(ctx, s, places); err != nil {
		return fmt.Errorf("erase the cursors: %w; say the same again", err)
	}
	if err := credential.Forget(ctx, s, c); err != nil {
		return fmt.Errorf("erase the account: %w; say the same again", err)
	}
	w.Person.Say("%s is disconnected and erased: %d links, and the cursors of %d objects. Its records stay as they are, everywhere.", c, links,
		len(slices.Compact(places)))
	return nil
}

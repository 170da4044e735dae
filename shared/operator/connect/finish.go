package connect

import (
	"context"
	"fmt"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// tries is how often a call whose outcome is unknown is made again: each looks first.
const tries = 3

// finish makes the fields, registers the webhooks and says what is left. The connection is connected whatever becomes of it.
func (w *job) finish(ctx context.Context, connector platform.Connector, account credential.Account) error {
	var steps []string
	fields := map[record.Object][]record.PlatformField{}
	for _, place := range w.Rules.Places() {
		if place.Connection != w.Connection.Name {
			continue
		}
		fields[place.Object] = w.Rules.FieldsAt(place)
		left, err := w.makeFields(ctx, connector, place)
		if err != nil {
			return fmt.Errorf("%s is connected, and its fields are not all made: %w; say the same again with --again", w.Connection.Name, err)
		}
		steps = append(steps, left...)
	}
	registered, err := w.subscribe(ctx, connector, account, fields)
	if err != nil {
		return fmt.Errorf("%s is connected, and its webhooks are not registered: %w; say the same again with --again, or let polling do the work",
			w.Connection.Name, err)
	}
	callback := w.callback()
	if w.vendor.ByHand != nil {
		steps = append(steps, w.vendor.ByHand(platform.ByHand{Callback: callback, Registered: registered, Fields: fields})...)
	} else if callback != "" && !registered && w.vendor.Catalog.Webhooks.Signed {
		steps = append(steps, "Let webhooks come to "+callback+"; how: fluxcascade guide connect-"+string(w.vendor.Catalog.Name))
	}
	if callback == "" && w.vendor.Catalog.Webhooks.Signed {
		w.Person.Say("Webhooks have no address to come to, so polling does all the work, by the configured schedule (serve --public-url " +
			"https://… gives them one).")
	}
	w.Person.Say("\n%s is connected.", w.Connection.Name)
	if len(steps) > 0 {
		w.Person.Say("Left to do by hand:")
		for i, step := range steps {
			w.Person.Say("  %d. %s", i+1, step)
		}
	}
	w.Person.Say("Next: fluxcascade check %s", strings.TrimSpace(w.Config+" "+w.Target.Flags()))
	return nil
}

// callback is where this platform's webhooks come in, "" where there is no public address: none that a platform can call.
func (w *job) callback() string {
	if public := w.Target.PublicURL(); strings.HasPrefix(public, "https://") {
		return public + "/webhooks/" + string(w.vendor.Catalog.Name)
	}
	return ""
}

// makeFields makes what the configuration names at a place and the account lacks, and gives as steps what a person must make.
func (w *job) makeFields(ctx context.Context, connector platform.Connector, place record.Place) (steps []string, err error) {
	marker := w.Rules.MarkerAt(place)
	if preparing, ok := connector.(platform.Preparing); ok && marker != "" {
		err := again(func() error { return preparing.Prepare(ctx, place.Object, marker) })
		switch {
		case fault.Is(err, fault.Rejected):
			steps = append(steps, fmt.Sprintf("The field %s of %s, which holds our ids, is not as it must be: %v", marker, place.Object, err))
		case err != nil:
			return nil, err
		default:
			w.Person.Say("Field %s of %s: there, and fit to hold our ids.", marker, place.Object)
		}
	}
	o, _ := w.vendor.Catalog.Object(place.Object)
	lacking, err := boot.Lacking(ctx, connector, o, w.Rules.FieldsAt(place), marker)
	if err != nil {
		return steps, err
	}
	for _, name := range lacking {
		step, err := w.makeField(ctx, connector, place, name)
		if err != nil {
			return steps, err
		}
		if step != "" {
			steps = append(steps, step)
		}
	}
	return steps, nil
}

func (w *job) makeField(
	ctx context.Context, connector platform.Connector, place record.Place, name record.PlatformField,
) (step string, err error) {
	byHand := fmt.Sprintf("Make the field %s of %s in %s, as plain text; the configuration names it and the account has none of that name.",
		name, place.Object, w.label)
	making, ok := connector.(platform.FieldMaking)
	if !ok {
		return byHand, nil
	}
	var made record.PlatformField
	err = again(func() (err error) {
		made, err = making.MakeField(ctx, place.Object, platform.NewField{Name: name, Label: boot.LabelOf(name)})
		return err
	})
	switch {
	case fault.Is(err, fault.Rejected):
		return byHand + fmt.Sprintf(" (%s refused to have it made: %v)", w.label, err), nil
	case err != nil:
		return "", err
	case made != name:
		return fmt.Sprintf("In the configuration, spell the field %s of %s as %s calls it: %s", name, place.Object, w.label, made), nil
	}
	w.Person.Say("Field %s of %s: made.", name, place.Object)
	return "", nil
}

// subscribe registers webhooks, if the vendor lets it and they have somewhere to go, and keeps their ids.
func (w *job) subscribe(
	ctx context.Context, connector platform.Connector, account credential.Account, fields map[record.Object][]record.PlatformField,
) (registered bool, err error) {
	subscribing, ok := connector.(platform.Subscribing)
	callback := w.callback()
	if !ok || callback == "" || len(fields) == 0 {
		return false, nil
	}
	want := platform.Subscription{Callback: callback, Secret: w.app.WebhookSecret, Fields: fields, Known: account.Webhooks}
	err = again(func() error {
		ids, err := subscribing.Subscribe(ctx, want)
		if len(ids) > 0 {
			want.Known = ids // also what was made before a failure
		}
		return err
	})
	if fault.Is(err, fault.Rejected) {
		w.Person.Say("Webhooks were not registered: %v", err)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	account.Webhooks, account.Callback = want.Known, callback
	if err := credential.PutAccount(ctx, w.Target.Store(), w.Connection.Name, account); err != nil {
		return false, err
	}
	w.Person.Say("Webhooks: %d registered, to %s", len(want.Known), callback)
	return true, nil
}

// again calls something that looks before it makes, once more where its outcome was unknown.
func again(call func() error) error {
	var err error
	for range tries {
		if err = call(); !fault.Is(err, fault.InDoubt) && !fault.Is(err, fault.Transient) {
			return err
		}
	}
	return err
}

package simtest

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// hint lets a platform's webhook speak: lost, late, twice, as the weather is.
func (w *world) hint(ref record.Ref, kind record.Kind) {
	weather := &w.history.Weather
	if w.muted {
		return
	}
	if w.stormy && w.chance(weather.HintLost) {
		w.faults++
		w.say("  (its webhook is lost)")
		return
	}
	hook := hookBody{Object: ref.Object, ID: ref.ID, Kind: kind, At: w.accounts[ref.Connection].mem.Stamped(ref.Object, ref.ID), Fields: w.payload(ref)}
	body := hook.body()
	times := 1
	if w.stormy && w.chance(weather.HintTwice) {
		w.faults++
		times++
	}
	for range times {
		delay := w.between(10*time.Millisecond, 2*time.Second)
		if w.stormy && w.chance(weather.HintLate) {
			w.faults++
			delay = w.between(time.Minute, 40*time.Minute)
		}
		w.after(delay, func() { w.deliver(ref.Connection, body, 0) })
	}
}

// webhookTries is how often a platform sends a webhook that was not answered with 200.
const webhookTries = 3

func (w *world) deliver(c record.Connection, body []byte, tried int) {
	status := 0
	again := func() {
		if status != 200 && tried+1 < webhookTries {
			w.after(time.Minute, func() { w.deliver(c, body, tried+1) })
		}
	}
	t := w.spawn("webhook "+string(c), func() { status = w.engine.webhook(context.Background(), c, body) }, again)
	t.rules, t.skew, t.buried = w.rulesNow(), w.drawSkew(), again
}

// hookBody is the simulated platforms' webhook. The fields are its payload, which nobody may believe.
type hookBody struct {
	Object record.Object     `json:"object"`
	ID     record.ExternalID `json:"id"`
	Kind   record.Kind       `json:"kind"`
	At     time.Time         `json:"at"`
	Fields record.Fields     `json:"fields,omitempty"`
}

func (b hookBody) body() []byte {
	body, err := json.Marshal(b)
	if err != nil {
		panic(err)
	}
	return body
}

func (w *world) payload(ref record.Ref) record.Fields {
	if w.bug == nil || !w.bug.payload {
		return nil
	}
	fields, _ := w.accounts[ref.Connection].mem.Record(ref.Object, ref.ID)
	return fields
}

// receive is the simulated platforms' verifier and parser.
func receive(secret string, r platform.Request) ([]platform.Hint, error) {
	if r.Header.Get("Secret") != secret {
		return nil, fault.Newf(fault.Unauthorized, "webhook", "wrong secret")
	}
	var body hookBody
	if err := json.NewDecoder(bytes.NewReader(r.Body)).Decode(&body); err != nil {
		return nil, fault.Newf(fault.Rejected, "webhook", "malformed")
	}
	return []platform.Hint{{Object: body.Object, ID: body.ID, Kind: body.Kind, OccurredAt: body.At}}, nil
}

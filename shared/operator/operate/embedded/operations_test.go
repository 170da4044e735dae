package embedded_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/activation"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate/embedded"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/resolve"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// active opens a folder on which nothing runs, with the example active, and gives its configurations.
func active(t *testing.T) (*embedded.Target, *operate.Rules) {
	t.Helper()
	ctx := context.Background()
	target := open(t, folder(t))
	text, rules := example(t)
	if _, err := activation.Activate(ctx, target.Store(), activation.Version{}, text, rules.Digest, "", time.Now()); err != nil {
		t.Fatal(err)
	}
	loaded, err := operate.LoadRules(ctx, target)
	if err != nil || loaded.Active == nil || loaded.Problem != "" {
		t.Fatalf("load: %+v, %v", loaded, err)
	}
	return target, loaded
}

func put(t *testing.T, s store.Store, key store.Key, row any) {
	t.Helper()
	body, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(context.Background(), []store.Write{{Key: key, Expect: store.Any, Body: body}}); err != nil {
		t.Fatal(err)
	}
}

func depth(t *testing.T, q queue.Queue, name queue.Name) int {
	t.Helper()
	d, err := q.Depth(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return d.Total()
}

func TestDeadLettersGoBackUnchangedAndCounted(t *testing.T) {
	ctx := context.Background()
	target, _ := active(t)
	q := target.Queue()
	for kind, n := range map[record.QueueKind]int{record.QueueChanges: 250, record.QueueDue: 3} {
		var messages []queue.Message
		for i := range n {
			messages = append(messages, queue.Message{Body: fmt.Appendf(nil, `{"n":%d}`, i)})
		}
		if err := q.Send(ctx, record.QueueOf(kind, "jobber").Dead(), messages); err != nil {
			t.Fatal(err)
		}
	}
	moved, done, err := operate.Redrive(ctx, target, "jobber", record.QueueDue)
	if err != nil || moved[record.QueueDue] != 3 || moved[record.QueueChanges] != 0 || !strings.HasPrefix(done.Did, "3 messages") {
		t.Errorf("one kind: got %v, %q, %v", moved, done.Did, err)
	}
	moved, done, err = operate.Redrive(ctx, target, "jobber", "")
	if err != nil || moved[record.QueueChanges] != 250 || !strings.HasPrefix(done.Did, "250 messages") {
		t.Errorf("the rest: got %v, %q, %v", moved, done.Did, err)
	}
	for _, kind := range record.QueueKinds() {
		if left := depth(t, q, record.QueueOf(kind, "jobber").Dead()); left > 0 {
			t.Errorf("%d dead letters of %s are left", left, kind)
		}
	}
	if there := depth(t, q, "changes-jobber"); there != 250 {
		t.Errorf("%d are back, want 250", there)
	}
	got, err := q.Receive(ctx, "changes-jobber", 1, time.Minute)
	if err != nil || len(got) != 1 || !strings.HasPrefix(string(got[0].Body), `{"n":`) {
		t.Errorf("a message that came back: %v, %v", got, err)
	}
	if _, done, err := operate.Redrive(ctx, target, "jobber", ""); err != nil || !strings.HasPrefix(done.Did, "0 messages") {
		t.Errorf("nothing left: got %q, %v", done.Did, err)
	}
}

func TestAParkedFieldIsAnsweredAndNoLongerWaits(t *testing.T) {
	ctx := context.Background()
	target, rules := active(t)
	since := time.Now().Add(-time.Hour).UTC()
	e := resolve.Entity{Group: "customer", ID: "contacts:x", Type: "contacts", State: resolve.EntityLive,
		Born:   record.Place{Connection: "hubspot", Object: "contacts"},
		Fields: map[record.HubField]resolve.Value{"phone": {Text: "1", From: "hubspot"}},
		Parked: map[record.HubField]resolve.Parked{"phone": {Reason: record.ReasonManual, Since: since}}}
	key := store.Key{Table: store.Versions, Partition: "customer#contacts:x", Sort: "entity"}
	put(t, target.Store(), key, e)
	before, err := operate.Look(ctx, target, time.Now())
	if err != nil || len(before.Waiting) != 1 || before.Waiting[0].Kind != operate.WaitsField ||
		before.Waiting[0].Reason != record.ReasonManual || !before.Waiting[0].Oldest.Equal(since) {
		t.Fatalf("before: %+v, %v", before.Waiting, err)
	}
	if text, _ := json.Marshal(before); strings.Contains(string(text), `"v"`) {
		t.Errorf("the status shows a value: %s", text)
	}
	if _, err := operate.Answer(ctx, target, rules, "", resolve.Answer{Entity: "contacts:x", Field: "nonsense", Value: "2"},
		time.Now); !fault.Is(err, fault.Rejected) {
		t.Errorf("no such field: got %v, want rejected", err)
	}
	for field, value := range map[record.HubField]string{"phone": "banana", "firstname": "Ann"} {
		if _, err := operate.Answer(ctx, target, rules, "", resolve.Answer{Entity: "contacts:x", Field: field, Value: value},
			time.Now); !fault.Is(err, fault.Rejected) {
			t.Errorf("%s: got %v, want rejected", field, err)
		}
	}
	done, err := operate.Answer(ctx, target, rules, "", resolve.Answer{Entity: "contacts:x", Field: "phone", Value: "(312) 555-0123"},
		time.Now)
	if err != nil || !strings.Contains(done.Did, "phone of contacts:x is decided") {
		t.Fatalf("got %+v, %v", done, err)
	}
	rows, err := target.Store().Get(ctx, []store.Key{key})
	if err != nil {
		t.Fatal(err)
	}
	var after resolve.Entity
	if err := json.Unmarshal(rows[key].Body, &after); err != nil || after.Fields["phone"].Text != "+13125550123" || len(after.Parked) > 0 {
		t.Errorf("after: %+v, %v", after, err)
	}
	if after.ConfigVersion != 1 {
		t.Errorf("decided under version %d, want the active one", after.ConfigVersion)
	}
}

func TestALimitOfSpreadIsShownAndReleased(t *testing.T) {
	ctx := context.Background()
	target, rules := active(t)
	put(t, target.Store(), store.Key{Table: store.Control, Partition: "spread#customer#jobber", Sort: "spread"},
		resolve.Spread{Hour: time.Now(), Counts: map[string]int{"deletes": 50}, Tripped: map[string]resolve.Trip{"deletes": {Since: time.Now(),
			Limit: 50}}})
	stopped := func() int {
		s, err := operate.Look(ctx, target, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, c := range s.Connections {
			n += len(c.Stopped)
		}
		return n
	}
	if stopped() != 1 {
		t.Errorf("%d stops are shown, want 1", stopped())
	}
	if done, err := operate.Release(ctx, target, rules, "jobber", operate.Releasing{Kind: "creates"},
		time.Now); err != nil || stopped() != 1 ||
		!strings.HasPrefix(done.Did, "No limit") {
		t.Errorf("another kind: %q, %v", done.Did, err)
	}
	if done, err := operate.Release(ctx, target, rules, "jobber", operate.Releasing{}, time.Now); err != nil || stopped() != 0 ||
		!strings.Contains(done.Did, "deletes in customer") {
		t.Errorf("got %q, %v, %d still stopped", done.Did, err, stopped())
	}
}

func TestARotatedSecretMustProveItself(t *testing.T) {
	ctx := context.Background()
	target, rules := active(t)
	c, err := rules.Connection("jobber")
	if err != nil {
		t.Fatal(err)
	}
	if err := target.SaveApp(ctx, c, platform.App{ClientID: "i", ClientSecret: "old", WebhookSecret: "old"}); err != nil {
		t.Fatal(err)
	}
	refuse := func(context.Context, *ruleset.Connection, platform.App) error { return errors.New("refused") }
	if _, err := operate.Rotate(ctx, target, c, operate.Rotation{ClientSecret: "slip"}, refuse); err == nil ||
		!strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("a slip: got %v", err)
	}
	if app, _ := target.App(ctx, c); app.ClientSecret != "old" {
		t.Error("a secret that was refused is stored")
	}
	var proved platform.App
	accept := func(_ context.Context, _ *ruleset.Connection, app platform.App) error { proved = app; return nil }
	if _, err := operate.Rotate(ctx, target, c, operate.Rotation{ClientSecret: "new"}, accept); err != nil {
		t.Fatal(err)
	}
	app, err := target.App(ctx, c)
	if err != nil || app.ClientSecret != "new" || app.WebhookSecret != "new" || proved.ClientSecret != "new" {
		t.Errorf("the client secret that also signs webhooks: stored as new is %v, as webhook secret %v; %v", app.ClientSecret == "new",
			app.WebhookSecret == "new", err)
	}
	raw, err := os.ReadFile(filepath.Join(strings.TrimPrefix(target.Flags(), "--data "), embedded.SecretsFile))
	if err != nil || strings.Contains(string(raw), "slip") {
		t.Errorf("the file: %v", err)
	}
	if err := credential.Put(ctx, target.Store(), "jobber", platform.Grant{AccessToken: "a", RefreshToken: "r",
		ExpiresAt: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if done, err := operate.Rotate(ctx, target, c, operate.Rotation{}, nil); err != nil || !strings.Contains(done.Did, "renewed") {
		t.Errorf("tokens alone: %q, %v", done.Did, err)
	}
}

func TestChangedMatchRulesAreActivatedWithTheirKeysRenewed(t *testing.T) {
	ctx := context.Background()
	target, rules := active(t)
	key := store.Key{Table: store.Versions, Partition: "customer#contacts:x", Sort: "entity"}
	put(t, target.Store(), key, resolve.Entity{Group: "customer", ID: "contacts:x", Type: "contacts", State: resolve.EntityLive,
		Born: record.Place{Connection: "hubspot", Object: "contacts"},
		Fields: map[record.HubField]resolve.Value{"phone": {Text: "+13125550100", From: "hubspot"}, "email": {Text: "a@x.example",
			From: "hubspot"}},
		Keys: map[string]string{"email": "old"}, Matching: rules.Active.Groups[0].Entities[0].Matching, ConfigVersion: 1})
	text, _ := example(t)
	text.Body = []byte(strings.Replace(string(text.Body), "- {rule: email, fields: [email]}", "- {rule: phone, fields: [phone]}", 1))
	if err := activation.SetCandidate(ctx, target.Store(), text); err != nil {
		t.Fatal(err)
	}
	rules, err := operate.LoadRules(ctx, target)
	if err != nil {
		t.Fatal(err)
	}
	done, err := operate.Activate(ctx, target, rules, "ann", time.Now)
	if err != nil || !strings.Contains(done.Did, "keys of 1 entities") || !strings.Contains(done.Did, "Configuration 2 is active") {
		t.Fatalf("got %+v, %v", done, err)
	}
	rows, err := target.Store().Get(ctx, []store.Key{key})
	if err != nil {
		t.Fatal(err)
	}
	var e resolve.Entity
	if err := json.Unmarshal(rows[key].Body, &e); err != nil || e.Keys["phone"] == "" || e.Keys["email"] != "" || e.ConfigVersion != 1 {
		t.Errorf("got keys %v, version %d, %v; want one by phone, and the earlier version still able to decide", e.Keys, e.ConfigVersion, err)
	}
}

package jobber_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform/jobber"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/google/go-cmp/cmp"
)

func signed(secret, body string) platform.Request {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	header := http.Header{}
	header.Set("X-Jobber-Hmac-SHA256", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return platform.Request{Method: http.MethodPost, Header: header, Body: []byte(body), Now: begin}
}

func event(topic, item, times string) string {
	return `{"data":{"webHookEvent":{"topic":"` + topic + `","appId":"app","accountId":"MQ==","itemId":"` + item + `",` + times + `}}}`
}

func TestReceiveOfTheReferenceVectors(t *testing.T) {
	var vectors []struct{ ClientSecret, Body, Expected string }
	if err := json.Unmarshal(platformtest.VendorFile(t, "jobber", "samples/signature-vectors.json"), &vectors); err != nil || len(vectors) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	for _, v := range vectors {
		request := platform.Request{Header: http.Header{"X-Jobber-Hmac-Sha256": {v.Expected}}, Body: []byte(v.Body)}
		hints, err := jobber.Receive(v.ClientSecret, request)
		if err != nil || len(hints) != 1 || hints[0].Object != "clients" || hints[0].ID != "MQ==" || hints[0].Account != "MQ==" {
			t.Errorf("hints %+v, %v", hints, err)
		}
	}
	for _, name := range []string{"samples/webhook.json", "samples/webhook-2022-spelling.json"} {
		hints, err := jobber.Receive("s", signed("s", string(platformtest.VendorFile(t, "jobber", name))))
		want := time.Date(2021, 8, 12, 22, 31, 36, 0, time.UTC)
		if err != nil || len(hints) != 1 || !hints[0].OccurredAt.Equal(want) {
			t.Errorf("%s: %+v, %v", name, hints, err)
		}
	}
}

func TestReceive(t *testing.T) {
	occurred := `"occurredAt":"2026-03-01T09:00:00-06:00"`
	at := begin
	tests := []struct {
		name, body string
		want       []platform.Hint
	}{
		{"a client changed", event("CLIENT_UPDATE", "QQ==", occurred), []platform.Hint{{Account: "MQ==", Object: "clients", ID: "QQ==", Kind: record.KindChanged, OccurredAt: at}}},
		{"a client made, in the old spelling", event("CLIENT_CREATE", "QQ==", `"occuredAt":"2026-03-01T15:00:00Z"`), []platform.Hint{{Account: "MQ==", Object: "clients", ID: "QQ==", Kind: record.KindChanged, OccurredAt: at}}},
		{"a client destroyed", event("CLIENT_DESTROY", "QQ==", occurred), []platform.Hint{{Account: "MQ==", Object: "clients", ID: "QQ==", Kind: record.KindDeleted, OccurredAt: at}}},
		{"a job closed", event("JOB_CLOSED", "Sg==", `"occurredAt":"soon"`), []platform.Hint{{Account: "MQ==", Object: "jobs", ID: "Sg==", Kind: record.KindChanged}}},
		{"a job destroyed", event("JOB_DESTROY", "Sg==", occurred), []platform.Hint{{Account: "MQ==", Object: "jobs", ID: "Sg==", Kind: record.KindDeleted, OccurredAt: at}}},
		{"a property changed", event("PROPERTY_UPDATE", "UA==", occurred), []platform.Hint{{Account: "MQ==", Object: "properties", ID: "UA==", Kind: record.KindChanged, OccurredAt: at}}},
		{"another object", event("QUOTE_SENT", "UQ==", occurred), nil},
		{"another event", event("JOB_TELEPORTED", "UQ==", occurred), nil},
		{"no item", event("CLIENT_UPDATE", "", occurred), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := jobber.Receive("secret", signed("secret", test.body))
			if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
				t.Errorf("%v -want +got:\n%s", err, diff)
			}
		})
	}
}

func TestReceiveRefuses(t *testing.T) {
	good := event("CLIENT_UPDATE", "QQ==", `"occurredAt":"2026-03-01T09:00:00-06:00"`)
	altered := signed("secret", good)
	altered.Body = []byte(strings.Replace(good, "QQ==", "Qg==", 1))
	unsigned := platform.Request{Header: http.Header{}, Body: []byte(good)}
	hexed := signed("secret", good)
	hexed.Header.Set("X-Jobber-Hmac-SHA256", "zz")
	for _, test := range []struct {
		name    string
		secret  string
		request platform.Request
		kind    fault.Kind
	}{
		{"an altered body", "secret", altered, fault.Unauthorized},
		{"another secret", "other", signed("secret", good), fault.Unauthorized},
		{"no secret", "", signed("", good), fault.Unauthorized},
		{"no signature", "secret", unsigned, fault.Unauthorized},
		{"a signature of another form", "secret", hexed, fault.Unauthorized},
		{"no JSON", "secret", signed("secret", "<"), fault.Rejected},
		{"no event", "secret", signed("secret", "{}"), fault.Rejected},
		{"a body beyond the limit", "secret", signed("secret", strings.Repeat(" ", 65<<10)), fault.Rejected},
	} {
		t.Run(test.name, func(t *testing.T) {
			hints, err := jobber.Receive(test.secret, test.request)
			wantKind(t, err, test.kind)
			if hints != nil {
				t.Errorf("hints %+v", hints)
			}
		})
	}
}

func TestReceiveOfTheSimulatorsDeliveries(t *testing.T) {
	h := newHarness(t)
	clients, jobs := h.people(1)
	h.edit("clients", clients[0], record.Fields{"properties[first].city": "Olds"})
	if err := h.sim.Delete("jobs", jobs[0]); err != nil {
		t.Fatal(err)
	}
	kinds := map[record.Object]map[record.Kind]int{}
	for _, d := range h.sim.Deliveries() {
		hints, err := jobber.Receive(h.sim.Access().WebhookSecret, platform.Request{Method: d.Method, URL: d.URL, Header: d.Header, Body: d.Body})
		if err != nil || len(hints) != 1 || hints[0].Account != h.sim.Access().Account || hints[0].OccurredAt.IsZero() {
			t.Fatalf("%s: %+v, %v", d.Body, hints, err)
		}
		if kinds[hints[0].Object] == nil {
			kinds[hints[0].Object] = map[record.Kind]int{}
		}
		kinds[hints[0].Object][hints[0].Kind]++
	}
	if kinds["jobs"][record.KindChanged] != 1 || kinds["jobs"][record.KindDeleted] != 1 || kinds["properties"][record.KindChanged] != 2 || kinds["clients"][record.KindChanged] == 0 {
		t.Errorf("hints %v", kinds)
	}
}

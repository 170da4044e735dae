package hubspot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/google/go-cmp/cmp"
)

const (
	secret = "client-secret"
	front  = "https://front.example/webhooks/hubspot?app=1%2C2"
	// frontDecoded is what the vendor signs of front.
	frontDecoded = "https://front.example/webhooks/hubspot?app=1,2"
)

var signedAt = time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC)

func signed(key, url, body string) platform.Request {
	stamp := strconv.FormatInt(signedAt.UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(http.MethodPost + url + body + stamp))
	header := http.Header{}
	header.Set(signatureHeader, base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	header.Set(timestampHeader, stamp)
	return platform.Request{Method: http.MethodPost, URL: url, Header: header, Body: []byte(body), Now: signedAt.Add(time.Minute)}
}

const events = `[
 {"subscriptionType":"contact.creation","portalId":62515,"objectId":1,"occurredAt":1564113600000,"eventId":1},
 {"eventType":"contact.propertyChange","portalId":"62515","objectId":"1","propertyName":"email","propertyValue":"x"},
 {"subscriptionType":"company.deletion","portalId":7,"objectId":2},
 {"subscriptionType":"contact.privacyDeletion","portalId":7,"objectId":3},
 {"subscriptionType":"deal.restore","portalId":7,"objectId":4},
 {"subscriptionType":"contact.merge","portalId":7,"objectId":10,"primaryObjectId":10,"mergedObjectIds":[11,12],"newObjectId":13},
 {"subscriptionType":"contact.merge","portalId":7,"objectId":20,"primaryObjectId":20,"mergedObjectIds":[21]},
 {"subscriptionType":"deal.associationChange","portalId":7,"associationType":"DEAL_TO_CONTACT","fromObjectId":30,"toObjectId":31,"occurredAt":1564113600000},
 {"subscriptionType":"contact.associationChange","portalId":7,"associationType":"CONTACT_TO_TICKET","fromObjectId":32,"toObjectId":33},
 {"subscriptionType":"ticket.creation","portalId":7,"objectId":40},
 {"subscriptionType":"contact.creation","objectId":41},
 {"subscriptionType":"contact.creation","portalId":7},
 {"subscriptionType":7,"portalId":7,"objectId":42}, 7, null, {}]`

func TestReceiveReadsEveryKindOfEvent(t *testing.T) {
	got, err := Receive(secret, signed(secret, frontDecoded, events))
	if err != nil {
		t.Fatal(err)
	}
	at := time.UnixMilli(1564113600000).UTC()
	want := []platform.Hint{
		{Account: "62515", Object: "contacts", ID: "1", Kind: record.KindChanged, OccurredAt: at},
		{Account: "62515", Object: "contacts", ID: "1", Kind: record.KindChanged},
		{Account: "7", Object: "companies", ID: "2", Kind: record.KindDeleted},
		{Account: "7", Object: "contacts", ID: "3", Kind: record.KindDeleted},
		{Account: "7", Object: "deals", ID: "4", Kind: record.KindChanged},
		{Account: "7", Object: "contacts", ID: "13", Kind: record.KindChanged},
		{Account: "7", Object: "contacts", ID: "11", Kind: record.KindMerged, Into: "13"},
		{Account: "7", Object: "contacts", ID: "12", Kind: record.KindMerged, Into: "13"},
		{Account: "7", Object: "contacts", ID: "10", Kind: record.KindMerged, Into: "13"},
		{Account: "7", Object: "contacts", ID: "20", Kind: record.KindChanged},
		{Account: "7", Object: "contacts", ID: "21", Kind: record.KindMerged, Into: "20"},
		{Account: "7", Object: "deals", ID: "30", Kind: record.KindChanged},
		{Account: "7", Object: "contacts", ID: "31", Kind: record.KindChanged},
		{Account: "7", Object: "contacts", ID: "32", Kind: record.KindChanged},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("hints (-want +got):\n%s", diff)
	}
}

func TestReceiveRefuses(t *testing.T) {
	change := func(edit func(*platform.Request)) platform.Request {
		r := signed(secret, frontDecoded, events)
		edit(&r)
		return r
	}
	cases := []struct {
		name    string
		secret  string
		request platform.Request
		kind    fault.Kind
	}{
		{"another secret", "other", change(func(*platform.Request) {}), fault.Unauthorized},
		{"no secret", "", signed("", frontDecoded, events), fault.Unauthorized},
		{"altered body", secret, change(func(r *platform.Request) { r.Body = []byte(strings.Replace(events, "1", "9", 1)) }), fault.Unauthorized},
		{"another address", secret, change(func(r *platform.Request) { r.URL = "https://other.example/" }), fault.Unauthorized},
		{"another method", secret, change(func(r *platform.Request) { r.Method = http.MethodPut }), fault.Unauthorized},
		{"too old", secret, change(func(r *platform.Request) { r.Now = signedAt.Add(replayWindow + time.Millisecond) }), fault.Unauthorized},
		{"too far ahead", secret, change(func(r *platform.Request) { r.Now = signedAt.Add(-replayWindow - time.Millisecond) }), fault.Unauthorized},
		{"old, with a new time", secret, change(func(r *platform.Request) {
			r.Header.Set(timestampHeader, strconv.FormatInt(signedAt.UnixMilli()+1, 10))
		}), fault.Unauthorized},
		{"time beyond all bounds", secret, change(func(r *platform.Request) { r.Header.Set(timestampHeader, "9223372036854775807") }), fault.Unauthorized},
		{"no time", secret, change(func(r *platform.Request) { r.Header.Del(timestampHeader) }), fault.Unauthorized},
		{"no signature", secret, change(func(r *platform.Request) { r.Header.Del(signatureHeader) }), fault.Unauthorized},
		{"signature not base64", secret, change(func(r *platform.Request) { r.Header.Set(signatureHeader, "not base64!") }), fault.Unauthorized},
		{"version 1 only", secret, change(func(r *platform.Request) {
			sum := sha256.Sum256([]byte(secret + events))
			r.Header.Del(signatureHeader)
			r.Header.Set("X-HubSpot-Signature", fmt.Sprintf("%x", sum))
			r.Header.Set("X-HubSpot-Signature-Version", "v1")
		}), fault.Unauthorized},
		{"truncated", secret, signed(secret, frontDecoded, events[:50]), fault.Rejected},
		{"not JSON", secret, signed(secret, frontDecoded, "hello"), fault.Rejected},
		{"empty", secret, signed(secret, frontDecoded, ""), fault.Rejected},
		{"null", secret, signed(secret, frontDecoded, "null"), fault.Rejected},
		{"an object", secret, signed(secret, frontDecoded, "{}"), fault.Rejected},
		{"too large", secret, signed(secret, frontDecoded, strings.Repeat(" ", bodyBytesMax+1)), fault.Rejected},
		{"too many events", secret, signed(secret, frontDecoded, "["+strings.Repeat("{},", eventsMax)+"{}]"), fault.Rejected},
		{"too many hints", secret, signed(secret, frontDecoded, `[{"subscriptionType":"contact.merge","portalId":1,"objectId":1,"mergedObjectIds":[`+strings.Repeat("2,", hintsMax)+`2]}]`), fault.Rejected},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			hints, err := Receive(tt.secret, tt.request)
			wantKind(t, err, tt.kind)
			if hints != nil {
				t.Errorf("hints %v beside an error", hints)
			}
		})
	}
}

func TestReceiveDecodesTheAddressAndAcceptsAReplayWithinItsWindow(t *testing.T) {
	r := signed(secret, frontDecoded, events)
	r.URL = front
	for _, now := range []time.Time{signedAt, signedAt.Add(replayWindow), signedAt.Add(-replayWindow)} {
		r.Now = now
		if _, err := Receive(secret, r); err != nil {
			t.Errorf("at %v: %v", now.Sub(signedAt), err)
		}
	}
	if got := decoded.Replace("%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B%20%3a"); got != ":/?@!$'()*,;%20:" {
		t.Errorf("decoded %s", got)
	}
}

func TestReceiveAcceptsSimulatedDeliveries(t *testing.T) {
	p := newPortal(t)
	ids := p.contacts(2)
	p.deal(ids[0])
	if err := p.sim.Merge("contacts", ids[0], ids[1]); err != nil {
		t.Fatal(err)
	}
	if err := p.sim.Delete("contacts", ids[0]); err != nil {
		t.Fatal(err)
	}
	kinds := map[record.Kind]int{}
	for _, d := range p.sim.Deliveries() {
		hints, err := Receive(p.sim.Access().WebhookSecret, platform.Request{Method: d.Method, URL: d.URL, Header: d.Header, Body: d.Body, Now: p.clock.Now()})
		if err != nil || len(hints) == 0 {
			t.Fatalf("%s: %v, %v", d.Body, hints, err)
		}
		for _, h := range hints {
			if kinds[h.Kind]++; h.Account != p.sim.Access().Account || (h.Kind == record.KindMerged && (h.ID != ids[1] || h.Into != ids[0])) {
				t.Errorf("hint %+v", h)
			}
		}
	}
	if kinds[record.KindMerged] != 1 || kinds[record.KindDeleted] != 1 || kinds[record.KindChanged] < 5 {
		t.Errorf("kinds %v", kinds)
	}
}

func TestVerifyAcceptsTheVendorsVectors(t *testing.T) {
	var vectors []struct{ Version, Secret, Method, URL, Body, Timestamp, Header, Expected string }
	if err := json.Unmarshal(platformtest.VendorFile(t, "hubspot", "samples/signature-vectors.json"), &vectors); err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for i, v := range vectors {
		header := http.Header{}
		header.Set(v.Header, v.Expected)
		header.Set(timestampHeader, v.Timestamp)
		ms, _ := strconv.ParseInt(v.Timestamp, 10, 64)
		request := platform.Request{Method: v.Method, URL: v.URL, Header: header, Body: []byte(v.Body), Now: time.UnixMilli(ms)}
		err := verify(v.Secret, request)
		if (err == nil) != (v.Version == "v3") {
			t.Errorf("vector %d, %s: %v", i+1, v.Version, err)
		}
		if err == nil {
			accepted++
		}
		request.Body = append(request.Body, ' ')
		if verify(v.Secret, request) == nil {
			t.Errorf("vector %d: accepted an altered body", i+1)
		}
	}
	if accepted == 0 {
		t.Error("no vector of version 3")
	}
}

func TestReceiveReadsTheSampleBatch(t *testing.T) {
	hints, err := Receive(secret, signed(secret, frontDecoded, string(platformtest.VendorFile(t, "hubspot", "samples/webhook-batch.json"))))
	if err != nil || len(hints) != 8 {
		t.Fatalf("%d hints, want 8; %v", len(hints), err)
	}
}

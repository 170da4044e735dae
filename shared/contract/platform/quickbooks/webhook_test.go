package quickbooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/google/go-cmp/cmp"
)

const verifier = "verifier-token"

func signed(secret, body string) platform.Request {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	header := http.Header{}
	header.Set(signatureHeader, base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return platform.Request{Method: http.MethodPost, Header: header, Body: []byte(body)}
}

const cloudBody = `[
 {"specversion":"1.0","id":"e1","source":"intuit.x","type":"qbo.customer.created.v1","time":"2026-03-02T17:00:00.034359333Z","intuitentityid":"11","intuitaccountid":"A","data":{}},
 {"type":"qbo.customer.deleted.v1","time":"2026-03-02T17:00:00Z","intuitentityid":"12","intuitaccountid":"B"},
 {"type":"qbo.customer.merged.v1","time":"2026-03-02T17:00:00Z","intuitentityid":"13","intuitaccountid":"A","data":{"deletedId":"14"}},
 {"type":"qbo.customer.merged.v1","time":"x","intuitentityid":"15","intuitaccountid":"A","data":"odd"},
 {"type":"qbo.invoice.voided.v1","intuitentityid":"16","intuitaccountid":"A","data":null},
 {"type":"qbo.class.created.v1","intuitentityid":"17","intuitaccountid":"A"},
 {"type":"qbo.customer","intuitentityid":"18","intuitaccountid":"A"},
 {"type":"qbo.customer.updated.v1","intuitaccountid":"A"}]`

const legacyText = `{"eventNotifications":[{"realmId":"A","dataChangeEvent":{"entities":[
 {"name":"Customer","id":"1","operation":"Create","lastUpdated":"2015-10-05T14:42:19-0700"},
 {"name":"Vendor","id":"2","operation":"Update","lastUpdated":"2015-10-05T14:42:19-0700"},
 {"name":"Customer","id":"3","operation":"Merge","lastUpdated":"2016-10-05T03:09:04.000Z","deletedId":"4"},
 {"name":"Invoice","id":"5","operation":"Delete","lastUpdated":""}]}},
 {"realmId":"B","dataChangeEvent":{"entities":[{"name":"Invoice","id":"6","operation":"Emailed"}]}}]}`

func TestReceiveReadsBothFormats(t *testing.T) {
	at := time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC)
	got, err := Receive(verifier, signed(verifier, cloudBody))
	if err != nil {
		t.Fatal(err)
	}
	want := []platform.Hint{
		{Account: "A", Object: "customers", ID: "11", Kind: record.KindChanged, OccurredAt: at.Add(34359333)},
		{Account: "B", Object: "customers", ID: "12", Kind: record.KindDeleted, OccurredAt: at},
		{Account: "A", Object: "customers", ID: "14", Kind: record.KindMerged, Into: "13", OccurredAt: at},
		{Account: "A", Object: "customers", ID: "13", Kind: record.KindChanged, OccurredAt: at},
		{Account: "A", Object: "customers", ID: "15", Kind: record.KindChanged},
		{Account: "A", Object: "invoices", ID: "16", Kind: record.KindChanged},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("CloudEvents (-want +got):\n%s", diff)
	}
	got, err = Receive(verifier, signed(verifier, legacyText))
	if err != nil {
		t.Fatal(err)
	}
	merged := time.Date(2016, 10, 5, 3, 9, 4, 0, time.UTC)
	want = []platform.Hint{
		{Account: "A", Object: "customers", ID: "1", Kind: record.KindChanged, OccurredAt: time.Date(2015, 10, 5, 21, 42, 19, 0, time.UTC)},
		{Account: "A", Object: "customers", ID: "4", Kind: record.KindMerged, Into: "3", OccurredAt: merged},
		{Account: "A", Object: "customers", ID: "3", Kind: record.KindChanged, OccurredAt: merged},
		{Account: "A", Object: "invoices", ID: "5", Kind: record.KindDeleted},
		{Account: "B", Object: "invoices", ID: "6", Kind: record.KindChanged},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("older format (-want +got):\n%s", diff)
	}
}

func TestReceiveRefuses(t *testing.T) {
	good := signed(verifier, cloudBody)
	altered := good
	altered.Body = []byte(strings.Replace(cloudBody, `"11"`, `"99"`, 1))
	bare := good
	bare.Header = http.Header{}
	odd := good
	odd.Header = http.Header{"Intuit-Signature": {"not base64!"}}
	cases := []struct {
		name    string
		secret  string
		request platform.Request
		kind    fault.Kind
	}{
		{"another secret", "other", good, fault.Unauthorized},
		{"no secret", "", signed("", cloudBody), fault.Unauthorized},
		{"altered body", verifier, altered, fault.Unauthorized},
		{"no signature", verifier, bare, fault.Unauthorized},
		{"signature not base64", verifier, odd, fault.Unauthorized},
		{"truncated", verifier, signed(verifier, cloudBody[:50]), fault.Rejected},
		{"not JSON", verifier, signed(verifier, "hello"), fault.Rejected},
		{"empty", verifier, signed(verifier, ""), fault.Rejected},
		{"array of numbers", verifier, signed(verifier, "[1]"), fault.Rejected},
		{"too large", verifier, signed(verifier, strings.Repeat(" ", bodyBytesMax+1)), fault.Rejected},
		{"too many", verifier, signed(verifier, "["+strings.TrimSuffix(strings.Repeat(`{"type":"qbo.invoice.x.v1","intuitentityid":"1","intuitaccountid":"A"},`, eventsMax+1), ",")+"]"), fault.Rejected},
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

func TestReceiveAcceptsASimulatedDelivery(t *testing.T) {
	for _, legacy := range []bool{false, true} {
		c := newCompany(t, nil)
		if legacy {
			c.sim.UseLegacyWebhooks()
		}
		ids := c.customers(2)
		if err := c.sim.Merge("customers", ids[0], ids[1]); err != nil {
			t.Fatal(err)
		}
		c.clock.Advance(time.Minute)
		deliveries := c.sim.Deliveries()
		if len(deliveries) != 1 {
			t.Fatalf("%d deliveries", len(deliveries))
		}
		d := deliveries[0]
		hints, err := Receive(c.sim.Access().WebhookSecret, platform.Request{Method: d.Method, URL: d.URL, Header: d.Header, Body: d.Body})
		if err != nil || len(hints) != 4 {
			t.Fatalf("hints %+v, %v", hints, err)
		}
		if h := hints[2]; h.Kind != record.KindMerged || h.ID != ids[1] || h.Into != ids[0] || h.Account != c.sim.Access().Account {
			t.Errorf("merge told as %+v", h)
		}
		if _, err := Receive(c.sim.Access().ClientSecret, platform.Request{Header: d.Header, Body: d.Body}); err == nil {
			t.Error("the client secret verifies too")
		}
	}
}

func TestReceiveAcceptsTheVendorsVectors(t *testing.T) {
	raw := platformtest.VendorFile(t, "quickbooks", "samples/signature-vectors.json")
	var vectors []struct{ VerifierToken, Body, Header, Expected string }
	if err := json.Unmarshal(raw, &vectors); err != nil || len(vectors) == 0 {
		t.Fatalf("%d vectors, %v", len(vectors), err)
	}
	for i, v := range vectors {
		t.Run(fmt.Sprintf("vector %d", i+1), func(t *testing.T) {
			header := http.Header{}
			header.Set(v.Header, v.Expected)
			if _, err := Receive(v.VerifierToken, platform.Request{Header: header, Body: []byte(v.Body)}); err != nil {
				t.Errorf("refused: %v", err)
			}
			_, err := Receive(v.VerifierToken, platform.Request{Header: header, Body: []byte(v.Body + " ")})
			wantKind(t, err, fault.Unauthorized)
		})
	}
}

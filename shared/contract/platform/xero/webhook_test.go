package xero

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
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/google/go-cmp/cmp"
)

const signingKey = "ABC123+/signing+key=="

func signed(key, body string) platform.Request {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	header := http.Header{}
	header.Set(signatureHeader, base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return platform.Request{Method: http.MethodPost, Header: header, Body: []byte(body)}
}

const eventBody = `{"events":[
 {"resourceUrl":"https://api.xero.com/api.xro/2.0/Contacts/717F2BFC-c6d4-41fd-b238-3f2f0c0cf777","resourceId":"717F2BFC-c6d4-41fd-b238-3f2f0c0cf777","eventDateUtc":"2024-06-21T01:15:39.902","eventType":"UPDATE","eventCategory":"CONTACT","tenantId":"t1","tenantType":"ORGANISATION"},
 {"resourceId":"717f2bfc-c6d4-41fd-b238-3f2f0c0cf778","eventDateUtc":"soon","eventType":"CREATE","eventCategory":"INVOICE","tenantId":"t2"},
 {"resourceId":"717f2bfc-c6d4-41fd-b238-3f2f0c0cf779","eventType":"UPDATE","eventCategory":"CREDITNOTE","tenantId":"t1"},
 {"resourceId":"717f2bfc-c6d4-41fd-b238-3f2f0c0cf779","eventType":"UPDATE","eventCategory":"SUBSCRIPTION","tenantId":"t1","tenantType":"APPLICATION"},
 {"resourceId":"../../etc","eventType":"UPDATE","eventCategory":"CONTACT","tenantId":"t1"},
 {"resourceId":"717f2bfc-c6d4-41fd-b238-3f2f0c0cf77a","eventCategory":"CONTACT"},
 {"resourceId":7,"eventCategory":"CONTACT","tenantId":"t1"}, null, 7, "x", []],
 "firstEventSequence":1,"lastEventSequence":11,"entropy":"S0m3r4Nd0mt3xt"}`

func TestReceiveReadsEventsOfSeveralOrganisations(t *testing.T) {
	got, err := Receive(signingKey, signed(signingKey, eventBody))
	if err != nil {
		t.Fatal(err)
	}
	want := []platform.Hint{
		{Account: "t1", Object: "contacts", ID: "717f2bfc-c6d4-41fd-b238-3f2f0c0cf777", Kind: record.KindChanged, OccurredAt: time.Date(2024, 6, 21, 1, 15, 39, 902_000_000, time.UTC)},
		{Account: "t2", Object: "invoices", ID: "717f2bfc-c6d4-41fd-b238-3f2f0c0cf778", Kind: record.KindChanged},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReceiveRefuses(t *testing.T) {
	long := strings.Repeat(" ", bodyBytesMax)
	many := `{"events":[` + strings.Repeat(`{},`, eventsMax) + `{}]}`
	for name, c := range map[string]struct {
		secret string
		r      platform.Request
		want   fault.Kind
	}{
		"another key":          {signingKey, signed("other", eventBody), fault.Unauthorized},
		"no key of ours":       {"", signed("", eventBody), fault.Unauthorized},
		"no signature":         {signingKey, platform.Request{Header: http.Header{}, Body: []byte(eventBody)}, fault.Unauthorized},
		"another body":         {signingKey, platform.Request{Header: signed(signingKey, eventBody).Header, Body: []byte(eventBody + " ")}, fault.Unauthorized},
		"no JSON":              {signingKey, signed(signingKey, "<xml/>"), fault.Rejected},
		"another form":         {signingKey, signed(signingKey, `[]`), fault.Rejected},
		"events that are none": {signingKey, signed(signingKey, `{"events":7}`), fault.Rejected},
		"too long":             {signingKey, signed(signingKey, eventBody+long), fault.Rejected},
		"too many events":      {signingKey, signed(signingKey, many), fault.Rejected},
	} {
		hints, err := Receive(c.secret, c.r)
		if err == nil || fault.KindOf(err) != c.want || hints != nil {
			t.Errorf("%s: %v, %v, want %v", name, hints, err, c.want)
		}
	}
}

func TestReceiveAcceptsTheVendorsVectors(t *testing.T) {
	text := platformtest.VendorFile(t, "xero", "samples/signature-vectors.json")
	var vectors []struct {
		Kind, SigningKey, Body, Header, Expected, Value string
		Respond                                         int
	}
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors) == 0 {
		t.Fatal(err)
	}
	for _, v := range vectors {
		header := http.Header{}
		header.Set(v.Header, v.Expected+v.Value)
		_, err := Receive(v.SigningKey, platform.Request{Method: http.MethodPost, Header: header, Body: []byte(v.Body)})
		if v.Respond == 200 && err != nil || v.Respond == 401 && !fault.Is(err, fault.Unauthorized) {
			t.Errorf("%s: %v, want to answer %d", v.Kind, err, v.Respond)
		}
	}
}

func TestReceiveAcceptsSimulatedDeliveries(t *testing.T) {
	b := newBooks(t)
	id := b.create("contacts", record.Fields{"Name": "Ada"})
	b.create("invoices", record.Fields{"Contact.ContactID": string(id), "LineItems[0].Description": "x"})
	other := b.sim.AddTenant("Other")
	if _, err := b.sim.CreateIn(other, "contacts", record.Fields{"Name": "Eve"}); err != nil {
		t.Fatal(err)
	}
	b.clock.Advance(time.Minute)
	accounts := map[string]int{}
	for _, d := range b.sim.Deliveries() {
		hints, err := Receive(b.sim.Access().WebhookSecret, platform.Request{Method: d.Method, Header: d.Header, Body: d.Body})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hints {
			accounts[h.Account]++
			if h.OccurredAt.IsZero() || h.ID == "" {
				t.Errorf("hint %+v", h)
			}
		}
	}
	if accounts[b.sim.Access().Account] != 2 || accounts[other] != 1 {
		t.Errorf("hints by organisation %v", accounts)
	}
}

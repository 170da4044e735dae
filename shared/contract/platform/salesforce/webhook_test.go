package salesforce

import (
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

const (
	secret = "relay-secret"
	orgID  = "00D5f0000012abcEAA"
)

var committed = time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC)

// relayed is a request as the event bus's API destination sends it.
func relayed(secret, body string) platform.Request {
	header := http.Header{}
	header.Set(secretHeader, secret)
	return platform.Request{Method: http.MethodPost, Header: header, Body: []byte(body), Now: committed.Add(time.Minute)}
}

func payload(entity, change, ids string) string {
	return fmt.Sprintf(`{"ChangeEventHeader":{"entityName":%q,"recordIds":[%s],"changeType":%q,"commitTimestamp":%d,"changeOrigin":"x"},"Name":"x"}`, entity, ids, change, committed.UnixMilli())
}

func envelope(payload string) string {
	return `{"version":"0","id":"e1","detail-type":"ContactChangeEvent","source":"aws.partner/salesforce.com/` + orgID + `/0YL5f0000000001CAA","account":"123456789012",` +
		`"time":"2026-03-02T17:00:01Z","region":"us-east-1","resources":[],"detail":{"payload":` + payload + `,"schemaId":"x","replayId":7}}`
}

func TestReceiveReadsRelayedEvents(t *testing.T) {
	const one, two = `"003ak00000luKU1AAM"`, `"003ak00000luKU2"`
	hint := func(id record.ExternalID, kind record.Kind) platform.Hint {
		return platform.Hint{Account: orgID, Object: "Contact", ID: id, Kind: kind, OccurredAt: committed}
	}
	bare := hint(oneID, record.KindChanged)
	bare.Account = ""
	for _, tt := range []struct {
		name, body string
		want       []platform.Hint
	}{
		{"created", envelope(payload("Contact", "CREATE", one)), []platform.Hint{hint(oneID, record.KindChanged)}},
		{"updated, many at once", envelope(payload("Contact", "UPDATE", one+","+two)), []platform.Hint{hint(oneID, record.KindChanged), hint("003ak00000luKU2AAM", record.KindChanged)}},
		{"deleted", envelope(payload("Contact", "DELETE", one)), []platform.Hint{hint(oneID, record.KindDeleted)}},
		{"undeleted", envelope(payload("Contact", "UNDELETE", one)), []platform.Hint{hint(oneID, record.KindChanged)}},
		{"gap", envelope(payload("Contact", "GAP_UPDATE", one)), []platform.Hint{hint(oneID, record.KindChanged)}},
		{"gap of a deletion", envelope(payload("Contact", "GAP_DELETE", one)), []platform.Hint{hint(oneID, record.KindDeleted)}},
		{"overflow", envelope(payload("Contact", "GAP_OVERFLOW", "")), nil},
		{"wildcard and nonsense", envelope(payload("Contact", "UPDATE", `"003*","","x' OR '1"`)), nil},
		{"another object", envelope(payload("Campaign", "UPDATE", one)), nil},
		{"payload alone", payload("Contact", "UPDATE", one), []platform.Hint{bare}},
		{"payload as detail", strings.Replace(envelope(payload("Contact", "UPDATE", one)), `{"payload":`, `{"x":0,"y":`, 1), nil},
		{"another source", strings.Replace(envelope(payload("Contact", "UPDATE", one)), "aws.partner/salesforce.com", "elsewhere", 1), []platform.Hint{bare}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Receive(secret, relayed(secret, tt.body))
			if tt.name == "payload as detail" {
				wantKind(t, err, fault.Rejected) // nothing there is a payload
				return
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
	detail := `{"source":"aws.partner/salesforce.com/` + orgID[:15] + `/x","detail":` + payload("Contact", "UPDATE", one) + `}`
	got, err := Receive(secret, relayed(secret, detail))
	if diff := cmp.Diff([]platform.Hint{hint(oneID, record.KindChanged)}, got); diff != "" || err != nil {
		t.Errorf("the payload itself as detail, org in 15 characters: %v %s", err, diff)
	}
}

// TestForgedEventsAreRefused is the table of what must not come in; none may be accepted.
func TestForgedEventsAreRefused(t *testing.T) {
	body := envelope(payload("Contact", "UPDATE", `"003ak00000luKU1AAM"`))
	good := relayed(secret, body)
	with := func(change func(*platform.Request)) platform.Request {
		r := relayed(secret, body)
		change(&r)
		return r
	}
	cases := []struct {
		name    string
		secret  string
		request platform.Request
		kind    fault.Kind
	}{
		{"forged: another secret", secret, relayed("other", body), fault.Unauthorized},
		{"forged: our secret is another", "other", good, fault.Unauthorized},
		{"forged: no secret sent", secret, with(func(r *platform.Request) { r.Header = http.Header{} }), fault.Unauthorized},
		{"forged: no header at all", secret, with(func(r *platform.Request) { r.Header = nil }), fault.Unauthorized},
		{"forged: blank secret sent", secret, relayed("", body), fault.Unauthorized},
		{"forged: we have none", "", relayed("", body), fault.Unauthorized},
		{"forged: in another header", secret, with(func(r *platform.Request) { r.Header = http.Header{"Authorization": {secret}} }), fault.Unauthorized},
		{"forged: secrets tried together", secret, with(func(r *platform.Request) { r.Header[http.CanonicalHeaderKey(secretHeader)] = []string{secret, "a"} }), fault.Unauthorized},
		{"altered: the secret's case", secret, relayed(strings.ToUpper(secret), body), fault.Unauthorized},
		{"altered: a byte more", secret, relayed(secret+" ", body), fault.Unauthorized},
		{"altered: a byte less", secret, relayed(secret[:len(secret)-1], body), fault.Unauthorized},
		{"altered: the header's name in the body", secret, relayed(secret, strings.Replace(body, "ChangeEventHeader", "ChangeEventheadeR_", 1)), fault.Rejected},
		{"altered: truncated", secret, relayed(secret, body[:len(body)/2]), fault.Rejected},
		{"altered: more behind it", secret, relayed(secret, body+body), fault.Rejected},
		{"altered: no change type", secret, relayed(secret, strings.Replace(body, `"changeType":"UPDATE"`, `"changeType":""`, 1)), fault.Rejected},
		{"altered: no commit time", secret, relayed(secret, strings.Replace(body, `"commitTimestamp"`, `"x"`, 1)), fault.Unauthorized},
		{"altered: commit time in words", secret, relayed(secret, strings.Replace(body, fmt.Sprint(committed.UnixMilli()), `"now"`, 1)), fault.Rejected},
		{"altered: commit time beyond all", secret, relayed(secret, strings.Replace(body, fmt.Sprint(committed.UnixMilli()), "9223372036854775807", 1)), fault.Unauthorized},
		{"altered: commit time negative", secret, relayed(secret, strings.Replace(body, fmt.Sprint(committed.UnixMilli()), "-1", 1)), fault.Unauthorized},
		{"altered: record ids of a wrong type", secret, relayed(secret, strings.Replace(body, `"003ak00000luKU1AAM"`, "7", 1)), fault.Rejected},
		{"replayed: a day too late", secret, with(func(r *platform.Request) { r.Now = committed.Add(ageMax + time.Second) }), fault.Unauthorized},
		{"replayed: a year later", secret, with(func(r *platform.Request) { r.Now = committed.AddDate(1, 0, 0) }), fault.Unauthorized},
		{"replayed: before it happened", secret, with(func(r *platform.Request) { r.Now = committed.Add(-aheadMax - time.Second) }), fault.Unauthorized},
		{"oversized: body", secret, relayed(secret, strings.Repeat(" ", bodyBytesMax+1)), fault.Rejected},
		{"oversized: body with a good event", secret, relayed(secret, body+strings.Repeat(" ", bodyBytesMax)), fault.Rejected},
		{"oversized: records", secret, relayed(secret, envelope(payload("Contact", "UPDATE", strings.TrimSuffix(strings.Repeat(`"x",`, hintsMax+1), ",")))), fault.Rejected},
		{"malformed: empty", secret, relayed(secret, ""), fault.Rejected},
		{"malformed: null", secret, relayed(secret, "null"), fault.Rejected},
		{"malformed: list", secret, relayed(secret, "["+body+"]"), fault.Rejected},
		{"malformed: text", secret, relayed(secret, "hello"), fault.Rejected},
		{"malformed: page", secret, relayed(secret, "<html>"), fault.Rejected},
		{"malformed: nested", secret, relayed(secret, strings.Repeat(`{"detail":`, 50_000)), fault.Rejected},
	}
	accepted := 0
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			hints, err := Receive(tt.secret, tt.request)
			wantKind(t, err, tt.kind)
			if err == nil {
				accepted++
			}
			if hints != nil {
				t.Errorf("hints %v beside an error", hints)
			}
			if strings.Contains(fmt.Sprint(err), secret) {
				t.Error("tells the secret")
			}
		})
	}
	t.Logf("%d of %d forged, altered, replayed, oversized and malformed requests accepted", accepted, len(cases))
	if accepted > 0 {
		t.Errorf("%d accepted", accepted)
	}
	// Within its window a replay is accepted, and is one more hint at the same record.
	for _, late := range []time.Duration{0, ageMax, -aheadMax} {
		if hints, err := Receive(secret, with(func(r *platform.Request) { r.Now = committed.Add(late) })); err != nil || len(hints) != 1 {
			t.Errorf("%v after: %v, %v", late, hints, err)
		}
	}
}

func TestReceiveAcceptsSimulatedDeliveries(t *testing.T) {
	o := newOrg(t)
	ids := o.contacts(3)
	o.edit("Contact", ids[0], record.Fields{"Title": "Dr"})
	if err := o.sim.Merge("Contact", ids[0], ids[1]); err != nil {
		t.Fatal(err)
	}
	o.applied(deleteIntent("Contact", ids[0]), deleteIntent("Contact", ids[2]))
	o.clock.Advance(time.Second)
	kinds := map[record.Kind]int{}
	for _, d := range o.sim.Deliveries() {
		hints, err := Receive(o.sim.Access().WebhookSecret, platform.Request{Method: d.Method, URL: d.URL, Header: d.Header, Body: d.Body, Now: o.clock.Now()})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hints {
			if kinds[h.Kind]++; h.Account != o.sim.Access().Account || h.Object != "Contact" || h.OccurredAt.IsZero() {
				t.Errorf("hint %+v", h)
			}
		}
	}
	if diff := cmp.Diff(map[record.Kind]int{record.KindChanged: 5, record.KindDeleted: 3}, kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

func TestReceiveReadsRecordedEvents(t *testing.T) {
	for name, want := range map[string]platform.Hint{
		"amp__subscription__new_account.json":                     {Object: "Account", ID: "0015f00002J9YYEAA3", Kind: record.KindChanged},
		"amp__subscription__update_contact.json":                  {Object: "Contact", ID: "003ak00000IiFInAAN", Kind: record.KindChanged},
		"amp__subscription__update_contact_compound_address.json": {Object: "Contact", ID: "003bm000016htgPAAQ", Kind: record.KindChanged},
	} {
		raw := platformtest.VendorFile(t, "salesforce", "samples/"+name)
		var body struct {
			ChangeEventHeader struct {
				CommitTimestamp int64 `json:"commitTimestamp"`
			}
		}
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Fatal(err)
		}
		want.OccurredAt = time.UnixMilli(body.ChangeEventHeader.CommitTimestamp).UTC()
		r := relayed(secret, string(raw))
		r.Now = want.OccurredAt.Add(time.Hour)
		got, err := Receive(secret, r)
		if diff := cmp.Diff([]platform.Hint{want}, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

package pipedrive

import (
	"encoding/base64"
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

const secret = "hook-password"

var happened = time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC)

// sent is a request as the platform sends it.
func sent(user, password, body string) platform.Request {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(user, password)
	return platform.Request{Method: http.MethodPost, Header: r.Header, Body: []byte(body), Now: happened.Add(time.Minute)}
}

func event(action, entity, id, more string) string {
	return fmt.Sprintf(`{"meta":{"action":%q,"entity":%q,"entity_id":%s,"company_id":"1234567","timestamp":"2026-03-02T17:00:00.000Z","version":"2.0","user_id":"1","attempt":1%s},"data":{"id":1,"name":"x"},"previous":null}`, action, entity, id, more)
}

func TestReceiveReadsEvents(t *testing.T) {
	hint := func(object record.Object, id record.ExternalID, kind record.Kind, into record.ExternalID) platform.Hint {
		return platform.Hint{Account: "1234567", Object: object, ID: id, Kind: kind, Into: into, OccurredAt: happened}
	}
	for _, tt := range []struct {
		name, body string
		want       []platform.Hint
	}{
		{"created", event("create", "person", `"42"`, ""), []platform.Hint{hint("persons", "42", record.KindChanged, "")}},
		{"changed", event("change", "organization", `"42"`, ""), []platform.Hint{hint("organizations", "42", record.KindChanged, "")}},
		{"deleted", event("delete", "deal", `"42"`, ""), []platform.Hint{hint("deals", "42", record.KindDeleted, "")}},
		{"ids as numbers", strings.Replace(event("change", "person", `42`, ""), `"1234567"`, "1234567", 1), []platform.Hint{hint("persons", "42", record.KindChanged, "")}},
		{"seconds", strings.Replace(event("change", "person", `42`, ""), `"2026-03-02T17:00:00.000Z"`, fmt.Sprint(happened.Unix()), 1), []platform.Hint{hint("persons", "42", record.KindChanged, "")}},
		{"seconds as text", strings.Replace(event("change", "person", `42`, ""), `2026-03-02T17:00:00.000Z`, fmt.Sprint(happened.Unix()), 1), []platform.Hint{hint("persons", "42", record.KindChanged, "")}},
		{"a merge's loser", event("delete", "person", `"43"`, `,"merged_to_id":"42"`), []platform.Hint{hint("persons", "43", record.KindMerged, "42")}},
		{"a merge's winner", event("change", "person", `"42"`, `,"merged_from_id":"43"`), []platform.Hint{hint("persons", "42", record.KindChanged, ""), hint("persons", "43", record.KindMerged, "42")}},
		{"merged into itself", event("delete", "person", `"43"`, `,"merged_to_id":"43"`), []platform.Hint{hint("persons", "43", record.KindDeleted, "")}},
		{"another object", event("change", "activity", `"42"`, ""), nil},
		{"another action", event("seen", "person", `"42"`, ""), nil},
		{"a space in the object", event("change", " person", `"42"`, ""), nil},
		{"no id", event("change", "person", `""`, ""), nil},
		{"an odd id", event("change", "person", `"42 OR 1"`, ""), nil},
		{"an id of a wrong type", event("change", "person", `{"a":1}`, ""), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Receive(secret, sent(hookUser, secret, tt.body))
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
	for _, stamp := range []string{`"lately"`, `{"a":1}`, `-1`, `99999999999999999999`, `null`, `1.5`} {
		got, err := Receive(secret, sent(hookUser, secret, strings.Replace(event("change", "person", "42", ""), `"2026-03-02T17:00:00.000Z"`, stamp, 1)))
		if err != nil || len(got) != 1 || !got[0].OccurredAt.IsZero() {
			t.Errorf("a time that cannot be read, %s: %v, %v", stamp, got, err)
		}
	}
}

// TestForgedEventsAreRefused is the table of what must not come in; none may be accepted.
func TestForgedEventsAreRefused(t *testing.T) {
	body := event("change", "person", `"42"`, "")
	with := func(change func(*platform.Request)) platform.Request {
		r := sent(hookUser, secret, body)
		change(&r)
		return r
	}
	header := func(values ...string) platform.Request {
		return with(func(r *platform.Request) { r.Header = http.Header{"Authorization": values} })
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(hookUser + ":" + secret))
	cases := []struct {
		name    string
		secret  string
		request platform.Request
		kind    fault.Kind
	}{
		{"forged: another password", secret, sent(hookUser, "other", body), fault.Unauthorized},
		{"forged: another user", secret, sent("admin", secret, body), fault.Unauthorized},
		{"forged: no user", secret, sent("", secret, body), fault.Unauthorized},
		{"forged: user and password swapped", secret, sent(secret, hookUser, body), fault.Unauthorized},
		{"forged: our secret is another", "other", sent(hookUser, secret, body), fault.Unauthorized},
		{"forged: nothing sent", secret, header(), fault.Unauthorized},
		{"forged: no header at all", secret, with(func(r *platform.Request) { r.Header = nil }), fault.Unauthorized},
		{"forged: blank password", secret, sent(hookUser, "", body), fault.Unauthorized},
		{"forged: we have no secret", "", sent(hookUser, "", body), fault.Unauthorized},
		{"forged: as a bearer", secret, header("Bearer " + secret), fault.Unauthorized},
		{"forged: without its scheme", secret, header(encoded), fault.Unauthorized},
		{"forged: not in base64", secret, header("Basic " + hookUser + ":" + secret), fault.Unauthorized},
		{"forged: no colon", secret, header("Basic " + base64.StdEncoding.EncodeToString([]byte(hookUser+secret))), fault.Unauthorized},
		{"forged: two headers", secret, header("Basic "+encoded, "Basic x"), fault.Unauthorized},
		{"forged: in another header", secret, with(func(r *platform.Request) { r.Header = http.Header{"X-Authorization": {"Basic " + encoded}} }), fault.Unauthorized},
		{"forged: a separator moved", secret, sent(hookUser+"\x00", secret[1:], body), fault.Unauthorized},
		{"altered: the password's case", secret, sent(hookUser, strings.ToUpper(secret), body), fault.Unauthorized},
		{"altered: a byte more", secret, sent(hookUser, secret+" ", body), fault.Unauthorized},
		{"altered: a byte less", secret, sent(hookUser, secret[:len(secret)-1], body), fault.Unauthorized},
		{"altered: truncated", secret, sent(hookUser, secret, body[:len(body)/2]), fault.Rejected},
		{"altered: more behind it", secret, sent(hookUser, secret, body+body), fault.Rejected},
		{"altered: no action", secret, sent(hookUser, secret, strings.Replace(body, `"action":"change"`, `"action":""`, 1)), fault.Rejected},
		{"altered: no account", secret, sent(hookUser, secret, strings.Replace(body, `"company_id":"1234567",`, "", 1)), fault.Rejected},
		{"altered: a name in another case", secret, sent(hookUser, secret, strings.Replace(body, `"meta"`, `"mata"`, 1)), fault.Rejected},
		{"altered: version 1", secret, sent(hookUser, secret, `{"v":1,"meta":{"v":1,"action":"updated","object":"person","id":42,"company_id":1234567,"timestamp":1523440213},"current":{},"previous":{},"event":"updated.person"}`), fault.Rejected},
		{"replayed: a day too late", secret, with(func(r *platform.Request) { r.Now = happened.Add(ageMax + time.Second) }), fault.Unauthorized},
		{"replayed: a year later", secret, with(func(r *platform.Request) { r.Now = happened.AddDate(1, 0, 0) }), fault.Unauthorized},
		{"replayed: before it happened", secret, with(func(r *platform.Request) { r.Now = happened.Add(-aheadMax - time.Second) }), fault.Unauthorized},
		{"oversized: body", secret, sent(hookUser, secret, strings.Repeat(" ", bodyBytesMax+1)), fault.Rejected},
		{"oversized: body with a good event", secret, sent(hookUser, secret, body+strings.Repeat(" ", bodyBytesMax)), fault.Rejected},
		{"malformed: empty", secret, sent(hookUser, secret, ""), fault.Rejected},
		{"malformed: null", secret, sent(hookUser, secret, "null"), fault.Rejected},
		{"malformed: list", secret, sent(hookUser, secret, "["+body+"]"), fault.Rejected},
		{"malformed: text", secret, sent(hookUser, secret, "hello"), fault.Rejected},
		{"malformed: page", secret, sent(hookUser, secret, "<html>"), fault.Rejected},
		{"malformed: meta of a wrong type", secret, sent(hookUser, secret, `{"meta":7}`), fault.Rejected},
		{"malformed: nested", secret, sent(hookUser, secret, strings.Repeat(`{"meta":`, 50_000)), fault.Rejected},
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
		if hints, err := Receive(secret, with(func(r *platform.Request) { r.Now = happened.Add(late) })); err != nil || len(hints) != 1 {
			t.Errorf("%v after: %v, %v", late, hints, err)
		}
	}
}

func TestReceiveAcceptsSimulatedDeliveries(t *testing.T) {
	a := newAccount(t)
	ids := a.persons(3)
	a.edit("persons", ids[0], record.Fields{"name": "Dr", marker: "e-1"})
	a.do(a.sim.Merge("persons", ids[0], ids[1]))
	a.applied(deleteIntent("persons", ids[0]), deleteIntent("persons", ids[2]))
	kinds := map[record.Kind]int{}
	for _, d := range a.sim.Deliveries() {
		hints, err := Receive(a.sim.Access().WebhookSecret, platform.Request{Method: d.Method, URL: d.URL, Header: d.Header, Body: d.Body, Now: a.clock.Now()})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hints {
			if kinds[h.Kind]++; h.Account != a.sim.Access().Account || h.Object != "persons" || h.OccurredAt.IsZero() || (h.Kind == record.KindMerged) != (h.Into == ids[0]) {
				t.Errorf("hint %+v", h)
			}
		}
	}
	if diff := cmp.Diff(map[record.Kind]int{record.KindChanged: 5, record.KindDeleted: 2, record.KindMerged: 2}, kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

func TestReceiveReadsWhatIsDocumented(t *testing.T) {
	for name, want := range map[string]platform.Hint{
		"webhook-v2-change-person.json":        {Account: "1234567", Object: "persons", ID: "42", Kind: record.KindChanged, OccurredAt: time.Date(2025, 1, 1, 10, 20, 0, 0, time.UTC)},
		"webhook-v2-delete-merged-person.json": {Account: "1234567", Object: "persons", ID: "43", Kind: record.KindMerged, Into: "42", OccurredAt: time.Date(2025, 1, 1, 10, 21, 0, 0, time.UTC)},
	} {
		raw := platformtest.VendorFile(t, "pipedrive", "samples/"+name)
		r := sent(hookUser, secret, string(raw))
		r.Now = want.OccurredAt.Add(time.Hour)
		got, err := Receive(secret, r)
		if diff := cmp.Diff([]platform.Hint{want}, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

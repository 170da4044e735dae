package jobber_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform/jobber"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

func asFault(err error, f **fault.Error) bool { return errors.As(err, f) }

// scripted is a connector before a server that always answers the same.
func scripted(t *testing.T, status int, header http.Header, body string) *jobber.Connector {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	return jobber.New(platform.Settings{Connection: here, BaseURL: server.URL, Tokens: platformtest.Token("t"), HTTP: server.Client(),
		Now: func() time.Time { return begin }})
}

func read(c *jobber.Connector) error {
	reads, err := c.Fetch(context.Background(), "clients", []record.PlatformField{"firstName"}, []record.ExternalID{"QQ==", "Qg=="})
	if err == nil {
		return reads[0].Err
	}
	return err
}

func write(c *jobber.Connector) error {
	receipts, err := c.Apply(context.Background(), []record.Intent{
		{Key: "a", Operation: record.OperationUpdate, Ref: ref("clients", "QQ=="), Fields: record.Fields{"firstName": "secret"}},
		{Key: "b", Operation: record.OperationUpdate, Ref: ref("clients", "Qg=="), Fields: record.Fields{"firstName": "secret"}}})
	if err == nil {
		return receipts[0].Err
	}
	return err
}

func TestAnswersAreClassified(t *testing.T) {
	failing := func(code string, path string) string {
		return `{"data":null,"errors":[{"message":"secret",` + path + `"extensions":{"code":"` + code + `"}}]}`
	}
	throttled := func(requested, available int) string {
		return fmt.Sprintf(`{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}],"extensions":{"cost":{"requestedQueryCost":%d,`+
			`"actualQueryCost":null,"throttleStatus":{"maximumAvailable":10000,"currentlyAvailable":%d,"restoreRate":500}}}}`, requested, available)
	}
	tests := []struct {
		name        string
		status      int
		header      http.Header
		body        string
		read, write fault.Kind
		after       time.Duration
	}{
		{name: "a token not recognised", status: 401, body: `{"message":"Token not recognized"}`, read: fault.Unauthorized, write: fault.Unauthorized},
		{name: "forbidden", status: 403, body: `{}`, read: fault.Unauthorized, write: fault.Unauthorized},
		{name: "an unknown version", status: 404, body: `{"message":"GraphQL API version 'X' does not exist"}`, read: fault.Rejected, write: fault.Rejected},
		{name: "too many requests", status: 429, read: fault.RateLimited, write: fault.RateLimited, after: time.Minute},
		{name: "too many requests, with a time", status: 429, header: http.Header{"Retry-After": {"7"}}, read: fault.RateLimited, write: fault.RateLimited, after: 7 * time.Second},
		{name: "a bad gateway", status: 502, body: `<html>`, read: fault.Transient, write: fault.InDoubt},
		{name: "throttled", status: 200, body: throttled(3000, 500), read: fault.RateLimited, write: fault.RateLimited, after: 5 * time.Second},
		{name: "throttled without a bucket", status: 200, body: failing("THROTTLED", ""), read: fault.RateLimited, write: fault.RateLimited, after: 20 * time.Second},
		{name: "dearer than the bucket", status: 200, body: throttled(10232, 9000), read: fault.Rejected, write: fault.Rejected},
		{name: "unauthenticated", status: 200, body: failing("UNAUTHENTICATED", ""), read: fault.Unauthorized, write: fault.Unauthorized},
		{name: "a missing scope", status: 200, body: failing("FORBIDDEN", ""), read: fault.Unauthorized, write: fault.Unauthorized},
		{name: "a missing scope at one alias", status: 200, body: failing("FORBIDDEN", `"path":["a0"],`), read: fault.Unauthorized, write: fault.Unauthorized},
		{name: "not found at one alias of a write", status: 200, body: `{"data":{"a0":null},"errors":[{"path":["a0"],"extensions":{"code":"NOT_FOUND"}}]}`, read: -1, write: fault.Gone},
		{name: "a query that does not validate", status: 200, body: `{"errors":[{"message":"secret","extensions":{"code":"undefinedField"}}]}`, read: fault.Rejected, write: fault.Rejected},
		{name: "a variable that does not fit", status: 200, body: `{"errors":[{"message":"secret"}]}`, read: fault.Rejected, write: fault.Rejected},
		{name: "a failure inside", status: 200, body: failing("INTERNAL_SERVER_ERROR", ""), read: fault.Unclassified, write: fault.InDoubt},
		{name: "a failure inside one alias", status: 200, body: failing("INTERNAL_SERVER_ERROR", `"path":["a0","client"],`), read: fault.Transient, write: fault.InDoubt},
		{name: "a failure inside another alias", status: 200, body: failing("INTERNAL_SERVER_ERROR", `"path":["a1"],`), read: fault.Transient, write: fault.InDoubt},
		{name: "nothing", status: 200, body: `{}`, read: fault.Transient, write: fault.InDoubt},
		{name: "no data", status: 200, body: `{"data":null}`, read: fault.Transient, write: fault.InDoubt},
		{name: "no JSON", status: 200, body: `<html>`, read: fault.Transient, write: fault.InDoubt},
		{name: "another alias only", status: 200, body: `{"data":{"a1":null}}`, read: fault.Transient, write: fault.InDoubt},
		{name: "null", status: 200, body: `{"data":{"a0":null}}`, read: -1, write: fault.InDoubt},
		{name: "a record that is none", status: 200, body: `{"data":{"a0":[]}}`, read: fault.Transient, write: fault.InDoubt},
		{name: "a record without an id", status: 200, body: `{"data":{"a0":{"firstName":"secret","client":{"firstName":"secret"}}}}`, read: fault.Transient, write: fault.InDoubt},
		{name: "another record", status: 200, body: `{"data":{"a0":{"id":"X","client":{"id":"X"}}}}`, read: -1, write: fault.InDoubt},
		{name: "a business error", status: 200, body: `{"data":{"a0":{"id":"QQ==","client":null,"userErrors":[{"message":"secret","path":["firstName"]}]}}}`, read: -1, write: fault.Rejected},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := scripted(t, test.status, test.header, test.body)
			for what, pair := range map[string]struct {
				err  error
				want fault.Kind
			}{"read": {read(c), test.read}, "write": {write(c), test.write}} {
				if pair.want < 0 && pair.err == nil {
					continue
				}
				if pair.err == nil || fault.KindOf(pair.err) != pair.want {
					t.Errorf("%s: %v, want %v", what, pair.err, pair.want)
					continue
				}
				if strings.Contains(pair.err.Error(), "secret") {
					t.Errorf("%s: the error tells a value: %v", what, pair.err)
				}
				if got := fault.After(pair.err, 0); got != test.after {
					t.Errorf("%s: after %v, want %v", what, got, test.after)
				}
			}
		})
	}
}

func TestMalformedAnswersNeverPanic(t *testing.T) {
	shapes := []string{`null`, `[]`, `1`, `"x"`, `{}`, `{"id":1}`, `{"id":"QQ==","emails":{},"phones":[null],"clientProperties":null}`,
		`{"id":"QQ==","emails":[null],"customFields":[{"label":1}],"clientProperties":{"nodes":[null]}}`,
		`{"edges":null,"nodes":null,"pageInfo":{"hasNextPage":true}}`, `{"edges":[{"cursor":"","node":null}]}`,
		`{"edges":[{"cursor":"QQ","node":{"id":"QQ=="}},{"cursor":null,"node":{"id":"Qg=="}}],"pageInfo":null}`,
		`{"client":{"id":"QQ=="},"userErrors":null}`, `{"client":null,"userErrors":[{"path":null}]}`, `{"id":"QQ==","client":null}`,
		`{"id":"QQ==","updatedAt":"yesterday","isArchived":null,"phones":[{"primary":true}],"clientProperties":{"nodes":[{}],"pageInfo":{"hasNextPage":true}}}`}
	for _, shape := range shapes {
		for _, body := range []string{`{"data":{"a0":` + shape + `,"a1":` + shape + `}}`, `{"data":` + shape + `}`, `{"errors":` + shape + `}`, `{"errors":[` + shape + `]}`, shape} {
			c := scripted(t, 200, nil, body)
			ctx := context.Background()
			for _, object := range []record.Object{"clients", "jobs"} {
				names := allFields(object)
				_, _ = c.Fetch(ctx, object, names, []record.ExternalID{"QQ==", "Qg=="})
				_, _ = c.List(ctx, platform.Query{Object: object, Fields: names, Limit: 5})
				_, _ = c.Changes(ctx, platform.Query{Object: object, Fields: names, Limit: 5, Since: begin})
				_, _ = c.Apply(ctx, []record.Intent{
					{Operation: record.OperationUpdate, Ref: ref(object, "QQ=="), Fields: record.Fields{"customFields[X]": "1", "emails[primary].address": "a", "properties[first].city": "b", "title": "MS"}},
					{Operation: record.OperationCreate, Ref: ref(object, ""), Marker: "customFields[X]", Fields: record.Fields{"customFields[X]": "1", "client": "QQ=="}, AttemptsBegan: begin}})
				_ = c.Prepare(ctx, object, "customFields[X]")
			}
			_, _ = c.ResolveHints(ctx, "properties", []record.ExternalID{"QQ=="})
		}
	}
}

// TestCursorsNeverPanic passes cursors that are not ours, or were cut.
func TestCursorsNeverPanic(t *testing.T) {
	h := newHarness(t)
	h.people(3)
	for _, cursor := range []string{"{", `{"walk":{"anchors":["x"],"after":"????"}}`, `{"watermark":"never"}`, `[]`, `{"after":"LTU="}`, `{"anchors":[]}`} {
		for _, object := range []record.Object{"clients", "jobs"} {
			_, _ = h.List(context.Background(), platform.Query{Object: object, Limit: 2, Cursor: platform.Cursor(cursor)})
			_, _ = h.Changes(context.Background(), platform.Query{Object: object, Limit: 2, Cursor: platform.Cursor(cursor)})
		}
	}
}

func TestOneAliasFailsAlone(t *testing.T) {
	h := newHarness(t)
	clients, _ := h.people(20)
	h.sim.SetFaults(platformsim.Faults{ItemError: 0.5})
	reads, err := h.Fetch(context.Background(), "clients", []record.PlatformField{"firstName"}, clients)
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for _, read := range reads {
		if read.Err != nil {
			failed++
			wantKind(t, read.Err, fault.Transient)
		} else if read.Snapshot == nil {
			t.Errorf("a failing alias was taken for an absence: %+v", read)
		}
	}
	if failed == 0 || failed == len(reads) {
		t.Fatalf("%d of %d failed", failed, len(reads))
	}
	var intents []record.Intent
	for _, id := range clients[:10] {
		intents = append(intents, record.Intent{Operation: record.OperationUpdate, Ref: ref("clients", id), Fields: record.Fields{"firstName": "New"}})
	}
	receipts, err := h.Apply(context.Background(), intents)
	if err != nil {
		t.Fatal(err)
	}
	for i, receipt := range receipts {
		applied := h.truth("clients", clients[i], "firstName")["firstName"] == "New"
		if (receipt.Err == nil) != applied {
			t.Errorf("receipt %v, applied %v", receipt.Err, applied)
		}
		if receipt.Err != nil {
			wantKind(t, receipt.Err, fault.InDoubt)
		}
	}
}

func TestThrottlingTellsWhenToComeBack(t *testing.T) {
	h := newHarness(t)
	clients, _ := h.people(50)
	var err error
	for range 100 {
		if _, err = h.Fetch(context.Background(), "clients", allFields("clients"), clients[:25]); err != nil {
			break
		}
	}
	wantKind(t, err, fault.RateLimited)
	after := fault.After(err, 0)
	if after <= 0 || after > 20*time.Second {
		t.Fatalf("after %v", after)
	}
	h.clock.Advance(after + time.Second)
	if _, err := h.Fetch(context.Background(), "clients", allFields("clients"), clients[:25]); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

func TestGrantsAreReadWithCare(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		body   string
		kind   fault.Kind
		life   time.Duration
	}{
		{"no claim, no life", 200, `{"access_token":"a","refresh_token":"r"}`, -1, time.Hour},
		{"a life", 200, `{"access_token":"a","expires_in":60}`, -1, time.Minute},
		{"a life beyond belief", 200, `{"access_token":"a","expires_in":9000000000}`, -1, 24 * time.Hour},
		{"a broken JWT", 200, `{"access_token":"a.!.c"}`, -1, time.Hour},
		{"no token", 200, `{}`, fault.InDoubt, 0},
		{"no JSON", 200, `<`, fault.InDoubt, 0},
		{"the grant is over", 400, `{"error":"invalid_grant"}`, fault.Unauthorized, 0},
		{"throttled", 429, ``, fault.Transient, 0},
		{"a bad gateway", 502, ``, fault.InDoubt, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			}))
			defer server.Close()
			r := jobber.NewRefresher(platform.RefreshSettings{TokenURL: server.URL, HTTP: server.Client(), Now: func() time.Time { return begin }})
			grant, err := r.Refresh(context.Background(), "old")
			if test.kind >= 0 {
				wantKind(t, err, test.kind)
				return
			}
			if err != nil || !grant.ExpiresAt.Equal(begin.Add(test.life)) {
				t.Errorf("%v, %v", grant.ExpiresAt, err)
			}
		})
	}
}

package pipedrive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/google/go-cmp/cmp"
)

// company is a simulator with a clock that tests move.
type company struct {
	*testing.T
	*Simulator
	at time.Time
}

func newCompany(t *testing.T) *company {
	t.Helper()
	c := &company{T: t, at: time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC)}
	c.Simulator = New(platformsim.Options{Now: func() time.Time { return c.at }, Seed: 7, WebhookURL: "https://front.example/p"})
	return c
}

func (c *company) made(object record.Object, fields record.Fields) record.ExternalID {
	c.Helper()
	id, err := c.Create(object, fields)
	if err != nil {
		c.Fatal(err)
	}
	return id
}

// ask sends one API request and answers its status, header and decoded body.
func (c *company) ask(method, target string, body any) (int, http.Header, map[string]any) {
	c.Helper()
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			c.Fatal(err)
		}
		reader = bytes.NewReader(raw)
	}
	r := httptest.NewRequest(method, target, reader)
	r.Header.Set("Authorization", "Bearer "+c.Access().AccessToken)
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	var out map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &out)
	return w.Code, w.Header(), out
}

// want asks and wants a status.
func (c *company) want(status int, method, target string, body any) map[string]any {
	c.Helper()
	got, _, out := c.ask(method, target, body)
	if got != status || (out["success"] == true) != (status < 300) {
		c.Errorf("%s %s answered %d %v, want %d", method, target, got, out, status)
	}
	return out
}

// idsOf gives the ids of a list's records.
func idsOf(out map[string]any) []string {
	ids := []string{}
	list, _ := out["data"].([]any)
	for _, item := range list {
		one, _ := item.(map[string]any)
		ids = append(ids, fmt.Sprint(one["id"]))
	}
	return ids
}

func TestListsAreFilteredSortedAndPaged(t *testing.T) {
	c := newCompany(t)
	for i := range 5 {
		c.made("persons", record.Fields{"name": fmt.Sprint("N", i)})
		c.at = c.at.Add(time.Second)
	}
	if err := c.Edit("persons", "2", record.Fields{"name": "Edited"}); err != nil {
		t.Fatal(err)
	}
	since := "updated_since=2026-03-02T17:00:02Z"
	for query, want := range map[string][]string{
		"": {"1", "2", "3", "4", "5"}, "sort_by=update_time": {"1", "3", "4", "5", "2"}, "sort_by=update_time&sort_direction=desc": {"2", "5",
			"4",
			"3", "1"},
		since: {"2", "3", "4", "5"}, since + "&updated_until=2026-03-02T17:00:04Z": {"3", "4"}, "ids=5,1,99": {"1", "5"}, "limit=2": {"1", "2"},
	} {
		if diff := cmp.Diff(want, idsOf(c.want(200, "GET", "/api/v2/persons?"+query, nil))); diff != "" {
			t.Errorf("%q (-want +got):\n%s", query, diff)
		}
	}
	var told []string
	cursor := ""
	for range 10 {
		out := c.want(200, "GET", "/api/v2/persons?sort_by=update_time&limit=2&cursor="+cursor, nil)
		told = append(told, idsOf(out)...)
		next, _ := out["additional_data"].(map[string]any)["next_cursor"].(string)
		if cursor = next; next == "" {
			break
		}
		if len(told) == 2 { // what goes meanwhile shifts nothing
			if err := c.Delete("persons", "1"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff([]string{"1", "3", "4", "5", "2"}, told); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	for _, odd := range []string{"limit=0", "limit=501", "limit=x", "cursor=x", "sort_by=name", "sort_direction=up", "ids=a",
		"updated_since=yesterday", "ids=" + strings.TrimSuffix(strings.Repeat("1,", 101), ","),
		"custom_fields=" + strings.TrimSuffix(strings.Repeat("a,", 16), ",")} {
		if out := c.want(400, "GET", "/api/v2/persons?"+odd, nil); out["code"] != "ERR_SCHEMA_VALIDATION_FAILED" {
			t.Errorf("%q: %v", odd, out)
		}
	}
	c.want(400, "GET", "/api/v2/deals?status=archived", nil)
	c.want(404, "GET", "/api/v1/persons", nil) // v2 has it
	c.want(404, "GET", "/v2/persons", nil)
}

func TestBodiesAreCheckedStrictly(t *testing.T) {
	c := newCompany(t)
	c.made("organizations", record.Fields{"name": "Acme"})
	for object, bodies := range map[string][]map[string]any{
		"persons": {{}, {"name": ""}, {"name": 7}, {"name": "x", "org_id": "1"}, {"name": "x", "org_id": 99}, {"name": "x", "nickname": "y"},
			{"name": "x", "emails": "a"}, {"name": "x", "emails": []any{"a"}},
			{"name": "x", "emails": []any{map[string]any{"value": "a", "kind": "b"}}}, {"name": "x", "custom_fields": map[string]any{"abc": 1}},
			{"name": "x", "label_ids": []any{99}}, {"name": "x", "visible_to": 1.5},
			{"name": strings.Repeat("x", 256)}, {"name": "x", "first_name": "y"}},
		"organizations": {{"name": "x", "address": "1 Main"}, {"name": "x", "address": map[string]any{"street": "1 Main"}}},
		"deals": {{"value": 1}, {"title": "x", "value": "1"}, {"title": "x", "status": "done"}, {"title": "x", "lost_reason": "y"},
			{"title": "x", "stage_id": 9}, {"title": "x", "stage_id": 4, "pipeline_id": 1},
			{"title": "x", "currency": "Euro"}, {"title": "x", "expected_close_date": "soon"}, {"title": "x", "is_archived": "yes"}},
	} {
		for _, body := range bodies {
			c.want(400, "POST", "/api/v2/"+object, body)
		}
	}
	c.want(200, "POST", "/api/v2/persons", map[string]any{"name": " Ada  Lovelace ",
		"emails": []any{map[string]any{"value": " a@example.com "},
			map[string]any{"value": ""}, map[string]any{"value": "b", "primary": true, "label": "home"}}})
	if diff := cmp.Diff([]string{"a@example.com other", "b home primary"}, c.List("1", "emails")); diff != "" {
		t.Errorf("emails (-want +got):\n%s", diff)
	}
	c.want(404, "PATCH", "/api/v2/persons/9", map[string]any{"name": "x"})
	c.want(400, "PATCH", "/api/v2/persons/x", map[string]any{"name": "x"})
}

func TestADealMovesAsItsStatusSays(t *testing.T) {
	c := newCompany(t)
	c.want(200, "POST", "/api/v2/deals", map[string]any{"title": "Engine", "value": 10.5})
	c.at = c.at.Add(time.Minute)
	for _, step := range []struct {
		body map[string]any
		want record.Fields
	}{
		{map[string]any{"status": "won"}, record.Fields{"won_time": "2026-03-02T17:01:00Z", "close_time": "2026-03-02T17:01:00Z",
			"lost_time": ""}},
		{map[string]any{"status": "lost", "lost_reason": "price"}, record.Fields{"won_time": "", "lost_time": "2026-03-02T17:01:00Z",
			"lost_reason": "price"}},
		{map[string]any{"status": "open"}, record.Fields{"lost_time": "", "close_time": "", "lost_reason": ""}},
		{map[string]any{"pipeline_id": 2}, record.Fields{"pipeline_id": "2", "stage_id": "4", "stage_change_time": "2026-03-02T17:00:00Z"}},
		{map[string]any{"stage_id": 5}, record.Fields{"stage_id": "5", "stage_change_time": "2026-03-02T17:01:00Z"}},
		{map[string]any{"value": nil}, record.Fields{"value": "0", "currency": "USD"}},
	} {
		c.want(200, "PATCH", "/api/v2/deals/1", step.body)
		fields, _, _ := c.Record("deals", "1")
		for name, want := range step.want {
			if fields[name] != want {
				t.Errorf("after %v: %s is %q, want %q", step.body, name, fields[name], want)
			}
		}
	}
	c.want(200, "PATCH", "/api/v2/deals/1", map[string]any{"is_archived": true})
	if len(idsOf(c.want(200, "GET", "/api/v2/deals", nil))) != 0 || len(idsOf(c.want(200, "GET", "/api/v2/deals/archived", nil))) != 1 {
		t.Error("an archived deal is in the wrong list")
	}
	c.want(400, "PATCH", "/api/v2/deals/1", map[string]any{"title": "x"})
	c.want(400, "PATCH", "/api/v2/deals/1", map[string]any{"title": "x", "is_archived": false})
	c.want(200, "PATCH", "/api/v2/deals/1", map[string]any{"is_archived": false})
	c.want(200, "PATCH", "/api/v2/deals/1", map[string]any{"title": "x", "is_archived": true})
	c.want(200, "DELETE", "/api/v2/deals/1", nil)
	c.want(404, "GET", "/api/v2/deals/1", nil)
	if len(idsOf(c.want(200, "GET", "/api/v2/deals/archived?status=deleted", nil))) != 1 {
		t.Error("a deleted deal is not listed")
	}
	c.at = c.at.AddDate(0, 0, 31)
	if len(idsOf(c.want(200, "GET", "/api/v2/deals/archived?status=deleted", nil))) != 0 {
		t.Error("a deal that was deleted long ago is still listed")
	}
}

func TestRecentsTellDeletionsAndMerges(t *testing.T) {
	c := newCompany(t)
	if out := c.want(200, "GET", "/v1/recents?since_timestamp=2026-03-02%2017:00:00&items=person", nil); out["data"] != nil {
		t.Errorf("nothing is told as %v", out["data"])
	}
	for i := range 3 {
		c.made("persons", record.Fields{"name": fmt.Sprint("N", i), "emails[primary].value": fmt.Sprintf("n%d@example.com", i)})
	}
	deal := c.made("deals", record.Fields{"title": "Engine", "person_id": "3"})
	c.at = c.at.Add(time.Minute)
	if err := c.Delete("persons", "2"); err != nil {
		t.Fatal(err)
	}
	c.want(200, "PUT", "/v1/persons/3/merge", map[string]any{"merge_with_id": 1})
	if diff := cmp.Diff([]string{"n0@example.com work primary", "n2@example.com work"}, c.List("1", "emails")); diff != "" {
		t.Errorf("the winner's emails (-want +got):\n%s", diff)
	}
	if fields, _, _ := c.Record("deals", deal); fields["person_id"] != "1" {
		t.Errorf("the deal names %s", fields["person_id"])
	}
	out := c.want(200, "GET", "/api/v1/recents?since_timestamp=2026-03-02%2017:00:30&items=person&limit=2", nil)
	states := []string{}
	for _, item := range out["data"].([]any) {
		one := item.(map[string]any)
		states = append(states, fmt.Sprint(one["id"], one["data"].(map[string]any)["active_flag"]))
	}
	slices.Sort(states)
	if more := out["additional_data"].(map[string]any)["pagination"].(map[string]any)["more_items_in_collection"]; more != true ||
		len(states) != 2 {
		t.Errorf("recents %v, more %v", states, more)
	}
	c.want(400, "GET", "/v1/recents?since_timestamp=yesterday", nil)
	c.want(404, "PUT", "/v1/persons/1/merge", map[string]any{"merge_with_id": 1})
	c.want(400, "PUT", "/v1/persons/1/merge", map[string]any{})
}

func TestSearchesTrailAndAreExactWhenAsked(t *testing.T) {
	c := newCompany(t)
	key := c.AddField("persons", "Code", "varchar")
	day := c.AddField("persons", "Day", "date")
	c.made("persons", record.Fields{"name": "Ada Lovelace", "emails[primary].value": "ada@example.com", "custom_fields[Code]": "X1"})
	c.at = c.at.Add(time.Minute)
	c.SetFaults(platformsim.Faults{SearchLag: 10 * time.Second})
	c.made("persons", record.Fields{"name": "Ada New", "custom_fields[Code]": "X1"})
	find := func(path, query string) int {
		out := c.want(200, "GET", "/api/v2/"+path+"?"+query, nil)
		if data, isObject := out["data"].(map[string]any); isObject {
			return len(data["items"].([]any))
		}
		return len(out["data"].([]any))
	}
	for _, tt := range []struct {
		path, query string
		want        int
	}{
		{"persons/search", "term=ADA@example.com&fields=email&exact_match=true", 1}, {"persons/search", "term=ada&fields=email&exact_match=true",
			0}, {"persons/search", "term=ada", 1},
		{"itemSearch/field", "entity_type=person&match=exact&term=X1&field=" + key, 1},
		{"itemSearch/field", "entity_type=person&match=exact&term=x1&field=" + key, 0},
	} {
		if got := find(tt.path, tt.query); got != tt.want {
			t.Errorf("%s?%s found %d, want %d", tt.path, tt.query, got, tt.want)
		}
	}
	c.at = c.at.Add(11 * time.Second)
	if got := find("itemSearch/field", "entity_type=person&match=exact&term=X1&field="+key); got != 2 {
		t.Errorf("once indexed: %d", got)
	}
	for _, odd := range []string{"persons/search?term=a", "persons/search?term=ada&fields=title",
		"itemSearch/field?entity_type=person&match=exact&term=a&field=" + day, "itemSearch/field?entity_type=persons&match=exact&term=a&field=" +
			key,
		"itemSearch/field?entity_type=person&term=a&field=" + key} {
		c.want(400, "GET", "/api/v2/"+odd, nil)
	}
}

func TestTokensArePaidAndBurstsAreCounted(t *testing.T) {
	c := newCompany(t)
	c.SetBudget(35)
	c.want(200, "GET", "/api/v2/persons", nil)
	c.want(200, "GET", "/api/v2/persons/search?term=ab", nil)
	c.want(404, "GET", "/api/v2/persons/1", nil)
	if c.Spent() != 31 {
		t.Errorf("spent %d", c.Spent())
	}
	status, header, _ := c.ask("POST", "/api/v2/persons", map[string]any{"name": "x"})
	if status != 429 || header.Get("x-ratelimit-remaining") == "0" || len(c.IDs("persons")) != 0 {
		t.Errorf("over the budget: %d, %v", status, header)
	}
	c.at = c.at.AddDate(0, 0, 1)
	c.SetBursts(3, 1)
	for i := range 5 {
		status, header, _ := c.ask("GET", "/api/v2/persons/1", nil)
		if limited := i > 2; (status == 429) != limited || limited && header.Get("x-ratelimit-reset") != "2" {
			t.Errorf("call %d: %d, %v", i, status, header)
		}
	}
	c.at = c.at.Add(2 * time.Second)
	c.want(200, "GET", "/api/v2/persons/search?term=ab", nil)
	if status, _, _ := c.ask("GET", "/api/v2/persons/search?term=ab", nil); status != 429 {
		t.Errorf("a second search: %d", status)
	}
}

func TestTheTokenEndpointWantsBasicCredentials(t *testing.T) {
	c := newCompany(t)
	a := c.Access()
	post := func(path, id, secret string, form url.Values) (int, map[string]any) {
		r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
		r.SetBasicAuth(id, secret)
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r)
		var out map[string]any
		_ = json.Unmarshal(w.Body.Bytes(), &out)
		return w.Code, out
	}
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.RefreshToken}}
	status, out := post(a.TokenURL, a.ClientID, a.ClientSecret, refresh)
	if status != 200 || out["api_domain"] == "" || out["refresh_token"] != a.RefreshToken || out["expires_in"] != 3600.0 {
		t.Errorf("%d %v", status, out)
	}
	for _, wrong := range [][2]string{{a.ClientID, "x"}, {"x", a.ClientSecret}} {
		if status, _ := post(a.TokenURL, wrong[0], wrong[1], refresh); status != 401 {
			t.Errorf("with other credentials: %d", status)
		}
	}
	if status, _ := post(a.RevokeURL, a.ClientID, a.ClientSecret, url.Values{"token": {a.RefreshToken}}); status != 200 {
		t.Errorf("revoking: %d", status)
	}
	if status, _ := post(a.TokenURL, a.ClientID, a.ClientSecret, refresh); status != 400 {
		t.Errorf("after it was revoked: %d", status)
	}
}

func TestAWebhookIsRetriedBannedAndGivenUp(t *testing.T) {
	c := newCompany(t)
	attempts := func() []int {
		var out []int
		for range 5 {
			for _, d := range c.Deliveries() {
				var body struct{ Meta struct{ Attempt int } }
				if err := json.Unmarshal(d.Body, &body); err != nil || body.Meta.Attempt != d.Try+1 {
					t.Errorf("delivery %s, try %d: attempt %d, %v", d.ID, d.Try, body.Meta.Attempt, err)
				}
				if user, password, ok := (&http.Request{Header: d.Header}).BasicAuth(); !ok || user != hookUser ||
					password != c.Access().WebhookSecret {
					t.Errorf("credentials %s:%s", user, password)
				}
				out = append(out, body.Meta.Attempt)
				c.Delivered(d, 500)
			}
			c.at = c.at.Add(200 * time.Second)
		}
		return out
	}
	c.made("persons", record.Fields{"name": "x"})
	if diff := cmp.Diff([]int{1, 2, 3, 4}, attempts()); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	for range 9 {
		c.made("persons", record.Fields{"name": "x"})
	}
	if attempts(); !c.Banned() {
		t.Error("not banned after ten first tries that failed")
	}
	c.made("persons", record.Fields{"name": "lost"})
	if n := c.PendingDeliveries(); n != 0 {
		t.Errorf("%d deliveries during the ban", n)
	}
	c.at = c.at.Add(banLife)
	c.made("persons", record.Fields{"name": "told"})
	if n := c.PendingDeliveries(); n != 1 || c.Banned() {
		t.Errorf("%d deliveries after the ban, banned %v", n, c.Banned())
	}
	c.at = c.at.Add(idleMax + time.Hour)
	c.made("persons", record.Fields{"name": "x"})
	if active, _ := c.Hooks(); active != 2 { // those of organizations and deals were never needed
		t.Errorf("%d webhooks after three days without success", active)
	}
}

func TestWebhooksAreMadeListedAndEnded(t *testing.T) {
	c := newCompany(t)
	body := map[string]any{"subscription_url": "https://sync.example/x", "event_action": "create", "event_object": "person", "name": "n",
		"http_auth_user": "u", "http_auth_password": "p"}
	out := c.want(201, "POST", "/v1/webhooks", body)
	made := out["data"].(map[string]any)
	if made["version"] != "2.0" || made["is_active"] != 1.0 || made["http_auth_password"] != nil {
		t.Errorf("made %v", made)
	}
	c.made("persons", record.Fields{"name": "x"})
	if err := c.Edit("persons", "1", record.Fields{"name": "y"}); err != nil {
		t.Fatal(err)
	}
	urls := map[string]int{}
	for _, d := range c.Deliveries() {
		urls[d.URL]++
	}
	if diff := cmp.Diff(map[string]int{"https://front.example/p": 2, "https://sync.example/x": 1}, urls); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
	for name, value := range map[string]any{"subscription_url": "nonsense", "event_action": "updated", "event_object": "", "name": "",
		"version": "3.0"} {
		odd := map[string]any{}
		for key, kept := range body {
			odd[key] = kept
		}
		odd[name] = value
		c.want(400, "POST", "/v1/webhooks", odd)
	}
	path := fmt.Sprintf("/api/v1/webhooks/%v", made["id"])
	c.want(200, "DELETE", path, nil)
	c.want(404, "DELETE", path, nil)
	if list := c.want(200, "GET", "/v1/webhooks", nil)["data"].([]any); len(list) != 3 {
		t.Errorf("%d webhooks", len(list))
	}
}

func TestAStateIsKeptWhole(t *testing.T) {
	c := newCompany(t)
	c.AddField("persons", "Team", "enum", "Red")
	key := c.AddField("persons", "Budget", "monetary")
	c.made("persons", record.Fields{"name": "Ada", "emails[primary].value": "a@example.com", "custom_fields[Team]": "21",
		record.PlatformField("custom_fields[" + key + "]"): "1.5", "label_ids": "5"})
	c.made("deals", record.Fields{"title": "Engine", "value": "2.5", "person_id": "1"})
	want, _, _ := c.Record("persons", "1")
	raw, err := c.State()
	if err != nil {
		t.Fatal(err)
	}
	again := New(platformsim.Options{Now: func() time.Time { return c.at }, Seed: 9, WebhookURL: "https://front.example/p", State: raw})
	if got, _, ok := again.Record("persons", "1"); !ok || cmp.Diff(want, got) != "" {
		t.Errorf("kept %v", cmp.Diff(want, got))
	}
	if again.Access() != c.Access() || again.Dirty() {
		t.Error("the account is another after a restart")
	}
	if err := again.Edit("persons", "1", record.Fields{"custom_fields[Team]": "21", "name": "Augusta"}); err != nil {
		t.Error(err)
	}
	if active, _ := again.Hooks(); active != 3 {
		t.Errorf("%d webhooks after a restart", active)
	}
}

package pipedrive

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/google/go-cmp/cmp"
)

func TestFindIsExactAndBounded(t *testing.T) {
	a := newAccount(t)
	one := a.create("persons", record.Fields{"name": "O'Brien & Söhne", "emails[work].value": "Obrien@Example.com", marker: "e-1"})
	a.create("persons", record.Fields{"name": "Second", "emails[primary].value": "x@example.com", "emails[home].value": "second@example.com", marker: "E-1"})
	for i := range 12 {
		a.create("persons", record.Fields{"name": fmt.Sprint("Shared ", i), "emails[primary].value": "shared@example.com"})
	}
	gone := a.create("persons", record.Fields{"name": "Gone", "emails[primary].value": "gone@example.com"})
	a.do(a.sim.Delete("persons", gone))
	a.seen = nil
	lookups := []platform.Lookup{{Field: "emails[primary].value", Value: " OBRIEN@example.com"}, {Field: "emails[primary].value", Value: "shared@example.com"}, {Field: "emails[primary].value", Value: "gone@example.com"},
		{Field: "emails[primary].value", Value: " "}, {Field: marker, Value: "e-1"}}
	found, err := a.connector.Find(t.Context(), "persons", []record.PlatformField{"name"}, lookups)
	if err != nil {
		t.Fatal(err)
	}
	counts := []int{}
	for _, f := range found {
		counts = append(counts, len(f))
	}
	if diff := cmp.Diff([]int{1, 10, 0, 0, 1}, counts); diff != "" {
		t.Fatalf("matches (-want +got):\n%s", diff)
	}
	if found[0][0].ID != one || found[4][0].ID != one || found[0][0].Fields["name"] != "O'Brien & Söhne" || found[0][0].Lagging {
		t.Errorf("found %+v", found[0])
	}
	if n := len(a.seen); n != 5 { // four searches and one read
		t.Errorf("%d requests", n)
	}
	more, err := a.connector.Find(t.Context(), "persons", nil, []platform.Lookup{{Field: "emails[primary].value", Value: "second@example.com"}, {Field: "name", Value: "o'brien & söhne"}})
	if err != nil || len(more[0]) != 0 || len(more[1]) != 1 {
		t.Errorf("an email that is not the primary one, and a name: %v, %v", more, err)
	}
	for object, l := range map[record.Object]platform.Lookup{"persons": {Field: "owner_id", Value: "1"}, "organizations": {Field: "address.value", Value: "x"}} {
		_, err = a.connector.Find(t.Context(), object, nil, []platform.Lookup{l})
		wantKind(t, err, fault.Rejected)
	}
	_, err = a.connector.Find(t.Context(), "persons", nil, make([]platform.Lookup, 6))
	wantKind(t, err, fault.Rejected)
	firm := a.create("organizations", record.Fields{"name": "Acme"})
	deal := a.create("deals", record.Fields{"title": "Engine"})
	for object, l := range map[record.Object]platform.Lookup{"organizations": {Field: "name", Value: "ACME"}, "deals": {Field: "title", Value: "engine"}} {
		found, err := a.connector.Find(t.Context(), object, nil, []platform.Lookup{l})
		if want := map[record.Object]record.ExternalID{"organizations": firm, "deals": deal}[object]; err != nil || len(found[0]) != 1 || found[0][0].ID != want {
			t.Errorf("%s: %v, %v", object, found, err)
		}
	}
}

func TestFindSeesWhatTheIndexHas(t *testing.T) {
	a := newAccount(t)
	a.sim.SetFaults(platformsim.Faults{SearchLag: 20 * time.Second})
	id := a.create("persons", record.Fields{"name": "New", "emails[primary].value": "new@example.com"})
	lookup := []platform.Lookup{{Field: "emails[primary].value", Value: "new@example.com"}}
	if found, err := a.connector.Find(t.Context(), "persons", nil, lookup); err != nil || len(found[0]) != 0 {
		t.Errorf("before it is indexed: %v, %v", found, err)
	}
	a.clock.Advance(21 * time.Second)
	if found, err := a.connector.Find(t.Context(), "persons", nil, lookup); err != nil || len(found[0]) != 1 || found[0][0].ID != id {
		t.Errorf("after: %v, %v", found, err)
	}
}

// TestWhatTheIndexNamesIsJudgedByWhatItHolds has an index that is behind: a mark that moved, an archived deal.
func TestWhatTheIndexNamesIsJudgedByWhatItHolds(t *testing.T) {
	a := newAccount(t)
	moved := a.create("deals", record.Fields{"title": "Moved", marker: "e-2"})
	archived := a.create("deals", record.Fields{"title": "Archived", marker: "e-1"})
	ours := a.create("deals", record.Fields{"title": "Ours", marker: "e-1"})
	a.do(a.sim.Archive(archived, true))
	inner := a.server.Config.Handler
	a.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/itemSearch/field") {
			_, _ = fmt.Fprintf(w, `{"success":true,"data":[{"item":{"id":%s}},{"item":{"id":%s}},{"item":{"id":%s}}],"additional_data":{"next_cursor":null}}`, moved, archived, ours)
			return
		}
		inner.ServeHTTP(w, r)
	})
	found, err := a.connector.Find(t.Context(), "deals", nil, []platform.Lookup{{Field: marker, Value: "e-1"}})
	if err != nil || len(found[0]) != 1 || found[0][0].ID != ours {
		t.Errorf("found %+v, %v", found, err)
	}
}

func TestASearchOfOneFieldIsReadInBothForms(t *testing.T) {
	for body, want := range map[string]record.ExternalID{`[{"result_score":1,"item":{"id":7,"name":"x"}}]`: "7", `[{"id":7,"name":"x"}]`: "7", `{"items":[{"item":{"id":7}}]}`: "7", `[{"item":{}},null,7]`: ""} {
		e := envelope{Data: []byte(body)}
		hits, ok := e.hits()
		if !ok || len(hits) == 0 || hits[0].id() != want {
			t.Errorf("%s: %v, %v", body, hits, ok)
		}
	}
}

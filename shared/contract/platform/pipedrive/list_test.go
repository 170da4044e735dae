package pipedrive

import (
	"fmt"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/google/go-cmp/cmp"
)

func TestListWalksEveryRecordOnce(t *testing.T) {
	for _, limit := range []int{1, 7, 50, 500} {
		a := newAccount(t)
		ids := a.persons(50)
		a.do(a.sim.Delete("persons", a.persons(1)[0]))
		told := a.list(platform.Query{Object: "persons", Fields: allFields("persons"), Limit: limit})
		if m := missing(told, ids); len(m) > 0 || len(told) != len(ids) {
			t.Errorf("limit %d: told %d of %d, missing %v", limit, len(told), len(ids), m)
		}
		for id, n := range told {
			if n != 1 {
				t.Errorf("limit %d: %s told %d times", limit, id, n)
			}
		}
	}
}

func TestListTellsArchivedDealsToo(t *testing.T) {
	a := newAccount(t)
	var ids []record.ExternalID
	for i := range 7 {
		ids = append(ids, a.create("deals", record.Fields{"title": fmt.Sprint("Deal ", i)}))
	}
	a.do(a.sim.Archive(ids[1], true), a.sim.Archive(ids[5], true), a.sim.Delete("deals", ids[6]))
	told := a.list(platform.Query{Object: "deals", Limit: 2})
	if m := missing(told, ids[:6]); len(m) > 0 || told[ids[6]] > 0 {
		t.Errorf("told %v", told)
	}
}

func TestListPassesOverNothingWhileRecordsGo(t *testing.T) {
	a := newAccount(t)
	ids := a.persons(12)
	page, err := a.connector.List(t.Context(), platform.Query{Object: "persons", Limit: 4})
	if err != nil || len(page.Snapshots) != 4 || !page.More || page.Snapshots[0].Lagging {
		t.Fatalf("first page %+v, %v", page, err)
	}
	a.do(a.sim.Delete("persons", ids[0]), a.sim.Delete("persons", ids[3]))
	told := a.list(platform.Query{Object: "persons", Cursor: page.Next, Limit: 4})
	if m := missing(told, ids[4:]); len(m) > 0 {
		t.Errorf("passed over %v", m)
	}
	end := platform.Cursor(`{"archived":true,"ended":true}`)
	after, err := a.connector.List(t.Context(), platform.Query{Object: "persons", Cursor: end, Limit: 4})
	if diff := cmp.Diff(platform.Page{Next: end}, after); diff != "" || err != nil {
		t.Errorf("after the end: %s, %v", diff, err)
	}
}

func TestACursorThatThePlatformForgotBeginsTheWalkAgain(t *testing.T) {
	a := newAccount(t)
	ids := a.persons(9)
	for name, q := range map[string]platform.Query{"list": {Object: "persons", Limit: 4, Cursor: `{"cursor":"forgotten"}`},
		"changes": {Object: "persons", Limit: 4, Cursor: platform.Cursor(fmt.Sprintf(`{"phase":"live","since":%d,"from":5,"cursor":"forgotten"}`, a.clock.Now().Unix()))}} {
		walk := a.list
		if name == "changes" {
			walk = func(q platform.Query) map[record.ExternalID]int { told, _, _ := a.changes(q); return told }
		}
		if m := missing(walk(q), ids); len(m) > 0 {
			t.Errorf("%s passed over %v", name, m)
		}
	}
	refusing := answering(t, 400, nil, `{"success":false,"error":"cursor","code":"ERR_SCHEMA_VALIDATION_FAILED"}`)
	_, err := refusing.List(t.Context(), platform.Query{Object: "persons", Limit: 4, Cursor: `{"cursor":"x","restarts":3}`})
	wantKind(t, err, fault.Rejected)
	_, err = refusing.Changes(t.Context(), platform.Query{Object: "persons", Limit: 4, Cursor: `{"phase":"live","since":5,"from":5,"cursor":"x","restarts":3}`})
	wantKind(t, err, fault.Rejected)
}

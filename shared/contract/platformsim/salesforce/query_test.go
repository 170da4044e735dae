package salesforce

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/google/go-cmp/cmp"
)

func TestStatementsSelectAndOrder(t *testing.T) {
	o := newOrg(t)
	firm := o.made("Account", record.Fields{"Name": "Acme"})
	a := string(o.made("Contact", record.Fields{"LastName": "O'Brien", "Email": "A@Example.com", "AccountId": string(firm)}))
	o.at = o.at.Add(time.Second)
	b := string(o.made("Contact", record.Fields{"LastName": "Curie"}))
	c := string(o.made("Contact", record.Fields{"LastName": `Back\slash`, "Score__c": "2.555"}))
	for statement, want := range map[string][]string{
		"SELECT Id FROM Contact ORDER BY Id": {a,
			b, c},
		"select id from Contact order by SystemModstamp desc, Id asc": {b,
			c, a},
		`SELECT Id FROM Contact WHERE LastName = 'o\'brien'`: {
			a},
		`SELECT Id FROM Contact WHERE LastName = 'back\\slash'`: {
			c},
		`SELECT Id FROM Contact WHERE Email IN ('a@example.COM', 'x')`: {
			a},
		"SELECT Id FROM Contact WHERE Email = null ORDER BY Id": {b,
			c},
		"SELECT Id FROM Contact WHERE Email != null": {
			a},
		"SELECT Id FROM Contact WHERE SystemModstamp > 2026-03-02T17:00:00.000Z ORDER BY Id LIMIT 1": {
			b},
		"SELECT Id FROM Contact WHERE (SystemModstamp > 2026-03-02T17:00:01Z) OR (SystemModstamp = 2026-03-02T17:00:01Z AND Id > '" + b +
			"')": {c},
		"SELECT Id FROM Contact WHERE Id IN ('" + a[:15] + "')":                                               {a},
		"SELECT Id FROM Contact WHERE AccountId = '" + string(firm) + "'":                                     {a},
		"SELECT Id FROM Contact WHERE Score__c >= 2.56":                                                       {c},
		"SELECT Id FROM Contact WHERE NOT (LastName LIKE 'Cur%') AND LastName NOT IN ('x') ORDER BY LastName": {c, a},
		"SELECT Id FROM Contact ORDER BY Email NULLS LAST, Id LIMIT 2":                                        {a, b},
		"SELECT Id FROM Contact ORDER BY Email, Id LIMIT 1 OFFSET 1":                                          {c},
	} {
		if diff := cmp.Diff(want, o.ids(statement)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", statement, diff)
		}
	}
	if n := o.query("query", "SELECT COUNT() FROM Contact").TotalSize; n != 3 {
		t.Errorf("counted %d", n)
	}
}

func TestTimesOfStatements(t *testing.T) {
	o := newOrg(t)
	id := string(o.made("Contact", record.Fields{"LastName": "Curie"}))
	for _, at := range []string{"2026-03-02T17:00:00Z", "2026-03-02T18:00:00+01:00", "2026-03-02T17:00:00.000+0000"} {
		if diff := cmp.Diff([]string{id}, o.ids("SELECT Id FROM Contact WHERE SystemModstamp = "+at)); diff != "" {
			t.Errorf("%s: %s", at, diff)
		}
	}
}

func TestStatementsAreRefused(t *testing.T) {
	o := newOrg(t)
	for statement, want := range map[string]string{
		"": "MALFORMED_QUERY", "SELECT FROM Contact": "MALFORMED_QUERY", "SELECT * FROM Contact": "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE": "MALFORMED_QUERY", "SELECT Id FROM Contact LIMIT x": "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE LastName = 'open":                        "MALFORMED_QUERY",
		`SELECT Id FROM Contact WHERE LastName = '\x'`:                         "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE Id IN ()":                                "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE Id = '1' AND Id = '2' OR Id = '3'":       "MALFORMED_QUERY",
		"SELECT Id FROM Contact; DELETE":                                       "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE " + strings.Repeat("(", 30) + "Id = '1'": "MALFORMED_QUERY",
		"SELECT Id FROM Accout":                                                "INVALID_TYPE",
		"SELECT Id, Nonsense FROM Contact":                                     "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE Description = 'x'":                       "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE SystemModstamp > '2026-03-02T17:00:00Z'": "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE LastName = 7":                            "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE Id = 'nonsense'":                         "INVALID_QUERY_FILTER_OPERATOR",
		"SELECT Id FROM Contact ORDER BY Nonsense":                             "INVALID_FIELD",
		"SELECT MasterRecordId FROM Opportunity":                               "INVALID_FIELD",
	} {
		if got := o.code(http.MethodGet, "query?q="+url.QueryEscape(statement), nil); got != want {
			t.Errorf("%q answered %q, want %q", statement, got, want)
		}
	}
}

func TestLongAnswersComeInBatches(t *testing.T) {
	o := newOrg(t)
	for i := range 450 {
		o.made("Contact", record.Fields{"LastName": fmt.Sprint("N", i)})
	}
	header := http.Header{"Sforce-Query-Options": {"batchSize=200"}}
	status, raw := o.ask(http.MethodGet, "query?q="+url.QueryEscape("SELECT Id FROM Contact ORDER BY Id"), header, nil)
	var first answer
	if err := json.Unmarshal(raw, &first); err != nil || status != http.StatusOK || first.Done || len(first.Records) != 200 ||
		first.TotalSize != 450 {
		t.Fatalf("first batch: %d, %d of %d", status, len(first.Records), first.TotalSize)
	}
	_, raw = o.ask(http.MethodGet, strings.TrimPrefix(first.NextRecordsURL, "/services/data/v66.0/"), nil, nil)
	var rest answer
	if err := json.Unmarshal(raw, &rest); err != nil || !rest.Done || len(rest.Records) != 250 {
		t.Errorf("rest: %d, done %v", len(rest.Records), rest.Done)
	}
	if got := o.code(http.MethodGet, "query/01gNONE-200", nil); got != "INVALID_QUERY_LOCATOR" {
		t.Errorf("a locator nobody gave answered %q", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, statement := range []string{"SELECT Id, Name FROM Contact WHERE (A > 1 AND B IN ('x','y')) OR NOT (C LIKE '%') ORDER BY A DESC " +
		"NULLS LAST, B LIMIT 5 OFFSET 2",
		"SELECT COUNT() FROM X", "'", `\`, `SELECT A FROM B WHERE C = '\u00e9\''`} {
		f.Add(statement)
	}
	f.Fuzz(func(t *testing.T, statement string) {
		q, failure := parse(statement)
		if failure == nil && (q.object == "" || q.offset < 0 || q.limit < -1 || (!q.count && len(q.fields) == 0)) {
			t.Errorf("%q parsed as %+v", statement, q)
		}
		if failure == nil {
			_, _ = check(schemas["Contact"], q)
		}
	})
}

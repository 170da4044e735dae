package quickbooks

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/google/go-cmp/cmp"
)

func TestQueries(t *testing.T) {
	c := newCompany(t)
	c.made("customers", record.Fields{"DisplayName": "O'Neil", "GivenName": "Ann", "PrimaryEmailAddr.Address": "ann@example.com"})
	c.at = c.at.Add(time.Minute)
	c.made("customers", record.Fields{"DisplayName": "Bob", "GivenName": "Bob"})
	c.made("customers", record.Fields{"DisplayName": "Cy", "Active": "false"})
	c.made("invoices", record.Fields{"CustomerRef": "2", "Line[0].Amount": "9"})
	c.made("invoices", record.Fields{"CustomerRef": "2", "Line[0].Amount": "100"})
	cases := []struct {
		text string
		want []string
	}{
		{"select * from Customer", []string{"1", "2"}},
		{"SELECT * FROM Customer WHERE Active IN (true, false) ORDERBY DisplayName DESC", []string{"1", "3", "2"}},
		{"select * from Customer where Active = false", []string{"3"}},
		{`select * from Customer where DisplayName = 'O\'Neil'`, []string{"1"}},
		{"select * from Customer where DisplayName like '%o%'", []string{"1", "2"}},
		{"select * from Customer where DisplayName like 'B%'", []string{"2"}},
		{"select * from Customer where PrimaryEmailAddr = 'ANN@example.com'", []string{"1"}},
		{"select Id, DisplayName from Customer where Id in ('2','1','7') order by Id", []string{"1", "2"}},
		{"select * from Customer where Id in ('2','3') and Active in (true,false) startposition 2 maxresults 1", []string{"3"}},
		{"select * from Customer where MetaData.LastUpdatedTime >= '2026-03-02T09:01:00-08:00'", []string{"2"}},
		{"select * from Customer where MetaData.CreateTime < '2026-03-02T17:01:00+00:00'", []string{"1"}},
		{"select * from Customer where Balance > '10'", []string{"2"}},
		{"select * from Invoice where TotalAmt <= '9' and CustomerRef = '2'", []string{"4"}},
		{"select * from Invoice orderby Balance desc maxresults 1", []string{"5"}},
		{"select * from Customer where DisplayName = 'nobody'", []string{}},
		{"select * from Customer startposition 99", []string{}},
	}
	for _, tt := range cases {
		t.Run(tt.text, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, c.ids(tt.text)); diff != "" {
				t.Errorf("ids (-want +got):\n%s", diff)
			}
		})
	}
	_, out := c.ask(http.MethodGet, "query?query="+url.QueryEscape("select count(*) from Customer"), nil)
	if got := out["QueryResponse"].(map[string]any)["totalCount"]; got != 2.0 {
		t.Errorf("count = %v, want 2", got)
	}
}

func TestQueriesThatAreRefused(t *testing.T) {
	c := newCompany(t)
	for text, want := range map[string]string{
		"":                             codeQuery,
		"select":                       codeQuery,
		"select * Customer":            codeQuery,
		"select * from Customer where": codeQuery,
		"select * from Customer where DisplayName = 'x' or Id = '1'":       codeQuery,
		"select * from Customer where DisplayName = 'open":                 codeQuery,
		"select * from Customer where Id in ('1'":                          codeQuery,
		"select * from Customer where Id in ()":                            codeQuery,
		"select * from Customer maxresults x":                              codeQuery,
		"select * from Customer startposition 0":                           codeQuery,
		"select * from Customer; drop":                                     codeProperty,
		"select * from customers":                                          codeProperty,
		"select * from Vendor":                                             codeProperty,
		"select * from Customer where Notes = 'x'":                         codeProperty,
		"select * from Customer where PrimaryEmailAddr.Address = 'x'":      codeProperty,
		"select * from Customer orderby Notes":                             codeProperty,
		"select * from Customer where MetaData.LastUpdatedTime > 'lately'": codeQuery,
	} {
		got := c.code(http.MethodGet, "query?query="+url.QueryEscape(text), nil)
		if got != want && !(strings.Contains(text, ";") && got == codeQuery) {
			t.Errorf("%q answered %q, want %q", text, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"select * from Customer where Id in ('1','2') and Active in (true,false) orderby Id startposition 1 " +
		"maxresults 5",
		`select count(*) from X where a like '%\'%'`, "select a,b from C order by a desc, b", "'", `\`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, failure := parse(text)
		if failure != nil {
			return
		}
		if q.entity == "" || q.start < 1 || q.limit < 1 || q.limit > rowsMax {
			t.Errorf("%q parsed as %+v", text, q)
		}
		for _, c := range q.where {
			if c.property == "" || len(c.values) == 0 {
				t.Errorf("%q has condition %+v", text, c)
			}
		}
	})
}

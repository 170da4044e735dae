package operate_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

func exampleText(t *testing.T) string {
	t.Helper()
	body, err := os.ReadFile("../../../infra/sync.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(body), "value: choose", `value: "1"`) // as a person who has chosen
}

// TestNothingAboutMoneyIsActivatedUndecided: an item, a tax code, terms, a currency, and the zone of a date.
func TestNothingAboutMoneyIsActivatedUndecided(t *testing.T) {
	decided := exampleText(t)
	if d := operate.Compare(nil, load(t, decided)); len(d.Refused) > 0 {
		t.Fatalf("refused %v", d.Refused)
	}
	for old, now := range map[string]string{
		`{spoke: "Line[0].ItemRef", value: "1"}`:              `{spoke: "Line[0].ItemRef", value: choose}`,
		`          - {spoke: SalesTermRef, value: "1"}`:       "",
		`[{date_iso: {zone: America/Chicago}}]`:               "[date_iso]",
		`{spoke: GlobalTaxCalculation, value: leave_out}`:     `{spoke: GlobalTaxCalculation, value: choose}`,
		`- {hub: closedate, spoke: TxnDate,`:                  `- {hub: closedate, spoke: DueDate,`,
		`          - {spoke: CurrencyRef, value: "1"}` + "\n": "",
	} {
		text := strings.Replace(decided, old, now, 1)
		if text == decided {
			t.Fatalf("the example holds no %q any more", old)
		}
		if d := operate.Compare(nil, load(t, text)); len(d.Refused) != 1 || !strings.Contains(d.Refused[0], "quickbooks/invoices") {
			t.Errorf("with %q refused %v, want one reason", now, d.Refused)
		}
	}
	if d := operate.Compare(nil, load(t, strings.Replace(decided, `SalesTermRef, value: "1"`, "SalesTermRef, value: leave_out",
		1))); len(d.Refused) > 0 {
		t.Errorf("what is left out on purpose is refused: %v", d.Refused)
	}
}

func load(t *testing.T, text string) *ruleset.Rules {
	t.Helper()
	rules, err := ruleset.Load("sync.yaml", []byte(text), catalog.All())
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// TestADifferenceIsToldInSentences changes the example in one way after another; each must show as said, and nothing else.
func TestADifferenceIsToldInSentences(t *testing.T) {
	before := exampleText(t)
	for _, c := range []struct {
		name, old, now string
		want           []string // lines of the difference
		refused        string   // part of the refusal; "" for none
		reread         string
	}{
		{name: "nothing but comments and order", old: "# The guide's example", now: "# An example"},
		{name: "an owner", old: "phone: {owner: hub,", now: "phone: {owner: jobber,",
			want: []string{"! contacts.phone: owner: jobber, was hubspot: Sales keeps numbers up to date in HubSpot"}, reread: "[jobber/clients]"},
		{name: "who creates", old: "create: to_spoke # QuickBooks never creates HubSpot contacts", now: "create: both",
			want: []string{"! contacts <-> quickbooks/customers: create: both, was to_spoke"}},
		{name: "deletes are softer", old: "delete: archive", now: "delete: ignore",
			want: []string{"~ contacts <-> jobber/clients: delete: ignore, was archive"}},
		{name: "match rules", old: "- {rule: email, fields: [email]}", now: "- {rule: phone, fields: [phone]}",
			want: []string{"! contacts: is known by phone (phone), was by email (email): the keys of every entity are renewed before it is " +
				"activated"}},
		{name: "a filter", old: "filter: {field: dealstage, in: [contractsent, closedwon]}", now: "filter: {field: dealstage, in: [closedwon]}",
			want: []string{"! deals <-> jobber/jobs: filter: dealstage in closedwon, was dealstage in contractsent|closedwon"}},
		{name: "the form of a key", old: "form: [trim, lowercase]", now: "form: [trim]",
			want: []string{"~ contacts.email: form: [trim], was [trim, lowercase]"}, refused: "give the match rule transforms instead"},
		{name: "a new field", old: "          company: {owner: hub,",
			now:    "          jobtitle: {owner: hub, reason: Sales knows}\n          company: {owner: hub,",
			want:   []string{"+ contacts.jobtitle: owner hubspot: Sales knows. It is due nowhere until its owner has been read"},
			reread: "[hubspot/contacts]"},
		{name: "another account", old: "hubspot: {platform: hubspot}", now: "hubspot: {platform: hubspot, account: \"7\"}"},
		{name: "a schedule", old: "to_hub: {realtime: true, every: 15m}", now: "to_hub: {realtime: true, every: 30m}",
			want: []string{"~ contacts <-> jobber/clients: to_hub: at once, every 30m0s, was at once, every 15m0s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(before, c.old) {
				t.Fatalf("the example holds no %q any more", c.old)
			}
			d := operate.Compare(load(t, before), load(t, strings.Replace(before, c.old, c.now, 1)))
			var got []string
			for _, x := range d.Changes {
				got = append(got, x.Mark+" "+x.Where+": "+x.Words)
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			refused := strings.Join(d.Refused, "\n")
			if (c.refused == "") != (refused == "") || !strings.Contains(refused, c.refused) {
				t.Errorf("refused: got %q, want %q", refused, c.refused)
			}
			if reread := fmt.Sprint(d.Reread); c.reread != "" && reread != c.reread || c.reread == "" && reread != "[]" {
				t.Errorf("read again: got %s, want %s", reread, c.reread)
			}
		})
	}
}

func TestWhatCannotBeActivatedIsRefusedWithWhatToDo(t *testing.T) {
	before := load(t, exampleText(t))
	for name, c := range map[string]struct {
		change func(*ruleset.Rules)
		want   string
	}{
		"another hub":         {func(r *ruleset.Rules) { r.Groups[0].Hub = "jobber" }, "a group name of its own"},
		"another platform":    {func(r *ruleset.Rules) { r.Connections[1].Platform = "xero" }, "a name of its own"},
		"another account":     {func(r *ruleset.Rules) { r.Connections[1].Account = "2" }, "a name of its own"},
		"another kind of ref": {func(r *ruleset.Rules) { r.Groups[0].Entities[1].Fields[3].Refers = "companies" }, "under another name"},
		"another hub object":  {func(r *ruleset.Rules) { r.Groups[0].Mappings[0].Hub = "deals" }, "links are of the other kind"},
	} {
		before.Connections[1].Account = "1"
		after := load(t, exampleText(t))
		after.Connections[1].Account = "1"
		c.change(after)
		if refused := strings.Join(operate.Compare(before, after).Refused, "\n"); !strings.Contains(refused, c.want) {
			t.Errorf("%s: got %q, want it refused with %q", name, refused, c.want)
		}
	}
}

func TestTheFirstActivationShowsEverythingAsNew(t *testing.T) {
	d := operate.Compare(nil, load(t, exampleText(t)))
	if len(d.Refused)+len(d.Reread)+len(d.Rematched) > 0 {
		t.Errorf("refused %v, reread %v, rematched %v; want none", d.Refused, d.Reread, d.Rematched)
	}
	for _, c := range d.Changes {
		if c.Mark != "+" {
			t.Errorf("%s %s: %s is not new", c.Mark, c.Where, c.Words)
		}
	}
	if len(d.Changes) < 10 {
		t.Errorf("only %d lines", len(d.Changes))
	}
}

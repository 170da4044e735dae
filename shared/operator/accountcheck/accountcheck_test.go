package accountcheck_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/operator/accountcheck"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
	"github.com/fluxcascade/fluxcascade/shared/run/boot"
)

// altered is a connector whose account differs in what it describes.
type altered struct {
	platform.Connector
	change func(record.Object, []platform.FieldInfo) []platform.FieldInfo
}

func (a altered) Identify(ctx context.Context) ([]platform.Identity, error) {
	return a.Connector.(platform.Connecting).Identify(ctx)
}

func (a altered) Describe(ctx context.Context, object record.Object) ([]platform.FieldInfo, error) {
	infos, err := a.Connector.(platform.Connecting).Describe(ctx, object)
	if a.change != nil {
		infos = a.change(object, infos)
	}
	return infos, err
}

func (a altered) Choices(ctx context.Context, object record.Object, field record.PlatformField) (platform.Choices, error) {
	if from, ok := a.Connector.(platform.Choosing); ok {
		return from.Choices(ctx, object, field)
	}
	return platform.Choices{}, nil
}

func (a altered) Subscribe(context.Context, platform.Subscription) ([]string, error) { return nil, nil }
func (a altered) Unsubscribe(context.Context, []string) error                        { return nil }

// InForce tells of all, but where the vendor dropped some.
func (a altered) InForce(_ context.Context, ids []string) ([]string, error) {
	if d, ok := a.Connector.(dropping); ok {
		return ids[:d.left], nil
	}
	return ids, nil
}

// world is the example's platforms as simulators, and a checker over them.
type world struct {
	accountcheck.Checker
	sims       map[record.Connection]platformsim.Simulator
	connectors map[record.Connection]platform.Connector
	change     map[record.Connection]func(record.Object, []platform.FieldInfo) []platform.FieldInfo
	learnt     map[record.Connection]credential.Account
	apps       map[record.Connection]platform.App
	now        time.Time
}

type fixed string

func (f fixed) Token(context.Context) (string, error) { return string(f), nil }
func (fixed) Refused(context.Context, string) error   { return nil }

// newWorld takes the example, with texts in it replaced, pairs of old and new.
func newWorld(t *testing.T, replaced ...string) *world {
	t.Helper()
	text, err := os.ReadFile("../../../infra/sync.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for field, value := range map[string]string{`"Line[0].ItemRef"`: `"1"`, `"Line[0].TaxCodeRef"`: "NON", "SalesTermRef": `"3"`,
		"CurrencyRef": "USD"} { // what the file leaves to its reader
		text = []byte(strings.Replace(string(text), "{spoke: "+field+", value: choose}", "{spoke: "+field+", value: "+value+"}", 1))
	}
	for i := 0; i < len(replaced); i += 2 {
		if !strings.Contains(string(text), replaced[i]) {
			t.Fatalf("the example holds no %q", replaced[i])
		}
		text = []byte(strings.Replace(string(text), replaced[i], replaced[i+1], 1))
	}
	rules, err := ruleset.Load("sync.yaml", text, catalog.All())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{sims: map[record.Connection]platformsim.Simulator{}, connectors: map[record.Connection]platform.Connector{},
		learnt: map[record.Connection]credential.Account{},
		change: map[record.Connection]func(record.Object, []platform.FieldInfo) []platform.FieldInfo{},
		apps:   map[record.Connection]platform.App{},
		now:    time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	for _, c := range rules.Connections {
		v, _ := boot.VendorOf(c.Platform)
		sim, err := runner.Simulator(c.Platform, platformsim.Options{Now: func() time.Time { return w.now }, Seed: 5})
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(sim)
		t.Cleanup(server.Close)
		w.sims[c.Name] = sim
		w.connectors[c.Name] = v.Connect(platform.Settings{Connection: c.Name, Account: sim.Access().Account, BaseURL: server.URL,
			Tokens: fixed(sim.Access().AccessToken), HTTP: server.Client(), Now: func() time.Time { return w.now }})
		w.learnt[c.Name] = credential.Account{Account: sim.Access().Account, Webhooks: []string{"1"},
			Callback: "https://sync.example.com/webhooks/" + string(c.Platform)}
		w.apps[c.Name] = platform.App{WebhookSecret: "s"}
	}
	for _, place := range rules.Places() {
		if p, ok := w.connectors[place.Connection].(platform.Preparing); ok && rules.MarkerAt(place) != "" {
			if err := p.Prepare(t.Context(), place.Object, rules.MarkerAt(place)); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.Checker = accountcheck.Checker{Rules: rules, Catalog: catalog.All(), PublicURL: "https://sync.example.com", Sample: 200,
		Now: func() time.Time { return w.now },
		Connector: func(c record.Connection) (platform.Connector, error) {
			return altered{w.connectors[c], w.change[c]}, nil
		},
		Authorization: func(p record.Platform) platform.Authorization { v, _ := boot.VendorOf(p); return v.Authorization },
		Account: func(_ context.Context, c record.Connection) (credential.Account, bool, error) {
			a, ok := w.learnt[c]
			return a, ok, nil
		},
		App: func(_ context.Context, c record.Connection) (platform.App, error) { return w.apps[c], nil }}
	return w
}

func (w *world) run(t *testing.T) *accountcheck.Report {
	t.Helper()
	report, err := w.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// alter changes one field of an account's object.
func (w *world) alter(c record.Connection, object record.Object, name record.PlatformField, change func(*platform.FieldInfo)) {
	w.change[c] = func(o record.Object, infos []platform.FieldInfo) []platform.FieldInfo {
		infos = slices.Clone(infos)
		i := slices.IndexFunc(infos, func(f platform.FieldInfo) bool { return f.Name == name })
		if i < 0 && o == object {
			infos = append(infos, platform.FieldInfo{Field: catalog.Field{Name: name, Kind: catalog.Text}, Custom: true})
			i = len(infos) - 1
		}
		if o == object {
			change(&infos[i])
		}
		return infos
	}
}

func TestTheExampleHasNothingWrong(t *testing.T) {
	report := newWorld(t).run(t)
	for _, f := range report.Findings {
		if f.Severity != accountcheck.Note {
			t.Errorf("%+v", f)
		}
	}
	if len(report.Accounts) != 3 || report.Accounts[0].User == "" {
		t.Errorf("accounts %+v", report.Accounts)
	}
}

// TestEachMistakeIsNamedWithItsPlaceAndItsCure breaks one thing each.
func TestEachMistakeIsNamedWithItsPlaceAndItsCure(t *testing.T) {
	for name, c := range map[string]struct {
		replaced []string
		breaks   func(*world)
		severity accountcheck.Severity
		where    string
		what, do string
	}{
		"a field that the account lacks": {replaced: []string{"          lastname: {owner",
			"          favourite_colour: {owner: hub, reason: Because}\n          lastname: {owner"},
			severity: accountcheck.Error, where: "hubspot/contacts favourite_colour", what: "no such field", do: "connect hubspot --again"},
		"a custom field of the spoke": {replaced: []string{"          - {hub: lastname, spoke: lastName}",
			`          - {hub: lastname, spoke: "customFields[Surname]"}`},
			severity: accountcheck.Error, where: "jobber/clients customFields[Surname]", what: "no such field", do: "makes it"},
		"read-only in the spoke": {breaks: func(w *world) {
			w.alter("quickbooks", "customers", "GivenName", func(f *platform.FieldInfo) { f.ReadOnly = true })
		},
			severity: accountcheck.Error, where: "quickbooks/customers GivenName", what: "read-only", do: "direction: to_hub"},
		"read-only in the hub": {breaks: func(w *world) {
			w.alter("hubspot", "contacts", "service_city", func(f *platform.FieldInfo) { f.ReadOnly = true })
		},
			severity: accountcheck.Error, where: "hubspot/contacts service_city", what: "read-only", do: "owner: hub"},
		"required in the spoke": {breaks: func(w *world) {
			w.alter("jobber", "clients", "customFields[Region]", func(f *platform.FieldInfo) { f.Required = true })
		},
			severity: accountcheck.Error, where: "jobber/clients customFields[Region]", what: "refuses a record without it",
			do: "map a field to it"},
		"required in the hub": {breaks: func(w *world) {
			w.alter("hubspot", "contacts", "jobtitle", func(f *platform.FieldInfo) { f.Required = true })
		},
			severity: accountcheck.Error, where: "hubspot/contacts jobtitle", what: "jobber/clients makes", do: "map a field to it"},
		"a constant that is no value": {breaks: func(w *world) {
			w.alter("quickbooks", "invoices", "CurrencyRef", func(f *platform.FieldInfo) { f.Kind, f.Values = catalog.Enum, []string{"CAD", "EUR"} })
		},
			severity: accountcheck.Error, where: "quickbooks/invoices CurrencyRef", what: "not one of the field's", do: "CAD, EUR"},
		"values too long": {breaks: func(w *world) {
			w.alter("quickbooks", "customers", "GivenName", func(f *platform.FieldInfo) { f.MaxLength = 3 })
		},
			severity: accountcheck.Warning, where: "quickbooks/customers GivenName",
			what: "1 of 2 of the hub's values looked at are longer than the 3 characters", do: "truncate: {length: 3}"},
		"values that are no choice": {breaks: func(w *world) {
			w.alter("quickbooks", "customers", "BillAddr.CountrySubDivisionCode", func(f *platform.FieldInfo) {
				f.Kind, f.Values = catalog.Enum,
					[]string{"CA"}
			})
		},
			severity: accountcheck.Warning, where: "quickbooks/customers BillAddr.CountrySubDivisionCode", what: "not among the field's",
			do: "value_map to: CA"},
		"a job without a property": {replaced: []string{
			`          - {hub: associations.contacts, spoke: property, reference: {to: contacts, field: "properties[first].id"}, required: true}`,
			""},
			severity: accountcheck.Error, where: "jobber/jobs property or client", what: "made at a property", do: "map one of them"},
		"an invoice without an item": {replaced: []string{`          - {spoke: "Line[0].ItemRef", value: "1"}`, ""},
			severity: accountcheck.Error, where: "quickbooks/invoices Line[0].ItemRef", what: "is not in the mapping", do: "value: leave_out"},
		"an item that is not chosen": {replaced: []string{`{spoke: "Line[0].ItemRef", value: "1"}`, `{spoke: "Line[0].ItemRef", value: choose}`},
			severity: accountcheck.Error, where: "quickbooks/invoices Line[0].ItemRef", what: "is not chosen yet",
			do: `"1" (Services), "2" (Hours)`},
		"an item that the account has not": {replaced: []string{`{spoke: "Line[0].ItemRef", value: "1"}`,
			`{spoke: "Line[0].ItemRef", value: "77"}`},
			severity: accountcheck.Error, where: "quickbooks/invoices Line[0].ItemRef", what: `"77" is not on the account's list`,
			do: `"1" (Services)`},
		"an item that the account has": {severity: accountcheck.Note, where: "quickbooks/invoices Line[0].ItemRef", what: `is "Services"`},
		"a tax code where QuickBooks works out the tax": {replaced: []string{`TaxCodeRef", value: NON}`, `TaxCodeRef", value: "5"}`},
			severity: accountcheck.Error, where: "quickbooks/invoices Line[0].TaxCodeRef", what: "not on the account's list",
			do: `"TAX" (taxable)`},
		"a choice that the account has not": {replaced: []string{"GlobalTaxCalculation, value: leave_out",
			"GlobalTaxCalculation, value: TaxInclusive"},
			severity: accountcheck.Warning, where: "quickbooks/invoices GlobalTaxCalculation", what: "United States", do: "leave_out"},
		"an invoice's day without a zone": {replaced: []string{"{date_iso: {zone: America/Chicago}}", "date_iso"},
			severity: accountcheck.Error, where: "quickbooks/invoices TxnDate", what: "in which time zone", do: "zone: America/Chicago"},
		"a marker that is not unique": {breaks: func(w *world) {
			w.alter("hubspot", "contacts", "fluxcascade_id", func(f *platform.FieldInfo) { f.Unique = false })
		},
			severity: accountcheck.Error, where: "hubspot/contacts fluxcascade_id", what: "two records have the same value", do: "unique values"},
		"an account that is not authorised": {breaks: func(w *world) { w.connectors["jobber"] = refusing{w.connectors["jobber"]} },
			severity: accountcheck.Error, where: "jobber", what: "not authorised", do: "fluxcascade connect jobber"},
		"an account that was never connected": {breaks: func(w *world) {
			w.connectors["jobber"] = refusing{w.connectors["jobber"]}
			delete(w.learnt, "jobber")
		},
			severity: accountcheck.Error, where: "jobber", what: "never connected", do: "fluxcascade connect jobber"},
		"an account that was disconnected": {breaks: func(w *world) {
			w.connectors["jobber"] = refusing{w.connectors["jobber"]}
			w.learnt["jobber"] = credential.Account{Account: "a", Left: w.now}
		},
			severity: accountcheck.Error, where: "jobber", what: "disconnected on 2026-03-01", do: "fluxcascade connect jobber"},
		"another account": {breaks: func(w *world) { w.learnt["jobber"] = credential.Account{Account: "another"} },
			severity: accountcheck.Error, where: "jobber", what: "does not open account another", do: "--again"},
		"a scope that was not granted": {breaks: func(w *world) { w.connectors["hubspot"] = narrow{w.connectors["hubspot"]} },
			severity: accountcheck.Error, where: "hubspot", what: "crm.objects.deals.write", do: "add them to the app"},
		"no public address": {breaks: func(w *world) { w.PublicURL = "" },
			severity: accountcheck.Warning, where: "jobber", what: "no public address", do: "--public-url"},
		"webhooks that were never registered": {breaks: func(w *world) { w.learnt["hubspot"] = credential.Account{} },
			severity: accountcheck.Warning, where: "hubspot", what: "no webhooks were registered", do: "--again"},
		"webhooks that go elsewhere": {breaks: func(w *world) {
			w.learnt["jobber"] = credential.Account{Webhooks: []string{"1"}, Callback: "https://old.example.com"}
		},
			severity: accountcheck.Warning, where: "jobber", what: "go to https://old.example.com", do: "--again"},
		"webhooks that the vendor dropped": {breaks: func(w *world) {
			w.learnt["jobber"] = credential.Account{Webhooks: []string{"1", "2", "3"}, Callback: "https://sync.example.com/webhooks/jobber"}
			w.connectors["jobber"] = dropping{w.connectors["jobber"], 1}
		},
			severity: accountcheck.Warning, where: "jobber", what: "of 3 webhooks that connect registered, 1 are in force",
			do: "registers them again"},
		"webhooks without a secret": {breaks: func(w *world) { w.apps["jobber"] = platform.App{} },
			severity: accountcheck.Warning, where: "jobber", what: "every webhook is refused", do: "guide connect-jobber"},
		"limits nearly used up": {breaks: func(w *world) { w.connectors["hubspot"] = spent{w.connectors["hubspot"]} },
			severity: accountcheck.Warning, where: "hubspot", what: "only 5 of 100 are left", do: "slows down"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.replaced...)
			for i, first := range []string{"Al", "Bernadette"} {
				if _, err := w.sims["hubspot"].Create("contacts", record.Fields{"email": fmt.Sprintf("p%d@example.com", i), "firstname": first,
					"billing_state": "IL"}); err != nil {
					t.Fatal(err)
				}
			}
			if c.breaks != nil {
				c.breaks(w)
			}
			report := w.run(t)
			i := slices.IndexFunc(report.Findings, func(f accountcheck.Finding) bool {
				return f.Severity == c.severity && f.Where == c.where && strings.Contains(f.What, c.what) && strings.Contains(f.Do, c.do)
			})
			if i < 0 {
				t.Errorf("no %s at %s that says %q and advises %q, in:\n%+v", c.severity, c.where, c.what, c.do, report.Findings)
			}
			if said := fmt.Sprint(report.Findings); strings.Contains(said, "Bernadette") || strings.Contains(said, "@example.com") {
				t.Errorf("a record's value was told: %s", said)
			}
		})
	}
}

// TestAllProblemsAreToldAtOnce: a connection that does not answer hides nothing of the others.
func TestAllProblemsAreToldAtOnce(t *testing.T) {
	w := newWorld(t, "          lastname: {owner", "          favourite_colour: {owner: hub, reason: Because}\n          lastname: {owner")
	w.connectors["jobber"] = refusing{w.connectors["jobber"]}
	w.alter("quickbooks", "customers", "GivenName", func(f *platform.FieldInfo) { f.ReadOnly = true })
	report := w.run(t)
	if report.Errors() != 3 || report.Findings[0].Severity != accountcheck.Error {
		t.Errorf("got %d errors, want 3, first:\n%+v", report.Errors(), report.Findings)
	}
}

// TestAPlatformThatAsksForItIsWaitedFor: the sample is whole; without patience what was not read is said.
func TestAPlatformThatAsksForItIsWaitedFor(t *testing.T) {
	for _, patient := range []bool{true, false} {
		w := newWorld(t)
		if _, err := w.sims["jobber"].Create("clients", record.Fields{"firstName": "P", "lastName": "Q"}); err != nil {
			t.Fatal(err)
		}
		calls, waited := 0, time.Duration(0)
		w.connectors["jobber"] = limited{w.connectors["jobber"], &calls}
		if patient {
			w.Wait = func(_ context.Context, d time.Duration) error { waited += d; return nil }
		}
		report := w.run(t)
		i := slices.IndexFunc(report.Hubs, func(h accountcheck.Hub) bool { return h.Type == "contacts" })
		told := slices.ContainsFunc(report.Findings, func(f accountcheck.Finding) bool { return strings.Contains(f.What, "cannot be read") })
		if (report.Hubs[i].Looked["jobber"] == 1) != patient || told == patient || (waited > 0) != patient {
			t.Errorf("patient %v: looked at %d, told %v, waited %s", patient, report.Hubs[i].Looked["jobber"], told, waited)
		}
	}
}

// TestTheDataNamesTheHub: records that people make in Jobber first, and HubSpot after, say that Jobber is the hub; few say nothing.
func TestTheDataNamesTheHub(t *testing.T) {
	for _, people := range []int{3, 14} {
		w := newWorld(t)
		for i := range people {
			fields := record.Fields{"firstName": "P", "lastName": fmt.Sprint("Q", i), "emails[primary].address": fmt.Sprintf("p%d@example.com", i)}
			if _, err := w.sims["jobber"].Create("clients", fields); err != nil {
				t.Fatal(err)
			}
		}
		w.now = w.now.Add(24 * time.Hour)
		for i := range people {
			if _, err := w.sims["hubspot"].Create("contacts", record.Fields{"email": fmt.Sprintf("P%d@Example.com", i),
				"firstname": "P"}); err != nil {
				t.Fatal(err)
			}
		}
		report := w.run(t)
		i := slices.IndexFunc(report.Hubs, func(h accountcheck.Hub) bool { return h.Type == "contacts" })
		h := report.Hubs[i]
		if h.Pairs != people || h.First["jobber"] != people {
			t.Errorf("%d people: got %+v", people, h)
		}
		if want := map[int]record.Connection{3: "", 14: "jobber"}[people]; h.Implied != want {
			t.Errorf("%d people: implied %q, want %q: %s", people, h.Implied, want, h.Evidence)
		}
		warned := slices.ContainsFunc(report.Findings, func(f accountcheck.Finding) bool {
			return f.Severity == accountcheck.Warning && strings.Contains(f.What, "jobber is the hub")
		})
		if warned != (people == 14) {
			t.Errorf("%d people: warned %v", people, warned)
		}
	}
}

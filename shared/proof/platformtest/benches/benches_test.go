package benches_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest"
	"github.com/fluxcascade/fluxcascade/shared/proof/platformtest/benches"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

func TestEveryPlatformHasABench(t *testing.T) {
	var names, benched []record.Platform
	for _, p := range catalog.All() {
		names = append(names, p.Name)
	}
	for _, b := range benches.All() {
		benched = append(benched, b.Catalog.Name)
		var objects []record.Object
		for _, o := range b.Objects {
			objects = append(objects, o.Name)
		}
		for _, o := range b.Catalog.Objects {
			if !slices.Contains(objects, o.Name) {
				t.Errorf("%s: object %s is not under the suite", b.Catalog.Name, o.Name)
			}
		}
	}
	slices.Sort(names)
	slices.Sort(benched)
	if !slices.Equal(names, benched) {
		t.Errorf("benches %v, platforms %v", benched, names)
	}
}

func TestRulesAreNamedOnceAndSayWhy(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range platformtest.Rules() {
		if seen[r.Name] || r.Why == "" || r.Check == nil || (r.Needs == nil) != (r.Unable == nil) {
			t.Errorf("rule %q: named twice, without a reason, or half of an ability", r.Name)
		}
		seen[r.Name] = true
	}
}

// forgeries is how many webhooks are forged on each platform.
const forgeries = 10_000

func TestNoForgedWebhookIsAccepted(t *testing.T) {
	for _, b := range benches.All() {
		t.Run(string(b.Catalog.Name), func(t *testing.T) {
			r, err := platformtest.Forge(b, forgeries, 1)
			if err != nil {
				t.Fatal(err)
			}
			if r.Accepted > 0 || r.Genuine == 0 || r.Tried["forged"] == 0 || r.Tried["altered"] == 0 || r.Tried["oversized"] == 0 {
				t.Errorf("%d accepted (%s) of %v, %d genuine", r.Accepted, r.First, r.Tried, r.Genuine)
			}
		})
	}
}

// sabotaged is a connector with something wrong about it.
type sabotaged struct {
	platform.Connector
	changes func(platform.Query, platform.Page) platform.Page
	list    func(platform.Query, platform.Page) platform.Page
	fetch   func([]platform.Read) []platform.Read
	find    func([][]record.Snapshot) [][]record.Snapshot
	before  func([]record.Intent) []record.Intent
	after   func([]record.Receipt, error) ([]record.Receipt, error)
}

func (s sabotaged) Changes(ctx context.Context, q platform.Query) (platform.Page, error) {
	p, err := s.Connector.Changes(ctx, q)
	if s.changes != nil && err == nil {
		p = s.changes(q, p)
	}
	return p, err
}

func (s sabotaged) List(ctx context.Context, q platform.Query) (platform.Page, error) {
	p, err := s.Connector.List(ctx, q)
	if s.list != nil && err == nil {
		p = s.list(q, p)
	}
	return p, err
}

func (s sabotaged) Fetch(ctx context.Context, o record.Object, f []record.PlatformField, ids []record.ExternalID) ([]platform.Read, error) {
	reads, err := s.Connector.Fetch(ctx, o, f, ids)
	if s.fetch != nil && err == nil {
		reads = s.fetch(reads)
	}
	return reads, err
}

func (s sabotaged) Find(ctx context.Context, o record.Object, f []record.PlatformField, l []platform.Lookup) ([][]record.Snapshot, error) {
	found, err := s.Connector.Find(ctx, o, f, l)
	if s.find != nil && err == nil {
		found = s.find(found)
	}
	return found, err
}

func (s sabotaged) Apply(ctx context.Context, intents []record.Intent) ([]record.Receipt, error) {
	if s.before != nil {
		intents = s.before(slices.Clone(intents))
	}
	receipts, err := s.Connector.Apply(ctx, intents)
	if s.after != nil {
		return s.after(receipts, err)
	}
	return receipts, err
}

// Prepare implements platform.Preparing where the connector does.
func (s sabotaged) Prepare(ctx context.Context, o record.Object, marker record.PlatformField) error {
	if p, ok := s.Connector.(platform.Preparing); ok {
		return p.Prepare(ctx, o, marker)
	}
	return nil
}

// TestTheSuiteShowsEverySabotage breaks a connector in one way after the other, and wants the rule that is there for it to
// fail: a rule that cannot fail is none.
func TestTheSuiteShowsEverySabotage(t *testing.T) {
	kinds := func(from, to fault.Kind) func([]record.Receipt, error) ([]record.Receipt, error) {
		return func(r []record.Receipt, err error) ([]record.Receipt, error) {
			if fault.Is(err, from) {
				return nil, fault.Newf(to, "sabotage", "another kind")
			}
			for i := range r {
				if fault.Is(r[i].Err, from) {
					r[i].Err = fault.Newf(to, "sabotage", "another kind")
				}
			}
			return r, err
		}
	}
	for _, c := range []struct {
		rule, what string
		bench      func() *platformtest.Bench
		sabotage   sabotaged
	}{
		{"changes come in pages, whole, oldest first", "the last of a page is dropped", benches.HubSpot,
			sabotaged{changes: func(_ platform.Query, p platform.Page) platform.Page {
				if n := len(p.Snapshots); n > 1 {
					p.Snapshots = p.Snapshots[:n-1]
				}
				return p
			}}},
		{"changes come in pages, whole, oldest first", "newest first", benches.QuickBooks,
			sabotaged{changes: func(_ platform.Query, p platform.Page) platform.Page {
				slices.Reverse(p.Snapshots)
				return p
			}}},
		{"the overlap covers the lag of the list", "a trailing list is not marked", benches.HubSpot,
			sabotaged{changes: func(_ platform.Query, p platform.Page) platform.Page {
				for i := range p.Snapshots {
					p.Snapshots[i].Lagging = false
				}
				return p
			}}},
		{"polls tell deletions", "absences are left out", benches.Salesforce,
			sabotaged{changes: func(_ platform.Query, p platform.Page) platform.Page {
				p.Absences = nil
				return p
			}}},
		{"a listing walks every record, as a read has it", "a value is trimmed", benches.Jobber,
			sabotaged{list: func(_ platform.Query, p platform.Page) platform.Page {
				for _, s := range p.Snapshots {
					for name, value := range s.Fields {
						s.Fields[name] = strings.TrimSuffix(value, "x")
					}
				}
				return p
			}}},
		{"a removed record reads as gone or archived", "it reads as live", benches.Jobber,
			sabotaged{fetch: func(r []platform.Read) []platform.Read {
				for i := range r {
					if r[i].Snapshot != nil {
						r[i].Snapshot.Archived = false
					}
				}
				return r
			}}},
		{"a merged record names its survivor", "it does not", benches.HubSpot, sabotaged{fetch: func(r []platform.Read) []platform.Read {
			for i := range r {
				if r[i].Absence != nil {
					r[i].Absence.Into, r[i].Absence.Evidence = "", record.EvidenceNotFound
				}
			}
			return r
		}}},
		{"a read in bulk answers each id once, in order", "in another order", benches.Salesforce,
			sabotaged{fetch: func(r []platform.Read) []platform.Read {
				slices.Reverse(r)
				return r
			}}},
		{"a read has every field as the platform holds it", "blanks are left out", benches.QuickBooks,
			sabotaged{fetch: func(r []platform.Read) []platform.Read {
				for _, one := range r {
					if one.Snapshot != nil {
						for name, value := range one.Snapshot.Fields {
							if value == "" {
								delete(one.Snapshot.Fields, name)
							}
						}
					}
				}
				return r
			}}},
		{"records are found by every declared field", "one too few", benches.Salesforce,
			sabotaged{find: func(f [][]record.Snapshot) [][]record.Snapshot {
				f[len(f)-1] = nil
				return f
			}}},
		{"an update changes the fields given, and nothing else", "what was read goes back too", benches.HubSpot,
			sabotaged{before: func(in []record.Intent) []record.Intent {
				for i := range in {
					if in[i].Operation == record.OperationUpdate {
						in[i].Fields["city"] = "Sabotage"
					}
				}
				return in
			}}},
		{"requests hold only what is due, and what goes with it", "what was read goes back too", benches.HubSpot,
			sabotaged{before: func(in []record.Intent) []record.Intent {
				for i := range in {
					if c := in[i].Current; c != nil {
						in[i].Fields["address"], in[i].Fields["zip"] = c.Fields["address"], c.Fields["zip"]
					}
				}
				return in
			}}},
		{"a conditional update refuses what moved", "the version is left out", benches.QuickBooks,
			sabotaged{before: func(in []record.Intent) []record.Intent {
				for i := range in {
					in[i].Current = nil
				}
				return in
			}, after: kinds(fault.Stale, fault.Transient)}},
		{"what lies beside an element of a list stays", "siblings are cleared", benches.Jobber,
			sabotaged{before: func(in []record.Intent) []record.Intent {
				for i := range in {
					if _, due := in[i].Fields["emails[WORK].address"]; due {
						in[i].Fields["emails[OTHER].address"] = ""
					}
				}
				return in
			}}},
		{"money is exact to the cent", "amounts lose their last digit", benches.QuickBooks,
			sabotaged{before: func(in []record.Intent) []record.Intent {
				for i := range in {
					if v := in[i].Fields["Line[0].Amount"]; strings.Contains(v, ".") {
						in[i].Fields["Line[0].Amount"] = v[:len(v)-1]
					}
				}
				return in
			}}},
		{"a lost answer to a create makes no second record: unique key", "our identity is left out", benches.HubSpot,
			sabotaged{before: func(in []record.Intent) []record.Intent {
				for i := range in {
					delete(in[i].Fields, "fluxcascade_id")
					delete(in[i].Fields, "email")
				}
				return in
			}}},
		{"a lost answer to a create makes no second record: request key", "the key is another each time", benches.Xero,
			sabotaged{before: newKeys()}},
		{"a lost answer to a create makes no second record: our mark", "the first try is forgotten", benches.Jobber,
			sabotaged{before: func(in []record.Intent) []record.Intent {
				for i := range in {
					in[i].AttemptsBegan = in[i].AttemptsBegan.AddDate(-1000, 0, 0)
					in[i].Marker = ""
				}
				return in
			}}},
		{"a lost answer to an update is in doubt, and harmless again", "it is taken for not done", benches.Pipedrive,
			sabotaged{after: kinds(fault.InDoubt, fault.Transient)}},
		{"a limit says when to come back", "it is taken for an outage", benches.Jobber,
			sabotaged{after: kinds(fault.RateLimited, fault.Transient)}},
		{"one bad item fails alone", "its neighbours fail with it", benches.Salesforce,
			sabotaged{after: func(r []record.Receipt, err error) ([]record.Receipt, error) {
				for i := range r {
					if r[i].Err != nil {
						r[0].Err = r[i].Err
					}
				}
				return r, err
			}}},
		{"values of a wrong type lose nothing and claim nothing", "what fails is passed over", benches.QuickBooks,
			sabotaged{fetch: func(r []platform.Read) []platform.Read {
				for i := range r {
					if r[i].Err != nil {
						r[i] = platform.Read{ID: r[i].ID, Absence: &record.Absence{Ref: record.Ref{Place: record.Place{Connection: "bench",
							Object: "customers"}, ID: r[i].ID}, Evidence: record.EvidenceNotFound, ReadBegan: time.Unix(1, 0)}}
					}
				}
				return r
			}}},
	} {
		t.Run(c.rule+": "+c.what, func(t *testing.T) {
			with := func(broken sabotaged) *platformtest.Bench {
				b := c.bench()
				connect := b.Connect
				b.Connect = func(s platform.Settings) platform.Connector {
					broken.Connector = connect(s)
					return broken
				}
				return b
			}
			i := slices.IndexFunc(platformtest.Rules(), func(r platformtest.Rule) bool { return r.Name == c.rule })
			if i < 0 {
				t.Fatal("there is no such rule")
			}
			if r := platformtest.Run(platformtest.Rules()[i], with(sabotaged{})); r.Status != platformtest.Passed {
				t.Fatalf("without sabotage it ends as %s: %s", r.Status, r.Reason)
			}
			if r := platformtest.Run(platformtest.Rules()[i], with(c.sabotage)); r.Status != platformtest.Failed {
				t.Errorf("the rule ends as %s", r.Status)
			} else {
				t.Logf("%.200s", r.Reason)
			}
		})
	}
}

// newKeys gives every intent a key of its own, every time.
func newKeys() func([]record.Intent) []record.Intent {
	n := 0
	return func(in []record.Intent) []record.Intent {
		for i := range in {
			n++
			in[i].Key += strings.Repeat("x", n%7) + string(rune('a'+n%26))
			delete(in[i].Fields, in[i].Marker)
			in[i].Marker = ""
			if in[i].Operation == record.OperationCreate && in[i].Ref.Object == "contacts" {
				in[i].Fields["Name"] += " " + string(rune('a'+n%26))
			}
		}
		return in
	}
}

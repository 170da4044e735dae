// Package accountcheck holds a configuration against the accounts it is for: whether each is connected, as whom, with which rights
// and how much of its limits; whether every mapped field is there and takes what would be written; and which platform the
// data says is the hub. It reads, and writes nothing. Findings name fields and counts, never a value.
package accountcheck

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Severity says what a finding means for the sync.
type Severity string

// The severities. An error keeps something from being kept in agreement; a warning may; a note is good to know.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Finding is one thing to know: where, what, and what to do about it.
type Finding struct {
	Severity Severity `json:"severity"`
	// Where is a connection, a place, or a place and a field: "jobber", "jobber/clients firstName"; with Line, in the configuration.
	Where string `json:"where"`
	Line  int    `json:"line,omitempty"`
	What  string `json:"what"`
	Do    string `json:"do,omitempty"`
}

// Account is what a live connection is connected to.
type Account struct {
	Connection record.Connection `json:"connection"`
	Platform   record.Platform   `json:"platform"`
	Account    string            `json:"account"`
	Name       string            `json:"name,omitempty"`
	User       string            `json:"user,omitempty"`
	Sandbox    bool              `json:"sandbox,omitempty"`
	Webhooks   int               `json:"webhooks"`
	Budgets    []platform.Budget `json:"budgets,omitempty"`
}

// Report is all that was found.
type Report struct {
	Accounts []Account `json:"accounts"`
	Findings []Finding `json:"findings"`
	Hubs     []Hub     `json:"hubs"`
}

// Errors counts the findings that keep something from working.
func (r *Report) Errors() int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == Error {
			n++
		}
	}
	return n
}

// Checker checks one configuration.
type Checker struct {
	Rules   *ruleset.Rules
	Catalog []*catalog.Platform
	// Connector assembles a connection's connector; Authorization tells how its vendor is connected.
	Connector     func(record.Connection) (platform.Connector, error)
	Authorization func(record.Platform) platform.Authorization
	// Account gives what was learnt when connecting; App the app, for whether webhooks have a secret. Nil leaves both unchecked.
	Account func(context.Context, record.Connection) (credential.Account, bool, error)
	App     func(context.Context, record.Connection) (platform.App, error)
	// PublicURL is where platforms call, "" for nowhere.
	PublicURL string
	Now       func() time.Time
	// Sample bounds the records read of each place.
	Sample int
	// Wait waits for d or until ctx ends, where a platform asks for it between two pages; nil takes what was read until then.
	Wait func(ctx context.Context, d time.Duration) error
}

// run is one check under way.
type run struct {
	*Checker
	report Report
	live   map[record.Connection]platform.Connector
	// fields are what accounts have, by place; samples some records of them.
	fields  map[record.Place]map[record.PlatformField]platform.FieldInfo
	samples map[record.Place][]record.Snapshot
}

// Run checks everything and reports all problems at once: what a connection that does not answer cannot show is said once and
// left out. The error is of ctx alone.
func (c *Checker) Run(ctx context.Context) (*Report, error) {
	r := &run{Checker: c, live: map[record.Connection]platform.Connector{},
		fields: map[record.Place]map[record.PlatformField]platform.FieldInfo{}, samples: map[record.Place][]record.Snapshot{}}
	r.report.Findings, r.report.Hubs = []Finding{}, []Hub{}
	for i := range c.Rules.Connections {
		if declared := &c.Rules.Connections[i]; r.used(declared.Name) {
			r.connection(ctx, declared)
		}
	}
	for _, place := range c.Rules.Places() {
		if r.live[place.Connection] != nil {
			r.describe(ctx, place)
		}
	}
	for i := range c.Rules.Groups {
		r.group(&c.Rules.Groups[i])
		r.decisions(ctx, &c.Rules.Groups[i])
	}
	for i := range c.Rules.Groups {
		r.implied(&c.Rules.Groups[i])
	}
	rank := map[Severity]int{Error: 0, Warning: 1, Note: 2}
	slices.SortStableFunc(r.report.Findings, func(a, b Finding) int {
		return cmp.Or(rank[a.Severity]-rank[b.Severity], strings.Compare(a.Where, b.Where), a.Line-b.Line)
	})
	return &r.report, ctx.Err()
}

func (r *run) used(c record.Connection) bool {
	return slices.ContainsFunc(r.Rules.Places(), func(p record.Place) bool { return p.Connection == c })
}

func (r *run) add(f Finding) {
	if !slices.Contains(r.report.Findings, f) {
		r.report.Findings = append(r.report.Findings, f)
	}
}

// connection checks that a connection is live, and as what.
func (r *run) connection(ctx context.Context, declared *ruleset.Connection) {
	where := string(declared.Name)
	var learnt credential.Account
	known := r.Account == nil
	if !known {
		var err error
		if learnt, known, err = r.Account(ctx, declared.Name); err != nil {
			r.add(unreachable(where, err))
			return
		}
	}
	connector, err := r.Connector(declared.Name)
	if err != nil {
		r.add(unconnected(where, err, learnt, known))
		return
	}
	connecting, ok := connector.(platform.Connecting)
	if !ok {
		r.add(Finding{Severity: Warning, Where: where, What: "its connector cannot tell which account it opens",
			Do: "it is left out of this check"})
		return
	}
	identities, err := connecting.Identify(ctx)
	if err != nil {
		r.add(unconnected(where, err, learnt, known))
		return
	}
	wanted := cmp.Or(declared.Account, learnt.Account)
	i := slices.IndexFunc(identities, func(id platform.Identity) bool { return wanted == "" || id.Account == wanted })
	if i < 0 {
		r.add(Finding{Severity: Error, Where: where, What: fmt.Sprintf("the authorisation does not open account %s", wanted),
			Do: "correct the account in the configuration, or: fluxcascade connect " + where + " --again"})
		return
	}
	id := identities[i]
	r.live[declared.Name] = connector
	r.report.Accounts = append(r.report.Accounts, Account{Connection: declared.Name, Platform: declared.Platform, Account: id.Account,
		Name: id.Name, User: cmp.Or(id.User, learnt.User),
		Sandbox: id.Sandbox || learnt.Sandbox, Webhooks: len(learnt.Webhooks), Budgets: id.Budgets})
	if declared.Account == "" {
		r.add(Finding{Severity: Note, Where: where, What: "the configuration names no account",
			Do: fmt.Sprintf("so that no other is ever taken for it, write: account: %q", id.Account)})
	}
	r.rights(declared, id)
	r.budgets(where, id.Budgets)
	r.webhooks(ctx, declared, learnt)
}

// unconnected says why a connection cannot be called, plainly where nobody connected it, or somebody disconnected it.
func unconnected(where string, err error, learnt credential.Account, known bool) Finding {
	switch {
	case !fault.Is(err, fault.Unauthorized):
		return unreachable(where, err)
	case !known:
		return Finding{Severity: Error, Where: where, What: "it was never connected", Do: "fluxcascade connect " + where}
	case !learnt.Left.IsZero():
		return Finding{Severity: Error, Where: where, What: "it was disconnected on " + learnt.Left.Format(time.DateOnly),
			Do: "fluxcascade connect " + where}
	}
	return unreachable(where, err)
}

// unreachable says why a connection is left out.
func unreachable(where string, err error) Finding {
	f := Finding{Severity: Error, Where: where, What: fmt.Sprintf("it cannot be called: %v", err)}
	switch {
	case fault.Is(err, fault.Unauthorized):
		f.What, f.Do = fmt.Sprintf("it is not authorised: %v", err), "fluxcascade connect "+where+" --again"
	case fault.Is(err, fault.RateLimited):
		f.Do = "its limits are used up for now; check again in a while"
	default:
		f.Do = "check again in a while; if it stays, see the vendor's status page"
	}
	return f
}

// rights checks the scopes, where the vendor tells them.
func (r *run) rights(declared *ruleset.Connection, id platform.Identity) {
	if id.Scopes == nil {
		return
	}
	var objects []record.Object
	for _, place := range r.Rules.Places() {
		if place.Connection == declared.Name {
			objects = append(objects, place.Object)
		}
	}
	var missing []string
	for _, scope := range r.Authorization(declared.Platform).ScopesFor(objects) {
		if !slices.Contains(id.Scopes, scope) {
			missing = append(missing, scope)
		}
	}
	if len(missing) > 0 {
		r.add(Finding{Severity: Error, Where: string(declared.Name), What: "the authorisation lacks the scopes " + strings.Join(missing, ", "),
			Do: "add them to the app, and: fluxcascade connect " + string(declared.Name) + " --again"})
	}
}

// budgetLow is the part of a limit below which what is left is worth a warning.
const budgetLow = 10 // one tenth

func (r *run) budgets(where string, budgets []platform.Budget) {
	for _, b := range budgets {
		if b.Max > 0 && b.Left*budgetLow < b.Max {
			r.add(Finding{Severity: Warning, Where: where, What: fmt.Sprintf("only %d of %d are left: %s", b.Left, b.Max, b.Name),
				Do: "other apps on this account spend them too; the sync slows down rather than fails"})
		}
	}
}

// webhooks checks that changes can be told, where the configuration counts on it.
func (r *run) webhooks(ctx context.Context, declared *ruleset.Connection, learnt credential.Account) {
	where := string(declared.Name)
	p := r.platform(declared.Platform)
	if r.Account == nil || p == nil || !p.Webhooks.Signed || !r.realtime(declared.Name) {
		return
	}
	if !strings.HasPrefix(r.PublicURL, "https://") {
		r.add(Finding{Severity: Warning, Where: where,
			What: "the configuration wants changes in real time, and there is no public address for webhooks to come to",
			Do:   "give serve a --public-url, or deploy; until then polls find changes, by the schedule"})
		return
	}
	callback := r.PublicURL + "/webhooks/" + string(declared.Platform)
	_, registers := r.live[declared.Name].(platform.Subscribing)
	switch {
	case registers && len(learnt.Webhooks) == 0:
		r.add(Finding{Severity: Warning, Where: where, What: "no webhooks were registered by connect", Do: "unless you set them up by hand, to " +
			callback + ": fluxcascade connect " + where + " --again"})
	case registers && learnt.Callback == callback:
		r.inForce(ctx, declared, learnt)
	case registers:
		r.add(Finding{Severity: Warning, Where: where, What: "its webhooks go to " + learnt.Callback + ", and we are at " + callback,
			Do: "fluxcascade connect " + where + " --again"})
	}
	if r.App == nil {
		return
	}
	if app, err := r.App(ctx, declared.Name); err == nil && app.WebhookSecret == "" {
		r.add(Finding{Severity: Warning, Where: where, What: "there is no webhook secret, so every webhook is refused",
			Do: "fluxcascade connect " + where + " --again asks for it; fluxcascade guide connect-" + string(declared.Platform) +
				" says where it is"})
	}
}

// inForce asks the vendor whether it still tells, where it can be asked.
func (r *run) inForce(ctx context.Context, declared *ruleset.Connection, learnt credential.Account) {
	telling, ok := r.live[declared.Name].(platform.Telling)
	if !ok {
		return
	}
	where := string(declared.Name)
	live, err := telling.InForce(ctx, learnt.Webhooks)
	switch {
	case fault.Is(err, fault.Rejected): // no key to ask with
	case err != nil:
		r.add(Finding{Severity: Note, Where: where, What: fmt.Sprintf("it cannot be asked whether its webhooks are in force: %v", err),
			Do: "check again in a while"})
	case len(live) < len(learnt.Webhooks):
		r.add(Finding{Severity: Warning, Where: where,
			What: fmt.Sprintf("of %d webhooks that connect registered, %d are in force: the vendor dropped or disabled the others",
				len(learnt.Webhooks), len(live)),
			Do: "fluxcascade connect " + where + " --again registers them again"})
	}
}

func (r *run) realtime(c record.Connection) bool {
	for i := range r.Rules.Groups {
		g := &r.Rules.Groups[i]
		for j := range g.Mappings {
			m := &g.Mappings[j]
			if m.Spoke.Connection == c && m.ToHub.RealTime || g.Hub == c && m.ToSpoke.RealTime {
				return true
			}
		}
	}
	return false
}

func (r *run) platform(name record.Platform) *catalog.Platform {
	for _, p := range r.Catalog {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// object gives the catalog's object of a place; nil for an unknown one.
func (r *run) object(place record.Place) *catalog.Object {
	declared, ok := r.Rules.Connection(place.Connection)
	if !ok {
		return nil
	}
	p := r.platform(declared.Platform)
	if p == nil {
		return nil
	}
	o, _ := p.Object(place.Object)
	return o
}

// describe reads what a place's records can hold, and some of them.
func (r *run) describe(ctx context.Context, place record.Place) {
	connector := r.live[place.Connection]
	infos, err := connector.(platform.Connecting).Describe(ctx, place.Object)
	if err != nil {
		r.add(unreachable(place.String(), err))
		return
	}
	known := make(map[record.PlatformField]platform.FieldInfo, len(infos))
	for _, f := range infos {
		known[f.Name] = f
	}
	r.fields[place] = known
	r.samples[place] = r.sample(ctx, connector, place)
}

const (
	// pagesMax bounds the pages of one sample, waits included.
	pagesMax = 15
	// waitMax is the longest that a platform is waited for: Jobber's bucket fills within 20 s.
	waitMax = 30 * time.Second
)

// sample reads some records of a place, live ones; what cannot be read is told, and what was read until then counts.
func (r *run) sample(ctx context.Context, connector platform.Connector, place record.Place) []record.Snapshot {
	o := r.object(place)
	if o == nil || r.Sample <= 0 {
		return nil
	}
	q := platform.Query{Object: place.Object, Limit: min(r.Sample, o.Ability.PageMax)}
	for _, f := range r.Rules.FieldsAt(place) {
		if _, there := r.fields[place][f]; there {
			q.Fields = append(q.Fields, f)
		}
	}
	if o.Created != "" && !slices.Contains(q.Fields, o.Created) {
		q.Fields = append(q.Fields, o.Created)
	}
	var out []record.Snapshot
	for range pagesMax {
		page, err := connector.List(ctx, q)
		if after := fault.After(err, waitMax); fault.Is(err, fault.RateLimited) && r.Wait != nil && after <= waitMax {
			if r.Wait(ctx, after) == nil {
				continue
			}
		}
		if err != nil {
			r.add(Finding{Severity: Warning, Where: place.String(), What: fmt.Sprintf("its records cannot be read: %v", err),
				Do: "its values were not checked; check again in a while"})
			return out
		}
		for _, s := range page.Snapshots {
			if !s.Archived && len(out) < r.Sample {
				out = append(out, s)
			}
		}
		if !page.More || len(out) >= r.Sample {
			return out
		}
		q.Cursor = page.Next
	}
	return out
}

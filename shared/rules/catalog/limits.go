package catalog

import "time"

// Limit is one documented limit of what an account may call, in calls or in what the vendor counts in their place.
type Limit struct {
	Name string // "10s", "minute", "day", "points": as budgets are kept and shown
	Max  int
	// Window is how long Max is for; 0 for a bucket.
	Window time.Duration
	// Restore, for a bucket that holds Max, is how much comes back each second.
	Restore int
	Unit    string // "calls", "searches", "tokens", "points"
	// ByPlan says that the account's plan decides: Max is then the least documented, and the configuration may say more.
	ByPlan bool
	// FirstLoad is what reading and writing in bulk cost of it.
	FirstLoad BulkCost
	Source    string
}

// BulkCost is what a limit counts of a first load. The zero value counts each call once.
type BulkCost struct {
	// Page and Record are what a listed page and each record on it cost; Call and Write a call that writes and each record
	// in it.
	Page, Record, Call, Write int
	// Apart says that a first load costs nothing of it.
	Apart bool
}

// Of gives the cost of reading and writing so many records of an object.
func (b BulkCost) Of(read, written int, a Ability) int {
	if b.Apart {
		return 0
	}
	if b == (BulkCost{}) {
		b = BulkCost{Page: 1, Call: 1}
	}
	return b.Page*calls(read, a.PageMax) + b.Record*read + b.Call*calls(written, a.WriteMax) + b.Write*written
}

func calls(records, each int) int {
	each = max(each, 1)
	return (records + each - 1) / each
}

// LimitsOf gives the limits with the one that the plan decides replaced by what the configuration says; 0 leaves it.
func (p *Platform) LimitsOf(byPlan int) []Limit {
	out := make([]Limit, len(p.Limits))
	for i, l := range p.Limits {
		if l.ByPlan && byPlan > 0 {
			l.Max = byPlan
		}
		out[i] = l
	}
	return out
}

// The first limit of each platform is in force for every call but searches: a refusal for rate stops at it.

func hubspotLimits() []Limit {
	return []Limit{
		{Name: "10s", Max: 100, Window: 10 * time.Second, Unit: "calls", Source: "developers.hubspot.com usage guidelines, 2026-06: 110 of an OAuth app, 100 of a private one; answers tell which"},
		{Name: "search", Max: 5, Window: time.Second, Unit: "searches", FirstLoad: BulkCost{Apart: true}, Source: "developers.hubspot.com usage guidelines, 2026-06: five a second and account"},
	}
}

func jobberLimits() []Limit {
	return []Limit{
		{Name: "5min", Max: 2500, Window: 5 * time.Minute, Unit: "calls", Source: "developer.getjobber.com api_rate_limits"},
		{Name: "points", Max: 10_000, Restore: 500, Unit: "points", FirstLoad: BulkCost{Record: 20, Write: 20}, Source: "developer.getjobber.com api_rate_limits; every answer tells what is left"},
	}
}

func pipedriveLimits() []Limit {
	return []Limit{
		{Name: "2s", Max: 80, Window: 2 * time.Second, Unit: "calls", FirstLoad: BulkCost{Page: 1, Write: 1}, Source: "pipedrive.readme.io core-api-concepts-rate-limiting: 80 on the smallest plan; answers tell"},
		{Name: "search", Max: 10, Window: 2 * time.Second, Unit: "searches", FirstLoad: BulkCost{Apart: true}, Source: "pipedrive.readme.io core-api-concepts-rate-limiting (memory)"},
		{Name: "day", Max: 30_000, Window: 24 * time.Hour, Unit: "tokens", ByPlan: true, FirstLoad: BulkCost{Page: 10, Write: 5}, Source: "pipedrive.readme.io core-api-concepts-rate-limiting: 30,000 times the plan's factor times seats"},
	}
}

func quickbooksLimits() []Limit {
	return []Limit{
		{Name: "minute", Max: 500, Window: time.Minute, Unit: "calls", FirstLoad: BulkCost{Page: 1, Write: 1}, Source: "developer.intuit.com API call limits: 500 a minute and company"},
		{Name: "batch", Max: 40, Window: time.Minute, Unit: "batches", FirstLoad: BulkCost{Call: 1}, Source: "developer.intuit.com API call limits: 40 a minute and company (memory)"},
	}
}

func salesforceLimits() []Limit {
	return []Limit{
		{Name: "day", Max: 15_000, Window: 24 * time.Hour, Unit: "calls", ByPlan: true, Source: "Salesforce limits quick reference: 15,000 of a developer org, 100,000 and more by licences; every answer tells"},
	}
}

func xeroLimits() []Limit {
	return []Limit{
		{Name: "minute", Max: 60, Window: time.Minute, Unit: "calls", Source: "developer.xero.com xero-api-limits"},
		{Name: "day", Max: 5000, Window: 24 * time.Hour, Unit: "calls", ByPlan: true, Source: "developer.xero.com xero-api-limits: 5,000; less on some tiers (memory); every answer tells"},
	}
}

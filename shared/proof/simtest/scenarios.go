package simtest

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Scenario is a fixed history without any fault, to be run with one fault at each of its I/O points in turn.
type Scenario struct {
	Name    string
	History History
}

// story is what people do in a scenario, and what the rules are.
type story struct {
	name    string
	initial []Initial
	actions []Action
	setup   func(*Setup)
}

// scenarioLives is how long people act in a scenario; first loads and schedules go on after it.
const scenarioLives = 14 * time.Minute

// stories of the scenarios. People 0 and 1 are on all three platforms from the start where initial says so.
func stories() []story {
	everywhere := []Initial{{Person: 0, Account: 0, Blank: -1}, {Person: 0, Account: 1, Blank: -1}, {Person: 0, Account: 2, Blank: -1}}
	hubOnly := []Initial{{Person: 0, Account: 0, Blank: -1}}
	two := append([]Initial{{Person: 1, Account: 0, Blank: -1}}, hubOnly...)
	at := func(minute int, kind ActionKind, pick ...uint32) Action {
		a := Action{At: time.Duration(minute) * time.Minute, Kind: kind}
		copy(a.Pick[:], pick)
		return a
	}
	free := func(s *Setup) { s.Fields[0].Owner = 2 }
	return []story{
		{name: "a first load of one person on three platforms", initial: everywhere},
		{name: "a first load of one person on the hub", initial: hubOnly},
		{name: "a first load of one person on a spoke", initial: []Initial{{Person: 0, Account: 1, Blank: -1}}},
		{name: "a record made on the hub", initial: hubOnly, actions: []Action{at(5, ActCreate, 0)}},
		{name: "a record made on a spoke", initial: hubOnly, actions: []Action{at(5, ActCreate, 1)}},
		{name: "an owner's edit", initial: everywhere, actions: []Action{at(5, ActEdit, 0, 0)}},
		{name: "an edit of a field that is everybody's, on a spoke", initial: everywhere, actions: []Action{at(5, ActEdit, 1, 0)}, setup: free},
		{name: "an edit by another than the owner", initial: everywhere, actions: []Action{at(5, ActEdit, 1, 0)}},
		{name: "an edit by another than the owner, let differ", initial: everywhere, actions: []Action{at(5, ActEdit, 1, 0)}, setup: func(s *Setup) { s.Fields[0].NonOwner = 2 }},
		{name: "a field emptied by its owner", initial: everywhere, actions: []Action{at(5, ActBlank, 0, 0)}},
		{name: "a field emptied that blanks do not empty", initial: everywhere, actions: []Action{at(5, ActBlank, 0, 0)}, setup: func(s *Setup) { s.Fields[0].Keep = true }},
		{name: "one field edited on three platforms at once", initial: everywhere, actions: []Action{at(5, ActEverywhere, 0, 0)}, setup: free},
		{name: "one field edited at once, for a person to decide", initial: everywhere, actions: []Action{at(5, ActEverywhere, 0, 0), at(12, ActAnswer, 0, 1)}, setup: func(s *Setup) { s.Fields[0].Owner, s.Fields[0].Conflict = 2, 3 }},
		{name: "a record deleted on the hub", initial: everywhere, actions: []Action{at(5, ActDelete, 0, 1)}, setup: func(s *Setup) { s.Delete = 2 }},
		{name: "a record deleted on a spoke", initial: everywhere, actions: []Action{at(5, ActDelete, 1, 1)}, setup: func(s *Setup) { s.Delete = 3 }},
		{name: "a record deleted and restored", initial: everywhere, actions: []Action{at(4, ActDelete, 0, 1), at(11, ActRestore, 0, 1)}, setup: func(s *Setup) { s.Delete = 2 }},
		{name: "two records merged on the hub", initial: append(two, Initial{Person: 1, Account: 1, Blank: -1}), actions: []Action{at(6, ActMerge, 0, 0)}},
		{name: "an email changed on the hub", initial: everywhere, actions: []Action{at(5, ActEmail, 0)}},
		{name: "an email changed on a spoke", initial: everywhere, actions: []Action{at(5, ActEmail, 1)}},
		{name: "a second record with the same email", initial: everywhere, actions: []Action{at(5, ActTwin, 0, 1, 0)}},
		{name: "a value that spokes refuse", initial: everywhere, actions: []Action{at(5, ActRefused, 0, 0)}},
		{name: "a won deal of a person that is not on the spoke yet", initial: hubOnly, actions: []Action{at(5, ActDeal, 0, 0)}, setup: func(s *Setup) { s.Deals, s.Filter = true, true }},
		{name: "a deal given to another person", initial: two, actions: []Action{at(4, ActDeal, 0, 0), at(10, ActReassign, 0, 1)}, setup: func(s *Setup) { s.Deals = true }},
		{name: "two groups that share a platform", initial: everywhere, actions: []Action{at(5, ActEmail, 0)}, setup: func(s *Setup) {
			s.Finance = true
			s.Accounts = append(s.Accounts, s.Accounts[1])
		}},
	}
}

// kinds of platforms, from the strongest to the weakest.
var platformKinds = []struct {
	name    string
	account AccountSetup
}{
	{"on platforms that can do everything", AccountSetup{Conditional: true, UniqueKey: true, Marker: true, Find: true, Polls: true, PollsDeletes: true, TellsDeletes: true,
		FieldTimes: true, StampCovers: true, Restores: true, Merged: 1, Missing: -1, Concurrency: 1, Batch: 5}},
	{"on platforms that can do little", AccountSetup{Marker: true, Polls: true, TellsDeletes: true, ArchivesOnly: true, Merged: 2, Missing: -1, Lag: 10 * time.Second, Coarse: true, Reforms: true,
		WholeCalls: true, Concurrency: 2, Batch: 1}},
}

// Scenarios lists every story on every kind of platform.
func Scenarios() []Scenario {
	var out []Scenario
	for i, s := range stories() {
		for j, kind := range platformKinds {
			setup := Setup{Spokes: 2, Live: scenarioLives, PollEvery: 3 * time.Minute, SweepEvery: 8 * time.Minute, Fields: make([]FieldSetup, 2),
				Accounts: []AccountSetup{kind.account, kind.account, kind.account}}
			if s.setup != nil {
				s.setup(&setup)
			}
			out = append(out, Scenario{Name: s.name + ", " + kind.name, History: History{Seed: uint64(1000 + 10*i + j), Setup: setup, Initial: s.initial, Actions: s.actions}})
		}
	}
	return out
}

// Enumeration is what running a scenario with one fault at each I/O point came to.
type Enumeration struct {
	Points, Runs int
	// Violations tells of runs that violate an invariant, each with its point and fault; at most enumerationShown.
	Violations []string
	Violated   int
}

// enumerationShown bounds the violations that are told of.
const enumerationShown = 5

// fateNames are the faults that are tried at each I/O point, in words.
var fateNames = map[fate]string{fateNot: "not done", fateUnknown: "done, reported as failed", fateLate: "reported as failed, done later", fateDead: "the process dies before it"}

// Every picks I/O points to try: each Every.th, the first of them Offset after the first. The zero value picks all.
type Every struct{ Step, Offset int }

// picks reports whether the i.th point is tried.
func (e Every) picks(i int) bool { return e.Step <= 1 || i%e.Step == e.Offset%e.Step }

// Enumerate runs a scenario with one fault at each of its I/O points that every picks: for a read, not done and a crash; for a
// write also done and reported as failed, and done later.
func Enumerate(s Scenario, every Every, o Options) Enumeration {
	var kinds []pointKind
	o.kinds = &kinds
	base := Run(s.History, o)
	o.kinds = nil
	e := Enumeration{Points: base.Points}
	for _, v := range base.Violations {
		e.Violated++
		e.Violations = append(e.Violations, fmt.Sprintf("without any fault: %s: %s", v.Invariant, v.Text))
	}
	type try struct {
		at   int
		fate fate
	}
	var tries []try
	for i, kind := range kinds {
		if !every.picks(i) {
			continue
		}
		tries = append(tries, try{i + 1, fateNot}, try{i + 1, fateDead})
		if kind != pointRead && kind != pointCall {
			tries = append(tries, try{i + 1, fateUnknown}, try{i + 1, fateLate})
		}
	}
	e.Runs = len(tries) + 1
	var next atomic.Int64
	var mu sync.Mutex
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			var spare []*worker
			defer func() { stopAll(spare) }()
			for {
				i := int(next.Add(1)) - 1
				if i >= len(tries) {
					return
				}
				mine := o
				mine.spare = &spare
				mine.plan = plan{at: tries[i].at, fate: tries[i].fate}
				for _, v := range Run(s.History, mine).Violations {
					mu.Lock()
					if e.Violated++; len(e.Violations) < enumerationShown {
						e.Violations = append(e.Violations, fmt.Sprintf("I/O point %d %s: %s: %s", tries[i].at, fateNames[tries[i].fate], v.Invariant, v.Text))
					}
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	return e
}

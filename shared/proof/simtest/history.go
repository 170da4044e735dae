package simtest

import (
	"math/rand/v2"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// Limits of a history.
const (
	// liveMax is how long people act and faults happen.
	liveMin, liveMax = 15 * time.Minute, 45 * time.Minute
	actionsMin       = 4
	actionsMax       = 10
	personsMax       = 4
)

// History is everything that a seed decides: run it twice and the same happens. A shrunk one has less of it.
type History struct {
	Seed    uint64
	Setup   Setup
	Initial []Initial
	// Deals are there before the first load too: stages, of the first person on the hub.
	Deals   []string
	Actions []Action
	Weather Weather
}

// Setup is the platforms and the rules of one history. The zero value is the kindest: one spoke, platforms that can
// do everything, the hub owning every field.
type Setup struct {
	Spokes int // 1 to 3
	Deals  bool
	Bills  bool // of deals
	// Filter: only won deals reach the spoke. Follow: what was made of one is updated also once it is lost.
	Filter, Follow bool
	// Finance: a second group whose hub is the first spoke.
	Finance  bool
	Accounts []AccountSetup // the hub, then the spokes, then the ledger
	Fields   []FieldSetup   // of a person
	// Ledgers of rules: the second takes over in the middle, if it is asked for.
	Change     Change
	ChangeAt   time.Duration
	Delete     int  // index into deletePolicies
	Skewed     bool // our own processes' clocks differ
	Mixed      bool // each mapping has another delete policy
	LinksOnly  bool // records of people on the hub are made on no spoke, only linked
	Live       time.Duration
	PollEvery  time.Duration
	SweepEvery time.Duration
	// LoadEvery is the period of polls until a place's first load is over, 0 for no other than afterwards.
	LoadEvery time.Duration
	Tokens    bool
	// Limits of spread of the customer group, the zero value for none.
	Limits ruleset.Limits
	// Poison: the first record of the beginning cannot be read by id, and never will be.
	Poison bool
	// Rich is drawn in calm histories alone.
	Rich Rich
}

// AccountSetup is what one platform can do, and its weaknesses.
type AccountSetup struct {
	Conditional, UniqueKey, RequestKey, Marker bool
	Find, Polls, PollsDeletes                  bool
	FieldTimes, StampCovers, Unstamped         bool
	ArchivesOnly, Restores                     bool
	WholeCalls, TellsDeletes                   bool
	Reforms, Lists                             bool
	// Rewords: it makes another text of a street that it is asked for, as one that corrects addresses does. In calm histories alone:
	// while nobody knows whether a write arrived, it looks like a person's edit, and nothing can tell.
	Rewords     bool
	UniqueEmail bool // of people, where it has a field for our identity too
	Merged      int
	Lag         time.Duration // of its index
	Replica     time.Duration // of its reads by id
	Skew        time.Duration
	Coarse      bool // stamps of a second
	Concurrency int
	Batch       int
	Missing     int // index of a field that the platform lacks, -1 for none
}

// FieldSetup is who may set a field of a person, and what becomes of others' edits.
type FieldSetup struct {
	Owner    int // 0: the hub, 1: the first spoke, 2: everybody
	NonOwner int // revert, propose, flag
	Conflict int // newest, hub, spoke, manual
	Keep     bool
}

// Change is what a configuration changes in the middle.
type Change int

// The changes.
const (
	ChangeNothing  Change = iota
	ChangeOwner           // of the second field, to the first spoke
	ChangeNewField        // the last field begins to be mapped
	ChangeFilter          // of deals, to one stage more
	ChangeGone            // the last spoke leaves the group
)

// Initial is one record that is there before the first load.
type Initial struct {
	Person, Account int
	Blank           int // index of a field that is blank, -1 for none
	Same            bool
}

// Action is one thing that people do. Pick chooses among what there is when it happens.
type Action struct {
	At   time.Duration
	Kind ActionKind
	Pick [4]uint32
}

// ActionKind is a kind of action.
type ActionKind int

// The kinds of actions.
const (
	ActCreate ActionKind = iota
	ActEdit
	ActBlank
	ActDelete
	ActRestore
	ActMerge
	ActEmail
	ActEverywhere // one field, at several places at once
	ActDeal
	ActBill
	ActStage
	ActReassign // a deal to another person
	ActAnswer
	ActTwin // another record with the email of one that is or was
	ActRefused
	ActMassDelete
	ActBehind  // one place does not answer while a field is edited there and elsewhere
	ActForged  // a webhook that tells of what did not happen
	ActGarbage // a message that is none
	ActRelease // an operator lets go what limits of spread hold
	ActPause   // an operator pauses a connection for a while
	ActRich    // a further field of a person, in calm histories
	actionKinds
)

var actionWeights = [actionKinds]int{ActCreate: 14, ActEdit: 34, ActBlank: 6, ActDelete: 7, ActRestore: 4, ActMerge: 3, ActEmail: 6, ActEverywhere: 10,
	ActDeal: 7, ActBill: 4, ActStage: 6, ActReassign: 3, ActAnswer: 5, ActTwin: 3, ActRefused: 2, ActMassDelete: 1, ActBehind: 4, ActForged: 3, ActGarbage: 1, ActRelease: 2, ActPause: 2}

// Weather is how often what goes wrong, per thousand chances.
type Weather struct {
	Crash                                int
	StoreFails, StoreLost, StoreLate     int
	SendFails, SendLost                  int
	Unavailable, Limited                 int
	CallLost, CallLate, CallPart, NoCall int
	HintLost, HintTwice, HintLate        int
	Redelivered, AckLost                 int
	StaleRead, Omitted                   int
	Racing                               int // a person edits what is being written at this very moment
	Outage, Forbidden                    int // per thousand, of an account for this history
}

// Draw gives the history of a seed.
func Draw(seed uint64) History {
	r := rand.New(rand.NewPCG(seed, 1))
	h := History{Seed: seed}
	h.Setup = drawSetup(r)
	h.Setup.LinksOnly = rand.New(rand.NewPCG(seed, 2)).IntN(6) == 0
	unique := rand.New(rand.NewPCG(seed, 3))
	for i := range h.Setup.Accounts {
		a := &h.Setup.Accounts[i]
		a.UniqueEmail = a.Marker && unique.IntN(4) == 0
	}
	h.Weather = drawWeather(r)
	persons := 1 + r.IntN(personsMax)
	for p := range persons {
		for a := range 1 + h.Setup.Spokes {
			if r.IntN(100) < 45 {
				h.Initial = append(h.Initial, Initial{Person: p, Account: a, Blank: r.IntN(len(h.Setup.Fields)+6) - 6, Same: r.IntN(3) > 0})
			}
		}
		if r.IntN(100) < 4 { // two records of one person at one place
			h.Initial = append(h.Initial, Initial{Person: p, Account: r.IntN(1 + h.Setup.Spokes), Blank: -1})
		}
	}
	if h.Setup.Deals {
		for range r.IntN(3) {
			h.Deals = append(h.Deals, stages[r.IntN(len(stages))])
		}
	}
	n := actionsMin + r.IntN(actionsMax-actionsMin+1)
	for range n {
		a := Action{At: time.Duration(r.Int64N(int64(h.Setup.Live))), Kind: drawKind(r)}
		for i := range a.Pick {
			a.Pick[i] = r.Uint32()
		}
		h.Actions = append(h.Actions, a)
	}
	return h
}

func drawKind(r *rand.Rand) ActionKind {
	total := 0
	for _, w := range actionWeights {
		total += w
	}
	at := r.IntN(total)
	for kind, w := range actionWeights {
		if at -= w; at < 0 {
			return ActionKind(kind)
		}
	}
	return ActEdit
}

func drawSetup(r *rand.Rand) Setup {
	one := func(in int) bool { return r.IntN(in) == 0 }
	s := Setup{Spokes: 1 + r.IntN(2), Deals: one(3), Filter: one(2), Finance: one(8), Delete: r.IntN(4), Tokens: one(5)}
	if one(8) {
		s.Spokes = 3
	}
	s.Live = liveMin + time.Duration(r.Int64N(int64(liveMax-liveMin)))
	s.PollEvery = []time.Duration{10 * time.Minute, 20 * time.Minute, 30 * time.Minute}[r.IntN(3)]
	s.LoadEvery = []time.Duration{0, 20 * time.Second, time.Minute, 3 * time.Minute}[r.IntN(4)]
	s.SweepEvery = []time.Duration{15 * time.Minute, 30 * time.Minute}[r.IntN(2)]
	for range 2 + r.IntN(3) {
		f := FieldSetup{Owner: r.IntN(3), Conflict: []int{0, 0, 1, 2, 3}[r.IntN(5)], Keep: one(5)}
		if one(4) {
			f.NonOwner = 1 + r.IntN(2)
		}
		s.Fields = append(s.Fields, f)
	}
	if one(6) {
		s.Change = ChangeOwner + Change(r.IntN(int(ChangeGone)))
		s.ChangeAt = time.Duration(r.Int64N(int64(s.Live)))
	}
	if s.Change == ChangeGone && s.Spokes == 1 { // the first has deals and another group, and stays
		s.Change = ChangeFilter
	}
	if s.Change == ChangeFilter {
		s.Deals, s.Filter = true, true
	}
	s.Mixed, s.Skewed = one(4), one(3)
	s.Bills = s.Deals && one(2)
	s.Limits, s.Poison = drawLimits(r), one(20)
	if last := &s.Fields[len(s.Fields)-1]; s.Change == ChangeNewField && last.Owner == 1 {
		last.Owner = 0 // an owner that does not map its field is refused when a configuration is loaded
	}
	accounts := 1 + s.Spokes
	if s.Finance {
		accounts++
	}
	for i := range accounts {
		a := drawAccount(r, len(s.Fields), i == 0)
		if i == 1 && a.Missing >= 0 && (s.Fields[a.Missing].Owner == 1 || s.Change == ChangeOwner && a.Missing == 1) {
			a.Missing = -1
		}
		s.Accounts = append(s.Accounts, a)
	}
	s.Follow = one(2)
	return s
}

// drawLimits gives one limit of spread, or none in most histories.
func drawLimits(r *rand.Rand) ruleset.Limits {
	switch few := 1 + r.IntN(2); r.IntN(24) {
	case 0, 1:
		return ruleset.Limits{Deletes: few}
	case 2:
		return ruleset.Limits{Creates: 1 + few}
	case 3:
		return ruleset.Limits{Blanks: few}
	case 4:
		return ruleset.Limits{Overrides: few}
	case 5:
		return ruleset.Limits{FieldUpdates: 1 + few}
	}
	return ruleset.Limits{}
}

func drawAccount(r *rand.Rand, fields int, hub bool) AccountSetup {
	one := func(in int) bool { return r.IntN(in) == 0 }
	a := AccountSetup{Conditional: one(2), Find: one(2), Polls: !one(8), PollsDeletes: one(2), FieldTimes: one(2), StampCovers: one(2),
		ArchivesOnly: one(3), Restores: one(2), WholeCalls: one(3), TellsDeletes: !one(4), Reforms: one(3), Lists: one(4), Merged: r.IntN(3), Coarse: one(3),
		Concurrency: 1 + r.IntN(2), Batch: 1 + r.IntN(6), Missing: -1}
	switch r.IntN(3) {
	case 0:
		a.UniqueKey, a.Marker = true, true
	case 1:
		a.RequestKey, a.Marker = true, one(2)
	default:
		a.Marker = true
	}
	if one(2) {
		a.Lag = time.Duration(r.IntN(25)) * time.Second
	}
	if one(4) {
		a.Replica = time.Duration(1+r.IntN(10)) * time.Second
	}
	if one(3) {
		a.Skew = []time.Duration{-time.Hour, -20 * time.Second, 20 * time.Second, 3 * time.Minute, 48 * time.Hour}[r.IntN(5)]
	}
	if !a.Polls || one(8) {
		a.Unstamped, a.StampCovers, a.Replica = true, false, 0
	}
	if !hub && one(4) {
		a.Missing = r.IntN(fields)
	}
	return a
}

func drawWeather(r *rand.Rand) Weather {
	// Most kinds are off in most histories: a fault alone shows what a crowd of them hides.
	some := func(max int) int {
		if r.IntN(3) == 0 {
			return 0
		}
		return 1 + r.IntN(max)
	}
	return Weather{Crash: some(40), StoreFails: some(35), StoreLost: some(35), StoreLate: some(20), SendFails: some(60), SendLost: some(60), Unavailable: some(90),
		Limited: some(90), CallLost: some(200), CallLate: some(150), CallPart: some(100), NoCall: some(100), HintLost: some(400), HintTwice: some(400), HintLate: some(400),
		Redelivered: some(250), AckLost: some(80), StaleRead: some(250), Omitted: some(30), Racing: some(150), Outage: some(120), Forbidden: some(50)}
}

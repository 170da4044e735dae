package syncs

import (
	"time"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// State is how a connection, or the whole, stands: the worst of what is the case.
type State string

// The states, from the best to the worst.
const (
	StateWell    State = "in step"       // nothing waits
	StateBusy    State = "catching up"   // work is on its way; it ends by itself
	StateLoading State = "first load"    // reading everything for the first time
	StateWaiting State = "not started"   // nobody connected or activated it yet
	StatePaused  State = "paused"        // a person paused it
	StateAsks    State = "needs you"     // work waits for a person; the rest goes on
	StateDown    State = "not answering" // the platform; it resumes by itself
	StateStopped State = "needs you now" // nothing goes on until a person acts
)

// rank orders states.
func (s State) rank() int {
	for i, state := range []State{StateWell, StateBusy, StateLoading, StateWaiting, StatePaused, StateAsks, StateDown, StateStopped} {
		if s == state {
			return i
		}
	}
	return -1
}

// Page is how a system stands. It holds names, numbers and times, and no value of any record.
type Page struct {
	At            time.Time
	Zone          *time.Location
	Target, Flags string
	State         State
	// Headline says the whole in one sentence, Detail more of it; Next is what to do, "" for nothing.
	Headline, Detail, Next string
	// Command is what to type for Next; "" where there is nothing to type.
	Command     string
	Figures     []Figure
	Connections []Connection
	// Waiting is what waits for a person, by kind, the longest first; WaitingTotal counts all of it, WaitingAt is when it
	// was counted: at the oldest of the connections' last sweeps, zero before the first.
	Waiting      []Kind
	Items        []Item
	WaitingTotal int
	WaitingAt    time.Time
	Reverted     []Undone
	Runs         []Run
}

// Figure is one number with its name.
type Figure struct{ Label, Value, Note string }

// Connection is how one connection stands.
type Connection struct {
	Name     record.Connection
	Platform string // as a person writes it
	Role     string
	State    State
	// Brief is a headline for Sentence; "" for the state's own.
	Brief    string
	Sentence string
	// Next is what to do, Command what to type; "" for nothing.
	Next, Command string
	// Asks is what else waits for a person there.
	Asks  []Ask
	Facts []Figure
	Trend Trend
}

// Ask is one thing that waits for a person: what is the case, what to do, and what to type for it, "" for nothing.
type Ask struct{ Sentence, Next, Command string }

// Trend is what happened hour by hour, oldest first: changes and writes, and what went wrong.
type Trend struct {
	Hours []TrendHour
	// Changes and Trouble are sums, and Words says them, "" where nothing happened.
	Changes, Trouble int64
	Words            string
}

// TrendHour is one hour.
type TrendHour struct {
	At               time.Time
	Changes, Trouble int64
}

// Kind is work that waits for one reason.
type Kind struct {
	Connection record.Connection
	What       string // "email of clients", "whole records of clients"
	Why        string // the reason, in words
	Do         string // what to do about it
	Count      int
	Since      time.Time
	Age        string
}

// Item is one piece of work that waits.
type Item struct {
	Connection record.Connection
	What, Why  string
	Since      time.Time
	Age        string
	Records    []Record
}

// Record is a record, with the page on which a person sees it; Page is "" where that is not known.
type Record struct {
	Name string
	Page string
}

// Undone is an edit of one field that was reverted in the last day, by how often.
type Undone struct {
	Connection record.Connection
	What       string
	Why        string // who owns it
	Count      int
	Newest     time.Time
	Records    []Record
}

// Run is one run of a schedule, or several alike.
type Run struct {
	At         time.Time
	Connection record.Connection
	What       string
	Found      string
	Failed     bool
}

package simtest

import (
	"slices"
)

// shrinkRunsMax bounds how many runs one shrinking takes.
const shrinkRunsMax = 600

// Shrink makes a history with a violation smaller as long as that invariant is still violated: fewer actions, fewer
// records at the start, fewer kinds of faults, kinder platforms.
func Shrink(h History, i Invariant, o Options) History {
	s := shrinker{options: o, invariant: i, left: shrinkRunsMax}
	s.options.Story, s.options.until = nil, i
	for {
		before := s.size(h)
		h = s.actions(h)
		h = s.initial(h)
		h = s.weather(h)
		h = s.setup(h)
		if s.size(h) == before || s.left <= 0 {
			return h
		}
	}
}

type shrinker struct {
	options   Options
	invariant Invariant
	left      int
}

func (s *shrinker) size(h History) int {
	n := 10*len(h.Actions) + 10*len(h.Initial) + 10*len(h.Deals)
	for _, rate := range h.Weather.rates() {
		if *rate > 0 {
			n++
		}
	}
	setup := h.Setup
	setup.Accounts, setup.Fields = slices.Clone(setup.Accounts), slices.Clone(setup.Fields)
	for _, m := range mercies(&setup) {
		if m(&setup) {
			n++
		}
	}
	return n
}

// fails reports whether a smaller history still shows the violation.
func (s *shrinker) fails(h History) bool {
	if s.left--; s.left < 0 {
		return false
	}
	r := run(h, s.options)
	return slices.ContainsFunc(r.Violations, func(v Violation) bool { return v.Invariant == s.invariant })
}

func (s *shrinker) actions(h History) History {
	for size := len(h.Actions); size > 0; size /= 2 {
		for at := 0; at+size <= len(h.Actions); {
			next := h
			next.Actions = slices.Delete(slices.Clone(h.Actions), at, at+size)
			if s.fails(next) {
				h = next
			} else {
				at += size
			}
		}
	}
	return h
}

func (s *shrinker) initial(h History) History {
	for len(h.Deals) > 0 {
		next := h
		if next.Deals = h.Deals[1:]; !s.fails(next) {
			break
		}
		h = next
	}
	for at := 0; at < len(h.Initial); {
		next := h
		next.Initial = slices.Delete(slices.Clone(h.Initial), at, at+1)
		if s.fails(next) {
			h = next
		} else {
			at++
		}
	}
	return h
}

func (s *shrinker) weather(h History) History {
	for i := range h.Weather.rates() {
		next := h
		rate := next.Weather.rates()[i]
		if *rate == 0 {
			continue
		}
		*rate = 0
		if s.fails(next) {
			h = next
		}
	}
	return h
}

// rates lists every rate of a weather.
func (w *Weather) rates() []*int {
	return []*int{&w.Crash, &w.StoreFails, &w.StoreLost, &w.StoreLate, &w.SendFails, &w.SendLost, &w.Unavailable, &w.Limited, &w.CallLost, &w.CallLate, &w.CallPart,
		&w.NoCall, &w.HintLost, &w.HintTwice, &w.HintLate, &w.Redelivered, &w.AckLost, &w.StaleRead, &w.Omitted, &w.Racing, &w.Outage, &w.Forbidden}
}

func (s *shrinker) setup(h History) History {
	for i := range mercies(&h.Setup) {
		next := h
		next.Setup.Accounts = slices.Clone(h.Setup.Accounts)
		next.Setup.Fields = slices.Clone(h.Setup.Fields)
		if all := mercies(&next.Setup); i < len(all) && all[i](&next.Setup) && s.fails(next) {
			h = next
		}
	}
	return h
}

// mercies are ways to make a setup kinder; each reports whether it changed anything.
func mercies(s *Setup) []func(*Setup) bool {
	out := []func(*Setup) bool{
		func(s *Setup) bool { return flip(&s.Bills) }, func(s *Setup) bool { return flip(&s.Deals) }, func(s *Setup) bool { return flip(&s.Filter) }, func(s *Setup) bool { return flip(&s.Tokens) },
		func(s *Setup) bool { return zero(&s.Limits) }, func(s *Setup) bool { return flip(&s.Poison) }, func(s *Setup) bool { return zero(&s.Change) }, func(s *Setup) bool { return zero(&s.Delete) }, func(s *Setup) bool { return flip(&s.Mixed) }, func(s *Setup) bool { return flip(&s.Skewed) },
		func(s *Setup) bool {
			if !s.Finance {
				return false
			}
			s.Finance, s.Accounts = false, s.Accounts[:len(s.Accounts)-1]
			return true
		},
	}
	for _, part := range []func(*Rich) *bool{
		func(r *Rich) *bool { return &r.Map }, func(r *Rich) *bool { return &r.Derived }, func(r *Rich) *bool { return &r.Loose }, func(r *Rich) *bool { return &r.Score },
		func(r *Rich) *bool { return &r.Name }, func(r *Rich) *bool { return &r.Key }, func(r *Rich) *bool { return &r.Constant }, func(r *Rich) *bool { return &r.Once },
		func(r *Rich) *bool { return &r.Required }, func(r *Rich) *bool { return &r.Filter }, func(r *Rich) *bool { return &r.Enter },
	} {
		out = append(out, func(s *Setup) bool { return flip(part(&s.Rich)) })
	}
	for i := range s.Fields {
		f := func(s *Setup) *FieldSetup { return &s.Fields[i] }
		out = append(out, func(s *Setup) bool { return zero(&f(s).NonOwner) }, func(s *Setup) bool { return zero(&f(s).Conflict) }, func(s *Setup) bool { return flip(&f(s).Keep) })
	}
	for i := range s.Accounts {
		a := func(s *Setup) *AccountSetup {
			if i < len(s.Accounts) {
				return &s.Accounts[i]
			}
			return &AccountSetup{}
		}
		out = append(out, func(s *Setup) bool { return zero(&a(s).Lag) }, func(s *Setup) bool { return zero(&a(s).Replica) }, func(s *Setup) bool { return zero(&a(s).Skew) },
			func(s *Setup) bool { return flip(&a(s).Coarse) }, func(s *Setup) bool { return flip(&a(s).Reforms) }, func(s *Setup) bool { return flip(&a(s).Rewords) }, func(s *Setup) bool { return flip(&a(s).Lists) }, func(s *Setup) bool { return flip(&a(s).UniqueEmail) },
			func(s *Setup) bool { return flip(&a(s).WholeCalls) }, func(s *Setup) bool { return flip(&a(s).Unstamped) }, func(s *Setup) bool { return flip(&a(s).StampCovers) },
			func(s *Setup) bool { return raise(&a(s).Polls) }, func(s *Setup) bool { return raise(&a(s).PollsDeletes) }, func(s *Setup) bool { return raise(&a(s).TellsDeletes) },
			func(s *Setup) bool { return raise(&a(s).Conditional) }, func(s *Setup) bool { return raise(&a(s).Find) })
	}
	return out
}

func flip(b *bool) bool {
	was := *b
	*b = false
	return was
}

func raise(b *bool) bool {
	was := *b
	*b = true
	return !was
}

func zero[T comparable](n *T) bool {
	var none T
	was := *n
	*n = none
	return was != none
}

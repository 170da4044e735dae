package platformsim

import "strings"

// Word is one word of a statement in a query language.
type Word struct {
	Text   string
	Quoted bool
}

// Statement walks the words of one. Once bad, it stays bad.
type Statement struct {
	Words []Word
	At    int
	Bad   bool
}

// Peek gives the next word, the zero word at the end.
func (s *Statement) Peek() Word {
	if s.At < len(s.Words) {
		return s.Words[s.At]
	}
	return Word{}
}

// Take consumes a keyword or sign, without case, if it comes next.
func (s *Statement) Take(word string) bool {
	if w := s.Peek(); w.Quoted || !strings.EqualFold(w.Text, word) {
		return false
	}
	s.At++
	return true
}

// Need consumes a keyword or sign, without which the statement is bad, and says whether it was there.
func (s *Statement) Need(word string) bool {
	there := s.Take(word)
	s.Bad = s.Bad || !there
	return there
}

// Value consumes a value, in quotes or bare; signs are the characters that no bare one has.
func (s *Statement) Value(signs string) Word {
	w := s.Peek()
	if s.At >= len(s.Words) || (!w.Quoted && strings.ContainsAny(w.Text, signs)) {
		s.Bad = true
	}
	s.At++
	return w
}

package table

import "strings"

// scanner parts a text into rows. What encoding/csv takes, it takes alike (FuzzAsTheLibrary); what that refuses, a quote
// inside a cell, it reads as spreadsheets do, and says so where rows may have run into each other. The library's lazy way
// was tried: after `"Ann" Lee` it swallows the rows that follow, up to the next quote.
type scanner struct {
	text      string
	separator rune
	line      int // of the text's beginning
}

// scanned is a row as it was found.
type scanned struct {
	line   int
	cells  []string
	broken bool // a quote never closes, or text follows one that closed on a later line
}

func (r scanned) blank() bool {
	for _, c := range r.cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// next gives the next row; false at the end. An empty line is a row with one empty cell.
func (s *scanner) next() (scanned, bool) {
	if s.text == "" {
		return scanned{}, false
	}
	row := scanned{line: s.line}
	for {
		cell, more, broken := s.cell()
		row.cells = append(row.cells, cell)
		row.broken = row.broken || broken
		if !more {
			return row, true
		}
	}
}

// cell takes one cell off the text. more says that another follows on the same row.
func (s *scanner) cell() (cell string, more, broken bool) {
	if !strings.HasPrefix(s.text, `"`) {
		return s.rest("")
	}
	var b strings.Builder
	began := s.line
	text := s.text[1:]
	for {
		end := strings.IndexByte(text, '"')
		if end < 0 { // it never closes: the line alone is the cell's, and the rows after it are their own
			s.line = began
			s.text = s.text[1:]
			cell, more, _ = s.rest(`"`)
			return cell, more, true
		}
		b.WriteString(text[:end])
		s.line += strings.Count(text[:end], "\n")
		text = text[end+1:]
		if strings.HasPrefix(text, `"`) {
			b.WriteByte('"')
			text = text[1:]
			continue
		}
		break
	}
	s.text = text
	several := s.line > began
	if text == "" || text[0] == '\n' || strings.HasPrefix(text, string(s.separator)) {
		return s.rest(b.String())
	}
	// Text behind the closing quote belongs to the cell: "Ann" Lee. Over several lines it is as likely a quote too many.
	cell, more, _ = s.rest(b.String())
	return cell, more, several
}

// rest takes what is left of a cell behind its quoted part, up to the separator or the line's end.
func (s *scanner) rest(before string) (cell string, more, broken bool) {
	end := strings.IndexAny(s.text, string(s.separator)+"\n")
	if end < 0 {
		cell, s.text = before+s.text, ""
		return cell, false, false
	}
	cell = before + s.text[:end]
	more = s.text[end] != '\n'
	if !more {
		s.line++
		s.text = s.text[end+1:]
		return cell, false, false
	}
	s.text = s.text[end+len(string(s.separator)):] // at the file's very end, one more cell follows, and is empty
	return cell, true, false
}

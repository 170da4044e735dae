// Package table reads a text file of rows as programs really export it: whatever its encoding, its separator and its line
// ends, and with the slips that people make in it. It says how it read the file, gives cells as they stand, and knows
// nothing of what they mean. It refuses a file that it would have to guess at.
package table

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

const (
	// bytesMax bounds a file: it is read whole, to see its encoding.
	bytesMax = 256 << 20
	// RowsMax bounds the rows of one file.
	RowsMax = 200_000
	// samplesMax is how many rows are looked at to find the separator.
	samplesMax = 50
)

// Table is a file's rows, and how it was read.
type Table struct {
	Header []string
	Rows   []Row
	// Blank counts the rows without any text. They are in none of the others.
	Blank int
	// Ragged are the rows that hold text beyond the last column: which cell belongs where is not known.
	Ragged []Row
	// Broken are the rows whose quotes do not close as they open, so that cells or rows may have run into each other.
	Broken []Row

	Encoding  string // "UTF-8", "UTF-16LE", "windows-1252"
	Separator rune
	// Guessed says that the encoding is what the bytes look like, not what they prove.
	Guessed bool
}

// Row is one row: the line that it begins on, counted from 1, and its cells, one for each column of the header.
type Row struct {
	Line  int
	Cells []string
}

// separators are the ones that exports use; the first is taken where there is nothing to choose by.
var separators = []rune{',', ';', '\t', '|'}

// Read reads a file's bytes. The error says what is wrong with the file as a whole: its encoding, its size, no header.
func Read(data []byte) (*Table, error) {
	if len(data) > bytesMax {
		return nil, fmt.Errorf("the file has %d MB, and at most %d are read", len(data)>>20, bytesMax>>20)
	}
	t := &Table{}
	text, err := t.decode(data)
	if err != nil {
		return nil, err
	}
	text = lines(text)
	line := 1
	if t.Separator, text = declared(text); t.Separator != 0 {
		line++
	} else {
		t.Separator = separatorOf(text)
	}
	s := scanner{text: text, separator: t.Separator, line: line}
	for t.Header == nil {
		row, ok := s.next()
		if !ok {
			return nil, fmt.Errorf("the file has no header: its first row names the columns")
		}
		if row.blank() {
			continue
		}
		if row.broken {
			return nil, fmt.Errorf("line %d: the quotes of the header do not close as they open", row.line)
		}
		t.Header = trimmed(row.cells)
	}
	for {
		row, ok := s.next()
		if !ok {
			return t, nil
		}
		if len(t.Rows)+len(t.Ragged)+len(t.Broken) >= RowsMax {
			return nil, fmt.Errorf("the file has more than %d rows", RowsMax)
		}
		t.add(row)
	}
}

// add puts a row where it belongs.
func (t *Table) add(row scanned) {
	out := Row{Line: row.line, Cells: row.cells}
	switch {
	case row.blank():
		t.Blank++
		return
	case row.broken:
		t.Broken = append(t.Broken, out)
		return
	case len(row.cells) > len(t.Header) && strings.TrimSpace(strings.Join(row.cells[len(t.Header):], "")) != "":
		t.Ragged = append(t.Ragged, out)
		return
	}
	for len(out.Cells) < len(t.Header) { // programs leave out what is blank at the end
		out.Cells = append(out.Cells, "")
	}
	out.Cells = out.Cells[:len(t.Header)]
	t.Rows = append(t.Rows, out)
}

// lines makes every line end a "\n". A lone "\r" ends lines only where no "\n" does: beside one it stands in a cell.
func lines(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, "\r", "\n")
	}
	return text
}

// declared takes the line "sep=;" off, with which a file tells a spreadsheet its separator; 0 where there is none.
func declared(text string) (rune, string) {
	first, rest, _ := strings.Cut(text, "\n")
	name, value, ok := strings.Cut(strings.Trim(first, "\""), "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(name), "sep") {
		return 0, text
	}
	runes := []rune(strings.TrimLeft(value, " "))
	if len(runes) == 0 || strings.TrimSpace(string(runes[1:])) != "" || !slices.Contains(separators, runes[0]) {
		return 0, text
	}
	return runes[0], rest
}

// separatorOf is the separator by which most of the first rows have as many cells as the header, and at least two. Among
// equals it is the one that makes most cells.
func separatorOf(text string) rune {
	best, most, widest := separators[0], 0, 1
	for _, separator := range separators {
		s := scanner{text: text, separator: separator, line: 1}
		width, alike := 0, 0
		for range samplesMax {
			row, ok := s.next()
			if !ok {
				break
			}
			switch {
			case row.blank():
			case width == 0:
				width, alike = len(row.cells), 1
			case len(row.cells) == width:
				alike++
			}
		}
		if width > 1 && (alike > most || alike == most && width > widest) {
			best, most, widest = separator, alike, width
		}
	}
	return best
}

// trimmed gives the header's cells without the space around them.
func trimmed(cells []string) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = strings.TrimSpace(c)
	}
	return out
}

// isText reports whether nothing in the bytes says that they are no text.
func isText(data []byte) bool { return !bytes.ContainsRune(data, 0) }

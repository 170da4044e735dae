package table

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

const (
	utf8Name    = "UTF-8"
	latinName   = "windows-1252"
	macName     = "macintosh"
	utf16LEName = "UTF-16LE"
	utf16BEName = "UTF-16BE"
	// sureAt is the confidence from which the detector is believed against what is usual: of a few short rows in a western
	// language it is never that sure, and the names that it then gives change from file to file.
	sureAt = 0.8
	// detectMax is how much of a file the detector reads: it takes time by the byte.
	detectMax = 1 << 16
	// halfText is the share of NUL bytes on one side of each pair from which text is UTF-16: almost all of them in western
	// text, fewer in others, none in what is one byte a character.
	halfText = 0.3
)

// marks are the byte order marks, and what follows each.
var marks = []struct {
	mark, name string
	of         encoding.Encoding
}{
	{"\xef\xbb\xbf", utf8Name, unicode.UTF8},
	{"\xff\xfe", utf16LEName, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
	{"\xfe\xff", utf16BEName, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
}

// decode gives the file's text in UTF-8. A byte order mark decides; then whether it is UTF-8, which text in another encoding
// almost never is by chance; then what the detector is sure of; and else what western programs write: Macintosh where
// lines end as they did there, windows-1252 elsewhere.
func (t *Table) decode(data []byte) (string, error) {
	for _, m := range marks {
		if rest, ok := bytes.CutPrefix(data, []byte(m.mark)); ok {
			return t.through(m.name, m.of, rest)
		}
	}
	if name := utf16Of(data); name != "" {
		order := unicode.LittleEndian
		if name == utf16BEName {
			order = unicode.BigEndian
		}
		return t.through(name, unicode.UTF16(order, unicode.IgnoreBOM), data)
	}
	if !isText(data) {
		return "", fmt.Errorf("the file is not text in a known encoding: save it as CSV, encoded in UTF-8 (a spreadsheet's own format is " +
			"not read)")
	}
	if utf8.Valid(data) {
		t.Encoding = utf8Name
		return string(data), nil
	}
	if line := mixed(data); line > 0 {
		return "", fmt.Errorf("line %d: the file is UTF-8, and this line has bytes of another encoding: save it anew as CSV, encoded in UTF-8",
			line)
	}
	t.Guessed = true
	if found := chardet.Detect(data[:min(len(data), detectMax)]); found.Confidence >= sureAt {
		if e, err := htmlindex.Get(found.Encoding); err == nil && found.Encoding != utf8Name {
			return t.through(found.Encoding, e, data)
		}
	}
	if !bytes.Contains(data, []byte("\n")) {
		return t.through(macName, charmap.Macintosh, data)
	}
	return t.through(latinName, charmap.Windows1252, data)
}

// through decodes the data, and refuses what has bytes that the encoding does not know.
func (t *Table) through(name string, e encoding.Encoding, data []byte) (string, error) {
	t.Encoding = name
	text, err := e.NewDecoder().Bytes(data)
	if err != nil {
		return "", fmt.Errorf("the file cannot be read as %s: %w: save it as CSV, encoded in UTF-8", name, err)
	}
	if n := bytes.Count(text, []byte(string(utf8.RuneError))); n > bytes.Count(data, []byte(string(utf8.RuneError))) {
		return "", fmt.Errorf("the file looks like %s, and %d of its characters are none there: save it as CSV, encoded in UTF-8", name, n)
	}
	return string(text), nil
}

// utf16Of names UTF-16 without a byte order mark by where the NUL bytes stand; "" for what is none. Some programs leave the
// mark out, and the detector takes such text for ASCII as soon as one character is not western.
func utf16Of(data []byte) string {
	sample := data[:min(len(data), detectMax)&^1]
	var zeros [2]int
	for i, b := range sample {
		if b == 0 {
			zeros[i%2]++
		}
	}
	pairs := float64(len(sample)) / 2
	switch {
	case len(data)%2 != 0 || pairs == 0:
		return ""
	case float64(zeros[1]) > halfText*pairs && zeros[0] == 0:
		return utf16LEName
	case float64(zeros[0]) > halfText*pairs && zeros[1] == 0:
		return utf16BEName
	}
	return ""
}

// mixed gives the first line that is not UTF-8 of a file that is otherwise; 0 where it is not mostly UTF-8. Letters that are
// two bytes in UTF-8 hardly ever come about in text of one byte a character.
func mixed(data []byte) int {
	long, wrong, first, line := 0, 0, 0, 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && size == 1:
			wrong++
			if first == 0 {
				first = line
			}
		case size > 1:
			long++
		case r == '\n':
			line++
		}
		data = data[size:]
	}
	if long < wrong || long == 0 {
		return 0
	}
	return first
}

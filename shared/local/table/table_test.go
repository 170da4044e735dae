package table_test

import (
	"encoding/csv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"

	"github.com/fluxcascade/fluxcascade/shared/local/table"
)

const people = "First Name,Last Name,Email,Company\r\nZoë,Müller,zoe@people.example,Müller & Söhne\r\nAnn,O'Neil,ann@people.example,Ann " +
	"Pies\r\n"

// encoded writes a text in an encoding.
func encoded(t *testing.T, text string, e encoding.Encoding) string {
	t.Helper()
	out, err := e.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func read(t *testing.T, data string) *table.Table {
	t.Helper()
	got, err := table.Read([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func cells(rows []table.Row) [][]string {
	var out [][]string
	for _, r := range rows {
		out = append(out, r.Cells)
	}
	return out
}

func TestOneTableInEveryWayThatProgramsWriteIt(t *testing.T) {
	want := [][]string{{"Zoë", "Müller", "zoe@people.example", "Müller & Söhne"}, {"Ann", "O'Neil", "ann@people.example", "Ann Pies"}}
	bare := func(order unicode.Endianness) encoding.Encoding { return unicode.UTF16(order, unicode.IgnoreBOM) }
	marked := func(order unicode.Endianness) encoding.Encoding { return unicode.UTF16(order, unicode.UseBOM) }
	semicolons := strings.ReplaceAll(people, ",", ";")
	tests := []struct{ name, data, encoding string }{
		{"UTF-8", people, "UTF-8"},
		{"UTF-8 with a mark", "\ufeff" + people, "UTF-8"},
		{"UTF-16, little end first, marked", encoded(t, people, marked(unicode.LittleEndian)), "UTF-16LE"},
		{"UTF-16, big end first, marked", encoded(t, people, marked(unicode.BigEndian)), "UTF-16BE"},
		{"UTF-16, little end first, bare", encoded(t, people, bare(unicode.LittleEndian)), "UTF-16LE"},
		{"UTF-16, big end first, bare", encoded(t, people, bare(unicode.BigEndian)), "UTF-16BE"},
		{"a spreadsheet's Unicode text: UTF-16 and tabs", encoded(t, strings.ReplaceAll(people, ",", "\t"), marked(unicode.LittleEndian)),
			"UTF-16LE"},
		{"Windows-1252", encoded(t, people, charmap.Windows1252), "windows-1252"},
		{"Windows-1252 with semicolons, as a German spreadsheet saves", encoded(t, semicolons, charmap.Windows1252), "windows-1252"},
		{"Macintosh, whose lines end in CR", encoded(t, strings.ReplaceAll(people, "\r\n", "\r"), charmap.Macintosh), "macintosh"},
		{"semicolons", semicolons, "UTF-8"},
		{"tabs", strings.ReplaceAll(people, ",", "\t"), "UTF-8"},
		{"pipes", strings.ReplaceAll(people, ",", "|"), "UTF-8"},
		{"sep=;", "sep=;\r\n" + semicolons, "UTF-8"},
		{"sep=; behind a mark, in quotes", "\ufeff\"sep=;\"\r\n" + semicolons, "UTF-8"},
		{"sep= a tab", "sep=\t\r\n" + strings.ReplaceAll(people, ",", "\t"), "UTF-8"},
		{"lines that end in LF", strings.ReplaceAll(people, "\r\n", "\n"), "UTF-8"},
		{"lines that end in CR", strings.ReplaceAll(people, "\r\n", "\r"), "UTF-8"},
		{"no end of the last line", strings.TrimSuffix(people, "\r\n"), "UTF-8"},
		{"blank rows above the header", "\r\n,,,\r\n" + people, "UTF-8"},
		{"everything quoted", `"` + strings.ReplaceAll(strings.ReplaceAll(strings.TrimSuffix(people, "\r\n"), ",", `","`), "\r\n", "\"\r\n\"") +
			`"`, "UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := read(t, tt.data)
			if got.Encoding != tt.encoding {
				t.Errorf("read as %s, want %s", got.Encoding, tt.encoding)
			}
			if diff := cmp.Diff([]string{"First Name", "Last Name", "Email", "Company"}, got.Header); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(want, cells(got.Rows)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOtherScriptsAreRead(t *testing.T) {
	russian := "Имя,Фамилия,Email\r\nИван,Петров,i@people.example\r\nОльга,Смирнова,o@people.example\r\n"
	if got := read(t, encoded(t, russian, charmap.Windows1251)); got.Rows[1].Cells[1] != "Смирнова" || !got.Guessed {
		t.Errorf("got %+v", got)
	}
	japan := "名前,会社\r\n田中,株式会社テスト\r\n山田太郎,有限会社\r\n"
	if got := read(t, encoded(t, japan, japanese.ShiftJIS)); got.Rows[0].Cells[1] != "株式会社テスト" {
		t.Errorf("got %+v", got)
	}
}

// TestASeparatorInsideCellsIsNone: the separator is the one by which rows are as wide as the header.
func TestASeparatorInsideCellsIsNone(t *testing.T) {
	got := read(t, "Name;Note\nLee, Ann;calls, writes, rings\nBo;x, y\n")
	if diff := cmp.Diff([][]string{{"Lee, Ann", "calls, writes, rings"}, {"Bo", "x, y"}}, cells(got.Rows)); diff != "" {
		t.Error(diff)
	}
	got = read(t, "Email\nann@people.example\nbo@people.example\n")
	if len(got.Rows) != 2 || got.Rows[0].Cells[0] != "ann@people.example" {
		t.Errorf("got %+v", got)
	}
}

func TestQuotesInsideCells(t *testing.T) {
	tests := []struct {
		name, rows string
		want       [][]string
		broken     int
	}{
		{"in the middle", "6\" pipe,Ann\n", [][]string{{`6" pipe`, "Ann"}}, 0},
		{"around a part", "Ann \"Annie\" Lee,b\n", [][]string{{`Ann "Annie" Lee`, "b"}}, 0},
		{"at the beginning", "\"Ann\" Lee,b\nBo,c\n", [][]string{{"Ann Lee", "b"}, {"Bo", "c"}}, 0},
		{"doubled", "\"Ann \"\"Annie\"\" Lee\",b\n", [][]string{{`Ann "Annie" Lee`, "b"}}, 0},
		{"never closed", "\"Ann,b\nBo,c\n", [][]string{{"Bo", "c"}}, 1},
		{"closed by another row's", "\"Ann,b\nBo,\"c\"\nCy,d\n", [][]string{{"Cy", "d"}}, 1},
		{"over two lines", "\"Ann\nLee\",b\n", [][]string{{"Ann\nLee", "b"}}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := read(t, "Name,Other\n"+tt.rows)
			if diff := cmp.Diff(tt.want, cells(got.Rows)); diff != "" {
				t.Error(diff)
			}
			if len(got.Broken) != tt.broken || tt.broken > 0 && got.Broken[0].Line != 2 {
				t.Errorf("broken rows %+v, want %d", got.Broken, tt.broken)
			}
		})
	}
}

func TestRowsThatDoNotFitTheHeader(t *testing.T) {
	got := read(t, "Name,Email\nAnn\n\n,\n , \nBo,bo@people.example,\nLee, Cy,cy@people.example\n")
	if diff := cmp.Diff([][]string{{"Ann", ""}, {"Bo", "bo@people.example"}}, cells(got.Rows)); diff != "" {
		t.Error(diff)
	}
	if got.Blank != 3 || len(got.Ragged) != 1 || got.Ragged[0].Line != 7 {
		t.Errorf("%d blank rows, %+v ragged", got.Blank, got.Ragged)
	}
}

func TestWhatIsNoTableIsRefusedWithItsReason(t *testing.T) {
	tests := []struct{ name, data, want string }{
		{"nothing", "", "no header"},
		{"blank lines", "\n\n,,\n", "no header"},
		{"a spreadsheet", "PK\x03\x04\x00\x00\x08\x00binary", "UTF-8"},
		{"UTF-8 with a line of another encoding", "Name,Email\nZoë,z@people.example\nM\xfcller,m@people.example\n", "line 3"},
		{"bytes that the encoding does not know", "Name,Email\nM\xfcller\x81\x8d,m@people.example\n", "windows-1252"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := table.Read([]byte(tt.data)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %+v, %v, want an error with %q", got, err, tt.want)
			}
		})
	}
}

// FuzzAsTheLibrary: what encoding/csv takes, Read takes alike, for each separator that a file declares.
func FuzzAsTheLibrary(f *testing.F) {
	f.Add("a,b\n\"1\n2\",\"x\"\"y\"\n,\n", byte(0))
	f.Add("a;b\n1;2\n", byte(1))
	f.Add("\"a\"\tb", byte(2))
	f.Add("a,b\n1", byte(0))
	f.Add("a,\n1,", byte(0))
	f.Fuzz(func(t *testing.T, text string, n byte) {
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\r\x00\ufeff\ufffd") || strings.TrimSpace(strings.Split(text, "\n")[0]) == "" {
			t.Skip()
		}
		separator := []rune{',', ';', '\t', '|'}[n%4]
		reader := csv.NewReader(strings.NewReader(text))
		reader.Comma, reader.FieldsPerRecord = separator, -1
		all, err := reader.ReadAll()
		if err != nil {
			t.Skip() // it refuses what we read
		}
		got, err := table.Read([]byte("sep=" + string(separator) + "\n" + text))
		if err != nil {
			t.Skip() // no header
		}
		var want [][]string
		for _, row := range all {
			if strings.TrimSpace(strings.Join(row, "")) == "" {
				continue
			}
			want = append(want, row)
		}
		var have [][]string
		for _, rows := range [][]table.Row{got.Rows, got.Ragged} {
			have = append(have, cells(rows)...)
		}
		if len(got.Broken) > 0 || len(have) != len(want)-1 {
			t.Fatalf("%d rows and %d broken of %q, the library has %q", len(have), len(got.Broken), text, want)
		}
		for _, row := range got.Rows {
			found := false
			for _, w := range want[1:] {
				for len(w) < len(row.Cells) {
					w = append(w, "")
				}
				found = found || cmp.Equal(w[:len(row.Cells)], row.Cells)
			}
			if !found {
				t.Fatalf("row %q of %q is none of the library's %q", row.Cells, text, want)
			}
		}
	})
}

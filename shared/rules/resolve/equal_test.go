package resolve_test

import (
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// TestAnEditThatResemblesAWriteInDoubtIsAnEdit: while nobody knows whether a write arrived, somebody edits the same field. What
// has the same letters and digits may well be another value.
func TestAnEditThatResemblesAWriteInDoubtIsAnEdit(t *testing.T) {
	for _, c := range []struct {
		name, asked, shown string
		kind               catalog.Kind
		edit               bool
	}{
		{"a point", "1000.00", "100000", catalog.Money, true},
		{"a sign", "-12.50", "1250", catalog.Money, true},
		{"zeros", "1000.00", "1000", catalog.Money, false},
		{"an apostrophe", "O'Neil", "ONeil", catalog.Text, true},
		{"blanks", "Ann  Lee", "Ann Lee", catalog.Text, false},
		{"a date", "12/1/2026", "1/21/2026", catalog.Date, true},
		{"a date's spelling", "12/1/2026", "2026-12-01", catalog.Date, false},
		{"a phone's spelling", "+13125550123", "(312) 555-0123", catalog.Phone, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			tb := newTable(t)
			note := &tb.rules.Groups[0].Entities[0].Fields[3]
			note.Kind = c.kind
			tb.rules.Index()
			id := linked(tb)
			d := tb.see(contact, "h1", tb.view.Now, record.Fields{"email": "ann@x.example", "phone": "1", "street": "Elm", "note": c.asked})
			tb.write(d, client, "f1", fault.Newf(fault.InDoubt, "update", "no answer"))
			tb.pass(10 * time.Second)
			d = tb.see(client, "f1", tb.view.Now, record.Fields{"mail": "ann@x.example", "tel": "1", "road": "Elm", "memo": c.shown})
			want := c.asked
			if c.edit {
				want = c.shown
			}
			tb.wantValue(id, "note", want)
			if c.edit != (d.Reason == record.ReasonEdit) {
				t.Errorf("asked %q, shown %q: got %s, want an edit: %t", c.asked, c.shown, d.Reason, c.edit)
			}
		})
	}
}

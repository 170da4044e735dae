package controltable

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// mark is the row of a record.Mark.
type mark struct {
	// Until is when the message that bears it comes at the latest; zero for a page, which comes when its turn is.
	Until time.Time `json:"until,omitzero"`
}

func markKey(m record.Mark) store.Key {
	key := store.Key{Table: store.Control, Partition: "pages#" + m.Run, Sort: fmt.Sprintf("%08d", m.Page)}
	if m.Record != "" {
		key.Sort += "#" + string(m.Record)
	}
	return key
}

// SetMark notes that a part of a first load is not absorbed, before the message that bears the mark is sent. until is when
// that message comes, zero for a page. Setting a mark again moves its time. Errors: fault.Transient.
func SetMark(ctx context.Context, s store.Store, m record.Mark, until time.Time) error {
	body, err := json.Marshal(mark{Until: until})
	if err != nil {
		return fmt.Errorf("encode the mark of page %d of %s: %w", m.Page, m.Run, err)
	}
	return s.Commit(ctx, []store.Write{{Key: markKey(m), Expect: store.Any, Body: body}})
}

// ClearMark notes that a part of a first load is absorbed. One that is not there is no error. Errors: fault.Transient.
func ClearMark(ctx context.Context, s store.Store, m record.Mark) error {
	return s.Commit(ctx, []store.Write{{Key: markKey(m), Expect: store.Any, Delete: true}})
}

// OpenMark is a mark that is set.
type OpenMark struct {
	record.Mark
	Until time.Time
}

// String names it within its load.
func (m OpenMark) String() string { return markKey(m.Mark).Sort }

// OpenMarks gives the first marks of a first load that are set, by page, at most limit (1 to 1000).
func OpenMarks(ctx context.Context, s store.Store, run string, limit int) ([]OpenMark, error) {
	rows, err := s.Query(ctx, store.Query{Table: store.Control, Partition: "pages#" + run, Limit: limit})
	if err != nil {
		return nil, err
	}
	out := make([]OpenMark, 0, len(rows))
	for _, row := range rows {
		page, id, _ := strings.Cut(row.Sort, "#")
		number, err := strconv.Atoi(page)
		if err != nil {
			return nil, fault.Newf(fault.Unclassified, "read pages of "+run, "a page that is no number")
		}
		var body mark
		if err := json.Unmarshal(row.Body, &body); err != nil {
			return nil, fault.Newf(fault.Unclassified, "read pages of "+run, "page %d is not the JSON it should be (%T)", number, err)
		}
		out = append(out, OpenMark{record.Mark{Run: run, Page: number, Record: record.ExternalID(id)}, body.Until})
	}
	return out, nil
}

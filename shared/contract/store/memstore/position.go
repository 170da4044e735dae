package memstore

import (
	"strconv"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// position is where a scan resumes: in a slot, after a sort key ("" for its beginning). As a cursor it is
// "slot/after".
type position struct {
	slot  int
	after string
}

// String gives the cursor.
func (p position) String() string { return strconv.Itoa(p.slot) + "/" + p.after }

func parsePosition(scan store.Scan) (position, error) {
	if scan.Cursor == "" {
		return position{slot: scan.Segment}, nil
	}
	number, after, ok := strings.Cut(scan.Cursor, "/")
	slot, err := strconv.Atoi(number)
	if !ok || err != nil || slot < 0 || slot%scan.Segments != scan.Segment {
		return position{}, fault.Newf(fault.Rejected, "memstore: scan", "a cursor that is not this segment's")
	}
	return position{slot: slot, after: after}, nil
}

package store

import (
	"context"
	"encoding/json"

	"github.com/fluxcascade/fluxcascade/shared/fault"
)

// Decode reads a row's body as JSON. op says what is read, "read pause of jobber", for the error.
// Errors: fault.Unclassified. They never quote the row, which may hold values or tokens.
func Decode(row Row, op string, into any) error {
	if err := json.Unmarshal(row.Body, into); err != nil {
		return fault.Newf(fault.Unclassified, op, "not the JSON it should be (%T)", err)
	}
	return nil
}

// One reads a single row; ok is false where there is none. Errors: those of State.Get.
func One(ctx context.Context, s Store, key Key) (row Row, ok bool, err error) {
	rows, err := s.Get(ctx, []Key{key})
	if err != nil {
		return Row{}, false, err
	}
	row, ok = rows[key]
	return row, ok, nil
}

package hubspot

import (
	"strconv"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/record"
)

// properties gives what is sent of an intent's fields. A blank is sent as "", which clears; a create leaves it out.
func properties(intent record.Intent) map[string]string {
	out := map[string]string{}
	for field, value := range intent.Fields {
		if !strings.HasPrefix(string(field), prefix) && (value != "" || intent.Operation != record.OperationCreate) {
			out[string(field)] = value
		}
	}
	return out
}

// input is one item of a batch call, told apart by its number in it. An upsert's id is the value that identifies the
// record, which its properties hold too, or the record would be made without it.
func (w *work) input(number int) batchInput {
	in := batchInput{ID: string(w.Intent.Ref.ID), TraceID: strconv.Itoa(number), Properties: properties(w.Intent)}
	switch w.call {
	case callUpsert:
		in.ID, in.IDProperty = w.Intent.Fields[w.Intent.Marker], string(w.Intent.Marker)
	case callCreate:
		in.ID, in.Associations = "", inline(w.Intent)
	case callArchive:
		return batchInput{ID: string(w.Intent.Ref.ID)}
	}
	return in
}

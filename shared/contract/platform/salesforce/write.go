package salesforce

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// callsMax bounds the writing requests of one Apply. One bad item among 200 costs 16 of them; only where nearly all are
// bad are some left for the next attempt.
const callsMax = 60

// The calls that intents become, in the order in which they are sent.
const (
	callUpsert = "upsert" // a create that carries our identity in a field that can be upserted by
	callCreate = "create"
	callUpdate = "update"
	callDelete = "delete"
)

// work is one intent on its way.
type work struct {
	platform.Item
	call string
	body map[string]any
	// wrote says that the record was saved by this call; began is when that call did.
	wrote bool
	began time.Time
}

// Apply performs intents on one object, each kind of call as one collection, in which a record fails alone. A create
// that carries our identity in a custom field is an upsert on it, so that repeating it is harmless. A create tried before
// is looked for first, by that identity, and answered as Existing without being written again: somebody may have edited
// it since. One that a unique value or a duplicate rule refuses, naming one record, answers that record as Existing.
//
// An update that goes alone is conditional on LastModifiedDate, in whole seconds, which SystemModstamp is never before;
// updates in a collection cannot be. Answers do not hold the records, so what was written is read once more, in one query
// for all: the platform's spelling of what was asked is in the receipt, and whatever else it shows is left to a read.
func (c *Connector) Apply(ctx context.Context, intents []record.Intent) ([]record.Receipt, error) {
	o, err := c.client.OneObject(c.catalog, intents)
	if o == nil {
		return nil, err
	}
	items := make([]*work, len(intents))
	for i, intent := range intents {
		items[i] = c.prepare(o, intent)
	}
	c.earlier(ctx, o, items)
	r := &platform.Run[*work]{Platform: name, Max: callsMax, Divide: divides}
	for _, call := range []string{callUpsert, callCreate, callUpdate, callDelete} {
		for _, group := range groups(items, call) {
			r.Halving(group, func(part []*work) error { return c.send(ctx, o, call, part) }, (*work).FailWhole)
		}
	}
	if r.Stopped == nil { // a limit or an outage would be met again
		c.readBack(ctx, o, items)
	}
	return platform.Settle(name, items)
}

// prepare chooses the call of an intent and builds its record, or refuses it before anything is sent.
func (c *Connector) prepare(o *catalog.Object, intent record.Intent) *work {
	w := &work{Item: platform.NewItem(intent)}
	op := c.client.Opf("%s %s/%s", intent.Operation, o.Name, intent.Ref.ID)
	switch intent.Operation {
	case record.OperationCreate:
		w.Receipt.ID, w.call = "", callCreate
		if upsertable(o, intent) {
			w.call = callUpsert
		}
	case record.OperationUpdate:
		w.call = callUpdate
	case record.OperationArchive, record.OperationDelete:
		w.call = callDelete // into the recycle bin either way
	case record.OperationRestore:
		w.Receipt.Err = fault.Newf(fault.Rejected, op, "the recycle bin is opened by hand only: the REST API has no undelete")
		return w
	default:
		w.Receipt.Err = fault.Newf(fault.Rejected, op, "not an operation of this platform")
		return w
	}
	if w.call != callCreate && w.call != callUpsert && !wellFormed(intent.Ref.ID) {
		w.Receipt.Err = fault.Newf(fault.Rejected, op, "no id of a record")
		return w
	}
	if w.call == callDelete {
		return w
	}
	if problem := w.build(o); problem != nil {
		problem.Op = op
		w.Receipt.Err = problem
	}
	return w
}

// fieldsOf lists the fields to read of written records: those asked for, and those that were read before.
func fieldsOf(items []*work) []record.PlatformField {
	all := map[record.PlatformField]bool{}
	for _, w := range items {
		for name := range w.Intent.Fields {
			all[name] = true
		}
		if w.Intent.Current != nil {
			for name := range w.Intent.Current.Fields {
				all[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// groups gives the items still to be sent by one kind of call, upserts by the field that they go by.
func groups(items []*work, call string) [][]*work {
	byMarker := map[record.PlatformField][]*work{}
	for _, w := range items {
		if w.call != call || w.Receipt.Err != nil || w.Receipt.Existing {
			continue
		}
		marker := record.PlatformField("")
		if call == callUpsert {
			marker = w.Intent.Marker
		}
		byMarker[marker] = append(byMarker[marker], w)
	}
	var out [][]*work
	for _, marker := range slices.Sorted(maps.Keys(byMarker)) {
		out = append(out, byMarker[marker])
	}
	return out
}

// send performs one call and fills in its receipts. An error means that no item has an answer.
func (c *Connector) send(ctx context.Context, o *catalog.Object, kind string, items []*work) error {
	if kind == callUpdate && len(items) == 1 {
		return c.sendAlone(ctx, o, items[0])
	}
	call := platform.Call{Op: kind + " " + strconv.Itoa(len(items)) + " " + string(o.Name), Method: http.MethodPost, Path: apiPath + "/composite/sobjects", Write: true}
	switch kind {
	case callUpsert:
		call.Method = http.MethodPatch
		call.Path += "/" + string(o.Name) + "/" + url.PathEscape(string(items[0].Intent.Marker))
	case callUpdate:
		call.Method = http.MethodPatch
	case callDelete:
		call.Method = http.MethodDelete
		call.Path += "?allOrNone=false&ids=" + url.QueryEscape(strings.Join(idsOf(items), ","))
	}
	if kind != callDelete {
		body := collection{}
		for _, w := range items {
			if kind == callUpdate {
				w.body["Id"] = string(long(w.Intent.Ref.ID))
			}
			body.Records = append(body.Records, w.body)
		}
		call.Body = body
	}
	var answer results
	told, err := c.ask(ctx, call, &answer)
	if err != nil {
		return ofRequest(err)
	}
	if len(answer) != len(items) {
		return fault.Newf(fault.InDoubt, c.client.Op(call), "%d results for %d records", len(answer), len(items))
	}
	for i, w := range items {
		w.began = told.began
		w.receive(answer[i], c.client.Op(call))
	}
	return nil
}

func idsOf(items []*work) []string {
	var ids []string
	for _, w := range items {
		ids = append(ids, string(long(w.Intent.Ref.ID)))
	}
	return ids
}

// sendAlone updates one record if nobody modified it since it was read. The condition is weak: what was modified within
// the same second passes.
func (c *Connector) sendAlone(ctx context.Context, o *catalog.Object, w *work) error {
	id := long(w.Intent.Ref.ID)
	call := platform.Call{Op: "update " + string(o.Name) + " " + string(id), Method: http.MethodPatch,
		Path: apiPath + "/sobjects/" + string(o.Name) + "/" + string(id), Write: true, Header: http.Header{}}
	body := maps.Clone(w.body)
	delete(body, "Id")
	delete(body, "attributes")
	call.Body = body
	if w.Intent.Current != nil && !w.Intent.Current.ModifiedAt.IsZero() {
		call.Header.Set("If-Unmodified-Since", w.Intent.Current.ModifiedAt.UTC().Format(http.TimeFormat))
	}
	told, err := c.ask(ctx, call, nil)
	w.began = told.began
	if err != nil {
		return judge(w.Intent, err)
	}
	w.wrote = true
	return nil
}

// receive reads one record's result. One that cannot be read, or tells of another record, is in doubt.
func (w *work) receive(raw json.RawMessage, op string) {
	var r result
	if err := json.Unmarshal(raw, &r); err != nil || r.Success == nil {
		w.Receipt.Err = fault.Newf(fault.InDoubt, op, "the answer does not tell of this record")
		return
	}
	id := long(record.ExternalID(r.ID))
	creates := w.Intent.Operation == record.OperationCreate
	switch {
	case !*r.Success:
		w.refused(r.Errors, op)
	case !wellFormed(id) || !creates && id != long(w.Intent.Ref.ID):
		w.Receipt.Err = fault.Newf(fault.InDoubt, op, "answered another record, or none")
	case creates:
		w.Receipt.ID, w.wrote = id, true
		w.Receipt.Existing = w.call == callUpsert && r.Created != nil && !*r.Created
	default:
		w.wrote = true
	}
}

// refused classifies a record that was not saved, or answers the record that stands in its way.
func (w *work) refused(list []wireError, op string) {
	if len(list) > 0 && w.Intent.Operation == record.OperationCreate {
		if id := list[0].holder(); id != "" {
			w.Receipt.ID, w.Receipt.Existing = id, true
			return
		}
	}
	w.Receipt.Err = judge(w.Intent, itemError(op, list))
}

// judge reads a refusal in the light of its intent. "Invalid cross reference" and "deleted" may speak of a record that
// this one names: then it waits for that one. Where the platform tells no field, a create can only mean another record;
// an update that names none can only mean its own.
func judge(intent record.Intent, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != codeBadReference && f.Kind != fault.Gone {
		return err
	}
	var parents []string
	for _, name := range []string{"AccountId", "ContactId", "ParentId"} {
		if intent.Fields[record.PlatformField(name)] != "" && (len(f.Fields) == 0 || slices.Contains(f.Fields, name)) {
			parents = append(parents, name)
		}
	}
	creates := intent.Operation == record.OperationCreate
	switch {
	case f.Code == codeBadReference && len(f.Fields) > 0 && len(parents) == 0:
		f.Kind = fault.Rejected // an owner, or what a rule of the org refers to
	case len(parents) > 0 && (len(f.Fields) > 0 || creates || f.Code == codeBadReference):
		f.Kind, f.Fields = fault.Waiting, parents
	case creates:
		f.Kind = fault.Rejected
	default:
		f.Kind = fault.Gone
	}
	return f
}

// readBack reads what was written, and what stands in the way of a create, in one query. A write whose reading fails is
// done all the same: its receipt then tells no more than its answer.
func (c *Connector) readBack(ctx context.Context, o *catalog.Object, items []*work) {
	var shown []*work
	var ids []record.ExternalID
	for _, w := range items {
		if w.Receipt.Err != nil || w.call == callDelete || w.Receipt.Snapshot != nil {
			continue
		}
		shown = append(shown, w)
		ids = append(ids, w.Receipt.ID)
		if w.call == callUpsert && w.wrote {
			// The platform found or made the record by this value: that much is certain without a read.
			w.Receipt.Snapshot = &record.Snapshot{Ref: record.Ref{Place: c.place(o.Name), ID: w.Receipt.ID},
				Fields: record.Fields{w.Intent.Marker: w.Intent.Fields[w.Intent.Marker]}, ReadBegan: w.began}
		}
	}
	if len(shown) == 0 {
		return
	}
	fields := fieldsOf(shown)
	found, began, _, err := c.read(ctx, o, fields, ids)
	if err != nil {
		return
	}
	for _, w := range shown {
		if r := found[long(w.Receipt.ID)]; r != nil && !r.deleted() {
			s := c.snapshot(o, r, fields, began)
			if held, told := s.Fields[w.Intent.Marker]; w.wrote && told && w.call == callUpsert && !platform.SameText(held, w.Intent.Fields[w.Intent.Marker]) {
				w.Receipt = record.Receipt{Key: w.Intent.Key, Err: fault.Newf(fault.InDoubt, c.client.Opf("create %s", o.Name), "the answer names a record that holds another identity")}
				continue
			}
			if w.wrote {
				onlyRespelt(o, w.Intent, &s)
			}
			w.Receipt.Snapshot = &s
		}
	}
}

// onlyRespelt leaves out of a record read back what somebody else may have written since: fields of the intent that hold
// neither what was asked nor the platform's spelling of it. Then its stamp is not told either, so that the news of that
// edit is not taken for old.
func onlyRespelt(o *catalog.Object, intent record.Intent, s *record.Snapshot) {
	for name, asked := range intent.Fields {
		answered, told := s.Fields[name]
		if f, _ := o.Field(name); told && !respelt(f, asked, answered) {
			delete(s.Fields, name)
			s.ModifiedAt = time.Time{}
		}
	}
}

// divides says that a collection was refused whole because of a record, which may be one of them alone.
func divides(err error) bool {
	return fault.Is(err, fault.Rejected) && fault.CodeOf(err) != codeNotFound
}

package hubspot

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// callsMax bounds the requests of one Apply. One bad item among 100 costs 14 of them; only where nearly all are bad are
// some left for the next attempt.
const callsMax = 60

// The batch calls that intents become, in the order in which they are sent.
const (
	callUpsert  = "upsert" // a create that carries our identity
	callCreate  = "create"
	callUpdate  = "update"
	callArchive = "archive"
	callNone    = "" // nothing but associations
)

// work is one intent on its way.
type work struct {
	platform.Item
	call string
	// wrote says that the record's properties were written, so that what follows can no longer be refused as a whole.
	wrote bool
	// other says that the receipt names somebody else's record, which holds a value of ours.
	other bool
}

// Apply performs intents on one object, in one batch for each kind of call. A create that carries our identity is an
// upsert on that property, so that repeating it is harmless: it answers Existing. One whose email another contact holds
// answers that contact as Existing and writes nothing. There is no conditional update.
//
// Results are told apart by trace id, id or identity, never by their order, which the platform does not promise. A batch
// that is refused whole, because one item is wrong, wrote nothing and is sent again in halves.
func (c *Connector) Apply(ctx context.Context, intents []record.Intent) ([]record.Receipt, error) {
	o, err := c.client.OneObject(c.catalog, intents)
	if o == nil {
		return nil, err
	}
	r := newRun(o.Name)
	items := make([]*work, len(intents))
	for i, intent := range intents {
		items[i] = c.prepare(intent)
	}
	for _, call := range []string{callUpsert, callCreate, callUpdate, callArchive} {
		group := slices.DeleteFunc(slices.Clone(items), func(w *work) bool { return w.call != call || w.Receipt.Err != nil })
		r.Halving(group, func(part []*work) error { return c.send(ctx, r, call, part) }, (*work).FailWhole)
	}
	c.tieAll(ctx, r, items)
	return platform.Settle(name, items)
}

// prepare chooses the call of an intent, or refuses it before anything is sent.
func (c *Connector) prepare(intent record.Intent) *work {
	w := &work{Item: platform.NewItem(intent)}
	op := c.client.Opf("%s %s", intent.Operation, intent.Ref.Object)
	switch intent.Operation {
	case record.OperationCreate:
		w.Receipt.ID, w.call = "", callCreate
		if intent.Marker != "" && intent.Fields[intent.Marker] != "" {
			w.call = callUpsert
		}
	case record.OperationUpdate:
		w.call = callUpdate
		if len(properties(intent)) == 0 {
			w.call = callNone
		}
	case record.OperationArchive:
		w.call = callArchive
	default:
		w.Receipt.Err = fault.Newf(fault.Rejected, op, "not an operation of this platform")
		return w
	}
	if intent.Operation != record.OperationCreate && intent.Ref.ID == "" {
		w.Receipt.Err = fault.Newf(fault.Rejected, op, "no id")
		return w
	}
	o, _ := c.catalog.Object(intent.Ref.Object)
	for _, field := range slices.Sorted(maps.Keys(intent.Fields)) {
		if problem := platform.Unwritable(o, field, intent.Fields[field], intent.Operation); problem != "" {
			err := fault.Newf(fault.Rejected, op, "field %s %s", field, problem)
			err.Fields = []string{string(field)}
			w.Receipt.Err = err
			return w
		}
	}
	return w
}

// send performs one batch call and fills in its receipts. An error means that no item has an answer.
func (c *Connector) send(ctx context.Context, r *run, kind string, items []*work) error {
	var body batchWrite
	for i, w := range items {
		body.Inputs = append(body.Inputs, w.input(i))
	}
	call := platform.Call{Op: "batch " + kind + " of " + strconv.Itoa(len(items)) + " " + string(r.object), Method: http.MethodPost,
		Path: objectsPath(r.object) + "/batch/" + kind, Body: body, Write: true}
	if kind == callArchive {
		_, err := c.ask(ctx, call, nil)
		return err
	}
	var answer batchAnswer
	told, err := c.ask(ctx, call, &answer)
	if err != nil {
		if len(items) > 1 {
			return err
		}
		if c.conflict(ctx, r, items[0], told.refusal); items[0].other {
			return nil
		}
		return judge(items[0].Intent, err)
	}
	for _, w := range items {
		w.Receipt.Err = fault.Newf(fault.InDoubt, c.client.Op(call), "the answer does not tell of this item")
	}
	for _, e := range answer.Errors {
		for _, w := range whoseError(e, items) {
			w.Receipt.Err = judge(w.Intent, itemError(c.client.Op(call), e))
			c.conflict(ctx, r, w, e)
		}
	}
	for _, o := range answer.Results {
		if w := whose(o, items); w != nil {
			c.receive(w, o, told.began, c.client.Op(call))
		}
	}
	return nil
}

// receive reads the record that a write answered. A merged record may answer as its winner: then a read must tell.
func (c *Connector) receive(w *work, o object, began time.Time, op string) {
	if !isID(o.ID) || (w.call == callUpdate && o.id() != w.Intent.Ref.ID) {
		w.Receipt.Err = fault.Newf(fault.InDoubt, op, "answered another record, or none")
		return
	}
	s := c.snapshot(w.Intent.Ref.Object, o, c.told(w.Intent), began)
	w.wrote = true
	w.Receipt.ID, w.Receipt.Snapshot, w.Receipt.Err = s.ID, &s, nil
	w.Receipt.Existing = w.call == callUpsert && o.New != nil && !*o.New
}

// told lists the fields to tell of a written record: all that are known, of which an answer holds only some.
func (c *Connector) told(intent record.Intent) []record.PlatformField {
	o, _ := c.catalog.Object(intent.Ref.Object)
	return platform.AllFieldsOf(o, intent)
}

// whose tells which intent a result answers, nil if that cannot be told.
func whose(o object, items []*work) *work {
	for i, w := range items {
		if o.TraceID != "" && string(o.TraceID) == strconv.Itoa(i) {
			return w
		}
	}
	for _, w := range items {
		if w.call == callUpdate && o.id() == w.Intent.Ref.ID {
			return w
		}
		if w.call == callUpsert && string(o.Properties[string(w.Intent.Marker)]) == w.Intent.Fields[w.Intent.Marker] {
			return w
		}
	}
	if len(items) == 1 {
		return items[0]
	}
	return nil
}

// whoseError tells which intents an item's error answers; one error may name many ids.
func whoseError(e wireError, items []*work) []*work {
	var out []*work
	traces, ids := e.values("objectWriteTraceId"), e.values("ids")
	for i, w := range items {
		in := w.input(i)
		if slices.Contains(traces, in.TraceID) || (in.ID != "" && slices.Contains(ids, in.ID)) {
			out = append(out, w)
		}
	}
	if len(out) == 0 && len(items) == 1 {
		return items
	}
	return out
}

// conflict answers a create whose email is taken by the contact that holds it, named by the error or looked up: a
// candidate for a match. A failed look-up is answered as such: nothing was written, and the next attempt looks again.
func (c *Connector) conflict(ctx context.Context, r *run, w *work, e wireError) {
	if w.Intent.Operation != record.OperationCreate || e.Category != categoryConflict {
		return
	}
	id := e.existing()
	if id == "" {
		var err error
		if id, err = c.holder(ctx, r, w.Intent); err != nil {
			w.Receipt.Err, w.other = err, true
			return
		}
	}
	if id != "" {
		w.Receipt = record.Receipt{Key: w.Intent.Key, ID: id, Existing: true}
		w.other = true
	}
}

// holder looks up the contact that holds an intent's email, "" if there is none, or no request left to ask with.
func (c *Connector) holder(ctx context.Context, r *run, intent record.Intent) (record.ExternalID, error) {
	email := intent.Fields["email"]
	if r.object != "contacts" || email == "" || r.Sent >= r.Max {
		return "", nil
	}
	r.Sent++
	found, err := c.Find(ctx, r.object, nil, []platform.Lookup{{Field: "email", Value: email}})
	if err != nil || len(found[0]) != 1 {
		return "", err
	}
	return found[0][0].ID, nil
}

// judge reads a refusal in the light of its intent. Only an associated record can be missing from a create: it waits.
func judge(intent record.Intent, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Gone || intent.Operation != record.OperationCreate {
		return err
	}
	f.Kind = fault.Rejected
	if intent.Marker == "" || intent.Fields[intent.Marker] == "" {
		for _, to := range associationsOf(intent) {
			f.Kind, f.Fields = fault.Waiting, append(f.Fields, prefix+to)
		}
	}
	return f
}

// run is what the calls of one Apply share.
type run struct {
	platform.Run[*work]
	object record.Object
}

func newRun(object record.Object) *run {
	return &run{object: object, Run: platform.Run[*work]{Platform: name, Max: callsMax, Divide: divides}}
}

// divides says that a batch was refused whole because of an item.
func divides(err error) bool { return fault.Is(err, fault.Rejected) || fault.Is(err, fault.Gone) }

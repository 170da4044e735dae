package xero

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

const (
	// keyLife is how long an Idempotency-Key is trusted to be remembered; about 6 minutes (unverified), from its first use.
	keyLife = 5 * time.Minute
	// keyBytesMax is the longest key (xero_accounting.yaml 16.1.0, idempotencyKey).
	keyBytesMax = 128
	// callsMax bounds the writing requests of one Apply: creates that go alone, and what halving a refused call costs.
	callsMax = 60
)

// work is one intent on its way.
type work struct {
	platform.Item
	body map[string]any
}

// Apply performs intents on one object: updates and archivings in one POST, by id; creates in PUTs, which never mean a
// record that is there. Each record answers for itself. There is no version: a record that must be read again, for what
// its lists hold, is refused as stale if its stamp moved since the pre-read.
//
// A create carries an Idempotency-Key made of Intent.Key. Contacts that hold our identity go many in a call, under a key
// of all of theirs; what has no other proof goes alone, under its own. A create tried before is looked for first: by our
// identity, or, once the key may be forgotten, a contact by its name; an invoice that carries no identity then stays in
// doubt. A contact whose name is taken is answered as Existing if exactly one active contact has it.
func (c *Connector) Apply(ctx context.Context, intents []record.Intent) ([]record.Receipt, error) {
	o, err := c.client.OneObject(c.catalog, intents)
	if o == nil {
		return nil, err
	}
	k, _ := kindOf(o.Name)
	items, err := c.prepare(ctx, k, intents)
	if err != nil {
		return nil, err
	}
	c.earlier(ctx, k, items)
	r := &platform.Run[*work]{Platform: name, Max: callsMax, Divide: func(err error) bool { return fault.Is(err, fault.Rejected) }}
	for _, group := range groups(k, items) {
		r.Halving(group, func(part []*work) error { return c.send(ctx, k, part) }, (*work).FailWhole)
	}
	c.existing(ctx, k, items)
	return platform.Settle(name, items)
}

// prepare builds every body, after one read of the records that are needed for it. An intent that cannot be built, or
// whose record moved since its pre-read, is done before anything is sent.
func (c *Connector) prepare(ctx context.Context, k kind, intents []record.Intent) ([]*work, error) {
	var ids []record.ExternalID
	for _, intent := range intents {
		if needsRecord(k, intent) {
			ids = append(ids, intent.Ref.ID)
		}
	}
	current, began, sure, err := c.read(ctx, k, ids)
	if err == nil && !sure && len(current) < len(ids) {
		err = fault.Newf(fault.Transient, c.client.Opf("read %d %s again", len(ids), k.object()), "the answer holds a record that is none")
	}
	if err != nil {
		return nil, err
	}
	items := make([]*work, len(intents))
	for i, intent := range intents {
		w := &work{Item: platform.NewItem(intent)}
		items[i] = w
		if err := c.unmoved(k, intent, current); err != nil {
			w.Fail(err)
			continue
		}
		if e := current[canonical(intent.Ref.ID)]; intent.Operation == record.OperationArchive && e != nil && e.archived() {
			w.Receipt.Snapshot, w.Done = c.snapshot(k, e, c.answered(k, intent), began), true // done by an earlier try
			continue
		}
		if w.body, err = c.body(k, intent, current[canonical(intent.Ref.ID)]); err != nil {
			w.Fail(err)
		}
	}
	return items, nil
}

// unmoved checks an intent against what was read of its record.
func (c *Connector) unmoved(k kind, intent record.Intent, current map[record.ExternalID]entity) error {
	op := c.client.Opf("%s %s/%s", intent.Operation, k.object(), intent.Ref.ID)
	switch intent.Operation {
	case record.OperationCreate:
		return nil
	case record.OperationUpdate, record.OperationArchive:
	case record.OperationRestore:
		return fault.Newf(fault.Rejected, op, "what is archived is made active again by hand only")
	default:
		return fault.Newf(fault.Rejected, op, "cannot be deleted, only archived")
	}
	if !wellFormed(intent.Ref.ID) {
		return fault.Newf(fault.Rejected, op, "no id of a record")
	}
	if !needsRecord(k, intent) {
		return nil
	}
	e := current[canonical(intent.Ref.ID)]
	switch {
	case e == nil || e.foreign(k) || e.mergedInto(k) != "":
		return fault.Newf(fault.Gone, op, "not there when read again")
	case intent.Current != nil && !intent.Current.ModifiedAt.IsZero() && !e.modified().Equal(intent.Current.ModifiedAt):
		return fault.Newf(fault.Stale, op, "moved since its pre-read")
	}
	return nil
}

// groups gives what is to be sent in one call each: creates that go alone, those that go together, and all that has an id.
func groups(k kind, items []*work) [][]*work {
	var out [][]*work
	var creates, others []*work
	for _, w := range items {
		switch {
		case w.Done:
		case w.Intent.Operation != record.OperationCreate:
			others = append(others, w)
		case k == contacts && w.Intent.Fields[w.Intent.Marker] != "":
			creates = append(creates, w)
		default:
			out = append(out, []*work{w})
		}
	}
	for _, group := range [][]*work{creates, others} {
		if len(group) > 0 {
			out = append(out, group)
		}
	}
	return out
}

// send performs one call and fills in its receipts. An error means that no record has an answer.
func (c *Connector) send(ctx context.Context, k kind, items []*work) error {
	creates := items[0].Intent.Operation == record.OperationCreate
	call := platform.Call{Op: "write " + strconv.Itoa(len(items)) + " " + k.list(), Method: http.MethodPost, Write: true, Header: http.Header{},
		Path: apiPath + k.list() + "?summarizeErrors=false"}
	if k == invoices {
		call.Path += "&unitdp=4"
	}
	if creates {
		call.Method = http.MethodPut
		call.Header.Set("Idempotency-Key", requestKey(items))
	}
	var bodies []any
	for _, w := range items {
		bodies = append(bodies, w.body)
	}
	call.Body = map[string]any{k.list(): bodies}
	answer, began, err := c.ask(ctx, call, k)
	if err != nil {
		return err
	}
	raw := k.records(answer)
	if creates && len(raw) != len(items) {
		return fault.Newf(fault.InDoubt, c.client.Op(call), "%d answers for %d records", len(raw), len(items))
	}
	byID := map[record.ExternalID]json.RawMessage{}
	for _, r := range raw {
		if e, err := decodeEntity(k, r); err == nil {
			byID[e.id(k)] = r
		}
	}
	for i, w := range items {
		if creates {
			c.receive(k, w, raw[i], began, c.client.Op(call))
		} else {
			c.receive(k, w, byID[canonical(w.Intent.Ref.ID)], began, c.client.Op(call))
		}
	}
	return nil
}

// requestKey makes the idempotency key of a call: the intent's own, or a digest of all of theirs.
func requestKey(items []*work) string {
	var keys []string
	for _, w := range items {
		keys = append(keys, w.Intent.Key)
	}
	if len(keys) == 1 && keys[0] != "" && len(keys[0]) <= keyBytesMax {
		return keys[0]
	}
	sum := sha256.Sum256([]byte(strings.Join(keys, "\x00")))
	return "fc-" + hex.EncodeToString(sum[:])
}

// receive reads how one record fared. One that cannot be read, or tells of another record, is in doubt.
func (c *Connector) receive(k kind, w *work, raw json.RawMessage, began time.Time, op string) {
	w.Done = true
	var o outcome
	if err := json.Unmarshal(raw, &o); err != nil {
		w.Receipt.Err = fault.Newf(fault.InDoubt, op, "the answer does not tell of this record (%T)", err)
		return
	}
	if o.failed() {
		w.Receipt.Err = judge(w.Intent, itemError(op, o.wireErrors))
		return
	}
	e, err := decodeEntity(k, raw)
	if err != nil || e.id(k) == noID || !c.ours(k, w.Intent, e) {
		w.Receipt.Err = fault.Newf(fault.InDoubt, op, "the answer is of another record, or of none")
		return
	}
	w.Receipt.ID = e.id(k)
	w.Receipt.Snapshot = c.shown(k, e, c.answered(k, w.Intent), began, false)
}

// ours says that an answer is of the record that was written: records answer in the order sent (unverified), so a new one
// must show what it was made with.
func (c *Connector) ours(k kind, intent record.Intent, e entity) bool {
	if intent.Operation != record.OperationCreate {
		return e.id(k) == canonical(intent.Ref.ID)
	}
	for _, name := range []record.PlatformField{"Name", "Contact.ContactID"} {
		asked, sent := intent.Fields[name]
		shown, told := e.value(name, false)
		if sent && (!told || !platform.SameText(asked, shown)) {
			return false
		}
	}
	return true
}

// answered lists the fields to tell of a written record: it answers whole, so all that are known.
func (c *Connector) answered(k kind, intent record.Intent) []record.PlatformField {
	fields := slices.Collect(maps.Keys(intent.Fields))
	for _, f := range c.object(k).Fields {
		fields = append(fields, f.Name)
	}
	return fields
}

// existing answers creates of contacts whose name is taken: each by the one active contact who has it, else as refused.
// Where the look-up fails, its failure is answered, since nothing was written and the next attempt looks again.
func (c *Connector) existing(ctx context.Context, k kind, items []*work) {
	var taken []*work
	var lookups []platform.Lookup
	for _, w := range items {
		if k == contacts && w.Intent.Operation == record.OperationCreate && fault.CodeOf(w.Receipt.Err) == codeNameTaken {
			taken, lookups = append(taken, w), append(lookups, platform.Lookup{Field: "Name", Value: w.Intent.Fields["Name"]})
		}
	}
	if len(taken) == 0 {
		return
	}
	found := make([][]record.Snapshot, len(taken))
	err := c.find(ctx, k, lookups, func(i int, e entity, began time.Time) {
		if !e.archived() {
			found[i] = append(found[i], *c.snapshot(k, e, c.answered(k, taken[i].Intent), began))
		}
	})
	for i, w := range taken {
		switch {
		case err != nil:
			w.Receipt.Err = err
		case len(found[i]) == 1:
			w.adopt(found[i][0])
		}
	}
}

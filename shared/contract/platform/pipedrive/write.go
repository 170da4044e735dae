package pipedrive

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// work is one intent on its way.
type work struct {
	platform.Item
	// row is the record as read again just before, nil where that is not needed.
	row  row
	body map[string]any
}

// Apply performs intents on one object, each by a call of its own, one after the other. Before them, at most one request
// for each of: the records whose lists or parts are edited, the account's fields, and for creates tried before a search
// and some pages of what changed since.
//
// Lists of emails and phones, and custom fields with parts, go back whole, what is not due in them as read. An update whose
// due lists or parts moved since its pre-read is Stale. There is no conditional update: an edit between that reading and the
// write is lost. A call that fails for what the next would meet too leaves the rest unsent.
func (c *Connector) Apply(ctx context.Context, intents []record.Intent) ([]record.Receipt, error) {
	if len(intents) == 0 {
		return nil, nil
	}
	k, items, err := c.accept(intents)
	if err != nil {
		return nil, err
	}
	want, err := c.resolve(ctx, k, c.fieldsOf(items))
	if err != nil {
		return nil, err
	}
	if err := c.lookForOwn(ctx, k, want, items); err != nil {
		return nil, err
	}
	if err := c.reread(ctx, k, want, items); err != nil {
		return nil, err
	}
	var stopped error
	for _, w := range items {
		if w.Done || !c.build(k, want, w) {
			continue
		}
		if stopped != nil {
			w.FailWhole(stopped)
			continue
		}
		err := c.send(ctx, k, want, w)
		switch stopped = platform.Stops(name, err); {
		case stopped != nil:
			w.FailWhole(err)
		case err != nil:
			w.Fail(err)
		}
	}
	return platform.Settle(name, items)
}

// accept checks the call as a whole and each intent by the catalog.
func (c *Connector) accept(intents []record.Intent) (kind, []*work, error) {
	o, err := c.client.OneObject(c.catalog, intents)
	if err != nil {
		return kind{}, nil, err
	}
	k, _ := c.kindOf(o.Name)
	items := make([]*work, len(intents))
	for i, intent := range intents {
		items[i] = &work{Item: platform.NewItem(intent)}
		if err := c.fits(k, intent); err != nil {
			items[i].Fail(err)
		}
	}
	return k, items, nil
}

// fits checks one intent by the catalog.
func (c *Connector) fits(k kind, intent record.Intent) error {
	a := k.Ability
	able := map[record.Operation]bool{record.OperationCreate: a.Create, record.OperationUpdate: a.Update, record.OperationArchive: a.Archive,
		record.OperationDelete: a.Delete, record.OperationRestore: a.Restore}
	switch {
	case !able[intent.Operation]:
		return fault.Newf(fault.Rejected, c.client.OpOf(intent), "the platform offers no such operation")
	case intent.Operation != record.OperationCreate && !wellFormed(intent.Ref.ID):
		return fault.Newf(fault.Rejected, c.client.OpOf(intent), "no id of a record")
	case intent.Operation != record.OperationCreate && intent.Operation != record.OperationUpdate:
		return nil
	}
	for _, field := range slices.Sorted(maps.Keys(intent.Fields)) {
		if problem := refuse(k, field, intent.Fields[field], intent.Operation); problem != "" {
			return c.client.Unfit(intent, field, problem)
		}
	}
	return nil
}

// fieldsOf lists the fields that intents write and that their answers are to tell: those due and those pre-read.
func (c *Connector) fieldsOf(items []*work) []record.PlatformField {
	all := map[record.PlatformField]bool{}
	for _, w := range items {
		if w.Done {
			continue
		}
		for _, field := range platform.FieldsOf(w.Intent) {
			all[field] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// nested are the due fields of an update that are parts of something that goes back whole.
func (w wanted) nested(intent record.Intent) []record.PlatformField {
	var out []record.PlatformField
	for _, field := range slices.Sorted(maps.Keys(intent.Fields)) {
		p := platform.ParsePath(field)
		if p.Root == "emails" || p.Root == "phones" || p.Root == rootCustom && len(partsOf[w.custom[p.Selector].Type]) > 1 {
			out = append(out, field)
		}
	}
	return out
}

// reread reads, in one request, the records of updates that need what goes back whole. Due fields of that which moved since
// the pre-read make an update stale.
func (c *Connector) reread(ctx context.Context, k kind, want wanted, items []*work) error {
	var ids []record.ExternalID
	for _, w := range items {
		if !w.Done && w.Intent.Operation == record.OperationUpdate && len(want.nested(w.Intent)) > 0 {
			ids = append(ids, w.Intent.Ref.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	found, err := c.read(ctx, k, want, ids)
	if err != nil {
		return err
	}
	for _, w := range items {
		if w.Done || !slices.Contains(ids, w.Intent.Ref.ID) || w.Intent.Operation != record.OperationUpdate {
			continue
		}
		r := found.rows[w.Intent.Ref.ID]
		switch {
		case found.errs[w.Intent.Ref.ID] != nil:
			w.Fail(found.errs[w.Intent.Ref.ID])
		case r == nil || r.deleted():
			w.Fail(fault.New(fault.Gone, c.client.OpOf(w.Intent), nil))
		default:
			w.row = r
			s := c.snapshot(k, want, r, found.began)
			w.Receipt.Snapshot = &s // until the write answers its own
			c.compare(k, want, w)
		}
	}
	return nil
}

// compare makes an update stale whose due parts moved since its pre-read.
func (c *Connector) compare(k kind, want wanted, w *work) {
	if w.Intent.Current == nil {
		return
	}
	for _, field := range want.nested(w.Intent) {
		then, read := w.Intent.Current.Fields[field]
		if now, told := want.value(k, w.row, field); read && told && then != now {
			w.Fail(fault.Newf(fault.Stale, c.client.OpOf(w.Intent), "moved since its pre-read"))
			return
		}
	}
}

// send makes the call of one intent and reads its answer.
func (c *Connector) send(ctx context.Context, k kind, want wanted, w *work) error {
	call := platform.Call{Op: string(w.Intent.Operation) + " " + string(k.Name) + "/" + string(w.Intent.Ref.ID), Method: http.MethodPatch, Path: k.path(string(w.Intent.Ref.ID)), Write: true}
	creates := w.Intent.Operation == record.OperationCreate
	switch {
	case creates:
		call.Method, call.Path = http.MethodPost, k.path()
	case w.body == nil:
		call.Method = http.MethodDelete
	}
	if w.body != nil {
		call.Body = w.body
	}
	answer, err := c.ask(ctx, call, true)
	w.Receipt.Snapshot = nil // from before the write
	if fault.Is(err, fault.Rejected) && (w.Intent.Operation == record.OperationArchive || w.Intent.Operation == record.OperationRestore) {
		// An archived deal takes no edit, perhaps not even this one (unverified): what it is says whether it is done.
		if r, readErr := c.alone(ctx, k, want, w.Intent.Ref.ID); readErr == nil && r.archived() == (w.Intent.Operation == record.OperationArchive) {
			return nil
		}
	}
	if err != nil {
		return judge(w.Intent, c.doubtFields(k, want, err))
	}
	if call.Method == http.MethodDelete {
		return nil
	}
	r, err := decodeRow(answer.Data)
	if err != nil || !creates && r.id() != w.Intent.Ref.ID {
		return fault.Newf(fault.InDoubt, c.client.Op(call), "answered another record, or none")
	}
	s := c.snapshot(k, want.only(platform.FieldsOf(w.Intent)), r, answer.began)
	w.Receipt.ID, w.Receipt.Snapshot = r.id(), &s
	return nil
}

// only narrows what is wanted to some of its fields.
func (w wanted) only(fields []record.PlatformField) wanted {
	return wanted{fields: fields, custom: w.custom}
}

// judge reads "not found" in the light of its intent: of a create it can only speak of what the record names, so the create
// waits for that; which answer it gives for such a one is not documented, and any other is a refusal.
func judge(intent record.Intent, err error) error {
	if !fault.Is(err, fault.Gone) || intent.Operation != record.OperationCreate {
		return err
	}
	f := fault.New(fault.Rejected, "", nil)
	if was, ok := err.(*fault.Error); ok {
		f.Op, f.Code = was.Op, was.Code
	}
	for _, field := range []record.PlatformField{"org_id", "person_id"} {
		if intent.Fields[field] != "" {
			f.Kind = fault.Waiting
			f.Fields = append(f.Fields, string(field))
		}
	}
	return f
}

package quickbooks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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

// requestIDMax is the longest requestid (developer.intuit.com batch tutorial; node-quickbooks 2.0.49).
const requestIDMax = 50

// work is one intent on its way.
type work struct {
	platform.Item
	body map[string]any
}

// Apply performs intents on one object. Updates, and customers made inactive, go in one batch, each guarded by its
// SyncToken, so that repeating them is harmless. Creates, voids and deletes go one by one, each with a requestid made
// of Intent.Key: a requestid on a batch would cover the batch, and a retry after a crash may batch other intents.
//
// A create refused because its DisplayName is taken (6240) is answered as Existing if exactly one active customer has
// that name; vendors and employees share the name space, so there may be none.
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
	stopped := c.applySingly(ctx, k, items)
	c.applyBatch(ctx, k, items, stopped)
	return platform.Settle(name, items)
}

// prepare builds every body, after one read of the records that are needed for it. An intent that cannot be built, or
// whose record moved since its pre-read, is done before anything is sent.
func (c *Connector) prepare(ctx context.Context, k kind, intents []record.Intent) ([]*work, error) {
	current, err := c.reread(ctx, k, intents)
	if err != nil {
		return nil, err
	}
	items := make([]*work, len(intents))
	for i, intent := range intents {
		w := &work{Item: platform.NewItem(intent)}
		items[i] = w
		if err := c.fits(k, intent, current); err != nil {
			w.Fail(err)
			continue
		}
		if w.body, err = c.body(k, intent, current[intent.Ref.ID]); err != nil {
			w.Fail(err)
		}
	}
	return items, nil
}

func (c *Connector) reread(ctx context.Context, k kind, intents []record.Intent) (map[record.ExternalID]entity, error) {
	var ids []record.ExternalID
	custom := map[record.PlatformField]bool{}
	for _, intent := range intents {
		if intent.Ref.ID == "" || !needsRecord(intent) || slices.Contains(ids, intent.Ref.ID) {
			continue
		}
		ids = append(ids, intent.Ref.ID)
		for name := range intent.Fields {
			custom[name] = true
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	found, _, sure, err := c.read(ctx, k, ids, slices.Collect(maps.Keys(custom)))
	if err == nil && !sure && len(found) < len(ids) {
		err = fault.Newf(fault.Transient, c.client.Opf("read %d %s again", len(ids), k.path), "the answer holds a row that is no record")
	}
	return found, err
}

// fits checks an intent against what was read of its record.
func (c *Connector) fits(k kind, intent record.Intent, current map[record.ExternalID]entity) error {
	op := c.client.Opf("%s %s/%s", intent.Operation, k.path, intent.Ref.ID)
	ability := c.catalog.Ability(k.object)
	switch intent.Operation {
	case record.OperationCreate:
		return nil
	case record.OperationUpdate, record.OperationArchive:
	case record.OperationDelete:
		if !ability.Delete {
			return fault.Newf(fault.Rejected, op, "cannot be deleted, only archived")
		}
	default:
		return fault.Newf(fault.Rejected, op, "unknown operation")
	}
	if intent.Ref.ID == "" {
		return fault.Newf(fault.Rejected, op, "no id")
	}
	if !needsRecord(intent) {
		return nil
	}
	e, found := current[intent.Ref.ID]
	switch {
	case !found || e.deleted():
		return fault.Newf(fault.Gone, op, "not there when read again")
	case e.id() != intent.Ref.ID:
		return fault.Newf(fault.Gone, op, "answers under another id")
	case intent.Current != nil && intent.Current.Version != "" && intent.Current.Version != e.version():
		return fault.Newf(fault.Stale, op, "moved since its pre-read")
	}
	return nil
}

// single says that an intent goes alone, with a requestid.
func single(k kind, operation record.Operation) bool {
	switch operation {
	case record.OperationCreate, record.OperationDelete:
		return true
	case record.OperationArchive:
		return !k.inactive // void
	}
	return false
}

// applySingly sends creates, voids and deletes. After a failure that the next would meet too it sends no more, and
// answers that failure, for which the rest were not sent; nil if there was none.
func (c *Connector) applySingly(ctx context.Context, k kind, items []*work) error {
	var stopped error
	for _, w := range items {
		if w.Done || !single(k, w.Intent.Operation) {
			continue
		}
		if stopped != nil {
			w.FailWhole(stopped)
			continue
		}
		w.Receipt, w.Done = c.applyOne(ctx, k, w), true
		if stopped = platform.Stops(name, w.Receipt.Err); stopped != nil {
			w.FailWhole(w.Receipt.Err)
		}
	}
	return stopped
}

func (c *Connector) applyOne(ctx context.Context, k kind, w *work) record.Receipt {
	parameters := include(slices.Collect(maps.Keys(w.Intent.Fields)))
	parameters.Set("requestid", requestID(w.Intent.Key))
	switch w.Intent.Operation {
	case record.OperationDelete:
		parameters.Set("operation", "delete")
	case record.OperationArchive:
		parameters.Set("operation", "void")
	}
	call := platform.Call{Op: string(w.Intent.Operation) + " " + k.path + " " + string(w.Intent.Ref.ID), Method: http.MethodPost,
		Path: c.path(k.path, parameters), Body: w.body, Write: true}
	answer, began, err := c.ask(ctx, call)
	receipt := w.Receipt
	if err != nil {
		receipt.Err = judge(w.Intent, err)
		if w.Intent.Operation == record.OperationCreate && fault.CodeOf(err) == codeDuplicateName {
			return c.existing(ctx, k, w.Intent, receipt)
		}
		return receipt
	}
	return c.receipt(k, w.Intent, k.pick(answer.Customer, answer.Invoice), began, c.client.Op(call))
}

// requestID is the intent's key, or a digest of one that is too long or empty.
func requestID(key string) string {
	if key != "" && len(key) <= requestIDMax {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])[:requestIDMax]
}

// applyBatch sends what is left in one batch request. Items answer in any order, matched by their number.
func (c *Connector) applyBatch(ctx context.Context, k kind, items []*work, stopped error) {
	var request batchRequest
	var fields []record.PlatformField
	for i, w := range items {
		if w.Done {
			continue
		}
		if stopped != nil {
			w.FailWhole(stopped)
			continue
		}
		request.BatchItemRequest = append(request.BatchItemRequest,
			map[string]any{"bId": strconv.Itoa(i), "operation": "update", k.entity: w.body})
		fields = slices.AppendSeq(fields, maps.Keys(w.Intent.Fields))
	}
	if len(request.BatchItemRequest) == 0 {
		return
	}
	call := platform.Call{Op: "batch update of " + strconv.Itoa(len(request.BatchItemRequest)) + " " + k.path,
		Method: http.MethodPost, Path: c.path("batch", include(fields)), Body: request, Write: true}
	answer, began, err := c.ask(ctx, call)
	answered := map[string]batchItem{}
	for _, item := range answer.BatchItemResponse {
		answered[item.BatchID] = item
	}
	for i, w := range items {
		if w.Done {
			continue
		}
		if err != nil {
			w.FailWhole(err)
			continue
		}
		w.Receipt, w.Done = c.batchReceipt(k, w, answered, strconv.Itoa(i), began, call), true
	}
}

func (c *Connector) batchReceipt(k kind, w *work, answered map[string]batchItem, number string, began time.Time, call platform.Call) record.Receipt {
	item, found := answered[number]
	receipt := w.Receipt
	op := c.client.Op(call) + ": " + string(w.Intent.Ref.ID)
	switch {
	case !found:
		receipt.Err = fault.Newf(fault.InDoubt, op, "no answer for this item")
	case item.Fault != nil:
		receipt.Err = judge(w.Intent, faultError(op, item.Fault, http.StatusOK, call.Write))
	default:
		return c.receipt(k, w.Intent, k.pick(item.Customer, item.Invoice), began, op)
	}
	return receipt
}

// receipt reads the record that a write answered. The write was done, so an answer that cannot be read is in doubt.
func (c *Connector) receipt(k kind, intent record.Intent, raw json.RawMessage, began time.Time, op string) record.Receipt {
	receipt := record.Receipt{Key: intent.Key, ID: intent.Ref.ID}
	e, err := decodeEntity(raw)
	if err != nil {
		receipt.Err = fault.New(fault.InDoubt, op, err)
		return receipt
	}
	if receipt.ID != "" && e.id() != receipt.ID {
		receipt.Err = fault.Newf(fault.InDoubt, op, "answered another record")
		return receipt
	}
	receipt.ID = e.id()
	if !e.deleted() {
		receipt.Snapshot = c.snapshot(k, e, c.answered(k, intent), began)
	}
	return receipt
}

// answered lists the fields to tell of a written record: it answers whole, so all that are known.
func (c *Connector) answered(k kind, intent record.Intent) []record.PlatformField {
	o, _ := c.catalog.Object(k.object)
	return platform.AllFieldsOf(o, intent)
}

// existing answers a create whose name is taken: by the one active customer who has it, else as refused. Where the
// look-up fails, its failure is answered, since nothing was written and the next attempt looks again.
func (c *Connector) existing(ctx context.Context, k kind, intent record.Intent, receipt record.Receipt) record.Receipt {
	lookup := platform.Lookup{Field: "DisplayName", Value: intent.Fields["DisplayName"]}
	found, err := c.Find(ctx, k.object, c.answered(k, intent), []platform.Lookup{lookup})
	switch {
	case err != nil:
		receipt.Err = err
	case len(found[0]) == 1:
		receipt.Err, receipt.Existing = nil, true
		receipt.ID, receipt.Snapshot = found[0][0].ID, &found[0][0]
	}
	return receipt
}

// judge reads an item's failure in the light of its intent. "Object not found" (610) and "invalid reference" (2500)
// may speak of a customer that the record names rather than of the record: then it waits for that customer. Whether
// the platform tells the field is unverified, so 2500 counts as the customer's only if no other reference was sent.
func judge(intent record.Intent, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	names := intent.Fields["CustomerRef"] != ""
	switch {
	case f.Kind == fault.Gone && names:
		f.Kind, f.Fields = fault.Waiting, []string{"CustomerRef"}
	case f.Kind == fault.Gone && intent.Operation == record.OperationCreate:
		f.Kind = fault.Rejected
	case f.Code == codeBadReference && names && (slices.Contains(f.Fields, "CustomerRef") || references(intent) == 1):
		f.Kind, f.Fields = fault.Waiting, []string{"CustomerRef"}
	case f.Code == codeDuplicateName:
		f.Fields = []string{"DisplayName"}
	}
	return err
}

// references counts the references that an intent sends.
func references(intent record.Intent) int {
	count := 0
	for _, name := range []record.PlatformField{"CustomerRef", "Line[0].ItemRef", "Line[0].TaxCodeRef", "SalesTermRef", "CurrencyRef"} {
		if intent.Fields[name] != "" {
			count++
		}
	}
	return count
}

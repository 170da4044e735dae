package jobber

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// work is one intent on its way.
type work struct {
	platform.Item
	// client is the record as read again just before, nil where that is not needed. For a job created by its client it
	// is that client.
	client *wireClient
	input  map[string]any
}

// Apply performs intents on one object: updates, archives and creates as aliased mutations of one request, each of
// which fails or succeeds alone. Before it, at most one request for each of: records created since an earlier attempt,
// the clients whose lists are edited, and the account's custom fields (each in bounded pages).
//
// Only the elements that due fields select are touched; addresses go back whole, their other parts as read, since
// whether the platform merges or replaces them is not documented. An update whose due fields moved since its pre-read
// is Stale. There is no conditional update: an edit between that reading and the write is lost.
func (c *Connector) Apply(ctx context.Context, intents []record.Intent) ([]record.Receipt, error) {
	if len(intents) == 0 {
		return nil, nil
	}
	k, items, err := c.accept(intents)
	if err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context, kind, []*work) error{c.lookForOwn, c.reread, c.build} {
		if err := step(ctx, k, items); err != nil {
			return nil, err
		}
	}
	return c.send(ctx, k, items)
}

// accept checks the call as a whole and each intent by the catalog.
func (c *Connector) accept(intents []record.Intent) (kind, []*work, error) {
	o, err := c.client.OneObject(c.catalog, intents)
	if err != nil {
		return kind{}, nil, err
	}
	k, ability, _ := c.kindOf(o.Name)
	items := make([]*work, len(intents))
	for i, intent := range intents {
		items[i] = &work{Item: platform.NewItem(intent)}
		if err := c.fits(k, ability, intent); err != nil {
			items[i].Fail(err)
		}
	}
	return k, items, nil
}

// fits checks one intent by the catalog.
func (c *Connector) fits(k kind, ability catalog.Ability, intent record.Intent) error {
	able := map[record.Operation]bool{record.OperationCreate: ability.Create, record.OperationUpdate: ability.Update,
		record.OperationArchive: ability.Archive, record.OperationDelete: ability.Delete}
	switch {
	case !able[intent.Operation]:
		return c.reject(c.client.OpOf(intent), "the platform offers no such operation")
	case intent.Operation != record.OperationCreate && intent.Ref.ID == "":
		return c.reject(c.client.OpOf(intent), "no id")
	case intent.Operation == record.OperationArchive:
		return nil
	}
	object, _ := c.catalog.Object(k.object)
	for _, name := range sortedFields(intent) {
		field, known := object.Field(name)
		if problem := refuse(field, known, intent.Fields[name], intent.Operation); problem != "" {
			return c.unfit(intent, problem, name)
		}
	}
	return nil
}

// refuse says why a field cannot be written, "" if it can.
func refuse(f catalog.Field, known bool, value string, operation record.Operation) string {
	p := platform.ParsePath(f.Name)
	switch {
	case !known:
		return "is not known"
	case f.ReadOnly, p.Root == "properties" && p.Leaf == "id":
		return "is read-only"
	case f.CreateOnly && operation == record.OperationUpdate:
		return "can be given at creation only"
	case value != "" && len(f.Values) > 0 && !slices.Contains(f.Values, value):
		return "has none of the platform's values"
	case f.Kind == catalog.Bool && value != "" && value != "true" && value != "false":
		return "is neither true nor false"
	case (f.Kind == catalog.Number || f.Kind == catalog.Money) && value != "" && !isNumber(value):
		return "is not a number"
	}
	return ""
}

// build makes the input of every intent that is not done.
func (c *Connector) build(ctx context.Context, k kind, items []*work) error {
	definitions, err := c.definitions(ctx, k, items)
	if err != nil {
		return err
	}
	for _, w := range items {
		if w.Done || w.Intent.Operation == record.OperationArchive {
			continue
		}
		assemble := c.clientInput
		if k.object == "jobs" {
			assemble = c.jobInput
		}
		if w.input, err = assemble(w, definitions); err != nil {
			w.Fail(err)
			continue
		}
		if w.Intent.Operation == record.OperationUpdate && len(w.input) == 0 {
			w.Done = true // nothing to change: an element to be cleared is not there
		}
	}
	return nil
}

// send makes one request of every intent that is not done.
func (c *Connector) send(ctx context.Context, k kind, items []*work) ([]record.Receipt, error) {
	q := question{operation: "mutation"}
	var fields []record.PlatformField
	sent := 0
	for i, w := range items {
		if w.Done {
			continue
		}
		w.Receipt.Snapshot = nil // from before the write
		c.mutation(&q, k, w, aliasOf(i))
		fields = append(fields, platform.FieldsOf(w.Intent)...)
		sent++
	}
	if sent > 0 {
		q.fragment = fragment(k, fields, propertiesRead)
		a, err := c.ask(ctx, "write "+strconv.Itoa(sent)+" "+string(k.object), q)
		for i, w := range items {
			switch {
			case w.Done:
			case err != nil:
				w.FailWhole(err)
			default:
				c.receive(k, w, a, aliasOf(i))
			}
		}
	}
	return platform.Settle(name, items)
}

// mutation adds one intent to a request.
func (c *Connector) mutation(q *question, k kind, w *work, alias string) {
	verb := map[record.Operation]string{record.OperationCreate: "Create", record.OperationUpdate: "Edit",
		record.OperationArchive: "Archive"}[w.Intent.Operation]
	var arguments string
	if w.Intent.Operation != record.OperationCreate {
		arguments = k.root + "Id: " + q.add("i"+alias, "EncodedId!", w.Intent.Ref.ID)
	}
	if w.Intent.Operation != record.OperationArchive {
		if arguments != "" {
			arguments += ", "
		}
		// The input of jobCreate is named otherwise than its siblings (third-party listing).
		suffix := "Input!"
		if k.object == "jobs" && w.Intent.Operation == record.OperationCreate {
			suffix = "Attributes!"
		}
		arguments += "input: " + q.add("v"+alias, k.typename+verb+suffix, w.input)
	}
	q.root(alias, k.root+verb+"("+arguments+") { "+k.root+" { ...F } userErrors { message path } }")
}

// receive reads the answer of one mutation. An alias without an answer, or with one that does not parse, is in doubt.
func (c *Connector) receive(k kind, w *work, a answer, alias string) {
	op := c.client.OpOf(w.Intent)
	raw := a.Data[alias]
	if err := c.problem(a, alias, op, fault.InDoubt); err != nil {
		if fault.Is(err, fault.Gone) && w.Intent.Operation == record.OperationCreate {
			err = c.unfit(w.Intent, "names a record that is not there", "property", "client")
		}
		w.Receipt.Err = err
		return
	}
	var p payload
	if absent(raw) || json.Unmarshal(raw, &p) != nil {
		w.Receipt.Err = fault.Newf(fault.InDoubt, op, "no answer for this item")
		return
	}
	entity := p.Client
	if k.object == "jobs" {
		entity = p.Job
	}
	// Errors beside a record say that it was written in part: its snapshot tells which.
	if len(p.UserErrors) > 0 && absent(entity) {
		w.Receipt.Err = refused(op, p.UserErrors, sortedFields(w.Intent))
		return
	}
	snapshot, err := c.snapshot(k, entity, platform.FieldsOf(w.Intent), a.began)
	switch {
	case err != nil:
		w.Receipt.Err = fault.New(fault.InDoubt, op, err)
	case w.Intent.Ref.ID != "" && snapshot.ID != w.Intent.Ref.ID:
		w.Receipt.Err = fault.Newf(fault.InDoubt, op, "answered another record")
	default:
		w.Receipt.ID, w.Receipt.Snapshot = snapshot.ID, snapshot
	}
}

func sortedFields(intent record.Intent) []record.PlatformField {
	return slices.Sorted(maps.Keys(intent.Fields))
}

// unfit refuses an intent for the sake of fields, of which those it holds are named.
func (c *Connector) unfit(intent record.Intent, problem string, fields ...record.PlatformField) error {
	out := fault.Newf(fault.Rejected, c.client.OpOf(intent), "a field %s", problem)
	for _, field := range fields {
		if _, due := intent.Fields[field]; due {
			out.Fields = append(out.Fields, string(field))
		}
	}
	return out
}

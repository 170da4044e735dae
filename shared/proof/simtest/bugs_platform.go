package simtest

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// broken is a connector that asks or answers wrongly.
type broken struct {
	platform.Connector
	w                                   *world
	findless, blindWrites, unknownFails bool
	intent                              func(*world, *record.Intent)
	receipt                             func(*record.Receipt, record.Intent)
	batch                               func([]record.Receipt) error
}

func wrap(f func(*broken)) func(*world, platform.Connector) platform.Connector {
	return func(w *world, c platform.Connector) platform.Connector {
		b := &broken{Connector: c, w: w}
		f(b)
		return b
	}
}

// Find implements platform.Connector.
func (b *broken) Find(ctx context.Context, object record.Object, fields []record.PlatformField, lookups []platform.Lookup) ([][]record.Snapshot, error) {
	if b.findless {
		return make([][]record.Snapshot, len(lookups)), nil
	}
	return b.Connector.Find(ctx, object, fields, lookups)
}

// Fetch implements platform.Connector. A writer that does not look first believes what it remembers.
func (b *broken) Fetch(ctx context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID) ([]platform.Read, error) {
	if !b.blindWrites || !record.QueueName(b.w.current.name).Is(record.QueueDue) {
		return b.Connector.Fetch(ctx, object, fields, ids)
	}
	reads := make([]platform.Read, len(ids))
	for i, id := range ids {
		ref := record.Ref{Place: record.Place{Connection: b.Connector.(*account).name, Object: object}, ID: id}
		reads[i] = platform.Read{ID: id, Snapshot: &record.Snapshot{Ref: ref, Fields: record.Fields{}, ReadBegan: b.w.now}}
		for _, g := range b.w.rules.GroupsAt(ref.Place) {
			if link := b.w.linkOf(g.Name, ref); link != nil {
				for name, value := range link.Base {
					reads[i].Snapshot.Fields[name] = value
				}
				reads[i].Snapshot.Version, reads[i].Snapshot.ModifiedAt = link.Version, link.ModifiedAt
			}
		}
	}
	return reads, nil
}

// Apply implements platform.Connector.
func (b *broken) Apply(ctx context.Context, intents []record.Intent) ([]record.Receipt, error) {
	asked := slices.Clone(intents)
	for i := range asked {
		if b.intent != nil {
			b.intent(b.w, &asked[i])
		}
	}
	receipts, err := b.Connector.Apply(ctx, asked)
	if b.unknownFails && fault.Is(err, fault.InDoubt) {
		return nil, fault.New(fault.Transient, "apply", err)
	}
	if err != nil {
		return nil, err
	}
	for i := range receipts {
		receipts[i].Key = intents[i].Key
		if b.receipt != nil {
			b.receipt(&receipts[i], intents[i])
		}
	}
	if b.batch != nil {
		if err := b.batch(receipts); err != nil {
			return nil, err
		}
	}
	return receipts, nil
}

func blindCreate(w *world, intent *record.Intent) {
	if intent.Operation == record.OperationCreate {
		w.serial++
		intent.Key, intent.Marker, intent.AttemptsBegan = "blind-"+strconv.FormatInt(w.serial, 10), "", time.Time{}
	}
}

func unconditional(_ *world, intent *record.Intent) {
	if intent.Current != nil {
		current := *intent.Current
		current.Version = ""
		intent.Current = &current
	}
}

// ignore takes receipts of one kind of failure for success.
func ignore(kind fault.Kind) func(*record.Receipt, record.Intent) {
	return func(r *record.Receipt, intent record.Intent) {
		if fault.Is(r.Err, kind) && intent.Operation != record.OperationCreate {
			r.Err, r.ID = nil, intent.Ref.ID
		}
	}
}

func allOrNothing(receipts []record.Receipt) error {
	for _, r := range receipts {
		if r.Err != nil {
			return fault.New(fault.Transient, "apply", r.Err)
		}
	}
	return nil
}

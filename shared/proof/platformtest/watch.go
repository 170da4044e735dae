package platformtest

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// watch is a connector whose every answer is held against the contract of platform.Connector, whatever is being
// checked. Safe for concurrent use.
type watch struct {
	next       platform.Connector
	connection record.Connection

	mu      sync.Mutex
	secrets map[string]bool // what no error may hold
	found   []string
}

var _ platform.Connector = (*watch)(nil)

// secretMin is the shortest text that is a secret: shorter ones may occur in anything.
const secretMin = 8

func (w *watch) keepSecret(values ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range values {
		if len(v) >= secretMin {
			w.secrets[v] = true
		}
	}
}

func (w *watch) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.found) < misfitsMax {
		w.found = append(w.found, fmt.Sprintf(format, args...))
	}
}

// error holds an error against what every error must be: classified, and without a value, a token or a body.
func (w *watch) error(call string, err error) {
	if err == nil {
		return
	}
	if fault.KindOf(err) == fault.Unclassified {
		w.note("%s: unclassified error: %v", call, err)
	}
	w.mu.Lock()
	leaked := ""
	for secret := range w.secrets {
		if strings.Contains(err.Error(), secret) {
			leaked = secret
		}
	}
	w.mu.Unlock()
	if leaked != "" {
		w.note("%s: an error tells a value or a token: %v", call, err)
	}
}

func (w *watch) snapshot(call string, object record.Object, s record.Snapshot) {
	if s.ID == "" || s.Object != object || s.Connection != w.connection || s.ReadBegan.IsZero() || s.Fields == nil {
		w.note("%s: snapshot without its id, place, fields or beginning: %s, %d fields, read at %v", call, s.Ref, len(s.Fields), s.ReadBegan)
	}
}

func (w *watch) absence(call string, object record.Object, a record.Absence) {
	if a.ID == "" || a.Object != object || a.Connection != w.connection || a.ReadBegan.IsZero() || a.Evidence == "" || a.Into == a.ID {
		w.note("%s: absence without its id, place, evidence or beginning: %+v", call, a)
	}
}

func (w *watch) page(call string, q platform.Query, p platform.Page, err error) (platform.Page, error) {
	w.error(call, err)
	if err != nil {
		return p, err
	}
	if p.Next == "" {
		w.note("%s: a page without a cursor", call)
	}
	if len(p.Snapshots)+len(p.Absences) > q.Limit {
		w.note("%s: %d records in a page of %d", call, len(p.Snapshots)+len(p.Absences), q.Limit)
	}
	for _, s := range p.Snapshots {
		w.snapshot(call, q.Object, s)
	}
	for _, a := range p.Absences {
		w.absence(call, q.Object, a)
	}
	return p, nil
}

// Changes implements platform.Connector.
func (w *watch) Changes(ctx context.Context, q platform.Query) (platform.Page, error) {
	p, err := w.next.Changes(ctx, q)
	return w.page("changes", q, p, err)
}

// List implements platform.Connector.
func (w *watch) List(ctx context.Context, q platform.Query) (platform.Page, error) {
	p, err := w.next.List(ctx, q)
	return w.page("list", q, p, err)
}

// Fetch implements platform.Connector.
func (w *watch) Fetch(
	ctx context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID,
) ([]platform.Read, error) {
	reads, err := w.next.Fetch(ctx, object, fields, ids)
	w.error("fetch", err)
	if err != nil {
		return reads, err
	}
	if len(reads) != len(ids) {
		w.note("fetch: %d reads of %d ids", len(reads), len(ids))
	}
	for i, r := range reads {
		w.error("fetch", r.Err)
		set := 0
		if r.Snapshot != nil {
			set++
			w.snapshot("fetch", object, *r.Snapshot)
		}
		if r.Absence != nil {
			set++
			if r.ID != "" {
				w.absence("fetch", object, *r.Absence)
			}
		}
		if r.Err != nil {
			set++
		}
		if set != 1 || i < len(ids) && r.ID != ids[i] {
			w.note("fetch: read %d of %s has %d results and is of %s", i, ids[i], set, r.ID)
		}
	}
	return reads, nil
}

// Find implements platform.Connector.
func (w *watch) Find(
	ctx context.Context, object record.Object, fields []record.PlatformField, lookups []platform.Lookup,
) ([][]record.Snapshot, error) {
	found, err := w.next.Find(ctx, object, fields, lookups)
	w.error("find", err)
	if err != nil {
		return found, err
	}
	if len(found) != len(lookups) {
		w.note("find: %d answers to %d look-ups", len(found), len(lookups))
	}
	for _, matches := range found {
		if len(matches) > matchesMax {
			w.note("find: %d matches of one look-up", len(matches))
		}
		for _, s := range matches {
			w.snapshot("find", object, s)
		}
	}
	return found, nil
}

// matchesMax is how many matches one look-up gives, as platform.Connector.Find promises.
const matchesMax = 10

// Apply implements platform.Connector.
func (w *watch) Apply(ctx context.Context, intents []record.Intent) ([]record.Receipt, error) {
	receipts, err := w.next.Apply(ctx, intents)
	w.error("apply", err)
	if err != nil {
		return receipts, err
	}
	if len(receipts) != len(intents) {
		w.note("apply: %d receipts for %d intents", len(receipts), len(intents))
	}
	for i, r := range receipts {
		w.error("apply", r.Err)
		if i < len(intents) && r.Key != intents[i].Key {
			w.note("apply: receipt %d has the key of another intent", i)
		}
		if r.Err == nil && r.ID == "" {
			w.note("apply: receipt %d tells neither a record nor an error", i)
		}
		if r.Snapshot != nil && i < len(intents) {
			w.snapshot("apply", intents[i].Ref.Object, *r.Snapshot)
			if r.Snapshot.ID != r.ID {
				w.note("apply: receipt %d is of %s, its snapshot of %s", i, r.ID, r.Snapshot.ID)
			}
		}
		if r.Existing && r.Err != nil {
			w.note("apply: receipt %d is Existing beside an error", i)
		}
	}
	return receipts, nil
}

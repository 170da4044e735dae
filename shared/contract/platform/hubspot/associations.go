package hubspot

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// hubspotDefined is the category of HubSpot's own association types; the account's labels have ids of their own.
const hubspotDefined = "HUBSPOT_DEFINED"

// Association types (developers.hubspot.com associations v4, by a third-party digest; 5 is unverified).
var (
	// defaultTypes are the unlabelled types, by the object and the one it leads to.
	defaultTypes = map[record.Object]map[string]int{
		"contacts": {"companies": 279},
		"deals":    {"contacts": 3, "companies": 341},
	}
	// primaryTypes mark the primary company: of a contact 1, of a deal 5.
	primaryTypes = []int{1, 5}
)

// associate adds to snapshots the associations that fields ask for, one call for each object. What could not be read
// is left out, which says nothing; a record without associations gets "".
func (c *Connector) associate(ctx context.Context, object record.Object, fields []record.PlatformField, snapshots map[record.ExternalID]record.Snapshot) error {
	_, associated := split(fields)
	if len(snapshots) == 0 {
		return nil
	}
	for _, to := range associated {
		var body tieRead
		for id := range snapshots {
			body.Inputs = append(body.Inputs, refer(id))
		}
		slices.SortFunc(body.Inputs, func(a, b reference) int { return compareIDs(record.ExternalID(a.ID), record.ExternalID(b.ID)) })
		var answer tieAnswer
		call := platform.Call{Op: "read associations of " + string(object) + " to " + to, Method: http.MethodPost, Path: tiesPath(object, to) + "read", Body: body}
		if _, err := c.ask(ctx, call, &answer); err != nil {
			return err
		}
		fill(snapshots, record.PlatformField(prefix+to), answer)
	}
	return nil
}

func fill(snapshots map[record.ExternalID]record.Snapshot, field record.PlatformField, answer tieAnswer) {
	unread := map[string]bool{}
	for _, e := range answer.Errors {
		if e.Category == categoryNotFound {
			continue // no association of this kind
		}
		for _, id := range e.values("fromObjectId") {
			unread[id] = true
		}
		if len(e.values("fromObjectId")) == 0 {
			unread[""] = true // whose it is is not said
		}
	}
	for id, s := range snapshots {
		if !unread[string(id)] && !unread[""] {
			s.Fields[field] = ""
		}
	}
	for _, r := range answer.Results {
		s, ok := snapshots[record.ExternalID(r.From.ID)]
		if !ok {
			continue
		}
		if ids := r.counts(); len(ids) > 1 {
			delete(s.Fields, field)
			s.Several = maps.Clone(s.Several)
			if s.Several == nil {
				s.Several = map[record.PlatformField][]string{}
			}
			s.Several[field] = ids
			snapshots[s.ID] = s
		} else {
			s.Fields[field] = strings.Join(ids, "")
		}
	}
}

// counts gives the associated record that counts: the primary one, or the only one. Where neither is so it gives all in order, of
// the first page, which holds as many as hardly any record has.
func (l tieList) counts() []string {
	var ids []string
	for _, to := range l.To {
		for _, t := range to.Types {
			if t.Category == hubspotDefined && slices.Contains(primaryTypes, t.ID) {
				return []string{string(to.ID)}
			}
		}
		if !slices.Contains(ids, string(to.ID)) {
			ids = append(ids, string(to.ID))
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return compareIDs(record.ExternalID(a), record.ExternalID(b)) })
	return ids
}

// inline gives the associations to make together with a record.
func inline(intent record.Intent) []inlineTie {
	var out []inlineTie
	for _, to := range associationsOf(intent) {
		if id := intent.Fields[record.PlatformField(prefix+to)]; id != "" {
			out = append(out, inlineTie{To: reference{ID: text(id)}, Types: []tieType{{Category: hubspotDefined, ID: defaultTypes[intent.Ref.Object][to]}}})
		}
	}
	return out
}

// associationsOf lists the objects whose association an intent sets, in order.
func associationsOf(intent record.Intent) []string {
	var out []string
	for name := range intent.Fields {
		if to, ok := strings.CutPrefix(string(name), prefix); ok {
			out = append(out, to)
		}
	}
	slices.Sort(out)
	return out
}

// tieAll writes the associations of what was written, or of what needs nothing else: the new one comes, then the old
// one goes. Creates without our identity made theirs inline. The other order could leave a record that names nobody, which
// would be taken for a person's edit; in this one, a separation that fails leaves both, and the one that was known counts until a
// person parts them.
func (c *Connector) tieAll(ctx context.Context, r *run, items []*work) {
	var associated []string
	for _, w := range items {
		associated = append(associated, associationsOf(w.Intent)...)
	}
	slices.Sort(associated)
	for _, to := range slices.Compact(associated) {
		field := record.PlatformField(prefix + to)
		var ties, removals []*work
		for _, w := range items {
			value, set := w.Intent.Fields[field]
			if !set || w.Receipt.Err != nil || w.Receipt.ID == "" || w.call == callCreate || w.call == callArchive || w.other {
				continue
			}
			if value != "" && value != w.held(field) {
				ties = append(ties, w)
			}
			if w.held(field) != "" && value != w.held(field) {
				removals = append(removals, w)
			}
		}
		c.tieSome(ctx, r, to, ties)
		c.untieSome(ctx, r, to, slices.DeleteFunc(removals, func(w *work) bool { return w.Receipt.Err != nil }))
	}
}

// held is what the record held in an association when it was pre-read, "" if it was not.
func (w *work) held(field record.PlatformField) string {
	if w.Intent.Current == nil {
		return ""
	}
	return w.Intent.Current.Fields[field]
}

// tieSome makes associations in one call, in halves where the platform refuses it whole.
func (c *Connector) tieSome(ctx context.Context, r *run, to string, items []*work) {
	field := record.PlatformField(prefix + to)
	call := platform.Call{Op: "associate " + string(r.object) + " with " + to, Method: http.MethodPost, Path: tiesPath(r.object, to) + "associate/default", Write: true}
	r.Halving(items, func(items []*work) error {
		var body tieWrite
		for _, w := range items {
			body.Inputs = append(body.Inputs, tie{From: refer(w.Receipt.ID), To: reference{ID: text(w.Intent.Fields[field])}})
		}
		call.Body = body
		var answer tiesAnswer
		if _, err := c.ask(ctx, call, &answer); err != nil {
			return err
		}
		for i, w := range items {
			if !slices.Contains(answer.Results, body.Inputs[i]) {
				w.untied(field, c.tieError(call, answer.Errors, body.Inputs[i], len(items)))
			}
		}
		return nil
	}, func(w *work, err error) { w.untied(field, err) })
}

// tieError finds what an answer says of one pair that it does not list as made.
func (c *Connector) tieError(call platform.Call, errs []wireError, pair tie, asked int) error {
	for _, e := range errs {
		from, to := e.values("fromObjectId"), e.values("toObjectId")
		if asked == 1 || (slices.Contains(from, string(pair.From.ID)) && (len(to) == 0 || slices.Contains(to, string(pair.To.ID)))) {
			return itemError(c.client.Op(call), e)
		}
	}
	return fault.Newf(fault.InDoubt, c.client.Op(call), "the answer does not tell of this item")
}

// untieSome removes the associations that were pre-read, in one call. One that is gone already is no failure.
func (c *Connector) untieSome(ctx context.Context, r *run, to string, items []*work) {
	field := record.PlatformField(prefix + to)
	r.Halving(items, func(items []*work) error {
		var body tieRemoval
		for _, w := range items {
			body.Inputs = append(body.Inputs, removal{From: refer(w.Receipt.ID), To: []reference{{ID: text(w.held(field))}}})
		}
		_, err := c.ask(ctx, platform.Call{Op: "separate " + string(r.object) + " from " + to, Method: http.MethodPost, Path: tiesPath(r.object, to) + "archive", Body: body, Write: true}, nil)
		return err
	}, func(w *work, err error) {
		if !fault.Is(err, fault.Gone) {
			w.wrote = w.wrote || w.Intent.Fields[field] != "" // the new one is there already
			w.untied(field, err)
		}
	})
}

// untied records that an association was not written. Where the rest of the intent was, only a read can tell how the
// record stands: in doubt. Alone, a missing record is one to wait for.
func (w *work) untied(field record.PlatformField, err error) {
	kind := fault.KindOf(err)
	switch {
	case w.wrote:
		kind = fault.InDoubt
	case kind == fault.Gone:
		kind = fault.Waiting
	case kind != fault.Rejected:
		w.FailWhole(err)
		return
	}
	f := fault.New(kind, "hubspot: associate", err)
	f.Fields, f.Code = []string{string(field)}, fault.CodeOf(err)
	w.Receipt.Err = f
}

// Package quickbooks is the connector of QuickBooks Online, accounting API v3, for customers and invoices in the flat
// spelling of catalog.QuickBooks. It translates and classifies. It never maps, matches, merges, stores, logs, retries
// or starts goroutines.
//
// What shapes it: every record has a SyncToken, so every update is conditional; updates are sparse, but nested objects
// and lists are taken to be replaced whole, so their other parts go back as read; creates carry a requestid; lists
// hide inactive records unless asked; money stays decimal text.
package quickbooks

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

const (
	name = "quickbooks"
	// minorVersion is sent with every call (mcohen01/node-quickbooks 2.0.49 sends the same).
	minorVersion = "75"
	// rowsMax is the most rows of one query and the most objects of one change data capture answer.
	rowsMax = 1000
	// queryBytesMax bounds the escaped text of one query: it travels in a URL.
	queryBytesMax = 3000
	// matchesMax bounds the matches of one look-up, as platform.Connector.Find promises.
	matchesMax = 10
	// OptionCustomFields names the connection option that tells definition ids of custom fields which a record does not
	// list itself: "Hub ID=1, Region=540344".
	OptionCustomFields = "custom_fields"
)

// Connector is one company (realm). Safe for concurrent use: it holds no state.
type Connector struct {
	client  platform.Client
	catalog *catalog.Platform
	// definitions gives DefinitionId by name, from OptionCustomFields.
	definitions map[string]string
}

var _ platform.Connector = (*Connector)(nil)

// New assembles a connector. Settings.Account is the realm id.
func New(s platform.Settings) *Connector {
	c := &Connector{client: platform.Client{Settings: s, Platform: name}, catalog: catalog.QuickBooks(), definitions: map[string]string{}}
	for _, part := range strings.Split(s.Options[OptionCustomFields], ",") {
		if field, id, ok := strings.Cut(part, "="); ok {
			c.definitions[strings.TrimSpace(field)] = strings.TrimSpace(id)
		}
	}
	return c
}

// Fetch reads records by id: one directly, several by one query. A deleted record is an absence, an inactive customer
// an archived snapshot.
func (c *Connector) Fetch(ctx context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID) ([]platform.Read, error) {
	k, ok := kindOf(object)
	if !ok || len(ids) > c.catalog.Ability(object).ReadMax {
		return nil, fault.Newf(fault.Rejected, c.client.Opf("read %d %s", len(ids), object), "unknown object or too many ids")
	}
	if len(ids) == 0 {
		return nil, nil
	}
	found, began, sure, err := c.read(ctx, k, ids, fields)
	if err != nil {
		return nil, err
	}
	reads := make([]platform.Read, len(ids))
	for i, id := range ids {
		reads[i].ID = id
		e, listed := found[id]
		if listed && !e.deleted() {
			reads[i].Snapshot = c.snapshot(k, e, fields, began)
			continue
		}
		if !listed && !sure {
			reads[i].Err = fault.Newf(fault.Transient, c.client.Opf("read %s/%s", k.path, id), "the answer holds a row that is no record")
			continue
		}
		evidence := record.EvidenceNotFound
		if listed {
			evidence = record.EvidenceDeleted
		}
		reads[i].Absence = c.absence(k, id, evidence, began)
	}
	return reads, nil
}

// read gives the raw records that exist among ids. A single id is read at its own address, which answers after a write
// what was written. Several are read by a query; should its index trail the records (unverified), an old SyncToken
// gives it away to the resolver and to conditional updates. sure says that what is not found is not there: every row was
// a record.
func (c *Connector) read(ctx context.Context, k kind, ids []record.ExternalID, fields []record.PlatformField) (out map[record.ExternalID]entity, began time.Time, sure bool, err error) {
	if len(ids) == 1 && ids[0] != "" {
		out, began, err = c.readOne(ctx, k, ids[0], fields)
		return out, began, true, err
	}
	list, err := c.query(ctx, k, "Id in "+quoteAll(ids), "Id", 1, rowsMax, fields)
	if err != nil {
		return nil, time.Time{}, false, err
	}
	found := make(map[record.ExternalID]entity, len(list.entities))
	for _, e := range list.entities {
		found[e.id()] = e
	}
	return found, list.began, list.malformed == 0, nil
}

func (c *Connector) readOne(ctx context.Context, k kind, id record.ExternalID, fields []record.PlatformField) (map[record.ExternalID]entity, time.Time, error) {
	call := platform.Call{Op: "read " + k.path + " " + string(id), Method: http.MethodGet,
		Path: c.path(k.path+"/"+url.PathEscape(string(id)), include(fields))}
	answer, began, err := c.ask(ctx, call)
	if fault.Is(err, fault.Gone) {
		return nil, began, nil
	}
	if err != nil {
		return nil, began, err
	}
	e, err := decodeEntity(k.pick(answer.Customer, answer.Invoice))
	if err != nil {
		return nil, began, fault.New(fault.Transient, c.client.Op(call), err)
	}
	// Under the id asked for: a merged record may answer as its survivor.
	return map[record.ExternalID]entity{id: e}, began, nil
}

// Find looks records up by equality, many values in one query. The platform's own comparison is unverified, so the
// value is asked for as given and in lower case, and answers are judged here, without case.
func (c *Connector) Find(ctx context.Context, object record.Object, fields []record.PlatformField, lookups []platform.Lookup) ([][]record.Snapshot, error) {
	if _, err := c.client.Findable(c.catalog, object, lookups); err != nil {
		return nil, err
	}
	k, _ := kindOf(object)
	found := make([][]record.Snapshot, len(lookups))
	for _, group := range groupLookups(lookups) {
		if err := c.findGroup(ctx, k, fields, lookups, group, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// findGroup answers the look-ups numbered in group, all of one field. Should one query be filled, perhaps by one
// common value, each is asked alone.
func (c *Connector) findGroup(ctx context.Context, k kind, fields []record.PlatformField, lookups []platform.Lookup, group []int, found [][]record.Snapshot) error {
	var values []string
	for _, i := range group {
		values = append(values, variants(lookups[i].Value)...)
	}
	// PrimaryEmailAddr.Address is queried as PrimaryEmailAddr (routablehq/python-quickbooks issue 284).
	property, _, _ := strings.Cut(string(lookups[group[0]].Field), ".")
	list, err := c.query(ctx, k, property+" in "+quoteAll(values), "Id", 1, rowsMax, fields)
	if list, err = c.whole("find "+k.entity, list, err); err != nil {
		return err
	}
	if list.full(rowsMax) && len(group) > 1 {
		for _, i := range group {
			if err := c.findGroup(ctx, k, fields, lookups, []int{i}, found); err != nil {
				return err
			}
		}
		return nil
	}
	for _, i := range group {
		for _, e := range list.entities {
			value, _ := e.value(lookups[i].Field)
			if e.deleted() || e.archived(k) || !sameText(value, lookups[i].Value) || len(found[i]) == matchesMax {
				continue
			}
			s := c.snapshot(k, e, fields, list.began)
			s.Lagging = true
			found[i] = append(found[i], *s)
		}
	}
	return nil
}

// groupLookups splits look-ups, by number, into groups of one field that fit into one query. Blank values match nothing.
func groupLookups(lookups []platform.Lookup) [][]int {
	type open struct {
		group []int
		bytes int
	}
	var groups [][]int
	byField := map[record.PlatformField]*open{}
	var order []*open
	for i, l := range lookups {
		if strings.TrimSpace(l.Value) == "" {
			continue
		}
		size := len(url.QueryEscape(quoteAll(variants(l.Value))))
		o := byField[l.Field]
		if o != nil && o.bytes+size > queryBytesMax {
			groups = append(groups, o.group)
			o.group, o.bytes = nil, 0
		}
		if o == nil {
			o = &open{}
			byField[l.Field] = o
			order = append(order, o)
		}
		o.group = append(o.group, i)
		o.bytes += size
	}
	for _, o := range order {
		groups = append(groups, o.group)
	}
	return groups
}

// variants gives the spellings of a value to ask for.
func variants(value string) []string {
	value = strings.TrimSpace(value)
	if lower := strings.ToLower(value); lower != value {
		return []string{value, lower}
	}
	return []string{value}
}

func sameText(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) }

// rowList is what one query answered.
type rowList struct {
	entities []entity
	rows     int // as answered
	// malformed counts the rows that are no record: whose they are is not told.
	malformed int
	// first and last are the ids of the first and last record.
	first, last record.ExternalID
	began       time.Time
	clock       time.Time // the platform's, when it answered; zero where it does not say
}

// full says that there may be more rows than were asked for.
func (l rowList) full(asked int) bool { return l.rows >= asked }

// query runs "select *" of active and inactive records. Rows that are no record (without an Id) are counted.
func (c *Connector) query(ctx context.Context, k kind, where, order string, start, limit int, fields []record.PlatformField) (rowList, error) {
	conditions := []string{}
	if where != "" {
		conditions = append(conditions, where)
	}
	if k.inactive {
		conditions = append(conditions, "Active in (true, false)")
	}
	text := "select * from " + k.entity
	if len(conditions) > 0 {
		text += " where " + strings.Join(conditions, " and ")
	}
	text += " orderby " + order + " startposition " + strconv.Itoa(start) + " maxresults " + strconv.Itoa(limit)
	parameters := include(fields)
	parameters.Set("query", text)
	call := platform.Call{Op: "query " + k.entity, Method: http.MethodGet, Path: c.path("query", parameters)}
	answer, began, err := c.ask(ctx, call)
	if err != nil {
		return rowList{}, err
	}
	if answer.QueryResponse == nil {
		return rowList{}, fault.Newf(fault.Transient, c.client.Op(call), "answer without a QueryResponse")
	}
	return decodeRows(k.list(*answer.QueryResponse), began, answer.Time), nil
}

func decodeRows(raw []json.RawMessage, began time.Time, clock string) rowList {
	list := rowList{rows: len(raw), began: began, clock: parseTime(clock)}
	for i, r := range raw {
		e, err := decodeEntity(r)
		if err != nil {
			list.malformed++
			continue
		}
		list.entities = append(list.entities, e)
		if i == 0 {
			list.first = e.id()
		}
		list.last = e.id()
	}
	return list
}

// whole fails a page that holds a row which is no record: passed over, it would be lost in silence.
func (c *Connector) whole(op string, list rowList, err error) (rowList, error) {
	if err == nil && list.malformed > 0 {
		err = fault.Newf(fault.Transient, c.client.Opf("%s", op), "%d rows are no record", list.malformed)
	}
	return list, err
}

// ask sends one call and classifies its answer. began is zero if nothing was sent.
func (c *Connector) ask(ctx context.Context, call platform.Call) (envelope, time.Time, error) {
	answer, err := c.client.Do(ctx, call)
	if err != nil {
		return envelope{}, time.Time{}, err
	}
	var out envelope
	parse := c.client.Decode(call, answer, &out)
	f := out.Fault
	if parse != nil && f == nil {
		f = xmlFault(answer.Body)
	}
	if err := c.classify(call, answer, f); err != nil {
		return envelope{}, answer.Began, err
	}
	return out, answer.Began, parse
}

// include asks for the values of custom fields where fields names one; without it newer ones are not answered
// (intuitdeveloper.github.io intuit-api custom fields).
func include(fields []record.PlatformField) url.Values {
	for _, f := range fields {
		if strings.HasPrefix(string(f), customPrefix) {
			return url.Values{"include": {"enhancedAllCustomFields"}}
		}
	}
	return url.Values{}
}

func (c *Connector) absence(k kind, id record.ExternalID, evidence record.Evidence, began time.Time) *record.Absence {
	ref := record.Ref{Place: record.Place{Connection: c.client.Settings.Connection, Object: k.object}, ID: id}
	return &record.Absence{Ref: ref, Evidence: evidence, ReadBegan: began}
}

// Package salesforce is the connector of Salesforce Sales Cloud, REST API, for contacts, accounts and opportunities in
// the flat spelling of catalog.Salesforce: the API's own field names. It translates and classifies. It never maps,
// matches, merges, stores, logs, retries or starts goroutines.
//
// What shapes it: reads are SOQL, in whole pages keyed by what they are ordered by, so that no cursor of the platform's
// can end; queryAll shows the recycle bin, and with it deletions and merges; creates are upserts on a unique external id
// that holds our identity; collections answer item by item, in order, and without the records, which are read back; an
// update is conditional only where it goes alone.
package salesforce

import (
	"context"
	"net"
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

const (
	name = "salesforce"
	// apiPath begins every call: version 66.0, Spring '26. A version lives three years at least (developer.salesforce.com,
	// API end-of-life policy).
	apiPath = "/services/data/v66.0"
	// OptionInstanceURL names the connection option that tells where the org is called: https://MyDomain.my.salesforce.com,
	// the instance_url of its token answer. It serves where the app names no base URL of its own.
	OptionInstanceURL = "instance_url"
	// callOptions names us in the origin of change events (developer.salesforce.com, Sforce-Call-Options).
	callOptions = "client=FluxCascade"
	// urlBytesMax is the longest path and query sent, and urlBytesGoal what lists of values are cut to, with room for how
	// a statement goes on; the platform takes URLs of 16,384 bytes (API request limits).
	urlBytesMax  = 16_000
	urlBytesGoal = 15_000
	// partsMax bounds the answers that one read of given ids or values may come in: the platform may answer fewer rows
	// at once than asked (batch size is "a suggestion", Query Options header).
	partsMax = 20
	// findRowsMax bounds the rows of one look-up of many values, aloneRowsMax of one, matchesMax what is answered of it,
	// as platform.Connector.Find promises.
	findRowsMax  = 1000
	aloneRowsMax = 50
	matchesMax   = 10
)

// Connector is one org. Safe for concurrent use: it holds no state.
type Connector struct {
	client  platform.Client
	catalog *catalog.Platform
	// homeless says why no call can be made, "" if calls can.
	homeless string
}

var (
	_ platform.Connector = (*Connector)(nil)
	_ platform.Preparing = (*Connector)(nil)
)

// New assembles a connector. Settings.Account is the org's id of 18 characters, which no call needs: the token names the
// org. Settings.BaseURL is the org's instance URL, or a simulator on this machine; where it is the log-in host, the
// option instance_url stands for it. No redirect is followed: the API has none, and an org that moved needs a person.
func New(s platform.Settings) *Connector {
	if s.HTTP != nil {
		direct := *s.HTTP
		direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		s.HTTP = &direct
	}
	if isLogin(s.BaseURL) || s.BaseURL == "" {
		s.BaseURL = strings.TrimSuffix(s.Options[OptionInstanceURL], "/")
	}
	c := &Connector{client: platform.Client{Settings: s, Platform: name}, catalog: catalog.Salesforce()}
	if s.BaseURL == "" {
		c.homeless = "no instance URL is configured; set the option " + OptionInstanceURL
	} else if !callable(s.BaseURL) {
		c.homeless = "the instance URL is not one of Salesforce's"
	}
	return c
}

// isLogin says that a URL is the platform's log-in host, which serves no org.
func isLogin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Hostname() == "login.salesforce.com" || u.Hostname() == "test.salesforce.com")
}

// callable says that tokens may be sent to a URL: one of the platform's hosts by TLS, or this machine.
func callable(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" {
		return false
	}
	host := u.Hostname()
	if u.Scheme == "http" {
		return host == "localhost" || net.ParseIP(host).IsLoopback()
	}
	ours := strings.HasSuffix(host, ".salesforce.com") || strings.HasSuffix(host, ".force.com")
	return u.Scheme == "https" && ours && u.Port() == ""
}

// Fetch reads records by id in one query that sees the recycle bin: a record in it is an absence, merged if it names its
// winner. What the integration user may not see reads as not found.
func (c *Connector) Fetch(ctx context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID) ([]platform.Read, error) {
	o, known := c.catalog.Object(object)
	if !known || len(ids) > o.Ability.ReadMax {
		return nil, fault.Newf(fault.Rejected, c.client.Opf("read %d %s", len(ids), object), "unknown object or too many ids")
	}
	if len(ids) == 0 {
		return nil, nil
	}
	found, began, sure, err := c.read(ctx, o, fields, ids)
	if err != nil {
		return nil, err
	}
	reads := make([]platform.Read, len(ids))
	for i, id := range ids {
		if reads[i] = c.judgeRead(o, id, found[long(id)], fields, began); found[long(id)] == nil && !sure {
			reads[i] = platform.Read{ID: id, Err: fault.Newf(fault.Transient, c.client.Opf("read %s/%s", object, id), "the answer holds a row that is no record")}
		}
	}
	return reads, nil
}

// judgeRead says what a read shows of one id, r nil if there is no such row.
func (c *Connector) judgeRead(o *catalog.Object, id record.ExternalID, r row, fields []record.PlatformField, began time.Time) platform.Read {
	if r != nil && !r.deleted() {
		s := c.snapshot(o, r, fields, began)
		return platform.Read{ID: id, Snapshot: &s}
	}
	return platform.Read{ID: id, Absence: c.absence(o, id, r, began)}
}

// absence is what a row in the recycle bin shows, or the lack of a row.
func (c *Connector) absence(o *catalog.Object, id record.ExternalID, r row, began time.Time) *record.Absence {
	a := &record.Absence{Ref: record.Ref{Place: c.place(o.Name), ID: id}, Evidence: record.EvidenceNotFound, ReadBegan: began}
	switch {
	case r == nil:
	case r.master() != "" && r.master() != r.id():
		a.Evidence, a.Into = record.EvidenceMerged, r.master()
	default:
		a.Evidence = record.EvidenceDeleted
	}
	return a
}

// read gives the rows that exist among ids, by their ids of 18 characters. What is no id is not asked for: one would
// have the whole query refused. sure says that what is not found is not there: every row was a record.
func (c *Connector) read(ctx context.Context, o *catalog.Object, fields []record.PlatformField, ids []record.ExternalID) (found map[record.ExternalID]row, began time.Time, sure bool, err error) {
	found, sure = map[record.ExternalID]row{}, true
	began = c.client.Settings.Now()
	var asked []string
	for _, id := range ids {
		if wellFormed(id) && !slices.Contains(asked, string(long(id))) {
			asked = append(asked, string(long(id)))
		}
	}
	q := soql{object: o, fields: fields, order: "Id", limit: len(asked), all: true}
	for _, part := range c.split(q, "Id", asked) {
		q.where = "Id IN " + quoteAll(part)
		part, err := c.every(ctx, q)
		if err != nil {
			return nil, began, false, err
		}
		sure = sure && part.malformed == 0
		for _, r := range part.rows {
			found[r.id()] = r
		}
	}
	return found, began, sure, nil
}

// every walks a query of bounded size to its end, whatever pieces it comes in.
func (c *Connector) every(ctx context.Context, q soql) (rows, error) {
	var all rows
	where := q.where
	for range partsMax {
		page, err := c.query(ctx, q)
		if err != nil {
			return rows{}, err
		}
		if all.began.IsZero() {
			all.began = page.began
		}
		all.rows, all.malformed, all.done = append(all.rows, page.rows...), all.malformed+page.malformed, page.done
		if page.done || len(page.rows) == 0 || len(all.rows)+all.malformed >= q.limit {
			return all, nil
		}
		q.where = "(" + where + ") AND Id > " + quote(string(page.rows[len(page.rows)-1].id()))
	}
	return rows{}, fault.Newf(fault.Transient, c.client.Opf("query %s", q.object.Name), "answered in more than %d parts", partsMax)
}

// Find looks records up by equality, many values in one query, outside the recycle bin. The platform compares without
// case (developer.salesforce.com, comparison operators); answers are judged here, without case too.
func (c *Connector) Find(ctx context.Context, object record.Object, fields []record.PlatformField, lookups []platform.Lookup) ([][]record.Snapshot, error) {
	o, err := c.client.Findable(c.catalog, object, lookups)
	if err != nil {
		return nil, err
	}
	return c.find(ctx, o, fields, lookups)
}

// find is Find, by any field that can be filtered.
func (c *Connector) find(ctx context.Context, o *catalog.Object, fields []record.PlatformField, lookups []platform.Lookup) ([][]record.Snapshot, error) {
	found := make([][]record.Snapshot, len(lookups))
	groups := map[record.PlatformField][]int{}
	var order []record.PlatformField
	for i, l := range lookups {
		if strings.TrimSpace(l.Value) == "" {
			continue // a blank matches nothing
		}
		if groups[l.Field] == nil {
			order = append(order, l.Field)
		}
		groups[l.Field] = append(groups[l.Field], i)
	}
	for _, field := range order {
		if err := c.findField(ctx, o, fields, lookups, groups[field], found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// findField answers the look-ups numbered in group, all of one field. Where many values come to more rows than one
// query answers, perhaps by one common value, each is asked alone.
func (c *Connector) findField(ctx context.Context, o *catalog.Object, fields []record.PlatformField, lookups []platform.Lookup, group []int, found [][]record.Snapshot) error {
	field := lookups[group[0]].Field
	var values []string
	for _, i := range group {
		values = append(values, variants(lookups[i].Value)...)
	}
	q := soql{object: o, fields: append(slices.Clone(fields), field), order: "Id", limit: findRowsMax}
	if len(group) == 1 {
		q.limit = aloneRowsMax
	}
	for _, part := range c.split(q, string(field), values) {
		q.where = string(field) + " IN " + quoteAll(part)
		page, err := c.every(ctx, q)
		if page, err = c.whole("find "+string(o.Name), page, err); err != nil {
			return err
		}
		if len(page.rows) >= q.limit && len(group) > 1 {
			for _, i := range group {
				found[i] = nil
				if err := c.findField(ctx, o, fields, lookups, []int{i}, found); err != nil {
					return err
				}
			}
			return nil
		}
		c.match(o, fields, lookups, group, page, found)
	}
	return nil
}

// match sorts the rows of a page to the look-ups that they answer.
func (c *Connector) match(o *catalog.Object, fields []record.PlatformField, lookups []platform.Lookup, group []int, page rows, found [][]record.Snapshot) {
	for _, r := range page.rows {
		for _, i := range group {
			value, told := c.value(o, r, lookups[i].Field)
			twice := slices.ContainsFunc(found[i], func(s record.Snapshot) bool { return s.ID == r.id() })
			if told && !twice && !r.deleted() && sameText(value, lookups[i].Value) && len(found[i]) < matchesMax {
				found[i] = append(found[i], c.snapshot(o, r, fields, page.began))
			}
		}
	}
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

// split parts the values of an IN clause into lists whose statements fit into a URL, one value at least in each.
func (c *Connector) split(q soql, field string, values []string) [][]string {
	room := urlBytesGoal - len(q.path()) - len(field) - len("+IN+%28%29") - len("%28%29+AND+Id+%3E+%27")
	var parts [][]string
	var open []string
	size := 0
	for _, value := range values {
		bytes := len(url.QueryEscape(quote(value) + ", "))
		if len(open) > 0 && size+bytes > room {
			parts, open, size = append(parts, open), nil, 0
		}
		open, size = append(open, value), size+bytes
	}
	if len(open) > 0 {
		parts = append(parts, open)
	}
	return parts
}

// soql is one statement on one object. Id, stamp and, on the recycle bin, the marks of deletion are always selected.
type soql struct {
	object *catalog.Object
	fields []record.PlatformField
	where  string
	order  string
	limit  int
	all    bool // the recycle bin too
}

// path writes the statement as a call's path and query. Names that are no field's are left out.
func (q soql) path() string {
	names := []string{"Id", "SystemModstamp", "IsDeleted"}
	if mergeable(q.object.Name) {
		names = append(names, "MasterRecordId")
	}
	for _, f := range q.fields {
		if _, known := q.object.Field(f); known && !slices.Contains(names, string(f)) {
			names = append(names, string(f))
		}
	}
	text := "SELECT " + strings.Join(names, ", ") + " FROM " + string(q.object.Name)
	if q.where != "" {
		text += " WHERE " + q.where
	}
	text += " ORDER BY " + q.order + " LIMIT " + strconv.Itoa(q.limit)
	resource := "/query?q="
	if q.all {
		resource = "/queryAll?q="
	}
	return apiPath + resource + url.QueryEscape(text)
}

// rows is what one query answered.
type rows struct {
	rows []row
	// malformed counts the rows that are no record: whose they are is not told.
	malformed int
	// done says that the answer is whole; else there is more, whatever was asked.
	done  bool
	began time.Time
	clock time.Time // the platform's, when it answered; zero where it does not say
}

// query sends one statement. Rows that are no record are counted.
func (c *Connector) query(ctx context.Context, q soql) (rows, error) {
	call := platform.Call{Op: "query " + string(q.object.Name), Method: http.MethodGet, Path: q.path()}
	if len(call.Path) > urlBytesMax {
		return rows{}, fault.Newf(fault.Rejected, c.client.Op(call), "the statement is too long for a URL: fewer fields must be mapped")
	}
	var answer queryAnswer
	told, err := c.ask(ctx, call, &answer)
	if err != nil {
		return rows{}, ofRequest(err)
	}
	page := rows{done: *answer.Done, began: told.began, clock: told.clock}
	for _, raw := range answer.Records {
		if r, err := decodeRow(raw); err == nil {
			page.rows = append(page.rows, r)
		} else {
			page.malformed++
		}
	}
	return page, nil
}

// whole fails a page that holds a row which is no record: passed over, it would be lost in silence.
func (c *Connector) whole(op string, page rows, err error) (rows, error) {
	if err == nil && page.malformed > 0 {
		err = fault.Newf(fault.Transient, c.client.Opf("%s", op), "%d rows are no record", page.malformed)
	}
	return page, err
}

func (c *Connector) place(object record.Object) record.Place {
	return record.Place{Connection: c.client.Settings.Connection, Object: object}
}

// Package pipedrive is the connector of Pipedrive, API v2 and what of v1 it lacks, for persons, organizations and deals in
// the flat spelling of catalog.Pipedrive. It translates and classifies. It never maps, matches, merges, stores, logs,
// retries or starts goroutines.
//
// What shapes it: calls are paid in tokens of a daily budget, so reads are bulk and searches few; each record is written by
// a call of its own; nothing is unique, conditional or idempotent, so a create whose outcome is unknown is looked for by
// our mark, in the search and among what changed since; custom fields live under random keys, which the account's field
// list resolves; lists of emails and phones are replaced whole, so they are read just before; persons and organizations
// that were deleted show in v1's recents alone.
package pipedrive

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
	name = "pipedrive"
	// pathV2 and pathV1 begin every call. v2 answers below /api/v2 alone (pipedrive-api-v2-migration-guide).
	pathV2 = "/api/v2/"
	pathV1 = "/api/v1/"
	// defaultHost serves every account, and OptionDomain names the connection option for the account's own:
	// https://acme.pipedrive.com, the api_domain of its token answer, where calls should go.
	defaultHost  = "https://api.pipedrive.com"
	OptionDomain = "api_domain"
	// keysMax is how many custom fields can be asked for by their keys (API v2, custom_fields); more come with all others.
	keysMax = 15
	// searchRows bounds the rows of one search, matchesMax what is answered of them, as platform.Connector.Find promises.
	searchRows = 20
	matchesMax = 10
)

// Connector is one account. Safe for concurrent use: all that it holds is a copy of the account's field lists.
type Connector struct {
	client  platform.Client
	catalog *catalog.Platform
	fields  fieldLists
	// homeless says why no call can be made, "" if calls can.
	homeless string
}

var _ platform.Connector = (*Connector)(nil)

// New assembles a connector. Settings.Account is the company's id, which no call needs: the token names the company.
// Settings.BaseURL is the account's own domain, or a simulator on this machine; where it is the common host, the option
// api_domain stands for it if it is set. No redirect is followed: the API has none.
func New(s platform.Settings) *Connector {
	if s.HTTP != nil {
		direct := *s.HTTP
		direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		s.HTTP = &direct
	}
	if s.BaseURL == "" {
		s.BaseURL = defaultHost
	}
	if domain := strings.TrimSuffix(s.Options[OptionDomain], "/"); domain != "" && s.BaseURL == defaultHost {
		s.BaseURL = domain
	}
	c := &Connector{client: platform.Client{Settings: s, Platform: name}, catalog: catalog.Pipedrive()}
	if !callable(s.BaseURL) {
		c.homeless = "the API domain is not one of Pipedrive's"
	}
	return c
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
	return u.Scheme == "https" && strings.HasSuffix(host, ".pipedrive.com") && u.Port() == ""
}

// kind is one object as the API spells it.
type kind struct {
	*catalog.Object
	item   string // in searches, recents, webhooks and the names of field lists
	search string // the field of a search that looks at the record's name
}

func (c *Connector) kindOf(object record.Object) (kind, bool) {
	o, known := c.catalog.Object(object)
	if !known {
		return kind{}, false
	}
	k := kind{Object: o, item: strings.TrimSuffix(string(object), "s"), search: "name"}
	if object == "deals" {
		k.search = "title"
	}
	return k, true
}

// path is that of the object's list, or of one record.
func (k kind) path(rest ...string) string {
	return pathV2 + strings.Join(append([]string{string(k.Name)}, rest...), "/")
}

// Fetch reads records by id, one of them by a call of its own and several by a list, which leaves out what it has not:
// archived and deleted deals are in lists of their own, and whatever is left is asked for alone, so that a record that is
// gone is told from one that the authorised user may not see any more. That one fails alone, as fault.Rejected.
func (c *Connector) Fetch(ctx context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID) ([]platform.Read, error) {
	k, known := c.kindOf(object)
	if !known || len(ids) > k.Ability.ReadMax {
		return nil, fault.Newf(fault.Rejected, c.client.Opf("read %d %s", len(ids), object), "unknown object or too many ids")
	}
	if len(ids) == 0 {
		return nil, nil
	}
	want, err := c.resolve(ctx, k, fields)
	if err != nil {
		return nil, err
	}
	found, err := c.read(ctx, k, want, ids)
	if err != nil {
		return nil, err
	}
	reads := make([]platform.Read, len(ids))
	for i, id := range ids {
		reads[i] = c.judgeRead(k, want, id, found)
	}
	return reads, nil
}

// judgeRead says what a read shows of one id.
func (c *Connector) judgeRead(k kind, want wanted, id record.ExternalID, found readings) platform.Read {
	if err := found.errs[id]; err != nil {
		return platform.Read{ID: id, Err: err}
	}
	r, there := found.rows[id]
	if there && !r.deleted() {
		s := c.snapshot(k, want, r, found.began)
		return platform.Read{ID: id, Snapshot: &s}
	}
	a := &record.Absence{Ref: c.ref(k, id), Evidence: record.EvidenceNotFound, ReadBegan: found.began}
	if there {
		a.Evidence = record.EvidenceDeleted
	}
	return platform.Read{ID: id, Absence: a}
}

// readings are what a read by id found: rows, and why a record cannot be read. What is in neither is not there.
type readings struct {
	rows  map[record.ExternalID]row
	errs  map[record.ExternalID]error
	began time.Time
}

// read gives the records that exist among ids. What is no id is not asked for.
func (c *Connector) read(ctx context.Context, k kind, want wanted, ids []record.ExternalID) (readings, error) {
	out := readings{rows: map[record.ExternalID]row{}, errs: map[record.ExternalID]error{}, began: c.client.Settings.Now()}
	missing := slices.DeleteFunc(slices.Clone(ids), func(id record.ExternalID) bool { return !wellFormed(id) })
	slices.Sort(missing)
	missing = slices.Compact(missing)
	if len(missing) > 1 {
		lists := []url.Values{{}}
		paths := []string{k.path()}
		if k.Name == "deals" {
			lists, paths = append(lists, url.Values{}, url.Values{"status": {"deleted"}}), append(paths, k.path("archived"), k.path())
		}
		for i, path := range paths {
			if len(missing) == 0 {
				break
			}
			q := lists[i]
			q.Set("ids", joinIDs(missing))
			q.Set("limit", strconv.Itoa(k.Ability.ReadMax))
			page, err := c.page(ctx, k, path, q, want)
			if err != nil {
				return readings{}, err
			}
			for _, r := range page.rows {
				out.rows[r.id()] = r
			}
			missing = slices.DeleteFunc(missing, func(id record.ExternalID) bool { return out.rows[id] != nil })
		}
	}
	for _, id := range missing {
		r, err := c.alone(ctx, k, want, id)
		switch {
		case r != nil:
			out.rows[id] = r
		case fault.Is(err, fault.Rejected):
			out.errs[id] = err
		case err != nil && !fault.Is(err, fault.Gone):
			return readings{}, err
		}
	}
	return out, nil
}

// alone reads one record. Errors: fault.Gone if it is not there.
func (c *Connector) alone(ctx context.Context, k kind, want wanted, id record.ExternalID) (row, error) {
	call := platform.Call{Op: "read " + string(k.Name) + "/" + string(id), Method: http.MethodGet, Path: withQuery(k.path(string(id)), want.query(url.Values{}))}
	answer, err := c.ask(ctx, call, true)
	if err != nil {
		return nil, c.doubtFields(k, want, err)
	}
	r, err := decodeRow(answer.Data)
	if err != nil || r.id() != id {
		return nil, fault.Newf(fault.Transient, c.client.Op(call), "answered another record, or none")
	}
	return r, nil
}

func joinIDs(ids []record.ExternalID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	return strings.Join(texts, ",")
}

func (c *Connector) ref(k kind, id record.ExternalID) record.Ref {
	return record.Ref{Place: record.Place{Connection: c.client.Settings.Connection, Object: k.Name}, ID: id}
}

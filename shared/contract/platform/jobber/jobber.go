// Package jobber is the connector of Jobber's GraphQL API, for clients and jobs in the flat spelling of catalog.Jobber.
// It translates and classifies. It never maps, matches, merges, stores, logs, retries or starts goroutines.
//
// What shapes it: one endpoint, where a call may hold many aliased queries or mutations; every call costs points out of
// a bucket, by the fields it asks for; lists are edited by the ids of their elements, which are read just before; there
// is no conditional update, no idempotent create and no search by a custom field, so a create whose outcome is unknown
// is looked for among the records created since; webhooks of properties do not name the client.
package jobber

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

const (
	name = "jobber"
	// versionHeader is required on every call (developer.getjobber.com api_versioning).
	versionHeader = "X-JOBBER-GRAPHQL-VERSION"
	// OptionVersion names the connection option for the API version. A version lives 12 months after a newer one.
	OptionVersion = "version"
	// DefaultVersion is used where the option is not set.
	DefaultVersion = "2025-04-16"
	// hintsMax is how many properties ResolveHints reads in one call, at 3 points each.
	hintsMax = 100
)

// Connector is one account. Safe for concurrent use: it holds no state.
type Connector struct {
	client  platform.Client
	catalog *catalog.Platform
	version string
}

var _ platform.Connector = (*Connector)(nil)

// New assembles a connector. Settings.BaseURL is https://api.getjobber.com.
func New(s platform.Settings) *Connector {
	c := &Connector{client: platform.Client{Settings: s, Platform: name}, catalog: catalog.Jobber(), version: DefaultVersion}
	if version := s.Options[OptionVersion]; version != "" {
		c.version = version
	}
	return c
}

// kind is one object as the API spells it.
type kind struct {
	object    record.Object
	typename  string // of fragments
	root      string // the query by id, and the record's key in payloads
	list      string // the query of many
	appliesTo string // of custom field configurations
}

func (c *Connector) kindOf(object record.Object) (kind, catalog.Ability, bool) {
	o, ok := c.catalog.Object(object)
	if !ok {
		return kind{}, catalog.Ability{}, false
	}
	if object == "clients" {
		return kind{object: object, typename: "Client", root: "client", list: "clients", appliesTo: "ALL_CLIENTS"}, o.Ability, true
	}
	return kind{object: object, typename: "Job", root: "job", list: "jobs", appliesTo: "ALL_JOBS"}, o.Ability, true
}

// Fetch reads records by id in one request of aliased queries. Null without an error is an absence; an archived client
// is an archived snapshot.
func (c *Connector) Fetch(ctx context.Context, object record.Object, fields []record.PlatformField, ids []record.ExternalID) ([]platform.Read, error) {
	call := fmt.Sprintf("read %d %s", len(ids), object)
	k, ability, ok := c.kindOf(object)
	if !ok || len(ids) > ability.ReadMax {
		return nil, c.reject(c.client.Opf("%s", call), "unknown object or too many ids")
	}
	if len(ids) == 0 {
		return nil, nil
	}
	a, err := c.ask(ctx, call, byID(k, fields, propertiesRead, ids))
	if err != nil {
		return nil, err
	}
	reads := make([]platform.Read, len(ids))
	for i, id := range ids {
		reads[i] = c.readOne(k, fields, a, i, id)
	}
	return reads, nil
}

// byID asks for records under the aliases a0, a1, …
func byID(k kind, fields []record.PlatformField, properties int, ids []record.ExternalID) question {
	q := question{operation: "query", fragment: fragment(k, fields, properties)}
	for i, id := range ids {
		q.root(aliasOf(i), k.root+"(id: "+q.add("i"+aliasOf(i), "EncodedId!", id)+") { ...F }")
	}
	return q
}

func (c *Connector) readOne(k kind, fields []record.PlatformField, a answer, i int, id record.ExternalID) platform.Read {
	read := platform.Read{ID: id}
	op := c.client.Opf("read %s/%s", k.object, id)
	raw := a.Data[aliasOf(i)]
	problem := c.problem(a, aliasOf(i), op, fault.Transient)
	switch {
	case problem != nil && !fault.Is(problem, fault.Gone):
		read.Err = problem
	case !absent(raw):
		snapshot, err := c.snapshot(k, raw, fields, a.began)
		if err != nil {
			read.Err = fault.New(fault.Transient, op, err)
			return read
		}
		read.Snapshot = snapshot
	case problem == nil && raw == nil:
		read.Err = fault.Newf(fault.Transient, op, "no answer for this record")
	default:
		read.Absence = &record.Absence{Ref: c.ref(k, id), Evidence: record.EvidenceNotFound, ReadBegan: a.began}
	}
	return read
}

// Find is refused: no filter of this API searches by a value (third-party listing of introspected inputs), which
// Ability.Find says by being empty.
func (c *Connector) Find(_ context.Context, object record.Object, _ []record.PlatformField, lookups []platform.Lookup) ([][]record.Snapshot, error) {
	if len(lookups) == 0 {
		return nil, nil
	}
	return nil, c.reject(c.client.Opf("find %d %s", len(lookups), object), "the platform offers no look-up")
}

// ResolveHints gives, for each id of a hint, the id of the record of a known object that it belongs to: for properties,
// their clients. "" where it is gone: then only a poll or a sweep tells what changed. At most 100 ids.
// The pipeline calls it for hints whose object the catalog does not have; other objects are fault.Rejected.
func (c *Connector) ResolveHints(ctx context.Context, object record.Object, ids []record.ExternalID) ([]record.ExternalID, error) {
	call := "resolve " + string(object)
	if object != propertiesObject || len(ids) > hintsMax {
		return nil, c.reject(c.client.Opf("%s", call), "unknown object or too many ids")
	}
	if len(ids) == 0 {
		return nil, nil
	}
	q := question{operation: "query"}
	for i, id := range ids {
		q.root(aliasOf(i), "property(id: "+q.add("i"+aliasOf(i), "EncodedId!", id)+") { id client { id } }")
	}
	a, err := c.ask(ctx, call, q)
	if err != nil {
		return nil, err
	}
	owners := make([]record.ExternalID, len(ids))
	for i, id := range ids {
		if err := c.problem(a, aliasOf(i), c.client.Opf("%s/%s", call, id), fault.Transient); err != nil && !fault.Is(err, fault.Gone) {
			return nil, err
		}
		var p wireProperty
		if raw := a.Data[aliasOf(i)]; !absent(raw) && json.Unmarshal(raw, &p) == nil && p.Client != nil {
			owners[i] = p.Client.ID
		}
	}
	return owners, nil
}

func (c *Connector) ref(k kind, id record.ExternalID) record.Ref {
	return record.Ref{Place: record.Place{Connection: c.client.Settings.Connection, Object: k.object}, ID: id}
}

// snapshot decodes one record. The error tells no value.
func (c *Connector) snapshot(k kind, raw json.RawMessage, fields []record.PlatformField, began time.Time) (*record.Snapshot, error) {
	if k.object == "clients" {
		client, err := decodeClient(raw)
		if err != nil {
			return nil, err
		}
		return &record.Snapshot{Ref: c.ref(k, client.ID), Fields: flatten(fields, client.value),
			ModifiedAt: parseTime(client.UpdatedAt), ReadBegan: began, Archived: client.IsArchived}, nil
	}
	job, err := decodeJob(raw)
	if err != nil {
		return nil, err
	}
	return &record.Snapshot{Ref: c.ref(k, job.ID), Fields: flatten(fields, job.value),
		ModifiedAt: parseTime(job.UpdatedAt), ReadBegan: began}, nil
}

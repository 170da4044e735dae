package platformtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/catalog"
)

// Stand is one connector before one empty simulator, for one check of one object.
type Stand struct {
	Bench  *Bench
	Object *Object
	// Known is the object as the catalog describes it, Ability its abilities.
	Known   *catalog.Object
	Ability catalog.Ability
	Clock   *Clock
	Sim     platformsim.Simulator
	// Connector keeps the contract under watch; raw is the same without.
	*watch
	raw    platform.Connector
	wire   *wire
	client *http.Client
	store  *memstore.Store
	serial int
	// parents are the records made to be referred to, by object.
	parents map[record.Object][]record.ExternalID
}

const (
	here = record.Connection("bench")
	// webhookURL is the front of the stand.
	webhookURL = "https://front.example/webhooks"
	// patienceMax bounds how often a check waits for a limit before it gives up.
	patienceMax = 50
	// callMax bounds one request in real time: nothing waits, so what lasts longer hangs.
	callMax = time.Minute
)

// newStand makes an empty account, connected, with the field for our identity made.
func newStand(b *Bench, o *Object) (*Stand, error) {
	s := &Stand{Bench: b, Object: o, Known: b.object(o.Name), Clock: &Clock{at: begins}, store: memstore.New(),
		parents: map[record.Object][]record.ExternalID{}}
	s.Ability = s.Known.Ability
	s.Sim = b.Simulate(platformsim.Options{Now: s.Clock.Now, Seed: 1, WebhookURL: webhookURL + "/" + string(b.Catalog.Name)})
	token, err := url.Parse(b.TokenURL)
	if err != nil {
		return nil, err
	}
	spec, _ := b.describe() // without one nothing is held against it, which Test and the command tell
	s.wire = &wire{sim: s.Sim, tokenHost: token.Host, tokenPath: token.Path, spec: spec}
	s.client = platform.Guarded(b.Catalog.Hosts, s.wire)
	s.client.Timeout = callMax
	access := s.Sim.Access()
	if err := s.grant(platform.Grant{AccessToken: access.AccessToken}); err != nil {
		return nil, err
	}
	s.watch = &watch{connection: here, secrets: map[string]bool{}}
	s.connect(b.BaseURL)
	s.keepSecret(access.AccessToken, access.ClientSecret, access.RefreshToken, access.WebhookSecret)
	return s, s.prepare()
}

// prepare makes the fields for our identity, where the connector can.
func (s *Stand) prepare() error {
	preparing, ok := s.raw.(platform.Preparing)
	if !ok || s.Ability.Marker == "" {
		return nil
	}
	err := preparing.Prepare(s.ctx(), s.Object.Name, s.Ability.Marker)
	s.wire.forget()
	return err
}

// connect assembles the connector again, as another process would: only the store is the same.
func (s *Stand) connect(baseURL string) {
	s.raw = s.Bench.Connect(platform.Settings{Connection: here, Account: s.Sim.Access().Account, BaseURL: baseURL, Tokens: s.tokens(),
		HTTP: s.client, Now: s.Clock.Now, Options: s.Bench.Options})
	s.next = s.raw
}

// tokens are those of production, over a store in memory.
func (s *Stand) tokens() *credential.Source {
	access := s.Sim.Access()
	refresher := s.Bench.Refresh(platform.RefreshSettings{TokenURL: s.Bench.TokenURL, ClientID: access.ClientID,
		ClientSecret: access.ClientSecret,
		HTTP:         s.client, Now: s.Clock.Now})
	return &credential.Source{Store: s.store, Connection: here, Refresher: refresher, Now: s.Clock.Now,
		Wait: func(ctx context.Context, _ time.Duration) error { return errors.New("a check does not wait") }}
}

func (s *Stand) grant(g platform.Grant) error {
	return credential.Put(context.Background(), s.store, here, g)
}

// ctx is that of every call: what hangs is ended by the client's timeout.
func (s *Stand) ctx() context.Context { return context.Background() }

// broken gives what the watch and the wire noted.
func (s *Stand) broken() error {
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	s.wire.mu.Lock()
	defer s.wire.mu.Unlock()
	all := slices.Concat(s.found, s.wire.misfits)
	if len(all) == 0 {
		return nil
	}
	return errors.New(strings.Join(all, "; "))
}

// patient makes a call, and again after as long as a limit asks for.
func patient[T any](s *Stand, call func() (T, error)) (T, error) {
	var out T
	var err error
	for range patienceMax {
		if out, err = call(); !fault.Is(err, fault.RateLimited) {
			return out, err
		}
		s.Clock.Advance(fault.After(err, time.Minute))
	}
	return out, fmt.Errorf("limited %d times in a row: %w", patienceMax, err)
}

// writable lists the fields that an update may change, in the catalog's order.
func (s *Stand) writable() []catalog.Field {
	return slices.DeleteFunc(s.creatable(), func(f catalog.Field) bool { return f.CreateOnly })
}

// creatable lists the fields that a create may hold.
func (s *Stand) creatable() []catalog.Field {
	return slices.DeleteFunc(slices.Clone(s.Known.Fields), func(f catalog.Field) bool {
		_, apart := s.Object.Apart[f.Name]
		return f.ReadOnly || apart
	})
}

// all lists the catalog's fields.
func (s *Stand) all() []record.PlatformField {
	names := make([]record.PlatformField, len(s.Known.Fields))
	for i, f := range s.Known.Fields {
		names[i] = f.Name
	}
	return names
}

// parent gives a record to be referred to, number n of its object.
func (s *Stand) parent(object record.Object, n int) (record.ExternalID, error) {
	for len(s.parents[object]) < 2 {
		id, err := s.makeOf(object, len(s.parents[object])+9000)
		if err != nil {
			return "", err
		}
		s.parents[object] = append(s.parents[object], id)
	}
	return s.parents[object][n%2], nil
}

// valueOf gives value number n of a field, a record's id for a reference.
func (s *Stand) valueOf(object record.Object, f catalog.Field, n int) (string, error) {
	if f.Refers != "" {
		id, err := s.parent(f.Refers, n)
		return string(id), err
	}
	value := s.Bench.of(object).value(f, n)
	if f.Kind == catalog.Text || f.Kind == catalog.Email || f.Kind == catalog.Phone {
		s.keepSecret(value)
	}
	return value, nil
}

// minimal gives the fields of a small new record, number n.
func (s *Stand) minimal(object record.Object, n int) (record.Fields, error) {
	o, known := s.Bench.of(object), s.Bench.object(object)
	fields := record.Fields{}
	for _, f := range known.Fields {
		if !f.Required && f.Name != o.Text && !slices.Contains(o.Minimal, f.Name) {
			continue
		}
		value, err := s.valueOf(object, f, n)
		if err != nil {
			return nil, err
		}
		fields[f.Name] = value
	}
	return fields, nil
}

// full gives a new record with a value in every field that a create may hold, number n.
func (s *Stand) full(n int) (record.Fields, error) {
	fields := record.Fields{}
	for _, f := range s.creatable() {
		value, err := s.valueOf(s.Object.Name, f, n)
		if err != nil {
			return nil, err
		}
		fields[f.Name] = value
	}
	return fields, nil
}

func (s *Stand) makeOf(object record.Object, n int) (record.ExternalID, error) {
	fields, err := s.minimal(object, n)
	if err != nil {
		return "", err
	}
	id, err := s.Sim.Create(object, fields)
	if err != nil {
		return "", fmt.Errorf("a person makes %s number %d: %w", object, n, err)
	}
	return id, nil
}

// made makes n small records as people do.
func (s *Stand) made(n int) ([]record.ExternalID, error) {
	ids := make([]record.ExternalID, 0, n)
	for range n {
		s.serial++
		id, err := s.makeOf(s.Object.Name, s.serial)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// edited gives the text that edit number n leaves.
func (s *Stand) edited(n int) string {
	f, _ := s.Known.Field(s.Object.Text)
	text := s.Object.value(f, 5000+n)
	s.keepSecret(text)
	return text
}

// edit has a person change the text of a record.
func (s *Stand) edit(id record.ExternalID, n int) error {
	if err := s.Sim.Edit(s.Object.Name, id, record.Fields{s.Object.Text: s.edited(n)}); err != nil {
		return fmt.Errorf("a person edits %s: %w", id, err)
	}
	return nil
}

// truth gives a live record as the platform holds it.
func (s *Stand) truth(id record.ExternalID) (record.Fields, error) {
	fields, _, ok := s.Sim.Record(s.Object.Name, id)
	if !ok {
		return nil, fmt.Errorf("the platform has no %s", id)
	}
	return fields, nil
}

func (s *Stand) ref(id record.ExternalID) record.Ref {
	return record.Ref{Place: record.Place{Connection: here, Object: s.Object.Name}, ID: id}
}

// create gives the intent of a small new record, number n, with our identity where the platform offers a field for it.
func (s *Stand) create(n int) (record.Intent, error) {
	fields, err := s.minimal(s.Object.Name, n)
	if err != nil {
		return record.Intent{}, err
	}
	return s.creating(n, fields), nil
}

func (s *Stand) creating(n int, fields record.Fields) record.Intent {
	fields = maps.Clone(fields)
	if s.Ability.Marker != "" {
		fields[s.Ability.Marker] = fmt.Sprintf("%s-entity-%d", mark, n)
	}
	return record.Intent{Key: fmt.Sprintf("create-%d", n), Operation: record.OperationCreate, Ref: s.ref(""), Marker: s.Ability.Marker,
		Fields: fields}
}

// update gives an intent on a record that was pre-read just now.
func (s *Stand) update(id record.ExternalID, fields record.Fields) (record.Intent, error) {
	current, err := s.read(id)
	if err != nil {
		return record.Intent{}, err
	}
	return record.Intent{Key: "update-" + short(record.PlatformField(id)) + fmt.Sprint(s.number()), Operation: record.OperationUpdate,
		Ref: s.ref(id), Fields: fields, Current: current}, nil
}

func (s *Stand) number() int { s.serial++; return s.serial }

// read fetches one record that is there, every field.
func (s *Stand) read(id record.ExternalID) (*record.Snapshot, error) {
	reads, err := s.fetch(id)
	if err != nil {
		return nil, err
	}
	if reads[0].Snapshot == nil {
		return nil, fmt.Errorf("fetch of %s, which is there: %+v", id, reads[0])
	}
	return reads[0].Snapshot, nil
}

// fetch reads every field of records.
func (s *Stand) fetch(ids ...record.ExternalID) ([]platform.Read, error) {
	reads, err := patient(s, func() ([]platform.Read, error) { return s.Fetch(s.ctx(), s.Object.Name, s.all(), ids) })
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	if len(reads) != len(ids) {
		return nil, fmt.Errorf("fetch of %d ids gave %d reads", len(ids), len(reads))
	}
	return reads, nil
}

// apply performs intents and gives a receipt for each.
func (s *Stand) apply(intents ...record.Intent) ([]record.Receipt, error) {
	receipts, err := patient(s, func() ([]record.Receipt, error) { return s.Apply(s.ctx(), intents) })
	if err != nil {
		return nil, fmt.Errorf("apply: %w", err)
	}
	if len(receipts) != len(intents) {
		return nil, fmt.Errorf("apply of %d intents gave %d receipts", len(intents), len(receipts))
	}
	return receipts, nil
}

// applied is apply, and wants no error.
func (s *Stand) applied(intents ...record.Intent) ([]record.Receipt, error) {
	receipts, err := s.apply(intents...)
	if err != nil {
		return nil, err
	}
	for i, r := range receipts {
		if r.Err != nil {
			return nil, fmt.Errorf("%s number %d: %w", intents[i].Operation, i, r.Err)
		}
	}
	return receipts, nil
}

// outcome is the error that an intent met, of its call or its own.
func outcome(receipts []record.Receipt, err error, i int) error {
	if err != nil || i >= len(receipts) {
		return err
	}
	return receipts[i].Err
}

// wantKind says that an error is not of one of kinds.
func wantKind(what string, err error, kinds ...fault.Kind) error {
	for _, k := range kinds {
		if fault.Is(err, k) {
			return nil
		}
	}
	return fmt.Errorf("%s: %v, want %v", what, err, kinds)
}

// lag is the bound of the object's lists, at least a second: stamps are of whole seconds on most platforms.
func (s *Stand) lag() time.Duration { return max(s.Ability.LagBound, time.Second) }

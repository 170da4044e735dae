package embedded_test

import (
	"context"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/config"
	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/store"
	"github.com/fluxcascade/fluxcascade/shared/engine/controltable"
	"github.com/fluxcascade/fluxcascade/shared/engine/credential"
	"github.com/fluxcascade/fluxcascade/shared/fault"
	"github.com/fluxcascade/fluxcascade/shared/operator/operate"
)

// readersStore refuses what IAM refuses whoever has the reader's policy.
type readersStore struct {
	store.Store
	t       *testing.T
	refused map[string]bool
}

func (s readersStore) allow(key store.Key) error {
	if config.ReaderAccess().Allows(key, false) {
		return nil
	}
	s.refused[key.Partition] = true
	return &fault.Error{Op: "get", Code: "AccessDeniedException"}
}

func (s readersStore) Get(ctx context.Context, keys []store.Key) (map[store.Key]store.Row, error) {
	for _, k := range keys {
		if err := s.allow(k); err != nil {
			return nil, err
		}
	}
	return s.Store.Get(ctx, keys)
}

func (s readersStore) Query(ctx context.Context, q store.Query) ([]store.Row, error) {
	if err := s.allow(store.Key{Table: q.Table, Partition: q.Partition}); err != nil {
		return nil, err
	}
	return s.Store.Query(ctx, q)
}

func (s readersStore) Scan(ctx context.Context, in store.Scan) ([]store.Row, string, error) {
	for _, t := range config.ReaderAccess().Tables {
		if t.Table == in.Table && t.Scan {
			return s.Store.Scan(ctx, in)
		}
	}
	s.t.Errorf("a reader scans %s", in.Table)
	return nil, "", &fault.Error{Op: "scan", Code: "AccessDeniedException"}
}

func (s readersStore) Commit(context.Context, []store.Write) error {
	s.t.Error("a reader writes")
	return &fault.Error{Op: "commit", Code: "AccessDeniedException"}
}

type readersTarget struct {
	operate.Target
	store store.Store
}

func (t readersTarget) Store() store.Store { return t.store }

// TestAReaderSeesHowAllStandsAndNoToken: `status` needs nothing that lets anybody in, and says what it could not see.
func TestAReaderSeesHowAllStandsAndNoToken(t *testing.T) {
	ctx := context.Background()
	target, _ := active(t)
	renewed := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	if err := credential.Put(ctx, target.Store(), "jobber", platform.Grant{RefreshToken: "secret"}); err != nil {
		t.Fatal(err)
	}
	news := controltable.Health{Function: string(config.Poller), TokenAt: renewed}
	if err := controltable.AddHealth(ctx, target.Store(), "jobber", news, time.Now()); err != nil {
		t.Fatal(err)
	}
	reading := readersStore{Store: target.Store(), t: t, refused: map[string]bool{}}
	s, err := operate.Look(ctx, readersTarget{Target: target, store: reading}, time.Now())
	if err != nil {
		t.Fatalf("a reader cannot see how the stack stands: %v", err)
	}
	if !reading.refused["token#jobber"] {
		t.Error("the row of a token was not refused: the test looks at nothing")
	}
	for _, c := range s.Connections {
		if !c.GrantUnseen {
			t.Errorf("%s: it is not said that the authorisation could not be seen: %+v", c.Name, c.Grant)
		}
		if c.Name == "jobber" && !c.Grant.RenewedAt.Equal(renewed) {
			t.Errorf("jobber: renewed at %v, want %v, which its health tells", c.Grant.RenewedAt, renewed)
		}
	}
	whole, err := operate.Look(ctx, target, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range whole.Connections {
		if c.GrantUnseen {
			t.Errorf("%s: an operator is told that it cannot see", c.Name)
		}
	}
}

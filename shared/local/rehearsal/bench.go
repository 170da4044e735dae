package rehearsal

import (
	"context"
	"fmt"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/record"
	"github.com/fluxcascade/fluxcascade/shared/rules/ruleset"
)

// bench is where a trial happens: platforms on which people act, and the system that keeps them in agreement.
type bench interface {
	// create and edit act as people do.
	create(ctx context.Context, place record.Place, fields record.Fields) error
	edit(ctx context.Context, place record.Place, id record.ExternalID, fields record.Fields) error
	// mine reads the live records of this trial at a place.
	mine(ctx context.Context, place record.Place) ([]record.Snapshot, error)
	// settle moves everything there is to move; false if it does not come to rest.
	settle(ctx context.Context) bool
	// complaints says what is wrong with the whole at the end.
	complaints(ctx context.Context) []string
	// sample gives a believable value of a field; n tells values apart.
	sample(f *ruleset.Field, n int) string
}

// simulated is a bench of simulated platforms, empty but for the trial.
type simulated struct{ world *runner.World }

var _ bench = simulated{}

func openSimulated(ctx context.Context, o Options, rules *ruleset.Rules) (simulated, error) {
	clock := &runner.Clock{}
	copied := *rules
	copied.MatchSecret = []byte("test chain")
	world, err := runner.Open(ctx, runner.Options{Rules: &copied, Store: memstore.New(), Queue: memqueue.New(clock.Now), Clock: clock, Seed: o.Seed, Faults: o.Faults})
	return simulated{world}, err
}

func (s simulated) close() { s.world.Close() }

func (s simulated) create(_ context.Context, place record.Place, fields record.Fields) error {
	_, err := s.world.Sims[place.Connection].Create(place.Object, fields)
	return err
}

func (s simulated) edit(_ context.Context, place record.Place, id record.ExternalID, fields record.Fields) error {
	return s.world.Sims[place.Connection].Edit(place.Object, id, fields)
}

func (s simulated) mine(_ context.Context, place record.Place) ([]record.Snapshot, error) {
	sim := s.world.Sims[place.Connection]
	var out []record.Snapshot
	for _, id := range sim.IDs(place.Object) {
		fields, _, _ := sim.Record(place.Object, id)
		out = append(out, record.Snapshot{Ref: record.Ref{Place: place, ID: id}, Fields: fields})
	}
	return out, nil
}

func (s simulated) settle(ctx context.Context) bool {
	s.world.Moved()
	return s.world.Settle(ctx, nil)
}

// complaints checks that every link agrees with its entity, that no record came twice, and that nothing waits for a person.
func (s simulated) complaints(ctx context.Context) []string {
	v, err := s.world.Verify(ctx)
	if err != nil {
		return []string{fmt.Sprintf("verify: %v", err)}
	}
	var out []string
	for _, d := range v.Differences {
		out = append(out, fmt.Sprintf("%s does not agree: %s %v", d.Ref, d.Reason, d.Fields))
	}
	if n := s.world.Duplicates(); n > 0 {
		out = append(out, fmt.Sprintf("%d duplicates", n))
	}
	if v.Quarantined+v.Parked+v.Held > 0 {
		out = append(out, fmt.Sprintf("%d quarantined, %d fields parked, %d operations held", v.Quarantined, v.Parked, v.Held))
	}
	return out
}

func (s simulated) sample(f *ruleset.Field, n int) string { return sample(f, n, "chain") }

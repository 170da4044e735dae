package runner_test

import (
	"context"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
	"github.com/fluxcascade/fluxcascade/shared/contract/store/memstore"
	"github.com/fluxcascade/fluxcascade/shared/local/runner"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// TestADeletedContactIsArchivedWhereAskedAndStaysGone deletes in the hub; the mapping to Jobber says archive, the one to
// QuickBooks says nothing.
func TestADeletedContactIsArchivedWhereAskedAndStaysGone(t *testing.T) {
	bad := platformsim.Usual()
	bad.Lost = 0 // HubSpot's list of changes tells no deletions: a lost webhook of one is not made up for yet
	for name, faults := range map[string]platformsim.Faults{"good day": {}, "bad day": bad} {
		t.Run(name, func(t *testing.T) {
			ctx, clock := context.Background(), &runner.Clock{}
			w, err := runner.Open(ctx, runner.Options{Rules: example(t), Store: memstore.New(), Queue: memqueue.New(clock.Now), Clock: clock, Seed: 3, Faults: faults})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if err := w.SeedExample(); err != nil {
				t.Fatal(err)
			}
			if !w.Settle(ctx, nil) {
				t.Fatal("it does not come to rest")
			}
			hubs, clients, customers := len(w.Sims["hubspot"].IDs("contacts")), len(w.Sims["jobber"].IDs("clients")), len(w.Sims["quickbooks"].IDs("customers"))
			var ben record.ExternalID
			for _, id := range w.Sims["hubspot"].IDs("contacts") {
				if fields, _, _ := w.Sims["hubspot"].Record("contacts", id); fields["lastname"] == "Byrne" {
					ben = id
				}
			}
			if err := w.Sims["hubspot"].Delete("contacts", ben); err != nil {
				t.Fatal(err)
			}
			w.Moved()
			if !w.Settle(ctx, nil) {
				t.Fatal("it does not come to rest")
			}
			got := []int{len(w.Sims["hubspot"].IDs("contacts")), len(w.Sims["jobber"].IDs("clients")), len(w.Sims["quickbooks"].IDs("customers"))}
			want := []int{hubs - 1, clients - 1, customers}
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("contacts, clients, customers: got %v, want %v", got, want)
					break
				}
			}
		})
	}
}

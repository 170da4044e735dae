package pipedrive

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// TestPollsTellTheLastOfEverything polls an account in which people make, edit, delete, restore and merge persons, and make,
// edit, archive and delete deals, between any two pages, while lists trail. In the end what was last told of each record must
// be what it is.
func TestPollsTellTheLastOfEverything(t *testing.T) {
	for seed := range uint64(40) {
		object := record.Object([]string{"persons", "deals"}[seed%2])
		t.Run(fmt.Sprintf("seed %d, %s", seed, object), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			a := newAccount(t)
			q := platform.Query{Object: object, Since: a.clock.Now(), Limit: 1 + random.IntN(9)}
			if random.IntN(2) == 0 {
				a.sim.SetFaults(platformsim.Faults{SearchLag: time.Duration(random.IntN(30)) * time.Second})
			}
			hinted := map[record.ExternalID]int{} // when a record was last told of
			step := 0
			poll := func() bool {
				page, err := a.connector.Changes(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range page.Snapshots {
					hinted[s.ID] = step
				}
				for _, absence := range page.Absences {
					hinted[absence.ID] = step
				}
				q.Cursor = page.Next
				return page.More
			}
			var ids []record.ExternalID
			changed := map[record.ExternalID]int{} // when people last changed it
			for step = 1; step < 150; step++ {
				for _, id := range a.stir(random, object, &ids) {
					changed[id] = step
				}
				if random.IntN(3) == 0 {
					poll()
				}
			}
			a.sim.SetFaults(platformsim.Faults{})
			for range 3 { // all is in the lists; each poll to its end
				a.clock.Advance(time.Minute)
				for pages := 0; poll(); pages++ {
					if pages > pagesMax {
						t.Fatal("no end")
					}
				}
			}
			for _, id := range ids {
				if hinted[id] < changed[id] {
					t.Errorf("%s was changed at step %d and last told of at %d", id, changed[id], hinted[id])
				}
			}
		})
	}
}

// stir lets a person do one thing, and time pass or not, and says to which records.
func (a *account) stir(random *rand.Rand, object record.Object, ids *[]record.ExternalID) []record.ExternalID {
	a.Helper()
	a.clock.Advance(time.Duration(random.IntN(3)) * 500 * time.Millisecond)
	if random.IntN(40) == 0 {
		a.clock.Advance(time.Duration(random.IntN(20)) * time.Minute)
	}
	title := record.PlatformField("name")
	if object == "deals" {
		title = "title"
	}
	if len(*ids) < 3 || random.IntN(3) == 0 {
		id := a.create(object, record.Fields{title: fmt.Sprint("N", len(*ids))})
		*ids = append(*ids, id)
		return []record.ExternalID{id}
	}
	one, other := (*ids)[random.IntN(len(*ids))], (*ids)[random.IntN(len(*ids))]
	touched := []record.ExternalID{one}
	var err error
	switch random.IntN(8) {
	case 0:
		err = a.sim.Delete(object, one)
	case 1:
		err = a.sim.Restore(object, one)
	case 2:
		err = a.sim.Merge(object, one, other)
		touched = append(touched, other)
	case 3:
		if object != "deals" {
			return nil
		}
		_, archived, _ := a.sim.Record(object, one)
		err = a.sim.Archive(one, !archived)
	default:
		err = a.sim.Edit(object, one, record.Fields{title: fmt.Sprint("T", random.Uint64())})
	}
	if err != nil {
		return nil // what a screen does not let a person do changes nothing
	}
	return touched
}

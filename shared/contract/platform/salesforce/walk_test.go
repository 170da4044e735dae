package salesforce

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/platform"
	"github.com/fluxcascade/fluxcascade/shared/contract/platformsim"
	"github.com/fluxcascade/fluxcascade/shared/record"
)

// TestPollsTellTheLastOfEverything polls an org in which people make, edit, delete, undelete and merge contacts between
// any two pages, some of them committed long after they were stamped. In the end what was last told of each contact must
// be what it is.
func TestPollsTellTheLastOfEverything(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			o := newOrg(t)
			q := platform.Query{Object: "Contact", Fields: []record.PlatformField{"LastName", "Title"}, Since: o.clock.Now(), Limit: 1 + random.IntN(9)}
			o.sim.CutAnswers(random.IntN(6))
			if random.IntN(2) == 0 {
				o.sim.SetFaults(platformsim.Faults{SearchLag: time.Duration(random.IntN(590)) * time.Second})
			}
			told := map[record.ExternalID]string{}
			poll := func() bool {
				page, err := o.connector.Changes(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range page.Snapshots {
					told[s.ID] = s.Fields["LastName"] + "/" + s.Fields["Title"]
				}
				for _, a := range page.Absences {
					told[a.ID] = "gone"
				}
				q.Cursor = page.Next
				return page.More
			}
			var ids []record.ExternalID
			for range 150 {
				o.stir(random, &ids)
				if random.IntN(3) == 0 {
					poll()
				}
			}
			o.sim.SetFaults(platformsim.Faults{})
			for range 3 { // all is committed; each poll to its end
				o.clock.Advance(time.Minute)
				for pages := 0; poll(); pages++ {
					if pages > pagesMax {
						t.Fatal("no end")
					}
				}
			}
			for _, id := range ids {
				want := "gone"
				if fields, _, there := o.sim.Record("Contact", id); there {
					want = fields["LastName"] + "/" + fields["Title"]
				}
				if told[id] != want {
					t.Errorf("%s was last told as %q, is %q", id, told[id], want)
				}
			}
		})
	}
}

// stir lets a person do one thing, and time pass or not.
func (o *org) stir(random *rand.Rand, ids *[]record.ExternalID) {
	o.Helper()
	o.clock.Advance(time.Duration(random.IntN(3)) * 500 * time.Millisecond)
	if random.IntN(40) == 0 {
		o.clock.Advance(time.Duration(random.IntN(20)) * time.Minute)
	}
	if len(*ids) < 3 || random.IntN(3) == 0 {
		*ids = append(*ids, o.contacts(1)...)
		return
	}
	one, other := (*ids)[random.IntN(len(*ids))], (*ids)[random.IntN(len(*ids))]
	var err error
	switch random.IntN(8) {
	case 0:
		err = o.sim.Delete("Contact", one)
	case 1:
		err = o.sim.Undelete("Contact", one)
	case 2:
		err = o.sim.Merge("Contact", one, other)
	default:
		err = o.sim.Edit("Contact", one, record.Fields{"Title": fmt.Sprint(random.IntN(1000))})
	}
	_ = err // what a screen does not let a person do changes nothing
}

package main

import (
	"context"
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/run/wiring"
)

// TestAChangeCostsWhatItShould measures the example: an edit is absorbed in a transaction (4 write units), and each write
// it causes takes an attempt and a receipt; its echoes come on top.
func TestAChangeCostsWhatItShould(t *testing.T) {
	bills := map[int]*bill{}
	for _, together := range []int{1, 10} {
		text, rules, err := readConfig("")
		if err != nil {
			t.Fatal(err)
		}
		shares, err := parseMix("hubspot=2,jobber=1", rules)
		if err != nil {
			t.Fatal(err)
		}
		b, err := measure(context.Background(), text, rules, shares, together)
		if err != nil {
			t.Fatal(err)
		}
		b.price(&wiring.Wiring{Resources: map[string]int{"AWS::KMS::Key": 2}, AlarmMetrics: 10, Sources: make([]wiring.Source, 9)}, rules, 1e6)
		if b.WorkDollars != b.PerMillion || b.Total != b.FloorDollars+b.Counting.Dollars+b.WorkDollars ||
			b.TotalAfterFree >= b.Total || b.FloorAfterFree >= b.FloorDollars || b.FloorAfterFree < 2 || b.FloorDollars < 2+1+9*0.25 {
			t.Errorf("the sums do not add up: %+v", b)
		}
		p := b.PerChange
		if p.DynamoWrites < 6 || p.DynamoWrites > 40 || p.DynamoReads < 5 || p.DynamoReads > 120 || p.SQS < 1 || p.API < 0.2 ||
			p.Lambda <= p.API {
			t.Errorf("%d at once: an edit takes %+v", together, p)
		}
		bills[together] = b
	}
	if one, ten := bills[1].PerChange, bills[10].PerChange; one.Lambda <= ten.Lambda || one.SQS <= ten.SQS ||
		bills[1].PerMillion <= bills[10].PerMillion {
		t.Errorf("batches save nothing: one by one %+v, by ten %+v", one, ten)
	}
}

func TestAMixThatIsNone(t *testing.T) {
	_, rules, err := readConfig("")
	if err != nil {
		t.Fatal(err)
	}
	for _, mix := range []string{"hubspot", "hubspot=0", "nobody=1", "hubspot=1;jobber=2", "hubspot=-3"} {
		if got, err := parseMix(mix, rules); err == nil {
			t.Errorf("%q is taken as %v", mix, got)
		}
	}
}

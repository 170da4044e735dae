package queue_test

import (
	"context"
	"fmt"
	"time"

	"github.com/fluxcascade/fluxcascade/shared/contract/queue"
	"github.com/fluxcascade/fluxcascade/shared/contract/queue/memqueue"
)

// A message is received, hidden while somebody works on it, and deleted when the work is committed. What is not deleted comes
// again: every consumer must be harmless then.
func Example() {
	ctx := context.Background()
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	q := memqueue.New(func() time.Time { return now })
	const name queue.Name = "due-jobber"

	if err := q.Send(ctx, name, []queue.Message{{Body: []byte("entity e1 is due")}}); err != nil {
		fmt.Println(err)
	}
	first, _ := q.Receive(ctx, name, 10, time.Minute)
	hidden, _ := q.Receive(ctx, name, 10, time.Minute)
	fmt.Printf("received %d, then %d\n", len(first), len(hidden))

	now = now.Add(2 * time.Minute) // the receiver crashed
	again, _ := q.Receive(ctx, name, 10, time.Minute)
	fmt.Printf("%s, for the %dnd time\n", again[0].Body, again[0].Count)

	if err := q.Delete(ctx, name, []string{again[0].Handle}); err != nil {
		fmt.Println(err)
	}
	depth, _ := q.Depth(ctx, name)
	fmt.Println("left:", depth.Total())
	// Output:
	// received 1, then 0
	// entity e1 is due, for the 2nd time
	// left: 0
}

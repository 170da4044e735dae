package awsclient

import (
	"context"
	"sync"
)

// parallelMax bounds the calls in flight of one Each: enough to hide the network, too few to be throttled for.
const parallelMax = 8

// Each calls do for 0 to n-1, several at once, and gives the first error in order of index, or nil. After an error it
// begins no further calls; those under way end.
func Each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	if n == 1 {
		return do(ctx, 0)
	}
	var (
		mu     sync.Mutex
		next   int
		failed bool
		group  sync.WaitGroup
	)
	errs := make([]error, n)
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if failed || next == n {
			return 0, false
		}
		next++
		return next - 1, true
	}
	for range min(n, parallelMax) {
		group.Go(func() {
			for i, ok := take(); ok; i, ok = take() {
				if errs[i] = do(ctx, i); errs[i] != nil {
					mu.Lock()
					failed = true
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

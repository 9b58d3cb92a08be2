package jobservice

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWatchesWaitRunsOnceForAllCalls(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		const calls = 50

		var (
			shared watches
			group  sync.WaitGroup
			count  int
		)

		changed := make(chan struct{})
		run := func(ctx context.Context) error {
			count++

			select {
			case <-changed:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}

		for range calls {
			group.Go(func() { require.NoError(t, shared.wait(t.Context(), watchKey{jobID: "night 1"}, run)) })
		}

		synctest.Wait()
		require.Equal(t, 1, count)
		close(changed)
		group.Wait()
		require.Empty(t, shared.running)
	})
}

// The watch continues after the call that began it, and ends with the last call.
func TestWatchesWaitEndsWithTheLastCall(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		var (
			shared watches
			group  sync.WaitGroup
		)

		key := watchKey{jobID: "night 1", version: 7}
		began := time.Now()
		stopped := make(chan time.Duration, 1)
		run := func(ctx context.Context) error {
			<-ctx.Done()

			stopped <- time.Since(began)

			return ctx.Err()
		}

		for length := time.Second; length <= 3*time.Second; length += time.Second {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), length)
				defer cancel()

				require.ErrorIs(t, shared.wait(ctx, key, run), context.DeadlineExceeded)
				require.Equal(t, length, time.Since(began))
			})
			synctest.Wait()
		}

		group.Wait()
		require.Equal(t, 3*time.Second, <-stopped)
		require.Empty(t, shared.running)
	})
}

package jobservice

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// watchOf returns a watch whose follower reports what run reports.
func watchOf(t *testing.T, s *Service, run func(context.Context, func(*Status)) error) *Watch {
	t.Helper()

	key := jobKey{"7", "night 1"}

	return &Watch{service: s, key: key, follower: s.followers.enter(t.Context(), key,
		func(ctx context.Context, _ jobKey, report func(*Status)) error { return run(ctx, report) })}
}

func TestThousandWatchesShareOneFollower(t *testing.T) {
	t.Parallel()

	const count, last = 1_000, 200

	s := New(Options{})

	var (
		followers atomic.Int64
		group     sync.WaitGroup
		began     = make(chan struct{})
		watches   = make([]*Watch, count)
		ends      = make([]int64, count)
		falls     atomic.Int64
	)

	for i := range watches {
		watches[i] = watchOf(t, s, func(_ context.Context, report func(*Status)) error {
			followers.Add(1)
			<-began

			for version := range int64(last) {
				report(&Status{Version: version + 1, Ended: version+1 == last})
			}

			return nil
		})
	}

	for i, watch := range watches {
		group.Go(func() {
			defer watch.Close()

			for ends[i] < last {
				status, err := watch.Next(t.Context())
				if err != nil || status.Version <= ends[i] {
					falls.Add(1)

					return
				}

				ends[i] = status.Version
			}
		})
	}

	close(began)
	group.Wait()

	require.EqualValues(t, 1, followers.Load())
	require.Zero(t, falls.Load(), "a version did not grow")
	require.Empty(t, s.followers.running)
}

func TestWatchReceivesTheLastStatusOnly(t *testing.T) {
	t.Parallel()

	s, reported, more := New(Options{}), make(chan struct{}), make(chan struct{})
	watch := watchOf(t, s, func(ctx context.Context, report func(*Status)) error {
		report(&Status{Version: 1})
		report(&Status{Version: 2})
		close(reported)
		<-more
		report(&Status{Version: 3})
		<-ctx.Done()

		return ctx.Err()
	})

	<-reported

	status, err := watch.Next(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 2, status.Version)
	close(more)

	status, err = watch.Next(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 3, status.Version)

	short, cancel := context.WithCancel(t.Context())
	cancel()

	_, err = watch.Next(short)
	require.ErrorIs(t, err, context.Canceled)

	s.Close()

	_, err = watch.Next(t.Context())
	require.ErrorIs(t, err, ErrClosing)

	watch.Close()
	require.Empty(t, s.followers.running, "the last watch ends its follower")
}

func TestWatchReportsWhyItsFollowerHasEnded(t *testing.T) {
	t.Parallel()

	s := New(Options{})

	for _, run := range []func(context.Context, func(*Status)) error{
		func(context.Context, func(*Status)) error { return jobNotFound("night 1") },
		func(context.Context, func(*Status)) error { panic("broken") },
	} {
		watch := watchOf(t, s, run)

		_, err := watch.Next(t.Context())
		_, isError := errors.AsType[*Error](err)
		require.True(t, isError, err)
		watch.Close()
	}
}

func TestWatchSkipsStatusesThatItsReceiverKnows(t *testing.T) {
	t.Parallel()

	known := int64(2)
	watch := watchOf(t, New(Options{}), func(_ context.Context, report func(*Status)) error {
		report(&Status{Version: 2})
		report(&Status{Version: 3, Ended: true})

		return nil
	})
	watch.known = &known

	status, err := watch.Next(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 3, status.Version)
	require.True(t, watch.next.Ended)
	watch.Close()
}

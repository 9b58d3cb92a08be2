package main

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// alone runs jobs one at a time until the window has passed. It returns their durations in order of length.
func (b *bench) alone(ctx context.Context, s *system, w work) ([]time.Duration, error) {
	return b.repeat(func() error {
		_, err := s.run(ctx, w)

		return err
	})
}

// repeat calls do until the window has passed, but at least leastJobs times. It returns the durations in order of length. The
// first call is not measured.
func (b *bench) repeat(do func() error) (durations []time.Duration, err error) {
	if err := do(); err != nil {
		return nil, err
	}

	for end := time.Now().Add(b.sizes.window); len(durations) < b.sizes.leastJobs || time.Now().Before(end); {
		began := time.Now()

		if err := do(); err != nil {
			return nil, err
		}

		durations = append(durations, time.Since(began))
	}

	slices.Sort(durations)

	return durations, nil
}

// percentile returns the duration in milliseconds that a part of the durations, which are sorted, does not exceed.
func percentile(durations []time.Duration, p namedPart) float64 {
	index := int(p.part * float64(len(durations)))

	return milliseconds(durations[min(index, len(durations)-1)])
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// load is what a number of concurrent callers achieved.
type load struct {
	rate      float64 // Calls per second.
	durations []time.Duration
	cpu       float64 // Of the system, in milliseconds per call.
	first     float64 // Of its first process, in milliseconds per call.
}

// together measures callers that call do again and again, each one call at a time. The measurement begins when each caller has
// finished its first call: until then, all calls are in the same phase. It lasts for a window, and until as many calls have ended
// as there are callers: slow calls that began together end together.
func (b *bench) together(ctx context.Context, s *system, callers int, do func(ctx context.Context) error) (load, error) {
	var (
		result          load
		mutex           sync.Mutex
		measured, ended atomic.Bool
		started         atomic.Int64
		warm, enough    = make(chan struct{}), make(chan struct{})
	)

	group, ctx := errgroup.WithContext(ctx)

	for range callers {
		group.Go(func() error {
			err := do(ctx)
			if started.Add(1) == int64(callers) {
				close(warm)
			}

			for err == nil && !ended.Load() {
				began := time.Now()
				err = do(ctx)

				if measured.Load() && !ended.Load() {
					mutex.Lock()
					result.durations = append(result.durations, time.Since(began))

					if len(result.durations) == callers {
						close(enough)
					}

					mutex.Unlock()
				}
			}

			return err
		})
	}

	group.Go(func() error {
		defer ended.Store(true)

		if err := await(ctx, warm); err != nil {
			return err
		}

		var took time.Duration

		spent, err := increases(ctx, func() error {
			began := time.Now()

			measured.Store(true)

			err := cmp.Or(await(ctx, time.After(b.sizes.window)), await(ctx, enough))

			ended.Store(true)

			took = time.Since(began)

			return err
		}, s.cpu, s.processes[0].cpu)
		if err != nil {
			return err
		}

		mutex.Lock()
		defer mutex.Unlock()

		calls := float64(len(result.durations))
		result.rate = calls / took.Seconds()
		result.cpu, result.first = spent[0]*millisecondsPerSecond/calls, spent[1]*millisecondsPerSecond/calls

		return nil
	})

	err := group.Wait()

	slices.Sort(result.durations)

	return result, err
}

// millisecondsPerSecond converts the seconds of counters.
const millisecondsPerSecond = 1000

// increases returns by how much counters increase while do runs. The first counter is read first and last.
func increases(
	ctx context.Context, do func() error, counters ...func(context.Context) (float64, error),
) (increased []float64, err error) {
	increased = make([]float64, len(counters))

	for i, count := range counters {
		if increased[i], err = count(ctx); err != nil {
			return nil, err
		}
	}

	if err := do(); err != nil {
		return nil, err
	}

	for i, count := range slices.Backward(counters) {
		after, err := count(ctx)
		if err != nil {
			return nil, err
		}

		increased[i] = after - increased[i]
	}

	return increased, nil
}

// await waits for a value or the end of a channel.
func await[T any](ctx context.Context, channel <-chan T) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-channel:
		return nil
	}
}

// arrive starts jobs at random moments, at a rate per minute, whether or not earlier ones have ended. It returns their
// durations from the moment at which each should have started, in order of length.
func (b *bench) arrive(ctx context.Context, s *system, w work, rate int) ([]time.Duration, error) {
	var (
		// The same moments for all systems.
		random    = rand.New(rand.NewPCG(uint64(rate), 0)) //nolint:gosec // It needs no secrecy.
		mean      = float64(time.Minute) / float64(rate)
		began     = time.Now()
		durations []time.Duration
		mutex     sync.Mutex
	)

	group, ctx := errgroup.WithContext(ctx)

	for at := time.Duration(0); at < b.sizes.arrivals; at += time.Duration(random.ExpFloat64() * mean) {
		if await(ctx, time.After(time.Until(began.Add(at)))) != nil {
			break
		}

		group.Go(func() error {
			_, err := s.run(ctx, w)

			mutex.Lock()
			defer mutex.Unlock()

			durations = append(durations, time.Since(began)-at)

			return err
		})
	}

	err := group.Wait()

	slices.Sort(durations)

	return durations, err
}

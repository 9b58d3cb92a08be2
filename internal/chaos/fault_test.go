package chaos_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// fault is a way to break the system, and to mend it again.
type fault struct {
	name   string
	weight int
	strike func(ctx context.Context)
}

// faults breaks the system, by a seed.
type faults struct {
	random *rand.Rand
	kinds  []fault

	mutex   sync.Mutex
	counts  map[string]int
	outages []outage
}

// outage is the time in which something was down.
type outage struct{ from, to time.Time }

func newFaults(t *testing.T, s *system, seed uint64) *faults {
	t.Helper()

	f := &faults{
		random: rand.New(rand.NewPCG(seed, 2)),
		counts: map[string]int{},
	}

	for _, worker := range s.workers {
		f.kinds = append(f.kinds, fault{"SIGKILL " + worker.name, 4, f.restart(t, worker)})
		f.kinds = append(f.kinds, fault{"SIGSTOP, SIGCONT " + worker.name, 1, func(ctx context.Context) {
			worker.signal(syscall.SIGSTOP)
			pause(ctx, f.some(25*time.Second)) // Longer than its heartbeats may be missed, now and then.
			worker.signal(syscall.SIGCONT)
		}})
	}

	f.kinds = append(f.kinds,
		fault{"SIGKILL API server", 4, f.restart(t, s.server)},
		fault{"SIGSTOP, SIGCONT API server", 1, func(ctx context.Context) {
			s.server.signal(syscall.SIGSTOP)
			pause(ctx, f.some(3*time.Second))
			s.server.signal(syscall.SIGCONT)
		}},
		fault{"SIGKILL Temporal", 1, f.restart(t, s.temporal)},
		fault{"SIGKILL PostgreSQL", 2, func(ctx context.Context) {
			down := time.Now()

			s.postgres.Kill(striker{t})
			pause(ctx, f.some(time.Second))
			s.postgres.Start(striker{t})
			f.mend(down)
		}},
	)

	for name, proxy := range s.proxies() {
		f.kinds = append(f.kinds,
			fault{"connections cut to " + name, 2, func(context.Context) { proxy.cut() }},
			fault{"answers lost of " + name, 2, func(ctx context.Context) {
				proxy.mute.Store(true)
				pause(ctx, f.some(500*time.Millisecond))
				proxy.cut() // As long as nobody hears it, nobody can mistake what comes for another answer.
				proxy.mute.Store(false)
			}})
	}

	return f
}

// restart kills the process, and starts it again soon after.
func (f *faults) restart(t *testing.T, p *process) func(context.Context) {
	t.Helper()

	return func(ctx context.Context) {
		down := time.Now()

		p.kill()
		pause(ctx, f.some(time.Second))

		if err := errors.Join(p.start(), p.await()); err != nil {
			t.Error(err)

			return
		}

		f.mend(down)
	}
}

// run breaks one thing after the other until ctx ends, and mends the last of them too.
func (f *faults) run(ctx context.Context) {
	var striking sync.WaitGroup
	defer striking.Wait()

	busy := make([]sync.Mutex, len(f.kinds))

	for ctx.Err() == nil {
		pause(ctx, f.some(2*time.Second))

		at := f.choose()
		if !busy[at].TryLock() {
			continue // The same twice at once is not more.
		}

		f.mutex.Lock()
		f.counts[f.kinds[at].name]++
		f.mutex.Unlock()

		striking.Go(func() {
			defer busy[at].Unlock()
			f.kinds[at].strike(ctx)
		})
	}
}

func (f *faults) choose() int {
	sum := 0
	for _, kind := range f.kinds {
		sum += kind.weight
	}

	f.mutex.Lock()
	defer f.mutex.Unlock()

	chosen := f.random.IntN(sum)
	for i, kind := range f.kinds {
		if chosen -= kind.weight; chosen < 0 {
			return i
		}
	}

	return 0
}

// some is a while of chance.
func (f *faults) some(most time.Duration) time.Duration {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	return time.Duration(f.random.Int64N(int64(most)))
}

// mend notes that what was down serves again.
func (f *faults) mend(down time.Time) {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	f.outages = append(f.outages, outage{down, time.Now()})
}

// striker is the test for a goroutine that strikes, which may not end the test itself: it ends that goroutine.
type striker struct{ testing.TB }

func (s striker) Fatal(why ...any) {
	s.Error(why...)
	runtime.Goexit()
}

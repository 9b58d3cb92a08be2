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

	"github.com/jobwright/jobwright/internal/faulttest"
)

// fault is a kind of fault.
type fault struct {
	name   string
	weight int                       // Its frequency in relation to other faults.
	inject func(ctx context.Context) // Injects the fault and ends it again.
}

// faults injects random faults. The seed determines the order of the faults.
type faults struct {
	random *rand.Rand
	kinds  []fault

	mutex   sync.Mutex
	counts  map[string]int
	outages []outage
}

// outage is the time in which a process was down.
type outage struct{ from, to time.Time }

func newFaults(t *testing.T, s *system, seed uint64) *faults {
	t.Helper()

	f := &faults{
		random: rand.New(rand.NewPCG(seed, 2)),
		counts: map[string]int{},
	}

	for _, worker := range s.workers {
		f.kinds = append(f.kinds, fault{"SIGKILL " + worker.Name, 4, f.restart(t, worker)})
		f.kinds = append(f.kinds, fault{"SIGSTOP, SIGCONT " + worker.Name, 1, func(ctx context.Context) {
			worker.Signal(syscall.SIGSTOP)
			faulttest.Pause(ctx, f.randomTime(25*time.Second)) // Sometimes longer than the heartbeat timeout.
			worker.Signal(syscall.SIGCONT)
		}})
	}

	f.kinds = append(f.kinds,
		fault{"SIGKILL API server", 4, f.restart(t, s.server)},
		fault{"SIGSTOP, SIGCONT API server", 1, func(ctx context.Context) {
			s.server.Signal(syscall.SIGSTOP)
			faulttest.Pause(ctx, f.randomTime(3*time.Second))
			s.server.Signal(syscall.SIGCONT)
		}},
		fault{"SIGKILL Temporal", 1, f.restart(t, s.temporal)},
		fault{"SIGKILL PostgreSQL", 2, func(ctx context.Context) {
			from := time.Now()

			s.postgres.Kill(goroutineTB{t})
			faulttest.Pause(ctx, f.randomTime(time.Second))
			s.postgres.Start(goroutineTB{t})
			f.addOutage(from)
		}},
	)

	executions := 0
	f.kinds = append(f.kinds, fault{"change of the execution", 4, func(context.Context) {
		executions++

		if err := writeManifest(s.app(), s.receiverURL(), []string{"auto", "activity"}[executions%2]); err != nil {
			t.Error(err)
		}
	}})

	for name, proxy := range s.proxies() {
		f.kinds = append(f.kinds,
			fault{"connections cut to " + name, 2, func(context.Context) { proxy.cut() }},
			fault{"responses lost from " + name, 2, func(ctx context.Context) {
				proxy.discard.Store(true)
				faulttest.Pause(ctx, f.randomTime(500*time.Millisecond))
				proxy.cut() // Before responses pass again: a client would take the next one for the discarded one.
				proxy.discard.Store(false)
			}})
	}

	return f
}

// restart returns a function that kills the process and starts it again within a second.
func (f *faults) restart(t *testing.T, p *process) func(context.Context) {
	t.Helper()

	return func(ctx context.Context) {
		from := time.Now()

		p.Kill()
		faulttest.Pause(ctx, f.randomTime(time.Second))

		if err := errors.Join(p.Start(), p.awaitReady()); err != nil {
			t.Error(err)

			return
		}

		f.addOutage(from)
	}
}

// run injects faults until ctx ends, and returns when all of them have ended. Faults of different kinds may overlap.
func (f *faults) run(ctx context.Context) {
	var injecting sync.WaitGroup
	defer injecting.Wait()

	active := make([]sync.Mutex, len(f.kinds))

	for ctx.Err() == nil {
		faulttest.Pause(ctx, f.randomTime(2*time.Second))

		i := f.choose()
		if !active[i].TryLock() {
			continue // A fault of this kind is active.
		}

		f.mutex.Lock()
		f.counts[f.kinds[i].name]++
		f.mutex.Unlock()

		injecting.Go(func() {
			defer active[i].Unlock()
			f.kinds[i].inject(ctx)
		})
	}
}

// choose returns the index of a random kind of fault.
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

// randomTime returns a random time below limit.
func (f *faults) randomTime(limit time.Duration) time.Duration {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	return time.Duration(f.random.Int64N(int64(limit)))
}

// addOutage records an outage that has just ended.
func (f *faults) addOutage(from time.Time) {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	f.outages = append(f.outages, outage{from, time.Now()})
}

// goroutineTB is a [testing.TB] for goroutines other than the test's, which may not call Fatal: Fatal fails the test and ends
// only the goroutine.
type goroutineTB struct{ testing.TB }

func (g goroutineTB) Fatal(arguments ...any) {
	g.Error(arguments...)
	runtime.Goexit()
}

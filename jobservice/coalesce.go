package jobservice

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// reads lets calls share the reads of one job, or of another thing with a key. At most one read of it runs, and at most one
// waits for it to end; all calls that begin meanwhile share the latter. So a call never receives what was read before the call
// began. The zero value is ready for use.
type reads[T any] struct {
	mutex   sync.Mutex
	running map[string]*read[T] // By jobId, or by another key.
}

// read is a read that runs or waits.
type read[T any] struct {
	done  chan struct{}
	value T
	err   error
	next  *read[T] // The read that waits for the end of this one.
	run   func() (T, error)
}

// do returns the result of a read that begins after the call of do. It calls run unless another call's read can be shared. If ctx
// ends first, the error is that of ctx, and the read continues for other calls.
func (r *reads[T]) do(ctx context.Context, jobID string, run func() (T, error)) (value T, err error) {
	shared := r.join(jobID, run)

	select {
	case <-shared.done:
		return shared.value, shared.err
	case <-ctx.Done():
		return value, ctx.Err()
	}
}

// join returns the read to wait for.
func (r *reads[T]) join(jobID string, run func() (T, error)) *read[T] {
	r.mutex.Lock()
	defer r.mutex.Unlock()

	current := r.running[jobID]
	if current != nil && current.next != nil {
		return current.next
	}

	added := &read[T]{done: make(chan struct{}), run: run}

	if current != nil {
		current.next = added

		return added
	}

	if r.running == nil {
		r.running = make(map[string]*read[T])
	}

	r.running[jobID] = added

	go r.runAll(jobID, added)

	return added
}

// runAll runs the read, and the reads that have begun to wait for it.
func (r *reads[T]) runAll(jobID string, current *read[T]) {
	for current != nil {
		current.value, current.err = recovered(current.run)
		next := r.advance(jobID, current)

		close(current.done)

		current = next
	}
}

// advance removes a read that has ended, and returns the one that waits for it, or nil.
func (r *reads[T]) advance(jobID string, ended *read[T]) (next *read[T]) {
	r.mutex.Lock()
	defer r.mutex.Unlock()

	if ended.next == nil {
		delete(r.running, jobID)
	} else {
		r.running[jobID] = ended.next
	}

	return ended.next
}

// recovered calls run, and turns a panic into an error: it would end the process, because no call's goroutine runs it.
func recovered[T any](run func() (T, error)) (value T, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v\n%s", reason, debug.Stack())
		}
	}()

	return run()
}

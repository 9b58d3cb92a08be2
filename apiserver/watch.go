package apiserver

import (
	"context"
	"sync"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
)

// watchKey identifies what calls wait for.
type watchKey struct {
	jobID, runID string
	version      int64 // The version to change; 0 to wait for the end of the job.
}

// watches lets calls share a watch: one goroutine waits for all of them. The zero value is ready for use.
type watches struct {
	mutex   sync.Mutex
	running map[watchKey]*watch
}

// watch is a wait that calls share.
type watch struct {
	calls int // The number of calls that wait.
	stop  context.CancelFunc
	done  chan struct{}
	err   error
}

// wait waits until run returns, which it calls unless another call waits for the same already. If ctx ends first, the error is
// that of ctx. The context of run ends when no call waits any more.
func (w *watches) wait(ctx context.Context, key watchKey, run func(context.Context) error) error {
	shared := w.enter(ctx, key, run)
	defer w.leave(key, shared)

	select {
	case <-shared.done:
		return shared.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *watches) enter(ctx context.Context, key watchKey, run func(context.Context) error) *watch {
	w.mutex.Lock()
	defer w.mutex.Unlock()

	shared := w.running[key]
	if shared == nil {
		watching, stop := context.WithCancel(context.WithoutCancel(ctx))
		shared = &watch{stop: stop, done: make(chan struct{})}

		if w.running == nil {
			w.running = make(map[watchKey]*watch)
		}

		w.running[key] = shared

		go func() {
			defer close(shared.done)

			_, shared.err = recovered(func() (struct{}, error) { return struct{}{}, run(watching) })
		}()
	}

	shared.calls++

	return shared
}

func (w *watches) leave(key watchKey, shared *watch) {
	w.mutex.Lock()
	defer w.mutex.Unlock()

	shared.calls--

	if shared.calls == 0 {
		shared.stop()

		if w.running[key] == shared {
			delete(w.running, key)
		}
	}
}

// statusWait is how long a call of getJobStatus waits, and for what.
type statusWait struct {
	length   time.Duration
	after    int64 // The version that the caller knows.
	hasAfter bool
}

// isOver reports whether the call responds with the status. The version can be less than that of the caller after an operator has
// reset the job.
func (w statusWait) isOver(status *jobStatus) bool {
	return status.ended || w.hasAfter && status.version != w.after
}

// awaitStatus returns the status of a job of the app, as soon as it is what the call waits for, or when the call's wait or the
// server ends.
func (s *Server) awaitStatus(ctx context.Context, appID, jobID string, wait statusWait) (*jobStatus, error) {
	waiting, cancel := context.WithTimeout(ctx, wait.length)
	defer cancel()
	defer context.AfterFunc(s.draining, cancel)()

	for {
		status, err := s.statusOf(ctx, appID, jobID)
		if err != nil || wait.isOver(status) || waiting.Err() != nil {
			return status, err
		}

		if wait.hasAfter {
			err = s.watchVersion(waiting, status)
		} else {
			err = s.watchJob(waiting, status)
		}

		if err != nil && waiting.Err() == nil {
			return nil, asJobError(jobID, err)
		}
	}
}

// watchJob waits until the job has ended. Calls that wait for one job share the requests to Temporal.
func (s *Server) watchJob(ctx context.Context, status *jobStatus) error {
	return s.watches.wait(ctx, watchKey{jobID: status.jobID, runID: status.runID}, func(ctx context.Context) error {
		end := s.watchEnd(status.jobID)
		defer end.close()

		_, err := s.waitForEnd(ctx, &commonpb.WorkflowExecution{WorkflowId: status.jobID, RunId: status.runID}, end, 0)

		return err
	})
}

// Pauses between two looks at the version of a running job. Temporal notifies clients of the events of a history, but not of
// the progress of activities, and a poll for events has to read the history from its beginning.
const (
	minLook = 250 * time.Millisecond
	maxLook = 2 * time.Second
)

// watchVersion waits until the version of the job differs from that of the status. It notices the end of the job at once, and
// other changes with a delay of at most maxLook. Calls that wait for one job share the requests to Temporal.
func (s *Server) watchVersion(ctx context.Context, status *jobStatus) error {
	key := watchKey{jobID: status.jobID, runID: status.runID, version: status.version}

	return s.watches.wait(ctx, key, func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()

		ended := make(chan error, 1)
		go func() { ended <- s.watchJob(ctx, status) }()

		for length := minLook; ; length = min(2*length, maxLook) {
			select {
			case err := <-ended:
				return err
			case <-time.After(length):
			}

			changed, err := s.hasChanged(ctx, status)
			if changed || err != nil && !isTransient(err) {
				return err
			}
		}
	})
}

// hasChanged reports whether the version of the job differs from that of the status.
func (s *Server) hasChanged(ctx context.Context, status *jobStatus) (bool, error) {
	described, err := s.options.Temporal.DescribeWorkflowExecution(ctx, status.jobID, "")
	if err != nil {
		return false, err
	}

	info := described.GetWorkflowExecutionInfo()

	return info.GetExecution().GetRunId() != status.runID || info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING ||
		info.GetStateTransitionCount() != status.version%versionsOfRun, nil
}

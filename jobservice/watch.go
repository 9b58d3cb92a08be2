package jobservice

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

// Wait is how long a request waits for a status, and for what.
type Wait struct {
	Length time.Duration
	After  *int64 // Wait for another version than this one, which the caller knows; nil to wait for the end of the job.
}

// isOver reports whether the call responds with the status. The version can be less than that of the caller after an operator has
// reset the job.
func (w Wait) isOver(status *Status) bool {
	return status.Ended || w.After != nil && status.Version != *w.After
}

// AwaitStatus returns the status of a job of the app, as soon as it is what the call waits for, or when the wait ends or the
// service closes.
func (s *Service) AwaitStatus(ctx context.Context, appID, jobID string, wait Wait) (*Status, error) {
	status, err := s.awaitStatus(ctx, appID, jobID, wait)
	if err == nil {
		status, err = s.withDeliveries(ctx, status)
	}

	return status, s.asError(ctx, jobID, err)
}

func (s *Service) awaitStatus(ctx context.Context, appID, jobID string, wait Wait) (*Status, error) {
	waiting, cancel := context.WithTimeout(ctx, wait.Length)
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()

	for {
		status, err := s.statusOf(ctx, appID, jobID)
		if err != nil || wait.isOver(status) || waiting.Err() != nil {
			return status, err
		}

		if wait.After != nil {
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
func (s *Service) watchJob(ctx context.Context, status *Status) error {
	return s.watches.wait(ctx, watchKey{jobID: status.JobID, runID: status.runID}, func(ctx context.Context) error {
		end := s.watchEnd(status.JobID)
		defer end.close()

		_, err := s.waitForEnd(ctx, &commonpb.WorkflowExecution{WorkflowId: status.JobID, RunId: status.runID}, end, 0)

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
func (s *Service) watchVersion(ctx context.Context, status *Status) error {
	key := watchKey{jobID: status.JobID, runID: status.runID, version: status.Version}

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
func (s *Service) hasChanged(ctx context.Context, status *Status) (bool, error) {
	described, err := s.options.Temporal.DescribeWorkflowExecution(ctx, status.JobID, "")
	if err != nil {
		return false, err
	}

	info := described.GetWorkflowExecutionInfo()

	return info.GetExecution().GetRunId() != status.runID || info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING ||
		info.GetStateTransitionCount() != status.Version%versionsOfRun, nil
}

package jobservice

import (
	"context"
	"errors"
	"time"

	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/jobwright/jobwright/internal/clock"
)

// endOfJob receives the end of a job if a worker of this process runs it, see [Options.Ends]. The zero value receives nothing.
type endOfJob struct {
	command <-chan *commandpb.Command
	stop    func()
}

// watchEnd watches the end of the job, before the job starts, until close is called.
func (s *Service) watchEnd(jobID string) (end endOfJob) {
	if s.options.Ends != nil {
		end.command, end.stop = s.options.Ends.Watch(jobID)
	}

	return end
}

func (e endOfJob) close() {
	if e.stop != nil {
		e.stop()
	}
}

// waitForOutcome waits until the job ends, starting with the run. If ctx ends first, the error is that of ctx. grace is how long
// to wait for end alone, before Temporal is asked.
func (s *Service) waitForOutcome(
	ctx context.Context, jobID, runID string, end endOfJob, grace time.Duration,
) (*Outcome, error) {
	ended, err := s.waitForEnd(ctx, &commonpb.WorkflowExecution{WorkflowId: jobID, RunId: runID}, end, grace)
	if err != nil {
		return nil, errors.Join(ctx.Err(), asJobError(jobID, err))
	}

	return s.outcomeOf(jobID, ended)
}

// waitForEnd waits until the workflow ends, whichever way reports it first.
func (s *Service) waitForEnd(
	ctx context.Context, run *commonpb.WorkflowExecution, end endOfJob, grace time.Duration,
) (ending, error) {
	polling, cancel := context.WithCancel(context.WithoutCancel(ctx)) // Without the deadline, see pollTimeout.
	defer cancel()

	type answer struct {
		ending
		err error
	}

	polled := make(chan answer, 1)
	poll := func() {
		found, err := s.pollEnd(polling, run)
		polled <- answer{found, err}
	}

	if end.command == nil || grace == 0 {
		go poll()
	} else {
		defer time.AfterFunc(grace, poll).Stop()
	}

	for {
		select {
		case command := <-end.command:
			if found, ok := endingOfCommand(command); ok {
				return found, nil
			}
		case found := <-polled:
			return found.ending, found.err
		case <-ctx.Done():
			return ending{}, ctx.Err()
		}
	}
}

// pollEnd asks Temporal for the end of the workflow until it ends. It follows the workflow through its runs. It repeats requests
// that fail because Temporal is unreachable or busy.
func (s *Service) pollEnd(ctx context.Context, run *commonpb.WorkflowExecution) (ending, error) {
	for {
		event, err := s.closeEvent(ctx, run)
		if err != nil {
			return ending{}, err
		}

		end, err := endingOfEvent(event)
		if err != nil || end.nextRun == "" {
			return end, err
		}

		run = &commonpb.WorkflowExecution{WorkflowId: run.GetWorkflowId(), RunId: end.nextRun}
	}
}

// closeEvent waits for the last event of a run's history. It polls the history, and describes the run beside it: Temporal's
// history service drops the notification of a change while a poll has not received the one before yet (channels of capacity 1
// in service/history/events/notifier.go, server 1.32), and if that was the end of a short job, the poll would last another 20 s.
// The pauses between descriptions double, so a caller waits at most twice as long as the job ran.
func (s *Service) closeEvent(ctx context.Context, run *commonpb.WorkflowExecution) (*historypb.HistoryEvent, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	type answer struct {
		event *historypb.HistoryEvent
		err   error
	}

	found := make(chan answer, 2) //nolint:mnd // One for each way.

	go func() {
		event, err := s.pollCloseEvent(ctx, run)
		found <- answer{event, err}
	}()

	go func() {
		event, err := s.describeCloseEvent(ctx, run)
		found <- answer{event, err}
	}()

	first := <-found // Both end when ctx ends.

	return first.event, first.err
}

// Timeouts of a long poll of a history. Temporal responds after 20 s without an event, and 1 s before the deadline of the
// request (DefaultLongPollBuffer). It responds at once if less remains, so a deadline near the end of the caller's wait would
// make polls spin. Therefore each poll has the same deadline, and is cancelled when the caller's wait ends. Measured with jobs of
// 0.6 s: 3 to 4 requests for each, instead of 27, and half of the CPU of the API server.
const (
	pollTimeout = time.Minute
	minPoll     = time.Second // The least time between two polls that return nothing.
)

// Pauses before requests that are repeated.
const (
	minPause      = 250 * time.Millisecond
	maxPause      = 10 * time.Second
	maxRetryPause = time.Second
)

// pollCloseEvent polls the history of a run until it has its last event.
func (s *Service) pollCloseEvent(ctx context.Context, run *commonpb.WorkflowExecution) (*historypb.HistoryEvent, error) {
	request := &workflowservice.GetWorkflowExecutionHistoryRequest{
		Namespace: s.options.Namespace, Execution: run, WaitNewEvent: true,
		HistoryEventFilterType: enumspb.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
	}

	retryPause := busyPause

	for ctx.Err() == nil {
		began := time.Now()
		polling, cancel := context.WithTimeout(ctx, pollTimeout)
		page, err := s.options.Temporal.WorkflowService().GetWorkflowExecutionHistory(polling, request)

		cancel()

		var events []*historypb.HistoryEvent
		if err == nil {
			events, err = eventsOf(page)
		}

		switch {
		case err == nil && len(events) > 0:
			return events[len(events)-1], nil
		case err == nil:
			request.NextPageToken, retryPause = page.GetNextPageToken(), busyPause
			_ = clock.Sleep(ctx, minPoll-time.Since(began))
		case isTransient(err):
			_ = clock.Sleep(ctx, retryPause)
			retryPause = min(2*retryPause, maxRetryPause)
		default:
			return nil, err
		}
	}

	return nil, ctx.Err()
}

// describeCloseEvent describes a run until it has ended, and returns the last event of its history.
func (s *Service) describeCloseEvent(ctx context.Context, run *commonpb.WorkflowExecution) (*historypb.HistoryEvent, error) {
	for length := minPause; ; length = min(2*length, maxPause) {
		if err := clock.Sleep(ctx, length); err != nil {
			return nil, err
		}

		described, err := s.options.Temporal.DescribeWorkflowExecution(ctx, run.GetWorkflowId(), run.GetRunId())

		switch {
		case err == nil && described.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING:
			return s.pollCloseEvent(ctx, run) // It does not wait.
		case err != nil && !isTransient(err):
			return nil, err
		}
	}
}

// eventsOf returns the events of a page of a history. A Temporal that is set up so returns them encoded.
func eventsOf(page *workflowservice.GetWorkflowExecutionHistoryResponse) ([]*historypb.HistoryEvent, error) {
	events := page.GetHistory().GetEvents()

	for _, raw := range page.GetRawHistory() {
		var batch historypb.History
		if err := proto.Unmarshal(raw.GetData(), &batch); err != nil {
			return nil, err
		}

		events = append(events, batch.GetEvents()...)
	}

	return events, nil
}

// isTransient reports whether a request may succeed if it is repeated. These are the codes that Temporal's client retries, and
// timeouts, because the callers have a deadline of their own.
func isTransient(err error) bool {
	switch serviceerror.ToStatus(err).Code() {
	case codes.Aborted, codes.DeadlineExceeded, codes.Internal, codes.ResourceExhausted, codes.Unavailable, codes.Unknown:
		return true
	default:
		return false
	}
}

// isDeadline reports whether a request timed out, in the server or in the client.
func isDeadline(err error) bool {
	_, inServer := errors.AsType[*serviceerror.DeadlineExceeded](err)

	return inServer || errors.Is(err, context.DeadlineExceeded)
}

package jobservice

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/internal/clock"
	"github.com/jobwright/jobwright/job"
)

// Timeouts of a request to Temporal that does not wait for a job. The client retries within the timeout, so that callers
// don't notice a restart of Temporal. After one request has failed, the requests that follow soon fail faster.
const (
	callTimeout   = 5 * time.Second
	outageTimeout = time.Second
	outageMemory  = 3 * time.Second // How long a failed request shortens the timeout of others.
)

// patience limits how long a request is repeated that a slow Temporal does not answer within its timeout. Calls that wait for a
// job are as patient as they wait.
const (
	patience  = 30 * time.Second
	busyPause = 100 * time.Millisecond // Between two requests.
)

// persistently calls request with the timeout of a request to Temporal. It repeats a request that timed out or was rejected
// because Temporal is busy, until ctx ends or Temporal no longer responds. A repetition has more time than the first request:
// requests about one workflow wait for each other in Temporal, and one that gives up loses its place. The client limits each to
// 10 s.
func (s *Service) persistently(ctx context.Context, request func(context.Context) error) error {
	for timeout := callTimeout; ; timeout = 2 * callTimeout {
		attempt, cancel := s.outage.withTimeout(ctx, timeout)
		err := request(attempt)

		cancel()
		s.outage.record(err)

		if !isBusy(err) || ctx.Err() != nil || !s.responds(ctx) {
			return err
		}

		if clock.Sleep(ctx, busyPause) != nil {
			return err
		}
	}
}

// isBusy reports whether Temporal, if it is reachable, was too busy for a request.
func isBusy(err error) bool {
	_, exhausted := errors.AsType[*serviceerror.ResourceExhausted](err)

	return exhausted || isDeadline(err)
}

// responds reports whether Temporal is reachable. The check does not touch Temporal's database, so a busy Temporal responds too.
func (s *Service) responds(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), outageTimeout)
	defer cancel()

	_, err := s.options.Temporal.CheckHealth(ctx, &client.CheckHealthRequest{})

	return err == nil
}

// outage records when Temporal was last unreachable. A slow answer does not count.
type outage struct{ lastFailure atomic.Int64 } // In Unix nanoseconds; 0 after a request that succeeded since.

// withTimeout returns a context with the timeout, or a shorter one soon after a request has failed.
func (o *outage) withTimeout(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if time.Since(time.Unix(0, o.lastFailure.Load())) < outageMemory {
		timeout = outageTimeout
	}

	return context.WithTimeout(ctx, timeout)
}

// record records the result of a request: only a failed connection starts an outage, and only a response ends it.
func (o *outage) record(err error) {
	if _, isUnreachable := errors.AsType[*serviceerror.Unavailable](err); isUnreachable {
		o.lastFailure.Store(time.Now().UnixNano())
	} else if !isDeadline(err) && !errors.Is(err, context.Canceled) {
		o.lastFailure.Store(0)
	}
}

// describe returns Temporal's description of a job. It also validates jobIds of callers, before anything else uses them.
func (s *Service) describe(ctx context.Context, jobID string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if err := checkJobID(jobID); err != nil {
		return nil, err
	}

	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()

	var described *workflowservice.DescribeWorkflowExecutionResponse

	err := s.persistently(ctx, func(ctx context.Context) (err error) {
		described, err = s.options.Temporal.DescribeWorkflowExecution(ctx, jobID, "")

		return err
	})

	return described, asJobError(jobID, err)
}

// asJobError turns the error of a request about a job that does not exist into the error of the call.
func asJobError(jobID string, err error) error {
	if _, ok := errors.AsType[*serviceerror.NotFound](err); ok {
		return jobNotFound(jobID)
	}

	return err
}

// describeOf returns Temporal's description of a job of the app. A job of another app is not found.
func (s *Service) describeOf(
	ctx context.Context, appID, jobID string,
) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	described, err := s.describe(ctx, jobID)
	if err == nil && memoField[string](s, described, job.MemoAppID) != appID {
		return nil, jobNotFound(jobID)
	}

	return described, err
}

func jobNotFound(jobID string) *Error {
	return NewError(CodeJobNotFound, "there is no job %s in this app; jobs that ended are deleted after the retention of "+
		"Temporal's namespace", jobID).OfJob(jobID)
}

// memoField returns a field of the workflow's memo, or the zero value if the memo has no such field of that type, as in
// workflows that Jobwright did not start.
func memoField[T any](
	s *Service, described *workflowservice.DescribeWorkflowExecutionResponse, name string,
) (value T) {
	payload := described.GetWorkflowExecutionInfo().GetMemo().GetFields()[name]
	if payload == nil || s.options.Converter.FromPayload(payload, &value) != nil {
		return *new(T)
	}

	return value
}

package e2e_test

import (
	"context"
	"sync"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
)

// lostOutcomes makes a worker lose the outcome of a step after the step has made its change, as if it was killed at that moment.
var lostOutcomes losing

// losing intercepts the activities of a worker.
type losing struct {
	interceptor.InterceptorBase

	jobs sync.Map // Of each job whose step is to be lost by its ID, a channel that is closed when the change was made.
}

// of returns a channel that is closed when a regular activity of the job has ended without an error, whose outcome is lost.
func (l *losing) of(jobID string) <-chan struct{} {
	changed := make(chan struct{})
	l.jobs.Store(jobID, changed)

	return changed
}

func (l *losing) InterceptActivity(
	_ context.Context, next interceptor.ActivityInboundInterceptor,
) interceptor.ActivityInboundInterceptor {
	inbound := &losingInbound{losing: l}
	inbound.Next = next

	return inbound
}

type losingInbound struct {
	interceptor.ActivityInboundInterceptorBase

	losing *losing
}

func (i *losingInbound) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	outcome, err := i.Next.ExecuteActivity(ctx, in)
	info := activity.GetInfo(ctx)

	if err != nil || info.IsLocalActivity {
		return outcome, err
	}

	if changed, loses := i.losing.jobs.LoadAndDelete(info.WorkflowExecution.ID); loses {
		close(changed.(chan struct{}))

		return nil, activity.ErrResultPending
	}

	return outcome, nil
}

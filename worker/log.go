package worker

import (
	"errors"

	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/workflows"
)

// jobLog is an interceptor that logs the start and the end of each job, once for all runs of its workflow.
type jobLog struct {
	interceptor.WorkerInterceptorBase
}

// InterceptWorkflow returns the interceptor of a workflow's run.
func (*jobLog) InterceptWorkflow(
	ctx workflow.Context, next interceptor.WorkflowInboundInterceptor,
) interceptor.WorkflowInboundInterceptor {
	if workflow.GetInfo(ctx).WorkflowType.Name != job.Workflow {
		return next
	}

	return &loggedRun{interceptor.WorkflowInboundInterceptorBase{Next: next}}
}

// loggedRun logs the start and the end of a job, if they belong to this run of its workflow. Replays log nothing.
type loggedRun struct {
	interceptor.WorkflowInboundInterceptorBase
}

// ExecuteWorkflow runs the workflow.
func (r *loggedRun) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	input, checkpoint := arguments(in)
	info := workflow.GetInfo(ctx)
	logger := sdklog.With(workflow.GetLogger(ctx),
		"app", input.AppID, "scenario", input.Program.Entry, "jobId", info.WorkflowExecution.ID)

	startedAt := info.WorkflowStartTime
	if checkpoint == nil {
		logger.Info("job started")
	} else {
		startedAt = checkpoint.StartedAt
	}

	result, err := r.Next.ExecuteWorkflow(ctx, in)

	duration := workflow.Now(ctx).Sub(startedAt).Milliseconds()
	failure, failed := errors.AsType[*temporal.ApplicationError](err)

	switch {
	case workflow.IsContinueAsNewError(err):
	case err == nil:
		logger.Info("job ended", "status", job.Completed, "durationMs", duration)
	case failed: // Its cause may be a cancellation.
		logger.Warn("job ended", "status", job.CompletedWithError, "durationMs", duration, "code", failure.Type())
	case temporal.IsCanceledError(err):
		logger.Info("job ended", "status", job.Stopped, "durationMs", duration)
	}

	return result, err
}

// arguments returns the arguments of the workflow, as far as it has them.
func arguments(in *interceptor.ExecuteWorkflowInput) (input job.Input, checkpoint *workflows.Checkpoint) {
	for _, argument := range in.Args {
		switch value := argument.(type) {
		case job.Input:
			input = value
		case *workflows.Checkpoint:
			checkpoint = value
		}
	}

	return input, checkpoint
}

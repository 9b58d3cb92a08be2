package temporalserver

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/server/api/adminservice/v1"
	"go.temporal.io/server/api/persistence/v1"
	"go.temporal.io/server/common"
	"go.temporal.io/server/common/tasktoken"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/jobwright/jobwright/job"
)

// openExecutions returns the open workflows of the namespace, read from the database file before the server starts. Temporal's
// own list of workflows may lack those that started shortly before the process died.
func openExecutions(ctx context.Context, path, namespace string) (open []*commonpb.WorkflowExecution, err error) {
	database, err := sql.Open(driver, path)
	if err != nil {
		return nil, err
	}

	defer func() { err = errors.Join(err, database.Close()) }()

	// The states 1 and 2 are created and running, those of the type WorkflowExecutionState.
	rows, err := database.QueryContext(ctx, `SELECT workflow_id, run_id FROM current_executions
		WHERE state IN (1, 2) AND namespace_id = (SELECT id FROM namespaces WHERE name = ?)`, namespace)
	if err != nil {
		return nil, err
	}

	defer func() { err = errors.Join(err, rows.Close()) }()

	for rows.Next() {
		var (
			workflowID string
			runID      uuid.UUID
		)

		if err := rows.Scan(&workflowID, &runID); err != nil {
			return nil, err
		}

		open = append(open, &commonpb.WorkflowExecution{WorkflowId: workflowID, RunId: runID.String()})
	}

	return open, rows.Err()
}

// Reschedule ends the attempts of activities, and the workflow tasks, that workers had started when the process died that used
// the folder before. Temporal schedules the next attempts at once, instead of after a heartbeat timeout. It ends only attempts of
// workers whose identity has the prefix: the caller guarantees that these workers lived in that process. It must be called before
// another worker with such an identity starts.
//
// The end of an attempt counts as one of its retry policy, as a timeout does.
func (s *Server) Reschedule(ctx context.Context, identityPrefix string) (err error) {
	retrying := retry.UnaryClientInterceptor(
		retry.WithMax(100), retry.WithCodes(codes.Unavailable), retry.WithBackoff(retry.BackoffLinear(50*time.Millisecond)))

	connection, err := grpc.NewClient(s.address,
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithUnaryInterceptor(retrying))
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, connection.Close()) }()

	r := rescheduler{
		namespace: s.namespace, identityPrefix: identityPrefix,
		admin: adminservice.NewAdminServiceClient(connection), service: workflowservice.NewWorkflowServiceClient(connection),
	}

	const concurrency = 16

	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)

	for _, execution := range s.open {
		group.Go(func() error { return r.reschedule(ctx, execution) })
	}

	return group.Wait()
}

// rescheduler ends what the workers of a dead process had started.
type rescheduler struct {
	namespace      string
	identityPrefix string
	admin          adminservice.AdminServiceClient
	service        workflowservice.WorkflowServiceClient
}

// reschedule ends the attempts and the workflow task of one workflow. The tokens contain the number of the attempt, so that no
// later attempt ends.
func (r *rescheduler) reschedule(ctx context.Context, execution *commonpb.WorkflowExecution) error {
	described, err := r.admin.DescribeMutableState(ctx, &adminservice.DescribeMutableStateRequest{
		Namespace: r.namespace, Execution: execution,
	})
	if err != nil {
		return ignoreNotFound(err)
	}

	state := described.GetDatabaseMutableState()

	for _, attempt := range state.GetActivityInfos() {
		isDead := strings.HasPrefix(attempt.GetStartedIdentity(), r.identityPrefix)
		if attempt.GetStartedEventId() == common.EmptyEventID || !isDead {
			continue
		}

		if err := r.endAttempt(ctx, state.GetExecutionInfo().GetNamespaceId(), execution, attempt); err != nil {
			return err
		}
	}

	return r.endWorkflowTask(ctx, execution, state.GetExecutionInfo())
}

// endAttempt fails an attempt of an activity with a retryable error.
func (r *rescheduler) endAttempt(
	ctx context.Context, namespaceID string, execution *commonpb.WorkflowExecution, attempt *persistence.ActivityInfo,
) error {
	token, err := tasktoken.NewSerializer().Serialize(tasktoken.NewActivityTaskToken(
		namespaceID, execution.GetWorkflowId(), execution.GetRunId(), attempt.GetScheduledEventId(), attempt.GetActivityId(),
		attempt.GetActivityType().GetName(), attempt.GetAttempt(), nil, attempt.GetVersion(), attempt.GetStartVersion(), nil,
		attempt.GetStamp()))
	if err != nil {
		return err
	}

	died := temporal.NewApplicationErrorWithOptions(
		"the process that ran the step died; the step is retried", job.CodeWorkerStopped,
		temporal.ApplicationErrorOptions{
			NextRetryDelay: time.Millisecond, Details: []any{job.ErrorDetail{Attempt: attempt.GetAttempt()}},
		})

	_, err = r.service.RespondActivityTaskFailed(ctx, &workflowservice.RespondActivityTaskFailedRequest{
		Namespace: r.namespace, TaskToken: token, Failure: temporal.GetDefaultFailureConverter().ErrorToFailure(died),
	})

	return ignoreNotFound(err)
}

// endWorkflowTask fails the workflow task that a worker had started, if there is one.
func (r *rescheduler) endWorkflowTask(
	ctx context.Context, execution *commonpb.WorkflowExecution, info *persistence.WorkflowExecutionInfo,
) error {
	if info.GetWorkflowTaskStartedEventId() == common.EmptyEventID {
		return nil
	}

	token, err := tasktoken.NewSerializer().Serialize(tasktoken.NewWorkflowTaskToken(
		info.GetNamespaceId(), execution.GetWorkflowId(), execution.GetRunId(), info.GetWorkflowTaskScheduledEventId(),
		info.GetWorkflowTaskStartedEventId(), info.GetWorkflowTaskStartedTime(), info.GetWorkflowTaskAttempt(), nil,
		info.GetWorkflowTaskVersion()))
	if err != nil {
		return err
	}

	_, err = r.service.RespondWorkflowTaskFailed(ctx, &workflowservice.RespondWorkflowTaskFailedRequest{
		Namespace: r.namespace, TaskToken: token, Cause: enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE,
		Failure: temporal.GetDefaultFailureConverter().ErrorToFailure(errors.New("the process of the worker died")),
	})

	return ignoreNotFound(err)
}

// ignoreNotFound returns nil for the error about a task or a workflow that has ended meanwhile.
func ignoreNotFound(err error) error {
	if status.Code(err) == codes.NotFound {
		return nil
	}

	return err
}

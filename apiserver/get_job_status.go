package apiserver

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
)

// queryTimeout is how long workers have to answer a job's status query before Temporal's own record has to do.
const queryTimeout = 2 * time.Second

// progress is the result of getJobStatus for a job that runs.
type progress struct {
	JobID     string           `json:"jobId"`
	Status    job.State        `json:"status"`
	Message   string           `json:"message,omitempty"`
	StartedAt time.Time        `json:"startedAt"`
	Steps     []job.StepStatus `json:"steps"`

	Signals []job.AwaitedSignal `json:"signals,omitempty"` // What the job waits to be told.
}

// getJobStatus answers where a job stands and, when it has ended, its results.
func (s *Server) getJobStatus(c *gin.Context) {
	query, err := readQuery(c, "apiKey", "appId", "jobId", "resultName", "offset", "limit")
	if err != nil {
		s.answerError(c, err)

		return
	}

	found, _, err := s.authorize(c, query["apiKey"], query["appId"], app.Status)
	if err != nil {
		s.answerError(c, err)

		return
	}

	if query["jobId"] == "" {
		s.answerError(c, badRequest("jobId parameter is required."))

		return
	}

	form, err := readResultForm(c, query)
	if err == nil {
		err = s.answerStatus(c, found.ID, query["jobId"], form)
	}

	if err != nil {
		s.answerError(c, err)
	}
}

func (s *Server) answerStatus(c *gin.Context, appID, jobID string, form resultForm) error {
	ctx, cancel := context.WithTimeout(c.Request.Context(), callTimeout)
	defer cancel()

	for {
		described, err := s.describe(ctx, jobID)
		if err != nil {
			return err
		}

		if memoText(described, job.MemoAppID) != appID {
			return noJob(jobID)
		}

		info := described.GetWorkflowExecutionInfo()
		if info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
			ended, err := s.end(ctx, jobID, info.GetExecution().GetRunId())
			if err != nil {
				return err
			}

			if ended.Status != job.Completed {
				form.mediaType = formJSON // That it failed is no table.
			}

			s.stream(c, http.StatusOK, envelope{Status: "success", Result: ended}, ended.results, form)

			return nil
		}

		current, running, err := s.current(ctx, described)
		if err != nil {
			return err
		}

		if running {
			c.JSON(http.StatusOK, envelope{Status: "success", Result: current})

			return nil
		}

		// Since it was described, the job has ended, or goes on in another run.
	}
}

// current asks the job's workflow where it stands. When no worker answers, Temporal's own record has to do. The job is
// not running when this run of it ended since it was described.
func (s *Server) current(
	ctx context.Context, described *workflowservice.DescribeWorkflowExecutionResponse,
) (current progress, running bool, err error) {
	execution := described.GetWorkflowExecutionInfo().GetExecution()
	current = progress{
		JobID:     execution.GetWorkflowId(),
		Status:    job.Running,
		StartedAt: described.GetWorkflowExecutionInfo().GetStartTime().AsTime(),
		Steps:     []job.StepStatus{},
	}

	if described.GetWorkflowExtendedInfo().GetCancelRequested() {
		current.Status = job.Stopping // Also before a worker has noticed, or when none does.
	}

	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()

	answer, err := s.options.Temporal.QueryWorkflowWithOptions(ctx, &client.QueryWorkflowWithOptionsRequest{
		WorkflowID:           execution.GetWorkflowId(), // In whichever run: the one described may have moved on.
		QueryType:            job.StatusQuery,
		QueryRejectCondition: enumspb.QUERY_REJECT_CONDITION_NOT_OPEN,
	})

	switch {
	case err != nil:
		current.Message = silence(described.GetPendingWorkflowTask().GetAttempt())
		s.options.Log.Warn("status query failed", "jobId", current.JobID, "error", err)
	case answer.QueryRejected != nil:
		return current, false, nil
	default:
		var status job.Status
		if err := answer.QueryResult.Get(&status); err != nil {
			return current, false, err
		}

		if !status.StartedAt.IsZero() {
			current.StartedAt = status.StartedAt
		}

		current.Status, current.Steps, current.Signals = status.State, status.Steps, status.Signals
	}

	for _, activity := range described.GetPendingActivities() {
		current.Steps = withActivity(current.Steps, activity)
	}

	return current, true, nil
}

// silence says why a job does not answer whose workflow task is in that attempt. One that is tried again and again was not
// lost with a worker: workers fail it.
func silence(attempt int32) string {
	const few = 3

	if attempt < few {
		return "no worker answers at the moment; this is what Temporal knows of the job"
	}

	return fmt.Sprintf("the job makes no progress: workers have failed its workflow task %d times, as they do when they run "+
		"another version than it was started with; Temporal UI has the reason, and the job goes on when a worker can run it",
		attempt-1)
}

// withActivity adds to the step that an activity belongs to what Temporal knows of the activity.
func withActivity(steps []job.StepStatus, activity *workflowpb.PendingActivityInfo) []job.StepStatus {
	path := job.StepPath(activity.GetActivityId())

	at := slices.IndexFunc(steps, func(step job.StepStatus) bool { return step.Path == path })
	if at < 0 {
		opName := activity.GetActivityType().GetName()
		steps = append(steps, job.StepStatus{Path: path, Title: opName, OpName: opName})
		at = len(steps) - 1
	}

	step := &steps[at]
	if step.EndedAt != nil {
		return steps // It ended since the job was described.
	}

	step.State = job.StepRunning

	var beat job.Progress
	if converter.GetDefaultDataConverter().FromPayloads(activity.GetHeartbeatDetails(), &beat) == nil {
		step.Rows += beat.Rows
		step.Bytes += beat.Bytes
	}

	// Of several that run at the same time, the one that has most trouble tells most.
	if activity.GetAttempt() < step.Attempt {
		return steps
	}

	step.Attempt = activity.GetAttempt()
	if failure := activity.GetLastFailure(); failure != nil {
		step.LastError = failure.GetMessage()
	}

	if next := activity.GetNextAttemptScheduleTime(); next != nil {
		at := next.AsTime()
		step.NextTry = &at
	}

	return steps
}

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

// queryTimeout limits the status query. After it, the response has only what Temporal itself knows about the job.
const queryTimeout = 2 * time.Second

// progress is the result of getJobStatus for a running job.
type progress struct {
	JobID   string    `json:"jobId"`
	Status  job.State `json:"status"`
	Message string    `json:"message,omitempty"`

	origin

	Steps []job.StepStatus `json:"steps"`

	Signals []job.AwaitedSignal `json:"signals,omitempty"` // The signals that the job waits for.
}

// getJobStatus responds with the status of a job and, if it has ended, with its results.
func (s *Server) getJobStatus(c *gin.Context) {
	query, err := readQuery(c, "apiKey", "appId", "jobId", "resultName", "offset", "limit")
	if err != nil {
		s.respondError(c, err)

		return
	}

	logOf(c).jobID = query["jobId"]

	caller, err := s.authorize(c, query["apiKey"], query["appId"], app.Status)
	if err != nil {
		s.respondError(c, err)

		return
	}

	if query["jobId"] == "" {
		s.respondError(c, badRequest("jobId parameter is required."))

		return
	}

	format, err := readResultFormat(c, query)
	if err == nil {
		err = s.respondStatus(c, caller.app.ID, query["jobId"], format)
	}

	if err != nil {
		s.respondError(c, err)
	}
}

func (s *Server) respondStatus(c *gin.Context, appID, jobID string, format resultFormat) error {
	ctx, cancel := context.WithTimeout(c.Request.Context(), callTimeout)
	defer cancel()

	for {
		described, err := s.describeOf(ctx, appID, jobID)
		if err != nil {
			return err
		}

		info := described.GetWorkflowExecutionInfo()
		if info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
			ended, err := s.waitForOutcome(ctx, jobID, info.GetExecution().GetRunId())
			if err != nil {
				return err
			}

			if ended.Status != job.Completed {
				format.mediaType = mediaJSON // CSV and NDJSON can't express a failure.
			}

			if format.mediaType == mediaJSON {
				if err := s.addOrigin(ctx, ended, described); err != nil {
					return err
				}
			}

			s.streamResults(c, http.StatusOK, envelope{Status: "success", Result: ended}, ended.results, format)

			return nil
		}

		current, running, err := s.progressOf(ctx, described)
		if err != nil {
			return err
		}

		if running {
			c.JSON(http.StatusOK, envelope{Status: "success", Result: current})

			return nil
		}

		// Since the description, the job has ended or continued in a new run.
	}
}

// progressOf queries the job's workflow for its progress. If no worker responds, the progress has only what Temporal knows.
// running is false if the described run has ended meanwhile.
func (s *Server) progressOf(
	ctx context.Context, described *workflowservice.DescribeWorkflowExecutionResponse,
) (current progress, running bool, err error) {
	execution := described.GetWorkflowExecutionInfo().GetExecution()
	current = progress{
		JobID:  execution.GetWorkflowId(),
		Status: job.Running,
		origin: originOf(described),
		Steps:  []job.StepStatus{},
	}

	if described.GetWorkflowExtendedInfo().GetCancelRequested() {
		current.Status = job.Stopping // Even if no worker has processed the request yet.
	}

	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()

	answer, err := s.options.Temporal.QueryWorkflowWithOptions(ctx, &client.QueryWorkflowWithOptionsRequest{
		WorkflowID:           execution.GetWorkflowId(), // Without a run: the described one may have continued in a new one.
		QueryType:            job.StatusQuery,
		QueryRejectCondition: enumspb.QUERY_REJECT_CONDITION_NOT_OPEN,
	})

	switch {
	case err != nil:
		current.Message = unresponsive(described.GetPendingWorkflowTask().GetAttempt())
		s.logUnresponsive(current.JobID, err)
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

		current.Parameters = job.HideSecrets(status.Parameters)
		current.Status, current.Steps, current.Signals = status.State, status.Steps, status.Signals
	}

	for _, activity := range described.GetPendingActivities() {
		current.Steps = withActivity(current.Steps, activity)
	}

	return current, true, nil
}

// unresponsive explains why the workflow does not respond, given the attempt of its pending workflow task. After several
// attempts, workers don't lose the task but fail it.
func unresponsive(attempt int32) string {
	const few = 3

	if attempt < few {
		return "no worker responds at the moment; this status has only what Temporal knows about the job"
	}

	return fmt.Sprintf("the job makes no progress: workers have failed its workflow task %d times, usually because they run "+
		"another version than the job was started with; Temporal UI shows the reason, and the job continues as soon as a "+
		"worker can run it",
		attempt-1)
}

// withActivity adds what Temporal knows about a pending activity to its step.
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
		return steps // It has ended since the description.
	}

	step.State = job.StepRunning

	var heartbeat job.Progress
	if converter.GetDefaultDataConverter().FromPayloads(activity.GetHeartbeatDetails(), &heartbeat) == nil {
		step.Rows += heartbeat.Rows
		step.Bytes += heartbeat.Bytes
		step.Rejected += heartbeat.Rejected
	}

	// Of several activities of one step, report the one with the most attempts.
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

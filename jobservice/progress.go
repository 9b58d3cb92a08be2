package jobservice

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/internal/clock"
	"github.com/jobwright/jobwright/job"
)

// queryTimeout limits the status query. After it, the response has only what Temporal itself knows about the job. A query may
// wait for the ends of two workflow tasks, each of which lasts a second while steps run in local activities.
const queryTimeout = 5 * time.Second

// Progress is the status of a running job.
type Progress struct {
	JobID   string    `json:"jobId" description:"The job."`
	Status  job.State `json:"status" enum:"running,queued,stopping,paused" description:"Whether the job runs, waits for a slot of its app, is being stopped, or rests."`
	Version int64     `json:"version" description:"The version, which grows with every change of the status."`
	Message string    `json:"message,omitempty" description:"Why the status has only what Temporal knows about the job, if no worker responds."`

	origin

	Paused *job.Pause `json:"paused,omitempty" description:"Since when the job is paused, and who paused it."`

	StoppedBy string `json:"stoppedBy,omitempty" description:"Of a job that is being stopped: the name of the access that stops it."`

	Steps []job.StepStatus `json:"steps" description:"The steps that the scenario defines."`

	Signals []job.AwaitedSignal `json:"signals,omitempty" description:"The signals that the job waits for."`

	Callbacks []job.Delivery `json:"callbacks,omitempty" description:"The callback that is called when the job ends, if there is one."`
}

// progressOf queries the job's workflow for its progress. If no worker responds, the progress has only what Temporal knows.
// running is false if the described run has ended meanwhile.
func (s *Service) progressOf(
	ctx context.Context, described *workflowservice.DescribeWorkflowExecutionResponse,
) (current Progress, running bool, err error) {
	execution := described.GetWorkflowExecutionInfo().GetExecution()
	current = Progress{
		JobID:  execution.GetWorkflowId(),
		Status: job.Running,
		origin: s.originOf(described),
		Steps:  []job.StepStatus{},
	}

	current.StoppedBy = memoField[string](s, described, job.MemoStoppedBy)

	if described.GetWorkflowExtendedInfo().GetCancelRequested() {
		current.Status = job.Stopping // Even if no worker has processed the request yet.
	}

	querying, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()

	query := &client.QueryWorkflowWithOptionsRequest{
		WorkflowID:           execution.GetWorkflowId(), // Without a run: the described one may have continued in a new one.
		QueryType:            job.StatusQuery,
		QueryRejectCondition: enumspb.QUERY_REJECT_CONDITION_NOT_OPEN,
	}
	answer, err := s.options.Temporal.QueryWorkflowWithOptions(querying, query)

	// The SDK gives an attempt half of the time, and a run may have ended during it.
	for isDeadline(err) && clock.Sleep(querying, busyPause) == nil {
		answer, err = s.options.Temporal.QueryWorkflowWithOptions(querying, query)
	}

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
		current.Status, current.Paused = status.State, status.Paused
		current.StoppedBy = cmp.Or(status.StoppedBy, current.StoppedBy)
		current.Steps, current.Signals = status.Steps, status.Signals
	}

	if current.Status == job.Stopping && current.StoppedBy == "" {
		current.StoppedBy = s.stoppedBy(ctx, described)
	}

	current.Steps = s.withActivities(current.Steps, described.GetPendingActivities())
	s.addQueueWaits(ctx, current.Steps, described.GetPendingActivities())
	job.WithPercent(current.Steps)

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

// withActivities returns the steps with what Temporal knows about the pending activities.
func (s *Service) withActivities(steps []job.StepStatus, activities []*workflowpb.PendingActivityInfo) []job.StepStatus {
	pending := map[string]int{} // The number of pending activities by the path of their step.
	for _, activity := range activities {
		pending[job.StepPath(activity.GetActivityId())]++
	}

	for _, activity := range activities {
		isOnly := pending[job.StepPath(activity.GetActivityId())] == 1
		steps = s.withActivity(steps, activity, isOnly)
	}

	for i := range steps {
		steps[i].Failed = 0 // It is a part of the attempts.
	}

	return steps
}

// withActivity adds what Temporal knows about a pending activity to its step. isOnly reports whether the step has no other one.
func (s *Service) withActivity(
	steps []job.StepStatus, activity *workflowpb.PendingActivityInfo, isOnly bool,
) []job.StepStatus {
	path := job.StepPath(activity.GetActivityId())
	if path == "" {
		return steps // It belongs to no step.
	}

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
	if s.decode(activity.GetHeartbeatDetails(), &heartbeat) == nil {
		if !hasHeartbeat(activity) {
			heartbeat.Advance = job.Advance{} // Of the attempt before.
		}

		step.AddProgress(heartbeat, isOnly && step.Runs <= 1)
	}

	// Of several activities of one step, report the one with the most attempts.
	attempt := step.Failed + activity.GetAttempt()
	if attempt < step.Attempt {
		return steps
	}

	step.Attempt = attempt
	if failure := activity.GetLastFailure(); failure != nil {
		step.LastError = s.messageOf(failure)
	}

	if next := activity.GetNextAttemptScheduleTime(); next != nil {
		at := next.AsTime()
		step.NextTry = &at
	}

	return steps
}

// hasHeartbeat reports whether the current attempt of an activity runs and has sent a heartbeat.
func hasHeartbeat(activity *workflowpb.PendingActivityInfo) bool {
	return activity.GetState() == enumspb.PENDING_ACTIVITY_STATE_STARTED &&
		!activity.GetLastHeartbeatTime().AsTime().Before(activity.GetLastStartedTime().AsTime())
}

// logUnresponsive logs that a job did not respond to the status query. A busy system can take longer than the query waits.
func (s *Service) logUnresponsive(jobID string, err error) {
	level := slog.LevelWarn
	if isDeadline(err) || errors.Is(err, context.Canceled) {
		level = slog.LevelInfo
	}

	s.options.Log.Log(context.Background(), level, "the job does not respond to the status query", "jobId", jobID, "error", err)
}

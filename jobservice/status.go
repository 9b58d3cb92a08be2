package jobservice

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/jobwright/jobwright/job"
)

// Status is the status of a job at one moment. Requests share it; nothing may change it.
type Status struct {
	JobID   string
	State   job.State
	Version int64 // It only grows while the job changes, and is greater than that of an earlier run.
	Ended   bool
	Fields  json.RawMessage // The status as a JSON object, without results.
	Results []job.Result    // Of an ended job.

	appID  string
	runID  string    // The current run of its workflow.
	readAt time.Time // When reading it began.

	// Of an ended job:
	firstRunID string
	listeners  *job.Listeners // nil if it has none.
	endedAt    time.Time
}

// size returns about how much memory the status needs, in bytes.
func (s *Status) size() int {
	const overhead = 512 // Of the structs and of the cache.

	size := overhead + len(s.JobID) + len(s.Fields)
	for _, result := range s.Results {
		size += overhead + len(result.Inline)
	}

	return size
}

// versionsOfRun is more than the number of state transitions of a workflow run.
const versionsOfRun = 1_000_000_000

// versionOf returns the version of the status of a described job, which only grows: within a run, Temporal counts the transitions
// of the workflow's state, which include the progress of its activities. runs is the number of runs before.
func versionOf(described *workflowservice.DescribeWorkflowExecutionResponse, runs int64) int64 {
	return runs*versionsOfRun + described.GetWorkflowExecutionInfo().GetStateTransitionCount()
}

// maxJobID is the longest jobId in bytes that Temporal accepts. The jobId of a child job contains the path of its step.
const maxJobID = 1000

// checkJobID rejects jobIds that Temporal would reject with a less helpful error.
func checkJobID(id string) error {
	switch {
	case id == "":
		return Invalid("jobId parameter is required.")
	case !utf8.ValidString(id):
		return Invalid("jobId must be UTF-8")
	case len(id) > maxJobID:
		return Invalid("a jobId has at most %d bytes, this one has %d", maxJobID, len(id))
	case strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsPrint(r) }):
		return Invalid("a jobId can't contain unprintable characters")
	}

	return nil
}

// Status returns the status of a job of the app. That of a running job is never older than the call. That of an ended job does
// not change, and comes from a cache; whether the job still exists is checked every [endedTTL].
func (s *Service) Status(ctx context.Context, appID, jobID string) (*Status, error) {
	status, err := s.statusOf(ctx, appID, jobID)
	if err == nil {
		status, err = s.withDeliveries(ctx, status)
	}

	return status, s.asError(ctx, jobID, err)
}

func (s *Service) statusOf(ctx context.Context, appID, jobID string) (*Status, error) {
	if err := checkJobID(jobID); err != nil {
		return nil, err
	}

	ctx, cancel := context.WithTimeout(ctx, 2*callTimeout) //nolint:mnd // For the read before, and for that of this call.
	defer cancel()

	status, isFresh := s.ended.get(jobID, time.Now())
	if !isFresh {
		var err error

		status, err = s.reads.do(ctx, jobID, func() (*Status, error) {
			reading, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
			defer cancel()

			return s.readStatus(reading, jobID)
		})
		if err != nil {
			return nil, err
		}
	}

	if status.appID != appID {
		return nil, jobNotFound(jobID) // A job of another app.
	}

	return status, nil
}

// readStatus reads the status of a job from Temporal.
func (s *Service) readStatus(ctx context.Context, jobID string) (*Status, error) {
	for {
		began := time.Now()

		// The read before this one may have found that the job has ended.
		if status, isFresh := s.ended.get(jobID, began); isFresh {
			return status, nil
		}

		described, err := s.describe(ctx, jobID)
		if err != nil {
			return nil, err
		}

		if described.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
			status, err := s.readEnded(ctx, described, began)
			if err == nil {
				s.ended.put(status, began)
				s.recent.add(jobID, status.appID, time.Now())
			}

			return status, err
		}

		status, running, err := s.readRunning(ctx, described, began)
		if err != nil || running {
			return status, err
		}

		// Since the description, the job has ended or continued in a new run.
	}
}

// readEnded returns the status of a described job that has ended.
func (s *Service) readEnded(
	ctx context.Context, described *workflowservice.DescribeWorkflowExecutionResponse, began time.Time,
) (*Status, error) {
	run := described.GetWorkflowExecutionInfo().GetExecution()
	if known := s.ended.ofRun(run.GetWorkflowId(), run.GetRunId()); known != nil {
		return known, nil
	}

	ended, err := s.waitForOutcome(ctx, run.GetWorkflowId(), run.GetRunId(), endOfJob{}, 0)
	if err != nil {
		return nil, err
	}

	started, err := s.startOf(ctx, run)
	if err != nil {
		return nil, err
	}

	found := s.originOf(described)
	found.Parameters = started.parameters

	if !ended.startedAt.IsZero() {
		found.StartedAt = ended.startedAt
	}

	job.WithPercent(ended.Steps)

	if ended.Status != job.Completed {
		ended.StoppedBy = s.stoppedBy(ctx, described)
	}

	closed := described.GetWorkflowExecutionInfo().GetCloseTime().AsTime()
	ended.EndedAt = &closed
	ended.origin, ended.Version = &found, versionOf(described, started.runs)

	fields, err := json.Marshal(ended)

	return &Status{
		JobID: run.GetWorkflowId(), State: ended.Status, Version: ended.Version, Ended: true, Fields: fields,
		Results: ended.Results, appID: found.App, runID: run.GetRunId(),
		firstRunID: described.GetWorkflowExecutionInfo().GetFirstRunId(),
		listeners:  memoField[*job.Listeners](s, described, job.MemoListeners),
		endedAt:    closed,
		readAt:     began,
	}, err
}

// readRunning returns the status of a described job that runs. running is false if the described run has ended meanwhile.
func (s *Service) readRunning(
	ctx context.Context, described *workflowservice.DescribeWorkflowExecutionResponse, began time.Time,
) (status *Status, running bool, err error) {
	current, running, err := s.progressOf(ctx, described)
	if err != nil || !running {
		return nil, running, err
	}

	info := described.GetWorkflowExecutionInfo()

	runs, err := s.runsBefore(ctx, info)
	if err != nil {
		return nil, true, err
	}

	current.Version = versionOf(described, runs)

	if listeners := memoField[job.Listeners](s, described, job.MemoListeners); listeners.Callback != nil {
		current.Callbacks = []job.Delivery{{URL: listeners.Callback.ShownURL(), State: job.DeliveryPending}}
	}

	fields, err := json.Marshal(current)

	return &Status{
		JobID: current.JobID, State: current.Status, Version: current.Version, Fields: fields,
		appID: current.App, runID: info.GetExecution().GetRunId(), readAt: began,
	}, true, err
}

// runsBefore returns how many runs the job had before the described one.
func (s *Service) runsBefore(ctx context.Context, info *workflowpb.WorkflowExecutionInfo) (int64, error) {
	runID := info.GetExecution().GetRunId()
	if runID == info.GetFirstRunId() {
		return 0, nil
	}

	if runs, known := s.runs.Get(runID); known {
		return runs, nil
	}

	started, err := s.startOf(ctx, info.GetExecution())
	if err == nil {
		s.runs.Add(runID, started.runs)
	}

	return started.runs, err
}

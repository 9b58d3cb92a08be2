package jobservice

import (
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/converter"

	"github.com/jobwright/jobwright/job"
)

// Entry is a job in a list.
type Entry struct {
	JobID       string            `json:"jobId"                 description:"The job."`
	Status      job.State         `json:"status"                description:"running, completed, completedWithError or stopped."`
	Code        string            `json:"code,omitempty"        description:"The code of the failure."`
	Scenario    string            `json:"scenario,omitempty"    description:"The scenario; a job of a single operation has none."`
	Caller      string            `json:"caller,omitempty"      description:"The name of the access that started the job."`
	Labels      map[string]string `json:"labels,omitempty"      description:"The labels of the call that started it."`
	Priority    int               `json:"priority,omitempty"    description:"The priority, from 1 (first) to 5, unless it is 3."`
	StartedAt   time.Time         `json:"startedAt"             description:"When the job was accepted."`
	EndedAt     *time.Time        `json:"endedAt,omitempty"     description:"When the job ended."`
	DurationMs  int64             `json:"durationMs"            description:"How long the job ran or, while it runs, has run so far, in milliseconds."`
	ParentJobID string            `json:"parentJobId,omitempty" description:"The job that started this one, of a child job."`

	continued bool // Whether the run that Temporal lists has ended, but the job has continued in another run.
}

// place returns the place of the job in lists.
func (e Entry) place() place { return place{startedAt: e.StartedAt, jobID: e.JobID} }

// ended reports whether the job has ended, so that its entry does not change any more.
func (e Entry) ended() bool { return e.EndedAt != nil }

// entryOf returns the entry of a job that Temporal lists or describes, and the app that it belongs to.
func (s *Service) entryOf(info *workflowpb.WorkflowExecutionInfo, now time.Time) (entry Entry, appID string) {
	memo, attributes := info.GetMemo().GetFields(), info.GetSearchAttributes().GetIndexedFields()

	entry = Entry{
		JobID: info.GetExecution().GetWorkflowId(), ParentJobID: info.GetParentExecution().GetWorkflowId(),
		Scenario: decoded[string](s.options.Converter, memo[job.MemoScenario]),
		Caller:   decoded[string](s.options.Converter, memo[job.MemoCaller]),
		Labels:   decoded[map[string]string](s.options.Converter, memo[job.MemoLabels]),
		Priority: decoded[int](s.options.Converter, memo[job.MemoPriority]),
	}

	// Temporal's start time is that of the last run.
	entry.StartedAt = decoded[time.Time](converter.GetDefaultDataConverter(), attributes[job.StartedAttribute.GetName()]).UTC()
	if entry.StartedAt.IsZero() {
		entry.StartedAt = info.GetStartTime().AsTime().Truncate(time.Millisecond)
	}

	end := now

	if closed := info.GetCloseTime(); closed != nil {
		end = closed.AsTime()
		entry.EndedAt = &end
	}

	entry.DurationMs = max(0, end.Sub(entry.StartedAt).Milliseconds())

	switch info.GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		entry.Status = job.Completed
	case enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED:
		entry.Status, entry.Code = job.Stopped, string(CodeJobStopped)
	case enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED:
		entry.Status, entry.Code = job.CompletedWithError, string(CodeJobTerminated)
	case enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		entry.Status, entry.Code = job.CompletedWithError, job.CodeInternal
	case enumspb.WORKFLOW_EXECUTION_STATUS_FAILED:
		entry.Status = job.CompletedWithError
		entry.Code = decoded[string](converter.GetDefaultDataConverter(), attributes[job.CodeAttribute.GetName()])
	case enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW:
		entry.Status, entry.EndedAt, entry.continued = job.Running, nil, true
	default:
		entry.Status, entry.EndedAt = job.Running, nil
	}

	return entry, decoded[string](s.options.Converter, memo[job.MemoAppID])
}

// decoded returns the value of a payload, or the zero value if there is none of that type.
func decoded[T any](by converter.DataConverter, payload *commonpb.Payload) (value T) {
	if payload == nil || by.FromPayload(payload, &value) != nil {
		return *new(T)
	}

	return value
}

package replay

import (
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"github.com/jobwright/jobwright/job"
)

// terminated returns the events with which Temporal ends a run that has these events, as the last ones of the run. A workflow task
// that a worker had begun fails.
func terminated(events []*historypb.HistoryEvent) []*historypb.HistoryEvent {
	next := func(of enumspb.EventType) *historypb.HistoryEvent {
		return &historypb.HistoryEvent{EventId: events[len(events)-1].GetEventId() + 1, EventType: of}
	}

	if last := events[len(events)-1]; last.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED {
		failed := next(enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED)
		failed.Attributes = &historypb.HistoryEvent_WorkflowTaskFailedEventAttributes{
			WorkflowTaskFailedEventAttributes: &historypb.WorkflowTaskFailedEventAttributes{
				ScheduledEventId: last.GetEventId() - 1, StartedEventId: last.GetEventId(),
				Cause: enumspb.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND,
			},
		}
		events = append(events, failed)
	}

	end := next(enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED)
	end.Attributes = &historypb.HistoryEvent_WorkflowExecutionTerminatedEventAttributes{
		WorkflowExecutionTerminatedEventAttributes: &historypb.WorkflowExecutionTerminatedEventAttributes{Reason: "a test"},
	}

	return append(events, end)
}

// A job can be terminated at any moment, also while a worker executes a workflow task of it.
func TestReplayOfAJobThatWasTerminatedAtAnyMoment(t *testing.T) {
	t.Parallel()

	for name, events := range recorded(t) {
		if events[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowType().GetName() != job.Workflow {
			continue
		}

		t.Run(name, func(t *testing.T) {
			t.Parallel()

			run := job.EarlierAttempt{JobID: executionOf(events).ID, RunID: executionOf(events).RunID}

			for _, length := range beginnings(events, 0) {
				if length == len(events) {
					continue // The job ended by itself.
				}

				whole := terminated(append([]*historypb.HistoryEvent{}, events[:length]...))
				isWorking := events[length-1].GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED
				require.Equal(t, isWorking, wasWorking(whole), "event %d of %d", length, len(events))

				ended := answered(whole)
				if len(ended) == 0 {
					require.Less(t, length, minEvents+1, "only before the first workflow task has completed")

					continue
				}

				recording, err := New(nil, nil).replay(ended, run, "")
				require.NoError(t, err, "event %d of %d", length, len(events))

				// Some states can't be continued from. The reason is never that the job has ended by itself.
				if _, err = recording.Continuation(run); err != nil {
					require.NotContains(t, err.Error(), "no step of it failed", "event %d of %d", length, len(events))
				}
			}
		})
	}
}

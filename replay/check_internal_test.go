package replay

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"
)

// recorded returns the golden histories.
func recorded(t *testing.T) map[string][]*historypb.HistoryEvent {
	t.Helper()

	paths, err := filepath.Glob(filepath.Join("..", "workflows", "testdata", "histories", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)

	found := map[string][]*historypb.HistoryEvent{}

	for _, path := range paths {
		file, err := os.Open(path)
		require.NoError(t, err)

		history, err := client.HistoryFromJSON(file, client.HistoryJSONOptions{})
		require.NoError(t, err)
		require.NoError(t, file.Close())

		found[filepath.Base(path)] = history.GetEvents()
	}

	return found
}

func executionOf(events []*historypb.HistoryEvent) workflow.Execution {
	started := events[0].GetWorkflowExecutionStartedEventAttributes()

	return workflow.Execution{ID: started.GetWorkflowId(), RunID: started.GetOriginalExecutionRunId()}
}

// begins are the events that Temporal stores apart from the ones before. The commands of a workflow task are stored together with
// its completion.
var begins = []enumspb.EventType{
	enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED, enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED,
	enumspb.EVENT_TYPE_TIMER_FIRED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
	enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED,
}

// beginnings returns how many events of a history there were at different times, from the one with the index from on.
func beginnings(events []*historypb.HistoryEvent, from int) []int {
	var lengths []int

	for i := from; i < len(events); i++ {
		if i+1 == len(events) || slices.Contains(begins, events[i+1].GetEventType()) {
			lengths = append(lengths, i+1)
		}
	}

	return lengths
}

// An open run is the beginning of a history.
func TestCheckAcceptsEachBeginningOfAHistory(t *testing.T) {
	t.Parallel()

	for name, events := range recorded(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			for _, length := range beginnings(events, 0) {
				result := New(nil, nil).compare(events[:length], executionOf(events))
				require.Nil(t, result, "event %d of %d", length, len(events))
			}
		})
	}
}

// Another version has begun the job, whose first activity had another name.
func TestCheckFindsTheFirstDifference(t *testing.T) {
	t.Parallel()

	checked := 0

	for name, events := range recorded(t) {
		first := -1
		for i, event := range events {
			if event.GetEventType() == enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED {
				first = i

				break
			}
		}

		if first < 0 {
			continue
		}

		checked++

		t.Run(name, func(t *testing.T) {
			t.Parallel()

			changed := append([]*historypb.HistoryEvent{}, events...)
			changed[first] = proto.CloneOf(events[first])
			attributes := changed[first].GetActivityTaskScheduledEventAttributes()
			attributes.ActivityType.Name = "Another"
			completed := attributes.GetWorkflowTaskCompletedEventId()

			for _, length := range beginnings(events, first) {
				result := New(nil, nil).compare(changed[:length], executionOf(events))
				require.NotNil(t, result, "event %d of %d", length, len(events))
				require.Equal(t, completed, result.EventID)
				require.Regexp(t, `^the history has ActivityTaskScheduled \S+ \(Another\), but this version would have ScheduleActivityTask `,
					result.Reason)
			}
		})
	}

	require.Positive(t, checked)
}

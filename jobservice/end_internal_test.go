package jobservice

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"

	"github.com/jobwright/jobwright/job"
)

// reportedEnds reports the end of every workflow with one command, after a delay.
type reportedEnds struct {
	command *commandpb.Command
	delay   time.Duration
}

func (r reportedEnds) Watch(string) (end <-chan *commandpb.Command, stop func()) {
	watcher := make(chan *commandpb.Command, 1)
	timer := time.AfterFunc(r.delay, func() { watcher <- r.command })

	return watcher, func() { timer.Stop() }
}

// The server has no client of Temporal, so a request would panic.
func TestWaitForOutcomeRequestsNothingIfTheEndIsReportedSoon(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		result, err := converter.GetDefaultDataConverter().ToPayloads(job.Outcome{Steps: []job.StepStatus{{Path: "1"}}})
		require.NoError(t, err)

		s := New(Options{Ends: reportedEnds{
			command: &commandpb.Command{
				CommandType: enumspb.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
				Attributes: &commandpb.Command_CompleteWorkflowExecutionCommandAttributes{
					CompleteWorkflowExecutionCommandAttributes: &commandpb.CompleteWorkflowExecutionCommandAttributes{Result: result},
				},
			},
			delay: newsGrace - 1,
		}})

		end := s.watchEnd("night 1")
		defer end.close()

		got, err := s.waitForOutcome(t.Context(), "night 1", "", end, newsGrace)
		require.NoError(t, err)
		require.Equal(t, &Outcome{JobID: "night 1", Status: job.Completed, Steps: []job.StepStatus{{Path: "1"}}}, got)
	})
}

func TestEndingOfCommandIgnoresCommandsThatEndNoWorkflow(t *testing.T) {
	t.Parallel()

	_, ok := endingOfCommand(&commandpb.Command{CommandType: enumspb.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION})
	require.False(t, ok)
}

// Workflows that are not Jobwright's may end so, or with a payload less.
func TestOutcomeOfEndingsWithoutPayloads(t *testing.T) {
	t.Parallel()

	s := New(Options{})

	for status, want := range map[enumspb.WorkflowExecutionStatus]job.State{
		enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:  job.Completed,
		enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED:   job.Stopped,
		enumspb.WORKFLOW_EXECUTION_STATUS_FAILED:     job.CompletedWithError,
		enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED: job.CompletedWithError,
		enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:  job.CompletedWithError,
	} {
		for _, payloads := range []*commonpb.Payloads{nil, {}} {
			got, err := s.outcomeOf("night 1", ending{status: status, payloads: payloads})
			require.NoError(t, err)
			require.Equal(t, want, got.Status)
			require.Equal(t, want == job.CompletedWithError, got.Message != "" && want != job.Stopped)
		}
	}
}

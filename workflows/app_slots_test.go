package workflows_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/workflows"
)

// slots runs the workflow of an app's slots in Temporal's test environment.
type slots struct {
	*testsuite.TestWorkflowEnvironment

	mutex   sync.Mutex          // The environment sends each signal in a goroutine.
	granted []string            // The jobIds that were signalled, in any order.
	checked [][]string          // The jobIds of each check.
	gone    map[string]struct{} // The jobs that have ended.
	answers map[string]bool     // What each job was last answered.
	last    job.SlotAnswer      // The last answer.
}

func newSlots(t *testing.T, gone ...string) *slots {
	t.Helper()

	var suite testsuite.WorkflowTestSuite

	s := &slots{
		TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), gone: map[string]struct{}{}, answers: map[string]bool{},
	}
	for _, jobID := range gone {
		s.gone[jobID] = struct{}{}
	}

	s.RegisterWorkflowWithOptions(workflows.AppSlots, workflow.RegisterOptions{Name: job.SlotsWorkflow})
	s.RegisterActivityWithOptions(func(_ context.Context, jobIDs []string) (ended []string, _ error) {
		s.checked = append(s.checked, jobIDs)

		for _, jobID := range jobIDs {
			if _, isGone := s.gone[jobID]; isGone {
				ended = append(ended, jobID)
			}
		}

		return ended, nil
	}, activity.RegisterOptions{Name: job.EndedJobsActivity})

	s.OnSignalExternalWorkflow(mock.Anything, mock.Anything, mock.Anything, job.GrantedSignal, mock.Anything).
		Return(func(_, jobID, _, _ string, _ any) error {
			if _, isGone := s.gone[jobID]; isGone {
				return errors.New("the workflow has ended")
			}

			s.mutex.Lock()
			defer s.mutex.Unlock()

			s.granted = append(s.granted, jobID)

			return nil
		})

	return s
}

// acquire requests a slot at a moment of the test.
func (s *slots) acquire(t *testing.T, after time.Duration, jobID string, limit int, queue bool) {
	t.Helper()

	s.request(t, after, job.SlotRequest{SlotHolder: job.SlotHolder{JobID: jobID}, AppID: "7", Limit: limit, Queue: queue})
}

// request sends a request at a moment of the test.
func (s *slots) request(t *testing.T, after time.Duration, request job.SlotRequest) {
	t.Helper()

	s.RegisterDelayedCallback(func() {
		s.UpdateWorkflow(job.AcquireUpdate, "", &testsuite.TestUpdateCallback{
			OnAccept: func() {}, OnReject: func(err error) { require.NoError(t, err) },
			OnComplete: func(answer any, err error) {
				require.NoError(t, err)

				s.last = answer.(job.SlotAnswer)
				s.answers[request.JobID] = s.last.Granted
			},
		}, request)
	}, after)
}

// release returns a slot at a moment of the test.
func (s *slots) release(after time.Duration, jobID string) {
	s.RegisterDelayedCallback(func() { s.SignalWorkflow(job.ReleaseSignal, job.SlotHolder{JobID: jobID}) }, after)
}

// run runs the workflow until the moment.
func (s *slots) run(t *testing.T, until time.Duration, state workflows.SlotsState) {
	t.Helper()

	s.RegisterDelayedCallback(s.CancelWorkflow, until)
	s.ExecuteWorkflow(job.SlotsWorkflow, state)
	require.True(t, s.IsWorkflowCompleted())
}

func TestAppSlotsAdmitUpToTheLimitInOrder(t *testing.T) {
	t.Parallel()

	s := newSlots(t)
	for i, jobID := range []string{"a", "b", "c", "d"} {
		s.acquire(t, time.Duration(i+1)*time.Millisecond, jobID, 2, true)
	}

	s.acquire(t, 10*time.Millisecond, "c", 2, true) // A repeated request.
	s.acquire(t, 20*time.Millisecond, "e", 2, false)
	s.release(30*time.Millisecond, "b")
	s.release(31*time.Millisecond, "b")
	s.run(t, time.Second, workflows.SlotsState{})

	require.Equal(t, map[string]bool{"a": true, "b": true, "c": false, "d": false, "e": false}, s.answers)
	require.Equal(t, []string{"c"}, s.granted)
}

func TestAppSlotsFollowTheLimit(t *testing.T) {
	t.Parallel()

	s := newSlots(t)
	s.acquire(t, time.Millisecond, "d", 3, false) // The first ones in the queue come first.
	s.run(t, time.Second, workflows.SlotsState{Limit: 1, Running: []job.SlotHolder{{JobID: "a"}}, Waiting: []job.SlotHolder{{JobID: "b"}, {JobID: "c"}}})

	require.Equal(t, map[string]bool{"d": false}, s.answers)
	require.ElementsMatch(t, []string{"b", "c"}, s.granted)
}

// Who has to wait learns why.
func TestAppSlotsAnswerWithTheLimits(t *testing.T) {
	t.Parallel()

	for _, queue := range []bool{true, false} {
		s := newSlots(t)
		s.acquire(t, time.Millisecond, "a", 2, true)
		s.acquire(t, 2*time.Millisecond, "b", 2, true)
		s.RegisterDelayedCallback(func() { require.Equal(t, job.SlotAnswer{Granted: true}, s.last) }, 3*time.Millisecond)
		s.request(t, 4*time.Millisecond, job.SlotRequest{
			SlotHolder: job.SlotHolder{JobID: "c"}, AppID: "7", Limit: 2, PerSecond: 5, Queue: queue,
		})
		s.run(t, time.Second, workflows.SlotsState{})

		require.Equal(t, job.SlotAnswer{Running: 2, Limit: 2, PerSecond: 5}, s.last)
	}
}

func TestAppSlotsDoNotLeak(t *testing.T) {
	t.Parallel()

	s := newSlots(t, "terminated", "stopped")
	s.acquire(t, time.Minute, "b", 1, true)
	s.run(t, 2*time.Minute, workflows.SlotsState{Limit: 1, Running: []job.SlotHolder{{JobID: "terminated"}}, Waiting: []job.SlotHolder{{JobID: "stopped"}, {JobID: "a"}}})

	require.Equal(t, []string{"a"}, s.granted, "a job that ended while it waited gets no slot")
	require.Equal(t, []string{"terminated"}, s.checked[0])
	require.Equal(t, []string{"a"}, s.checked[len(s.checked)-1], "while a job waits, holders are checked")
}

func TestAppSlotsContinueAsNew(t *testing.T) {
	t.Parallel()

	s := newSlots(t)
	s.acquire(t, time.Millisecond, "a", 1, true)
	s.acquire(t, 2*time.Millisecond, "b", 1, true)
	s.RegisterDelayedCallback(func() { s.SetContinueAsNewSuggested(true) }, 3*time.Millisecond)
	s.acquire(t, 4*time.Millisecond, "a", 1, true)
	s.run(t, time.Minute, workflows.SlotsState{})

	continued, ok := errors.AsType[*workflow.ContinueAsNewError](s.GetWorkflowError())
	require.True(t, ok, s.GetWorkflowError())

	var next workflows.SlotsState
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(continued.Input, &next))
	require.Equal(t, workflows.SlotsState{Limit: 1, Running: []job.SlotHolder{{JobID: "a"}}, Waiting: []job.SlotHolder{{JobID: "b"}}}, next)
}

func TestAppSlotsOfASourceAreForSteps(t *testing.T) {
	t.Parallel()

	s := newSlots(t)
	first, second := job.SlotHolder{JobID: "a", Step: "1#0.1"}, job.SlotHolder{JobID: "a", Step: "2#0.2"}

	s.OnSignalExternalWorkflow(mock.Anything, "a", mock.Anything, second.GrantedSignal(), mock.Anything).
		Return(func(_, _, _, signal string, _ any) error {
			s.mutex.Lock()
			defer s.mutex.Unlock()

			s.granted = append(s.granted, signal)

			return nil
		})

	s.request(t, time.Millisecond, job.SlotRequest{SlotHolder: first, Source: "db", Limit: 1, Queue: true})
	s.request(t, 2*time.Millisecond, job.SlotRequest{SlotHolder: second, Source: "db", Limit: 1, Queue: true})
	s.RegisterDelayedCallback(func() { require.Empty(t, s.granted) }, 3*time.Millisecond)
	s.RegisterDelayedCallback(func() { s.SignalWorkflow(job.ReleaseSignal, first) }, 4*time.Millisecond)
	s.run(t, time.Second, workflows.SlotsState{})

	require.Equal(t, []string{"slotGranted#2#0.2"}, s.granted)
}

func TestAppSlotsAreGrantedAtTheRate(t *testing.T) {
	t.Parallel()

	var begun []time.Duration

	s := newSlots(t)
	start := s.Now()

	s.OnSignalExternalWorkflow(mock.Anything, mock.Anything, mock.Anything, mock.Anything, mock.Anything).
		Return(func(string, string, string, string, any) error {
			s.mutex.Lock()
			defer s.mutex.Unlock()

			begun = append(begun, s.Now().Sub(start))

			return nil
		})

	for i := range 6 {
		s.request(t, time.Millisecond, job.SlotRequest{
			SlotHolder: job.SlotHolder{JobID: "a", Step: strconv.Itoa(i)}, Source: "db", PerSecond: 2, Queue: true,
		})
	}

	s.run(t, time.Minute, workflows.SlotsState{})

	// The first one, or two after an idle time, are granted at once. All others wait.
	require.GreaterOrEqual(t, len(begun), 4)
	require.LessOrEqual(t, begun[len(begun)-1], 3*time.Second)

	for i, at := range begun[1:] {
		require.GreaterOrEqual(t, at-begun[i], 400*time.Millisecond, begun)
	}
}

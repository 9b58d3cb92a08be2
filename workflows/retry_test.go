package workflows_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/workflows"
)

// target is what the steps of jobs change, with a ledger. One step fails in the first of two jobs.
type target struct {
	job     string // Which job runs: the first or the second.
	fault   string // The step that fails in the first job, with its job; empty for none.
	commits bool   // Whether this step makes its change before it fails.

	mutex      sync.Mutex
	ledger     map[string]bool
	changes    map[string]int // How often each step has made its change.
	recordings map[string]*workflows.Recording
}

func newTarget() *target {
	return &target{
		job: "first", ledger: map[string]bool{}, changes: map[string]int{}, recordings: map[string]*workflows.Recording{},
	}
}

// recording returns the recording of a job or a child of it.
func (w *target) recording(jobID string) *workflows.Recording {
	if w == nil || w.job != "first" {
		return nil
	}

	w.mutex.Lock()
	defer w.mutex.Unlock()

	if w.recordings[jobID] == nil {
		w.recordings[jobID] = workflows.NewRecording("")
	}

	return w.recordings[jobID]
}

// change makes the change of a step, unless the ledger has it. It reports whether the step fails.
func (w *target) change(task job.Task) (fails bool) {
	if w == nil {
		return false
	}

	w.mutex.Lock()
	defer w.mutex.Unlock()

	step := task.JobID + "/" + task.Step
	fails = w.job == "first" && step == w.fault
	key := w.job + " " + step

	if task.Earlier != nil {
		key = task.Earlier.RunID + " " + task.Earlier.JobID + "/" + task.Step
	}

	if (!fails || w.commits) && !w.ledger[key] {
		w.ledger[key] = true
		w.changes[step]++
	}

	return fails
}

// continuation returns where the job, or a child of it, continues.
func (w *target) continuation(jobID string) (*workflows.Continuation, error) {
	recording := w.recordings[jobID]
	if recording == nil {
		return nil, errors.New("the child has not begun")
	}

	found, err := recording.Continuation(job.EarlierAttempt{JobID: jobID, RunID: "first"})
	if err != nil {
		return nil, err
	}

	for _, step := range slices.Sorted(maps.Keys(found.Children)) {
		child, err := w.continuation(found.Children[step])
		if err != nil {
			return nil, err
		}

		if err := found.AddChild(step, child); err != nil {
			return nil, err
		}
	}

	return found, nil
}

// retried runs a program whose step fault fails, and continues the job in a second one. It returns nil if no job can.
func retried(t *rapid.T, program scenario.Program, fault string, under conditions) (*trial, *target) {
	var changed *target

	recordings := map[string]*workflows.Recording{}

	for range 2 { // The second time, the recordings know which failure is the last.
		changed = newTarget()
		changed.fault, changed.commits, changed.recordings = fault, under.target.commits, recordings
		under.target = changed

		first := try(t, program, under)
		if first.Failure == nil || first.Failure.Code != "injected" {
			return nil, nil // The scenario handles the failure.
		}
	}

	found, err := changed.continuation(trialID)
	if err != nil {
		return nil, nil
	}

	encoded, err := json.Marshal(found.Checkpoint)
	require.NoError(t, err)

	changed.job, under.checkpoint = "second", encoded
	second := try(t, program, under)
	require.NotEmpty(t, second.State, "%v", second.err)

	return second, changed
}

// requireSameEnd verifies that the second job ends as if the first had not failed, and that each step made its change once.
func requireSameEnd(t *rapid.T, want *trial, wanted *target, got *trial, changed *target, text string) {
	require.Equal(t, want.State, got.State, "%v\n%s", got.err, text)
	require.Equal(t, want.Value, got.Value, text)
	require.Equal(t, want.Failure, got.Failure, text)
	require.ElementsMatch(t, want.Results, got.Results, text)
	require.Equal(t, want.Steps, got.Steps, text)

	for step, times := range changed.changes {
		if strings.Contains(step, ".finally.") { // They run once for each job.
			require.LessOrEqual(t, times, 2*wanted.changes[step], "%s\n%s", step, text)

			continue
		}

		require.Equal(t, wanted.changes[step], times, "%s\n%s", step, text)
	}

	require.Equal(t, slices.Sorted(maps.Keys(wanted.changes)), slices.Sorted(maps.Keys(changed.changes)), text)
}

func TestPropertyJobThatContinuesAFailedOneEndsAsIfNothingHadFailed(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		program, text := randomProgram(t, freedom{})
		wanted := newTarget()
		want := try(t, program, conditions{target: wanted})

		if len(wanted.changes) == 0 {
			t.Skip()
		}

		under := conditions{target: &target{commits: rapid.Bool().Draw(t, "commits")}}
		if rapid.Bool().Draw(t, "continuing") {
			under.maxHistory = randomHistory(t)
		}

		fault := rapid.SampledFrom(slices.Sorted(maps.Keys(wanted.changes))).Draw(t, "fault")
		if got, changed := retried(t, program, fault, under); got != nil {
			requireSameEnd(t, want, wanted, got, changed, fmt.Sprintln(text, "\nfault:", fault))
		}
	})
}

// Concurrent steps that fail stop each other, and which one does depends on the time that each takes. So nothing fails here but
// the one step.
func TestPropertyConcurrentJobThatContinuesAFailedOneEndsAsIfNothingHadFailed(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		program, text := randomProgram(t, freedom{concurrent: true})
		wanted := newTarget()
		want := try(t, program, conditions{target: wanted})
		fails := func(e event) bool { return e.State == job.StepFailed || e.State == job.StepStopped }

		if len(wanted.changes) == 0 || slices.ContainsFunc(want.Trace, fails) {
			t.Skip()
		}

		under := conditions{target: &target{commits: rapid.Bool().Draw(t, "commits")}}
		if rapid.Bool().Draw(t, "continuing") {
			under.maxHistory = randomHistory(t)
		}

		fault := rapid.SampledFrom(slices.Sorted(maps.Keys(wanted.changes))).Draw(t, "fault")
		if got, changed := retried(t, program, fault, under); got != nil {
			requireSameEnd(t, want, wanted, got, changed, fmt.Sprintln(text, "\nfault:", fault))
		}
	})
}

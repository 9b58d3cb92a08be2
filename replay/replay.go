// Package replay replays the histories of jobs. Temporal stores no state of a job but its history: every decision, and every
// outcome on which it depended. The package replays the history, as a worker does after a crash, to find the state from which
// another job continues an ended one, and to check that a worker of this version can continue running jobs.
package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/workflows"
)

// maxCheckpoint bounds the state in which a job continues, in bytes: Temporal rejects an argument of 2 MiB.
const maxCheckpoint = 1_900_000

// maxReplays bounds the histories that are replayed at the same time; each can have 50 MB.
const maxReplays = 2

// Replayer replays the histories of jobs. It is safe for concurrent use.
type Replayer struct {
	temporal  client.Client
	converter converter.DataConverter
	slots     chan struct{}
}

// New returns a replayer of the jobs of a connection to Temporal, whose data converter is dataConverter; nil means Temporal's
// default.
func New(connection client.Client, dataConverter converter.DataConverter) *Replayer {
	return &Replayer{temporal: connection, converter: dataConverter, slots: make(chan struct{}, maxReplays)}
}

// Plan returns what becomes of the steps of a job that runs a whole program.
func (r *Replayer) Plan(program scenario.Program) []job.PlannedStep { return workflows.PlanOf(program) }

// Continuation returns the state in which another job continues an ended one: before the step with the path from begins, or, if
// from is empty, where the ended job failed, was stopped or was terminated. run is the last run of the ended job. The other job
// has other values of the parameters that changed names.
//
// The error is a [job.NotContinuableError] if no job can continue there, or that of a request to Temporal.
func (r *Replayer) Continuation(
	ctx context.Context, run job.EarlierAttempt, from string, changed []string,
) (*job.Continuation, error) {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}

	defer func() { <-r.slots }()

	found, err := r.find(ctx, run, from, changed)
	if err != nil {
		return nil, err
	}

	encoded, err := json.Marshal(found.Checkpoint)
	if err == nil && len(encoded) > maxCheckpoint {
		err = refused("the state of the job has %d bytes, and %d is the most; retry the job whole", len(encoded), maxCheckpoint)
	}

	return &job.Continuation{Checkpoint: encoded, Plan: found.Plan(), Interrupted: found.Interrupted}, err
}

// find replays the runs of a job, the last one first, until one has begun the step.
func (r *Replayer) find(
	ctx context.Context, run job.EarlierAttempt, from string, changed []string,
) (*workflows.Continuation, error) {
	for first := ""; ; {
		history, err := r.history(ctx, run)
		if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
			return nil, refused("Temporal has deleted the history of the job's run %s; retry the job whole", run.RunID)
		}

		if err != nil {
			return nil, err
		}

		before := history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId()
		events := answered(history.GetEvents())

		if from == "" && wasWorking(history.GetEvents()) {
			return nil, refused("a worker executed steps when the job was terminated, and Temporal does not know which of them " +
				"have made their change; name the step from which they run again, or retry the job whole")
		}

		if len(events) == 0 && before == "" {
			return nil, refused("the job was terminated before it began a step; retry the job whole")
		}

		if len(events) == 0 {
			run.RunID = before

			continue
		}

		recording, err := r.replay(events, run, from)
		if err != nil {
			return nil, err
		}

		found, err := recording.Continuation(run)
		if err == nil {
			if len(changed) > 0 {
				found.Change(changed)
			}

			return found, r.addChildren(ctx, found, changed)
		}

		if !errors.Is(err, workflows.ErrNotBegun) {
			return nil, err
		}

		if round, ok := recording.Began(from); ok {
			first = round
		}

		if run.RunID = before; run.RunID == "" {
			return nil, notBegun(recording.Program(), from, first)
		}
	}
}

// notBegun returns the error for a step that no run has begun. round is a path with rounds of the same step, if one has begun.
func notBegun(program scenario.Program, from, round string) error {
	var paths []string
	for _, step := range workflows.PlanOf(program) {
		paths = append(paths, step.Path)
	}

	failed := &job.NotContinuableError{UnknownStep: true}

	switch {
	case !slices.Contains(paths, job.StepPath(from)):
		failed.Reason = fmt.Sprintf("the job has no step %s; %s", from, problem.Suggest(from, paths))
	case round != "":
		failed.Reason = fmt.Sprintf("the step %s ran in rounds; name one of them, such as %s", from, round)
	default:
		failed.Reason = fmt.Sprintf("the step %s did not begin in this job", from)
	}

	return failed
}

// history returns the history of a run. The error is a [serviceerror.NotFound] if Temporal has deleted it.
func (r *Replayer) history(ctx context.Context, run job.EarlierAttempt) (*historypb.History, error) {
	events := r.temporal.GetWorkflowHistory(ctx, run.JobID, run.RunID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	history := &historypb.History{}

	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return nil, err
		}

		history.Events = append(history.Events, event)
	}

	return history, nil
}

// options returns the options of a replayer of Temporal's SDK, which decodes payloads and failures.
func (r *Replayer) options() worker.WorkflowReplayerOptions {
	return worker.WorkflowReplayerOptions{
		DataConverter: r.converter, DisableDeadlockDetection: true,
		FailureConverter: temporal.NewDefaultFailureConverter(
			temporal.DefaultFailureConverterOptions{DataConverter: r.converter}),
	}
}

// replay replays the events of a run, as often as the recording needs it.
func (r *Replayer) replay(events []*historypb.HistoryEvent, run job.EarlierAttempt, from string) (*workflows.Recording, error) {
	recording := workflows.NewRecording(from)

	replayer, err := worker.NewWorkflowReplayerWithOptions(r.options())
	if err != nil {
		return nil, err
	}

	interpreter := workflows.Interpreter{Recording: recording}
	replayer.RegisterWorkflowWithOptions(interpreter.RunScenario, workflow.RegisterOptions{Name: job.Workflow})

	log := sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))
	original := worker.ReplayWorkflowHistoryOptions{
		OriginalExecution: workflow.Execution{ID: run.JobID, RunID: run.RunID},
	}

	for again := true; again; again = recording.Next() {
		if err := replayer.ReplayWorkflowHistoryWithOptions(log, &historypb.History{Events: events}, original); err != nil {
			return nil, refused("this version can't replay the history of the job; retry the job whole: %v", err)
		}
	}

	return recording, nil
}

// addChildren makes the child jobs of interrupted steps continue, too.
func (r *Replayer) addChildren(ctx context.Context, found *workflows.Continuation, changed []string) error {
	for _, step := range slices.Sorted(maps.Keys(found.Children)) {
		jobID := found.Children[step]

		described, err := r.temporal.DescribeWorkflowExecution(ctx, jobID, "")
		if _, missing := errors.AsType[*serviceerror.NotFound](err); missing {
			continue // The step has not started it.
		}

		if err != nil {
			return err
		}

		info := described.GetWorkflowExecutionInfo()

		switch info.GetStatus() {
		case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING:
			return refused("the job %s that the step %s has started still runs; repeat the call when it has ended", jobID, step)
		case enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:
			return refused("the job %s that the step %s has started completed later; name the step to run it again", jobID, step)
		}

		child, err := r.find(ctx, job.EarlierAttempt{JobID: jobID, RunID: info.GetExecution().GetRunId()}, "", changed)

		if failed, ok := errors.AsType[*job.NotContinuableError](err); ok {
			return refused("the job %s that the step %s has started can't continue; name the step to run it again: %s",
				jobID, step, failed.Reason)
		}

		if err != nil {
			return err
		}

		if err := found.AddChild(step, child); err != nil {
			return err
		}
	}

	return nil
}

func refused(format string, arguments ...any) error {
	return &job.NotContinuableError{Reason: fmt.Sprintf(format, arguments...)}
}

package schedule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/audit"
	"github.com/jobwright/jobwright/internal/heartbeat"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
)

// LookUp reads the values that expressions require, as an activity.
type LookUp func(context.Context, job.Task, job.LookUp) (*job.Found, error)

// Firings are the activities of the workflow FireSchedule. Every exported method is one activity, registered under the method's
// name. Each attempt uses the files of the app as they are then.
type Firings struct {
	jobs   *jobservice.Service
	apps   *app.Catalog
	lookUp LookUp
	audit  *audit.Log
}

// NewFirings returns the activities for the apps of a catalog. They record in the audit log which jobs they start and stop.
func NewFirings(jobs *jobservice.Service, apps *app.Catalog, lookUp LookUp, log *audit.Log) *Firings {
	return &Firings{jobs: jobs, apps: apps, lookUp: lookUp, audit: log}
}

// PrepareFiring decides what to start for a firing. It starts nothing.
func (f *Firings) PrepareFiring(ctx context.Context, task job.FiringTask) (*job.FiringPlan, error) {
	plan := &job.FiringPlan{AppID: task.AppID, Schedule: task.Schedule, Wait: task.Wait}

	of, err := f.app(task.AppID)
	if errors.Is(err, app.ErrNotFound) {
		plan.Skipped = "there is no app " + task.AppID

		return plan, nil
	}

	if err != nil {
		return nil, err
	}

	schedule, ok := of.Schedule(task.Schedule)

	switch {
	case !ok:
		plan.Skipped = "app.yaml no longer has the schedule"
	case schedule.Misfires(task.At):
		plan.Skipped = fmt.Sprintf("the clock in %s was changed, and the schedule does not fire at this time", schedule.TimeZone)
	default:
		err = f.plan(ctx, of, schedule, task, plan)
	}

	if err != nil {
		f.record(ctx, "executeJob", *plan, "", err)
	}

	return plan, asFailure(err)
}

// app returns an app. The error of an invalid one is retried, until its app.yaml is corrected.
func (f *Firings) app(id string) (*app.App, error) {
	found, err := f.apps.App(id)
	if _, isInvalid := errors.AsType[*app.InvalidError](err); isInvalid {
		return nil, temporal.NewApplicationErrorWithOptions(err.Error(), job.CodeAppInvalid, temporal.ApplicationErrorOptions{})
	}

	return found, err
}

// plan completes the plan of a firing of a schedule.
func (f *Firings) plan(
	ctx context.Context, of *app.App, schedule app.Schedule, task job.FiringTask, plan *job.FiringPlan,
) error {
	if err := f.findJob(ctx, task, plan); err != nil || plan.Skipped != "" || plan.Runs {
		return err
	}

	if err := of.CheckSchedule(schedule); err != nil {
		if problems, ok := errors.AsType[problem.List](err); ok {
			return jobservice.WithProblems(CodeScheduleInvalid, problems)
		}

		return err
	}

	evaluator := newEvaluator(of, schedule, task, plan.JobID, f.lookUp)

	holds, err := evaluator.condition(ctx)
	if err != nil {
		return err
	}

	if !holds {
		plan.Skipped, plan.JobID = "its condition onlyIf is false", ""

		return nil
	}

	plan.Scenario = schedule.Scenario
	plan.Parameters, err = evaluator.parameters(ctx)

	return err
}

// maxTries bounds the jobs of one time of a schedule.
const maxTries = 1_000

// findJob finds out which jobs the schedule has started for the time before: a completed one is not repeated unless that was
// asked for, a running one is awaited, and a failed or stopped one is tried again with another jobId.
func (f *Firings) findJob(ctx context.Context, task job.FiringTask, plan *job.FiringPlan) error {
	for try := 1; try <= maxTries; try++ {
		plan.JobID = job.FiringJobID(task.AppID, task.Schedule, task.At, try)

		status, err := f.jobs.Status(ctx, task.AppID, plan.JobID)
		if jobservice.HasCode(err, jobservice.CodeJobNotFound) {
			return nil
		}

		switch {
		case err != nil:
			return err
		case !status.Ended:
			plan.Runs = true

			return nil
		case status.State == job.Completed && !task.Repeats(beginOf(status)):
			plan.Skipped = "its job has completed before"

			return nil
		}
	}

	return jobservice.NewError(CodeScheduleInvalid, "the schedule has started %d jobs for this time", maxTries)
}

// beginOf returns when a job began.
func beginOf(status *jobservice.Status) time.Time {
	var fields struct {
		StartedAt time.Time `json:"startedAt"`
	}

	_ = json.Unmarshal(status.Fields, &fields) // The service has written them.

	return fields.StartedAt
}

// RunFiring starts the job of a firing, or finds the job that an earlier attempt has started. Then it waits for the end of the
// job, if the firing does.
func (f *Firings) RunFiring(ctx context.Context, plan job.FiringPlan) (job.FiringState, error) {
	ctx, end := untilStopped(ctx)
	defer end()

	if !plan.Runs {
		if err := f.start(ctx, plan); err != nil {
			return "", ended(ctx, asFailure(err))
		}
	}

	if !plan.Wait {
		return job.FiringStarted, nil
	}

	state, err := f.await(ctx, plan)

	return state, ended(ctx, asFailure(err))
}

// start starts the job with the scenario as it is now.
func (f *Firings) start(ctx context.Context, plan job.FiringPlan) error {
	of, err := f.app(plan.AppID)
	if err != nil {
		return err
	}

	started, err := f.jobs.Start(ctx, jobservice.Request{
		Caller: callerOf(of, plan.Schedule),
		Operation: jsonvalue.Object{"opName": scenario.OpRunScenario, "opParams": map[string]any{
			"scenario": plan.Scenario, "parameters": map[string]any(plan.Parameters),
		}},
		JobID: plan.JobID, Labels: map[string]string{job.LabelSchedule: plan.Schedule},
	})
	if err != nil {
		f.record(ctx, "executeJob", plan, "", err)

		return err
	}

	started.Close()
	f.record(ctx, "executeJob", plan, started.Scenario, nil)

	return nil
}

// record writes a line to the audit log about a job that the schedule starts or stops, as the call of that name would. started is
// the scenario of a new job. An error after which the attempt is repeated gets no line.
func (f *Firings) record(ctx context.Context, call string, plan job.FiringPlan, started string, err error) {
	outcome := audit.OK

	if err != nil {
		failed, ok := errors.AsType[*jobservice.Error](err)
		if !ok || !isFinal(failed) {
			return
		}

		outcome = string(failed.Code)
	}

	f.audit.Record(ctx, audit.Entry{
		Call: call, App: plan.AppID, Access: accessOf(plan.Schedule), JobID: plan.JobID, Scenario: started, Outcome: outcome,
	})
}

// callerOf returns a schedule as the caller of its jobs. It may run every scenario of its app, whose operator has written it.
func callerOf(of *app.App, schedule string) jobservice.Caller {
	return jobservice.Caller{App: of, Access: app.Access{Name: accessOf(schedule)}}
}

// accessOf returns the name of a schedule as a caller.
func accessOf(schedule string) string { return "schedule " + schedule }

// maxAwait is the length of one wait for a job.
const maxAwait = time.Hour

// await waits for the end of the job.
func (f *Firings) await(ctx context.Context, plan job.FiringPlan) (job.FiringState, error) {
	for {
		began := time.Now()
		status, err := f.jobs.AwaitStatus(ctx, plan.AppID, plan.JobID, jobservice.Wait{Length: maxAwait})

		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case err != nil:
			return "", err
		case status.Ended:
			return job.FiringState(status.State), nil
		case time.Since(began) < maxAwait: // The service closes.
			return "", errStopping
		}
	}
}

// StopFiring stops the job of a firing, if it was started, and waits for its end.
func (f *Firings) StopFiring(ctx context.Context, plan job.FiringPlan) (job.FiringState, error) {
	ctx, end := untilStopped(ctx)
	defer end()

	of, err := f.app(plan.AppID)
	if err != nil {
		return "", err
	}

	_, err = f.jobs.Stop(ctx, callerOf(of, plan.Schedule), plan.JobID)
	if jobservice.HasCode(err, jobservice.CodeJobNotFound) {
		return job.FiringSkipped, nil
	}

	f.record(ctx, "stopJob", plan, "", err)

	if err != nil {
		return "", ended(ctx, asFailure(err))
	}

	state, err := f.await(ctx, plan)

	return state, ended(ctx, asFailure(err))
}

// heartbeatInterval is the time between two heartbeats of an activity that waits. By heartbeats, it also learns that it is
// cancelled.
const heartbeatInterval = 10 * time.Second

// errStopping is the cause of the end of an attempt whose worker stops.
var errStopping = errors.New("the worker was stopped; another worker continues")

// untilStopped sends heartbeats until end is called. The context ends when the activity is cancelled or its worker stops.
func untilStopped(ctx context.Context) (_ context.Context, end func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	heartbeat.Start(ctx, heartbeatInterval)

	go func() {
		select {
		case <-ctx.Done():
		case <-activity.GetWorkerStopChannel(ctx):
			cancel(errStopping)
		}
	}()

	return ctx, func() { cancel(nil) }
}

// ended returns the error of an attempt: a retryable one if it ended because its worker stops.
func ended(ctx context.Context, err error) error {
	switch {
	case err == nil || ctx.Err() == nil:
		return err
	case errors.Is(context.Cause(ctx), errStopping):
		return errStopping
	default:
		return temporal.NewCanceledError()
	}
}

// asFailure returns an error as one whose retry policy Temporal knows: mistakes of the definition are not retried.
func asFailure(err error) error {
	failed, ok := errors.AsType[*jobservice.Error](err)
	if !ok {
		return err
	}

	return temporal.NewApplicationErrorWithOptions(failed.Message, string(failed.Code), temporal.ApplicationErrorOptions{
		NonRetryable: isFinal(failed), NextRetryDelay: failed.RetryAfter, Cause: failed.Unwrap(),
	})
}

// isFinal reports whether a repetition of the request would have the same error.
func isFinal(failed *jobservice.Error) bool {
	return failed.RetryAfter == 0 && failed.Code != jobservice.CodeInternal
}

// evaluator evaluates the expressions of a schedule when it fires.
type evaluator struct {
	schedule app.Schedule
	scope    *scenario.Scope
	moment   expression.Moment
	task     job.Task
	lookUp   LookUp
}

// newEvaluator returns the evaluator of a firing whose job will have that jobId.
func newEvaluator(of *app.App, schedule app.Schedule, firing job.FiringTask, jobID string, lookUp LookUp) *evaluator {
	now := time.Now()
	scope := scenario.JobScope{ID: jobID, AppID: of.ID, Scenario: schedule.Scenario, StartedAt: now}

	return &evaluator{
		schedule: schedule, lookUp: lookUp,
		scope: scenario.NewScope(scope, of.Variables, jsonvalue.Object{
			scenario.NameScheduledAt: expression.FormatTimestamp(firing.At),
		}),
		moment: expression.Moment{Now: now, Seed: jobID},
		task:   job.Task{AppID: of.ID, JobID: jobID, Step: "schedule"},
	}
}

// condition reports whether the schedule's condition is true. A query may also return 1, as databases without booleans do, and no
// record is false.
func (e *evaluator) condition(ctx context.Context) (bool, error) {
	if e.schedule.OnlyIf == nil {
		return true, nil
	}

	value, err := e.evaluate(ctx, e.schedule.OnlyIf, "onlyIf")
	if err != nil {
		return false, err
	}

	switch value {
	case true, int64(1):
		return true, nil
	case false, int64(0), nil:
		return false, nil
	default:
		return false, jobservice.NewError(CodeScheduleInvalid, "onlyIf of the schedule %s must give true or false, but gives %s",
			e.schedule.Name, jsonvalue.Describe(value))
	}
}

// parameters returns the parameters of the scenario.
func (e *evaluator) parameters(ctx context.Context) (jsonvalue.Object, error) {
	evaluated, err := e.evaluate(ctx, map[string]any(e.schedule.Parameters), "parameters")
	found, _ := evaluated.(map[string]any)

	return found, err
}

// maxLookUps bounds the look-ups of one value: the result of a look-up may be necessary for the next one.
const maxLookUps = 10

// evaluate evaluates a field of the schedule, and looks up the values that its expressions lack. The error of a look-up says
// whether a retry can help.
func (e *evaluator) evaluate(ctx context.Context, value any, field string) (any, error) {
	for range maxLookUps {
		evaluated, err := e.scope.Evaluate(value, e.moment.At(field))
		if err == nil {
			return evaluated, nil
		}

		missing, ok := errors.AsType[*expression.Missing](err)
		if !ok {
			return nil, jobservice.NewError(CodeScheduleInvalid,
				"%s of the schedule %s: %v", field, e.schedule.Name, err)
		}

		found, err := e.lookUp(ctx, e.task, job.LookUp{Queries: missing.Queries, Variables: missing.Variables})
		if err != nil {
			return nil, err
		}

		if e.moment, err = e.moment.With(missing, found.Cells, found.Variables); err != nil {
			return nil, err
		}
	}

	return nil, jobservice.NewError(CodeScheduleInvalid,
		"%s of the schedule %s needs more than %d look-ups, each for the next one",
		field, e.schedule.Name, maxLookUps)
}

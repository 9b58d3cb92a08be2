package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// Metrics of jobs and steps. The worker that completes a workflow task reports them, and replays report nothing. A crash of the
// worker between the report and the end of the task repeats the task, and so the report. docs/metrics.md lists them.

// countStart counts the start of a job, in the first run of its workflow.
func countStart(ctx workflow.Context, input job.Input) {
	workflow.GetMetricsHandler(ctx).WithTags(tagsOf(input)).Counter("jobwright_jobs_started").Inc(1)
}

// countEnd counts the end of a job. The histogram has no scenario: with every scenario of every app, it would have too many time
// series.
func countEnd(ctx workflow.Context, input job.Input, startedAt time.Time, ended error) {
	if workflow.IsContinueAsNewError(ended) {
		return
	}

	metrics := workflow.GetMetricsHandler(ctx).WithTags(map[string]string{"app": input.AppID, "status": string(endState(ended))})

	metrics.WithTags(tagsOf(input)).Counter("jobwright_jobs_ended").Inc(1)
	metrics.Timer("jobwright_job_duration").Record(workflow.Now(ctx).Sub(startedAt))
}

// tagsOf returns the app and the scenario of a job. A job of a single operation has the name of the operation.
func tagsOf(input job.Input) map[string]string {
	return map[string]string{"app": input.AppID, "scenario": input.Scenario}
}

// countStep counts the end of a step, whose duration includes all attempts and the pauses between them.
func (m *machine) countStep(ctx workflow.Context, s *step, state job.StepState) {
	workflow.GetMetricsHandler(ctx).WithTags(map[string]string{"operation": s.OpName, "status": string(state)}).
		Timer("jobwright_step_duration").Record(workflow.Now(ctx).Sub(s.frame.StartedAt))
}

// countFiring counts a firing of a schedule, when it has ended.
func countFiring(ctx workflow.Context, action job.ScheduleAction, firing job.Firing) {
	workflow.GetMetricsHandler(ctx).WithTags(map[string]string{
		"app": action.AppID, "schedule": action.Schedule, "state": string(firing.State),
	}).Counter("jobwright_schedule_firings").Inc(1)
}

package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// Registry is a worker, or a replayer of histories.
type Registry interface {
	RegisterWorkflowWithOptions(definition any, options workflow.RegisterOptions)
}

// Workers that are versions of a Worker Deployment report the behavior of each workflow to Temporal.
//
// A pinned workflow runs on workers of the version on which it began, so that a new version can't break it. Jobs are pinned:
// their interpreter is what changes most between versions. A long job continues in the current version, see [machine.mustMove].
//
// The other workflows move to the current version with their next task. They are small, and a change of them needs
// [workflow.GetVersion]; golden histories test it. Some never end, and the rest can outlive their job by days. If they were
// pinned, they would keep workers of an old version busy for as long.
const (
	pinned      = workflow.VersioningBehaviorPinned
	autoUpgrade = workflow.VersioningBehaviorAutoUpgrade
)

// definitions returns the workflows and their types.
func definitions() []definition {
	return []definition{
		{job.Workflow, RunScenario, pinned},
		{job.VariablesWorkflow, AppVariables, autoUpgrade},    // Never ends, and no event might wake it for months.
		{job.SlotsWorkflow, AppSlots, autoUpgrade},            // Likewise.
		{job.NotifyWorkflow, Notify, autoUpgrade},             // Retries for three days.
		{job.CheckSourceWorkflow, CheckSource, pinned},        // Ends within a minute.
		{job.FireScheduleWorkflow, FireSchedule, autoUpgrade}, // Waits for the end of its job.
		{job.DeleteWorkflow, DeleteJob, autoUpgrade},          // Waits for sources for an hour.
	}
}

type definition struct {
	name       string
	workflow   any
	versioning workflow.VersioningBehavior
}

// Register registers all workflows.
func Register(registry Registry) {
	for _, of := range definitions() {
		registry.RegisterWorkflowWithOptions(of.workflow, workflow.RegisterOptions{
			Name: of.name, VersioningBehavior: of.versioning,
		})
	}
}

// Types returns the types of all workflows.
func Types() []string {
	var types []string
	for _, of := range definitions() {
		types = append(types, of.name)
	}

	return types
}

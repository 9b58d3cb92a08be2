package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// Registry is a worker, or a replayer of histories.
type Registry interface {
	RegisterWorkflowWithOptions(definition any, options workflow.RegisterOptions)
}

// definitions returns the workflows and their types.
func definitions() []definition {
	return []definition{
		{job.Workflow, RunScenario},
		{job.VariablesWorkflow, AppVariables},
		{job.SlotsWorkflow, AppSlots},
		{job.NotifyWorkflow, Notify},
		{job.CheckSourceWorkflow, CheckSource},
		{job.FireScheduleWorkflow, FireSchedule},
		{job.DeleteWorkflow, DeleteJob},
	}
}

type definition struct {
	name     string
	workflow any
}

// Register registers all workflows.
func Register(registry Registry) {
	for _, of := range definitions() {
		registry.RegisterWorkflowWithOptions(of.workflow, workflow.RegisterOptions{Name: of.name})
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

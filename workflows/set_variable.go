package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// setVariable sets a variable of the job or of the app.
func (m *machine) setVariable(ctx workflow.Context, s *step) (jsonvalue.Object, error) {
	params, err := resolve[scenario.SetVariable](m, ctx, s)
	if err != nil {
		return nil, err
	}

	name, value := params.Name, params.Value.Any

	if err := checkSize(name, value); err != nil {
		return nil, err
	}

	if params.Scope != scenario.ScopeApp {
		if err := m.reserve(jsonvalue.SizeOf(value)); err != nil {
			return nil, err
		}

		if err := s.level.scope.Set(name, value); err != nil {
			return nil, failedWith(job.CodeParameterInvalid, "%v", err)
		}

		return jsonvalue.Object{"value": value}, nil
	}

	converted, err := s.level.scope.ConvertVariable(name, value)
	if err != nil {
		return nil, failedWith(job.CodeParameterInvalid, "the app's variable %s: %v", name, err)
	}

	variable := job.Variable{Name: name, Value: jsonvalue.Value{Any: converted}}

	if variable.ID, err = m.updateID(s, variable.Value); err != nil {
		return nil, err
	}

	call := activityCall{name: job.SetVariableActivity}

	return jsonvalue.Object{"value": converted}, m.callAuxiliary(ctx, s, call, variable, nil)
}

// updateID identifies the step's update of a variable to that value, so that it takes effect once, also if an earlier job has
// sent it.
func (m *machine) updateID(s *step, value jsonvalue.Value) (string, error) {
	task := job.Task{JobID: m.jobID}
	if err := m.continueAttempts(s, value, &task); err != nil {
		return "", err
	}

	if task.Earlier != nil {
		task.JobID = task.Earlier.JobID
	}

	id := task.JobID + "/" + s.instance
	if task.Input != "" {
		id += "#" + task.Input
	}

	return id, nil
}

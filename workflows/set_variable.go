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

	variable := job.Variable{Name: name, Value: jsonvalue.Value{Any: converted}, ID: m.updateID(s)}
	call := activityCall{name: job.SetVariableActivity}

	return jsonvalue.Object{"value": converted}, m.callAuxiliary(ctx, s, call, variable, nil)
}

// updateID identifies the step's update of a variable, so that it takes effect once, also if an earlier job has sent it.
func (m *machine) updateID(s *step) string {
	jobID := m.jobID
	if earlier, ok := m.checkpoint.Earlier[s.instance]; ok {
		jobID = earlier.JobID
	}

	return jobID + "/" + s.instance
}

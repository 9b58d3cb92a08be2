package workflows

import (
	"encoding/json"
	"maps"
	"slices"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// VariablesState is the state of an app's variables, which a run of [AppVariables] passes to the next one.
type VariablesState struct {
	Values  jsonvalue.Object `json:"values,omitempty"`
	Applied []string         `json:"applied,omitempty"` // The IDs of the last updates, oldest first.
}

const (
	maxApplied = 200   // IDs of updates that are stored. A client repeats an update within minutes, or never.
	maxUpdates = 1_000 // Updates of one run, which its history contains.
)

// AppVariables is the workflow that stores the variables of an app: it handles [job.SetVariableUpdate] and
// [job.VariablesQuery]. It never completes; cancelling it deletes the variables.
func AppVariables(ctx workflow.Context, state VariablesState) error {
	v := appVariables{state: state, sizes: map[string]int{}}
	if v.state.Values == nil {
		v.state.Values = jsonvalue.Object{}
	}

	for _, name := range slices.Sorted(maps.Keys(v.state.Values)) {
		v.sizes[name] = variableSize(name, v.state.Values[name])
		v.size += v.sizes[name]
	}

	if err := v.listen(ctx); err != nil {
		return err
	}

	err := workflow.Await(ctx, func() bool {
		isLong := v.updates >= maxUpdates || workflow.GetInfo(ctx).GetContinueAsNewSuggested()

		return isLong && workflow.AllHandlersFinished(ctx)
	})
	if err != nil {
		return err
	}

	return workflow.NewContinueAsNewError(ctx, job.VariablesWorkflow, v.state)
}

// appVariables is the state of a run.
type appVariables struct {
	state   VariablesState
	sizes   map[string]int // Bytes of each variable.
	size    int            // Bytes of all variables.
	updates int            // Updates of this run.
}

func (v *appVariables) listen(ctx workflow.Context) error {
	values := func() (jsonvalue.Object, error) { return v.state.Values, nil }

	err := workflow.SetQueryHandlerWithOptions(ctx, job.VariablesQuery, values, workflow.QueryHandlerOptions{
		Description: "The variables that were set. Others have the defaults of app.yaml.",
	})
	if err != nil {
		return err
	}

	return workflow.SetUpdateHandlerWithOptions(ctx, job.SetVariableUpdate, v.set, workflow.UpdateHandlerOptions{
		Validator:   v.validate,
		Description: "Sets a variable.",
	})
}

// set sets a variable, unless this update was applied before.
func (v *appVariables) set(_ workflow.Context, variable job.Variable) error {
	v.updates++

	if slices.Contains(v.state.Applied, variable.ID) {
		return nil
	}

	size := variableSize(variable.Name, variable.Value.Any)
	v.size += size - v.sizes[variable.Name]
	v.sizes[variable.Name] = size
	v.state.Values[variable.Name] = variable.Value.Any

	v.state.Applied = append(v.state.Applied, variable.ID)
	v.state.Applied = v.state.Applied[max(0, len(v.state.Applied)-maxApplied):]

	return nil
}

// validate rejects a variable before it becomes part of the history.
func (v *appVariables) validate(variable job.Variable) error {
	if slices.Contains(v.state.Applied, variable.ID) {
		return nil
	}

	old, exists := v.sizes[variable.Name]
	size := variableSize(variable.Name, variable.Value.Any)
	all := v.size + size - old

	switch {
	case size > job.MaxVariable:
		return rejected(job.VariableRejected,
			"the app's variable %s has %d bytes, and %d is the most; keep large data in a source",
			variable.Name, size, job.MaxVariable)
	case !exists && len(v.state.Values) >= job.MaxVariables:
		return rejected(job.VariableRejected, "the app has %d variables already, and that is the most; keep %s in a table",
			len(v.state.Values), variable.Name)
	case all > job.MaxAllVariables:
		return rejected(job.VariableRejected,
			"the app's variables would have %d bytes together, and %d is the most; keep %s in a table",
			all, job.MaxAllVariables, variable.Name)
	}

	return nil
}

// variableSize returns the size of a variable as JSON, in bytes.
func variableSize(name string, value any) int {
	encoded, err := json.Marshal(jsonvalue.Object{name: value})
	if err != nil {
		return job.MaxVariable + 1 // A variable that has no JSON is rejected.
	}

	return len(encoded)
}

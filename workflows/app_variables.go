package workflows

import (
	"encoding/json"
	"maps"
	"slices"

	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// VariablesState is what an app's variables take along when they continue as new.
type VariablesState struct {
	Values  jsonvalue.Object `json:"values,omitempty"`
	Applied []string         `json:"applied,omitempty"` // The IDs of the last settings, oldest first.
}

const (
	maxApplied = 200   // IDs of settings that are kept. A setting is repeated within minutes, or never.
	maxUpdates = 1_000 // Settings of one run, which its history holds.
)

// AppVariables is the workflow that holds the variables of an app: it takes [job.SetVariableUpdate] and answers
// [job.VariablesQuery]. It never ends; one that is cancelled forgets them.
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

// appVariables are the variables of an app.
type appVariables struct {
	state   VariablesState
	sizes   map[string]int // Of each in bytes.
	size    int            // Of all of them.
	updates int            // How many this run has taken.
}

func (v *appVariables) listen(ctx workflow.Context) error {
	answer := func() (jsonvalue.Object, error) { return v.state.Values, nil }

	err := workflow.SetQueryHandlerWithOptions(ctx, job.VariablesQuery, answer, workflow.QueryHandlerOptions{
		Description: "The variables that were set. Others have the defaults of app.yaml.",
	})
	if err != nil {
		return err
	}

	return workflow.SetUpdateHandlerWithOptions(ctx, job.SetVariableUpdate, v.set, workflow.UpdateHandlerOptions{
		Validator:   v.check,
		Description: "Sets a variable.",
	})
}

// set sets a variable, unless this very setting was applied before.
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

// check refuses a variable before it becomes a part of the history.
func (v *appVariables) check(variable job.Variable) error {
	if slices.Contains(v.state.Applied, variable.ID) {
		return nil
	}

	old, known := v.sizes[variable.Name]
	size := variableSize(variable.Name, variable.Value.Any)
	all := v.size + size - old

	switch {
	case size > job.MaxVariable:
		return refused(job.VariableRefused, "the app's variable %s has %d bytes, and %d is the most; keep large data in a source",
			variable.Name, size, job.MaxVariable)
	case !known && len(v.state.Values) >= job.MaxVariables:
		return refused(job.VariableRefused, "the app has %d variables already, and that is the most; keep %s in a table",
			len(v.state.Values), variable.Name)
	case all > job.MaxAllVariables:
		return refused(job.VariableRefused,
			"the app's variables would have %d bytes together, and %d is the most; keep %s in a table",
			all, job.MaxAllVariables, variable.Name)
	}

	return nil
}

// variableSize is how many bytes a variable takes as JSON.
func variableSize(name string, value any) int {
	encoded, err := json.Marshal(jsonvalue.Object{name: value})
	if err != nil {
		return job.MaxVariable + 1 // What can't be kept is refused.
	}

	return len(encoded)
}

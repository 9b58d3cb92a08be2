package workflows_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/workflows"
)

// appVariables is one run of the workflow AppVariables, with updates that a test schedules.
type appVariables struct {
	*testsuite.TestWorkflowEnvironment

	t        *testing.T
	rejected []error // The errors of rejected updates.
}

func newAppVariables(t *testing.T) *appVariables {
	t.Helper()

	var suite testsuite.WorkflowTestSuite

	v := &appVariables{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), t: t}
	v.RegisterWorkflowWithOptions(workflows.AppVariables, workflow.RegisterOptions{Name: job.VariablesWorkflow})
	v.SetTestTimeout(time.Minute)

	return v
}

// at calls a function after some time since the workflow's start.
func (v *appVariables) at(after time.Duration, do func()) { v.RegisterDelayedCallback(do, after) }

// set sends an update, which the workflow handles after the calling callback returns.
func (v *appVariables) set(name string, value any, id string) {
	v.UpdateWorkflow(job.SetVariableUpdate, "", &testsuite.TestUpdateCallback{
		OnReject:   func(reason error) { v.rejected = append(v.rejected, reason) },
		OnAccept:   func() {},
		OnComplete: func(_ any, failed error) { require.NoError(v.t, failed) },
	}, job.Variable{Name: name, Value: jsonvalue.Value{Any: value}, ID: id})
}

// values returns the variables that were set.
func (v *appVariables) values() jsonvalue.Object {
	answer, err := v.QueryWorkflow(job.VariablesQuery)
	require.NoError(v.t, err)

	var values jsonvalue.Object
	require.NoError(v.t, answer.Get(&values))

	return values
}

// run runs the workflow until it continues as new, or cancels it.
func (v *appVariables) run(state ...any) {
	v.at(time.Hour, v.CancelWorkflow)
	v.ExecuteWorkflow(job.VariablesWorkflow, state...)
	require.True(v.t, v.IsWorkflowCompleted())
}

// next returns the input of the next run.
func (v *appVariables) next() workflows.VariablesState {
	v.t.Helper()

	var continued *workflow.ContinueAsNewError
	require.ErrorAs(v.t, v.GetWorkflowError(), &continued)
	require.Equal(v.t, job.VariablesWorkflow, continued.WorkflowType.Name)

	var state workflows.VariablesState
	require.NoError(v.t, converter.GetDefaultDataConverter().FromPayloads(continued.Input, &state))

	return state
}

func TestAppVariablesStoresValuesExactly(t *testing.T) {
	t.Parallel()

	v := newAppVariables(t)
	want := jsonvalue.Object{
		"integer": int64(9007199254740993), "float": 3.0, "text": "Nestlé <株式> \U0001F980", "nothing": nil, "flag": false,
		"list": []any{int64(1), 1.0, map[string]any{"a": nil}},
	}

	v.at(time.Second, func() {
		require.Empty(t, v.values())

		for name, value := range want {
			v.set(name, value, name)
		}
	})
	v.at(time.Minute, func() { require.Equal(t, want, v.values()) })
	v.run()
}

func TestAppVariablesAppliesTheLastUpdateAndIgnoresRepeatedOnes(t *testing.T) {
	t.Parallel()

	v := newAppVariables(t)
	v.at(time.Second, func() {
		// Two jobs at the same time.
		v.set("n", int64(1), "run-1/2")
		v.set("n", int64(2), "run-2/2")
		v.set("m", int64(3), "run-1/3")
	})
	v.at(time.Minute, func() {
		require.Equal(t, jsonvalue.Object{"n": int64(2), "m": int64(3)}, v.values())

		// The first job missed the response and repeats its update.
		v.set("n", int64(1), "run-1/2")
	})
	v.at(2*time.Minute, func() { require.Equal(t, jsonvalue.Object{"n": int64(2), "m": int64(3)}, v.values()) })
	v.run()
}

func TestAppVariablesRejectsUpdatesBeyondBounds(t *testing.T) {
	t.Parallel()

	full := jsonvalue.Object{}
	for i := range job.MaxVariables {
		full[fmt.Sprintf("v%d", i)] = int64(i)
	}

	heavy := jsonvalue.Object{}
	for i := range 64 {
		heavy[fmt.Sprintf("v%d", i)] = strings.Repeat("x", 16000)
	}

	largest := strings.Repeat("x", job.MaxVariable-len(`{"v1":""}`))

	for _, test := range []struct {
		what, message string
		state         jsonvalue.Object
		name          string
		value         any
	}{
		{what: "the largest value", name: "v1", value: largest},
		{what: "a value that is larger", name: "v1", value: largest + "x", message: "v1 has 16385 bytes, and 16384 is the most"},
		{what: "a value that takes more as JSON", name: "v1", value: strings.Repeat("<", 4000), message: "16384 is the most"},
		{what: "another value of as many as can be", state: full, name: "v1", value: "x"},
		{what: "one more than can be", state: full, name: "new", value: "x", message: "the app has 1000 variables already"},
		{what: "a smaller value of many large ones", state: heavy, name: "v1", value: "x"},
		{what: "one more large one", state: heavy, name: "new", value: strings.Repeat("x", 16000)},
		{what: "a larger value of many large ones", state: heavy, name: "v1", value: largest},
		{what: "too many large ones", state: heavier(heavy), name: "new", value: largest[1:], message: "and 1048576 is the most"},
	} {
		t.Run(test.what, func(t *testing.T) {
			t.Parallel()

			v := newAppVariables(t)
			v.at(time.Second, func() {
				v.set(test.name, test.value, "run/1")
			})
			v.at(time.Minute, func() {
				value, set := v.values()[test.name]
				require.Equal(t, test.state[test.name] != nil || test.message == "", set)

				if test.message == "" {
					require.Equal(t, test.value, value)
				} else {
					require.Equal(t, test.state[test.name], value)
				}
			})
			v.run(workflows.VariablesState{Values: test.state})

			if test.message == "" {
				require.Empty(t, v.rejected)

				return
			}

			require.Len(t, v.rejected, 1)

			var rejected *temporal.ApplicationError
			require.ErrorAs(t, v.rejected[0], &rejected)
			require.Equal(t, job.VariableRejected, rejected.Type())
			require.Contains(t, rejected.Message(), test.message)
		})
	}
}

// heavier returns variables with one more large variable.
func heavier(values jsonvalue.Object) jsonvalue.Object {
	more := jsonvalue.Object{"more": strings.Repeat("x", 16000)}
	maps.Copy(more, values)

	return more
}

func TestAppVariablesContinuesAsNewBeforeItsHistoryIsLong(t *testing.T) {
	t.Parallel()

	v := newAppVariables(t)

	for hundred := range 10 {
		v.at(time.Duration(hundred+1)*time.Second, func() {
			for i := 100 * hundred; i < 100*(hundred+1); i++ {
				v.set(fmt.Sprintf("v%d", i%10), int64(i), fmt.Sprintf("run/%d", i))
			}
		})
	}

	v.run()

	state := v.next()
	require.Len(t, state.Values, 10)
	require.Equal(t, int64(999), state.Values["v9"])
	require.Len(t, state.Applied, 200)

	// The next run has the variables and the IDs of applied updates.
	v = newAppVariables(t)
	v.at(time.Second, func() {
		require.Equal(t, state.Values, v.values())
		v.set("v9", int64(-1), "run/999")
		v.set("v8", int64(-2), "run/800")
		v.set("v7", 0.5, "run/1000")
	})
	v.at(time.Minute, func() {
		values := v.values()
		require.Equal(t, int64(999), values["v9"])
		require.Equal(t, int64(998), values["v8"])
		require.InDelta(t, 0.5, values["v7"], 0)
	})
	v.run(state)
}

func TestAppVariablesContinuesAsNewWhenTemporalSuggestsIt(t *testing.T) {
	t.Parallel()

	v := newAppVariables(t)
	v.at(time.Second, func() { v.set("n", int64(9007199254740993), "run/1") })
	v.at(time.Minute, func() { v.SetContinueAsNewSuggested(true) })
	v.run()

	require.Equal(t, workflows.VariablesState{
		Values: jsonvalue.Object{"n": int64(9007199254740993)}, Applied: []string{"run/1"},
	}, v.next())
}

package workflows_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/workflows"
)

// runUntil runs a job whose step with that path fails, records its state and returns the tasks of its steps by path. An empty
// path lets all steps complete.
func runUntil(
	t *testing.T, failing string, input job.Input, checkpoint *workflows.Checkpoint,
) (tasks map[string]call, recording *workflows.Recording) {
	t.Helper()

	recording = workflows.NewRecording("")

	for range 2 { // The second time, the recording knows which failure is the last.
		tasks = map[string]call{}

		b := newBench(t, func(made call) (*job.StepOutcome, error) {
			tasks[made.task.Step] = made

			if made.task.Step == failing {
				return nil, temporal.NewNonRetryableApplicationError("injected", "injected", nil)
			}

			return &job.StepOutcome{Rows: 1}, nil
		})

		interpreter := workflows.Interpreter{Recording: recording}
		b.RegisterWorkflowWithOptions(interpreter.RunScenario, workflow.RegisterOptions{Name: "recorded"})
		b.ExecuteWorkflow("recorded", input, checkpoint)
		require.Equal(t, failing != "", b.GetWorkflowError() != nil, "%v", b.GetWorkflowError())

		checkpoint = reread(t, checkpoint)
	}

	return tasks, recording
}

// reread returns a copy of a checkpoint, as another run of a workflow receives it.
func reread(t *testing.T, checkpoint *workflows.Checkpoint) *workflows.Checkpoint {
	t.Helper()

	encoded, err := json.Marshal(checkpoint)
	require.NoError(t, err)

	var read *workflows.Checkpoint

	require.NoError(t, json.Unmarshal(encoded, &read))

	return read
}

// continued returns where another job continues the recorded one with other values of parameters.
func continued(t *testing.T, recording *workflows.Recording, runID string, changed ...string) *workflows.Checkpoint {
	t.Helper()

	found, err := recording.Continuation(job.EarlierAttempt{JobID: trialID, RunID: runID})
	require.NoError(t, err)

	if len(changed) > 0 {
		found.Change(changed)
	}

	return reread(t, found.Checkpoint)
}

// withPart returns an input whose scenario runs another one within its job.
func withPart(t *testing.T, parameters jsonvalue.Object) job.Input {
	t.Helper()

	inner := program(t, `
parameters: {country: {type: text}, password: {type: text}}
steps:
  - {opName: Transform, opParams: {source: stage, query: "SELECT :c", bind: {c: "${country}"}, returnValue: true}}
  - {opName: Transform, opParams: {source: stage, query: "SELECT :p", bind: {p: "${password}"}, returnValue: true}}
  - {opName: Transform, opParams: {source: stage, query: "SELECT :c", bind: {c: "${country}"}, returnValue: true}}
`)

	return job.Input{AppID: "7", Parameters: parameters, Program: scenario.Program{
		Entry: "Main", Execution: scenario.ExecutionActivity, Scenarios: map[string]scenario.Scenario{
			"Part": inner.Scenarios["Main"],
			"Main": program(t, `
parameters: {country: {type: text}, password: {type: text}}
steps:
  - {opName: Transform, opParams: {source: stage, query: "SELECT :c", bind: {c: "${country}"}, returnValue: true}}
  - {opName: RunScenario, opParams: {scenario: Part, inline: true, parameters: {country: "${country}", password: "${password}"}}}
`).Scenarios["Main"],
		},
	}}
}

// sealed returns a secret as a job has it. Every job has another text for the same value.
func sealed(text string) string {
	return job.SealedSecret{KeyID: "ab", Parameter: "password", Sealed: text}.String()
}

func TestChangeOfParametersReachesTheStepsThatRun(t *testing.T) {
	t.Parallel()

	const failing = "2.Part.2"

	tests := []struct {
		name      string
		changed   []string
		other     jsonvalue.Object
		isAnother bool // Whether the failed step has other parameters.
	}{
		{"no parameter", nil, jsonvalue.Object{"country": "DE", "password": sealed("2")}, false},
		{"a parameter of other steps", []string{"country"}, jsonvalue.Object{"country": "CH", "password": sealed("2")}, false},
		{"a secret", []string{"password"}, jsonvalue.Object{"country": "DE", "password": sealed("2")}, true},
	}

	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			first, recording := runUntil(t, failing, withPart(t, jsonvalue.Object{"country": "DE", "password": sealed("1")}), nil)
			require.Len(t, first, 3)

			later, again := runUntil(t, failing, withPart(t, test.other), continued(t, recording, "first", test.changed...))
			require.Len(t, later, 1, "the steps before are taken over")
			require.Equal(t, "first", later[failing].task.Earlier.RunID)
			require.Equal(t, test.isAnother, later[failing].task.Input != "")

			// Nothing changes any more: the attempt continues that of the second job.
			last, _ := runUntil(t, "", withPart(t, test.other), continued(t, again, "second"))
			require.Len(t, last, 2)
			require.Equal(t, "first", last[failing].task.Earlier.RunID, "the key is that of the first attempt")
			require.Equal(t, later[failing].task.Input, last[failing].task.Input)
			require.Equal(t, map[string]any{"c": test.other["country"]}, last["2.Part.3"].params["bind"])
			require.Nil(t, last["2.Part.3"].task.Earlier)
		})
	}
}

func TestChangeOfParametersDistinguishesThreeAttempts(t *testing.T) {
	t.Parallel()

	const failing = "2.Part.1"

	of := func(country string) job.Input {
		return withPart(t, jsonvalue.Object{"country": country, "password": sealed("1")})
	}

	_, recording := runUntil(t, failing, of("DE"), nil)
	second, recording := runUntil(t, failing, of("CH"), continued(t, recording, "first", "country"))
	require.NotEmpty(t, second[failing].task.Input)

	third, recording := runUntil(t, failing, of("DE"), continued(t, recording, "second", "country"))
	require.NotEmpty(t, third[failing].task.Input, "a change can be that of the second attempt")
	require.NotEqual(t, second[failing].task.Input, third[failing].task.Input)

	fourth, _ := runUntil(t, "", of("CH"), continued(t, recording, "third", "country"))
	require.Equal(t, second[failing].task.Input, fourth[failing].task.Input)
}

package workflows_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// Temporal would reject every attempt of the workflow task.
func TestReserveCommandRejectsParametersBeyondTemporalsLimit(t *testing.T) {
	t.Parallel()

	b := newBench(t, func(call) (*job.StepOutcome, error) { return &job.StepOutcome{}, nil })
	b.ExecuteWorkflow(job.Workflow, job.Input{
		AppID: "7",
		Program: program(t, `
parameters: {t: {type: text}}
steps: [{opName: RunSourceScript, opParams: {source: stage, script: "SELECT ${t}, ${t}, ${t}"}}]
`),
		Parameters: jsonvalue.Object{"t": strings.Repeat("x", 800_000)},
	})

	failure := b.failure(t)
	require.Equal(t, job.CodeLimitExceeded, failure.Code)
	require.Contains(t, failure.Message, "the parameters have 24001")
	require.Empty(t, b.calls)
}

// A job that stores too much fails at the step that exceeds the limit, so that a catch can handle it.
func TestReserveFailsAtTheSameStepWhereverTheJobContinuesAsNew(t *testing.T) {
	t.Parallel()

	var steps strings.Builder

	for i := range 30 {
		fmt.Fprintf(&steps, `
            - {opName: SetVariable, opParams: {name: v%d, value: '${repeat("x", 60000)}'}}
            - {opName: Transform, opParams: {source: stage, query: SELECT 1, targetTable: t}}`, i)
	}

	kept := program(t, `
steps:
  - opName: TryCatch
    opParams:
      try:`+strings.ReplaceAll(steps.String(), "\n      ", "\n  ")+`
      catch: [{opName: Return, opParams: {value: "${error.code} ${error.step.path}"}}]
      finally: [{opName: Transform, opParams: {source: stage, query: SELECT 1, targetTable: t}}]
`)

	for _, maxHistory := range []int{0, 50, 7} {
		made := try(t, kept, conditions{maxHistory: maxHistory})
		require.NoError(t, made.err)
		require.Equal(t, "limit_exceeded 1.try.53", made.Value)
		require.Equal(t, job.StepCompleted, made.Steps[len(made.Steps)-1].State, "finally did not run")
	}

	// The end of a round frees the capacity that the round has used.
	rounds := program(t, `
steps:
  - opName: While
    opParams:
      condition: "${true}"
      maxIterations: 100
      steps:
        - {opName: SetVariable, opParams: {name: v, value: '${repeat("x", 60000)}'}}
`)
	require.Equal(t, job.CodeIterationsExceeded, try(t, rounds, conditions{}).Failure.Code)
}

package workflows_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/validation"
)

// everything has a step of each operation that stores state in a checkpoint.
const everything = `
parameters:
  n: {type: integer, default: 1}
steps:
  - {opName: SetVariable, opParams: {name: c, value: 0}}
  - opName: While
    name: loop
    opParams:
      condition: ${c < 3}
      steps:
        - {opName: SetVariable, opParams: {name: c, value: "${c + 1}"}}
        - opName: If
          opParams:
            condition: ${c == 1}
            then: [{opName: Wait, opParams: {duration: 5s}}]
            else: [{opName: Transform, opParams: {source: stage, query: "ok ${c}", returnResult: true}}]
  - opName: Switch
    opParams:
      value: ${c}
      cases: [{when: 3, steps: [{opName: Wait, opParams: {duration: 2s}}]}]
  - opName: ForEach
    onError: continue
    opParams:
      source: stage
      query: records 5
      as: row
      index: i
      maxConcurrency: 2
      steps:
        - {opName: Transform, name: one, opParams: {source: stage, query: "flaky ${row.n}", returnValue: true}}
        - {opName: Wait, opParams: {duration: 10s}}
        - {opName: Fail, condition: "${i == 3}", opParams: {message: enough, code: enough}}
  - opName: TryCatch
    opParams:
      try:
        - opName: Parallel
          timeout: 1000h
          opParams:
            collectErrors: true
            branches:
              a: [{opName: Transform, opParams: {source: stage, query: fail table_not_found, returnValue: true}}]
              b: [{opName: Wait, opParams: {duration: 5h}}, {opName: Wait, opParams: {duration: 5h}}]
      catch:
        - {opName: Wait, opParams: {duration: 1s}}
        - {opName: SetVariable, opParams: {name: d, value: "${errorMessage}"}}
        - {opName: Return, opParams: {value: "${d}"}}
      finally:
        - {opName: Wait, opParams: {duration: 1s}}
        - opName: TryCatch
          opParams:
            try: [{opName: Return}]
            finally: [{opName: Wait, opParams: {duration: 1s}}, {opName: Wait, opParams: {duration: 1s}}]
`

// FuzzCheckpointValidation requires that a checkpoint of another program fails the job with an error, without a panic.
func FuzzCheckpointValidation(f *testing.F) {
	parsed, err := validation.Parse("scenarios/Main.yaml", []byte(everything), validation.Environment{Sources: []string{"stage"}})
	require.NoError(f, err)

	whole := scenario.Program{Entry: "Main", Scenarios: map[string]scenario.Scenario{"Main": parsed.Scenario}}

	for _, checkpoint := range try(f, whole, conditions{maxHistory: 1}).checkpoints {
		f.Add([]byte(checkpoint))
	}

	for _, checkpoint := range []string{
		`{}`, `null`, `{"root":null}`, `{"root":{"next":-1}}`, `{"root":{"next":99}}`,
		`{"root":{"next":1,"step":{"block":"none"}}}`,
		`{"root":{"next":1,"step":{"params":{},"list":{"next":-5}}}}`,
		`{"root":{"next":1,"step":{"params":{"condition":1},"list":{"next":0,"step":{"loop":{}}}}}}`,
		`{"root":{"next":3,"step":{"params":{"maxConcurrency":2},"loop":{"base":9,"next":0,"entries":[1]}}}}`,
		`{"root":{"next":3,"step":{"params":{"maxConcurrency":1000000000},"loop":{"entries":[1]}}}}`,
		`{"root":{"next":3,"step":{"params":{"maxConcurrency":-1},"loop":{"entries":[1],"rounds":{"7":null},"errors":[{"failure":null}]}}}}`,
		`{"root":{"next":4,"step":{"block":"finally"}}}`,
		`{"root":{"next":4,"step":{"block":"catch","list":null}}}`,
		`{"root":{"next":4,"step":{"block":"try","list":{"next":0,"step":{"params":{},"branches":{"a":null}}}}}}`,
		`{"root":{"next":4,"step":{"block":"try","list":{"next":0,"step":{"params":{},"branches":{"a":{"list":null}}}}}}}`,
		`{"root":{"next":0},"steps":{"1":null}}`,
	} {
		f.Add([]byte(checkpoint))
	}

	f.Fuzz(func(t *testing.T, checkpoint []byte) {
		got := try(t, whole, conditions{checkpoint: checkpoint, continuations: 3})
		if got.State != "" {
			return
		}

		require.Error(t, got.err)
		require.NotContains(t, fmt.Sprintf("%T %v", got.err, got.err), "panic", string(checkpoint))
		require.NotErrorAs(t, got.err, new(*temporal.PanicError), string(checkpoint))
	})
}

func TestRunScenarioRejectsCheckpointOfAnotherProgram(t *testing.T) {
	t.Parallel()

	for _, checkpoint := range []string{
		`{"root":null}`,
		`{"root":{"next":-1}}`,
		`{"root":{"next":99}}`,
		`{"root":{"next":1,"step":{"params":{},"list":{"next":-5}}}}`,
		`{"root":{"next":4,"step":{"block":"finally"}}}`,
		`{"root":{"next":4,"step":{"block":"none","list":{"next":0}}}}`,
	} {
		t.Run(checkpoint, func(t *testing.T) {
			t.Parallel()

			parsed, err := validation.Parse("scenarios/Main.yaml", []byte(everything), validation.Environment{Sources: []string{"stage"}})
			require.NoError(t, err)

			whole := scenario.Program{Entry: "Main", Scenarios: map[string]scenario.Scenario{"Main": parsed.Scenario}}
			got := try(t, whole, conditions{checkpoint: []byte(checkpoint)})
			require.NotNil(t, got.Failure, "%v", got.err)
			require.Equal(t, job.CodeInternal, got.Failure.Code)
		})
	}
}

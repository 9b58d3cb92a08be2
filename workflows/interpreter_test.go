package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/workflows"
)

// call is one attempt of a step, with the arguments of its activity.
type call struct {
	task    job.Task
	params  jsonvalue.Object
	attempt int32
}

// bench runs RunScenario in Temporal's test environment, which skips time, with the activities of a test.
type bench struct {
	*testsuite.TestWorkflowEnvironment

	calls []call
}

// newBench registers do as the activity of every data operation.
func newBench(t *testing.T, do func(call) (*job.StepOutcome, error)) *bench {
	t.Helper()

	var suite testsuite.WorkflowTestSuite

	b := &bench{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment()}
	b.SetTestTimeout(time.Minute)
	b.RegisterWorkflowWithOptions(workflows.RunScenario, workflow.RegisterOptions{Name: job.Workflow})

	for _, operation := range scenario.DataOperations() {
		b.RegisterActivityWithOptions(
			func(ctx context.Context, task job.Task, params jsonvalue.Object) (*job.StepOutcome, error) {
				made := call{task: task, params: params, attempt: activity.GetInfo(ctx).Attempt}
				b.calls = append(b.calls, made)

				return do(made)
			},
			activity.RegisterOptions{Name: operation.Name})
	}

	return b
}

// program returns the program of a scenario with the file name scenarios/Main.yaml.
func program(t *testing.T, text string) scenario.Program {
	t.Helper()

	parsed, err := validation.Parse("scenarios/Main.yaml", []byte(text), validation.Environment{Sources: []string{"files", "stage"}})
	require.NoError(t, err)

	return scenario.Program{
		Entry: "Main", Scenarios: map[string]scenario.Scenario{"Main": parsed.Scenario}, Execution: scenario.ExecutionActivity,
	}
}

// failure returns the failure of the workflow.
func (b *bench) failure(t *testing.T) job.Failure {
	t.Helper()

	require.True(t, b.IsWorkflowCompleted())

	var application *temporal.ApplicationError

	require.ErrorAs(t, b.GetWorkflowError(), &application)

	var failure job.Failure

	require.NoError(t, application.Details(&failure))
	require.Equal(t, failure.Code, application.Type())
	require.Equal(t, failure.Message, application.Message())

	return failure
}

const twoSteps = `
parameters:
  country: {type: text, default: US}
  factor: {type: float, default: 2}
steps:
  - title: Load companies
    name: load
    opName: LoadTableFromSource
    opParams: {source: files, table: "${country}.csv", targetSource: stage, targetTable: companies}
    retry: {maximumAttempts: 3}
  - opName: Transform
    opParams:
      source: stage
      query: SELECT ${steps.load.rows} FROM ${identifier(job.scenario)}
      bind: {rows: "${steps.load.rows}", factor: "${factor}"}
      returnResult: true
`

func TestRunScenarioRunsStepsInOrderWithEarlierOutcomes(t *testing.T) {
	t.Parallel()

	name := "rows"
	b := newBench(t, func(made call) (*job.StepOutcome, error) {
		if made.task.Step == "1" {
			return &job.StepOutcome{Rows: 7}, nil
		}

		return &job.StepOutcome{Rows: 1, Result: &job.Result{Name: &name, Key: "k", Records: 1}}, nil
	})
	b.ExecuteWorkflow(job.Workflow, job.Input{AppID: "7", Program: program(t, twoSteps), Parameters: jsonvalue.Object{"country": "DE"}})
	require.NoError(t, b.GetWorkflowError())

	require.Len(t, b.calls, 2)
	require.Equal(t, "7", b.calls[0].task.AppID)
	require.Equal(t, "DE.csv", b.calls[0].params["table"])
	require.Equal(t, `SELECT :value1 FROM :"value2"`, b.calls[1].params["query"])
	require.Equal(t, map[string]any{"rows": int64(7), "factor": 2.0, "value1": int64(7), "value2": "Main"}, b.calls[1].params["bind"])

	var outcome job.Outcome

	require.NoError(t, b.GetWorkflowResult(&outcome))
	require.Equal(t, []job.Result{{Name: &name, Key: "k", Records: 1}}, outcome.Results)
	require.Equal(t, []job.StepState{job.StepCompleted, job.StepCompleted}, states(outcome.Steps))
	require.Equal(t, int64(7), outcome.Steps[0].Rows)
	require.Equal(t, "Transform", outcome.Steps[1].Title, "a step without a title is called by its operation")
}

func states(steps []job.StepStatus) []job.StepState {
	var found []job.StepState
	for _, step := range steps {
		found = append(found, step.State)
	}

	return found
}

func TestRetryableErrorIsRetriedUntilThePolicyEnds(t *testing.T) {
	t.Parallel()

	b := newBench(t, func(made call) (*job.StepOutcome, error) {
		return nil, temporal.NewApplicationErrorWithOptions("the network is down", string(source.CodeUnavailable),
			temporal.ApplicationErrorOptions{Details: []any{job.ErrorDetail{Attempt: made.attempt}}})
	})
	b.ExecuteWorkflow(job.Workflow, job.Input{AppID: "7", Program: program(t, twoSteps)})

	failure := b.failure(t)
	require.Len(t, b.calls, 3)
	require.Equal(t, string(source.CodeUnavailable), failure.Code)
	require.Equal(t, int32(3), failure.Attempts)
	require.Equal(t, `app 7, scenario Main, step 1 "Load companies" (scenarios/Main.yaml:6): the network is down`, failure.Message)
	require.Equal(t, &job.StepPlace{
		AppID: "7", Scenario: "Main", File: "scenarios/Main.yaml", Line: 6, Path: "1", Title: "Load companies", Name: "load",
		OpName: "LoadTableFromSource",
	}, failure.Step)
	require.Equal(t, []job.StepState{job.StepFailed, job.StepPending}, states(failure.Outcome.Steps))
}

func TestDefaultRetryPolicySurvivesTenMinutesOfOutage(t *testing.T) {
	t.Parallel()

	var b *bench

	var began time.Time

	b = newBench(t, func(call) (*job.StepOutcome, error) {
		if b.Now().Sub(began) < 10*time.Minute {
			return nil, temporal.NewApplicationError("the database restarts", string(source.CodeUnavailable))
		}

		return &job.StepOutcome{}, nil
	})
	began = b.Now()
	b.ExecuteWorkflow(job.Workflow, job.Input{AppID: "7", Program: program(t, `
steps:
  - {opName: Transform, opParams: {source: stage, query: SELECT 1, returnResult: true}}
`)})
	require.NoError(t, b.GetWorkflowError())
	require.Greater(t, len(b.calls), 10)
}

func TestTimeoutOfAnAttemptFailsTheJob(t *testing.T) {
	t.Parallel()

	b := newBench(t, func(call) (*job.StepOutcome, error) {
		return nil, temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_START_TO_CLOSE, nil)
	})
	b.ExecuteWorkflow(job.Workflow, job.Input{AppID: "7", Program: program(t, twoSteps)})

	failure := b.failure(t)
	require.Equal(t, job.CodeStepTimedOut, failure.Code)
	require.Contains(t, failure.Message, "no attempt ended in time (StartToClose timeout)")
}

func TestNonRetryableErrorFailsTheJobAtOnce(t *testing.T) {
	t.Parallel()

	b := newBench(t, func(made call) (*job.StepOutcome, error) {
		if made.task.Step == "1" {
			return &job.StepOutcome{Result: &job.Result{Key: "before"}}, nil
		}

		return nil, temporal.NewNonRetryableApplicationError("no such table", string(source.CodeTableNotFound), nil)
	})
	b.ExecuteWorkflow(job.Workflow, job.Input{AppID: "7", Program: program(t, twoSteps)})

	failure := b.failure(t)
	require.Len(t, b.calls, 2)
	require.Equal(t, "2", failure.Step.Path)
	require.Len(t, failure.Outcome.Results, 1, "earlier results remain")
}

func TestExpressionErrorFailsTheStep(t *testing.T) {
	t.Parallel()

	b := newBench(t, func(call) (*job.StepOutcome, error) { return &job.StepOutcome{}, nil })
	b.ExecuteWorkflow(job.Workflow, job.Input{AppID: "7", Program: program(t, `
steps:
  - {title: Divide, opName: Transform, opParams: {source: stage, query: "SELECT ${[1, 2][job.id == '' ? 0 : 5]}", returnResult: true}}
`)})

	failure := b.failure(t)
	require.Empty(t, b.calls)
	require.Equal(t, job.CodeParameterInvalid, failure.Code)
	require.Contains(t, failure.Message, `step 1 "Divide" (scenarios/Main.yaml:3): query: in ${`)
}

// Temporal does not retry a cancelled activity, so the attempt that runs then is the last one, however it ends.
func TestCancelledJobEndsWithItsOutcome(t *testing.T) {
	t.Parallel()

	for name, ending := range map[string]error{
		"the step stopped":       context.Canceled,
		"its source was down":    temporal.NewNonRetryableApplicationError("down", string(source.CodeUnavailable), nil),
		"its worker was stopped": temporal.NewNonRetryableApplicationError("stopped", job.CodeWorkerStopped, nil),
		"its worker died":        temporal.NewHeartbeatTimeoutError(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var b *bench

			b = newBench(t, func(made call) (*job.StepOutcome, error) {
				if made.task.Step == "2" {
					b.CancelWorkflow()

					return nil, ending
				}

				return &job.StepOutcome{Result: &job.Result{Key: "before"}}, nil
			})
			b.ExecuteWorkflow(job.Workflow, job.Input{AppID: "7", Program: program(t, twoSteps)})

			var cancelled *temporal.CanceledError

			require.ErrorAs(t, b.GetWorkflowError(), &cancelled)

			var outcome job.Outcome

			require.NoError(t, cancelled.Details(&outcome))
			require.Len(t, outcome.Results, 1)
			require.Equal(t, []job.StepState{job.StepCompleted, job.StepStopped}, states(outcome.Steps))
		})
	}
}

func TestStatusQueryReportsTheStateOfEveryStep(t *testing.T) {
	t.Parallel()

	var b *bench

	asked := 0
	b = newBench(t, func(made call) (*job.StepOutcome, error) {
		answer, err := b.QueryWorkflow(job.StatusQuery)
		require.NoError(t, err)

		var status job.Status

		require.NoError(t, answer.Get(&status))
		require.Equal(t, job.Running, status.State)

		want := []job.StepState{job.StepRunning, job.StepPending}
		if made.task.Step == "2" {
			want = []job.StepState{job.StepCompleted, job.StepRunning}
		}

		require.Equal(t, want, states(status.Steps))

		asked++

		return &job.StepOutcome{}, nil
	})
	b.ExecuteWorkflow(job.Workflow, job.Input{AppID: "7", Program: program(t, twoSteps)})
	require.NoError(t, b.GetWorkflowError())
	require.Equal(t, 2, asked)
}

func TestDataStepPassesParametersAsTheScenarioSetsThem(t *testing.T) {
	t.Parallel()

	b := newBench(t, func(call) (*job.StepOutcome, error) { return &job.StepOutcome{}, nil })
	main := program(t, `
parameters: {country: {type: text, default: DE}, big: {type: integer, default: 9007199254740993}}
steps:
  - opName: LoadTableFromSource
    opParams:
      {source: files, table: "${country}.csv", targetSource: stage, targetTable: t, append: false, upsert: [],
       columnTypes: {price: "decimal(10,2)"}, format: {header: "${false}"}, dropSource: false}
  - {opName: Transform, opParams: {source: stage, query: SELECT 1, bind: {n: "${big}", f: "${1.0}", none: "${nil}"}, limit: "${2 + 1}", returnValue: true}}
  - {opName: RunSourceScript, opParams: {source: stage, scriptFile: scripts/a.sql, bind: {n: "${big}"}}}
`)
	main.Files = map[string]string{"scripts/a.sql": "DELETE FROM t"}

	b.ExecuteWorkflow(job.Workflow, job.Input{AppID: "7", Program: main, Parameters: jsonvalue.Object{}})
	require.NoError(t, b.GetWorkflowError())

	require.Len(t, b.calls, 3)
	require.Equal(t, jsonvalue.Object{
		"source": "files", "table": "DE.csv", "targetSource": "stage", "targetTable": "t", "append": false, "upsert": []any{},
		"columnTypes": map[string]any{"price": "decimal(10,2)"}, "format": map[string]any{"header": false}, "dropSource": false,
	}, b.calls[0].params)
	require.Equal(t, jsonvalue.Object{
		"source": "stage", "query": "SELECT 1", "limit": int64(3), "returnValue": true,
		"bind": map[string]any{"n": int64(9007199254740993), "f": 1.0, "none": nil},
	}, b.calls[1].params)
	require.Equal(t, jsonvalue.Object{
		"source": "stage", "scriptFile": "scripts/a.sql", "script": "DELETE FROM t",
		"bind": map[string]any{"n": int64(9007199254740993)},
	}, b.calls[2].params)
}

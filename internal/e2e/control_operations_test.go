package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
)

// languageApp has a scenario for every control operation. Each one waits if its parameter long is true, and its finally
// steps leave a result.
var languageApp = map[string]string{
	"app.yaml": `
sources:
  stage: {kind: SQLiteSource}
variables:
  counter: {type: integer, default: 0}
access:
  - {name: looker, key: "${env:JOBWRIGHT_STATUS_KEY}", rights: [status, signal]}
  - {name: boss, key: "${env:JOBWRIGHT_APP_7_KEY}"}
`,
	"scenarios/If.yaml": `
parameters: {long: {type: boolean, default: false}}
steps:
  - opName: If
    opParams:
      condition: ${long}
      then:
        - opName: TryCatch
          opParams:
            try: [{title: Long, opName: Wait, opParams: {duration: 1h}}]
            finally: [{opName: Transform, opParams: {source: stage, query: SELECT 1 AS ran, returnResult: true, resultName: finally}}]
      else:
        - {opName: Return, opParams: {value: short}}
`,
	"scenarios/Switch.yaml": `
parameters: {long: {type: boolean, default: false}}
steps:
  - opName: Switch
    opParams:
      value: ${long}
      cases:
        - when: true
          steps:
            - opName: TryCatch
              opParams:
                try: [{title: Long, opName: Wait, opParams: {duration: 1h}}]
                finally: [{opName: Transform, opParams: {source: stage, query: SELECT 1 AS ran, returnResult: true, resultName: finally}}]
      default:
        - {opName: Return, opParams: {value: short}}
`,
	"scenarios/While.yaml": `
parameters: {long: {type: boolean, default: false}}
steps:
  - {opName: SetVariable, opParams: {name: i, value: 0}}
  - opName: While
    opParams:
      condition: ${i < 5}
      steps:
        - {opName: SetVariable, opParams: {name: i, value: "${i + 1}"}}
        - {opName: Transform, opParams: {source: stage, query: "SELECT ${i} AS i", returnResult: true, resultName: "i${i}"}}
        - opName: TryCatch
          condition: ${long && i == 3}
          opParams:
            try: [{title: Long, opName: Wait, opParams: {duration: 1h}}]
            finally: [{opName: Transform, opParams: {source: stage, query: SELECT 1 AS ran, returnResult: true, resultName: finally}}]
  - {opName: Return, opParams: {value: "${i}"}}
`,
	"scenarios/ForEach.yaml": `
parameters: {long: {type: boolean, default: false}}
steps:
  - name: each
    opName: ForEach
    opParams:
      in: ${1..6}
      as: n
      index: at
      maxConcurrency: 3
      continueOnError: true
      steps:
        - opName: TryCatch
          opParams:
            try:
              - {opName: Transform, name: asked, opParams: {source: stage, query: "SELECT ${n} AS n", returnValue: true}}
              - {opName: Fail, condition: "${n == 4}", opParams: {code: four, message: "no ${n}"}}
              - {title: Long, condition: "${long && n == 5}", opName: Wait, opParams: {duration: 1h}}
            finally:
              - {opName: Transform, condition: "${n == 5}", opParams: {source: stage, query: SELECT 1 AS ran, returnResult: true, resultName: finally}}
  - {opName: Return, opParams: {value: ["${steps.each.iterations}", "${steps.each.errors}"]}}
`,
	"scenarios/Records.yaml": `
parameters: {long: {type: boolean, default: false}}
steps:
  - {opName: SetVariable, opParams: {name: sum, value: 0}}
  - name: each
    opName: ForEach
    opParams:
      source: stage
      query: WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 1200) SELECT i FROM s
      steps:
        - {opName: SetVariable, opParams: {name: sum, value: "${sum + item.i}"}}
        - opName: TryCatch
          condition: ${long && item.i == 700}
          opParams:
            try: [{title: Long, opName: Wait, opParams: {duration: 1h}}]
            finally: [{opName: Transform, opParams: {source: stage, query: SELECT 1 AS ran, returnResult: true, resultName: finally}}]
  - {opName: Return, opParams: {value: "${sum}"}}
`,
	"scenarios/Parallel.yaml": `
parameters: {long: {type: boolean, default: false}}
steps:
  - name: both
    opName: Parallel
    opParams:
      branches:
        left:
          - {opName: Transform, opParams: {source: stage, query: SELECT 1 AS n, returnValue: true}}
          - {opName: Transform, opParams: {source: stage, query: SELECT 2 AS n, returnValue: true}}
        right:
          - opName: TryCatch
            opParams:
              try:
                - {opName: Transform, opParams: {source: stage, query: SELECT 3 AS n, returnValue: true}}
                - {title: Long, condition: "${long}", opName: Wait, opParams: {duration: 1h}}
              finally: [{opName: Transform, opParams: {source: stage, query: SELECT 1 AS ran, returnResult: true, resultName: finally}}]
  - {opName: Return, opParams: {value: "${steps.both.failed}"}}
`,
	"scenarios/TryCatch.yaml": `
parameters: {long: {type: boolean, default: false}}
steps:
  - opName: TryCatch
    opParams:
      try:
        - opName: TryCatch
          opParams:
            try: [{title: Ask, name: ask, opName: Transform, opParams: {source: stage, query: SELECT * FROM nowhere, returnResult: true}}]
            catch:
              - {title: Long, condition: "${long}", opName: Wait, opParams: {duration: 1h}}
              - {opName: Fail, opParams: {code: caught, message: "${error.code} in ${error.step.title}"}}
      catch:
        - {opName: Return, opParams: {value: "${errorMessage}"}}
      finally: [{opName: Transform, opParams: {source: stage, query: SELECT 1 AS ran, returnResult: true, resultName: finally}}]
`,
	"scenarios/Child.yaml": `
parameters: {n: {type: integer}, long: {type: boolean, default: false}}
steps:
  - opName: TryCatch
    opParams:
      try:
        - {opName: Transform, opParams: {source: stage, query: "SELECT ${n} AS n", returnResult: true, resultName: "child${n}"}}
        - {title: Long, condition: "${long}", opName: Wait, opParams: {duration: 1h}}
        - {opName: Fail, condition: "${n < 0}", opParams: {code: negative, message: "${n} is negative"}}
      finally:
        - {opName: Transform, condition: "${long}", opParams: {source: stage, query: SELECT 1 AS ran, returnResult: true, resultName: finally}}
  - {opName: Return, opParams: {value: "${n * 2}"}}
`,
	"scenarios/RunScenario.yaml": `
parameters: {long: {type: boolean, default: false}}
steps:
  - {name: child, opName: RunScenario, opParams: {scenario: Child, parameters: {n: 7, long: "${long}"}}}
  - {name: inline, opName: RunScenario, opParams: {scenario: Child, inline: true, addResults: false, parameters: {n: "${steps.child.value}"}}}
  - {name: negative, opName: RunScenario, onError: continue, opParams: {scenario: Child, parameters: {n: -1}}}
  - {opName: Return, opParams: {value: ["${steps.inline.value}", "${steps.negative.error.code}"]}}
`,
	"scenarios/AppVariable.yaml": `
parameters: {long: {type: boolean, default: false}}
steps:
  - {opName: SetVariable, opParams: {name: counter, scope: app, value: "${counter + 1}"}}
  - opName: TryCatch
    opParams:
      try: [{title: Long, condition: "${long}", opName: Wait, opParams: {duration: 1h}}]
      finally: [{opName: Transform, opParams: {source: stage, query: SELECT 1 AS ran, returnResult: true, resultName: finally}}]
  - {opName: Return, opParams: {value: "${counter}"}}
`,
	"scenarios/SetVariable.yaml": `
parameters: {long: {type: boolean, default: false}}
steps:
  - {opName: SetVariable, opParams: {name: all, value: []}}
  - opName: TryCatch
    opParams:
      try:
        - {opName: SetVariable, opParams: {name: all, value: "${concat(all, [1])}"}}
        - {title: Long, condition: "${long}", opName: Wait, opParams: {duration: 1h}}
        - {opName: SetVariable, opParams: {scope: app, name: counter, value: "${counter + 1}"}}
      finally: [{opName: Transform, opParams: {source: stage, query: SELECT 1 AS ran, returnResult: true, resultName: finally}}]
  - {opName: SetVariable, opParams: {name: all, value: "${concat(all, [counter])}"}}
  - {opName: Return, opParams: {value: "${all}"}}
`,
	"scenarios/Return.yaml": `
parameters: {long: {type: boolean, default: false}}
steps:
  - opName: TryCatch
    opParams:
      try:
        - opName: ForEach
          opParams:
            in: [1, 2, 3]
            steps:
              - {title: Long, condition: "${long}", opName: Wait, opParams: {duration: 1h}}
              - {opName: Return, condition: "${item == 2}", opParams: {value: "${item}"}}
      finally: [{opName: Transform, opParams: {source: stage, query: SELECT 1 AS ran, returnResult: true, resultName: finally}}]
  - {opName: Return, opParams: {value: all}}
`,
	"scenarios/Fail.yaml": `
parameters: {long: {type: boolean, default: false}}
steps:
  - opName: TryCatch
    opParams:
      try:
        - {title: Long, condition: "${long}", opName: Wait, opParams: {duration: 1h}}
        - {title: Give up, opName: Fail, opParams: {code: no_feed, message: "${1 + 1} feeds are missing"}}
      finally: [{opName: Transform, opParams: {source: stage, query: SELECT 1 AS ran, returnResult: true, resultName: finally}}]
`,
	"scenarios/Wait.yaml": `
parameters: {long: {type: boolean, default: false}}
steps:
  - opName: TryCatch
    opParams:
      try: [{title: Long, condition: "${long}", opName: Wait, opParams: {duration: 1h}}]
      finally: [{opName: Transform, opParams: {source: stage, query: SELECT 1 AS ran, returnResult: true, resultName: finally}}]
  - {name: short, opName: Wait, opParams: {duration: 20ms}}
  - {name: past, opName: Wait, opParams: {until: "2020-01-01T00:00:00Z"}}
  - name: limited
    opName: If
    timeout: 50ms
    onError: continue
    opParams: {condition: true, then: [{opName: Wait, opParams: {duration: 1h}}]}
  - opName: Return
    opParams:
      value: ["${steps.short.durationMs >= 20}", "${steps.limited.error.code}", "$[stage]{SELECT 40 + ${2}}"]
`,
	"scenarios/WaitForSignal.yaml": `
parameters: {long: {type: boolean, default: true}}
steps:
  - opName: TryCatch
    opParams:
      try:
        - {title: Long, name: go, opName: WaitForSignal, opParams: {name: "go-${job.scenario}", timeout: 1h, from: [boss]}}
        - {opName: Return, opParams: {value: "${steps.go.value}"}}
      finally: [{opName: Transform, opParams: {source: stage, query: SELECT 1 AS ran, returnResult: true, resultName: finally}}]
`,
}

// returnValues has the value that each scenario of languageApp returns if it is not stopped.
var returnValues = map[string]any{
	"If": "short", "Switch": "short", "While": 5.0, "Records": 720_600.0, "Parallel": 0.0,
	"ForEach": []any{6.0, []any{object{
		"index": 3.0, "code": "four", "message": "no 4", "step": "1.steps[3].1.try.2",
	}}},
	"TryCatch": "source_table_not_found in Ask", "RunScenario": []any{28.0, "negative"}, "AppVariable": 1.0,
	"Wait": []any{true, "step_timed_out", 42.0}, "SetVariable": []any{1.0, 1.0}, "Return": 2.0,
}

func TestControlOperationsComplete(t *testing.T) {
	t.Parallel()

	for scenario, value := range returnValues {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()

			got := api().execute(t, runScenario(newApp(t, languageApp), scenario, object{}))
			require.Equal(t, http.StatusOK, got.status, got.text)
			require.Equal(t, value, got.result(t)["value"], got.text)
		})
	}
}

// isWaitingLong reports whether the job's step Long runs.
func isWaitingLong(result object) bool {
	steps, _ := result["steps"].([]any)
	for _, step := range steps {
		if step.(object)["title"] == "Long" && step.(object)["state"] == "running" {
			return true
		}
	}

	return false
}

// resultNames returns the names of the results.
func resultNames(t *testing.T, result object) []string {
	t.Helper()

	var names []string

	for _, one := range result["results"].([]any) {
		names = append(names, fmt.Sprint(one.(object)["name"]))
	}

	return names
}

func TestStopOfEachControlOperationRunsFinally(t *testing.T) {
	t.Parallel()

	scenarios := []string{"WaitForSignal", "Fail"}
	for scenario := range returnValues {
		scenarios = append(scenarios, scenario)
	}

	for _, scenario := range scenarios {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()

			appID, jobID := newApp(t, languageApp), uuid.NewString()
			request := with(runScenario(appID, scenario, object{"long": true}), object{"jobId": jobID})
			wait := api().startExecute(t, request)

			// Steps of a child job are in the child's status.
			waiting := jobID
			if scenario == "RunScenario" {
				waiting += "/1"
			}

			await(t, func() bool { return api().status(t, appID, waiting).status == http.StatusOK })
			api().awaitStatus(t, appID, waiting, isWaitingLong)
			require.NoError(t, shared.client.CancelWorkflow(t.Context(), jobID, ""))

			got := wait()
			require.Equal(t, http.StatusUnprocessableEntity, got.status, got.text)
			require.Equal(t, "stopped", got.result(t)["status"])
			require.Equal(t, "job_stopped", got.result(t)["code"])
			require.Contains(t, resultNames(t, got.result(t)), "finally")

			described, err := shared.client.DescribeWorkflowExecution(t.Context(), jobID, "")
			require.NoError(t, err)
			require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED, described.GetWorkflowExecutionInfo().GetStatus())
			require.Empty(t, described.GetPendingActivities())
			require.Empty(t, described.GetPendingChildren())
		})
	}
}

func TestAppVariablePersistsAndAllowsConcurrentJobs(t *testing.T) {
	t.Parallel()

	appID := newApp(t, languageApp)

	for want := 1; want < 4; want++ {
		got := api().execute(t, runScenario(appID, "AppVariable", object{}))
		require.EqualValues(t, want, got.result(t)["value"], got.text)
	}

	// A job is not a transaction: updates may be lost. But every value is one that a job has set.
	var waits []func() apiResponse
	for range 10 {
		waits = append(waits, api().startExecute(t, runScenario(appID, "AppVariable", object{})))
	}

	for _, wait := range waits {
		got := wait()
		require.Equal(t, http.StatusOK, got.status, got.text)
		require.GreaterOrEqual(t, got.result(t)["value"], 4.0)
		require.LessOrEqual(t, got.result(t)["value"], 13.0)
	}
}

func TestRunScenarioStartsAChildJob(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, languageApp), uuid.NewString()
	got := api().execute(t, with(runScenario(appID, "RunScenario", object{}), object{"jobId": jobID}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.Equal(t, []string{"child7", "child-1"}, resultNames(t, got.result(t)), "a job has the results of its children, unless addResults is false")

	child := api().status(t, appID, jobID+"/1")
	require.Equal(t, "completed", child.result(t)["status"], child.text)
	require.EqualValues(t, 14, child.result(t)["value"])

	negative := api().status(t, appID, jobID+"/3").result(t)
	require.Equal(t, "completedWithError", negative["status"])
	require.Equal(t, "negative", negative["code"])
	require.Contains(t, negative["message"], "-1 is negative")

	require.Equal(t, http.StatusNotFound, api().status(t, "7", jobID+"/1").status, "the child of another app's job")
}

// await polls the condition until it is true.
func await(t *testing.T, condition func() bool) {
	t.Helper()
	awaitFor(t, time.Minute, condition)
}

// awaitFor waits until a condition is true, for at most that long.
func awaitFor(t *testing.T, limit time.Duration, condition func() bool) {
	t.Helper()

	deadline, tick := time.After(limit), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()

	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			require.Fail(t, "the condition did not become true")
		}
	}
}

func TestExecuteJobReportsProblemsBetweenScenarios(t *testing.T) {
	t.Parallel()

	appID := newApp(t, map[string]string{
		"app.yaml": "sources:\n  stage: {kind: SQLiteSource}\n",
		"scenarios/Caller.yaml": `
steps:
  - {opName: RunScenario, opParams: {scenario: Calee, parameters: {n: 1}}}
  - {opName: RunScenario, opParams: {scenario: Callee, parameters: {m: 1, n: one}}}
`,
		"scenarios/Callee.yaml":   "parameters: {n: {type: integer}}\nsteps:\n  - {opName: Return, opParams: {value: \"${n}\"}}\n",
		"scenarios/OfBroken.yaml": "steps:\n  - {opName: RunScenario, opParams: {scenario: Broken}}\n",
		"scenarios/Broken.yaml":   "steps:\n  - {opName: Retrun}\n",
	})

	got := api().execute(t, runScenario(appID, "Caller", object{}))
	require.Equal(t, http.StatusUnprocessableEntity, got.status, got.text)
	require.Equal(t, "scenario_invalid", got.result(t)["code"])
	require.Equal(t, strings.Join([]string{
		"scenarios/Caller.yaml:3:38: unknown scenario Calee; did you mean Callee? [scenario_unknown]",
		"scenarios/Caller.yaml:4:69: the scenario Callee has no parameter m; known are n [parameter_unknown]",
		`scenarios/Caller.yaml:4:75: the parameter n of scenario Callee must be an integer, but is the text "one" [parameter_type_mismatch]`,
	}, "\n"), got.result(t)["message"])
	require.Len(t, got.result(t)["problems"], 3)

	got = api().execute(t, runScenario(appID, "OfBroken", object{}))
	require.Equal(t, http.StatusUnprocessableEntity, got.status, got.text)
	require.Equal(t, "scenarios/Broken.yaml:2:6: unknown operation Retrun; did you mean Return? [operation_unknown]",
		got.result(t)["message"])

	// The problems of a step that is executed as a job have paths in the request instead of a file.
	got = api().execute(t, object{"apiKey": devKey, "appId": appID, "operation": object{
		"opName": "If", "opParams": object{"condition": true, "then": []object{
			{"opName": "RunScenario", "opParams": object{"scenario": "None"}},
		}},
	}})
	require.Equal(t, http.StatusBadRequest, got.status, got.text)
	require.Equal(t, "request_invalid", got.result(t)["code"])
	require.Contains(t, got.result(t)["message"], "operation.opParams.then[0].opParams.scenario: unknown scenario None")

	got = api().execute(t, object{"apiKey": devKey, "appId": appID, "isAsync": false, "operation": object{
		"opName": "If", "opParams": object{"condition": "${job.scenario == 'If'}", "then": []object{
			{"name": "called", "opName": "RunScenario", "opParams": object{"scenario": "Callee", "parameters": object{"n": 3}}},
			{"opName": "Return", "opParams": object{"value": "${steps.called.value}"}},
		}},
	}})
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.EqualValues(t, 3, got.result(t)["value"])
}

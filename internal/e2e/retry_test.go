package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
)

// retry calls retryJob.
func (c caller) retry(t *testing.T, appID, jobID string, fields object) apiResponse {
	t.Helper()

	return c.post(t, "retryJob", with(object{"apiKey": devKey, "appId": appID, "jobId": jobID}, fields))
}

// post calls the API with the fields in the body.
func (c caller) post(t *testing.T, call string, fields object) apiResponse {
	t.Helper()

	body, err := json.Marshal(fields)
	require.NoError(t, err)

	return c.call(t, http.MethodPost, "/api/v1/"+call+".jsp", asJSON, string(body))
}

// requireError verifies the error of a call.
func requireError(t *testing.T, status int, code, message string, got apiResponse) {
	t.Helper()

	require.Equal(t, status, got.status, got.text)
	require.Equal(t, code, got.result(t)["code"], got.text)
	require.Contains(t, got.result(t)["message"], message)
}

// retryApp logs which of its steps have made their change. Some fail until the table ready exists, the child among them.
var retryApp = map[string]string{
	"app.yaml": `
sources:
  stage: {kind: SQLiteSource}
access:
  - {name: looker, key: "${env:JOBWRIGHT_STATUS_KEY}", rights: [status]}
  - {name: boss, key: "${env:JOBWRIGHT_APP_7_KEY}"}
`,
	"scenarios/Prepare.yaml": `
steps: [{opName: RunSourceScript, opParams: {source: stage, script: "CREATE TABLE log (step TEXT, job TEXT)"}}]
`,
	"scenarios/Ready.yaml": `
steps: [{opName: RunSourceScript, opParams: {source: stage, script: "CREATE TABLE ready (n INTEGER); INSERT INTO ready VALUES (7)"}}]
`,
	"scenarios/Log.yaml": `
steps:
  - {opName: Transform, opParams: {source: stage, returnValue: true, query: "SELECT step, count(*) AS n FROM log GROUP BY step ORDER BY step"}, name: log}
  - {opName: Return, opParams: {value: "${steps.log.value}"}}
`,
	"scenarios/Main.yaml": `
steps:
  - {opName: SetVariable, opParams: {name: at, value: "${now()}"}}
  - {opName: RunSourceScript, title: First, opParams: {source: stage, script: "INSERT INTO log VALUES ('1', :job)", bind: {job: "${job.id}"}}}
  - {opName: Transform, name: read, opParams: {source: stage, query: "SELECT 5 AS n", returnResult: true, resultName: before}}
  - opName: ForEach
    opParams:
      in: [a, b]
      steps:
        - {opName: RunSourceScript, opParams: {source: stage, script: "INSERT INTO log VALUES ('loop ' || :item, :job)", bind: {item: "${item}", job: "${job.id}"}}}
        - opName: RunScenario
          condition: "${item == 'b'}"
          opParams: {scenario: Child}
  - {opName: RunSourceScript, opParams: {source: stage, script: "INSERT INTO log VALUES ('last', :job)", bind: {job: "${job.id}"}}}
  - {opName: Return, opParams: {value: "${ {'at': at, 'rows': steps.read.rows, 'job': job.id} }"}}
`,
	"scenarios/Child.yaml": `
steps:
  - {opName: RunSourceScript, opParams: {source: stage, script: "INSERT INTO log VALUES ('child', '')"}}
  - {opName: Transform, opParams: {source: stage, query: "SELECT n FROM ready", returnResult: true, resultName: child}}
`,
	"scenarios/Lost.yaml": `
steps:
  - {opName: RunSourceScript, opParams: {source: stage, script: "INSERT INTO log VALUES ('1', '')"}}
  - opName: RunSourceScript
    execution: activity
    opParams: {source: stage, script: "INSERT INTO log VALUES ('2', '')"}
  - {opName: RunSourceScript, opParams: {source: stage, script: "INSERT INTO log VALUES ('3', '')"}}
`,
	"scenarios/Rest.yaml": `
steps:
  - {opName: WaitForSignal, opParams: {name: go}}
  - {opName: Wait, opParams: {duration: 1s}}
`,
}

// run runs a scenario of the app to its end and returns its result.
func (c caller) run(t *testing.T, appID, scenario string) object {
	t.Helper()

	got := c.execute(t, runScenario(appID, scenario, object{}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	return got.result(t)
}

// logged returns how often each step of the retryApp has made its change.
func (c caller) logged(t *testing.T, appID string) object {
	t.Helper()

	times := object{}
	for _, row := range c.run(t, appID, "Log")["value"].([]any) {
		times[row.(object)["step"].(string)] = row.(object)["n"]
	}

	return times
}

// actions returns the action of each step of a plan.
func actions(plan object) object {
	byPath := object{}
	for _, step := range plan["steps"].([]any) {
		byPath[step.(object)["path"].(string)] = step.(object)["action"]
	}

	return byPath
}

func TestRetryFromTheFailedStepTakesOverTheStepsBefore(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, retryApp), "load of "+uuid.NewString()
	api().run(t, appID, "Prepare")

	failed := api().execute(t, with(runScenario(appID, "Main", object{}), object{"jobId": jobID})).result(t)
	require.Equal(t, "completedWithError", failed["status"])
	api().run(t, appID, "Ready")

	dry := api().retry(t, appID, jobID, object{"fromStep": "failed", "dryRun": true})
	require.Equal(t, http.StatusOK, dry.status, dry.text)
	require.Equal(t, jobID+"~2", dry.result(t)["jobId"])
	require.Equal(t, []any{"4.steps[1].2"}, dry.result(t)["interrupted"])
	require.Equal(t, object{
		"1": "takeOver", "2": "takeOver", "3": "takeOver", "4": "continue", "4.steps.1": "run", "4.steps.2": "run", "5": "run", "6": "run",
	}, actions(dry.result(t)))
	require.Equal(t, http.StatusNotFound, api().status(t, appID, jobID+"~2").status, "a dry run starts no job")

	for range 2 { // A repeated call finds the job.
		got := api().retry(t, appID, jobID, object{"fromStep": "failed"})
		require.Equal(t, http.StatusOK, got.status, got.text)
		require.Equal(t, object{"jobId": jobID + "~2", "retryOf": jobID}, got.result(t))
	}

	requireError(t, http.StatusConflict, "job_id_taken", "fromStep", api().retry(t, appID, jobID, nil))

	result := api().awaitStatus(t, appID, jobID+"~2", ended)
	require.Equal(t, "completed", result["status"], result)
	require.Equal(t, jobID, result["retryOf"])
	require.Equal(t, jobID, result["value"].(object)["job"], "expressions read the ID of the first job")
	require.Equal(t, []string{"before", "child"}, resultNames(t, result))
	require.Equal(t, object{"1": 1.0, "loop a": 1.0, "loop b": 1.0, "child": 1.0, "last": 1.0}, api().logged(t, appID))

	steps := stepsByPath(result)
	require.Equal(t, true, steps["2"]["takenOver"])
	require.Nil(t, steps["5"]["takenOver"])
}

// stepsByPath returns the steps of a status by their paths.
func stepsByPath(result object) map[string]object {
	steps := map[string]object{}
	for _, step := range result["steps"].([]any) {
		steps[step.(object)["path"].(string)] = step.(object)
	}

	return steps
}

func TestRetryFromANamedStepRunsItAgain(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, retryApp), uuid.NewString()
	api().run(t, appID, "Prepare")
	api().run(t, appID, "Ready")

	done := api().execute(t, with(runScenario(appID, "Main", object{}), object{"jobId": jobID}))
	require.Equal(t, http.StatusOK, done.status, done.text)

	for step, message := range map[string]string{
		"failed":    "no step of it failed",
		"4.steps.1": "name one of them, such as 4.steps[0].1",
		"7":         "has no step 7",
	} {
		code, status := "step_not_found", http.StatusNotFound
		if step == "failed" {
			code, status = "retry_refused", http.StatusConflict
		}

		requireError(t, status, code, message, api().retry(t, appID, jobID, object{"fromStep": step}))
	}

	got := api().retry(t, appID, jobID, object{"fromStep": "4.steps[1].1", "newJobId": jobID + " again"})
	require.Equal(t, http.StatusOK, got.status, got.text)

	result := api().awaitStatus(t, appID, jobID+" again", ended)
	require.Equal(t, "completed", result["status"], result)
	require.Equal(t, done.result(t)["value"], result["value"])
	require.Equal(t, []string{"before", "child"}, resultNames(t, result))
	require.Equal(t, object{"1": 1.0, "loop a": 1.0, "loop b": 2.0, "child": 2.0, "last": 2.0}, api().logged(t, appID))

	requireError(t, http.StatusNotFound, "step_not_found", "did not begin in this job",
		api().retry(t, appID, jobID+" again", object{"fromStep": "2"}))
}

func TestRetryWholeRunsEveryStepAgain(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, retryApp), uuid.NewString()
	api().run(t, appID, "Prepare")
	api().run(t, appID, "Ready")
	api().execute(t, with(runScenario(appID, "Main", object{}), object{"jobId": jobID}))

	looker := api().post(t, "retryJob", object{"apiKey": statusKey, "appId": appID, "jobId": jobID})
	requireError(t, http.StatusForbidden, "forbidden", "execute", looker)

	dry := api().retry(t, appID, jobID, object{"dryRun": true})
	require.Equal(t, "run", actions(dry.result(t))["1"], dry.text)

	for _, again := range []string{jobID + "~2", jobID + "~3"} {
		got := api().retry(t, appID, jobID, nil)
		require.Equal(t, http.StatusOK, got.status, got.text)

		result := api().awaitStatus(t, appID, again, ended)
		require.Equal(t, "completed", result["status"], result)
		require.Equal(t, again, result["value"].(object)["job"])

		jobID = again
	}

	require.Equal(t, object{"1": 3.0, "loop a": 3.0, "loop b": 3.0, "child": 3.0, "last": 3.0}, api().logged(t, appID))
}

// TestRetryFindsTheChangeOfALostStep terminates a job between the change of a step and its outcome.
func TestRetryFindsTheChangeOfALostStep(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, retryApp), uuid.NewString()
	api().run(t, appID, "Prepare")

	changed := lostOutcomes.of(jobID)

	got := api().execute(t, with(runScenario(appID, "Lost", object{}), object{"jobId": jobID, "isAsync": true}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	<-changed

	requireError(t, http.StatusConflict, "job_not_ended", "still runs", api().retry(t, appID, jobID, object{"fromStep": "failed"}))
	require.NoError(t, shared.client.TerminateWorkflow(t.Context(), jobID, "", "lost"))

	got = api().retry(t, appID, jobID, object{"fromStep": "failed"})
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.Equal(t, "completed", api().awaitStatus(t, appID, jobID+"~2", ended)["status"])
	require.Equal(t, object{"1": 1.0, "2": 1.0, "3": 1.0}, api().logged(t, appID))
}

// TestRetryOfAJobThatWasTerminatedDuringAWorkflowTask terminates a job while a local activity of it runs.
func TestRetryOfAJobThatWasTerminatedDuringAWorkflowTask(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, map[string]string{
		"app.yaml": "sources: {locked: {kind: SQLiteSource}, stage: {kind: SQLiteSource}}",
		"scenarios/Main.yaml": `
steps:
  - {opName: RunSourceScript, execution: activity, opParams: {source: stage, script: CREATE TABLE IF NOT EXISTS first (n INTEGER)}}
  - {opName: RunSourceScript, execution: local, opParams: {source: locked, script: CREATE TABLE IF NOT EXISTS second (n INTEGER)}}
`,
	}), uuid.NewString()

	release := lockDatabase(t, shared.dir, appID)

	got := api().execute(t, with(runScenario(appID, "Main", object{}), object{"jobId": jobID, "isAsync": true}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	await(t, func() bool {
		events := historyOf(t, jobID).GetEvents()

		return slices.ContainsFunc(events, func(event *historypb.HistoryEvent) bool {
			return event.GetEventType() == enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
		}) && events[len(events)-1].GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED
	})
	require.NoError(t, shared.client.TerminateWorkflow(t.Context(), jobID, "", "lost"))
	release()

	// The second step may have made its change, of which the history has nothing.
	requireError(t, http.StatusConflict, "retry_refused", "name the step from which they run again",
		api().retry(t, appID, jobID, object{"fromStep": "failed"}))

	got = api().retry(t, appID, jobID, object{"fromStep": "1"})
	require.Equal(t, http.StatusOK, got.status, got.text)

	result := api().awaitStatus(t, appID, jobID+"~2", ended)
	require.Equal(t, "completed", result["status"], result)

	// The command says what to do next.
	user := newTerminal(t, appID)
	_, errs, status := user.run(t, "", "retry", jobID, "--from", "failed", "--new-job-id", uuid.NewString())
	require.NotZero(t, status)
	require.Contains(t, errs, "name the step from which they run again, or retry the job whole")

	again := "jobwright retry --app " + appID + " " + jobID
	require.Contains(t, errs, "To see the paths of the steps: "+again+" --dry-run\n")
	require.Contains(t, errs, "To begin with a step:          "+again+" --from STEP\n")
	require.Contains(t, errs, "To run all steps again:        "+again+"\n")
	require.Regexp(t, `(?m)^2 +RunSourceScript`, user.require(t, "retry", jobID, "--dry-run"))
}

func TestPauseRestsBetweenSteps(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, retryApp), uuid.NewString()
	fields := object{"apiKey": devKey, "appId": appID, "jobId": jobID}

	got := api().execute(t, with(runScenario(appID, "Rest", object{}), object{"jobId": jobID, "isAsync": true}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	api().awaitStatus(t, appID, jobID, func(result object) bool { return result["signals"] != nil })

	require.Equal(t, object{"jobId": jobID, "status": "not paused"}, api().post(t, "resumeJob", fields).result(t))

	got = api().post(t, "pauseJob", fields)
	require.Equal(t, "paused", got.result(t)["status"], got.text)

	paused := got.result(t)["paused"].(object)
	require.Equal(t, "*", paused["by"])
	require.Equal(t, object{"jobId": jobID, "status": "already paused", "paused": paused}, api().post(t, "pauseJob", fields).result(t))

	// The step that has begun ends, and the next one does not begin.
	require.Equal(t, http.StatusOK, api().post(t, "signalJob", with(fields, object{"signal": "go"})).status)

	result := api().status(t, appID, jobID).result(t)
	require.Equal(t, "paused", result["status"])
	require.Equal(t, paused, result["paused"])
	require.Equal(t, "completed", stepsByPath(result)["1"]["state"])
	require.Equal(t, "pending", stepsByPath(result)["2"]["state"])

	require.Equal(t, object{"jobId": jobID, "status": "resumed"}, api().post(t, "resumeJob", fields).result(t))
	require.Equal(t, "completed", api().awaitStatus(t, appID, jobID, ended)["status"])
	requireError(t, http.StatusConflict, "job_ended", "has ended", api().post(t, "pauseJob", fields))
}

func TestStopEndsAPausedJob(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, retryApp), uuid.NewString()
	fields := object{"apiKey": devKey, "appId": appID, "jobId": jobID}

	require.Equal(t, http.StatusOK,
		api().execute(t, with(runScenario(appID, "Rest", object{}), object{"jobId": jobID, "isAsync": true})).status)
	api().awaitStatus(t, appID, jobID, func(result object) bool { return result["signals"] != nil })
	require.Equal(t, "paused", api().post(t, "pauseJob", fields).result(t)["status"])
	require.Equal(t, http.StatusOK, api().post(t, "signalJob", with(fields, object{"signal": "go"})).status)
	require.Equal(t, http.StatusOK, api().stop(t, appID, jobID).status)
	require.Equal(t, "stopped", api().awaitStatus(t, appID, jobID, ended)["status"])

	// The job continues where it was stopped.
	require.Equal(t, http.StatusOK, api().retry(t, appID, jobID, object{"fromStep": "failed"}).status)

	result := api().awaitStatus(t, appID, jobID+"~2", ended)
	require.Equal(t, "completed", result["status"], result)
	require.Equal(t, true, stepsByPath(result)["1"]["takenOver"])

	described, err := shared.client.DescribeWorkflowExecution(t.Context(), jobID+"~2", "")
	require.NoError(t, err)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, described.GetWorkflowExecutionInfo().GetStatus())
}

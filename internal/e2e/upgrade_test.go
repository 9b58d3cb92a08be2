package e2e_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/internal/rollout"
	"github.com/jobwright/jobwright/replay"
)

const (
	deploymentName = "jobs"
	newerBuild     = "newer"
)

// upgradeApp has jobs that wait, that loop, that run children, and that have a step in another task queue.
var upgradeApp = map[string]string{
	"app.yaml": `
sources: {stage: {kind: SQLiteSource}, heavy: {kind: SQLiteSource, taskQueue: heavy}}
variables: {ended: {type: integer, default: 0}}
access: [{name: boss, key: "${env:JOBWRIGHT_APP_7_KEY}"}]
`,
	"scenarios/Waiting.yaml": `
steps:
  - {name: go, opName: WaitForSignal, opParams: {name: go}}
  - {name: sum, opName: Transform, opParams: {source: stage, query: "SELECT ${steps.go.value} + 1 AS n", returnValue: true}}
  - {opName: Return, opParams: {value: "${steps.sum.value[0].n}"}}
`,
	"scenarios/Looping.yaml": `
steps:
  - {opName: SetVariable, opParams: {name: sum, value: 0}}
  - opName: ForEach
    opParams:
      in: ${1..2}
      steps:
        - {name: go, opName: WaitForSignal, opParams: {name: go, timeout: 1h}}
        - {opName: SetVariable, opParams: {name: sum, value: "${sum + steps.go.value}"}}
  - {opName: Return, opParams: {value: "${sum}"}}
`,
	"scenarios/Parent.yaml": `
steps:
  - {name: child, opName: RunScenario, opParams: {scenario: Looping}}
  - {opName: Return, opParams: {value: "${steps.child.value}"}}
`,
	"scenarios/Heavy.yaml": `
steps:
  - {name: sum, opName: Transform, opParams: {source: heavy, query: "SELECT 42 AS n", returnValue: true}}
  - {opName: Return, opParams: {value: "${steps.sum.value[0].n}"}}
`,
	"scenarios/Short.yaml": `
steps:
  - {opName: SetVariable, opParams: {scope: app, name: ended, value: "${ended + 1}"}}
  - {opName: Return, opParams: {value: 1}}
`,
}

// upgrade is a system whose workers are versions of a deployment.
type upgrade struct {
	production

	temporal client.Client
	server   *process // The API server.
	api      caller
}

func newUpgrade(t *testing.T) *upgrade {
	t.Helper()

	return newUpgradeOn(t, shared.temporal, upgradeApp)
}

// newUpgradeOn returns a system on a Temporal, with an app, and with more variables in the environment of its processes.
func newUpgradeOn(t *testing.T, server *temporalProcess, files map[string]string, environment ...string) *upgrade {
	t.Helper()

	u := &upgrade{production: newProductionOn(t, server)}
	writeApp(t, filepath.Join(u.apps, "8"), files)

	_, namespace, _ := strings.Cut(u.environment[1], "=")
	u.environment = append(u.environment, environment...)

	temporal, err := client.Dial(client.Options{HostPort: server.Frontend, Namespace: namespace, Logger: silent{}})
	require.NoError(t, err)
	t.Cleanup(temporal.Close)
	u.temporal = temporal

	u.server, u.api = u.apiserver(t)

	return u
}

// jobwright runs a command, and returns its exit status and its output.
func (u *upgrade) jobwright(t *testing.T, arguments ...string) (status int, output string) {
	t.Helper()

	p := launch(t, u.environment, "jobwright", arguments...)

	return p.end(t), p.output()
}

// deployment runs a command that succeeds, and returns the state of the deployment that it prints.
func (u *upgrade) deployment(t *testing.T, arguments ...string) (found rollout.Status) {
	t.Helper()

	status, output := u.jobwright(t, append([]string{"deployment"}, append(arguments, "--json")...)...)
	require.Equal(t, 0, status, output)

	_, fields, _ := strings.Cut(output, "{")
	require.NoError(t, json.Unmarshal([]byte("{"+fields), &found), output)

	return found
}

// version returns the state of a version.
func (u *upgrade) version(t *testing.T, build string) rollout.Version {
	t.Helper()

	found, err := new(u.deployment(t, "status")).Version(build)
	require.NoError(t, err)

	return found
}

// start starts a job, and returns its jobId.
func (u *upgrade) start(t *testing.T, scenario string) string {
	t.Helper()

	jobID := strings.ToLower(scenario) + "-" + uuid.NewString()
	got := u.api.execute(t, with(runScenario("8", scenario, object{}), object{"apiKey": callerKey, "jobId": jobID, "isAsync": true}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	return jobID
}

// starts begins several jobs.
func (u *upgrade) starts(t *testing.T, count int, scenario string) []string {
	t.Helper()

	jobIDs := make([]string, count)
	for i := range jobIDs {
		jobIDs[i] = u.start(t, scenario)
	}

	return jobIDs
}

// requireValue waits for the end of a job, and checks what it returns.
func (u *upgrade) requireValue(t *testing.T, jobID string, value float64) {
	t.Helper()

	var status object

	await(t, func() bool {
		got := u.api.call(t, http.MethodGet, "/api/v1/getJobStatus.jsp?"+jobQuery(callerKey, "8", jobID), nil, "")
		require.Equal(t, http.StatusOK, got.status, got.text)
		status = got.result(t)

		return ended(status)
	})
	require.Equal(t, "completed", status["status"], status)
	require.InDelta(t, value, status["value"], 0, status)
}

// buildOf returns the build that ran the last run of a job.
func (u *upgrade) buildOf(t *testing.T, jobID string) string {
	t.Helper()

	described, err := u.temporal.DescribeWorkflowExecution(t.Context(), jobID, "")
	require.NoError(t, err)

	return described.GetWorkflowExecutionInfo().GetVersioningInfo().GetDeploymentVersion().GetBuildId()
}

// requireEnds waits for the ends of jobs, and checks what each returns and the build that ran its last run.
func (u *upgrade) requireEnds(t *testing.T, jobIDs []string, value float64, build string) {
	t.Helper()

	for _, jobID := range jobIDs {
		u.requireValue(t, jobID, value)
		require.Equal(t, build, u.buildOf(t, jobID))
	}
}

// signals sends a signal to each of the jobs.
func (u *upgrade) signals(t *testing.T, jobIDs ...[]string) {
	t.Helper()

	for _, jobID := range slices.Concat(jobIDs...) {
		got := u.api.signal(t, object{"apiKey": callerKey, "appId": "8", "jobId": jobID, "signal": "go", "data": 41})
		require.Equal(t, http.StatusOK, got.status, got.text)
	}
}

// newerWorker starts a worker of the built commands, as another version than the older worker.
func (u *upgrade) newerWorker(t *testing.T) *process {
	t.Helper()

	return u.worker(t, "--deployment", deploymentName, "--build-id", newerBuild)
}

// awaitNewJobsOn waits until new jobs run on a build: Temporal's services learn of the routing a little later.
func (u *upgrade) awaitNewJobsOn(t *testing.T, build string) {
	t.Helper()

	await(t, func() bool {
		jobID := u.start(t, "Short")
		u.requireValue(t, jobID, 1)

		return u.buildOf(t, jobID) == build
	})
}

func (u *upgrade) isReady(t *testing.T) bool {
	t.Helper()

	return u.api.call(t, http.MethodGet, "/readyz", nil, "").status == http.StatusOK
}

// TestUpgradeOf200Jobs rolls out a version whose interpreter can't replay the histories of the running jobs.
func TestUpgradeOf200Jobs(t *testing.T) {
	t.Parallel()

	u := newUpgrade(t)

	// A worker that is a version runs no job before its version is current, and the API server says so.
	older := u.olderWorker(t)

	await(t, func() bool {
		status, output := u.jobwright(t, "deployment", "status")

		return status == 0 && strings.Contains(output, olderBuild+"  inactive     0        1")
	})
	_, output := u.jobwright(t, "deployment", "status")
	require.Contains(t, output, "No build is current, so new jobs wait: run jobwright deployment set-current.")
	require.False(t, u.isReady(t))
	require.Equal(t, olderBuild, u.deployment(t, "set-current", "old").Current)
	await(t, func() bool { return u.isReady(t) })

	const waiting, looping, parents = 80, 60, 30

	waits, loops, families := u.starts(t, waiting, "Waiting"), u.starts(t, looping, "Looping"), u.starts(t, parents, "Parent")
	children := make([]string, parents)

	for i, jobID := range families {
		children[i] = jobID + "/1"
	}

	u.requireValue(t, u.start(t, "Short"), 1)
	await(t, func() bool { return u.version(t, olderBuild).Jobs == waiting+looping+2*parents })

	// The new version could not continue the jobs.
	var checked replay.Checked

	status, output := u.jobwright(t, "replay", "--limit", "5", "--closed", "0", "--json", "--query", "JobwrightScenario = 'Waiting'")
	require.Equal(t, 1, status, output)
	require.NoError(t, json.Unmarshal([]byte(output), &checked))
	require.Len(t, checked.Incompatible, 5)
	require.Equal(t, []string{"8", "Waiting"}, []string{checked.Incompatible[0].AppID, checked.Incompatible[0].Scenario})
	require.Contains(t, checked.Incompatible[0].Reason, "MarkerRecorded")

	newer := u.newerWorker(t)
	require.Contains(t, newer.await(t, `the build of this worker (.*)"`), "runs no new jobs")

	// Ramp up, and roll back.
	require.InDelta(t, 100, u.deployment(t, "ramp", newerBuild, "--percent", "100").Percent, 0)

	u.awaitNewJobsOn(t, newerBuild)
	require.Empty(t, u.deployment(t, "ramp", "--percent", "0").Ramping)
	u.awaitNewJobsOn(t, olderBuild)

	require.Equal(t, newerBuild, u.deployment(t, "set-current", newerBuild).Current)
	u.awaitNewJobsOn(t, newerBuild)

	// Pinned jobs stay on their version: some end, and the loops begin their second round.
	u.signals(t, waits[:waiting/2], loops, children)
	u.requireEnds(t, waits[:waiting/2], 42, olderBuild)

	for _, jobID := range loops {
		require.Equal(t, olderBuild, u.buildOf(t, jobID))
	}

	// The others move, parents after their children have ended, and the older worker can stop.
	drain := launch(t, u.environment, "jobwright", "deployment", "drain", "--move", "--timeout", "5m")
	drain.await(t, "older: draining")
	u.signals(t, children)
	require.Equal(t, 0, drain.end(t), drain.output())
	require.Regexp(t, `older +drained +0 +1\n`, drain.output())
	requireTerminated(t, older)

	u.signals(t, waits[waiting/2:], loops)
	u.requireEnds(t, waits[waiting/2:], 42, newerBuild)
	u.requireEnds(t, loops, 82, newerBuild)

	for _, jobID := range families { // A child that is asked to move and ends at the same time does not move.
		u.requireValue(t, jobID, 82)
	}

	// No workflow task has failed, whichever version ran it.
	require.NotContains(t, metrics(t, caller{"http://" + newer.await(t, `"worker is up","http":"([0-9.:]+)"`)}), "NonDeterminismError")

	stuck, err := u.temporal.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{
		Query: "TemporalReportedProblems IS NOT NULL OR ExecutionStatus = 'Failed'",
	})
	require.NoError(t, err)
	require.Zero(t, stuck.GetCount())

	u.requireBuilds(t, loops[0], olderBuild, newerBuild)
}

// requireBuilds checks on which builds a job has run, one after the other.
func (u *upgrade) requireBuilds(t *testing.T, jobID string, builds ...string) {
	t.Helper()

	var found []string

	for _, history := range (&system{client: u.temporal}).historiesOf(t, jobID) {
		for _, event := range history.GetEvents() {
			if completed := event.GetWorkflowTaskCompletedEventAttributes(); completed != nil {
				require.Equal(t, enumspb.VERSIONING_BEHAVIOR_PINNED, completed.GetVersioningBehavior())

				found = append(found, completed.GetDeploymentVersion().GetBuildId())
			}

			require.NotEqual(t, enumspb.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR,
				event.GetWorkflowTaskFailedEventAttributes().GetCause())
		}
	}

	require.Equal(t, builds, slices.Compact(found))
}

// A process that is an API server and a worker does not give new jobs to its own version, unless it is the current one.
func TestServeStartsJobsInTheCurrentVersion(t *testing.T) {
	t.Parallel()

	u := newUpgrade(t)
	_, first, _ := u.serve(t, "--deployment", deploymentName, "--build-id", "v1")
	_, second, _ := u.serve(t, "--deployment", deploymentName, "--build-id", "v2")

	await(t, func() bool {
		status, _ := u.jobwright(t, "deployment", "set-current", "v1")

		return status == 0
	})

	run := func(api caller) (build string, isEager bool) {
		u.api = api
		jobID := u.start(t, "Short")
		u.requireValue(t, jobID, 1)

		started := historyOfRun(t, u.temporal, jobID, "").GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()

		return u.buildOf(t, jobID), started.GetEagerExecutionAccepted()
	}

	await(t, func() bool { // The process learns of the version within seconds.
		build, isEager := run(first)
		require.Equal(t, "v1", build)

		return isEager
	})

	build, isEager := run(second)
	require.Equal(t, "v1", build)
	require.False(t, isEager)
}

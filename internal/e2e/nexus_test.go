package e2e_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	nexuspb "go.temporal.io/api/nexus/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/job"
)

// nexusApp permits calls by Nexus.
var nexusApp = map[string]string{
	"app.yaml": `
access:
  - {name: other teams, nexus: true, rights: [execute], scenarios: [Approve, Wait, Fail]}
  - {name: boss, key: "${env:JOBWRIGHT_APP_7_KEY}"}
`,
	"scenarios/Approve.yaml": `
parameters: {size: {type: integer}}
steps:
  - {name: approval, opName: WaitForSignal, opParams: {name: approve}}
  - {opName: Return, opParams: {value: {size: "${size}", by: "${steps.approval.value.by}"}}}
`,
	"scenarios/Wait.yaml":   "steps:\n  - {title: Long, opName: Wait, opParams: {duration: 1h}}\n",
	"scenarios/Fail.yaml":   "steps:\n  - {opName: Fail, opParams: {message: the file is missing}}\n",
	"scenarios/Secret.yaml": "steps:\n  - {opName: Return, opParams: {value: 1}}\n",
}

// nexusBinary builds the program of the guide that calls by Nexus.
var nexusBinary = sync.OnceValues(func() (path string, err error) {
	path = filepath.Join(shared.dir, "nexus-caller")

	build := exec.Command("go", "build", "-o", path, "../../examples/nexus-caller")
	build.Stderr = os.Stderr

	return path, build.Run()
})

// Everything is killed while the scenario waits: the caller's worker, Jobwright's worker and API server, and Temporal.
func TestNexusCallSurvivesKillsOfEverything(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	temporal, err := startTemporal(dir, 0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, temporal.stop()) })

	p := production{
		environment: []string{"TEMPORAL_ADDRESS=" + temporal.Frontend, "TEMPORAL_NAMESPACE=jobs"},
		apps:        t.TempDir(), results: t.TempDir(), dataDir: t.TempDir(),
	}
	writeApp(t, filepath.Join(p.apps, "7"), nexusApp)

	for _, printed := range []string{"Created the Nexus endpoint jobwright.", "The Nexus endpoint jobwright exists."} {
		setup := launch(t, p.environment, "jobwright", "setup", "--nexus-endpoint", "jobwright")
		require.Equal(t, 0, setup.end(t), setup.output())
		require.Contains(t, setup.output(), printed)
	}

	program, err := nexusBinary()
	require.NoError(t, err)

	call := func() *process {
		command := exec.Command(program, "-scenario", "Approve", "-parameters", `{"size": 9007199254740993}`)
		command.Env = append(os.Environ(), "TEMPORAL_ADDRESS="+temporal.Frontend, "TEMPORAL_NAMESPACE=default")

		return start(t, command)
	}

	server, api := p.apiserver(t)
	jobs, calling := p.worker(t), call()
	jobID := api.awaitOnlyJob(t, "7", "Approve")
	await(t, func() bool {
		got := api.call(t, http.MethodGet, "/api/v1/getJobStatus.jsp?apiKey="+callerKey+"&appId=7&jobId="+jobID, nil, "")
		require.Equal(t, http.StatusOK, got.status, got.text)

		return got.result(t)["signals"] != nil
	})

	for _, process := range []*process{calling, jobs, server} {
		process.kill()
	}

	address := temporal.Frontend
	temporal.kill()

	temporal, err = startTemporalAt(address, dir, 0)
	require.NoError(t, err)

	_, api = p.apiserver(t)
	p.worker(t)

	calling = call()
	got := api.signal(t, object{"apiKey": callerKey, "appId": "7", "jobId": jobID, "signal": "approve", "data": object{"by": "Ada"}})
	require.Equal(t, http.StatusOK, got.status, got.text)

	require.Equal(t, 0, calling.end(t), calling.output())
	require.Contains(t, calling.output(), `The scenario returned {"by":"Ada","size":9007199254740993}`)
	require.Equal(t, jobID, api.awaitOnlyJob(t, "7", "Approve"), "the call has not been repeated as another job")
}

// awaitOnlyJob waits until lists of the app have a job of the scenario, and returns its jobId. There must be no other.
func (c caller) awaitOnlyJob(t *testing.T, appID, scenario string) (jobID string) {
	t.Helper()
	await(t, func() bool {
		got := c.call(t, http.MethodGet, "/api/v1/getJobs?apiKey="+callerKey+"&appId="+appID+"&scenario="+scenario, nil, "")
		require.Equal(t, http.StatusOK, got.status, got.text)

		found := got.result(t)["jobs"].([]any)
		require.LessOrEqual(t, len(found), 1, got.text)

		if len(found) == 1 {
			jobID = found[0].(object)["jobId"].(string)
		}

		return jobID != ""
	})

	return jobID
}

func TestNexusReturnsErrorsAndStops(t *testing.T) {
	t.Parallel()

	endpoint, queue := "nexus-"+uuid.NewString(), "callers-"+uuid.NewString()

	_, err := shared.client.OperatorService().CreateNexusEndpoint(t.Context(), &operatorservice.CreateNexusEndpointRequest{
		Spec: &nexuspb.EndpointSpec{Name: endpoint, Target: &nexuspb.EndpointTarget{Variant: &nexuspb.EndpointTarget_Worker_{
			Worker: &nexuspb.EndpointTarget_Worker{Namespace: client.DefaultNamespace, TaskQueue: job.TaskQueue},
		}}},
	})
	require.NoError(t, err)

	// As the test's workflow has no other use, it returns the error of the operation.
	run := func(ctx workflow.Context, request object) (outcome object, err error) {
		operation := workflow.NewNexusClient(endpoint, "jobwright").ExecuteOperation(ctx, "run-scenario", request,
			workflow.NexusOperationOptions{ScheduleToCloseTimeout: time.Hour})

		return outcome, operation.Get(ctx, &outcome)
	}

	workflows := worker.New(shared.client, queue, worker.Options{})
	workflows.RegisterWorkflowWithOptions(run, workflow.RegisterOptions{Name: "run"})
	require.NoError(t, workflows.Start())
	t.Cleanup(workflows.Stop)

	call := func(t *testing.T, request object) client.WorkflowRun {
		t.Helper()

		started, err := shared.client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: queue}, "run", request)
		require.NoError(t, err)

		return started
	}

	appID, closed := newApp(t, nexusApp), newApp(t, languageApp)

	for name, of := range map[string]struct {
		request object
		want    string
	}{
		"a scenario that fails": {object{"appId": appID, "scenario": "Fail"}, "the file is missing"},
		"a scenario that the access does not permit": {
			object{"appId": appID, "scenario": "Secret"},
			`forbidden: this apiKey does not permit to run the scenario "Secret" in app ` + appID,
		},
		"an app without access by Nexus": {object{"appId": closed, "scenario": "If"}, "forbidden: app " + closed + " permits no calls by Nexus"},
		"an app that does not exist":     {object{"appId": "missing", "scenario": "If"}, "missing"},
		"a parameter that does not exist": {
			object{"appId": appID, "scenario": "Approve", "parameters": object{"length": 1}}, "length",
		},
		"a field that does not exist": {object{"appId": appID, "scenario": "Fail", "scenarios": 1}, `unknown field "scenarios"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorContains(t, call(t, of.request).Get(t.Context(), nil), of.want)
		})
	}

	t.Run("a caller that is cancelled", func(t *testing.T) {
		t.Parallel()

		calling := call(t, object{"appId": appID, "scenario": "Wait"})
		jobID := api().awaitOnlyJob(t, appID, "Wait")

		require.NoError(t, shared.client.CancelWorkflow(t.Context(), calling.GetID(), ""))
		require.Error(t, calling.Get(t.Context(), nil))
		require.Equal(t, "stopped", api().awaitStatus(t, appID, jobID, ended)["status"])
	})
}

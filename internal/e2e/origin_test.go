package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
)

// originApp has a scenario that waits for a signal, in a child job too.
var originApp = map[string]string{
	"app.yaml": "access:\n  - {name: nightly-batch, key: \"${env:JOBWRIGHT_APP_7_KEY}\"}\n",
	"scenarios/Main.yaml": `
parameters:
  country: {type: text, default: DE}
steps:
  - {opName: RunScenario, opParams: {scenario: Child, parameters: {country: "${country}"}}}
  - {opName: WaitForSignal, opParams: {name: go}}
`,
	"scenarios/Child.yaml": `
parameters:
  country: {type: text}
steps: [{opName: Return, opParams: {value: "${country}"}}]
`,
}

func TestStatusShowsTheOriginWhileTheJobRunsAndAfterItsEnd(t *testing.T) {
	t.Parallel()

	appID, jobID := newApp(t, originApp), uuid.NewString()
	request := with(runScenario(appID, "Main", object{"country": "FR"}), object{
		"apiKey": callerKey, "jobId": jobID, "isAsync": true, "labels": object{"order": "17", "stage": "test"},
	})
	require.Equal(t, http.StatusOK, api().execute(t, request).status)

	running := api().awaitStatus(t, appID, jobID, func(status object) bool { return status["signals"] != nil })

	got := api().signal(t, object{"apiKey": devKey, "appId": appID, "jobId": jobID, "signal": "go"})
	require.Equal(t, http.StatusOK, got.status, got.text)

	after := api().awaitStatus(t, appID, jobID, ended)

	for _, status := range []object{running, after} {
		require.Equal(t, appID, status["app"])
		require.Equal(t, "Main", status["scenario"])
		require.Equal(t, "nightly-batch", status["caller"])
		require.Equal(t, object{"order": "17", "stage": "test"}, status["labels"])
		require.Equal(t, object{"country": "FR"}, status["parameters"])
		require.Equal(t, running["startedAt"], status["startedAt"])
	}

	child := api().awaitStatus(t, appID, jobID+"/1", ended)
	require.Equal(t, "Child", child["scenario"])
	require.Equal(t, "nightly-batch", child["caller"])
	require.Equal(t, object{"order": "17", "stage": "test"}, child["labels"])

	// An operator finds both by the caller and the labels.
	query := fmt.Sprintf(`JobwrightApp = %q AND JobwrightCaller = "nightly-batch" AND JobwrightLabels = "order=17"`, appID)
	require.Eventually(t, func() bool {
		counted, err := shared.client.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: query})

		return err == nil && counted.GetCount() == 2
	}, time.Minute, 100*time.Millisecond)
}

func TestWorkflowInputBeginsWithScenarioParametersAndCaller(t *testing.T) {
	t.Parallel()

	jobID := uuid.NewString()
	request := with(runScenario("7", "Main", object{"country": "DE"}), object{"jobId": jobID, "labels": object{"order": "17"}})
	require.Equal(t, http.StatusOK, api().execute(t, request).status)

	started := shared.historiesOf(t, jobID)[0].GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()
	input := string(started.GetInput().GetPayloads()[0].GetData())
	require.True(t, strings.HasPrefix(input,
		`{"scenario":"Main","parameters":{"country":"DE"},"caller":"*","labels":{"order":"17"},"appId":"7","program":{`), input)
}

func TestExecuteJobRejectsInvalidLabels(t *testing.T) {
	t.Parallel()

	many := object{}
	for i := range 21 {
		many[fmt.Sprint(i)] = ""
	}

	for message, labels := range map[string]object{
		"a job has at most 20 labels":          many,
		"can't name a label":                   {"a=b": "c"},
		"has 101 characters":                   {"a": strings.Repeat("ä", 101)},
		"contains characters that don't print": {"a": "b\n"},
		"labels.a must be text":                {"a": 1},
	} {
		got := api().execute(t, with(runScenario("7", "Main", object{}), object{"labels": labels}))
		require.Equal(t, http.StatusBadRequest, got.status, got.text)
		require.Equal(t, "request_invalid", got.result(t)["code"])
		require.Contains(t, got.result(t)["message"], message)
	}
}

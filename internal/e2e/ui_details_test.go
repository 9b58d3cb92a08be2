package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

var detailsApp = map[string]string{
	"app.yaml": "sources:\n  stage: {kind: SQLiteSource}\n",
	"scenarios/Main.yaml": `
parameters:
  country: {type: text, default: DE}
steps:
  - title: "Rows | 1/2 of <b>them</b>"
    opName: Transform
    opParams: {source: stage, query: "SELECT 1 AS a UNION SELECT 2", targetTable: t}
  - title: Approvals
    opName: ForEach
    opParams:
      in: ${[1, 2, 3]}
      as: n
      steps:
        - {title: Approve, condition: "${n > 1}", opName: WaitForSignal, opParams: {name: approval}}
  - title: Refuse
    opName: Fail
    opParams: {code: refused, message: "` + "`no`" + ` <i>entry</i> from ${country}"}
`,
}

// currentDetails is the text that Temporal UI renders of a job's details, in which a run of white space is one space.
const currentDetails = `document.querySelector("iframe#user-metadata-current-details").contentDocument.body.textContent` +
	`.replace(/\s+/g, " ").match(/^.*Step.*$/)[0]`

func TestTemporalUIShowsCurrentDetailsWithoutAReload(t *testing.T) {
	t.Parallel()

	browser := openBrowser(t)
	api := caller{shared.server.URL}
	appID, jobID := newApp(t, detailsApp), uuid.NewString()

	got := api.execute(t, with(runScenario(appID, "Main", object{}), object{"jobId": jobID, "isAsync": true}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	// The page is opened once, while the job runs.
	running := api.awaitStatus(t, appID, jobID, func(status object) bool {
		loop := stepOf(status, "Approvals")

		return loop != nil && loop["iterations"] == 1.0
	})
	require.Contains(t, stepOf(running, "Approvals"), "totalIterations")

	described, err := shared.client.DescribeWorkflowExecution(t.Context(), jobID, "")
	require.NoError(t, err)

	address := fmt.Sprintf("http://%s/namespaces/default/workflows/%s/%s/user-metadata", shared.temporal.UI, jobID,
		described.GetWorkflowExecutionInfo().GetExecution().GetRunId())
	browser.open(t, address)

	details := browser.await(t, currentDetails)
	require.Contains(t, details, "Parameters: country = DE")
	require.Regexp(t, `1 Rows \| 1/2 of <b>them</b> completed 2 \d+ms`, details)
	require.Regexp(t, `2 Approvals running, 1 of 3 since \d\d:\d\d:\d\d UTC`, details)
	require.Contains(t, details, "3 Refuse pending")
	require.NotContains(t, details, "Error")

	// Also the details of a failed job.
	for range 2 {
		got := api.signal(t, object{"apiKey": devKey, "appId": appID, "jobId": jobID, "signal": "approval"})
		require.Equal(t, http.StatusOK, got.status, got.text)
	}

	api.awaitStatus(t, appID, jobID, ended)
	browser.open(t, address+"?")

	details = browser.await(t, strings.Replace(currentDetails, "Step", "Step.*Error", 1))
	require.Contains(t, details, "Parameters: country = DE")
	require.Contains(t, details, "Failed with refused: app "+appID+", scenario Main, step 3")
	require.Regexp(t, `2 Approvals completed, 3 of 3 0 `, details)
	require.Regexp(t, "3 Refuse failed \\S+ `no` <i>entry</i> from DE", details)
}

package e2e_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// slotApp has a source that one step may use at a time. The scenario Hold uses it until it is stopped.
var slotApp = map[string]string{
	"app.yaml": `
sources: {stage: {kind: SQLiteSource, maxConcurrentSteps: 1}}
access: [{name: caller, key: "${env:JOBWRIGHT_APP_7_KEY}"}]
`,
	"scenarios/Hold.yaml": `steps: [{title: Hold, opName: Transform, opParams: {source: stage, query: "` + endless + `", returnResult: true}}]`,
	"scenarios/Load.yaml": `
steps:
  - {title: Begin, opName: Return, opParams: {value: 1}, condition: "${false}"}
  - {title: Read the stage, opName: Transform, opParams: {source: stage, query: SELECT 1 AS n, returnResult: true, resultName: numbers}}
`,
}

// startWaitingForSlot starts a job of slotApp whose second step waits for the slot that another job has.
func startWaitingForSlot(t *testing.T) (appID, jobID, holder string) {
	t.Helper()

	appID, jobID, holder = newApp(t, slotApp), "waits "+uuid.NewString()[:8], "holds "+uuid.NewString()[:8]

	for _, of := range []struct {
		jobID, scenario string
		isReady         func(object) bool
	}{
		{holder, "Hold", func(status object) bool { return stepOf(status, "Hold")["attempt"] != nil }},
		{jobID, "Load", func(status object) bool { return stepOf(status, "Read the stage")["waitsFor"] != nil }},
	} {
		got := api().execute(t, with(runScenario(appID, of.scenario, object{}), object{"jobId": of.jobID, "isAsync": true}))
		require.Equal(t, http.StatusOK, got.status, got.text)
		api().awaitStatus(t, appID, of.jobID, of.isReady)
	}

	return appID, jobID, holder
}

func TestCommandsShowForWhichSlotAStepWaits(t *testing.T) {
	t.Parallel()

	const waits = "waits for a slot of the source stage: 1 running of 1"

	appID, jobID, holder := startWaitingForSlot(t)
	user := newTerminal(t, appID)

	require.Regexp(t, `(?m)^◌ Read the stage .*\n +`+waits+`$`, user.require(t, "status", jobID))

	watching := launch(t, user.env, "jobwright", "watch", jobID)
	watching.await(t, `step 2 "Read the stage": `+waits)

	running := launch(t, user.env, "jobwright", "run", "Load")
	running.await(t, `step 2 "Read the stage": `+waits)

	user.require(t, "stop", holder)

	require.Zero(t, watching.end(t), watching.output())
	require.Zero(t, running.end(t), running.output())
	require.NotContains(t, user.require(t, "status", jobID), "waits for")
}

// The page says it in the tree of steps, in colour in the time line, and no longer when the step has begun.
func TestConsoleShowsForWhichSlotAStepWaits(t *testing.T) {
	t.Parallel()

	appID, jobID, holder := startWaitingForSlot(t)
	b := openBrowser(t)

	b.open(t, serveConsole(t).address)
	b.fill(t, "App", appID)
	b.fill(t, "API key", callerKey)
	b.click(t, "Sign in")
	b.click(t, jobID)

	b.awaitText(t, "#step-2 .step", "Waits for a slot of the source stage: 1 running of 1.")
	b.awaitText(t, "#step-2 .status", "waiting")
	b.await(t, `document.querySelector("#step-2 .line rect.waiting") ? "yes" : ""`)
	b.requireFitsAPhone(t, "a job that waits")

	got := api().stop(t, appID, holder)
	require.Equal(t, http.StatusOK, got.status, got.text)

	b.awaitText(t, "#status", "completed")
	require.Equal(t, "none", b.await(t, `document.querySelector(".waits, rect.waiting") ? "some" : "none"`))
}

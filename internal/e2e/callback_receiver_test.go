package e2e_test

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

const exampleReceiver = "../../examples/callback-receiver/receiver.mjs"

// The app of the example calls the receiver of the example, which verifies the call.
func TestExampleReceiverVerifiesCallbacks(t *testing.T) {
	t.Parallel()

	command := exec.Command("node", exampleReceiver, "0")
	if command.Err != nil {
		t.Skip("Node.js is not installed")
	}

	command.Env = append(command.Environ(), "WEBHOOK_SECRET="+webhookSecret)
	receiver := start(t, command)
	address := receiver.await(t, `Receiving at (\S+)`)

	manifest := page(t, filepath.Join("examples", "callback-receiver", "README.md"))[0].text
	manifest = strings.ReplaceAll(manifest, "http://127.0.0.1:8090/", address)
	manifest = strings.ReplaceAll(manifest, "JOBWRIGHT_APP_7_WEBHOOK_SECRET", "JOBWRIGHT_WEBHOOK_SECRET")

	appID, jobID := newApp(t, map[string]string{
		"app.yaml":            manifest,
		"scenarios/Main.yaml": "steps: [{opName: Fail, opParams: {message: no rows}}]",
	}), uuid.NewString()

	api().execute(t, with(runScenario(appID, "Main", object{}), object{"jobId": jobID}))
	receiver.await(t, `job\.failed: `+regexp.QuoteMeta(jobID)+` .*(no rows)`)
	api().awaitStatus(t, appID, jobID, inState("delivered"))

	// It accepts no call that is not signed, and prints a repeated one once.
	forged, err := http.Post(address, "application/json", strings.NewReader(`{"type": "job.completed", "data": {}}`))
	require.NoError(t, err)
	require.NoError(t, forged.Body.Close())
	require.Equal(t, http.StatusUnauthorized, forged.StatusCode)

	before := receiver.output()
	require.Equal(t, http.StatusOK, api().redeliver(t, appID, jobID).status)
	api().awaitStatus(t, appID, jobID, inState("delivered"))
	require.Equal(t, before, receiver.output())
}

package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/openapi/openapitest"
)

// object is a JSON object.
type object = map[string]any

// apiResponse is the response to a call.
type apiResponse struct {
	status int
	header http.Header
	text   string
	body   object
}

// result returns the field result of the envelope.
func (a apiResponse) result(tb testing.TB) object {
	tb.Helper()

	require.IsType(tb, object{}, a.body["result"], a.text)

	return a.body["result"].(object)
}

// caller calls the API at an address.
type caller struct{ address string }

func (c caller) call(tb testing.TB, method, path string, header http.Header, body string) apiResponse {
	tb.Helper()

	got, err := c.callContext(tb.Context(), method, path, header, body)
	require.NoError(tb, err)

	return got
}

// callContext makes a call. It can be used in any goroutine.
func (c caller) callContext(ctx context.Context, method, path string, header http.Header, body string) (apiResponse, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.address+path, bytes.NewBufferString(body))
	if err != nil {
		return apiResponse{}, err
	}

	maps.Copy(request.Header, header)

	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return apiResponse{}, err
	}
	defer response.Body.Close()

	text, err := io.ReadAll(response.Body)
	got := apiResponse{status: response.StatusCode, header: response.Header, text: string(text)}

	if err == nil {
		err = json.Unmarshal(text, &got.body)
	}

	if err == nil {
		err = checkExchange(openapitest.Exchange{
			Request: request, RequestBody: []byte(body), Response: response, ResponseBody: text,
		})
	}

	return got, err
}

// execute posts a request to executeJob.
func (c caller) execute(tb testing.TB, request object) apiResponse {
	tb.Helper()

	body, err := json.Marshal(request)
	require.NoError(tb, err)

	return c.call(tb, http.MethodPost, "/api/v1/executeJob.jsp", asJSON, string(body))
}

// startExecute posts a request to executeJob and returns a function that waits for the response.
func (c caller) startExecute(t *testing.T, request object) (wait func() apiResponse) {
	t.Helper()

	body, err := json.Marshal(request)
	require.NoError(t, err)

	type outcome struct {
		response apiResponse
		err      error
	}

	outcomes := make(chan outcome, 1)

	go func() {
		got, err := c.callContext(t.Context(), http.MethodPost, "/api/v1/executeJob.jsp", asJSON, string(body))
		outcomes <- outcome{got, err}
	}()

	return func() apiResponse {
		got := <-outcomes
		require.NoError(t, got.err)

		return got.response
	}
}

// status gets the status of a job.
func (c caller) status(t *testing.T, appID, jobID string) apiResponse {
	t.Helper()

	query := url.Values{"apiKey": {devKey}, "appId": {appID}, "jobId": {jobID}}

	return c.call(t, http.MethodGet, "/api/v1/getJobStatus.jsp?"+query.Encode(), nil, "")
}

// awaitStatus polls the job's status until it satisfies the condition.
func (c caller) awaitStatus(t *testing.T, appID, jobID string, satisfied func(result object) bool) object {
	t.Helper()

	const timeout = 2 * time.Minute

	for deadline := time.Now().Add(timeout); ; {
		got := c.status(t, appID, jobID)
		require.Equal(t, http.StatusOK, got.status, got.text)

		if result := got.result(t); satisfied(result) {
			return result
		}

		require.True(t, time.Now().Before(deadline), "the status does not satisfy the condition: %s", got.text)
	}
}

// ended reports whether the job has ended.
func ended(result object) bool {
	return result["status"] != "running" && result["status"] != "stopping" && result["status"] != "paused"
}

// runScenario returns a request that runs a scenario and waits for its end.
func runScenario(appID, scenario string, parameters object) object {
	return object{
		"apiKey": devKey, "appId": appID, "isAsync": false,
		"operation": object{"opName": "RunScenario", "opParams": object{"scenario": scenario, "parameters": parameters}},
	}
}

// with returns the request with more fields.
func with(request object, fields object) object {
	changed := maps.Clone(request)
	maps.Copy(changed, fields)

	return changed
}

// api calls the API of the shared system.
func api() caller { return caller{shared.server.URL} }

// newApp adds an app with the files to the shared system, and returns its ID.
func newApp(tb testing.TB, files map[string]string) string {
	tb.Helper()

	id := "test-" + uuid.NewString()

	writeApp(tb, filepath.Join(shared.dir, "apps", id), files)

	return id
}

func writeApp(tb testing.TB, dir string, files map[string]string) {
	tb.Helper()

	for name, text := range files {
		path := filepath.Join(dir, name)
		require.NoError(tb, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(tb, os.WriteFile(path, []byte(text), 0o600))
	}
}

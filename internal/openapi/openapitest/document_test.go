package openapitest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/openapi/openapitest"
)

func TestDocumentCheck(t *testing.T) {
	t.Parallel()

	text, err := os.ReadFile("../../../docs/openapi.json")
	require.NoError(t, err)

	document, err := openapitest.Parse(text)
	require.NoError(t, err)
	require.NoError(t, document.CompileSchemas())

	const (
		execute = "POST /api/v1/executeJob.jsp"
		status  = "GET /api/v1/getJobStatus?appId=7&jobId=a&apiKey=k"
		job     = `{"appId": "7", "operation": {"opName": "RunScenario", "opParams": {"scenario": "Main"}}}`
		started = `{"status": "success", "result": {"jobId": "a"}}`
		failed  = `{"status": "error", "result": {"code": "job_id_taken", "message": "no"}}`
		running = `{"status": "success", "result": {"jobId": "a", "status": "running", "version": 5, "app": "7",
			"startedAt": "2026-11-23T19:31:16Z", "steps": []}}`
	)

	replaced := strings.NewReplacer

	for name, row := range map[string]struct {
		line, request string
		status        int
		response      string
		problem       string
	}{
		"a job":                             {execute, job, 200, started, ""},
		"an error":                          {execute, job, 409, failed, ""},
		"a status":                          {status, "", 200, running, ""},
		"an unknown path":                   {"GET /api/v1/nothing", "", 404, failed, ""},
		"a served unknown path":             {"GET /api/v1/nothing", "", 200, started, "no GET /api/v1/nothing"},
		"an unknown parameter":              {status + "&wait=5", "", 200, running, "no parameter wait"},
		"a refused parameter":               {status + "&wait=5", "", 400, replaced("job_id_taken", "request_invalid").Replace(failed), ""},
		"a parameter of a wrong type":       {status + "&waitSeconds=x", "", 200, running, "waitSeconds"},
		"a missing parameter":               {"GET /api/v1/getJobStatus?appId=7", "", 200, running, "jobId is required"},
		"an unknown field of a body":        {execute, replaced(`"7"`, `"7", "wait": 5`).Replace(job), 200, started, "wait"},
		"an undocumented status":            {execute, job, 418, failed, "no response 418"},
		"an undocumented code":              {execute, job, 409, replaced("job_id_taken", "job_lost").Replace(failed), "job_id_taken"},
		"an undocumented field":             {execute, job, 200, replaced(`"a"`, `"a", "more": 1`).Replace(started), "more"},
		"an undocumented field of a status": {status, "", 200, replaced(`"7"`, `"7", "more": 1`).Replace(running), "more"},
		"an undocumented field of an error": {execute, job, 409, replaced(`"no"`, `"no", "more": 1`).Replace(failed), "more"},
		"a missing field":                   {status, "", 200, replaced(`"version": 5, `, "").Replace(running), "version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			method, target, _ := strings.Cut(row.line, " ")
			request := httptest.NewRequest(method, target, http.NoBody)
			request.Header.Set("Content-Type", "application/json")

			response := &http.Response{
				StatusCode: row.status, Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}},
				Body: io.NopCloser(strings.NewReader("")),
			}

			err := document.Check(openapitest.Exchange{
				Request: request, RequestBody: []byte(row.request), Response: response, ResponseBody: []byte(row.response),
			})
			if row.problem == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, row.problem)
			}
		})
	}
}

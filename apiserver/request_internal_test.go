package apiserver

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/internal/filetest"
	"github.com/jobwright/jobwright/jobservice"
)

// FuzzExecuteJob verifies that any body is accepted or refused with a client error, up to the start of the job.
func FuzzExecuteJob(f *testing.F) {
	for _, operation := range []string{
		`{"opName": "RunScenario", "opParams": {"scenario": "Main", "parameters": {"country": "DE", "day": "2026-01-31"}}}`,
		`{"opName": "RunScenario", "opParams": {"scenario": "Main", "parameters": {"amount": 1e40, "tags": [1, null]}}, "title": "t"}`,
		`{"opName": "Transform", "opParams": {"source": "stage", "query": "SELECT ${1 + 1}, :a", "bind": {"a": [1.50]}, "returnValue": true}}`,
		`{"opName": "Insert", "opParams": {"source": "stage", "table": "t", "records": [{"a": "${1 + 1}", "b": {}}]}, "retry": {"maximumAttempts": 2}}`,
		`{"opName": "ForEach", "opParams": {"in": [[], {}], "steps": [{"opName": "Wait", "opParams": {"duration": "1h"}}]}}`,
		`{"opName": "LoadTableFromSource", "opParams": {"source": "stage", "table": "a", "targetSource": "stage", "targetTable": "b", "columnTypes": {"x": "decimal(10,2)"}}}`,
		`{"opName": 7, "opParams": "\ud800", "opName": null}`,
	} {
		f.Add(`{"apiKey":"dev","appId":"7","operation":`+operation+`,"isAsync":false,"jobId":"1","waitSeconds":0,"labels":{"a":"b"}}`, "")
	}

	f.Add(strings.Repeat("[", maxBodyDepth+1), "format=csv&limit=1&offset=0")

	var err error

	server := newServer(newCatalog(f), slog.New(slog.DiscardHandler))
	server.engine.POST("/read", func(c *gin.Context) { err = checkExecution(server, c) })

	f.Fuzz(func(t *testing.T, body, query string) {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/read", strings.NewReader(body))
		request.URL.RawQuery = query
		request.Host, request.RemoteAddr = "localhost", "127.0.0.1:1"
		request.Header.Set("Content-Type", "application/json")

		err = nil
		response := httptest.NewRecorder()
		server.ServeHTTP(response, request)
		require.NotEqual(t, http.StatusInternalServerError, response.Code, "a panic")

		if err == nil {
			return
		}

		refused, ok := errors.AsType[*jobservice.Error](err)
		require.True(t, ok, "%T: %v", err, err)
		status := httpStatuses[refused.Code]
		require.GreaterOrEqual(t, status, http.StatusBadRequest, refused.Message)
		require.Less(t, status, http.StatusInternalServerError, refused.Message)
		require.Less(t, len(refused.Message), 8<<10)
	})
}

// newServer returns a server that can't reach Temporal.
func newServer(apps *app.Catalog, log *slog.Logger) *Server {
	return New(Options{
		Jobs: jobservice.New(jobservice.Options{Log: log}), Apps: apps, LoopbackKey: "dev", Log: log,
	})
}

// checkExecution does what executeJob does before its job starts.
func checkExecution(server *Server, c *gin.Context) error {
	call, err := readRequest[executeRequest](server, c, app.Execute)
	if err != nil {
		return err
	}

	wanted, _, err := server.readExecution(c, call)
	if err != nil {
		return err
	}

	return server.jobs.Check(wanted)
}

// newCatalog returns the app 7 with the scenario Main.
func newCatalog(tb testing.TB) *app.Catalog {
	tb.Helper()

	apps := tb.TempDir()
	filetest.Write(tb, filepath.Join(apps, "7"), map[string]string{
		"app.yaml": "sources:\n  stage: {kind: SQLiteSource}\n",
		"scenarios/Main.yaml": `
parameters:
  country: {type: text, default: US}
  day: {type: date, default: 2026-01-01}
  amount: {type: decimal, default: 1}
  tags: {type: json, default: []}
steps:
  - {opName: Return, opParams: {value: "${country} ${day} ${amount} ${len(tags)}"}}
`,
	})

	catalog, err := app.Open(apps, app.Options{})
	require.NoError(tb, err)

	return catalog
}

package apiserver

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
)

// BenchmarkExecuteJob measures a call of executeJob up to the request to Temporal: reading the body, checking the key and the
// request, and pinning a program of ten steps.
func BenchmarkExecuteJob(b *testing.B) {
	var scenario strings.Builder

	scenario.WriteString("parameters: {country: {type: text, default: US}}\nsteps:\n")

	for i := range 10 {
		fmt.Fprintf(&scenario, `  - {name: q%d, opName: Transform, opParams: {source: stage, query: "SELECT :n AS n", `+
			`bind: {n: "${%d + 1}"}, returnValue: true}}`+"\n", i, i)
	}

	folder := filepath.Join(b.TempDir(), "7")
	require.NoError(b, os.MkdirAll(filepath.Join(folder, "scenarios"), 0o750))
	require.NoError(b, os.WriteFile(filepath.Join(folder, "app.yaml"), []byte("sources: {stage: {kind: SQLiteSource}}"), 0o600))
	require.NoError(b, os.WriteFile(filepath.Join(folder, "scenarios", "Main.yaml"), []byte(scenario.String()), 0o600))

	long := time.Now().Add(-time.Hour) // The time stamps of the files are reliable.
	require.NoError(b, os.Chtimes(filepath.Join(folder, "app.yaml"), long, long))
	require.NoError(b, os.Chtimes(filepath.Join(folder, "scenarios", "Main.yaml"), long, long))

	apps, err := app.Open(filepath.Dir(folder), app.Options{})
	require.NoError(b, err)

	server := newServer(apps, slog.New(slog.DiscardHandler))
	server.engine.POST("/start", func(c *gin.Context) { require.NoError(b, checkExecution(server, c)) })

	const body = `{"apiKey": "dev", "appId": "7", "operation": {"opName": "RunScenario", "opParams": {"scenario": "Main", ` +
		`"parameters": {"country": "DE"}}}, "isAsync": false}`

	b.ReportAllocs()

	for b.Loop() {
		request := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/start", strings.NewReader(body))
		request.Host, request.RemoteAddr = "localhost", "127.0.0.1:1"
		request.Header.Set("Content-Type", "application/json")

		response := httptest.NewRecorder()
		server.ServeHTTP(response, request)
		require.Equal(b, http.StatusOK, response.Code)
	}
}

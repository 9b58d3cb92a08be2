package apiserver

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
)

// BenchmarkStatusOfAnEndedJob measures a call of getJobStatus that the cache answers, without the connection.
func BenchmarkStatusOfAnEndedJob(b *testing.B) {
	apps, err := app.Open(filepath.Join("..", "examples", "apps"), app.Options{})
	require.NoError(b, err)

	results, err := result.Open(b.Context(), b.TempDir())
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, results.Close()) })

	s := New(Options{
		Apps: apps, Results: results, Log: slog.New(slog.NewJSONHandler(b.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
		LoopbackKey: "a random key",
	})
	inline := `{"schema":[],"records":[{"id":"1","company_name":"IBM"},{"id":"2","company_name":"Microsoft"}]}`
	s.ended.put(&jobStatus{
		appID: "7", jobID: "night 1", state: job.Completed, version: 12, ended: true,
		fields:  []byte(`{"jobId":"night 1","status":"completed","version":12}`),
		results: []job.Result{{Inline: []byte(inline), SchemaBytes: 14, Records: 2}},
	}, time.Now().Add(time.Hour))

	request := httptest.NewRequest(http.MethodGet, "/api/v1/getJobStatus?appId=7&jobId=night%201", http.NoBody)
	request.RemoteAddr = "127.0.0.1:5000"
	request.Host = "127.0.0.1:8080"
	request.Header.Set("Authorization", "Bearer a random key")

	b.ReportAllocs()

	for b.Loop() {
		recorder := httptest.NewRecorder()
		s.ServeHTTP(recorder, request.WithContext(b.Context()))

		if recorder.Code != http.StatusOK {
			b.Fatal(recorder.Body.String())
		}
	}
}

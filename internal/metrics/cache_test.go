package metrics_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/metrics"
)

func TestMetricsWithEqualTagsAreTheSame(t *testing.T) {
	t.Parallel()

	handler, endpoint, err := metrics.New()
	require.NoError(t, err)

	var group sync.WaitGroup

	for range 8 {
		group.Go(func() {
			for range 100 {
				of := handler.WithTags(map[string]string{"app": "7", "scenario": "Main"})
				of.Counter("jobs").Inc(1)
				of.WithTags(map[string]string{"status": "completed"}).Counter("jobs").Inc(2)
				handler.WithTags(map[string]string{"app": "7", "scenario": "Other"}).Counter("jobs").Inc(3)
				handler.WithTags(map[string]string{"app": "7Main", "scenario": ""}).Counter("jobs").Inc(4)
				of.Counter("steps").Inc(1)
				of.Gauge("slots").Update(5)
				of.Timer("duration").Record(time.Second)
			}
		})
	}

	group.Wait()

	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
	response := httptest.NewRecorder()
	endpoint.ServeHTTP(response, request)

	for _, line := range []string{
		`jobs_total{app="7",scenario="Main"} 800`, `jobs_total{app="7",scenario="Main",status="completed"} 1600`,
		`jobs_total{app="7",scenario="Other"} 2400`, `jobs_total{app="7Main",scenario=""} 3200`,
		`steps_total{app="7",scenario="Main"} 800`, `slots{app="7",scenario="Main"} 5`,
		`duration_seconds_count{app="7",scenario="Main"} 800`,
	} {
		require.Contains(t, response.Body.String(), line+"\n")
	}
}

func BenchmarkTaggedCounter(b *testing.B) {
	handler, _, err := metrics.New()
	require.NoError(b, err)

	for b.Loop() {
		handler.WithTags(map[string]string{"app": "7", "operation": "Transform"}).
			WithTags(map[string]string{"outcome": "completed", "retry": "false"}).Counter("attempts").Inc(1)
	}
}

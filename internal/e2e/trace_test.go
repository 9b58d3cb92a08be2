package e2e_test

import (
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// traceCollector receives traces by OTLP over HTTP.
type traceCollector struct {
	mutex sync.Mutex
	spans []*tracepb.Span
	text  strings.Builder // Everything that was received.
}

func (c *traceCollector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)

	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)

			return
		}

		body = unzipped
	}

	var exported collectorpb.ExportTraceServiceRequest

	encoded, err := io.ReadAll(body)
	if err == nil {
		err = proto.Unmarshal(encoded, &exported)
	}

	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)

		return
	}

	c.mutex.Lock()
	defer c.mutex.Unlock()

	c.text.WriteString(protojson.Format(&exported))

	for _, resource := range exported.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
}

// find returns a span of the trace with that name, or nil.
func (c *traceCollector) find(traceID, name string) *tracepb.Span {
	c.mutex.Lock()
	defer c.mutex.Unlock()

	for _, span := range c.spans {
		if hex.EncodeToString(span.GetTraceId()) == traceID && span.GetName() == name {
			return span
		}
	}

	return nil
}

// A call continues the trace of its caller: through the job and its steps to the server that a step calls.
func TestTraceOfACallContinuesInItsJobAndItsRequests(t *testing.T) {
	t.Parallel()

	collector := &traceCollector{}
	collecting := httptest.NewServer(collector)
	t.Cleanup(collecting.Close)

	received := make(chan string, 1)
	called := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		received <- r.Header.Get("Traceparent")

		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{}`) // The client may have disconnected.
	}))
	t.Cleanup(called.Close)

	p := newProduction(t)
	p.environment = append(p.environment,
		"JOBWRIGHT_APP_7_KEY="+callerKey, "OTEL_EXPORTER_OTLP_ENDPOINT="+collecting.URL, "OTEL_BSP_SCHEDULE_DELAY=50")
	writeApp(t, filepath.Join(p.apps, "7"), map[string]string{
		"app.yaml": "sources: {web: {kind: HTTPSource, url: " + called.URL + "}}\n" +
			"access: [{name: caller, key: \"${env:JOBWRIGHT_APP_7_KEY}\"}]\n",
		"scenarios/Call.yaml": "steps:\n  - {opName: HTTPRequest, opParams: {source: web, path: orders, method: POST, json: {a: 1}, returnValue: true}}\n",
	})

	_, api, operators := p.serve(t)
	await(t, func() bool { return api.call(t, http.MethodGet, "/readyz", nil, "").status == http.StatusOK })

	traceID := strings.ReplaceAll(uuid.NewString(), "-", "")
	body, err := json.Marshal(with(runScenario("7", "Call", object{}), object{"apiKey": callerKey}))
	require.NoError(t, err)

	got := api.call(t, http.MethodPost, "/api/v1/executeJob", http.Header{
		"Content-Type": {"application/json"}, "Traceparent": {"00-" + traceID + "-00f067aa0ba902b7-01"},
	}, string(body))
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.Contains(t, <-received, "00-"+traceID+"-")

	for _, name := range []string{
		"POST /api/v1/executeJob", "StartWorkflow:RunScenario", "RunWorkflow:RunScenario", "RunActivity:HTTPRequest",
	} {
		await(t, func() bool { return collector.find(traceID, name) != nil })
	}

	require.NotEmpty(t, collector.find(traceID, "RunActivity:HTTPRequest").GetParentSpanId())

	reported := metrics(t, operators)
	for _, series := range []string{
		`jobwright_http_request_duration_seconds_count{method="POST",route="/api/v1/executeJob",status="200"} 1`,
		`jobwright_jobs_started_total{.*app="7",.*scenario="Call",.*} 1`,
		`jobwright_jobs_ended_total{.*app="7",.*scenario="Call",status="completed",.*} 1`,
		`jobwright_job_duration_seconds_count{.*app="7",.*status="completed",.*} 1`,
		`jobwright_step_duration_seconds_count{.*operation="HTTPRequest",status="completed",.*} 1`,
		`jobwright_step_attempts_total{.*app="7",.*operation="HTTPRequest",outcome="completed",retry="false",.*} 1`,
		`jobwright_jobs_running \d+`, `jobwright_jobs_stuck 0`,
	} {
		require.True(t, regexp.MustCompile(`(?m)^`+series+`$`).MatchString(reported), series)
	}

	collector.mutex.Lock()
	defer collector.mutex.Unlock()

	require.NotContains(t, collector.text.String(), callerKey)
}

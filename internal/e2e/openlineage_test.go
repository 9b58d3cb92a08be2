package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/openlineage"
)

// lineageServer accepts events of OpenLineage from the worker of the shared system. It is not available for the first attempt to
// send an event.
type lineageServer struct {
	*httptest.Server

	mu      sync.Mutex
	failed  map[string]bool
	arrived map[string]chan openlineage.Event // By the name of the job.
}

const lineageKey = "the-key-of-the-server-for-openlineage"

func newLineageServer() *lineageServer {
	s := &lineageServer{failed: map[string]bool{}, arrived: map[string]chan openlineage.Event{}}
	s.Server = httptest.NewServer(s)

	return s
}

func (s *lineageServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var event openlineage.Event

	if r.Header.Get("Authorization") != "Bearer "+lineageKey || json.NewDecoder(r.Body).Decode(&event) != nil {
		w.WriteHeader(http.StatusUnauthorized)

		return
	}

	s.mu.Lock()
	defer s.mu.Unlock()

	if attempt := event.Run.RunID + string(event.EventType); !s.failed[attempt] {
		s.failed[attempt] = true

		w.WriteHeader(http.StatusServiceUnavailable)

		return
	}

	s.events(event.Job.Name) <- event
}

func (s *lineageServer) events(job string) chan openlineage.Event {
	if s.arrived[job] == nil {
		s.arrived[job] = make(chan openlineage.Event, 100)
	}

	return s.arrived[job]
}

// of returns the first event of each type of a job.
func (s *lineageServer) of(t *testing.T, job string, types ...openlineage.EventType) []openlineage.Event {
	t.Helper()

	s.mu.Lock()
	events := s.events(job)
	s.mu.Unlock()

	found := make([]openlineage.Event, len(types))

	for missing := len(types); missing > 0; {
		select {
		case event := <-events:
			for i := range types {
				if event.EventType == types[i] && found[i].EventType == "" {
					found[i] = event
					missing--
				}
			}
		case <-time.After(time.Minute):
			require.Failf(t, "an event is missing", "of %v of %s, only %+v arrived", types, job, found)
		}
	}

	return found
}

func TestJobsAreReportedToOpenLineage(t *testing.T) {
	t.Parallel()

	appID := newApp(t, map[string]string{
		"app.yaml": "sources:\n  stage: {kind: SQLiteSource}\n  files: {kind: FileSource, path: data}\naccess: []\n",
		"scenarios/Parent.yaml": `
steps:
  - opName: RunSourceScript
    opParams: {source: stage, script: "CREATE TABLE IF NOT EXISTS t (a integer, b text); DELETE FROM t"}
  - {opName: RunScenario, opParams: {scenario: Child}}
  - {opName: Transform, opParams: {source: stage, query: "SELECT a AS x FROM t", targetSource: files, targetTable: out.csv}}
`,
		"scenarios/Child.yaml": `steps: [{opName: Insert, opParams: {source: stage, table: t, records: [{a: 1, b: x}, {a: 2, b: y}]}}]`,
		"scenarios/Bad.yaml":   `steps: [{opName: Fail, opParams: {message: "the reason"}}]`,
		"scenarios/Long.yaml":  `steps: [{opName: Wait, opParams: {duration: 1h}}]`,
		"data/a.csv":           "a\n1\n",
	})
	api := serve(t, apiserver.Options{
		Jobs: newJobs(shared.client, func(options *jobservice.Options) { options.ReportsLineage = true }),
	})

	run := func(scenario string, async bool) (jobID string) {
		jobID = uuid.NewString()
		got := api.execute(t, with(runScenario(appID, scenario, object{}), object{"isAsync": async, "jobId": jobID}))
		require.NotEqual(t, http.StatusInternalServerError, got.status, got.text)

		return jobID
	}

	run("Parent", false)
	run("Bad", false)

	parent := shared.lineage.of(t, appID+".Parent", openlineage.Start, openlineage.Complete)
	require.Equal(t, parent[0].Run.RunID, parent[1].Run.RunID)
	require.NotEqual(t, parent[0].EventTime, parent[1].EventTime)
	require.True(t, parent[0].EventTime.Before(parent[1].EventTime))
	require.Nil(t, parent[0].Run.Facets.Parent)
	require.Equal(t, "jobwright", parent[0].Job.Namespace)

	outputs := map[string]openlineage.Dataset{}
	for _, output := range parent[1].Outputs {
		outputs[output.Name] = output
	}

	require.EqualValues(t, 2, outputs["out.csv"].OutputFacets.Statistics.RowCount)
	require.Equal(t, []openlineage.Field{{Name: "x"}}, outputs["out.csv"].Facets.Schema.Fields)
	require.Equal(t, []openlineage.InputField{{Namespace: "jobwright://" + appID + "/stage", Name: "t", Field: "a"}},
		outputs["out.csv"].Facets.ColumnLineage.Fields["x"].InputFields)

	child := shared.lineage.of(t, appID+".Child", openlineage.Start, openlineage.Complete)
	require.Equal(t, parent[0].Run.RunID, child[1].Run.Facets.Parent.Run.RunID)
	require.Equal(t, appID+".Parent", child[1].Run.Facets.Parent.Job.Name)
	require.EqualValues(t, 2, child[1].Outputs[0].OutputFacets.Statistics.RowCount)

	bad := shared.lineage.of(t, appID+".Bad", openlineage.Start, openlineage.Fail)
	require.Contains(t, bad[1].Run.Facets.ErrorMessage.Message, "the reason")

	stopped := run("Long", true)
	shared.lineage.of(t, appID+".Long", openlineage.Start) // While the job runs.
	require.Equal(t, http.StatusOK, api.call(t, http.MethodGet, "/api/v1/stopJob?apiKey=dev&appId="+appID+"&jobId="+stopped, nil, "").status)
	shared.lineage.of(t, appID+".Long", openlineage.Abort)
}

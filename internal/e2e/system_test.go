package e2e_test

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/jobservice"
)

// get makes a call as an access of the app.
func (c caller) get(t *testing.T, access, call string) apiResponse {
	t.Helper()

	header := http.Header{"Authorization": {"Bearer " + devKey}}
	if access != "" {
		header.Set("Jobwright-Act-As", access)
	}

	return c.call(t, http.MethodGet, "/api/v1/"+call, header, "")
}

func TestCheckSourceReportsWhetherAWorkerCanUseIt(t *testing.T) {
	t.Parallel()

	// The port of a listener that was closed refuses connections.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)

	closed := listener.Addr().String()
	require.NoError(t, listener.Close())

	appID := newApp(t, map[string]string{"app.yaml": `
sources:
  stage: {kind: SQLiteSource}
  erp: {kind: PgSQLSource, connStr: "postgres://app@` + closed + `/books", password: "${env:JOBWRIGHT_APP_7_KEY}"}
  unset: {kind: PgSQLSource, connStr: "postgres://app@` + closed + `/books", password: "${env:JOBWRIGHT_UNSET}"}
access:
  - {name: runner, key: "${env:JOBWRIGHT_STATUS_KEY}", rights: [execute, status]}
  - {name: operator, key: "${env:JOBWRIGHT_APP_7_KEY}", rights: [operate]}
`})
	check := func(access, source string) apiResponse {
		return api().call(t, http.MethodPost, "/api/v1/checkSource",
			http.Header{"Content-Type": {"application/json"}, "Jobwright-Act-As": {access}},
			`{"apiKey":"dev","appId":"`+appID+`","source":"`+source+`"}`)
	}

	stage := check("operator", "stage")
	require.Equal(t, http.StatusOK, stage.status, stage.text)
	require.Equal(t, true, stage.result(t)["ok"])
	require.Contains(t, stage.result(t)["text"], "SQLite")

	host, err := os.Hostname()
	require.NoError(t, err)
	require.Equal(t, host, stage.result(t)["worker"])

	erp := check("operator", "erp")
	require.Equal(t, http.StatusOK, erp.status, erp.text)
	require.Equal(t, false, erp.result(t)["ok"])
	require.Equal(t, "source_unavailable", erp.result(t)["code"])
	require.NotEmpty(t, erp.result(t)["message"])
	require.NotEmpty(t, erp.result(t)["hint"])
	require.NotContains(t, erp.text, callerKey)

	unset := check("operator", "unset")
	require.Equal(t, "source_definition_invalid", unset.result(t)["code"], unset.text)
	require.Contains(t, unset.result(t)["message"], "JOBWRIGHT_UNSET")

	require.Equal(t, http.StatusForbidden, check("runner", "stage").status)

	missing := check("operator", "staeg")
	require.Equal(t, http.StatusNotFound, missing.status, missing.text)
	require.Equal(t, "source_not_found", missing.result(t)["code"])
	require.Contains(t, missing.result(t)["message"], "stage")
}

func TestGetSystemReturnsTheStateForOperators(t *testing.T) {
	t.Parallel()

	appID := newApp(t, listApp)
	waiting := uuid.NewString()
	started := api().execute(t, with(runScenario(appID, "Waits", object{}), object{"jobId": waiting, "isAsync": true}))
	require.Equal(t, http.StatusOK, started.status, started.text)

	require.Eventually(t, func() bool { // Temporal lists a job a little later, and calls share an answer.
		return api().get(t, "", "getSystem?appId="+appID).result(t)["jobs"].(object)["running"] == 1.0
	}, time.Minute, 200*time.Millisecond)

	system := api().get(t, "boss", "getSystem?appId="+appID).result(t)
	temporal := system["temporal"].(object)
	require.Equal(t, true, temporal["reachable"])
	require.Equal(t, "default", temporal["namespace"])
	require.Regexp(t, `^\d+\.\d+\.\d+`, temporal["version"])
	require.NotEmpty(t, temporal["retention"])
	require.Equal(t, object{"kind": "folder", "reachable": true}, system["resultStore"])
	require.NotEmpty(t, system["server"].(object)["version"])
	require.InDelta(t, 0, system["jobs"].(object)["stuck"], 0)

	queues := system["queues"].([]any)
	require.Equal(t, "jobwright", queues[0].(object)["name"])
	require.Contains(t, queues[0], "workflows")
	require.Equal(t, "jobwright-bulk", queues[1].(object)["name"])
	require.NotContains(t, queues[1], "workflows")

	worker := system["workers"].([]any)[0].(object)
	require.NotEmpty(t, worker["name"])
	require.Equal(t, system["server"].(object)["version"], worker["build"].(string)[:len(system["server"].(object)["version"].(string))])
	require.Equal(t, true, worker["workflows"])
	require.Equal(t, true, worker["activities"])

	slots := worker["slots"].(object)
	require.Positive(t, slots["activities"].(object)["free"])
	require.NotEmpty(t, slots["sdk"])

	require.Equal(t, http.StatusForbidden, api().get(t, "looker", "getSystem?appId="+appID).status)

	stopped := api().get(t, "boss", "stopJob?appId="+appID+"&jobId="+waiting)
	require.Equal(t, http.StatusOK, stopped.status, stopped.text)
}

// TestGetSystemShowsTaskQueues has an app that names a task queue without workers, and a worker of another one.
func TestGetSystemShowsTaskQueues(t *testing.T) {
	t.Parallel()

	p := newProduction(t)
	writeApp(t, filepath.Join(p.apps, "8"), queuedApp("unpolled", "later"))

	_, api := p.apiserver(t)
	p.worker(t)
	p.worker(t, "--task-queue", "pool", "--bulk-steps", "3")

	got := api.execute(t, with(runScenario("8", "Main", object{}), object{"apiKey": callerKey, "isAsync": true}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	var queues, workers []any

	slots := func(of any) any {
		reported, _ := of.(object)["slots"].(object)

		return reported["free"]
	}

	await(t, func() bool { // Workers report a little later, and their first report may be incomplete.
		system := api.call(t, http.MethodGet, "/api/v1/getSystem?apiKey="+callerKey+"&appId=8", nil, "").result(t)
		queues, workers = system["queues"].([]any), system["workers"].([]any)

		return len(queues) == 5 && len(workers) == 2 && slots(queues[0]) == 1000.0 && slots(queues[3]) == 3.0 &&
			queues[4].(object)["activities"].(object)["backlog"] == 1.0 &&
			queues[4].(object)["activities"].(object)["backlogMs"].(float64) > 0
	})

	names, polled := []any{}, []any{}
	for _, queue := range queues {
		names, polled = append(names, queue.(object)["name"]), append(polled, queue.(object)["workers"])
	}

	require.Equal(t, []any{"jobwright", "jobwright-bulk", "later", "pool", "unpolled"}, names)
	require.Equal(t, []any{1.0, 1.0, 0.0, 1.0, 0.0}, polled)
	require.NotContains(t, queues[4], "slots")

	var own []any
	for _, worker := range workers {
		own = append(own, worker.(object)["taskQueues"])
	}

	require.ElementsMatch(t, []any{[]any{"jobwright", "jobwright-bulk"}, []any{"pool"}}, own)

	for _, worker := range workers {
		isPool := worker.(object)["taskQueues"].([]any)[0] == "pool"
		require.Equal(t, !isPool, worker.(object)["workflows"])

		if isPool {
			require.InDelta(t, 3, worker.(object)["slots"].(object)["activities"].(object)["free"], 0)
			require.InDelta(t, 0, worker.(object)["slots"].(object)["workflows"].(object)["free"], 0)
		}
	}
}

func TestGetJobHistoryCountsTheJobsThatTheKeyMaySee(t *testing.T) {
	t.Parallel()

	appID := newApp(t, listApp)
	began := time.Now()

	for _, run := range []struct {
		scenario string
		count    int
	}{{"Quick", 7}, {"Fails", 3}, {"Calls", 1}} {
		for range run.count {
			got := api().execute(t, with(runScenario(appID, run.scenario, object{}), object{"isAsync": false}))
			require.Contains(t, []int{http.StatusOK, http.StatusUnprocessableEntity}, got.status, got.text)
		}
	}

	stopped := uuid.NewString()
	api().execute(t, with(runScenario(appID, "Waits", object{}), object{"jobId": stopped, "isAsync": true}))
	api().get(t, "boss", "stopJob?appId="+appID+"&jobId="+stopped)
	api().awaitStatus(t, appID, stopped, ended)

	waiting := uuid.NewString()
	api().execute(t, with(runScenario(appID, "Waits", object{}), object{"jobId": waiting, "isAsync": true}))

	// A server that reads few jobs one by one, and counts the others.
	few := jobservice.New(jobservice.Options{
		Temporal: shared.client, Namespace: "default", Log: slog.New(slog.DiscardHandler), HistoryJobs: 4,
	})
	t.Cleanup(few.Close)

	other := httptest.NewServer(apiserver.New(apiserver.Options{
		Jobs: few, Apps: shared.apps, Results: shared.results, Log: slog.New(slog.DiscardHandler), WellKnownKey: devKey,
	}))
	t.Cleanup(other.Close)

	counts := func(of object) []any {
		return []any{of["started"], of["running"], of["completed"], of["failed"], of["stopped"]}
	}
	want := []any{13.0, 1.0, 8.0, 3.0, 1.0} // Without the child of Calls.

	for name, c := range map[string]caller{"all jobs": api(), "some jobs": {other.URL}} {
		var history object

		require.Eventually(t, func() bool { // Temporal lists the jobs a little later.
			history = c.get(t, "boss", "getJobHistory?appId="+appID+"&hours=2&buckets=2&runs=2").result(t)

			return counts(history["total"].(object))[2] == want[2] && counts(history["total"].(object))[0] == want[0]
		}, time.Minute, 200*time.Millisecond, name)

		require.Equal(t, want, counts(history["total"].(object)), name)
		require.Len(t, history["buckets"], 2)

		sample := history["sample"].(object)
		require.Equal(t, name == "all jobs", sample["complete"])

		from, err := time.Parse(time.RFC3339, history["from"].(string))
		require.NoError(t, err)
		require.WithinDuration(t, began.Add(-time.Hour-30*time.Minute), from, 31*time.Minute)

		if name == "some jobs" {
			require.Less(t, sample["jobs"], 13.0)
			require.NotEmpty(t, sample["completeFrom"])

			continue
		}

		var names []string

		for _, entry := range history["scenarios"].([]any) {
			scenario := entry.(object)
			names = append(names, scenario["scenario"].(string))

			switch scenario["scenario"] {
			case "Quick":
				require.Equal(t, []any{7.0, 0.0, 7.0, 0.0, 0.0}, counts(scenario))
				require.InDelta(t, 100, scenario["successPercent"], 0)
				require.Len(t, scenario["last"], 2)
				require.Positive(t, scenario["medianMs"])
				require.GreaterOrEqual(t, scenario["maxMs"], scenario["medianMs"])
			case "Waits":
				require.NotContains(t, scenario, "successPercent")
				require.Equal(t, waiting, scenario["last"].([]any)[0].(object)["jobId"])
				require.Equal(t, "running", scenario["last"].([]any)[0].(object)["status"])
			case "Fails":
				require.InDelta(t, 0, scenario["successPercent"], 0)
			}
		}

		require.Equal(t, []string{"Calls", "Fails", "Quick", "Waits"}, names)
	}

	quick := api().get(t, "looker", "getJobHistory?appId="+appID).result(t)
	require.Equal(t, []any{7.0, 0.0, 7.0, 0.0, 0.0}, counts(quick["total"].(object)))
	require.Len(t, quick["scenarios"], 1)
	require.Len(t, quick["buckets"], 48)

	one := api().get(t, "boss", "getJobHistory?appId="+appID+"&scenario=Fails&runs=0").result(t)
	require.Equal(t, []any{3.0, 0.0, 0.0, 3.0, 0.0}, counts(one["total"].(object)))
	require.Empty(t, one["scenarios"].([]any)[0].(object)["last"])

	for _, wrong := range []string{"hours=0", "hours=169", "buckets=97", "runs=21", "runs=-1"} {
		got := api().get(t, "boss", "getJobHistory?appId="+appID+"&"+wrong)
		require.Equal(t, http.StatusBadRequest, got.status, got.text)
	}

	api().get(t, "boss", "stopJob?appId="+appID+"&jobId="+waiting)
}

package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver"
)

// listApp has two keys: boss may do everything, and looker only sees the scenario Quick.
var listApp = map[string]string{
	"app.yaml": `
access:
  - {name: boss, key: "${env:JOBWRIGHT_APP_7_KEY}", rights: [execute, status, signal, stop, schedule, query, operate, delete]}
  - {name: looker, key: "${env:JOBWRIGHT_STATUS_KEY}", rights: [execute, status], scenarios: [Qui*]}
`,
	"scenarios/Quick.yaml": "steps: [{opName: Return, opParams: {value: 1}}]",
	"scenarios/Fails.yaml": "steps: [{opName: Fail, opParams: {code: no_feed, message: there is no feed}}]",
	"scenarios/Waits.yaml": "steps: [{opName: WaitForSignal, opParams: {name: go}}]",
	"scenarios/Calls.yaml": "steps: [{opName: RunScenario, opParams: {scenario: Quick}}]",
}

// jobs calls getJobs with a key and parameters name=value.
func (c caller) jobs(t *testing.T, key, appID string, parameters ...string) apiResponse {
	t.Helper()

	query := url.Values{"appId": {appID}}

	for _, parameter := range parameters {
		name, value, _ := strings.Cut(parameter, "=")
		query.Set(name, value)
	}

	return c.call(t, http.MethodGet, "/api/v1/getJobs?"+query.Encode(), http.Header{"Authorization": {"Bearer " + key}}, "")
}

// entries returns the entries of a list.
func (a apiResponse) entries(t *testing.T) (entries []object) {
	t.Helper()

	require.Equal(t, http.StatusOK, a.status, a.text)

	for _, entry := range a.result(t)["jobs"].([]any) {
		entries = append(entries, entry.(object))
	}

	return entries
}

// idsOf returns the jobIds of entries.
func idsOf(entries []object) []string {
	ids := []string{}
	for _, entry := range entries {
		ids = append(ids, entry["jobId"].(string))
	}

	return ids
}

// awaitJobs repeats getJobs until it returns the jobs, in any order: Temporal's lists lag behind a little.
func (c caller) awaitJobs(t *testing.T, want []string, key, appID string, parameters ...string) {
	t.Helper()

	slices.Sort(want)

	awaitLists(t, func() (bool, string) {
		got := c.jobs(t, key, appID, parameters...)

		ids := idsOf(got.entries(t))
		slices.Sort(ids)

		return slices.Equal(ids, want), got.text
	})
}

func TestGetJobsFilters(t *testing.T) {
	t.Parallel()

	requireGetJobsFilters(t, api())
}

// requireGetJobsFilters lists jobs immediately after they started and ended.
func requireGetJobsFilters(t *testing.T, c caller) {
	t.Helper()

	appID := newApp(t, listApp)
	prefix := uuid.NewString() + " "
	run := func(name, key, scenario string, fields object) {
		got := c.execute(t, with(with(runScenario(appID, scenario, object{}), object{"apiKey": key, "jobId": prefix + name}), fields))
		require.Contains(t, []int{http.StatusOK, http.StatusAccepted, http.StatusUnprocessableEntity}, got.status, got.text)
	}

	run("quick", devKey, "Quick", object{"labels": object{"order": "17", "note": "it's new ü"}})

	moment := time.Now().Add(2 * time.Millisecond).Truncate(time.Millisecond) // The precision of the start of jobs.
	for time.Now().Before(moment) {                                           // It spins for at most two milliseconds.
	}

	between := moment.UTC().Format(time.RFC3339Nano)

	run("fails", callerKey, "Fails", object{"labels": object{"order": "18"}, "priority": 1})
	run("waits", callerKey, "Waits", object{"waitSeconds": 0, "labels": object{"order": "17"}})
	run("calls", devKey, "Calls", nil)
	run("looked", statusKey, "Quick", object{"priority": 3})

	all := []string{"looked", "calls", "waits", "fails", "quick"}

	for _, test := range []struct {
		parameters string
		want       []string
	}{
		{"", all},
		{"status=running", []string{"waits"}},
		{"status=completed", []string{"looked", "calls", "quick"}},
		{"status=completedWithError", []string{"fails"}},
		{"status=stopped, running", []string{"waits"}},
		{"scenario=Quick", []string{"looked", "quick"}},
		{"scenario=quick", nil},
		{"caller=boss", []string{"waits", "fails"}},
		{"code=no_feed", []string{"fails"}},
		{`labels={"order":"17"}`, []string{"waits", "quick"}},
		{`labels={"order":"17","note":"it's new ü"}`, []string{"quick"}},
		{`labels={"order":"1"}`, nil},
		{`labels={"note":"it's"}`, nil},
		{"startedFrom=" + between, []string{"looked", "calls", "waits", "fails"}},
		{"startedTo=" + between, []string{"quick"}},
		{"endedFrom=" + between, []string{"looked", "calls", "fails"}},
		{"endedTo=" + between, []string{"quick"}},
		{"endedTo=2026-01-01T00:00:00+01:00", nil},
	} {
		var parameters []string
		if test.parameters != "" {
			parameters = append(parameters, test.parameters)
		}

		var got []string
		for _, id := range idsOf(c.jobs(t, callerKey, appID, parameters...).entries(t)) {
			got = append(got, strings.TrimPrefix(id, prefix))
		}

		require.Equal(t, test.want, got, test.parameters)
	}

	child := prefix + "calls/1"
	full := func(names ...string) (ids []string) {
		for _, name := range names {
			ids = append(ids, prefix+name)
		}

		return ids
	}

	c.awaitJobs(t, append(full(all...), child), callerKey, appID, "children=true")
	c.awaitJobs(t, full("waits", "quick"), callerKey, appID, `query=JobwrightLabels = "order=17" OR RunId = 'none'`)
	c.awaitJobs(t, full("quick"), callerKey, appID,
		fmt.Sprintf(`query=WorkflowId = '%squick' AND NOT (ExecutionStatus = "Running")`, prefix))
	c.awaitJobs(t, full("looked", "quick"), statusKey, appID) // The key sees only what it may run.

	// The same over POST, with all fields of an entry.
	body, err := json.Marshal(object{
		"apiKey": callerKey, "appId": appID, "labels": object{"order": "18"}, "counts": true, "limit": 1,
	})
	require.NoError(t, err)

	got := c.call(t, http.MethodPost, "/api/v1/getJobs.jsp", asJSON, string(body))
	entry := got.entries(t)[0]
	started, ended := entry["startedAt"].(string), entry["endedAt"].(string)
	lasted := must(time.Parse(time.RFC3339, ended)).Sub(must(time.Parse(time.RFC3339, started)))
	require.Equal(t, object{
		"jobId": prefix + "fails", "status": "completedWithError", "code": "no_feed", "scenario": "Fails", "caller": "boss",
		"labels": object{"order": "18"}, "priority": 1.0, "startedAt": started, "endedAt": ended,
		"durationMs": float64(lasted.Milliseconds()),
	}, entry)
	require.NotContains(t, got.result(t), "nextCursor")

	await(t, func() bool { // The counts are those of Temporal, which follow the jobs.
		counts := c.jobs(t, callerKey, appID, "counts=true", "status=stopped")
		require.Empty(t, counts.entries(t))

		return reflect.DeepEqual(counts.result(t)["counts"],
			object{"running": 1.0, "completed": 3.0, "completedWithError": 1.0, "stopped": 0.0})
	})

	stopped := c.call(t, http.MethodGet, "/api/v1/stopJob?"+
		url.Values{"appId": {appID}, "jobId": {prefix + "waits"}}.Encode(), http.Header{"Authorization": {"Bearer " + callerKey}}, "")
	require.Equal(t, http.StatusOK, stopped.status, stopped.text)
	c.awaitJobs(t, full("waits"), callerKey, appID, "status=stopped", "code=")
}

// must returns the value of a call that can't fail.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}

	return value
}

// TestGetJobsPages reads a list page by page from two servers while jobs start and end.
func TestGetJobsPages(t *testing.T) {
	t.Parallel()

	const before = 250

	appID := newApp(t, listApp)
	start := func(scenario string) string {
		got := api().execute(t, with(runScenario(appID, scenario, object{}), object{"isAsync": true, "jobId": uuid.NewString()}))
		require.Equal(t, http.StatusOK, got.status, got.text)

		return got.result(t)["jobId"].(string)
	}

	var (
		existing = make([]string, before)
		starting sync.WaitGroup
	)

	for part := range 8 {
		starting.Go(func() {
			for i := part; i < before; i += 8 {
				scenario := "Quick"
				if i%25 == 0 {
					scenario = "Waits"
				}

				existing[i] = start(scenario)
			}
		})
	}

	starting.Wait()

	api().awaitCount(t, appID, before)

	other := serve(t, apiserver.Options{})
	seen := map[string]int{}
	places := []string{}

	for cursor, i := "", 0; i == 0 || cursor != ""; i++ {
		from := []caller{api(), other}[i%2]
		page := from.jobs(t, callerKey, appID, "limit=40", "cursor="+cursor)
		cursor, _ = page.result(t)["nextCursor"].(string)

		entries := page.entries(t)
		require.LessOrEqual(t, len(entries), 40)

		for _, entry := range entries {
			seen[entry["jobId"].(string)]++
			places = append(places, entry["startedAt"].(string))
		}

		// Between two pages, jobs start, and one that ran ends.
		start("Quick")
		start("Waits")
		api().stop(t, appID, existing[i*25])
	}

	for _, id := range existing {
		require.Equal(t, 1, seen[id], "job %s", id)
	}

	for id, count := range seen {
		require.Equal(t, 1, count, "job %s", id)
	}

	times := make([]time.Time, len(places))
	for i, place := range places {
		times[i] = must(time.Parse(time.RFC3339, place))
	}

	require.True(t, slices.IsSortedFunc(times, func(a, b time.Time) int { return b.Compare(a) }))
}

// awaitCount waits until Temporal's lists have that many jobs of an app.
func (c caller) awaitCount(t *testing.T, appID string, want int) {
	t.Helper()

	awaitLists(t, func() (bool, string) {
		got := c.jobs(t, callerKey, appID, "counts=true", "limit=1")
		require.Equal(t, http.StatusOK, got.status, got.text)

		sum := 0.0
		for _, count := range got.result(t)["counts"].(object) {
			sum += count.(float64)
		}

		return int(sum) == want, got.text
	})
}

// awaitLists repeats a check of Temporal's lists until it succeeds. Temporal limits how many lists it reads in a second.
func awaitLists(t *testing.T, check func() (done bool, text string)) {
	t.Helper()

	interval := time.NewTicker(100 * time.Millisecond)
	defer interval.Stop()

	for deadline := time.Now().Add(time.Minute); ; <-interval.C {
		done, text := check()
		if done {
			return
		}

		require.True(t, time.Now().Before(deadline), text)
	}
}

func TestGetJobsOfOneApp(t *testing.T) {
	t.Parallel()

	requireGetJobsOfOneApp(t, api())
}

// requireGetJobsOfOneApp tries to see the jobs of another app, and the workflows of Temporal itself.
func requireGetJobsOfOneApp(t *testing.T, c caller) {
	t.Helper()

	own, foreign := newApp(t, listApp), newApp(t, listApp)
	jobID := uuid.NewString()

	got := c.execute(t, with(runScenario(foreign, "Quick", object{}), object{"jobId": jobID, "labels": object{"a": "b"}}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	c.awaitJobs(t, []string{jobID}, callerKey, foreign, "query=WorkflowId = '"+jobID+"'")

	for _, query := range []string{
		"WorkflowId = '" + jobID + "'",
		"WorkflowId IS NOT NULL",
		"RunId != '' OR 1 = 1",
		"JobwrightApp = '" + foreign + "'",
		"WorkflowId = 'x' OR JobwrightApp = '" + foreign + "'",
		"WorkflowId = 'x') OR (JobwrightApp = '" + foreign + "'",
		"WorkflowId = 'x' OR NOT (JobwrightApp = '" + own + "')",
		"WorkflowId = 'x' OR JobwrightApp = '" + foreign + "' -- ",
		"WorkflowId = 'x' OR JobwrightApp = '" + foreign + "' /* ",
		"WorkflowId = 'x\\' OR JobwrightApp = '" + foreign + "'",
		"WorkflowId = 'x''' OR JobwrightApp = '" + foreign + "'",
		"WorkflowId = 'x\\'' OR JobwrightApp STARTS_WITH 'test-'",
		`WorkflowId = "x" OR JobwrightApp = "` + foreign + `"`,
		"JobwrightApp IN ('" + own + "', '" + foreign + "')",
		"JobwrightApp = '" + foreign + "' GROUP BY ExecutionStatus",
		"JobwrightApp = '" + foreign + "' ORDER BY StartTime",
		"JobwrightApp = '" + foreign + "' LIMIT 1",
		"WorkflowId = 'x' UNION SELECT * FROM executions_visibility",
		"WorkflowId = 'x'; JobwrightApp = '" + foreign + "'",
		"TemporalNamespaceDivision IS NOT NULL",
		"`TemporalNamespaceDivision` = 'x' OR WorkflowId IS NOT NULL",
		"JobwrightApp BETWEEN '' AND 'zzzz'",
	} {
		got := c.jobs(t, callerKey, own, "query="+query, "children=true")
		require.NotContains(t, got.text, `"jobId"`, query)
		require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, got.status, "%s: %s", query, got.text)
	}

	// Texts of other filters are values, whatever they contain.
	for _, parameter := range []string{"scenario", "caller", "code"} {
		got := c.jobs(t, callerKey, own, parameter+"=x' OR JobwrightApp = '"+foreign+"'")
		require.Empty(t, got.entries(t), got.text)
	}

	list := c.jobs(t, callerKey, foreign, "limit=1")
	require.Len(t, list.entries(t), 1)
}

func TestGetJobsRefuses(t *testing.T) {
	t.Parallel()

	appID := newApp(t, listApp)
	for range 2 {
		got := api().execute(t, runScenario(appID, "Quick", object{}))
		require.Equal(t, http.StatusOK, got.status, got.text)
	}

	cursor := api().jobs(t, callerKey, appID, "limit=1").result(t)["nextCursor"].(string)
	require.Len(t, api().jobs(t, callerKey, appID, "limit=1", "cursor="+cursor).entries(t), 1)

	for _, test := range []struct {
		key, parameter string
		status         int
		message        string
	}{
		{callerKey, "status=failed", http.StatusBadRequest, `status must be one or several of running, completed`},
		{callerKey, "startedFrom=yesterday", http.StatusBadRequest, "startedFrom must be a time with a time zone such as"},
		{callerKey, "limit=0", http.StatusBadRequest, "limit must be between 1 and 500, not 0"},
		{callerKey, "limit=501", http.StatusBadRequest, "limit must be between 1 and 500, not 501"},
		{callerKey, "limit=many", http.StatusBadRequest, "limit"},
		{callerKey, "labels=order", http.StatusBadRequest, "labels"},
		{callerKey, `labels={"an order":"1"}`, http.StatusBadRequest, `"an order" can't name a label`},
		{callerKey, `labels={"note":"\""}`, http.StatusBadRequest, "the text of note has a double quote"},
		{callerKey, "children=perhaps", http.StatusBadRequest, "children"},
		{callerKey, "state=running", http.StatusBadRequest, "unknown parameter state"},
		{callerKey, "cursor=" + cursor + "x", http.StatusBadRequest, "cursor is not the nextCursor of a list with the same filters"},
		{callerKey, "cursor=x", http.StatusBadRequest, "cursor is not the nextCursor"},
		{statusKey, "cursor=" + cursor, http.StatusBadRequest, "cursor is not the nextCursor"},
		{callerKey, "query=JobwrightScenario", http.StatusBadRequest, "query must compare search attributes with values"},
		{callerKey, "query=Fantasy = 1", http.StatusBadRequest, "query: Temporal refuses it"},
		{callerKey, "query=WorkflowId = 'x", http.StatusBadRequest, "query is not a condition such as"},
		{statusKey, "query=WorkflowId = 'x'", http.StatusForbidden, `does not have the right "query"`},
		{unknownKey, "limit=1", http.StatusUnauthorized, "the apiKey is wrong"},
	} {
		got := api().jobs(t, test.key, appID, test.parameter)
		require.Equal(t, test.status, got.status, "%s: %s", test.parameter, got.text)
		require.Contains(t, got.result(t)["message"], test.message, test.parameter)
	}

	changed := api().jobs(t, callerKey, appID, "limit=1", "scenario=Quick", "cursor="+cursor)
	require.Equal(t, http.StatusBadRequest, changed.status, changed.text)
}

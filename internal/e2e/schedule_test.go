package e2e_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/schedule"
)

// scheduledScenarios are scenarios for schedules.
var scheduledScenarios = map[string]string{
	"scenarios/Echo.yaml": `
parameters: {day: {type: text, default: none}}
steps: [{opName: Return, opParams: {value: {version: 1, day: "${day}"}}}]
`,
	"scenarios/Wait.yaml": "steps: [{opName: WaitForSignal, opParams: {name: go}}]\n",
	"scenarios/Fail.yaml": "steps: [{opName: Fail, opParams: {message: no}}]\n",
}

// newScheduledApp adds an app with the schedules, and creates them in Temporal.
func newScheduledApp(t *testing.T, schedules string) string {
	t.Helper()

	appID := newApp(t, scheduledScenarios)
	setSchedules(t, appID, schedules)

	return appID
}

// setSchedules replaces the schedules of the app, and creates them in Temporal.
func setSchedules(t *testing.T, appID, schedules string) {
	t.Helper()

	writeApp(t, filepath.Join(shared.dir, "apps", appID), map[string]string{
		"app.yaml": `
sources: {stage: {kind: SQLiteSource}}
variables: {enabled: {type: boolean, default: false}}
access:
  - {name: operator, key: "${env:JOBWRIGHT_APP_7_KEY}"}
  - {name: reader, key: "${env:JOBWRIGHT_STATUS_KEY}", rights: [status]}
schedules:
` + schedules,
	})
	require.NoError(t, newSchedules().Reconcile(t.Context()))
}

// newSchedules returns a service as another API server has it.
func newSchedules() *schedule.Service { return schedule.New(newJobs(shared.client), shared.apps) }

// operate makes a call with the key of the operator of the app.
func (c caller) operate(t *testing.T, call, appID string, fields object) apiResponse {
	t.Helper()

	body, err := json.Marshal(with(object{"apiKey": callerKey, "appId": appID}, fields))
	require.NoError(t, err)

	return c.call(t, http.MethodPost, "/api/v1/"+call, asJSON, string(body))
}

// schedule returns a schedule with its last firings.
func (c caller) schedule(t *testing.T, appID, name string) schedule.Status {
	t.Helper()

	query := url.Values{"apiKey": {devKey}, "appId": {appID}, "schedule": {name}, "runs": {"100"}}

	var got apiResponse

	await(t, func() bool { // Temporal limits the queries of a schedule at one time.
		got = c.call(t, http.MethodGet, "/api/v1/getSchedules.jsp?"+query.Encode(), nil, "")

		return got.status != http.StatusTooManyRequests && got.status != http.StatusServiceUnavailable
	})
	require.Equal(t, http.StatusOK, got.status, got.text)

	var response struct {
		Result struct {
			Schedules []schedule.Status `json:"schedules"`
		} `json:"result"`
	}

	require.NoError(t, json.Unmarshal([]byte(got.text), &response))
	require.Len(t, response.Result.Schedules, 1)

	return response.Result.Schedules[0]
}

// awaitRuns waits until the firings of a schedule satisfy the condition, and returns them in the order of their times.
func (c caller) awaitRuns(t *testing.T, appID, name string, satisfied func([]schedule.Run) bool) []schedule.Run {
	t.Helper()

	var runs []schedule.Run

	await(t, func() bool {
		runs = c.schedule(t, appID, name).Runs
		slices.SortFunc(runs, func(a, b schedule.Run) int { return a.ScheduledAt.Compare(b.ScheduledAt) })

		return satisfied(runs)
	})

	return runs
}

// ended returns a condition for a number of firings, all of which have ended.
func endedRuns(count int) func([]schedule.Run) bool {
	return func(runs []schedule.Run) bool {
		return len(runs) == count && !slices.ContainsFunc(runs, func(run schedule.Run) bool { return run.EndedAt == nil })
	}
}

// runNow lets a schedule fire, and returns its job.
func (c caller) runNow(t *testing.T, appID, name string) (jobID string) {
	t.Helper()

	got := c.operate(t, "runSchedule.jsp", appID, object{"schedule": name})
	require.Equal(t, http.StatusOK, got.status, got.text)

	jobID, _ = got.result(t)["jobId"].(string)
	await(t, func() bool { return c.status(t, appID, jobID).status == http.StatusOK })

	return jobID
}

// conflictToken returns the number of changes of a schedule.
func conflictToken(t *testing.T, appID, name string) uint64 {
	t.Helper()

	found, err := shared.client.WorkflowService().DescribeSchedule(t.Context(), &workflowservice.DescribeScheduleRequest{
		Namespace: client.DefaultNamespace, ScheduleId: job.ScheduleID(appID, name),
	})
	require.NoError(t, err)

	return binary.BigEndian.Uint64(found.GetConflictToken())
}

func TestScheduleFiresOrdinaryJobs(t *testing.T) {
	t.Parallel()

	appID := newScheduledApp(t, `
  often: {scenario: Echo, interval: 1s, overlap: bufferAll, parameters: {day: "${scheduledAt}"}}
`)
	runs := api().awaitRuns(t, appID, "often", func(runs []schedule.Run) bool { return len(runs) > 3 && runs[2].EndedAt != nil })

	for i, run := range runs[:3] {
		require.Equal(t, runs[0].ScheduledAt.Add(time.Duration(i)*time.Second), run.ScheduledAt)
		require.Equal(t, job.FiringState(job.Completed), run.Status)
		require.Equal(t, appID+":often:"+run.ScheduledAt.Format(time.RFC3339), run.JobID)

		status := api().awaitStatus(t, appID, run.JobID, ended)
		require.Equal(t, "completed", status["status"])
		require.Equal(t, "schedule often", status["caller"])
		require.Equal(t, "Echo", status["scenario"])
		require.Equal(t, object{"schedule": "often"}, status["labels"])
		require.Equal(t, object{"day": run.ScheduledAt.Format("2006-01-02T15:04:05.000Z")}, status["parameters"])
	}

	setSchedules(t, appID, "  other: {scenario: Echo, interval: 24h, paused: true}\n")

	got := api().operate(t, "runSchedule", appID, object{"schedule": "often"})
	require.Equal(t, http.StatusNotFound, got.status, got.text)
	require.Equal(t, "schedule_not_found", got.result(t)["code"])

	_, err := shared.client.WorkflowService().DescribeSchedule(t.Context(), &workflowservice.DescribeScheduleRequest{
		Namespace: client.DefaultNamespace, ScheduleId: job.ScheduleID(appID, "often"),
	})
	require.ErrorContains(t, err, "not found", "the schedule was deleted from the file")
}

func TestScheduleIsChangedOnceByManyServers(t *testing.T) {
	t.Parallel()

	const servers = 5

	reconcile := func() {
		var all sync.WaitGroup
		for range servers {
			all.Go(func() { _ = newSchedules().Reconcile(t.Context()) })
		}

		all.Wait()
		require.NoError(t, newSchedules().Reconcile(t.Context()))
	}

	appID := newApp(t, scheduledScenarios)
	write := func(interval string) {
		writeApp(t, filepath.Join(shared.dir, "apps", appID), map[string]string{
			"app.yaml": "schedules:\n  nightly: {scenario: Echo, interval: " + interval + "}\n",
		})
	}

	write("24h")
	reconcile()

	created := conflictToken(t, appID, "nightly")
	reconcile()
	require.Equal(t, created, conflictToken(t, appID, "nightly"), "an equal definition changes nothing")

	write("48h")
	reconcile()
	require.Equal(t, created+1, conflictToken(t, appID, "nightly"), "one server has changed it")
	require.Equal(t, "48h0m0s", api().schedule(t, appID, "nightly").Interval)
}

func TestScheduleRemainsPausedByTheOperator(t *testing.T) {
	t.Parallel()

	appID := newScheduledApp(t, "  nightly: {scenario: Echo, cron: 0 0 2 * * ?, timeZone: Europe/Berlin}\n")
	status := api().schedule(t, appID, "nightly")
	require.False(t, status.Paused)
	require.Len(t, status.Next, 5)
	require.Regexp(t, `T02:00:00\+0[12]:00$`, status.Next[0])

	got := api().operate(t, "pauseSchedule", appID, object{"schedule": "nightly", "note": "the database moves"})
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.JSONEq(t, `{"status":"success","result":{"schedule":"nightly","paused":true,"note":"paused by operator: the database moves"}}`, got.text)

	setSchedules(t, appID, "  nightly: {scenario: Echo, cron: 0 0 3 * * ?, timeZone: Europe/Berlin}\n")

	status = api().schedule(t, appID, "nightly")
	require.True(t, status.Paused)
	require.Equal(t, "paused by operator: the database moves", status.Note)
	require.Regexp(t, `T03:00:00\+0[12]:00$`, status.Next[0])

	setSchedules(t, appID, "  nightly: {scenario: Echo, cron: 0 0 3 * * ?, timeZone: Europe/Berlin, paused: true}\n")
	require.Equal(t, "paused in app.yaml", api().schedule(t, appID, "nightly").Note, "the file now says so")

	got = api().operate(t, "resumeSchedule", appID, object{"schedule": "nightly"})
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.NoError(t, newSchedules().Reconcile(t.Context()))

	status = api().schedule(t, appID, "nightly")
	require.False(t, status.Paused)
	require.Equal(t, "resumed by operator", status.Note)
	require.Empty(t, status.Runs)
}

func TestResumedScheduleDoesNotFireMissedTimes(t *testing.T) {
	t.Parallel()

	appID := newScheduledApp(t, "  often: {scenario: Echo, interval: 1s, overlap: bufferAll, paused: true}\n")
	paused := time.Now()

	await(t, func() bool { return time.Since(paused) > 3*time.Second })

	got := api().operate(t, "resumeSchedule", appID, object{"schedule": "often"})
	require.Equal(t, http.StatusOK, got.status, got.text)

	runs := api().awaitRuns(t, appID, "often", func(runs []schedule.Run) bool { return len(runs) > 0 })
	require.Greater(t, runs[0].ScheduledAt, paused.Add(2*time.Second))
}

func TestFiringPinsTheProgramAndEvaluatesTheCondition(t *testing.T) {
	t.Parallel()

	appID := newScheduledApp(t, `
  conditional: {scenario: Echo, interval: 1000h, onlyIf: "${enabled}"}
  newer: {scenario: Echo, interval: 1000h, onlyIf: "$[stage]{SELECT ${scheduledAt} > '2000'}"}
  broken: {scenario: Missing, interval: 1000h}
`)

	first := api().runNow(t, appID, "newer")
	require.Equal(t, object{"version": json.Number("1"), "day": "none"}, valueOf(t, appID, first))

	echo := filepath.Join(shared.dir, "apps", appID, "scenarios", "Echo.yaml")
	text, err := os.ReadFile(echo)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(echo, []byte(strings.Replace(string(text), "version: 1", "version: 2", 1)), 0o600))

	api().awaitRuns(t, appID, "newer", endedRuns(1))

	second := api().runNow(t, appID, "newer")
	require.Equal(t, object{"version": json.Number("2"), "day": "none"}, valueOf(t, appID, second))

	got := api().operate(t, "runSchedule", appID, object{"schedule": "conditional"})
	require.Equal(t, http.StatusOK, got.status, got.text)

	runs := api().awaitRuns(t, appID, "conditional", endedRuns(1))
	require.Equal(t, job.FiringSkipped, runs[0].Status)
	require.Equal(t, "its condition onlyIf is false", runs[0].Reason)
	require.Empty(t, runs[0].JobID)

	require.Contains(t, api().schedule(t, appID, "broken").Problems[0], "the app has no scenario Missing")

	got = api().operate(t, "runSchedule", appID, object{"schedule": "broken"})
	require.Equal(t, http.StatusOK, got.status, got.text)

	runs = api().awaitRuns(t, appID, "broken", endedRuns(1))
	require.Equal(t, job.FiringFailed, runs[0].Status)
	require.Contains(t, runs[0].Reason, "the app has no scenario Missing")
}

// valueOf waits for the end of a job and returns its value, with exact numbers.
func valueOf(t *testing.T, appID, jobID string) any {
	t.Helper()

	api().awaitStatus(t, appID, jobID, ended)

	decoder := json.NewDecoder(strings.NewReader(api().status(t, appID, jobID).text))
	decoder.UseNumber()

	var response struct {
		Result object `json:"result"`
	}

	require.NoError(t, decoder.Decode(&response))

	return response.Result["value"]
}

func TestOverlapConcernsJobs(t *testing.T) {
	t.Parallel()

	appID := newScheduledApp(t, `
  skip: {scenario: Wait, interval: 1000h}
  stop: {scenario: Wait, interval: 1000h, overlap: stopOther}
  all: {scenario: Wait, interval: 1000h, overlap: allowAll}
`)

	api().runNow(t, appID, "skip")

	got := api().operate(t, "runSchedule", appID, object{"schedule": "skip"})
	require.Equal(t, http.StatusConflict, got.status, got.text)
	require.Equal(t, "schedule_busy", got.result(t)["code"])

	first := api().runNow(t, appID, "stop")
	second := api().runNow(t, appID, "stop")
	require.NotEqual(t, first, second)
	require.Equal(t, "stopped", api().awaitStatus(t, appID, first, ended)["status"])
	require.Equal(t, "running", api().status(t, appID, second).result(t)["status"])

	first = api().runNow(t, appID, "all")
	second = api().runNow(t, appID, "all")
	require.NotEqual(t, first, second)
	require.Equal(t, "running", api().status(t, appID, first).result(t)["status"])

	runs := api().awaitRuns(t, appID, "all", endedRuns(2))
	require.Equal(t, job.FiringStarted, runs[0].Status, "it does not wait for its job")
}

func TestRunScheduleGivesEachFiringAJobOfItsOwn(t *testing.T) {
	t.Parallel()

	const calls = 8

	appID := newScheduledApp(t, `
  rare: {scenario: Echo, interval: 2s, overlap: allowAll, parameters: {day: "${scheduledAt}"}, paused: true}
  often: {scenario: Echo, interval: 1s, overlap: allowAll}
`)
	servers := []caller{api(), serve(t, apiserver.Options{}), serve(t, apiserver.Options{})}
	responses := make([]apiResponse, calls)

	var all sync.WaitGroup
	for i := range calls {
		all.Go(func() {
			responses[i] = servers[i%len(servers)].operate(t, "runSchedule", appID, object{"schedule": "rare"})
		})
	}

	all.Wait()

	ids := map[string]bool{}

	for _, got := range responses {
		require.Equal(t, http.StatusOK, got.status, got.text)

		jobID, _ := got.result(t)["jobId"].(string)
		at, _ := got.result(t)["scheduledAt"].(string)
		ids[jobID] = true

		require.Equal(t, appID+":rare:"+at, jobID)
		await(t, func() bool { return api().status(t, appID, jobID).status == http.StatusOK })
		require.Equal(t, object{"version": json.Number("1"), "day": strings.TrimSuffix(at, "Z") + ".000Z"}, valueOf(t, appID, jobID))
	}

	require.Len(t, ids, calls)

	runs := api().awaitRuns(t, appID, "rare", endedRuns(calls))
	require.False(t, slices.ContainsFunc(runs, func(run schedule.Run) bool { return !ids[run.JobID] }))

	got := api().operate(t, "runSchedule", appID, object{"schedule": "often"})
	require.Equal(t, http.StatusConflict, got.status, got.text)
	require.Contains(t, got.text, "every second near now belongs to another firing")
}

func TestBackfillRepeatsCompletedFiringsOnlyIfAsked(t *testing.T) {
	t.Parallel()

	appID := newScheduledApp(t, `
  hourly: {scenario: Echo, cron: "0 * * * *", parameters: {day: "${scheduledAt}"}}
  failing: {scenario: Fail, cron: "0 * * * *"}
`)

	backfill := func(name string, fields object) {
		got := api().operate(t, "backfillSchedule", appID, with(object{
			"schedule": name, "from": "2026-01-31T01:00:00+01:00", "to": "2026-01-31T02:59:59Z",
		}, fields))
		require.Equal(t, http.StatusOK, got.status, got.text)
		require.EqualValues(t, 3, got.result(t)["firings"])
	}
	states := func(runs []schedule.Run) []string {
		var states []string
		for _, run := range runs {
			states = append(states, strings.TrimPrefix(run.JobID, appID+":")+" "+string(run.Status))
		}

		return states
	}

	backfill("hourly", nil)

	want := []string{
		"hourly:2026-01-31T00:00:00Z completed", "hourly:2026-01-31T01:00:00Z completed", "hourly:2026-01-31T02:00:00Z completed",
	}
	require.Equal(t, want, states(api().awaitRuns(t, appID, "hourly", endedRuns(3))))

	backfill("hourly", nil)

	runs := api().awaitRuns(t, appID, "hourly", endedRuns(6))
	for _, run := range runs[:2] {
		if run.Status == job.FiringSkipped {
			require.Equal(t, "its job has completed before", run.Reason)
		}
	}

	require.Equal(t, 3, strings.Count(fmt.Sprint(states(runs)), "skipped"))

	backfill("hourly", object{"repeatCompleted": true})

	runs = api().awaitRuns(t, appID, "hourly", endedRuns(9))
	require.Equal(t, 3, strings.Count(fmt.Sprint(states(runs)), "00Z:2 completed"))

	backfill("failing", object{"overlap": "allowAll"})
	api().awaitRuns(t, appID, "failing", endedRuns(3))
	backfill("failing", nil)

	runs = api().awaitRuns(t, appID, "failing", endedRuns(6))
	require.Equal(t, 3, strings.Count(fmt.Sprint(states(runs)), "00Z:2 completedWithError"), "a failed firing is tried again")
}

func TestScheduleCallsRejectWrongRequests(t *testing.T) {
	t.Parallel()

	appID := newScheduledApp(t, "  often: {scenario: Echo, interval: 1s, paused: true}\n")

	for _, test := range []struct {
		call   string
		fields object
		status int
		text   string
	}{
		{"pauseSchedule", object{"schedule": "often", "apiKey": statusKey}, http.StatusForbidden, `right \"schedule\"`},
		{"runSchedule", object{"schedule": "often", "apiKey": statusKey}, http.StatusForbidden, `right \"schedule\"`},
		{"resumeSchedule", object{"schedule": "never"}, http.StatusNotFound, "has no schedule never"},
		{"getSchedules", object{"schedule": "never"}, http.StatusNotFound, "has no schedule never"},
		{"getSchedules", object{"runs": 101}, http.StatusBadRequest, "runs must be between 0 and 100"},
		{"runSchedule", object{}, http.StatusBadRequest, "schedule"},
		{"backfillSchedule", object{"schedule": "often", "from": "today", "to": "2026-01-01T00:00:00Z"}, http.StatusBadRequest, "from must be a time"},
		{"backfillSchedule", object{"schedule": "often", "from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, http.StatusBadRequest, "to is before from"},
		{"backfillSchedule", object{"schedule": "often", "from": "2026-01-02T00:00:00Z", "to": "2999-01-01T00:00:00Z"}, http.StatusBadRequest, "to is in the future"},
		{"backfillSchedule", object{"schedule": "often", "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"}, http.StatusBadRequest, "more than 900 times"},
		{"backfillSchedule", object{"schedule": "often", "from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:00:01Z", "overlap": "queue"}, http.StatusBadRequest, "no overlap policy"},
	} {
		got := api().operate(t, test.call, appID, test.fields)
		require.Equal(t, test.status, got.status, got.text)
		require.Contains(t, got.text, test.text)
	}
}

func TestScheduleFiresOnceForEachTimeThroughKills(t *testing.T) {
	t.Parallel()

	apps, data := t.TempDir(), t.TempDir()
	writeApp(t, filepath.Join(apps, "8"), map[string]string{
		"app.yaml":            "schedules:\n  often: {scenario: Main, interval: 1s, overlap: bufferAll}\n",
		"scenarios/Main.yaml": "steps: [{opName: Return, opParams: {value: 1}}]\n",
	})

	for kill := range 3 {
		p := dev(t, data, "--apps", apps)
		served := apiOf(t, p)

		served.awaitRuns(t, "8", "often", func(runs []schedule.Run) bool { return len(runs) > 4*kill+3 })
		p.kill()
		<-p.exited
	}

	served := apiOf(t, dev(t, data, "--apps", apps))

	pause, err := json.Marshal(object{"apiKey": devKey, "appId": "8", "schedule": "often"})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, served.call(t, http.MethodPost, "/api/v1/pauseSchedule", asJSON, string(pause)).status)

	var runs []schedule.Run

	await(t, func() bool {
		status := served.schedule(t, "8", "often")
		runs = status.Runs

		return status.Counts.Waiting == 0 && endedRuns(int(status.Counts.Fired))(runs) || len(runs) == 100
	})
	slices.SortFunc(runs, func(a, b schedule.Run) int { return a.ScheduledAt.Compare(b.ScheduledAt) })

	for i, run := range runs {
		require.Equal(t, runs[0].ScheduledAt.Add(time.Duration(i)*time.Second), run.ScheduledAt, "no firing was lost or doubled")
		require.Equal(t, job.FiringState(job.Completed), run.Status, run.Reason)
		require.Equal(t, "8:often:"+run.ScheduledAt.Format(time.RFC3339), run.JobID)
	}
}

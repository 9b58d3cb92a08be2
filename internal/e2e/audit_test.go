package e2e_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/app/apikey"
	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/audit"
)

// auditedSystem returns an API server of its own for the shared system, and the file of its audit log.
func auditedSystem(t *testing.T) (api caller, file string) {
	t.Helper()

	keys, err := seal.Parse(seal.New())
	require.NoError(t, err)

	file = filepath.Join(t.TempDir(), "audit.log")
	log, err := audit.Open(file, func(err error) { t.Error(err) })
	require.NoError(t, err)

	jobs := newJobs(shared.client)
	server := httptest.NewServer(apiserver.New(apiserver.Options{
		Jobs: jobs, Apps: shared.apps, Results: shared.results, Keys: keys, Audit: log,
		Log: slog.New(slog.DiscardHandler),
	}))

	t.Cleanup(func() {
		jobs.Close()
		server.Close()
		require.NoError(t, log.Close())
	})

	return caller{server.URL}, file
}

func TestAuditLogHasOneLineForEachChange(t *testing.T) {
	t.Parallel()

	key, secret, jobID := apikey.New(), "hunter2-"+uuid.NewString(), uuid.NewString()
	appID := newApp(t, map[string]string{
		"app.yaml": `
access:
  - {name: nightly, keys: [{sha256: ` + apikey.DigestOf(key).String() + `}]}
`,
		"scenarios/Main.yaml": `
parameters: {text: {type: text}}
steps: [{opName: WaitForSignal, opParams: {name: go}}]
`,
	})
	audited, file := auditedSystem(t)

	issued := audited.call(t, http.MethodPost, "/api/v1/oauth2/token", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		"grant_type=client_credentials&client_id="+appID+"/nightly&client_secret="+key)
	require.Equal(t, http.StatusOK, issued.status, issued.text)

	bearer, _ := issued.body["access_token"].(string)
	header := http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + bearer}}
	call := func(name, body string) apiResponse {
		return audited.call(t, http.MethodPost, "/api/v1/"+name, header, `{"appId":"`+appID+`","jobId":"`+jobID+`"`+body+`}`)
	}

	execute := `,"operation":{"opName":"RunScenario","opParams":{"scenario":"Main","parameters":{"text":"` + secret + `"}}}`
	require.Equal(t, http.StatusAccepted, call("executeJob", execute+`,"isAsync":false,"waitSeconds":0`).status)
	require.Equal(t, http.StatusOK, call("executeJob", execute).status)
	require.Equal(t, http.StatusOK, call("getJobStatus", "").status)
	require.Equal(t, http.StatusConflict, call("executeJob", strings.Replace(execute, secret, "x", 1)).status)
	require.Equal(t, http.StatusNotFound, call("signalJob", `,"signal":"stop","data":"`+secret+`"`).status)
	require.Equal(t, http.StatusOK, call("stopJob", "").status)

	of := func(name, body string) apiResponse {
		return audited.call(t, http.MethodPost, "/api/v1/"+name, header, `{"appId":"`+appID+`",`+body+`}`)
	}
	require.Equal(t, http.StatusNotFound, of("pauseSchedule", `"schedule":"hourly"`).status)
	require.Equal(t, http.StatusForbidden, of("checkSource", `"source":"stage"`).status)

	text, err := os.ReadFile(file)
	require.NoError(t, err)

	lines := logLines(t, string(text), "audit")
	got := make([]object, len(lines))

	for i, line := range lines {
		got[i] = pick(line, "call", "app", "access", "jobId", "schedule", "source", "scenario", "outcome")
	}

	require.Equal(t, []object{
		{"call": "oauth2/token", "app": appID, "access": "nightly", "outcome": "ok"},
		{"call": "executeJob", "app": appID, "access": "nightly", "jobId": jobID, "scenario": "Main", "outcome": "ok"},
		{"call": "executeJob", "app": appID, "access": "nightly", "jobId": jobID, "outcome": "ok"},
		{"call": "executeJob", "app": appID, "access": "nightly", "jobId": jobID, "outcome": "job_id_taken"},
		{"call": "signalJob", "app": appID, "access": "nightly", "jobId": jobID, "outcome": "signal_not_found"},
		{"call": "stopJob", "app": appID, "access": "nightly", "jobId": jobID, "outcome": "ok"},
		{"call": "pauseSchedule", "app": appID, "access": "nightly", "schedule": "hourly", "outcome": "schedule_not_found"},
		{"call": "checkSource", "app": appID, "access": "nightly", "source": "stage", "outcome": "forbidden"},
	}, got)

	for _, planted := range []string{key, bearer, secret} {
		require.NotContains(t, string(text), planted)
	}

	// The job has recorded who has started it, and its history who has stopped it.
	require.Equal(t, "nightly", api().awaitStatus(t, appID, jobID, ended)["caller"])
	require.Contains(t, historyOf(t, jobID).String(), "stopJob, called by nightly")
}

func TestAuditLogOfAProcessIsAFileThatCanBeRotated(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "audit.log")
	p := dev(t, t.TempDir(), "--audit-log", path)
	api := apiOf(t, p)

	require.Equal(t, http.StatusOK, api.execute(t, runScenario("7", "Main", object{})).status)
	require.NoError(t, os.Rename(path, path+".1"))
	require.NoError(t, p.command.Process.Signal(syscall.SIGHUP))
	require.Eventually(t, func() bool { _, err := os.Stat(path); return err == nil }, time.Minute, time.Millisecond)
	require.Equal(t, http.StatusNotFound, api.stop(t, "7", "none").status)

	for name, want := range map[string]string{path + ".1": "executeJob", path: "stopJob"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)

		lines := logLines(t, string(text), "audit")
		require.Len(t, lines, 1, name)
		require.Equal(t, want, lines[0]["call"])
		require.Equal(t, "*", lines[0]["access"])
	}
}

func TestAuditLogOfAWorkerHasTheJobsOfSchedules(t *testing.T) {
	t.Parallel()

	p := newProduction(t)
	appID := "7"
	writeApp(t, filepath.Join(p.apps, appID), scheduledScenarios)
	writeApp(t, filepath.Join(p.apps, appID), map[string]string{"app.yaml": `
access:
  - {name: operator, key: "${env:JOBWRIGHT_APP_7_KEY}"}
schedules:
  nightly: {scenario: Wait, interval: 1000h, overlap: stopOther}
  broken: {scenario: Missing, interval: 1000h}
`})

	path := filepath.Join(t.TempDir(), "audit.log")
	p.worker(t, "--audit-log", path)
	_, api := p.apiserver(t)

	runNow := func(name string) (jobID string) {
		await(t, func() bool {
			got := api.operate(t, "runSchedule", appID, object{"schedule": name})
			jobID, _ = got.result(t)["jobId"].(string)

			return got.status == http.StatusOK // The API server has created the schedule.
		})

		return jobID
	}
	lines := func() []object {
		text, err := os.ReadFile(path)
		require.NoError(t, err)

		var lines []object
		for _, line := range logLines(t, string(text), "audit") {
			lines = append(lines, pick(line, "call", "app", "access", "jobId", "scenario", "outcome"))
		}

		return lines
	}

	first := runNow("nightly")
	want := []object{
		{"call": "executeJob", "app": appID, "access": "schedule nightly", "jobId": first, "scenario": "Wait", "outcome": "ok"},
	}

	await(t, func() bool { return len(lines()) == len(want) })
	require.Equal(t, want, lines())

	second := runNow("nightly")
	want = append(want,
		object{"call": "stopJob", "app": appID, "access": "schedule nightly", "jobId": first, "outcome": "ok"},
		object{"call": "executeJob", "app": appID, "access": "schedule nightly", "jobId": second, "scenario": "Wait", "outcome": "ok"},
	)

	await(t, func() bool { return len(lines()) == len(want) })
	require.Equal(t, want, lines())

	refused := runNow("broken")
	want = append(want,
		object{"call": "executeJob", "app": appID, "access": "schedule broken", "jobId": refused, "outcome": "schedule_invalid"})

	await(t, func() bool { return len(lines()) == len(want) })
	require.Equal(t, want, lines())
}

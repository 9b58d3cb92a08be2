package e2e_test

import (
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/app/apikey"
)

// A person finds yesterday's failed job, reads why it failed, retries it from the failed step with another parameter, sees it complete,
// downloads its result, and pauses the schedule: by clicks and keys alone.
func TestConsoleStory(t *testing.T) {
	t.Parallel()

	key := apikey.New()
	files := maps.Clone(consoleApp)
	files["app.yaml"] = `
sources:
  files: {kind: FileSource, path: files}
  stage: {kind: SQLiteSource}
schedules:
  nightly: {scenario: Load, parameters: {file: third.csv}, cron: 0 0 2 * * ?, timeZone: Etc/UTC}
access:
  - {name: anna, keys: [{sha256: ` + apikey.DigestOf(key).String() + `}]}
`
	files["scenarios/Load.yaml"] = strings.Replace(files["scenarios/Load.yaml"],
		"  - {title: Wait for approval, name: approval, opName: WaitForSignal, opParams: {name: approve}}\n", "", 1)

	apps := t.TempDir()
	writeApp(t, filepath.Join(apps, "7"), files)

	p := dev(t, t.TempDir(), "--apps", apps)
	served := apiOf(t, p)

	// The night before.
	yesterday := time.Now().UTC().AddDate(0, 0, -1).Truncate(24 * time.Hour)
	jobID := "7:nightly:" + yesterday.Add(2*time.Hour).Format(time.RFC3339)

	await(t, func() bool { // The server creates the schedule in Temporal after its start.
		return served.call(t, http.MethodPost, "/api/v1/backfillSchedule", asJSON, `{"apiKey": "dev", "appId": "7",
			"schedule": "nightly", "from": "`+yesterday.Format(time.RFC3339)+`", "to": "`+yesterday.Add(3*time.Hour).Format(time.RFC3339)+`"}`,
		).status == http.StatusOK
	})

	await(t, func() bool { // Temporal's lists are a little late.
		got := served.call(t, http.MethodGet, "/api/v1/getJobs?apiKey=dev&appId=7&status=completedWithError", nil, "")

		return strings.Contains(got.text, jobID)
	})

	b := openBrowser(t)
	downloads := b.acceptDownloads(t)

	b.open(t, served.address)
	b.fill(t, "API key", key)
	b.click(t, "Sign in")

	b.awaitText(t, "h1", "Jobs")
	b.click(t, "failed 1")
	b.click(t, jobID)
	b.awaitText(t, ".problem", "third.csv")

	b.click(t, "Retry from the failed step…")
	b.fill(t, "file", "second.csv")
	b.click(t, "Run again")

	b.awaitText(t, "h1", jobID+"~2")
	b.awaitText(t, "#status", "completed")
	b.awaitText(t, ".records", "Edsger")
	b.click(t, "csv")

	requireDownload(t, downloads, "*.csv", "id,name\r\n1,Ada\r\n2,Grace\r\n3,Edsger\r\n4,<b>Tony</b>\r\n")

	b.click(t, "Schedules")
	b.awaitText(t, "h1", "Schedules")
	b.click(t, "Actions…")
	b.fill(t, "Reason", "the file moves")
	b.click(t, "Pause")
	b.awaitText(t, ".schedules", "paused")

	got := served.call(t, http.MethodGet, "/api/v1/getSchedules?apiKey=dev&appId=7", nil, "")
	require.Contains(t, got.text, `"paused":true`)
	require.Contains(t, got.text, "the file moves")
}

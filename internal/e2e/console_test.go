package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/console"
)

// consoleApp has a scenario that fails at its second step, unless the parameter names a file that exists, and waits for a signal.
var consoleApp = map[string]string{
	"app.yaml": `
sources:
  files: {kind: FileSource, path: files}
  stage: {kind: SQLiteSource}
access:
  - {name: caller, key: "${env:JOBWRIGHT_APP_7_KEY}", operations: [Return]}
  - {name: viewer, key: "${env:JOBWRIGHT_STATUS_KEY}", rights: [status]}
`,
	"files/first.csv":  "id,name\n1,Ada\n2,Grace\n",
	"files/second.csv": "id,name\n3,Edsger\n4,\"<b>Tony</b>\"\n",
	"scenarios/Load.yaml": `
parameters:
  file: {type: text, description: The file to load}
steps:
  - {title: Load the first file, opName: LoadTableFromSource, opParams: {source: files, table: first.csv, targetSource: stage, targetTable: people}}
  - title: Load the second file
    opName: LoadTableFromSource
    opParams: {source: files, table: "${file}", targetSource: stage, targetTable: others}
  - {title: Wait for approval, name: approval, opName: WaitForSignal, opParams: {name: approve}}
  - title: Return everyone
    opName: Transform
    opParams: {source: stage, query: "SELECT id, name FROM people UNION ALL SELECT id, name FROM others ORDER BY id", returnResult: true, resultName: people}
`,
}

// serveConsole serves the API with the console until the test ends.
func serveConsole(t *testing.T) caller {
	t.Helper()

	return serve(t, apiserver.Options{Pages: func(api http.Handler) http.Handler {
		return console.New(console.Options{API: api, Log: slog.New(slog.DiscardHandler)})
	}})
}

// startFailingJob runs the scenario of consoleApp with a file that does not exist, and returns the jobId after its end.
func startFailingJob(t *testing.T, appID string) string {
	t.Helper()

	jobID := "load " + uuid.NewString()[:8]
	got := api().execute(t, with(runScenario(appID, "Load", object{"file": "third.csv"}),
		object{"jobId": jobID, "labels": object{"order": "17"}}))
	require.Equal(t, "source_table_not_found", got.result(t)["code"], got.text)

	return jobID
}

// visitor is a person with a browser that runs no scripts.
type visitor struct {
	client  *http.Client
	address string
}

// signIn signs in with a key.
func signIn(t *testing.T, address, appID, key string) visitor {
	t.Helper()

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)

	v := visitor{&http.Client{Jar: jar}, address}
	status, text := v.post(t, "/sign-in", url.Values{"app": {appID}, "key": {key}, "next": {"/jobs"}})
	require.Equal(t, http.StatusOK, status, text)
	require.Contains(t, text, "<h1>Jobs</h1>")

	return v
}

// get opens a page.
func (v visitor) get(t *testing.T, path string) (status int, header http.Header, text string) {
	t.Helper()

	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.address+path, http.NoBody)
	require.NoError(t, err)

	return v.do(t, request)
}

// post sends a form.
func (v visitor) post(t *testing.T, path string, form url.Values) (status int, text string) {
	t.Helper()

	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.address+path, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")

	status, _, text = v.do(t, request)

	return status, text
}

func (v visitor) do(t *testing.T, request *http.Request) (status int, header http.Header, text string) {
	t.Helper()

	request.Header.Set("Accept", "text/html")

	response, err := v.client.Do(request)
	require.NoError(t, err)

	defer response.Body.Close()

	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)

	return response.StatusCode, response.Header, string(body)
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// csrf returns the token of the forms of a page.
func csrf(t *testing.T, page string) string {
	t.Helper()

	found := csrfField.FindStringSubmatch(page)
	require.NotNil(t, found, page)

	return found[1]
}

func TestConsoleShowsWhyAJobFailed(t *testing.T) {
	t.Parallel()

	appID := newApp(t, consoleApp)
	jobID := startFailingJob(t, appID)
	v := signIn(t, serveConsole(t).address, appID, callerKey)

	status, header, page := v.get(t, "/jobs/"+url.PathEscape(jobID))
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "Load the second file")
	require.Contains(t, page, "third.csv", "the message names the file")
	require.Contains(t, page, "scenarios/Load.yaml:6", "the place of the step")
	require.Contains(t, page, "The table or file does not exist", "the remedy of the documentation")

	policy := header.Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'; script-src 'self'; style-src 'self'")
	require.NotContains(t, policy, "unsafe")
	require.NotRegexp(t, ` style=| on[a-z]+="|<script>|<style>`, page)

	list := "/jobs?" + url.Values{"status": {"completedWithError"}, "label": {"order=17"}}.Encode()

	await(t, func() bool { // Temporal's lists are a little late.
		_, _, text := v.get(t, list)

		return strings.Contains(text, jobID)
	})

	_, _, others := v.get(t, "/jobs?label=order%3D18")
	require.NotContains(t, others, jobID)
}

func TestConsoleShowsAndDoesOnlyWhatAKeyPermits(t *testing.T) {
	t.Parallel()

	appID := newApp(t, consoleApp)
	jobID := startFailingJob(t, appID)
	address := serveConsole(t).address
	job := "/jobs/" + url.PathEscape(jobID)
	v := signIn(t, address, appID, statusKey)

	_, _, page := v.get(t, job)
	require.NotContains(t, page, "/retry")

	token := csrf(t, page) // Of the form for signing out.

	for path, form := range map[string]url.Values{
		job + "/retry": {}, job + "/stop": {}, job + "/pause": {}, "/jobs/bulk": {"do": {"stop"}, "job": {jobID}},
		job + "/signal": {"signal": {"approve"}}, job + "/redeliver": {},
	} {
		form.Set("csrf", token)

		status, text := v.post(t, path, form)
		require.Equal(t, http.StatusForbidden, status, "%s: %s", path, text)
	}

	// A form without the token of the session, also of a visitor who may do it.
	v = signIn(t, address, appID, callerKey)

	for _, wrong := range []string{"", token} {
		status, text := v.post(t, job+"/retry", url.Values{"csrf": {wrong}})
		require.Equal(t, http.StatusForbidden, status, text)
	}

	// Without a session, each page leads to the page for signing in.
	stranger := visitor{&http.Client{}, address}
	_, _, page = stranger.get(t, job)
	require.Contains(t, page, "<h1>Sign in</h1>")
	require.NotContains(t, page, "third.csv")

	status, _, text := stranger.get(t, job+"/nothing")
	require.Equal(t, http.StatusOK, status, "it does not reveal which pages there are")
	require.Contains(t, text, "<h1>Sign in</h1>")
}

func TestConsoleRetriesAndStopsSelectedJobs(t *testing.T) {
	t.Parallel()

	appID := newApp(t, consoleApp)
	first, second, completed := startFailingJob(t, appID), startFailingJob(t, appID), uuid.NewString()
	got := api().execute(t, object{
		"apiKey": devKey, "appId": appID, "jobId": completed, "isAsync": false,
		"operation": object{"opName": "Return", "opParams": object{"value": 1}},
	})
	require.Equal(t, http.StatusOK, got.status, got.text)

	v := signIn(t, serveConsole(t).address, appID, callerKey)

	_, _, page := v.get(t, "/jobs")
	form := url.Values{"csrf": {csrf(t, page)}, "do": {"retry"}, "job": {first, second, completed}}

	status, text := v.post(t, "/jobs/bulk", form)
	require.Equal(t, http.StatusOK, status, text)

	for _, jobID := range []string{first, second, completed} {
		retried := api().awaitStatus(t, appID, jobID+"~2", ended)
		require.Equal(t, jobID, retried["retryOf"])
	}

	form.Set("do", "stop")
	form["job"] = []string{first, "another"}

	status, text = v.post(t, "/jobs/bulk", form)
	require.Equal(t, http.StatusNotFound, status, text)
	require.Contains(t, text, "1 of 2 jobs were not changed")
}

func TestConsolePausesSignalsAndStopsAJob(t *testing.T) {
	t.Parallel()

	appID := newApp(t, consoleApp)
	v := signIn(t, serveConsole(t).address, appID, callerKey)

	start := func() (job, token string) {
		jobID := uuid.NewString()
		got := api().execute(t, with(runScenario(appID, "Load", object{"file": "second.csv"}), object{"jobId": jobID, "isAsync": true}))
		require.Equal(t, http.StatusOK, got.status, got.text)
		api().awaitStatus(t, appID, jobID, func(result object) bool { return result["signals"] != nil })

		_, _, page := v.get(t, "/jobs/"+jobID)
		require.Contains(t, page, `data-events="/jobs/`+jobID+`/events?after=`)

		return "/jobs/" + jobID, csrf(t, page)
	}
	do := func(path string, form url.Values, want string) {
		t.Helper()

		status, text := v.post(t, path, form)
		require.Equal(t, http.StatusOK, status, text)
		require.Contains(t, text, want)
	}

	job, token := start()
	form := url.Values{"csrf": {token}}

	do(job+"/pause", form, "The job pauses before its next step.")
	do(job+"/resume", form, "The job continues.")

	form.Set("signal", "approve")
	form.Set("data", "not JSON")

	status, text := v.post(t, job+"/signal", form)
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, text, "The data of a signal is JSON")

	form.Set("data", `{"by": "Ann"}`)
	do(job+"/signal", form, "The signal was sent.")
	require.Equal(t, "completed", api().awaitStatus(t, appID, strings.TrimPrefix(job, "/jobs/"), ended)["status"])

	status, header, text := v.get(t, job+"/results/ndjson")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, header.Get("Content-Disposition"), ".ndjson")
	require.JSONEq(t, `{"id": "1", "name": "Ada"}`, strings.Split(text, "\n")[0])

	_, _, page := v.get(t, job)
	require.Contains(t, page, "&lt;b&gt;Tony&lt;/b&gt;", "data is no markup")
	require.NotContains(t, page, "data-events")

	job, token = start()
	do(job+"/stop", url.Values{"csrf": {token}}, "The job is being stopped.")
	require.Equal(t, "stopped", api().awaitStatus(t, appID, strings.TrimPrefix(job, "/jobs/"), ended)["status"])
}

// A person finds a failed job, reads why it failed, retries it from the failed step with another parameter, sees it complete
// without a reload, and downloads its result: by clicks and keys alone.
func TestConsoleInABrowser(t *testing.T) {
	t.Parallel()

	appID := newApp(t, consoleApp)
	jobID := startFailingJob(t, appID)
	address := serveConsole(t).address
	b := openBrowser(t)
	downloads := b.acceptDownloads(t)

	b.open(t, address)
	b.fill(t, "App", appID)
	b.fill(t, "API key", callerKey)
	b.click(t, "Sign in")

	b.awaitText(t, "h1", "Jobs")
	b.click(t, "failed 1")
	b.click(t, jobID)
	b.awaitText(t, ".problem", "third.csv")

	b.click(t, "Retry from the failed step…")
	b.awaitText(t, "main", "is taken over")
	b.fill(t, "file", "second.csv")
	b.click(t, "Run again")

	b.awaitText(t, "h1", jobID+"~2")
	b.call(t, "Runtime.evaluate", object{"expression": "window.notReloaded = true"})
	b.awaitText(t, "main", "Waits for the signal")
	b.fill(t, "Data, as JSON", `{"by": "Ann"}`)

	// Another person approves: this page shows the end without a click.
	got := api().signal(t, object{"apiKey": callerKey, "appId": appID, "jobId": jobID + "~2", "signal": "approve"})
	require.Equal(t, http.StatusOK, got.status, got.text)

	b.awaitText(t, "#status", "completed")
	b.awaitText(t, ".records", "Grace")
	require.Equal(t, "yes", b.await(t, `window.notReloaded ? "yes" : "no"`))

	b.click(t, "csv")

	requireDownload(t, downloads, jobID+"~2 people.csv", "id,name\r\n1,Ada\r\n2,Grace\r\n3,Edsger\r\n4,<b>Tony</b>\r\n")
}

// acceptDownloads lets the browser store downloads in a folder, and returns the folder.
func (b *browser) acceptDownloads(t *testing.T) string {
	t.Helper()

	folder := t.TempDir()
	b.call(t, "Page.setDownloadBehavior", object{"behavior": "allow", "downloadPath": folder})

	return folder
}

// requireDownload waits until a file of a folder of downloads has a content. The browser creates the file before its content
// arrives.
func requireDownload(t *testing.T, folder, pattern, want string) {
	t.Helper()
	await(t, func() bool {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		require.NoError(t, err)

		if len(found) == 0 {
			return false
		}

		text, err := os.ReadFile(found[0])
		require.NoError(t, err)

		return string(text) == want
	})
}

// awaitText waits until an element of a selector contains a text.
func (b *browser) awaitText(t *testing.T, selector, text string) {
	t.Helper()
	b.await(t, fmt.Sprintf(`[...document.querySelectorAll(%s)].find((e) => e.innerText.includes(%s)) ? "yes" : ""`,
		literal(t, selector), literal(t, text)))
}

// literal returns a text as a literal of JavaScript.
func literal(t *testing.T, text string) string {
	t.Helper()

	encoded, err := json.Marshal(text)
	require.NoError(t, err)

	return string(encoded)
}

// click clicks the link, the button or the summary of that text.
func (b *browser) click(t *testing.T, text string) {
	t.Helper()
	b.clickAt(t, fmt.Sprintf(`[...document.querySelectorAll("a, button, summary")].find((e) =>
		e.innerText?.replace(/\s+/g, " ").trim() === %s && e.checkVisibility())`, literal(t, text)))
}

// fill replaces the text of the control with that label.
func (b *browser) fill(t *testing.T, label, text string) {
	t.Helper()
	b.clickAt(t, fmt.Sprintf(`[...document.querySelectorAll("label")].find((e) =>
		e.innerText.replace("(required)", "").trim() === %s)?.control`, literal(t, label)))
	b.call(t, "Input.dispatchKeyEvent", object{"type": "keyDown", "commands": []string{"selectAll"}})
	b.call(t, "Input.insertText", object{"text": text})
}

// clickAt clicks the middle of the element that an expression in JavaScript returns, as soon as there is one in a page that the
// browser has painted: without its styles, the element can be elsewhere, and before the first paint a browser can drop clicks.
func (b *browser) clickAt(t *testing.T, element string) {
	t.Helper()

	var at struct {
		X float64 `json:"x"`
		Y float64 `json:"y"`
	}

	found := b.await(t, fmt.Sprintf(`(() => { const e = %s
		if (!e || document.readyState !== "complete" || !performance.getEntriesByType("paint").length) { return "" }
		e.scrollIntoView({block: "center"}); const r = e.getBoundingClientRect()
		return JSON.stringify({x: r.x + r.width / 2, y: r.y + r.height / 2}) })()`, element))
	require.NoError(t, json.Unmarshal([]byte(found), &at))

	for _, event := range []string{"mousePressed", "mouseReleased"} {
		b.call(t, "Input.dispatchMouseEvent", object{"type": event, "x": at.X, "y": at.Y, "button": "left", "clickCount": 1})
	}
}

package e2e_test

import (
	"encoding/base64"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// dev starts jobwright-dev on free ports with the example apps. The arguments can override both.
func dev(t *testing.T, dataDir string, arguments ...string) *process {
	t.Helper()

	return launch(t, nil, "jobwright-dev", append([]string{
		"--env-prefix", envPrefix,
		"--apps", "../../examples/apps", "--data", dataDir, "--http", "127.0.0.1:0", "--temporal", "127.0.0.1:0", "--ui", "127.0.0.1:0",
	}, arguments...)...)
}

// apiOf waits until jobwright-dev is ready and returns a caller of its API.
func apiOf(t *testing.T, p *process) caller {
	t.Helper()

	return caller{p.await(t, `API +(http://[0-9.:]+)/api/v1/`)}
}

func TestDevRunOncePrintsResultsAndExits(t *testing.T) {
	t.Parallel()

	p := dev(t, t.TempDir(), "--run", "Main", "--once")
	require.Equal(t, 0, p.end(t))

	output := p.output()
	require.Contains(t, output, "│ 1  │ IBM          │\n│ 2  │ Microsoft    │\n")
	require.Contains(t, output, `"company_name": "Microsoft"`)
	require.Regexp(t, `Key +[A-Z2-7]{26} or, except in browsers, dev; from this machine only\n`, output)
	require.Regexp(t, `^Jobwright \S+.* is up\.\n`, output)
}

func TestDevRunTakesParameters(t *testing.T) {
	t.Parallel()

	p := dev(t, t.TempDir(), "--run", "Main", "-p", "country=DE", "--once")
	require.Equal(t, 0, p.end(t))
	require.Contains(t, p.output(), "│ 3  │ SAP          │\n│ 4  │ Bosch        │\n")
	require.Contains(t, p.output(), `"parameters":{"country":"DE"}`, "the command to run it again")

	for argument, message := range map[string]string{
		"country":    "-p country: it must be key=value, for example -p country=DE",
		"country=US": "-p country=US: the parameter country is given twice",
	} {
		p := dev(t, t.TempDir(), "--run", "Main", "-p", "country=DE", "-p", argument, "--once")
		require.Equal(t, 1, p.end(t))
		require.Contains(t, p.output(), message)
	}
}

func TestDevRunReadsParametersByTheirTypes(t *testing.T) {
	t.Parallel()

	apps := t.TempDir()
	writeApp(t, filepath.Join(apps, "8"), map[string]string{"app.yaml": "{}", "scenarios/Sum.yaml": `
parameters:
  zip: {type: text}
  count: {type: integer}
  days: {type: array}
steps:
  - {opName: Return, opParams: {value: "${zip + string(count + 1) + days[1]}"}}
`})

	p := dev(t, t.TempDir(), "--apps", apps, "--app", "8", "--run", "Sum", "-p", "zip=01067", "-p", "count=41", "-p",
		`days=["Mon","Tue"]`, "--once")
	require.Equal(t, 0, p.end(t), p.output())
	require.Contains(t, p.output(), `"value": "0106742Tue"`)
}

// The first address signs in, without typing, and shows the job.
func TestDevOpensTheConsole(t *testing.T) {
	t.Parallel()

	p := dev(t, t.TempDir(), "--run", "Main")
	address := p.await(t, `is up\.\n  Console +(http://\S+)\n`)
	jobID := p.await(t, `as job (\S+)\n`)

	b := openBrowser(t)
	b.open(t, address)
	require.Contains(t, b.await(t, `location.pathname.startsWith("/jobs/") && location.href`), "/jobs/"+jobID)
	b.awaitText(t, "#status", "completed")
	b.awaitText(t, ".records", "Microsoft")
	require.Equal(t, "null", b.await(t, `String(sessionStorage.getItem("key") ?? localStorage.getItem("key"))`))
	require.NotContains(t, b.await(t, `document.documentElement.outerHTML`), strings.Split(address, "#")[1])

	_, after, found := strings.Cut(p.output(), "Running scenario")
	require.True(t, found)
	require.NotContains(t, after, "/sign-in")

	if *update {
		b.screenshot(t, consolePicture)
	}
}

// consolePicture is the picture of the console in the documentation. The test takes it anew with -update.
const consolePicture = "../../docs/images/console-job.png"

// screenshot stores the visible part of the page as a PNG file.
func (b *browser) screenshot(t *testing.T, file string) {
	t.Helper()
	b.call(t, "Emulation.setDeviceMetricsOverride", object{"width": 1200, "height": 760, "deviceScaleFactor": 1, "mobile": false})

	encoded, _ := b.call(t, "Page.captureScreenshot", object{"format": "png"})["data"].(string)
	picture, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, picture, 0o600))
}

func TestDevRunOnceExitsWithOneIfTheJobFails(t *testing.T) {
	t.Parallel()

	apps := t.TempDir()
	writeApp(t, filepath.Join(apps, "8"), contractApp)

	p := dev(t, t.TempDir(), "--apps", apps, "--app", "8", "--run", "Failing", "--once")
	require.Equal(t, 1, p.end(t))
	require.Contains(t, p.output(), "Failed: app 8, scenario Failing, step 2")
}

func TestDevPrintsACurlCommandThatRunsAScenario(t *testing.T) {
	t.Parallel()

	for name, arguments := range map[string][]string{"again": {"--run", "Main"}, "without --run": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requirePrintedCommand(t, dev(t, t.TempDir(), arguments...))
		})
	}
}

// requirePrintedCommand verifies that the command that jobwright-dev prints runs the scenario Main with the random key.
func requirePrintedCommand(t *testing.T, p *process) {
	t.Helper()

	pasted := p.await(t, `  (curl .*)\n`)

	parts := regexp.MustCompile(`^curl -H "Content-Type: application/json" -X POST -d '(.*)' "http://(.*)(/api/v1/executeJob.jsp)"$`).
		FindStringSubmatch(pasted)
	require.Len(t, parts, 4, pasted)
	require.NotContains(t, parts[1], `"apiKey":"`+devKey+`"`)

	got := caller{"http://" + parts[2]}.call(t, http.MethodPost, parts[3], asJSON, parts[1])
	require.Equal(t, http.StatusOK, got.status, got.text)
	requireResults(t, exampleResults, got.result(t)["results"])

	p.interrupt(t)
	require.Equal(t, 0, p.end(t))
	require.Contains(t, p.output(), "Running jobs continue at the next start.")
}

func TestDevServesTemporalUIAndRefusesForeignHosts(t *testing.T) {
	t.Parallel()

	p := dev(t, t.TempDir())
	address := p.await(t, `Temporal UI +(http://[0-9.:]+)`)

	for host, status := range map[string]int{"": http.StatusOK, "evil.example": http.StatusMisdirectedRequest} {
		for _, path := range []string{"/", "/api/v1/namespaces/default/workflows"} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+path, http.NoBody)
			require.NoError(t, err)

			request.Host = host

			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, status, response.StatusCode, host+path)
		}
	}
}

func TestDevContinuesJobsAfterKill(t *testing.T) {
	t.Parallel()

	for name, arguments := range map[string][]string{"default": nil, "durable": {"--durable"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireJobsContinueAfterKill(t, arguments...)
		})
	}
}

// requireJobsContinueAfterKill verifies that jobs of a jobwright-dev that is killed have their results, or continue, in the next
// one.
func requireJobsContinueAfterKill(t *testing.T, arguments ...string) {
	t.Helper()

	apps, data := t.TempDir(), t.TempDir()
	writeApp(t, filepath.Join(apps, "8"), contractApp)
	writeApp(t, filepath.Join(apps, "9"), lockedApp)

	release := lockDatabase(t, data, "9")

	arguments = append(arguments, "--apps", apps)
	first := dev(t, data, arguments...)
	completed := with(runScenario("8", "Outcomes", object{}), object{"jobId": uuid.NewString()})
	before := apiOf(t, first).execute(t, completed)
	require.Equal(t, http.StatusOK, before.status, before.text)

	running := with(runScenario("9", "Locked", object{}), object{"jobId": uuid.NewString(), "isAsync": true})
	require.Equal(t, http.StatusOK, apiOf(t, first).execute(t, running).status)
	apiOf(t, first).awaitStatus(t, "9", running["jobId"].(string), isSecondStepRunning)

	first.kill()

	second := dev(t, data, arguments...)

	// The completed job has its results and does not run again.
	require.Equal(t, before.text, apiOf(t, second).execute(t, completed).text)

	// The running job continues with its second step.
	again := apiOf(t, second).awaitStatus(t, "9", running["jobId"].(string), isSecondStepRunning)
	require.Equal(t, "completed", again["steps"].([]any)[0].(object)["state"])

	release()
	require.Equal(t, "completed", apiOf(t, second).awaitStatus(t, "9", running["jobId"].(string), ended)["status"])
}

func TestDevListsJobsThatEndedBeforeAKill(t *testing.T) {
	t.Parallel()

	const jobs = 20

	apps, data := t.TempDir(), t.TempDir()
	writeApp(t, filepath.Join(apps, "8"), contractApp)

	first := dev(t, data, "--apps", apps)
	api := apiOf(t, first)

	for range jobs {
		got := api.execute(t, runScenario("8", "Outcomes", object{}))
		require.Equal(t, http.StatusOK, got.status, got.text)
	}

	first.kill()

	connection, err := client.Dial(client.Options{HostPort: dev(t, data, "--apps", apps).await(t, `Temporal +([0-9.:]+), namespace`)})
	require.NoError(t, err)
	t.Cleanup(connection.Close)

	require.Eventually(t, func() bool {
		counted, err := connection.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{
			Query: `JobwrightApp = "8" AND ExecutionStatus = "Completed"`,
		})
		require.NoError(t, err)

		return counted.GetCount() == jobs
	}, time.Minute, 50*time.Millisecond)
}

func TestDevStartsAfterAKillDuringItsFirstStart(t *testing.T) {
	t.Parallel()

	data := t.TempDir()
	writeApp(t, data, map[string]string{
		"temporal.db.new": "half a database", "temporal.db.new-journal": "half a journal", "temporal-visibility.db.new": "half a database",
	})

	got := apiOf(t, dev(t, data)).execute(t, runScenario("7", "Main", object{}))
	require.Equal(t, http.StatusOK, got.status, got.text)
}

func TestDevReportsUnusableFlagsInOneLine(t *testing.T) {
	t.Parallel()

	used, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, used.Close()) })

	for _, flag := range []string{"--http", "--temporal", "--ui"} {
		p := dev(t, t.TempDir(), flag, used.Addr().String())
		require.Equal(t, 1, p.end(t))
		require.Contains(t, p.output(), used.Addr().String())
		require.Contains(t, p.output(), "address already in use")
		require.Contains(t, p.output(), flag)
		require.Equal(t, 1, strings.Count(p.output(), "\n"), "a single line: %s", p.output())
	}

	same := freeAddress(t)
	both := dev(t, t.TempDir(), "--temporal", same, "--ui", same)
	require.Equal(t, 1, both.end(t))
	require.Equal(t, "jobwright-dev: --ui "+same+": --temporal uses this address too; choose another address, or port 0 for a "+
		"free port\n", both.output())

	data := t.TempDir()
	apiOf(t, dev(t, data))

	second := dev(t, data)
	require.Equal(t, 1, second.end(t))
	require.Contains(t, second.output(), "jobwright-dev: Temporal can't start with --data "+data+": ")
	require.Contains(t, second.output(), "another process uses the folder")

	nowhere := dev(t, t.TempDir(), "--apps", "nowhere")
	require.Equal(t, 1, nowhere.end(t))
	require.Contains(t, nowhere.output(), "jobwright-dev: --apps nowhere: the folder of apps can't be read")
}

// freeAddress returns an address on this machine that no process listens on.
func freeAddress(t *testing.T) string {
	t.Helper()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())

	return listener.Addr().String()
}

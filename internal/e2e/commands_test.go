package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// commandScenarios are scenarios for the commands that call a server.
var commandScenarios = map[string]string{
	"app.yaml": "sources: {stage: {kind: SQLiteSource}}\naccess: [{name: reader, key: \"${env:JOBWRIGHT_STATUS_KEY}\", rights: [status]}]\n",
	"scenarios/Main.yaml": `
parameters:
  count: {type: integer, default: 3}
  name: {type: text, default: n}
  isLoud: {type: boolean, default: false}
  list: {type: array, default: []}
steps:
  - title: Numbers
    opName: Transform
    opParams:
      source: stage
      query: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) SELECT i, :name AS name FROM n"
      bind: {count: "${count}", name: "${name}"}
      returnResult: true
      resultName: numbers
  - {opName: Return, opParams: {value: {isLoud: "${isLoud}", list: "${list}"}}}
`,
	"scenarios/Wait.yaml": `
steps:
  - {title: Wait for a signal, opName: WaitForSignal, opParams: {name: go}}
`,
	"scenarios/Fail.yaml": `
parameters: {reason: {type: text, default: bad luck}}
steps:
  - {title: Prepare, opName: Return, opParams: {value: 1}, condition: "${false}"}
  - {title: Give up, opName: If, opParams: {condition: "${reason != ''}", then: [{opName: Fail, opParams: {code: no_luck, message: "${reason}"}}]}}
`,
}

// terminal is a user of the commands.
type terminal struct {
	binary string
	env    []string
}

// newTerminal returns a user who calls the shared server, with the app of the environment.
func newTerminal(t *testing.T, appID string, env ...string) terminal {
	t.Helper()

	binary := commandsDir(t) + "jobwright"
	config := "JOBWRIGHT_CONFIG=" + filepath.Join(t.TempDir(), "config.yaml")
	defaults := []string{config, "JOBWRIGHT_URL=" + shared.server.URL, "JOBWRIGHT_KEY=" + devKey, "JOBWRIGHT_APP=" + appID}

	return terminal{binary: binary, env: append(defaults, env...)}
}

// run runs a command, and returns what it prints and its exit status.
func (u terminal) run(t *testing.T, input string, arguments ...string) (out, errs string, status int) {
	t.Helper()

	var printed, failed bytes.Buffer

	command := exec.CommandContext(t.Context(), u.binary, arguments...)
	command.Env = append(os.Environ(), u.env...)
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(input), &printed, &failed

	if err := command.Run(); err != nil {
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
	}

	return printed.String(), failed.String(), command.ProcessState.ExitCode()
}

// require runs a command that must succeed, and returns what it prints.
func (u terminal) require(t *testing.T, arguments ...string) string {
	t.Helper()

	out, errs, status := u.run(t, "", arguments...)
	require.Zero(t, status, errs)

	return out
}

// printedObject returns the object that a command prints as JSON.
func printedObject(t *testing.T, printed string) object {
	t.Helper()

	var value object
	require.NoError(t, json.Unmarshal([]byte(printed), &value), printed)

	return value
}

func TestCommandRunPrintsResults(t *testing.T) {
	t.Parallel()

	user := newTerminal(t, newApp(t, commandScenarios))

	out, errs, status := user.run(t, "", "run", "Main", "-p", "count=2", "-p", "name=12", "-p", "isLoud=true", "-p", `list=[1,"a"]`)
	require.Zero(t, status, errs)
	require.Equal(t, "i  name\n1  12\n2  12\n{\n  \"isLoud\": true,\n  \"list\": [\n    1,\n    \"a\"\n  ]\n}\n", out)
	require.Contains(t, errs, `step 1 "Numbers": completed, 2 rows`)

	// Parameters of the standard input, and of arguments in their place.
	out, errs, status = user.run(t, `{"count": 1, "name": "x"}`, "run", "Main", "-f", "-", "-p", "name=y", "-o", "csv")
	require.Zero(t, status, errs)
	require.Equal(t, "i,name\r\n1,y\r\n", out)

	file := filepath.Join(t.TempDir(), "numbers.ndjson")
	out, errs, status = user.run(t, "", "run", "Main", "-o", "ndjson", "--output", file, "--job-id", uuid.NewString())
	require.Zero(t, status, errs)
	require.Empty(t, out)

	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, 3, strings.Count(string(text), "\n"), string(text))

	read := printedObject(t, user.require(t, "run", "Main", "--json", "--label", "order=17"))
	require.Equal(t, "completed", read["status"])
	require.Equal(t, object{"order": "17"}, read["labels"])
	require.Len(t, read["results"], 1)
}

func TestCommandRunReportsTheEndByItsExitStatus(t *testing.T) {
	t.Parallel()

	appID := newApp(t, commandScenarios)
	user := newTerminal(t, appID)

	for _, test := range []struct {
		arguments []string
		status    int
		says      string
	}{
		{[]string{"run", "Fail"}, 1, "no_luck: bad luck"},
		{[]string{"run", "Mian"}, 2, "did you mean Main?"},
		{[]string{"run", "Main", "-p", "cuont=1"}, 2, "the scenario Main has no parameter cuont; did you mean count?"},
		{[]string{"run", "Main", "-p", "count=many"}, 2, `-p count: "many" is no JSON of the type integer`},
		{[]string{"run", "Main", "-o", "xml"}, 2, "the formats are table, json, csv, ndjson"},
		{[]string{"run", "Main", "--colour"}, 2, "unknown flag: --colour; see jobwright run --help"},
		{[]string{"run"}, 2, "accepts 1 arg"},
		{[]string{"status", "unknown"}, 2, "unknown"},
		{[]string{"run", "Main", "--url", "http://127.0.0.1:1/x?y"}, 2, "is not the URL of a server"},
		{[]string{"run", "Main", "--context", "production"}, 2, "there is no context production"},
	} {
		out, errs, status := user.run(t, "", test.arguments...)
		require.Equal(t, test.status, status, "%v: %s", test.arguments, errs)
		require.Contains(t, errs, test.says, test.arguments)
		require.Empty(t, out, "%v: errors are no data", test.arguments)
	}

	_, errs, status := newTerminal(t, appID, "JOBWRIGHT_KEY="+statusKey).run(t, "", "run", "Main")
	require.Equal(t, 4, status, errs)

	_, errs, status = newTerminal(t, appID, "JOBWRIGHT_KEY=wrong-key-of-a-caller").run(t, "", "jobs")
	require.Equal(t, 4, status, errs)
	require.NotContains(t, errs, "wrong-key-of-a-caller")

	// A stopped job.
	jobID := "stopped " + uuid.NewString()
	user.require(t, "run", "Wait", "--async", "--job-id", jobID)
	require.Contains(t, user.require(t, "stop", jobID, "--wait"), "stop started")

	_, errs, status = user.run(t, "", "watch", jobID)
	require.Equal(t, 3, status, errs)
}

func TestCommandsChangeAJob(t *testing.T) {
	t.Parallel()

	user := newTerminal(t, newApp(t, commandScenarios))
	jobID := "changed " + uuid.NewString()

	require.Equal(t, jobID+"\n", user.require(t, "run", "Wait", "--async", "--job-id", jobID))
	require.Equal(t, "job "+jobID+": paused\n", user.require(t, "pause", jobID))
	require.Contains(t, user.require(t, "status", jobID), "‖ paused  Wait")
	require.Equal(t, "resumed", printedObject(t, user.require(t, "resume", jobID, "--json"))["status"])
	require.Contains(t, user.require(t, "signal", jobID, "go", "--data", `{"approved": true}`), "the signal go")

	lines := strings.Split(strings.TrimSpace(user.require(t, "watch", jobID, "--json")), "\n")
	require.Equal(t, "completed", printedObject(t, lines[len(lines)-1])["status"])

	_, errs, status := user.run(t, "", "signal", jobID, "go", "--data", "approved")
	require.Equal(t, 2, status, errs)
	require.Contains(t, errs, "a text has quotes")
}

func TestCommandRetryContinuesAFailedJob(t *testing.T) {
	t.Parallel()

	user := newTerminal(t, newApp(t, commandScenarios))
	jobID := "failed " + uuid.NewString()

	out, errs, status := user.run(t, "", "run", "Fail", "--job-id", jobID, "--json")
	require.Equal(t, 1, status, errs)
	require.Equal(t, "no_luck", printedObject(t, out)["code"])

	require.Contains(t, user.require(t, "retry", jobID, "--dry-run"), "Give up")

	_, errs, status = user.run(t, "", "retry", jobID)
	require.Equal(t, 1, status, errs)

	out, errs, status = user.run(t, "", "retry", jobID, "-p", "reason=", "--new-job-id", jobID+" again", "--json")
	require.Zero(t, status, errs)
	require.Equal(t, jobID, printedObject(t, out)["retryOf"])
}

func TestCommandJobsFilters(t *testing.T) {
	t.Parallel()

	user := newTerminal(t, newApp(t, commandScenarios))

	for range 3 {
		_, _, status := user.run(t, "", "run", "Fail", "--label", "kind=test", "--priority", "2")
		require.Equal(t, 1, status)
	}

	user.require(t, "run", "Main")

	var listed object

	await(t, func() bool {
		listed = printedObject(t, user.require(t, "jobs", "--status", "failed", "--label", "kind=test", "--code", "no_luck", "--scenario", "Fail",
			"--since", "1h", "--limit", "2", "--all", "--json"))

		return len(listed["jobs"].([]any)) == 3
	})
	require.NotContains(t, listed, "nextCursor")

	table := user.require(t, "jobs", "--counts", "--started-from", time.Now().Add(-time.Hour).Format(time.RFC3339))
	require.Regexp(t, `(?m)^STATUS +JOB +SCENARIO +STARTED +TOOK +CALLER +NOTES$`, table)
	require.Contains(t, table, "no_luck kind=test")

	_, errs, status := user.run(t, "", "jobs", "--ended-to", "yesterday")
	require.Equal(t, 2, status)
	require.Contains(t, errs, `--ended-to: "yesterday" is no time`)
}

func TestCommandResultsPagesAndFormats(t *testing.T) {
	t.Parallel()

	user := newTerminal(t, newApp(t, commandScenarios))
	jobID := "results " + uuid.NewString()

	user.require(t, "run", "Main", "-p", "count=2500", "--job-id", jobID)

	out, errs, status := user.run(t, "", "results", jobID, "--offset", "10", "--limit", "2")
	require.Zero(t, status, errs)
	require.Regexp(t, `(?m)^ *11  n\n *12  n$`, out)
	require.Contains(t, errs, "2 of 2,500 records")

	require.Equal(t, 2501, strings.Count(user.require(t, "results", jobID, "-o", "csv"), "\n"))
	require.Len(t, printedObject(t, user.require(t, "results", jobID, "--json"))["results"], 1)

	_, errs, status = user.run(t, "", "results", jobID, "--result", "other")
	require.Equal(t, 2, status, errs)
}

// A key of a context is never sent to another server.
func TestContextKeysStayWithTheirServer(t *testing.T) {
	t.Parallel()

	appID := newApp(t, commandScenarios)
	user := newTerminal(t, appID, "JOBWRIGHT_URL=", "JOBWRIGHT_KEY=")

	_, errs, status := user.run(t, "", "jobs")
	require.Equal(t, 2, status)
	require.Contains(t, errs, "there is no server to call")

	_, errs, status = user.run(t, devKey+"\n", "context", "set", "shared", "--url", shared.server.URL, "--app", appID, "--read-key")
	require.Zero(t, status, errs)
	user.require(t, "jobs")

	listed := user.require(t, "context", "list")
	require.Contains(t, listed, "*  shared")
	require.NotContains(t, user.require(t, "context", "list", "--json"), `"dev"`)

	// The same server by another address: no key is sent.
	_, errs, status = user.run(t, "", "jobs", "--url", strings.Replace(shared.server.URL, "127.0.0.1", "localhost", 1))
	require.Equal(t, 4, status, errs)

	user.require(t, "context", "set", "env", "--url", shared.server.URL, "--key-env", "JOBWRIGHT_STATUS_KEY")
	user.require(t, "context", "use", "env")

	_, errs, status = user.run(t, "", "run", "Main")
	require.Equal(t, 4, status, errs)

	user.require(t, "run", "Main", "--context", "shared")
	user.require(t, "context", "delete", "env")
	require.NotContains(t, user.require(t, "context", "list"), "env")
}

// Without a terminal, Ctrl-C leaves the job running, and the command says how to wait for it again.
func TestCommandRunLeavesTheJobAtAnInterrupt(t *testing.T) {
	t.Parallel()

	user := newTerminal(t, newApp(t, commandScenarios))
	jobID := "left-" + uuid.NewString()

	running := launch(t, user.env, "jobwright", "run", "Wait", "--job-id", jobID)
	running.await(t, "waits for the signal go")
	running.interrupt(t)
	require.Equal(t, 130, running.end(t))
	require.Regexp(t, `The job continues. To wait for it again: jobwright watch --app \S+ `+jobID, running.output())

	require.Equal(t, "running", printedObject(t, user.require(t, "status", jobID, "--json"))["status"])
	user.require(t, "stop", jobID)
}

// On a terminal, Ctrl-C asks what to do with the job, and no line is longer than the terminal is wide.
func TestCommandRunAsksOnATerminal(t *testing.T) {
	t.Parallel()

	requireProgram(t, "script") // It makes a terminal.

	user := newTerminal(t, newApp(t, commandScenarios))

	for _, test := range []struct {
		width, answer string
		status        int
	}{{"80", "s\n", 3}, {"160", "l\n", 130}, {"80", "\x03", 130}} {
		command := exec.Command("script", "-qec", "stty cols "+test.width+" rows 24; exec "+user.binary+" run Wait", "/dev/null")
		command.Env = append(os.Environ(), append(user.env, "TERM=xterm", "NO_COLOR=1")...)

		keyboard, err := command.StdinPipe()
		require.NoError(t, err)

		running := start(t, command)
		running.await(t, "waits for the signal go")

		_, err = keyboard.Write([]byte{3}) // Ctrl-C.
		require.NoError(t, err)
		running.await(t, "Stop the job")

		_, err = keyboard.Write([]byte(test.answer))
		require.NoError(t, err)
		require.Equal(t, test.status, running.end(t), running.output())

		width, err := strconv.Atoi(test.width)
		require.NoError(t, err)
		require.NotContains(t, running.output(), "\x1b[3", "NO_COLOR is set")

		for line := range strings.Lines(strings.ReplaceAll(running.output(), "\r", "\n")) {
			line = sequences.ReplaceAllString(strings.TrimRight(line, "\n"), "")
			if !strings.HasPrefix(line, "The job continues") { // A command that the user copies.
				require.LessOrEqual(t, utf8.RuneCountInString(line), width, line)
			}
		}
	}
}

// A command that waits for a silent server ends at Ctrl-C, and says what to do if a job may have started.
func TestCommandsEndAtAnInterruptWhileTheServerIsSilent(t *testing.T) {
	t.Parallel()

	received := make(chan struct{}, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // Then the server notices that the client has gone.
		received <- struct{}{}

		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)

	user := newTerminal(t, "7", "JOBWRIGHT_URL="+server.URL)

	for _, test := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"jobs"}, "^jobwright: interrupted\n$"},
		{
			[]string{"run", "Main", "--job-id", "night 1"},
			"The server has not confirmed the start. To see the job: jobwright status --app 7 'night 1'\njobwright: interrupted\n$",
		},
	} {
		running := launch(t, user.env, "jobwright", test.arguments...)
		<-received
		running.interrupt(t)
		require.Equal(t, 130, running.end(t))
		require.Regexp(t, test.want, running.output())
	}
}

// On a terminal, long names leave space for the other columns, and a wide record is shown value by value.
func TestCommandsFitTheTerminal(t *testing.T) {
	t.Parallel()

	requireProgram(t, "script")

	name := "Load" + strings.Repeat("VeryMuch", 8)
	user := newTerminal(t, newApp(t, map[string]string{
		"app.yaml": "sources: {stage: {kind: SQLiteSource}}\n",
		"scenarios/" + name + ".yaml": `
description: Loads it.
steps:
  - title: Wide
    opName: Transform
    opParams:
      source: stage
      query: "SELECT 'a text that is not short' AS first, 'another text that is not short' AS second, 'the last such text' AS third"
      returnResult: true
`,
	}))

	shown := func(arguments string) string {
		command := exec.Command("script", "-qec", "stty cols 72 rows 24; exec "+user.binary+" "+arguments, "/dev/null")
		command.Env = append(os.Environ(), append(user.env, "TERM=xterm", "NO_COLOR=1")...)

		running := start(t, command)
		require.Zero(t, running.end(t), running.output())

		return strings.ReplaceAll(running.output(), "\r", "")
	}

	require.Contains(t, shown("scenarios"), "…              Loads it.\n")
	require.Contains(t, shown("run "+name), `
first   a text that is not short
second  another text that is not short
third   the last such text
`)
}

// sequences matches the sequences that control a terminal.
var sequences = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`)

// jobwright-dev leaves a context, so that a command needs no flags.
func TestDevLeavesAContext(t *testing.T) {
	t.Parallel()

	config := "JOBWRIGHT_CONFIG=" + filepath.Join(t.TempDir(), "config.yaml")
	server := launch(t, []string{config}, "jobwright-dev", "--apps", "../../examples/apps", "--data", t.TempDir(),
		"--http", "127.0.0.1:0", "--temporal", "127.0.0.1:0", "--ui", "127.0.0.1:0")
	address := server.await(t, `API +http://([0-9.:]+)/`)
	server.await(t, "To run the scenario")

	_, _, err := net.SplitHostPort(address)
	require.NoError(t, err)

	user := newTerminal(t, "", config, "JOBWRIGHT_URL=", "JOBWRIGHT_KEY=")

	printed := user.require(t, "run", "Main", "-p", "country=DE")
	require.Contains(t, page(t, "README.md"), block{
		"console", "$ go run ./cmd/jobwright run Main -p country=DE\n" + strings.TrimSuffix(printed, "\n"),
	})
}

package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// commands runs commands of jobwright that call a server.
type commands struct{ environment []string }

// newNightlyApps returns a folder of apps with a copy of the example app, which has a schedule.
func newNightlyApps(t *testing.T) string {
	t.Helper()

	apps := filepath.Join(t.TempDir(), "apps")
	require.NoError(t, os.CopyFS(apps, os.DirFS("../../examples/apps")))

	manifest := filepath.Join(apps, "7", "app.yaml")
	text, err := os.ReadFile(manifest)
	require.NoError(t, err)

	text = append(text, "\nschedules:\n  nightly: {scenario: Main, cron: 0 0 2 * * ?, description: Every night}\n"...)
	require.NoError(t, os.WriteFile(manifest, text, 0o600))

	return apps
}

// newCommands starts jobwright-dev with the example app, which has a schedule.
func newCommands(t *testing.T) commands {
	t.Helper()

	return commands{[]string{
		"JOBWRIGHT_URL=" + apiOf(t, dev(t, t.TempDir(), "--apps", newNightlyApps(t))).address, "JOBWRIGHT_KEY=" + devKey,
		"JOBWRIGHT_APP=7", "JOBWRIGHT_CONFIG=" + filepath.Join(t.TempDir(), "config.yaml"),
	}}
}

// run runs a command, and returns its exit status and what it prints to both streams.
func (c commands) run(t *testing.T, arguments ...string) (status int, text string) {
	t.Helper()

	p := launch(t, c.environment, "jobwright", arguments...)

	return p.end(t), p.output()
}

// json runs a command with --json, and returns the object that it prints.
func (c commands) json(t *testing.T, arguments ...string) object {
	t.Helper()

	status, text := c.run(t, append(arguments, "--json")...)
	require.Zero(t, status, text)

	var printed object
	require.NoError(t, json.Unmarshal([]byte(text), &printed), text)

	return printed
}

// complete returns the words with which a shell would complete a command line.
func (c commands) complete(t *testing.T, arguments ...string) []string {
	t.Helper()

	status, text := c.run(t, append([]string{"__completeNoDesc"}, arguments...)...)
	require.Zero(t, status, text)

	words, _, found := strings.Cut("\n"+text, "\n:") // The directive for the shell.
	require.True(t, found, text)

	if len(arguments) > 1 && arguments[len(arguments)-2] == "-p" {
		require.Contains(t, text, "ShellCompDirectiveNoSpace", "the value follows")
	}

	return strings.Fields(words)
}

// awaitSchedule waits until the server has found the schedule, and returns the list of schedules.
func (c commands) awaitSchedule(t *testing.T) (list string) {
	t.Helper()

	await(t, func() bool {
		var status int

		status, list = c.run(t, "schedules", "list")

		return status == 0 && strings.Contains(list, "T02:00:00")
	})

	return list
}

func TestCommandsListAndRunSchedules(t *testing.T) {
	t.Parallel()

	c := newCommands(t)

	status, text := c.run(t, "scenarios")
	require.Zero(t, status, text)
	require.Regexp(t, `(?m)^SCENARIO +PARAMETERS +DESCRIPTION`, text)
	require.Regexp(t, `(?m)^Main +country +Load a file of companies`, text)
	require.Len(t, c.json(t, "scenarios")["scenarios"], 4)

	status, text = c.run(t, "lineage", "Main")
	require.Zero(t, status, text)
	require.Contains(t, text, "1 Load companies (LoadTableFromSource)\n    reads  files: companies.csv\n    writes stage: companies (replace)\n")

	status, text = c.run(t, "lineage", "Main", "-o", "mermaid")
	require.Zero(t, status, text)
	require.True(t, strings.HasPrefix(text, "flowchart LR\n  s1[\"1 Load companies\"]\n"), text)
	require.Equal(t, true, c.json(t, "lineage", "Main")["complete"])

	status, text = c.run(t, "lineage", "Main", "-o", "svg")
	require.Equal(t, 2, status)
	require.Contains(t, text, `--output "svg" is none of text, mermaid and json`)

	text = c.awaitSchedule(t)
	require.Regexp(t, `(?m)^nightly +✓ active +Main +0 0 2 \* \* \? `, text)

	paused := c.json(t, "schedules", "pause", "nightly", "--note", "the database moves")
	require.Equal(t, true, paused["paused"])
	require.Contains(t, paused["note"], "the database moves")

	status, text = c.run(t, "schedules", "resume", "nightly")
	require.Zero(t, status, text)
	require.True(t, strings.HasPrefix(text, "nightly fires again: "), text)

	status, text = c.run(t, "schedules", "run", "nightly")
	require.Zero(t, status, text)
	require.True(t, strings.HasPrefix(text, "7:nightly:"), text)

	jobID, _, _ := strings.Cut(text, "\n")
	backfilled := c.json(t, "schedules", "backfill", "nightly", "--from", "2026-01-29T00:00:00Z", "--to", "2026-01-31T00:00:00Z")
	require.EqualValues(t, 2, backfilled["firings"])

	await(t, func() bool { status, _ = c.run(t, "status", jobID); return status == 0 })

	// Words for the shell.
	require.Equal(t, []string{"IncrementalLoad", "LoadFeeds", "Main", "Publish"}, c.complete(t, "run", ""))
	require.Equal(t, []string{"country="}, c.complete(t, "run", "Main", "-p", ""))
	require.Equal(t, []string{"country="}, c.complete(t, "retry", jobID, "-p", ""))
	require.Contains(t, c.complete(t, "status", ""), jobID)
	require.Equal(t, []string{"failed", "1", "2"}, c.complete(t, "retry", jobID, "--from", ""))
	require.Equal(t, []string{"nightly"}, c.complete(t, "schedules", "pause", ""))
	require.Equal(t, []string{"7"}, c.complete(t, "status", "--app", ""))
	require.Empty(t, c.complete(t, "schedules", "pause", "nightly", ""))

	// Exit statuses.
	status, text = c.run(t, "schedules", "pause", "weekly")
	require.Equal(t, 2, status, text)
	status, text = c.run(t, "schedules", "backfill", "nightly", "--from", "yesterday")
	require.Equal(t, 2, status, text)

	stranger := commands{append(c.environment, "JOBWRIGHT_KEY=wrong")}
	status, text = stranger.run(t, "schedules", "list")
	require.Equal(t, 4, status, text)
	require.Empty(t, stranger.complete(t, "schedules", "pause", ""))
}

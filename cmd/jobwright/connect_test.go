package main

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/cli"
)

// Like validate, --connect reports mistakes with their places and the exit status 1.
func TestValidateConnectPreparesQueries(t *testing.T) {
	t.Parallel()

	dir := folder(t, map[string]string{
		"7/app.yaml": "sources: {stage: {kind: SQLiteSource}}\n",
		"7/scenarios/Main.yaml": `steps:
- opName: RunSourceScript
  opParams: {source: stage, script: CREATE TABLE IF NOT EXISTS t (a integer)}
- opName: Transform
  opParams: {source: stage, query: SELECT a FROM t, returnResult: true}
- opName: Transform
  opParams:
    source: stage
    query: SELECT a FROM s
    returnResult: true
`,
		"7/scenarios/Other.yaml": "steps: [{opName: Transform, opParams: {source: stage, query: SELEC 1, returnResult: true}}]",
	})

	validateIn := func(arguments ...string) (status int, stdout, stderr string) {
		t.Helper()

		var out, summary bytes.Buffer

		command := validateCommand()
		command.SetArgs(append(arguments, "--data", filepath.Join(dir, "data")))
		command.SetOut(&out)
		command.SetErr(&summary)
		command.SilenceErrors, command.SilenceUsage = true, true

		return cli.Report(command.ExecuteContext(t.Context()), "jobwright", &summary), out.String(), summary.String()
	}

	main := filepath.Join(dir, "7", "scenarios", "Main.yaml")

	status, stdout, stderr := validateIn(main)
	require.Zero(t, status, stdout)
	require.Contains(t, stderr, "1 scenario is valid\n")

	status, stdout, stderr = validateIn("--connect", main)
	require.Equal(t, 1, status, stdout+stderr)
	require.Regexp(t, `(?m)^\S*7/scenarios/Main.yaml:9:5: stage has no table s \[table_missing\]$`, stdout)
	require.NotContains(t, stdout, "Other.yaml")
	require.Regexp(t, `(?m)^\S*7/scenarios/Main.yaml:5:29: not checked: a step creates the table t$`, stderr)
	require.Contains(t, stderr, "1 scenario, 1 problem\n")

	status, stdout, _ = validateIn("--connect", "--json", filepath.Join(dir, "7"))
	require.Equal(t, 1, status)
	require.Contains(t, stdout, `"code": "query_refused"`)
	require.Contains(t, stdout, `"code": "table_missing"`)
}

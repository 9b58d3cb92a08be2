package cli_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/cli"
)

// configured are the flags of a command with --config.
type configured struct {
	steps   int
	cpu     float64
	grace   time.Duration
	console bool
	hosts   []string
	results string
}

// runConfigured runs a command with a file and further arguments.
func runConfigured(t *testing.T, text string, arguments ...string) (*configured, error) {
	t.Helper()

	path := filepath.Join(t.TempDir(), "worker.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))

	var (
		got configured
		log cli.LogFlags
	)

	command := &cobra.Command{
		Use: "worker", Version: "v1", SilenceErrors: true, SilenceUsage: true, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	flags := command.Flags()
	flags.IntVar(&got.steps, "bulk-steps", 0, "")
	flags.Float64Var(&got.cpu, "target-cpu", 0, "")
	flags.DurationVar(&got.grace, "grace", time.Second, "")
	flags.BoolVar(&got.console, "console", true, "")
	flags.StringSliceVar(&got.hosts, "allowed-host", []string{"localhost"}, "")
	flags.StringVar(&got.results, "results", "results", "")
	log.AddTo(flags, cli.LogJSON, 0)
	cli.AddConfig(command)

	command.SetArgs(append([]string{"--config", path}, arguments...))

	return &got, command.ExecuteContext(t.Context())
}

func TestAddConfigSetsFlagsOfAllTypes(t *testing.T) {
	t.Parallel()

	got, err := runConfigured(t, `
# A comment.
bulk-steps: 4
target-cpu: 0.5
grace: 1m30s
console: false
allowed-host: [jobs.example.com, "10.0.0.1"]
results: "s3://results?region=eu"
log-level: warn
`)
	require.NoError(t, err)
	require.Equal(t, &configured{
		4, 0.5, 90 * time.Second, false, []string{"jobs.example.com", "10.0.0.1"}, "s3://results?region=eu",
	}, got)
}

func TestAddConfigLeavesOtherFlags(t *testing.T) {
	t.Parallel()

	got, err := runConfigured(t, "bulk-steps: 4", "--grace", "3s")
	require.NoError(t, err)
	require.Equal(t, &configured{4, 0, 3 * time.Second, true, []string{"localhost"}, "results"}, got)
}

func TestAddConfigPrefersFlagsOfTheCommandLine(t *testing.T) {
	t.Parallel()

	got, err := runConfigured(t, "bulk-steps: 4\nallowed-host: [a, b]\nconsole: false\nresults: here",
		"--bulk-steps=0", "--allowed-host", "c", "--console")
	require.NoError(t, err)
	require.Equal(t, &configured{0, 0, time.Second, true, []string{"c"}, "here"}, got)
}

func TestAddConfigReadsValuesAsFlagsTakeThem(t *testing.T) {
	t.Parallel()

	got, err := runConfigured(t, "allowed-host: a,b\nresults: 007\nbulk-steps: &n 16\ntarget-cpu: *n")
	require.NoError(t, err)
	require.Equal(t, &configured{16, 16, time.Second, true, []string{"a", "b"}, "007"}, got)

	got, err = runConfigured(t, "allowed-host: []\nresults: ''")
	require.NoError(t, err)
	require.Empty(t, got.hosts)
	require.Empty(t, got.results)
}

func TestAddConfigReportsMistakesWithTheirLines(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"unknown":   {"grace: 1s\nbulk-step: 4", []string{"worker.yaml:2:1: unknown flag bulk-step; did you mean bulk-steps?"}},
		"camelCase": {"bulkSteps: 4", []string{"worker.yaml:1:1: unknown flag bulkSteps; did you mean bulk-steps?"}},
		"dashes":    {"--bulk-steps: 4", []string{"worker.yaml:1:1: unknown flag --bulk-steps; did you mean bulk-steps?"}},
		"itself":    {"config: other.yaml", []string{"worker.yaml:1:1: unknown flag config; known are"}},
		"version":   {"version: true\nhelp: true", []string{"worker.yaml:1:1: unknown flag version", "worker.yaml:2:1: unknown flag help"}},
		"repeated":  {"grace: 1s\ngrace: 2s", []string{"worker.yaml:2:1: grace is already in line 1"}},
		"number":    {"bulk-steps: many", []string{`worker.yaml:1:13: bulk-steps can't be "many": invalid syntax`}},
		"duration":  {"grace: 10", []string{`worker.yaml:1:8: grace can't be "10": time: missing unit in duration "10"`}},
		"choice":    {"log-level: loud", []string{`worker.yaml:1:12: log-level can't be "loud": use debug, info, warn or error`}},
		"boolean":   {"console: maybe", []string{`worker.yaml:1:10: console can't be "maybe": invalid syntax`}},
		"list":      {"results: [a, b]", []string{"worker.yaml:1:10: results has one value, not a list"}},
		"object":    {"results: {a: b}", []string{"worker.yaml:1:10: results needs a value as on the command line"}},
		"entry":     {"allowed-host:\n  - a\n  - {b: c}", []string{"worker.yaml:3:5: allowed-host needs a value as on the command line"}},
		"null":      {"results:\ngrace: 1s", []string{"worker.yaml:1:9: results needs a value as on the command line"}},
		"no object": {"- grace", []string{"worker.yaml:1:1: expected names of flags with their values"}},
		"syntax":    {"grace: 1s\n\tbulk-steps: 1", []string{"worker.yaml:2:", "YAML does not allow tabs"}},
		"empty":     {"# Nothing.\n", []string{"worker.yaml:1:1: the file is empty"}},
		"all":       {"gracee: 1s\nconsole: maybe", []string{"worker.yaml:1:1: ", "worker.yaml:2:10: "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := runConfigured(t, test.text)
			require.Error(t, err)

			for _, want := range test.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestAddConfigReportsAMissingFile(t *testing.T) {
	t.Parallel()

	_, err := runConfigured(t, "", "--config", "other.yaml")
	require.EqualError(t, err, "--config other.yaml: no such file or directory")
}

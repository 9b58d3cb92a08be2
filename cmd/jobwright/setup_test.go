package main

import (
	"bytes"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/cli"
)

// Not parallel: the environment belongs to the whole process.
func TestSetupReportsAnUnreachableTemporal(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())

	address := listener.Addr().String()
	t.Setenv("TEMPORAL_ADDRESS", address)

	var stderr bytes.Buffer

	run := command()
	run.SetArgs([]string{"setup"})

	require.Equal(t, 1, cli.Report(run.ExecuteContext(t.Context()), "jobwright", &stderr))
	require.Regexp(t, "^jobwright: can't reach Temporal at "+address+", set its address with TEMPORAL_ADDRESS: .*\n$", stderr.String())
}

func TestCommandsReportUnusableFlagsInOneLine(t *testing.T) {
	t.Parallel()

	apps, results := t.TempDir(), t.TempDir()

	for name, row := range map[string]struct {
		arguments []string
		want      string
	}{
		"address of the API server": {
			[]string{"apiserver", "--apps", apps, "--results", results, "--http", "8080"},
			`--http "8080" is not an address; write host:port, for example 127.0.0.1:8080`,
		},
		"address of the worker": {
			[]string{"worker", "--apps", apps, "--results", results, "--http", "8080"},
			`--http "8080" is not an address; write host:port, for example 127.0.0.1:8080`,
		},
		"apps":          {[]string{"worker", "--apps", "nowhere", "--results", results}, "--apps nowhere: the folder of apps can't be read: "},
		"apps to check": {[]string{"sources", "check", "--apps", "nowhere"}, "--apps nowhere: the folder of apps can't be read: "},
		"results":       {[]string{"apiserver", "--apps", apps, "--results", "nope://x"}, `--results: the result store "nope://x" can't be opened: `},
		"duration":      {[]string{"worker", "--grace", "long"}, `invalid argument "long" for "--grace" flag: `},
		"tests":         {[]string{"test", "--run", "("}, `--run "(": error parsing regexp: `},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var stderr bytes.Buffer

			run := command()
			run.SetArgs(row.arguments)

			require.NotZero(t, cli.Report(run.ExecuteContext(t.Context()), "jobwright", &stderr))
			require.Contains(t, stderr.String(), "jobwright: "+row.want)
			require.Equal(t, 1, bytes.Count(stderr.Bytes(), []byte("\n")), stderr.String())
		})
	}
}

package cli_test

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/cli"
)

// parseLogFlags returns the flags that a command with the defaults text and warn reads from the arguments.
func parseLogFlags(arguments ...string) (cli.LogFlags, error) {
	var flags cli.LogFlags

	set := pflag.NewFlagSet("command", pflag.ContinueOnError)
	flags.AddTo(set, cli.LogText, slog.LevelWarn)

	return flags, set.Parse(arguments)
}

func TestLogFlagsChooseFormatAndLevel(t *testing.T) {
	t.Parallel()

	for name, row := range map[string]struct {
		arguments []string
		want      string
	}{
		"defaults": {nil, `^time=\S+ level=WARN msg=second\n$`},
		"json":     {[]string{"--log-format", "json"}, `^\{"time":"[^"]+","level":"WARN","msg":"second"\}\n$`},
		"info":     {[]string{"--log-level", "info"}, `^time=\S+ level=INFO msg=first\ntime=\S+ level=WARN msg=second\n$`},
		"error":    {[]string{"--log-level=error"}, `^$`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			flags, err := parseLogFlags(row.arguments...)
			require.NoError(t, err)

			var out bytes.Buffer

			log := flags.Logger(&out)
			log.Info("first")
			log.Warn("second")
			require.Regexp(t, row.want, out.String())
		})
	}
}

func TestLogFlagsListTheAcceptedWords(t *testing.T) {
	t.Parallel()

	_, err := parseLogFlags("--log-format", "xml")
	require.EqualError(t, err, `invalid argument "xml" for "--log-format" flag: use text or json`)

	_, err = parseLogFlags("--log-level", "loud")
	require.EqualError(t, err, `invalid argument "loud" for "--log-level" flag: use debug, info, warn or error`)
}

package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
)

func TestMain(m *testing.M) { testserver.Main(m) }

func TestEveryCommandHasHelp(t *testing.T) {
	t.Parallel()

	var check func(command *cobra.Command)

	check = func(command *cobra.Command) {
		path := command.CommandPath()

		require.NotEmpty(t, command.Short, path)
		require.False(t, strings.HasSuffix(command.Short, "."), "%s: a summary is not a sentence", path)
		require.NotEmpty(t, command.Long, path)
		require.Contains(t, command.Example, path, "%s: an example shows the command", path)

		for line := range strings.Lines(command.Long + "\n" + command.Example) {
			require.LessOrEqual(t, len([]rune(strings.TrimSuffix(line, "\n"))), 110, "%s: %s", path, line)
		}

		for _, child := range command.Commands() {
			check(child)
		}
	}

	check(command())
}

// Commands that print data print it as JSON, too.
func TestEveryCommandPrintsJSON(t *testing.T) {
	t.Parallel()

	without := map[string]string{
		"jobwright apiserver":      "a server, whose log is JSON",
		"jobwright worker":         "a server, whose log is JSON",
		"jobwright serve":          "a server, whose log is JSON",
		"jobwright schema":         "it prints nothing but JSON",
		"jobwright man":            "it writes files",
		"jobwright context use":    "it prints nothing",
		"jobwright context set":    "it prints nothing",
		"jobwright context delete": "it prints nothing",
	}

	var check func(command *cobra.Command)

	check = func(command *cobra.Command) {
		path := command.CommandPath()

		if command.Runnable() {
			_, isExcepted := without[path]
			require.NotEqual(t, isExcepted, command.Flags().Lookup("json") != nil, "%s: either --json, or a reason", path)

			if !isExcepted {
				require.Contains(t, command.Long+command.Flags().Lookup("json").Usage, "JSON", path)
			}
		}

		delete(without, path)

		for _, child := range command.Commands() {
			check(child)
		}
	}

	check(command())
	require.Empty(t, without, "commands that do not exist")
}

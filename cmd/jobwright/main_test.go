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

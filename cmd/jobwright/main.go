// Command jobwright runs Jobwright's parts, each as a process of its own, against any Temporal.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()

	// A second signal ends the process at once.
	context.AfterFunc(ctx, cancel)

	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "jobwright:", err)
		os.Exit(1) //nolint:gocritic // The context ends with the process.
	}
}

func command() *cobra.Command {
	command := &cobra.Command{
		Use:   "jobwright",
		Short: "Run durable jobs for REST callers, on Temporal.",
		Long: `Run durable jobs for REST callers, on Temporal.

Which Temporal, says its own configuration: the environment variables TEMPORAL_ADDRESS,
TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_… and the profiles in temporal.toml
(https://docs.temporal.io/develop/environment-configuration).`,
		Example: `  jobwright setup                      prepare Temporal, once
  jobwright apiserver --apps apps --results /var/lib/jobwright/results
  jobwright worker    --apps apps --results /var/lib/jobwright/results --data /var/lib/jobwright/data`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}

	command.AddCommand(apiserverCommand(), workerCommand(), setupCommand())

	return command
}

// logger writes the log of a process that runs unattended: one JSON object a line.
func logger() *slog.Logger { return slog.New(slog.NewJSONHandler(os.Stderr, nil)) }

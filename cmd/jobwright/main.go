// Command jobwright runs Jobwright's parts, each as a process of its own, against any Temporal.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/internal/version"
	_ "github.com/jobwright/jobwright/result/cloud" // A result store may be a bucket.
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()

	// A second signal ends the process at once.
	context.AfterFunc(ctx, cancel)

	if err := command().ExecuteContext(ctx); err != nil {
		os.Exit(tell(err, os.Stderr)) //nolint:gocritic // The context ends with the process.
	}
}

// tell says why a command failed, unless it has told already, and returns the status with which the process exits.
func tell(err error, out io.Writer) int {
	exit, ok := errors.AsType[exitError](err)
	if !ok {
		exit = exitError{status: 1, err: err}
	}

	if exit.err != nil {
		fmt.Fprintln(out, "jobwright:", exit.err)
	}

	return exit.status
}

// exitError ends the process with a status of its own. One without an error has been told already.
type exitError struct {
	status int
	err    error
}

func (e exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}

	return e.err.Error()
}

func (e exitError) Unwrap() error { return e.err }

func command() *cobra.Command {
	command := &cobra.Command{
		Use:   "jobwright",
		Short: "Run durable jobs for REST callers, on Temporal.",
		Long: `Run durable jobs for REST callers, on Temporal.

Which Temporal, says its own configuration: the environment variables TEMPORAL_ADDRESS,
TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_… and the profiles in temporal.toml
(https://docs.temporal.io/develop/environment-configuration).`,
		Example: `  jobwright validate apps              find the mistakes in scenarios
  jobwright sources check --apps apps  connect to the sources of apps
  jobwright setup                      prepare Temporal, once
  jobwright apiserver --apps apps --results /var/lib/jobwright/results
  jobwright worker    --apps apps --results /var/lib/jobwright/results --data /var/lib/jobwright/data`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}

	command.AddCommand(apiserverCommand(), workerCommand(), setupCommand(), validateCommand(), testCommand(), schemaCommand(),
		sourcesCommand())
	version.AddTo(command)

	return command
}

// logger writes the log of a process that runs unattended: one JSON object a line.
func logger() *slog.Logger { return slog.New(slog.NewJSONHandler(os.Stderr, nil)) }

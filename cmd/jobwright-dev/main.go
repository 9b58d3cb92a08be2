// Command jobwright-dev runs the whole of Jobwright in one process: an embedded Temporal with its UI, a worker and the
// API server. It is for trying things out and for writing scenarios; in production, run the command jobwright.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/internal/version"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()

	// A second Ctrl-C ends the process at once.
	context.AfterFunc(ctx, cancel)

	err := command().ExecuteContext(ctx)
	if err != nil && !errors.Is(err, errJobFailed) { // What the job failed of has been told.
		fmt.Fprintln(os.Stderr, "jobwright-dev:", err)
	}

	if err != nil {
		os.Exit(1) //nolint:gocritic // The context ends with the process.
	}
}

// options are the command's flags.
type options struct {
	apps, data         string
	http, temporal, ui string
	run, app           string
	once               bool
}

func command() *cobra.Command {
	var opts options

	command := &cobra.Command{
		Use:   "jobwright-dev",
		Short: "Run Jobwright in one process, with Temporal and its UI.",
		Long: `Run Jobwright in one process: an embedded Temporal with its UI, a worker and the API server.

What it keeps stands in the folder --data: a process that was killed goes on with its
jobs when it is started again on the same folder. The API accepts the apiKey "dev"
from this machine.`,
		Example: `  jobwright-dev                            serve the apps in examples/apps
  jobwright-dev --run Main                 run a scenario, show its answer, and go on serving
  jobwright-dev --run Main --once          run a scenario and end; the exit status tells how it went
  jobwright-dev --http 127.0.0.1:0 --temporal 127.0.0.1:0 --ui 127.0.0.1:0
                                           take free ports`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(command *cobra.Command, _ []string) error {
			if opts.once && opts.run == "" {
				return errors.New("--once needs --run, the scenario to run")
			}

			return serve(command.Context(), opts, command.OutOrStdout())
		},
	}

	flags := command.Flags()
	flags.StringVar(&opts.apps, "apps", "examples/apps", "folder of the apps")
	flags.StringVar(&opts.data, "data", ".jobwright", "folder for everything that is kept")
	flags.StringVar(&opts.http, "http", "127.0.0.1:8080", "address of the API; port 0 takes a free one")
	flags.StringVar(&opts.temporal, "temporal", "127.0.0.1:7233", "address of Temporal; port 0 takes a free one")
	flags.StringVar(&opts.ui, "ui", "127.0.0.1:8233", "address of Temporal UI; port 0 takes a free one")
	flags.StringVar(&opts.run, "run", "", "scenario to run once everything is up")
	flags.StringVar(&opts.app, "app", "7", "app of that scenario")
	flags.BoolVar(&opts.once, "once", false, "end after the scenario, with exit status 0 or 1")

	version.AddTo(command)

	return command
}

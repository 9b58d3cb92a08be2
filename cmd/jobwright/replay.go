package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/replay"
)

func replayCommand() *cobra.Command {
	var (
		options  replay.CheckOptions
		payloads payloadFlags
		asJSON   bool
	)

	command := &cobra.Command{
		Use:   "replay",
		Short: "Check that this version can continue the running jobs",
		Long: `Check that workers of this version can continue the jobs of a namespace. Run the command of the new version
before you replace the workers, see docs/how-to/upgrade.md. It replays the histories of all running jobs and
of some ended ones, as a worker does after a restart, and prints each that this version can't replay: the
jobId, the app, the scenario, the run, the event whose commands differ, and the reason. Such a job makes no
progress on workers of this version. The command also replays the workflows of schedules, callbacks and
variables. It changes nothing, and needs neither a worker nor sources.

Ended jobs show what this version does with steps that no job is running at the moment. Their results are
not compared.

With --json, the standard output is an object:

  {"open": 200, "closed": 100, "deleted": 0, "incompatible": [{"workflowId": "nightly 7", "runId": "…",
   "workflowType": "RunScenario", "appId": "7", "scenario": "Main", "open": true, "eventId": 4,
   "reason": "…"}]}

"deleted" counts histories that Temporal deleted while the command ran.

If payloads are encrypted, the command needs the keys of the workers.

The exit status is 1 if a history can't be replayed, open or not, and 2 if the call is wrong or Temporal does
not respond.` + environment(secretKeyVariable),
		Example: `  # Replay all running jobs and the 100 that ended last
  jobwright replay

  # Replay the jobs of one app, and a thousand that have ended
  jobwright replay --closed 1000 --query "JobwrightApp = 'shop'"

  # Print the jobIds of the running jobs that would break
  jobwright replay --json | jq -r '.incompatible[] | select(.open) | .workflowId'`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if options.Limit < 0 || options.Closed < 0 || options.Concurrency < 1 {
				return cli.ExitError{Status: cli.StatusWrongCall, Err: fmt.Errorf(
					"--limit and --closed must not be negative, and --concurrency must be positive")}
			}

			checked, err := replayHistories(command.Context(), options, payloads, command.OutOrStdout(), asJSON)
			if err != nil {
				return cli.ExitError{Status: cli.StatusWrongCall, Err: err}
			}

			if asJSON {
				err = printJSON(command.OutOrStdout(), checked)
			} else {
				command.PrintErrf("Replayed %s: %d incompatible\n", histories(checked), len(checked.Incompatible))
			}

			if err == nil && len(checked.Incompatible) > 0 {
				err = cli.ExitError{Status: cli.StatusFailed}
			}

			return err
		},
	}

	flags := command.Flags()
	flags.IntVar(&options.Limit, "limit", 0, "number of open histories to replay, the newest first; 0 for all")
	flags.IntVar(&options.Closed, "closed", 100, "number of closed histories to replay, the newest first")
	flags.StringVar(&options.Query, "query", "", "replay only the workflows for which this condition of Temporal's is true")
	flags.IntVar(&options.Concurrency, "concurrency", 4, "number of histories that are replayed at the same time")
	payloads.addTo(flags)
	flags.BoolVar(&asJSON, "json", false, "print a JSON object")

	return command
}

// replayHistories replays the histories of the namespace. It prints those that are incompatible, unless asJSON is true.
func replayHistories(
	ctx context.Context, options replay.CheckOptions, payloads payloadFlags, out io.Writer, asJSON bool,
) (replay.Checked, error) {
	_, codec, err := payloads.load()
	if err != nil {
		return replay.Checked{}, err
	}

	temporal, configured, err := dial(ctx, codec)
	if err != nil {
		return replay.Checked{}, err
	}
	defer temporal.Close()

	return replay.New(temporal, configured.DataConverter).Check(ctx, options, func(found replay.Incompatible) {
		if asJSON {
			return
		}

		of, state := found.WorkflowType, "closed"
		if found.Scenario != "" {
			of = fmt.Sprintf("app %s, scenario %s", found.AppID, found.Scenario)
		}

		if found.Open {
			state = "running"
		}

		fmt.Fprintf(out, "%s (%s, %s)\n    run %s, event %d: %s\n", found.WorkflowID, of, state, found.RunID, found.EventID,
			found.Reason)
	})
}

// histories describes which histories were replayed.
func histories(checked replay.Checked) string {
	return fmt.Sprintf("%d open and %d closed histories", checked.Open, checked.Closed)
}

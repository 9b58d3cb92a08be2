package remote

import (
	"context"
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/client"
)

func signalCommand() *cobra.Command {
	var data, id string

	command := &cobra.Command{
		Use:   "signal JOBID NAME",
		Short: "Send a signal to a job",
		Long: `Send a signal to a running job, in which a step waits for it. "jobwright status" shows the signals that a
job waits for. If no step waits for it yet, the job stores the signal for a later step.

With --json, it prints the response of signalJob.`,
		Example: `  jobwright signal "publish 1" approval --data '{"approved": true}'`,
		Args:    cobra.ExactArgs(2), //nolint:mnd // The job and the signal.
	}

	command.Flags().StringVar(&data, "data", "null", "value of the step, as JSON")
	command.Flags().StringVar(&id, "signal-id", "", "identifies the signal, so that a repeated call takes effect once")

	return remoteCommand(command, func(ctx context.Context, on *remote, arguments []string) error {
		signal := client.Signal{JobID: arguments[0], Name: arguments[1], ID: id}

		if err := json.Unmarshal([]byte(data), &signal.Data); err != nil {
			return wrongCall("--data is no JSON: %w; a text has quotes: --data '\"text\"'", err)
		}

		var err error
		if signal.App, err = on.app(ctx); err != nil {
			return err
		}

		accepted, err := on.api.Signal(ctx, signal)
		if err != nil {
			return err
		}

		if on.asJSON {
			return on.out.JSON(accepted)
		}

		if accepted.Awaited {
			return on.out.Line("job %s has received the signal %s", accepted.JobID, accepted.Signal)
		}

		return on.out.Line("job %s has stored the signal %s; no step waits for it yet", accepted.JobID, accepted.Signal)
	})
}

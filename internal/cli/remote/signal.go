package remote

import (
	"context"
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/internal/cli/view"
	"github.com/jobwright/jobwright/jobservice"
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

	return callCommand(command, completesJobs,
		func(ctx context.Context, on *remote, appID string, arguments []string) (*jobservice.SignalAccepted, error) {
			signal := client.Signal{App: appID, JobID: arguments[0], Name: arguments[1], ID: id}

			if err := json.Unmarshal([]byte(data), &signal.Data); err != nil {
				return nil, wrongCall("--data is no JSON: %w; a text has quotes: --data '\"text\"'", err)
			}

			return on.api.Signal(ctx, signal)
		},
		func(out view.Output, accepted *jobservice.SignalAccepted) error {
			if accepted.Awaited {
				return out.Line("job %s has received the signal %s", accepted.JobID, accepted.Signal)
			}

			return out.Line("job %s has stored the signal %s; no step waits for it yet", accepted.JobID, accepted.Signal)
		})
}

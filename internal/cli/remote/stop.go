package remote

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/job"
)

func stopCommand() *cobra.Command {
	var waits bool

	command := &cobra.Command{
		Use:   "stop JOBID",
		Short: "Stop a job",
		Long: `Stop a job and the jobs that it has started. The command requests the stop; with --wait, it also shows the
job until it has ended: running steps are cancelled, and finally steps still run. A job whose last step
ends before is completed.

With --json, it prints the response of stopJob.

The exit status is 0 if the stop was requested or the job had ended before, and with --wait that of how
the job ended, where stopped is a success: 0 if the job is completed or stopped, and 1 if it has failed.`,
		Example: `  jobwright stop "night 2"

  # Wait until it has stopped
  jobwright stop "night 2" --wait`,
		Args: cobra.ExactArgs(1),
	}

	command.Flags().BoolVar(&waits, "wait", false, "wait for the end of the job")

	return remoteCommand(command, completesJobs, func(ctx context.Context, on *remote, arguments []string) error {
		appID, err := on.app(ctx)
		if err != nil {
			return err
		}

		stop, err := on.api.Stop(ctx, appID, arguments[0])
		if err != nil {
			return err
		}

		switch {
		case on.asJSON:
			err = on.out.JSON(stop)
		case stop.JobStatus != "":
			err = on.out.Line("job %s: %s, %s", stop.JobID, stop.Status, stop.JobStatus)
		default:
			err = on.out.Line("job %s: %s", stop.JobID, stop.Status)
		}

		if err != nil || !waits {
			return err
		}

		status, err := on.follow(ctx, appID, arguments[0])
		if err != nil {
			return err
		}

		if status.Status == job.Stopped {
			return nil
		}

		return exitOf(status)
	})
}

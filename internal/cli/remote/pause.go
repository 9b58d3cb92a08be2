package remote

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/internal/cli/view"
	"github.com/jobwright/jobwright/jobservice"
)

func pauseCommand() *cobra.Command {
	return changePauseCommand(&cobra.Command{
		Use:   "pause JOBID",
		Short: "Pause a job between two steps",
		Long: `Pause a job: steps that run end as usual, and no other one begins until "jobwright resume".

With --json, it prints the response of pauseJob.`,
		Example: `  jobwright pause "night 2"`,
		Args:    cobra.ExactArgs(1),
	}, (*client.Client).Pause)
}

func resumeCommand() *cobra.Command {
	return changePauseCommand(&cobra.Command{
		Use:   "resume JOBID",
		Short: "Resume a paused job",
		Long: `Resume a job that was paused by "jobwright pause".

With --json, it prints the response of resumeJob.`,
		Example: `  jobwright resume "night 2"`,
		Args:    cobra.ExactArgs(1),
	}, (*client.Client).Resume)
}

// changePauseCommand completes a command that pauses or resumes a job.
func changePauseCommand(
	command *cobra.Command, change func(*client.Client, context.Context, string, string) (*jobservice.Pause, error),
) *cobra.Command {
	return callCommand(command, completesJobs,
		func(ctx context.Context, on *remote, appID string, jobIDs []string) (*jobservice.Pause, error) {
			return change(on.api, ctx, appID, jobIDs[0])
		},
		func(out view.Output, result *jobservice.Pause) error {
			return out.Line("job %s: %s", result.JobID, result.Status)
		})
}

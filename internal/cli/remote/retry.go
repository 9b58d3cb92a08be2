package remote

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/jobservice"
)

// retryFlags are the flags of jobwright retry.
type retryFlags struct {
	parameters parameterFlags
	results    resultFlags
	newJobID   string
	fromStep   string
	dryRun     bool
	isAsync    bool
}

func retryCommand() *cobra.Command {
	var flags retryFlags

	command := &cobra.Command{
		Use:   "retry JOBID",
		Short: "Run an ended job again",
		Long: `Run an ended job again as a new job, whole or from one of its steps, and show the new job as "jobwright
run" does. With --from, the outcomes of the steps before are taken over: --from failed begins with the
step that failed, --from 4.steps.2 with the step of this path. Parameters have the values of the ended job
unless -p or --parameters gives others.

With --dry-run, it prints what would become of each step, and starts no job. A repeated command finds the
same new job.

With --json, it prints what "jobwright run --json" prints of the new job and, with --dry-run or --async,
the response of retryJob. The exit status is that of "jobwright run".`,
		Example: `  # Run the job again from the step that failed
  jobwright retry "night 3" --from failed

  # With another parameter, as another job
  jobwright retry "night 3" --from failed -p country=DE --new-job-id "night 3, Germany"

  # See what would run
  jobwright retry "night 3" --from failed --dry-run`,
		Args: cobra.ExactArgs(1),
	}

	set := command.Flags()
	set.StringVar(&flags.fromStep, "from", "", "step to begin with: its path, or failed; by default, all steps run")
	set.StringArrayVarP(&flags.parameters.pairs, "parameter", "p", nil, "parameter as name=value; repeatable")
	set.StringVarP(&flags.parameters.file, "parameters", "f", "",
		"file with a JSON object of parameters; - for the standard input")
	set.StringVar(&flags.newJobID, "new-job-id", "", "jobId of the new job; by default that of the ended job and ~2")
	set.BoolVar(&flags.dryRun, "dry-run", false, "print what would run, and start no job")
	set.BoolVar(&flags.isAsync, "async", false, "do not wait for the end of the job; print its jobId")
	flags.results.addTo(set)

	return remoteCommand(command, completions{
		"": jobWords, "parameter": retriedParameterWords, "from": stepWords,
	}, func(ctx context.Context, on *remote, arguments []string) error {
		return on.retry(ctx, arguments[0], &flags)
	})
}

func (r *remote) retry(ctx context.Context, jobID string, flags *retryFlags) error {
	if err := flags.results.check(r); err != nil {
		return err
	}

	appID, err := r.app(ctx)
	if err != nil {
		return err
	}

	retry := client.Retry{
		App: appID, JobID: jobID, NewJobID: flags.newJobID, FromStep: flags.fromStep, DryRun: flags.dryRun,
	}

	if len(flags.parameters.pairs) > 0 || flags.parameters.file != "" {
		ended, err := r.api.Current(ctx, appID, jobID)
		if err != nil {
			return err
		}

		if retry.Parameters, err = flags.parameters.values(ctx, r, appID, ended.Scenario); err != nil {
			return err
		}
	}

	retried, err := r.api.Retry(ctx, retry)
	if err != nil {
		r.adviseRetry(err, appID, jobID, flags.fromStep)

		return err
	}

	switch {
	case !flags.dryRun && !flags.isAsync:
		r.out.Notef("job %s runs %s again", retried.JobID, retried.RetryOf)

		return r.finish(ctx, appID, retried.JobID, &flags.results)
	case r.asJSON:
		return r.out.JSON(retried)
	case flags.isAsync && !flags.dryRun:
		return r.out.Line("%s", retried.JobID)
	default:
		return r.printPlan(retried)
	}
}

// adviseRetry prints the commands for what a refusal advises: to name another step, or to retry the job whole.
func (r *remote) adviseRetry(err error, appID, jobID, fromStep string) {
	refusal, ok := errors.AsType[*client.Error](err)
	if !ok || refusal.Code != jobservice.CodeRetryRefused || fromStep == "" {
		return
	}

	if !strings.Contains(refusal.Message, "retry the job whole") && !strings.Contains(refusal.Message, "; name ") {
		return // A child job still runs, or the job is being deleted.
	}

	again := r.command("retry", appID, jobID)
	for _, line := range []string{
		"To see the paths of the steps: " + again + " --dry-run", "To begin with a step:          " + again + " --from STEP",
		"To run all steps again:        " + again,
	} {
		r.out.Notef("%s", line)
	}
}

// printPlan prints what a retry would do.
func (r *remote) printPlan(plan *jobservice.JobRetried) error {
	rows := make([][]any, len(plan.Steps))
	for i, step := range plan.Steps {
		rows[i] = []any{step.Path, step.Title, step.OpName, string(step.Action)}
	}

	return r.out.Table([]string{"step", "title", "operation", "action"}, rows)
}

package remote

import (
	"context"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/client"
	"github.com/jobwright/jobwright/internal/cli/view"
	"github.com/jobwright/jobwright/job"
)

// runFlags are the flags of jobwright run.
type runFlags struct {
	parameters parameterFlags
	results    resultFlags
	jobID      string
	labels     []string
	priority   int
	isAsync    bool
}

func runCommand() *cobra.Command {
	var flags runFlags

	command := &cobra.Command{
		Use:   "run SCENARIO",
		Short: "Run a scenario, and print its results",
		Long: `Run a scenario as a job, show its steps while it runs, and print its results. A terminal shows the state,
the progress and the speed of each step; elsewhere, the standard error gets a line for each change.

The values of -p are converted to the types of the scenario's parameters: numbers, true and false, JSON
for lists and objects; everything else is text. Other users of the machine can see arguments: pass secrets
by --parameters, a file with a JSON object, or - for the standard input.

Ctrl-C asks on a terminal whether to stop the job or to leave it running; a second Ctrl-C leaves it.
Without a terminal, the job is left running. With --job-id, the command can be repeated: a job with the
same jobId, app, scenario and parameters runs once.

With --json, it prints the status of the job as getJobStatus returns it, with results (results) and value
(value) and, if the job has failed, code, message and step. With --async, it prints the jobId or, with
--json, an object with it (jobId).

The exit status is 0 if the job has completed, 1 if it has failed, 2 if the call is wrong, 3 if the job
was stopped, 4 if the server refuses the call, and 130 if the job was left running.`,
		Example: `  jobwright run Main

  # With parameters, and the results as CSV
  jobwright run Main -p country=DE -o csv --output companies.csv

  # Start a job and follow it later
  jobwright run Main --async --job-id "night 1" --label order=17
  jobwright watch "night 1"`,
		Args: cobra.ExactArgs(1),
	}

	set := command.Flags()
	set.StringArrayVarP(&flags.parameters.pairs, "parameter", "p", nil, "parameter as name=value; repeatable")
	set.StringVarP(&flags.parameters.file, "parameters", "f", "",
		"file with a JSON object of parameters; - for the standard input")
	set.StringVar(&flags.jobID, "job-id", "", "jobId of the job; by default a new one")
	set.StringArrayVar(&flags.labels, "label", nil, "label of the job as name=text; repeatable")
	set.IntVar(&flags.priority, "priority", 0, "priority of the job, from 1 (first) to 5; by default 3")
	set.BoolVar(&flags.isAsync, "async", false, "do not wait for the end of the job; print its jobId")
	flags.results.addTo(set)

	return remoteCommand(command, completions{"": scenarioWords, "parameter": parameterWords}, func(
		ctx context.Context, on *remote, arguments []string,
	) error {
		return on.run(ctx, arguments[0], &flags)
	})
}

func (r *remote) run(ctx context.Context, scenario string, flags *runFlags) error {
	if err := flags.results.check(r); err != nil {
		return err
	}

	labels, err := pairs("--label", flags.labels)
	if err != nil {
		return err
	}

	appID, err := r.app(ctx)
	if err != nil {
		return err
	}

	parameters, err := flags.parameters.values(ctx, r, appID, scenario)
	if err != nil {
		return err
	}

	execution := client.Execution{
		App: appID, Operation: client.RunScenario(scenario, parameters),
		JobID: flags.jobID, Labels: labels, Priority: flags.priority,
	}
	if execution.JobID == "" {
		execution.JobID = uuid.NewString()
	}

	if _, err := r.api.Execute(ctx, execution); err != nil {
		if ctx.Err() != nil {
			r.out.Notef("\nThe server has not confirmed the start. To see the job: %s",
				r.command("status", appID, execution.JobID))
		}

		return err
	}

	if flags.isAsync {
		return r.printStarted(startedJob{JobID: execution.JobID})
	}

	return r.finish(ctx, appID, execution.JobID, &flags.results)
}

// startedJob is a job that was started and not awaited.
type startedJob struct {
	JobID string `json:"jobId"`
}

// printStarted prints the jobId of a job that was started.
func (r *remote) printStarted(started startedJob) error {
	if r.asJSON {
		return r.out.JSON(started)
	}

	return r.out.Line("%s", started.JobID)
}

// finish follows a job to its end, and prints its results. The error is that of how the job has ended.
func (r *remote) finish(ctx context.Context, appID, jobID string, results *resultFlags) error {
	status, err := r.follow(ctx, appID, jobID)
	if err != nil {
		return err
	}

	isForFailures := results.format == "json" || results.format == "table"
	if status.Status == job.Completed || isForFailures {
		if status.Status == job.Completed && view.IsTerminal(r.out.Out) && view.IsTerminal(r.out.Err) {
			r.out.Notef("") // Between the steps and the results.
		}

		if err := r.printResults(after(ctx), appID, jobID, results); err != nil {
			return err
		}
	}

	return exitOf(status)
}

// pairs returns the values of a flag of the form name=text.
func pairs(flag string, given []string) (map[string]string, error) {
	values := make(map[string]string, len(given))

	for _, pair := range given {
		name, text, hasText := strings.Cut(pair, "=")
		if !hasText || name == "" {
			return nil, wrongCall("%s %s: write name=text", flag, pair)
		}

		values[name] = text
	}

	return values, nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/internal/cli/view"
	"github.com/jobwright/jobwright/internal/rollout"
	"github.com/jobwright/jobwright/internal/version"
	"github.com/jobwright/jobwright/worker"
)

// addDeployment adds the flags of a worker that is a version of a deployment.
func addDeployment(flags *pflag.FlagSet, into *worker.Deployment) {
	flags.StringVar(&into.Name, "deployment", "",
		"name of a Worker Deployment of which the worker is a version, for upgrades; by default, the worker runs all jobs")
	flags.StringVar(&into.BuildID, "build-id", "", "version in that deployment (default the commit of this binary)")
}

// checkDeployment completes the version of a worker with the commit of this binary.
func checkDeployment(of *worker.Deployment) error {
	if of.Name == "" && of.BuildID != "" {
		return errors.New("--build-id needs --deployment")
	}

	if of.Name == "" || of.BuildID != "" {
		return nil
	}

	var err error
	if of.BuildID, err = version.Get().BuildID(); err != nil {
		return fmt.Errorf("--deployment needs --build-id: %w", err)
	}

	return nil
}

func deploymentCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "deployment",
		Short: "Roll out versions of workers",
		Long: `Roll out versions of workers that were started with --deployment. A version is a build of Jobwright. New jobs
run in the current version, and a running job stays in the version in which it began, so that a new version
can't break it. A job that has run for more than ten minutes continues in the current version before its next
step.

See docs/how-to/upgrade.md.`,
		Example: `  # Give a tenth of the new jobs to the workers of the build v2, and then all
  jobwright deployment ramp v2 --percent 10
  jobwright deployment set-current v2

  # Wait until the workers of the earlier builds can be stopped
  jobwright deployment drain`,
		Args: cobra.NoArgs,
	}

	command.AddCommand(deploymentStatusCommand(), setCurrentCommand(), rampCommand(), drainCommand())

	return command
}

// aboutBuilds is the part of the help texts about the builds that a command accepts.
const aboutBuilds = `

BUILD is the build ID of a version or its beginning; by default, it is the commit of this binary.`

// onDeployment is a command that works on a deployment.
type onDeployment struct {
	*rollout.Deployment

	out    view.Output
	asJSON bool
}

// deploymentSubcommand completes a command that works on a deployment, and that prints its state at the end.
func deploymentSubcommand(
	command *cobra.Command, run func(ctx context.Context, on *onDeployment, arguments []string) error,
) *cobra.Command {
	var (
		name   string
		asJSON bool
	)

	command.Long += environment("")
	command.Flags().StringVar(&name, "deployment", "", "name of the deployment; by default, the only one of the namespace")
	command.Flags().BoolVar(&asJSON, "json", false, "print the state of the deployment as a JSON object")

	command.RunE = func(command *cobra.Command, arguments []string) error {
		temporal, configured, err := dial(command.Context(), nil)
		if err != nil {
			return cli.ExitError{Status: cli.StatusWrongCall, Err: err}
		}
		defer temporal.Close()

		on := &onDeployment{out: view.Output{Out: command.OutOrStdout(), Err: command.ErrOrStderr()}, asJSON: asJSON}
		if on.Deployment, err = rollout.Open(command.Context(), temporal, configured.Namespace, name); err == nil {
			err = run(command.Context(), on, arguments)
		}

		if _, has := errors.AsType[cli.ExitError](err); err != nil && !has {
			err = cli.ExitError{Status: cli.StatusWrongCall, Err: err}
		}

		return err
	}

	return command
}

// version returns the version that the arguments name.
func (d *onDeployment) version(ctx context.Context, arguments []string) (rollout.Version, error) {
	var build string

	if len(arguments) > 0 {
		build = arguments[0]
	} else {
		var err error
		if build, err = version.Get().BuildID(); err != nil {
			return rollout.Version{}, fmt.Errorf("name the BUILD: %w", err)
		}
	}

	status, err := d.Status(ctx)
	if err != nil {
		return rollout.Version{}, err
	}

	return status.Version(build)
}

// print prints the state of the deployment.
func (d *onDeployment) print(ctx context.Context) error {
	status, err := d.Status(ctx)
	if err != nil {
		return err
	}

	if d.asJSON {
		return d.out.JSON(status)
	}

	var rows [][]any

	for _, version := range status.Versions {
		state := string(version.State)
		if version.State == rollout.Ramping {
			state = fmt.Sprintf("%s, %g %%", state, status.Percent)
		}

		rows = append(rows, []any{version.BuildID, state, version.Jobs, version.Workers})
	}

	if err := d.out.Table([]string{"build", "state", "jobs", "workers"}, rows); err != nil {
		return err
	}

	for _, version := range status.Versions {
		if version.Jobs > 0 && version.Workers == 0 {
			d.out.Notef("No worker of the build %s runs, so its %s no progress: start workers of this build again.",
				version.BuildID, view.Count(version.Jobs, "job")+" make")
		}
	}

	switch {
	case status.Current != "":
	case status.UnversionedWorkers > 0:
		d.out.Notef("New jobs run on the %s without --deployment, until you run jobwright deployment set-current.",
			view.Count(int64(status.UnversionedWorkers), "worker"))
	default:
		d.out.Notef("No build is current, so new jobs wait: run jobwright deployment set-current.")
	}

	return nil
}

func deploymentStatusCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "status",
		Short: "Show the versions of the workers",
		Long: `Show the versions of the workers of a deployment, the newest first: what Temporal uses each for, how many
jobs run in it, and how many workers it has. The states are:

  current   it runs new jobs
  ramping   it runs a part of the new jobs
  draining  it runs no new jobs, but some of its jobs may still run
  drained   its workers can be stopped
  inactive  it has never run jobs

Jobs counts the running jobs that stay in the version. Temporal's counts lag behind by a moment.`,
		Example: `  jobwright deployment status

  # The builds whose workers can be stopped
  jobwright deployment status --json | jq -r '.versions[] | select(.state == "drained") | .buildId'`,
		Args: cobra.NoArgs,
	}

	return deploymentSubcommand(command, func(ctx context.Context, on *onDeployment, _ []string) error { return on.print(ctx) })
}

func setCurrentCommand() *cobra.Command {
	var unversioned bool

	command := &cobra.Command{
		Use:   "set-current [BUILD]",
		Short: "Run new jobs in a version",
		Long: `Run new jobs in a version of the workers, and long jobs before their next step. The version that was current
before drains: its jobs end there. To roll back, set the earlier version current again. A worker of the
version has to run.

With --unversioned, new jobs run on workers without --deployment.` + aboutBuilds,
		Example: `  # Roll out the build v3
  jobwright deployment set-current v3

  # Roll back to an earlier build
  jobwright deployment set-current v2`,
		Args: cobra.MaximumNArgs(1),
	}

	command.Flags().BoolVar(&unversioned, "unversioned", false, "run new jobs on workers without --deployment")

	return deploymentSubcommand(command, func(ctx context.Context, on *onDeployment, arguments []string) error {
		var chosen rollout.Version

		if unversioned && len(arguments) > 0 {
			return errors.New("--unversioned excludes BUILD")
		}

		if !unversioned {
			var err error
			if chosen, err = on.version(ctx, arguments); err != nil {
				return err
			}
		}

		if err := on.SetCurrent(ctx, chosen.BuildID); err != nil {
			return err
		}

		return on.print(ctx)
	})
}

func rampCommand() *cobra.Command {
	var percent float32

	command := &cobra.Command{
		Use:   "ramp [BUILD] --percent N",
		Short: "Run a part of the new jobs in a version",
		Long: `Run a part of the new jobs in a version of the workers, and the others in the current one. --percent 0 ends
the ramp; set-current ends it, too. A worker of the version has to run.` + aboutBuilds,
		Example: `  # Give every tenth new job to the workers of the build v3
  jobwright deployment ramp v3 --percent 10

  # End the ramp
  jobwright deployment ramp --percent 0`,
		Args: cobra.MaximumNArgs(1),
	}

	command.Flags().Float32Var(&percent, "percent", 0, "part of the new jobs, from 0 to 100")
	_ = command.MarkFlagRequired("percent") // The flag exists.

	return deploymentSubcommand(command, func(ctx context.Context, on *onDeployment, arguments []string) error {
		if !(percent >= 0 && percent <= 100) {
			return errors.New("--percent must be between 0 and 100")
		}

		var chosen rollout.Version

		if percent > 0 {
			var err error
			if chosen, err = on.version(ctx, arguments); err != nil {
				return err
			}
		}

		if err := on.Ramp(ctx, chosen.BuildID, percent); err != nil {
			return err
		}

		return on.print(ctx)
	})
}

func drainCommand() *cobra.Command {
	var (
		move    bool
		timeout time.Duration
	)

	command := &cobra.Command{
		Use:   "drain [BUILD]",
		Short: "Wait until the workers of earlier versions can be stopped",
		Long: `Wait until a version that is neither current nor ramping has drained, or all of them without BUILD: until no
running job needs its workers. Then the workers of the version can be stopped. Temporal looks for running jobs
every three minutes, and all task queues have to learn what it has found: usually at once, but after five more
minutes if one has missed the news.

A version drains when its jobs end or continue in the current version. With --move, the command asks all of
them to do so before their next step. A job that waits, for example for a signal, does it at once. A job
continues when the steps that run now have ended, and one that runs steps concurrently after all of these.

The exit status is 1 if the version has not drained within --timeout.`,
		Example: `  # Wait until the workers of all earlier builds can be stopped
  jobwright deployment drain

  # Don't wait for jobs of the build v1 that wait for signals
  jobwright deployment drain v1 --move --timeout 1h`,
		Args: cobra.MaximumNArgs(1),
	}

	command.Flags().BoolVar(&move, "move", false, "ask the jobs of the version to continue in the current one")
	command.Flags().DurationVar(&timeout, "timeout", 0, "how long to wait, for example 30m; 0 for any time")

	return deploymentSubcommand(command, func(ctx context.Context, on *onDeployment, arguments []string) error {
		var build string

		if len(arguments) > 0 {
			chosen, err := on.version(ctx, arguments)
			if err != nil {
				return err
			}

			build = chosen.BuildID
		}

		return on.drain(ctx, build, move, timeout)
	})
}

// drain waits until a build has drained, or all that drain if it is empty.
func (d *onDeployment) drain(ctx context.Context, build string, move bool, timeout time.Duration) error {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, errNotDrained)

		defer cancel()
	}

	if err := d.Drain(ctx, build, move, func(version rollout.Version) {
		d.out.Notef("%s: %s, %s, %s", version.BuildID, version.State, view.Count(version.Jobs, "job"),
			view.Count(int64(version.Workers), "worker"))
	}); err != nil {
		if errors.Is(context.Cause(ctx), errNotDrained) {
			err = cli.ExitError{Status: cli.StatusFailed, Err: errNotDrained}
		}

		return err
	}

	return d.print(ctx)
}

var errNotDrained = errors.New(
	"not drained within --timeout; jobwright deployment status shows how many jobs run in each version")

package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/jobwright/jobwright/audit"
	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/worker"
)

// workerFlags are the flags of a process that runs jobs.
type workerFlags struct {
	data       string
	capacity   worker.Capacity
	deployment worker.Deployment
}

// addTo adds the flags to those of a command.
func (f *workerFlags) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&f.data, "data", "data", "folder for sources that store data on this machine, such as SQLite")
	addCapacity(flags, &f.capacity)
	addDeployment(flags, &f.deployment)
}

// options returns the options of a worker of the system, which writes to an audit log.
func (f *workerFlags) options(opened *system, shared *systemFlags, audited *audit.Log) worker.Options {
	return worker.Options{
		Apps: opened.apps, Keys: opened.keys, Results: opened.results, Namespace: opened.namespace, DataDir: f.data,
		Converter: opened.codec.Converter(), Log: opened.log, StopTimeout: shared.grace,
		OpenLineage: opened.lineage, Audit: audited,
		Capacity:   f.capacity,
		Deployment: f.deployment,
	}
}

// workerEndpoints returns the endpoints for operators of a process with a worker.
func (s *system) workerEndpoints(running func() bool) http.Handler {
	endpoints := http.NewServeMux()
	endpoints.Handle("/", worker.Health(jobservice.New(jobservice.Options{
		Temporal: s.temporal, Namespace: s.namespace, Log: s.log,
	}), running))
	endpoints.Handle("/metrics", s.endpoint)
	endpoints.Handle("/debug/pprof/", s.endpoint)

	return endpoints
}

func workerCommand() *cobra.Command {
	var (
		shared   systemFlags
		jobs     workerFlags
		address  string
		auditLog string
	)

	command := &cobra.Command{
		Use:   "worker",
		Short: "Run jobs",
		Long: `Run jobs. A worker executes the steps of jobs, and is the only process that connects to data sources.

Run one or more workers. They share the work: if one fails, the others continue its jobs. A worker that
starts before Temporal waits until Temporal is reachable.

With --http, the worker has endpoints for operators: GET /healthz responds with 200 while the process
runs, GET /readyz while it accepts work from Temporal, and GET /metrics with metrics for Prometheus. The
response of /readyz has the numbers of the running jobs of all workers that make no progress: stuckJobs,
whose workflow tasks fail again and again, and jobsWithoutWorker, of whose version no worker runs.

With --deployment, the worker is a version of a Worker Deployment of Temporal's. It runs no job until
"jobwright deployment set-current" or "jobwright deployment ramp" names its version, and then only jobs that
belong to the version. See docs/how-to/upgrade.md.

The exit status is 0 after SIGINT or SIGTERM, and 1 on an error.` + environment(
			"  NAME                  secret of a source that app.yaml declares as ${env:NAME}; see --env-prefix\n"+
				secretKeyVariable+openLineageVariables),
		Example: `  # Run jobs, with results in a folder that the API servers share
  jobwright worker --apps /srv/apps --results /srv/results --data /srv/data

  # Run the jobs of one version of the workers
  jobwright worker --deployment jobs --build-id v1 --apps /srv/apps --results /srv/results --data /srv/data

  # Expose health checks and metrics
  jobwright worker --http :8081 --apps /srv/apps --results /srv/results --data /srv/data

  # Take the other flags from a file with lines such as "bulk-steps: 4"
  jobwright worker --config worker.yaml --apps /srv/apps --results /srv/results --data /srv/data`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := checkDeployment(&jobs.deployment); err != nil {
				return err
			}

			return work(command.Context(), &shared, &jobs, address, auditLog, command.ErrOrStderr())
		},
	}

	command.Flags().StringVar(&address, "http", "", "address for health checks and metrics; by default, none")
	cli.AddAuditLog(command.Flags(), &auditLog, cli.AuditToStderr)
	jobs.addTo(command.Flags())
	shared.addTo(command.Flags(), "steps")
	cli.AddConfig(command)

	return command
}

func work(
	ctx context.Context, shared *systemFlags, jobs *workerFlags, address, auditLog string, logs io.Writer,
) (err error) {
	opened, err := openSystem(ctx, shared, logs)
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, opened.close()) }()

	audited, err := cli.OpenAuditLog(ctx, auditLog, logs, opened.log)
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, audited.Close()) }()

	// The worker stops if its endpoints fail.
	working, stop := context.WithCancel(ctx)
	defer stop()

	failed := make(chan error, 1)

	var running atomic.Bool

	operators, address, err := cli.Serve("--http", address, opened.tls,
		opened.workerEndpoints(func() bool { return running.Load() && working.Err() == nil }), opened.log,
		func(err error) {
			failed <- err

			stop()
		})
	if err != nil {
		return err
	}
	defer operators.Close() //nolint:errcheck // An open health check may fail.

	options := jobs.options(opened, shared, audited)
	options.OnStart = func() {
		running.Store(true)
		opened.log.Info("worker is up", opened.attributes("http", address)...)
	}

	err = worker.Run(working, opened.temporal, options)

	select {
	case endpoints := <-failed:
		return errors.Join(endpoints, err)
	default:
		return err
	}
}

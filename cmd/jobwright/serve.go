package main

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/jobwright/jobwright/apiserver"
	"github.com/jobwright/jobwright/internal/cli"
	"github.com/jobwright/jobwright/internal/node"
	"github.com/jobwright/jobwright/jobservice"
)

func serveCommand() *cobra.Command {
	var (
		shared systemFlags
		api    apiFlags
		jobs   workerFlags
	)

	command := &cobra.Command{
		Use:   "serve",
		Short: "Serve the job API and run jobs, in one process",
		Long: `Serve the job API and run jobs, in one process: an API server and a worker that share a connection to
Temporal. Short jobs are faster than with separate processes. A job starts in the process that has
accepted the call, without waiting in a queue of Temporal, and the process knows of the job's end without
asking Temporal.

Use it on a single machine, and for short jobs whose callers wait. Run "jobwright apiserver" and "jobwright
worker" as separate processes if the machines that callers reach must not have the secrets of sources, if
large loads must not slow down the API, or if you want to restart or scale the two apart. Both forms can
run at the same time in one namespace: all workers share all jobs.

All that the help texts of "jobwright apiserver" and "jobwright worker" say about callers, sources, results
and Temporal applies here too. The process may start before Temporal.

The API has health checks: GET /healthz responds with 200 while the process runs, and GET /readyz while new
jobs can run. With --metrics, operators get GET /metrics for Prometheus on an address of its own, and there
GET /readyz responds with 200 while the worker of this process accepts work.

After SIGTERM, the process accepts no new calls and responds with 202 to calls that wait for a job. Then
running steps have time to finish. Each of the two takes up to --grace; the steps that did not finish are
retried by other workers, or after the next start. The exit status is 0 after SIGINT or SIGTERM, and 1 on
an error.` + environment(
			"  NAME                  key of an access, or secret of a source, that app.yaml declares as ${env:NAME}\n"+
				secretKeyVariable+clientSecretLine+openLineageVariables),
		Example: `  # Serve the API on this machine and run its jobs
  jobwright serve --apps /srv/apps --results /srv/results --data /srv/data

  # Serve on all interfaces under the name of a proxy, with metrics for Prometheus
  jobwright serve --http :8080 --allowed-host jobs.example.com --metrics 127.0.0.1:8081 --apps /srv/apps

  # Take the other flags from a file with lines such as "bulk-steps: 4"
  jobwright serve --config serve.yaml --apps /srv/apps`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := checkDeployment(&jobs.deployment); err != nil {
				return err
			}

			return serve(command.Context(), &shared, &api, &jobs, command.ErrOrStderr())
		},
	}

	api.addTo(command.Flags(), "metrics and health checks of the worker")
	jobs.addTo(command.Flags())
	shared.addTo(command.Flags(), "requests, and then for running steps,")
	cli.AddConfig(command)

	return command
}

// serve runs an API server and, unless jobs is nil, a worker.
func serve(
	ctx context.Context, shared *systemFlags, api *apiFlags, jobs *workerFlags, logs io.Writer,
) (err error) {
	opened, err := openSystem(ctx, shared, logs)
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, opened.close()) }()

	go warnOfKeys(ctx, opened.apps, opened.log)

	var (
		running   atomic.Bool // Whether the worker accepts work.
		ends      jobservice.Ends
		endpoints = opened.endpoint
	)

	if jobs != nil {
		ends = &opened.ends
		endpoints = opened.workerEndpoints(func() bool { return running.Load() && ctx.Err() == nil })
	}

	options, err := api.options(ctx, opened, ends, logs)
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, options.Audit.Close()) }()

	listener, err := api.listen()
	if err != nil {
		return err
	}
	defer listener.Close() //nolint:errcheck // For a start that fails; otherwise, the server closes it.

	operators, address, err := api.serveOperators(endpoints, opened)
	if err != nil {
		return err
	}
	defer operators.Close() //nolint:errcheck // An open request may fail.

	opened.log.Info("API server is up", opened.attributes("http", listener.Addr().String(), "metrics", address)...)

	if jobs == nil {
		return apiserver.New(options).Serve(ctx, listener, shared.grace)
	}

	both := node.Node{
		Temporal: opened.temporal, API: options, Listener: listener, Grace: shared.grace,
		Worker: jobs.options(opened, shared, options.Audit),
	}
	both.Worker.OnRouting = func(isCurrent bool) { opened.startsElsewhere.Store(!isCurrent) }
	opened.startsElsewhere.Store(jobs.deployment.Name != "") // Until the routing is known.
	both.Worker.OnStart = func() {
		running.Store(true)
		opened.log.Info("worker is up", opened.attributes("http", address)...)
	}

	return both.Run(ctx)
}

package worker

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"

	"github.com/jobwright/jobwright/activities"
	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/app/seal"
	"github.com/jobwright/jobwright/audit"
	"github.com/jobwright/jobwright/callback"
	"github.com/jobwright/jobwright/deletion"
	"github.com/jobwright/jobwright/jobservice"
	"github.com/jobwright/jobwright/nexus"
	"github.com/jobwright/jobwright/openlineage"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/schedule"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/file"
	"github.com/jobwright/jobwright/source/mysql"
	"github.com/jobwright/jobwright/source/pool"
	"github.com/jobwright/jobwright/source/postgres"
	"github.com/jobwright/jobwright/source/s3"
	"github.com/jobwright/jobwright/source/sqlite"
	"github.com/jobwright/jobwright/source/web"
)

// heartbeatThrottle is the minimum time between two heartbeats of a step, and so the maximum age of its reported progress.
const heartbeatThrottle = 3 * time.Second

// deadlockTimeout limits how long a workflow computes without yielding. The interpreter yields every few milliseconds, but on an
// overloaded machine that can exceed the SDK's default of one second.
const deadlockTimeout = 5 * time.Second

// Options configure a worker.
type Options struct {
	Keys      seal.Keys     // The keys of the secret parameters of jobs.
	Apps      *app.Catalog  // The apps whose jobs the worker runs.
	Results   *result.Store // The store of the results, which the worker also sweeps.
	Namespace string        // The namespace of the Temporal client.

	// Converter is the data converter of the Temporal client; nil means Temporal's default.
	Converter converter.DataConverter

	DataDir string // The folder for the data of sources on this machine.

	// OpenLineage says where jobs are reported whose API server reports them.
	OpenLineage openlineage.Options

	Log   *slog.Logger
	Audit *audit.Log // Records which jobs schedules start and stop, and which were deleted. Nil discards it.

	// Capacity bounds what the worker does at the same time.
	Capacity Capacity

	// MoreTaskQueues, if not nil, returns further task queues whose steps the worker runs. The worker calls it every second, and
	// polls a task queue that was returned once until it stops.
	MoreTaskQueues func() []string

	// Deployment makes the worker a version of a Worker Deployment. OnRouting, if not nil, is then called periodically with
	// whether the version runs all new jobs.
	Deployment Deployment
	OnRouting  func(isCurrent bool)

	// StopTimeout limits how long running steps continue after a stop. Other workers retry the steps that did not finish.
	StopTimeout time.Duration

	// OnStart, if not nil, is called by [Run] when the worker has started.
	OnStart func()
}

// Drivers returns the drivers of all kinds of sources.
func Drivers() source.Drivers {
	return source.Drivers{
		file.Kind:     file.Open,
		mysql.Kind:    mysql.Open,
		postgres.Kind: postgres.Open,
		s3.Kind:       s3.Open,
		sqlite.Kind:   sqlite.Open,
		web.Kind:      web.Open,
	}
}

// Worker runs jobs after [Worker.Start].
type Worker struct {
	queues  *queues
	invalid error // What is wrong with the options; nil if nothing is.

	log       *slog.Logger
	routing   func(context.Context) // Watches the routing of the worker's deployment.
	named     func() []string       // The further task queues; nil if there are none.
	sources   *pool.Pool
	jobs      *jobservice.Service
	sweeper   *sweeper
	sweeping  sync.WaitGroup
	endSweeps context.CancelFunc
}

// New returns a worker that polls with the client temporal, which the caller closes after the worker was stopped.
func New(temporal client.Client, options Options) *Worker { return newWorker(temporal, options, nil) }

// newWorker returns a worker. It calls onFatalError, if not nil, once with an error that ends the worker.
func newWorker(temporal client.Client, options Options, onFatalError func(error)) *Worker {
	w := &Worker{
		log: options.Log, sources: pool.New(Drivers()), endSweeps: func() {},
		jobs: jobservice.New(jobservice.Options{
			Temporal: temporal, Namespace: options.Namespace, Keys: options.Keys, Log: options.Log, Converter: options.Converter,
		}),
		routing: func(ctx context.Context) {
			if options.Deployment.Name != "" {
				options.Deployment.watch(ctx, temporal, options.Log, options.OnRouting)
			}
		},
		sweeper: &sweeper{temporal: temporal, namespace: options.Namespace, results: options.Results, log: options.Log},
		named:   options.MoreTaskQueues,
	}

	var others []string
	if w.named != nil {
		others = w.named()
	}

	w.queues, w.invalid = newQueues(temporal, worker.Options{
		WorkerStopTimeout:            options.StopTimeout,
		OnFatalError:                 onFatalError,
		MaxHeartbeatThrottleInterval: heartbeatThrottle,
		DeadlockDetectionTimeout:     deadlockTimeout,
		DeploymentOptions:            options.Deployment.options(),
		Interceptors:                 []interceptor.WorkerInterceptor{&jobLog{}},
	}, options.Capacity, others)

	operations := activities.New(options.Apps, options.Keys, w.sources, options.Results, temporal, options.DataDir,
		options.StopTimeout*3/4)

	w.queues.register(operations)
	w.queues.register(callback.New(options.Apps, w.jobs))
	w.queues.register(openlineage.New(options.OpenLineage, options.Apps, w.jobs))
	w.queues.register(schedule.NewFirings(w.jobs, options.Apps, operations.LookUp, options.Audit))
	w.queues.register(deletion.New(deletion.Options{
		Temporal: temporal, Namespace: options.Namespace, Apps: options.Apps, Sources: w.sources, Results: options.Results,
		DataDir: options.DataDir, Log: options.Log, Audit: options.Audit,
	}))

	if w.queues.main != nil {
		w.queues.main.RegisterNexusService(nexus.New(w.jobs, options.Apps, options.Audit))
	}

	return w
}

// claimTimeout limits the time for claiming the result store.
const claimTimeout = 30 * time.Second

// Start begins to run jobs. The error is [result.ErrClaimed] if the result store belongs to another namespace.
func (w *Worker) Start() error {
	if w.invalid != nil {
		return w.invalid
	}

	ctx, cancel := context.WithTimeout(context.Background(), claimTimeout)
	defer cancel()

	if err := w.sweeper.claim(ctx); err != nil {
		return err
	}

	if err := w.queues.start(); err != nil {
		return err
	}

	w.startSweeps()

	return nil
}

// startSweeps sweeps the result store, starts the reports of jobs that were terminated, and looks for further task queues,
// periodically until the worker is stopped.
func (w *Worker) startSweeps() {
	ctx, cancel := context.WithCancel(context.Background())
	w.endSweeps = cancel
	w.sweeping.Go(func() { w.sweeper.run(ctx) })
	w.sweeping.Go(func() { w.routing(ctx) })
	w.sweeping.Go(func() { notifyPeriodically(ctx, w.jobs.Notifier(), w.log) })

	if w.named != nil {
		w.sweeping.Go(func() { w.queues.follow(ctx, w.named, w.log) })
	}
}

// Sweep removes the results of jobs that Temporal no longer has, and returns how many it has removed. A started worker does so
// about once an hour.
func (w *Worker) Sweep(ctx context.Context) (removed int, err error) { return w.sweeper.sweep(ctx) }

// Stop waits for running steps up to the StopTimeout of the options, and closes the sources.
func (w *Worker) Stop() {
	w.endSweeps()
	w.sweeping.Wait()
	w.queues.stop()
	w.jobs.Close()

	_ = w.sources.Close() // No step uses the sources, so an error is without consequences.
}

package worker

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/jobwright/jobwright/activities"
	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/result"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/file"
	"github.com/jobwright/jobwright/source/mysql"
	"github.com/jobwright/jobwright/source/pool"
	"github.com/jobwright/jobwright/source/postgres"
	"github.com/jobwright/jobwright/source/s3"
	"github.com/jobwright/jobwright/source/sqlite"
	"github.com/jobwright/jobwright/source/web"
	"github.com/jobwright/jobwright/workflows"
)

// heartbeatThrottle is how often at most a step's heartbeat goes to Temporal, and so how old its progress may be.
const heartbeatThrottle = 3 * time.Second

// deadlockTimeout is how long a workflow may compute without a pause. The interpreter pauses every few milliseconds; on a
// machine with far too much to do, they may become the second after which the SDK would give up by default.
const deadlockTimeout = 5 * time.Second

// Options say what a worker works with.
type Options struct {
	Apps      *app.Catalog  // The apps whose jobs it runs.
	Results   *result.Store // Where it puts the results, and from where it removes those of jobs that Temporal has forgotten.
	Namespace string        // The namespace of the client.
	DataDir   string        // The folder for the data of sources that live on this machine.

	Log *slog.Logger

	// StopTimeout is how long running steps may go on after a stop before they are left to another worker.
	StopTimeout time.Duration

	// OnFatalError, when it is set, is told once of an error that ends the worker by itself.
	OnFatalError func(error)
}

// Drivers returns the driver of every kind of source.
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

// Worker runs jobs once it is started.
type Worker struct {
	worker.Worker

	sources   *pool.Pool
	sweeper   *sweeper
	sweeping  sync.WaitGroup
	endSweeps context.CancelFunc
}

// New returns a worker. It polls over temporal, which stays the caller's.
func New(temporal client.Client, options Options) *Worker {
	w := &Worker{sources: pool.New(Drivers()), endSweeps: func() {}, sweeper: &sweeper{
		temporal: temporal, namespace: options.Namespace, results: options.Results,
		log: options.Log,
	}}
	w.Worker = worker.New(temporal, job.TaskQueue, worker.Options{
		WorkerStopTimeout:            options.StopTimeout,
		OnFatalError:                 options.OnFatalError,
		MaxHeartbeatThrottleInterval: heartbeatThrottle,
		DeadlockDetectionTimeout:     deadlockTimeout,
	})

	w.RegisterWorkflowWithOptions(workflows.RunScenario, workflow.RegisterOptions{Name: job.Workflow})
	w.RegisterWorkflowWithOptions(workflows.AppVariables, workflow.RegisterOptions{Name: job.VariablesWorkflow})
	w.RegisterActivityWithOptions(
		activities.New(options.Apps, w.sources, options.Results, temporal, options.DataDir, options.StopTimeout*3/4),
		activity.RegisterOptions{})

	return w
}

// claimTimeout bounds how long the result store may take to say whose it is.
const claimTimeout = 30 * time.Second

// Start begins to run jobs, unless the result store belongs to another namespace: [result.ErrClaimed].
func (w *Worker) Start() error {
	ctx, cancel := context.WithTimeout(context.Background(), claimTimeout)
	defer cancel()

	if err := w.sweeper.claim(ctx); err != nil {
		return err
	}

	if err := w.Worker.Start(); err != nil {
		return err
	}

	w.sweepSometimes()

	return nil
}

// sweepSometimes sweeps the result store from time to time until the worker is stopped.
func (w *Worker) sweepSometimes() {
	ctx, cancel := context.WithCancel(context.Background())
	w.endSweeps = cancel
	w.sweeping.Go(func() { w.sweeper.run(ctx) })
}

// Sweep removes from the result store, now, what belongs to jobs that Temporal has forgotten, and returns how many results
// that were. A worker that was started does so by itself, once an hour or so.
func (w *Worker) Sweep(ctx context.Context) (removed int, err error) { return w.sweeper.sweep(ctx) }

// Stop lets running steps end, as long as the options allow, and closes the sources.
func (w *Worker) Stop() {
	w.endSweeps()
	w.sweeping.Wait()
	w.Worker.Stop()

	_ = w.sources.Close() // Whatever they lose, they would have lost without it.
}

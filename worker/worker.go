package worker

import (
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
	"github.com/jobwright/jobwright/source/sqlite"
	"github.com/jobwright/jobwright/workflows"
)

// heartbeatThrottle is how often at most a step's heartbeat goes to Temporal, and so how old its progress may be.
const heartbeatThrottle = 3 * time.Second

// deadlockTimeout is how long a workflow may compute without a pause. The interpreter pauses every few milliseconds; on a
// machine with far too much to do, they may become the second after which the SDK would give up by default.
const deadlockTimeout = 5 * time.Second

// Options say what a worker works with.
type Options struct {
	Apps    *app.Catalog  // The apps whose jobs it runs.
	Results *result.Store // Where it puts the results.
	DataDir string        // The folder for the data of sources that live on this machine.

	// StopTimeout is how long running steps may go on after a stop before they are left to another worker.
	StopTimeout time.Duration

	// OnFatalError, when it is set, is told once of an error that ends the worker by itself.
	OnFatalError func(error)
}

// Drivers returns the driver of every kind of source.
func Drivers() source.Drivers {
	return source.Drivers{
		file.Kind:   file.Open,
		sqlite.Kind: sqlite.Open,
	}
}

// New returns a worker that runs jobs once it is started. It polls over temporal, which stays the caller's.
func New(temporal client.Client, options Options) worker.Worker {
	w := worker.New(temporal, job.TaskQueue, worker.Options{
		WorkerStopTimeout:            options.StopTimeout,
		OnFatalError:                 options.OnFatalError,
		MaxHeartbeatThrottleInterval: heartbeatThrottle,
		DeadlockDetectionTimeout:     deadlockTimeout,
	})

	w.RegisterWorkflowWithOptions(workflows.RunScenario, workflow.RegisterOptions{Name: job.Workflow})
	w.RegisterWorkflowWithOptions(workflows.AppVariables, workflow.RegisterOptions{Name: job.VariablesWorkflow})
	w.RegisterActivityWithOptions(
		activities.New(options.Apps, Drivers(), options.Results, temporal, options.DataDir), activity.RegisterOptions{})

	return w
}

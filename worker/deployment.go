package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/jobwright/jobwright/internal/clock"
	"github.com/jobwright/jobwright/internal/version"
	"github.com/jobwright/jobwright/job"
)

// Deployment makes a worker a version of a Worker Deployment: it runs only the jobs that Temporal gives to its version. The zero
// value is a worker that runs all jobs.
type Deployment struct {
	Name    string // The name of the deployment.
	BuildID string // The version. Workers with the same one have the same code.
}

// options returns the options of Temporal's worker.
func (d Deployment) options() worker.DeploymentOptions {
	if d.Name == "" { // It only says which build a worker is.
		return worker.DeploymentOptions{
			Version: worker.WorkerDeploymentVersion{DeploymentName: job.TaskQueue, BuildID: version.Get().String()},
		}
	}

	return worker.DeploymentOptions{
		UseVersioning: true, Version: worker.WorkerDeploymentVersion{DeploymentName: d.Name, BuildID: d.BuildID},
	}
}

// all is the percentage of all jobs.
const all = 100

// percentOf returns the part of the new jobs that the version runs.
func (d Deployment) percentOf(routing client.WorkerDeploymentRoutingConfig) float32 {
	own := worker.WorkerDeploymentVersion{DeploymentName: d.Name, BuildID: d.BuildID}

	switch {
	case routing.RampingVersion != nil && *routing.RampingVersion == own:
		return routing.RampingVersionPercentage
	case routing.CurrentVersion != nil && *routing.CurrentVersion == own:
		return all - routing.RampingVersionPercentage
	default:
		return 0
	}
}

// routingInterval is the time between two looks at the routing of a deployment.
const routingInterval = 5 * time.Second

// watch logs whether the version runs new jobs, at first and whenever it changes, until ctx is done. It calls routed, if not nil,
// with whether it runs all of them.
func (d Deployment) watch(ctx context.Context, temporal client.Client, log *slog.Logger, routed func(isCurrent bool)) {
	handle := temporal.WorkerDeploymentClient().GetHandle(d.Name)
	log = log.With("deployment", d.Name, "buildId", d.BuildID)
	last := float32(-1)

	for {
		described, err := handle.Describe(ctx, client.WorkerDeploymentDescribeOptions{})
		_, unknown := errors.AsType[*serviceerror.NotFound](err) // The first poll creates it.

		switch {
		case err == nil:
			percent := d.percentOf(described.Info.RoutingConfig)
			if routed != nil {
				routed(percent == all)
			}

			switch {
			case percent == last:
			case percent > 0:
				log.InfoContext(ctx, "the build of this worker runs new jobs", "percent", percent)
			default:
				log.WarnContext(ctx, "the build of this worker runs no new jobs",
					"command", "jobwright deployment set-current "+d.BuildID+" --deployment "+d.Name)
			}

			last = percent
		case !unknown && ctx.Err() == nil:
			log.DebugContext(ctx, "can't read the deployment", "error", err)
		}

		if clock.Sleep(ctx, routingInterval) != nil {
			return
		}
	}
}

package nexus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nexus-rpc/sdk-go/nexus"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporalnexus"

	"github.com/jobwright/jobwright/app"
	"github.com/jobwright/jobwright/audit"
	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/jobservice"
)

// New returns the service for the apps of a catalog, for the worker of the queue to which an endpoint sends requests. It records
// in the audit log which jobs it starts.
func New(jobs *jobservice.Service, apps *app.Catalog, log *audit.Log) *nexus.Service {
	handler := &handler{jobs: jobs, apps: apps, audit: log}
	service := nexus.NewService(Service)

	service.MustRegister(temporalnexus.MustNewWorkflowRunOperationWithOptions(
		temporalnexus.WorkflowRunOperationOptions[Request, job.Outcome]{Name: RunScenario, Handler: handler.runScenario},
	))

	return service
}

type handler struct {
	jobs  *jobservice.Service
	apps  *app.Catalog
	audit *audit.Log
}

// run is a workflow of which Nexus delivers the end.
type run = temporalnexus.WorkflowHandle[job.Outcome]

// runScenario starts the job of a request. Temporal repeats a request until one attempt is answered, so the jobId is that of the
// request.
func (h *handler) runScenario(ctx context.Context, request Request, options nexus.StartOperationOptions) (run, error) {
	jobID := "nexus-" + options.RequestID
	caller, handle, err := h.start(ctx, request, jobID, options)
	h.record(ctx, request, caller, jobID, err)

	return handle, asHandlerError(err)
}

func (h *handler) start(
	ctx context.Context, request Request, jobID string, options nexus.StartOperationOptions,
) (caller jobservice.Caller, handle run, err error) {
	if request.mistake != nil {
		return caller, nil, jobservice.Invalid("the input of %s is invalid: %v", RunScenario, request.mistake)
	}

	if caller.App, err = h.apps.App(request.AppID); err != nil {
		return caller, nil, fmt.Errorf("app %q: %w", request.AppID, err)
	}

	var permitted bool
	if caller.Access, permitted = caller.App.NexusAccess(); !permitted {
		return caller, nil, jobservice.NewError(jobservice.CodeForbidden,
			"app %s permits no calls by Nexus; its operator permits them by an access with nexus: true in app.yaml",
			request.AppID)
	}

	if err := caller.Require(app.Execute); err != nil {
		return caller, nil, err
	}

	started, err := h.jobs.Start(ctx, jobservice.Request{
		Caller: caller, Operation: request.operation(), JobID: jobID, Labels: request.Labels, Priority: request.Priority,
		StartWorkflow: func(
			ctx context.Context, workflow client.StartWorkflowOptions, name string, arguments ...any,
		) (runID string, err error) {
			handle, err = temporalnexus.ExecuteUntypedWorkflow[job.Outcome](ctx, options, workflow, name, arguments...)
			if err != nil {
				return "", err
			}

			return handle.RunID(), nil
		},
	})
	if err != nil {
		return caller, nil, err
	}

	started.Close()

	if handle == nil { // Its first run has ended meanwhile, and the operation would not learn of its end.
		return caller, nil, jobservice.NewError(jobservice.CodeJobIDTaken, "the job %s has been started before", jobID)
	}

	return caller, handle, nil
}

// record writes a line to the audit log. A request that is repeated gets no line.
func (h *handler) record(ctx context.Context, request Request, caller jobservice.Caller, jobID string, err error) {
	entry := audit.Entry{
		Call: RunScenario, App: request.AppID, Access: caller.Access.Name, JobID: jobID, Scenario: request.Scenario,
		Outcome: audit.OK,
	}

	if err != nil {
		failed, ok := errors.AsType[*jobservice.Error](err)
		if !ok || kindOf(failed).retryable {
			return
		}

		entry.Outcome, entry.Scenario = string(failed.Code), ""
	}

	h.audit.Record(ctx, entry)
}

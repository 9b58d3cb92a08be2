package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	nexuspb "go.temporal.io/api/nexus/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/jobwright/jobwright/job"
)

// createEndpoint creates a Nexus endpoint whose requests go to the workers of a namespace. One that exists must go there already.
func createEndpoint(
	ctx context.Context, operator operatorservice.OperatorServiceClient, namespace, name string, out io.Writer,
) error {
	_, err := operator.CreateNexusEndpoint(ctx, &operatorservice.CreateNexusEndpointRequest{Spec: &nexuspb.EndpointSpec{
		Name: name,
		Target: &nexuspb.EndpointTarget{Variant: &nexuspb.EndpointTarget_Worker_{
			Worker: &nexuspb.EndpointTarget_Worker{Namespace: namespace, TaskQueue: job.TaskQueue},
		}},
	}})
	if err == nil {
		fmt.Fprintf(out, "Created the Nexus endpoint %s.\n", name)

		return nil
	}

	if _, exists := errors.AsType[*serviceerror.AlreadyExists](err); !exists {
		return fmt.Errorf("can't create the Nexus endpoint %s: %w", name, err)
	}

	found, err := operator.ListNexusEndpoints(ctx, &operatorservice.ListNexusEndpointsRequest{Name: name})
	if err != nil {
		return fmt.Errorf("can't read the Nexus endpoint %s: %w", name, err)
	}

	for _, endpoint := range found.GetEndpoints() {
		target := endpoint.GetSpec().GetTarget().GetWorker()
		if target.GetNamespace() != namespace || target.GetTaskQueue() != job.TaskQueue {
			return fmt.Errorf("the Nexus endpoint %s exists, but its target is the task queue %q of the namespace %q; "+
				"choose another name, or delete it", name, target.GetTaskQueue(), target.GetNamespace())
		}
	}

	fmt.Fprintf(out, "The Nexus endpoint %s exists.\n", name)

	return nil
}

package jobservice

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/jobwright/jobwright/job"
)

// busyWorker is a Temporal that does not answer queries before a worker has completed a workflow task.
type busyWorker struct {
	client.Client

	free time.Time // When the worker has completed it.
}

// QueryWorkflowWithOptions answers as the SDK does, which gives an attempt half of the time that is left, and at least a second.
func (b *busyWorker) QueryWorkflowWithOptions(
	ctx context.Context, _ *client.QueryWorkflowWithOptionsRequest,
) (*client.QueryWorkflowWithOptionsResponse, error) {
	deadline, _ := ctx.Deadline()

	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(max(time.Second, time.Until(deadline)/2)):
		return nil, serviceerror.NewDeadlineExceeded("query timed out before a worker could process it")
	case <-time.After(time.Until(b.free)):
	}

	payloads, err := converter.GetDefaultDataConverter().ToPayloads(job.Status{
		State: job.Running, Steps: []job.StepStatus{{Path: "1"}},
	})

	return &client.QueryWorkflowWithOptionsResponse{QueryResult: client.NewValue(payloads)}, err
}

// While steps run in local activities, a worker answers a query after two workflow tasks, of a second each.
func TestProgressWaitsForTheEndsOfWorkflowTasks(t *testing.T) {
	t.Parallel()

	for wait, isWhole := range map[time.Duration]bool{
		time.Millisecond: true, 1100 * time.Millisecond: true, 2200 * time.Millisecond: true, 3 * time.Second: true, time.Minute: false,
	} {
		synctest.Test(t, func(t *testing.T) {
			service := New(Options{
				Temporal: &busyWorker{free: time.Now().Add(wait)}, Log: slog.New(slog.DiscardHandler),
			})
			defer service.Close()

			current, running, err := service.progressOf(t.Context(), &workflowservice.DescribeWorkflowExecutionResponse{})
			require.NoError(t, err)
			require.True(t, running)
			require.Equal(t, isWhole, len(current.Steps) == 1, "after %s: %s", wait, current.Message)
			require.Equal(t, isWhole, current.Message == "")
		})
	}
}

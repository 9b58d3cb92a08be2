package e2e_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/sync/errgroup"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/workflows"
)

// TestAppsShareWorkers starts jobs of several apps while all slots of the only worker are in use, and examines in which order the
// worker begins them. The API server and the worker use one client, so that jobs may start eagerly.
func TestAppsShareWorkers(t *testing.T) {
	t.Parallel()

	const (
		many    = 2_000
		blocked = 2 // Slots of the worker, both in use.
	)

	s := &system{dir: t.TempDir()}
	for id, limits := range map[string]string{"busy": "{}", "small": "{}", "heavy": "{weight: 4}", "light": "{weight: 1}"} {
		writeApp(t, filepath.Join(s.dir, "apps", id), map[string]string{
			"app.yaml":             "limits: " + limits,
			"scenarios/Quick.yaml": "steps: [{opName: Return, opParams: {value: 1}}]",
		})
	}

	require.NoError(t, s.start())
	t.Cleanup(func() { require.NoError(t, s.stop()) })

	var (
		mutex   sync.Mutex
		begun   []string
		blocks  = make(chan struct{})
		blocker = make(chan struct{}, blocked)
		last    = make(chan struct{})
		total   = many + 3 + 2*20
	)

	jobs := worker.New(s.client, job.TaskQueue, worker.Options{
		MaxConcurrentWorkflowTaskExecutionSize: blocked, DeadlockDetectionTimeout: time.Minute,
	})
	jobs.RegisterWorkflowWithOptions(func(ctx workflow.Context, input job.Input, checkpoint *workflows.Checkpoint) (*job.Outcome, error) {
		jobID := workflow.GetInfo(ctx).WorkflowExecution.ID

		if strings.HasPrefix(jobID, "blocker") {
			blocker <- struct{}{}
			<-blocks
		} else {
			mutex.Lock()
			if begun = append(begun, jobID); len(begun) == total {
				close(last)
			}
			mutex.Unlock()
		}

		return workflows.RunScenario(ctx, input, checkpoint)
	}, workflow.RegisterOptions{Name: job.Workflow})
	require.NoError(t, jobs.Start())
	t.Cleanup(jobs.Stop)

	start := func(appID, jobID string, fields object) {
		got := caller{s.server.URL}.execute(t, with(runScenario(appID, "Quick", object{}),
			with(object{"jobId": jobID, "isAsync": true}, fields)))
		require.Equal(t, http.StatusOK, got.status, got.text)
	}

	for i := range blocked {
		start("busy", fmt.Sprintf("blocker %d", i), nil)
		<-blocker
	}

	var starting errgroup.Group

	starting.SetLimit(16) //nolint:mnd // Calls at the same time.

	for i := range many {
		starting.Go(func() error {
			start("busy", fmt.Sprintf("busy %d", i), nil)

			return nil
		})
	}

	require.NoError(t, starting.Wait())

	for i := range 20 {
		start("light", fmt.Sprintf("light %d", i), object{"priority": 4})
		start("heavy", fmt.Sprintf("heavy %d", i), object{"priority": 4})
	}

	start("small", "small 1", nil)
	start("small", "small 2", nil)
	start("busy", "urgent", object{"priority": 1})
	close(blocks)
	<-last

	rank := func(jobID string) int { return slices.Index(begun, jobID) }
	require.Less(t, rank("small 1"), 10, begun)
	require.Less(t, rank("small 2"), 20, begun)
	require.Less(t, rank("urgent"), 10, begun)
	require.Greater(t, rank("light 0"), rank(fmt.Sprintf("busy %d", many-100)), "a later priority comes last: %v", begun)

	// Of two apps that wait, one with four times the weight has about four times as many jobs begun.
	var shared []string
	for _, jobID := range begun {
		if strings.HasPrefix(jobID, "heavy") || strings.HasPrefix(jobID, "light") {
			shared = append(shared, jobID)
		}
	}

	heavy := 0

	for _, jobID := range shared[:20] {
		if strings.HasPrefix(jobID, "heavy") {
			heavy++
		}
	}

	require.GreaterOrEqual(t, heavy, 13, shared)
}

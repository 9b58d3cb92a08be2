package e2e_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"
)

// longApp has loops with more rounds than a history can hold.
var longApp = map[string]string{
	"app.yaml": "sources:\n  stage: {kind: SQLiteSource}\n",
	"scenarios/While.yaml": `
parameters: {rounds: {type: integer}}
steps:
  - {opName: SetVariable, opParams: {name: i, value: 0}}
  - opName: While
    opParams:
      condition: ${i < rounds}
      maxIterations: 1000000
      steps: [{opName: SetVariable, opParams: {name: i, value: "${i + 1}"}}]
  - {opName: Return, opParams: {value: "${i}"}}
`,
	"scenarios/ForEach.yaml": `
parameters: {rounds: {type: integer}}
steps:
  - name: each
    opName: ForEach
    opParams:
      source: stage
      query: WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < :rounds) SELECT i FROM s
      bind: {rounds: "${rounds}"}
      maxConcurrency: 20
      steps: [{opName: Transform, opParams: {source: stage, query: "SELECT :i AS i", bind: {i: "${item.i}"}, returnValue: true}}]
  - {opName: Return, opParams: {value: "${steps.each.iterations}"}}
`,
}

// BenchmarkLongLoops runs loops of a hundred thousand rounds. It reports the time of a round, the ratio of this time in the
// last fifth of the runs to the first, and the length of the longest history. The reference is a plain SDK workflow with the
// same number of activities and the same concurrency, which shows Temporal's own time. A shorter loop runs before each
// measurement, because a Temporal that has just started is faster: its caches are empty, and no timers of earlier activities
// fire. Run it with -benchtime 1x.
func BenchmarkLongLoops(b *testing.B) {
	loops := []struct {
		name string
		run  func(b *testing.B, rounds int) []*historypb.History
	}{
		{"ReferenceSDK", plainLoop},
		{"While", scenarioLoop("While")},
		{"ForEach", scenarioLoop("ForEach")},
	}

	for _, loop := range loops {
		b.Run(loop.name, func(b *testing.B) {
			const warming, rounds = 20_000, 100_000

			for range b.N {
				loop.run(b, warming)

				began := time.Now()
				histories := loop.run(b, rounds)
				took := time.Since(began)

				events, bytes := 0, 0
				for _, history := range histories {
					events, bytes = max(events, len(history.GetEvents())), max(bytes, proto.Size(history))
				}

				// The first run includes the set-up, and the last one is shorter.
				whole := histories[1 : len(histories)-1]
				part := max(1, len(whole)/5)

				b.ReportMetric(float64(took.Microseconds())/rounds, "µs/round")
				b.ReportMetric(timePerEvent(whole[len(whole)-part:])/timePerEvent(whole[:part]), "end/start")
				b.ReportMetric(float64(len(histories)), "runs")
				b.ReportMetric(float64(events), "longest-events")
				b.ReportMetric(float64(bytes), "longest-bytes")
			}
		})
	}
}

// scenarioLoop runs a scenario of longApp to its end. It returns the histories of its runs.
func scenarioLoop(scenario string) func(b *testing.B, rounds int) []*historypb.History {
	return func(b *testing.B, rounds int) []*historypb.History {
		b.Helper()

		appID, jobID := newApp(b, longApp), uuid.NewString()
		request := with(runScenario(appID, scenario, object{"rounds": rounds}), object{"jobId": jobID, "waitSeconds": 3600})

		got := api().execute(b, request)
		require.Equal(b, http.StatusOK, got.status, got.text)
		require.EqualValues(b, rounds, got.result(b)["value"])

		return shared.historiesOf(b, jobID)
	}
}

// timePerEvent returns the time of a run per event of its history, in seconds, as the median of the runs.
func timePerEvent(runs []*historypb.History) float64 {
	times := make([]float64, len(runs))

	for i, run := range runs {
		events := run.GetEvents()
		took := events[len(events)-1].GetEventTime().AsTime().Sub(events[0].GetEventTime().AsTime())
		times[i] = took.Seconds() / float64(len(events))
	}

	slices.Sort(times)

	return times[len(times)/2]
}

// plainLoop runs the reference.
func plainLoop(b *testing.B, rounds int) []*historypb.History {
	b.Helper()

	const concurrency = 20

	queue, jobID := "plain-"+uuid.NewString(), uuid.NewString()
	plain := worker.New(shared.client, queue, worker.Options{})

	plain.RegisterActivityWithOptions(func(ctx context.Context, round int) (int, error) {
		activity.RecordHeartbeat(ctx, round)

		return round, nil
	}, activity.RegisterOptions{Name: "plain"})
	plain.RegisterWorkflowWithOptions(func(ctx workflow.Context, next int) (int, error) {
		// The timeout of a step: Temporal keeps a timer for each timeout, even after the end of the activity.
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			StartToCloseTimeout: 24 * time.Hour, HeartbeatTimeout: 15 * time.Second,
		})
		group := workflow.NewWaitGroup(ctx)

		for range concurrency {
			group.Add(1)
			workflow.Go(ctx, func(ctx workflow.Context) {
				defer group.Done()

				for next < rounds && !workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
					next++
					if err := workflow.ExecuteActivity(ctx, "plain", next).Get(ctx, nil); err != nil {
						return
					}
				}
			})
		}

		group.Wait(ctx)

		if next < rounds {
			return 0, workflow.NewContinueAsNewError(ctx, "plain", next)
		}

		return next, nil
	}, workflow.RegisterOptions{Name: "plain"})
	require.NoError(b, plain.Start())
	b.Cleanup(plain.Stop)

	run, err := shared.client.ExecuteWorkflow(b.Context(), client.StartWorkflowOptions{ID: jobID, TaskQueue: queue}, "plain", 0)
	require.NoError(b, err)
	require.NoError(b, run.Get(b.Context(), nil))

	return shared.historiesOf(b, jobID)
}

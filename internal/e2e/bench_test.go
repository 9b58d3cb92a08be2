package e2e_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/proto"
)

// longApp has loops that are much longer than a history.
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

// BenchmarkLongLoops runs loops of a hundred thousand rounds, and tells the time of a round, how much longer one takes in
// the last fifth of the runs than in the first, and how long the longest history became. Run it with -benchtime 1x.
func BenchmarkLongLoops(b *testing.B) {
	for _, scenario := range []string{"While", "ForEach"} {
		b.Run(scenario, func(b *testing.B) {
			const rounds = 100_000

			for range b.N {
				began := time.Now()
				histories := longLoop(b, scenario, rounds)
				took := time.Since(began)

				events, bytes := 0, 0
				for _, history := range histories {
					events, bytes = max(events, len(history.GetEvents())), max(bytes, proto.Size(history))
				}

				// Neither the first run, which also sets up, nor the last one, which is shorter, is like the others.
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

// longLoop runs a loop to its end, and returns the histories of its runs.
func longLoop(b *testing.B, scenario string, rounds int) []*historypb.History {
	b.Helper()

	appID, jobID := newApp(b, longApp), uuid.NewString()
	request := with(runScenario(appID, scenario, object{"rounds": rounds}), object{"jobId": jobID, "waitSeconds": 3600})

	got := api().execute(b, request)
	require.Equal(b, http.StatusOK, got.status, got.text)
	require.InEpsilon(b, rounds, got.result(b)["value"], 0)

	return shared.historiesOf(b, jobID)
}

// timePerEvent is the time that runs took for each event of their histories, in seconds; the median of the runs.
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

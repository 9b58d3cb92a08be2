package e2e_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"
)

// TestLightStepsShareAWorkflowTask verifies what makes small jobs fast: the job has one workflow task and no regular activity. Each
// step is in the history under its title.
func TestLightStepsShareAWorkflowTask(t *testing.T) {
	t.Parallel()

	appID := newApp(t, map[string]string{
		"app.yaml": "sources:\n  stage: {kind: SQLiteSource}\n",
		"scenarios/Main.yaml": `
steps:
  - {title: Ask once, name: one, opName: Transform, opParams: {source: stage, query: SELECT 1 AS n, returnValue: true}}
  - {title: Ask twice, name: two, opName: Transform, opParams: {source: stage, query: "SELECT :n + 1 AS n", bind: {n: "${steps.one.value[0].n}"}, returnValue: true}}
  - {title: Look up, opName: SetVariable, opParams: {name: three, value: "$[stage]{SELECT 3}"}}
  - {opName: Return, opParams: {value: "${steps.two.value[0].n + three}"}}
`,
	})
	jobID := uuid.NewString()

	got := api().execute(t, with(runScenario(appID, "Main", object{}), object{"jobId": jobID}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.Contains(t, got.text, `"value":5`)

	var (
		titles []string
		tasks  int
	)

	for _, event := range historyOf(t, jobID).GetEvents() {
		switch event.GetEventType() {
		case enumspb.EVENT_TYPE_MARKER_RECORDED:
			var title string

			require.NoError(t, converter.GetDefaultDataConverter().FromPayload(event.GetUserMetadata().GetSummary(), &title))

			titles = append(titles, title)
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
			tasks++
		default:
			require.NotEqual(t, enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, event.GetEventType())
		}
	}

	require.Equal(t, []string{"Ask once", "Ask twice", "Look up"}, titles)
	require.Equal(t, 1, tasks)
}

// TestStepThatIsNotShortContinuesAsARegularActivity writes more records than a local activity may.
func TestStepThatIsNotShortContinuesAsARegularActivity(t *testing.T) {
	t.Parallel()

	appID := newApp(t, map[string]string{
		"app.yaml": "sources:\n  stage: {kind: SQLiteSource}\n",
		"scenarios/Main.yaml": `
steps:
  - opName: Transform
    opParams:
      source: stage
      query: WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 500000) SELECT n FROM s
      targetTable: numbers
  - {name: count, opName: Transform, opParams: {source: stage, query: SELECT count(*) AS n FROM numbers, returnValue: true}}
  - {opName: Return, opParams: {value: "${steps.count.value[0].n}"}}
`,
	})
	jobID := uuid.NewString()

	got := api().execute(t, with(runScenario(appID, "Main", object{}), object{"jobId": jobID}))
	require.Equal(t, http.StatusOK, got.status, got.text)
	require.Contains(t, got.text, `"value":500000`)

	scheduled := 0

	for _, event := range historyOf(t, jobID).GetEvents() {
		if event.GetEventType() == enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED {
			scheduled++

			require.Equal(t, "1", event.GetActivityTaskScheduledEventAttributes().GetActivityId())
		}
	}

	require.Equal(t, 1, scheduled)
}

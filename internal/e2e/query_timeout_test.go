package e2e_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestQueryWithoutAnEndTimesOut(t *testing.T) {
	t.Parallel()

	const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS c FROM n"

	appID := newApp(t, map[string]string{
		"app.yaml":             "sources: {stage: {kind: SQLiteSource}}\nlimits: {queryTimeout: 1s}",
		"scenarios/Child.yaml": "steps: [{opName: Return, opParams: {value: \"$[stage]{" + endless + "}\"}}]",
	})

	for name, operation := range map[string]object{
		"a query":         {"opName": "Transform", "opParams": object{"source": "stage", "query": endless, "returnResult": true}},
		"a look-up":       {"opName": "Return", "opParams": object{"value": "$[stage]{" + endless + "}"}},
		"records":         {"opName": "ForEach", "opParams": object{"source": "stage", "query": endless, "as": "r", "steps": []any{object{"opName": "Wait", "opParams": object{"duration": "1s"}}}}},
		"a child's query": {"opName": "Parallel", "opParams": object{"branches": object{"a": []any{object{"opName": "RunScenario", "opParams": object{"scenario": "Child"}}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got := api().execute(t, object{
				"apiKey": devKey, "appId": appID, "jobId": uuid.NewString(), "isAsync": false, "operation": operation,
			})
			require.Equal(t, http.StatusUnprocessableEntity, got.status, got.text)
			require.Contains(t, got.text, `"code":"step_timed_out"`)
			require.Contains(t, got.text, "the query did not end within 1s, the queryTimeout of the app")
		})
	}
}

package job_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/job"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// parseOperation returns an operation that is written in JSON.
func parseOperation(t *testing.T, operation string) jsonvalue.Object {
	t.Helper()

	var params jsonvalue.Object
	require.NoError(t, json.Unmarshal([]byte(operation), &params))

	return params
}

// fieldDigests returns the digests of an operation that is written in JSON.
func fieldDigests(t *testing.T, appID, operation string) map[string]string {
	t.Helper()

	digests, err := job.FieldDigests(appID, parseOperation(t, operation))
	require.NoError(t, err)

	return digests
}

func TestDifferingFieldsNamesFieldsByPath(t *testing.T) {
	t.Parallel()

	const earlier = `{"opName": "RunScenario", "opParams": {"scenario": "Main", "parameters": {"country": "DE", "n": 1, "list": [1, 2]}}}`

	for name, test := range map[string]struct {
		appID, later string
		want         []string
	}{
		"equal":         {"7", earlier, nil},
		"order":         {"7", `{"opParams":{"parameters":{"list":[1,2],"n":1,"country":"DE"},"scenario":"Main"},"opName":"RunScenario"}`, nil},
		"a parameter":   {"7", strings.ReplaceAll(earlier, "DE", "US"), []string{"operation.opParams.parameters.country"}},
		"a type":        {"7", strings.ReplaceAll(earlier, `"n": 1`, `"n": 1.0`), []string{"operation.opParams.parameters.n"}},
		"a list":        {"7", strings.ReplaceAll(earlier, "[1, 2]", "[2, 1]"), []string{"operation.opParams.parameters.list"}},
		"missing":       {"7", strings.ReplaceAll(earlier, `"n": 1, `, ""), []string{"operation.opParams.parameters.n"}},
		"null":          {"7", strings.ReplaceAll(earlier, `"n": 1`, `"n": null`), []string{"operation.opParams.parameters.n"}},
		"no parameters": {"7", `{"opName": "RunScenario", "opParams": {"scenario": "Main", "parameters": {}}}`, []string{"operation.opParams.parameters"}},
		"several fields": {"7", `{"opName": "RunScenario", "title": "Load", "opParams": {"scenario": "Other"}}`, []string{
			"operation.opParams.parameters.country", "operation.opParams.parameters.list", "operation.opParams.parameters.n",
			"operation.opParams.scenario", "operation.title",
		}},
		"another app": {"8", strings.ReplaceAll(earlier, "DE", "US"), []string{"appId"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			before, after := fieldDigests(t, "7", earlier), fieldDigests(t, test.appID, test.later)
			require.Equal(t, test.want, job.DifferingFields(before, after))
			require.Equal(t, test.want, job.DifferingFields(after, before))
		})
	}
}

func TestDifferingFieldsWithoutDigestsIsEmpty(t *testing.T) {
	t.Parallel()

	require.Empty(t, job.DifferingFields(nil, fieldDigests(t, "7", `{"opName": "Transform"}`)))
}

func TestFieldDigestsRepeatNoValueAndStayBounded(t *testing.T) {
	t.Parallel()

	require.Equal(t, map[string]string{
		"appId": "266aa588", "operation.opName": "f425799b", "operation.opParams.bind.a": "592c1744",
	}, fieldDigests(t, "7", `{"opName": "Transform", "opParams": {"bind": {"a": {"b": "secret"}}}}`))

	bind := jsonvalue.Object{}
	for i := range 51 {
		bind[fmt.Sprint(i)] = i
	}

	for _, large := range []jsonvalue.Object{bind, {strings.Repeat("n", 65): "1"}} {
		digests, err := job.FieldDigests("7", jsonvalue.Object{"opParams": map[string]any{"bind": large, "query": "SELECT 1"}})
		require.NoError(t, err)
		require.Len(t, digests, 3)
		require.Contains(t, digests, "operation.opParams.bind")
	}
}

package scenario_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

func TestDurationTextForm(t *testing.T) {
	t.Parallel()

	encoded, err := json.Marshal(scenario.Step{OpName: "Transform", Timeout: scenario.Duration(90 * time.Minute)})
	require.NoError(t, err)
	require.JSONEq(t, `{"opName": "Transform", "timeout": "1h30m0s"}`, string(encoded))

	var step scenario.Step

	require.NoError(t, json.Unmarshal([]byte(`{"timeout": "90s", "retry": {"initialInterval": "1m"}}`), &step))
	require.Equal(t, scenario.Duration(90*time.Second), step.Timeout)
	require.Equal(t, scenario.Duration(time.Minute), step.Retry.InitialInterval)

	require.ErrorContains(t, json.Unmarshal([]byte(`{"timeout": "soon"}`), &step), `invalid duration "soon"`)
}

func TestDecodeConvertsParametersToStruct(t *testing.T) {
	t.Parallel()

	decoded, err := scenario.Decode[scenario.LoadTableFromSource](jsonvalue.Object{
		"source": "files", "table": "a.csv", "targetSource": "stage", "targetTable": "a",
		"columnTypes": map[string]any{"id": "integer"},
	})
	require.NoError(t, err)
	require.Equal(t, scenario.LoadTableFromSource{
		Source: "files", Table: "a.csv", TargetSource: "stage", TargetTable: "a",
		ColumnTypes: map[string]source.Standard{"id": {Type: source.Integer}},
	}, decoded)

	transform, err := scenario.Decode[scenario.Transform](jsonvalue.Object{
		"bind": map[string]any{"id": int64(9007199254740993)},
	})
	require.NoError(t, err)
	require.Equal(t, jsonvalue.Object{"id": int64(9007199254740993)}, transform.Bind)

	_, err = scenario.Decode[scenario.Transform](jsonvalue.Object{"query": int64(5)})
	require.Error(t, err)
}

func TestDisplayTitle(t *testing.T) {
	t.Parallel()

	require.Equal(t, "Load", scenario.Step{Title: "Load", OpName: "Transform"}.DisplayTitle())
	require.Equal(t, "Transform", scenario.Step{OpName: "Transform"}.DisplayTitle())
}

package scenario_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

func TestParameterSurvivesJSONWithDefault(t *testing.T) {
	t.Parallel()

	for _, parameter := range []scenario.Parameter{
		{Name: "required", Type: source.Text, Required: true, Description: "What it means."},
		{Name: "text", Type: source.Text, Default: ""},
		{Name: "integer", Type: source.Integer, Default: int64(9007199254740993)},
		{Name: "whole_float", Type: source.Float, Default: 5.0},
		{Name: "float", Type: source.Float, Default: -0.1},
		{Name: "boolean", Type: source.Boolean, Default: false},
		{Name: "date", Type: source.Date, Default: "2024-01-02"},
		{Name: "timestamp", Type: source.Timestamp, Default: "2024-01-02T03:04:05Z"},
		{Name: "binary", Type: source.Binary, Default: "AAEC"},
	} {
		t.Run(parameter.Name, func(t *testing.T) {
			t.Parallel()

			encoded, err := json.Marshal(parameter)
			require.NoError(t, err)

			var decoded scenario.Parameter

			require.NoError(t, json.Unmarshal(encoded, &decoded))
			require.Equal(t, parameter, decoded)
		})
	}
}

func TestParameterWithoutDefaultOmitsIt(t *testing.T) {
	t.Parallel()

	encoded, err := json.Marshal(scenario.Parameter{Name: "x", Type: source.Text, Required: true})
	require.NoError(t, err)
	require.JSONEq(t, `{"name": "x", "type": "text", "required": true}`, string(encoded))
}

func TestParameterRejectsInvalidDefault(t *testing.T) {
	t.Parallel()

	var parameter scenario.Parameter

	err := json.Unmarshal([]byte(`{"name": "x", "type": "integer", "default": 99999999999999999999}`), &parameter)
	require.ErrorContains(t, err, "does not fit into 64 bits")
	require.Error(t, json.Unmarshal([]byte(`{"name": 5}`), &parameter))
}

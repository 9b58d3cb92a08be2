package scenario_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

func TestDecodeJSONKeepsEveryValueAsItWasWritten(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]any{
		"null":                             nil,
		"true":                             true,
		"0":                                int64(0),
		"-0":                               int64(0),
		"9007199254740993":                 int64(9007199254740993),
		"9223372036854775807":              int64(math.MaxInt64),
		"-9223372036854775808":             int64(math.MinInt64),
		"5.0":                              5.0,
		"1e3":                              1000.0,
		"1E-2":                             0.01,
		`"2024-01-02"`:                     "2024-01-02",
		`"5"`:                              "5",
		" [1, [2.5, null]] \n":             []any{int64(1), []any{2.5, nil}},
		`{"a": {"b": [9007199254740993]}}`: map[string]any{"a": map[string]any{"b": []any{int64(9007199254740993)}}},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()

			value, err := scenario.DecodeJSON([]byte(text))
			require.NoError(t, err)
			require.Equal(t, want, value)
		})
	}
}

func TestDecodeJSONRefusesWhatItCannotHold(t *testing.T) {
	t.Parallel()

	for text, message := range map[string]string{
		"9223372036854775808":             "the number 9223372036854775808 does not fit into 64 bits",
		"[{\"a\": -9223372036854775809}]": "the number -9223372036854775809 does not fit into 64 bits",
		"1e400":                           "the number 1e400 is out of range",
		"1 2":                             "there is more after the JSON value's end",
		"{} x":                            "there is more after the JSON value's end",
		"":                                "EOF",
		"{":                               "unexpected EOF",
		"NaN":                             "invalid character",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()

			_, err := scenario.DecodeJSON([]byte(text))
			require.ErrorContains(t, err, message)
		})
	}
}

func TestParamsSurviveJSON(t *testing.T) {
	t.Parallel()

	params := scenario.Params{
		"integer": int64(9007199254740993), "float": 1.5, "text": "2024-01-02", "boolean": false, "nothing": nil,
		"list": []any{int64(math.MinInt64), "a", []any{}}, "object": map[string]any{"deep": []any{true, int64(1)}},
	}

	encoded, err := json.Marshal(params)
	require.NoError(t, err)

	var decoded scenario.Params

	require.NoError(t, json.Unmarshal(encoded, &decoded))
	require.Equal(t, params, decoded)
}

func TestParamsAreAnObject(t *testing.T) {
	t.Parallel()

	params := scenario.Params{"old": true}
	require.NoError(t, json.Unmarshal([]byte("null"), &params))
	require.Nil(t, params)

	require.EqualError(t, json.Unmarshal([]byte("[1]"), &params), "want a JSON object, have a list")
	require.EqualError(t, json.Unmarshal([]byte("5"), &params), "want a JSON object, have the integer 5")
	require.ErrorContains(t, json.Unmarshal([]byte(`{"a": 99999999999999999999}`), &params), "does not fit into 64 bits")
}

func TestAParameterSurvivesJSONWithItsDefault(t *testing.T) {
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

func TestAParameterWithoutDefaultIsWrittenWithoutOne(t *testing.T) {
	t.Parallel()

	encoded, err := json.Marshal(scenario.Parameter{Name: "x", Type: source.Text, Required: true})
	require.NoError(t, err)
	require.JSONEq(t, `{"name": "x", "type": "text", "required": true}`, string(encoded))
}

func TestAParameterWithABrokenDefaultIsNotDecoded(t *testing.T) {
	t.Parallel()

	var parameter scenario.Parameter

	err := json.Unmarshal([]byte(`{"name": "x", "type": "integer", "default": 99999999999999999999}`), &parameter)
	require.ErrorContains(t, err, "does not fit into 64 bits")
	require.Error(t, json.Unmarshal([]byte(`{"name": 5}`), &parameter))
}

func TestADurationIsWrittenAsGoWritesOne(t *testing.T) {
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

func TestDecodeReadsParametersAsTheirStruct(t *testing.T) {
	t.Parallel()

	decoded, err := scenario.Decode[scenario.LoadTableFromSource](scenario.Params{
		"source": "files", "table": "a.csv", "targetSource": "stage", "targetTable": "a",
		"columnTypes": map[string]any{"id": "integer"},
	})
	require.NoError(t, err)
	require.Equal(t, scenario.LoadTableFromSource{
		Source: "files", Table: "a.csv", TargetSource: "stage", TargetTable: "a",
		ColumnTypes: map[string]source.Standard{"id": {Type: source.Integer}},
	}, decoded)

	transform, err := scenario.Decode[scenario.Transform](scenario.Params{
		"bind": map[string]any{"id": int64(9007199254740993)},
	})
	require.NoError(t, err)
	require.Equal(t, scenario.Params{"id": int64(9007199254740993)}, transform.Bind)

	_, err = scenario.Decode[scenario.Transform](scenario.Params{"query": int64(5)})
	require.Error(t, err)
}

func TestAStepIsCalledByItsTitleOrItsOperation(t *testing.T) {
	t.Parallel()

	require.Equal(t, "Load", scenario.Step{Title: "Load", OpName: "Transform"}.DisplayTitle())
	require.Equal(t, "Transform", scenario.Step{OpName: "Transform"}.DisplayTitle())
}

func FuzzDecodeJSON(f *testing.F) {
	for _, text := range []string{
		"null", "-0", "9007199254740993", "9223372036854775808", "1e400", "5.0", `{"a": [1, {"b": 2.5}], "a": "\ud800"}`,
		"1 2", "{} }", "[1,]", "\"\xff\"", " \n", "[[[[", "01", "+1", "1.", ".5",
	} {
		f.Add([]byte(text))
	}

	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := scenario.DecodeJSON(data)
		if !json.Valid(data) {
			require.Error(t, err)

			return
		}

		if err != nil { // Valid, but it holds a number that the language does not have.
			require.True(t, strings.Contains(err.Error(), "64 bits") || strings.Contains(err.Error(), "out of range"), err)

			return
		}

		// What was read is written so that it is read as the same.
		encoded, err := json.Marshal(scenario.Value{Any: value})
		require.NoError(t, err)

		var again scenario.Value

		require.NoError(t, json.Unmarshal(encoded, &again))
		require.Equal(t, value, again.Any)

		var standard any

		require.NoError(t, json.Unmarshal(data, &standard))
		require.Equal(t, standard, withFloats(value))
	})
}

// withFloats turns every integer in value into the float that the standard decoding makes of it.
func withFloats(value any) any {
	switch v := value.(type) {
	case int64:
		return float64(v)
	case []any:
		for i := range v {
			v[i] = withFloats(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = withFloats(v[name])
		}
	}

	return value
}

func TestAFloatStaysAFloatHoweverItLooks(t *testing.T) {
	t.Parallel()

	for _, value := range []float64{5, 0.5, 1e20, -1e20, 1e21, 1e-9, math.MaxFloat64, 0} {
		decoded, err := scenario.Decode[scenario.Transform](scenario.Params{"bind": map[string]any{"x": []any{value}}})
		require.NoError(t, err)
		require.Equal(t, scenario.Params{"x": []any{value}}, decoded.Bind)

		encoded, err := json.Marshal(scenario.Parameter{Name: "x", Type: source.Float, Default: value})
		require.NoError(t, err)

		var parameter scenario.Parameter

		require.NoError(t, json.Unmarshal(encoded, &parameter))
		require.Equal(t, value, parameter.Default) //nolint:testifylint // Exactly this, and of this type.
	}
}

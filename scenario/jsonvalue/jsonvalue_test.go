package jsonvalue_test

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/source"
)

func TestDecodeKeepsValuesExact(t *testing.T) {
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

			value, err := jsonvalue.Decode([]byte(text))
			require.NoError(t, err)
			require.Equal(t, want, value)
		})
	}
}

func TestDecodeRejectsUnrepresentableValues(t *testing.T) {
	t.Parallel()

	for text, message := range map[string]string{
		"9223372036854775808":             "the number 9223372036854775808 does not fit into 64 bits",
		"[{\"a\": -9223372036854775809}]": "the number -9223372036854775809 does not fit into 64 bits",
		"1e400":                           "the number 1e400 is out of range",
		"1 2":                             "unexpected data after the JSON value",
		"{} x":                            "unexpected data after the JSON value",
		"":                                "EOF",
		"{":                               "unexpected EOF",
		"NaN":                             "invalid character",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()

			_, err := jsonvalue.Decode([]byte(text))
			require.ErrorContains(t, err, message)
		})
	}
}

func TestObjectSurvivesJSON(t *testing.T) {
	t.Parallel()

	params := jsonvalue.Object{
		"integer": int64(9007199254740993), "float": 1.5, "text": "2024-01-02", "boolean": false, "nothing": nil,
		"list": []any{int64(math.MinInt64), "a", []any{}}, "object": map[string]any{"deep": []any{true, int64(1)}},
	}

	encoded, err := json.Marshal(params)
	require.NoError(t, err)

	var decoded jsonvalue.Object

	require.NoError(t, json.Unmarshal(encoded, &decoded))
	require.Equal(t, params, decoded)
}

func TestObjectRejectsOtherJSON(t *testing.T) {
	t.Parallel()

	params := jsonvalue.Object{"old": true}
	require.NoError(t, json.Unmarshal([]byte("null"), &params))
	require.Nil(t, params)

	require.EqualError(t, json.Unmarshal([]byte("[1]"), &params), "must be a JSON object, but is a list")
	require.EqualError(t, json.Unmarshal([]byte("5"), &params), "must be a JSON object, but is the integer 5")
	require.ErrorContains(t, json.Unmarshal([]byte(`{"a": 99999999999999999999}`), &params), "does not fit into 64 bits")
}

func FuzzDecode(f *testing.F) {
	for _, text := range []string{
		"null", "-0", "9007199254740993", "9223372036854775808", "1e400", "5.0", `{"a": [1, {"b": 2.5}], "a": "\ud800"}`,
		"1 2", "{} }", "[1,]", "\"\xff\"", " \n", "[[[[", "01", "+1", "1.", ".5", "0E0", "-1.50E0", "1e0",
	} {
		f.Add([]byte(text))
	}

	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := jsonvalue.Decode(data)
		if !json.Valid(data) {
			require.Error(t, err)

			return
		}

		if err != nil { // Valid, but it holds a number that the language does not have.
			require.True(t, strings.Contains(err.Error(), "64 bits") || strings.Contains(err.Error(), "out of range"), err)

			return
		}

		// What was read is written so that it is read as the same.
		encoded, err := json.Marshal(jsonvalue.Value{Any: value})
		require.NoError(t, err)

		var again jsonvalue.Value

		require.NoError(t, json.Unmarshal(encoded, &again))
		require.Equal(t, value, again.Any)

		var standard any

		require.NoError(t, json.Unmarshal(data, &standard))
		require.Equal(t, standard, withFloats(value))
	})
}

// withFloats turns every integer and decimal in value into the float that the standard decoding makes of it.
func withFloats(value any) any {
	switch v := value.(type) {
	case int64:
		return float64(v)
	case jsonvalue.Decimal:
		float, _ := strconv.ParseFloat(v.String(), 64)

		return float
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

func TestFloatSurvivesJSONAsFloat(t *testing.T) {
	t.Parallel()

	for _, value := range []float64{5, 0.5, 1e20, -1e20, 1e21, 1e-9, math.MaxFloat64, 0} {
		decoded, err := scenario.Decode[scenario.Transform](jsonvalue.Object{"bind": map[string]any{"x": []any{value}}})
		require.NoError(t, err)
		require.Equal(t, jsonvalue.Object{"x": []any{value}}, decoded.Bind)

		encoded, err := json.Marshal(scenario.Parameter{Name: "x", Type: source.Float, Default: value})
		require.NoError(t, err)

		var parameter scenario.Parameter

		require.NoError(t, json.Unmarshal(encoded, &parameter))
		require.Equal(t, value, parameter.Default) //nolint:testifylint // Exactly this, and of this type.
	}
}

func TestSizeOfEstimatesJSONSize(t *testing.T) {
	t.Parallel()

	require.Equal(t, 8, jsonvalue.SizeOf(nil))
	require.Equal(t, 8+5, jsonvalue.SizeOf("hello"))
	require.Equal(t, 8+2*8+1, jsonvalue.SizeOf([]any{int64(1), "x"}))
	require.Equal(t, 8+3+8+1, jsonvalue.SizeOf(map[string]any{"key": "x"}))

	scope := scenario.NewScope(scenario.JobScope{}, nil, nil).Inner(jsonvalue.Object{"a": "x"}, jsonvalue.Object{})
	scope.AddStep("s", jsonvalue.Object{"value": "xyz"})
	require.Equal(t, (8+1+8+1)+(8+1+8+5+8+3), scope.Size())
}

func TestCopyEqualsTheValueItsJSONRestores(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		value := values(3).Draw(t, "value")

		copied, ok := jsonvalue.Copy(value)

		encoded, err := json.Marshal(jsonvalue.Value{Any: value})
		if !ok {
			return
		}

		require.NoError(t, err)

		decoded, err := jsonvalue.Decode(encoded)
		require.NoError(t, err)
		require.Equal(t, decoded, copied)
	})
}

func TestCopySharesNothing(t *testing.T) {
	t.Parallel()

	value := map[string]any{"list": []any{int64(1), map[string]any{"a": "b"}}}

	copied, ok := jsonvalue.Copy(jsonvalue.Object(value))
	require.True(t, ok)
	require.Equal(t, value, copied)

	list := copied.(map[string]any)["list"].([]any)
	list[0] = nil
	list[1].(map[string]any)["a"] = nil

	require.Equal(t, map[string]any{"list": []any{int64(1), map[string]any{"a": "b"}}}, value)
}

func TestCopyRefusesWhatJSONChanges(t *testing.T) {
	t.Parallel()

	for _, value := range []any{
		math.NaN(), math.Inf(-1), "a\xff", 7,
		[]any{"\xff"},
		[]any(nil),
		map[string]any{"\xff": nil},
		map[string]any(nil),
		json.Number("1"),
		map[string]any{"a": []any{map[string]any{"b": int32(1)}}},
	} {
		_, ok := jsonvalue.Copy(value)
		require.False(t, ok, "%#v", value)
	}
}

// values returns values of the language, and some that JSON changes.
func values(depth int) *rapid.Generator[any] {
	scalars := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.Float64().AsAny(), rapid.String().AsAny(),
		rapid.SampledFrom([]any{math.NaN(), math.Copysign(0, -1), "\xff", "<&\u2028", 1e300}),
	}
	if depth == 0 {
		return rapid.OneOf(scalars...)
	}

	return rapid.OneOf(append(scalars,
		rapid.SliceOfN(values(depth-1), 0, 4).AsAny(), rapid.MapOfN(rapid.String(), values(depth-1), 0, 4).AsAny())...)
}

func TestReadableKeepsTheValue(t *testing.T) {
	t.Parallel()

	value := map[string]any{"html": `<b> & \u003c \\u003e`}

	encoded, err := json.Marshal(value)
	require.NoError(t, err)

	text := jsonvalue.Readable(encoded)
	require.Contains(t, text, `"<b> & \\u003c \\\\u003e"`)
	require.JSONEq(t, string(encoded), text)
}

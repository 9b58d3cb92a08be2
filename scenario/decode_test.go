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

// decodable are parameters with a field of each type that operations have.
func decodable() map[string]jsonvalue.Object {
	return map[string]jsonvalue.Object{
		"LoadTableFromSource": {
			"source": "files", "table": "a.csv", "format": map[string]any{"type": "csv", "header": false}, "targetSource": "stage",
			"targetTable": "a", "columnTypes": map[string]any{"id": "integer", "price": "decimal(10, 2)"}, "inferTypes": false,
			"columns": []any{"id", "price"}, "rename": map[string]any{"id": "key"}, "columnNames": "standardize", "dropTarget": false,
			"upsert": []any{}, "rejectTable": nil,
		},
		"Transform": {"source": "stage", "query": "SELECT 1", "bind": map[string]any{"n": int64(1)<<53 + 1, "f": 1.0}, "limit": int64(3)},
		"Insert": {
			"source": "stage", "table": "a", "records": []any{map[string]any{"n": int64(1)<<53 + 1}, map[string]any{"f": 2.0, "l": []any{nil}}},
		},
		"HTTPRequest": {
			"source": "api", "json": []any{1.0, int64(1)<<53 + 1, nil}, "headers": map[string]any{"a": "b"}, "statuses": []any{int64(200)},
		},
		"While":         {"condition": "${n < 3}", "maxIterations": int64(7)},
		"If":            {"condition": true},
		"Switch":        {"value": 1.0, "cases": []any{map[string]any{"when": []any{int64(1), "${n}"}}, map[string]any{"when": nil}}},
		"TryCatch":      {"ignore": []any{map[string]any{"messageContains": "gone"}, map[string]any{"condition": "${error.code == 'a'}"}}},
		"ForEach":       {"in": []any{int64(1)<<53 + 1, 1.0, nil}, "maxConcurrency": int64(2), "continueOnError": true},
		"RunScenario":   {"scenario": "Sub", "parameters": map[string]any{"n": 2.0}, "inline": true, "addResults": false},
		"WaitForSignal": {"name": "go", "timeout": "1h30m", "from": []any{"boss"}},
		"Return":        {"value": nil},
	}
}

func TestOperationDecodeEqualsDecodingItsJSON(t *testing.T) {
	t.Parallel()

	for name, params := range decodable() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			operation, ok := scenario.OperationNamed(name)
			require.True(t, ok)

			decoded, err := operation.Decode(params)
			require.NoError(t, err)

			switch decoded := decoded.(type) {
			case scenario.LoadTableFromSource:
				requireDecoded(t, params, decoded)
			case scenario.Transform:
				requireDecoded(t, params, decoded)
			case scenario.Insert:
				requireDecoded(t, params, decoded)
			case scenario.HTTPRequest:
				requireDecoded(t, params, decoded)
			case scenario.While:
				requireDecoded(t, params, decoded)
			case scenario.If:
				requireDecoded(t, params, decoded)
			case scenario.Switch:
				requireDecoded(t, params, decoded)
			case scenario.TryCatch:
				requireDecoded(t, params, decoded)
			case scenario.ForEach:
				requireDecoded(t, params, decoded)
			case scenario.RunScenario:
				requireDecoded(t, params, decoded)
			case scenario.WaitForSignal:
				requireDecoded(t, params, decoded)
			case scenario.Return:
				requireDecoded(t, params, decoded)
			default:
				t.Fatalf("unexpected %T", decoded)
			}
		})
	}
}

// requireDecoded requires that decoded equals what the JSON of params gives, and that it survives JSON itself.
func requireDecoded[T any](t *testing.T, params jsonvalue.Object, decoded T) {
	t.Helper()

	var want T

	given, err := json.Marshal(params)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(given, &want))
	require.Equal(t, want, decoded)

	encoded, err := json.Marshal(decoded)
	require.NoError(t, err)

	var again T

	require.NoError(t, json.Unmarshal(encoded, &again))

	once, err := json.Marshal(again)
	require.NoError(t, err)
	require.Equal(t, string(encoded), string(once))
}

func TestDecodeDistinguishesUnsetFromZero(t *testing.T) {
	t.Parallel()

	unset, err := scenario.Decode[scenario.RunScenario](jsonvalue.Object{"scenario": "Sub"})
	require.NoError(t, err)
	require.Nil(t, unset.AddResults)

	zero, err := scenario.Decode[scenario.RunScenario](jsonvalue.Object{"scenario": "Sub", "addResults": false})
	require.NoError(t, err)
	require.NotNil(t, zero.AddResults)
	require.False(t, *zero.AddResults)

	empty, err := scenario.Decode[scenario.ForEach](jsonvalue.Object{"in": []any{}})
	require.NoError(t, err)
	require.NotNil(t, empty.In)
	require.Empty(t, empty.In)
}

func TestDecodeKeepsLazyExpressions(t *testing.T) {
	t.Parallel()

	rules, err := scenario.Decode[scenario.TryCatch](jsonvalue.Object{
		"ignore": []any{map[string]any{"messageContains": "${word}"}, map[string]any{"condition": true}},
	})
	require.NoError(t, err)
	require.Equal(t, scenario.IgnoreRules{{MessageContains: "${word}"}, {Condition: scenario.Condition{Any: true}}}, rules.Ignore)
}

func TestDecodeLiteralIgnoresFieldsThatMayBeExpressions(t *testing.T) {
	t.Parallel()

	params := jsonvalue.Object{
		"in": "${list}", "maxConcurrency": "${n}", "as": "entry", "index": "i",
	}

	loop, err := scenario.DecodeLiteral[scenario.ForEach](params)
	require.NoError(t, err)
	require.Equal(t, scenario.ForEach{As: "entry", Index: "i"}, loop)

	_, err = scenario.Decode[scenario.ForEach](params)
	require.EqualError(t, err, `in: must be a list, but is the text "${list}"`)
}

func TestDecodeReportsFieldOfAnotherType(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		params  jsonvalue.Object
		message string
	}{
		{jsonvalue.Object{"query": int64(5)}, "query: must be text, but is the integer 5"},
		{jsonvalue.Object{"limit": 1.5}, "limit: must be an integer, but is the number 1.5"},
		{jsonvalue.Object{"limit": "1"}, `limit: must be an integer, but is the text "1"`},
		{jsonvalue.Object{"bind": []any{}}, "bind: must be an object, but is a list"},
		{jsonvalue.Object{"upsert": []any{"a", true}}, "upsert: [1]: must be text, but is the boolean true"},
		{jsonvalue.Object{"dropTarget": "no"}, `dropTarget: must be true or false, but is the text "no"`},
	} {
		_, err := scenario.Decode[scenario.Transform](test.params)
		require.EqualError(t, err, test.message)
	}

	_, err := scenario.Decode[scenario.Wait](jsonvalue.Object{"duration": "soon"})
	require.ErrorContains(t, err, "duration: time: invalid duration")

	types, err := scenario.Decode[scenario.LoadTableFromSource](jsonvalue.Object{"columnTypes": map[string]any{"n": "decimal(5,2)"}})
	require.NoError(t, err)
	require.Equal(t, map[string]source.Standard{"n": {Type: source.Decimal, Precision: 5, Scale: 2}}, types.ColumnTypes)

	wait, err := scenario.Decode[scenario.Wait](jsonvalue.Object{"duration": "90s"})
	require.NoError(t, err)
	require.Equal(t, 90*time.Second, time.Duration(wait.Duration))
}

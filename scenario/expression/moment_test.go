package expression_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/expression"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source"
)

// noon is a moment in the middle of a leap day.
func noon(seed string) expression.Moment {
	return expression.Moment{Now: time.Date(2024, 2, 29, 13, 0, 0, 123_456_789, time.FixedZone("CET", 3600)), Seed: seed}
}

// missingOf returns the missing values of an error.
func missingOf(t *testing.T, err error) *expression.Missing {
	t.Helper()

	missing, ok := errors.AsType[*expression.Missing](err)
	require.True(t, ok, err)

	return missing
}

func TestTimeFunctionsUseUTC(t *testing.T) {
	t.Parallel()

	evaluate := func(code string) (any, error) {
		return scenario.NewScope(scenario.JobScope{}, nil, nil).Evaluate("${"+code+"}", noon(""))
	}

	for code, want := range map[string]any{
		"now()":                        "2024-02-29T12:00:00.123Z",
		"today()":                      "2024-02-29",
		"addTime(now(), '-24h')":       "2024-02-28T12:00:00.123Z",
		"addTime('2024-02-29', '90m')": "2024-02-29T01:30:00.000Z",
		"addTime('2024-02-29T23:30:00-01:00', '1h')":        "2024-03-01T01:30:00.000Z",
		"addDays('2024-02-28', 2)":                          "2024-03-01",
		"addDays(now(), -60)":                               "2023-12-31T12:00:00.123Z",
		"formatTime(now(), '02.01.2006 15:04')":             "29.02.2024 12:00",
		"secondsBetween('2024-02-29', now())":               43200.123,
		"secondsBetween(now(), '2024-02-29T11:59:59.123Z')": -1.0,
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()

			value, err := evaluate(code)
			require.NoError(t, err)
			require.Equal(t, want, value)
		})
	}

	for code, message := range map[string]string{
		"addTime('soon', '1h')":               `the time must be a timestamp such as 2006-01-02T15:04:05Z or a date such as 2006-01-02, but is "soon"`,
		"addTime(now(), '1 day')":             `the duration must be text such as "-24h" or "90m", but is "1 day"`,
		"addDays(now(), [1.5][0])":            "the function addDays expects an integer here, not a number",
		"addDays(now(), 3660001)":             "must be a date and a number of days",
		"addDays(now(), -3660001)":            "must be a date and a number of days",
		"addDays('9999-12-31', 1)":            "the year 10000 is out of range; it must be from 1 to 9999",
		"addDays('0001-01-01', -1)":           "the year 0 is out of range",
		"addTime('9999-12-31', '24h')":        "the year 10000 is out of range",
		"formatTime('x', '2006')":             "must be a timestamp",
		"formatTime(now(), [5][0])":           "the function formatTime expects text here, not an integer",
		"formatTime(now(), repeat('1', 101))": "a layout has at most 100 bytes",
		"secondsBetween(now(), 'x')":          "must be a timestamp",
		"secondsBetween('x', now())":          "must be a timestamp",
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()

			_, err := evaluate(code)
			require.ErrorContains(t, err, message)
		})
	}

	parsed, err := expression.ParseMoment("2024-02-29T13:00:00+01:00")
	require.NoError(t, err)
	require.Equal(t, time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC), parsed)
}

func TestRandomValuesDependOnlyOnSeedAndPlace(t *testing.T) {
	t.Parallel()

	draws := map[string]any{
		"a": "${uuid()}", "b": "${uuid()}", "list": []any{"${uuid()}", "${uuid()}"}, "text": "${uuid()} ${uuid()}",
		"two": "${[uuid(), uuid()]}", "in": "${map(1..2, uuid())}",
	}

	evaluate := func(seed string) map[string]any {
		value, err := scenario.NewScope(scenario.JobScope{}, nil, nil).Evaluate(draws, noon(seed))
		require.NoError(t, err)

		return value.(map[string]any)
	}

	first := evaluate("one")
	require.Equal(t, first, evaluate("one"))

	seen := map[string]bool{}

	for _, values := range []map[string]any{first, evaluate("two")} {
		texts := strings.Fields(values["text"].(string))
		texts = append(texts, values["a"].(string), values["b"].(string))

		for _, name := range []string{"list", "two", "in"} {
			for _, value := range values[name].([]any) {
				texts = append(texts, value.(string))
			}
		}

		require.Len(t, texts, 10)

		for _, text := range texts {
			require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, text)
			require.False(t, seen[text], "%s was drawn twice", text)
			seen[text] = true
		}
	}

	// Also two parameters of one operation draw different values.
	resolved, err := scenario.NewScope(scenario.JobScope{}, nil, nil).Resolve("Transform", jsonvalue.Object{
		"source": "${uuid()}", "query": "SELECT 1", "targetTable": "${uuid()}",
	}, noon("one"))
	require.NoError(t, err)
	require.NotEqual(t, resolved["source"], resolved["targetTable"])
}

func TestRandomIsBetweenZeroAndOne(t *testing.T) {
	t.Parallel()

	value, err := scenario.NewScope(scenario.JobScope{}, nil, nil).Evaluate("${map(1..4000, random())}", noon("seed"))
	require.NoError(t, err)

	sum := 0.0

	for _, each := range value.([]any) {
		require.GreaterOrEqual(t, each, 0.0)
		require.Less(t, each, 1.0)

		sum += each.(float64)
	}

	require.InDelta(t, 2000, sum, 100) // Five standard deviations.
}

func TestEvaluateReportsAllMissingValues(t *testing.T) {
	t.Parallel()

	scope := scenario.NewScope(scenario.JobScope{ID: "job-1"}, appVariables(), jsonvalue.Object{"country": "CH"})
	params := jsonvalue.Object{
		"source": "stage",
		"query":  "SELECT $[stage]{SELECT 1}, $[stage]{SELECT 2}",
		"bind": map[string]any{
			"again": "$[stage]{SELECT 1}", "counter": "${counter + 1}", "both": "${[counter, lastRun]}",
			"bound": "$[ files ]{SELECT ${country} || ${job.id + '}'}}", "other": "$[files]{SELECT 1}",
		},
		"returnResult": true,
	}

	_, err := scope.Resolve("Transform", params, noon("seed"))
	missing := missingOf(t, err)
	require.Equal(t, []expression.Query{
		{Source: "stage", Query: "SELECT 1", Bind: jsonvalue.Object{}},
		{Source: "stage", Query: "SELECT 2", Bind: jsonvalue.Object{}},
		{Source: "files", Query: "SELECT :value1 || :value2", Bind: jsonvalue.Object{"value1": "CH", "value2": "job-1}"}},
		{Source: "files", Query: "SELECT 1", Bind: jsonvalue.Object{}},
	}, missing.Queries)
	require.Equal(t, []string{"counter", "lastRun"}, missing.Variables)
	require.EqualError(t, missing, "4 queries and 2 variables have to be looked up")

	_, err = noon("seed").With(missing, []jsonvalue.Value{{}}, nil)
	require.EqualError(t, err, "4 queries were answered with 1 values")

	cells := []jsonvalue.Value{{Any: int64(9007199254740993)}, {Any: "two"}, {Any: nil}, {Any: 1.0}}

	moment, err := noon("seed").With(missing, cells, jsonvalue.Object{"counter": int64(41)})
	require.NoError(t, err)

	resolved, err := scope.Resolve("Transform", params, moment)
	require.NoError(t, err)
	require.Equal(t, "SELECT :value1, :value2", resolved["query"])
	require.Equal(t, map[string]any{
		"value1": int64(9007199254740993), "value2": "two",
		"again": int64(9007199254740993), "counter": int64(42), "both": []any{int64(41), "2024-01-02T03:04:05Z"}, // The default.
		"bound": nil, "other": 1.0,
	}, resolved["bind"])

	// What was looked up before is kept when more is looked up.
	_, err = scope.Evaluate("$[stage]{SELECT 3}", moment)
	missing = missingOf(t, err)
	require.Len(t, missing.Queries, 1)

	moment, err = moment.With(missing, []jsonvalue.Value{{Any: "three"}}, nil)
	require.NoError(t, err)

	value, err := scope.Evaluate("${counter} $[stage]{SELECT 3} $[stage]{SELECT 2}", moment)
	require.NoError(t, err)
	require.Equal(t, "41 three two", value)
}

func TestQueryWithMissingBindValueIsReportedLater(t *testing.T) {
	t.Parallel()

	scope := scenario.NewScope(scenario.JobScope{}, appVariables(), nil)

	const text = "$[stage]{SELECT ${counter}, ${uuid()}}"

	_, err := scope.Evaluate(text, noon("seed"))
	missing := missingOf(t, err)
	require.Empty(t, missing.Queries)
	require.Equal(t, []string{"counter"}, missing.Variables)

	moment, err := noon("seed").With(missing, nil, nil)
	require.NoError(t, err)

	_, err = scope.Evaluate(text, moment)
	missing = missingOf(t, err)
	require.Equal(t, int64(0), missing.Queries[0].Bind["value1"])

	moment, err = moment.With(missing, []jsonvalue.Value{{Any: true}}, nil)
	require.NoError(t, err)

	value, err := scope.Evaluate(text, moment)
	require.NoError(t, err)
	require.Equal(t, true, value)
}

func TestAppVariableHasItsDeclaredType(t *testing.T) {
	t.Parallel()

	scope := scenario.NewScope(scenario.JobScope{}, appVariables(), jsonvalue.Object{"lastRun": "hidden"})

	_, err := scope.Evaluate("${counter}", expression.Moment{})
	moment, err := expression.Moment{}.With(missingOf(t, err), nil, jsonvalue.Object{"counter": "many"})
	require.NoError(t, err)

	_, err = scope.Evaluate("${counter}", moment)
	require.ErrorContains(t, err, `the app's variable counter holds another type than app.yaml declares: must be an integer, but is the text "many"`)

	value, err := scope.Evaluate("${lastRun}", expression.Moment{})
	require.NoError(t, err)
	require.Equal(t, "hidden", value, "a parameter hides a variable of the app")

	value, err = scope.ConvertVariable("counter", int64(5))
	require.NoError(t, err)
	require.Equal(t, int64(5), value)

	_, err = scope.ConvertVariable("counter", "five")
	require.EqualError(t, err, `must be an integer, but is the text "five"`)

	_, err = scope.ConvertVariable("nothing", 1)
	require.EqualError(t, err, "the app declares no variable nothing")
}

func TestParseVariablesRequiresDefaults(t *testing.T) {
	t.Parallel()

	found, err := validation.ParseVariables("variables", map[string]any{
		"b": map[string]any{"type": "float", "default": int64(5)}, "a": map[string]any{"type": "text", "default": ""},
	})
	require.NoError(t, err)
	require.Equal(t, []scenario.Parameter{
		{Name: "a", Type: "text", Default: ""}, {Name: "b", Type: "float", Default: 5.0},
	}, found)

	_, err = validation.ParseVariables("variables", map[string]any{"a": map[string]any{"type": "text"}, "job": map[string]any{}})
	require.EqualError(t, err, strings.Join([]string{
		"variables.job: job can't name a parameter; a name consists of letters, digits and _, and must not be a reserved word [value_invalid]",
		"variables.job: type is missing (the type of the values) [field_missing]",
		"variables.a: default is missing (the value until a job sets another) [field_missing]",
		"variables.job: default is missing (the value until a job sets another) [field_missing]",
	}, "\n"))
}

// appVariables returns the declarations of two variables of an app.
func appVariables() []scenario.Parameter {
	return []scenario.Parameter{
		{Name: "lastRun", Type: source.Timestamp, Default: "2024-01-02T03:04:05Z"},
		{Name: "counter", Type: source.Integer, Default: int64(0)},
	}
}

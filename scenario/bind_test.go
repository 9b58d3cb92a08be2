package scenario_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/source"
)

// withParameter is a scenario with the one required parameter x.
func withParameter(t source.Type) scenario.Scenario {
	return scenario.Scenario{Parameters: []scenario.Parameter{{Name: "x", Type: t, Required: true}}}
}

func TestBindUsesDefaultsForMissingValues(t *testing.T) {
	t.Parallel()

	found := scenario.Scenario{Parameters: []scenario.Parameter{
		{Name: "country", Type: source.Text, Default: "US"},
		{Name: "limit", Type: source.Integer, Default: int64(10)},
		{Name: "exact", Type: source.Boolean, Default: false},
	}}

	values, err := found.Bind(nil)
	require.NoError(t, err)
	require.Equal(t, jsonvalue.Object{"country": "US", "limit": int64(10), "exact": false}, values)

	given := jsonvalue.Object{"country": "", "limit": int64(0), "exact": true}
	values, err = found.Bind(given)
	require.NoError(t, err)
	require.Equal(t, given, values)

	values["country"] = "CH"

	require.Empty(t, given["country"], "what the caller gave was changed")
}

func TestBindConvertsValuesToParameterTypes(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name        string
		parameter   source.Type
		given, want any
	}{
		{"text", source.Text, "5", "5"},
		{"empty text", source.Text, "", ""},
		{"an integer beyond a float", source.Integer, int64(9007199254740993), int64(9007199254740993)},
		{"a float", source.Float, 1.5, 1.5},
		{"a float written as an integer", source.Float, int64(5), 5.0},
		{"a boolean", source.Boolean, false, false},
		{"a date", source.Date, "2024-02-29", "2024-02-29"},
		{"a timestamp", source.Timestamp, "2024-02-29T12:00:00.5+01:00", "2024-02-29T12:00:00.5+01:00"},
		{"binary data", source.Binary, "AAEC", "AAEC"},
		{"a decimal", source.Decimal, "12.50", decimal("12.50")},
		{"a decimal written as an integer", source.Decimal, int64(12), decimal("12")},
		{"a decimal with an exponent", source.Decimal, "1.5e1", decimal("15")},
		{"a decimal itself", source.Decimal, decimal("12.50"), decimal("12.50")},
		{"a time", source.Time, "12:30:00", "12:30:00"},
		{"a date with a time", source.Datetime, "2024-02-29T12:00:00", "2024-02-29T12:00:00"},
		{"a UUID", source.UUID, "f47ac10b-58cc-0372-8567-0e02b2c3d479", "f47ac10b-58cc-0372-8567-0e02b2c3d479"},
		{"JSON", source.JSON, map[string]any{"a": nil}, map[string]any{"a": nil}},
		{"an array", source.Array, []any{int64(1)}, []any{int64(1)}},
	}

	covered := map[source.Type]bool{}

	for _, test := range tests {
		covered[test.parameter] = true

		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			values, err := withParameter(test.parameter).Bind(jsonvalue.Object{"x": test.given})
			require.NoError(t, err)
			require.Equal(t, jsonvalue.Object{"x": test.want}, values)
		})
	}

	for _, each := range source.Types() {
		require.True(t, covered[each], "no case for %s", each)
	}
}

func TestBindRejectsValuesOfAnotherType(t *testing.T) {
	t.Parallel()

	tests := []struct {
		name      string
		parameter source.Type
		given     any
		message   string
	}{
		{"a number is no text", source.Text, int64(5), "must be text, but is the integer 5"},
		{"null is no text", source.Text, nil, "must be text, but is nothing"},
		{"text is no integer", source.Integer, "5", `must be an integer, but is the text "5"`},
		{"a float is no integer", source.Integer, 5.0, "must be an integer, but is the number 5"},
		{"text is no float", source.Float, "1.5", `must be a number, but is the text "1.5"`},
		{"a number is no boolean", source.Boolean, int64(1), "must be true or false, but is the integer 1"},
		{"text is no boolean", source.Boolean, "true", `must be true or false, but is the text "true"`},
		{"a day that no calendar has", source.Date, "2023-02-29", "must be a date such as 2006-01-02"},
		{"empty text is no date", source.Date, "", `must be a date such as 2006-01-02, but is the text ""`},
		{"a date is no timestamp", source.Timestamp, "2024-02-29", "must be a timestamp such as 2006-01-02T15:04:05Z"},
		{"what base64 lacks", source.Binary, "%", "must be binary data in base64"},
		{"a list", source.Text, []any{"a"}, "must be text, but is a list"},
		{"an object", source.Text, map[string]any{}, "must be text, but is an object"},
		{"true", source.Integer, true, "must be an integer, but is the boolean true"},
		{
			"long text is cut", source.Integer, "äääääääääääääääääääääääääääääääääääääääää",
			`must be an integer, but is the text "ääääääääääääääääääääääääääääääääääääääää…"`,
		},
	}

	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			_, err := withParameter(test.parameter).Bind(jsonvalue.Object{"x": test.given})
			problems := problemsOf(t, err)
			require.Len(t, problems, 1)
			require.Equal(t, problem.CodeParameterMismatch, problems[0].Code)
			require.Equal(t, "x", problems[0].Path)
			require.Contains(t, problems[0].Message, "the parameter x "+test.message)
		})
	}
}

func TestBindReportsAllMistakes(t *testing.T) {
	t.Parallel()

	found := scenario.Scenario{Parameters: []scenario.Parameter{
		{Name: "since", Type: source.Date, Required: true, Description: "The first day."},
		{Name: "until", Type: source.Date, Required: true},
		{Name: "limit", Type: source.Integer, Default: int64(10)},
	}}

	_, err := found.Bind(jsonvalue.Object{"limit": "ten", "unitl": "2024-01-02", "zzzzzzzzzz": nil})
	require.Equal(t, problem.List{
		{
			Code: problem.CodeParameterMissing, Path: "since",
			Message: "the parameter since is missing (type date: The first day)",
		},
		{Code: problem.CodeParameterMissing, Path: "until", Message: "the parameter until is missing (type date)"},
		{
			Code: problem.CodeParameterMismatch, Path: "limit",
			Message: `the parameter limit must be an integer, but is the text "ten"`,
		},
		{
			Code: problem.CodeParameterUnknown, Path: "unitl",
			Message: "the scenario has no parameter unitl; did you mean until?",
		},
		{
			Code: problem.CodeParameterUnknown, Path: "zzzzzzzzzz",
			Message: "the scenario has no parameter zzzzzzzzzz; known are since, until, limit",
		},
	}, problemsOf(t, err))
}

func TestBindWithoutParameters(t *testing.T) {
	t.Parallel()

	values, err := scenario.Scenario{}.Bind(jsonvalue.Object{})
	require.NoError(t, err)
	require.Empty(t, values)

	_, err = scenario.Scenario{}.Bind(jsonvalue.Object{"x": "y"})
	require.EqualError(t, err, "x: the scenario has no parameter x; there are none [parameter_unknown]")
}

// problemsOf returns the problems of an error.
func problemsOf(t *testing.T, err error) problem.List {
	t.Helper()

	var problems problem.List

	require.ErrorAs(t, err, &problems)
	require.NotEmpty(t, problems)

	return problems
}

// decimal returns the decimal with that text.
func decimal(text string) jsonvalue.Decimal {
	parsed, _ := jsonvalue.ParseDecimal(text)

	return parsed
}

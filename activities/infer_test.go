package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/source"
)

// weather is a file whose numbers do not have the order of their texts.
const weather = "day,temp_max,rain,station\n2026-01-01,9.4,0.25,0.1234567890123456789\n2026-07-01,37.8,10,1.5\n2026-10-01,-10.5,3.5,2.25\n"

func TestLoadedNumbersCompareAsNumbersInSQLite(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.write(t, "files/weather.csv", weather)
	b.write(t, "files/weather.json", `[{"day":"2026-01-01","temp_max":9.4,"rain":0.25,"station":0.1234567890123456789},
		{"day":"2026-07-01","temp_max":37.8,"rain":10,"station":1.5},{"day":"2026-10-01","temp_max":-10.5,"rain":3.5,"station":2.25}]`)

	for name, inferred := range map[string][]source.Conversion{
		"weather.csv": {
			{Column: "day", From: "text", To: "date"},
			{Column: "temp_max", From: "text", To: "decimal(15,1)"},
			{Column: "rain", From: "text", To: "float"},
			{Column: "station", From: "text", To: "decimal"},
			{Column: "station", From: "decimal", To: "DECIMAL_TEXT"},
		},
		"weather.json": {
			{Column: "temp_max", From: "decimal", To: "decimal(15,1)"},
			{Column: "rain", From: "decimal", To: "float"},
			{Column: "station", From: "decimal", To: "DECIMAL_TEXT"},
		},
	} {
		outcome, err := b.run(t, b.LoadTableFromSource, scenario.LoadTableFromSource{
			Source: "files", Table: name, TargetSource: "stage", TargetTable: "weather", InferTypes: name == "weather.csv",
		})
		require.NoError(t, err)
		require.Equal(t, inferred, outcome.Conversions, name)

		for query, want := range map[string]string{
			"SELECT max(temp_max) AS m, min(rain) AS r, sum(temp_max > 30) AS n, sum(rain) AS s FROM weather": `{"m":37.8,"r":0.25,"n":1,"s":13.75}`,
			"SELECT temp_max AS t FROM weather WHERE rain < 5 ORDER BY temp_max DESC LIMIT 1":                 `{"t":9.4}`,
			"SELECT rain AS r FROM weather ORDER BY rain DESC LIMIT 1":                                        `{"r":10}`,
			"SELECT station AS s FROM weather WHERE temp_max = 9.4":                                           `{"s":0.1234567890123456789}`,
		} {
			require.Equal(t, `{"records":[`+want+`]}`, b.returned(t, scenario.Transform{Source: "stage", Query: query}), "%s: %s", name, query)
		}
	}
}

func TestLoadReportsColumnsWhoseNumbersAreAmbiguous(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.write(t, "files/t.csv", "id;price\n1;1.234\n2;2.500\n")

	load := scenario.LoadTableFromSource{
		Source: "files", Table: "t.csv", Format: source.Format{Separator: ";"}, TargetSource: "stage", TargetTable: "t", InferTypes: true,
	}

	outcome, err := b.run(t, b.LoadTableFromSource, load)
	require.NoError(t, err)
	require.Equal(t, []source.Conversion{
		{Column: "id", From: "text", To: "integer"},
		{
			Column: "price", From: "text", To: "text",
			Note: `numbers such as "2.500" may have a fraction or thousands; set decimalSeparator in the format, or the type in columnTypes`,
		},
	}, outcome.Conversions)
	require.JSONEq(t, `{"records":[{"price":"1.234"},{"price":"2.500"}]}`,
		b.returned(t, scenario.Transform{Source: "stage", Query: "SELECT price FROM t"}))

	load.Format.ThousandsSeparator, load.Format.DecimalSeparator = ".", ","

	_, err = b.run(t, b.LoadTableFromSource, load)
	require.NoError(t, err)
	require.JSONEq(t, `{"records":[{"price":3734}]}`,
		b.returned(t, scenario.Transform{Source: "stage", Query: "SELECT sum(price) AS price FROM t"}))

	load.Format.ThousandsSeparator, load.Format.DecimalSeparator = "", "."

	_, err = b.run(t, b.LoadTableFromSource, load)
	require.NoError(t, err)
	require.JSONEq(t, `{"records":[{"price":3.734}]}`,
		b.returned(t, scenario.Transform{Source: "stage", Query: "SELECT sum(price) AS price FROM t"}))
}

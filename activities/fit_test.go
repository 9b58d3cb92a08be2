package activities_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/jsonvalue"
)

// An existing table may have other types than the records. A value that it can't store exactly is rejected.
func TestWriteToExistingTableIsExactOrRejected(t *testing.T) {
	t.Parallel()

	const table = "CREATE TABLE t (n REAL, d REAL, i INTEGER); INSERT INTO t VALUES (1, 1, 1)"

	for query, mistake := range map[string]string{
		"SELECT 9007199254740993 AS n":                                `column "n": 9007199254740993`,
		"SELECT '9007199254740993' AS n":                              `column "n": "9007199254740993"`,
		"SELECT d FROM exact":                                         `column "d": "12345678901234567.89"`,
		"SELECT '' AS i":                                              `column "i": empty text`,
		"SELECT 1.5 AS i":                                             `column "i": "1.5"`,
		"SELECT 9007199254740992 AS n, '0.10' AS d, 1e6 AS i":         "",
		"SELECT '1e3' AS n, NULL AS d, '42' AS i":                     "",
		"SELECT 1 AS n, 12.5 AS d, CAST('-7' AS INTEGER) AS i":        "",
		"SELECT j AS n FROM json_numbers":                             `column "n": "9007199254740993"`,
		"SELECT j AS i FROM json_numbers":                             "",
		"SELECT j AS I FROM json_nulls":                               "",
		"SELECT DATE('2024-02-29') AS i":                              `column "i": "2024-02-29"`,
		"SELECT i FROM (SELECT 1 AS i UNION ALL SELECT 2) ORDER BY i": "",
	} {
		for _, mode := range []scenario.Writing{{Append: true}, {DropTarget: new(bool)}} {
			t.Run(query, func(t *testing.T) {
				t.Parallel()

				b := newBench(t)
				b.script(t, table+`;
					CREATE TABLE exact (d DECIMAL_TEXT); INSERT INTO exact VALUES ('12345678901234567.89');
					CREATE TABLE json_numbers (j JSON_TEXT); INSERT INTO json_numbers VALUES ('9007199254740993');
					CREATE TABLE json_nulls (j JSON_TEXT); INSERT INTO json_nulls VALUES ('null')`)

				_, err := b.run(t, b.Transform, scenario.Transform{
					Source: "stage", Query: query, TargetTable: "t", Writing: mode,
				})

				if mistake == "" {
					require.NoError(t, err)

					return
				}

				requireFailure(t, err, "source_record_invalid", false, mistake)
				require.JSONEq(t, `{"records":[{"n":1.0,"d":1.0,"i":1}]}`,
					b.returned(t, scenario.Transform{Source: "stage", Query: "SELECT * FROM t"}))
			})
		}
	}
}

func TestAppendToFileDistinguishesEmptyTextFromNULL(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.script(t, "CREATE TABLE numbers (n INTEGER); INSERT INTO numbers VALUES (1); CREATE TABLE texts (n TEXT); INSERT INTO texts VALUES ('')")

	_, err := b.run(t, b.Transform, scenario.Transform{
		Source: "stage", Query: "SELECT n FROM numbers", TargetSource: "files", TargetTable: "n.parquet",
	})
	require.NoError(t, err)

	_, err = b.run(t, b.Transform, scenario.Transform{
		Source: "stage", Query: "SELECT n FROM texts", TargetSource: "files", TargetTable: "n.parquet", Writing: scenario.Writing{Append: true},
	})
	requireFailure(t, err, "source_record_invalid", false, `column "n": empty text`)
}

func TestAppendToFileWritesJSONInItsForm(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.script(t, `CREATE TABLE j (v JSON_TEXT); INSERT INTO j VALUES ('"5"'), ('5'), ('null'), ('["a"]')`)

	for range 2 {
		_, err := b.run(t, b.Transform, scenario.Transform{
			Source: "stage", Query: "SELECT v FROM j", TargetSource: "files", TargetTable: "j.csv", Writing: scenario.Writing{Append: true},
		})
		require.NoError(t, err)
	}

	written, err := os.ReadFile(filepath.Join(b.apps, "7", "files", "j.csv"))
	require.NoError(t, err)

	const records = "\"\"\"5\"\"\"\n5\nnull\n\"[\"\"a\"\"]\"\n"
	require.Equal(t, "v\n"+records+records, string(written))
}

// script runs statements in the source stage.
func (b *bench) script(t *testing.T, script string) {
	t.Helper()

	_, err := b.run(t, b.RunSourceScript, scenario.RunSourceScript{Source: "stage", Script: script})
	require.NoError(t, err)
}

func TestLiteralsWithMixedNumbersAreExact(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.script(t, "CREATE TABLE t (n DECIMAL_TEXT, r REAL)")

	outcome, err := b.run(t, b.Insert, scenario.Insert{Source: "stage", Table: "t", Given: scenario.Given{Records: []jsonvalue.Object{
		{"n": int64(9_007_199_254_740_993), "r": int64(1)}, {"n": 1.5, "r": 2.5}, {"n": nil, "r": nil}, {"n": int64(-1), "r": 1e21},
	}}})
	require.NoError(t, err)
	require.EqualValues(t, 4, outcome.Rows)
	require.JSONEq(t, `{"records":[{"n":"9007199254740993","r":1.0},{"n":"1.5","r":2.5},{"n":null,"r":null},{"n":"-1","r":1e21}]}`,
		b.returned(t, scenario.Transform{Source: "stage", Query: "SELECT CAST(n AS TEXT) AS n, r FROM t"}))

	_, err = b.run(t, b.Insert, scenario.Insert{Source: "stage", Table: "t", Given: scenario.Given{Records: []jsonvalue.Object{
		{"r": int64(9_007_199_254_740_993)}, {"r": 1.5},
	}}})
	requireFailure(t, err, "source_record_invalid", false, `record 1, column "r": "9007199254740993" has more digits`)
}

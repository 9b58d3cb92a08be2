package validation_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source/kind"
)

// stores returns the environment of an app with a source of each kind, and some more.
func stores() validation.Environment {
	kinds := map[string]string{
		"warehouse": kind.PgSQLSource, "sales": kind.MySQLSource, "stage": kind.SQLiteSource,
		"files": kind.FileSource, "bucket": kind.AWSS3Source, "shop": kind.HTTPSource,
	}

	return validation.Environment{
		Sources: []string{"bucket", "files", "other", "sales", "shop", "stage", "warehouse"}, Kinds: kinds,
	}
}

func TestParseReportsWhatTheKindOfASourceCantDo(t *testing.T) {
	t.Parallel()

	const databases = "sources that can are sales, stage, warehouse"

	for step, want := range map[string]string{
		"Transform, opParams: {source: files, query: SELECT 1, returnResult: true}": "opParams.source: files is a FileSource, which can't be queried; " + databases,
		"Transform, opParams: {source: shop, query: SELECT 1, returnResult: true}":  "opParams.source: shop is a HTTPSource, which can't be queried; " + databases,
		"Transform, opParams: {source: stage, query: SELECT 1, targetSource: files, targetTable: t.csv, upsert: [a]}": "opParams.targetSource: files is a FileSource, " +
			"which can't upsert records; " + databases,
		"Transform, opParams: {source: stage, query: SELECT 1, targetSource: shop, targetTable: t}": "opParams.targetSource: shop is a HTTPSource, " +
			"which can't be written to; sources that can are bucket, files, sales, stage, warehouse",
		"RunSourceScript, opParams: {source: bucket, script: DELETE FROM t}":              "opParams.source: bucket is a AWSS3Source, which can't run scripts; " + databases,
		"HTTPRequest, opParams: {source: warehouse, returnValue: true}":                   "opParams.source: warehouse is a PgSQLSource, which can't be sent requests; sources that can are shop",
		"HTTPRequest, opParams: {source: shop, fileSource: stage, targetFile: a.bin}":     "opParams.fileSource: stage is a SQLiteSource, which can't keep files; sources that can are bucket, files",
		"Insert, opParams: {source: shop, table: t, records: [{a: 1}]}":                   "opParams.source: shop is a HTTPSource, which can't be written to; sources that can are bucket, files, sales, stage, warehouse",
		"Update, opParams: {source: files, table: t.csv, key: [a], records: [{a: 1}]}":    "opParams.source: files is a FileSource, which can't update records; " + databases,
		"Delete, opParams: {source: bucket, table: t.csv, key: [a], records: [{a: 1}]}":   "opParams.source: bucket is a AWSS3Source, which can't delete records; " + databases,
		"Insert, opParams: {source: files, table: t.csv, query: SELECT 1}":                "opParams.query: files is a FileSource, which can't be queried; " + databases,
		"Insert, opParams: {source: stage, table: t, fromSource: files, query: SELECT 1}": "opParams.fromSource: files is a FileSource, which can't be queried; " + databases,
		"ForEach, opParams: {source: files, query: SELECT 1, steps: [{opName: Return}]}":  "opParams.source: files is a FileSource, which can't be queried; " + databases,
		`Return, opParams: {value: "$[files]{SELECT 1}"}`:                                 "opParams.value: files is a FileSource, which can't be queried; " + databases,
		"LoadTableFromSource, opParams: {source: shop, table: t, targetSource: stage, targetTable: t, dropSource: true}": "opParams.source: shop is a HTTPSource, " +
			"which can't drop tables; sources that can are bucket, files, sales, stage, warehouse",

		"LoadTableFromSource, opParams: {source: shop, table: t, targetSource: files, targetTable: t.csv, append: true}": "",
		"Transform, opParams: {source: other, query: SELECT 1, returnResult: true}":                                      "", // Its kind is unknown.
		`Transform, opParams: {source: "${job.id}", query: SELECT 1, returnResult: true}`:                                "",
		"Insert, opParams: {source: files, table: t.csv, records: [{a: 1}]}":                                             "",
	} {
		_, err := validation.Parse("Main.yaml", []byte("steps: [{opName: "+step+"}]"), stores())
		if want == "" {
			require.NoError(t, err, step)

			continue
		}

		problems := problemsOf(t, err)
		require.Len(t, problems, 1, step)
		require.Equal(t, problem.CodeSourceUnsuitable, problems[0].Code, step)
		require.Equal(t, "steps[0]."+want, problems[0].Path+": "+problems[0].Message)
	}
}

func TestParseReportsFieldsOfAFormatWithoutEffectOnTheFile(t *testing.T) {
	t.Parallel()

	const (
		load = "LoadTableFromSource, opParams: {source: stage, table: t, targetSource: files, targetTable: "
		read = "LoadTableFromSource, opParams: {targetSource: stage, targetTable: t, source: bucket, table: "
	)

	for step, want := range map[string][]string{
		load + "a.csv, targetFormat: {trim: true}}": {"targetFormat.trim: it applies to reading a file of type csv, not to writing it"},
		load + "A.JSON.gz, targetFormat: {dateFormat: dd.MM.yyyy, booleans: [yes, no]}}": {
			"targetFormat.dateFormat: it applies to reading a file of type json, not to writing it",
			"targetFormat.booleans: it applies to reading a file of type json, not to writing it",
		},
		load + `"${job.id}.xlsx", targetFormat: {columns: {a: {decimalSeparator: ","}}}}`: {"targetFormat.columns: it applies to reading a file of type xlsx, not to writing it"},
		load + `a, targetFormat: {type: xml, decimalSeparator: "${job.id}"}}`:             {"targetFormat.decimalSeparator: it applies to reading a file of type xml, not to writing it"},
		load + `a.parquet, targetFormat: {separator: ;, trim: true}}`: {
			"targetFormat.separator: it has no effect on a file of type parquet", "targetFormat.trim: it has no effect on a file of type parquet",
		},
		read + `"*/a.json", format: {separator: ";"}}`: {"format.separator: it has no effect on a file of type json"},
		read + `a.csv, format: {sheet: Sheet1}}`:       {"format.sheet: it has no effect on a file of type csv"},
		"Transform, opParams: {source: stage, query: SELECT 1, targetSource: files, targetTable: a.json, targetFormat: {trim: true}}": {
			"targetFormat.trim: it applies to reading a file of type json, not to writing it",
		},
		"HTTPRequest, opParams: {source: shop, targetSource: files, targetTable: a.json, targetFormat: {header: true}}": {
			"targetFormat.header: it has no effect on a file of type json",
		},

		load + `a.csv, targetFormat: {dateFormat: dd.MM.yyyy}}`:         nil,
		load + `"a.${job.id}", targetFormat: {trim: true}}`:             nil,
		load + `a.json, targetFormat: {type: "${job.id}", trim: true}}`: nil,
		load + `a.zip, targetFormat: {trim: true}}`:                     nil,
		read + `a.json, format: {trim: true, dateFormat: dd.MM.yyyy}}`:  nil,
		read + `a.json, format: {type: csv, separator: ";"}}`:           nil,
		"LoadTableFromSource, opParams: {source: other, table: a.json, format: {separator: ;}, " +
			"targetSource: stage, targetTable: t}": nil,
	} {
		_, err := validation.Parse("Main.yaml", []byte("steps:\n- {opName: "+step+"}"), stores())
		if want == nil {
			require.NoError(t, err, step)

			continue
		}

		var found []string

		for _, mistake := range problemsOf(t, err) {
			require.Equal(t, problem.CodeValueInvalid, mistake.Code, step)
			require.Equal(t, 2, mistake.Line, step)
			found = append(found, mistake.Path+": "+mistake.Message)
		}

		for i := range want {
			want[i] = "steps[0].opParams." + want[i]
		}

		require.Equal(t, want, found, step)
	}
}

func TestParseComparesBindWithTheParametersOfAQuery(t *testing.T) {
	t.Parallel()

	const noValue, noParameter = "the parameter :%s has no value in bind%s", "bind has a value for %s, but there is no parameter :%s%s"

	for _, test := range []struct {
		step string
		want []string
	}{
		{"Transform, opParams: {source: stage, query: 'SELECT :a, :b, :a::x', returnResult: true}", []string{
			"query: " + fmt.Sprintf(noValue, "a", ""), "query: " + fmt.Sprintf(noValue, "b", ""),
		}},
		{"Transform, opParams: {source: stage, query: 'SELECT :min', bind: {mim: 1}, returnResult: true}", []string{
			"query: " + fmt.Sprintf(noValue, "min", "; did you mean mim?"),
			"bind.mim: " + fmt.Sprintf(noParameter, "mim", "mim", "; did you mean min?"),
		}},
		{"RunSourceScript, opParams: {source: sales, script: 'SELECT :a; SELECT :b # :c', bind: {a: 1, b: 2, c: 3}}", []string{
			"bind.c: " + fmt.Sprintf(noParameter, "c", "c", "; known are a, b"),
		}},
		{"Delete, opParams: {source: files, table: t, key: [a], fromSource: warehouse, query: 'SELECT :a'}", []string{
			"source: files is a FileSource, which can't delete records; sources that can are sales, stage, warehouse",
			"query: " + fmt.Sprintf(noValue, "a", ""),
		}},
		{"ForEach, opParams: {source: stage, query: SELECT 1, bind: {a: 1}, steps: [{opName: Return}]}", []string{
			"bind.a: " + fmt.Sprintf(noParameter, "a", "a", ""),
		}},
		{`Transform, opParams: {source: stage, query: "SELECT ':a', :b", bind: {b: "${job.id}"}, returnResult: true}`, nil},
		{`Transform, opParams: {source: stage, query: "SELECT ${job.id}, :a, ${identifier('b')}", bind: {a: 1}, returnResult: true}`, nil},
		{`Transform, opParams: {source: stage, query: "SELECT ${job.id}, :a", returnResult: true}`, []string{
			"query: " + fmt.Sprintf(noValue, "a", ""),
		}},
		{`Transform, opParams: {source: stage, query: "SELECT :a", bind: "${{a: 1}}", returnResult: true}`, nil},
		{`Transform, opParams: {source: other, query: "SELECT :a", returnResult: true}`, nil},
	} {
		_, err := validation.Parse("Main.yaml", []byte("steps: [{opName: "+test.step+"}]"), stores())
		if test.want == nil {
			require.NoError(t, err, test.step)

			continue
		}

		var have []string
		for _, found := range problemsOf(t, err) {
			have = append(have, found.Path[len("steps[0].opParams."):]+": "+found.Message)
		}

		require.ElementsMatch(t, test.want, have, test.step)
	}
}

func TestNewProgramComparesBindWithTheParametersOfAFile(t *testing.T) {
	t.Parallel()

	entry, err := validation.Parse("Main.yaml",
		[]byte("steps: [{opName: RunSourceScript, opParams: {source: stage, scriptFile: a.sql, bind: {mon: 1}}}]"), stores())
	require.NoError(t, err)

	_, err = validation.NewProgram("Main", entry, validation.Library{
		Environment: stores(),
		ReadFile:    func(string) (string, error) { return "DELETE FROM t;\nDELETE FROM u WHERE m = :month", nil },
	})

	var have []string
	for _, found := range problemsOf(t, err) {
		have = append(have, fmt.Sprintf("%d:%d %s", found.Line, found.Column, found.Message))
	}

	require.Equal(t, []string{
		"1:61 the parameter :month has no value in bind; known are mon",
		"1:87 bind has a value for mon, but there is no parameter :mon; did you mean month?",
	}, have)
}

// A scenario with mistakes of all kinds that the files of an app show.
func TestParseReportsAllMistakesThatNeedNoServer(t *testing.T) {
	t.Parallel()

	_, err := validation.Parse("Main.yaml", []byte(`steps:
  - {opName: Transform, opParams: {source: stage, query: "SELECT * FROM t WHERE a > :min", bind: {max: 1}, returnResult: true}}
  - {opName: Transform, opParams: {source: files, query: SELECT 1, returnResult: true}}
  - {opName: RunSourceScript, opParams: {source: files, script: DELETE FROM t}}
  - {opName: HTTPRequest, opParams: {source: warehouse, returnValue: true}}
  - {opName: Insert, opParams: {source: shop, table: t, records: [{a: 1}]}}
  - {opName: Update, opParams: {source: files, table: t.csv, key: [a], records: [{a: 1, b: 2}]}}
  - {opName: LoadTableFromSource, opParams: {source: files, table: t.csv, targetSource: stage, targetTable: t, maxRejected: many}}
  - {opName: LoadTableFromSource, opParams: {source: file, table: t.csv, targetSource: stage, targetTabel: t}}
  - {opName: Transfrom}
`), stores())

	var problems problem.List

	require.ErrorAs(t, err, &problems)

	var lines []int
	for _, found := range problems {
		lines = append(lines, found.Line)
	}

	slices.Sort(lines)
	require.Equal(t, []int{2, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 10}, lines, err)
}

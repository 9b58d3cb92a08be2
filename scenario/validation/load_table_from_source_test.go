package validation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario/problem"
)

func TestParseRejectsLoadingATableOverItself(t *testing.T) {
	t.Parallel()

	const beginning = "parameters: {a: {type: text}, b: {type: text}}\nsteps:\n- opName: LoadTableFromSource\n  opParams: "

	for params, mistake := range map[string]string{
		`{source: files, table: a.csv, targetSource: files, targetTable: a.csv}`:                             "over itself",
		`{source: files, table: ./a.csv, targetSource: files, targetTable: a.csv, append: true}`:             "over itself",
		`{source: files, table: "${a}", targetSource: files, targetTable: "${a}"}`:                           "over itself",
		`{source: files, table: a.csv, targetSource: files, targetTable: b.csv, rejectTable: ./a.csv}`:       "the place of the table that is read",
		`{source: files, table: a.csv, targetSource: stage, targetTable: b.csv, rejectTable: ./b.csv}`:       "a table of their own",
		`{source: files, table: a.csv, targetSource: stage, targetTable: a.csv}`:                             "",
		`{source: files, table: a.csv, targetSource: files, targetTable: a.csv, targetSpace: b}`:             "",
		`{source: files, table: "${a}", targetSource: files, targetTable: "${b}"}`:                           "",
		`{source: files, table: a.csv, targetSource: files, targetTable: b.csv, rejectTable: c.csv}`:         "",
		`{source: files, table: a.csv, targetSource: "${a}", targetTable: a.csv}`:                            "",
		`{source: files, table: a.csv, space: b, targetSource: files, targetSpace: b, targetTable: ./b.csv}`: "",
	} {
		_, err := parse(beginning + params)
		if mistake == "" {
			require.NoError(t, err, params)

			continue
		}

		problems := problemsOf(t, err)
		require.Len(t, problems, 1)
		require.Equal(t, problem.CodeValueInvalid, problems[0].Code)
		require.Contains(t, problems[0].Message, mistake)
	}
}

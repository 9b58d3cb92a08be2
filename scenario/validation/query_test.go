package validation_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/scenario/problem"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source/kind"
)

// queryApp has a source of each kind with queries in SQL.
var queryApp = validation.Environment{
	Sources: []string{"stage", "warehouse", "shop", "unknown"},
	Kinds:   map[string]string{"stage": kind.SQLiteSource, "warehouse": kind.PgSQLSource, "shop": kind.MySQLSource},
}

// queryProblems returns the problems of a scenario with a query, a script, a loop, an insert and a look-up of the same text.
func queryProblems(t *testing.T, source, query string) []problem.List {
	t.Helper()

	var found []problem.List

	for _, step := range []string{
		"{opName: Transform, opParams: {source: %[1]s, query: %[2]q, returnResult: true}}",
		"{opName: RunSourceScript, opParams: {source: %[1]s, script: %[2]q}}",
		"{opName: ForEach, opParams: {source: %[1]s, query: %[2]q, steps: [{opName: Wait, opParams: {duration: 1s}}]}}",
		"{opName: Insert, opParams: {source: stage, table: t, fromSource: %[1]s, query: %[2]q}}",
		"{opName: Return, opParams: {value: %[3]q}}",
	} {
		text := "parameters: {x: {type: text}, n: {type: integer}, l: {type: array}}\nsteps:\n- " +
			fmt.Sprintf(step, source, query, "$["+source+"]{"+query+"}")

		_, err := validation.Parse("T.yaml", []byte(text), queryApp)
		if err == nil {
			found = append(found, nil)

			continue
		}

		problems, is := err.(problem.List) //nolint:errorlint // Parse returns the list itself.
		require.True(t, is, err)

		found = append(found, problems)
	}

	return found
}

func TestExpressionInAQueryIsRefusedWhereNoValueCanStand(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ source, query, message string }{
		{"warehouse", "SELECT '${x}' AS c", "the value of ${x} is passed beside the query; leave out the quotes around it"},
		{"stage", "SELECT * FROM t WHERE a LIKE '%${x}%'", `write the rest of the quoted text into the expression, as in ${"%" + name + "%"}`},
		{"stage", "SELECT * FROM ${x}", "can't be the name of a table or a column; write ${identifier(x)} for a name"},
		{"stage", "SELECT * FROM t ORDER BY ${x}", "write ${identifier(x)} for a name"},
		{"stage", `SELECT "${x}" FROM t`, "leave out the quotes around it, and write ${identifier(x)} for a name"},
		{"shop", "SELECT `${x}` FROM t", "leave out the quotes around it, and write ${identifier(x)} for a name"},
		{"shop", `SELECT "${x}" FROM t`, "the value of ${x} is passed beside the query; leave out the quotes around it, and write the rest"},
		{"shop", `SELECT '\' OR ${x} --'`, "the value of ${x} is passed beside the query; leave out the quotes"},
		{"warehouse", "SELECT $$ ${x} $$", "leave out the quotes around it"},
		{"warehouse", "SELECT 1 -- ${x}", "${x} is in a comment"},
		{"shop", "SELECT 1 # ${x}", "${x} is in a comment"},
		{"stage", "SELECT * FROM sales_${n}", "${n} touches a word or another value"},
		{"stage", "SELECT ${n}${x}", "${x} touches a word or another value"},
		{"stage", "${x}", "${x} can't begin a statement"},
		{"stage", "SELECT * FROM '${identifier(x)}'", "${identifier(x)} is quoted by the source; leave out the quotes around it"},
		{"stage", "SELECT ${upper(identifier(x))}", "identifier(…) must be the whole expression"},
		{"stage", "SELECT ${identifier(n)}", "the function identifier expects text here, not an integer"},
		{"stage", "SELECT * FROM t WHERE a IN (${l})", "${l} gives a list, which can't be a value in a query; pass it as JSON, with toJSON(…)"},
		{"stage", "SELECT ${nope}", "unknown name nope"},
		{"unknown", "SELECT a[${n}]", "if the source is SQLite: the value of ${n} is passed beside the query"},
		{"unknown", "SELECT '${x}'", "the value of ${x} is passed beside the query"},
	} {
		for _, problems := range queryProblems(t, test.source, test.query) {
			require.Len(t, problems, 1, test.query)
			require.Contains(t, problems[0].Message, test.message, test.query)
			require.Equal(t, 3, problems[0].Line)
		}
	}
}

func TestExpressionInAQueryIsAcceptedWhereAValueOrANameCanStand(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ source, query string }{
		{"stage", "SELECT ${x}, ${n} + 1, (${nil}) FROM t WHERE a LIKE ${'%' + x + '%'} -- it's"},
		{"warehouse", "SELECT ${x}::text, a[${n}], '{}'::json FROM t WHERE a # ${n} = 1"},
		{"warehouse", `SELECT '\', ${x}, ''`},
		{"shop", "SELECT ${x} FROM t LIMIT ${n}, ${n}"},
		{"unknown", "SELECT * FROM ${identifier(x)}.${identifier('t')} ORDER BY ${identifier(x)} DESC"},
		{"unknown", "UPDATE ${identifier(x)} SET ${identifier(x)} = ${toJSON(l)}"},
		{"unknown", "SELECT '$${x}'"},
	} {
		for i, problems := range queryProblems(t, test.source, test.query) {
			require.Empty(t, problems, "%d: %s", i, test.query)
		}
	}
}

func TestIdentifierIsRefusedOutsideOfQueries(t *testing.T) {
	t.Parallel()

	_, err := validation.Parse("T.yaml", []byte("steps: [{opName: Return, opParams: {value: \"${identifier('a')}\"}}]"), queryApp)
	require.ErrorContains(t, err, "identifier(…) quotes a name in a query or a script; it has no meaning elsewhere")
}

func TestBindCannotHaveTheNameOfAnExpressionInTheQuery(t *testing.T) {
	t.Parallel()

	const step = `steps: [{opName: Transform, opParams: {source: stage, query: "SELECT ${1}, :value1", bind: {value1: 1}, returnResult: true}}]`

	_, err := validation.Parse("T.yaml", []byte(step), queryApp)
	require.ErrorContains(t, err, "bind can't have the name value1, which stands for an expression in the query; choose another name")
}

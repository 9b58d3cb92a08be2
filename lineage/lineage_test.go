package lineage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/lineage"
	"github.com/jobwright/jobwright/scenario"
	"github.com/jobwright/jobwright/scenario/validation"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/kind"
)

// sources are the sources of the app.
func sources() map[string]source.Definition {
	all := map[string]source.Definition{}

	for name, of := range map[string]string{
		"pg": kind.PgSQLSource, "my": kind.MySQLSource, "lite": kind.SQLiteSource, "files": kind.FileSource, "s3": kind.AWSS3Source,
		"web": kind.HTTPSource,
	} {
		all[name] = source.Definition{Name: name, Kind: of}
	}

	return all
}

// lineageOf returns the lineage of the scenario Main. scenarios are the steps of scenarios by their names, each of which has a text
// parameter p.
func lineageOf(t *testing.T, scenarios, files map[string]string) *lineage.Lineage {
	t.Helper()

	environment := validation.Environment{Kinds: map[string]string{}}
	for name, of := range sources() {
		environment.Sources = append(environment.Sources, name)
		environment.Kinds[name] = of.Kind
	}

	program := scenario.Program{Entry: "Main", Scenarios: map[string]scenario.Scenario{}, Files: files}

	for name, steps := range scenarios {
		text := "parameters: {p: {type: text, default: a}}\nsteps:\n" + steps + "\n"
		document, err := validation.Parse(name+".yaml", []byte(text), environment)
		require.NoError(t, err, text)

		program.Scenarios[name] = document.Scenario
	}

	return lineage.Of(program, sources())
}

// lines returns the datasets and the reasons of steps, as lines.
func lines(found *lineage.Lineage) []string {
	var all []string

	for _, step := range found.Steps {
		at := step.Scenario + " " + step.Path + " "

		if step.Runs != "" {
			all = append(all, at+"runs "+step.Runs)
		}

		for _, read := range step.Reads {
			all = append(all, at+"reads "+text(read))
		}

		for _, written := range step.Writes {
			all = append(all, at+strings.Join(written.Modes, "+")+" "+text(written))
		}

		for _, reason := range step.Unknown {
			all = append(all, at+"unknown "+reason)
		}
	}

	return all
}

func text(of lineage.Dataset) string {
	var columns []string

	for _, column := range of.Columns {
		one := column.Name
		for _, from := range column.From {
			one += fmt.Sprintf("<%s:%s.%s", from.Source, strings.TrimPrefix(from.Space+"."+from.Name, "."), from.Column)
		}

		if column.Unknown != "" {
			one += "?"
		}

		columns = append(columns, one)
	}

	if of.AllColumns {
		columns = append(columns, "…")
	}

	name := strings.TrimPrefix(of.Space+"."+of.Name, ".")

	one := fmt.Sprintf("%s %s:%s(%s)", of.Type, of.Source, name, strings.Join(columns, ", "))
	for _, reason := range of.Unknown {
		one += " ! " + reason
	}

	return one
}

func TestOfFindsTheDatasetsOfEachOperation(t *testing.T) {
	t.Parallel()

	for steps, want := range map[string][]string{
		`- {opName: LoadTableFromSource, opParams: {source: files, table: ./a.csv, targetSource: pg, targetSpace: s, targetTable: t}}`: {
			"1 reads file files:a.csv(…)", "1 replace table pg:s.t(…)",
		},
		`- {opName: LoadTableFromSource, opParams: {source: pg, space: s, table: t, targetSource: s3, targetTable: a.parquet, columns: [A b, c], rename: {c: d}, columnNames: standardize, recordOrderColumn: n}}`: {
			"1 reads table pg:s.t(A b, c)", "1 replace file s3:a.parquet(a_b<pg:s.t.A b, d<pg:s.t.c, n)",
		},
		`- {opName: LoadTableFromSource, opParams: {source: files, table: "a/*.csv", targetSource: lite, targetTable: t, rename: {a: b}, columnTypes: {c: integer}, upsert: [b], rejectTable: r, dropSource: true}}`: {
			"1 reads file files:a/*.csv(a, c, …)", "1 upsert table lite:t(b<files:a/*.csv.a, …)",
			"1 replace table lite:r(place, mistake, record)", "1 drop file files:a/*.csv()",
		},
		`- {opName: LoadTableFromSource, opParams: {source: web, table: "orders", targetSource: lite, targetTable: "t_${p}", append: true, columns: [a]}}`: {
			"1 reads url web:orders(a)", "1 append table lite:(a<web:orders.a) ! targetTable is computed when the step runs: t_${p}",
		},
		`- {opName: LoadTableFromSource, opParams: {source: files, table: "${p}.csv", targetSource: lite, targetTable: t, dropTarget: false, columns: [a]}}`: {
			"1 reads file files:(a) ! table is computed when the step runs: ${p}.csv", "1 refill table lite:t(a?)",
		},
		`- {opName: LoadTableFromSource, opParams: {source: files, table: a.csv, targetSource: lite, targetTable: t, columns: ["${p}"]}}`: {
			"1 reads file files:a.csv(…) ! columns is computed when the step runs", "1 replace table lite:t(…) ! columns is computed when the step runs",
		},
		`- {opName: Transform, opParams: {source: pg, query: "SELECT a, b AS c FROM s.t WHERE d = ${p}", targetSource: files, targetTable: x.csv}}`: {
			"1 reads table pg:s.t(a, b, d)", "1 replace file files:x.csv(a<pg:s.t.a, c<pg:s.t.b)",
		},
		`- {opName: Transform, opParams: {source: lite, query: "SELECT CompanyName FROM t", targetTable: u, columnNames: toLowerCase, append: true}}`: {
			"1 reads table lite:t(CompanyName)", "1 append table lite:u(companyname<lite:t.CompanyName)",
		},
		`- {opName: Transform, opParams: {source: my, query: "SELECT * FROM t", targetTable: u, columnNames: standardize}}`: {
			"1 reads table my:t(…)", "1 replace table my:u(…) ! columnNames changes the names of columns that the definition does not name",
		},
		`- {opName: Transform, opParams: {source: my, query: "SELECT count(*) FROM t", targetTable: u}}`: {
			"1 reads table my:t()", "1 replace table my:u(…) ! the query does not name each of its columns",
		},
		`- {opName: Transform, opParams: {source: lite, query: "PRAGMA table_info(t)", targetTable: u}}`: {
			"1 replace table lite:u(…) ! the query does not name each of its columns",
		},
		`- {opName: Transform, opParams: {source: pg, query: "SELECT a FROM ${identifier(p)}", returnResult: true}}`: {
			"1 reads table pg:(a, …) ! the name of the table is computed when the step runs",
		},
		`- {opName: Transform, opParams: {source: pg, query: "SELECT a FROM t WHERE b = $[my]{SELECT max(c) FROM u}", returnResult: true}}`: {
			"1 reads table my:u(c)", "1 reads table pg:t(a, b)",
		},
		`- {opName: Transform, opParams: {source: pg, query: "SELEC a", targetTable: t}}`: {
			"1 replace table pg:t(…)", `1 unknown it can't be parsed: syntax error at or near "SELEC"`,
		},
		`- {opName: Transform, opParams: {source: "${p}", query: "SELECT a FROM t", targetTable: t}}`: {
			"1 replace  :(…) ! source is computed when the step runs: ${p}", "1 unknown source is computed when the step runs: ${p}",
		},
		`- {opName: RunSourceScript, opParams: {source: pg, script: "DELETE FROM t WHERE a < :a; INSERT INTO u (b) SELECT ${p} || c FROM v", bind: {a: 1}}}`: {
			"1 reads table pg:t(a)", "1 reads table pg:v(c)", "1 delete table pg:t()", "1 insert table pg:u(b<pg:v.c)",
		},
		`- {opName: RunSourceScript, opParams: {source: lite, scriptFile: scripts/a.sql}}`: {"1 drop+create table lite:t(a)"},
		`- {opName: Insert, opParams: {source: pg, space: s, table: t, records: [{b: 1, a: "${p}"}, {c: 2}]}}`: {
			"1 insert table pg:s.t(a, b, c)",
		},
		`- {opName: Insert, opParams: {source: pg, table: t, records: "${fromJSON(p)}"}}`: {
			"1 insert table pg:t(…) ! the records are computed when the step runs",
		},
		`- {opName: Update, opParams: {source: pg, table: t, key: [id], fromSource: my, query: "SELECT id, n AS m FROM u"}}`: {
			"1 reads table my:u(id, n)", "1 update table pg:t(id<my:u.id, m<my:u.n)",
		},
		`- {opName: Delete, opParams: {source: pg, table: t, key: [id], query: "SELECT id, n FROM u"}}`: {
			"1 reads table pg:u(id, n)", "1 delete table pg:t(id<pg:u.id)",
		},
		`- {opName: HTTPRequest, opParams: {source: web, path: orders, returnValue: true}}`: {"1 reads url web:orders()"},
		`- {opName: HTTPRequest, opParams: {source: web, method: POST, path: orders, file: a.csv, fileSource: files}}`: {
			"1 reads file files:a.csv()", "1 post url web:orders()",
		},
		`- {opName: HTTPRequest, opParams: {source: web, method: "${p}", targetFile: b.json, fileSource: s3}}`: {
			"1 reads url web:/() ! method is computed when the step runs: ${p}", "1  url web:/() ! method is computed when the step runs: ${p}",
			"1 replace file s3:b.json()",
		},
		`- {opName: HTTPRequest, opParams: {source: web, path: "orders/${p}", targetSource: lite, targetTable: t, upsert: [id]}}`: {
			"1 reads url web:() ! path is computed when the step runs: orders/${p}", "1 upsert table lite:t(…)",
		},
		`- {opName: SetVariable, condition: "$[my]{SELECT a FROM t}", opParams: {name: x, value: "$[lite]{SELECT b FROM u}"}}`: {
			"1 reads table my:t(a)", "1 reads table lite:u(b)",
		},
		`- {opName: ForEach, opParams: {source: pg, query: SELECT a FROM t, steps: [{opName: Wait, opParams: {duration: 1s}}, {opName: Insert, opParams: {source: pg, table: u, records: [{a: "${item.a}"}]}}]}}`: {
			"1 reads table pg:t(a)", "1.steps.2 insert table pg:u(a)",
		},
		`- {opName: If, opParams: {condition: "$[pg]{SELECT a > 1 FROM t}", then: [{opName: Return}], else: [{opName: Insert, opParams: {source: my, table: u, records: [{a: 1}]}}]}}`: {
			"1 reads table pg:t(a)", "1.else.1 insert table my:u(a)",
		},
		`- {opName: Wait, opParams: {duration: 1s}}`: nil,
	} {
		t.Run(steps, func(t *testing.T) {
			t.Parallel()

			for i := range want {
				want[i] = "Main " + want[i]
			}

			found := lineageOf(t, map[string]string{"Main": steps},
				map[string]string{"scripts/a.sql": "DROP TABLE IF EXISTS t;\nCREATE TABLE t (a integer);"})
			require.Equal(t, want, lines(found))
			require.Equal(t, !strings.Contains(strings.Join(want, ""), "!") && !strings.Contains(strings.Join(want, ""), "unknown") &&
				!strings.Contains(strings.Join(want, ""), "?"), found.IsComplete)
		})
	}
}

func TestOfFollowsScenarios(t *testing.T) {
	t.Parallel()

	insert := func(table string) string {
		return "- {opName: Insert, opParams: {source: pg, table: " + table + ", records: [{a: 1}]}}\n"
	}

	found := lineageOf(t, map[string]string{
		"Main":   "- {opName: RunScenario, opParams: {scenario: Child}}\n- {opName: RunScenario, opParams: {scenario: Inline, inline: true}}\n" + insert("t"),
		"Child":  insert("u") + "- {opName: RunScenario, opParams: {scenario: Main}}",
		"Inline": insert("v"),
	}, nil)
	require.Equal(t, []string{
		"Main 1 runs Child", "Main 2 runs Inline", "Main 2.Inline.1 insert table pg:v(a)", "Main 3 insert table pg:t(a)",
		"Child 1 insert table pg:u(a)", "Child 2 runs Main",
	}, lines(found))

	var names []string
	for _, written := range found.Writes {
		names = append(names, written.Name)
	}

	require.Equal(t, []string{"t", "u", "v"}, names)
}

func TestOfSummarizesDatasetsOfAllSteps(t *testing.T) {
	t.Parallel()

	found := lineageOf(t, map[string]string{"Main": `
- {opName: Insert, opParams: {source: pg, table: t, records: [{a: 1}]}}
- {opName: Transform, opParams: {source: pg, query: SELECT b AS c FROM u, targetTable: t}}
- {opName: Transform, opParams: {source: pg, query: SELECT d FROM u, targetTable: "${p}"}}
- {opName: Transform, opParams: {source: pg, query: SELECT d FROM u, targetTable: "x${p}"}}`}, nil)

	var all []string
	for _, read := range found.Reads {
		all = append(all, text(read))
	}

	for _, written := range found.Writes {
		all = append(all, strings.Join(written.Modes, "+")+" "+text(written))
	}

	require.Equal(t, []string{
		"table pg:u(b, d)",
		"replace table pg:(d<pg:u.d) ! targetTable is computed when the step runs: ${p}",
		"replace table pg:(d<pg:u.d) ! targetTable is computed when the step runs: x${p}",
		"insert+replace table pg:t(a, c<pg:u.b)",
	}, all)
	require.False(t, found.IsComplete)
}

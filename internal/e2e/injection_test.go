package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
)

// hostile are values and names that would change a query if they became part of its text.
var hostile = []string{
	"x' || current_user || '", "1; DROP TABLE t", `\' OR 1=1 --`, "'; DROP TABLE victim; --", `"; DROP TABLE victim; --`,
	"` ; DROP TABLE victim; --", "]; DROP TABLE victim; --", "$$", "$tag$ x $tag$", ":value1", "?", "$1", "${1 + 1}", "/*", "--", "#",
	"縗' OR 1=1 --", "¿\\' OR 1=1 --", "\u2019 or 1=1", `\`, "%s", "E'", "a\nb",
}

const injectionScenario = `
parameters: {v: {type: text}, table: {type: text}}
steps:
  - {name: query, opName: Transform, opParams: {source: SOURCE, query: "SELECT ${v} AS v", returnValue: true}}
  - opName: RunSourceScript
    opParams:
      source: SOURCE
      script: |
        DROP TABLE IF EXISTS ${identifier(table)};
        CREATE TABLE ${identifier(table)} (v VARCHAR(100) CHARSET, ${identifier("of " + table)} INTEGER);
        INSERT INTO ${identifier(table)} VALUES (${v}, 1); -- it's one
        INSERT INTO ${identifier(table)} SELECT 'it''s', 2 WHERE ${v} = ${v};
  - {opName: SetVariable, opParams: {name: found, value: 0}}
  - opName: ForEach
    opParams:
      source: SOURCE
      query: "SELECT v FROM ${identifier(table)} WHERE ${identifier('of ' + table)} = 1 AND v = ${v}"
      steps: [{opName: SetVariable, opParams: {name: found, value: "${found + (item.v == v ? 1 : 10)}"}}]
  - opName: Return
    opParams:
      value: ["${steps.query.value[0].v}", "${found}", "$[SOURCE]{SELECT count(*) FROM ${identifier(table)} WHERE v = ${v}}"]
`

// A value and a name stay what they are in every kind of source, and in a query, a script, a loop and a look-up.
func TestExpressionsInQueriesNeverChangeTheQuery(t *testing.T) {
	t.Parallel()

	manifest, err := json.Marshal(object{"sources": object{
		"stage":     object{"kind": "SQLiteSource"},
		"warehouse": object{"kind": "PgSQLSource", "connStr": testserver.PostgreSQL(t)},
		"shop":      object{"kind": "MySQLSource", "connStr": testserver.MariaDB(t)},
	}})
	require.NoError(t, err)

	for source, charset := range map[string]string{"stage": "", "warehouse": "", "shop": "CHARACTER SET utf8mb4"} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()

			app := newApp(t, map[string]string{
				"app.yaml":            string(manifest),
				"scenarios/Main.yaml": strings.NewReplacer("SOURCE", source, "CHARSET", charset).Replace(injectionScenario),
			})

			for _, value := range hostile {
				got := api().execute(t, runScenario(app, "Main", object{"v": value, "table": value}))
				require.Equal(t, []any{value, 1.0, 1.0}, got.result(t)["value"], "%q: %s", value, got.text)
			}
		})
	}
}

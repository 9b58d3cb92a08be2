package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
)

const decimalScenario = `
parameters: {price: {type: decimal}}
steps:
  - opName: RunSourceScript
    opParams:
      source: SOURCE
      script: |
        DROP TABLE IF EXISTS decimal_prices;
        CREATE TABLE decimal_prices (id INTEGER, price DECIMAL(12,2));
        INSERT INTO decimal_prices VALUES (1, 9.50), (2, ${price}), (3, 1.25);
  - {opName: Insert, opParams: {source: SOURCE, table: decimal_prices, records: [{id: 4, price: "${price + 1}"}]}}
  - name: q
    opName: Transform
    opParams: {source: SOURCE, query: "SELECT id, price FROM decimal_prices WHERE price >= ${price - 1} ORDER BY id", returnValue: true}
  - {opName: Wait, opParams: {duration: 1ms}}
  - opName: Return
    opParams:
      value:
        ids: "${map(steps.q.value, .id)}"
        less: "${steps.q.value[0].price < steps.q.value[1].price}"
        sum: "${sum(steps.q.value, .price)}"
        text: "sum ${steps.q.value[0].price + steps.q.value[1].price}"
        found: "$[SOURCE]{SELECT count(*) FROM decimal_prices WHERE price = ${price}}"
        more: "$[SOURCE]{SELECT ${price} + 1}"
`

// The text "10.00" is less than "9.50", and their sum is "9.5010.00".
func TestDecimalsOfSourcesAreNeverText(t *testing.T) {
	t.Parallel()

	manifest, err := json.Marshal(object{"sources": object{
		"stage":     object{"kind": "SQLiteSource"},
		"warehouse": object{"kind": "PgSQLSource", "connStr": testserver.PostgreSQL(t)},
		"shop":      object{"kind": "MySQLSource", "connStr": testserver.MariaDB(t)},
	}})
	require.NoError(t, err)

	for _, source := range []string{"stage", "warehouse", "shop"} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()

			app := newApp(t, map[string]string{
				"app.yaml": string(manifest), "scenarios/Main.yaml": strings.ReplaceAll(decimalScenario, "SOURCE", source),
			})

			got := api().execute(t, runScenario(app, "Main", object{"price": "10.00"}))
			require.NotNil(t, got.result(t)["value"], got.text)
			require.Equal(t, object{
				"ids": []any{1.0, 2.0, 4.0}, "less": true, "sum": 30.5, "text": got.result(t)["value"].(object)["text"],
				"found": 1.0, "more": 11.0,
			}, got.result(t)["value"], got.text)
			require.Contains(t, []string{"sum 19.50", "sum 19.5"}, got.result(t)["value"].(object)["text"])
			require.Contains(t, got.text, `"sum":30.5`)
		})
	}
}

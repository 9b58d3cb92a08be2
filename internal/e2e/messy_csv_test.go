package e2e_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"

	"github.com/jobwright/jobwright/internal/testserver"
)

// messy is a file as a German accounting program writes it, with broken lines.
const messy = "Nummer;Kunde ; Betrag;Kurs;F\u00e4llig;Erfasst;Bezahlt\r\n" +
	"1.001; M\u00fcller GmbH ;1.234,56;1.1034;31.12.2025;30.12.2025 08:15;ja\r\n" +
	"1.002;\"Gr\u00f6\u00dfe; Sohn\";-0,50;;29.02.2024;01.03.2024 23:59;Nein\r\n" +
	"1.003;Stra\u00dfe;12,00;0.9;01.01.2026;;\r\n" +
	"1.004;zu wenig\r\n" +
	"1.005;Betrag;12.50;1;01.01.2026;;ja\r\n" +
	"1.006;Datum;1,00;1;31.02.2026;;ja\r\n" +
	"1.007;Wort;1,00;1;01.02.2026;;yes\r\n"

// The case of the first hour: semicolons, windows-1252, German dates and numbers, broken lines.
func TestAMessyCSVBecomesATypedTable(t *testing.T) {
	t.Parallel()

	content, err := charmap.Windows1252.NewEncoder().String(messy)
	require.NoError(t, err)

	load := func(name, more string) string {
		return fmt.Sprintf(`
steps:
  - name: load
    opName: LoadTableFromSource
    opParams:
      source: files
      table: rechnungen.csv
      format:
        separator: ";"
        encoding: windows-1252
        dateFormat: dd.MM.yyyy
        timestampFormat: dd.MM.yyyy HH:mm
        decimalSeparator: ","
        thousandsSeparator: "."
        booleans: [ja, nein]
        trim: true
        columns: {Kurs: {decimalSeparator: ".", thousandsSeparator: "'"}}
      columnNames: standardize
      targetSource: warehouse
      targetTable: %s
      rejectTable: %s_rejected
%s
  - opName: Transform
    opParams:
      source: warehouse
      query: >-
        SELECT nummer, kunde, betrag, kurs, extract(month FROM fällig) AS month, extract(minute FROM erfasst) AS minute, bezahlt
        FROM %s ORDER BY betrag
      returnResult: true
  - {opName: Transform, opParams: {source: warehouse, query: SELECT place FROM %s_rejected ORDER BY place, returnResult: true}}
  - {opName: Return, opParams: {value: "${steps.load.rejected}"}}
`, name, name, more, name, name)
	}

	appID := newApp(t, map[string]string{
		"app.yaml": fmt.Sprintf("sources:\n  files: {kind: FileSource, path: files}\n  warehouse: {kind: PgSQLSource, connStr: %q}\n",
			testserver.PostgreSQL(t)),
		"files/rechnungen.csv": content,
		"scenarios/Declared.yaml": load("declared", `      columnTypes:
        {Nummer: integer, Betrag: "decimal(12,2)", Kurs: decimal, Fällig: date, Erfasst: datetime, Bezahlt: boolean}`),
		"scenarios/Forgotten.yaml": `
steps:
  - {opName: LoadTableFromSource, opParams: {source: files, table: rechnungen.csv, format: {encoding: windows-1252}, targetSource: warehouse, targetTable: x}}
`,
	})

	got := api().execute(t, runScenario(appID, "Declared", object{}))
	require.Equal(t, http.StatusOK, got.status, got.text)

	result := got.result(t)
	require.InEpsilon(t, 4.0, result["value"], 0)
	require.Equal(t, []any{
		object{"nummer": 1002.0, "kunde": "Größe; Sohn", "betrag": -0.5, "kurs": nil, "month": 2.0, "minute": 59.0, "bezahlt": false},
		object{"nummer": 1003.0, "kunde": "Straße", "betrag": 12.0, "kurs": 0.9, "month": 1.0, "minute": nil, "bezahlt": nil},
		object{"nummer": 1001.0, "kunde": "Müller GmbH", "betrag": 1234.56, "kurs": 1.1034, "month": 12.0, "minute": 15.0, "bezahlt": true},
	}, recordsOf(t, result, 0))
	require.Equal(t, []any{object{"place": "line 5"}, object{"place": "line 6"}, object{"place": "line 7"}, object{"place": "line 8"}},
		recordsOf(t, result, 1))

	forgotten := api().execute(t, runScenario(appID, "Forgotten", object{}))
	require.Equal(t, http.StatusUnprocessableEntity, forgotten.status, forgotten.text)
	require.Contains(t, forgotten.text, `set the format's separator: \";\"`)
}

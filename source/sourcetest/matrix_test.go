package sourcetest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/file"
	"github.com/jobwright/jobwright/source/mysql"
	"github.com/jobwright/jobwright/source/postgres"
	"github.com/jobwright/jobwright/source/sourcetest"
	"github.com/jobwright/jobwright/source/sqlite"
)

func TestMain(m *testing.M) { testserver.Main(m) }

// store is a place for tables.
type store struct {
	name      string
	extension string // Of its tables, where they are files.
	untyped   bool   // Whether it holds texts alone.
	sourcetest.Store
}

func (s store) table(word string) source.Table { return source.Table{Name: word + s.extension} }

// stores are every source, and every format of files.
func stores(t *testing.T) []store {
	t.Helper()

	place := source.Place{AppDir: t.TempDir(), DataDir: t.TempDir()}
	require.NoError(t, os.Mkdir(filepath.Join(place.AppDir, "files"), 0o750))

	open := func(open source.Open, kind string, options map[string]any) sourcetest.Store {
		opened, err := open(t.Context(), source.Definition{Name: kind, Kind: kind, Options: options}, place)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, opened.Close()) })

		return opened.(sourcetest.Store)
	}

	files := open(file.Open, file.Kind, map[string]any{"path": "files"})

	return []store{
		{name: "PostgreSQL", Store: open(postgres.Open, postgres.Kind, map[string]any{"connStr": testserver.PostgreSQL(t)})},
		{name: "MariaDB", Store: open(mysql.Open, mysql.Kind, map[string]any{"connStr": testserver.MariaDB(t)})},
		{name: "SQLite", Store: open(sqlite.Open, sqlite.Kind, nil)},
		{name: "CSV", extension: ".csv", untyped: true, Store: files},
		{name: "JSON", extension: ".json.gz", untyped: true, Store: files},
		{name: "NDJSON", extension: ".ndjson.zst", untyped: true, Store: files},
		{name: "XML", extension: ".xml", untyped: true, Store: files},
		{name: "XLSX", extension: ".xlsx", untyped: true, Store: files},
		{name: "Parquet", extension: ".parquet", Store: files},
	}
}

// holdings are the values of each sample that a store can hold.
type holdings [][]source.Record

// heldBy finds out which values a store holds, and writes them to a table for each sample. What it refuses, it has to refuse
// with an error.
func heldBy(t *testing.T, s store) (held holdings, refused []string) {
	t.Helper()

	for i, sample := range sourcetest.Samples() {
		columns := columnsOf(sample)

		var records []source.Record

		for j, value := range sample.Values {
			record := source.Record{int64(j), value}

			_, err := s.WriteTable(t.Context(), source.Write{Table: s.table("tried"), Mode: source.Replace},
				sourcetest.NewRows(columns, record))
			if err == nil {
				records = append(records, record)

				continue
			}

			var problem *source.Error
			require.ErrorAs(t, err, &problem, "%s, %s: %v", s.name, sample.Name(), err)
			require.False(t, problem.Curable, "%s, %s: %v", s.name, sample.Name(), err)

			refused = append(refused, fmt.Sprintf("%s %s", sample.Name(), shown(value)))
		}

		written, err := s.WriteTable(t.Context(), source.Write{Table: s.table(fmt.Sprintf("from%d", i)), Mode: source.Replace},
			sourcetest.NewRows(columns, records...))
		require.NoError(t, err)

		sourcetest.RequireHeld(t, s, s.table(fmt.Sprintf("from%d", i)), columns, records, written.Conversions, s.untyped)

		held = append(held, records)
	}

	return held, refused
}

func columnsOf(sample sourcetest.Sample) source.Schema {
	return source.Schema{
		sourcetest.Column("n", source.Standard{Type: source.Integer}), sourcetest.Column("v", sample.Type),
	}
}

// shown is a value as the list of what is refused has it.
func shown(value any) string {
	text := fmt.Sprint(value)
	if len(text) > 40 {
		text = text[:40] + "…"
	}

	return fmt.Sprintf("%q", text)
}

// refusals are the values that a store can't hold; docs/types.md tells of them.
var refusals = map[string][]string{
	"MariaDB": {`float "NaN"`, `float "+Inf"`, `float "-Inf"`},
	"SQLite":  {`float "NaN"`},
	"XLSX":    {`text "` + strings.Repeat("long ", 8) + `…"`},
}

// Whatever the way from one store to another, a value comes out as it went in, or is refused.
func TestEveryValueSurvivesEveryWay(t *testing.T) {
	t.Parallel()

	all := stores(t)
	held := map[string]holdings{}

	for _, s := range all {
		var refused []string

		held[s.name], refused = heldBy(t, s)
		if strings.Join(refused, "\n") != strings.Join(refusals[s.name], "\n") {
			t.Errorf("%s refuses other values than it should:\n%s", s.name, strings.Join(refused, "\n"))
		}
	}

	for _, from := range all {
		for _, to := range all {
			t.Run(from.name+" to "+to.name, func(t *testing.T) {
				t.Parallel()

				for i, sample := range sourcetest.Samples() {
					t.Run(sample.Name(), func(t *testing.T) {
						t.Parallel()

						move(t, from, to, i, sample, held)
					})
				}
			})
		}
	}
}

// move takes the values that both stores hold from one to the other.
func move(t *testing.T, from, to store, number int, sample sourcetest.Sample, held map[string]holdings) {
	t.Helper()

	columns := columnsOf(sample)
	kept := map[any]bool{}

	for _, record := range held[to.name][number] {
		kept[record[0]] = true
	}

	rows, err := from.ReadTable(t.Context(), source.Read{Table: from.table(fmt.Sprintf("from%d", number))})
	require.NoError(t, err)

	typed, err := source.Convert(rows, from.name, source.Table{}, map[string]source.Standard{
		"n": columns[0].Standard, "v": sample.Type,
	}, nil)
	require.NoError(t, err)

	var common []source.Record

	for _, record := range sourcetest.ReadAll(t, typed) {
		if kept[record[0]] {
			common = append(common, record)
		}
	}

	table := to.table(fmt.Sprintf("to%d%s", number, from.name))
	written, err := to.WriteTable(t.Context(), source.Write{Table: table, Mode: source.Replace},
		sourcetest.NewRows(typed.Schema(), common...))
	require.NoError(t, err)

	var want []source.Record

	for _, record := range held[from.name][number] {
		if kept[record[0]] {
			want = append(want, record)
		}
	}

	sourcetest.RequireHeld(t, to, table, columns, want, written.Conversions, to.untyped)
}

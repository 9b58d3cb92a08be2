package sourcetest_test

import (
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

// store is a place for tables.
type store struct {
	name      string
	extension string // Of its tables, where they are files.
	untyped   bool   // Whether it holds texts alone.
	sourcetest.Store
}

func (s store) table(word string) source.Table { return source.Table{Name: word + s.extension} }

// keyless reports whether a store's records can't be told by a key.
func (s store) keyless() bool { return s.extension != "" }

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

// refusals are the values that a store can't hold; docs/types.md tells of them.
var refusals = map[string][]string{
	"MariaDB": {`float "NaN"`, `float "+Inf"`, `float "-Inf"`},
	"SQLite":  {`float "NaN"`},
	"XLSX":    {`text "` + strings.Repeat("long ", 8) + `…"`},
}

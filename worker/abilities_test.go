package worker_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/file"
	"github.com/jobwright/jobwright/source/files"
	"github.com/jobwright/jobwright/source/kind"
	"github.com/jobwright/jobwright/source/mysql"
	"github.com/jobwright/jobwright/source/postgres"
	"github.com/jobwright/jobwright/source/sourcetest"
	"github.com/jobwright/jobwright/source/sqlite"
	"github.com/jobwright/jobwright/source/sqltext"
	"github.com/jobwright/jobwright/source/web"
	"github.com/jobwright/jobwright/worker"
)

// sources are a source of each kind, which is not open.
var sources = map[string]source.Source{
	kind.PgSQLSource: &postgres.Source{}, kind.MySQLSource: &mysql.Source{}, kind.SQLiteSource: &sqlite.Source{},
	kind.FileSource: &files.Source{}, kind.AWSS3Source: &files.Source{}, kind.HTTPSource: &web.Source{},
}

func TestKindsHaveTheAbilitiesOfTheirDrivers(t *testing.T) {
	t.Parallel()

	for name := range worker.Drivers() {
		require.Contains(t, sources, name)

		for _, ability := range source.Abilities() {
			require.Equal(t, source.Has(sources[name], ability), kind.Can(name, ability), "%s can %s", name, ability)
		}

		_, hasDialect := sqltext.DialectOf(name)
		require.Equal(t, kind.Can(name, source.CanQuery), hasDialect, name)
		require.Equal(t, kind.Can(name, source.CanWrite), kind.Writes(name, source.Replace), name)
	}

	require.Len(t, worker.Drivers(), len(kind.Names()))
}

func TestKindsOfFilesWriteInTheModesOfTheirDriver(t *testing.T) {
	t.Parallel()

	opened, err := file.Open(t.Context(), source.Definition{
		Name: "files", Kind: kind.FileSource, Options: map[string]any{"path": t.TempDir()},
	}, source.Place{})
	require.NoError(t, err)
	require.Equal(t, reflect.TypeFor[*files.Source](), reflect.TypeOf(opened))

	for _, mode := range source.Modes() {
		_, err := opened.(source.Writer).WriteTable(t.Context(), source.Write{Table: source.Table{Name: "t.csv"}, Mode: mode},
			sourcetest.NewRows(source.Schema{{Name: "n", Standard: source.Standard{Type: source.Integer}}}))
		require.Equal(t, err == nil, kind.Writes(kind.FileSource, mode), "%s: %v", mode, err)
		require.Equal(t, err == nil, kind.Writes(kind.AWSS3Source, mode), "the same driver writes to both")
	}
}

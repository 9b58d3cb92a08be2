package temporalserver

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/config"
)

func TestOpenDatabasesContinuesAfterADeathBetweenTheFiles(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	visibility := filepath.Join(dir, "temporal-visibility.db")
	require.NoError(t, create(t.Context(), visibility, "visibility"))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "temporal.db.new"), []byte("half a database"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "temporal.db.new-journal"), []byte("half a journal"), 0o600))

	files, err := openDatabases(t.Context(), Options{DataDir: dir, Namespace: "default"})
	require.NoError(t, err)
	require.Equal(t, visibility, files.visibility.DatabaseName)
	require.Equal(t, 1, count(t, files.state, "SELECT count(*) FROM namespaces WHERE name = 'default'"))
	require.Zero(t, count(t, files.visibility, "SELECT count(*) FROM executions_visibility"))
}

func TestCreateVisibilityOmitsUnusedIndexes(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "visibility.db")
	require.NoError(t, create(t.Context(), path, "visibility"))
	require.Equal(t, len(usedIndexes), count(t, settings(path, false),
		"SELECT count(*) FROM sqlite_master WHERE type = 'index' AND tbl_name = 'executions_visibility' AND sql IS NOT NULL"))
}

func TestSettingsOfADurableFileWaitForTheDisk(t *testing.T) {
	t.Parallel()

	require.Equal(t, "full", settings("file", true).ConnectAttributes["synchronous"])
	require.Equal(t, "normal", settings("file", false).ConnectAttributes["synchronous"])
}

func TestAliasesAssignsColumnsInTheOrderOfNames(t *testing.T) {
	t.Parallel()

	require.Equal(t, map[string]string{"Keyword01": "A", "Keyword02": "C", "KeywordList01": "B"}, aliases(
		map[string]enumspb.IndexedValueType{
			"C": enumspb.INDEXED_VALUE_TYPE_KEYWORD, "A": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
			"B": enumspb.INDEXED_VALUE_TYPE_KEYWORD_LIST,
		}))
}

// count returns the result of a query that counts.
func count(t *testing.T, file *config.SQL, query string) (n int) {
	t.Helper()

	database, err := sql.Open(driver, file.DatabaseName)
	require.NoError(t, err)
	require.NoError(t, database.QueryRowContext(t.Context(), query).Scan(&n))
	require.NoError(t, database.Close())

	return n
}

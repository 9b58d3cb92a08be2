package statement_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/lineage/statement"
)

// No text makes the package panic, and a text that it does not understand has a reason.
func FuzzScript(f *testing.F) {
	for _, text := range []string{
		"SELECT a FROM t", "WITH RECURSIVE x AS (SELECT 1 UNION SELECT n FROM x) SELECT * FROM x", "INSERT INTO t (a) SELECT :a",
		"UPDATE t SET (a, b) = (SELECT 1, 2)", `SELECT :"a" FROM :"b".c`, "MERGE INTO t USING u ON a = b WHEN MATCHED THEN DELETE",
		"DELETE a.* FROM a, b", "REPLACE", "INSERT OR", "[", "`", "SELECT", "(VALUES (1), (2, 3))", "SELECT (a).b.c[1] FROM t",
		"CREATE TABLE t (LIKE u)", "DROP TABLE a.b.c", "COPY t TO STDOUT", "/*! SELECT 1 */", "SELECT 1 INTO @a", "\x00", "SELECT '\xff'",
		"TABLE t", "SELECT * FROM ROWS FROM (f(1), g(2)) AS x", "SELECT count(t.*) FROM t", "INSERT INTO t DEFAULT VALUES",
		"SELECT " + strings.Repeat("(", 5000) + "1", strings.Repeat("SELECT (", 300),
	} {
		f.Add(text)
	}

	f.Fuzz(func(t *testing.T, text string) {
		for _, database := range databases {
			found := statement.Script("", database, text)

			for _, table := range append(found.Reads, found.Writes...) {
				require.True(t, table.Name != "" || len(table.Unknown) > 0, "a table without a name has a reason: %s", text)
			}

			for _, reason := range found.Unknown {
				require.NotContains(t, reason, "the parser of", text)
			}
		}
	})
}

func TestScriptReportsWhatItDoesNotRead(t *testing.T) {
	t.Parallel()

	require.Equal(t, []string{"the language of the source is not known"}, statement.Script("", "FileSource", "SELECT 1").Unknown)
	require.Equal(t, []string{"the text has 300000 bytes, more than the 262144 that are parsed"},
		statement.Script("", postgresql[0], strings.Repeat(" ", 300_000)).Unknown)
}

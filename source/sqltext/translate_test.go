package sqltext_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source/sqltext"
)

func TestTranslateSQLiteQuotesNamesAndOmitsClauses(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]string{
		"SELECT [a \"b], `c`, \"d\", 'e' FROM T":       `SELECT "a ""b", "c", "d", 'e' FROM T`,
		"INSERT OR REPLACE INTO t VALUES (1)":          "INSERT  INTO t VALUES (1)",
		"WITH x AS (SELECT 1) insert or ignore INTO t": "WITH x AS (SELECT 1) insert  INTO t",
		"UPDATE OR FAIL t SET a = 1":                   "UPDATE  t SET a = 1",
		"REPLACE INTO t VALUES (1)":                    "INSERT INTO t VALUES (1)",
		"SELECT replace(a, 'or', 'x') FROM t":          "SELECT replace(a, 'or', 'x') FROM t",
		"a integer primary key autoincrement":          "a integer primary key ",
		"SELECT a OR ignore":                           "SELECT a OR ignore",
		"":                                             "",
	} {
		translated, _ := sqltext.TranslateSQLite(text)
		require.Equal(t, want, translated)
	}

	_, spelling := sqltext.TranslateSQLite("SELECT CompanyName FROM T")
	require.Equal(t, "CompanyName", spelling["companyname"])
}

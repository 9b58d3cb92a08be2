package testserver_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
)

func TestMariaDBReturnsANewDatabaseEachTime(t *testing.T) {
	t.Parallel()

	for _, dsn := range []string{testserver.MariaDB(t), testserver.MariaDB(t)} {
		_, err := openMariaDB(t, dsn).ExecContext(t.Context(), "CREATE TABLE t (id int)")
		require.NoError(t, err)
	}
}

func TestMariaDBServerRestartsWithItsDatabases(t *testing.T) {
	t.Parallel()

	server := testserver.NewMariaDB(t, testserver.MariaDBOptions{Settings: []string{"max-connections=17"}})
	db := openMariaDB(t, server.NewDatabase(t))

	_, err := db.ExecContext(t.Context(), "CREATE TABLE t (id int)")
	require.NoError(t, err)

	for name, end := range map[string]func(testing.TB){"stopped": server.Stop, "killed": server.Kill} {
		end(t)
		require.Error(t, db.PingContext(t.Context()), name)
		server.Start(t)

		var connections int
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT @@max_connections FROM (SELECT COUNT(*) FROM t) AS u").
			Scan(&connections), name)
		require.Equal(t, 17, connections, name)
	}
}

func openMariaDB(t *testing.T, dsn string) *sql.DB {
	t.Helper()

	db, err := sql.Open("mysql", dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })

	return db
}

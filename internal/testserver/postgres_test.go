package testserver_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
)

func TestMain(m *testing.M) { testserver.Main(m) }

func TestPostgreSQLReturnsANewDatabaseEachTime(t *testing.T) {
	t.Parallel()

	first, second := connect(t, testserver.PostgreSQL(t)), connect(t, testserver.PostgreSQL(t))

	_, err := first.Exec(t.Context(), "CREATE TABLE t (id int)")
	require.NoError(t, err)

	_, err = second.Exec(t.Context(), "CREATE TABLE t (id int)")
	require.NoError(t, err)
}

func TestPostgreSQLServerRestartsWithItsDatabases(t *testing.T) {
	t.Parallel()

	server := testserver.NewPostgreSQL(t, testserver.PostgreSQLOptions{})
	url := server.NewDatabase(t)

	_, err := connect(t, url).Exec(t.Context(), "CREATE TABLE t (id int)")
	require.NoError(t, err)

	for name, end := range map[string]func(testing.TB){"stopped": server.Stop, "killed": server.Kill} {
		before := connect(t, url)

		end(t)
		require.Error(t, before.Ping(t.Context()), name)

		_, err = pgx.Connect(t.Context(), url)
		require.Error(t, err, name)

		server.Start(t)

		_, err = connect(t, url).Exec(t.Context(), "SELECT id FROM t")
		require.NoError(t, err, name)
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()

	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) })

	return conn
}

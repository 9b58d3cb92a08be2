package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/source"
)

func TestServerCrashDuringWriteLeavesNothing(t *testing.T) {
	t.Parallel()

	server := testserver.NewPostgreSQL(t, testserver.PostgreSQLOptions{})
	stage := open(t, server.NewDatabase(t))
	columns := source.Schema{column("id", source.Integer)}

	_, err := stage.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Replace},
		records(columns, source.Record{int64(7)}))
	require.NoError(t, err)

	for name, end := range map[string]func(testing.TB){"killed": server.Kill, "stopped": server.Stop} {
		for _, mode := range []source.Mode{source.Replace, source.Refill, source.Append, source.Upsert} {
			rows := &endlessRows{Rows: records(columns), each: func(count int64) {
				if count == 100_000 {
					end(t)
				}
			}}

			_, err := stage.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: mode, Key: []string{"id"}}, rows)
			problem := requireError(t, err, source.CodeUnavailable)
			require.True(t, problem.Retryable, "%s, %s: %v", name, mode, err)

			_, err = stage.Check(t.Context())
			require.True(t, requireError(t, err, source.CodeUnavailable).Retryable)

			server.Start(t)

			found, err := stage.Check(t.Context())
			require.NoError(t, err)
			require.Contains(t, found, ", 1 table", "the crash left a table")
			require.Equal(t, []source.Record{{int64(7)}}, (&database{Source: stage}).read(t, "SELECT id FROM t"))
		}
	}
}

func TestServerCrashDuringReadIsRetryable(t *testing.T) {
	t.Parallel()

	server := testserver.NewPostgreSQL(t, testserver.PostgreSQLOptions{})
	stage := open(t, server.NewDatabase(t))

	rows, err := stage.Query(t.Context(), "SELECT generate_series(1, 1000000000)", nil)
	require.NoError(t, err)

	_, err = rows.Next(t.Context())
	require.NoError(t, err)

	server.Kill(t)

	for err == nil {
		_, err = rows.Next(t.Context())
	}

	require.True(t, requireError(t, err, source.CodeUnavailable).Retryable)
	require.NoError(t, rows.Close())

	server.Start(t)

	_, err = stage.Check(t.Context())
	require.NoError(t, err)
}

func TestTooManyConnectionsAreRetryable(t *testing.T) {
	t.Parallel()

	server := testserver.NewPostgreSQL(t, testserver.PostgreSQLOptions{
		Settings: []string{"max_connections=4", "superuser_reserved_connections=0", "max_wal_senders=0"},
	})
	address := server.NewDatabase(t)

	for range 4 { // The connection that created the database may still be open.
		require.Eventually(t, func() bool {
			conn, err := pgx.Connect(t.Context(), address)
			if err == nil {
				t.Cleanup(func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) })
			}

			return err == nil
		}, 10*time.Second, 10*time.Millisecond)
	}

	_, err := open(t, address).Check(t.Context())
	problem := requireError(t, err, source.CodeUnavailable)
	require.True(t, problem.Retryable)
	require.ErrorContains(t, err, "too many clients")
}

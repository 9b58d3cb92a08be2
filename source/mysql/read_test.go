package mysql_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sourcetest"
)

func TestQueryBindsValuesByName(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (id INT, name VARCHAR(20))", "INSERT INTO t VALUES (5, '5'), (6, 'six')")

	for _, test := range []struct {
		query string
		value any
		want  int
	}{
		{"SELECT * FROM t WHERE id = :v", int64(5), 1},
		{"SELECT * FROM t WHERE id = :v", "5", 1},
		{"SELECT * FROM t WHERE name = :v", int64(5), 1},
		{"SELECT * FROM t WHERE name = :v", "six", 1},
		{"SELECT * FROM t WHERE name = :v", "'; DROP TABLE t; --", 0},
		{"SELECT * FROM t WHERE name = :v OR :v IS NULL", nil, 2},
		{"SELECT * FROM t WHERE (id = 5) = :v", true, 1},
		{"SELECT * FROM t WHERE id < :v -- :not a parameter", 5.5, 1},
	} {
		require.Len(t, stage.result(t, test.query, map[string]any{"v": test.value}), test.want, "%s %v", test.query, test.value)
	}

	_, err := stage.Query(t.Context(), "SELECT :country", nil)
	require.ErrorContains(t, err, "country")

	_, err = stage.Query(t.Context(), "SELECT 1", map[string]any{"county": 1})
	require.ErrorContains(t, err, "county")
}

func TestQueryRejectsStatementsThatWrite(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (id INT)", "INSERT INTO t VALUES (1)",
		"CREATE PROCEDURE writes() BEGIN COMMIT; DELETE FROM t; SELECT 1; END", "CREATE PROCEDURE shows() SELECT * FROM t",
		"CREATE FUNCTION f() RETURNS INT BEGIN DELETE FROM t; RETURN 1; END", "CREATE SEQUENCE s")

	for _, query := range []string{
		"DELETE FROM t", "DELETE FROM t RETURNING id", "DROP TABLE t", "INSERT INTO t VALUES (2)", "SELECT 1; DELETE FROM t",
		"COMMIT", "SET GLOBAL max_connections = 10", "CALL writes()", "SELECT f()", "/*! DELETE FROM t */", "", "-- nothing",
		"BEGIN", "(DELETE FROM t)", "SELECT NEXTVAL(s)", "SELECT 1 INTO @a", "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE t",
	} {
		_, err := stage.Query(t.Context(), query, nil)
		requireProblem(t, err, source.CodeQueryInvalid, false)
	}

	require.Len(t, stage.table(t, "t"), 1)

	for _, query := range []string{
		"SELECT * FROM t", "(SELECT * FROM t)", "WITH u AS (SELECT * FROM t) SELECT * FROM u", "CALL shows()", "SHOW TABLES",
		"EXPLAIN SELECT * FROM t", "-- first a comment\nSELECT 1 /* and another */;",
	} {
		require.NotEmpty(t, stage.result(t, query, nil), query)
	}

	stage.write(t, to("t", source.Append), numbers(2)) // The write does not use the connection of a query.
}

func TestQueryWritesNoFile(t *testing.T) {
	t.Parallel()

	stage := open(t)
	folder := t.TempDir()
	require.NoError(t, os.Chmod(folder, 0o777)) // The server may run as another user.

	for i, query := range []string{
		"SELECT 1 INTO OUTFILE 'file'", "SELECT 1 INTO DUMPFILE 'file'", "SELECT 1 INTO @a", "SELECT 1\ninto outfile 'file'",
		"SELECT 1 /*! INTO OUTFILE 'file' */", "SELECT 1 /*M!100000 INTO OUTFILE 'file' */", "SELECT 5--1 INTO OUTFILE 'file'",
		"SELECT 1 /*! , '*/' INTO OUTFILE 'file', '*/", "SELECT '\\'' INTO OUTFILE 'file' -- '", "TABLE t INTO OUTFILE 'file'",
		"VALUES (1) INTO OUTFILE 'file'", "WITH u AS (SELECT 1) SELECT * FROM u INTO OUTFILE 'file'",
	} {
		file := filepath.Join(folder, fmt.Sprintf("file%d", i))

		_, err := stage.Query(t.Context(), strings.ReplaceAll(query, "file", file), nil)
		requireProblem(t, err, source.CodeQueryInvalid, false)
		require.NoFileExists(t, file, query)
	}

	for _, query := range []string{"SELECT 'INTO', 1 AS `into`", "SELECT 1 -- INTO", "SELECT 1 /* INTO */", "SELECT 5--1 AS difference"} {
		require.NotEmpty(t, stage.result(t, query, nil), query)
	}
}

func TestQueryErrorsAreNotRetryable(t *testing.T) {
	t.Parallel()

	stage := open(t)

	for query, code := range map[string]source.Code{
		"SELEKT 1":                source.CodeQueryInvalid,
		"SELECT nothing":          source.CodeQueryInvalid,
		"SELECT ?":                source.CodeQueryInvalid,
		"SELECT nofunction(1)":    source.CodeQueryInvalid,
		"SELECT * FROM nowhere":   source.CodeTableNotFound,
		"SELECT * FROM nowhere.t": source.CodeTableNotFound,
	} {
		_, err := stage.Query(t.Context(), query, nil)
		requireProblem(t, err, code, false)
	}
}

func TestRowsNextReturnsErrorOfRunningQuery(t *testing.T) {
	t.Parallel()

	stage := open(t)

	rows, err := stage.Query(t.Context(), "SELECT (SELECT b.seq FROM seq_1_to_2 AS b WHERE b.seq = 1 OR a.seq > 9000) FROM seq_1_to_10000 AS a", nil)
	require.NoError(t, err)

	for err == nil {
		_, err = rows.Next(t.Context())
	}

	requireProblem(t, err, source.CodeQueryInvalid, false)
	require.NoError(t, rows.Close())
}

func TestReadTableReportsInvalidValuesWithLocation(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ declared, value, message string }{
		{"TINYINT(1)", "5", `record 2, column "v": 5 is not a boolean`},
		{"DATE", "'0000-00-00'", `record 2, column "v": 0000-00-00 is not a date`},
		{"DATE", "'2024-02-00'", `record 2, column "v": 2024-02-00 is not a date`},
		{"DATETIME", "'0000-00-00 00:00:00'", `record 2, column "v": 0000-00-00 00:00:00 is not a date`},
		{"TIME", "'-00:00:01'", `record 2, column "v": -00:00:01 is a negative duration`},
		{"TIME(1)", "'24:00:00.1'", `record 2, column "v": 24:00:00.1 is a duration of more than 24 hours`},
		{"TIME", "'838:59:59'", `record 2, column "v": 838:59:59 is a duration of more than 24 hours`},
	} {
		t.Run(test.declared+" "+test.value, func(t *testing.T) {
			t.Parallel()

			stage := open(t)
			stage.other.SetMaxOpenConns(1)
			stage.prepare(t, "SET sql_mode = ''", "CREATE TABLE t (id INT, v "+test.declared+")",
				"INSERT INTO t VALUES (1, NULL), (2, "+test.value+"), (3, NULL)")

			rows, err := stage.ReadTable(t.Context(), source.Read{Table: source.Table{Name: "t"}})
			require.NoError(t, err)

			_, err = rows.Next(t.Context())
			require.NoError(t, err)

			_, err = rows.Next(t.Context())
			require.Contains(t, requireProblem(t, err, source.CodeRecordInvalid, false).Message, test.message)
			require.NoError(t, rows.Close())

			// With Reject, the reading continues.
			var rejects []source.Reject

			rows, err = stage.ReadTable(t.Context(), source.Read{
				Table:  source.Table{Name: "t"},
				Reject: func(r source.Reject) error { rejects = append(rejects, r); return nil },
			})
			require.NoError(t, err)
			require.Equal(t, []source.Record{{int64(1), nil}, {int64(3), nil}}, sourcetest.ReadAll(t, rows))
			require.Len(t, rejects, 1)
			require.Equal(t, "record 2", rejects[0].Location)
			require.Contains(t, rejects[0].Message, test.message)
			require.Equal(t, `id="2", v=?`, rejects[0].Text)

			// A query can read the value as text.
			require.NotEmpty(t, stage.result(t, "SELECT CAST(v AS CHAR) FROM t WHERE id = 2", nil)[0][0])
		})
	}
}

func TestReadTableReturnsErrorOfReject(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (v TINYINT(1))", "INSERT INTO t VALUES (2)")

	enough := errors.New("enough")

	rows, err := stage.ReadTable(t.Context(), source.Read{
		Table: source.Table{Name: "t"}, Reject: func(source.Reject) error { return enough },
	})
	require.NoError(t, err)

	_, err = rows.Next(t.Context())
	require.ErrorIs(t, err, enough)
	require.NoError(t, rows.Close())
}

func TestReadTableReturnsSnapshotAndDoesNotBlockWriters(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (id INT)", "INSERT INTO t SELECT seq FROM seq_1_to_50000")

	rows, err := stage.ReadTable(t.Context(), source.Read{Table: source.Table{Name: "t"}})
	require.NoError(t, err)

	_, err = rows.Next(t.Context())
	require.NoError(t, err)

	stage.write(t, to("t", source.Refill), numbers(1))
	require.Len(t, sourcetest.ReadAll(t, rows), 49_999)
	require.Len(t, stage.table(t, "t"), 1)
}

func TestReadTableReadsViewsAsNotUpdateable(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (flag BOOLEAN, twice INT AS (flag * 2))", "CREATE VIEW v AS SELECT * FROM t",
		"INSERT INTO t (flag) VALUES (TRUE)")

	rows, err := stage.ReadTable(t.Context(), source.Read{Table: source.Table{Name: "v"}})
	require.NoError(t, err)
	require.False(t, rows.Schema()[0].Updateable)
	require.Equal(t, []source.Record{{true, int64(2)}}, sourcetest.ReadAll(t, rows))

	rows, err = stage.ReadTable(t.Context(), source.Read{Table: source.Table{Name: "t"}})
	require.NoError(t, err)
	require.True(t, rows.Schema()[0].Updateable)
	require.False(t, rows.Schema()[1].Updateable, "the column is generated")
	require.NoError(t, rows.Close())
}

// running returns the number of statements matching the pattern that run in the server.
func running(t require.TestingT, stage *database, statement string) int {
	var count int

	err := stage.other.QueryRow("SELECT COUNT(*) FROM information_schema.processlist "+
		"WHERE info LIKE ? AND id <> CONNECTION_ID()", statement).Scan(&count)
	require.NoError(t, err)

	return count
}

func requireEnded(t *testing.T, stage *database, statement string) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) { require.Zero(c, running(c, stage, statement)) },
		10*time.Second, 10*time.Millisecond)
}

func TestQueryTerminatesStatementWhenContextEnds(t *testing.T) {
	t.Parallel()

	stage := open(t)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()

	ended := make(chan error)

	go func() {
		_, err := stage.Query(ctx, "SELECT 'cancelled', BENCHMARK(1000000000000, SHA2('a', 512))", nil)
		ended <- err
	}()

	require.Eventually(t, func() bool { return running(t, stage, "%'cancelled'%") == 1 },
		10*time.Second, 10*time.Millisecond)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	requireEnded(t, stage, "%'cancelled'%")
}

func TestRowsNextTerminatesQueryWhenContextEnds(t *testing.T) {
	t.Parallel()

	stage := open(t)

	// The server sends the first record when it has 16 KiB, and never the second.
	rows, err := stage.Query(t.Context(), "SELECT REPEAT('x', 100000) AS next UNION ALL SELECT BENCHMARK(1000000000000, SHA2('a', 512))", nil)
	if err == nil {
		_, err = rows.Next(t.Context())
		require.NoError(t, err)
	}

	require.NoError(t, err)
	require.Equal(t, 1, running(t, stage, "%AS next UNION%"))

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()

	_, err = rows.Next(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	requireEnded(t, stage, "%AS next UNION%")
	require.NoError(t, rows.Close())
}

func TestRowsCloseTerminatesRunningQuery(t *testing.T) {
	t.Parallel()

	stage := open(t)

	rows, err := stage.Query(t.Context(), "SELECT seq AS closed FROM seq_1_to_100000000000", nil)
	require.NoError(t, err)

	_, err = rows.Next(t.Context())
	require.NoError(t, err)

	for range 2 {
		require.NoError(t, rows.Close())
	}

	requireEnded(t, stage, "%AS closed FROM%")

	_, err = rows.Next(t.Context())
	require.ErrorContains(t, err, "closed")
}

func TestOperationsReturnErrorOfEndedContext(t *testing.T) {
	t.Parallel()

	stage := open(t)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	_, err := stage.Query(ctx, "SELECT 1", nil)
	require.ErrorIs(t, err, context.Canceled)

	_, err = stage.WriteTable(ctx, to("t", source.Replace), numbers(1))
	require.ErrorIs(t, err, context.Canceled)

	_, err = stage.Check(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

// Each pool of the source has two connections.
func TestReadsAndWritesUseSeparateConnections(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (id INT)", "INSERT INTO t SELECT seq FROM seq_1_to_50000")

	var readers []source.Rows

	for range 2 {
		rows, err := stage.ReadTable(t.Context(), source.Read{Table: source.Table{Name: "t"}})
		require.NoError(t, err)

		readers = append(readers, rows)
	}

	for _, rows := range readers {
		require.EqualValues(t, 50_000, stage.write(t, to("u", source.Replace), rows).Rows)
	}
}

func TestRowsReleaseConnectionAfterLastRecord(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.write(t, to("t", source.Replace), numbers(1, 2))

	for range 5 { // The pool has two connections.
		rows, err := stage.ReadTable(t.Context(), source.Read{Table: source.Table{Name: "t"}})
		require.NoError(t, err)

		for err == nil {
			_, err = rows.Next(t.Context())
		}

		require.ErrorIs(t, err, io.EOF)

		_, err = rows.Next(t.Context())
		require.ErrorIs(t, err, io.EOF)
	}

	stage.write(t, to("t", source.Replace), numbers(3)) // No reader blocks the replacement.
}

package postgres_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// busy counts the connections of the source that run a query.
const busy = `SELECT count(*) FROM pg_stat_activity
	WHERE datname = current_database() AND application_name = 'jobwright' AND state <> 'idle'`

func TestReadTableQuotesSchemaAndName(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE SCHEMA "other ""one"""; CREATE TABLE "other ""one"""."T a" (id int); INSERT INTO "other ""one"""."T a" VALUES (7)`)

	rows, err := d.ReadTable(t.Context(), source.Read{Table: source.Table{Space: `other "one"`, Name: "T a"}})
	require.NoError(t, err)
	require.Equal(t, []source.Record{{int64(7)}}, sourcetest.ReadAll(t, rows))

	for _, missing := range []source.Table{{Name: "T a"}, {Space: "nowhere", Name: "T a"}} {
		_, err = d.ReadTable(t.Context(), source.Read{Table: missing})
		requireError(t, err, source.CodeTableNotFound)
	}
}

func TestQueryInfersTypesOfParameters(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE TABLE t (id int, name text, price numeric(10,2), open boolean, day date);
		INSERT INTO t VALUES (5, '5', 2.50, true, '2024-02-29'), (6, 'x', NULL, false, NULL)`)

	for _, test := range []struct {
		condition string
		value     any
	}{
		{"id = :v", int64(5)},
		{"id = :v", "5"},
		{"id = :v", 5.0},
		{"name = :v", int64(5)},
		{"name = :v", "5"},
		{"price = :v", 2.5},
		{"price = :v", "2.50"},
		{"open = :v", true},
		{"open = :v", "true"},
		{"day = :v", "2024-02-29"},
		{"id = coalesce(:v, 5)", nil},
		{"id = :v::int AND name = :v::int::text", "5"},
		{"id::text = :v AND ':v' <> '' -- :v", "5"},
	} {
		rows, err := d.Query(t.Context(), "SELECT id FROM t WHERE "+test.condition, map[string]any{"v": test.value})
		require.NoError(t, err, test.condition)
		require.Equal(t, []source.Record{{int64(5)}}, sourcetest.ReadAll(t, rows), "%s, %T", test.condition, test.value)
	}
}

// The server infers text for a place that implies no type.
func TestQueryKeepsTheTypesOfParametersWhoseTypesCannotBeInferred(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE TABLE t (name text); INSERT INTO t VALUES ('5')`)

	rows, err := d.Query(t.Context(), `SELECT :n AS n, :big, :f, :d, :b, :s, :none, :n || '', :d2 + 1, :f2 + 1 FROM t WHERE name = :id`, map[string]any{
		"n": int64(5), "big": int64(1) << 40, "f": 0.1, "d": source.Number("1.50"), "b": true, "s": "5", "none": nil, "id": int64(5),
		"d2": source.Number("1.50"), "f2": 0.1,
	})
	require.NoError(t, err)
	require.Equal(t, []source.Record{{
		int64(5), int64(1) << 40, source.Number("0.1"), source.Number("1.50"), true, "5", nil, "5",
		source.Number("2.50"), source.Number("1.1"),
	}}, sourcetest.ReadAll(t, rows))

	_, err = d.Execute(t.Context(), source.Script{
		Text: "CREATE TABLE made AS SELECT :n AS n, :b AS b; INSERT INTO made SELECT :n + 1, :b",
		Bind: map[string]any{"n": int64(5), "b": true},
	})
	require.NoError(t, err)

	rows, err = d.Query(t.Context(), "SELECT * FROM made ORDER BY n", nil)
	require.NoError(t, err)
	require.Equal(t, []source.Record{{int64(5), true}, {int64(6), true}}, sourcetest.ReadAll(t, rows))
}

func TestQueryRefusesInvalidParameters(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	for _, test := range []struct {
		query, message string
		bind           map[string]any
	}{
		{"SELECT :a::int", "the parameter :a has no value", map[string]any{"b": int64(1)}},
		{"SELECT 1", "there is no parameter :b", map[string]any{"b": int64(1)}},
		{"SELECT :b::int", "a list can't be a value in a query; pass it as JSON", map[string]any{"b": []int{1}}},
		{"SELECT :b::int", `invalid input syntax for type integer: "x"`, map[string]any{"b": "x"}},
		{"SELECT 1 WHERE :b IS NULL", "CAST(:name AS integer)", map[string]any{"b": nil}},
	} {
		t.Run(test.message, func(t *testing.T) {
			t.Parallel()

			rows, err := d.Query(t.Context(), test.query, test.bind)
			if err == nil {
				_, err = rows.Next(t.Context())
			}

			problem := requireError(t, err, source.CodeQueryInvalid)
			require.False(t, problem.Retryable)
			require.ErrorContains(t, err, test.message)
		})
	}
}

func TestQueryRefusesStatementsThatWrite(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, `CREATE TABLE t (id int); CREATE SEQUENCE s;
		CREATE FUNCTION sneak() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (1) RETURNING id'`)

	for _, query := range []string{
		"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1) RETURNING id", "SELECT sneak()", "SELECT nextval('s')", "DROP TABLE t",
		"WITH x AS (INSERT INTO t VALUES (1) RETURNING id) SELECT * FROM x", "SELECT id INTO u FROM t", "COMMIT", "BEGIN",
		"SELECT 1; INSERT INTO t VALUES (1)", "COMMIT; INSERT INTO t VALUES (1)", "SET TRANSACTION READ WRITE", "",
		"SELECT set_config('transaction_read_only', 'off', true), sneak()",
	} {
		rows, err := d.Query(t.Context(), query, nil)
		if err == nil {
			_, err = rows.Next(t.Context())
		}

		problem := requireError(t, err, source.CodeQueryInvalid)
		require.False(t, problem.Retryable, query)
	}

	require.Equal(t, "0", d.value(t, "SELECT count(*) FROM t"))
}

func TestQueryResetsSessionSettings(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	require.Len(t, d.read(t, "SELECT set_config('search_path', 'pg_catalog', false)"), 1)
	require.Equal(t, []source.Record{{`"$user", public`}}, d.read(t, "SHOW search_path"))
}

func TestReadTableReadsOneSnapshot(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE t AS SELECT generate_series(1, 200000) id")

	rows, err := d.ReadTable(t.Context(), source.Read{Table: table("t")})
	require.NoError(t, err)

	_, err = rows.Next(t.Context())
	require.NoError(t, err)

	d.run(t, "DELETE FROM t")
	require.Len(t, sourcetest.ReadAll(t, rows), 199_999)
}

func TestQueryIsCancelledInServerWhenContextEnds(t *testing.T) {
	t.Parallel()

	for name, end := range map[string]func(t *testing.T, d *database, opening, next context.Context, cancelOpening, cancelNext func()) error{
		"before the first record": func(_ *testing.T, d *database, opening, _ context.Context, cancel, _ func()) error {
			cancelled := time.AfterFunc(100*time.Millisecond, cancel)
			defer cancelled.Stop()

			rows, err := d.Query(opening, "SELECT pg_sleep(600)", nil)
			if err == nil {
				_, err = rows.Next(opening)
			}

			return err
		},
		"of the opening": func(t *testing.T, d *database, opening, next context.Context, cancel, _ func()) error {
			t.Helper()

			return readSleeping(t, d, opening, next, cancel)
		},
		"of the reading": func(t *testing.T, d *database, opening, next context.Context, _, cancel func()) error {
			t.Helper()

			return readSleeping(t, d, opening, next, cancel)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			d := newDatabase(t)

			opening, cancelOpening := context.WithCancel(t.Context())
			defer cancelOpening()

			next, cancelNext := context.WithCancel(t.Context())
			defer cancelNext()

			require.ErrorIs(t, end(t, d, opening, next, cancelOpening, cancelNext), context.Canceled)
			d.eventually(t, "0", busy)
		})
	}
}

// readSleeping reads a query that sends some records and then sleeps, and calls cancel meanwhile.
//
//nolint:revive // The testing.T is the first parameter.
func readSleeping(t *testing.T, d *database, opening, next context.Context, cancel func()) error {
	t.Helper()

	rows, err := d.Query(opening, "SELECT repeat('x', 10000) FROM generate_series(1, 10) UNION ALL SELECT pg_sleep(600)::text", nil)
	require.NoError(t, err)

	_, err = rows.Next(next)
	require.NoError(t, err)
	require.Equal(t, "1", d.value(t, busy))

	time.AfterFunc(100*time.Millisecond, cancel)

	for err == nil {
		_, err = rows.Next(next)
	}

	return err
}

func TestRowsCloseCancelsQueryInServer(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	rows, err := d.Query(t.Context(), "SELECT generate_series(1, 1000000000), repeat('x', 1000)", nil)
	require.NoError(t, err)

	_, err = rows.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, "1", d.value(t, busy))

	require.NoError(t, rows.Close())
	require.Equal(t, "0", d.value(t, busy), "the query still runs")
	require.NoError(t, rows.Close())

	_, err = rows.Next(t.Context())
	require.ErrorContains(t, err, "closed")
}

func TestRowsNextReleasesConnectionAfterLastRecord(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	rows, err := d.Query(t.Context(), "SELECT 1", nil)
	require.NoError(t, err)

	_, err = rows.Next(t.Context())
	require.NoError(t, err)

	_, err = rows.Next(t.Context())
	require.Equal(t, io.EOF, err)
	require.Equal(t, "0", d.value(t, busy))

	_, err = rows.Next(t.Context())
	require.Equal(t, io.EOF, err)
	require.NoError(t, rows.Close())
}

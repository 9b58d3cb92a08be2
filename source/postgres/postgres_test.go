package postgres_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/postgres"
	"github.com/jobwright/jobwright/source/sourcetest"
)

func TestMain(m *testing.M) { testserver.Main(m) }

func TestSuite(t *testing.T) {
	t.Parallel()

	sourcetest.Suite{
		Ledger: true,
		Open: func(t *testing.T) source.Source {
			t.Helper()

			return open(t, testserver.PostgreSQL(t))
		},
		Refuses: func(_ source.Standard, value any) bool {
			text, _ := value.(string)
			list, _ := value.([]any)
			isRagged := sourcetest.IsNested(value) && slices.Contains(list, nil)

			return strings.Contains(text, "\x00") || sourcetest.IsFine(value) || isRagged
		},
		Becomes: sourcetest.InUTC,
	}.Run(t)
}

func TestQueryTakesNoMemoryForAnOversizedRecord(t *testing.T) {
	t.Parallel()

	sourcetest.RequireLimited(t, open(t, testserver.PostgreSQL(t)),
		"SELECT repeat('x', 150000000)",
		"SELECT 1, 'x' UNION ALL SELECT 2, repeat('x', 150000000)",
		"SELECT repeat('x', 60000000), repeat('y', 60000000)",
	)
}

// database is a database with a source and a separate connection.
type database struct {
	*postgres.Source

	url  string
	conn *pgx.Conn
}

func newDatabase(t *testing.T) *database {
	t.Helper()

	address := testserver.PostgreSQL(t)

	return &database{Source: open(t, address), url: address, conn: connect(t, address)}
}

func open(tb testing.TB, address string) *postgres.Source {
	tb.Helper()

	opened, err := openWith(tb, map[string]any{"connStr": address})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, opened.Close()) })

	return opened.(*postgres.Source)
}

func openWith(tb testing.TB, options map[string]any) (source.Source, error) {
	tb.Helper()

	return postgres.Open(tb.Context(), source.Definition{Name: "stage", Kind: postgres.Kind, Options: options}, source.Place{})
}

func connect(tb testing.TB, address string) *pgx.Conn {
	tb.Helper()

	conn, err := pgx.Connect(tb.Context(), address)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, conn.Close(context.WithoutCancel(tb.Context()))) })

	return conn
}

// run executes statements on the separate connection.
func (d *database) run(t *testing.T, statements string) {
	t.Helper()

	_, err := d.conn.Exec(t.Context(), statements)
	require.NoError(t, err)
}

// value returns the single value of a query on the separate connection, as text.
func (d *database) value(t *testing.T, query string) string {
	t.Helper()

	return queryText(t, d.conn, query)
}

func queryText(t *testing.T, conn *pgx.Conn, query string) string {
	t.Helper()

	var value *string

	require.NoError(t, conn.QueryRow(t.Context(), "SELECT ("+query+")::text").Scan(&value))

	if value == nil {
		return "NULL"
	}

	return *value
}

// read returns the records of a query.
func (d *database) read(t *testing.T, query string) []source.Record {
	t.Helper()

	rows, err := d.Query(t.Context(), query, nil)
	require.NoError(t, err)

	return sourcetest.ReadAll(t, rows)
}

// eventually waits until a query on the separate connection returns that value.
func (d *database) eventually(t *testing.T, want, query string) {
	t.Helper()
	require.Eventually(t, func() bool { return d.value(t, query) == want }, 10*time.Second, 10*time.Millisecond, query)
}

// requireError requires that err is a source.Error with that code, and returns it.
func requireError(t *testing.T, err error, code source.Code) *source.Error {
	t.Helper()

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.Equal(t, code, problem.Code, "%v", err)

	return problem
}

func of(t source.Type) source.Standard { return source.Standard{Type: t} }

func table(name string) source.Table { return source.Table{Name: name} }

func column(name string, of source.Type) source.Column {
	return sourcetest.Column(name, source.Standard{Type: of})
}

func records(columns source.Schema, records ...source.Record) *sourcetest.Rows {
	return sourcetest.NewRows(columns, records...)
}

func TestCheckReturnsVersionAndNumberOfTables(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE a (); CREATE TABLE b (); CREATE VIEW v AS SELECT 1")

	found, err := d.Check(t.Context())
	require.NoError(t, err)
	require.Regexp(t, `^PostgreSQL \d+\.\d+.*, 2 tables$`, found)
}

func TestOpenDoesNotConnect(t *testing.T) {
	t.Parallel()

	opened, err := openWith(t, map[string]any{"connStr": "postgres://user@127.0.0.1:1/nowhere?sslmode=disable"})
	require.NoError(t, err)

	defer func() { require.NoError(t, opened.Close()) }()

	_, err = opened.Check(t.Context())
	problem := requireError(t, err, source.CodeUnavailable)
	require.True(t, problem.Retryable)
	require.EqualError(t, err, `source "stage": PostgreSQL at 127.0.0.1:1: connection refused`)
}

func TestOpenRefusesInvalidOptions(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name    string
		options map[string]any
		message string
	}{
		{"no options", nil, "connStr is missing"},
		{"invalid connStr", map[string]any{"connStr": "postgres://user:secret@host:notaport/x"}, "connStr is not a valid connection string"},
		{"unknown option", map[string]any{"connstring": "x"}, "connstring"},
		{"too few connections", map[string]any{"connStr": "host=x", "maxConnections": 1}, "maxConnections is 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()

			_, err := openWith(t, test.options)
			requireError(t, err, source.CodeDefinitionInvalid)
			require.ErrorContains(t, err, test.message)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestUserAndPasswordOverrideConnStr(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE ROLE "+role(t)+" LOGIN")

	opened, err := openWith(t, map[string]any{"connStr": d.url, "user": role(t), "password": "any"})
	require.NoError(t, err)

	defer func() { require.NoError(t, opened.Close()) }()

	rows, err := opened.(source.Querier).Query(t.Context(), "SELECT session_user::text, current_setting('application_name')", nil)
	require.NoError(t, err)
	require.Equal(t, []source.Record{{role(t), "jobwright"}}, sourcetest.ReadAll(t, rows))
}

// role returns the name of a role that only this test uses. All databases of a server share its roles.
func role(t *testing.T) string {
	t.Helper()

	name := []byte("r_")

	for _, c := range []byte(t.Name()) {
		if c >= 'A' && c <= 'Z' {
			name = append(name, c+'a'-'A')
		} else if c >= 'a' && c <= 'z' {
			name = append(name, c)
		}
	}

	return string(name[:min(len(name), 60)])
}

func TestMaxConnectionsLimitsReadersAndWriters(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	opened, err := openWith(t, map[string]any{"connStr": d.url, "maxConnections": 2})
	require.NoError(t, err)

	defer func() { require.NoError(t, opened.Close()) }()

	stage := opened.(*postgres.Source)

	reader, err := stage.Query(t.Context(), "SELECT generate_series(1, 1000000)", nil)
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()

	_, err = stage.Query(ctx, "SELECT 1", nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	// A reader can still write, because writes use a pool of their own.
	_, err = stage.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Replace}, source.Limit(reader, 10))
	require.NoError(t, err)
	require.NoError(t, reader.Close())

	rows, err := stage.Query(t.Context(), "SELECT 1", nil)
	require.NoError(t, err)
	require.NoError(t, rows.Close())
}

func TestCloseReportsConnectionsInUse(t *testing.T) {
	t.Parallel()

	opened, err := openWith(t, map[string]any{"connStr": testserver.PostgreSQL(t)})
	require.NoError(t, err)

	rows, err := opened.(source.Querier).Query(t.Context(), "SELECT generate_series(1, 1000000)", nil)
	require.NoError(t, err)
	require.ErrorContains(t, opened.Close(), "connections are still in use")
	require.NoError(t, rows.Close())
}

func TestErrorsDoNotContainPasswordOfConnStr(t *testing.T) {
	t.Parallel()

	parsed, err := url.Parse(testserver.PostgreSQL(t))
	require.NoError(t, err)

	parsed.User, parsed.Path = url.UserPassword("missing_role", "secret"), "no_such_database"

	_, err = open(t, parsed.String()).Check(t.Context())
	problem := requireError(t, err, source.CodeUnavailable)
	require.False(t, problem.Retryable)
	require.Contains(t, err.Error(), `role "missing_role" does not exist`)
	require.NotContains(t, err.Error(), "secret")
}

// Otherwise, the query of a crashed worker would run to its end.
func TestSessionsEnableClientConnectionCheck(t *testing.T) {
	t.Parallel()

	require.Equal(t, []source.Record{{"5s"}},
		newDatabase(t).read(t, "SELECT current_setting('client_connection_check_interval') AS interval"))
}

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

// database is a database with a source for it and a connection beside the source's.
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

// run runs statements beside the source.
func (d *database) run(t *testing.T, statements string) {
	t.Helper()

	_, err := d.conn.Exec(t.Context(), statements)
	require.NoError(t, err)
}

// value returns the one value of a query beside the source, as text.
func (d *database) value(t *testing.T, query string) string {
	t.Helper()

	return ask(t, d.conn, query)
}

func ask(t *testing.T, conn *pgx.Conn, query string) string {
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

// eventually waits until a query beside the source returns that value.
func (d *database) eventually(t *testing.T, want, query string) {
	t.Helper()
	require.Eventually(t, func() bool { return d.value(t, query) == want }, 10*time.Second, 10*time.Millisecond, query)
}

// requireError holds that an error is one of a source's with that code, and returns it.
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

func TestCheckTellsTheServerAndItsTables(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)
	d.run(t, "CREATE TABLE a (); CREATE TABLE b (); CREATE VIEW v AS SELECT 1")

	found, err := d.Check(t.Context())
	require.NoError(t, err)
	require.Regexp(t, `^PostgreSQL \d+\.\d+.*, 2 tables$`, found)
}

func TestASourceConnectsOnlyWhenItIsUsed(t *testing.T) {
	t.Parallel()

	opened, err := openWith(t, map[string]any{"connStr": "postgres://user@127.0.0.1:1/nowhere?sslmode=disable"})
	require.NoError(t, err)

	defer func() { require.NoError(t, opened.Close()) }()

	_, err = opened.Check(t.Context())
	problem := requireError(t, err, source.CodeUnavailable)
	require.True(t, problem.Retryable)
	require.EqualError(t, err, `source "stage": PostgreSQL at 127.0.0.1:1: connection refused`)
}

func TestWrongOptionsAreTold(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name    string
		options map[string]any
		message string
	}{
		{"nothing", nil, "connStr is missing"},
		{"no connection string", map[string]any{"connStr": "postgres://user:secret@host:notaport/x"}, "connStr is not a valid connection string"},
		{"a name that is none", map[string]any{"connstring": "x"}, "connstring"},
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

func TestUserAndPasswordTakeThePlaceOfThoseInConnStr(t *testing.T) {
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

// role is the name of a role for this test alone: all databases of a server share its roles.
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

func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()

	d := newDatabase(t)

	opened, err := openWith(t, map[string]any{"connStr": d.url, "maxConnections": 2})
	require.NoError(t, err)

	defer func() { require.NoError(t, opened.Close()) }()

	stage := opened.(*postgres.Source)

	held, err := stage.Query(t.Context(), "SELECT generate_series(1, 1000000)", nil)
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()

	_, err = stage.Query(ctx, "SELECT 1", nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	// Who reads can write: nobody waits for a connection to write with while holding all of those to read with.
	_, err = stage.WriteTable(t.Context(), source.Write{Table: table("t"), Mode: source.Replace}, source.Limit(held, 10))
	require.NoError(t, err)
	require.NoError(t, held.Close())

	rows, err := stage.Query(t.Context(), "SELECT 1", nil)
	require.NoError(t, err)
	require.NoError(t, rows.Close())
}

func TestClosingASourceDoesNotWaitForEver(t *testing.T) {
	t.Parallel()

	opened, err := openWith(t, map[string]any{"connStr": testserver.PostgreSQL(t)})
	require.NoError(t, err)

	rows, err := opened.(source.Querier).Query(t.Context(), "SELECT generate_series(1, 1000000)", nil)
	require.NoError(t, err)
	require.ErrorContains(t, opened.Close(), "connections are still in use")
	require.NoError(t, rows.Close())
}

func TestTheServersAddressIsAllThatAnErrorTellsOfConnStr(t *testing.T) {
	t.Parallel()

	parsed, err := url.Parse(testserver.PostgreSQL(t))
	require.NoError(t, err)

	parsed.User, parsed.Path = url.UserPassword("nobody_here", "secret"), "no_such_database"

	_, err = open(t, parsed.String()).Check(t.Context())
	problem := requireError(t, err, source.CodeUnavailable)
	require.False(t, problem.Retryable)
	require.Contains(t, err.Error(), `role "nobody_here" does not exist`)
	require.NotContains(t, err.Error(), "secret")
}

// What a worker that died has asked would run to its end otherwise, though nobody waits for it any more.
func TestTheServerLooksWhetherItsClientIsStillThere(t *testing.T) {
	t.Parallel()

	require.Equal(t, []source.Record{{"5s"}},
		newDatabase(t).read(t, "SELECT current_setting('client_connection_check_interval') AS looks"))
}

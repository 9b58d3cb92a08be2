package mysql_test

import (
	"context"
	"database/sql"
	"math"
	"strings"
	"testing"

	client "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/mysql"
	"github.com/jobwright/jobwright/source/sourcetest"
)

func TestMain(m *testing.M) { testserver.Main(m) }

// database is a source, and a connection of another client to the same database.
type database struct {
	*mysql.Source

	other   *sql.DB
	dsn     string
	address string // The address of the server.
}

// open opens the source stage on a new database.
func open(t *testing.T) *database {
	t.Helper()

	return openAt(t, testserver.MariaDB(t))
}

// openAt opens the source stage on a database.
func openAt(t *testing.T, dsn string) *database {
	t.Helper()

	opened, err := mysql.Open(t.Context(), source.Definition{
		Name: "stage", Kind: mysql.Kind, Options: map[string]any{"connStr": dsn, "maxConnections": 2},
	}, source.Place{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })

	other, err := sql.Open("mysql", dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, other.Close()) })

	config, err := client.ParseDSN(dsn)
	require.NoError(t, err)

	return &database{Source: opened.(*mysql.Source), other: other, dsn: dsn, address: config.Addr}
}

// prepare runs statements as another client.
func (d *database) prepare(t *testing.T, statements ...string) {
	t.Helper()

	for _, statement := range statements {
		_, err := d.other.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
}

// ask returns the only value of a query's result.
func (d *database) ask(t *testing.T, query string) string {
	t.Helper()

	var answer string
	require.NoError(t, d.other.QueryRowContext(t.Context(), query).Scan(&answer), query)

	return answer
}

// table returns the records of a table.
func (d *database) table(t *testing.T, name string) []source.Record {
	t.Helper()

	rows, err := d.ReadTable(t.Context(), source.Read{Table: source.Table{Name: name}})
	require.NoError(t, err)

	return sourcetest.ReadAll(t, rows)
}

// result returns the records of a query.
func (d *database) result(t *testing.T, query string, bind map[string]any) []source.Record {
	t.Helper()

	rows, err := d.Query(t.Context(), query, bind)
	require.NoError(t, err)

	return sourcetest.ReadAll(t, rows)
}

func (d *database) write(t *testing.T, write source.Write, rows source.Rows) source.Written {
	t.Helper()

	written, err := d.WriteTable(t.Context(), write, rows)
	require.NoError(t, err)

	return written
}

func to(table string, mode source.Mode, key ...string) source.Write {
	return source.Write{Table: source.Table{Name: table}, Mode: mode, Key: key}
}

func of(t source.Type) source.Standard { return source.Standard{Type: t} }

// one returns a record with the column v.
func one(of source.Standard, value any) *sourcetest.Rows {
	return sourcetest.NewRows(source.Schema{sourcetest.Column("v", of)}, source.Record{value})
}

// numbers returns records with the column id.
func numbers(values ...int64) *sourcetest.Rows {
	rows := sourcetest.NewRows(source.Schema{sourcetest.Column("id", of(source.Integer))})
	for _, value := range values {
		rows.Records = append(rows.Records, source.Record{value})
	}

	return rows
}

// before calls do before it reads each record.
type before struct {
	source.Rows

	do func(ctx context.Context)
}

func (b *before) Next(ctx context.Context) (source.Record, error) {
	b.do(ctx)

	return b.Rows.Next(ctx)
}

func requireProblem(t *testing.T, err error, code source.Code, retryable bool) *source.Error {
	t.Helper()

	var problem *source.Error
	require.ErrorAs(t, err, &problem)
	require.Equal(t, code, problem.Code, problem)
	require.Equal(t, retryable, problem.Retryable, problem)
	require.Equal(t, "stage", problem.Source)

	return problem
}

func TestSuite(t *testing.T) {
	t.Parallel()

	refuses := func(of source.Standard, value any) bool {
		float, isFloat := value.(float64)

		return isFloat && (math.IsNaN(float) || math.IsInf(float, 0)) || of.Type != source.Array && sourcetest.IsFine(value)
	}
	becomes := func(of source.Standard, value any) any {
		if of.Type == source.Array { // Lists are stored as JSON.
			return value
		}

		return sourcetest.InUTC(of, sourcetest.UnsignedZero(of, value))
	}

	withBothLoadMethods(t, func(t *testing.T, open func(*testing.T) *database) {
		t.Helper()

		sourcetest.Suite{
			Ledger: true,
			Open: func(t *testing.T) source.Source {
				t.Helper()

				return open(t).Source
			},
			Refuses: refuses,
			Becomes: becomes,
		}.Run(t)
	})
}

func TestQueryTakesNoMemoryForAnOversizedRecord(t *testing.T) {
	t.Parallel()

	sourcetest.RequireLimited(t, open(t),
		"SELECT "+strings.Repeat("REPEAT('x', 16000000), ", 30)+"1",
		"SELECT 1, 2, 3, 4, 5 UNION ALL SELECT "+strings.Repeat("REPEAT('x', 16000000), ", 4)+"REPEAT('y', 16000000)",
	)
}

func TestCheckReturnsServerDatabaseAndTables(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE a (id INT)", "CREATE TABLE b (id INT)")

	found, err := stage.Check(t.Context())
	require.NoError(t, err)
	require.Regexp(t, `^MariaDB 1\d\.\d+\.\d+, database test\d+, 2 tables$`, found)
}

func TestTableSpaceIsDatabase(t *testing.T) {
	t.Parallel()

	stage, other := open(t), open(t)
	space := other.ask(t, "SELECT DATABASE()")
	table := source.Table{Space: space, Name: "t"}

	stage.write(t, source.Write{Table: table, Mode: source.Replace}, numbers(1))
	stage.write(t, source.Write{Table: table, Mode: source.Upsert, Key: []string{"id"}}, numbers(1, 2))
	require.Len(t, other.table(t, "t"), 2)

	_, err := stage.ReadTable(t.Context(), source.Read{Table: source.Table{Name: "t"}})
	require.Equal(t, "t", requireProblem(t, err, source.CodeTableNotFound, false).Table)

	require.NoError(t, stage.DropTable(t.Context(), table))

	_, err = stage.ReadTable(t.Context(), source.Read{Table: table})
	require.Equal(t, space+".t", requireProblem(t, err, source.CodeTableNotFound, false).Table)
	require.NoError(t, stage.DropTable(t.Context(), source.Table{Space: "nowhere", Name: "t"}))
}

func TestWriteTableQuotesNames(t *testing.T) {
	t.Parallel()

	stage := open(t)
	name := "a`b; DROP TABLE x -- 'ä"
	rows := func() *sourcetest.Rows {
		return sourcetest.NewRows(source.Schema{
			sourcetest.Column("k`ey", of(source.Integer)), sourcetest.Column("bytes?`", of(source.Binary)),
		}, source.Record{int64(1), []byte{1}})
	}

	for _, mode := range []source.Mode{source.Replace, source.Append, source.Refill, source.Upsert, source.Update, source.Delete} {
		stage.write(t, to(name, mode, "k`ey"), rows())
	}

	require.Empty(t, stage.table(t, name))
	require.NoError(t, stage.DropTable(t.Context(), source.Table{Name: name}))
}

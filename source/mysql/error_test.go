package mysql_test

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/mysql"
	"github.com/jobwright/jobwright/source/sourcetest"
)

// openWith opens the source stage with options.
func openWith(t *testing.T, options map[string]any) (*mysql.Source, error) {
	t.Helper()

	opened, err := mysql.Open(t.Context(), source.Definition{Name: "stage", Kind: mysql.Kind, Options: options}, source.Place{})
	if err != nil {
		return nil, err
	}

	t.Cleanup(func() { require.NoError(t, opened.Close()) })

	return opened.(*mysql.Source), nil
}

func TestCheckAndWriteTableExplainDeniedAccess(t *testing.T) {
	t.Parallel()

	stage := open(t)
	name := stage.ask(t, "SELECT DATABASE()")
	stage.prepare(t, "CREATE USER IF NOT EXISTS "+name+"@'127.0.0.1' IDENTIFIED BY 'secret'",
		"GRANT SELECT ON "+name+".* TO "+name+"@'127.0.0.1'", "CREATE TABLE t (id INT)")

	address := stage.address
	for _, test := range []struct {
		hint    string
		options map[string]any
	}{
		{"user and password", map[string]any{"connStr": name + ":wrong@tcp(" + address + ")/" + name}},
		{"user and password", map[string]any{"connStr": "unknown@tcp(" + address + ")/" + name}},
		{"correct the database", map[string]any{"connStr": "root@tcp(" + address + ")/nowhere"}},
		{"grant", map[string]any{"connStr": name + ":secret@tcp(" + address + ")/mysql"}},
	} {
		opened, err := openWith(t, test.options)
		require.NoError(t, err)

		_, err = opened.Check(t.Context())
		require.Contains(t, requireProblem(t, err, source.CodeUnavailable, false).Hint, test.hint)
	}

	reader, err := openWith(t, map[string]any{"connStr": "tcp(" + address + ")/" + name, "user": name, "password": "secret"})
	require.NoError(t, err)

	_, err = reader.Check(t.Context())
	require.NoError(t, err)

	for _, mode := range []source.Mode{source.Replace, source.Refill, source.Upsert} {
		_, err = reader.WriteTable(t.Context(), to("t", mode, "id"), numbers(1))
		require.Contains(t, requireProblem(t, err, source.CodeUnavailable, false).Hint, "grant")
	}

	require.Contains(t, requireProblem(t, reader.DropTable(t.Context(), source.Table{Name: "t"}), source.CodeUnavailable, false).Hint, "grant")
}

func TestCheckReturnsRetryableErrorForUnreachableServer(t *testing.T) {
	t.Parallel()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())

	for connStr, message := range map[string]string{
		"root@tcp(" + listener.Addr().String() + ")/x": "the server can't be reached: connect: connection refused",
		"root@tcp(nowhere.invalid:3306)/x":             "the server's address can't be resolved",
		"root@unix(/nowhere/socket)/x":                 "the server can't be reached: connect: no such file or directory",
	} {
		stage, err := openWith(t, map[string]any{"connStr": connStr})
		require.NoError(t, err)

		_, err = stage.Check(t.Context())
		problem := requireProblem(t, err, source.CodeUnavailable, true)
		require.Contains(t, problem.Message, message)
		require.NotContains(t, problem.Error(), "/nowhere")
	}
}

func TestCheckReturnsRetryableErrorForTooManyConnections(t *testing.T) {
	t.Parallel()

	server := testserver.NewMariaDB(t, testserver.MariaDBOptions{Settings: []string{"max-connections=10"}})
	stage := openAt(t, server.NewDatabase(t))
	stage.prepare(t, "CREATE USER u@'127.0.0.1'", "GRANT ALL ON *.* TO u@'127.0.0.1'", "REVOKE SUPER, CONNECTION ADMIN ON *.* FROM u@'127.0.0.1'")

	for range 10 { // The server reserves one more connection for administrators.
		conn, err := stage.other.Conn(t.Context())
		require.NoError(t, err)

		t.Cleanup(func() { require.NoError(t, conn.Close()) })
	}

	opened, err := openWith(t, map[string]any{"connStr": stage.dsn, "user": "u"})
	require.NoError(t, err)

	_, err = opened.Check(t.Context())
	require.Contains(t, requireProblem(t, err, source.CodeUnavailable, true).Hint, "capacity")
}

func TestWriteTableReturnsRetryableErrorForLockTimeout(t *testing.T) {
	t.Parallel()

	stage := open(t)
	stage.prepare(t, "CREATE TABLE t (id BIGINT PRIMARY KEY)", "INSERT INTO t VALUES (1)")

	tx, err := stage.other.BeginTx(t.Context(), nil)
	require.NoError(t, err)

	_, err = tx.ExecContext(t.Context(), "DELETE FROM t")
	require.NoError(t, err)

	impatient := openAt(t, stage.dsn+"?innodb_lock_wait_timeout=1")

	_, err = impatient.WriteTable(t.Context(), to("t", source.Delete, "id"), numbers(1))
	require.Contains(t, requireProblem(t, err, source.CodeUnavailable, true).Hint, "lock")
	require.Len(t, stage.table(t, "t"), 1, "a read does not require the lock")
	require.NoError(t, tx.Rollback())
	require.EqualValues(t, 1, impatient.write(t, to("t", source.Delete, "id"), numbers(1)).Rows)
}

func TestWriteTableReturnsRetryableErrorForReadOnlyServer(t *testing.T) {
	t.Parallel()

	server := testserver.NewMariaDB(t, testserver.MariaDBOptions{Settings: []string{"read-only=ON"}})
	stage := openAt(t, server.NewDatabase(t))
	stage.prepare(t, "CREATE USER u@'127.0.0.1'", "GRANT ALL ON *.* TO u@'127.0.0.1'",
		"REVOKE SUPER, READ_ONLY ADMIN ON *.* FROM u@'127.0.0.1'")

	opened, err := openWith(t, map[string]any{"connStr": stage.dsn, "user": "u"})
	require.NoError(t, err)

	_, err = opened.WriteTable(t.Context(), to("t", source.Replace), numbers(1))
	requireProblem(t, err, source.CodeUnavailable, true)
}

func TestQueryReturnsRetryableErrorForStatementTimeout(t *testing.T) {
	t.Parallel()

	stage := openAt(t, testserver.MariaDB(t)+"?max_statement_time=0.1")

	rows, err := stage.Query(t.Context(), "SELECT COUNT(*) FROM seq_1_to_100000000000 WHERE seq % 7 = 3", nil)
	if err == nil {
		_, err = rows.Next(t.Context())
		require.NoError(t, rows.Close())
	}

	requireProblem(t, err, source.CodeUnavailable, true)
}

func TestWriteTableReturnsRetryableErrorForKilledConnection(t *testing.T) {
	t.Parallel()

	stage := open(t)
	first := true
	rows := &before{Rows: numbers(1), do: func(context.Context) {
		if first {
			first = false

			stage.prepare(t, "KILL "+stage.ask(t, "SELECT id FROM information_schema.processlist WHERE info LIKE 'LOAD DATA%' AND db = DATABASE()"))
		}
	}}

	_, err := stage.WriteTable(t.Context(), to("t", source.Replace), rows)
	requireProblem(t, err, source.CodeUnavailable, true)
	requireNoStagingTables(t, stage)
}

func TestOpenRejectsInvalidOptionsWithoutSecrets(t *testing.T) {
	t.Parallel()

	for _, options := range []map[string]any{
		nil,
		{"connStr": "geheim"},
		{"connStr": "user:geheim@tcp(host/db"},
		{"connStr": "mysql://user:geheim%zz@host/db"},
		{"connStr": "mysql:///geheim"},
		{"connStr": "user:geheim@tcp(host)/db?tls=geheim"},
		{"connStr": "user:geheim@tcp(host)/db?timeout=geheim"},
		{"connStr": "root@tcp(host)/db", "maxConnections": -1},
		{"connStr": "root@tcp(host)/db", "host": "x"},
	} {
		_, err := openWith(t, options)
		requireProblem(t, err, source.CodeDefinitionInvalid, false)
		require.NotContains(t, err.Error(), "geheim")
	}
}

func TestOpenAcceptsURLsAndDataSourceNames(t *testing.T) {
	t.Parallel()

	stage := open(t)
	name := stage.ask(t, "SELECT DATABASE()")
	stage.prepare(t, "CREATE USER "+name+"@'127.0.0.1' IDENTIFIED BY 'p@ss/w:rd?'", "GRANT ALL ON *.* TO "+name+"@'127.0.0.1'")

	for _, options := range []map[string]any{
		{"connStr": "mysql://" + name + ":p%40ss%2Fw%3Ard%3F@" + stage.address + "/" + name + "?timeout=5s"},
		{"connStr": "mariadb://" + stage.address + "/" + name, "user": name, "password": "p@ss/w:rd?"},
		{"connStr": name + ":p@ss/w:rd?@tcp(" + stage.address + ")/" + name},
	} {
		opened, err := openWith(t, options)
		require.NoError(t, err)

		found, err := opened.Check(t.Context())
		require.NoError(t, err)
		require.Contains(t, found, "database "+name)
	}
}

// connStr can't override the settings on which correctness depends.
func TestConnStrCannotDisableRequiredSettings(t *testing.T) {
	t.Parallel()

	first := open(t)
	stage := openAt(t, first.dsn+"?sql_mode=''&time_zone='%2B05:00'&charset=latin1&parseTime=true&multiStatements=true&max_error_count=0")
	first.prepare(t, "CREATE TABLE t (v VARCHAR(3), at TIMESTAMP(6) NULL, i INET6)", "INSERT INTO t VALUES ('ä', FROM_UNIXTIME(0.5), NULL)")
	require.Equal(t, []source.Record{{"ä", utc(1970, 1, 1, 0, 0, 0, 500_000_000), nil}}, stage.table(t, "t"))

	for _, rows := range []source.Rows{one(of(source.Text), "abcd"), sourcetest.NewRows(source.Schema{sourcetest.Column("i", of(source.Text))}, source.Record{"none"})} {
		_, err := stage.WriteTable(t.Context(), to("t", source.Append), rows)
		requireProblem(t, err, source.CodeRecordInvalid, false)
	}

	_, err := stage.Execute(t.Context(), source.Script{Text: "SELECT 1; SELECT 2"})
	require.NoError(t, err)
}

package activities_test

import (
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/jobwright/jobwright/internal/testserver"
	"github.com/jobwright/jobwright/scenario"
)

// statementsOfPage returns the blocks of SQL in the how-to guide about users of databases: PostgreSQL's, then MySQL's.
func statementsOfPage(t *testing.T) (forPostgreSQL, forMySQL string) {
	t.Helper()

	page, err := os.ReadFile(filepath.Join("..", "docs", "how-to", "database-roles.md"))
	require.NoError(t, err)

	blocks := regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	require.Len(t, blocks, 2)

	return blocks[0][1], blocks[1][1]
}

// execute executes statements as the administrator of a server.
func execute(t *testing.T, db *sql.DB, statements string) {
	t.Helper()

	for statement := range strings.SplitSeq(statements, ";\n") {
		if strings.TrimSpace(statement) != "" {
			_, err := db.ExecContext(t.Context(), statement)
			require.NoError(t, err, statement)
		}
	}
}

// requireLimitedUser checks that the user of a source can do what the guide promises, and nothing else.
func requireLimitedUser(t *testing.T, b *bench, denied ...string) {
	t.Helper()

	load := scenario.LoadTableFromSource{
		Source: "files", Table: "companies.csv", TargetSource: "limited", TargetTable: "companies",
	}

	_, err := b.run(t, b.LoadTableFromSource, load)
	require.NoError(t, err)

	load.Append = true
	_, err = b.run(t, b.LoadTableFromSource, load)
	require.NoError(t, err, "the ledger can be kept")

	keep := false
	load.Append, load.DropTarget = false, &keep
	_, err = b.run(t, b.LoadTableFromSource, load)
	require.NoError(t, err)

	load.DropTarget = nil
	_, err = b.run(t, b.LoadTableFromSource, load)
	require.NoError(t, err, "a table that exists is replaced")

	outcome, err := b.run(t, b.Transform, scenario.Transform{
		Source: "limited", Query: "SELECT * FROM sales.orders", TargetSource: "limited", TargetTable: "copy",
	})
	require.NoError(t, err)
	require.EqualValues(t, 1, outcome.Rows)

	for _, script := range denied {
		_, err := b.run(t, b.RunSourceScript, scenario.RunSourceScript{Source: "limited", Script: script})
		require.Error(t, err, script)
		require.Regexp(t, "denied|permission|must be superuser|privilege", err.Error(), script)
	}
}

func TestPostgreSQLUserOfTheGuideIsLimited(t *testing.T) {
	t.Parallel()

	address := testserver.NewPostgreSQL(t, testserver.PostgreSQLOptions{}).NewDatabase(t)

	db, err := sql.Open("pgx", address)
	require.NoError(t, err)

	defer db.Close() //nolint:errcheck // The server ends with the test.

	statements, _ := statementsOfPage(t)
	execute(t, db, "CREATE SCHEMA sales;\nCREATE TABLE sales.orders AS SELECT 1 AS id;\n"+statements)

	limited, err := url.Parse(address)
	require.NoError(t, err)

	limited.User = url.User("loader")

	b := newBench(t)
	b.write(t, "app.yaml", manifest+"  limited: {kind: PgSQLSource, connStr: \""+limited.String()+"\"}\n")
	requireLimitedUser(t, b,
		"INSERT INTO sales.orders VALUES (2)", "DROP TABLE sales.orders", "CREATE TABLE public.t (a int)",
		"COPY companies FROM PROGRAM 'echo 1'", "SELECT pg_read_file('/etc/passwd')", "CREATE ROLE other",
		"CREATE SCHEMA other", "SELECT lo_import('/etc/passwd')",
	)
}

func TestMariaDBUserOfTheGuideIsLimited(t *testing.T) {
	t.Parallel()

	address := testserver.NewMariaDB(t, testserver.MariaDBOptions{}).NewDatabase(t)

	db, err := sql.Open("mysql", address)
	require.NoError(t, err)

	defer db.Close() //nolint:errcheck // The server ends with the test.

	_, statements := statementsOfPage(t)
	execute(t, db, "CREATE DATABASE sales;\nCREATE TABLE sales.orders AS SELECT 1 AS id;\n"+statements)

	limited, err := mysql.ParseDSN(address)
	require.NoError(t, err)

	limited.User, limited.DBName = "loader", "staging"

	b := newBench(t)
	secret := filepath.Join(b.data, "secrets", "jobwright-app-7-password")
	require.NoError(t, os.MkdirAll(filepath.Dir(secret), 0o750))
	require.NoError(t, os.WriteFile(secret, []byte("a-long-random-text"), 0o600))

	b.write(t, "app.yaml", manifest+"  limited: {kind: MySQLSource, connStr: \""+limited.FormatDSN()+
		"\", password: \"${file:"+secret+"}\"}\n")
	requireLimitedUser(t, b,
		"INSERT INTO sales.orders VALUES (2)", "DROP TABLE sales.orders", "CREATE DATABASE other", "CREATE USER other",
		"LOAD DATA INFILE '/etc/passwd' INTO TABLE companies", "GRANT SELECT ON sales.* TO other",
	)
}

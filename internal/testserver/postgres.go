package testserver

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// PostgreSQLOptions configure a PostgreSQL server.
type PostgreSQLOptions struct {
	// Durable keeps the server's defaults, for benchmarks. Otherwise the server does not wait for its disk: its data survives
	// a crash of the server but not of the machine.
	Durable bool

	// Settings are additional settings of postgresql.conf, for example "lock_timeout=1s".
	Settings []string

	// Initdb are additional arguments of initdb, for example "--data-checksums".
	Initdb []string
}

// PostgreSQLServer is a running PostgreSQL server on a loopback port. It requires no passwords.
type PostgreSQLServer struct{ process }

// sharedPostgreSQL is the server that all tests of a binary share.
var sharedPostgreSQL = sync.OnceValues(func() (*PostgreSQLServer, error) {
	return StartPostgreSQL(PostgreSQLOptions{})
})

// PostgreSQL returns the connection URL of a new, empty database on a server that all tests of the binary share. If PostgreSQL
// is not installed, the test fails with CI=true in the environment and is skipped otherwise.
func PostgreSQL(tb testing.TB) string {
	tb.Helper()

	server, err := sharedPostgreSQL()
	require(tb, err)

	return server.NewDatabase(tb)
}

// NewPostgreSQL starts a server for one test, which may stop it. The server ends with the test.
func NewPostgreSQL(tb testing.TB, options PostgreSQLOptions) *PostgreSQLServer {
	tb.Helper()

	server, err := StartPostgreSQL(options)
	require(tb, err)
	tb.Cleanup(func() { server.Stop(tb) })

	return server
}

// NewDatabase creates an empty database and returns its connection URL.
func (s *PostgreSQLServer) NewDatabase(tb testing.TB) string {
	tb.Helper()

	name := s.newName()
	ctx := tb.Context()

	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		tb.Fatalf("connect to the tests' PostgreSQL: %v", err)
	}
	defer conn.Close(ctx) //nolint:errcheck // The connection is not used any more.

	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		tb.Fatalf("create a database: %v", err)
	}

	return s.URL(name)
}

// Port returns the server's port.
func (s *PostgreSQLServer) Port() string { return strconv.Itoa(s.port) }

// Program returns the path of a program of the same installation, for example psql.
func (s *PostgreSQLServer) Program(name string) string {
	return filepath.Join(filepath.Dir(s.path), name)
}

// URL returns the connection URL of a database of the server.
func (s *PostgreSQLServer) URL(database string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.User("postgres"), Host: "127.0.0.1:" + strconv.Itoa(s.port), Path: database,
		RawQuery: "sslmode=disable",
	}).String()
}

// errNoPostgreSQL is for a machine without PostgreSQL.
var errNoPostgreSQL = missingError("PostgreSQL is not installed here; install the package postgresql")

// StartPostgreSQL creates a database cluster and starts its server. [Close] stops it and removes its databases.
func StartPostgreSQL(options PostgreSQLOptions) (*PostgreSQLServer, error) {
	programs, err := findPostgreSQL()
	if err != nil {
		return nil, err
	}

	folder, err := newFolder("postgresql")
	if err != nil {
		return nil, err
	}

	data := filepath.Join(folder, "data")
	arguments := append([]string{
		"--pgdata=" + data, "--username=postgres", "--auth=trust",
		"--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions",
	}, options.Initdb...)
	if err := run(folder, filepath.Join(programs, "initdb"), arguments...); err != nil {
		return nil, err
	}

	port, err := freePort()
	if err != nil {
		return nil, err
	}

	settings := []string{
		"port=" + strconv.Itoa(port), "listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200",
	}
	if !options.Durable {
		settings = append(settings, "fsync=off", "full_page_writes=off")
	}

	server := &PostgreSQLServer{process{
		path: filepath.Join(programs, "postgres"), args: []string{"-D", data}, folder: folder, port: port,
		ready: "database system is ready to accept connections",
		stops: syscall.SIGINT, dies: syscall.SIGQUIT, // PostgreSQL's fast and immediate shutdown.
	}}

	for _, setting := range slices.Concat(settings, options.Settings) {
		server.args = append(server.args, "-c", setting)
	}

	return server, server.serve()
}

// findPostgreSQL returns the folder of PostgreSQL's programs, either from pg_config or the newest one of Debian's packages.
func findPostgreSQL() (string, error) {
	if output, err := exec.Command("pg_config", "--bindir").Output(); err == nil { //nolint:noctx // It ends at once.
		if folder := strings.TrimSpace(string(output)); isProgram(filepath.Join(folder, "initdb")) {
			return folder, nil
		}
	}

	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errNoPostgreSQL
	}

	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })

	return filepath.Dir(newest), nil
}

// version returns the version in the path of a program in Debian's packages of PostgreSQL.
func version(program string) int {
	number, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(program)))) // 0 is the oldest.

	return number
}

func isProgram(path string) bool {
	found, err := os.Stat(path)

	return err == nil && found.Mode().IsRegular()
}

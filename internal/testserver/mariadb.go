package testserver

import (
	"context"
	"database/sql"
	"errors"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"

	_ "github.com/go-sql-driver/mysql" // Registers the database/sql driver "mysql".
)

// MariaDBOptions configure a MariaDB server.
type MariaDBOptions struct {
	// Durable keeps the server's defaults, for benchmarks. Otherwise the server does not wait for its disk: its data survives
	// a crash of the server but not of the machine.
	Durable bool

	// Settings are additional settings of the server, for example "local_infile=OFF".
	Settings []string
}

// MariaDBServer is a running MariaDB server on a loopback port. Its user root has no password.
type MariaDBServer struct{ process }

// sharedMariaDB is the server that all tests of a binary share.
var sharedMariaDB = sync.OnceValues(func() (*MariaDBServer, error) {
	return startMariaDB(MariaDBOptions{})
})

// MariaDB returns the data source name of a new, empty database on a server that all tests of the binary share. If MariaDB is
// not installed, the test fails with CI=true in the environment and is skipped otherwise.
func MariaDB(tb testing.TB) string {
	tb.Helper()

	server, err := sharedMariaDB()
	require(tb, err)

	return server.NewDatabase(tb)
}

// NewMariaDB starts a server for one test, which may stop it. The server ends with the test.
func NewMariaDB(tb testing.TB, options MariaDBOptions) *MariaDBServer {
	tb.Helper()

	server, err := startMariaDB(options)
	require(tb, err)
	tb.Cleanup(func() { server.Stop(tb) })

	return server
}

// NewDatabase creates an empty database and returns its data source name.
func (s *MariaDBServer) NewDatabase(tb testing.TB) string {
	tb.Helper()

	name := s.newName()
	if err := s.execute(tb.Context(), "CREATE DATABASE "+name); err != nil {
		tb.Fatalf("create a database: %v", err)
	}

	return s.dsn(name)
}

func (s *MariaDBServer) dsn(database string) string {
	return "root@tcp(127.0.0.1:" + strconv.Itoa(s.port) + ")/" + database
}

func (s *MariaDBServer) execute(ctx context.Context, statement string) error {
	db, err := sql.Open("mysql", s.dsn(""))
	if err != nil {
		return err
	}

	_, err = db.ExecContext(ctx, statement)

	return errors.Join(err, db.Close())
}

// errNoMariaDB is for a machine without MariaDB.
var errNoMariaDB = missingError("MariaDB is not installed here; install the package mariadb-server")

// startMariaDB creates a data directory and starts a server.
func startMariaDB(options MariaDBOptions) (*MariaDBServer, error) {
	program, install, err := findMariaDB()
	if err != nil {
		return nil, err
	}

	folder, err := newFolder("mariadb")
	if err != nil {
		return nil, err
	}

	data := filepath.Join(folder, "data")
	if err := run(folder, install, "--no-defaults", "--datadir="+data, "--tmpdir="+folder,
		"--auth-root-authentication-method=normal", "--skip-test-db"); err != nil {
		return nil, err
	}

	port, err := freePort()
	if err != nil {
		return nil, err
	}

	args := []string{
		"--no-defaults", "--datadir=" + data, "--tmpdir=" + folder, "--socket=" + filepath.Join(folder, "socket"),
		"--pid-file=" + filepath.Join(folder, "pid"), "--bind-address=127.0.0.1", "--port=" + strconv.Itoa(port),
		"--skip-name-resolve", // No queries of name servers.
	}
	if !options.Durable {
		args = append(args, "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync")
	}

	for _, setting := range options.Settings {
		args = append(args, "--"+setting)
	}

	server := &MariaDBServer{process{
		path: program, args: args, folder: folder, port: port, ready: "ready for connections",
		stops: syscall.SIGTERM, dies: syscall.SIGKILL,
	}}

	return server, server.serve()
}

// findMariaDB returns the paths of the server and of the program that creates its data directory. On Debian, the server is in a
// folder that only root's PATH includes.
func findMariaDB() (server, install string, err error) {
	install, err = exec.LookPath("mariadb-install-db")
	if err != nil {
		return "", "", errNoMariaDB
	}

	for _, path := range []string{"mariadbd", "/usr/sbin/mariadbd", "/usr/libexec/mariadbd"} {
		if server, err = exec.LookPath(path); err == nil {
			return server, install, nil
		}
	}

	return "", "", errNoMariaDB
}

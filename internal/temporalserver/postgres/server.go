// Package postgres runs a Temporal server that stores its state in PostgreSQL, for benchmarks: with the plugin, the schema and
// the number of history shards of a small production cluster, but all services in one process.
package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence"
	"go.temporal.io/server/common/persistence/sql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	_ "go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql" // The plugin.
	"go.temporal.io/server/common/resolver"
	"go.temporal.io/server/schema"
	"go.temporal.io/server/schema/postgresql/v12"
	"go.temporal.io/server/temporal"

	"github.com/jobwright/jobwright/internal/temporalserver"
)

// HistoryShards is the number of history shards.
const HistoryShards = 64

const (
	plugin         = "postgres12_pgx"
	mainDatabase   = "temporal"
	visibility     = "temporal_visibility"
	connections    = 20 // The default of Temporal's configuration for Docker.
	connectionTime = time.Hour
)

// Options configure a server.
type Options struct {
	// PostgreSQL is the host:port of a PostgreSQL server that requires no password. Start creates the databases temporal and
	// temporal_visibility unless they exist.
	PostgreSQL string

	// User is a superuser of PostgreSQL.
	User string

	// LogDir is an existing folder for the log.
	LogDir string
}

// Server is a running server.
type Server struct {
	server  temporal.Server
	address string
}

// Start creates the databases, unless they exist, and starts a server on free loopback ports. The frontend may not accept
// requests immediately.
func Start(ctx context.Context, options Options) (*Server, error) {
	logger := temporalserver.NewLogger(options.LogDir)
	stores := map[string]*config.SQL{}

	for _, name := range []string{mainDatabase, visibility} {
		stores[name] = &config.SQL{
			PluginName: plugin, DatabaseName: name, ConnectAddr: options.PostgreSQL, ConnectProtocol: "tcp", User: options.User,
			MaxConns: connections, MaxIdleConns: connections, MaxConnLifetime: connectionTime,
		}
		if err := createDatabase(ctx, options, stores[name], logger); err != nil {
			return nil, fmt.Errorf("create the database %s: %w", name, err)
		}
	}

	var ports temporalserver.Ports
	defer ports.Release()

	address, err := ports.Reserve("127.0.0.1:0")
	if err != nil {
		return nil, err
	}

	server, err := temporalserver.NewServer(address, &ports, temporalserver.Storage{
		State: stores[mainDatabase], Visibility: stores[visibility], HistoryShards: HistoryShards,
	}, false, dynamicconfig.StaticClient{
		// One node serves all partitions; with several, a task sometimes waits for a poller of another one.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,
	}, logger)
	if err != nil {
		return nil, err
	}

	return &Server{server: server, address: address}, server.Start()
}

// Address returns the address of the frontend, host:port.
func (s *Server) Address() string { return s.address }

// Stop stops the server. The databases remain.
func (s *Server) Stop() error { return s.server.Stop() }

// createDatabase creates a database and its schema, unless the database exists.
func createDatabase(ctx context.Context, options Options, store *config.SQL, logger log.Logger) (err error) {
	postgres, err := pgx.Connect(ctx, "postgres://"+options.User+"@"+options.PostgreSQL+"/postgres?sslmode=disable")
	if err != nil {
		return err
	}

	var exists bool

	err = postgres.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", store.DatabaseName).Scan(&exists)
	if err == nil && !exists {
		_, err = postgres.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{store.DatabaseName}.Sanitize())
	}

	if err := errors.Join(err, postgres.Close(ctx)); err != nil || exists {
		return err
	}

	admin, err := sql.NewSQLAdminDB(
		sqlplugin.DbKindUnknown, store, resolver.NewNoopResolver(), logger, metrics.NoopMetricsHandler)
	if err != nil {
		return err
	}

	defer func() { err = errors.Join(err, admin.Close()) }()

	return createSchema(admin, store.DatabaseName)
}

// createSchema creates the tables, and records their version as Temporal's own tool for schemas does: servers verify it.
func createSchema(admin sqlplugin.AdminDB, database string) error {
	file, version := "postgresql/v12/temporal/schema.sql", v12.Version
	if database == visibility {
		file, version = "postgresql/v12/visibility/schema.sql", v12.VisibilityVersion
	}

	script, err := fs.ReadFile(schema.Assets(), file)
	if err != nil {
		return err
	}

	statements, err := persistence.LoadAndSplitQueryFromReaders([]io.Reader{bytes.NewReader(script)})
	if err != nil {
		return err
	}

	for _, statement := range statements {
		if err := admin.Exec(statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}

	if err := admin.CreateSchemaVersionTables(); err != nil {
		return err
	}

	return admin.UpdateSchemaVersion(database, version, version)
}

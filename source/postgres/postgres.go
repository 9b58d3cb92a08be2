package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
	"github.com/jobwright/jobwright/source/kind"
	"github.com/jobwright/jobwright/source/ledger"
)

// Kind is the name of this driver in the definitions of an app's sources.
const Kind = kind.PgSQLSource

// options are the options of a PgSQLSource in app.yaml.
type options kind.PgSQL

// Source is one database.
type Source struct {
	name    string
	server  string // For messages: host:port.
	reading *pgxpool.Pool
	writing *pgxpool.Pool

	ledger *ledgerTable
}

var (
	_ database.Source = (*Source)(nil)
	_ source.Auditor  = (*Source)(nil)
	_ source.Copier   = (*Source)(nil)
)

// Open returns the source that definition describes. It does not connect; the first use of the source does.
func Open(_ context.Context, definition source.Definition, _ source.Place) (source.Source, error) {
	opts := options{MaxConnections: 8}
	if err := definition.Decode(&opts); err != nil {
		return nil, err
	}

	if opts.MaxConnections < 2 {
		return nil, definition.Refuse(fmt.Errorf("maxConnections is %d", opts.MaxConnections),
			"set it to 2 or more: one connection to read and one to write")
	}

	if opts.ConnStr == "" {
		return nil, definition.Refuse(errors.New("connStr is missing"), connStrHint)
	}

	config, err := pgxpool.ParseConfig(opts.ConnStr)
	if err != nil {
		// The cause is left out: it may quote the string with the password.
		return nil, definition.Refuse(errors.New("connStr is not a valid connection string"), connStrHint)
	}

	configure(config, opts)

	s := &Source{name: definition.Name, server: fmt.Sprintf("%s:%d", config.ConnConfig.Host, config.ConnConfig.Port)}
	if s.ledger, err = newLedger(opts.Ledger); err != nil {
		return nil, definition.Refuse(err, "name a table, or set ledger: "+ledger.None)
	}

	if s.reading, err = newPool(config, (opts.MaxConnections+1)/2); err != nil {
		return nil, definition.Refuse(errors.New("connStr can't be used"), connStrHint)
	}

	if s.writing, err = newPool(config, opts.MaxConnections/2); err != nil {
		s.reading.Close()

		return nil, definition.Refuse(errors.New("connStr can't be used"), connStrHint)
	}

	return s, nil
}

const connStrHint = "write postgres://user@host:5432/database, or host=… port=5432 dbname=… user=…"

// configure sets the session parameters that this driver relies on: UTF-8, dates in ISO form, and string literals in which a
// backslash is an ordinary character.
func configure(config *pgxpool.Config, opts options) {
	if opts.User != "" {
		config.ConnConfig.User = opts.User
	}

	if opts.Password != "" {
		config.ConnConfig.Password = opts.Password
	}

	parameters := config.ConnConfig.RuntimeParams
	parameters["client_encoding"] = "UTF8"
	parameters["datestyle"] = "ISO"
	parameters["standard_conforming_strings"] = "on"

	if parameters["application_name"] == "" {
		parameters["application_name"] = "jobwright"
	}

	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = 30 * time.Second
	}

	defaultHandler := config.ConnConfig.OnPgError
	config.ConnConfig.OnPgError = func(conn *pgconn.PgConn, err *pgconn.PgError) bool {
		if cancel, isCopying := conn.CustomData()[cancelCopyKey].(context.CancelFunc); isCopying {
			cancel()
		}

		return defaultHandler(conn, err)
	}

	config.ConnConfig.BuildFrontend = limitedFrontend
	config.AfterConnect = enableClientCheck
	config.MinConns = 0
	config.MaxConnIdleTime = time.Minute
}

// limitedFrontend returns a reader of the server's messages that refuses a message of more than [source.MaxRecord] bytes, such
// as a record, before it takes the memory for it. The connection can't be used any more then.
func limitedFrontend(r io.Reader, w io.Writer) *pgproto3.Frontend {
	frontend := pgproto3.NewFrontend(r, w)
	frontend.SetMaxBodyLen(source.MaxRecord)

	return frontend
}

// enableClientCheck makes the server check every few seconds, also during a query, whether the client is still connected.
// Otherwise, the query of a worker that has crashed would run to its end. Servers before version 14 lack the parameter.
func enableClientCheck(ctx context.Context, connection *pgx.Conn) error {
	_, err := connection.Exec(ctx, "SET client_connection_check_interval = '5s'")

	if _, refused := errors.AsType[*pgconn.PgError](err); refused {
		return nil // Other operating systems and databases with the same protocol may not support the parameter either.
	}

	return err
}

// cancelCopyKey is the key of the function in a connection's custom data that is called when the server reports an error
// during a COPY. pgx returns from the COPY only when the Read method of its reader returns, which may wait long for a record.
const cancelCopyKey = "jobwright.cancelCopy"

func newPool(config *pgxpool.Config, maxConnections int32) (*pgxpool.Pool, error) {
	config = config.Copy()
	config.MaxConns = maxConnections

	return pgxpool.NewWithConfig(context.Background(), config)
}

// Check connects and returns the server's version and the number of tables without the ledger. If old records of the ledger
// could not be removed, it also returns why.
func (s *Source) Check(ctx context.Context) (string, error) {
	var found string

	err := s.transaction(ctx, s.reading, beginReading, func(session *session) error {
		rows, err := session.query(ctx, `
			SELECT current_setting('server_version'), count(*) FROM pg_catalog.pg_class c
			JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
				AND NOT (c.relname = $1 AND n.nspname = coalesce(nullif($2, ''), n.nspname))`,
			s.ledger.Table().Name, s.ledger.Table().Space)
		if err != nil {
			return err
		}

		tables, err := strconv.ParseInt(rows[0][1], 10, 64)
		found = fmt.Sprintf("PostgreSQL %s, %s", rows[0][0], source.Count(tables, "table"))

		return err
	})

	return found + s.ledger.Status(), s.classify(ctx, failure{err: err})
}

// Close closes the connections to the database. If connections are still in use after five seconds, it returns an error.
func (s *Source) Close() error {
	closed := make(chan struct{})

	go func() {
		defer close(closed)

		s.reading.Close()
		s.writing.Close()
	}()

	select {
	case <-closed:
		return nil
	case <-time.After(closeTimeout):
		return &source.Error{
			Code: source.CodeUnavailable, Source: s.name, Message: "connections are still in use and could not be closed",
			Hint: "close all rows before the source",
		}
	}
}

// DropTable removes a table. If other objects depend on the table, DropTable returns an error.
func (s *Source) DropTable(ctx context.Context, table source.Table) error {
	err := s.ledger.Guard(table)
	if err == nil {
		err = s.transaction(ctx, s.writing, beginWriting, func(session *session) error {
			return session.run(ctx, "DROP TABLE IF EXISTS "+qualified(table))
		})
	}

	// A second attempt has the same result, so the call is retryable even if the commit's answer is lost.
	return s.classify(ctx, failure{err: repeatable(err), table: table})
}

// Package postgres is the driver of PgSQLSource: a database of a PostgreSQL server.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/jobwright/jobwright/source"
)

// Kind is the name by which an app's definitions call this driver.
const Kind = "PgSQLSource"

// options are the options of a PgSQLSource in app.yaml.
type options struct {
	// Where the database is: postgres://user@host:5432/database, or host=… port=… dbname=… user=… as libpq takes it.
	ConnStr string `json:"connStr"`

	// The user and the password, in place of those in connStr.
	User     string `json:"user"`
	Password string `json:"password"`

	// The most connections to the server at a time, 8 where it is missing. Half of them are for reading and half for
	// writing: a job that reads from the database what it writes to it needs one of each, and jobs that each held one
	// and waited for another would wait for ever.
	MaxConnections int32 `json:"maxConnections"`

	// The table that is the ledger, name or schema.name; [ledger.DefaultTable], where the connection creates tables, if it is
	// missing. With "none" there is none, and what is appended, inserted or run by a script may happen twice when the answer
	// to it is lost.
	Ledger string `json:"ledger"`
}

// Source is one database.
type Source struct {
	name    string
	server  string // host:port, for messages.
	reading *pgxpool.Pool
	writing *pgxpool.Pool

	ledger *ledgerTable
}

var (
	_ source.Reader     = (*Source)(nil)
	_ source.Querier    = (*Source)(nil)
	_ source.Copier     = (*Source)(nil)
	_ source.Dropper    = (*Source)(nil)
	_ source.Describer  = (*Source)(nil)
	_ source.Overlapper = (*Source)(nil)
	_ source.Executor   = (*Source)(nil)
	_ source.Ledger     = (*Source)(nil)
)

// Open returns the source that definition describes. It does not connect: the first use does, and [Source.Check].
func Open(_ context.Context, definition source.Definition, _ source.Place) (source.Source, error) {
	opts := options{MaxConnections: 8}
	if err := definition.Decode(&opts); err != nil {
		return nil, err
	}

	invalid := func(message, hint string) error {
		return &source.Error{Code: source.CodeDefinitionInvalid, Source: definition.Name, Message: message, Hint: hint}
	}

	if opts.MaxConnections < 2 {
		return nil, invalid(fmt.Sprintf("maxConnections is %d", opts.MaxConnections),
			"give 2 at least: one connection to read and one to write")
	}

	if opts.ConnStr == "" {
		return nil, invalid("connStr is missing", connStrHint)
	}

	config, err := pgxpool.ParseConfig(opts.ConnStr)
	if err != nil {
		// What is wrong with it is not told: that may quote the string, and the password within.
		return nil, invalid("connStr can't be read", connStrHint)
	}

	configure(config, opts)

	s := &Source{name: definition.Name, server: fmt.Sprintf("%s:%d", config.ConnConfig.Host, config.ConnConfig.Port)}
	if s.ledger, err = newLedger(opts.Ledger); err != nil {
		return nil, invalid(err.Error(), "name a table, or none for no ledger")
	}

	if s.reading, err = newPool(config, (opts.MaxConnections+1)/2); err != nil {
		return nil, invalid("connStr can't be used", connStrHint)
	}

	if s.writing, err = newPool(config, opts.MaxConnections/2); err != nil {
		s.reading.Close()

		return nil, invalid("connStr can't be used", connStrHint)
	}

	return s, nil
}

const connStrHint = "write postgres://user@host:5432/database, or host=… port=5432 dbname=… user=…"

// configure sets what this driver relies on: UTF-8, dates in ISO's form, and backslashes that are nothing special in texts.
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

	byDefault := config.ConnConfig.OnPgError
	config.ConnConfig.OnPgError = func(conn *pgconn.PgConn, err *pgconn.PgError) bool {
		if failed, isCopying := conn.CustomData()[onFailure].(context.CancelFunc); isCopying {
			failed()
		}

		return byDefault(conn, err)
	}

	config.AfterConnect = noticeGoneClients
	config.MinConns = 0
	config.MaxConnIdleTime = time.Minute
}

// noticeGoneClients has the server look every few seconds, also during a query, whether its client is still there: else what a
// worker that died has asked would run to its end, though nobody waits for it any more. Servers before 14 can't.
func noticeGoneClients(ctx context.Context, connection *pgx.Conn) error {
	_, err := connection.Exec(ctx, "SET client_connection_check_interval = '5s'")

	if _, refused := errors.AsType[*pgconn.PgError](err); refused {
		return nil // Nor can those of other systems, under which it does not work, and some that speak this protocol only.
	}

	return err
}

// onFailure is the key under which a connection keeps what is to be called when the server reports an error. The library
// does not return from a COPY before its reader has, which may wait for a record for long.
const onFailure = "jobwright.onFailure"

func newPool(config *pgxpool.Config, most int32) (*pgxpool.Pool, error) {
	config = config.Copy()
	config.MaxConns = most

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

		found = fmt.Sprintf("PostgreSQL %s, %s tables", rows[0][0], rows[0][1])

		return nil
	})
	if err != nil {
		return "", s.classify(ctx, failure{err: err})
	}

	return found + s.ledger.Status(), nil
}

// Close closes the connections to the database. It waits a little for those that are in use, and reports that they are.
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
	case <-time.After(patience):
		return &source.Error{
			Code: source.CodeUnavailable, Source: s.name, Message: "connections are still in use, so that not all are closed",
			Hint: "close the rows that were read",
		}
	}
}

// Package mysql is the driver of MySQLSource: a database of a MySQL or MariaDB server. The spaces of tables are the server's
// databases.
package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
	"github.com/jobwright/jobwright/source/kind"
)

// Kind is the name of this driver in the definitions of an app's sources.
const Kind = kind.MySQLSource

// options are the options of a MySQLSource in app.yaml.
type options kind.MySQL

// Source is a database of a server.
type Source struct {
	name   string
	ledger *ledgerTable

	// Reads and writes use separate pools, because a write may read from the same source: with one pool, concurrent writes
	// could use all connections for reading and deadlock.
	reading *sql.DB
	writing *sql.DB

	// auxiliary kills connections and removes tables if the working connection can't.
	auxiliary *sql.DB
}

var (
	_ database.Source = (*Source)(nil)
	_ source.Auditor  = (*Source)(nil)
)

// Open returns the source for the database that definition names. It does not connect to the server.
func Open(_ context.Context, definition source.Definition, _ source.Place) (source.Source, error) {
	var opts options
	if err := definition.Decode(&opts); err != nil {
		return nil, err
	}

	config, err := configure(opts)
	if err != nil {
		return nil, definition.Refuse(err, "")
	}

	ledger, err := newLedger(opts.Ledger)
	if err != nil {
		return nil, definition.Refuse(err, "")
	}

	native, err := mysql.NewConnector(config)
	if err != nil {
		return nil, definition.Refuse(errConnStr, "") // The library's message may contain parts of connStr.
	}

	connector := limitedConnector{native}

	s := &Source{
		name: definition.Name, ledger: ledger,
		reading: sql.OpenDB(connector), writing: sql.OpenDB(connector), auxiliary: sql.OpenDB(connector),
	}

	for _, pool := range []*sql.DB{s.reading, s.writing} {
		pool.SetMaxOpenConns(opts.MaxConnections)
		pool.SetMaxIdleConns(opts.MaxConnections)
		pool.SetConnMaxIdleTime(time.Minute) // Servers and firewalls close idle connections.
	}

	s.auxiliary.SetMaxOpenConns(1)
	s.auxiliary.SetMaxIdleConns(0)

	return s, nil
}

// Close closes the connections to the server.
func (s *Source) Close() error {
	return errors.Join(s.reading.Close(), s.writing.Close(), s.auxiliary.Close())
}

// Check connects to the server and returns its version, the database, the number of tables except the ledger, and the error
// that prevented the last removal of old ledger records.
func (s *Source) Check(ctx context.Context) (summary string, err error) {
	err = s.on(ctx, s.reading, source.Table{}, source.CodeUnavailable, func(session *session) error {
		if session.space == "" {
			summary = session.server.String() + ", no database"

			return nil
		}

		var tables int64

		ledger := session.resolve(s.ledger.Table())
		err := session.conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.tables "+
			"WHERE table_schema = DATABASE() AND NOT (table_schema = ? AND table_name = ?)", ledger.Space, ledger.Name).
			Scan(&tables)
		summary = fmt.Sprintf("%s, database %s, %s%s", &session.server, session.space, source.Count(tables, "table"),
			s.ledger.Status())

		return err
	})

	return summary, err
}

// DropTable drops a table. A missing table is no error.
func (s *Source) DropTable(ctx context.Context, table source.Table) error {
	return s.on(ctx, s.writing, table, source.CodeQueryInvalid, func(session *session) error {
		if err := session.guardLedger(table); err != nil {
			return err
		}

		err := session.execute(ctx, "DROP TABLE IF EXISTS "+quoteTable(session.resolve(table)))
		if number(err) == errUnknownDatabase {
			return nil
		}

		return err
	})
}

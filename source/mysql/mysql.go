// Package mysql is the driver of MySQLSource: a database of a MySQL or MariaDB server. The spaces of its tables are the
// server's databases.
package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/jobwright/jobwright/source"
)

// Kind is the name by which an app's definitions call this driver.
const Kind = "MySQLSource"

// options are the options of a MySQLSource in app.yaml.
type options struct {
	// Where the server is: a data source name such as user:password@tcp(host:3306)/database?tls=true, or a URL such as
	// mysql://user:password@host:3306/database?tls=true. Its parameters are those of github.com/go-sql-driver/mysql, and
	// the server's system variables.
	ConnStr string `json:"connStr"`

	// The user and the password, in place of those in connStr.
	User     string `json:"user"`
	Password string `json:"password"`

	// The most connections at once, for reading and for writing each; 8 by default.
	MaxConnections int `json:"maxConnections"`

	// The table that is the ledger of what steps did, so that each happens once: jobwright_ledger by default, in the
	// connection's database, or database.table. With none, an append, an insert or a script whose answer is lost may happen
	// twice.
	Ledger string `json:"ledger"`
}

// Source is a database of a server.
type Source struct {
	name   string
	ledger *ledgerTable

	// Who writes a table may read another one of the same source meanwhile. If both took their connections from one pool,
	// enough jobs could take all of them for reading, and wait for each other's to write.
	reading *sql.DB
	writing *sql.DB

	// aside ends queries and tidies up, when the connection that did the work can't.
	aside *sql.DB
}

var (
	_ source.Reader     = (*Source)(nil)
	_ source.Querier    = (*Source)(nil)
	_ source.Writer     = (*Source)(nil)
	_ source.Dropper    = (*Source)(nil)
	_ source.Describer  = (*Source)(nil)
	_ source.Overlapper = (*Source)(nil)
	_ source.Executor   = (*Source)(nil)
	_ source.Ledger     = (*Source)(nil)
)

// Open returns the database that definition names. It does not connect yet.
func Open(_ context.Context, definition source.Definition, _ source.Place) (source.Source, error) {
	var opts options
	if err := definition.Decode(&opts); err != nil {
		return nil, err
	}

	config, err := configure(opts)
	if err != nil {
		return nil, invalid(definition.Name, err)
	}

	ledger, err := newLedger(opts.Ledger)
	if err != nil {
		return nil, invalid(definition.Name, err)
	}

	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, invalid(definition.Name, errConnStr) // The driver's own words may hold parts of connStr.
	}

	s := &Source{
		name: definition.Name, ledger: ledger,
		reading: sql.OpenDB(connector), writing: sql.OpenDB(connector), aside: sql.OpenDB(connector),
	}

	for _, pool := range []*sql.DB{s.reading, s.writing} {
		pool.SetMaxOpenConns(opts.MaxConnections)
		pool.SetMaxIdleConns(opts.MaxConnections)
		pool.SetConnMaxIdleTime(time.Minute) // Servers and firewalls close what is idle for long.
	}

	s.aside.SetMaxOpenConns(1)
	s.aside.SetMaxIdleConns(0)

	return s, nil
}

func invalid(name string, err error) error {
	return &source.Error{
		Code: source.CodeDefinitionInvalid, Source: name, Message: err.Error(),
		Hint: "correct the source in app.yaml",
	}
}

// Close closes the connections to the server.
func (s *Source) Close() error {
	return errors.Join(s.reading.Close(), s.writing.Close(), s.aside.Close())
}

// Check connects and returns the server's version, the database and the number of its tables without the ledger. If old records
// of the ledger could not be removed, it also returns why.
func (s *Source) Check(ctx context.Context) (string, error) {
	found, err := s.check(ctx)

	return found, s.classify(ctx, source.Table{}, source.CodeUnavailable, err)
}

func (s *Source) check(ctx context.Context) (string, error) {
	session, err := s.connect(ctx, s.reading)
	if err != nil {
		return "", err
	}

	var tables int

	ledger := session.resolve(s.ledger.Table())
	err = session.conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.tables "+
		"WHERE table_schema = DATABASE() AND NOT (table_schema = ? AND table_name = ?)", ledger.Space, ledger.Name).Scan(&tables)
	session.release(err)

	if session.space == "" {
		return session.server.String() + ", no database", err
	}

	return fmt.Sprintf("%s, database %s, %d tables%s", &session.server, session.space, tables, s.ledger.Status()), err
}

// DropTable removes a table, and knows no difference between one that is removed and one that never was.
func (s *Source) DropTable(ctx context.Context, table source.Table) error {
	session, err := s.connect(ctx, s.writing)
	if err == nil {
		err = session.drop(ctx, session.resolve(table))
		session.release(err)
	}

	return s.classify(ctx, table, source.CodeQueryInvalid, err)
}

func (s *session) drop(ctx context.Context, table source.Table) error {
	if err := s.guardLedger(table); err != nil {
		return err
	}

	err := s.execute(ctx, "DROP TABLE IF EXISTS "+quoteTable(table))
	if number(err) == errUnknownDatabase {
		return nil
	}

	return err
}

// Package sqlite is the driver of SQLiteSource: a database in one file, without a server.
//
// # Binding
//
// The package calls SQLite's C interface as modernc.org/sqlite/lib translates it to Go; it needs no cgo. The database/sql
// driver of modernc.org/sqlite took twice as long to write and to read a table, and can't interrupt a query that has returned
// its first record. The price is unsafe operations, all of which are in native.go, and a direct dependency on
// modernc.org/libc, whose TLS every function of the interface requires. Its version must be the one that modernc.org/sqlite
// requires: the translated code depends on the internals of libc.
//
// github.com/ncruces/go-sqlite3 would need no unsafe operations here: it compiles SQLite to WebAssembly and translates that
// to Go. Version 0.37.0 was measured against this binding in November 2026, both with SQLite 3.54.1 and on the same data,
// 1,000,000 records of 5 columns, in 5 alternating rounds. The medians of processor time and peak memory:
//
//	                                    this     ncruces   relative speed
//	load, 10 records for each INSERT     807 ms    950 ms  0.84
//	load, 1 record for each INSERT     1,208 ms  1,525 ms  0.79
//	read all records                     238 ms    284 ms  0.83
//	GROUP BY over all records            667 ms    919 ms  0.72
//	200,000 reads by an indexed column 2,071 ms  1,935 ms  1.04
//	open 200 connections                  54 ms    133 ms  0.41
//	peak memory of the load              134 MiB    75 MiB
//
// WAL with several processes, also with one of each binding and after a writer was killed, interruption and authorizers
// worked equally well. But it limits a connection's memory, to 256 MiB by default and 4 GiB at most, and panics when SQLite
// exceeds the limit; this binding has no such limit. Its build lacks FTS5, R-trees and double-quoted strings. Measure again
// when a later version is faster: it should load and read at least 0.95 times as fast.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
	"github.com/jobwright/jobwright/source/guard"
	"github.com/jobwright/jobwright/source/kind"
	"github.com/jobwright/jobwright/source/ledger"
)

// Kind is the name of this driver in the definitions of an app's sources.
const Kind = kind.SQLiteSource

// options are the options of a SQLiteSource in app.yaml.
type options kind.SQLite

// size limits the memory of a connection.
type size struct {
	// The cache, in MiB of the file; it uses about twice as much memory. With SQLite's default of 2 MiB, which is too small for
	// the pages of an index, writing a million records in random order of their keys took nearly twice the processor time.
	cache int

	// The large blocks of memory, in bytes. To compute a value of the maximum size, SQLite needs the memory of up to three of
	// them; to change a record, of up to five.
	blocks int64
}

var (
	readerSize = size{cache: 4, blocks: 4 * source.MaxRecord}
	writerSize = size{cache: 64, blocks: 8 * source.MaxRecord}
)

// Source is one database file.
type Source struct {
	name    string
	path    string
	readers *pool
	writer  *pool // One connection: a database has one writer at a time.

	ledger *ledger.Ledger
}

var (
	_ database.Source       = (*Source)(nil)
	_ source.DecimalLimiter = (*Source)(nil)
)

// Open returns the source for the database file that definition names. A missing file is created when it is first used.
func Open(_ context.Context, definition source.Definition, place source.Place) (source.Source, error) {
	opts := options{Path: definition.Name + ".db", MaxConnections: 16}
	if err := definition.Decode(&opts); err != nil {
		return nil, err
	}

	if opts.MaxConnections < 1 {
		return nil, definition.Refuse(errors.New("maxConnections is less than 1"), "")
	}

	path := opts.Path
	if !filepath.IsAbs(path) {
		path = filepath.Join(place.DataDir, path)
	}

	if err := guard.File(place, path); err != nil {
		return nil, definition.Refuse(err, guard.Hint)
	}

	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, &source.Error{
			Code: source.CodeUnavailable, Source: definition.Name,
			Message:   "the directory of the database file can't be created: " + guard.WithoutPath(err).Error(),
			Hint:      "correct the source's path in app.yaml, or the permissions of the directory",
			Retryable: !errors.Is(err, fs.ErrPermission),
			Err:       err,
		}
	}

	records, err := ledger.New("")
	if err != nil {
		return nil, definition.Invalid(err)
	}

	return &Source{
		name: definition.Name, path: path, ledger: records,
		readers: newPool(path, opts.MaxConnections, readerSize), writer: newPool(path, 1, writerSize),
	}, nil
}

// Close closes the connections to the database. A connection with open rows closes when the rows are closed.
func (s *Source) Close() error { return errors.Join(s.readers.close(), s.writer.close()) }

// Check opens the database and returns SQLite's version, the number of tables except the ledger, and the error that prevented
// the last removal of old ledger records.
func (s *Source) Check(ctx context.Context) (summary string, err error) {
	err = s.read(ctx, source.Table{}, func(c *connection) error {
		return c.each(`SELECT sqlite_version(), count(*) FROM sqlite_schema
			WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name <> ? COLLATE NOCASE`,
			[]any{ledger.DefaultTable}, func(row *statement) error {
				summary = fmt.Sprintf("SQLite %s, %s%s", row.text(0), source.Count(row.integer(1), "table"), s.ledger.Status())

				return nil
			})
	})

	return summary, err
}

// read runs do on a connection for reading.
func (s *Source) read(ctx context.Context, table source.Table, do func(c *connection) error) error {
	c, err := s.readers.get(ctx, busyTimeout)
	if err == nil {
		defer s.readers.put(c)
		defer c.watch(ctx)()

		err = do(c)
	}

	return s.classify(ctx, table, err)
}

// DropTable drops a table. A missing table is no error.
func (s *Source) DropTable(ctx context.Context, table source.Table) error {
	_, err := s.write(ctx, table, source.IdempotencyKey{}, func(c *connection) (source.Written, error) {
		return source.Written{}, c.execute("DROP TABLE IF EXISTS " + quote(table.Name))
	})

	return err
}

// write runs work in a transaction on the writer's connection, and records the result in the ledger under key. Concurrent
// writes wait for each other.
func (s *Source) write(
	ctx context.Context, table source.Table, key source.IdempotencyKey, work func(c *connection) (source.Written, error),
) (source.Written, error) {
	if err := s.noSpace(table); err != nil {
		return source.Written{}, err
	}

	if err := s.ledger.Guard(table); err != nil {
		return source.Written{}, s.classify(ctx, table, err)
	}

	c, err := s.writer.get(ctx, 0)
	if err != nil {
		return source.Written{}, s.classify(ctx, table, err)
	}
	defer s.writer.put(c)

	var written source.Written

	err = c.transaction(ctx, func() error {
		var err error
		written, err = c.once(key, func() (source.Written, error) { return work(c) })

		return err
	})
	if err != nil {
		return source.Written{}, s.classify(ctx, table, err)
	}

	if key != (source.IdempotencyKey{}) {
		_ = s.ledger.Clean(ctx, c.removeOldRecords) // Check reports the error.
	}

	return written, nil
}

// noSpace returns an error if the table is in a space: SQLite has no spaces.
func (s *Source) noSpace(table source.Table) error {
	if table.Space == "" {
		return nil
	}

	return &source.Error{
		Code: source.CodeTableNotFound, Source: s.name, Table: table.String(),
		Message: fmt.Sprintf("a SQLite database has no spaces, but the table names the space %q", table.Space),
		Hint:    fmt.Sprintf("write the name of the table only: %q", table.Name),
	}
}

package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/jobwright/jobwright/source"
)

// auxiliaryTimeout limits the statements of executeAuxiliary, which run independently of the caller's context.
const auxiliaryTimeout = 10 * time.Second

// session is a connection during one operation of the source.
type session struct {
	source  *Source
	conn    *sql.Conn
	id      int64 // The connection's ID in the server.
	server  server
	space   string // The database of tables without a space.
	limit   *readLimit
	unwatch func() bool
	broken  bool // Whether the connection must be closed although the operation succeeded.
}

// connect gets a connection from a pool. When ctx ends, it kills the connection in the server: if the connection were only
// closed, the server would detect that when it sends the next record, which may take long.
func (s *Source) connect(ctx context.Context, pool *sql.DB) (*session, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}

	opened := &session{source: s, conn: conn, unwatch: func() bool { return true }}

	if err := conn.Raw(opened.setLimit); err != nil {
		opened.release(err)

		return nil, err
	}

	var version string

	err = conn.QueryRowContext(ctx, "SELECT CONNECTION_ID(), COALESCE(DATABASE(), ''), VERSION(), @@local_infile").
		Scan(&opened.id, &opened.space, &version, &opened.server.localFiles)
	if err != nil {
		opened.release(err)

		return nil, err
	}

	opened.server.parseVersion(version)
	opened.watch(ctx)

	if opened.server.isTooOld() {
		opened.release(nil)

		return nil, &source.Error{
			Code: source.CodeOperationUnsupported, Source: s.name,
			Message: fmt.Sprintf("the server's version is too old: %s", &opened.server),
			Hint:    "use MySQL 5.7 or later, or MariaDB 10.2 or later",
		}
	}

	return opened, nil
}

// on runs do on a connection of a pool. An error that [Source.classify] does not recognize gets the code fallback.
func (s *Source) on(
	ctx context.Context, pool *sql.DB, table source.Table, fallback source.Code, do func(*session) error,
) error {
	session, err := s.connect(ctx, pool)
	if err != nil {
		return s.classify(ctx, table, source.CodeUnavailable, err)
	}

	err = do(session)
	session.release(err)

	return s.classify(ctx, table, fallback, err)
}

// setLimit sets the session's limit to that of its connection.
func (s *session) setLimit(conn any) error {
	limited, ok := conn.(*limitedSession)
	if !ok {
		return errors.ErrUnsupported
	}

	s.limit = limited.limit
	s.limit.lift() // An earlier session may have limited it.

	return nil
}

// watch kills the connection in the server when ctx ends. unwatch stops watching. If the connection is being killed, unwatch
// waits for the end and returns false: the connection can't be reused.
func (s *session) watch(ctx context.Context) {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)

		s.kill(ctx)
	})

	s.unwatch = sync.OnceValue(func() bool {
		if stop() {
			return true
		}

		<-ended

		return false
	})
}

// killPatience limits how long KILL is repeated, and firstKillPause is the pause before it is repeated first.
const (
	killPatience   = time.Second
	firstKillPause = 10 * time.Millisecond
)

// kill kills the connection in the server, and repeats that until the server does not know the connection any more: KILL can fail
// because of its own connection. A connection that rolls back a long transaction is known for longer.
func (s *session) kill(ctx context.Context) {
	for began, pause := time.Now(), firstKillPause; ; pause *= 2 {
		err := s.source.executeAuxiliary(ctx, "KILL "+strconv.FormatInt(s.id, 10))
		if number(err) == errUnknownConnection || time.Since(began) > killPatience {
			return
		}

		<-time.After(pause)
	}
}

// executeAuxiliary runs a statement on a separate connection, even if ctx has ended.
func (s *Source) executeAuxiliary(ctx context.Context, statement string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auxiliaryTimeout)
	defer cancel()

	_, err := s.auxiliary.ExecContext(ctx, statement)

	return err
}

// release returns the connection to its pool. After an error, the state of the connection is unknown, and release closes it.
func (s *session) release(err error) {
	if !s.unwatch() || err != nil || s.broken {
		s.discard()

		return
	}

	_ = s.conn.Close() // If the connection is broken, its next use returns the error.
}

// discard closes the connection: a pool closes connections that return driver.ErrBadConn.
func (s *session) discard() {
	s.unwatch()

	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = s.conn.Close()
}

// execute runs statements that return no records.
func (s *session) execute(ctx context.Context, statements ...string) error {
	for _, statement := range statements {
		if _, err := s.conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}

	return nil
}

// change runs a statement and returns the number of records that it changed.
func (s *session) change(ctx context.Context, statement string, values ...any) (int64, error) {
	result, err := s.conn.ExecContext(ctx, statement, values...)
	if err != nil {
		return 0, err
	}

	return result.RowsAffected()
}

// each runs a query and calls scan for each row of its result.
func (s *session) each(ctx context.Context, query string, values []any, scan func(rows *sql.Rows) error) error {
	rows, err := s.conn.QueryContext(ctx, query, values...)
	if err != nil {
		return err
	}
	defer rows.Close()

	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}

	return rows.Err()
}

// names returns the first column of a query's result.
func (s *session) names(ctx context.Context, query string, values ...any) (names []string, err error) {
	return names, s.each(ctx, query, values, func(rows *sql.Rows) error {
		names = append(names, "")

		return rows.Scan(&names[len(names)-1])
	})
}

// lock waits at most that many seconds for a lock, and reports whether it has acquired the lock. The end of the connection
// releases it.
func (s *session) lock(ctx context.Context, name string, seconds int) (acquired bool, err error) {
	err = s.conn.QueryRowContext(ctx, "SELECT COALESCE(GET_LOCK(?, ?), 0)", name, seconds).Scan(&acquired)

	return acquired, err
}

// transaction runs work in a transaction. If work fails, it rolls back; if that fails too, the end of the connection rolls
// back.
func (s *session) transaction(ctx context.Context, work func() error) error {
	if err := s.execute(ctx, "START TRANSACTION"); err != nil {
		return err
	}

	if err := work(); err != nil {
		if ctx.Err() == nil {
			err = errors.Join(err, s.execute(ctx, "ROLLBACK"))
		}

		return err
	}

	return s.execute(ctx, "COMMIT")
}

// resolve returns the table with its space, which is the connection's database by default.
func (s *session) resolve(table source.Table) source.Table {
	if table.Space == "" {
		table.Space = s.space
	}

	return table
}

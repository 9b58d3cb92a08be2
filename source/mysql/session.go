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

// asideTimeout is how long may be waited for what is done aside, when nobody waits for its result.
const asideTimeout = 10 * time.Second

// session is a connection that does one thing for one caller.
type session struct {
	source  *Source
	conn    *sql.Conn
	id      int64 // The connection's in the server.
	server  server
	space   string // The database in which tables without a space are found.
	unwatch func() bool
	spoiled bool // Whether something failed that changes nothing of what the caller is told.
}

// connect takes a connection from a pool. When ctx ends, what the connection does is ended in the server too: closing the
// connection alone would leave a query running that returns nothing for long.
func (s *Source) connect(ctx context.Context, pool *sql.DB) (*session, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}

	opened := &session{source: s, conn: conn, unwatch: func() bool { return true }}

	var version string

	err = conn.QueryRowContext(ctx, "SELECT CONNECTION_ID(), COALESCE(DATABASE(), ''), VERSION(), @@local_infile").
		Scan(&opened.id, &opened.space, &version, &opened.server.localFiles)
	if err != nil {
		opened.release(err)

		return nil, err
	}

	opened.server.read(version)
	opened.watch(ctx)

	if opened.server.isTooOld() {
		opened.release(nil)

		return nil, &source.Error{
			Code: source.CodeOperationUnsupported, Source: s.name,
			Message: fmt.Sprintf("its server, %s, is too old", &opened.server),
			Hint:    "use MySQL 5.7 or later, or MariaDB 10.2 or later",
		}
	}

	return opened, nil
}

// watch ends the connection in the server when ctx ends. After unwatch, which waits for an end that has begun, it may serve
// somebody else, unless unwatch returns false.
func (s *session) watch(ctx context.Context) {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)

		// The connection may be gone already, and its query with it; that is no reason to complain.
		_ = s.source.executeAside(ctx, "KILL "+strconv.FormatInt(s.id, 10))
	})

	s.unwatch = sync.OnceValue(func() bool {
		if stop() {
			return true
		}

		<-ended

		return false
	})
}

// executeAside runs a statement on a connection of its own, whether or not ctx has ended.
func (s *Source) executeAside(ctx context.Context, statement string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), asideTimeout)
	defer cancel()

	_, err := s.aside.ExecContext(ctx, statement)

	return err
}

// release gives the connection back to its pool, unless what it did ended with an error: then nobody knows in which state
// it is.
func (s *session) release(err error) {
	if !s.unwatch() || err != nil || s.spoiled {
		s.discard()

		return
	}

	_ = s.conn.Close() // It goes back; what is wrong with it, its next user is told.
}

// discard closes the connection. The pool drops one when it is told that it is bad.
func (s *session) discard() {
	s.unwatch()

	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = s.conn.Close()
}

func (s *session) execute(ctx context.Context, statements ...string) error {
	for _, statement := range statements {
		if _, err := s.conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}

	return nil
}

// change runs a statement and returns how many records it changed.
func (s *session) change(ctx context.Context, statement string, values ...any) (int64, error) {
	result, err := s.conn.ExecContext(ctx, statement, values...)
	if err != nil {
		return 0, err
	}

	return result.RowsAffected()
}

// transaction does something in a transaction. Where it fails, the transaction ends with the connection, if not before.
func (s *session) transaction(ctx context.Context, do func() error) error {
	if err := s.execute(ctx, "START TRANSACTION"); err != nil {
		return err
	}

	if err := do(); err != nil {
		if ctx.Err() == nil {
			err = errors.Join(err, s.execute(ctx, "ROLLBACK"))
		}

		return err
	}

	return s.execute(ctx, "COMMIT")
}

// resolve returns the table with the space in which the server looks for it.
func (s *session) resolve(table source.Table) source.Table {
	if table.Space == "" {
		table.Space = s.space
	}

	return table
}

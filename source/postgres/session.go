package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/database"
)

const (
	// beginReading begins a read-only transaction. Independently of the server's settings, floats are formatted with all the
	// digits that distinguish them.
	beginReading = "BEGIN READ ONLY; SET LOCAL extra_float_digits = 1"

	// beginWriting begins a transaction in which each statement sees the rows that were committed when it began. The time
	// that it waits for a lock is limited, because later requests for the same lock queue behind it.
	beginWriting = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '10s'"
)

// closeTimeout is the time in which a connection is released or closed.
const closeTimeout = 5 * time.Second

// session is a connection with a transaction.
type session struct {
	pooled *pgxpool.Conn
	conn   *pgconn.PgConn
}

// begin acquires a connection from a pool and begins a transaction with the statement; without a statement, there is none.
// The caller must call end or discard.
func begin(ctx context.Context, pool *pgxpool.Pool, statement string) (*session, error) {
	pooled, err := pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}

	s := &session{pooled: pooled, conn: pooled.Conn().PgConn()}

	if statement == "" {
		return s, nil
	}

	if err := s.run(ctx, statement); err != nil {
		s.end(ctx)

		return nil, err
	}

	return s, nil
}

// transaction runs do in a transaction, which it commits if do returns no error.
func (s *Source) transaction(ctx context.Context, pool *pgxpool.Pool, statement string, do func(*session) error) error {
	session, err := begin(ctx, pool, statement)
	if err != nil {
		return err
	}
	defer session.end(ctx)

	if err := do(session); err != nil {
		return err
	}

	return session.commit(ctx)
}

// commitError is the loss of the connection during a commit: it is unknown whether the transaction has been committed.
type commitError struct{ err error }

func (e *commitError) Error() string { return e.err.Error() }

func (e *commitError) Unwrap() error { return e.err }

func (s *session) commit(ctx context.Context) error {
	err := s.run(ctx, "COMMIT")
	if err != nil && s.conn.IsClosed() {
		return &commitError{err}
	}

	return err
}

// run executes statements and discards their results.
func (s *session) run(ctx context.Context, statements string) error {
	return s.conn.Exec(ctx, statements).Close()
}

// change executes one statement and returns the number of records that it has changed.
func (s *session) change(ctx context.Context, statement string) (int64, error) {
	tag, err := s.conn.ExecParams(ctx, statement, nil, nil, nil, nil).Close()

	return tag.RowsAffected(), err
}

// query returns all rows of a query, such as a query of the catalog, as text. NULL is returned as empty text.
func (s *session) query(ctx context.Context, query string, arguments ...string) ([][]string, error) {
	values := make([][]byte, len(arguments))
	for i, argument := range arguments {
		values[i] = []byte(argument)
	}

	result := s.conn.ExecParams(ctx, query, values, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, result.Err
	}

	rows := make([][]string, len(result.Rows))
	for i, row := range result.Rows {
		for _, value := range row {
			rows[i] = append(rows[i], string(value))
		}
	}

	return rows, nil
}

// end rolls back an open transaction and returns the connection to its pool. If the connection is broken or busy, end closes
// it and waits until the server has cancelled its query, so that the query has released its locks when end returns.
func (s *session) end(ctx context.Context) {
	if s.pooled == nil {
		return
	}

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()

	switch {
	case s.conn.IsClosed():
		select {
		case <-s.conn.CleanupDone():
		case <-ctx.Done():
		}
	case s.conn.TxStatus() != 'I':
		_ = s.run(ctx, "ROLLBACK") // If that fails, the pool closes the connection.
	}

	s.pooled.Release()
	s.pooled = nil
}

// discard ends the session and closes its connection, because a script may have changed the settings of the connection.
func (s *session) discard(ctx context.Context) {
	if s.pooled == nil {
		return
	}

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()

	_ = s.pooled.Conn().Close(ctx) // If that fails, the server still ends the transaction when the connection is lost.
	s.end(ctx)
}

// quote returns a name as a quoted SQL identifier.
func quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// quoteAll returns names as a list of quoted SQL identifiers.
func quoteAll(names []string) string { return database.Join(names, ", ", quote) }

// qualified returns the quoted name of a table, with its schema if it has one.
func qualified(named source.Table) string { return database.Qualify(named, quote) }

package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// beginReading begins a transaction that changes nothing. Floats are shown with every digit that tells them apart,
	// whatever the server's settings are.
	beginReading = "BEGIN READ ONLY; SET LOCAL extra_float_digits = 1"

	// beginWriting begins a transaction in which each statement sees what was there when its locks were had, and whose
	// wait for a lock ends: it would hold up everybody who comes after it.
	beginWriting = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '10s'"
)

// patience is how long the end of a connection may take.
const patience = 5 * time.Second

// session is a connection with a transaction.
type session struct {
	pooled *pgxpool.Conn
	conn   *pgconn.PgConn
}

// begin takes a connection from a pool and begins a transaction. The caller ends the session.
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

// transaction runs do in a transaction, which it commits where do returns no error.
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

// commitError is the loss of the connection while it was told to commit: nobody knows whether it has.
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

// run runs statements that return nothing.
func (s *session) run(ctx context.Context, statements string) error {
	return s.conn.Exec(ctx, statements).Close()
}

// change runs one statement and returns how many records it changed.
func (s *session) change(ctx context.Context, statement string) (int64, error) {
	tag, err := s.conn.ExecParams(ctx, statement, nil, nil, nil, nil).Close()

	return tag.RowsAffected(), err
}

// query returns the few rows of a query of the catalogue, as text; NULL is empty. Its arguments are text too.
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

// end rolls back what was not committed and gives the connection back. One that is broken, or still busy, is closed, and
// what it ran is cancelled in the server; end waits for that, so that nothing of it holds up what the caller does next.
func (s *session) end(ctx context.Context) {
	if s.pooled == nil {
		return
	}

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()

	switch {
	case s.conn.IsClosed():
		select {
		case <-s.conn.CleanupDone():
		case <-ctx.Done():
		}
	case s.conn.TxStatus() != 'I':
		_ = s.run(ctx, "ROLLBACK") // A connection on which that fails does not go back to the pool.
	}

	s.pooled.Release()
	s.pooled = nil
}

// discard ends the session without giving its connection back, since nobody knows what was set in it.
func (s *session) discard(ctx context.Context) {
	if s.pooled == nil {
		return
	}

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()

	_ = s.pooled.Conn().Close(ctx) // The server ends the transaction, whether it hears of this or not.
	s.end(ctx)
}

// quote writes a name as an SQL identifier.
func quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// quoteAll writes names as a list of SQL identifiers.
func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = quote(name)
	}

	return strings.Join(quoted, ", ")
}

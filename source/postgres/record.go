package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/ledger"
)

// Recorded returns what an earlier attempt with that key has done. Without a ledger's table, there is no record. Recorded also
// terminates the sessions of earlier attempts that the same user still has, since they may hold locks on tables that this
// attempt is about to read.
func (s *Source) Recorded(ctx context.Context, key source.IdempotencyKey) (source.Written, bool, error) {
	if !s.ledger.Records(key) {
		return source.Written{}, false, nil
	}

	written, found, err := s.lookUp(ctx, s.reading, beginReading, key)
	if err != nil {
		return source.Written{}, false, s.classify(ctx, failure{err: err})
	}

	return written, found, nil
}

// lookUp looks a record up in a transaction of its own.
func (s *Source) lookUp(
	ctx context.Context, pool *pgxpool.Pool, statement string, key source.IdempotencyKey,
) (written source.Written, found bool, err error) {
	err = s.transaction(ctx, pool, statement, func(session *session) error {
		table, err := session.findLedger(ctx, s.ledger.Table())
		if err != nil || table == "" {
			return onLedger(err)
		}

		written, found, err = session.startAttempt(ctx, table, key)

		return err
	})

	return written, found, repeatable(err)
}

// once runs change in a transaction that also records it under key. If another attempt has recorded it, once returns that
// record and changes nothing.
func (s *Source) once(
	ctx context.Context, key source.IdempotencyKey, change func(*session) (source.Written, error),
) (written source.Written, err error) {
	if !s.ledger.Records(key) {
		err = s.transaction(ctx, s.writing, beginWriting, func(session *session) error {
			written, err = change(session)

			return err
		})

		return written, err
	}

	table, err := s.openLedger(ctx)
	if err != nil {
		return source.Written{}, err
	}

	err = s.transaction(ctx, s.writing, beginWriting+"; SET LOCAL "+setAttemptName(key), func(session *session) error {
		var found bool
		if written, found, err = session.startAttempt(ctx, table, key); err != nil || found {
			return err
		}

		if written, err = change(session); err != nil {
			return err
		}

		return session.record(ctx, table, key, written)
	})

	return s.finishAttempt(ctx, key, written, err)
}

// finishAttempt returns the result of a transaction that has ended with err. If another attempt was faster, it is that one's
// record.
func (s *Source) finishAttempt(
	ctx context.Context, key source.IdempotencyKey, written source.Written, err error,
) (source.Written, error) {
	if !errors.Is(err, ledger.ErrRecorded) {
		if err == nil {
			_ = s.ledger.Clean(ctx, s.removeOldRecords) // Check reports the error.
		}

		return written, repeatable(err) // The next attempt finds out whether the commit has succeeded.
	}

	written, found, err := s.lookUp(ctx, s.writing, beginWriting, key)
	if err == nil && !found {
		err = &source.Error{
			Code: source.CodeUnavailable, Retryable: true,
			Message: "another attempt of this step had recorded it, but the record was removed",
		}
	}

	return written, err
}

// attemptName is the application_name of every session that makes the change with that key. Attempts find each other by it,
// and operators find them in pg_stat_activity.
func attemptName(key source.IdempotencyKey) string {
	hash := sha256.Sum256([]byte(key.Run + "\x00" + key.Step))

	return "jobwright " + hex.EncodeToString(hash[:8])
}

// setAttemptName is the end of a SET statement that names a session. SET LOCAL names it until the end of the transaction.
func setAttemptName(key source.IdempotencyKey) string {
	return "application_name = '" + attemptName(key) + "'"
}

// startAttempt terminates earlier attempts with that key, which may still be running or hold locks, and looks the record up.
// Of two concurrent attempts, the one whose transaction began later terminates the other.
func (s *session) startAttempt(ctx context.Context, table string, key source.IdempotencyKey) (source.Written, bool, error) {
	if _, err := s.query(ctx, `
		SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
		WHERE application_name = $1 AND usename = current_user AND datname = current_database()
			AND backend_type = 'client backend' AND (xact_start, pid) < (now(), pg_catalog.pg_backend_pid())`,
		attemptName(key)); err != nil {
		return source.Written{}, false, err
	}

	rows, err := s.query(ctx, "SELECT rows, details FROM "+table+" WHERE run = $1 AND step = $2", key.Run, key.Step)
	if err != nil || len(rows) == 0 {
		return source.Written{}, false, onLedger(err)
	}

	var written source.Written
	if written.Rows, err = strconv.ParseInt(rows[0][0], 10, 64); err == nil {
		err = ledger.DecodeDetails([]byte(rows[0][1]), &written)
	}

	return written, err == nil, err
}

// record adds the record of a change to its own transaction, as the last statement: other attempts that reach this point wait
// for the commit. The error is [ledger.ErrRecorded] if another attempt was faster.
func (s *session) record(ctx context.Context, table string, key source.IdempotencyKey, written source.Written) error {
	details, err := ledger.EncodeDetails(written)
	if err != nil {
		return err
	}

	tag, err := s.conn.ExecParams(ctx, insertRecord(table), [][]byte{
		[]byte(key.Job), []byte(key.Run), []byte(key.Step), strconv.AppendInt(nil, written.Rows, 10), details,
	}, nil, nil, nil).Close()
	if err == nil && tag.RowsAffected() == 0 {
		return ledger.ErrRecorded
	}

	return onLedger(err)
}

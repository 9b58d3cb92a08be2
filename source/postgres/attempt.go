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

// RecordsWrites reports whether the source has a ledger.
func (s *Source) RecordsWrites() bool { return s.ledger.Enabled() }

// Recorded returns the result of an earlier attempt with the same key, if it is recorded. It also terminates sessions in which
// earlier attempts of the same user still run, since they may hold locks on tables that this attempt is about to read.
func (s *Source) Recorded(ctx context.Context, key source.IdempotencyKey) (source.Written, bool, error) {
	if !s.ledger.Records(key) {
		return source.Written{}, false, nil
	}

	written, found, err := s.lookUp(ctx, s.reading, beginReading, key)

	return written, found, s.classify(ctx, failure{err: err})
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

// once runs change in a transaction and records it under key in the same transaction. If another attempt has recorded the
// change, once changes nothing and returns the recorded result.
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

// finishAttempt returns the result of a transaction that has ended with err. If another attempt has committed its record
// first, finishAttempt returns that record.
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
			Message: "another attempt has recorded this step, but its record was removed",
		}
	}

	return written, err
}

// attemptName returns the application_name of the sessions of all attempts with that key. It identifies earlier attempts, also
// for operators in pg_stat_activity.
func attemptName(key source.IdempotencyKey) string {
	hash := sha256.Sum256([]byte(key.Run + "\x00" + key.Step))

	return "jobwright " + hex.EncodeToString(hash[:8])
}

// setAttemptName returns the assignment of a SET statement that names a session. SET LOCAL names it until the end of the
// transaction.
func setAttemptName(key source.IdempotencyKey) string {
	return "application_name = '" + attemptName(key) + "'"
}

// startAttempt terminates earlier attempts with that key that are still running, and looks the record up. Of two concurrent
// attempts, the attempt whose transaction began later terminates the other.
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
		err = ledger.DecodeDetails([]byte(rows[0][1]), key, &written)
	}

	return written, err == nil, err
}

// record adds the record of a change to the ledger, as the last statement of the change's transaction: other attempts that
// reach this point wait for the commit. The error is [ledger.ErrRecorded] if another attempt has committed its record first.
func (s *session) record(ctx context.Context, table string, key source.IdempotencyKey, written source.Written) error {
	details, err := ledger.EncodeDetails(key, written)
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

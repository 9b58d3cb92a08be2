package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/jobwright/jobwright/source"
)

// errRecorded says that another attempt has committed the effect first.
var errRecorded = errors.New("another attempt has done it")

// Recorded returns what an earlier attempt of an effect has done. Where there is no ledger yet, none has done anything. An
// attempt asks before it reads: sessions of earlier ones that the same user still has are ended, since they may hold locks on
// what is read too.
func (s *Source) Recorded(ctx context.Context, effect source.IdempotencyKey) (source.Written, bool, error) {
	if !s.ledger.keeps(effect) {
		return source.Written{}, false, nil
	}

	written, done, err := s.lookUp(ctx, s.reading, beginReading, effect)
	if err != nil {
		return source.Written{}, false, s.classify(ctx, failure{err: err})
	}

	return written, done, nil
}

func (s *Source) lookUp(
	ctx context.Context, pool *pgxpool.Pool, statement string, effect source.IdempotencyKey,
) (written source.Written, done bool, err error) {
	err = s.transaction(ctx, pool, statement, func(session *session) error {
		ledger, err := session.findLedger(ctx, s.ledger.named)
		if err != nil || ledger == "" {
			return onLedger(err)
		}

		written, done, err = session.arrive(ctx, ledger, effect)

		return err
	})

	return written, done, repeatable(err)
}

// once runs do in a transaction that also records what it has written, unless another attempt of the same effect has been
// first. Then it returns what that one has recorded, and has done nothing.
func (s *Source) once(
	ctx context.Context, effect source.IdempotencyKey, do func(*session) (source.Written, error),
) (written source.Written, err error) {
	if !s.ledger.keeps(effect) {
		err = s.transaction(ctx, s.writing, beginWriting, func(session *session) error {
			written, err = do(session)

			return err
		})

		return written, err
	}

	ledger, err := s.openLedger(ctx)
	if err != nil {
		return source.Written{}, err
	}

	err = s.transaction(ctx, s.writing, beginWriting+"; SET LOCAL "+naming(effect), func(session *session) error {
		var done bool
		if written, done, err = session.arrive(ctx, ledger, effect); err != nil || done {
			return err
		}

		if written, err = do(session); err != nil {
			return err
		}

		return session.record(ctx, ledger, effect, written)
	})

	return s.ended(ctx, effect, written, err)
}

// ended returns what the transaction of an effect has come to.
func (s *Source) ended(ctx context.Context, effect source.IdempotencyKey, written source.Written, err error) (source.Written, error) {
	if !errors.Is(err, errRecorded) {
		if err == nil {
			s.cleaning.start(s)
		}

		return written, repeatable(err) // A commit whose answer is lost can be looked for.
	}

	written, done, err := s.lookUp(ctx, s.writing, beginWriting, effect)
	if err == nil && !done {
		err = &source.Error{
			Code: source.CodeUnavailable, Retryable: true, Message: "another attempt has recorded this, and the record is gone",
		}
	}

	return written, err
}

// attempts is the application_name of all sessions that try to bring about that effect, for each other and for an operator
// who looks at pg_stat_activity.
func attempts(effect source.IdempotencyKey) string {
	hash := sha256.Sum256([]byte(effect.Run + "\x00" + effect.Step))

	return "jobwright " + hex.EncodeToString(hash[:8])
}

// naming is the rest of a SET that gives a session its name. Set for a transaction, it is forgotten at that one's end.
func naming(effect source.IdempotencyKey) string {
	return "application_name = '" + attempts(effect) + "'"
}

// arrive ends earlier attempts of an effect that are still at work, or hang while they hold locks, and returns what was
// recorded of it. Of two that arrive at once, the one whose transaction began later ends the other, and not the reverse.
func (s *session) arrive(ctx context.Context, ledger string, effect source.IdempotencyKey) (source.Written, bool, error) {
	if _, err := s.query(ctx, `
		SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
		WHERE application_name = $1 AND usename = current_user AND datname = current_database()
			AND backend_type = 'client backend' AND (xact_start, pid) < (now(), pg_catalog.pg_backend_pid())`,
		attempts(effect)); err != nil {
		return source.Written{}, false, err
	}

	return s.recorded(ctx, ledger, effect)
}

// recorded looks an effect up.
func (s *session) recorded(ctx context.Context, ledger string, effect source.IdempotencyKey) (source.Written, bool, error) {
	rows, err := s.query(ctx, "SELECT rows, conversions FROM "+ledger+" WHERE run = $1 AND step = $2", effect.Run, effect.Step)
	if err != nil || len(rows) == 0 {
		return source.Written{}, false, onLedger(err)
	}

	var written source.Written
	if written.Rows, err = strconv.ParseInt(rows[0][0], 10, 64); err != nil {
		return source.Written{}, false, err
	}

	if rows[0][1] != "" {
		err = written.Recall([]byte(rows[0][1]))
	}

	return written, err == nil, err
}

// record records an effect in its own transaction, of which it is the last statement: until the commit, another attempt that
// comes as far waits. The error is errRecorded where one has been first.
func (s *session) record(ctx context.Context, ledger string, effect source.IdempotencyKey, written source.Written) error {
	note, err := effect.Note(written)
	if err != nil {
		return err
	}

	tag, err := s.conn.ExecParams(ctx, insertInto(ledger), [][]byte{
		[]byte(effect.Job), []byte(effect.Run), []byte(effect.Step), strconv.AppendInt(nil, written.Rows, 10), note,
	}, nil, nil, nil).Close()
	if err == nil && tag.RowsAffected() == 0 {
		return errRecorded
	}

	return onLedger(err)
}

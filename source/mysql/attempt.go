package mysql

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/go-sql-driver/mysql"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/ledger"
)

// attempt is one attempt at a change that the ledger records. The nil attempt records nothing.
type attempt struct {
	session *session
	key     source.IdempotencyKey
	table   source.Table // The ledger's table, with its space.
	lock    string       // The name of the lock of all attempts with this key.
}

// The maximum lengths of the key's columns, in characters. An index is limited to 3072 bytes.
const (
	runLength  = 128
	stepLength = 640
)

// newAttempt returns an attempt at the change with that key.
func (s *session) newAttempt(key source.IdempotencyKey) (*attempt, error) {
	table := s.resolve(s.source.ledger.Table())
	if table.Space == "" {
		return nil, &source.Error{
			Code: source.CodeUnavailable, Source: s.source.name, Table: table.String(),
			Message: "the connection has no database that could contain the ledger",
			Hint:    "name a database in connStr, or set ledger to database.table, or to none",
		}
	}

	hash := sha256.Sum256([]byte(strings.Join([]string{table.Space, table.Name, key.Run, key.Step}, "\x00")))
	key.Run, key.Step = shortened(key.Run, runLength), shortened(key.Step, stepLength)

	return &attempt{session: s, key: key, table: table, lock: "jobwright " + hex.EncodeToString(hash[:16])}, nil
}

// shortened returns text, or if it has more than limit characters, its beginning with a hash of it.
func shortened(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}

	hash := sha256.Sum256([]byte(text))
	digits := hex.EncodeToString(hash[:])

	return string([]rune(text)[:limit-len(digits)]) + digits
}

// lookUp returns the record of the change.
func (a *attempt) lookUp(ctx context.Context) (written source.Written, found bool, err error) {
	var details sql.NullString

	err = a.session.conn.QueryRowContext(ctx, "SELECT `rows`, `details` FROM "+quoteTable(a.table)+
		" WHERE `run` = ? AND `step` = ?", a.key.Run, a.key.Step).Scan(&written.Rows, &details)
	if errors.Is(err, sql.ErrNoRows) {
		return source.Written{}, false, nil
	}

	if err == nil {
		err = ledger.DecodeDetails([]byte(details.String), a.key, &written)
	}

	return written, err == nil, err
}

// fasterRecord returns the record that a concurrent attempt has added first.
func (a *attempt) fasterRecord(ctx context.Context) (source.Written, error) {
	written, found, err := a.lookUp(ctx)
	if err == nil && !found {
		err = &mysql.MySQLError{Number: errNoSuchTable}
	}

	return written, a.explain(err)
}

// record adds the record of the change. It returns [ledger.ErrRecorded] if the ledger already has one.
func (a *attempt) record(ctx context.Context, written source.Written) error {
	if a == nil {
		return nil
	}

	text, err := ledger.EncodeDetails(a.key, written)
	if err != nil {
		return err
	}

	details := sql.NullString{String: string(text), Valid: text != nil}

	insert := func() error {
		_, err := a.session.change(ctx, a.insertion()+"VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(6))",
			a.key.Job, a.key.Run, a.key.Step, written.Rows, details)

		return err
	}

	err = insert()
	if number(err) == errNotLocked { // The script has locked tables. Unlocking them commits its transaction.
		if err = a.session.execute(ctx, "UNLOCK TABLES"); err == nil {
			err = insert()
		}
	}

	if number(err) == errDuplicate {
		return ledger.ErrRecorded
	}

	return a.explain(err)
}

// finish removes old records from the ledger and releases the attempt's lock before the connection is reused. Errors do not
// change the result; they close the connection, which releases the lock too.
func (a *attempt) finish(ctx context.Context) {
	err := a.session.source.ledger.Clean(ctx, a.removeOldRecords)
	if err == nil {
		err = a.session.execute(ctx, "DO RELEASE_LOCK('"+a.lock+"')")
	}

	a.session.broken = err != nil
}

// explain returns the error for a ledger that can't be used. It returns other errors unchanged.
func (a *attempt) explain(err error) error {
	native, ok := errors.AsType[*mysql.MySQLError](err)
	if !ok || meanings[native.Number].retryable {
		return err
	}

	problem := &source.Error{
		Code: source.CodeUnavailable, Source: a.session.source.name, Table: a.table.String(), Err: err,
		Message: "the ledger can't be used: " + native.Message,
		Hint: "grant SELECT, INSERT and DELETE on it to the source's user, and CREATE if it is missing; or create it with " +
			a.definition() + "; or set ledger: none in app.yaml, and a step may take effect twice if its answer is lost",
	}

	if native.Number == errNoSuchTable {
		problem.Retryable, problem.Message, problem.Hint = true, "the ledger was removed", "the next attempt creates it again"
	}

	return problem
}

// The number of seconds that an attempt waits for an earlier attempt with the same key: first for its regular end, then for
// the end of its connection, which rolls back its transaction.
const (
	regularEndSeconds    = 1
	connectionEndSeconds = 10
)

// terminateEarlier terminates an earlier attempt with the same key. The attempt's worker may have crashed or lost its network
// while its connection still holds locks.
func (a *attempt) terminateEarlier(ctx context.Context) error {
	locked, err := a.session.lock(ctx, a.lock, regularEndSeconds)
	if locked || err != nil {
		return err
	}

	// A single statement looks up and kills the connection, so that the connection can't serve another caller in between.
	err = a.session.execute(ctx, "KILL IS_USED_LOCK('"+a.lock+"')")

	switch number(err) {
	case errUnknownConnection: // The connection has just ended.
	case errForeignConnection:
		return a.stillRunning()
	default:
		if err != nil {
			return err
		}
	}

	locked, err = a.session.lock(ctx, a.lock, connectionEndSeconds)
	if err == nil && !locked {
		err = a.stillRunning()
	}

	return err
}

// stillRunning returns the error for an earlier attempt that can't be terminated. It could overwrite the table of this one.
func (a *attempt) stillRunning() error {
	return &source.Error{
		Code: source.CodeUnavailable, Source: a.session.source.name, Retryable: true,
		Message: "an earlier attempt of this step is still running, or being rolled back",
		Hint:    "KILL the connection that SELECT IS_USED_LOCK('" + a.lock + "') returns",
	}
}

// hasCreated reports whether an attempt with this key has created the table: the table's comment identifies the key. The
// attempt may have ended before it added the record.
func (a *attempt) hasCreated(found *table) bool {
	return a != nil && found != nil && found.comment == a.lock
}

// tableOption returns the option that marks a table as created by this attempt.
func (a *attempt) tableOption() string {
	if a == nil {
		return ""
	}

	return " COMMENT='" + a.lock + "'"
}

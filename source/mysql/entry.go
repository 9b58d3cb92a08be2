package mysql

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-sql-driver/mysql"

	"github.com/jobwright/jobwright/source"
)

// entry is an effect's row in the ledger. The one that is nil records nothing.
type entry struct {
	session *session
	effect  source.IdempotencyKey
	table   source.Table // The ledger, with its space.
	mark    string       // Tells the effect from all others that the server sees: the name of its lock.
}

// How many characters of the key's columns the index takes, all together 3072 bytes.
const (
	runLength  = 128
	stepLength = 640
)

func (s *session) entry(effect source.IdempotencyKey) (*entry, error) {
	table := s.resolve(s.source.ledger.table)
	if table.Space == "" {
		return nil, &source.Error{
			Code: source.CodeUnavailable, Source: s.source.name, Table: table.String(),
			Message: "the connection has no database in which the ledger could be",
			Hint:    "name a database in connStr, or set ledger to database.table, or to none",
		}
	}

	hash := sha256.Sum256([]byte(strings.Join([]string{table.Space, table.Name, effect.Run, effect.Step}, "\x00")))
	effect.Run, effect.Step = shortened(effect.Run, runLength), shortened(effect.Step, stepLength)

	return &entry{session: s, effect: effect, table: table, mark: "jobwright " + hex.EncodeToString(hash[:16])}, nil
}

// shortened returns a text that is no longer than most characters, and another one for each text.
func shortened(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}

	hash := sha256.Sum256([]byte(text))
	digits := hex.EncodeToString(hash[:])

	return string([]rune(text)[:most-len(digits)]) + digits
}

// definition is the statement that makes the ledger.
func (e *entry) definition() string {
	return "CREATE TABLE IF NOT EXISTS " + quoteTable(e.table) + " (`job` TEXT NOT NULL, `run` VARCHAR(" +
		strconv.Itoa(runLength) + ") NOT NULL, `step` VARCHAR(" + strconv.Itoa(stepLength) + ") NOT NULL, " +
		"`rows` BIGINT NOT NULL, `conversions` LONGTEXT NULL, `recorded_at` DATETIME(6) NOT NULL COMMENT '" + momentComment +
		"', PRIMARY KEY (`run`, `step`), KEY (`recorded_at`)) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE " +
		e.session.server.exactCollation()
}

// insertion is the statement that adds a row to the ledger, but for its values.
func (e *entry) insertion() string {
	return "INSERT INTO " + quoteTable(e.table) + " (`job`, `run`, `step`, `rows`, `conversions`, `recorded_at`) "
}

// open makes the ledger where it is missing, and returns what it has of the effect.
func (e *entry) open(ctx context.Context) (source.Written, bool, error) {
	written, found, err := e.find(ctx)
	if number(err) == errNoSuchTable {
		err = e.session.execute(ctx, e.definition())
	}

	if err == nil && !e.session.source.ledger.verified.Load() {
		err = e.verify(ctx)
	}

	return written, found, e.explain(err)
}

// verify finds out, once for a source, what would otherwise show when all work is done: whether rows may be added to the
// ledger, and are taken back with a transaction.
func (e *entry) verify(ctx context.Context) error {
	found, err := e.session.describe(ctx, e.table)
	if err != nil {
		return err
	}

	if found != nil && !found.transactional {
		return &source.Error{
			Code: source.CodeUnavailable, Source: e.session.source.name, Table: e.table.String(),
			Message: "the ledger can't take part in a transaction, as its engine has none", Hint: "ALTER TABLE … ENGINE=InnoDB",
		}
	}

	err = e.session.execute(ctx, e.insertion()+"SELECT '', '', '', 0, NULL, UTC_TIMESTAMP(6) FROM DUAL WHERE FALSE")
	if err == nil {
		e.session.source.ledger.verified.Store(true)
	}

	return err
}

// find returns what the ledger has of the effect.
func (e *entry) find(ctx context.Context) (written source.Written, found bool, err error) {
	var note sql.NullString

	err = e.session.conn.QueryRowContext(ctx, "SELECT `rows`, `conversions` FROM "+quoteTable(e.table)+
		" WHERE `run` = ? AND `step` = ?", e.effect.Run, e.effect.Step).Scan(&written.Rows, &note)
	if errors.Is(err, sql.ErrNoRows) {
		return source.Written{}, false, nil
	}

	if err == nil && note.Valid {
		err = written.Recall([]byte(note.String))
	}

	return written, err == nil, err
}

// first returns what the attempt has done that was first.
func (e *entry) first(ctx context.Context) (source.Written, error) {
	written, found, err := e.find(ctx)
	if err == nil && !found {
		err = &mysql.MySQLError{Number: errNoSuchTable}
	}

	return written, e.explain(err)
}

// record adds the row to the ledger, or returns errRecorded when it is there.
func (e *entry) record(ctx context.Context, written source.Written) error {
	if e == nil {
		return nil
	}

	text, err := e.effect.Note(written)
	if err != nil {
		return err
	}

	note := sql.NullString{String: string(text), Valid: text != nil}

	insert := func() error {
		_, err := e.session.change(ctx, e.insertion()+"VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(6))",
			e.effect.Job, e.effect.Run, e.effect.Step, written.Rows, note)

		return err
	}

	err = insert()
	if number(err) == errNotLocked { // A script has locked tables. To let go of them commits what it did.
		if err = e.session.execute(ctx, "UNLOCK TABLES"); err == nil {
			err = insert()
		}
	}

	if number(err) == errDuplicate {
		return errRecorded
	}

	return e.explain(err)
}

// close removes what is too old from the ledger, and lets go of the effect's lock before the connection serves somebody
// else. What goes wrong here changes nothing of what is done; the connection goes, and the lock with it.
func (e *entry) close(ctx context.Context) {
	err := e.clean(ctx)
	if err == nil {
		err = e.session.execute(ctx, "DO RELEASE_LOCK('"+e.mark+"')")
	}

	e.session.spoiled = err != nil
}

// explain says what an error means that the ledger causes, and not what is written.
func (e *entry) explain(err error) error {
	native, ok := errors.AsType[*mysql.MySQLError](err)
	if !ok {
		return err
	}

	for _, passing := range []map[uint16]bool{lockErrors, diskErrors, busyErrors, lostErrors, failErrors} {
		if passing[native.Number] {
			return err
		}
	}

	problem := &source.Error{
		Code: source.CodeUnavailable, Source: e.session.source.name, Table: e.table.String(), Err: err,
		Message: "the ledger, which lets a step happen once, can't be kept: " + native.Message,
		Hint: "grant SELECT, INSERT and DELETE on it to the source's user, and CREATE where it is missing; or make it: " +
			e.definition() + "; or set ledger to none, and then a step whose answer is lost may happen twice",
	}

	if native.Number == errNoSuchTable {
		problem.Retryable, problem.Message, problem.Hint = true, "somebody removed the ledger meanwhile", "it is made again"
	}

	return problem
}

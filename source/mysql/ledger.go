package mysql

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/ledger"
)

// ledgerTable is the ledger of a source. A table without a space is in the connection's database.
type ledgerTable struct {
	*ledger.Ledger

	mention  *regexp.Regexp // Matches the table's name in a statement.
	verified atomic.Bool    // Whether the table exists, is transactional, and the user may add records to it.
}

// newLedger returns the ledger that the option names.
func newLedger(option string) (*ledgerTable, error) {
	l, err := ledger.New(option)
	if err != nil {
		return nil, err
	}

	return &ledgerTable{
		Ledger: l, mention: regexp.MustCompile(`(?i)(^|[^\w$])` + regexp.QuoteMeta(l.Table().Name) + `($|[^\w$])`),
	}, nil
}

// isChangedBy reports whether a statement may change the ledger: it mentions the table and does more than read.
func (l *ledgerTable) isChangedBy(statement string) bool {
	return l.Enabled() && l.mention.MatchString(statement) &&
		!slices.Contains([]string{"SELECT", "SHOW", "DESCRIBE", "DESC", "EXPLAIN"}, firstWord(statement))
}

// RecordsWrites reports whether the source has a ledger.
func (s *Source) RecordsWrites() bool { return s.ledger.Enabled() }

// Recorded returns the record of an earlier attempt with that key. If an attempt ended after it replaced or created a table
// and before it added the record, there is no record yet; the next write adds it.
func (s *Source) Recorded(ctx context.Context, key source.IdempotencyKey) (written source.Written, found bool, err error) {
	if !s.ledger.Records(key) {
		return source.Written{}, false, nil
	}

	err = s.on(ctx, s.reading, source.Table{}, source.CodeUnavailable, func(session *session) error {
		a, err := session.newAttempt(key)
		if err != nil {
			return err
		}

		written, found, err = a.lookUp(ctx)
		if number(err) == errNoSuchTable { // The ledger has no records yet.
			return nil
		}

		return a.explain(err)
	})

	return written, found, err
}

// once runs change, unless the ledger has a record of it. change adds the record to the ledger with its argument, just before
// it commits. The argument is nil if the source has no ledger or the key is zero.
func (s *session) once(
	ctx context.Context, key source.IdempotencyKey, change func(a *attempt) (source.Written, error),
) (source.Written, error) {
	if !s.source.ledger.Records(key) {
		return change(nil)
	}

	a, err := s.newAttempt(key)
	if err != nil {
		return source.Written{}, err
	}

	if err := a.terminateEarlier(ctx); err != nil {
		return source.Written{}, err
	}

	written, found, err := a.openLedger(ctx)
	if err != nil {
		return source.Written{}, err
	}

	if !found {
		if written, err = change(a); errors.Is(err, ledger.ErrRecorded) {
			written, err = a.fasterRecord(ctx)
		}
	}

	if err != nil {
		return source.Written{}, err
	}

	a.finish(ctx)

	return written, nil
}

// cleanBatch is the number of old records that a transaction removes.
const cleanBatch = 100

// removeOldRecords removes a batch of old records in one transaction, and reports whether there may be more. It deletes each
// record by its key, to lock only that record: a DELETE by age would also lock the gap in which other sessions add records.
func (a *attempt) removeOldRecords(ctx context.Context) (more bool, err error) {
	err = a.session.transaction(ctx, func() error {
		keys, err := a.oldRecords(ctx)
		if err != nil {
			return err
		}

		more = len(keys) == cleanBatch

		return a.delete(ctx, keys)
	})

	return more, err
}

// delete deletes the records with the keys, each on its own.
func (a *attempt) delete(ctx context.Context, keys []source.IdempotencyKey) error {
	for _, key := range keys {
		if _, err := a.session.change(ctx, "DELETE FROM "+quoteTable(a.table)+" WHERE `run` = ? AND `step` = ?",
			key.Run, key.Step); err != nil {
			return err
		}
	}

	return nil
}

// oldRecords returns the keys of the oldest records. All sessions use the same order, to avoid deadlocks.
func (a *attempt) oldRecords(ctx context.Context) ([]source.IdempotencyKey, error) {
	return a.keys(ctx, "`recorded_at` < UTC_TIMESTAMP(6) - INTERVAL "+
		strconv.FormatInt(int64(ledger.Retention/time.Second), 10)+
		" SECOND ORDER BY `recorded_at`, `run`, `step` LIMIT "+strconv.Itoa(cleanBatch))
}

// keys returns the keys of the records that a condition selects.
func (a *attempt) keys(ctx context.Context, condition string, values ...any) (keys []source.IdempotencyKey, err error) {
	query := "SELECT `run`, `step` FROM " + quoteTable(a.table) + " WHERE " + condition
	err = a.session.each(ctx, query, values, func(rows *sql.Rows) error {
		var key source.IdempotencyKey

		err := rows.Scan(&key.Run, &key.Step)
		keys = append(keys, key)

		return err
	})

	return keys, err
}

// DeleteRecords deletes the records of the runs.
func (s *Source) DeleteRecords(ctx context.Context, runs []string) (deleted int64, err error) {
	if !s.ledger.Enabled() {
		return 0, nil
	}

	err = s.on(ctx, s.writing, source.Table{}, source.CodeUnavailable, func(session *session) (err error) {
		deleted, err = session.deleteRecords(ctx, runs)

		return err
	})

	return deleted, err
}

// deleteRecords deletes the records of the runs, those of each run in a transaction of its own.
func (s *session) deleteRecords(ctx context.Context, runs []string) (deleted int64, err error) {
	a, err := s.newAttempt(source.IdempotencyKey{})
	if err != nil {
		return 0, err
	}

	for _, run := range runs {
		keys, err := a.keys(ctx, "`run` = ? ORDER BY `step`", shortened(run, runLength))
		if number(err) == errNoSuchTable { // There is no ledger yet.
			return 0, nil
		}

		if err == nil && len(keys) > 0 {
			err = s.transaction(ctx, func() error { return a.delete(ctx, keys) })
		}

		if err != nil {
			return 0, a.explain(err)
		}

		deleted += int64(len(keys))
	}

	return deleted, nil
}

// definition returns the statement that creates the ledger's table.
func (a *attempt) definition() string {
	return "CREATE TABLE IF NOT EXISTS " + quoteTable(a.table) + " (`job` TEXT NOT NULL, `run` VARCHAR(" +
		strconv.Itoa(runLength) + ") NOT NULL, `step` VARCHAR(" + strconv.Itoa(stepLength) + ") NOT NULL, " +
		"`rows` BIGINT NOT NULL, `details` LONGTEXT NULL, `recorded_at` DATETIME(6) NOT NULL COMMENT '" + momentComment +
		"', PRIMARY KEY (`run`, `step`), KEY (`recorded_at`)) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE " +
		a.session.server.exactCollation()
}

// insertion returns the statement that adds a record, without the values.
func (a *attempt) insertion() string {
	return "INSERT INTO " + quoteTable(a.table) + " (`job`, `run`, `step`, `rows`, `details`, `recorded_at`) "
}

// openLedger looks up the record, and creates the ledger's table if it is missing.
func (a *attempt) openLedger(ctx context.Context) (source.Written, bool, error) {
	written, found, err := a.lookUp(ctx)
	if number(err) == errNoSuchTable {
		err = a.session.execute(ctx, a.definition())
	}

	if err == nil && !a.session.source.ledger.verified.Load() {
		err = a.verify(ctx)
	}

	return written, found, a.explain(err)
}

// verify checks once for each source that the ledger's table is transactional and that the user may add records. Otherwise
// the error would occur at the end of the write.
func (a *attempt) verify(ctx context.Context) error {
	found, err := a.session.describe(ctx, a.table)
	if err != nil {
		return err
	}

	if found != nil && !found.transactional {
		return &source.Error{
			Code: source.CodeUnavailable, Source: a.session.source.name, Table: a.table.String(),
			Message: "the engine of the ledger's table has no transactions", Hint: "ALTER TABLE … ENGINE=InnoDB",
		}
	}

	err = a.session.execute(ctx, a.insertion()+"SELECT '', '', '', 0, NULL, UTC_TIMESTAMP(6) FROM DUAL WHERE FALSE")
	if err == nil {
		a.session.source.ledger.verified.Store(true)
	}

	return err
}

// guardLedger returns an error if the table is the ledger's.
func (s *session) guardLedger(table source.Table) error {
	return s.source.ledger.Guard(s.resolve(table))
}

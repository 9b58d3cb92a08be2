package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/jobwright/jobwright/source"
	"github.com/jobwright/jobwright/source/ledger"
)

// ledgerTable is the ledger of a source and its table, once it is known to exist.
type ledgerTable struct {
	*ledger.Ledger

	mu   sync.Mutex
	name string // The table's qualified and quoted name; empty until the table was found or created.
}

// newLedger returns the ledger that the option names.
func newLedger(option string) (*ledgerTable, error) {
	l, err := ledger.New(option)
	if err != nil {
		return nil, err
	}

	for _, name := range []string{l.Table().Space, l.Table().Name} {
		if len(name) > maxNameBytes {
			return nil, fmt.Errorf("ledger is %q, but a name has at most %d bytes", option, maxNameBytes)
		}
	}

	return &ledgerTable{Ledger: l}, nil
}

func (l *ledgerTable) quoted() string {
	l.mu.Lock()
	defer l.mu.Unlock()

	return l.name
}

func (l *ledgerTable) setQuoted(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()

	l.name = name
}

// openLedger returns the quoted name of the ledger's table, which it creates if it is missing. It uses a transaction of its own:
// creating the table in the transaction of a write would block all other writes until that write ends.
func (s *Source) openLedger(ctx context.Context) (string, error) {
	if known := s.ledger.quoted(); known != "" {
		return known, nil
	}

	var found string

	err := s.transaction(ctx, s.writing, beginWriting, func(session *session) error {
		var err error
		if found, err = session.findLedger(ctx, s.ledger.Table()); err == nil && found == "" {
			found, err = session.createLedger(ctx, s.ledger.Table())
		}

		if err == nil {
			// EXPLAIN verifies the permission to insert before the write begins.
			_, err = session.query(ctx, "EXPLAIN "+insertRecord(found), "", "", "", "0", "{}")
		}

		return onLedger(err)
	})
	if err != nil {
		return "", repeatable(err)
	}

	s.ledger.setQuoted(found)

	return found, nil
}

// findLedger returns the quoted name of the ledger's table, or "" if it does not exist.
func (s *session) findLedger(ctx context.Context, named source.Table) (string, error) {
	rows, err := s.query(ctx, `
		SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.oid = pg_catalog.to_regclass($1::text)`, qualified(named))
	if err != nil || len(rows) == 0 {
		return "", err
	}

	return qualified(source.Table{Space: rows[0][0], Name: rows[0][1]}), nil
}

// createLedger creates the ledger's table. Concurrent callers wait for the end of this transaction and then find the table.
func (s *session) createLedger(ctx context.Context, named source.Table) (string, error) {
	if named.Space == "" {
		space, err := s.defaultSpace(ctx)
		if problem, isKnown := errors.AsType[*source.Error](err); isKnown {
			problem.Hint = "set ledger: schema." + named.Name + " with the name of a schema, or ledger: " + ledger.None
		}

		if err != nil {
			return "", err
		}

		named.Space = space
	}

	if err := s.lockName(ctx, named); err != nil {
		return "", err
	}

	if found, err := s.findLedger(ctx, named); err != nil || found != "" {
		return found, err
	}

	return qualified(named), s.run(ctx, fmt.Sprintf("%s; COMMENT ON TABLE %s IS '%s'", ledgerDefinition(qualified(named)),
		qualified(named), "The steps of Jobwright that have changed this database, so that none takes effect twice. "+
			"Old records are removed."))
}

// ledgerDefinition returns the statement that creates the ledger's table.
func ledgerDefinition(table string) string {
	return "CREATE TABLE " + table + " (job text NOT NULL, run text NOT NULL, step text NOT NULL, rows bigint NOT NULL, " +
		"details json, recorded_at timestamptz NOT NULL, PRIMARY KEY (run, step))"
}

// insertRecord returns the statement that adds a record, unless there is one with the same key. It waits for the end of
// another transaction that has added one.
func insertRecord(table string) string {
	return "INSERT INTO " + table + " (job, run, step, rows, details, recorded_at) " +
		"VALUES ($1, $2, $3, $4, $5, pg_catalog.clock_timestamp()) ON CONFLICT (run, step) DO NOTHING"
}

// cleanBatch is the number of old records that one transaction removes at most.
const cleanBatch = 10_000

// removeOldRecords removes a batch of old records, and reports whether there may be more. Only one worker at a time removes
// records, since two would wait for each other's row locks. Writes only add records and wait for nothing here.
func (s *Source) removeOldRecords(ctx context.Context) (more bool, err error) {
	table := s.ledger.quoted()
	if table == "" {
		return false, nil
	}

	statement := fmt.Sprintf(`
		DELETE FROM %s WHERE ctid = ANY (ARRAY(
			SELECT ctid FROM %[1]s WHERE recorded_at < now() - interval '%d seconds' LIMIT %d
		)) AND recorded_at < now() - interval '%[2]d seconds'`, table, int64(ledger.Retention.Seconds()), cleanBatch)

	err = s.transaction(ctx, s.writing, beginWriting, func(session *session) error {
		rows, err := session.query(ctx, "SELECT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended($1, 0))",
			"jobwright cleans "+table)
		if err != nil || rows[0][0] != "t" {
			return err
		}

		removed, err := session.change(ctx, strings.TrimSpace(statement))
		more = removed == cleanBatch

		return err
	})

	return more, s.classify(ctx, failure{err: onLedger(repeatable(err))})
}

// DeleteRecords deletes the records of the runs.
func (s *Source) DeleteRecords(ctx context.Context, runs []string) (deleted int64, err error) {
	if !s.ledger.Enabled() || len(runs) == 0 {
		return 0, nil
	}

	list, err := json.Marshal(runs)
	if err != nil {
		return 0, err
	}

	err = s.transaction(ctx, s.writing, beginWriting, func(session *session) error {
		table, err := session.findLedger(ctx, s.ledger.Table())
		if err != nil || table == "" {
			return err
		}

		rows, err := session.query(ctx, "WITH deleted AS (DELETE FROM "+table+
			" WHERE run IN (SELECT pg_catalog.json_array_elements_text($1::json)) RETURNING 1) SELECT count(*) FROM deleted",
			string(list))
		if err != nil {
			return err
		}

		deleted, err = strconv.ParseInt(rows[0][0], 10, 64)

		return err
	})

	return deleted, s.classify(ctx, failure{err: onLedger(repeatable(err))})
}

// ledgerError is an error of a statement on the ledger, rather than on the table that is written.
type ledgerError struct{ err error }

func (e *ledgerError) Error() string { return e.err.Error() }

func (e *ledgerError) Unwrap() error { return e.err }

// onLedger marks an error of a statement on the ledger.
func onLedger(err error) error {
	if err == nil {
		return nil
	}

	return &ledgerError{err}
}

// explainLedger returns the error for a ledger that can't be used, or nil if err is not specific to the ledger.
func (s *Source) explainLedger(err error) error {
	about, isLedger := errors.AsType[*ledgerError](err)
	if !isLedger {
		return nil
	}

	problem := &source.Error{Source: s.name, Table: s.ledger.Table().String(), Err: about.err}

	native, isNative := errors.AsType[*pgconn.PgError](about.err)

	switch {
	case !isNative || states[native.Code].retryable:
		return nil
	case native.Code == "42P01":
		s.ledger.setQuoted("")

		problem.Code, problem.Retryable = source.CodeUnavailable, true
		problem.Message, problem.Hint = "the ledger was removed", "the next attempt creates it again"

		return problem
	}

	switch native.Code[:min(2, len(native.Code))] {
	case "0A", "22", "23", "3F", "42", "55": // The user lacks a permission, or the table has other columns.
		s.ledger.setQuoted("")

		problem.Code, problem.Message = source.CodeDefinitionInvalid, "the ledger can't be used: "+native.Message
		problem.Hint = "grant the source's user CREATE on the schema, or create the table with " +
			ledgerDefinition(qualified(s.ledger.Table())) +
			" and grant the user SELECT, INSERT and DELETE on it; or set ledger: " +
			ledger.None + " in app.yaml, and an append, an insert or a script may take effect twice if an answer is lost"

		return problem
	}

	return nil
}

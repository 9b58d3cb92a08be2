package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

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
		if len(name) > longestName {
			return nil, fmt.Errorf("ledger is %q, and a name has at most %d bytes", option, longestName)
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
			// EXPLAIN checks the permission to insert, without inserting, before a job has done its work.
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
			problem.Hint = "name the ledger with its schema, ledger: schema." + named.Name + ", or set ledger: " + ledger.None
		}

		if err != nil {
			return "", err
		}

		named.Space = space
	}

	if err := s.reserve(ctx, named); err != nil {
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
	if err != nil {
		return false, s.classify(ctx, failure{err: onLedger(repeatable(err))})
	}

	return more, nil
}

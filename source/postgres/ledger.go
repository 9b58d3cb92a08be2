package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/jobwright/jobwright/source"
)

// noLedger is the value of the option ledger with which a source keeps none.
const noLedger = "none"

// ledger is the table of the effects that were committed.
type ledger struct {
	named source.Table // As the definition names it. Without a name, none is kept.

	mu    sync.Mutex
	found string // As SQL calls it from any session, once it was found or made.
}

// parseLedger reads the option ledger: a table's name, with its schema or without, or that there is none.
func parseLedger(option string) (source.Table, error) {
	switch option {
	case "":
		return source.Table{Name: source.LedgerTable}, nil
	case noLedger:
		return source.Table{}, nil
	}

	space, name, hasSpace := strings.Cut(option, ".")
	if !hasSpace {
		space, name = "", option
	}

	if name == "" || (hasSpace && space == "") || strings.ContainsAny(name, ".\x00") || strings.ContainsRune(space, 0) ||
		len(space) > longestName || len(name) > longestName {
		return source.Table{}, fmt.Errorf("ledger is %q", option)
	}

	return source.Table{Space: space, Name: name}, nil
}

// keeps reports whether an effect is recorded.
func (l *ledger) keeps(effect source.IdempotencyKey) bool {
	return l.named.Name != "" && effect != (source.IdempotencyKey{})
}

// guard refuses to change the ledger itself. A table of its name in any schema counts, where the definition names no schema.
func (l *ledger) guard(table source.Table) error {
	if l.named.Name == "" || l.named.Name != table.Name {
		return nil
	}

	if l.named.Space != table.Space && l.named.Space != "" && table.Space != "" {
		return nil
	}

	return &source.Error{
		Code: source.CodeOperationUnsupported, Message: "it is the ledger, in which this source records what jobs have done",
		Hint: "name another table, or give the ledger another name by ledger in app.yaml",
	}
}

func (l *ledger) known() string {
	l.mu.Lock()
	defer l.mu.Unlock()

	return l.found
}

func (l *ledger) remember(found string) {
	l.mu.Lock()
	defer l.mu.Unlock()

	l.found = found
}

// openLedger returns the ledger as SQL calls it, and makes it where it is missing. That is a transaction of its own: within
// a write's, it would hold up all others until that one's end.
func (s *Source) openLedger(ctx context.Context) (string, error) {
	if known := s.ledger.known(); known != "" {
		return known, nil
	}

	var found string

	err := s.transaction(ctx, s.writing, beginWriting, func(session *session) error {
		var err error
		if found, err = session.findLedger(ctx, s.ledger.named); err == nil && found == "" {
			found, err = session.makeLedger(ctx, s.ledger.named)
		}

		if err == nil {
			// Nothing is inserted. But what would stand in the way of it is known before a job has done its work.
			_, err = session.query(ctx, "EXPLAIN "+insertInto(found), "", "", "", "0", "[]")
		}

		return onLedger(err)
	})
	if err != nil {
		return "", repeatable(err)
	}

	s.ledger.remember(found)

	return found, nil
}

// findLedger returns the ledger as SQL calls it, or "" where there is none.
func (s *session) findLedger(ctx context.Context, named source.Table) (string, error) {
	rows, err := s.query(ctx, `
		SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.oid = pg_catalog.to_regclass($1::text)`, qualified(named))
	if err != nil || len(rows) == 0 {
		return "", err
	}

	return qualified(source.Table{Space: rows[0][0], Name: rows[0][1]}), nil
}

// makeLedger makes the ledger. Others who do the same wait until this transaction has ended, and then find it.
func (s *session) makeLedger(ctx context.Context, named source.Table) (string, error) {
	if named.Space == "" {
		space, err := s.defaultSpace(ctx)
		if problem, isKnown := errors.AsType[*source.Error](err); isKnown {
			problem.Hint = "name the ledger with its schema, ledger: schema." + named.Name + ", or set ledger: " + noLedger
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

	return qualified(named), s.run(ctx, fmt.Sprintf("%s; COMMENT ON TABLE %s IS '%s'", createLedger(qualified(named)),
		qualified(named), "What jobs of Jobwright have done here, so that no step does it twice. Old rows are removed."))
}

// createLedger is the statement that makes the ledger.
func createLedger(table string) string {
	return "CREATE TABLE " + table + " (job text NOT NULL, run text NOT NULL, step text NOT NULL, rows bigint NOT NULL, " +
		"conversions json, recorded_at timestamptz NOT NULL, PRIMARY KEY (run, step))"
}

// insertInto is the statement that records an effect, unless another transaction has recorded it. It waits for the end of
// one that is about to.
func insertInto(ledger string) string {
	return "INSERT INTO " + ledger + " (job, run, step, rows, conversions, recorded_at) " +
		"VALUES ($1, $2, $3, $4, $5, pg_catalog.clock_timestamp()) ON CONFLICT (run, step) DO NOTHING"
}
